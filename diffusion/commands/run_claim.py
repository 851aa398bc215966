"""Claims the run directory before Hydra makes it, so that it is known who did."""

import sys
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, read_write

from diffusion.errors import UserError
from diffusion.runs.claim import Claim
from diffusion.runs.directory import process_rank


class RunClaim(Callback):
    """Hydra makes it from `hydra.callbacks`; sweeps have a callback of their own."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Takes the directory, on the first process; exits 2 when another is at work there."""
        if config.get("check"):  # takes no run directory, and Hydra shall make none
            with read_write(config.hydra):
                config.hydra.run.dir = "."
            return
        if process_rank() != 0:
            return
        try:
            Claim.of(Path(config.hydra.run.dir))
        except UserError as error:  # of errors in callbacks Hydra only warns
            print(f"error: {error}", file=sys.stderr)
            sys.exit(2)
