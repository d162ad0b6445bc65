"""Texts to the token ids that networks read; networks of the same tokenizer share it, since it takes 55 MB of memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qeu_rag.text.notation import without_surrogates


class Vocabulary:
    """One tokenizer file. Raises what tokenizers raises for a damaged one."""

    def __init__(self, path: Path) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        marks = self._tokenizer.encode("a").special_tokens_mask
        self._after = marks[::-1].index(0) if 0 in marks else 0  # special tokens that end a text, as [SEP] does

    def ids(self, text: str) -> list[int]:
        """The token ids of ``text`` without lone surrogates, special tokens around it."""
        found: list[int] = self._tokenizer.encode(without_surrogates(text)).ids
        return found

    def cut(self, texts: Sequence[str], most: int) -> list[list[int]]:
        """The token ids of each text: at most ``most``, which the special tokens are among."""
        found = [one.ids for one in self._tokenizer.encode_batch_fast(list(texts))]
        kept = most - self._after
        return [ids if len(ids) <= most else [*ids[:kept], *ids[len(ids) - self._after :]] for ids in found]


class Vocabularies:
    """The tokenizers in use, each opened once."""

    def __init__(self) -> None:
        self._open: dict[str, Vocabulary] = {}

    def open(self, path: Path, digest: str) -> Vocabulary:
        """The tokenizer in the file ``path``, whose SHA-256 is ``digest``. Raises as ``Vocabulary``."""
        if digest not in self._open:
            self._open[digest] = Vocabulary(path)
        return self._open[digest]
