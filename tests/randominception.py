"""Weights of nobody for the Inception network, for what does not depend on them."""

import torch

from diffusion.metrics import inception, inception_weights
from diffusion.metrics.inception_weights import Network, Weights

FEATURES = 64  # its shallowest layer


def random_weights():
    """Weights as the metric loads them."""
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.rand(blank.shape, generator=generator) - 0.5
        if ".conv." in name
        else torch.ones(blank.shape, dtype=blank.dtype)
        for name, blank in Network(FEATURES).state_dict().items()
    }

    class RandomWeights(Weights):
        def load(self):
            return state

    return RandomWeights(None, inception_weights.CONVERTED)


def in_place_of_the_real(monkeypatch):
    """Makes `inception=true` mean these, in commands too, which are forks of this process."""
    weights = random_weights()
    monkeypatch.setattr(inception, "find", lambda given: weights)
    monkeypatch.setattr(inception.Inception.__init__, "__defaults__", (None, FEATURES))
