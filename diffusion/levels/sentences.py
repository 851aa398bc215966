"""A noise-level panel in sentences, for who sees one for the first time."""

from itertools import takewhile

from torch import Tensor

from diffusion.exact.posterior import Band
from diffusion.levels.panel import Look, Panel


def panel_sentences(panel: Panel) -> list[str]:
    """Up to which level it is certain who is under the noise, from which on nobody can know, and
    how near the network's answer is to the exact one: two to four sentences."""
    looks = panel.looks
    sure = list(takewhile(lambda it: it.band == Band.THAT_IS, looks))
    lost = list(takewhile(lambda it: it.band == Band.NO_IDEA, reversed(looks)))[::-1]
    last, found = looks[-1], []
    if sure:
        found.append(f"Up to t = {sure[-1].t:g} there is no doubt: {sure[-1].words}.")
    if len(sure) + len(lost) < len(looks):
        open_ = looks[len(sure) : len(looks) - len(lost)]
        found.append(
            f"{_levels(open_)} some are likelier than others, and the exact answer is what the "
            "likely ones share."
        )
    if lost:
        when = f"From t = {lost[0].t:g} on" if len(lost) > 1 else f"At t = {last.t:g}"
        at_last = f"at t = {last.t:g} " if len(lost) > 1 else ""
        found.append(
            f"{when} nobody can know: {at_last}about {last.candidates:,.0f} of {panel.n:,} "
            "training sprites are in question."
        )
    apart = f"{_apart(last):.0f} of 255 levels at t = {last.t:g}"
    if sure and len(sure) < len(looks):
        most = max(_apart(it) for it in sure)
        apart = f"at most {most:.0f} where there is no doubt, and by {apart}"
    return [*found, f"The network's answer is off the exact one by {apart}."]


def _levels(looks: tuple[Look, ...]) -> str:
    first, last = looks[0].t, looks[-1].t
    return f"At t = {first:g}" if len(looks) == 1 else f"From t = {first:g} to {last:g}"


def _apart(look: Look) -> float:
    """Root mean square between the two answers as they are drawn, in levels of 0..255."""
    difference: Tensor = look.network.double() - look.exact.double()
    return float(difference.square().mean().sqrt())
