"""The parts that `conf/` offers, as the tests find them: from the files, without a list."""

from functools import cache, partial
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from diffusion.commands import complaints

LISTED = "metrics", "files"  # groups of which several parts are chosen, each with a key of its own
CONF = complaints.CONF  # another tree where tests plant parts


def groups():
    """Every group of choices."""
    return {folder.name for folder in CONF.iterdir() if any(folder.glob("*.yaml"))}


def names(group):
    """Every choice of a group, such as `sampler`."""
    return sorted(file.stem for file in (CONF / group).glob("*.yaml"))


def composed(*words):
    """The configuration that these words give; `???` becomes a file that is not there."""
    command = "sample" if any(word.startswith("files=") for word in words) else "train"
    return _composed(CONF, command, *words)


@cache
def _composed(conf, name, *words):
    with initialize_config_dir(str(conf), version_base="1.3"):
        cfg = compose(name, list(words))
    OmegaConf.set_struct(cfg, False)
    for key in OmegaConf.missing_keys(cfg):
        OmegaConf.update(cfg, key, "nowhere.file")
    if "few_colours" in (cfg.get("prediction") or {}):  # open until there is data
        cfg.prediction = _composed(conf, f"prediction/{cfg.prediction.few_colours}").prediction
    if (cfg.get("prediction") or {}).get("colours") == []:
        cfg.prediction.colours = [[0, 0, 0, 0], [255, 0, 0, 255], [20, 40, 90, 255]]
    return cfg


def settings(group, name):
    """The configuration of one part; of metrics and files, of each in the YAML."""
    return _composed(CONF, f"{group}/{name}")[group]  # alone: in half of the time


def part(group, name):
    """Makes a part from its YAML, with other values where they are given.

    The maker knows the part's `settings()`, and the `config()` of a run that chooses it.
    """

    def make(**values):
        cfg = settings(group, name)
        if group in LISTED:
            (cfg,) = cfg.values()
        if cfg.get("looks"):
            values.setdefault("looks", [16, 16])
        return instantiate(cfg, _convert_="all", **values)

    def config():
        chosen = f"{group}=[{name}]" if group in LISTED else f"{group}={name}"
        return OmegaConf.to_container(composed(chosen), resolve=True)

    make.settings, make.config = partial(settings, group, name), config
    return make


def cases(laws):
    """(group, name, law) of every part that there is and every law of its kind."""
    return [(group, name, law) for group in laws for name in names(group) for law in laws[group]]


def comment(group, name):
    """The first line of a YAML."""
    return (Path(CONF) / group / f"{name}.yaml").read_text().splitlines()[0]
