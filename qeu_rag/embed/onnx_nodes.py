"""The nodes and constants of an ONNX graph while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.exports import WEIGHTS

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Weights = Mapping[str, NDArray[np.float32]]

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md)."""

_OPSET, _IR = 17, 8

_MAPPED = 65536
"""Bytes from which a constant is kept beside the graph, each at a multiple: what Windows maps files by."""


class Nodes:
    """The nodes so far; ``state`` names the tensor (batch, tokens, dimension) that the last of them gave."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self._large: list[tuple[TensorProto, NDArray[Any]]] = []
        self.state = ""

    def weight(self, name: str) -> NDArray[np.float32]:
        """The weight of this name. Raises KeyError where there is none."""
        return np.asarray(self.weights[name], dtype=np.float32)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Adds a constant; its name."""
        from onnx import TensorProto, helper, numpy_helper

        kept = np.asarray(values, order="C")
        if kept.nbytes < _MAPPED:
            self.constants.append(numpy_helper.from_array(kept, name))
        else:
            self.constants.append(
                TensorProto(name=name, dims=kept.shape, data_type=helper.np_dtype_to_tensor_dtype(kept.dtype))
            )
            self._large.append((self.constants[-1], kept))
        return name

    def node(self, kind: str, inputs: list[str], output: str, domain: str = "", **attributes: Any) -> str:
        """Adds a node with one output; the output's name."""
        return self.split(kind, inputs, [output], domain, **attributes)[0]

    def split(self, kind: str, inputs: list[str], outputs: list[str], domain: str = "", **attributes: Any) -> list[str]:
        """Adds a node with several outputs; their names."""
        from onnx import helper

        self.nodes.append(helper.make_node(kind, inputs, outputs, name=outputs[0], domain=domain, **attributes))
        return outputs

    def linear(self, name: str, state: str) -> str:
        """``state`` times the weight of ``name``, without its bias, which the next fused operator adds."""
        weight = self.constant(f"{name}.w", self.weight(f"{name}.weight").T)
        return self.node("MatMul", [state, weight], f"{name}.product")

    def bias(self, name: str) -> str:
        """The bias of ``name`` as a constant."""
        return self.constant(f"{name}.b", self.weight(f"{name}.bias"))

    def norm(self, name: str, state: str, epsilon: float) -> str:
        """Layer normalisation with the weights of ``name``."""
        parts = [self.constant(f"{name}.{part}", self.weight(f"{name}.{part}")) for part in ("weight", "bias")]
        return self.node("LayerNormalization", [state, *parts], f"{name}.normed", axis=-1, epsilon=epsilon)

    def write(self, outputs: Mapping[str, list[str | int]], path: Path) -> None:
        """Writes the graph to ``path``: input_ids and attention_mask, int64 (batch, tokens), in; ``outputs`` with their shapes.

        What is large goes into a file beside it, ``WEIGHTS``, which onnxruntime maps: only what a text needs is then read.
        Raises OSError where they cannot be written.
        """
        from onnx import TensorProto, helper

        self._set_apart(path.with_name(WEIGHTS))
        shape: list[str | int] = ["batch", "tokens"]
        inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, shape) for n in ("input_ids", "attention_mask")]
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, wide) for name, wide in outputs.items()]
        body = helper.make_graph(self.nodes, "bert", inputs, given, self.constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(MICROSOFT, 1)]
        path.write_bytes(helper.make_model(body, opset_imports=opsets, ir_version=_IR).SerializeToString())

    def _set_apart(self, path: Path) -> None:
        from onnx import StringStringEntryProto, TensorProto

        if not self._large:
            return
        with path.open("wb") as file:
            for constant, values in self._large:
                file.write(bytes(-file.tell() % _MAPPED))
                place = {"location": path.name, "offset": str(file.tell()), "length": str(values.nbytes)}
                constant.external_data.extend(StringStringEntryProto(key=key, value=place[key]) for key in place)
                constant.data_location = TensorProto.EXTERNAL
                file.write(values.data)
