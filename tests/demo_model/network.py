"""GPT-J in the small: the network of transformers' GPTJForCausalLM with the same names, quick on two cores."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Block(nn.Module):
    """One layer: attention and the feed-forward part side by side on one normalised input."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.ModuleDict(
            {name: nn.Linear(width, width, bias=False) for name in ("q_proj", "k_proj", "v_proj", "out_proj")}
        )
        self.mlp = nn.ModuleDict({"fc_in": nn.Linear(width, 4 * width), "fc_out": nn.Linear(4 * width, width)})

    def forward(self, x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
        batch, length, width = x.shape
        normal = self.ln_1(x)
        query, key, value = (
            self.attn[name](normal).view(batch, length, self.heads, -1).transpose(1, 2)
            for name in ("q_proj", "k_proj", "v_proj")
        )
        seen = functional.scaled_dot_product_attention(_turned(query, turn), _turned(key, turn), value, is_causal=True)
        attended = self.attn["out_proj"](seen.transpose(1, 2).reshape(batch, length, width))
        return x + attended + self.mlp["fc_out"](functional.gelu(self.mlp["fc_in"](normal), approximate="tanh"))


class GptJ(nn.Module):
    """The whole network; ``forward`` gives the last hidden states, ``lm_head`` makes scores of them."""

    def __init__(self, *, vocabulary: int, width: int, layers: int, heads: int, rotary: int) -> None:
        super().__init__()
        self.rotary = rotary
        self.transformer = nn.ModuleDict(
            {
                "wte": nn.Embedding(vocabulary, width),
                "h": nn.ModuleList(Block(width, heads) for _ in range(layers)),
                "ln_f": nn.LayerNorm(width),
            }
        )
        self.lm_head = nn.Linear(width, vocabulary)
        self.lm_head.weight = self.transformer["wte"].weight  # one matrix to read and to write: copying is then general
        for name, weight in self.named_parameters():
            if name.endswith("bias"):
                nn.init.zeros_(weight)
            elif weight.dim() == 2:
                nn.init.normal_(weight, std=0.05 if "wte" in name else 0.5 * weight.shape[1] ** -0.5)

    def forward(self, ids: Tensor) -> Tensor:
        """Hidden states (batch, length, width) of ``ids`` (batch, length); each position sees those before it."""
        rates = 10000.0 ** (-torch.arange(0, self.rotary, 2) / self.rotary)
        angles = torch.arange(ids.shape[1])[:, None] * rates
        turn = angles.sin(), angles.cos()
        x = self.transformer["wte"](ids)
        for block in self.transformer["h"]:
            x = block(x, turn)
        return self.transformer["ln_f"](x)


def _turned(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Rotary position: the first dimensions, taken in neighbouring pairs, turned by each position's angles (GPT-J's way)."""
    sin, cos = turn
    size = 2 * sin.shape[-1]
    even, odd = x[..., 0:size:2], x[..., 1:size:2]
    turned = torch.stack((even * cos - odd * sin, odd * cos + even * sin), dim=-1).flatten(-2)
    return torch.cat((turned, x[..., size:]), dim=-1)
