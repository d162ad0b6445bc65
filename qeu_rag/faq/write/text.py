"""Writes the answered list as CSV, JSON lines or Markdown, a row at a time."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from qeu_rag.faq.cells import shielded
from qeu_rag.faq.write.blocks import Prose, Rich, Table, blocks, bounds_of, starred
from qeu_rag.faq.write.fields import answer_text, engine, list_titles, quotes, status, titles, values
from qeu_rag.faq.write.sheet import Sheet, Tally
from qeu_rag.language import say

_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
_BEGINNING = re.compile(r"(?m)^(\s*\d*)([-+=.)])")


def write_csv(path: Path, sheet: Sheet, tally: Tally) -> None:
    """Comma-separated (RFC 4180), UTF-8; what a spreadsheet could take for a formula has ``'`` before it."""
    _write_table(path, sheet, tally, ",")


def write_tsv(path: Path, sheet: Sheet, tally: Tally) -> None:
    """The same, separated by tabs."""
    _write_table(path, sheet, tally, "\t")


def write_jsonl(path: Path, sheet: Sheet, tally: Tally) -> None:
    """One object a row: keys of ``ask --json``, ``row``, ``outcome``, ``approved_row``, ``seconds``, ``input``, ``documents``."""
    names = _keys(list_titles(sheet.questions, sheet.lang))
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row, outcome, record in tally.taking(sheet.rows()):
            line: dict[str, Any] = {
                "row": row.number,
                "outcome": outcome,
                **({"sheet": row.sheet} if row.sheet else {}),
                "approved_row": False,
                "input": dict(zip(names, row.cells, strict=True)),
            }
            if record is None:
                empty = {"question": row.question, "answer": "", "status": "waiting", "citations": [], "evidence": []}
                line |= empty
            else:
                kept = record.plain()
                line |= {**kept["payload"], "question": row.question, "seconds": record.seconds}
                line["documents"] = kept["documents"]
            file.write(json.dumps(line, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")


def write_markdown(path: Path, sheet: Sheet, tally: Tally) -> None:
    """A section a row: the answer, then its sources with their words."""
    lang = sheet.lang
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(f"# {_escaped(sheet.title)}\n\n")
        file.writelines(f"- {_escaped(name)}: {_escaped(value)}\n" for name, value in sheet.facts)
        for row, outcome, record in tally.taking(sheet.rows()):
            file.write(f"\n## {_escaped(' '.join(row.question.split()))}\n\n")
            about = [f"**{status(outcome, lang)}**", say("batch.row", lang, number=_escaped(row.place))]
            if record is not None and outcome != "error":
                about.append(f"{say('batch.column.confidence', lang)} {record.payload['confidence']:.2f}")
                about.append(_escaped(engine(record.payload, lang)))
            file.write(" · ".join(about) + "\n")
            if record is not None:
                found = blocks(answer_text(record.payload), bounds_of(record.payload))
                file.writelines(f"\n{_block(block)}\n" for block in found)
                for one in quotes(record, lang):
                    place = _escaped(one.place)
                    linked = f"[{place}](<{one.link}>)" if one.link else place
                    version = f" · {_escaped(one.edition)}" if one.edition else ""
                    file.write(f"\n> {_escaped(one.words)}\n>\n> \\[{one.marker}\\] {linked}{version}\n")


def _block(block: Prose | Table) -> str:
    if isinstance(block, Prose):
        return "  \n".join(map(_emphasised, block.lines))
    lines = [f"| {' | '.join(map(_emphasised, row))} |" for row in block.rows]
    return "\n".join([lines[0], "| " + " | ".join("---" for _ in block.rows[0]) + " |", *lines[1:]])


def _emphasised(line: Rich) -> str:
    """A line with the words that are emphasised between stars; only its beginning could be taken for a list or a heading."""
    made = [(_MARKUP.sub(r"\\\1", run), strong) for run, strong in starred(line)]
    first = [(_BEGINNING.sub(r"\1\\\2", run), strong) for run, strong in made[:1]]
    return "".join(f"**{run}**" if strong else run for run, strong in (*first, *made[1:]))


def _write_table(path: Path, sheet: Sheet, tally: Tally, delimiter: str) -> None:
    with path.open("w", encoding="utf-8-sig" if sheet.bom else "utf-8", errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        number = say("batch.evidence.row", sheet.lang)
        names = (number, *list_titles(sheet.questions, sheet.lang), *titles(sheet.lang))
        writer.writerow([shielded(name) for name in names])
        for row in tally.taking(sheet.rows()):
            cells = (str(row[0].number), *row[0].cells, *values(row, sheet.lang))
            writer.writerow([shielded(cell) for cell in cells])


def _keys(names: Iterable[str]) -> list[str]:
    """``names``, of which equal ones are numbered: no cell may take another's place."""
    seen: Counter[str] = Counter()
    keys = []
    for name in names:
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return keys


def _escaped(text: str) -> str:
    return _BEGINNING.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", text))
