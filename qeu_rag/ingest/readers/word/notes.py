"""Holds the footnotes, endnotes and comments of a Word file by their ids, with the numbers that Word shows for notes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qeu_rag.ingest.readers.office.ooxml import roots
from qeu_rag.ingest.readers.typeset.numerals import in_form
from qeu_rag.ingest.readers.xml_elements import W14, W, whole

if TYPE_CHECKING:
    from docx.document import Document as DocxDocument

_W15 = "{http://schemas.microsoft.com/office/word/2012/wordml}"
FOOTNOTE, ENDNOTE, COMMENT = "footnote", "endnote", "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarked:
    """A comment: who made it, its paragraphs, and whether it was marked as resolved."""

    author: str
    element: Any
    resolved: bool


class Notes:
    """The notes of one document. Their numbers run in the order in which ``number`` is asked for them."""

    def __init__(self, document: DocxDocument) -> None:
        self._document = document
        self._roots = {kind: next(roots(document.part, f"{kind}s"), None) for kind in (FOOTNOTE, ENDNOTE, COMMENT)}
        self._notes = {
            kind: {str(e.get(W + "id")): e for e in root if isinstance(e.tag, str) and e.tag == W + kind}
            for kind, root in self._roots.items()
            if root is not None
        }
        self._form = {kind: self._number_form(kind) for kind in (FOOTNOTE, ENDNOTE)}
        self._given: dict[str, int] = {}
        self._done = self._resolved()

    def stories(self) -> Iterator[Any]:
        """The roots of all parts with notes."""
        return (root for root in self._roots.values() if root is not None)

    def note(self, kind: str, key: str | None) -> Any | None:
        """The note with this id, or None if it is missing or a separator."""
        found = self._notes.get(kind, {}).get(str(key))
        return None if found is None or found.get(W + "type") not in {None, "normal"} else found

    def number(self, kind: str) -> str:
        """The number of the next note of its kind that has no mark of its own."""
        start, form = self._form[kind]
        self._given[kind] = self._given.get(kind, start - 1) + 1
        return in_form(self._given[kind], form)

    def comment(self, key: str | None) -> Remarked | None:
        """The comment with this id, if there is one."""
        found = self._notes.get(COMMENT, {}).get(str(key))
        if found is None:
            return None
        keys = [p.get(W14 + "paraId") for p in found.iter(W + "p")]
        author = " ".join(str(found.get(W + "author") or found.get(W + "initials") or "").split())[:100]
        return Remarked(author=author, element=found, resolved=bool(keys) and keys[-1] in self._done)

    def _number_form(self, kind: str) -> tuple[int, str]:
        """The first number and the format: of the first section that says so, else of the settings, else Word's own."""
        places = [*self._document.element.body.iter(W + "sectPr"), self._document.settings.element]
        start, form = 1, "decimal" if kind == FOOTNOTE else "lowerRoman"
        for place in reversed(places):
            properties = place.find(f"{W}{kind}Pr")
            if properties is None:
                continue
            own_start, own_form = properties.find(W + "numStart"), properties.find(W + "numFmt")
            start = whole(own_start.get(W + "val"), start) if own_start is not None else start
            form = str(own_form.get(W + "val") or form) if own_form is not None else form
        return start, form

    def _resolved(self) -> frozenset[str]:
        root = next(roots(self._document.part, "commentsExtended"), None)
        if root is None:
            return frozenset()
        done = [e for e in root.iter(_W15 + "commentEx") if e.get(_W15 + "done") in {"1", "true"}]
        return frozenset(str(e.get(_W15 + "paraId")) for e in done)
