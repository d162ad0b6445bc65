"""The header of an old GGML GPT-J file (GPT4All-J and its relatives), read without trusting any count in it.

Layout (ggml, examples/gpt-j, 2023): the magic 0x67676d6c; i32 n_vocab, n_ctx, n_embd, n_head, n_layer, n_rot, ftype; i32
n_vocab again; for each token u32 length and its bytes; then tensors, unaligned: i32 number of dimensions, length of the
name, type; the dimensions, innermost first; the name; the data. All little-endian.
"""

from __future__ import annotations

import os
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from qeu_rag.errors import ModelError
from qeu_rag.models.tensor_types import F32, NAMES, GgmlTensor, size_of

MAGIC = b"lmgg"
HEADER_BYTES = 36
_NAMES = ("n_vocab", "n_ctx", "n_embd", "n_head", "n_layer", "n_rot", "ftype")
# The largest value that is believed of each; the real 6-billion-parameter model has 50400, 2048, 4096, 16, 28, 64.
_LARGEST = (1_000_000, 1 << 20, 1 << 16, 1 << 12, 1 << 10, 1 << 16, 9_999)
_LONGEST_TOKEN = 1_024
_LONGEST_NAME = 128
_LARGEST_VOCABULARY = 1 << 26
# ftype (what most matrices are, ggml_ftype) to the type of a tensor.
_OF_FTYPE = {0: 0, 1: 1, 2: 2, 3: 3, 4: 3, 5: 4, 6: 5, 7: 8, 8: 6, 9: 7, 10: 10, 11: 11, 12: 12, 13: 13, 14: 14}
_VERSION_FACTOR = 1000  # since May 2023 ftype also holds the version of the quantisation: version * 1000 + ftype


class Cut(Exception):
    """The file ends within the field that begins at ``at``."""

    def __init__(self, at: int) -> None:
        self.at = at
        super().__init__(at)


@dataclass(frozen=True, slots=True, kw_only=True)
class GptjFile:
    """What the header says. ``tensors`` are those whose bytes are all there; ``missing_bytes`` is 0 for a whole file.

    Where the vocabulary is cut (not ``vocabulary_whole``), ``missing_bytes`` is the least that is missing, else exact.

    ``quantisation`` is the type of most matrices ("f16", "q4_0", ...). ``old_blocks``: q4_0, q4_1 and q8_0 blocks have float32
    scales (20, 24, 36 bytes) instead of float16 ones (18, 20, 34). ``paired_nibbles``: a byte of a q4 or q5 block holds elements
    2j (low) and 2j+1 (high), as in all files before quantisation version 1, instead of j and j+16.
    """

    path: Path
    n_vocab: int
    n_ctx: int
    n_embd: int
    n_head: int
    n_layer: int
    n_rot: int
    ftype: int
    quantisation: str
    old_blocks: bool
    paired_nibbles: bool
    tensors: tuple[GgmlTensor, ...]
    vocabulary_whole: bool
    missing_bytes: int

    @property
    def heads_fit(self) -> bool:
        """Whether the width is made of whole heads, each with an even part that turns with the position; else it is no model."""
        head, left = divmod(self.n_embd, self.n_head)
        return not left and self.n_rot % 2 == 0 and 0 < self.n_rot <= head


