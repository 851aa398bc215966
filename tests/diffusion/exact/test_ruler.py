"""Laws of the schedule ruler."""

import math

import pytest
import torch
from conftest import ROOT
from hydra.utils import instantiate
from parts import composed
from randomsprites import sprites

from datamodules.array import ArrayData
from diffusion.exact.posterior import Band, Posterior, band
from diffusion.exact.ruler import Ruler
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.schedules.base import NoiseSchedule
from diffusion.schedules.linear import Linear
from diffusion.schedules.wrappers import Shifted, ZeroTerminal

NOISE_LEVELS = ROOT / "docs/noise-levels.md"
COURSE = Linear(500, 1e-4, 0.02)


class Straight(NoiseSchedule):
    """log-SNR falls from 6 to -10 in steps of 1/2, where the ruler has its marks."""

    def __init__(self):
        super().__init__(steps=32)

    def alpha_bar(self, t):
        return torch.sigmoid(6 - 16 * t)


@pytest.fixture(scope="module")
def posterior():
    return Posterior(sprites(80))


@pytest.fixture(scope="module")
def ruler(posterior):
    return Ruler(posterior)


def test_shares_are_those_of_walking_through_the_steps(posterior, ruler):
    rows = torch.linspace(0, 79, 64).long()
    x0, eps = posterior.clean[rows], ImageNoise(0, rows.tolist(), (4, 8, 8))(0)
    found = []
    for k in range(1, 33):
        alpha, sigma = (float(x) for x in Straight()(torch.tensor(k / 32).double()))
        counts = posterior.candidates(alpha * x0 + sigma * eps, alpha, sigma)
        found += [band(count, 80) for count in counts.tolist()]
    shares = ruler.read(Straight()).shares
    for each in Band:
        assert shares[each] == pytest.approx(found.count(each) / len(found), abs=2e-3)
    assert min(shares.values()) > 0
    assert sum(shares.values()) == pytest.approx(1)


def test_between_the_marks_it_is_linear_and_beyond_them_constant(ruler):
    at = ruler.entropy_at(torch.tensor([-3.0, -2.875, -2.5, 100.0, -math.inf]).double())
    torch.testing.assert_close(at[1], 0.75 * at[0] + 0.25 * at[2])
    assert torch.equal(at[3], ruler.entropy[-1])
    assert torch.equal(at[4], ruler.entropy[0])


def test_at_the_half_point_half_of_the_identity_is_lost(ruler):
    entropy = ruler.entropy_at(torch.tensor([ruler.half])).mean()
    assert float(entropy) == pytest.approx(math.log(80) / 2)


def test_the_shift_of_enlarged_sprites_is_that_of_simple_diffusion():
    """Blown up k times, every distance grows by k, which equals a log-SNR of 2 ln k."""
    small = sprites(64)
    large = small.repeat_interleave(3, 2).repeat_interleave(3, 3)
    moved = Ruler(Posterior(large)).shift - Ruler(Posterior(small)).shift
    assert moved == pytest.approx(-2 * math.log(3), abs=0.15)


def test_the_needed_shift_is_enough_and_hardly_more(ruler):
    early = Shifted(Linear(), 8.0)
    reading = ruler.read(early)
    assert reading.identifiable
    assert reading.candidates < 40
    assert not ruler.read(Shifted(early, reading.needed)).identifiable
    assert ruler.read(Shifted(early, reading.needed + 0.1)).identifiable


def test_the_warning_names_numbers_and_remedies(ruler):
    reading = ruler.read(Shifted(Linear(), 8.0))
    assert reading.warning.startswith(
        f"At its noisiest this schedule leaves {reading.candidates:.0f} of 80 sprites"
    )
    for remedy in (f"shift={reading.needed:.1f}", "zero_terminal", "velocity", "schedule.steps"):
        assert remedy in reading.warning
    assert ruler.read(Linear()).warning is None


def test_zero_terminal_ends_in_the_standard_normal(ruler):
    reading = ruler.read(ZeroTerminal(Linear()))
    assert reading.log_snr == -math.inf
    assert (reading.mean, reading.variance, reading.divergence) == (0, (1, 1), 0)
    assert reading.candidates == pytest.approx(80, abs=0.1)


def test_the_divergence_is_that_of_independent_gaussians(posterior, ruler):
    alpha, sigma = COURSE(torch.ones(1).double())
    clean = posterior.clean.flatten(1).double()
    mean, variance = alpha * clean.mean(0), alpha**2 * clean.var(0, correction=0) + sigma**2
    ours = torch.distributions.Normal(mean, variance.sqrt())
    standard = torch.distributions.Normal(torch.zeros(256).double(), torch.ones(256).double())
    reading = ruler.read(COURSE)
    expected = torch.distributions.kl_divergence(ours, standard).sum()
    assert reading.divergence == pytest.approx(float(expected), rel=1e-3)
    assert reading.mean == pytest.approx(float(mean.abs().max()), rel=1e-5)
    assert reading.variance == pytest.approx(
        (float(variance.min()), float(variance.max())), rel=1e-5
    )


def test_a_single_sprite_is_always_itself():
    reading = Ruler(Posterior(sprites(1))).read(Linear())
    assert reading.shares[Band.THAT_IS] == 1
    assert not reading.identifiable


def real_ruler(path, log_snr=None):
    data = ArrayData(str(path))
    data.setup()
    return Ruler(Posterior(PixelCodec().encode(data.images(data.split["train"]))), log_snr=log_snr)


def table(first):
    """schedule -> shares in percent, of the rows of docs/noise-levels.md about some sprites."""
    rows = (NOISE_LEVELS.read_text().split(f"| {first} |")[1]).splitlines()
    cells = [[cell.strip(" *") for cell in row.split("|")] for row in rows]
    end = next(k for k, row in enumerate(cells) if k and (len(row) < 5 or row[1]))
    rows = [row[-8:-2] for row in cells[:end]]
    return {name: [float(share.rstrip("%")) for share in shares] for name, *shares in rows}


def test_real_sprites_of_16_pixels_are_as_the_docs_say(real):
    ruler = real_ruler(real("dawnlike_16.npz"))
    written = table("1,685 of 16 px")
    assert written.keys() == {"linear", "sigmoid", "cosine"}
    for name, shares in written.items():
        reading = ruler.read(instantiate(composed(f"schedule={name}").schedule))
        found = [*reading.shares.values()]
        found += [reading.shares[Band.PROBABLY] + reading.shares[Band.ONE_OF]]
        assert [round(100 * share) for share in found] == shares
        assert not reading.identifiable
    assert ruler.shift == pytest.approx(0, abs=0.3)


def test_real_sprites_of_32_pixels_outlast_500_steps_as_the_docs_say(real):
    """Measured at the marks that decide about the end of the schedule."""
    ruler = real_ruler(real("dcss_32.npz"), torch.arange(-7.5, -4, 0.5, dtype=torch.float64))
    reading = ruler.read(instantiate(composed("schedule=linear", "schedule.steps=500").schedule))
    text = NOISE_LEVELS.read_text()
    assert reading.warning in " ".join(text.split())
    assert f"{reading.candidates:.0f} of the {reading.n:,} training sprites" in text
    assert reading.divergence > 1
    assert not ruler.read(Linear()).identifiable
