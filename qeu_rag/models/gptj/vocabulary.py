"""GPT-2's byte-pair tokens from a GPT-J file's own vocabulary: text to ids, and ids to whole characters."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from qeu_rag.errors import ModelError

if TYPE_CHECKING:
    import tiktoken

END = b"<|endoftext|>"

# How GPT-2 cuts text before merging (openai/gpt-2, src/encoder.py; GPT-J's tokenizer is the same).
_PATTERN = r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"""


def _printable() -> dict[str, int]:
    """GPT-2's printable character for each byte: its own where that is visible, else one from U+0100 on."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    return {chr(byte): byte for byte in visible} | {chr(0x100 + n): byte for n, byte in enumerate(hidden)}


class Vocabulary:
    """The tokens of one model. ``entries`` are the file's, in order of id, as raw bytes or in GPT-2's printable form.

    Merging takes the pair whose joint token has the lowest id. GPT-2's ids are in the order of its merges, so this is its
    byte-pair encoding exactly (Sennrich et al. 2016; Radford et al. 2019), though the file holds no merges. Entries in
    ``<|...|>``, empty ones and repetitions (files pad their vocabularies) are never made from text. Safe between threads.
    Raises ModelError("gptj_vocabulary") when some byte has no token, as such a vocabulary cannot write every text.
    """

    def __init__(self, entries: Sequence[bytes], *, name: str = "") -> None:
        found = _ranks(entries)
        if not all(bytes([byte]) in found for byte in range(256)):
            alphabet = _printable()
            entries = [_from_printable(entry, alphabet) for entry in entries]
            found = _ranks(entries)
        missing = sum(bytes([byte]) not in found for byte in range(256))
        if missing:
            raise ModelError("gptj_vocabulary", path=name, missing=missing)
        self._ranks: Mapping[bytes, int] = found
        self._bytes = tuple(b"" if _is_special(entry) else entry for entry in entries)
        self.end = next((token for token, entry in enumerate(entries) if entry == END), None)
        """The id of ``<|endoftext|>``, which ends a reply; None where the file has none."""

    def __len__(self) -> int:
        return len(self._bytes)

    @cached_property
    def _encoding(self) -> tiktoken.Encoding:
        import tiktoken

        return tiktoken.Encoding("gptj", pat_str=_PATTERN, mergeable_ranks=dict(self._ranks), special_tokens={})

    def encode(self, text: str) -> list[int]:
        """The ids of ``text``. ``<|endoftext|>`` inside a text is plain text here: no document can end a prompt."""
        return self._encoding.encode_ordinary(text.encode("utf-8", "replace").decode("utf-8"))

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``; special and padding tokens write nothing."""
        return "".join(self.stream(tokens))

    def stream(self, tokens: Iterable[int]) -> Iterator[str]:
        """The text of ``tokens`` as they come, in pieces of whole characters; bytes that are none become U+FFFD.

        A character whose last bytes never come is left out.
        """
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        for token in tokens:
            if piece := decoder.decode(self._bytes[token] if 0 <= token < len(self._bytes) else b""):
                yield piece

    def names(self) -> list[str]:
        """A unique text for each id, in GPT-2's printable form, as CTranslate2's own converter writes them."""
        shown = {byte: char for char, byte in _printable().items()}
        names: list[str] = []
        for token, entry in enumerate(self._bytes):
            first = bool(entry) and self._ranks.get(entry) == token
            names.append("".join(shown[byte] for byte in entry) if first else f"<|{token}|>")
        if self.end is not None:
            names[self.end] = END.decode()
        return names


def _ranks(entries: Sequence[bytes]) -> dict[bytes, int]:
    ranks: dict[bytes, int] = {}
    for token, entry in enumerate(entries):
        if entry and not _is_special(entry):
            ranks.setdefault(entry, token)
    return ranks


def _is_special(entry: bytes) -> bool:
    return len(entry) > 4 and entry.startswith(b"<|") and entry.endswith(b"|>")


def _from_printable(entry: bytes, alphabet: Mapping[str, int]) -> bytes:
    """The bytes that ``entry`` shows in GPT-2's printable form; as it is where it holds another character."""
    try:
        return bytes(alphabet[char] for char in entry.decode("utf-8"))
    except (KeyError, UnicodeDecodeError):
        return entry
