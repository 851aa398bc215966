"""Laws of the networks found in conf/model."""

import re

import pytest
import torch
import yaml
from parts import CONF, comment, names

from diffusion.errors import UserError
from diffusion.models.embeddings import Layout
from diffusion.models.looks import FEWEST, Looks
from diffusion.models.unet import UNet
from diffusion.runs.building import build

MILLIONS = re.compile(r"about ([\d.]+) million parameters")


def make(name, channels=4, classes=0, **changes):
    recipe = yaml.safe_load((CONF / "model" / f"{name}.yaml").read_text())
    if recipe.get("looks"):
        recipe["looks"] = [16, 16]
    torch.manual_seed(0)
    return build(recipe | {"channels": channels, "classes": classes} | changes)


def wake(model):
    """Fresh networks output zeros; random last layers make every input count."""
    for weight in model.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.1)
    return model.eval()


@pytest.mark.parametrize("name", names("model"))
def test_every_model_says_about_how_large_it_is(name):
    with torch.device("meta"):
        parameters = sum(weight.numel() for weight in make(name, 3).parameters())
    (stated,) = MILLIONS.findall(comment("model", name))
    assert 0.75 < parameters / (1e6 * float(stated)) < 1.25


@pytest.mark.parametrize("name", ["tiny", "course"])
@pytest.mark.parametrize(
    "shape",
    [(1, 16, 16), (3, 16, 16), (4, 32, 32), (4, 22, 22), (4, 13, 17), (3, 5, 3), (1, 1, 9)],
)
def test_any_channels_height_and_width(name, shape):
    model = wake(make(name, shape[0]))
    x = torch.randn(2, *shape)
    out = model(x, torch.tensor([0.1, 0.9]))
    assert out.shape == x.shape
    assert out.isfinite().all()


@pytest.mark.parametrize("classes", [3, [3, 2]])
def test_a_layout_says_what_is_told_and_where(classes):
    layout, features = Layout(classes, channels=8, side=4), torch.zeros(2, 8, 6, 5)
    told = torch.tensor([0, 1]) if isinstance(classes, int) else torch.tensor([[0, -1], [1, 1]])
    one, other = layout(told, features)
    assert one.std((1, 2)).min() > 0, "each feature differs from place to place"
    assert not torch.allclose(one, other)
    none = layout(torch.full_like(told, -1), features)
    torch.testing.assert_close(layout(None, features), none)
    assert not torch.allclose(none[0], one)


def test_looks_are_the_mean_sprites_of_what_is_told():
    sprites, told = torch.randn(12, 4, 6, 5), torch.tensor([[0, 1]] * 6 + [[1, -1]] * 5 + [[2, 0]])
    sprites[:, 3] = 1.0
    looks, x_t = Looks([3, 2], 4, (6, 5)), torch.zeros(2, 4, 6, 5)
    looks.learn([(sprites[:7], told[:7]), (sprites[7:], told[7:])])
    seen = looks(torch.tensor([[0, -1], [1, 1]]), x_t).unflatten(1, (2, 4))
    torch.testing.assert_close(seen[0, 0], sprites[:6].mean(0))
    torch.testing.assert_close(seen[0, 1], sprites.mean(0))
    torch.testing.assert_close(seen[1, 0], sprites[6:11].mean(0))
    torch.testing.assert_close(seen[1, 1], sprites[:6].mean(0))
    rare = looks(torch.tensor([[2, 0]]), x_t[:1]).unflatten(1, (2, 4))
    assert FEWEST > 1, "the mean of one sprite would be this sprite"
    torch.testing.assert_close(rare[0], sprites.mean(0).expand(2, 4, 6, 5))
    torch.testing.assert_close(looks(None, x_t), looks(torch.full((2, 2), -1), x_t))


def test_looks_of_labels_mix_as_labels_do():
    sprites, told = torch.randn(12, 3, 6, 5), torch.arange(12) % 2
    looks, x_t = Looks(2, 3, (6, 5)), torch.zeros(2, 3, 6, 5)
    looks.learn([(sprites, told)])
    both, one = looks(torch.tensor([[0.5, 0.5, 0], [1.0, 0, 0]]), x_t)
    torch.testing.assert_close(both, sprites.mean(0))
    torch.testing.assert_close(one, looks(torch.tensor([0, 1]), x_t)[0])
    assert looks(None, torch.zeros(2, 3, 8, 8)).shape == (2, 3, 8, 8)


def test_looks_of_what_is_transparent_are_grey():
    sprites = -torch.ones(FEWEST, 4, 2, 2)
    sprites[:, :, 0] = 1.0
    looks = Looks(1, 4, (2, 2))
    looks.learn([(sprites, torch.zeros(FEWEST, dtype=torch.int64))])
    seen = looks(torch.tensor([0]), torch.zeros(1, 4, 2, 2))[0]
    assert (seen[:, 0] == 1).all()
    assert (seen[:3, 1] == 0).all()
    assert (seen[3, 1] == -1).all()


