"""The bilingual embedder for sentence-transformers (``trust_remote_code=True``): the same vectors as qeu_rag gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules.module import Module

from qeu_rag.index.bilingual.words import WordVectors
from qeu_rag.index.model_files import BUNDLED, locate


class Bilingual(Module):
    """Japanese words by the table, Latin ones by all-MiniLM-L6-v2, as ``modules.json`` beside the table says."""

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._words = WordVectors(folder)
        self._english = SentenceTransformer(str(locate(BUNDLED, allow_network=False)), device="cpu")
        self.max_seq_length = self._english.max_seq_length

    @classmethod
    def load(cls, model_name_or_path: str, *args: Any, **kwargs: Any) -> Bilingual:
        """The module of the folder ``model_name_or_path``."""
        return cls(Path(model_name_or_path))

    def tokenize(self, texts: Sequence[str], **kwargs: Any) -> dict[str, Any]:
        """The texts as they are: both halves cut them in their own way."""
        return {"texts": list(texts)}

    preprocess = tokenize

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds ``sentence_embedding``, unit vectors of shape (texts, dimension)."""
        found = self._words.embed(features["texts"], self._encode)
        return {**features, "sentence_embedding": torch.from_numpy(found)}

    def get_sentence_embedding_dimension(self) -> int:
        """The length of the vectors."""
        return self._words.dimension

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Not offered: the folder is made by ``training/bilingual.py`` and copied as a whole."""
        raise NotImplementedError("copy the folder")

    def _encode(self, texts: Sequence[str]) -> Any:
        return self._english.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
