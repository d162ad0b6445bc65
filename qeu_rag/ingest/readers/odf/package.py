"""Opens an OpenDocument file and the styles in it, which say what is struck out, raised, hidden or white."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.xml_elements import local, xml_root
from qeu_rag.tables.office_file import check_ooxml

OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
STYLE, FO, TEXT = f"{{{OASIS}style:1.0}}", f"{{{OASIS}xsl-fo-compatible:1.0}}", f"{{{OASIS}text:1.0}}"
TABLE, OFFICE, DRAW = f"{{{OASIS}table:1.0}}", f"{{{OASIS}office:1.0}}", f"{{{OASIS}drawing:1.0}}"
PRESENTATION = f"{{{OASIS}presentation:1.0}}"
_MAX_PART = 256 << 20
_MOST_PARENTS = 30
_WHITE = "#ffffff"
_BROKEN = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError)


class OdfPackage:
    """The parts of an OpenDocument file."""

    def __init__(self, path: Path) -> None:
        """Raises ReadError: "encrypted", "damaged", "too_large"."""
        check_ooxml(path, "content.xml")
        self._zip = zipfile.ZipFile(path)
        self._names = set(self._zip.namelist())
        try:
            manifest = self.tree("META-INF/manifest.xml")
            locked = manifest is not None and next(manifest.iter("{*}encryption-data"), None) is not None
            if locked or "encrypted-package" in self._names:
                raise ReadError("encrypted")
            content = self.tree("content.xml")
            if content is None or next(content.iter(OFFICE + "body"), None) is None:
                raise ReadError("damaged", f" (\u2260 {path.suffix.lstrip('.').upper()})")
        except BaseException:
            self._zip.close()
            raise
        self.content = content
        self.styles = self.tree("styles.xml")

    def __enter__(self) -> OdfPackage:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def body(self, kind: str) -> Any:
        """The element with the content of a text, spreadsheet or presentation. Raises ReadError("damaged") for another kind."""
        found = self.content.find(f"{OFFICE}body/{OFFICE}{kind}")
        if found is None:
            other = next((local(child) for child in self.content.find(OFFICE + "body")), "")
            raise ReadError("damaged", f" ({other} \u2260 {kind})" if other else "")
        return found

    def tree(self, name: str) -> Any | None:
        """The root of an XML part; None where it is missing or damaged."""
        if name not in self._names or self._zip.getinfo(name).file_size > _MAX_PART:
            return None
        try:
            return xml_root(self._zip.read(name))
        except _BROKEN:
            return None

    def title(self) -> str:
        """The title in the file's properties."""
        meta = self.tree("meta.xml")
        found = meta.find(".//{http://purl.org/dc/elements/1.1/}title") if meta is not None else None
        return "".join(found.itertext()) if found is not None else ""


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks: ``raised`` is 1 or -1 for raised and lowered; ``ground`` the colour behind it where it has one."""

    struck: bool = False
    raised: int = 0
    hidden: bool = False
    colour: str = ""
    ground: str = ""
    tiny: bool = False
    bold: bool = False
    font: str = ""

    def left_out(self) -> str:
        """Why such text is left out; empty where it is read."""
        if self.hidden:
            return "hidden"
        if self.tiny or (self.colour == _WHITE and self.ground in {"", "transparent", _WHITE}):
            return "white"
        return "struck" if self.struck else ""


class Styles:
    """The styles of a file by family and name, each with those that it is made from."""

    def __init__(self, package: OdfPackage) -> None:
        self._styles: dict[tuple[str, str], Any] = {}
        self._defaults: dict[str, Any] = {}
        self.lists: dict[str, Any] = {}
        self.outline: Any | None = None
        self._fonts: dict[str, str] = {}
        for root in (package.styles, package.content):
            for element in root.iter() if root is not None else ():
                name = local(element)
                if name == "style":
                    self._styles[element.get(STYLE + "family", ""), element.get(STYLE + "name", "")] = element
                elif name == "default-style":
                    self._defaults[element.get(STYLE + "family", "")] = element
                elif name == "list-style":
                    self.lists[element.get(STYLE + "name", "")] = element
                elif name == "outline-style":
                    self.outline = element
                elif name == "font-face":
                    family = element.get(f"{{{OASIS}svg-compatible:1.0}}font-family", "").strip("'\"")
                    self._fonts[element.get(STYLE + "name", "")] = family
                elif name == "body":
                    break
        self._known: dict[tuple[str, str, Look], Look] = {}

    def chain(self, family: str, name: str) -> list[Any]:
        """The style and what it is made from, the farthest first."""
        found: list[Any] = []
        while (element := self._styles.get((family, name))) is not None and len(found) < _MOST_PARENTS:
            if element in found:
                break
            found.insert(0, element)
            name = element.get(STYLE + "parent-style-name", "")
        return found

    def properties(self, family: str, name: str, kind: str) -> dict[str, str]:
        """The settings of one kind (such as "table-properties") that a style has, by their names without namespace."""
        made: dict[str, str] = {}
        for element in self.chain(family, name):
            for properties in element.iterfind(f"{STYLE}{kind}"):
                made.update({str(key).rpartition("}")[2]: value for key, value in properties.attrib.items()})
        return made

    def look(self, family: str, name: str | None, around: Look) -> Look:
        """The look of text in a style within text that looks ``around``."""
        key = (family, name or "", around)
        if key not in self._known:
            self._known[key] = self._look(family, name or "", around)
        return self._known[key]

    def _look(self, family: str, name: str, look: Look) -> Look:
        chain = self.chain(family, name)
        if family in self._defaults and family != "text":
            chain.insert(0, self._defaults[family])
        for element in chain:
            for properties in element:
                kind = local(properties)
                if kind == "text-properties":
                    look = _with_text(look, properties, self._fonts)
                elif kind in {
                    "paragraph-properties",
                    "table-cell-properties",
                    "table-row-properties",
                    "table-properties",
                }:
                    if (ground := properties.get(FO + "background-color", "")) and ground != "transparent":
                        look = replace(look, ground=ground.lower())
                elif kind == "graphic-properties" and properties.get(DRAW + "fill", "none") != "none":
                    look = replace(look, ground=properties.get(DRAW + "fill-color", "filled").lower())
        return look


def _with_text(look: Look, given: Any, fonts: dict[str, str]) -> Look:
    changes: dict[str, Any] = {}
    for key in ("text-line-through-style", "text-line-through-type"):
        if value := given.get(STYLE + key):
            changes["struck"] = value != "none"
    if position := given.get(STYLE + "text-position", "").split():
        place = position[0]
        height = {"super": 1.0, "sub": -1.0}.get(place) if not place.endswith("%") else _number(place)
        changes["raised"] = 0 if not height else 1 if height > 0 else -1
    if display := given.get(TEXT + "display"):
        changes["hidden"] = display == "none"
    if colour := given.get(FO + "color"):
        changes["colour"] = colour.lower()
    if given.get(STYLE + "use-window-font-color") == "true":
        changes["colour"] = ""
    if (ground := given.get(FO + "background-color", "")) and ground != "transparent":
        changes["ground"] = ground.lower()
    if (size := given.get(FO + "font-size", "")).endswith("pt"):
        changes["tiny"] = (_number(size) or 0) <= 1
    if weight := given.get(FO + "font-weight"):
        changes["bold"] = weight == "bold" or (weight.isdecimal() and int(weight) >= 600)
    if (font := given.get(STYLE + "font-name")) is not None:
        changes["font"] = fonts.get(font, font)
    return replace(look, **changes)


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%pt"))
    except ValueError:
        return None
