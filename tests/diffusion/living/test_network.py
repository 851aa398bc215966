"""The network of a page is the network: the same numbers as torch, over what pages hold."""

import math

import numpy as np
import pytest
import torch
from innode import LIVING, in_node

from diffusion.errors import UserError
from diffusion.living.serving import PREDICTIONS, served, ways_into_noise
from diffusion.noise import ImageNoise
from diffusion.pixels import PixelCodec
from diffusion.runs.building import build_denoiser
from diffusion.runs.loading import Loaded
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.base import Origin
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.heun import Heun
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.cosine import Cosine
from diffusion.schedules.linear import Linear
from diffusion.steering.asked import Asked
from diffusion.steering.colours import AllowedColours
from diffusion.steering.guidance import guided
from diffusion.steering.kept import Kept

TIMES = (0.02, 0.3, 0.5, 0.8, 1.0)
TINY, QUICK = {"widths": (32, 64, 64)}, {"widths": (96, 128), "patch": 2}
NETWORKS = {
    "tiny palette": TINY | {"size": (16, 16)},
    "tiny palette of labels": TINY | {"size": (24, 24), "classes": 3},
    "tiny palette of attributes": TINY | {"size": (16, 16), "classes": [3, 5, 2]},
    "tiny palette of labels laid out": TINY | {"size": (24, 16), "classes": 3, "layout": 4},
    "tiny palette of attributes laid out": TINY
    | {"size": (16, 32), "classes": [3, 5, 2], "layout": 4, "looks": True, "points": True},
    "quick palette of labels that have looks": QUICK
    | {"size": (17, 24), "classes": 3, "looks": True},
    "quick palette of labels that points": QUICK
    | {"size": (17, 24), "classes": 3, "looks": True, "points": True},
    "quick epsilon of one attribute": QUICK
    | {"prediction": "Epsilon", "size": (9, 12), "classes": [4]},
    "tiny epsilon of 32": TINY | {"prediction": "Epsilon", "size": (32, 32)},
    "tiny student": TINY | {"prediction": "SharpPalette", "size": (16, 16)},
    "quick palette of 24": QUICK | {"size": (24, 24)},
    "quick epsilon of odd sides": QUICK | {"prediction": "Epsilon", "size": (17, 23)},
    "velocity of grey labels": TINY
    | {"prediction": "Velocity", "channels": 1, "classes": 2, "size": (9, 20)},
    "palette of three channels, two blocks": {"widths": (32, 64), "blocks": 2, "channels": 3}
    | {"size": (11, 20)},
    "clean": {"widths": (32,), "prediction": "Clean", "size": (12, 9)},
}


def loaded(
    prediction="Palette",
    size=(16, 16),
    channels=4,
    classes=0,
    widths=(32,),
    blocks=1,
    patch=1,
    layout=0,
    looks=False,
    points=False,
):
    """A run of a network that nobody trained, with lively weights."""
    model = {"_target_": "diffusion.models.unet.UNet", "channels": channels, "classes": classes}
    model |= {"widths": list(widths), "blocks": blocks, "dropout": 0.0, "patch": patch}
    model |= {"layout": layout, "looks": list(size) if looks else [], "points": points}
    parts = {"_target_": f"diffusion.predictions.{prediction}"}
    if "Palette" in prediction:
        colours = np.random.default_rng(0).integers(0, 256, (21, channels)).tolist()
        parts = {"_target_": f"diffusion.palette.{prediction}", "colours": sorted(colours)}
        model["outputs"] = 21
    recipe = {
        "model": model,
        "schedule": {"_target_": "diffusion.schedules.cosine.Cosine", "steps": 1000},
        "prediction": parts,
        "weighting": {"_target_": "diffusion.weightings.Uniform"},
    }
    denoiser = build_denoiser(recipe).eval().requires_grad_(False)
    drawn = torch.Generator().manual_seed(0)
    for weight in denoiser.parameters():
        scale = math.sqrt(weight[0].numel()) if weight.ndim > 1 else 10
        weight.copy_(torch.randn(weight.shape, generator=drawn) / scale)
    if looks:
        denoiser.model.looks.pictures.normal_(generator=drawn)
    if points:
        denoiser.model.looks.usual.random_(0, 21, generator=drawn)
        denoiser.model.looks.share.uniform_(generator=drawn)
    labels = 0 if isinstance(classes, list) else classes
    names = [f"class {k}" for k in range(labels)]
    sprites = {"shape": [channels, *size], "hard_alpha": True, "label_names": names}
    sprites["label_frequencies"] = [1 / labels] * labels if labels else []
    if denoiser.attributes:
        values = torch.randint(0, 2**31, (60, len(classes)), generator=drawn) % torch.tensor(
            classes
        )
        sprites |= AttributeDraws.of(values, classes).plain()
        sprites["attributes"] = {
            f"column{k}": [f"value {value}" for value in range(count)]
            for k, count in enumerate(classes)
        }
    return Loaded(denoiser, {"recipe": recipe, "sprites": sprites}, "0")


