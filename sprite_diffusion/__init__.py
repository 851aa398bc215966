"""Sprites from Python, with the words of the commands as keyword arguments.

    import sprite_diffusion as sd

    run = sd.load("runs/first")
    run.sample(64, seed=0).save("out")

Wrong input raises `UserError` with the sentence that the command would print.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig
from PIL.Image import Image

from diffusion.commands import look as _look
from diffusion.commands import report as _report
from diffusion.commands import sample as _sample
from diffusion.commands import train as _train
from diffusion.commands.keywords import composed, refusing, words_of
from diffusion.errors import UserError

__all__ = ["Run", "Sprites", "UserError", "load", "train"]


@dataclass(frozen=True)
class Sprites:
    """Sprites that a run makes when they are asked for; the same words mean the same sprites."""

    config: DictConfig

    @cached_property
    def images(self) -> np.ndarray:
        """uint8 `(N, H, W, C)`, as in `sprites.npz`."""
        from diffusion.commands.sampling import images_of  # takes seconds

        with refusing("sample"):
            return images_of(self.config).permute(0, 2, 3, 1).numpy()

    @property
    def sheet(self) -> Image:
        """All of them side by side on a checkerboard, enlarged; notebooks show it by itself."""
        import torch  # takes seconds

        from diffusion import pictures

        return pictures.grid(torch.from_numpy(self.images).permute(0, 3, 1, 2))

    def _repr_png_(self) -> bytes:
        from diffusion import pictures  # takes seconds

        return pictures.png(self.sheet)

    def save(self, out: str | Path | None = None) -> Path:
        """Writes what `sample.py` writes; returns the folder, RUN/samples unless named."""
        from diffusion.commands.sampling import make_sprites  # takes seconds

        config = self.config.copy()
        config.out = None if out is None else str(out)
        with refusing("sample"):
            folder = make_sprites(config)
        assert folder is not None  # this is the first process
        return folder


@dataclass(frozen=True)
class Run:
    """A trained run.

    Args:
        path: its directory, or a `.ckpt` or `.safetensors` file.
    """

    path: str

    def sample(self, n: int = 64, **words: Any) -> Sprites:
        """Sprites, with the words of `sample.py`: `seed=1, sampler={"steps": 20}, from_="Bob"`.

        Raises:
            UserError: a word that is not known, or a value out of range.
        """
        typed = words_of({"run": self.path, "n": n} | words)
        config = composed("sample", typed, _sample.READ).config
        for word in ("page", "export", "kept"):
            if config[word] is not None:
                raise UserError(f"{word}= is typed to sample.py; sample() makes sprites by words.")
        _sample.check(config)
        return Sprites(config)

    def look(self, **words: Any) -> Path:
        """A view of one sprite, with the words of `look.py`: `panel=3`; returns its folder."""
        typed = composed("look", words_of({"run": self.path} | words), _look.READ)
        with refusing("look"):
            return _look.view_of(typed.config, typed.words)

    def report(self, **words: Any) -> Path:
        """Judges the run, with the words of `report.py`; returns the report's folder."""
        typed = composed("report", words_of({"runs": [self.path]} | words), _report.READ)
        with refusing("report"):
            return _report.report_of(typed.config, typed.words)


def load(run: str | Path) -> Run:
    """A run by its directory, or by a `.ckpt` or `.safetensors` file.

    Raises:
        UserError: there is none.
    """
    from diffusion.runs.loading import checkpoint_file  # takes seconds

    if not checkpoint_file(str(run), "last").is_file():
        raise UserError(f"There is no trained run {run}; give a run directory or a .ckpt file.")
    return Run(str(run))


def train(words: Mapping[str, Any] | None = None, run: str | Path | None = None) -> Run:
    """Trains, or continues the run in that directory, with the words of `train.py`.

    Args:
        words: such as `{"data": "array", "data.path": "sprites.npz"}`; values may be nested.
        run: the directory; a new one below `runs/` unless named.

    Raises:
        UserError: whatever the command would refuse.
    """
    from diffusion.callbacks.cost import Cost  # takes seconds

    Cost.before = time.process_time()
    place = {} if run is None else {"hydra.run.dir": str(run)}
    typed = composed("train", words_of(dict(words or {}) | place))
    if typed.config.check:
        raise UserError("check=true trains nothing; type it to train.py.")
    with refusing("train"):
        _train.run_in(typed.folder, typed.config, typed.words, typed.choices)
    return Run(str(typed.folder))
