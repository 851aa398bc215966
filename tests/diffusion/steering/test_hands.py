"""Each hand on the network has a law, and all of them go together under every sampler."""

from dataclasses import replace
from itertools import combinations

import pytest
import torch
from hands import BOB, CODEC, COLOURS, Opinions, colours_of, network
from torch import nn

from diffusion.commands.steering import steer
from diffusion.denoiser import Denoiser
from diffusion.errors import UserError
from diffusion.models.unet import UNet
from diffusion.palette import Palette, SharpPalette
from diffusion.pixels import PixelCodec
from diffusion.predictions import Epsilon, Velocity
from diffusion.samplers.attribute_draws import AttributeDraws
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.ddpm import DDPM
from diffusion.samplers.dpm_solver import DPMSolver
from diffusion.samplers.heun import Heun
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.cosine import Cosine
from diffusion.steering.asked import Asked
from diffusion.steering.colours import (
    AllowedColours,
    FewColours,
    PaletteCodec,
    distances,
    handed_over,
    nearest,
)
from diffusion.steering.guidance import Guided
from diffusion.steering.kept import WORDS, Kept, kept_values
from diffusion.steering.mirrored import Mirrored
from diffusion.steering.mixed import Mixed
from diffusion.steering.tiled import AXES, Tiled
from diffusion.weightings import Uniform

LESS = torch.tensor(-torch.inf)
ALLOWED = torch.tensor([True, True, False, True, False, True])


def keep(denoiser, what="left"):
    return Kept(denoiser, CODEC.encode(BOB), kept_values(BOB, what))


HANDS = {
    "mixed": lambda d: Mixed(d, {0: 1.0, 1: 0.5}),
    "tiled": lambda d: Tiled(d, "xy"),
    "asked": lambda d: Asked(d, {0: (1, 3.0)}),
    "guided": lambda d: Guided(d, 3.0),
    "allowed": lambda d: AllowedColours(d, ALLOWED),
    "few": lambda d: FewColours(d, 2),
    "mirrored": Mirrored,
    "kept": keep,
}
SAMPLERS = {
    "ddpm": DDPM(20),
    "ddim": DDIM(10),
    "heun": Heun(8),
    "dpm_solver": DPMSolver(10),
}


def the_set(denoiser, sampler):
    """Sprites with the codec that a hand on colours brings along."""
    few = isinstance(denoiser, FewColours) or isinstance(
        getattr(denoiser, "denoiser", None), FewColours
    )
    codec = CODEC
    if isinstance(denoiser.prediction, Palette) and (few or len(denoiser.prediction.colours) < 6):
        codec = PaletteCodec(True, denoiser.prediction.colours, 2 if few else None)
    return SpriteSet(denoiser, sampler, codec, (4, 8, 8), [0.5, 0.5])


def made(denoiser, sampler=None):
    return next(the_set(denoiser, sampler or DDPM(20)).batches(range(12)))


def obeys(name, images):
    """Whether sprites are as a hand promises."""
    if name == "allowed":
        known = {tuple(colour) for colour, may in zip(COLOURS, ALLOWED, strict=True) if may}
        return all(colours_of(image) <= known for image in images)
    if name == "few":
        return all(len([c for c in colours_of(image) if c[3]]) <= 2 for image in images)
    if name == "mirrored":
        return torch.equal(images, images.flip(-1))
    if name == "kept":
        kept = kept_values(BOB, "left")
        return bool(((images == BOB) | ~kept).all())
    return True  # what attributes, guidance, rings and mixtures promise has a law of its own


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("name", HANDS)
def test_sprites_are_as_a_hand_promises_under_every_sampler(name, sampler):
    free = made(network(), SAMPLERS[sampler])
    images = made(HANDS[name](network()), SAMPLERS[sampler])
    assert obeys(name, images)
    assert not torch.equal(images, free)
    assert name in ("asked", "guided", "tiled", "mixed") or not obeys(name, free), (
        "what the network does anyway shows nothing"
    )


TOGETHER = [
    pair
    for pair in combinations(HANDS, 2)
    if pair not in {("mirrored", "kept"), ("few", "kept"), ("allowed", "kept")}
    and pair not in {("mixed", "asked"), ("asked", "guided")}  # a label, or attributes
]