def some_told(run):
    """What three sprites are told: something, nothing, and something else."""
    if run.denoiser.attributes:
        n = len(run.denoiser.attributes)
        return [
            [0] * n,
            [-1] * n,
            [count - 1 if k else -1 for k, count in enumerate(run.denoiser.attributes)],
        ]
    return [0, -1, 1] if run.denoiser.classes else None


def last(tensor):
    return tensor.permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize(
    ("seed", "draw", "shape"),
    [(0, 0, (4, 16, 16)), (7, 3, (4, 17, 23)), (2**40 + 1, 100, (1, 5, 5)), (5, 1, (3, 9, 11))],
)
def test_noise_is_that_of_python(seed, draw, shape):
    indices = [0, 5, 70_000, 2**32 - 1]
    ours = last(ImageNoise(seed, indices, shape)(draw))
    body = 'write("found", imageNoise(given.seed, given.indices, given.draw, given.shape))'
    given = {"seed": seed, "indices": indices, "draw": draw, "shape": shape}
    np.testing.assert_allclose(in_node(body, given).reshape(ours.shape), ours, atol=1e-6)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_clean_estimate_is_that_of_torch(name):
    run = loaded(**NETWORKS[name])
    channels, height, width = run.card["sprites"]["shape"]
    x = torch.randn(3, channels, height, width, generator=torch.Generator().manual_seed(1))
    labels = some_told(run)
    told = None if labels is None else torch.tensor(labels)
    expected, rounding, levels = [], [], []
    for t in TIMES:
        level, times = run.denoiser.schedule(torch.tensor([t])), torch.full((3,), t)
        levels.append({"t": t, "alpha": float(level[0]), "sigma": float(level[1])})
        output = run.denoiser.output(x, times, told)
        expected.append(last(run.denoiser.estimate(output, x, times)))
        # with scores of thousands, as at t = 0.02, float32 is no nearer to the truth than this
        exact = [value.double().view(1, 1, 1, 1) for value in level]
        precise = run.denoiser.prediction.to_clean(output.double(), x.double(), *exact)
        rounding.append(abs(last(precise) - expected[-1]).max())
    body = """
    const n = await network(), x = floats("x"), words = {labels: given.labels};
    const found = new Float32Array(x.length * given.levels.length);
    given.levels.forEach((level, k) => found.set(n.clean(x, level, words), k * x.length));
    write("found", found);"""
    given = {"levels": levels, "labels": labels}
    found = in_node(body, given, arrays={"x": last(x)}, served=served(run, DDPM()))
    found = found.reshape(len(TIMES), *expected[0].shape)
    for ours, theirs, limit in zip(found, expected, rounding, strict=True):
        largest = max(1, abs(theirs).max())  # epsilon's estimate is large near t = 1
        assert abs(ours - theirs).max() / largest < 1e-5 + 4 * limit


@pytest.mark.parametrize("anyway", [True, False])
def test_guidance_of_what_is_asked_for_is_that_of_python(anyway):
    run, t = loaded(classes=[3, 5, 2]), torch.full((3,), 0.6)
    x = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    told = [[2, 4, 1], [2, -1, 1], [2, 0, 1]] if anyway else [[2, -1, 1]] * 3
    asked = Asked(run.denoiser, {0: (2, 2.5), 2: (1, 2.5)})
    expected = last(asked(x, t, torch.tensor(told) if anyway else None))
    alpha, sigma = run.denoiser.schedule(t[:1])
    given = {"level": {"t": 0.6, "alpha": float(alpha), "sigma": float(sigma)}}
    given["words"] = {"labels": told, "asked": [2, -1, 1], "guidance": 2.5}
    body = """write("found", (await network()).clean(floats("x"), given.level, given.words))"""
    found = in_node(body, given, arrays={"x": last(x)}, served=served(run, DDPM()))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


