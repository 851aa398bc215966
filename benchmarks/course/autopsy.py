"""What the defects of the circulating code of the course cost, each by itself.

    OMP_NUM_THREADS=1 python benchmarks/course/autopsy.py FOLDER --steps 894

FOLDER is what `stand_in.py` has made, or the course's own files. Three networks are trained for
the same steps by the course's recipe (T = 500, Adam with linear decay, batches of 100, labels
hidden in a tenth): the sound one, one with the first defect, one with the second. Sprites are made
with 100 steps, and judged against the training sprites.

1. `x_t = sqrt(ab) x + (1 - ab) eps`: the root over 1 - ab is missing, so training sees less noise
   than sampling begins with.
2. The 1x1 convolution of the first skip is a new random one in every forward: never trained, and
   the network is random even where sampling is not.
3. DDIM counts down by T // n and takes index i - T // n: where n does not divide T the last index
   is negative, and wraps round to the noisy end.
4. The film rescales every frame and colour channel to its own minimum and maximum.

And one that is no defect but a lesson: sampling without the extra noise.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks" / "course")]

from stand_in import NAMES  # noqa: E402

from datamodules.array import ArrayData  # noqa: E402
from diffusion.bfloat16 import multiplied_natively  # noqa: E402
from diffusion.denoiser import Denoiser  # noqa: E402
from diffusion.judge import Judge  # noqa: E402
from diffusion.metrics.sprite_features import SpriteFeatures  # noqa: E402
from diffusion.models.context_unet import ContextUNet  # noqa: E402
from diffusion.noise import ImageNoise  # noqa: E402
from diffusion.pixels import PixelCodec  # noqa: E402
from diffusion.predictions import Epsilon  # noqa: E402
from diffusion.samplers.base import Sampler  # noqa: E402
from diffusion.samplers.ddim import DDIM  # noqa: E402
from diffusion.samplers.ddpm import DDPM  # noqa: E402
from diffusion.schedules.linear import Linear  # noqa: E402
from diffusion.weightings import Uniform  # noqa: E402

CPU = torch.device("cpu")
T, BATCH, RATE, HIDDEN, N = 500, 100, 1e-3, 0.1, 256
CODEC, SHAPE = PixelCodec(), (3, 16, 16)


class RandomSkip(ContextUNet):
    """Defect 2."""

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        fresh = nn.Conv2d(3, self.stem_skip.out_channels, 1)
        self.stem_skip.load_state_dict(fresh.state_dict())
        return super().forward(x_t, t, label)


def trained(data: ArrayData, steps: int, rootless: bool = False, skip: bool = False) -> Denoiser:
    """A denoiser after so many steps of the course's recipe."""
    torch.manual_seed(0)
    network = (RandomSkip if skip else ContextUNet)(3, classes=data.classes)
    schedule = Linear(T, beta_start=0.0001398, beta_end=0.02)
    denoiser = Denoiser(network, schedule, Epsilon(), Uniform())
    optimizer = torch.optim.Adam(network.parameters(), RATE)
    rows = data.split["train"]
    images, labels = CODEC.encode(data.images(rows)), data.labels(rows)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
        chosen = torch.randint(len(rows), (BATCH,))
        label = torch.where(torch.rand(BATCH) < HIDDEN, -1, labels[chosen])
        t = torch.randint(1, T + 1, (BATCH,)) / T
        alpha, sigma = schedule.of_sprites(t)
        eps = torch.randn(BATCH, *SHAPE)
        x_t = alpha * images[chosen] + (sigma**2 if rootless else sigma) * eps
        with torch.autocast("cpu", torch.bfloat16, enabled=multiplied_natively(CPU)):
            output = network(x_t, t, label)
        loss = (output.float() - eps).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return denoiser.eval().requires_grad_(False)


def made(denoiser: Denoiser, sampler: Sampler, labels: Tensor, fresh: bool = True) -> Tensor:
    """N sprites; without fresh noise only the first draw is noise."""
    found = []
    for first in range(0, N, 64):
        some = range(first, first + 64)
        noise = ImageNoise(0, some, SHAPE)
        quiet: Callable[[int], Tensor] = lambda k, noise=noise: noise(k) * (k == 0)  # noqa: E731
        x0 = sampler(denoiser, noise if fresh else quiet, labels[first : first + 64])
        found.append(CODEC.decode(x0))
    return torch.cat(found)


def wrapped_ddim(denoiser: Denoiser, n: int, labels: Tensor) -> Tensor:
    """Defect 3: the course's loop, with its list of 501 values in which -4 is one of the last."""
    alpha, sigma = denoiser.schedule(torch.arange(T + 1, dtype=torch.float64) / T)
    found, size = [], T // n
    for first in range(0, N, 64):
        x, told = ImageNoise(0, range(first, first + 64), SHAPE)(0), labels[first : first + 64]
        for i in range(T, 0, -size):
            t = torch.full((64,), i / T)
            eps = denoiser.output(x, t, told)
            x0 = (x - float(sigma[i]) * eps) / float(alpha[i])
            x = float(alpha[i - size]) * x0 + float(sigma[i - size]) * eps
        found.append(CODEC.decode(x))
    return torch.cat(found)


def rescaled(images: Tensor) -> float:
    """Defect 4: mean change of a byte when every picture's channels fill their whole range."""
    x = images.double()
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    shown = 255 * (x - low) / (high - low).clamp(min=1)
    return float((shown - x).abs().mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=894)
    asked = parser.parse_args()
    data = ArrayData(str(asked.folder / NAMES[0]), labels_path=str(asked.folder / NAMES[1]))
    data.setup()
    judge = Judge.of(data, {"sprite_features": SpriteFeatures()}, N)
    shares = torch.tensor(data.label_frequencies)
    labels = torch.multinomial(shares, N, True, generator=torch.Generator().manual_seed(0))
    print(f"{'':44}  FD  precision  recall  coverage", flush=True)

    def row(name: str, images: Tensor) -> None:
        scores = judge.scores(images)
        values = [scores[key] for key in ("sprite_fd", "precision", "recall", "coverage")]
        print(
            f"{name:42} {values[0]:6.1f}  " + "  ".join(f"{v:.2f}" for v in values[1:]), flush=True
        )

    held_out = {key: judge.floors[key] for key in ("sprite_fd", "precision", "recall", "coverage")}
    print("held-out sprites", {key: round(value, 2) for key, value in held_out.items()})
    sound = trained(data, asked.steps)
    ddpm = DDPM(100, variance="beta")
    images = made(sound, ddpm, labels)
    row("sound, 100 steps", images)
    print(f"4: its films' colours are off by {rescaled(images):.1f} of 255 levels")
    row("without the extra noise", made(sound, ddpm, labels, fresh=False))
    for n in (25, 50):
        row(f"DDIM, {n} steps", made(sound, DDIM(n), labels))
    for n in (30, 60):
        row(f"3: DDIM, {n} steps, index wraps round", wrapped_ddim(sound, n, labels))
        row(f"   DDIM, {n} steps, as it should be", made(sound, DDIM(n), labels))
    row(
        "1: trained without the root, 100 steps",
        made(trained(data, asked.steps, True), ddpm, labels),
    )
    random = trained(data, asked.steps, skip=True)
    row("2: a random skip, 100 steps", made(random, ddpm, labels))
    once, again = (made(random, DDIM(25), labels) for _ in range(2))
    same = float((once == again).all(dim=1).float().mean())
    row("   DDIM, 25 steps", once)
    print(f"2: the same seed again: {same:.0%} of the pixels are the same")


if __name__ == "__main__":
    main()
