"""What the card of a checkpoint must say before anything is made from it.

A card is written by this project, and read from files that anybody may have written. It is plain
containers; nothing in it may make a program reach for absurd amounts of memory or time.
"""

import math
import re
from typing import Any

from diffusion.errors import UserError
from diffusion.runs.reading import foreign
from diffusion.runs.trust import is_within, remedy

MAX_NUMBER = 10**6  # number in a recipe: no schedule, width or count comes near it
MAX_SIDE = 256  # pixels of a sprite's side, as in every source of data
BASE64 = re.compile("[A-Za-z0-9+/]*={0,2}")
MOST_VALUES = 2048  # values of all attributes together; a card holds a byte for each pair
PAIRS = {"attribute_lifts": 1, "attribute_pairs": 8}  # values in a byte
SAMPLERS = "diffusion.samplers"
PARTS = {  # of a denoiser, and the packages that their classes come from
    "model": ("diffusion.models",),
    "schedule": ("diffusion.schedules",),
    "prediction": ("diffusion.predictions", "diffusion.palette"),
    "weighting": ("diffusion.weightings",),
    "loss": ("diffusion.losses",),
}
OPTIONAL = {"loss"}  # parts; without a loss a recipe has the one of its prediction


def check_card(card: Any, trust: tuple[str, ...] = ()) -> None:
    """Refuses a card that is not plain, or that describes no sprites and no denoiser.

    Args:
        card: as found.
        trust: packages beside this project's own whose classes it may name.

    Raises:
        UserError: naming the entry that is wrong.
    """
    _require(isinstance(card, dict) and {"recipe", "sprites"} <= card.keys(), "card")
    _require(not foreign(card), "card")
    recipe, sprites = card["recipe"], card["sprites"]
    _require(
        isinstance(recipe, dict) and PARTS.keys() - OPTIONAL <= recipe.keys() <= PARTS.keys(),
        "recipe",
    )
    for part in recipe:
        _check_target(recipe[part], (*PARTS[part], *trust), f"recipe.{part}")
    _check_numbers(recipe, "recipe")
    _check_sprites(sprites)
    _require(recipe["model"].get("channels") == sprites["shape"][0], "recipe.model.channels")
    _check_outputs(recipe, sprites["shape"][0])
    classes, attributes = recipe["model"].get("classes", 0), sprites.get("attributes", {})
    fitting = 0, len(sprites["label_names"]), [len(values) for values in attributes.values()]
    _require(classes in fitting and classes != [], "recipe.model.classes")
    if "sampler" in card:
        _check_target(card["sampler"], (SAMPLERS, *trust), "sampler")
    if "config" in card:
        _check_origin(card, trust)


def own_sampler(card: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration of a run's own sampler; None where its card does not say."""
    sampler: dict[str, Any] | None = (card.get("config") or card).get("sampler")
    return sampler


def _check_sprites(sprites: Any) -> None:
    keys = {"shape", "hard_alpha", "label_names", "label_frequencies"}
    _require(isinstance(sprites, dict) and keys <= sprites.keys(), "sprites")
    shape, names, shares = (sprites[key] for key in ("shape", "label_names", "label_frequencies"))
    _require(
        isinstance(shape, list)
        and [type(side) for side in shape] == [int] * 3
        and shape[0] in (1, 3, 4)
        and all(1 <= side <= MAX_SIDE for side in shape[1:]),
        "sprites.shape",
    )
    _require(isinstance(sprites["hard_alpha"], bool), "sprites.hard_alpha")
    _require(
        isinstance(names, list) and all(isinstance(name, str) for name in names),
        "sprites.label_names",
    )
    attributes = sprites.get("attributes", {})
    _require(
        isinstance(attributes, dict)
        and all(isinstance(values, list) and values for values in attributes.values())
        and all(isinstance(word, str) for each in attributes.items() for word in _flat(each)),
        "sprites.attributes",
    )
    for key in PAIRS.keys() & sprites.keys():
        _check_draws(sprites, key, [len(values) for values in attributes.values()])
    _require(
        isinstance(shares, list)
        and len(shares) == len(names)
        and all(isinstance(share, float) and 0 <= share <= 1 for share in shares)
        and (not shares or sum(shares) > 0),
        "sprites.label_frequencies",
    )


def _check_draws(sprites: dict[str, Any], key: str, counts: list[int]) -> None:
    """What `AttributeDraws` reads."""
    shares, pairs = sprites.get("attribute_frequencies"), sprites[key]
    _require(
        isinstance(shares, list)
        and all(isinstance(each, list) for each in shares)
        and [len(each) for each in shares] == counts
        and all(isinstance(share, float) and 0 <= share <= 1 for each in shares for share in each),
        "sprites.attribute_frequencies",
    )
    n = sum(counts)
    letters = 4 * -(-n // (3 * PAIRS[key]))  # three bytes in four letters
    _require(
        isinstance(pairs, list)
        and len(pairs) == n <= MOST_VALUES
        and all(isinstance(row, str) and len(row) == letters for row in pairs)
        and all(BASE64.fullmatch(row) for row in pairs),
        f"sprites.{key}",
    )


def _flat(attribute: tuple[Any, list[Any]]) -> list[Any]:
    """The name of an attribute and those of its values."""
    name, values = attribute
    return [name, *values]


def _check_outputs(recipe: dict[str, Any], channels: int) -> None:
    """As many outputs as channels, or as colours that a palette tells apart."""
    outputs, colours = recipe["model"].get("outputs"), recipe["prediction"].get("colours")
    if colours is None:
        _require(outputs is None, "recipe.model.outputs")
        return
    of_bytes = isinstance(colours, list) and all(
        isinstance(colour, list)
        and [type(value) for value in colour] == [int] * channels
        and all(0 <= value <= 255 for value in colour)
        for colour in colours
    )
    _require(of_bytes and outputs == len(colours), "recipe.prediction.colours")


def _check_origin(card: dict[str, Any], trust: tuple[str, ...]) -> None:
    """What is needed to find the training data again, and to make sprites as the run did."""
    config, data = card["config"], card.get("data")
    _require(isinstance(config, dict) and isinstance(config.get("data"), dict), "config.data")
    seed = config.get("seed")
    _require(isinstance(seed, int) and seed >= 0, "config.seed")
    _require(isinstance(config.get("flip"), bool), "config.flip")
    _require(isinstance(data, dict) and isinstance(data.get("fingerprint"), str), "data")
    _check_target(config.get("sampler"), (SAMPLERS, *trust), "config.sampler")


def _check_target(node: Any, packages: tuple[str, ...], name: str) -> None:
    """Refuses an entry that names no class of these packages."""
    target = node.get("_target_") if isinstance(node, dict) else None
    _require(isinstance(target, str), name)
    if not is_within(str(target), packages):
        raise UserError(
            f"The card's {name} is {str(target)[:100]}, which is none of this project's "
            f"{' '.join(packages)}{remedy(str(target)[:100])}."
        )


def _check_numbers(node: Any, name: str) -> None:
    for key, child in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(child, dict | list | tuple):
            _check_numbers(child, f"{name}.{key}")
        elif isinstance(child, int | float):
            _require(math.isfinite(child) and abs(child) <= MAX_NUMBER, f"{name}.{key}")


def _require(holds: bool, name: str) -> None:
    if not holds:
        raise UserError(f"The card's {name} is not what this project writes.")
