"""FID and KID: distances between sets of images as the Inception network sees them.

    FID = |mu_1 - mu_2|^2 + tr(S_1 + S_2 - 2 (S_1 S_2)^(1/2))       (Heusel et al. 2017)
    KID = unbiased MMD^2 of all pairs, see `kernel`                  (Binkowski et al. 2018)

The network saw photographs of 299 pixels, and a sprite is blown up to that size; FID also falls
with the number of sprites. So compare only values of the same recipe and the same numbers.
"""

import hashlib
import io
import json
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from diffusion.errors import UserError
from diffusion.metrics.base import Metric, NotMeasurable
from diffusion.metrics.frechet import frechet
from diffusion.metrics.inception_weights import Network, cache, find, keep
from diffusion.metrics.kernel import kernel_distance

GROUND = 128  # the grey that is 0 to the network: black and white outlines stay visible
BATCH = 32


class Inception(Metric):
    """`fid` and `kid` in the network of the literature, as torch-fidelity computes them.

    Args:
        weights: file with the network's weights; looked for when None, see `inception_weights`.
        features: 64, 192, 768 or 2048, a layer of the network; the literature's is 2048.

    Attributes:
        recipe: plain values that a number depends on, to be logged beside it.

    Raises:
        UserError: at once when the weights are missing, so that nobody trains in vain.
    """

    def __init__(self, weights: str | Path | None = None, features: int = 2048) -> None:
        if features not in (64, 192, 768, 2048):
            raise UserError(f"Inception has no {features} features; give 64, 192, 768 or 2048.")
        self.features, self.weights = features, find(weights)
        self.recipe: dict[str, str | int] = {
            "network": "inception-2015-12-05, torch-fidelity",
            "weights": self.weights.source,
            "weights_sha256": self.weights.sha256,
            "features": features,
            "resize": "bilinear to 299 x 299 as in TensorFlow 1",
            "ground": f"grey {GROUND}",
        }

    @cached_property
    def network(self) -> Network:
        """The network in evaluation mode; 0.5 s and 95 MB at the first use."""
        network = Network(self.features)
        network.load_state_dict(self.weights.load())
        return network

    @torch.no_grad()
    def describe(self, images: Tensor) -> Tensor:
        """Features float32 `(N, D)`, computed where the images are; on a CPU 0.2 s for each."""
        described = torch.empty(len(images), self.features)
        network = self.network.to(images.device)
        with tqdm(
            total=len(images), desc="inception", unit="sprite", delay=2, leave=False, disable=None
        ) as bar:
            for start in range(0, len(images), BATCH):
                batch = opaque(images[start : start + BATCH])
                described[start : start + BATCH] = network(batch)[0].cpu()
                bar.update(len(batch))
        return described

    def describe_reference(self, images: Tensor) -> Tensor:
        """The same, kept in the cache under the sha256 of the sprites and the recipe."""
        key = hashlib.sha256(json.dumps([self.recipe, list(images.shape)]).encode())
        key.update(images.cpu().contiguous().numpy().data)
        file = cache() / "features" / f"{key.hexdigest()}.npy"
        with suppress(OSError, ValueError, EOFError), file.open("rb") as opened:
            kept = np.lib.format.read_array(opened, allow_pickle=False)
            if kept.shape == (len(images), self.features) and np.isfinite(kept).all():
                return torch.from_numpy(kept)
        described = self.describe(images)  # not kept yet, or damaged
        content = io.BytesIO()
        np.save(content, described.numpy())
        keep(file, content.getvalue())
        return described

    def compare(self, samples: Tensor, reference: Tensor) -> dict[str, float]:
        """`fid` and `kid`, in float64.

        Raises:
            NotMeasurable: fewer than 2 sprites on a side, or features that are not finite.
        """
        fewest = min(len(samples), len(reference))
        if fewest < 2:
            raise NotMeasurable(f"FID and KID need 2 sprites on each side; there are {fewest}.")
        x, y = samples.cpu().double(), reference.cpu().double()
        if not (x.isfinite().all() and y.isfinite().all()):
            raise NotMeasurable("FID and KID need finite features; some of these are not.")
        return {"fid": frechet(x, y), "kid": kernel_distance(x, y)}


def opaque(images: Tensor) -> Tensor:
    """uint8 `(N, C, H, W)` of 1, 3 or 4 channels -> RGB uint8 `(N, 3, H, W)` over grey."""
    if images.shape[1] < 4:
        return images.expand(-1, 3, -1, -1)
    alpha = images[:, 3:].float() / 255
    return (images[:, :3] * alpha + GROUND * (1 - alpha)).round().to(torch.uint8)
