"""Which peers there are, and the environment of each, made by pip from the package index on the first call and kept."""

from __future__ import annotations

import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One system: its packages, and how many chunks it shows by its own default."""

    title: str
    packages: tuple[str, ...]
    shown: int


_TORCH = ("torch==2.13.0", "sentence-transformers>=5,<6")
_LANGCHAIN = (*_TORCH, "langchain-text-splitters>=1,<2", "langchain-huggingface>=1,<2", "langchain-chroma>=1,<2")
PEERS = {
    "private-gpt": Peer(
        title="privateGPT's first pipeline",
        packages=_LANGCHAIN,
        shown=4,
    ),
    "llama-index": Peer(
        title="LlamaIndex VectorStoreIndex",
        packages=(*_TORCH, "llama-index-core==0.14.25", "llama-index-embeddings-huggingface"),
        shown=2,
    ),
    "langchain": Peer(
        title="LangChain EnsembleRetriever",
        packages=(*_LANGCHAIN, "langchain-classic>=1,<2", "langchain-community", "rank-bm25"),
        shown=4,
    ),
    "txtai": Peer(title="txtai hybrid", packages=("torch==2.13.0", "txtai>=9"), shown=3),
    "haystack": Peer(title="Haystack hybrid", packages=(*_TORCH, "haystack-ai>=2,<3"), shown=10),
    "ours": Peer(title="qeu_rag", packages=(), shown=8),
}  # fmt: skip


def python_of(name: str, work: Path) -> Path:
    """The Python of a peer's environment, made on the first call. Raises RuntimeError with pip's word where there is none."""
    if name == "ours":
        return Path(sys.executable)
    folder = work / "envs" / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / "ready").exists():
        print(f"{name}: making its environment", file=sys.stderr)
        venv.create(folder, with_pip=True)
        done = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PEERS[name].packages],
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise RuntimeError(f"pip: {done.stderr.strip().splitlines()[-1]}")
        (folder / "ready").touch()
    return python
