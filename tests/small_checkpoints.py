"""Small checkpoints without a network, written and read as those of a run."""

import torch

from diffusion.runs.checkpoint import AtomicCheckpointIO, read

CONTENT = {
    "card": {"words": ["a", 1, 2.5, None]},
    "state_dict": {"w": torch.arange(900.0).view(30, 30), "n": torch.arange(7)},
    "global_step": 5,
}


def saved(path, step=5):
    AtomicCheckpointIO().save_checkpoint(CONTENT | {"global_step": step}, path)
    return path


def step_of(file):
    return read(file)["global_step"]


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def zeros(data, start, end):
    return data[:start] + bytes(end - start) + data[end:]


def damage(file):
    file.write_bytes(zeros(file.read_bytes(), 500, 900))
