"""Writes a BERT encoder as an ONNX graph straight from its weights, pooled and normalised, without importing torch.

The network is BERT's (Devlin et al. 2019, arXiv 1810.04805); the fused operators are onnxruntime's own
(https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md), which is the one runtime that reads the file.
A sum and its norm are two nodes: fused into SkipLayerNormalization they take six times as long (onnxruntime 1.32, one thread).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed import bert_bytes
from qeu_rag.embed.encoder.packed import is_packed, ranges, unpack
from qeu_rag.embed.onnx_nodes import MICROSOFT, Nodes, Weights

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BertModel:
    """A sentence-transformers folder that is a plain BERT: what is needed to write its graph and to run it."""

    folder: Path
    layers: int
    heads: int
    dimension: int
    positions: int
    epsilon: float
    pooling: Pooling
    pad_id: int


def read_bert(folder: Path) -> BertModel | None:
    """What the configuration files of ``folder`` say; None where it is no BERT with mean or CLS pooling alone.

    The layout is sentence-transformers': ``modules.json`` names the transformer, its pooling and perhaps a normalisation.
    """
    try:
        config = _json(folder / "config.json")
        if is_packed(folder):
            return _described(folder, config, "mean")
        modules = [str(module["type"]).rsplit(".", 1)[-1] for module in _json(folder / "modules.json")]
        pooling = _pooling(_json(folder / "1_Pooling" / "config.json"))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    plain = (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and not config.get("is_decoder")
        and modules in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and (folder / "model.safetensors").exists()
        and (folder / "tokenizer.json").exists()
    )
    return _described(folder, config, pooling) if plain and pooling is not None else None


def _described(folder: Path, config: Mapping[str, Any], pooling: Pooling) -> BertModel:
    return BertModel(
        folder=folder,
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        dimension=int(config["hidden_size"]),
        positions=int(config["max_position_embeddings"]),
        epsilon=float(config["layer_norm_eps"]),
        pooling=pooling,
        pad_id=int(config.get("pad_token_id") or 0),
    )


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _pooling(config: Mapping[str, Any]) -> Pooling | None:
    """The one pooling that is switched on, if it is one that we write."""
    on = {name for name, value in config.items() if name.startswith("pooling_mode_") and value is True}
    named = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
    mode = config.get("pooling_mode") or (named.get(on.pop()) if len(on) == 1 else None)
    return "mean" if mode == "mean" else "cls" if mode == "cls" else None


def weights_of(model: BertModel) -> dict[str, NDArray[np.float32]]:
    """The weights of ``model`` by BERT's names. Raises what safetensors raises, ValueError for damaged packed ones, OSError."""
    from safetensors.numpy import load_file

    if is_packed(model.folder):
        return unpack(model.folder)
    return {name.removeprefix("bert."): w for name, w in load_file(model.folder / "model.safetensors").items()}


def ranges_of(model: BertModel) -> bert_bytes.Ranges:
    """The ranges of the inputs of the products of ``model``; empty where none are known. Raises as ``weights_of``."""
    return ranges(model.folder) if is_packed(model.folder) else {}


def write_bert(model: BertModel, path: Path, *, in_bytes: bool = False) -> None:
    """Writes ``path``: input_ids and attention_mask, int64 (batch, tokens), in; unit vectors (batch, dimension) out.

    ``in_bytes``: with products in eight bits, for a model whose ``ranges_of`` are known.

    Raises KeyError for weights that are not a BERT's, OSError where the file cannot be written.
    """
    graph = Nodes(weights_of(model))
    _layers(graph, model, ranges_of(model) if in_bytes else {})
    _pool(graph, model)
    graph.write({"vector": ["batch", model.dimension]}, path)


def write_reader(model: BertModel, weights: Weights, limits: bert_bytes.Ranges, path: Path) -> None:
    """Writes ``path``: input as ``write_bert``'s, the question before the window in each row; out ``answers`` (batch,), logits.

    Raises as ``write_bert``; without ``limits`` products are in float32.
    """
    graph = Nodes(weights)
    _layers(graph, model, limits)
    _head(graph)
    graph.write({"answers": ["batch"]}, path)


def _layers(graph: Nodes, model: BertModel, limits: bert_bytes.Ranges) -> None:
    _embeddings(graph, model)
    for layer in range(model.layers):
        if limits:
            _layer_in_bytes(graph, model, layer, limits)
        else:
            _layer(graph, model, layer)


