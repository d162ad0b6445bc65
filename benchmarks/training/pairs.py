"""What the encoder learns from: questions with the windows that answer them, sentences in two languages, headings with sections.

A source is a list of ``Pair``; a batch is drawn from one source, or from two languages of one, so that telling languages or
sources apart never helps. Documents of squad1, squad2 and covidqa whose hash is odd are kept back, whole.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_JAPANESE = re.compile(r"[ぁ-んァ-ヶ一-鿿]")
_SENTENCE = re.compile(r"(?<=[。！？])|(?<=[.!?])\s+(?=[A-Z(\"“])")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$")
_HANDBOOKS = ("future-arch-guidelines-ja", "future-coding-standards-ja", "gds-way", "18f-guides", "thoughtbot-guides")
_NOTE = re.compile(r"\([^)]*\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A question, the window that answers it, near misses that do not, and the name of what must not be drawn twice."""

    question: str
    window: str
    near: tuple[str, ...] = ()
    group: str = ""


def kept_back(name: str) -> bool:
    """Whether a document is one that nothing is trained on."""
    return hashlib.md5(name.encode(), usedforsecurity=False).digest()[0] % 2 == 1


def pair_kept_back(english: str) -> bool:
    """Whether a sentence, with its translation, is one that nothing is trained on: one in 33."""
    return int(hashlib.md5(english.lower().encode(), usedforsecurity=False).hexdigest(), 16) % 33 == 0


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; a last line that is still being written is left out."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.endswith("\n") and line.strip():
                yield json.loads(line)


def windows(text: str) -> list[str]:
    """Stretches of whole sentences, about 170 Japanese or 480 other characters, overlapping by a sentence."""
    units = [part.strip() for line in text.split("\n") for part in _SENTENCE.split(line) if part.strip()]
    found, start = [], 0
    while start < len(units):
        room = 170 if len(_JAPANESE.findall(units[start])) > len(units[start]) * 0.2 else 480
        end, used = start, 0
        while end < len(units) and (end == start or used + len(units[end]) <= room):
            used += len(units[end]) + 1
            end += 1
        found.append("\n".join(units[start:end]))
        if end >= len(units):
            break
        start = max(start + 1, end - 1)
    return found


def under(title: str, window: str) -> str:
    """A window below its heading path, as the product embeds it."""
    return f"{title}\n{window}" if title else window


def questions(folder: Path, *, whole: bool) -> list[Pair]:
    """Questions of a set with the window around their answer; ``whole``: of the documents that are kept back, too."""
    texts = {row["id"]: row for row in rows(folder / "corpus.jsonl")}
    found = []
    for row in rows(folder / "queries.jsonl"):
        if not (row["answerable"] and row["gold"] and row["answers"]):
            continue
        document = texts[row["gold"][0]]
        title = document["title"]
        if not whole and kept_back(title or document["id"]):
            continue
        holding = [w for w in windows(document["text"]) if row["answers"][0] in w]
        if holding:
            window = under(title, holding[len(row["question"]) % len(holding)])
            found.append(Pair(question=row["question"], window=window, group=document["id"]))
    return found


def translations(folder: Path) -> list[Pair]:
    """Sentences with their translation, in both directions by turns, without those that are kept back."""
    found = []
    for number, row in enumerate(row for row in rows(folder / "pairs.jsonl") if not pair_kept_back(row["en"])):
        one, other = (row["ja"], row["en"]) if number % 2 else (row["en"], row["ja"])
        found.append(Pair(question=one, window=other, group=row["en"]))
    return found


def glosses(path: Path) -> list[Pair]:
    """EDICT's common entries with their glosses (EDRDG licence), in both directions by turns."""
    found = []
    with path.open(encoding="euc-jp", errors="replace") as lines:
        next(lines)
        for number, line in enumerate(lines):
            head, _, senses = line.partition("/")
            if "(P)" not in senses:
                continue
            parts = [_NOTE.sub("", sense).strip() for sense in senses.split("/")]
            gloss = "; ".join([part for part in parts if part and not part.startswith("EntL")][:3])
            word = head.split()[0].split(";")[0]
            if gloss and len(word) > 1:
                one, other = (word, gloss) if number % 2 else (gloss, word)
                found.append(Pair(question=one, window=other, group=gloss))
    return found


def headings(folder: Path, asked: frozenset[str]) -> list[Pair]:
    """Headings of handbooks with a window of their section; those that are questions of an evaluation set are left out."""
    found = []
    for name in _HANDBOOKS:
        for path in sorted((folder / name).rglob("*.md")):
            path_of: list[tuple[int, str]] = []
            body: list[str] = []
            for line in [*path.read_text(encoding="utf-8", errors="replace").split("\n"), "# "]:
                heading = _HEADING.match(line)
                if not heading and line != "# ":
                    body.append(re.sub(r"<[^>]+>|\]\([^)]*\)|[\[`*]", "", line))
                    continue
                text = windows("\n".join(body))
                if path_of and text and len(path_of[-1][1]) > 3 and path_of[-1][1].lower() not in asked:
                    above = path_of[-2][1] if len(path_of) > 1 else ""
                    found.append(Pair(question=path_of[-1][1], window=under(above, text[0]), group=str(path)))
                if heading:
                    level = len(heading[1])
                    path_of = [*(one for one in path_of if one[0] < level), (level, heading[2])]
                    body = []
    return found


def everyday(folder: Path) -> Iterator[Pair]:
    """Everyday questions with the official passages that answer them and near misses: ``pairs*.jsonl`` of q, p, n."""
    for path in sorted(folder.rglob("pairs.jsonl")):
        for number, row in enumerate(rows(path)):
            yield Pair(question=row["q"], window=row["p"], near=(row["n"],), group=f"{path.parent.name}{number}")


def asked_of(folder: Path) -> Iterator[Pair]:
    """The answerable questions of a set of documents (docs/, questions.jsonl with quotes), each with the window of its quote."""
    for row in rows(folder / "questions.jsonl"):
        if not row["answerable"]:
            continue
        text = (folder / "docs" / row["doc"]).read_text(encoding="utf-8")
        start = text.find(row["quote"])
        section_start = max(text.rfind("\n#", 0, start), 0)
        section_end = text.find("\n#", start)
        section = text[section_start : section_end if section_end > 0 else len(text)].strip()
        lines = section.split("\n")
        heading = lines[0].lstrip("# ").strip() if lines[0].startswith("#") else ""
        body = re.sub(r"[*`]", "", "\n".join(lines[1:] if heading else lines))
        holding = [w for w in windows(body) if re.sub(r"[*`]", "", row["quote"]) in w] or [row["quote"]]
        others = tuple(under(heading, w) for w in windows(body) if w not in holding)
        title = next((line.lstrip("# ") for line in text.split("\n") if line.startswith("# ")), "")
        path = " › ".join(dict.fromkeys(part for part in (title, heading) if part))
        yield Pair(question=row["question"], window=under(path, holding[0]), near=others[:1], group=row["id"])
