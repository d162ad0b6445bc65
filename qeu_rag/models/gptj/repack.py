"""A GPT-J file as one with 18-byte q4_0 blocks, the form that ctransformers 0.2.27 reads.

ftype is 2002 there: quantisation version 2 and q4_0. Vectors stay float32; a matrix that is q4_0 already keeps its four bits and
has its scales rounded to float16; any other is quantised by ggml's reference arithmetic.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from qeu_rag.errors import ModelError
from qeu_rag.models.ggml_file import MAGIC, read_vocabulary
from qeu_rag.models.gptj.cache import REPACKED, content_key, make_once
from qeu_rag.models.gptj.tensors import quantise_q4_0, read_exactly, repack_q4_0, require_usable, rows_of
from qeu_rag.models.memory import q4_size
from qeu_rag.models.progress import Progress, no_progress
from qeu_rag.models.tensor_types import F32, Q4_0, size_of

if TYPE_CHECKING:
    from qeu_rag.models.ggml_file import GptjFile
    from qeu_rag.models.tensor_types import GgmlTensor

FORM = "q4-1"
"""Part of the folder's name: a change of what is written needs another."""
_FTYPE = 2002


def repack(file: GptjFile, cache: Path, *, progress: Progress = no_progress) -> Path:
    """The repacked file in ``cache``, made now unless it is there; keyed by the content of ``file``.

    Raises ModelError as ``convert.convert`` does.
    """
    require_usable(file)
    key = content_key(file.path, cache, progress=progress)
    folder = make_once(
        cache,
        f"{key}-{FORM}",
        size=q4_size(file),
        make=lambda folder: write_q4_0(file, folder / REPACKED, progress=progress),
        source=file.path,
        progress=progress,
    )
    return folder / REPACKED


def write_q4_0(file: GptjFile, path: Path, *, progress: Progress = no_progress) -> None:
    """Writes the repacked file to ``path``. Raises OSError where the disk fails."""
    vocabulary = read_vocabulary(file)
    total, done = sum(tensor.size for tensor in file.tensors), 0
    with file.path.open("rb") as source, path.open("wb") as target:
        counts = (file.n_vocab, file.n_ctx, file.n_embd, file.n_head, file.n_layer, file.n_rot)
        target.write(MAGIC + struct.pack("<8i", *counts, _FTYPE, len(vocabulary)))
        for token in vocabulary:
            target.write(struct.pack("<I", len(token)) + token)
        for tensor in file.tensors:
            kind = Q4_0 if len(tensor.shape) == 2 else F32
            if size_of(kind, tensor.shape) is None:
                raise ModelError("gptj_type", path=file.path, tensor=tensor.name, type=f"{tensor.shape[-1]} columns")
            name = tensor.name.encode()
            target.write(struct.pack("<3i", len(tensor.shape), len(name), kind))
            target.write(struct.pack(f"<{len(tensor.shape)}i", *reversed(tensor.shape)) + name)
            if tensor.type == Q4_0:
                _blocks(file, tensor, source, target)
            else:
                for rows in rows_of(source, file, tensor):
                    target.write(quantise_q4_0(rows) if kind == Q4_0 else rows.tobytes())
            done += tensor.size
            progress("repack", done, total)


def _blocks(file: GptjFile, tensor: GgmlTensor, source: BinaryIO, target: BinaryIO) -> None:
    """Copies a q4_0 matrix block by block, a bounded number at a time."""
    step = 360 * 20_000  # whole blocks of 18 as of 20 bytes
    for start in range(0, tensor.size, step):
        data = read_exactly(source, file, tensor.offset + start, min(step, tensor.size - start))
        target.write(repack_q4_0(data, wide=file.old_blocks, paired=file.paired_nibbles))
