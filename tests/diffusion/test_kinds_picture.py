"""The picture of kinds."""

import numpy as np

from datamodules.attributes import Attribute
from datamodules.forge import ForgeData
from diffusion.drawing.kinds import LONGEST, MARGIN, SHOWN, kinds_picture


def test_every_kind_has_a_row_and_many_stand_in_columns():
    data = ForgeData(n=200)
    data.setup()
    few = kinds_picture(data, "hair")
    assert few.width == MARGIN + (SHOWN * 17 + 1) * 2
    assert few.height == len(data.attribute_names["hair"]) * 36
    values = tuple(map(str, range(LONGEST + 3)))
    data.own_attributes = lambda: (Attribute("kind", values, np.arange(200) % len(values)),)
    assert kinds_picture(data, "kind").size == (2 * few.width, LONGEST * 36)
