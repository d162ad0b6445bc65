"""Reads two texts together: a question and a window, to tell whether it answers; a claim and a passage, whether it supports it.

The network is a cross-encoder (Nogueira and Cho 2019, arXiv 1901.04085): the encoder's lower half under six layers of its own;
``benchmarks/training/claims.py`` trains it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.encoder.packed import FOLDER as ENCODER
from qeu_rag.embed.encoder.packed import PROBES, PROMPTS, ranges, unpack
from qeu_rag.embed.exports import GRAPH, META, TOKENIZER, describe, export_folder, make_export
from qeu_rag.embed.model_files import digest_of_model
from qeu_rag.embed.runners import IN_BYTES, IN_FLOATS, open_session
from qeu_rag.embed.vocabulary import Vocabularies
from qeu_rag.errors import ModelError


@dataclass(frozen=True, slots=True)
class Bundled:
    """A network that comes with the program: its ``folder``, and how many tokens of the first text, and of both, it reads.

    As many are read in training.
    """

    folder: Path
    asked_tokens: int
    tokens: int


READER = Bundled(Path(__file__).parent / "reader", 64, 224)
"""Tells whether a window answers a question."""

JUDGE = Bundled(Path(__file__).parent / "judge", 112, 320)
"""Tells whether a passage says what a claim says, which stands behind its question or by itself."""

PROBE_PAIRS = (
    ("How long are records kept?", "Measurement records are kept for ten years."),
    ("提案書の有効期限は？", "提案書は発行日から30日間有効です。"),
    ("お試し期間中の給料は下がる?", "採用の日から3か月間を試用期間とする。"),
)
"""Pairs by which an export is compared with the network in float32, whose logits come with the program."""

_EXPORT_VERSION = "2"
_NEAR, _NEAR_IN_BYTES = 0.01, 0.35
"""How far the logits of the probes may be from those of the network in float32."""


class CrossEncoder(Protocol):
    """What reads a text beside each of others."""

    runtime: str

    def read(self, asked: str, texts: Sequence[str]) -> list[float]:
        """For each of ``texts``, in their order, the logit that it answers, or supports, ``asked``."""
        ...


def open_cross_encoder(bundled: Bundled, cache: Path, vocabularies: Vocabularies | None = None) -> CrossEncoder:
    """The network, exported once below ``cache``; ``vocabularies`` are those that other networks have open.

    Raises ModelError where its files are missing or altered.
    """
    digests = digest_of_model(ENCODER, cache), digest_of_model(bundled.folder, cache)
    kept = export_folder(cache, *digests, "reader", _EXPORT_VERSION)

    def way(in_bytes: bool) -> Callable[[Path], bool]:
        return lambda aside: _made(bundled, aside, in_bytes=in_bytes)

    make_export(kept, cache, (way(True), way(False)))
    try:
        return _OnnxCrossEncoder(bundled, kept, vocabularies or Vocabularies())
    except Exception as error:
        raise ModelError("embedder_cache", path=kept, detail=error) from error


def _made(bundled: Bundled, aside: Path, *, in_bytes: bool) -> bool:
    from qeu_rag.embed.bert_graph import read_bert, write_reader

    model = read_bert(ENCODER)
    if model is None:
        raise ModelError("embedder_altered", path=ENCODER)
    write_reader(model, weights(bundled), ranges(bundled.folder) if in_bytes else {}, aside / GRAPH)
    describe(aside, ENCODER / TOKENIZER, runtime=IN_BYTES if in_bytes else IN_FLOATS, pad_id=model.pad_id)
    network = _OnnxCrossEncoder(bundled, aside, Vocabularies())
    found = [network.read(asked, [text])[0] for asked, text in PROBE_PAIRS]
    return bool(
        np.abs(np.array(found) - np.load(bundled.folder / PROBES)).max() < (_NEAR_IN_BYTES if in_bytes else _NEAR)
    )


def weights(bundled: Bundled) -> dict[str, NDArray[np.float32]]:
    """Its weights by BERT's names: the encoder's, replaced where it has its own. Raises as ``unpack``."""
    return unpack(ENCODER) | unpack(bundled.folder)


class _OnnxCrossEncoder:
    """Reads its texts side by side, one thread each, so that a reading never depends on what is read beside it."""

    def __init__(self, bundled: Bundled, kept: Path, vocabularies: Vocabularies) -> None:
        meta = json.loads((kept / META).read_text(encoding="utf-8"))
        prompts = json.loads((bundled.folder / PROMPTS).read_text(encoding="utf-8"))["prompts"]
        self.runtime = str(meta["runtime"])
        self._bundled = bundled
        self._query, self._passage = str(prompts["query"]), str(prompts["passage"])
        self._vocabulary = vocabularies.open(kept / TOKENIZER, str(meta["sha256"][TOKENIZER]))
        self._session = open_session(kept / GRAPH)

    def read(self, asked: str, texts: Sequence[str]) -> list[float]:
        """See CrossEncoder."""
        first = self._vocabulary.ids(self._query + asked)[: self._bundled.asked_tokens]
        if len(texts) < 2:
            return [self._one(first, text) for text in texts]
        with ThreadPoolExecutor(len(texts)) as pool:
            return list(pool.map(lambda text: self._one(first, text), texts))

    def _one(self, first: Sequence[int], text: str) -> float:
        given = self._vocabulary.ids(self._passage + text)[1:]
        ids = np.array([[*first, *given[: self._bundled.tokens - len(first)]]], dtype=np.int64)
        (answers,) = self._session.run(["answers"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return round(float(answers[0]), 4)
