"""Finds lines of a picture that are struck out, which text recognition reads as if they were not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from qeu_rag.ingest.readers.scan.recognise import Recognised

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

_BAND = (0.35, 0.7)  # of a line's height from above: no underline, no rule of a table
_LONG = 2.5  # of a line's height; strokes of letters end with the letter
_DARK = 0.6  # of the way from the paper to the darkest ink
_DASHES = re.compile("[—―─━_→←]|[-‐‑‒–ー一=＝～~…‥]{2}")  # whose own strokes may be long


def struck(image: Image, lines: Iterable[Recognised]) -> list[Recognised]:
    """Those of ``lines`` through whose letters a long stroke goes."""
    import numpy as np

    levels = np.asarray(image.convert("L"))
    return [line for line in lines if not _DASHES.search(line.text) and _is_struck(levels, line)]


def _is_struck(levels: NDArray[np.uint8], line: Recognised) -> bool:
    import numpy as np

    high = line.bottom - line.top
    box = levels[max(0, int(line.top)) : int(line.bottom) + 1, max(0, int(line.left)) : int(line.right) + 1]
    if min(box.shape) < 4:
        return False
    ink, paper = np.percentile(box, (2, 80))
    band = box[int(_BAND[0] * len(box)) : int(_BAND[1] * len(box)) + 1] < paper - _DARK * (paper - ink)
    return bool(paper - ink > 40) and any(_longest(row) > _LONG * high for row in band)


def _longest(row: NDArray[np.bool_]) -> int:
    """The longest run of dark pixels; single light ones, which noise makes, do not end it."""
    import numpy as np

    dark = np.convolve(row, (1, 1, 1), "same") >= 2
    edges = np.flatnonzero(np.diff(np.concatenate(([0], dark.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max(initial=0))
