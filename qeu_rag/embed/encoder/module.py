"""The bundled encoder for sentence-transformers (``trust_remote_code=True``): the vectors that qeu_rag's own graph gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from sentence_transformers.base.modules.module import Module
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from qeu_rag.embed.encoder.packed import CONFIG, unpack


class PackedEncoder(Module):
    """A BERT from packed weights, with mean pooling and normalisation, as ``modules.json`` beside the weights names it."""

    def __init__(self, folder: Path) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        config = BertConfig(**json.loads((folder / CONFIG).read_text(encoding="utf-8")))
        self.bert = BertModel(config, add_pooling_layer=False).eval()
        self.bert.load_state_dict({name: torch.from_numpy(weight) for name, weight in unpack(folder).items()})
        self.max_seq_length = int(config.max_position_embeddings)
        self._width = int(config.hidden_size)
        self._pad = int(config.pad_token_id)
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    @classmethod
    def load(cls, model_name_or_path: str, *args: Any, **kwargs: Any) -> PackedEncoder:
        """The module of the folder ``model_name_or_path``."""
        return cls(Path(model_name_or_path))

    def tokenize(self, texts: Sequence[str], **kwargs: Any) -> dict[str, Any]:
        """Token ids and attention mask, padded to the longest of ``texts``; what is beyond ``max_seq_length`` is cut."""
        self._tokenizer.enable_truncation(self.max_seq_length)
        self._tokenizer.enable_padding(pad_id=self._pad, pad_token="<pad>")
        found = self._tokenizer.encode_batch([str(text) for text in texts])
        ids, mask = ([getattr(one, name) for one in found] for name in ("ids", "attention_mask"))
        return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}

    def preprocess(self, inputs: Sequence[Any], prompt: str | None = None, **kwargs: Any) -> dict[str, Any]:
        """As ``tokenize``, with ``prompt`` before each text: sentence-transformers leaves that to its modules."""
        return self.tokenize([f"{prompt or ''}{text}" for text in inputs])

    def forward(self, features: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Adds ``sentence_embedding``, unit vectors of shape (texts, width)."""
        mask = features["attention_mask"]
        states = self.bert(input_ids=features["input_ids"], attention_mask=mask).last_hidden_state
        kept = mask.unsqueeze(-1).to(states.dtype)
        mean = (states * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
        return {**features, "sentence_embedding": torch.nn.functional.normalize(mean, dim=1)}

    def get_sentence_embedding_dimension(self) -> int:
        """The length of the vectors."""
        return self._width

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        """Not offered: the folder is made by ``benchmarks/training/pack.py`` and copied as a whole."""
        raise NotImplementedError("copy the folder")
