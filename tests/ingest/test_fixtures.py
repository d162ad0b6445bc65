"""Real odd and damaged files: each is read or reported, and three forms of one guideline give one text."""

import difflib
import os
import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import SUPPORTED, Parsed, parse

FIXTURES = Path(os.environ.get("QEU_RAG_DATA", Path(__file__).parents[3] / "shared" / "data"), "fixtures")
pytestmark = pytest.mark.skipif(
    not FIXTURES.is_dir(), reason=f"no real files at {FIXTURES}; QEU_RAG_DATA names the folder that holds fixtures/"
)
GUIDELINES = FIXTURES / "future-ja-docx-html" / "resources"


def bare(text: str) -> str:
    """The words of Markdown in NFKC, without link targets, tags, marks, white space and the numbers of headings.

    Pandoc numbered the headings of the Word and HTML forms; the Markdown form has no numbers.
    """
    text = re.sub(r"^(#+ )\d+(?:\.\d+)* ", r"\1", text, flags=re.M)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"</?[a-zA-Z][^<>\n]*>", lambda tag: tag[0][1:-1] if tag[0].startswith("<http") else "", text)
    return re.sub(r"[\s#*_`|>\\~:+-]|\d+\.", "", unicodedata.normalize("NFKC", text))


def similarity(a: str, b: str) -> float:
    """Twice the characters in common order over all characters, as difflib's ratio, line by line first for speed."""
    common = 0
    pieces = [re.findall(r"[^。、.,()]*[。、.,()]?", text) for text in (a, b)]
    for op, i, j, k, m in difflib.SequenceMatcher(None, *pieces, autojunk=False).get_opcodes():
        left, right = "".join(pieces[0][i:j]), "".join(pieces[1][k:m])
        if op == "equal":
            common += len(left)
        elif len(left) * len(right) < 4_000_000:
            blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
            common += sum(block.size for block in blocks)
    return 2 * common / (len(a) + len(b))


def test_every_real_file_is_read_or_reported() -> None:
    outcomes: Counter[str] = Counter()
    for path in sorted(FIXTURES.rglob("*")):
        if path.is_file() and path.suffix.lower() in SUPPORTED and path.stat().st_size:
            try:
                parsed: Parsed | None = parse(path, path.relative_to(FIXTURES).as_posix())
                outcomes["read"] += 1
            except ReadError as e:
                outcomes[e.reason] += 1
                continue
            assert parsed is not None
            for document in parsed.documents:
                for page in document.pages:
                    assert page.span.of(document.text).strip()
                for heading in document.headings:
                    assert heading.span.of(document.text).strip(" #=-\n")
    assert outcomes["read"] >= 400
    assert outcomes["encrypted"] >= 1
    assert not outcomes["damaged"]
    assert set(outcomes) <= {"read", "no_text", "damaged", "empty", "encrypted", "no_libreoffice"}


@pytest.mark.parametrize("name", sorted(p.stem for p in GUIDELINES.glob("*.md")))
def test_three_forms_of_a_guideline_give_one_text(name: str) -> None:
    texts = {s: bare(parse(GUIDELINES / f"{name}{s}", name).documents[0].text) for s in (".md", ".docx", ".html")}
    for one, other in ((".md", ".docx"), (".md", ".html"), (".docx", ".html")):
        assert similarity(texts[one], texts[other]) >= 0.98, (one, other)


@pytest.mark.parametrize("name", sorted(p.stem for p in GUIDELINES.glob("*.md")))
def test_three_forms_of_a_guideline_have_the_same_headings(name: str) -> None:
    outlines = {}
    for suffix in (".md", ".docx", ".html"):
        document = parse(GUIDELINES / f"{name}{suffix}", name).documents[0]
        outlines[suffix] = [(h.level, h.text) for h in document.headings]
    assert outlines[".docx"] == outlines[".html"]
    bare_outline = [(level, re.sub(r"^\d+(?:\.\d+)* ", "", text)) for level, text in outlines[".html"]]
    assert bare_outline[1:] == outlines[".md"]  # the title is a heading of the made forms alone
