"""The straight lines and the coloured areas of a page: turned with its text, pieces put together, ends closed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

TOUCH = 3.0
"""Points between the ends of lines that meet."""

_SAME = 2.0  # points between lines that are one, such as the two of a double border
_THICK = 4.0  # points across all lines that are one
_SHORTEST = 4.0

Box = tuple[float, float, float, float]
"""Left, bottom, right and top in points, y upwards."""

Matrix = tuple[float, float, float, float, float, float]
"""From the coordinates of an object to those of its page: a, b, c, d, e, f as PDF has them."""


def holds(box: Box, x: float, y: float) -> bool:
    """Whether a point lies in ``box``, or on its edge."""
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def holds_middle(outer: Box, inner: Box) -> bool:
    """Whether the middle of ``inner`` lies in ``outer``."""
    return holds(outer, (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2)


class Rule(NamedTuple):
    """A straight line along one axis: its place on the other axis, where it starts and where it ends."""

    at: float
    start: float
    end: float


class Fill(NamedTuple):
    """A rectangle along the axes that is filled with a colour (red, green, blue)."""

    box: Box
    colour: tuple[int, int, int]


class Rules(NamedTuple):
    """The level and the upright lines of a page, and its coloured rectangles."""

    across: tuple[Rule, ...]
    down: tuple[Rule, ...]
    fills: tuple[Fill, ...] = ()


def turned(box: Box, quarter: int) -> Box:
    """``box`` as it stands when text that was turned by ``quarter`` quarters clockwise stands upright."""
    left, bottom, right, top = box
    if quarter == 1:
        return (-top, left, -bottom, right)
    if quarter == 2:
        return (-right, -top, -left, -bottom)
    return (bottom, -right, top, -left) if quarter == 3 else box


def turned_rules(rules: Rules, quarter: int) -> Rules:
    """``rules`` as they stand when text that was turned by ``quarter`` quarters clockwise stands upright."""
    across = [turned((rule.start, rule.at, rule.end, rule.at), quarter) for rule in rules.across]
    down = [turned((rule.at, rule.start, rule.at, rule.end), quarter) for rule in rules.down]
    level, upright = (down, across) if quarter % 2 else (across, down)
    return Rules(
        across=tuple(Rule(box[1], box[0], box[2]) for box in level),
        down=tuple(Rule(box[0], box[1], box[3]) for box in upright),
        fills=tuple(Fill(turned(fill.box, quarter), fill.colour) for fill in rules.fills),
    )


def whole(rules: Sequence[Rule]) -> list[Rule]:
    """Lines put together from their pieces, and double lines as one, in order of their places."""
    made: list[Rule] = []
    for level in _levels(rules):
        at = sum(rule.at for rule in level) / len(level)
        start, end = level[0].start, level[0].end
        for rule in level[1:]:
            if rule.start > end + TOUCH:
                made.append(Rule(at, start, end))
                start, end = rule.start, rule.end
            end = max(end, rule.end)
        made.append(Rule(at, start, end))
    return [rule for rule in made if rule.end - rule.start >= _SHORTEST]


def _levels(rules: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Groups of lines at one place, each in order of their starts."""
    level: list[Rule] = []
    for rule in sorted(rules):
        if level and (rule.at - level[-1].at > _SAME or rule.at - level[0].at > _THICK):
            yield sorted(level, key=lambda r: r.start)
            level = []
        level.append(rule)
    if level:
        yield sorted(level, key=lambda r: r.start)


def parts(across: Sequence[Rule], down: Sequence[Rule]) -> Iterator[tuple[list[Rule], list[Rule]]]:
    """The lines that hang together, directly or by others."""
    places = [rule.at for rule in down]
    meets: list[list[int]] = []
    for rule in across:
        near = range(bisect_left(places, rule.start - TOUCH), bisect_right(places, rule.end + TOUCH))
        meets.append([i for i in near if down[i].start - TOUCH <= rule.at <= down[i].end + TOUCH])
    crossed: list[list[int]] = [[] for _ in down]
    for i, those in enumerate(meets):
        for j in those:
            crossed[j].append(i)
    seen: set[int] = set()
    for first in range(len(across)):
        if first in seen:
            continue
        level, upright, waiting = {first}, set[int](), [first]
        while waiting:
            for j in meets[waiting.pop()]:
                if j not in upright:
                    upright.add(j)
                    waiting += [i for i in crossed[j] if i not in level]
                    level.update(crossed[j])
        seen |= level
        yield [across[i] for i in sorted(level)], [down[j] for j in sorted(upright)]


def closed(across: list[Rule], down: list[Rule]) -> tuple[list[Rule], list[Rule]]:
    """The lines with those that close a table whose level or upright lines all end beyond the outermost of the others."""
    if not down:
        return across, down
    return sorted([*across, *_closing(down, across)]), sorted([*down, *_closing(across, down)])


def _closing(rules: Sequence[Rule], others: Sequence[Rule]) -> Iterator[Rule]:
    """The lines through the ends of ``rules`` where the first and the last of these go further than any of ``others``."""
    first, last = min(rules).at, max(rules).at
    start, end = min(rule.start for rule in rules), max(rule.end for rule in rules)
    low, high = min(first, *(rule.start for rule in others)), max(last, *(rule.end for rule in others))
    if start < min(others).at - 2 * TOUCH and {first, last} <= {r.at for r in rules if r.start <= start + TOUCH}:
        yield Rule(start, low, high)
    if end > max(others).at + 2 * TOUCH and {first, last} <= {r.at for r in rules if r.end >= end - TOUCH}:
        yield Rule(end, low, high)


def edges(rules: Sequence[Rule]) -> list[float]:
    """The places of ``rules`` from the lowest up, without those that stand closer than lines that meet."""
    edges: list[float] = []
    for at in sorted({rule.at for rule in rules}):
        if not edges or at - edges[-1] > TOUCH:
            edges.append(at)
    return edges
