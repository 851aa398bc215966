"""The sentences below a panel say what its levels hold."""

from dataclasses import replace

import pytest
import torch

from diffusion.exact.posterior import Band
from diffusion.levels.panel import Look, Panel
from diffusion.levels.sentences import panel_sentences

SPRITE = torch.full((4, 2, 2), 100, dtype=torch.uint8)
WORDS = {
    Band.THAT_IS: "that is Bob",
    Band.PROBABLY: "probably Bob",
    Band.ONE_OF: "Bob, Fred or 3 others",
    Band.NO_IDEA: "no idea: about 58 candidates",
}


def panel(bands, off=0):
    """Equal steps of t through these bands; the network is `off` levels from the exact answer."""
    looks = [
        Look(
            t=k / (len(bands) - 1),
            signal=0.5,
            noised=SPRITE,
            network=SPRITE + off,
            exact=SPRITE,
            network_error=0.0,
            exact_error=0.0,
            suspects=(),
            candidates=58.2,
            band=band,
            words=WORDS[band],
        )
        for k, band in enumerate(bands)
    ]
    return Panel("Bob", True, 60, tuple(looks))


IS, PROBABLY, ONE_OF, NO_IDEA = Band


def test_the_whole_way_is_four_sentences():
    assert panel_sentences(panel([IS, IS, PROBABLY, ONE_OF, NO_IDEA], off=7)) == [
        "Up to t = 0.25 there is no doubt: that is Bob.",
        "From t = 0.5 to 0.75 some are likelier than others, and the exact answer is what the "
        "likely ones share.",
        "At t = 1 nobody can know: about 58 of 60 training sprites are in question.",
        "The network's answer is off the exact one by at most 7 where there is no doubt, and by "
        "7 of 255 levels at t = 1.",
    ]


@pytest.mark.parametrize(
    ("bands", "doubt", "between", "lost"),
    [
        ([IS, IS, IS], "Up to t = 1 there is no doubt", None, None),
        ([IS, ONE_OF, NO_IDEA], "Up to t = 0 there", "At t = 0.5 some", "At t = 1 nobody"),
        ([IS, NO_IDEA, NO_IDEA], "Up to t = 0 there", None, "From t = 0.5 on nobody"),
        ([ONE_OF, ONE_OF, PROBABLY], None, "From t = 0 to 1 some", None),
        ([NO_IDEA, ONE_OF, NO_IDEA], None, "From t = 0 to 0.5 some", "At t = 1 nobody"),
    ],
)
def test_only_bands_that_are_there_are_told(bands, doubt, between, lost):
    said = panel_sentences(panel(bands, off=3))
    begun = [part for part in (doubt, between, lost) if part]
    assert len(said) == len(begun) + 1
    assert all(each.startswith(part) for each, part in zip(said, begun, strict=False))
    assert said[-1].endswith("by 3 of 255 levels at t = 1.")


def test_a_stranger_has_a_nearest_and_no_name():
    known = panel([IS, NO_IDEA])
    looks = [replace(known.looks[0], words="nearest: Bob"), known.looks[1]]
    assert panel_sentences(replace(known, known=False, looks=tuple(looks)))[0] == (
        "Up to t = 0 there is no doubt: nearest: Bob."
    )
