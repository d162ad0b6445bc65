"""Settles the fields of a Word story: what shows is their result, never their instruction; check boxes show their state."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from qeu_rag.ingest.readers.typeset.symbols import from_symbol_font
from qeu_rag.ingest.readers.word.eq import eq_field
from qeu_rag.ingest.readers.xml_elements import W, is_on, whole

_CONTENT = frozenset(W + name for name in ("t", "tab", "br", "cr", "sym", "noBreakHyphen"))
_TEXT, _INSTRUCTION = W + "t", W + "instrText"
_PAGES = frozenset(("PAGE", "NUMPAGES", "SECTIONPAGES"))
_BROKEN = re.compile(
    r"\s*(?:Error! (?:Reference source|Bookmark|Unknown|No text|Not a valid|Main document|No sequence)[^.]*\."
    r"|エラー[!！]\s*(?:参照元|ブックマーク|スタイル|指定した|有効な|未定義)[^。]*。?"
    r"|(?:错误|錯誤)[!！]\s*\S[^。]*。)\s*"
)
PAGE_MARK = "\ufdd0"
"""A character that no text holds: it stands for the number of a page, where ``settle`` is asked for marks."""
_DEEPEST = 32
UNRESOLVED = "[?]"
"""Stands for a reference whose target is gone, where Word shows an error."""


@dataclass(slots=True)
class _Open:
    begin: Any
    instruction: list[str] = field(default_factory=list)
    hidden: list[Any] = field(default_factory=list)
    result: list[Any] = field(default_factory=list)
    separated: bool = False


def settle(root: Any, counts: Counter[str], *, page_marks: bool = False) -> None:
    """Changes the fields below ``root`` in place so that only what they show is left as text.

    Counts "broken" references. A field that is never closed hides nothing. ``page_marks``: page numbers become ``PAGE_MARK``.
    """
    open_fields: list[_Open] = []
    for element in list(root.iter(W + "fldChar", W + "fldSimple", _INSTRUCTION, *_CONTENT)):
        if element.tag == W + "fldSimple":
            texts = list(element.iter(_TEXT))
            _show_result(str(element.get(W + "instr") or ""), texts, counts, page_marks)
        elif element.tag == W + "fldChar":
            kind = element.get(W + "fldCharType")
            if kind == "begin":
                open_fields.append(_Open(element))
            elif kind == "separate" and open_fields:
                open_fields[-1].separated = True
            elif kind == "end" and open_fields:
                _close(open_fields.pop(), open_fields, counts, page_marks)
        elif open_fields:
            if element.tag == _INSTRUCTION:
                open_fields[-1].instruction.append(element.text or "")
            elif open_fields[-1].separated:
                open_fields[-1].result.append(element)
            else:
                open_fields[-1].hidden.append(element)


def _close(closed: _Open, still_open: list[_Open], counts: Counter[str], page_marks: bool) -> None:
    instruction = "".join(closed.instruction)
    for element in closed.hidden:
        element.tag = _INSTRUCTION
    shown = _show_result(instruction, closed.result, counts, page_marks)
    own = _own_text(instruction, closed.begin) if not shown else ""
    if page_marks and _keyword(instruction) in _PAGES and not closed.result:
        own = PAGE_MARK
    if own:
        closed.begin.tag, closed.begin.text = _TEXT, own
        for child in list(closed.begin):
            closed.begin.remove(child)
    if still_open and len(still_open) < _DEEPEST:
        # What a field inside another's instruction shows belongs to that instruction.
        outer = still_open[-1]
        (outer.result if outer.separated else outer.hidden).extend([*closed.result, *([closed.begin] if own else [])])


def _keyword(instruction: str) -> str:
    words = instruction.split(maxsplit=1)
    return words[0].upper() if words else ""


def _show_result(instruction: str, result: list[Any], counts: Counter[str], page_marks: bool) -> bool:
    """Whether the field has a result of its own; errors and page numbers in it are replaced."""
    texts = [element for element in result if element.tag == _TEXT]
    whole = "".join(element.text or "" for element in texts)
    instead = None
    if page_marks and _keyword(instruction) in _PAGES:
        instead = PAGE_MARK
    elif len(whole) < 200 and _BROKEN.fullmatch(whole):
        instead = UNRESOLVED
        counts["broken"] += 1
    if instead is not None and texts:
        for element in texts:
            element.text = ""
        texts[0].text = instead
    return bool(whole.strip()) and _keyword(instruction) != "FORMDROPDOWN"


def _own_text(instruction: str, begin: Any) -> str:
    """What a field without a result shows all the same."""
    keyword = _keyword(instruction)
    if keyword == "FORMCHECKBOX":
        box = begin.find(f"{W}ffData/{W}checkBox")
        state = None if box is None else box.find(W + "checked")
        if box is not None and state is None:
            state = box.find(W + "default")
        return "☑" if is_on(state) else "☐"
    if keyword == "FORMDROPDOWN":
        return _chosen(begin.find(f"{W}ffData/{W}ddList"))
    if keyword == "EQ":
        return eq_field(instruction)
    if keyword == "SYMBOL" and (
        found := re.match(r'\s*\S+\s+(\d+|0x[0-9a-f]+)(?:.*?\\f\s+"?([^"\\]+)"?)?', instruction, re.I)
    ):
        code = int(found[1], 16) if found[1].lower().startswith("0x") else int(found[1][:7])
        unicode = r"\u" in instruction or not found[2]
        return (
            chr(code)
            if unicode and 31 < code < 0x110000
            else from_symbol_font(chr(code & 0xFF), (found[2] or "").strip())
        )
    if keyword == "MACROBUTTON":
        return " ".join(instruction.split()[2:])
    return ""


def _chosen(choices: Any) -> str:
    if choices is None:
        return ""
    entries = [str(entry.get(W + "val") or "") for entry in choices.findall(W + "listEntry")]
    state = next((e for name in ("result", "default") if (e := choices.find(W + name)) is not None), None)
    place = whole(state.get(W + "val") or "0", len(entries)) if state is not None else 0
    return entries[place] if place < len(entries) else ""
