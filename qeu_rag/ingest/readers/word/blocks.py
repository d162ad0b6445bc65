"""The blocks of a Word document (paragraphs, list items, headings, code, tables) and the Markdown that they become."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from qeu_rag.ingest.readers.markup.markdown import escape, fence
from qeu_rag.ingest.readers.page import one_line


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its kind ("text", "list", "code", "heading", or "markdown" for what is written already), text, label and depth."""

    kind: str
    text: str
    label: str = ""
    level: int = 0

    @property
    def words(self) -> str:
        """The block on one line, as in a table's cell."""
        label = self.label if self.text.strip() else self.label.removeprefix("- ")
        return one_line(f"{label} {self.text}" if label else self.text)

    def markdown(self) -> str:
        """The block as it stands in the document."""
        if self.kind == "heading":
            words = one_line(self.text)
            return f"{'#' * min(self.level, 6)} {self.label + ' ' if self.label else ''}{words}"
        if self.kind == "list":
            indent = "  " * self.level
            return indent + self.label + self.text.strip().replace("\n", "\n" + indent + " " * len(self.label))
        return escape(_trimmed(self.text)) if self.kind == "text" else self.text


def written(blocks: Iterable[Block]) -> str:
    """All ``blocks`` as Markdown: neighbouring lines of code in one fence, list items on lines that follow each other."""
    parts: list[str] = []
    previous = ""
    code: list[str] = []
    for block in blocks:
        if block.kind == "code":
            code.append(block.text)
            continue
        if any(map(str.strip, code)):
            parts.append(_apart(parts) + fence("\n".join(code)))
            previous = "code"
        code = []
        if block.text.strip():
            parts.append(("\n" if block.kind == previous == "list" else _apart(parts)) + block.markdown())
            previous = block.kind
    if any(map(str.strip, code)):
        parts.append(_apart(parts) + fence("\n".join(code)))
    return "".join(parts)


def _apart(parts: list[str]) -> str:
    return "\n\n" if parts else ""


def _trimmed(text: str) -> str:
    return "\n".join(line.strip(" \t") for line in text.split("\n")).strip("\n")
