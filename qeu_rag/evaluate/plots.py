"""Draws line plots as SVG text, for a self-contained page (SVG 1.1, https://www.w3.org/TR/SVG11/)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

_WIDTH, _HEIGHT = 560, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 150, 16, 48
_INKS = ("#0072b2", "#d55e00", "#009e73", "#000000", "#cc79a7")
"""Told apart by most colour-blind readers (Okabe and Ito 2008); the dashes tell them apart on paper."""
_DASHES = ("", "6 3", "2 3", "", "8 3 2 3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One named line: its points (x, y) from left to right."""

    name: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis: its name, its ends and where it is marked."""

    name: str
    low: float
    high: float
    ticks: tuple[float, ...]

    def share(self, value: float) -> float:
        """Where ``value`` lies between the ends, 0..1."""
        return (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)


def plot(lines: Sequence[Line], x: Axis, y: Axis, *, title: str) -> str:
    """The plot as an ``svg`` element; ``title`` is read out by screen readers."""
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        *_axes(x, y),
        *(part for number, line in enumerate(lines) for part in _line(number, line, x, y)),
        "</svg>",
    ]
    return "\n".join(parts)


def _across(x: Axis, value: float) -> float:
    return _LEFT + x.share(value) * (_WIDTH - _LEFT - _RIGHT)


def _down(y: Axis, value: float) -> float:
    return _HEIGHT - _BOTTOM - y.share(value) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(x: Axis, y: Axis) -> Iterator[str]:
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    for tick in y.ticks:
        at = _down(y, tick)
        yield f'<path d="M{_LEFT} {at:.1f}H{right}" stroke="#ccc"/>'
        yield f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{tick:g}</text>'
    for tick in x.ticks:
        at = _across(x, tick)
        yield f'<path d="M{at:.1f} {bottom}v5" stroke="#333"/>'
        yield f'<text x="{at:.1f}" y="{bottom + 18}" text-anchor="middle">{tick:g}</text>'
    yield f'<path d="M{_LEFT} {_TOP}V{bottom}H{right}" fill="none" stroke="#333"/>'
    yield f'<text x="{(_LEFT + right) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x.name)}</text>'
    middle = (_TOP + bottom) / 2
    yield f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{escape(y.name)}</text>'


def _line(number: int, line: Line, x: Axis, y: Axis) -> Iterator[str]:
    ink, dash = _INKS[number % len(_INKS)], _DASHES[number % len(_DASHES)]
    look = f'fill="none" stroke="{ink}" stroke-width="2"' + (f' stroke-dasharray="{dash}"' if dash else "")
    # What falls on one spot is drawn once: a run may have more points than a screen.
    path = "L".join(spot for spot, _ in groupby(f"{_across(x, a):.1f} {_down(y, b):.1f}" for a, b in line.points))
    if path:
        yield f'<path d="M{path}" {look}/>'
    key, right = _TOP + 12 + 20 * number, _WIDTH - _RIGHT
    yield f'<path d="M{right + 10} {key}h24" {look}/>'
    yield f'<text x="{right + 40}" y="{key + 4}">{escape(line.name)}</text>'
