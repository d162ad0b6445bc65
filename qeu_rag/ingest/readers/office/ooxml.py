"""Opens the parts of an Office file one by one, with the relations that lead from one part to another."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from qeu_rag.ingest.readers.xml_elements import children, xml_root

if TYPE_CHECKING:
    from types import TracebackType

_MAX_TREE = 64 << 20


@dataclass(frozen=True, slots=True)
class Relation:
    """What one part says of another: the last word of the relation's type, and the other part's name."""

    kind: str
    target: str


class Package:
    """An Office file whose parts are read as trees or as streams; a missing or damaged part beside the main ones is None."""

    def __init__(self, source: Path | IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(source)
        self._names = {name.lower().replace("\\", "/"): name for name in self._zip.namelist()}

    def __enter__(self) -> Package:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def has(self, part: str) -> bool:
        """Whether there is such a part; their names do not tell upper from lower case."""
        return part.lower() in self._names

    def stream(self, part: str) -> IO[bytes]:
        """The bytes of a part as a stream. Raises KeyError."""
        return self._zip.open(self._names[part.lower()])

    def tree(self, part: str) -> Any:
        """The root element of a part. Raises KeyError, lxml.etree.XMLSyntaxError."""
        from lxml import etree

        return etree.fromstring(self._zip.read(self._names[part.lower()]), etree.XMLParser(resolve_entities=False))

    def try_tree(self, part: str) -> Any | None:
        """The root element of a part; None where it is missing, damaged or too large to be held."""
        name = self._names.get(part.lower())
        if name is None or self._zip.getinfo(name).file_size > _MAX_TREE:
            return None
        try:
            return xml_root(self._zip.read(name))
        except (zipfile.BadZipFile, OSError, ValueError):
            return None

    def relations(self, part: str) -> Mapping[str, Relation]:
        """The relations of ``part`` to other parts of the file, by their keys."""
        folder, name = posixpath.split(part)
        root = self.try_tree(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for element in children(root):
            if element.get("TargetMode") == "External":
                continue
            target = element.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            found[element.get("Id", "")] = Relation(element.get("Type", "").rsplit("/", 1)[-1], path)
        return found


def related(part: Any, key: str) -> Any | None:
    """The root of the XML that ``part`` (of python-docx or python-pptx) relates to as ``key``; None where there is none."""
    relation = part.rels.get(key)
    return None if relation is None or relation.is_external else xml_root(relation.target_part.blob)


def roots(part: Any, *kinds: str) -> Iterator[Any]:
    """The roots of all XML that ``part`` relates to by types that end with one of ``kinds``; damaged ones are left out."""
    for relation in part.rels.values():
        if not relation.is_external and relation.reltype.rsplit("/", 1)[-1] in kinds:
            root = xml_root(relation.target_part.blob)
            if root is not None:
                yield root
