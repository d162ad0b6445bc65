"""Where an embedding model's files are, and the proof that they are the ones that were meant."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from qeu_rag.embed.encoder.packed import FOLDER, PROMPTS, SUMS, is_packed
from qeu_rag.errors import ModelError, NetworkNeeded

BUNDLED = "bundled"
_OTHER_FORMATS = {"onnx", "openvino"}


def locate(model: str, *, allow_network: bool) -> Path:
    """The folder of ``model``: "bundled", a folder, or a hub name (from the local cache unless ``allow_network``).

    Raises ModelError where there is none, NetworkNeeded where it would have to be fetched.
    """
    if model == BUNDLED:
        return FOLDER
    if Path(model).expanduser().is_dir():
        return Path(model).expanduser()
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        return Path(snapshot_download(model, local_files_only=not allow_network))
    except LocalEntryNotFoundError as error:
        raise NetworkNeeded("embedder_network", model=model) from error
    except Exception as error:
        raise ModelError("embedder_missing", model=model) from error


def digest_of_model(folder: Path, cache: Path | None) -> str:
    """SHA-256 over the names and contents of the model's weights, configurations and tokenizer: all that shapes vectors.

    Without a ``cache`` every byte is read, and nothing is remembered.
    Raises ModelError for a folder without weights, and for the bundled model where a file is not the one that was shipped.
    """
    if is_packed(folder) or folder == FOLDER:
        return _digest_of_packed(folder, cache)
    inside = [path for path in sorted(folder.rglob("*")) if not _OTHER_FORMATS & set(path.relative_to(folder).parts)]
    weights = [path for path in inside if path.suffix == ".safetensors"]
    weights = weights or [path for path in inside if path.name.startswith("pytorch_model") and path.suffix == ".bin"]
    if not weights:
        raise ModelError("embedder_missing", model=folder)
    try:
        return _joint(folder, [*weights, *(path for path in inside if path.suffix in (".json", ".txt"))], cache)
    except OSError as error:
        raise ModelError("embedder_missing", model=folder) from error


def _digest_of_packed(folder: Path, cache: Path | None) -> str:
    try:
        sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
        for name, known in sums.items():
            if digest_of(folder / name, cache) != known:
                raise ModelError("embedder_altered", path=folder / name)
        # What the prompts say is in the fingerprint.
        json.loads((folder / PROMPTS).read_text(encoding="utf-8"))["prompts"].items()
        return hashlib.sha256(json.dumps(sums, sort_keys=True).encode()).hexdigest()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError("embedder_altered", path=folder) from error


def _joint(folder: Path, files: Iterable[Path], cache: Path | None) -> str:
    whole = hashlib.sha256()
    for path in files:
        # Small files are quicker read than looked up.
        small = path.stat().st_size < 1_000_000
        digest = hashlib.sha256(path.read_bytes()).hexdigest() if small else digest_of(path, cache)
        whole.update(f"{path.relative_to(folder).as_posix()}\0{digest}\n".encode())
    return whole.hexdigest()


def digest_of(path: Path, cache: Path | None) -> str:
    """The SHA-256 of a file, remembered by its size and time: hashing 90 MB takes longer than answering a question.

    Without a ``cache`` it is read, and nothing is remembered.

    Raises OSError where the file cannot be read.
    """
    if cache is None:
        return _sha256(path)
    stat = path.stat()
    note = cache / "verified" / hashlib.sha256(str(path.absolute()).encode("utf-8", "surrogatepass")).hexdigest()[:24]
    state = [stat.st_size, stat.st_mtime_ns]
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["state"] == state:
            return str(known["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # no note, or none that can be read: hash again
    digest = _sha256(path)
    _note(note, json.dumps({"state": state, "sha256": digest}))
    return digest


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _note(path: Path, text: str) -> None:
    """Keeps what only saves time: where it cannot be kept, nothing is lost."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(text, encoding="utf-8")
        os.replace(aside, path)
    except OSError:
        return