@pytest.mark.parametrize("prediction", [Palette, SharpPalette])
@pytest.mark.parametrize("pair", TOGETHER, ids="+".join)
def test_two_hands_are_both_obeyed_and_a_sprite_is_the_same_in_any_batch(pair, prediction):
    denoiser = network(prediction)
    for name in pair:
        denoiser = HANDS[name](denoiser)
    images = made(denoiser, DPMSolver(8))
    assert all(obeys(name, images) for name in pair)
    sprites = the_set(denoiser, DPMSolver(8))
    assert torch.equal(torch.cat(list(sprites.batches(range(12), 5))), images)


@pytest.mark.parametrize("name", sorted({*HANDS} - {"mixed", "guided"}))
def test_a_hand_is_laid_on_a_network_that_is_told_drawn_attributes(name):
    draws = AttributeDraws([[0.5, 0.5]], torch.zeros(2, 2))
    sprites = replace(the_set(HANDS[name](network()), DPMSolver(8)), draws=draws)
    images = next(sprites.batches(range(12)))
    assert obeys(name, images)
    assert torch.equal(torch.cat(list(sprites.batches(range(12), 5))), images)
    untold = replace(sprites, draws=None, label_frequencies=())
    assert name == "asked" or not torch.equal(next(untold.batches(range(12))), images)


@pytest.mark.parametrize("what", WORDS)
@pytest.mark.parametrize("prediction", [Palette, Epsilon])
def test_kept_values_stay_to_the_byte_and_the_rest_varies(what, prediction):
    kept = kept_values(BOB, what)
    images = made(keep(network(prediction), what))
    assert ((images == BOB) | ~kept).all()
    free = (images != BOB).any(dim=1)
    assert free.any(dim=0).sum() >= 0.5 * (~kept).any(dim=0).sum()
    assert len({image.numpy().tobytes() for image in images}) >= 8


def test_a_silhouette_has_no_hole():
    images = made(keep(network(), "alpha"))
    inside = BOB[3] > 0
    assert (images[:, 3] == BOB[3]).all()
    opaque = {tuple(colour) for colour in COLOURS if colour[3]}
    for image in images:
        assert {tuple(p) for p in image.permute(1, 2, 0)[inside].tolist()} <= opaque


def test_all_colours_allowed_is_the_network_itself():
    everything = torch.ones(len(COLOURS), dtype=torch.bool)
    assert torch.equal(made(AllowedColours(network(), everything)), made(network()))
    x_t, t = torch.randn(2, 4, 8, 8), torch.tensor([0.2, 0.9])
    assert torch.equal(FewColours(network(), 5)(x_t, t), network()(x_t, t))


DARK, BLUE = 1, 4  # what is darkest, and what is once that is gone


def test_what_a_forbidden_colour_would_have_goes_to_the_nearest_allowed():
    x_t, t = torch.randn(2, 4, 8, 8), torch.tensor([0.2, 0.9])
    free = network().output(x_t, t).softmax(dim=1)
    allowed = torch.arange(6) != DARK
    shares = AllowedColours(network(), allowed).output(x_t, t).softmax(dim=1)
    expected = free.clone()
    expected[:, BLUE] += free[:, DARK]
    assert torch.allclose(shares, expected[:, allowed], atol=1e-6)


def test_of_few_colours_an_outline_stays_one():
    """What was sure to be dark is dark, and not transparent, where the darkest colour goes."""
    x_t, t = torch.randn(4, 4, 8, 8), torch.full((4,), 0.9)
    outline = torch.zeros(6)[:, None, None].repeat(1, 8, 8)
    outline[DARK, 0], outline[BLUE] = 9.0, 4.0
    denoiser = network()
    denoiser.model.forward = lambda x_t, t, label=None: outline.expand(len(x_t), -1, -1, -1)
    shares = FewColours(denoiser, 1).output(x_t, t).softmax(dim=1)
    assert (shares[:, BLUE, 0] > 0.99).all(), "the outline"
    assert torch.allclose(shares[:, 0], denoiser.output(x_t, t).softmax(dim=1)[:, 0]), "the ground"


