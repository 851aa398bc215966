"""What depends on the data is chosen once: after the doctor has looked, before anything is made.

`conf/prediction/auto.yaml` names two predictions. The one that is chosen stands in the run's
configuration from then on, as if it had been typed.
"""

from typing import Any

from omegaconf import OmegaConf

from diffusion.commands.complaints import CONF
from diffusion.errors import UserError
from diffusion.palette import MAX_COLOURS
from diffusion.sprite_data import SpriteData

FEW, MANY = "few_colours", "many_colours"
SUGGESTED = 64  # colours; fewer show, and more are learned more slowly


def chosen(config: dict[str, Any], data: SpriteData) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration with what these sprites decide, and the names of that by their groups.

    Args:
        config: plain containers.
        data: a SpriteDataModule after `setup`.

    Raises:
        UserError: a name that is no prediction's, or other values beside the two names.
    """
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
    file = CONF / "prediction" / f"{name}.yaml"
    part = OmegaConf.to_container(OmegaConf.load(file)) if file.is_file() else {}
    if not isinstance(part, dict) or "_target_" not in part:
        raise UserError(f"prediction.{FEW if few else MANY}={name} is no prediction.")
    return config | {"prediction": part}, {"prediction": name}


def in_lines(picked: dict[str, str], data: SpriteData) -> list[str]:
    """What was chosen, and what it follows from."""
    if not picked:
        return []
    found = len(data.colours(limit=MAX_COLOURS))
    colours = f"{found} colours"
    if found > MAX_COLOURS:
        colours = (
            f"more than {MAX_COLOURS} colours. data.most_colours={SUGGESTED} brings sprites to "
            f"{SUGGESTED} that stand for all, and is learned much sooner; check=true shows it"
        )
    return [f"chosen      {group}={name}: {colours}" for group, name in picked.items()]
