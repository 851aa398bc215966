"""Arrays of every layout and type show the same sprites, or are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.errors import DataError
from datamodules.files.values import DARK, channels_last, eight_bit, read_values

ALL = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first_and_last_are_the_same(channels):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 9, channels))
    assert (channels_last(images, "it") == images).all()
    assert (channels_last(images.transpose(0, 3, 1, 2), "it") == images).all()
    assert channels_last(np.zeros((5, 3, 9, 4)), "it").shape == (5, 3, 9, 4)  # in doubt the last


def test_grey_needs_no_channel_axis():
    assert channels_last(ALL[..., 0], "it").shape == ALL.shape


@pytest.mark.parametrize("shape", [(8,), (8, 8), (8, 8, 3), (9, 8, 8, 2), (9, 8, 8, 7), (1,) * 5])
def test_other_ranks_and_channels(shape):
    with pytest.raises(DataError, match=r"It has the shape .* 1, 3 or 4 channels"):
        channels_last(np.zeros(shape), "It")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("low", [0, -1])
def test_every_level_survives_as_a_float(dtype, low):
    floats = (ALL / 255 * (1 - low) + low).astype(dtype)
    levels, notes = eight_bit(floats, "it")
    assert levels.dtype == np.uint8
    assert (levels == ALL).all()
    assert len(notes) == 1


@pytest.mark.parametrize("dtype", [np.int16, np.uint32, np.int64, np.float32])
def test_whole_numbers(dtype):
    assert (eight_bit(ALL.astype(dtype), "it")[0] == ALL).all()


def test_bytes_are_not_copied_and_booleans_are_black_and_white():
    assert eight_bit(ALL, "it") == (ALL, [])
    assert (eight_bit(ALL > 9, "it")[0] == np.where(ALL > 9, 255, 0)).all()


@given(st.floats(allow_nan=True, width=32), st.integers(0, 9999))
def test_one_strange_value_is_never_read_as_another(value, place):
    floats = np.tile(ALL / 255, (40, 1, 1, 1)).astype(np.float32)  # more than one part
    floats.flat[place % floats.size] = value
    try:
        levels, _ = eight_bit(floats, "it")
    except DataError as error:
        assert "it holds" in str(error)  # noqa: PT017
    else:
        shown = levels.astype(np.float64).flat[place % floats.size]
        assert min(abs(value * 255 - shown), abs(value - shown)) <= 1e-3


def test_the_remedy_is_said():
    with pytest.raises(DataError, match="NaN or infinity; replace them"):
        eight_bit(np.concatenate([np.zeros((5000, 2)), np.full((1, 2), np.nan)]), "it")
    with pytest.raises(DataError, match="from 0 to 380; save it as uint8"):
        eight_bit(np.array([0, 380]), "it")
    with pytest.raises(DataError, match="from -3 to 1; save it as uint8"):
        eight_bit(np.array([-3.0, 1.0]), "it")
    with pytest.raises(DataError, match="lie between 8-bit values; round them"):
        eight_bit(np.array([0.1, 1.0]), "it")
    with pytest.raises(DataError, match="of type complex128"):
        eight_bit(np.zeros(3, complex), "it")


PALETTE = np.random.default_rng(0).integers(0, 256, (16, 3), dtype=np.uint8)
TYPES = [np.uint8, np.int64, np.float32]


def read(array, values=None, palette=None):
    return read_values(array, "The array", values, palette)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_masks_are_black_and_white(dtype, channels):
    masks = np.random.default_rng(0).integers(0, 2, (9, 4, 4, channels))
    images, notes = read(masks.astype(dtype))
    assert images.dtype == np.uint8
    assert (images == 255 * masks).all()
    assert "0 and 1 were stretched" in notes[0]
    if dtype != np.float32:
        kept, _ = read(masks.astype(dtype), "levels")
        assert (kept == masks).all()


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("highest", [2, 3, 15, DARK])
def test_small_numbers_are_ambiguous_and_each_remedy_works(dtype, channels, highest):
    array = np.random.default_rng(0).integers(0, highest + 1, (50, 4, 4, channels)).astype(dtype)
    with pytest.raises(
        DataError, match=f"from 0 to {highest}, which may be .* say data.palette"
    ) as error:
        read(array)
    for word in ("stretch", "levels"):
        assert f"data.values={word}" in str(error.value)
        images, _ = read(array, word)
        assert images.max() == (255 if word == "stretch" else highest)
        assert len(np.unique(images)) == highest + 1


@pytest.mark.parametrize("dtype", TYPES)
def test_indices_of_a_palette(dtype):
    indices = np.random.default_rng(0).integers(0, 16, (9, 4, 4, 1))
    for values in (None, "indices"):
        images, notes = read(indices.astype(dtype), values, PALETTE)
        assert (images == PALETTE[indices[..., 0]]).all()
        assert "indices of a palette of 16 colours" in notes[0]
    with pytest.raises(DataError, match="needs a palette"):
        read(indices, "indices")
    with pytest.raises(DataError, match="no array of indices of 16 colours.* values from 0 to 16"):
        read(np.array([16, 0]).reshape(2, 1, 1, 1), None, PALETTE)
    with pytest.raises(DataError, match="it has 3 channels"):
        read(np.zeros((9, 4, 4, 3), np.uint8), "indices", PALETTE)
    colours = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)
    assert read(colours, None, PALETTE)[1] == [
        "The palette was not used, as values are no indices."
    ]


@pytest.mark.parametrize("dtype", TYPES)
def test_an_alpha_of_0_and_1_beside_levels(dtype):
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 4))
    images[..., 3] = images[..., 3] > 99
    found, notes = read(images.astype(dtype))
    assert (found[..., :3] == images[..., :3]).all()
    assert (found[..., 3] == 255 * images[..., 3]).all()
    assert notes[-1] == "An alpha of 0 and 1 was read as 0 and 255."
    images[0, 0, 0, 3] = 2  # then it is a faint one
    assert (read(images.astype(dtype))[0] == images).all()


@given(st.integers(DARK + 1, 255))
def test_other_bytes_stay_as_they_are(highest):
    array = np.random.default_rng(highest).integers(0, highest + 1, (9, 4, 4, 3), dtype=np.uint8)
    array.flat[0] = highest
    assert read(array) == (array, [])
    assert read(array, "levels")[0] is array


def test_words_for_values():
    with pytest.raises(DataError, match="data.values=bits is unknown; choose one of levels"):
        read(ALL, "bits")
    with pytest.raises(DataError, match="holds no whole numbers from 0 to 255; leave out"):
        read(ALL / 3.7, "stretch")
