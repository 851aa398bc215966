"""Muon: momentum whose matrices are made orthogonal, so that a step moves all directions alike.

    M <- M + (1 - m) (G - M);    W <- W - rate 0.2 sqrt(longer side) orthogonal(G + m (M - G))

Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"; the factor before
the square root brings rates and weight decay near those of AdamW (Liu et al. 2025, "Muon is
Scalable for LLM Training", equation 4). A convolution counts as one matrix, its output channels by
all the rest.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from diffusion.bfloat16 import multiplied_natively

MIN_SIDE = 16  # a matrix with a shorter side is learned as biases and norms are


class Muon(Optimizer):
    """Muon for matrices of at least 16 rows and columns, AdamW for all other weights.

    Args:
        params: the weights.
        lr: learning rate of both.
        momentum: share of the momentum that a step keeps.
        betas: shares of AdamW's first and second moment that a step keeps.
        weight_decay: decoupled weight decay.
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 0.008,
        momentum: float = 0.9,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.01,
    ) -> None:
        if min(lr, weight_decay) < 0 or not 0 <= momentum < 1:
            raise ValueError(
                f"lr={lr} and weight_decay={weight_decay} must be 0 or more, and "
                f"momentum={momentum} in 0..1"
            )
        matrices: list[Tensor] = []
        rest: list[Tensor] = []
        for weight in params:
            wide = weight.ndim >= 2 and min(weight.shape[0], weight[0].numel()) >= MIN_SIDE
            (matrices if wide else rest).append(weight)
        groups = [{"params": matrices, "muon": True}, {"params": rest, "muon": False}]
        betas = (float(betas[0]), float(betas[1]))  # plain numbers, whatever list they came in
        defaults = {"lr": lr, "momentum": momentum, "betas": betas, "weight_decay": weight_decay}
        super().__init__([group for group in groups if group["params"]], defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step on the gradients at hand; returns what the closure returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
            (self._orthogonal_step if group["muon"] else self._adam_step)(weights, group)
        return loss

    def _orthogonal_step(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        for weight in weights:
            if not self.state[weight]:
                self.state[weight]["momentum"] = torch.zeros_like(weight)
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        momenta = [self.state[weight]["momentum"] for weight in weights]
        torch._foreach_lerp_(momenta, gradients, 1 - group["momentum"])
        ahead = torch._foreach_lerp(gradients, momenta, group["momentum"])
        alike: defaultdict[tuple[int, int], list[tuple[Tensor, Tensor]]] = defaultdict(list)
        for weight, step in zip(weights, ahead, strict=True):
            step = _channels_last(step)
            alike[step.shape[0], step[0].numel()].append((weight, step))
        for shape, members in alike.items():  # one batched product for all of one shape
            matrices = torch.stack([step.flatten(1) for _, step in members])
            steps = [
                _channels_first(matrix.reshape(step.shape))
                for matrix, (_, step) in zip(orthogonal(matrices), members, strict=True)
            ]
            rate = -0.2 * group["lr"] * max(shape) ** 0.5
            torch._foreach_add_([weight for weight, _ in members], steps, alpha=rate)

    def _adam_step(self, weights: list[Tensor], group: dict[str, Any]) -> None:
        slow, slower = group["betas"]
        for weight in weights:
            state = self.state[weight]
            if not state:
                state |= {"step": 0, "mean": torch.zeros_like(weight)}
                state["square"] = torch.zeros_like(weight)
            state["step"] += 1
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        means = [self.state[weight]["mean"] for weight in weights]
        squares = [self.state[weight]["square"] for weight in weights]
        torch._foreach_lerp_(means, gradients, 1 - slow)
        torch._foreach_mul_(squares, slower)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - slower)
        steps = [self.state[weight]["step"] for weight in weights]
        spreads = torch._foreach_div(squares, [1 - slower**n for n in steps])
        torch._foreach_sqrt_(spreads)
        torch._foreach_add_(spreads, 1e-8)
        rates = [-group["lr"] / (1 - slow**n) for n in steps]
        torch._foreach_addcdiv_(weights, means, spreads, rates)


def _channels_last(weight: Tensor) -> Tensor:
    """A convolution's weight in the order of its memory, so that its rows need no rearranging."""
    return weight.movedim(1, -1)


def _channels_first(weight: Tensor) -> Tensor:
    """The same in the order of its dimensions again."""
    return weight.movedim(-1, 1)


def orthogonal(matrices: Tensor) -> Tensor:
    """Nearly U V^T of each U S V^T in `(N, m, n)`.

    In bfloat16, which is exact enough for it, where the device multiplies that by itself; in
    float32 elsewhere, which a CPU without it does in a tenth of the time. Five Newton-Schulz steps
    take every singular value of 0.003 to 1 times the norm into 0.68..1.21, as good as 1.
    """
    x = matrices.to(torch.bfloat16 if multiplied_natively(matrices.device) else torch.float32)
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT.contiguous() if tall else x
    x = x / x.norm(dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    for _ in range(5):  # x <- 3.4445 x - 4.7750 (x x^T) x + 2.0315 (x x^T)^2 x
        squared = x @ x.mT
        rest = torch.baddbmm(squared, squared, squared, beta=-4.7750, alpha=2.0315)
        x = torch.baddbmm(x, rest, x, beta=3.4445)
    return x.mT if tall else x
