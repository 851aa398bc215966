"""Whole batches cut from one array in a keyed order; nothing is shuffled, stored or restored.

Training order is an endless chain of permutations of the training rows; number p of the chain is
`numpy.random.default_rng([seed, p]).permutation(rows)`. Global batch b is the positions
`bB ... (b + 1)B - 1` of the chain: always full, and a set smaller than B repeats. Rank r of W
takes every W-th row of it from the r-th on, so all ranks together see the same for any W.
"""

from collections.abc import Callable, Iterator

import numpy as np
from torch import Tensor

Batch = dict[str, Tensor]
Fetch = Callable[[np.ndarray], Batch]


class TrainBatches:
    """Endless batches from number `position()` on; it is asked when the first batch is.

    Args:
        fetch: makes a batch of row numbers.
        rows: the training rows, int64 `(n,)`.
        size: rows of a global batch, B; divisible by `world`.
        seed: key of the order.
        position: the number of the next global batch, which a trainer counts.
        rank, world: which share of each batch is ours.
    """

    def __init__(
        self,
        fetch: Fetch,
        rows: np.ndarray,
        *,
        size: int,
        seed: int,
        position: Callable[[], int],
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.fetch, self.rows, self.size, self.seed = fetch, rows, size, seed
        self.position, self.rank, self.world = position, rank, world
        self._permutations: dict[int, np.ndarray] = {}  # those that the latest batch was cut from

    def __iter__(self) -> Iterator[Batch]:
        number = self.position()
        while True:
            yield self.fetch(self.order(number)[self.rank :: self.world])
            number += 1

    def order(self, number: int) -> np.ndarray:
        """The row numbers of a global batch, int64 `(B,)`."""
        positions = np.arange(number * self.size, (number + 1) * self.size)
        turn, place = np.divmod(positions, len(self.rows))
        turns = range(turn[0], turn[-1] + 1)
        self._permutations = {p: self._permutation(p) for p in turns}
        return np.concatenate([self._permutations[p][place[turn == p]] for p in turns])

    def _permutation(self, number: int) -> np.ndarray:
        if number in self._permutations:
            return self._permutations[number]
        return np.random.default_rng([self.seed, number]).permutation(self.rows)

    def state_dict(self) -> dict[str, int]:
        """Nothing, as the trainer counts; that it exists tells Lightning that we can resume."""
        return {}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Nothing to load."""


class EvalBatches:
    """The same full batches every time: 256 to 2,048 positions, going round the rows.

    Args: as of `TrainBatches`.
    """

    def __init__(
        self, fetch: Fetch, rows: np.ndarray, *, size: int, rank: int = 0, world: int = 1
    ) -> None:
        self.fetch, self.rows, self.size = fetch, rows, size
        self.rank, self.world = rank, world

    def __len__(self) -> int:
        return -(-min(max(len(self.rows), 256), 2048) // self.size)

    def __iter__(self) -> Iterator[Batch]:
        for number in range(len(self)):
            positions = np.arange(number * self.size, (number + 1) * self.size)
            ours = positions[self.rank :: self.world]
            yield self.fetch(self.rows[ours % len(self.rows)])
