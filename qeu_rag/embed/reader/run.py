"""Reads a question and a window together, to tell how likely the window answers.

The network is a cross-encoder (Nogueira and Cho 2019, arXiv 1901.04085): the encoder's lower half under six layers of its own;
``benchmarks/training/reader.py`` trains it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qeu_rag.embed.encoder.packed import FOLDER as ENCODER
from qeu_rag.embed.encoder.packed import PROBES, PROMPTS, ranges, unpack
from qeu_rag.embed.exports import GRAPH, META, TOKENIZER, describe, export_folder, make_export
from qeu_rag.embed.model_files import digest_of_model
from qeu_rag.embed.runners import IN_BYTES, IN_FLOATS, open_session
from qeu_rag.errors import ModelError

FOLDER = Path(__file__).parent
QUESTION_TOKENS, TOKENS = 64, 224
"""Of a pair the first tokens of the question, and of both together, are read, as in training."""

PROBE_PAIRS = (
    ("How long are records kept?", "Measurement records are kept for ten years."),
    ("提案書の有効期限は？", "提案書は発行日から30日間有効です。"),
    ("お試し期間中の給料は下がる?", "採用の日から3か月間を試用期間とする。"),
)
"""Pairs by which an export is compared with the network in float32, whose logits come with the program."""

_EXPORT_VERSION = "1"
_NEAR, _NEAR_IN_BYTES = 0.01, 0.35
"""How far the logits of the probes may be from those of the network in float32."""


class Reader(Protocol):
    """What reads windows with a question in mind."""

    runtime: str

    def read(self, question: str, windows: Sequence[str]) -> list[float]:
        """For each of ``windows``, in their order, the logit that it answers ``question``."""
        ...


def open_reader(cache: Path) -> Reader:
    """The bundled reader, exported once below ``cache``; raises ModelError where its files are missing or altered."""
    kept = export_folder(
        cache, digest_of_model(ENCODER, cache), digest_of_model(FOLDER, cache), "reader", _EXPORT_VERSION
    )

    def way(in_bytes: bool) -> Callable[[Path], bool]:
        return lambda aside: _made(aside, in_bytes=in_bytes)

    make_export(kept, cache, (way(True), way(False)))
    try:
        return _OnnxReader(kept)
    except Exception as error:
        raise ModelError("embedder_cache", path=kept, detail=error) from error


def _made(aside: Path, *, in_bytes: bool) -> bool:
    from qeu_rag.embed.bert_graph import read_bert, write_reader

    model = read_bert(ENCODER)
    if model is None:
        raise ModelError("embedder_altered", path=ENCODER)
    write_reader(model, weights(), ranges(FOLDER) if in_bytes else {}, aside / GRAPH)
    describe(aside, ENCODER / TOKENIZER, runtime=IN_BYTES if in_bytes else IN_FLOATS, pad_id=model.pad_id)
    reader = _OnnxReader(aside)
    found = [reader.read(question, [window])[0] for question, window in PROBE_PAIRS]
    return bool(np.abs(np.array(found) - np.load(FOLDER / PROBES)).max() < (_NEAR_IN_BYTES if in_bytes else _NEAR))


def weights() -> dict[str, NDArray[np.float32]]:
    """The reader's weights by BERT's names: the encoder's, replaced where the reader has its own. Raises as ``unpack``."""
    return unpack(ENCODER) | unpack(FOLDER)


class _OnnxReader:
    """Reads its windows side by side, one thread each, so that a reading never depends on what is read beside it."""

    def __init__(self, kept: Path) -> None:
        from tokenizers import Tokenizer

        meta = json.loads((kept / META).read_text(encoding="utf-8"))
        prompts = json.loads((FOLDER / PROMPTS).read_text(encoding="utf-8"))["prompts"]
        self.runtime = str(meta["runtime"])
        self._query, self._passage = str(prompts["query"]), str(prompts["passage"])
        self._tokenizer = Tokenizer.from_file(str(kept / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._session = open_session(kept / GRAPH)

    def read(self, question: str, windows: Sequence[str]) -> list[float]:
        """See Reader."""
        asked = self._tokenizer.encode(self._query + question).ids[:QUESTION_TOKENS]
        if len(windows) < 2:
            return [self._one(asked, window) for window in windows]
        with ThreadPoolExecutor(len(windows)) as pool:
            return list(pool.map(lambda window: self._one(asked, window), windows))

    def _one(self, asked: Sequence[int], window: str) -> float:
        given = self._tokenizer.encode(self._passage + window).ids[1:]
        ids = np.array([[*asked, *given[: TOKENS - len(asked)]]], dtype=np.int64)
        (answers,) = self._session.run(["answers"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        return round(float(answers[0]), 4)
