"""Laws of the noise-level panel."""

import json

import pytest
import torch
from PIL import Image
from randomsprites import sprites

from diffusion.drawing.panel import draw_panels, panel_pictures
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Band, Posterior
from diffusion.levels.panel import LEVELS, look
from diffusion.pixels import PixelCodec
from diffusion.runs.files import Folder
from diffusion.schedules.linear import Linear

IMAGES = PixelCodec().decode(sprites(60, shape=(3, 8, 8)))
NAMES = ["Bob", "Fred", "Nancy", *(f"set/villagers/{k}" for k in range(3, 60))]
POSTERIOR = Posterior(PixelCodec().encode(IMAGES))
DENOISER = PosteriorDenoiser(POSTERIOR, Linear())


def panel(image=IMAGES[0], name="Bob", **rest):
    return look(image, name, DENOISER, POSTERIOR, NAMES, **rest)


def test_from_that_is_bob_to_no_idea():
    bob = panel()
    assert bob.known
    assert [each.t for each in bob.looks] == list(LEVELS)
    assert bob.looks[0].words == "that is Bob"
    assert bob.looks[-1].band == Band.NO_IDEA
    assert [each.suspects[0].row for each in bob.looks[:3]] == [0, 0, 0]
    assert torch.equal(bob.looks[0].noised, IMAGES[0])
    assert torch.equal(bob.looks[0].suspects[0].image, IMAGES[0])


def test_with_the_exact_denoiser_both_estimates_are_one():
    for each in panel().looks:
        assert torch.equal(each.network, each.exact)
        assert each.network_error == each.exact_error


def test_suspects_are_the_likeliest_and_named_without_folders():
    last = panel(levels=[1.0]).looks[0]
    shares = [suspect.probability for suspect in last.suspects]
    assert shares == sorted(shares, reverse=True)
    assert [suspect.name for suspect in last.suspects] == [NAMES[s.row] for s in last.suspects]
    assert "set" not in panel(IMAGES[9], "x", levels=[0.0]).looks[0].words


def test_a_stranger_has_only_a_nearest_sprite():
    stranger = IMAGES[0].clone()
    stranger[:, 0, 0] = 255 - stranger[:, 0, 0]
    found = panel(stranger, "stranger", levels=[0.0, 0.2])
    assert not found.known
    assert [each.words for each in found.looks] == ["nearest: Bob", "nearest: Bob"]


def test_labels_reach_the_network():
    seen = []

    class Labelled(PosteriorDenoiser):
        def forward(self, x_t, t, label=None):
            seen.append(label)
            return super().forward(x_t, t, label)

    labelled = Labelled(POSTERIOR, Linear())
    look(IMAGES[0], "Bob", labelled, POSTERIOR, NAMES, levels=[0.1, 0.5], label=3)
    assert seen[0].tolist() == [3, 3]


def test_who_has_another_label_is_no_suspect():
    """Sixty sprites in six classes, of which one is told."""
    labels = torch.arange(60) % 6
    posterior = Posterior(PixelCodec().encode(IMAGES), labels)
    denoiser = PosteriorDenoiser(posterior, Linear())
    told = look(IMAGES[0], "Bob", denoiser, posterior, NAMES, label=0)
    assert told.n == 10
    assert told.known
    assert {s.row % 6 for each in told.looks for s in each.suspects} == {0}
    assert told.looks[0].words == "that is Bob"
    assert told.looks[-1].words == "no idea: about 10 candidates"
    assert [each.network_error for each in told.looks] == [e.exact_error for e in told.looks]
    assert not look(IMAGES[0], "Bob", denoiser, posterior, NAMES, label=1).known


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 5, 9), (4, 64, 64)])
def test_files_hold_every_level(tmp_path, shape):
    images = PixelCodec().decode(sprites(4, shape=shape))
    posterior = Posterior(PixelCodec().encode(images))
    denoiser = PosteriorDenoiser(posterior, Linear())
    panels = [
        look(images[k], name, denoiser, posterior, "abcd", levels=[0.0, 0.6, 1.0])
        for k, name in enumerate(["Bob", "Fred"])
    ]
    Folder(tmp_path).write_all(panel_pictures(panels))
    with Image.open(tmp_path / "panel.gif") as film:
        assert film.n_frames == 3
    with Image.open(tmp_path / "panel.png") as picture:
        one = picture.height
    Folder(tmp_path).write_all(panel_pictures(panels[:1]))
    with Image.open(tmp_path / "panel.png") as picture:
        assert one == 2 * picture.height
    (table,) = json.loads((tmp_path / "panel.json").read_text())
    assert (table["name"], table["known"], table["n"]) == ("Bob", True, 4)
    assert [row["t"] for row in table["looks"]] == [0.0, 0.6, 1.0]
    first = table["looks"][0]
    assert first["band"] == "that is"
    assert first["suspects"][0]["name"] == "a"
    assert not {"noised", "network", "exact"} & first.keys()


def test_long_names_of_suspects_keep_what_differs():
    """A suspect is called otherwise, in the middle of a name that fits nowhere."""
    long = [f"set/heroes_of_the_{'very_' * 8}south_{k:02}_{'walking_' * 8}left" for k in range(60)]
    for which in range(3):
        row = panel(levels=[0.2]).looks[0].suspects[which].row
        changed = [*long[:row], long[row].replace(f"_{row:02}_", "_99_"), *long[row + 1 :]]
        pages = [
            draw_panels([look(IMAGES[0], "Bob", DENOISER, POSTERIOR, names, levels=[0.2])])
            for names in (long, changed)
        ]
        assert pages[0].size == pages[1].size
        assert pages[0].tobytes() != pages[1].tobytes()
