"""Other ways to write the encoder's graph: its products by kernels of 4 and 8 bits, in place of those in float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

MICROSOFT = "com.microsoft"
_BLOCK = 32
_SMOOTH = 0.6

Floats = NDArray[np.float32]
Write = Callable[["Rewriter", str, str, Floats, str], None]
"""Writes the product of a tensor and a weight, shape (inputs, outputs): name, input, weight, output."""


class Rewriter:
    """Takes a graph of ``bert_graph`` and writes each product anew by ``write``."""

    def __init__(self, model: onnx.ModelProto, write: Write, *, wide: bool = True) -> None:
        """``wide``: also the products out of the wide inner state."""
        self.constants = {one.name: numpy_helper.to_array(one) for one in model.graph.initializer}
        self.nodes: list[onnx.NodeProto] = []
        self._write, self._wide, self._model = write, wide, model

    def rewritten(self) -> onnx.ModelProto:
        """The new graph."""
        for node in self._model.graph.node:
            if node.op_type == "Attention":
                self._attention(node)
            elif node.op_type == "MatMul" and (self._wide or self.constants[node.input[1]].shape[0] == 384):
                self._write(self, node.name, node.input[0], self.constants.pop(node.input[1]), node.output[0])
            else:
                self.nodes.append(node)
        kept = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in self.constants.items()]
        graph = self._model.graph
        body = helper.make_graph(self.nodes, graph.name, graph.input, graph.output, kept)
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
        return helper.make_model(body, opset_imports=opsets, ir_version=8)

    def node(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "", **more: Any) -> None:
        """Adds a node."""
        self.nodes.append(helper.make_node(kind, list(inputs), list(outputs), domain=domain, **more))

    def _attention(self, node: onnx.NodeProto) -> None:
        state, weight, bias, mask = node.input
        heads = next(one.i for one in node.attribute if one.name == "num_heads")
        self._write(self, node.name, state, self.constants.pop(weight), f"{node.name}.joint")
        parts = [f"{node.name}.{part}" for part in "qkv"]
        self.node("Split", [f"{node.name}.joint"], parts, axis=-1, num_outputs=3)
        self.node("MultiHeadAttention", [*parts, bias, mask], node.output, MICROSOFT, num_heads=heads)


def by_blocks(bits: Callable[[str], int], accuracy: int) -> Write:
    """MatMulNBits with blocks of 32; ``bits`` says 4 or 8 by the name; ``accuracy`` 4 rounds inputs to 8 bits, 0 does not."""

    def write(to: Rewriter, name: str, state: str, weight: Floats, output: str) -> None:
        wide, outputs = weight.shape
        blocks = weight.T.reshape(outputs, wide // _BLOCK, _BLOCK)
        if bits(name) == 4:  # the greatest becomes -8, as in Q4_0, so that such weights come back as they were
            peak = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
            scales = (peak / -8).astype(np.float16).astype(np.float32)
            whole = np.clip(np.rint(blocks / np.where(scales == 0, 1, scales)) + 8, 0, 15).astype(np.uint8)
            whole = whole[..., ::2] | (whole[..., 1::2] << 4)
        else:
            scales = np.abs(blocks).max(-1, keepdims=True) / 127
            whole = (np.rint(blocks / np.where(scales == 0, 1, scales)) + 128).astype(np.uint8)
        to.constants |= {f"{name}.n": whole, f"{name}.s": scales[..., 0].astype(np.float32)}
        shape = {"K": wide, "N": outputs, "bits": bits(name), "block_size": _BLOCK, "accuracy_level": accuracy}
        to.node("MatMulNBits", [state, f"{name}.n", f"{name}.s"], [output], MICROSOFT, **shape)

    return write


def by_channels(to: Rewriter, name: str, state: str, weight: Floats, output: str) -> None:
    """int8 with a scale an output; inputs are rounded by what they hold now, so that texts of a batch touch each other."""
    scales = np.abs(weight).max(0) / 127
    to.constants |= {f"{name}.n": np.rint(weight / scales).astype(np.int8), f"{name}.s": scales.astype(np.float32)}
    to.node("DynamicQuantizeMatMul", [state, f"{name}.n", f"{name}.s"], [output], MICROSOFT)


def by_ranges(ranges: dict[str, tuple[Floats, Floats]]) -> Write:
    """int8 a channel with known ranges of inputs: columns are evened out first (SmoothQuant; Xiao et al. 2023, arXiv 2211.10438).

    ``ranges``: by an input's name the least and greatest of each column. A vector does not depend on the other texts of a batch.
    """

    def write(to: Rewriter, name: str, state: str, weight: Floats, output: str) -> None:
        low, high = ranges[state]
        even = np.maximum(np.maximum(-low, high), 1e-4) ** _SMOOTH
        even = (even / np.exp(np.log(even).mean())).astype(np.float32)
        least, most = min(0.0, float((low / even).min())), max(0.0, float((high / even).max()))
        step, zero = (most - least) / 255, round(-least / (most - least) * 255)
        smooth = weight * even[:, None]
        scales = np.abs(smooth).max(0) / 127
        to.constants |= {
            f"{name}.n": np.rint(smooth / scales).astype(np.int8),
            f"{name}.s": scales.astype(np.float32),
            f"{name}.z": np.zeros(len(scales), np.int8),
            f"{name}.even": (1 / even).astype(np.float32),
            f"{name}.step": np.array(step, np.float32),
            f"{name}.zero": np.array(zero, np.uint8),
        }
        to.node("Mul", [state, f"{name}.even"], [f"{name}.smooth"])
        to.node("QuantizeLinear", [f"{name}.smooth", f"{name}.step", f"{name}.zero"], [f"{name}.whole"])
        inputs = [f"{name}.{part}" for part in ("whole", "n", "step", "s", "zero", "z")]
        to.node("MatMulIntegerToFloat", inputs, [output], MICROSOFT)

    return write


def product_inputs(model: onnx.ModelProto) -> list[str]:
    """The names of the tensors that go into products."""
    return list(dict.fromkeys(n.input[0] for n in model.graph.node if n.op_type in ("MatMul", "Attention")))