def test_usual_colours_are_those_of_most_sprites_and_rare_values_have_those_of_all():
    drawn = torch.randint(0, 7, (12, 6, 5))
    drawn[:4, 0, 0], drawn[4:6, 0, 0], drawn[6:, 0, 0] = 3, 1, 6
    told = torch.tensor([[0, 1]] * 6 + [[1, -1]] * 5 + [[2, 0]])
    looks = Looks([3, 2], 1, (6, 5), points=True)
    looks.learn([(drawn[:, None].float(), told)], lambda sprites: sprites[:, 0].long())
    of_all = drawn.mode(dim=0).values
    for row, expected in enumerate((3, 6, 6, 6, 6, 3, 6)):
        assert looks.usual[row, 0, 0] == expected
    torch.testing.assert_close(
        looks.share[[0, 1, 2, 5], 0, 0], torch.tensor([4 / 6, 1, 0.5, 4 / 6])
    )
    for rare in (2, 3, 4, 6):
        assert looks.usual[rare].equal(of_all.to(torch.uint8))


def test_who_is_trusted_raises_the_score_of_its_usual_colour():
    looks = Looks([2, 2], 1, (2, 2), points=True)
    looks.usual[0], looks.share[0], looks.usual[4], looks.share[4] = 3, 0.5, 1, 1.0
    scores, trust = torch.zeros(1, 5, 2, 2), torch.zeros(1, 2, 2, 2)
    trust[0, 0, 0, 1], trust[0, 1, 1, 0] = 8.0, 2.0
    found = looks.point(torch.tensor([[0, 1]]), scores, trust)
    expected = torch.zeros_like(scores)
    expected[0, 3, 0, 1], expected[0, 1, 1, 0] = 4.0, 2.0
    assert found.equal(expected)
    larger = looks.point(torch.tensor([[0, 1]]), torch.zeros(1, 5, 4, 4), torch.ones(1, 2, 4, 4))
    assert larger.sum() == 16 * 1.5


def test_pointing_at_mixed_labels_is_weighed_as_they_are():
    looks = Looks(2, 1, (2, 2), points=True)
    looks.usual[1], looks.share[:] = 3, 1.0
    trust = torch.ones(1, 1, 2, 2)
    found = looks.point(torch.tensor([[0.25, 0.75, 0.0]]), torch.zeros(1, 5, 2, 2), trust)
    assert found[0, :, 0, 0].tolist() == [0.25, 0, 0, 0.75, 0]


def test_a_layout_is_refused_where_it_is_none():
    with pytest.raises(UserError, match="model.layout=17"):
        make("tiny", classes=3, layout=17)


@pytest.mark.parametrize("name", ["tiny", "course"])
def test_time_and_label_matter_and_no_label_is_known(name):
    model = wake(make(name, classes=3))
    x, t = torch.randn(2, 4, 16, 16), torch.tensor([0.3, 0.3])
    zero, one = (model(x, t, torch.tensor([k, k])) for k in (0, 1))
    assert not torch.allclose(zero, one)
    assert not torch.allclose(zero, model(x, t + 0.5, torch.tensor([0, 0])))
    torch.testing.assert_close(model(x, t, None), model(x, t, torch.tensor([-1, -1])))
    assert not torch.allclose(zero, model(x, t, None))


@pytest.mark.parametrize("name", ["tiny", "course"])
def test_a_sprite_is_treated_alone_as_in_a_batch(name):
    model = wake(make(name))
    x, t = torch.randn(5, 4, 16, 16), torch.rand(5)
    torch.testing.assert_close(model(x, t)[3:4], model(x[3:4], t[3:4]), rtol=1e-4, atol=1e-4)


def test_all_weights_of_the_unet_get_gradients():
    model = make("tiny", classes=2).train()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, std=0.1)
    x = torch.randn(4, 4, 16, 16)
    model(x, torch.rand(4), torch.tensor([0, 1, -1, 0])).square().mean().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.any(), name


def test_a_fresh_unet_outputs_zero():
    assert not make("tiny")(torch.randn(1, 4, 8, 8), torch.tensor([0.5])).any()


def test_widths_that_do_not_fit_attention_are_refused():
    with pytest.raises(UserError, match="multiples of 32"):
        UNet(4, widths=[20, 40])


@pytest.mark.parametrize("shape", [(4, 16, 16), (3, 13, 18)])
def test_squares_of_pixels_change_no_shape(shape):
    model = wake(make("quick", shape[0]))
    x = torch.randn(2, *shape)
    out = model(x, torch.tensor([0.1, 0.9]))
    assert out.shape == x.shape
    assert out.isfinite().all()


def test_the_result_can_have_other_channels_than_the_sprites():
    model = wake(make("quick", 4, outputs=18))
    assert model(torch.randn(2, 4, 16, 16), torch.rand(2)).shape == (2, 18, 16, 16)


def test_squares_without_pixels_are_refused():
    with pytest.raises(UserError, match="model.patch=0"):
        UNet(4, patch=0)
