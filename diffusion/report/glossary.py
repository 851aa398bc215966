"""What a score, a rate and a verdict are called on a page, and what they mean in one sentence.

The order is that of importance: the first score that all runs have is the one they are ranked by.
"""

import math
from dataclasses import dataclass

from diffusion.novelty.passport import REPEATS
from diffusion.report.judged import Score


@dataclass(frozen=True)
class Explained:
    """A title, one sentence on what is measured, and between which values it always lies."""

    title: str
    what: str
    lowest: float = 0.0
    highest: float = math.inf

    def possible(self, value: float) -> float:
        """The nearest value that there can be."""
        return min(max(value, self.lowest), self.highest)


SCORES = {
    "sprite_fd": Explained(
        "Sprite distance",
        "How far samples are, all together, from training sprites (a Fréchet distance).",
    ),
    "sprite_kd": Explained(
        "Kernel distance",
        "The same question asked with a kernel, which depends less on the number of samples.",
        lowest=-math.inf,
    ),
    "precision": Explained(
        "Precision",
        "Share of samples that lie where training sprites lie: do they look right?",
        highest=1.0,
    ),
    "recall": Explained(
        "Recall",
        "Share of training sprites that lie where samples lie: is any kind missing?",
        highest=1.0,
    ),
    "density": Explained(
        "Density", "How thick the training sprites lie around a sample; real ones have about 1."
    ),
    "coverage": Explained(
        "Coverage", "Share of training sprites with a sample close by.", highest=1.0
    ),
    "fid": Explained(
        "FID", "Fréchet distance in the Inception network of the literature, after enlarging."
    ),
    "kid": Explained(
        "KID", "Kernel distance in the Inception network of the literature.", lowest=-math.inf
    ),
    "palette_distance": Explained(
        "Distance from the palette", "How far pixels are from the nearest training colour, 0..255."
    ),
    "off_palette": Explained(
        "Off the palette", "How far the share of foreign colours is off.", highest=1.0
    ),
    "colours_distance": Explained("Colours", "How far the number of colours per sprite is off."),
    "orphans_distance": Explained("Orphan pixels", "How far the number of lone pixels is off."),
    "outline_distance": Explained(
        "Outline", "How far the dark share of silhouettes is off.", highest=1.0
    ),
    "soft_alpha_distance": Explained(
        "Soft alpha", "How far the share of half-transparent pixels is off.", highest=1.0
    ),
    "box_distance": Explained("Size", "How far width, height and area of the figure are off."),
    "centring_distance": Explained(
        "Centring", "How far the place of the figure on its canvas is off, in pixels."
    ),
    "symmetry_distance": Explained(
        "Symmetry", "How far the likeness of left and right half is off.", highest=1.0
    ),
}

VERDICTS = {
    "copy": "is a training sprite, or all but",
    "shifted": "is a training sprite that was moved a little",
    "mirrored": "is a training sprite seen in the mirror",
    "recoloured": "is a training sprite in other colours",
    "retouched": "is a training sprite with some pixels repainted",
    "variant": "is closer to a training sprite than unseen real sprites usually are",
    "new": "is as far from training sprites as unseen real ones are",
}
AGAIN = tuple(map(str, REPEATS))

COSTS = {  # the first that differs between runs, or is known of all
    "gpu_seconds": "GPU seconds of training",
    "cpu_seconds": "CPU seconds of training",
    "progress/images": "Training images seen",
    "parameters": "Parameters",
    "evaluations": "Network evaluations of a sprite",
}


def explained(name: str) -> Explained:
    """Title and meaning of a score; one that is not known here is called by its name."""
    title = name.replace("_", " ").capitalize()
    return SCORES.get(name, Explained(title, "", lowest=-math.inf))


def interval(name: str, score: Score) -> tuple[float, float] | None:
    """Between which values a score lies with 95% confidence; None where that is not known.

    A measured interval is the value and as much on both sides of it, so that of a share close to
    0 or 1 reaches beyond what a share can be; here it ends there.
    """
    if score.low is None or score.high is None:
        return None
    it = explained(name)
    return it.possible(score.low), it.possible(score.high)
