"""`look.py`: views of one sprite in noise, as pictures."""

from pathlib import Path

from omegaconf import DictConfig

from diffusion.commands.entry import entry, overrides, plain
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.commands.unknown import unknown_word
from diffusion.errors import UserError

VIEWS = ("noising", "panel", "variations")


READ = {"sampler.": "++sampler.", "data.": "++data."}


@entry("look", READ)
def main(cfg: DictConfig) -> None:
    """Writes one view of one sprite."""
    view_of(cfg, overrides())


def view_of(cfg: DictConfig, words: list[str]) -> Path:
    """Writes the view that these words ask for; returns its folder."""
    check_numbers(cfg, {"n": 1, "seed": 0}, {"n": 1024, "seed": LARGEST_SEED})
    views = [view for view in VIEWS if cfg[view] is not None]
    asked = next(iter(plain(cfg.attribute)), None)  # or a word that is none
    if asked and (cfg.run is None or views not in (["panel"], ["variations"])):
        raise UserError(unknown_word(asked, asked, "look"))
    if len(views) != 1:
        raise UserError("Give one view of a sprite: panel=NAME, variations=NAME or noising=NAME.")
    if cfg.run is None and views != ["noising"]:
        raise UserError(f"{views[0]}= needs a trained network; give run=..., a run directory.")
    own = [word for word in words if word.lstrip("+").startswith(("data", "schedule"))]
    own = [word for word in own if not word.lstrip("+").startswith("data.path=")]
    if cfg.run is not None and own:
        raise UserError(f"run= brings its own data and schedule; leave out {' '.join(own)}.")
    from diffusion.commands.looking import look  # takes seconds

    return look(cfg, views[0])


if __name__ == "__main__":
    main()