def test_guidance_is_that_of_python():
    run = loaded(classes=3, size=(16, 16))
    x, labels = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(1)), [0, 2, 1]
    t = torch.full((3,), 0.6)
    expected = last(guided(run.denoiser, 2.5)(x, t, torch.tensor(labels)))
    alpha, sigma = run.denoiser.schedule(t[:1])
    given = {"level": {"t": 0.6, "alpha": float(alpha), "sigma": float(sigma)}, "labels": labels}
    body = """write("found", (await network()).clean(floats("x"), given.level,
                                                     {labels: given.labels, guidance: 2.5}))"""
    found = in_node(body, given, arrays={"x": last(x)}, served=served(run, DDPM()))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


def test_allowed_colours_are_those_of_python():
    run = loaded(size=(16, 16))
    allowed = torch.arange(21) % 3 > 0
    x = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    expected = last(AllowedColours(run.denoiser, allowed)(x, torch.full((3,), 0.6)))
    alpha, sigma = run.denoiser.schedule(torch.tensor([0.6]))
    given = {"level": {"t": 0.6, "alpha": float(alpha), "sigma": float(sigma)}}
    body = """write("found", (await network()).clean(floats("x"), given.level,
                                                     {allowed: given.allowed}))"""
    given["allowed"] = allowed.tolist()
    found = in_node(body, given, arrays={"x": last(x)}, served=served(run, DDPM()))
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


MAKE = """
const n = await network(), {channels, height, width} = given.model;
const size = channels * height * width, row = ([t, alpha, sigma]) => ({t, alpha, sigma});
const levels = given.model.levels[given.stop - 1].map(row);
const found = new Uint8Array(given.indices.length * size);
for (let first = 0; first < given.indices.length; first += 8) {
  const indices = given.indices.slice(first, first + 8);
  const words = {seed: 3, indices, labels: given.labels && given.labels.slice(first, first + 8),
                 start: given.from ? floats("start") : null,
                 known: given.keeps ? floats("start") : null,
                 kept: given.keeps ? floats("kept") : null};
  let last = null;
  for (const step of trajectory(n, levels, words)) last = step;
  found.set(toBytes(last.x, given.model), first * size);
}
write("found", found);"""


def equal_share(run, sampler, n, stop=100, labels=None, start=None, kept=None):
    """Share of n sprites of a page that are those of Python to the byte."""
    denoiser = run.denoiser if kept is None else Kept(run.denoiser, start, kept)
    origin = Origin(start, stop / 100) if start is not None and kept is None else None
    shape = run.card["sprites"]["shape"]
    sprites = SpriteSet(denoiser, sampler, PixelCodec(True), shape, (), 3, labels or (), origin)
    expected = last(torch.cat(list(sprites.batches(range(n)))))
    given = {"indices": list(range(n)), "stop": stop, "labels": labels}
    given |= {"from": origin is not None, "keeps": kept is not None}
    arrays = {}
    if start is not None:
        arrays["start"] = start.permute(1, 2, 0).numpy()
    if kept is not None:
        arrays["kept"] = kept.permute(1, 2, 0).numpy()
    found = in_node(MAKE, given, np.uint8, arrays, served(run, sampler)).reshape(expected.shape)
    different = (found != expected).reshape(n, -1)
    assert different.sum(1).max() <= 8  # two pixels
    return float((~different.any(1)).mean())


def test_sprites_are_those_of_python():
    run = loaded(**NETWORKS["tiny palette"])
    assert equal_share(run, DPMSolver(steps=6), 24) >= 0.95
    assert equal_share(run, DPMSolver(steps=6, temperature=0.3), 24) >= 0.95


@pytest.mark.parametrize("sampler", [DDPM(steps=8, variance="beta"), DDIM(steps=7, eta=0.5)])
def test_so_they_are_with_other_samplers_and_labels(sampler):
    run = loaded(classes=3, size=(16, 16))
    assert equal_share(run, sampler, 16, labels=[k % 3 for k in range(16)]) >= 0.9


