"""Mixed labels: the sum of the embeddings, each times its weight."""

import pytest
import torch
from hands import network

from diffusion.errors import UserError
from diffusion.models.context_unet import ContextUNet
from diffusion.models.unet import UNet
from diffusion.steering.guidance import Guided
from diffusion.steering.mixed import Mixed

X, T = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0)), torch.full((3,), 0.5)
TOLD, NONE = torch.zeros(3, dtype=torch.int64), torch.full((3,), -1)


def of(label):
    return torch.full((3,), label)


@pytest.mark.parametrize("label", [0, 1])
def test_a_class_alone_is_that_class_to_the_bit(label):
    denoiser = network()
    assert torch.equal(Mixed(denoiser, {label: 1.0})(X, T, TOLD), denoiser(X, T, of(label)))


def test_without_a_label_nothing_is_mixed():
    denoiser = network()
    mixed = Mixed(denoiser, {0: 1.0, 1: 1.0})
    assert torch.equal(mixed(X, T), denoiser(X, T))
    assert torch.equal(mixed(X, T, NONE), denoiser(X, T, NONE))


def test_guidance_leaves_what_is_told_and_what_is_not():
    denoiser = network()
    mixed = Mixed(denoiser, {0: 1.0, 1: 0.5})
    assert torch.allclose(Guided(mixed, 0.0)(X, T, TOLD), denoiser(X, T, NONE), atol=1e-5)
    assert torch.allclose(Guided(mixed, 1.0)(X, T, TOLD), mixed(X, T, TOLD), atol=1e-5)


@pytest.mark.parametrize("make", [UNet, ContextUNet])
def test_every_network_takes_weights_of_its_classes(make):
    torch.manual_seed(0)
    network = make(channels=4, classes=3, **({"widths": [32, 32]} if make is UNet else {}))
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.1)  # it begins with an answer of zeros
    for label in (0, 1, 2, -1):
        weights = torch.eye(4)[[label] * 3]
        x = torch.randn(3, 4, 16, 16)
        assert torch.allclose(network(x, T, weights), network(x, T, of(label)), atol=1e-5)


def test_a_network_that_takes_no_weights_is_refused():
    denoiser = network()
    denoiser.model.mixes_labels = False
    with pytest.raises(UserError, match="weights of its classes"):
        Mixed(denoiser, {0: 1.0})
