"""Muon: momentum whose every step is made orthogonal, so that a small network learns in a few hundred steps.

Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). torch's own works in bfloat16, which
processors without it do ten times slower.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor


class Muon(torch.optim.Optimizer):
    """For the matrices of hidden layers; ``lr`` is the spectral size of a step."""

    def __init__(self, weights: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(weights, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            alike: dict[tuple[int, ...], list[Tensor]] = {}
            for weight in group["params"]:
                alike.setdefault(tuple(weight.shape), []).append(weight)
            for shape, weights in alike.items():
                steps = _orthogonal(torch.stack([self._momentum(weight, group["momentum"]) for weight in weights]))
                size = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for weight, step in zip(weights, steps, strict=True):
                    weight.add_(step, alpha=-size)

    def _momentum(self, weight: Tensor, momentum: float) -> Tensor:
        kept = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
        kept.lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(kept, momentum)


def _orthogonal(matrices: Tensor) -> Tensor:
    """The nearest matrices with singular values near 1, by five Newton-Schulz rounds (batch, rows, columns)."""
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.775 * square + 2.0315 * square @ square) @ x
    return x.mT if tall else x
