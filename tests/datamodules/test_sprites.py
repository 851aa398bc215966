"""SpriteDataModule alone and in a trainer: what others rely on, and exact resuming."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from datamodules.arrays import Sprites
from datamodules.errors import DataError
from datamodules.sprites import SpriteDataModule

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (50, 6, 7, 4), dtype=np.uint8)
IMAGES[..., 3] |= 1
IMAGES[9] = IMAGES[4]
LABELS = np.arange(50) % 3


class Crowd(SpriteDataModule):
    """Fifty random sprites, of which two are equal."""

    reads = 0

    def read(self):
        self.reads += 1
        names = tuple(f"no {k}" for k in range(50))
        return Sprites(IMAGES, LABELS, ("a", "b", "c"), names=names)


class Plain(SpriteDataModule):
    """The same without labels and names."""

    def read(self):
        return Sprites(IMAGES[..., :1])


def ready(kind=Crowd, **options):
    data = kind(**options)
    data.setup()
    return data


def test_the_surface():
    data = ready()
    data.setup("fit")
    assert data.reads == 1
    assert data.shape == (4, 6, 7)
    assert (data.classes, data.label_names) == (3, ("a", "b", "c"))
    assert data.find("no 7") == 7
    with pytest.raises(DataError, match=r"No sprite is called Bob; names look like no 0, no 1"):
        data.find("Bob")
    rows = data.split["train"]
    shares = np.bincount(LABELS[rows]) / len(rows)
    assert data.label_frequencies == shares.tolist()
    images = data.images(np.array([3, 1, 3]))
    assert images.dtype == torch.uint8
    assert images.is_contiguous()
    assert (images.numpy() == IMAGES[[3, 1, 3]].transpose(0, 3, 1, 2)).all()
    assert data.labels(np.array([3, 1, 5])).tolist() == [0, 1, 2]
    used = np.concatenate(list(data.split.values()))
    assert sorted(used.tolist()) == [k for k in range(50) if k != 9]
    assert data.groups[9] == data.groups[4]
    parts = [set(data.groups[rows]) for rows in data.split.values()]
    assert not parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2]


def test_without_labels_and_names():
    data = ready(Plain)
    assert (data.classes, data.label_names, data.label_frequencies) == (0, (), [])
    assert data.labels(np.array([1])) is None
    assert set(next(iter(data.train_dataloader()))) == {"image", "index"}
    with pytest.raises(DataError, match="No sprite is called Bob"):
        data.find("Bob")


def test_a_batch():
    data = ready(batch_size=16)
    for loader, part in (data.train_dataloader(), "train"), (data.val_dataloader(), "val"):
        batch = next(iter(loader))
        rows = batch["index"].numpy()
        assert batch["index"].dtype == batch["label"].dtype == torch.int64
        assert set(rows) <= set(data.split[part])
        assert (batch["image"] == data.images(rows)).all()
        assert batch["image"].shape == (16, 4, 6, 7)
        assert batch["label"].tolist() == LABELS[rows].tolist()


def test_parts_are_small_and_together_all(monkeypatch):
    data, rows = ready(), np.array([3, 1, 3, 9, 0])
    monkeypatch.setattr("datamodules.arrays.CHUNK", 2 * IMAGES[0].nbytes)
    parts = list(data.parts(rows))
    assert [len(part) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat(parts), data.images(rows))


@pytest.mark.parametrize("device", ["cpu", "mps", "cuda"])
def test_batches_for_a_cuda_device_are_pinned(monkeypatch, device):
    data = ready()
    batch = next(iter(data.train_dataloader()))
    assert data.on_before_batch_transfer(batch, 0) is batch  # without a trainer
    data.trainer = SimpleNamespace(strategy=SimpleNamespace(root_device=torch.device(device)))
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self) or self)
    handed = data.on_before_batch_transfer(batch, 0)
    assert len(pinned) == (len(batch) if device == "cuda" else 0)
    assert all(torch.equal(handed[name], values) for name, values in batch.items())


def test_the_seed_orders_and_does_not_split():
    one, other = ready(seed=1), ready(seed=2)
    assert one.card == other.card
    orders = [next(iter(data.train_dataloader()))["index"].tolist() for data in (one, other)]
    assert orders[0] != orders[1]


@pytest.mark.parametrize("size", [0, -1])
def test_a_batch_has_sprites(size):
    with pytest.raises(DataError, match="must be from 1 to"):
        Crowd(batch_size=size)


def test_devices_share_a_batch():
    data = ready(batch_size=12)
    whole = next(iter(data.train_dataloader()))["index"]
    progress = SimpleNamespace(total=SimpleNamespace(ready=0))
    loop = SimpleNamespace(epoch_loop=SimpleNamespace(batch_progress=progress))
    for rank in range(4):
        data.trainer = SimpleNamespace(global_rank=rank, world_size=4, fit_loop=loop)
        assert next(iter(data.train_dataloader()))["index"].tolist() == whole[rank::4].tolist()
        assert next(iter(data.val_dataloader()))["index"].shape == (3,)
    data.trainer.world_size = 5
    with pytest.raises(DataError, match="batch_size=12 cannot be shared by 5 devices"):
        data.train_dataloader()


class Witness(LightningModule):
    """Writes down which rows it sees at which micro-step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen, self.validated = {}, []

    def training_step(self, batch, batch_idx):
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx
        assert step not in self.seen
        self.seen[step] = batch["index"].tolist()
        return (self.weight - batch["image"].float().mean()).square().sum()

    def validation_step(self, batch, batch_idx):
        self.validated.append(batch["index"].tolist())

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), 1e-3)


def fitted(path, steps, accumulate, resume=None):
    witness = Witness()
    keeper = ModelCheckpoint(path, filename="{step}", every_n_train_steps=3, save_top_k=-1)
    trainer = Trainer(
        accelerator="cpu",
        max_steps=steps,
        max_epochs=-1,
        val_check_interval=4,
        check_val_every_n_epoch=None,
        num_sanity_val_steps=0,
        accumulate_grad_batches=accumulate,
        callbacks=[keeper],
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(witness, ready(batch_size=16, seed=5), ckpt_path=resume, weights_only=True)
    return witness


@pytest.mark.parametrize("accumulate", [1, 2])
def test_resuming_sees_what_an_uninterrupted_run_sees(tmp_path, accumulate):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", "The `srun` command")  # where SLURM is installed
        whole = fitted(tmp_path, 12, accumulate)
        later = fitted(tmp_path, 12, accumulate, resume=tmp_path / "step=6.ckpt")
    order = ready(batch_size=16, seed=5).train_dataloader()
    assert whole.seen == {k: order.order(k).tolist() for k in range(12 * accumulate)}
    assert later.seen == {k: whole.seen[k] for k in range(6 * accumulate, 12 * accumulate)}
    assert len({str(whole.validated[start : start + 16]) for start in (0, 16)}) == 1
    messages = [str(w.message) for w in caught if issubclass(w.category, UserWarning)]
    assert [m for m in messages if not m.startswith("Checkpoint directory")] == []
