"""What to type instead of a word that nothing knows."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from hydra.core.global_hydra import GlobalHydra
from omegaconf import OmegaConf

from diffusion.commands.elsewhere import choice_for, names_for, sentence_about

CONF = Path(__file__).parents[2] / "conf"
VERBS = ("train", "sample", "look", "report")
NO_NAME = re.compile(r"-?[\d.]+(e-?\d+)?|null|true|false", re.IGNORECASE)


def unknown_choice(group: str, option: str) -> str:
    """A sentence about `group=option`, which does not exist."""
    known = sorted(file.stem for file in (CONF / group).glob("*.yaml"))
    near = [f"{group}={name}" for name in get_close_matches(option, known, 1, 0.6)]
    if NO_NAME.fullmatch(option):
        near = [name for name in names_for(group) if "." in name]
    hint = f"did you mean {near[0]}?" if near else ""
    hint = choice_for(f"{group}={option}") or hint
    hint += ";" * (hint != "" and not hint.endswith("?"))
    return (
        f"{group}={option} is not known; {hint}{' ' * (hint != '')}known are {', '.join(known)}."
    )


def unknown_word(word: str, missing: str, config_name: str) -> str:
    """A sentence about a group or key that does not exist.

    Args:
        word: as typed.
        missing: the first part of it that does not exist.
        config_name: of the command.
    """
    if config_name == "train" and (answer := sentence_about(word)):
        return f"{word} is not known here; {answer}."
    group, _, key = missing.partition(".")
    owners = sorted(
        file.stem
        for file in (CONF / group).glob("*.yaml")
        if key and re.search(rf"^{re.escape(key)}:", file.read_text(), re.MULTILINE)
    )
    if owners:
        return f"{word} belongs to {' and '.join(f'{group}={owner}' for owner in owners)}."
    if places := _places(group, key):
        way, owner = places[0]
        return f"{word} belongs to {group}={owner}; there it is {way}=..."
    if hint := " or ".join(_hints(word, config_name)):
        return f"{word} is not known; did you mean {hint}?"
    names = known_names(config_name)
    above = missing if missing in names else missing.rpartition(".")[0]
    if keys := [name[len(above) + 1 :] for name in names if _is_in(name, above)]:
        return f"{word} is not known; {above} has {', '.join(keys)}."
    for name in (word, *names_for(word)):
        verbs = [f"{verb}.py" for verb in VERBS if name.partition(".")[0] in heads(verb)]
        if verbs and f"{config_name}.py" not in verbs:
            where = " and ".join(", ".join(verbs).rsplit(", ", 1))
            meant = f"is a word of {where}" if name == word else f"is {name}= at {where}"
            return f"{word} {meant}; --help lists those of {config_name}.py."
    return f"{word} is not known; --help lists what is."


def _hints(word: str, config_name: str) -> list[str]:
    """Names of a command that may have been meant: what others mean by it, or the nearest."""
    names = known_names(config_name)
    head, _, last = word.rpartition(".")
    meant = [
        name for name in names_for(word) if name in names or is_of_a_choice(name, config_name)
    ]
    if meant and meant != [word]:
        return [name for name in meant if _is_in(name, head)] or meant
    ends = {name.rpartition(".")[2]: name for name in reversed(names) if name != word}
    if last in ends:
        return [ends[last]]
    if head in names:
        keys = {name.rpartition(".")[2]: name for name in names if _is_in(name, head)}
        return [keys[key] for key in get_close_matches(last, keys, 2, 0.7)]
    if any(word in heads(verb) for verb in VERBS) or names_for(word) or sentence_about(word):
        return []  # it is another command's
    near = get_close_matches(word, names, 3, 0.75)
    near += [ends[end] for end in get_close_matches(last, ends, 3, 0.75)]
    return list(dict.fromkeys(near))


def _is_in(name: str, group: str) -> bool:
    """Whether a dotted name is a key of this group, and not of one within it."""
    return name.rpartition(".")[0] == group != ""


def is_of_a_choice(name: str, config_name: str) -> bool:
    """Whether a choice of one of the command's groups has this key; or it is where a run goes."""
    group, _, key = name.partition(".")
    if group == "hydra":
        return config_name == "train"
    files = (CONF / group).glob("*.yaml") if group in groups_of(config_name) else ()
    return any(key in OmegaConf.load(file).keys() for file in files)  # noqa: SIM118  also `???`


def groups_of(config_name: str) -> set[str]:
    """The groups of choices that a command has."""
    listed = OmegaConf.load(CONF / f"{config_name}.yaml").defaults
    return {str(key) for entry in listed if OmegaConf.is_dict(entry) for key in entry}


def heads(config_name: str) -> set[str]:
    """The groups of a command, and the first keys of its words."""
    own = {str(key) for key in OmegaConf.load(CONF / f"{config_name}.yaml")}
    return own.union(groups_of(config_name)) - {"defaults", "hydra"}


def _places(group: str, key: str) -> list[tuple[str, str]]:
    """Where a key stands in the choices of a group that lists several: (its way, the choice)."""
    found = []
    for file in sorted((CONF / group).glob("*.yaml")):
        own = OmegaConf.select(OmegaConf.load(file), file.stem)
        if OmegaConf.is_dict(own) and key in own and not key.startswith("_"):
            found.append((f"{group}.{file.stem}.{key}", file.stem))
    return found


def known_names(config_name: str) -> list[str]:
    """Groups and dotted keys of a command's default configuration."""
    from hydra import compose, initialize_config_dir

    GlobalHydra.instance().clear()  # the one that refused
    with initialize_config_dir(str(CONF), version_base="1.3"):
        whole = compose(config_name, return_hydra_config=True)
        groups = [group for group in whole.hydra.runtime.choices if "/" not in group]
        own = OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"])
        cfg = OmegaConf.to_container(own, resolve=False)

    def keys(node: Any, prefix: str = "") -> list[str]:
        if not isinstance(node, dict):
            return []
        return [
            name
            for key, child in node.items()
            for name in [f"{prefix}{key}", *keys(child, f"{prefix}{key}.")]
        ]

    return [*groups, *(key for key in keys(cfg) if not key.endswith("_target_"))]
