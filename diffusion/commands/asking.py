"""The words of `sample.py` about attributes, `hair=red tool=sword`, which only the run knows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from datamodules.picked import Picked
from diffusion.commands.typed import ATTRIBUTE, LABEL
from diffusion.commands.unknown import unknown_word
from diffusion.errors import UserError
from diffusion.runs.loading import Loaded
from diffusion.steering.asked import Asked

OWN = "own"  # what the sprite has that is looked at
SHOWN = 8  # values of an attribute that a sentence names


def asked(
    words: Mapping[str, Any],
    loaded: Loaded,
    stay: Mapping[int, int] | None = None,
    verb: str = "sample",
) -> tuple[Loaded, dict[int, int], str | None]:
    """The network, told the attributes that are asked for; these by their numbers, and in words.

    Args:
        words: `attribute`, and `guidance`: a number for all of them, or one for each.
        loaded: the run.
        stay: values that are told beside, by the numbers of the attributes.
        verb: the command.

    Raises:
        UserError: an attribute or value that the run does not know, or none is asked for and
            a guidance is given.
    """
    known, wanted = loaded.card["sprites"].get("attributes", {}), words[ATTRIBUTE]
    if not known and wanted:
        raise UserError(_unknown(next(iter(wanted)), verb))
    guidance = words["guidance"]
    each = guidance if isinstance(guidance, dict) else dict.fromkeys(wanted, guidance)
    if stray := [name for name in each if name not in wanted]:
        raise UserError(
            f"guidance={{{stray[0]}:...}} is of an attribute that is not asked for; give "
            f"{stray[0]}= as well, or one number for all."
        )
    if known and not wanted and guidance != 1:
        raise UserError(
            f"guidance={guidance} needs something to follow; ask for {_first(known)}, say."
        )
    stay = stay or {}
    if not wanted and not stay:
        return loaded, {}, None
    found = {}
    for name, value in wanted.items():
        if name not in known:
            theirs = f"the attributes that this run learned are {', '.join(known)}"
            raise UserError(f"{_unknown(name, verb)[:-1]}; {theirs}.")
        values = known[name]
        if str(value) not in values:
            near = get_close_matches(str(value), values, SHOWN, 0.4)
            shown = near if len(values) > SHOWN and near else values[:SHOWN]
            more = f" or one of {len(values) - len(shown)} more" if len(values) > SHOWN else ""
            raise UserError(f"{name}={value} is not known; it can be {', '.join(shown)}{more}.")
        found[[*known].index(name)] = values.index(str(value)), each.get(name, 1.0)
    found |= {k: (v, 1.0) for k, v in stay.items() if k not in found}
    told = replace(loaded, denoiser=Asked(loaded.denoiser, found))
    in_words = ", ".join(f"{name}={value}" for name, value in wanted.items()) or None
    return told, {attribute: value for attribute, (value, _) in found.items()}, in_words


def with_label(words: Mapping[str, Any], loaded: Loaded) -> dict[str, Any]:
    """The words; `label=` asks for an attribute where one is called so, as beside kinds."""
    label, known = words["label"], loaded.card["sprites"].get("attributes", {})
    others = label == "none" or isinstance(label, list) or "+" in str(label)
    if label is None or LABEL not in known or (others and label not in known[LABEL]):
        return dict(words)
    return {**words, LABEL: None, ATTRIBUTE: words[ATTRIBUTE] | {LABEL: label}}


def about_sprite(
    words: Mapping[str, Any], loaded: Loaded, picked: Picked
) -> tuple[dict[str, Any], dict[int, int]]:
    """The words with `own` as what the sprite has, and what is told of it beside: all, where
    anything is asked for, and nothing where it is not.

    Args:
        words: with `label` and `attribute`.
        loaded: the run.
        picked: the sprite.
    """
    known, label = loaded.card["sprites"].get("attributes", {}), words["label"]
    values = (known and picked.attributes) or [-1] * len(known)
    theirs = dict(zip(known, values, strict=True))
    names = known.get(LABEL, loaded.card["sprites"]["label_names"])
    if label not in names and (label == OWN or (label == "none" and LABEL in known)):
        wanted = {LABEL: OWN} if label == OWN and LABEL in known else {}
        words = {**words, LABEL: None, ATTRIBUTE: words[ATTRIBUTE] | wanted}
    words, asked_for = with_label(words, loaded), {}
    for name, value in words[ATTRIBUTE].items():
        if value != OWN or OWN in known.get(name, [OWN]):
            asked_for[name] = value
        elif theirs[name] >= 0:
            asked_for[name] = known[name][theirs[name]]
    told = {k: value for k, value in enumerate(theirs.values()) if value >= 0}
    return {**words, ATTRIBUTE: asked_for}, told if words[ATTRIBUTE] else {}


def _unknown(word: str, verb: str) -> str:
    return unknown_word(word, word, verb)


def _first(known: Mapping[str, Sequence[str]]) -> str:
    name, values = next(iter(known.items()))
    return f"{name}={values[0]}"
