"""Who is compared: this project in any configuration, and peers as they document themselves.

All see the same uint8 sprites of four channels, since each peer takes the number of channels as an
argument; each keeps its own network, loss, optimizer, average and sampler. Where a peer asks
for a number of epochs or steps, its learning rate falls over the budget instead.
"""

import copy
import math
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))


class Contestant(ABC):
    """A network and the way it is trained.

    Attributes:
        batch: sprites of one optimizer step.
        average: the weights that sprites are made with.
    """

    batch: int
    average: nn.Module

    @abstractmethod
    def step(self, images: Tensor, progress: float) -> None:
        """One optimizer step on uint8 `(batch, 4, H, W)`, at this share 0..1 of the budget."""

    @abstractmethod
    def sample(self, n: int, steps: int, first: int) -> Tensor:
        """Sprites number `first` and on in [-1, 1], with `steps` network evaluations each."""


class Ours(Contestant):
    """This project's denoiser in a bare loop: no Lightning, no validation, no checkpoints.

    Args:
        overrides: words of the command line, such as `model=small prediction=velocity`.
        data: a SpriteDataModule after `setup`.
        borrow: another network instead, from its number of output channels.
    """

    def __init__(
        self, overrides: str, data: Any, borrow: Callable[[int], nn.Module] | None = None
    ) -> None:
        from hydra import compose, initialize_config_dir
        from omegaconf import OmegaConf

        from diffusion.averages import MovingAverage
        from diffusion.commands.composing import compose_module
        from diffusion.runs.precision import native_precision

        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            composed = compose("train", ["logger=csv", *overrides.split()])
        OmegaConf.update(composed, "hydra", {}, merge=False, force_add=True)
        config: Any = OmegaConf.to_container(composed, resolve=True)
        module = compose_module(config, data)
        self.denoiser, self.shape, self.flip = module.denoiser, data.shape, module.flip
        if borrow:
            example = torch.zeros(1, *data.shape)
            channels = self.denoiser.model(example, torch.ones(1)).shape[1]
            self.denoiser.model = Borrowed(borrow(channels))
        self.average = copy.deepcopy(self.denoiser).requires_grad_(False)
        self.optimizer = module.optimizer(self.denoiser.parameters())
        self.learning_rate = module.learning_rate
        self.rate = self.optimizer.param_groups[0]["lr"]
        self.clip = config["trainer"]["gradient_clip_val"]
        averaged = dict(config["callbacks"].get("ema") or {"decay": 0.0})
        averaged.pop("_target_", None)
        self.moving = MovingAverage(**averaged)
        self.batch, self.sampler = config["data"]["batch_size"], config["sampler"]
        self.bf16 = native_precision("cpu") == "bf16-mixed"
        self.generator = torch.Generator().manual_seed(config["seed"])
        self.steps = 0

    def step(self, images: Tensor, progress: float) -> None:
        x0 = images.float().div(127.5).sub(1)
        if self.flip:
            mirrored = torch.rand(len(x0), generator=self.generator) < 0.5
            x0 = torch.where(mirrored.view(-1, 1, 1, 1), x0.flip(-1), x0)
        t = self.denoiser.training_times(len(x0), self.generator)
        eps = torch.randn(x0.shape, generator=self.generator)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            loss = self.denoiser.training_loss(x0, t, eps).mean()
        loss.backward()
        if self.clip:
            nn.utils.clip_grad_norm_(self.denoiser.parameters(), self.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * self.learning_rate(self.steps, progress)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
        self.moving.move(self.average.parameters(), self.denoiser.parameters(), self.steps)
        for kept, now in zip(self.average.buffers(), self.denoiser.buffers(), strict=True):
            kept.copy_(now)

    def sample(self, n: int, steps: int, first: int) -> Tensor:
        from diffusion.noise import ImageNoise
        from diffusion.runs.building import build

        sampler = build(self.sampler | {"steps": steps}, ("diffusion.samplers",))
        noise = ImageNoise(0, range(first, first + n), self.shape)
        return sampler(self.average.eval(), noise)


class Lucidrains(Contestant):
    """denoising-diffusion-pytorch: the README's network and Trainer; its defaults elsewhere.

    Half precision (`amp=True`) is bfloat16 here, as a CPU knows no other.
    """

    batch = 2 * 32  # train_batch_size times gradient_accumulate_every
    dim = 64

    @classmethod
    def network(cls, shape: tuple[int, int, int], channels: int) -> nn.Module:
        """The README's network for sprites of this shape, with so many channels of output."""
        from denoising_diffusion_pytorch import Unet

        torch.manual_seed(0)
        return Unet(dim=cls.dim, dim_mults=(1, 2, 4, 8), channels=shape[0], out_dim=channels)

    def __init__(self, shape: tuple[int, int, int]) -> None:
        from denoising_diffusion_pytorch import GaussianDiffusion
        from ema_pytorch import EMA

        network = self.network(shape, shape[0])
        self.diffusion = GaussianDiffusion(
            network, image_size=shape[1], timesteps=1000, sampling_timesteps=50
        )
        self.optimizer = torch.optim.Adam(self.diffusion.parameters(), lr=8e-5, betas=(0.9, 0.99))
        self.ema = EMA(self.diffusion, beta=0.995, update_every=10)
        self.average = self.ema

    def step(self, images: Tensor, progress: float) -> None:
        mirrored = (torch.rand(len(images)) < 0.5).view(-1, 1, 1, 1)
        images = torch.where(mirrored, images.flip(-1), images).float() / 255
        for part in images.chunk(2):
            with torch.autocast("cpu", torch.bfloat16):
                loss = self.diffusion(part) / 2
            loss.backward()
        nn.utils.clip_grad_norm_(self.diffusion.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.ema.update()

    def sample(self, n: int, steps: int, first: int) -> Tensor:
        model = self.ema.ema_model.eval()
        model.sampling_timesteps = steps
        with torch.autocast("cpu", torch.bfloat16):
            return model.sample(batch_size=n).float() * 2 - 1


class Diffusers(Contestant):
    """The unconditional example of diffusers, with its defaults and the README's flags.

    Of its six resolutions the first 256-channel one is left out: 16 pixels halve four times only.
    """

    batch = 16
    widths: tuple[int, ...] = (128, 128, 256, 512, 512)

    @classmethod
    def network(cls, shape: tuple[int, int, int], channels: int) -> nn.Module:
        """The example's network for sprites of this shape, with so many channels of output."""
        from diffusers import UNet2DModel

        torch.manual_seed(0)
        plain = len(cls.widths) - 2
        return UNet2DModel(
            sample_size=shape[1],
            in_channels=shape[0],
            out_channels=channels,
            layers_per_block=2,
            block_out_channels=cls.widths,
            down_block_types=(*["DownBlock2D"] * plain, "AttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "AttnUpBlock2D", *["UpBlock2D"] * plain),
        )

    def __init__(self, shape: tuple[int, int, int]) -> None:
        from diffusers import DDPMScheduler

        self.model = self.network(shape, shape[0])
        self.schedule, self.shape = DDPMScheduler(num_train_timesteps=1000), shape
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=1e-4, betas=(0.95, 0.999), weight_decay=1e-6
        )
        self.average = copy.deepcopy(self.model).requires_grad_(False)
        self.steps = 0

    def step(self, images: Tensor, progress: float) -> None:
        mirrored = (torch.rand(len(images)) < 0.5).view(-1, 1, 1, 1)
        x0 = torch.where(mirrored, images.flip(-1), images).float().div(127.5).sub(1)
        noise = torch.randn(x0.shape)
        levels = torch.randint(0, 1000, (len(x0),))
        output = self.model(self.schedule.add_noise(x0, noise, levels), levels).sample
        F.mse_loss(output, noise).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        fall = (1 + math.cos(math.pi * progress)) / 2
        for group in self.optimizer.param_groups:
            group["lr"] = 1e-4 * min(1.0, (self.steps + 1) / 500) * fall
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.steps += 1
        decay = min(0.9999, 1 - (1 + self.steps) ** -0.75)  # EMAModel's inv_gamma=1, power=3/4
        with torch.no_grad():
            weights = [weight.detach() for weight in self.model.parameters()]
            torch._foreach_lerp_(list(self.average.parameters()), weights, 1 - decay)

    @torch.no_grad()
    def sample(self, n: int, steps: int, first: int) -> Tensor:
        from diffusers import DDIMScheduler

        sampler = DDIMScheduler.from_config(self.schedule.config)
        sampler.set_timesteps(steps)
        x = torch.randn(n, *self.shape)
        for level in sampler.timesteps:
            with torch.autocast("cpu", torch.bfloat16):
                output = self.average(x, level).sample.float()
            x = sampler.step(output, level, x).prev_sample
        return x


class Borrowed(nn.Module):
    """A peer's network as ours are called: times in [0, 1], and a label that it does not know."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x_t: Tensor, t: Tensor, label: Tensor | None = None) -> Tensor:
        output = self.network(x_t, 1000 * t)
        return output if isinstance(output, Tensor) else output.sample


PEERS = {"denoising-diffusion-pytorch": Lucidrains, "diffusers": Diffusers}


def contestant(name: str, data: Any) -> Contestant:
    """A peer by its name, this project by the words of its command line, or both: the network of
    the peer, trained and sampled by the words."""
    first, _, words = name.partition(" ")
    if first not in PEERS:
        return Ours(name, data)
    peer = PEERS[first]
    if not words:
        return peer(data.shape)
    return Ours(words, data, lambda channels: peer.network(data.shape, channels))
