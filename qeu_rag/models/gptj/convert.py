"""A GPT-J file as a CTranslate2 int8 model folder, written tensor by tensor so that memory stays small.

The layout is that of CTranslate2's own converter (ctranslate2 4.8, specs/model_spec.py, converters/transformers.py,
GPTJLoader): model.bin holds u32 6; the spec's name and revision; the count of variables; each in order of name with its shape,
type and bytes; aliases. Strings are u16 length, bytes and a final 0. A matrix is int8 with one scale a row, 127 / max |row|.
The rows of the query and key projections are reordered, as CTranslate2 rotates the halves of a head, and GPT-J pairs.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qeu_rag.errors import ModelError
from qeu_rag.models.ggml_file import read_vocabulary
from qeu_rag.models.gptj.cache import content_key, make_once
from qeu_rag.models.gptj.tensors import require_usable, rows_of
from qeu_rag.models.gptj.vocabulary import Vocabulary
from qeu_rag.models.memory import int8_size
from qeu_rag.models.progress import Progress, no_progress

if TYPE_CHECKING:
    from qeu_rag.models.ggml_file import GptjFile
    from qeu_rag.models.tensor_types import GgmlTensor

FORM = "ct2-1"
"""Part of the folder's name: a change of what is written needs another."""
_BINARY_VERSION = 6
_SPEC = ("TransformerDecoderSpec", 8)
_TYPE_IDS = {"float32": 0, "int8": 1, "int16": 2, "int32": 3}
_GELU_TANH = 1


def convert(file: GptjFile, cache: Path, *, progress: Progress = no_progress) -> Path:
    """The CTranslate2 folder for ``file`` in ``cache``, made now unless it is there; keyed by the file's content.

    Memory: about 200 MB beyond the interpreter's, for any model. Raises ModelError for a file that is cut short
    ("model_truncated"), lacks a tensor or has one of a type that nobody reads, and for trouble with the disk.
    """
    require_usable(file)
    key = content_key(file.path, cache, progress=progress)
    return make_once(
        cache,
        f"{key}-{FORM}",
        size=int8_size(file),
        make=lambda folder: write_folder(file, folder, progress=progress),
        source=file.path,
        progress=progress,
    )


