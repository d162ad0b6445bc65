"""Gathers the bytes of RTF until they are whole characters, and the characters that it gives by their numbers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Characters:
    """``skip``: how many of the next characters stand in for one that was given by its number, and are passed over."""

    skip: int = 0
    _held: bytes = b""
    _high: str = ""

    def add(self, data: bytes) -> None:
        """Bytes of text, which may end within a character."""
        cut = min(self.skip, len(data))
        self.skip -= cut
        self._held += data[cut:]

    def flush(self, codec: str) -> str:
        """The text of the bytes that were added since."""
        if not self._held:
            return ""
        data, self._held = self._held, b""
        return data.decode("latin-1" if codec == "symbol" else codec, "replace")

    def skips_one(self) -> bool:
        """Whether what comes stands in for a character, as control words may, too."""
        if self.skip <= 0:
            return False
        self.skip -= 1
        return True

    def unicode(self, number: int, skipped: int) -> str:
        """The character with this number, for which ``skipped`` characters stand in; the first half of a pair is held back."""
        code = number % 65536
        self.skip = max(0, skipped)
        if 0xD800 <= code < 0xDC00:
            self._high = chr(code)
            return ""
        text = (self._high + chr(code)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        self._high = ""
        return text
