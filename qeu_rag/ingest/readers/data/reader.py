"""Reads files of data (.json, .jsonl, .yaml) as text: tables of records, and lines of names with their values."""

from __future__ import annotations

from pathlib import Path

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.ingest.readers.data.text import markdown_of, records_of
from qeu_rag.ingest.readers.data.tree import Tree, json_tree, yaml_trees
from qeu_rag.ingest.readers.markup.plain import text_of
from qeu_rag.ingest.readers.page import page
from qeu_rag.ingest.remark import Remark


class JsonReader(BaseReader):
    """A JSON file; also one with a value on each line. What is no JSON is read as text, and told."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "undecodable", "empty"."""
        text, notes = _decoded(Path(file))
        try:
            body = markdown_of(json_tree(text))
        except (ValueError, RecursionError):
            trees, _ = _by_line(text)
            if len(trees) > 1:
                return JsonLinesReader().load_data(file)
            return [_as_text(text, "JSON", notes)]
        return [page(body, title="", markup=False, notes=notes)]


class JsonLinesReader(BaseReader):
    """A file with a JSON value on each line; lines that are none are told, and stand as they are below the others."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "undecodable", "empty"."""
        text, notes = _decoded(Path(file))
        trees, wrong = _by_line(text)
        if not trees:
            return [_as_text(text, "JSON", notes)]
        lines = text.split("\n")
        if wrong:
            notes.append(Remark(key="not_json", values={"rows": tuple(wrong)}))
        blocks = [markdown_of(records_of(trees)), *(markdown_of(lines[number - 1].strip()) for number in wrong)]
        return [page("\n\n".join(blocks), title="", markup=False, notes=notes)]


class YamlReader(BaseReader):
    """A YAML file with its comments; what is no YAML is read as text, and told."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document. Raises ReadError: "undecodable", "empty", "too_large"."""
        text, notes = _decoded(Path(file))
        try:
            trees = yaml_trees(text)
            body = "\n\n".join(filter(None, map(markdown_of, trees)))
        except (ValueError, RecursionError):
            return [_as_text(text, "YAML", notes)]
        return [page(body, title="", markup=False, notes=notes)]


def _decoded(file: Path) -> tuple[str, list[Remark]]:
    text, notes = text_of(file)
    return text.replace("\r\n", "\n"), notes


def _by_line(text: str) -> tuple[list[Tree], list[int]]:
    """The values on the lines of ``text``, and the numbers of the lines that hold none."""
    trees: list[Tree] = []
    wrong: list[int] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            trees.append(json_tree(line))
        except (ValueError, RecursionError):
            wrong.append(number)
    return trees, wrong


def _as_text(text: str, kind: str, notes: list[Remark]) -> LlamaDocument:
    return page(text, title="", markup=False, notes=[*notes, Remark(key="as_text", values={"kind": kind})])
