"""Gathers an equation of an RTF file, whose groups are named as the elements of Word's equations are, as such an equation."""

from __future__ import annotations

from lxml import etree

from qeu_rag.ingest.readers.typeset.equation import linear
from qeu_rag.ingest.readers.xml_elements import M


class Equation:
    """One equation; its groups are opened and closed as those of the file are."""

    def __init__(self) -> None:
        self._root = etree.Element(M + "oMath")
        self._open = [self._root]

    def open(self, name: str) -> None:
        """Names the group that was opened last."""
        self._open.append(etree.SubElement(self._open[-1], M + name.removeprefix("m")))

    def text(self, text: str) -> None:
        """Text within the group at hand: of a run, or the value of a property."""
        part = self._open[-1]
        if part.tag == M + "r":
            etree.SubElement(part, M + "t").text = text
        elif len(self._open) > 1 and str(self._open[-2].tag).endswith("Pr"):
            part.set(M + "val", part.get(M + "val", "") + text.strip())
        elif text.strip():
            etree.SubElement(etree.SubElement(part, M + "r"), M + "t").text = text

    def close(self) -> bool:
        """Ends the group at hand; whether it was the outermost."""
        if len(self._open) > 1:
            self._open.pop()
        return len(self._open) == 1

    def line(self) -> str:
        """The equation on one line."""
        return linear(self._root)
