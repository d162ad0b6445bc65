"""Reads pictures of pages (PNG, JPEG, TIFF of many pages) by text recognition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.markup.markdown import escape
from qeu_rag.ingest.readers.page import FileReader, page
from qeu_rag.ingest.readers.pdf.layout import blocks
from qeu_rag.ingest.readers.pdf.lines import Body, Sheet, without_running_lines
from qeu_rag.ingest.readers.scan.scanned import Scans, fitted

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 120_000_000  # A3 at 600 dpi is 70 million
_WIDTH = 595.0  # points of A4, as pictures seldom say how large they are on paper


class PictureReader(FileReader):
    """A picture, one document a page."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """One document a page. Raises ReadError: "unknown_type" without an engine, "no_text", "damaged", "memory"."""
        scans = Scans(self._way)
        if not scans.engine:
            raise ReadError("unknown_type", f" ({Path(file).suffix.lower()})")
        sheets = list(_sheets(Path(file), scans))
        if not any(sheet.lines for sheet in sheets):
            raise scans.failure
        pages = without_running_lines(sheets)
        body = Body.of(pages)
        made = [list(blocks(lines, body)) for lines in pages]
        return [
            page(
                "\n\n".join(f"{'#' * b.level} {b.text}" if b.level else escape(b.text) for b in found),
                number=number,
                notes=scans.remarks,
            )
            for number, found in enumerate(made, 1)
        ]


def _sheets(file: Path, scans: Scans) -> Iterator[Sheet]:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(file, formats=("PNG", "JPEG", "TIFF")) as picture:
            for number in range(1, getattr(picture, "n_frames", 1) + 1):
                if not scans.has_room(number):
                    return
                picture.seek(number - 1)
                if picture.width * picture.height > _MOST_PIXELS:
                    raise ReadError("memory")
                image = _upright(picture)
                yield scans.sheet(image, number, image.width / _WIDTH)
    except Image.DecompressionBombError as e:
        raise ReadError("memory") from e
    except (UnidentifiedImageError, EOFError, SyntaxError, ValueError) as e:
        raise ReadError("damaged") from e


def _upright(picture: Image) -> Image:
    """The picture as it is looked at, black on white where it is clear, no larger than what recognition needs."""
    import numpy as np
    from PIL import Image, ImageOps

    image: Image.Image = ImageOps.exif_transpose(picture)
    if image.mode.startswith(("I", "F")):  # 16 bits a pixel, which conversion would cut off instead of scale
        levels = np.asarray(image, dtype=np.float32)
        levels = np.nan_to_num(levels - levels.min()) * (255 / max(1e-9, float(np.ptp(levels))))
        image = Image.fromarray(levels.astype(np.uint8))
    if "A" in image.getbands() or "transparency" in image.info:
        clear = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    return fitted(image.convert("RGB"))
