"""The audit of frames: what is one motion is not accused, and each kind of fault is found."""

import pytest
import torch

from datamodules.forge import ForgeData
from diffusion.motion import KINDS, faults
from diffusion.novelty.moves import moved


@pytest.fixture(scope="module")
def figures():
    data = ForgeData(n=80)
    data.setup()
    return data.images(torch.arange(60).numpy())


def walk(figure):
    """Four frames that bob by a pixel, with a foot forward in the second and fourth."""
    foot = figure.clone()
    foot[:, -3:] = moved(figure[None], (0, 1))[0, :, -3:]
    other = figure.clone()
    other[:, -3:] = moved(figure[None], (0, -1))[0, :, -3:]
    return torch.stack(
        [figure, moved(foot[None], (-1, 0))[0], figure, moved(other[None], (-1, 0))[0]]
    )


def found(frames):
    return {fault.kind for fault in faults(frames)}


def test_walks_are_not_accused(figures):
    accused = [faults(walk(figure)) for figure in figures]
    assert not any(accused), accused


def again(frames, other):
    frames[2] = frames[1]
    return frames


def stranger(frames, other):
    frames[2] = other
    return frames


def climbing(frames, other):
    wide = torch.nn.functional.pad(frames, (0, 0, 8, 0))
    return torch.stack([moved(each, (-2 * k, 0)) for k, each in enumerate(wide)])


def apart(frames, other):
    wide = torch.nn.functional.pad(frames, (4, 0))
    wide[1, :, 2:4, 0:2] = wide[1, :, 8:10, 11:13]
    return wide


def sideways(frames, other):
    wide = torch.nn.functional.pad(frames, (3, 3))
    return torch.stack([moved(each, (0, k)) for k, each in enumerate(wide)])


@pytest.mark.parametrize(
    ("kind", "plant"),
    zip(KINDS, (again, stranger, climbing, apart, sideways), strict=True),
)
def test_a_planted_fault_is_found_and_named(figures, kind, plant):
    for k, figure in enumerate(figures):
        other = figures[(k + 7) % len(figures)].flip(2).roll(1, 0)  # its colours, too
        assert kind in found(plant(walk(figure), other)), k


def test_a_slide_show_is_no_motion(figures):
    slides = torch.stack([figure.roll(k, 0) for k, figure in enumerate(figures[:4])])
    assert "the frames have too little in common to be one motion" in {
        fault.sentence for fault in faults(slides)
    }


def test_what_hovers_in_every_frame_belongs_to_the_figure(figures):
    frames = torch.nn.functional.pad(walk(figures[0]), (4, 0))
    frames[:, :, 2:4, 0:2] = frames[:, :, 8:10, 11:13]
    assert not faults(frames)


def test_the_frame_is_named(figures):
    frames = walk(figures[0])
    frames[2] = frames[1]
    assert [fault.frame for fault in faults(frames)] == [3]
    two = figures[:1].expand(2, -1, -1, -1)
    assert [fault.sentence for fault in faults(two)] == ["frame 2 is frame 1 again"]


def test_blank_frames_are_no_error():
    assert {fault.kind for fault in faults(torch.zeros(3, 4, 8, 8, dtype=torch.uint8))} == {
        "duplicate"
    }
