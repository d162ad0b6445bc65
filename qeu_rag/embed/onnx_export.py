"""Exports a sentence-transformers model to ONNX with pooling and normalisation inside; run once a model.

A plain BERT is written straight from its weights; anything else goes through torch, which takes ten seconds to import.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.bert_graph import ranges_of, read_bert, write_bert
from qeu_rag.embed.encoder.packed import is_packed
from qeu_rag.embed.exports import GRAPH, TOKENIZER, describe
from qeu_rag.embed.runners import IN_BYTES, IN_FLOATS
from qeu_rag.errors import ModelError

_POSITIONS_FROM_TWO = ("roberta", "xlm-roberta", "camembert", "mpnet")
"""Models that count positions from after the padding token's number, 1, and so take two tokens fewer than they say."""


def load_transformer(folder: Path, max_tokens: int) -> Any:
    """The SentenceTransformer in ``folder``, reading ``max_tokens`` tokens a text or as many as it can where fewer.

    Raises whatever sentence-transformers raises for a folder that it cannot read.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # its bar would stand in the middle of ours
    if is_packed(folder):
        from qeu_rag.embed.encoder.module import PackedEncoder  # by name, so that no code of the folder's own is run

        packed: Any = SentenceTransformer(modules=[PackedEncoder.load(str(folder))], device="cpu")
        packed.max_seq_length = min(max_tokens, packed.max_seq_length)
        return packed
    model: Any = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    positions = getattr(config, "max_position_embeddings", None)
    if positions and getattr(config, "model_type", "") in _POSITIONS_FROM_TWO:
        positions -= 2
    with contextlib.suppress(AttributeError):  # static embeddings have no limit
        model.max_seq_length = min(max_tokens, int(positions or max_tokens))
    return model


def ways(folder: Path) -> tuple[bool, ...]:
    """Whether to export the model in ``folder`` with products in eight bits, in float32, or first so and then so."""
    bert = read_bert(folder)
    return (True, False) if bert is not None and is_packed(folder) and ranges_of(bert) else (False,)


def export_model(
    folder: Path,
    target: Path,
    max_tokens: int,
    probes: Sequence[str],
    *,
    known: NDArray[np.float32] | None = None,
    in_bytes: bool = False,
) -> NDArray[np.float32] | None:
    """Writes ``model.onnx``, ``tokenizer.json`` and ``meta.json`` into ``target``; the model's own vectors of ``probes``.

    ``known`` are these vectors where they are known already; else sentence-transformers computes them. None for a model
    that is not a fast-tokenizer transformer with mean or CLS pooling (and perhaps normalisation). Raises ModelError for a
    folder that is no model, OSError where ``target`` cannot be written.
    """
    bert = read_bert(folder)
    if bert is None:
        return _export_by_torch(folder, target, max_tokens, probes)
    try:
        write_bert(bert, target / GRAPH, in_bytes=in_bytes)
    except OSError:
        raise
    except Exception as error:  # safetensors, and weights that are no BERT's
        raise ModelError("embedder_missing", model=folder) from error
    limit = min(max_tokens, bert.positions)
    runtime = IN_BYTES if in_bytes else IN_FLOATS
    shape = {"dimension": bert.dimension, "max_tokens": limit, "pad_id": bert.pad_id}
    describe(target, folder / TOKENIZER, runtime=runtime, **shape)
    return known if known is not None else _vectors(_loaded(folder, max_tokens), probes)


def _export_by_torch(folder: Path, target: Path, max_tokens: int, probes: Sequence[str]) -> NDArray[np.float32] | None:
    model = _loaded(folder, max_tokens)
    pooling = _pooling(model)
    if pooling is None or not (folder / TOKENIZER).exists():
        return None
    reference = _vectors(model, probes)
    try:
        _write(model, pooling, target / GRAPH)
    except OSError:
        raise
    except Exception:  # noqa: BLE001 - torch.onnx raises many kinds for what it cannot export
        return None
    shape = {"max_tokens": int(model.max_seq_length), "pad_id": int(model.tokenizer.pad_token_id or 0)}
    describe(target, folder / TOKENIZER, runtime=IN_FLOATS, dimension=reference.shape[1], **shape)
    return reference


def _loaded(folder: Path, max_tokens: int) -> Any:
    try:
        return load_transformer(folder, max_tokens)
    except Exception as error:
        raise ModelError("embedder_missing", model=folder) from error


def _vectors(model: Any, probes: Sequence[str]) -> NDArray[np.float32]:
    found = model.encode(list(probes), normalize_embeddings=True, show_progress_bar=False)
    return np.asarray(found, dtype=np.float32)


def _pooling(model: Any) -> str | None:
    """ "mean" or "cls" where the model is transformer, pooling and at most normalisation; else None."""
    kinds = [type(module).__name__ for module in model]
    if kinds not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"]):
        return None
    mode = model[1].get_config_dict().get("pooling_mode")
    if isinstance(mode, list | tuple) and len(mode) == 1:
        mode = mode[0]
    return mode if mode in ("mean", "cls") else None


def _write(model: Any, pooling: str, path: Path) -> None:
    import torch

    class Sentence(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = model[0].auto_model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            if pooling == "cls":
                pooled = states[:, 0]
            else:
                mask = attention_mask.unsqueeze(-1).to(states.dtype)
                pooled = (states * mask).sum(1) / mask.sum(1).clamp(min=1e-9)
            return torch.nn.functional.normalize(pooled, p=2, dim=1)

    example = torch.ones((2, 8), dtype=torch.int64)
    dynamic = {0: "batch", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Sentence().eval(),
            (example, example),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={"input_ids": dynamic, "attention_mask": dynamic, "vector": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
