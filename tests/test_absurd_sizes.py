"""Sizes that no machine has, and places where nothing can be written: one sentence."""

import errno
import os

import pytest
from omegaconf import OmegaConf
from training import fit

from datamodules.errors import DataError
from datamodules.forge import ForgeData
from diffusion.commands import sample
from diffusion.commands.complaints import is_wrong_input, sentence
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.commands.sampling import AT_ONCE, check_size, in_parts
from diffusion.errors import UserError


class Sixteen:
    shape = (4, 16, 16)


def test_a_billion_sprites_are_made_in_parts_that_are_named():
    with pytest.raises(
        UserError, match=r"make them in parts, with shards=(\d+) or more"
    ) as refused:
        check_size(10**9, Sixteen)
    shards = int(str(refused.value).partition("shards=")[2].split()[0])
    assert shards <= sample.HIGHEST["shards"]
    largest = max(-(-(10**9) // shards), 1)
    check_size(largest, Sixteen)
    assert largest * 1024 <= AT_ONCE
    assert len(dict(in_parts(range(10**9), shards))) == shards


ABSURD = {
    "batch_size": [0, -1, 4097, 1_000_000, "abc", 1.5, True, None],
    "shards": [0, 100_000, 10**9],
    "seed": [-1, 2**63, 10**400, None, 0.5],
    "devices": [0, -1],
    "index": [-1, 2**63],
}


@pytest.mark.parametrize(
    ("key", "value"), [(k, v) for k, values in ABSURD.items() for v in values]
)
def test_sample_refuses_absurd_numbers_before_anything_is_begun(key, value):
    cfg = dict.fromkeys(sample.LOWEST, 1) | {key: value}
    with pytest.raises(UserError, match=f"^{key}=.* must be a whole number"):
        check_numbers(cfg, sample.LOWEST, sample.HIGHEST, optional=("index", "max_colours"))


@pytest.mark.parametrize("seed", [2**63, -1, "x", None, 1.5, True])
def test_training_refuses_absurd_seeds(tmp_path, seed):
    with pytest.raises(UserError, match="seed=.* must be a whole number, from 0 to"):
        fit(tmp_path, f"seed={OmegaConf.create([seed])[0] if seed is not None else 'null'}")
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("size", [0, -1, 2**14 + 1, 10**6])
def test_training_refuses_absurd_batches(size):
    with pytest.raises(
        DataError, match="must be from 1 to 16,384; trainer.accumulate_grad_batches"
    ):
        ForgeData(batch_size=size)


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_place_where_nothing_can_be_written_is_named(number):
    error = OSError(number, os.strerror(number), "/media/card/run")
    assert is_wrong_input(error)
    said = sentence(error, "train")
    assert said.startswith(f"/media/card/run cannot be used ({os.strerror(number)})")
    assert said.endswith("name another place.")


def test_the_largest_seed_is_one():
    fine = dict.fromkeys(sample.LOWEST, 1) | {"seed": LARGEST_SEED}
    check_numbers(fine, sample.LOWEST, sample.HIGHEST)