def test_a_shadow_stands_for_a_colour_and_not_for_none():
    levels = torch.tensor([[0, 0, 0, 0], [0, 0, 0, 60], [255, 255, 255, 255]]) / 127.5 - 1
    allowed = torch.tensor([[True, False, True]])
    assert nearest(distances(levels), allowed).tolist() == [[0, 2, 2]]


def test_unlikely_colours_are_handed_over_as_exactly_as_likely_ones():
    scores = torch.tensor([0.0, -200.0, -201.0, -120.0])[None, :, None, None]
    found = handed_over(scores, torch.tensor([[0, 1, 1, 3]]))[0, :, 0, 0]
    together = torch.tensor([-200.0, -201.0]).logsumexp(0)
    expected = torch.stack([scores[0, 0, 0, 0], together, LESS, scores[0, 3, 0, 0]])
    assert torch.equal(found, expected)


@pytest.mark.parametrize("sampler", [DDPM(20), DPMSolver(8)])
def test_few_colours_and_a_mirror_agree_on_sprites_without_alpha(sampler):
    """Chosen for each half by itself, no colour at all would be left in some."""
    denoiser = Denoiser(Opinions(5), Cosine(), Palette(COLOURS[1:]), Uniform())
    free = SpriteSet(denoiser.requires_grad_(False), sampler, PixelCodec(), (4, 8, 8))
    words = dict.fromkeys(("keep", "colours", "recolour", "tile"))
    sprites, _ = steer(free, words | {"max_colours": 1, "mirror": True}, None)
    images = next(sprites.batches(range(32)))
    assert torch.equal(images, images.flip(-1))
    assert {len(colours_of(image)) for image in images} == {1}
    x_t, t = torch.randn(32, 4, 8, 8), torch.full((32,), 0.5)
    assert sprites.denoiser(x_t, t).isfinite().all()


@pytest.mark.parametrize("points", [False, True])
@pytest.mark.parametrize("axes", AXES)
def test_rolling_the_noise_rolls_a_tile(axes, points):
    """By the network's stride, along the axes that are closed, and along no others."""
    torch.manual_seed(0)
    told = {"classes": 3, "layout": 4, "looks": (8, 12), "points": points}
    prediction = Palette(COLOURS) if points else Velocity()
    model = UNet(4, widths=(32, 32), outputs=len(COLOURS) if points else None, **told)
    model.looks.pictures.normal_()
    if points:
        model.looks.usual.random_(0, len(COLOURS))
        model.looks.share.uniform_()
    model = model.eval().requires_grad_(False)
    for weight in model.parameters():
        if not weight.any():
            nn.init.normal_(weight, std=0.1)
    free = Denoiser(model, Cosine(), prediction, Uniform())
    x_t, t, label = torch.randn(2, 4, 8, 12), torch.tensor([0.3, 0.8]), torch.tensor([2, -1])
    for axis, dim in (("y", -2), ("x", -1)):
        for denoiser in (free, Tiled(free, axes)):
            whole, rolled = denoiser(x_t, t, label), denoiser(x_t.roll(4, dim), t, label)
            error = float((whole.roll(4, dim) - rolled).abs().max())
            assert (error < 1e-5) == (denoiser is not free and axis in axes), (axis, error)


def test_words_keep_what_they_say():
    assert kept_values(BOB, "top")[:, :4].all()
    assert not kept_values(BOB, "top")[:, 4:].any()
    assert kept_values(BOB, "right")[:, :, 4:].all()
    figure = torch.zeros(4, 8, 8, dtype=torch.uint8)
    figure[:, 2:6, 2:6] = 255
    outline = kept_values(figure, "outline")
    assert outline[0].sum() == 64 - 4, "all but the 2x2 pixels inside"
    assert outline[3].all()
    assert kept_values(figure, "alpha")[0].sum() == 64 - 16


def test_what_makes_no_sense_is_refused():
    with pytest.raises(UserError, match="prediction=palette"):
        AllowedColours(network(Epsilon), ALLOWED)
    with pytest.raises(UserError, match="prediction=palette"):
        FewColours(network(Epsilon), 3)
    with pytest.raises(UserError, match="at least one"):
        AllowedColours(network(), torch.zeros(6, dtype=torch.bool))
    with pytest.raises(UserError, match="1 or more"):
        FewColours(network(), 0)