def test_so_are_variants_and_sprites_of_which_something_stays():
    run = loaded(size=(16, 16))
    start = torch.rand(4, 16, 16, generator=torch.Generator().manual_seed(2)) * 2 - 1
    assert equal_share(run, DPMSolver(), 16, stop=37, start=start) >= 0.9
    kept = torch.zeros(4, 16, 16, dtype=torch.bool)
    kept[:, :8] = True
    assert equal_share(run, DPMSolver(), 16, start=start, kept=kept) >= 0.9


def test_weights_of_half_the_size_are_the_rounded_ones():
    run = loaded(**NETWORKS["tiny palette"])
    half = served(run, DPMSolver(steps=4), "f16")
    assert len(half.weights) < 0.51 * len(served(run, DPMSolver(steps=4)).weights)
    rounded = {name.removeprefix("denoiser."): value for name, value in half.rounded.items()}
    run.denoiser.load_state_dict(rounded, strict=False)
    assert equal_share(run, DPMSolver(steps=4), 16) >= 0.9
    x = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(1))
    expected = last(run.denoiser(x, torch.full((1,), 0.5)))
    alpha, sigma = run.denoiser.schedule(torch.tensor([0.5]))
    given = {"level": {"t": 0.5, "alpha": float(alpha), "sigma": float(sigma)}}
    body = 'write("found", (await network()).clean(floats("x"), given.level))'
    found = in_node(body, given, arrays={"x": last(x)}, served=half)
    np.testing.assert_allclose(found.reshape(expected.shape), expected, atol=1e-5)


def test_schedules_are_as_noisy_at_their_own_time():
    own = Cosine()
    rows = torch.tensor(ways_into_noise(own, {"own": own, "linear": Linear()})["linear"])
    alpha, _ = own(rows[1:, 0].double())
    np.testing.assert_allclose(alpha[:-1], rows[1:-1, 1], atol=1e-6)
    np.testing.assert_allclose(rows[:, 1] ** 2 + rows[:, 2] ** 2, 1, atol=1e-6)
    assert rows[0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("run", "sampler", "sentence"),
    [
        ({"widths": (192, 384)}, DDPM(), "too large"),
        ({"size": (33, 16)}, DDPM(), "up to 32 x 32"),
        ({}, Heun(), "sampler=dpm_solver"),
        ({}, DDPM(steps=1000), "at most 100 steps"),
    ],
)
def test_what_a_page_cannot_hold_is_one_sentence(run, sampler, sentence):
    with pytest.raises(UserError, match=sentence):
        served(loaded(**run), sampler)


def test_every_prediction_has_a_network_above():
    tried = {each.get("prediction", "Palette") for each in NETWORKS.values()}
    assert tried == {prediction.__name__ for prediction in PREDICTIONS}


def test_the_committed_kernel_wants_nothing_from_outside():
    body = """const kernel = await WebAssembly.compile(read("kernel"));
    write("found", Int32Array.of(WebAssembly.Module.imports(kernel).length))"""
    run = served(loaded(), DDPM())
    assert in_node(body, {}, np.int32, served=run).tolist() == [0]
    assert len((LIVING / "kernel.wasm").read_bytes()) < 16_000


@pytest.mark.processes
@pytest.mark.nightly
def test_the_kernel_is_what_its_source_says(tmp_path):
    pytest.importorskip("ziglang", reason="ziglang is not installed, which compiles the kernel")
    from diffusion.living.compile import compiled

    compiled(tmp_path / "kernel.wasm")
    run, x = loaded(**NETWORKS["tiny palette of labels"]), torch.randn(2, 4, 24, 24)
    given = {"level": {"t": 0.5, "alpha": 0.7, "sigma": 0.7}, "labels": [0, 1]}
    body = 'write("found", (await network()).clean(floats("x"), given.level, given))'
    kernels = None, (tmp_path / "kernel.wasm").read_bytes()
    committed, new = (
        in_node(body, given, arrays={"x": last(x)}, served=served(run, DDPM()), kernel=kernel)
        for kernel in kernels
    )
    np.testing.assert_allclose(new, committed, atol=1e-6)
