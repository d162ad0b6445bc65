"""Holds what RTF's control words set for the characters that follow: raised, struck out, hidden, their font and colour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

STRUCK, HIDDEN, WHITE, DELETED = "struck", "hidden", "white", "word_deleted"


@dataclass(slots=True)
class Look:
    """The settings at one place; each group begins with those around it and leaves its own behind."""

    place: str = ""
    """Where text goes: the body (empty), "skip", or a destination such as "fonttbl"."""
    font: int = -1
    raised: int = 0
    struck: bool = False
    hidden: bool = False
    deleted: bool = False
    colour: int = 0
    ground: int = 0
    size: int = 24
    skipped: int = 1
    """How many characters stand in for one that is given by its number."""

    def apply(self, name: str, number: int | None) -> bool:
        """Whether ``name`` is one of these settings, which is then set."""
        on = number is None or number != 0
        if name in {"strike", "striked"}:
            self.struck = on
        elif name == "v":
            self.hidden = on
        elif name == "deleted":
            self.deleted = on
        elif name in {"super", "sub", "nosupersub"}:
            self.raised = {"super": 1, "sub": -1}.get(name, 0) if on else 0
        elif name in {"up", "dn"}:
            self.raised = (1 if name == "up" else -1) if (number if number is not None else 6) else 0
        elif name in {"f", "cf", "uc", "fs"} and number is not None:
            field_name = {"f": "font", "cf": "colour", "uc": "skipped", "fs": "size"}[name]
            setattr(self, field_name, number)
        elif name in {"highlight", "cb", "chcbpat"}:
            self.ground = number or 0
        elif name == "plain":
            self.raised, self.struck, self.hidden, self.deleted = 0, False, False, False
            self.colour, self.ground, self.size = 0, 0, 24
        else:
            return False
        return True

    def left_out(self, colours: Mapping[int, tuple[int, int, int]], *, backed: bool) -> str:
        """Why text of this look is left out; empty where it is read. ``backed``: it may stand on a coloured ground."""
        if self.deleted:
            return DELETED
        if self.hidden:
            return HIDDEN
        if self.size <= 2:
            return WHITE
        white = colours.get(self.colour) == (255, 255, 255)
        if white and not backed and (not self.ground or colours.get(self.ground) == (255, 255, 255)):
            return WHITE
        return STRUCK if self.struck else ""
