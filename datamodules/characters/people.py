"""Who the forge can draw: ten named attributes, 14,515,200 combinations, and three old friends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from datamodules.characters.parts import (
    BELT,
    CLOTH_COLOUR,
    CLOTHES,
    HAIR,
    HAIR_COLOUR,
    HATS,
    HEADS,
    SKIN,
    TOOLS,
)
from datamodules.errors import DataError

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "body": tuple(CLOTHES),
    "head": tuple(HEADS),
    "hair": tuple(HAIR),
    "hair_colour": tuple(HAIR_COLOUR),
    "skin": tuple(SKIN),
    "hat": tuple(HATS),
    "clothes": tuple(CLOTHES["slim"]),
    "cloth_colour": tuple(CLOTH_COLOUR),
    "belt": tuple(BELT),
    "tool": tuple(TOOLS),
}
COMBINATIONS = prod(len(values) for values in ATTRIBUTES.values())
MAX_PEOPLE = COMBINATIONS // 10  # so that most combinations are never trained on

# What clothes say about their wearer: the label of a sprite.
PROFESSIONS = {
    "tunic": "villager",
    "armour": "knight",
    "robe": "mage",
    "cloak": "ranger",
    "leather": "rogue",
    "dress": "noble",
}


@dataclass(frozen=True)
class Character:
    """One value of every attribute in `ATTRIBUTES`; another value raises DataError."""

    body: str
    head: str
    hair: str
    hair_colour: str
    skin: str
    hat: str
    clothes: str
    cloth_colour: str
    belt: str
    tool: str

    def __post_init__(self) -> None:
        for name, values in ATTRIBUTES.items():
            if getattr(self, name) not in values:
                raise DataError(
                    f"{name}={getattr(self, name)!r} is not in the forge; "
                    f"choose one of {', '.join(values)}."
                )

    @property
    def profession(self) -> str:
        """What the clothes say: villager, knight, mage, ranger, rogue or noble."""
        return PROFESSIONS[self.clothes]


BOB = Character(
    body="slim",
    head="round",
    hair="short",
    hair_colour="brown",
    skin="fair",
    hat="none",
    clothes="tunic",
    cloth_colour="blue",
    belt="buckle",
    tool="sword",
)
NAMED = {
    "Bob": BOB,
    "Fred": replace(BOB, hair_colour="ginger", belt="plain"),
    "Nancy": replace(BOB, hair="long", clothes="dress", belt="none"),
}


def characters(n: int, seed: int = 0) -> list[Character]:
    """Bob, Fred, Nancy and n - 3 others, no two alike, all values of an attribute equally often.

    The same seed gives the same order, and fewer characters are the beginning of more.

    Raises:
        DataError: n is below 3 or above a tenth of all combinations.
    """
    if not len(NAMED) <= n <= MAX_PEOPLE:
        raise DataError(
            f"The forge makes {len(NAMED)} to {MAX_PEOPLE:,} characters, not {n:,}; change n."
        )
    chosen = dict.fromkeys(NAMED.values())
    columns = [_evenly(values, [seed, k]) for k, values in enumerate(ATTRIBUTES.values())]
    while len(chosen) < n:
        chosen[Character(*(next(column) for column in columns))] = None
    return list(chosen)


def _evenly(values: tuple[str, ...], address: list[int]) -> Iterator[str]:
    """Every value once in a shuffled order, again and again, without end."""
    rng = np.random.default_rng(address)
    while True:
        yield from (values[k] for k in rng.permutation(len(values)))
