"""What stands at a sheet's cells rather than in them: comments, check boxes, hints for input, page headers and footers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from qeu_rag.ingest.readers.notes_and_comments import comment
from qeu_rag.ingest.readers.office.ooxml import Package, Relation
from qeu_rag.ingest.readers.page import one_line
from qeu_rag.ingest.readers.sheet.places import areas
from qeu_rag.ingest.readers.sheet.strings import S, rich
from qeu_rag.ingest.readers.sheet.xml import target
from qeu_rag.ingest.readers.xml_elements import children, local

_MOST = 5_000
_THREAD_NOTE = "[Threaded comment]"
_CODE = re.compile(r"&(?:\"[^\"]*\"|\d+|K[0-9A-Fa-f]{6}|K\d\d[+-]\d{3}|[A-Za-z&])")
_RUNNING = re.compile(r"&[PNDTFAZG]")
_PAGE_WORDS = re.compile(r"page|of|ページ|頁|全|第|[\s/\-―ー–:()|]+", re.I)
_FORMATTED = frozenset("oddHeader oddFooter firstHeader firstFooter evenHeader evenFooter".split())


def comments(
    package: Package, relations: Iterable[Relation], people: Mapping[str, str]
) -> Iterator[tuple[int, int, str]]:
    """Row, column and text of each comment and note of a sheet; a thread's comments follow each other."""
    threaded: dict[tuple[int, int], list[str]] = {}
    plain: dict[tuple[int, int], str] = {}
    for relation in relations:
        root = package.try_tree(relation.target) if relation.kind in {"comments", "threadedComment"} else None
        if root is None:
            continue
        if relation.kind == "threadedComment":
            for element in list(children(root))[:_MOST]:
                text = "".join(t.text or "" for t in children(element) if local(t) == "text")
                for top, left, *_ in areas(element.get("ref", ""))[:1]:
                    said = comment(people.get(element.get("personId", ""), ""), one_line(text), "")
                    threaded.setdefault((top, left), []).append(said)
            continue
        for element in list(root.iterfind(f"{S}commentList/{S}comment"))[:_MOST]:
            body = element.find(S + "text")
            text = rich(body)[0].strip() if body is not None else ""
            for top, left, *_ in areas(element.get("ref", ""))[:1]:
                if text and not text.startswith(_THREAD_NOTE):
                    plain[top, left] = comment("", one_line(text), "")
    for place in plain.keys() | threaded.keys():
        yield *place, " ".join(threaded.get(place) or [plain[place]])


def people(package: Package, relations: Iterable[Relation]) -> dict[str, str]:
    """The names of those who write in threads, by their keys."""
    found = {}
    for relation in relations:
        if relation.kind == "person":
            for element in children(package.try_tree(relation.target)):
                found[element.get("id", "")] = one_line(element.get("displayName", ""))
    return found


def controls(package: Package, elements: Iterable[Any], relations: Mapping[str, Relation]) -> dict[str, str]:
    """Check boxes and option buttons by the number of their shape, as ☑, ☐, ◉ or ○."""
    found = {}
    for element in elements:
        relation = relations.get(target(element)) if local(element) == "control" else None
        root = package.try_tree(relation.target) if relation else None
        if root is None:
            continue
        checked = root.get("checked") == "Checked"
        signs = {"CheckBox": "☐☑", "Radio": "○◉"}.get(root.get("objectType", ""))
        if signs:
            found[element.get("shapeId", "")] = signs[checked]
    return found


def hints(elements: Iterable[Any]) -> Iterator[str]:
    """What a person is told who goes to a cell to fill it in, and the values that may be chosen, with the cells they are for."""
    told: dict[str, list[str]] = {}
    for element in elements:
        if local(element) != "dataValidation":
            continue
        words = [one_line(element.get(name, "")) for name in ("promptTitle", "prompt")]
        listed = element.findtext(S + "formula1") or ""
        if element.get("type") == "list" and listed.startswith('"'):
            words.append(" / ".join(part.strip() for part in listed.strip('"').split(",")))
        if text := ": ".join(filter(None, words)):
            told.setdefault(text, []).append(element.get("sqref", ""))
    for text, places in list(told.items())[:200]:
        yield f"{', '.join(places)[:60]}: {text}"


def page_lines(elements: Iterable[Any]) -> tuple[str, str]:
    """The words of the sheet's page headers and of its footers, such as a document's number, without running page numbers."""
    lines: dict[bool, list[str]] = {True: [], False: []}
    for element in elements:
        kind = local(element)
        if kind in _FORMATTED:
            lines[kind.endswith("Header")] += _sections(element.text or "")
    return tuple("\n".join(dict.fromkeys(lines[header])) for header in (True, False))  # type: ignore[return-value]


def _sections(code: str) -> Iterator[str]:
    for section in re.split(r"&[LCR](?![a-z])", code):
        words = one_line(_CODE.sub(lambda found: "&" if found[0] == "&&" else "", section))
        if _RUNNING.search(section) and not _PAGE_WORDS.sub("", words):
            continue
        if re.search(r"\w", words):
            yield words


_BOXES = {"Checkbox": "☐☑", "Radio": "○◉"}


def boxes(root: Any, signs: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """Row, column and text (``☑ 承認``) of each box in a drawing's root (None: there is none).

    ``signs`` has the signs of those that the sheet knows by number and no other drawing showed; any other box tells its own.
    """
    known = dict(signs)
    for shape in list(root.iter("{urn:schemas-microsoft-com:vml}shape"))[:_MOST] if root is not None else ():
        data = next((part for part in shape.iter() if local(part) == "ClientData"), None)
        kind = data.get("ObjectType", "") if data is not None else ""
        if data is None or kind not in _BOXES:
            continue
        told = {local(part): (part.text or "").strip() for part in data}
        place = [part.strip() for part in told.get("Anchor", "").split(",")]
        if len(place) < 3 or not (place[0].isdigit() and place[2].isdigit()):
            continue
        label = one_line("".join(t for part in shape.iter() if local(part) == "textbox" for t in part.itertext()))
        number = shape.get("id", "").rpartition("_s")[2]
        if signs and number not in known:
            continue
        sign = known.get(number) or _BOXES[kind][told.get("Checked", "0") == "1"]
        yield int(place[2]) + 1, int(place[0]) + 1, f"{sign} {label}".strip()
