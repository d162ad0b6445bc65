"""No circle of modules, not even one that a local import hides; what is exported explains itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import qeu_rag

ROOT = Path(qeu_rag.__file__).parent


def name_of(path: Path) -> str:
    parts = ("qeu_rag", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in ROOT.rglob("*.py")}


def nodes_at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        yield from nodes_at_run_time(node)


def imports_of(source: str) -> set[str]:
    """Our modules that the source imports, at its top or inside a function."""
    found: set[str] = set()
    for node in nodes_at_run_time(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names}
    return found & MODULES.keys()


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Every group of modules of which each reaches the others (Tarjan's components, by reachability: the graph is small)."""
    reached: dict[str, set[str]] = {}
    for start in graph:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for other in graph[waiting.pop()] - seen:
                seen.add(other)
                waiting.append(other)
        reached[start] = seen
    groups = {frozenset({a, *(b for b in reached[a] if a in reached[b])}) for a in graph if a in reached[a]}
    return sorted(sorted(group) for group in groups)


RECURSIVE = [
    ["qeu_rag.embed.onnx_export", "qeu_rag.embed.runners"],
    [
        "qeu_rag.ingest.readers.markup.marked_up",
        "qeu_rag.ingest.readers.markup.marked_up_html",
        "qeu_rag.ingest.readers.markup.plain",
        "qeu_rag.ingest.readers.web.reader",
    ],
    ["qeu_rag.ingest.readers.word.embedded", "qeu_rag.ingest.readers.word.reader", "qeu_rag.ingest.readers.word.story"],
]
"""Circles that are still there: formats that hold each other, and an export that is checked by running it. None may join."""


def test_no_circle_hides_behind_a_local_import() -> None:
    graph = {name: imports_of(path.read_text(encoding="utf-8")) - {name} for name, path in MODULES.items()}
    assert [circle for circle in circles(graph) if circle not in RECURSIVE] == []


def test_a_circle_would_be_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    source = "from __future__ import annotations\n\ndef f():\n    from qeu_rag.types import Span\n"
    assert imports_of(source) == {"qeu_rag.types"}
    assert imports_of("if TYPE_CHECKING:\n    from qeu_rag.types import Span\n") == set()


def test_what_is_exported_explains_itself() -> None:
    """Every exported name, and every public method of an exported class, has a docstring."""
    bare = []
    for name in qeu_rag.__all__:
        value = getattr(qeu_rag, name)
        if not (value.__doc__ or "").strip():
            bare.append(name)
        if isinstance(value, type):
            for method, held in vars(value).items():
                plain = getattr(held, "__func__", getattr(held, "fget", held))
                if not method.startswith("_") and callable(plain) and not (plain.__doc__ or "").strip():
                    bare.append(f"{name}.{method}")
    assert bare == []


def test_nothing_in_the_program_needs_its_tests() -> None:
    users = [
        name
        for name, path in MODULES.items()
        if not name.startswith("qeu_rag.testing")
        and any(one.startswith("qeu_rag.testing") for one in imports_of(path.read_text(encoding="utf-8")))
    ]
    assert users == []
