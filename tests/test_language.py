"""The two catalogues agree, and every message that the source asks for is there."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import qeu_rag.errors
from qeu_rag.errors import QeuRagError, ReadError
from qeu_rag.language import CATALOGUES, say, system_language

SOURCE = Path(qeu_rag.errors.__file__).parent
ERRORS = {
    name for name, value in vars(qeu_rag.errors).items() if isinstance(value, type) and issubclass(value, QeuRagError)
}


def placeholders(message: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(message) if name is not None}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the source of a plain or dotted name: where, the name, the call."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                yield f"{path.relative_to(SOURCE)}:{node.lineno}", name, node


def keys_of(call: ast.Call) -> list[str]:
    """The constant keys that the first argument can be (a constant, or a choice between constants)."""
    first = call.args[0] if call.args else None
    choices = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
    return [node.value for node in choices if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def test_the_catalogues_have_the_same_keys_and_placeholders() -> None:
    english, japanese = CATALOGUES["en"], CATALOGUES["ja"]
    assert english.keys() == japanese.keys()
    assert {key: placeholders(text) for key, text in english.items()} == {
        key: placeholders(text) for key, text in japanese.items()
    }


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_no_message_is_written_twice(lang: str) -> None:
    pairs = json.loads(
        (SOURCE / "language" / f"{lang}.json").read_text(encoding="utf-8"), object_pairs_hook=lambda found: found
    )
    keys = [key for key, _ in pairs]
    assert sorted(keys) == sorted(set(keys))


def test_a_language_is_read_when_it_is_asked_for() -> None:
    """``--help`` in English reads no Japanese."""
    code = "from qeu_rag.language import _messages, say; say('interrupted'); print(_messages.cache_info().misses)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"


def test_errors_come_in_pairs_of_what_and_what_next() -> None:
    keys = CATALOGUES["en"].keys()
    what = {key.removeprefix("error.") for key in keys if key.startswith("error.")}
    assert what == {key.removeprefix("next.") for key in keys if key.startswith("next.")}


def test_every_error_raised_has_its_messages_and_their_values() -> None:
    wrong, seen = [], 0
    for where, name, call in calls():
        if name not in ERRORS:
            continue
        given = {keyword.arg for keyword in call.keywords}
        for key in keys_of(call):
            seen += 1
            full = f"read_{key}" if name == "ReadError" else key
            for message in (CATALOGUES["en"].get(f"error.{full}"), CATALOGUES["en"].get(f"next.{full}")):
                if message is None:
                    wrong.append(f"{where}: no message for {full}")
                elif name != "ReadError" and None not in given and not placeholders(message) <= given:
                    wrong.append(f"{where}: {full} lacks {placeholders(message) - given}")
    assert not wrong
    assert seen > 20


def test_every_message_said_is_there_with_its_values() -> None:
    wrong, seen = [], 0
    for where, name, call in calls():
        if name != "say":
            continue
        given = {keyword.arg for keyword in call.keywords}
        for key in keys_of(call):
            seen += 1
            message = CATALOGUES["en"].get(key)
            if message is None or (None not in given and not placeholders(message) <= given):
                wrong.append(f"{where}: {key}")
        if isinstance(call.args[0], ast.JoinedStr) and isinstance(start := call.args[0].values[0], ast.Constant):
            seen += 1
            if not any(key.startswith(str(start.value)) for key in CATALOGUES["en"]):
                wrong.append(f"{where}: {start.value}…")
    assert not wrong
    assert seen > 10


def test_the_japanese_catalogue_is_japanese() -> None:
    marks = {"source.page", "abstain.joint", "abstain.word", "remark.joint", "answer.dated", "detail.bracketed"}
    plain = [
        key
        for key, text in CATALOGUES["ja"].items()
        if key not in marks and not any("\u3040" <= c <= "\u30ff" or "\u4e00" <= c <= "\u9fff" for c in text)
    ]
    assert not plain


def test_say_fills_in_and_falls_back_to_english() -> None:
    assert say("source.page", "ja", page=3) == ", p. 3"
    assert say("interrupted", "fr") == CATALOGUES["en"]["interrupted"]
    with pytest.raises(KeyError):
        say("no.such.key")


def test_why_a_file_was_not_read_is_told_in_one_language() -> None:
    assert ReadError("unreadable", f" ({os.strerror(errno.EACCES)})").render("ja") == (
        "ファイルを読めません（アクセス権がありません）。アクセス権を確かめてください。"
    )
    assert ReadError("undecodable", " (binary)").happened("ja") == (
        "文字コードを判別できません（文字のファイルではありません）。"
    )
    assert ReadError("too_large", " (5 MB > 3 MB)").happened("ja") == "ファイルが大きすぎます（5 MB > 3 MB）。"
    assert ReadError("too_large", " (5 MB > 3 MB)").happened("en") == "The file is too large (5 MB > 3 MB)."
    assert ReadError("empty").happened("en") == "The file is empty."


def test_a_count_of_one_is_no_plural() -> None:
    counted = re.compile(r"^\{(?:count|done)\} (?!approved answers have an id|pages by text recognition)\w+s\b")
    # But for approved_id, which is for none or several, and recognised, which has a form for one.
    assert [key for key, text in CATALOGUES["en"].items() if counted.match(text)] == []


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_US.UTF-8", "QEU_RAG_LANG": "ja"}, "ja"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": ""}, "ja"),
    ],
)
def test_the_system_language(environ: dict[str, str], lang: str) -> None:
    assert system_language(environ) == lang