def _embeddings(graph: Nodes, model: BertModel) -> None:
    # Half floats: a third of the file and of the memory, and the vectors stay the same to five places.
    words = graph.constant("words", graph.weight("embeddings.word_embeddings.weight").astype(np.float16))
    # All our texts are of segment 0, whose vector every position shares.
    first_segment = graph.weight("embeddings.token_type_embeddings.weight")[0]
    positions = graph.constant("positions", graph.weight("embeddings.position_embeddings.weight") + first_segment)
    looked_up = graph.node("Cast", [graph.node("Gather", [words, "input_ids"], "words_16")], "word_vectors", to=1)
    shape = graph.node("Shape", ["input_ids"], "shape", start=1)
    zero = graph.constant("zero", np.array([0], dtype=np.int64))
    used = graph.node("Slice", [positions, zero, shape, zero], "used_places")
    summed = graph.node("Add", [looked_up, used], "embedded")
    graph.state = graph.norm("embeddings.LayerNorm", summed, model.epsilon)
    graph.node("Cast", ["attention_mask"], "mask", to=6)  # TensorProto.INT32, as Attention wants it


def _layer(graph: Nodes, model: BertModel, number: int) -> None:
    at = f"encoder.layer.{number}"
    parts = [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
    weight = np.concatenate([graph.weight(f"{part}.weight").T for part in parts], axis=1)
    bias = np.concatenate([graph.weight(f"{part}.bias") for part in parts])
    joint = [graph.constant(f"{at}.qkv.w", weight), graph.constant(f"{at}.qkv.b", bias)]
    attended = graph.node(
        "Attention", [graph.state, *joint, "mask"], f"{at}.attended", MICROSOFT, num_heads=model.heads
    )
    _residual(graph, model, f"{at}.attention.output", attended)
    inner = f"{at}.intermediate.dense"
    wide = graph.node("BiasGelu", [graph.linear(inner, graph.state), graph.bias(inner)], f"{at}.wide", domain=MICROSOFT)
    _residual(graph, model, f"{at}.output", wide)


def _layer_in_bytes(graph: Nodes, model: BertModel, number: int, limits: bert_bytes.Ranges) -> None:
    at = f"encoder.layer.{number}"
    given = bert_bytes.attended(graph, model.heads, at, limits)
    output, inner = f"{at}.attention.output", f"{at}.intermediate.dense"
    _add_and_norm(graph, model, output, bert_bytes.divided(graph, f"{output}.dense", given, limits))
    wide = bert_bytes.product(graph, inner, graph.state, graph.weight(f"{inner}.weight").T, limits[inner])
    wide = graph.node("BiasGelu", [wide, graph.bias(inner)], f"{at}.wide", domain=MICROSOFT)
    _residual(graph, model, f"{at}.output", wide)


def _residual(graph: Nodes, model: BertModel, name: str, state: str) -> None:
    """The dense layer ``name`` over ``state``, added to what went in, normalised."""
    dense = f"{name}.dense"
    _add_and_norm(
        graph, model, name, graph.node("Add", [graph.linear(dense, state), graph.bias(dense)], f"{name}.whole")
    )


def _add_and_norm(graph: Nodes, model: BertModel, name: str, whole: str) -> None:
    graph.state = graph.norm(f"{name}.LayerNorm", graph.node("Add", [whole, graph.state], f"{name}.sum"), model.epsilon)


def _pool(graph: Nodes, model: BertModel) -> None:
    # The sum over the true tokens has the direction of their mean, and the length falls away below.
    pooled = _first(graph) if model.pooling == "cls" else _summed(graph)[0]
    graph.node("LpNormalization", [pooled], "vector", axis=1, p=2)


def _head(graph: Nodes) -> None:
    """A reader's logit, of the first token beside the mean of all."""
    summed, column = _summed(graph)
    tokens = graph.constant("count_axis", np.array([1], dtype=np.int64))
    mean = graph.node("Div", [summed, graph.node("ReduceSum", [column, tokens], "count", keepdims=0)], "mean")
    both = graph.node("Concat", [_first(graph), mean], "both", axis=1)
    whether = graph.node("Add", [graph.linear("whether", both), graph.bias("whether")], "whether_logit")
    graph.node("Squeeze", [whether, graph.constant("last_axis", np.array([-1], dtype=np.int64))], "answers")


def _first(graph: Nodes) -> str:
    return graph.node("Gather", [graph.state, graph.constant("first", np.array(0, dtype=np.int64))], "of_first", axis=1)


def _summed(graph: Nodes) -> tuple[str, str]:
    """The sum of the states of the true tokens (batch, dimension), and which tokens are true (batch, tokens, 1)."""
    last = graph.constant("last", np.array([-1], dtype=np.int64))
    column = graph.node("Unsqueeze", [graph.node("Cast", ["attention_mask"], "true_tokens", to=1), last], "column")
    kept = graph.node("Mul", [graph.state, column], "kept")
    tokens = graph.constant("tokens_axis", np.array([1], dtype=np.int64))
    return graph.node("ReduceSum", [kept, tokens], "pooled", keepdims=0), column
