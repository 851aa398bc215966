"""The order of training: full batches, every row once in a turn, the same for any device count."""

from itertools import islice

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from datamodules.batches import EvalBatches, TrainBatches

counts = st.integers(1, 50)


def fetch(rows):
    return {"index": torch.from_numpy(np.array(rows))}


def train(n, size, seed=0, position=0, rank=0, world=1):
    rows = np.arange(n) * 10
    return TrainBatches(
        fetch, rows, size=size, seed=seed, position=lambda: position, rank=rank, world=world
    )


def taken(loader, n):
    return [batch["index"].tolist() for batch in islice(loader, n)]


@given(n=counts, size=counts, seed=counts)
def test_the_chain_is_that_of_the_keyed_permutations(n, size, seed):
    turns = [
        np.random.default_rng([seed, p]).permutation(np.arange(n) * 10)
        for p in range(4 * size // n + 1)
    ]
    chain = np.concatenate(turns)[: size * 4].reshape(-1, size)
    assert taken(train(n, size, seed), 4) == chain.tolist()


@given(n=counts, size=counts, turns=st.integers(1, 4))
def test_every_row_comes_equally_often(n, size, turns):
    batches = taken(train(n, size), -(-turns * n // size))
    assert {len(batch) for batch in batches} == {size}
    drawn = [row for batch in batches for row in batch][: turns * n]
    assert sorted(drawn) == sorted(list(range(0, n * 10, 10)) * turns)


@given(n=counts, share=st.integers(1, 9), world=st.integers(1, 5))
def test_ranks_share_the_batch_of_one_device(n, share, world):
    whole = taken(train(n, share * world), 5)
    parts = [taken(train(n, share * world, rank=rank, world=world), 5) for rank in range(world)]
    for number, batch in enumerate(whole):
        for rank, part in enumerate(parts):
            assert part[number] == batch[rank::world]


@given(n=counts, size=counts, position=st.integers(0, 30))
def test_it_goes_on_where_it_was(n, size, position):
    whole = taken(train(n, size), position + 4)
    assert taken(train(n, size, position=position), 4) == whole[position:]


def test_seeds_differ_and_turns_differ():
    orders = [tuple(taken(train(100, 100, seed), 3)[p]) for seed in range(3) for p in range(3)]
    assert len({str(order) for order in orders}) == 9


def test_the_position_is_asked_at_the_first_batch_and_not_before():
    asked = []
    loader = TrainBatches(
        fetch, np.arange(9), size=3, seed=0, position=lambda: asked.append(1) or 2
    )
    batches = iter(loader)
    assert not asked
    first = next(batches)["index"].tolist()
    next(batches)
    assert asked == [1]
    assert first == loader.order(2).tolist()


def test_it_is_endless_and_resumable_for_lightning():
    loader = train(5, 3)
    assert not hasattr(loader, "__len__")
    assert loader.state_dict() == {}
    loader.load_state_dict({})


@given(n=st.integers(1, 5000), share=st.integers(1, 40), world=st.integers(1, 4))
def test_validation_goes_round_in_full_batches(n, share, world):
    size, rows = share * world, np.arange(n) * 10
    positions = -(-min(max(n, 256), 2048) // size) * size
    expected = rows[np.arange(positions) % n].reshape(-1, size)
    for rank in range(world):
        loader = EvalBatches(fetch, rows, size=size, rank=rank, world=world)
        batches = [batch["index"].tolist() for batch in loader]
        assert len(loader) == len(batches) == len(expected)
        assert batches == expected[:, rank::world].tolist()
