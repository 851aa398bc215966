"""Arrays of every layout and type show the same sprites, or are refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datamodules.errors import DataError
from datamodules.files.values import channels_last, eight_bit

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
