"""Sprites that several processes make and measure: the same numbers as from one."""

import json

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing

from datamodules.forge import ForgeData
from diffusion.exact.memoriser import PosteriorDenoiser
from diffusion.exact.posterior import Posterior
from diffusion.judge import Judge
from diffusion.metrics.pixel_art import PixelArt
from diffusion.metrics.sprite_features import SpriteFeatures
from diffusion.pixels import PixelCodec
from diffusion.samplers.ddim import DDIM
from diffusion.samplers.sprite_set import SpriteSet
from diffusion.schedules.linear import Linear

N = 25  # which two processes cannot share evenly


def measure(rank, world, folder):
    torch.set_num_threads(1)
    data = ForgeData(n=200)
    data.setup()

    def gather(mine):
        parts = [torch.empty_like(mine) for _ in range(world)]
        dist.all_gather(parts, mine)
        return torch.stack(parts)

    if world > 1:
        store = f"file://{folder}/store"
        dist.init_process_group("gloo", init_method=store, rank=rank, world_size=world)
    clean = PixelCodec().encode(data.images(data.split["train"]))
    denoiser = PosteriorDenoiser(Posterior(clean), Linear())
    sprites = SpriteSet(denoiser, DDIM(20), PixelCodec(hard_alpha=True), data.shape)
    images = sprites.make_together(range(N), rank, world, gather, batch_size=7)
    metrics = {"features": SpriteFeatures(), "pixel_art": PixelArt()}
    scores = Judge.of(data, metrics, N).scores(images)
    (folder / f"{world}-{rank}.json").write_text(json.dumps([images.tolist(), scores]))


@pytest.mark.processes
def test_two_processes_get_the_scores_of_one_on_an_uneven_share(tmp_path):
    for world in (1, 2):
        torch.multiprocessing.start_processes(
            measure, (world, tmp_path), nprocs=world, start_method="spawn"
        )
    alone, first, second = (
        json.loads((tmp_path / f"{name}.json").read_text()) for name in ("1-0", "2-0", "2-1")
    )
    assert len(alone[0]) == N
    assert alone[0] == first[0] == second[0]
    assert len(alone[1]) > 15
    for scores in (first[1], second[1]):
        assert scores == pytest.approx(alone[1], abs=1e-6)