def read_gptj(path: Path) -> GptjFile:
    """The header of the GPT-J file at ``path``; a file that is cut short is read as far as it goes.

    Raises ModelError where it is none, is damaged, is cut within its first 36 bytes, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file, os.fstat(file.fileno()).st_size)
    except OSError as error:
        raise ModelError("model_unreadable", path=path, detail=error.strerror or error) from error


def read_vocabulary(file: GptjFile) -> tuple[bytes, ...]:
    """The bytes of each token, in order of their ids. Raises ModelError where they are not all there."""
    try:
        with file.path.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            return tuple(_tokens(file.path, opened, size, file.n_vocab))
    except OSError as error:
        raise ModelError("model_unreadable", path=file.path, detail=error.strerror or error) from error
    except Cut as error:
        raise ModelError("model_damaged", path=file.path, at=error.at) from error


def is_gptj(header: bytes) -> bool:
    """Whether these first bytes (36 of them) begin a GPT-J file, by magic, counts that can be, and the second n_vocab."""
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        return False
    *values, again = struct.unpack_from("<8i", header, 4)
    least = (1, 1, 1, 1, 1, 0, 0)
    possible = all(low <= value <= high for low, value, high in zip(least, values, _LARGEST, strict=True))
    return possible and again == values[0]


def tensor_shapes(*, n_vocab: int, n_embd: int, n_layer: int) -> dict[str, tuple[int, ...]]:
    """The name and shape of every tensor of a GPT-J of this size; the inner layer is 4 * ``n_embd`` wide."""
    shapes: dict[str, tuple[int, ...]] = {
        "transformer.wte.weight": (n_vocab, n_embd),
        "transformer.ln_f.weight": (n_embd,),
        "transformer.ln_f.bias": (n_embd,),
        "lm_head.weight": (n_vocab, n_embd),
        "lm_head.bias": (n_vocab,),
    }
    for layer in range(n_layer):
        prefix = f"transformer.h.{layer}."
        shapes |= {f"{prefix}attn.{name}_proj.weight": (n_embd, n_embd) for name in ("q", "k", "v", "out")}
        shapes |= {
            f"{prefix}ln_1.weight": (n_embd,),
            f"{prefix}ln_1.bias": (n_embd,),
            f"{prefix}mlp.fc_in.weight": (4 * n_embd, n_embd),
            f"{prefix}mlp.fc_in.bias": (4 * n_embd,),
            f"{prefix}mlp.fc_out.weight": (n_embd, 4 * n_embd),
            f"{prefix}mlp.fc_out.bias": (n_embd,),
        }
    return shapes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """How far a walk over the tensors came: ``end`` is where the last whole one ends."""

    tensors: tuple[GgmlTensor, ...]
    end: int
    state: Literal["wrong", "cut", "whole"]


def _counts(path: Path, header: bytes) -> dict[str, int]:
    """The counts in the first bytes of a file. Raises ModelError where it is no GPT-J file, or is cut within them."""
    if len(header) < HEADER_BYTES and header.startswith(MAGIC):
        raise ModelError("model_damaged", path=path, at=len(header))
    if not is_gptj(header):
        raise ModelError("not_gptj", path=path)
    return dict(zip(_NAMES, struct.unpack_from("<7i", header, 4), strict=True))


def _read(path: Path, file: BinaryIO, size: int) -> GptjFile:
    values = _counts(path, file.read(HEADER_BYTES))
    shapes = tensor_shapes(n_vocab=values["n_vocab"], n_embd=values["n_embd"], n_layer=values["n_layer"])
    version = values["ftype"] // _VERSION_FACTOR
    usual = _OF_FTYPE.get(values["ftype"] % _VERSION_FACTOR)
    if usual is None:
        raise ModelError("model_damaged", path=path, at=28)
    old_blocks = version < 2
    try:
        start = HEADER_BYTES + sum(4 + len(token) for token in _tokens(path, file, size, values["n_vocab"]))
    except Cut as cut:
        # The rest of the vocabulary has at least a length for each token; how long the tokens are nobody can say.
        left = _missing(shapes, {}, usual, old_blocks) + 4 * values["n_vocab"] - (cut.at - HEADER_BYTES)
        walk = _Walk(tensors=(), end=cut.at, state="cut")
        missing, whole = max(left, 1), False
    else:
        whole = True
        # The version tells which blocks are usual; only the file itself tells which it has.
        walks = {old: _walk(file, size, start, shapes, old) for old in (old_blocks, not old_blocks)}
        old_blocks = max(walks, key=lambda old: _merit(walks[old]))
        walk = walks[old_blocks]
        if walk.state == "wrong" or (len(walk.tensors) == len(shapes) and walk.end < size):
            raise ModelError("model_damaged", path=path, at=walk.end)
        matrices = Counter(tensor.type for tensor in walk.tensors if len(tensor.shape) == 2)
        usual = matrices.most_common(1)[0][0] if matrices else usual
        seen = {tensor.name: None for tensor in walk.tensors}
        missing = 0 if walk.state == "whole" else walk.end + _missing(shapes, seen, usual, old_blocks) - size
    return GptjFile(
        path=path,
        **values,
        quantisation=NAMES[usual],
        old_blocks=old_blocks,
        paired_nibbles=old_blocks and version == 0,
        tensors=walk.tensors,
        vocabulary_whole=whole,
        missing_bytes=missing,
    )


def _tokens(path: Path, file: BinaryIO, size: int, count: int) -> Iterator[bytes]:
    """The tokens, read in pieces of bounded size. Raises Cut where the file ends first, ModelError for absurd lengths."""
    file.seek(HEADER_BYTES)
    window, at, begin = b"", 0, HEADER_BYTES  # ``begin`` is where the window stands in the file
    for _ in range(count):
        if len(window) - at < 4 + _LONGEST_TOKEN:
            begin += at
            window, at = window[at:] + file.read(1 << 16), 0
        if len(window) - at < 4:
            raise Cut(size)
        length = int.from_bytes(window[at : at + 4], "little")
        if length > _LONGEST_TOKEN or begin + at > _LARGEST_VOCABULARY:
            raise ModelError("model_damaged", path=path, at=begin + at)
        if len(window) - at - 4 < length:
            raise Cut(size)
        yield window[at + 4 : at + 4 + length]
        at += 4 + length


def _walk(file: BinaryIO, size: int, at: int, shapes: Mapping[str, tuple[int, ...]], old_blocks: bool) -> _Walk:
    """The tensors from ``at`` on, as far as headers and extents make sense with these blocks."""
    tensors: dict[str, GgmlTensor] = {}

    def ended(state: Literal["wrong", "cut", "whole"]) -> _Walk:
        return _Walk(tensors=tuple(tensors.values()), end=at, state=state)

    while at < size:
        file.seek(at)
        # The longest header: three counts, two dimensions, a name.
        header = file.read(20 + _LONGEST_NAME)
        if len(header) < 12:
            return ended("cut")
        dimensions, length, kind = struct.unpack_from("<3i", header)
        if dimensions not in (1, 2) or not 1 <= length <= _LONGEST_NAME:
            return ended("wrong")
        begin = 12 + 4 * dimensions
        if len(header) < begin + length:
            return ended("cut")
        shape = struct.unpack_from(f"<{dimensions}i", header, 12)[::-1]
        name = header[begin : begin + length].decode("ascii", "replace")
        bytes_of_it = size_of(kind, shape, old_blocks=old_blocks)
        if shapes.get(name) != shape or name in tensors or bytes_of_it is None:
            return ended("wrong")
        offset = at + begin + length
        if offset + bytes_of_it > size:
            return ended("cut")
        tensors[name] = GgmlTensor(name=name, type=kind, shape=shape, offset=offset, size=bytes_of_it)
        at = offset + bytes_of_it
    return ended("whole" if len(tensors) == len(shapes) else "cut")


def _merit(walk: _Walk) -> tuple[int, int]:
    return ("wrong", "cut", "whole").index(walk.state), len(walk.tensors)


def _missing(shapes: Mapping[str, tuple[int, ...]], seen: Mapping[str, None], usual: int, old_blocks: bool) -> int:
    """The bytes of the tensors that are not ``seen``, headers included; matrices are taken to be of the ``usual`` type."""
    total = 0
    for name, shape in shapes.items():
        if name not in seen:
            data = size_of(usual if len(shape) == 2 else F32, shape, old_blocks=old_blocks)
            total += 12 + 4 * len(shape) + len(name) + (data or 0)
    return total
