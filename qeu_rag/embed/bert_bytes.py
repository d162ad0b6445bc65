"""A BERT layer's products in eight bits, for models whose inputs' ranges are known; the wide one stays in float32.

A weight has one scale for each output, an input one for the whole tensor, from its range over many texts, so that a text's
vector never depends on what is computed beside it. Before that, what makes single inputs wide is moved into the weights
(SmoothQuant: Xiao et al. 2023, arXiv 2211.10438). The inner state of the feed-forward part is too uneven even then: its
product, a third of all, is left as it is.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.onnx_nodes import MICROSOFT, Nodes

Floats = NDArray[np.float32]
Ranges = Mapping[str, Floats]
"""By the name of a product: float32 (2, inputs), the least and the most of each of its inputs."""

_EVENNESS = 0.7
"""How much of an input's unevenness moves into the weights; by vectors' cosines with float32's (.5: .99901, .7: .99926)."""


def attended(graph: Nodes, heads: int, at: str, ranges: Ranges) -> str:
    """What attention gives in layer ``at``, each value already divided as the next product wants it (``spread_of``)."""
    parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
    spread = spread_of(graph, f"{at}.attention.output.dense", ranges)
    weights = [graph.weight(f"{part}.weight").T for part in parts]
    biases = [graph.weight(f"{part}.bias") for part in parts]
    weights[2], biases[2] = weights[2] / spread, biases[2] / spread
    bias = graph.constant(f"{at}.qkv.b", np.concatenate(biases))
    joint = product(graph, parts[0], graph.state, np.concatenate(weights, axis=1), ranges[parts[0]], bias)
    sizes = graph.constant(f"{at}.sizes", np.array([len(bias_) for bias_ in biases], dtype=np.int64))
    split = graph.split("Split", [joint, sizes], [f"{at}.q", f"{at}.k", f"{at}.v"], axis=-1)
    return graph.node("MultiHeadAttention", [*split, "", "mask"], f"{at}.attended", MICROSOFT, num_heads=heads)


def spread_of(graph: Nodes, name: str, ranges: Ranges) -> Floats:
    """By what each input of the product ``name`` is divided, and its weights multiplied."""
    return _spread(graph.weight(f"{name}.weight").T, ranges[name])


def divided(graph: Nodes, name: str, state: str, ranges: Ranges) -> str:
    """``state`` times the weight of ``name`` plus its bias, where ``state`` has been divided by ``spread_of`` before."""
    weight, spread = graph.weight(f"{name}.weight").T, spread_of(graph, name, ranges)
    return _product(graph, name, state, weight * spread[:, None], ranges[name] / spread, graph.bias(name))


def product(graph: Nodes, name: str, state: str, weight: Floats, limits: Floats, bias: str | None = None) -> str:
    """``state`` times ``weight`` (inputs, outputs), plus ``bias``; ``limits`` are the range of each input."""
    spread = _spread(weight, limits)
    even = graph.node("Mul", [state, graph.constant(f"{name}.spread", 1 / spread)], f"{name}.even")
    return _product(graph, name, even, weight * spread[:, None], limits / spread, bias)


def _spread(weight: Floats, limits: Floats) -> Floats:
    most = np.maximum(np.abs(limits).max(axis=0), 1e-5)
    spread = most**_EVENNESS / np.maximum(np.abs(weight).max(axis=1), 1e-5) ** (1 - _EVENNESS)
    return np.asarray(spread / np.exp(np.log(spread).mean()), dtype=np.float32)


def _product(graph: Nodes, name: str, state: str, weight: Floats, limits: Floats, bias: str | None) -> str:
    least, most = min(0.0, float(limits.min())), max(0.0, float(limits.max()))
    scale = np.array((most - least) / 255, dtype=np.float32)
    zero = np.array(round(-least / float(scale)), dtype=np.uint8)
    steps = (np.abs(weight).max(axis=0) / 127).astype(np.float32)
    kept = np.clip(np.rint(weight / np.where(steps == 0, 1, steps)), -127, 127).astype(np.int8)
    by = [graph.constant(f"{name}.scale", scale), graph.constant(f"{name}.zero", zero)]
    inputs = graph.node("QuantizeLinear", [state, *by], f"{name}.bytes")
    weights = [graph.constant(f"{name}.w", kept), by[0], graph.constant(f"{name}.steps", steps), by[1], ""]
    return graph.node("MatMulIntegerToFloat", [inputs, *weights, bias or ""], f"{name}.product", MICROSOFT)
