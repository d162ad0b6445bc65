"""Compares engines of text recognition on ten rendered pages: character error rates and seconds a page, in both languages.

Run with the Python that has the engines: `python benchmarks/recognition.py`. It needs Japanese fonts
(Debian: fonts-noto-cjk, fonts-ipafont-mincho), which the tests do not.
"""

from __future__ import annotations

import os
import random
import re
import resource
import sys
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # as the reading processes have it

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
_NOTO = "/usr/share/fonts/opentype/noto/Noto{}CJK-Regular.ttc"
_FONTS = {
    "ja": (_NOTO.format("Sans"), _NOTO.format("Serif"), "/usr/share/fonts/opentype/ipafont-mincho/ipam.ttf"),
    "en": (_NOTO.format("Serif"), "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", _NOTO.format("Sans")),
}
_PAGES = {
    "ja": ("mts-method", "phone-and-meeting-rules", "control-charts", "parameter-design", "process-capability"),
    "en": ("acceptance-sampling", "client-communication", "gauge-rr", "tolerance-design", "supplier-audits"),
}
_MARKS = re.compile(r"^[#>\-*| ]+|[`*|]|\\(?=\W)|^[-:| ]+$", re.M)
_A4 = (8.27, 11.69)
_POINTS = 10.5


def page(text: str, font: str, dpi: int) -> tuple[Image.Image, str]:
    """As much of ``text`` as a page takes, in black on white, and what stands on it."""
    size = round(_POINTS * dpi / 72)
    image = Image.new("L", (round(_A4[0] * dpi), round(_A4[1] * dpi)), 255)
    draw, face = ImageDraw.Draw(image), ImageFont.truetype(font, size)
    left, y, shown = dpi, dpi, []
    for paragraph in filter(None, map(str.strip, _MARKS.sub("", text).splitlines())):
        for line in _lines(paragraph, lambda part: face.getlength(part) > image.width - 2 * left):
            if y > image.height - dpi:
                return image, "".join(shown)
            draw.text((left, y), line, font=face, fill=0)
            shown.append(line)
            y += round(1.7 * size)
        y += size // 2
    return image, "".join(shown)


def _lines(paragraph: str, full: Callable[[str], bool]) -> Iterator[str]:
    line = ""
    for part in re.findall(r"[!-~]+\s?|.", paragraph):
        if line and full(line + part):
            yield line
            line = ""
        line += part
    yield line


def scanned(image: Image.Image, seed: int) -> Image.Image:
    """The page as a scanner gives it: turned by up to 0.8 degrees, grey, with noise and JPEG's traces."""
    chance = random.Random(seed)
    turned = image.rotate(chance.uniform(-0.8, 0.8), resample=Image.Resampling.BICUBIC, fillcolor=255)
    grey = 20 + np.asarray(turned, dtype=np.float32) * (225 / 255)
    grey += np.random.default_rng(seed).normal(0, 14, grey.shape)
    return Image.fromarray(grey.clip(0, 255).astype(np.uint8))


def error_rate(truth: str, read: str) -> float:
    """Edits that make ``read`` into ``truth``, in parts of its length; white space and compatible forms do not count."""
    a, b = ("".join(unicodedata.normalize("NFKC", text).split()) for text in (truth, read))
    codes = np.array([ord(c) for c in b])
    row = np.arange(len(b) + 1)
    for i, char in enumerate(a, 1):
        new = np.minimum(row[1:] + 1, row[:-1] + (codes != ord(char)))
        new = np.concatenate(([i], new))
        row = np.minimum.accumulate(new - np.arange(len(new))) + np.arange(len(new))
    return float(row[-1]) / max(1, len(a))


def cpu() -> float:
    """Seconds of computing so far, of child processes too: a busy machine does not change them."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in used)


def main() -> None:
    """Prints the table."""
    from qeu_rag.ingest.readers.scan.recognise import ENGINES
    from qeu_rag.ingest.readers.scan.scanned import fitted

    print("engine | language | dpi | error rate | worst page | CPU s a page")
    for name, engine in ((name, make()) for name, make in ENGINES.items()):
        for lang, names in _PAGES.items():
            for dpi in (300, 150):
                rates, began = [], 0.0
                for number, source in enumerate(names):
                    text = (ROOT / "corpus" / lang / f"{source}.md").read_text(encoding="utf-8")
                    image, truth = page(text, _FONTS[lang][number % 3], dpi)
                    image = scanned(image, number)
                    before = cpu()
                    read = "".join(line.text for line in engine.read(fitted(image)))
                    began += cpu() - before
                    rates.append(error_rate(truth, read))
                row = (name, lang, dpi, f"{np.mean(rates):.2%}", f"{max(rates):.2%}", f"{began / len(names):.1f}")
                print(*row, sep=" | ", flush=True)


if __name__ == "__main__":
    main()
