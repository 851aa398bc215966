"""`sample.py`: new sprites, or variants of one, from a trained run."""

from typing import Any

from omegaconf import DictConfig

from diffusion.commands.entry import entry, plain
from diffusion.commands.numbers import LARGEST_SEED, check_numbers
from diffusion.errors import UserError
from diffusion.runs.trust import trusted

LOWEST = {
    "n": 1,
    "of": 1,
    "batch_size": 1,
    "devices": 1,
    "shards": 1,
    "seed": 0,
    "index": 0,
    "max_colours": 1,
}
HIGHEST = {  # memory of the network grows with the batch; five digits number the parts
    "batch_size": 4096,
    "shards": 99_999,
    "seed": LARGEST_SEED,
    "index": LARGEST_SEED,
}
OF_SPRITES: dict[str, Any] = {  # word -> what it is where it is not typed
    **dict.fromkeys(("of", "index", "label", "label_index", "labels", "from", "noise_level")),
    **dict.fromkeys(("keep", "colours", "max_colours", "recolour", "tile")),
    "mirror": False,
    "guidance": 1,
}
ALONE = {
    "page": "takes the network itself, and every sprite is made in it",
    "kept": "says which sprites",
    "export": "takes the network itself",
}
VIEW = "{typed} is a view of one sprite; type: python look.py {line}"
OWN = "The run brings its own data and schedule; leave out {typed}."
ELSEWHERE = dict.fromkeys(("panel", "variations", "noising"), VIEW)
ELSEWHERE |= dict.fromkeys(("data", "schedule"), OWN)


READ = {"sampler.": "++sampler."}


@entry("sample", READ, ELSEWHERE)
def main(cfg: DictConfig) -> None:
    """Writes sprites, or with `page=` and `export=` the network."""
    check(cfg)
    if cfg.page is not None:
        from diffusion.commands.paging import make_page

        make_page(cfg)
    elif cfg.kept is not None:
        from diffusion.commands.keeping import make_kept

        make_kept(cfg)
    elif cfg.export is not None:
        from diffusion.commands.exporting import export_network

        trust = trusted(plain(cfg.trust))
        export_network(str(cfg.run), cfg.checkpoint, str(cfg.export), trust, cfg.credit)
    else:
        from diffusion.commands.sampling import make_sprites  # takes seconds

        make_sprites(cfg)


def check(cfg: DictConfig) -> None:
    """Refuses numbers out of range, and words without a run."""
    check_numbers(cfg, LOWEST, HIGHEST, optional=("of", "index", "max_colours"))
    if cfg.run is None:
        raise UserError("run is missing; give a run directory or a .ckpt file as run=...")
    for word, what in ALONE.items():
        usual = OF_SPRITES | dict.fromkeys(ALONE)
        others = [other for other in usual if cfg[other] != usual[other]]
        if cfg[word] is not None:
            others += cfg.attribute
        if cfg[word] is not None and (unfit := [other for other in others if other != word]):
            raise UserError(f"{word}= {what}; leave out {unfit[0]}=.")
    if not isinstance(cfg.gallery, bool) or (cfg.gallery and cfg.shards > 1):
        raise UserError(f"gallery={cfg.gallery} must be true or false, and goes without shards=.")
    if cfg.of is None:
        return
    if cfg.of < cfg.n:
        raise UserError(f"of={cfg.of} is fewer than n={cfg.n}, which are to be kept of them.")
    if cfg.index is not None or cfg.labels is not None or cfg.shards > 1:
        raise UserError("of= chooses among n sprites; leave out index= labels= and shards=.")


if __name__ == "__main__":
    main()