def write_folder(file: GptjFile, folder: Path, *, progress: Progress = no_progress) -> None:
    """Writes model.bin, config.json and vocabulary.json into ``folder``. Raises OSError where the disk fails."""
    vocabulary = Vocabulary(read_vocabulary(file), name=str(file.path))
    names = vocabulary.names()
    end = names[vocabulary.end if vocabulary.end is not None else 0]
    config = {
        "bos_token": end,
        "eos_token": end,
        "layer_norm_epsilon": None,
        "multi_query_attention": True,
        "unk_token": end,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    (folder / "vocabulary.json").write_text(json.dumps(names, indent=2), encoding="utf-8")
    total = sum(tensor.size for tensor in file.tensors)
    with file.path.open("rb") as source, (folder / "model.bin").open("wb") as target:
        _Writer(file, source, target, lambda done: progress("convert", done, total)).write()


@dataclass(frozen=True, slots=True)
class _Matrix:
    """A weight made of one tensor's rows after another's; ``rotary`` says which of them turn with the position."""

    tensors: tuple[str, ...]
    rotary: tuple[bool, ...]


class _Writer:
    def __init__(self, file: GptjFile, source: BinaryIO, target: BinaryIO, done: Callable[[int], None]) -> None:
        self._file = file
        self._source = source
        self._target = target
        self._tensors = {tensor.name: tensor for tensor in file.tensors}
        self._tell = done
        self._done = 0

    def write(self) -> None:
        variables = sorted(_variables(self._file), key=lambda variable: variable[0])
        self._target.write(struct.pack("<I", _BINARY_VERSION))
        self._string(_SPEC[0])
        count = sum(2 if isinstance(value, _Matrix) else 1 for _, value in variables)
        self._target.write(struct.pack("<II", _SPEC[1], count))
        for name, value in variables:
            if isinstance(value, _Matrix):
                self._matrix(name, value)
            else:
                array = self._vector(value) if isinstance(value, str) else value
                self._head(name, array.shape, array.dtype.name, array.nbytes)
                self._target.write(array.tobytes())
        self._target.write(struct.pack("<I", 0))  # no aliases

    def _matrix(self, name: str, matrix: _Matrix) -> None:
        tensors = [self._tensor(part) for part in matrix.tensors]
        rows, length = sum(tensor.shape[0] for tensor in tensors), tensors[0].shape[1]
        self._head(name, (rows, length), "int8", rows * length)
        scales = []
        for tensor, rotary in zip(tensors, matrix.rotary, strict=True):
            pieces: Iterable[tuple[NDArray[np.int8], NDArray[np.float32]]] = map(_quantised, self._rows(tensor))
            if rotary:
                weights, scale = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
                order = sliced_rotary_order(rows=len(weights), heads=self._file.n_head, rotary=self._file.n_rot)
                pieces = [(weights[order], scale[order])]
            for weights, scale in pieces:
                self._target.write(np.ascontiguousarray(weights).data)
                scales.append(scale)
        scale = np.concatenate(scales)
        self._head(f"{name}_scale", scale.shape, "float32", scale.nbytes)
        self._target.write(scale.tobytes())

    def _vector(self, name: str) -> NDArray[np.float32]:
        return np.concatenate(list(self._rows(self._tensor(name)))).reshape(-1)

    def _rows(self, tensor: GgmlTensor) -> Iterator[NDArray[np.float32]]:
        for rows in rows_of(self._source, self._file, tensor):
            yield rows
            self._done += tensor.size * len(rows) // (tensor.shape[0] if len(tensor.shape) == 2 else 1)
            self._tell(self._done)

    def _tensor(self, name: str) -> GgmlTensor:
        if name not in self._tensors:
            raise ModelError("gptj_tensor", path=self._file.path, tensor=name)
        return self._tensors[name]

    def _head(self, name: str, shape: tuple[int, ...], dtype: str, size: int) -> None:
        self._string(name)
        self._target.write(struct.pack(f"<B{len(shape)}IBI", len(shape), *shape, _TYPE_IDS[dtype], size))

    def _string(self, text: str) -> None:
        self._target.write(struct.pack("<H", len(text) + 1) + text.encode("ascii") + b"\0")


def _quantised(rows: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Rows as int8 with their scales, by CTranslate2's arithmetic."""
    largest = np.maximum(rows.max(axis=1), -rows.min(axis=1))
    largest[largest == 0] = 127.0
    largest = np.maximum(largest, np.float32(127) / np.finfo(np.float32).max)
    scale = np.float32(127.0) / largest
    rows *= scale[:, None]
    return np.rint(rows, out=rows).astype(np.int8), scale


def sliced_rotary_order(*, rows: int, heads: int, rotary: int) -> NDArray[np.intp]:
    """Which row comes where: in each head, of the first ``rotary`` rows the even ones first, then the odd ones."""
    order = np.arange(rows).reshape(heads, rows // heads)
    order[:, :rotary] = np.concatenate((order[:, 0:rotary:2], order[:, 1:rotary:2]), axis=1)
    return order.reshape(-1)


def _variables(file: GptjFile) -> Iterator[tuple[str, _Matrix | str | np.generic]]:
    """Every variable by name: a matrix (which also gives its scales), the name of a 1-D tensor, or a value."""
    flags = ("alibi", "alibi_use_positive_positions", "scale_alibi", "scale_embeddings", "start_from_zero_embedding")
    yield from ((f"decoder/{flag}", np.int8(0)) for flag in flags)
    yield "decoder/pre_norm", np.int8(1)
    yield "decoder/activation", np.int8(_GELU_TANH)
    yield "decoder/alignment_heads", np.int16(1)
    yield "decoder/alignment_layer", np.int16(-1)
    yield "decoder/num_heads", np.int16(file.n_head)
    yield "decoder/embeddings/weight", _Matrix(("transformer.wte.weight",), (False,))
    yield "decoder/projection/weight", _Matrix(("lm_head.weight",), (False,))
    yield "decoder/projection/bias", "lm_head.bias"
    yield "decoder/layer_norm/gamma", "transformer.ln_f.weight"
    yield "decoder/layer_norm/beta", "transformer.ln_f.bias"
    for number in range(file.n_layer):
        to, of = f"decoder/layer_{number}", f"transformer.h.{number}"
        attention = tuple(f"{of}.attn.{name}_proj.weight" for name in "qkv")
        yield f"{to}/self_attention/linear_0/weight", _Matrix(attention, (True, True, False))
        yield f"{to}/self_attention/linear_1/weight", _Matrix((f"{of}.attn.out_proj.weight",), (False,))
        yield f"{to}/self_attention/rotary_base", np.float32(10_000)
        yield f"{to}/self_attention/rotary_dim", np.int32(file.n_rot)
        yield f"{to}/self_attention/rotary_interleave", np.int8(0)
        for linear, name in (("linear_0", "fc_in"), ("linear_1", "fc_out")):
            yield f"{to}/ffn/{linear}/weight", _Matrix((f"{of}.mlp.{name}.weight",), (False,))
            yield f"{to}/ffn/{linear}/bias", f"{of}.mlp.{name}.bias"
        yield f"{to}/shared_layer_norm/gamma", f"{of}.ln_1.weight"
        yield f"{to}/shared_layer_norm/beta", f"{of}.ln_1.bias"
