"""SpriteDataModule: a source, the doctor, the split, the loaders. A new source writes `read`."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from lightning import LightningDataModule
from PIL import Image
from torch import Tensor

from datamodules.arrays import Sprites, packed
from datamodules.attributes import Attribute, attributes_of
from datamodules.batches import Batch, EvalBatches, TrainBatches
from datamodules.doctor.examination import Card, check, examine, pinned
from datamodules.doctor.splits import HELD_OUT, Parts, nested
from datamodules.errors import DataError
from datamodules.few_colours import EXACT, STANDING, in_few_colours
from datamodules.kinds import AUTO, with_kinds
from datamodules.picked import Picked, from_file
from datamodules.rules import READER

MOST_HELD_OUT = 0.5  # of all sprites
MAX_BATCH = 2**14  # small sets repeat, so that any batch would be filled


class SpriteDataModule(LightningDataModule, ABC):
    """Sprites of one source, ready to train on; usable without a trainer after `setup()`.

    Args:
        batch_size: sprites of one forward over all devices; must be divisible by their number.
        seed: key of the training order; the split does not depend on it.
        n_train: train on so many sprites only, drawn from the training part; None for all.
            Validation and test stay as they are.
        hold_out: share of the sprites that are kept from training, half for validation and half
            for the test; with 0 all are trained on, and nothing is unseen.
        most_colours: of the training sprites; where they have more, all sprites are brought to so
            many that stand for theirs. `auto` brings them to 128 where there are more than 256,
            None keeps every colour.
        attributes: where more is known of each sprite, see `datamodules.attributes`; None for what
            the source itself knows.
        kinds: about so many kinds of sprites that look alike are found, as one more attribute,
            see `datamodules.kinds`; `auto` for as many as suit where there are no attributes, None
            for none.

    Attributes (after `setup`):
        sprites: all rows in the order of the source, exact repeats included.
        split: int64 row numbers of "train", "val" and "test"; of equal sprites the first is used.
        groups: int64 `(N,)`, the group of each row: sprites of one repeat each other, exactly or
            nearly, and lie in the same part.
        card: what the doctor found and decided, as plain values; `doctor.table` prints it.

    Raises:
        DataError: the data cannot be used, or the batch cannot be shared among the devices.
    """

    sprites: Sprites
    split: Parts
    groups: np.ndarray
    card: Card

    def __init__(
        self,
        *,
        batch_size: int = 64,
        seed: int = 0,
        n_train: int | None = None,
        hold_out: float = HELD_OUT,
        most_colours: int | str | None = None,
        attributes: str | None = None,
        kinds: int | str | None = None,
    ) -> None:
        super().__init__()
        if not 1 <= batch_size <= MAX_BATCH:
            raise DataError(
                f"data.batch_size={batch_size} must be from 1 to {MAX_BATCH:,}; "
                "trainer.accumulate_grad_batches= takes several into one step."
            )
        if not isinstance(hold_out, int | float) or not 0 <= hold_out <= MOST_HELD_OUT:
            raise DataError(
                f"data.hold_out={hold_out} must be a share from 0 to {MOST_HELD_OUT}; with 0 all "
                "sprites are trained on."
            )
        self.batch_size, self.seed, self.n_train = batch_size, seed, n_train
        self.hold_out = hold_out
        self.most_colours, self.attributes_from, self.kinds = most_colours, attributes, kinds

    @abstractmethod
    def read(self) -> Sprites:
        """The sprites of this source, and what it knows about them."""

    def setup(self, stage: str | None = None) -> None:
        """Read, check, examine and split; once, however often it is called."""
        if hasattr(self, "card"):
            return
        self.sprites = self.read()
        if self.attributes_from is not None:
            found, notes = attributes_of(
                self.attributes_from, self.sprites.names, len(self.sprites)
            )
            notes = [*self.sprites.notes, *notes]
            self.sprites = replace(self.sprites, attributes=found, notes=tuple(notes))
        check(self.sprites)
        self.split, self.groups, self.card = examine(self.sprites, self.hold_out)
        self.card["reader"] = READER
        if self.most_colours is not None:
            self._bring_to(self.most_colours)
        if self.n_train is not None:
            self._train_on(self.n_train)
        if self.kinds is not None:
            known, rows = self._attributes, self.split["train"]
            found = with_kinds(self.sprites, known, rows, self.kinds)
            if found is not known:
                self.sprites = replace(self.sprites, attributes=found)
                self.card["kinds"] = len(found[0].values)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of a sprite."""
        height, width, channels = self.sprites.images.shape[1:]
        return channels, height, width

    @property
    def label_names(self) -> tuple[str, ...]:
        """The name of each label; empty without labels."""
        return self.sprites.label_names

    @property
    def classes(self) -> int:
        """Number of labels; 0 without labels."""
        return len(self.label_names)

    @property
    def label_frequencies(self) -> list[float]:
        """Share of each label among the labelled training rows; empty without labels."""
        if self.sprites.labels is None:
            return []
        labels = self.sprites.labels[self.split["train"]]
        counts = np.bincount(labels[labels >= 0], minlength=self.classes)
        return (counts / max(1, counts.sum())).tolist()

    def own_attributes(self) -> tuple[Attribute, ...]:
        """What the source knows of its sprites by itself, as far as no file had to say it."""
        return ()

    @property
    def _attributes(self) -> tuple[Attribute, ...]:
        return self.sprites.attributes or self.own_attributes()

    @property
    def attribute_names(self) -> dict[str, tuple[str, ...]]:
        """The attributes of these sprites, and the names of their values; empty without any."""
        return {each.name: each.values for each in self._attributes}

    def attribute_values(self, rows: np.ndarray) -> Tensor:
        """Which values these rows have, int64 `(n, A)`, -1 for one that is not known; only where
        there are attributes."""
        return torch.from_numpy(np.stack([each.of[rows] for each in self._attributes], axis=1))

    def colours(self, limit: int) -> list[list[int]]:
        """The colours of the training rows in order, as bytes; just over `limit` if more."""
        found = np.empty(0, np.uint32)
        for _, images in self.sprites.chunks(self.split["train"]):
            found = np.union1d(found, packed(images))
            if len(found) > limit:
                break
        colours = found.view(np.uint8).reshape(len(found), 4)[:, : self.shape[0]]
        return np.unique(colours, axis=0)[: limit + 1].tolist()

    def images(self, rows: np.ndarray) -> Tensor:
        """Sprites uint8 `(n, C, H, W)` of these rows; RGB is 0 where alpha is 0."""
        return _planes(self.sprites.take(rows))

    def parts(self, rows: np.ndarray) -> Iterator[Tensor]:
        """The same as `images(rows)`, a few megabytes at a time."""
        for _, images in self.sprites.chunks(rows):
            yield _planes(images)

    def labels(self, rows: np.ndarray) -> Tensor | None:
        """Labels int64 `(n,)` of these rows, -1 for a row without one, or None."""
        labels = self.sprites.labels
        return None if labels is None else torch.from_numpy(labels[rows])

    def find(self, name: str) -> int:
        """The row of the sprite of that name."""
        names = self.sprites.names or ()
        if name not in names:
            raise DataError(f"No sprite is called {name}; names look like {', '.join(names[:3])}.")
        return names.index(name)

    def pick(self, wanted: str | int) -> Picked:
        """The sprite of a row, of a name, or of an image file.

        Raises:
            DataError: no such row, name or file, or an image of another size or kind.
        """
        if foreign := from_file(wanted, self.shape):
            return foreign
        row = wanted if isinstance(wanted, int) else self.find(wanted)
        if not 0 <= row < len(self.sprites):
            last = len(self.sprites) - 1
            raise DataError(f"There is no row {row}; this data has rows 0 to {last}.")
        one = np.array([row])
        labels, image = self.labels(one), self.images(one)[0]
        values = self.attribute_values(one)[0].tolist() if self.attribute_names else ()
        return Picked(self.called(row), image, -1 if labels is None else int(labels), (*values,))

    def called(self, row: int) -> str:
        """What to call the sprite of this row."""
        return self.sprites.names[row] if self.sprites.names else f"row {row}"

    def imported(self) -> Image.Image | None:
        """How the source was cut up, for people to look at; None where nothing was cut."""
        return None

    def validity(self, images: Tensor) -> dict[str, float]:
        """What this source can say of sprites that a model made: scores by name; here none.

        Args:
            images: uint8 `(N, C, H, W)`.
        """
        return {}

    def attributes(self, images: Tensor) -> list[dict[str, str]]:
        """What each sprite uint8 `(N, C, H, W)` shows clearly, as name -> value; here nothing."""
        return [{} for _ in images]

    def train_dataloader(self) -> TrainBatches:
        """Endless batches that go on where the trainer's count of micro-batches stands."""
        return TrainBatches(
            self._batch,
            self.split["train"],
            size=self.batch_size,
            seed=self.seed,
            position=self._position,
            **self._share(),
        )

    def val_dataloader(self) -> EvalBatches:
        """The same validation batches every time; of training sprites where none is held out, so
        that what happens at every validation still does."""
        rows = self.split["val"] if len(self.split["val"]) else self.split["train"]
        return EvalBatches(self._batch, rows, size=self.batch_size, **self._share())

    def on_before_batch_transfer(self, batch: Batch, dataloader_idx: int) -> Batch:
        """For a CUDA device from pinned memory: the host goes on to the next batch meanwhile."""
        if self.trainer is None or self.trainer.strategy.root_device.type != "cuda":
            return batch
        return {name: values.pin_memory() for name, values in batch.items()}

    def _bring_to(self, most: int | str) -> None:
        """Brings the sprites to so many colours where the training sprites have more."""
        if most == AUTO:
            kept, most = EXACT, STANDING
        elif isinstance(most, int) and most >= 2:
            kept = most
        else:
            raise DataError(
                f"data.most_colours={most} must be {AUTO}, or a whole number, 2 or more; null "
                "keeps all."
            )
        if len(self.colours(kept)) > kept:
            self.sprites, note = in_few_colours(self.sprites, self.split["train"], most)
            self.card["notes"].append(note)
            self.card["brought_to"] = most

    def _train_on(self, n: int) -> None:
        train = self.split["train"]
        if not isinstance(n, int) or not 1 <= n <= len(train):
            raise DataError(
                f"data.n_train={n} must be a whole number, 1 to {len(train):,}; so many sprites "
                "are in training."
            )
        self.split["train"] = nested(train, pinned(self.sprites, train), n)
        self.card["split"]["train"] = n
        self.card["notes"].append(f"Training sees {n:,} of {len(train):,} sprites (data.n_train).")

    def _batch(self, rows: np.ndarray) -> Batch:
        batch = {"image": self.images(rows), "index": torch.from_numpy(rows.copy())}
        known = {"label": self.labels(rows)}
        if self.attribute_names:
            known["attributes"] = self.attribute_values(rows)
        return batch | {name: values for name, values in known.items() if values is not None}

    def _position(self) -> int:
        """How many micro-batches the trainer has begun, those before a restart included."""
        if self.trainer is None:
            return 0
        return self.trainer.fit_loop.epoch_loop.batch_progress.total.ready

    def _share(self) -> dict[str, int]:
        trainer = self.trainer
        rank, world = (trainer.global_rank, trainer.world_size) if trainer else (0, 1)
        if self.batch_size % world:
            raise DataError(
                f"data.batch_size={self.batch_size} cannot be shared by {world} devices;"
                f" give a multiple of {world}."
            )
        return {"rank": rank, "world": world}


def _planes(images: np.ndarray) -> Tensor:
    """`(n, H, W, C)` as a tensor `(n, C, H, W)`."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
