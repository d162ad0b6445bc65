"""The nodes and constants of an ONNX graph while it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import NodeProto, TensorProto

Weights = Mapping[str, NDArray[np.float32]]

MICROSOFT = "com.microsoft"
"""The domain of onnxruntime's own operators (https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md)."""


class Nodes:
    """The nodes so far; ``state`` names the tensor (batch, tokens, dimension) that the last of them gave."""

    def __init__(self, weights: Weights) -> None:
        self.weights = weights
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.state = ""

    def weight(self, name: str) -> NDArray[np.float32]:
        """The weight of this name. Raises KeyError where there is none."""
        return np.asarray(self.weights[name], dtype=np.float32)

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Adds a constant; its name."""
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.asarray(values, order="C"), name))
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
