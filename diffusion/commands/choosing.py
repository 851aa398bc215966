"""What depends on the data is chosen once: after the doctor has looked, before anything is made.

A network that chooses among colours has sprites of very many brought to some that stand for all,
`conf/prediction/auto.yaml` names two predictions, kinds of sprites are told to the network where
`data.kinds` finds any, and it points at colours where attributes are known. What is chosen stands
in the run's configuration from then on, as if it had been typed.
"""

from typing import Any

from omegaconf import OmegaConf

from datamodules.few_colours import STANDING
from datamodules.kinds import AUTO, KIND, LABEL
from diffusion.commands.complaints import CONF
from diffusion.errors import UserError
from diffusion.palette import MAX_COLOURS
from diffusion.sprite_data import SpriteData

FEW, MANY = "few_colours", "many_colours"
ATTRIBUTES = "attributes"  # the word for a network that is told these
CLASSES, POINTS, COLOURS = "model.classes", "model.points", "data.most_colours"
KINDS, BROUGHT = "kinds", "brought_to"  # in the card, where some were found, or it was done


def to_read(config: dict[str, Any]) -> dict[str, Any]:
    """What `data` is built from: networks that do not choose among colours learn all of them."""
    prediction = config.get("prediction")
    if prediction is None:  # a student's is its teacher's, which is held against the data later
        return dict(config["data"])
    part = _named(prediction[FEW]) if FEW in prediction else prediction
    return dict(config["data"]) if "colours" in part else as_they_are(config["data"])


def as_they_are(data: dict[str, Any]) -> dict[str, Any]:
    """A source whose sprites nobody brings to fewer colours, unless a number of them was typed."""
    return data | ({"most_colours": None} if data.get("most_colours") == AUTO else {})


def chosen(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration with what these sprites decide, and the names of that by their groups.

    Args:
        config: plain containers.
        data: a SpriteDataModule after `setup`.

    Raises:
        UserError: a name that is no prediction's, or other values beside the two names.
    """
    config, brought = _brought(config, data)
    config, told = _told(config, data)
    config, picked = _prediction(config, data)
    config, points = _points(config, data)
    return config, brought | told | picked | points


def _brought(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    """To how many colours the sprites were brought, if to any."""
    source = config.get("data") or {}
    if source.get("most_colours") != AUTO:
        return config, {}
    few = data.card.get(BROUGHT)
    return config | {"data": source | {"most_colours": few}}, {COLOURS: f"{few}"} if few else {}


def _told(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    """Kinds are found to be told; where there are none, nothing is."""
    model, kinds = config.get("model") or {}, (config.get("data") or {}).get("kinds")
    classes = model.get("classes")
    if isinstance(classes, bool) and isinstance(kinds, int):
        raise UserError(
            f"data.kinds={kinds} finds kinds to be told, and model.classes={str(classes).lower()} "
            "tells none; leave one of them out."
        )
    if classes != AUTO:
        return config, {}
    fits = KINDS in data.card and model.get("looks") is not None
    found = config | {"model": model | {"classes": ATTRIBUTES if fits else False}}
    return found, {CLASSES: ATTRIBUTES} if fits else {}


def _prediction(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    if FEW not in (config.get("prediction") or {}):
        return config, {}
    names = dict(config["prediction"])
    if others := names.keys() - {FEW, MANY}:
        raise UserError(
            f"prediction=auto knows no {min(others)}; type it with the prediction, as "
            f"prediction=epsilon prediction.{min(others)}=..."
        )
    few = len(data.colours(limit=MAX_COLOURS)) <= MAX_COLOURS
    name = str(names[FEW if few else MANY])
    part = _named(name)
    if "_target_" not in part:
        raise UserError(f"prediction.{FEW if few else MANY}={name} is no prediction.")
    return config | {"prediction": part}, {"prediction": name}


def _named(name: object) -> dict[str, Any]:
    """The values of a prediction; none of a name that is no prediction's."""
    file = CONF / "prediction" / f"{name}.yaml"
    part: Any = OmegaConf.to_container(OmegaConf.load(file)) if file.is_file() else {}
    return part if isinstance(part, dict) else {}


def _points(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    """Attributes that somebody knew show what sprites have in common; kinds less so."""
    model = config.get("model") or {}
    if model.get("points") != AUTO:
        return config, {}
    named = model.get("classes") == ATTRIBUTES and {*data.attribute_names} - {KIND, LABEL}
    fits = bool(named and model.get("looks") and "colours" in (config.get("prediction") or {}))
    found = config | {"model": model | {"points": fits}}
    return found, {POINTS: "true"} if fits else {}


def in_lines(picked: dict[str, str], data: SpriteData) -> list[str]:
    """What was chosen, and what it follows from."""
    why = {}
    if COLOURS in picked:
        why[COLOURS] = (
            f"of more than {MAX_COLOURS}; null keeps all, and is learned far more slowly"
        )
    if CLASSES in picked:
        others = [f", {name}" for name in data.attribute_names if name != KIND]
        why[CLASSES] = f"{data.card[KINDS]} kinds of sprites that look alike{''.join(others)}"
    if "prediction" in picked:
        why["prediction"] = _colours(data)
    if POINTS in picked:
        why[POINTS] = f"usual colours of {', '.join(data.attribute_names)}"
    return [f"chosen      {name}={picked[name]}: {text}" for name, text in why.items()]


def _colours(data: SpriteData) -> str:
    found = len(data.colours(limit=MAX_COLOURS))
    if found <= MAX_COLOURS:
        return f"{found} colours"
    return (
        f"more than {MAX_COLOURS} colours. data.most_colours={STANDING} brings sprites to "
        f"{STANDING} that stand for all, and is learned far sooner; check=true shows it"
    )
