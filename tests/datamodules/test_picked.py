"""Laws of picking one sprite: from the data with its label, from a file without."""

import numpy as np
import pytest
from PIL import Image
from test_sprites import IMAGES, LABELS, Crowd, Plain, ready

from datamodules.errors import DataError
from datamodules.picked import from_file


def test_a_sprite_of_the_data_comes_with_its_label():
    data = ready(Crowd)
    for wanted in (7, "no 7"):
        name, image, label, _ = data.pick(wanted)
        assert (name, label) == ("no 7", LABELS[7])
        assert (image.numpy() == IMAGES[7].transpose(2, 0, 1)).all()
    assert ready(Plain).pick(3).label == -1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_sprite_in_a_file_needs_no_data_and_has_no_label(tmp_path, channels):
    pixels = IMAGES[7].copy()
    if channels < 4:
        pixels[..., 3] = 255
    if channels == 1:
        pixels[..., 1:3] = pixels[..., :1]
    Image.fromarray(pixels).save(tmp_path / "mine.PNG")
    found = from_file(str(tmp_path / "mine.PNG"), (channels, 6, 7))
    assert (found.name, found.label) == ("mine", -1)
    assert (found.image.numpy() == pixels[..., :channels].transpose(2, 0, 1)).all()
    of_the_data = ready(Crowd).pick(str(tmp_path / "mine.PNG"))
    assert (of_the_data.name, of_the_data.label) == ("mine", -1)
    assert (of_the_data.image[:channels] == found.image).all()


@pytest.mark.parametrize("wanted", ["Bob", "row 3", 3, "7", "mine.txt"])
def test_what_names_no_image_file_is_left_to_the_data(wanted):
    assert from_file(wanted, (4, 6, 7)) is None


@pytest.mark.parametrize(
    ("shape", "words"),
    [((3, 6, 7), "opaque on 7 x 6 pixels"), ((1, 6, 7), "grey and opaque on 7 x 6 pixels")],
)
def test_a_file_of_another_kind_is_refused(tmp_path, shape, words):
    Image.fromarray(np.full((6, 7, 4), (9, 8, 7, 0), np.uint8)).save(tmp_path / "mine.png")
    with pytest.raises(DataError, match=f"mine.png must be {words}"):
        from_file(str(tmp_path / "mine.png"), shape)
    with pytest.raises(DataError, match="gone.png"):
        from_file(str(tmp_path / "gone.png"), shape)
