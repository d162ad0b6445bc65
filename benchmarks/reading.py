"""How much of real files is read: characters and table cells, beside what docling published of the same files.

``python benchmarks/reading.py [--with COMMAND]`` reads every file of ../shared/data/fixtures/docling whose Markdown docling has
published (docling-groundtruth), and prints, for each kind of file, the share of docling's pairs of characters and table cells
that are in ours, and of ours that are in docling's. ``--with "markitdown"`` runs that command on each file in our place, for
the same figures of a peer; ``--library pdfplumber`` calls a library (pdfplumber, pdfium, docling-parse, mammoth, calamine), each
of which has to be installed where this runs. ``--kind .pdf`` takes one kind alone. docling's
output is no truth: it, too, loses and invents; a low share says where to look.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median

from question_sets import DATA

from qeu_rag.errors import ReadError
from qeu_rag.ingest.read import SUPPORTED, parse

FIXTURES = DATA / "fixtures"
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_TAG = re.compile(r"</?[a-zA-Z][^<>\n]*>|<!--.*?-->", re.S)
_MARKS = re.compile(r"[\s#*_`|>\\~-]")


def pairs_of(text: str) -> Counter[str]:
    """The pairs of neighbouring characters of Markdown without marks, links and white space."""
    bare = _MARKS.sub("", unicodedata.normalize("NFKC", _TAG.sub("", _LINK.sub(r"\1", text))))
    return Counter(bare[at : at + 2] for at in range(len(bare) - 1))


def cells_of(text: str) -> Counter[str]:
    """The cells of its tables that say something."""
    rows = [line for line in text.split("\n") if line.startswith("|") and not re.fullmatch(r"[\s|:-]+", line)]
    cells = (
        _MARKS.sub("", unicodedata.normalize("NFKC", cell)) for row in rows for cell in re.split(r"(?<!\\)\|", row)
    )
    return Counter(cell for cell in cells if cell)


def ours(path: Path) -> str:
    """Our text of a file; empty for one that is refused."""
    try:
        return "\n\n".join(document.text for document in parse(path, path.name).documents)
    except ReadError:
        return ""


def by_pdfplumber(path: Path) -> str:
    """The text of a PDF with its tables by pdfplumber (MIT); tables come after the text of their page."""
    import pdfplumber

    parts = []
    with pdfplumber.open(path) as document:
        for leaf in document.pages:
            parts.append(leaf.extract_text() or "")
            parts += [written(rows) for rows in leaf.extract_tables()]
    return "\n\n".join(parts)


def by_pdfium(path: Path) -> str:
    """The text pages of PDFium alone (pypdfium2, BSD)."""
    import pypdfium2

    document = pypdfium2.PdfDocument(path)
    return "\n\n".join(leaf.get_textpage().get_text_range() for leaf in document)


def by_docling_parse(path: Path) -> str:
    """The lines of a PDF by docling-parse (MIT), which finds no tables by itself."""
    from docling_parse.pdf_parser import DoclingPdfParser

    document = DoclingPdfParser(loglevel="fatal").load(str(path))
    return "\n".join(cell.text for _, leaf in document.iterate_pages() for cell in leaf.textline_cells)


def by_mammoth(path: Path) -> str:
    """A Word file as Markdown by mammoth (BSD)."""
    import mammoth

    with path.open("rb") as file:
        return str(mammoth.convert_to_markdown(file, convert_image=lambda image: []).value)


def by_calamine(path: Path) -> str:
    """The sheets of a workbook by python-calamine (MIT)."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(path))
    return "\n\n".join(f"# {name}\n\n{written(book.get_sheet_by_name(name).to_python())}" for name in book.sheet_names)


def written(rows: Iterable[Iterable[object]]) -> str:
    """Rows as those of a Markdown table."""
    return "\n".join("| " + " | ".join("" if cell is None else str(cell) for cell in row) + " |" for row in rows)


LIBRARIES: Mapping[str, Callable[[Path], str]] = {
    "pdfplumber": by_pdfplumber,
    "pdfium": by_pdfium,
    "docling-parse": by_docling_parse,
    "mammoth": by_mammoth,
    "calamine": by_calamine,
}


def pages_of(path: Path) -> int:
    """How many pages a PDF has; 1 for other kinds."""
    if path.suffix.lower() != ".pdf":
        return 1
    import pypdfium2

    return len(pypdfium2.PdfDocument(path))


def by_command(command: str) -> Callable[[Path], str]:
    """What a command prints of a file."""

    def run(path: Path) -> str:
        done = subprocess.run([*shlex.split(command), str(path)], capture_output=True, text=True, timeout=300)
        return done.stdout

    return run


def known() -> list[tuple[Path, Path]]:
    """Files with docling's Markdown of them."""
    published = {path.name.removesuffix(".md"): path for path in (FIXTURES / "docling-groundtruth").rglob("*.md")}
    files = sorted(path for path in (FIXTURES / "docling").rglob("*") if path.suffix.lower() in SUPPORTED)
    return [(path, found) for path in files if (found := published.get(path.name) or published.get(path.stem))]


def main() -> None:
    """Prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--with", dest="command", default="", help="a command that prints a file's text, in our place")
    parser.add_argument("--library", choices=LIBRARIES, help="a library in our place")
    parser.add_argument("--kind", default="", help="a suffix: the files of this kind alone")
    parser.add_argument("--files", action="store_true", help="a line for each file of which we lack a tenth")
    given = parser.parse_args()
    read = LIBRARIES[given.library] if given.library else by_command(given.command) if given.command else ours
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0] * 7)
    times: dict[str, list[float]] = defaultdict(list)
    for path, published in known():
        if given.kind not in {"", path.suffix.lower()}:
            continue
        wanted = published.read_text(encoding="utf-8", errors="replace")
        began = time.perf_counter()
        text = read(path)
        row = totals[path.suffix.lower()]
        row[0] += 1
        times[path.suffix.lower()].append((time.perf_counter() - began) / pages_of(path))
        for at, of in ((1, pairs_of), (4, cells_of)):
            theirs, mine = of(wanted), of(text)
            row[at] += (theirs & mine).total()
            row[at + 1] += theirs.total()
            row[at + 2] += mine.total()
            if given.files and (theirs & mine).total() < 0.9 * theirs.total():
                print(f"{path.name}: {of.__name__} {(theirs & mine).total()} of {theirs.total()}")
    print("| kind | files | of docling's characters | of ours | of docling's cells | of ours | ms a page, median |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for kind, (files, both, theirs, mine, cells, their_cells, own_cells) in sorted(totals.items()):
        shares = [
            f"{a / b:.3f}" if b else "-"
            for a, b in ((both, theirs), (both, mine), (cells, their_cells), (cells, own_cells))
        ]
        print(f"| {kind} | {files:.0f} | {' | '.join(shares)} | {1000 * median(times[kind]):.0f} |")


if __name__ == "__main__":
    main()
