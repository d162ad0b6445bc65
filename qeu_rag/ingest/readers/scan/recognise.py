"""Text recognition by what is installed: an engine takes the picture of a page and gives its lines, with how sure it is."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import io
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from qeu_rag.ingest.readers.scan.reading_order import in_order

if TYPE_CHECKING:
    from PIL.Image import Image

RAPIDOCR, TESSERACT = "rapidocr", "tesseract"
_MODELS = {"Det.model_path": "PP-OCRv6_det_small.onnx", "Rec.model_path": "PP-OCRv6_rec_small.onnx"}
_LANGUAGES = ("jpn", "eng")
_ASKED_S, _PAGE_S = 30, 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A line of a picture: its box in pixels from the upper left corner, and how sure the engine is of the text (0..1)."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    sure: float


class Engine(Protocol):
    """A way to recognise text.

    ``larger``: by how much a line's box is higher than most where its letters are larger; lesser differences mean nothing.
    """

    @property
    def larger(self) -> float:
        """See above."""
        ...

    def read(self, image: Image) -> list[Recognised]:
        """The lines of an upright page in the order in which they are read. Raises whatever its library does."""
        ...


class RapidOcr:
    """The package rapidocr, with the models that it brings, on onnxruntime."""

    larger = 1.22

    def __init__(self) -> None:
        """Loads the models, in a second. Raises ImportError where a library is missing."""
        from rapidocr import RapidOCR

        folder = _models() or Path()
        given = {
            key: str(folder / name) for key, name in _MODELS.items()
        }  # named, they are never looked for on the web
        threads = {f"EngineConfig.onnxruntime.{which}_op_num_threads": 1 for which in ("intra", "inter")}
        # A line upside down on an upright page is rarer than one taken for it.
        wanted = {
            "Global.use_cls": False,
            "Global.text_score": 0.0,
            "Global.log_level": "critical",
            "Global.max_side_len": 8000,
        }
        self._engine: Any = RapidOCR(params={**given, **threads, **wanted})

    def read(self, image: Image) -> list[Recognised]:
        """See ``Engine``."""
        import numpy as np

        found = self._engine(np.ascontiguousarray(np.asarray(image.convert("RGB"))[:, :, ::-1]))
        if found.boxes is None or found.txts is None:
            return []
        boxes = [[(float(x), float(y)) for x, y in box] for box in found.boxes]
        if _is_upright(boxes, found.txts):
            boxes = [[(y, image.width - x) for x, y in (*box[1:], box[0])] for box in boxes]
        slope = _slope(boxes)
        return in_order(
            [
                _level(box, slope, text.strip(), float(sure))
                for box, text, sure in zip(boxes, found.txts, found.scores, strict=True)
                if text.strip()
            ]
        )


_Corners = Sequence[tuple[float, float]]


def _is_upright(boxes: Sequence[_Corners], texts: Sequence[str]) -> bool:
    """Whether most letters stand in boxes that go down: upright Japanese, or a page on its side. Both begin at the right."""
    down = [box[3][1] - box[0][1] > 1.5 * (box[1][0] - box[0][0]) for box in boxes]
    return 2 * sum(len(text) for text, is_down in zip(texts, down, strict=True) if is_down) > sum(map(len, texts))


def _slope(boxes: Sequence[_Corners]) -> float:
    """How far the lines of a page fall to the right, in parts of their length: that of the longer half."""
    sides = sorted((box[1][0] - box[0][0], box[1][1] - box[0][1]) for box in boxes)
    return median(down / across for across, down in sides[len(sides) // 2 :] if across > 0) if sides[-1][0] > 0 else 0.0


def _level(box: _Corners, slope: float, text: str, sure: float) -> Recognised:
    """A line by its four corners as it would stand if the page lay straight, with the height of its letters."""
    xs, ys = [x for x, _ in box], [y - slope * x for x, y in box]
    middle, half = sum(ys) / 4, abs(ys[3] - ys[0] + ys[2] - ys[1]) / 4
    return Recognised(text=text, left=min(xs), right=max(xs), top=middle - half, bottom=middle + half, sure=sure)


class Tesseract:
    """The program tesseract, with its data for Japanese and English, run once a page."""

    larger = 1.5

    def read(self, image: Image) -> list[Recognised]:
        """See ``Engine``."""
        picture = io.BytesIO()
        image.convert("L").save(picture, "PNG", compress_level=1)
        wanted = ("stdin", "stdout", "-l", "+".join(_LANGUAGES), "--psm", "3", "tsv")
        return list(_lines(_run(wanted, picture.getvalue(), _PAGE_S)))


def _run(arguments: Sequence[str], given: bytes, limit_s: float) -> str:
    """What tesseract writes. Raises OSError where it fails."""
    program = shutil.which(TESSERACT)
    if program is None:
        raise FileNotFoundError(TESSERACT)
    flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows only
    done = subprocess.run(
        [program, *arguments],
        input=given,
        capture_output=True,
        timeout=limit_s,
        check=False,
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        creationflags=flags,
    )
    if done.returncode:
        raise OSError(f"{TESSERACT}: {done.stderr[:200].decode(errors='replace').strip()}")
    return done.stdout.decode("utf-8", "replace")


def _lines(table: str) -> Iterator[Recognised]:
    """The lines of tesseract's table of words."""
    rows = csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE)
    words = [row for row in rows if row.get("level") == "5" and (row.get("text") or "").strip()]
    for _, group in groupby(words, key=lambda row: [row[key] for key in ("block_num", "par_num", "line_num")]):
        yield _line(list(group))


def _line(words: Sequence[Mapping[str, str]]) -> Recognised:
    boxes = [[float(word[key]) for key in ("left", "top", "width", "height")] for word in words]
    sure = sum(float(word["conf"]) * len(word["text"]) for word in words) / sum(len(word["text"]) for word in words)
    height = median(box[3] for box in boxes)
    middle = median(box[1] + box[3] / 2 for box in boxes)
    text = words[0]["text"]
    for (x, _, width, _), after, word in zip(boxes, boxes[1:], words[1:], strict=False):
        # It parts Japanese into words, too, between which nothing stands.
        apart = after[0] - (x + width) > 0.5 * height or (text[-1].isascii() and word["text"][0].isascii())
        text += " " * apart + word["text"]
    left, right = boxes[0][0], max(box[0] + box[2] for box in boxes)
    return Recognised(
        text=text, left=left, right=right, top=middle - height / 2, bottom=middle + height / 2, sure=sure / 100
    )


ENGINES: Mapping[str, Callable[[], Engine]] = MappingProxyType({RAPIDOCR: RapidOcr, TESSERACT: Tesseract})
"""The engines by name, the one that reads Japanese better first (docs/reading/scanned.md has the figures)."""


def _models() -> Path | None:
    """Where rapidocr keeps its models; None where it is not here, or an older one whose models know no kana."""
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec(RAPIDOCR)
        if spec and spec.origin:
            folder = Path(spec.origin).parent / "models"
            return folder if all((folder / name).is_file() for name in _MODELS.values()) else None
    return None


def _knows_languages() -> bool:
    try:
        listed = _run(("--list-langs",), b"", _ASKED_S).split()
    except (OSError, subprocess.SubprocessError):
        return False
    return all(language in listed for language in _LANGUAGES)


@lru_cache(maxsize=1)
def installed() -> str:
    """The name of the engine that this machine has; empty where there is none."""
    if _models():
        return RAPIDOCR
    return TESSERACT if _knows_languages() else ""
