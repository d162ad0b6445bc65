"""Reads a binary header field by field, never past the file's end and never more than was asked for."""

from __future__ import annotations

import struct
from typing import BinaryIO

_WINDOW = 1 << 20
_LENGTH = struct.Struct("<Q")


class Cut(Exception):
    """The file ends within the field that begins at ``at``."""

    def __init__(self, at: int) -> None:
        self.at = at
        super().__init__(at)


class Fields:
    """The fields of a little-endian file from its beginning; ``size`` is the file's length in bytes.

    Every reader raises Cut where the file ends first. What is skipped is not read.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._begin = 0
        self._buffer = b""
        self._at = 0

    @property
    def at(self) -> int:
        """Where the next field begins."""
        return self._begin + self._at

    @property
    def left(self) -> int:
        """The bytes from here to the file's end."""
        return self.size - self.at

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes; the caller bounds ``count``."""
        if count > self.left:
            raise Cut(self.at)
        if self._at + count > len(self._buffer):
            self._move(max(count, _WINDOW))
            if len(self._buffer) < count:  # shrunk since its size was taken
                raise Cut(self.at)
        taken = self._buffer[self._at : self._at + count]
        self._at += count
        return taken

    def skip(self, count: int) -> None:
        """Goes on ``count`` bytes without reading them."""
        if count > self.left:
            raise Cut(self.at)
        if self._at + count <= len(self._buffer):
            self._at += count
            return
        self._begin, self._buffer, self._at = self.at + count, b"", 0
        self._file.seek(self._begin)

    def unpack(self, form: str) -> tuple[int, ...]:
        """The next fields in ``struct``'s notation, little-endian."""
        packed = struct.Struct(f"<{form}")
        return packed.unpack(self.take(packed.size))

    def u32(self) -> int:
        """The next unsigned 32-bit number."""
        return self.unpack("I")[0]

    def u64(self) -> int:
        """The next unsigned 64-bit number."""
        return self.unpack("Q")[0]

    def skip_strings(self, count: int, longest: int) -> bool:
        """Goes past ``count`` strings, each its u64 length and its bytes; False at one of more than ``longest`` bytes."""
        unpack = _LENGTH.unpack_from
        while count > 0:
            if len(self._buffer) - self._at < longest + 8 and self.left >= longest + 8:
                self._move(max(longest + 8, _WINDOW))
            buffer, at = self._buffer, self._at
            # Up to here any string of an allowed length lies within the window: no more need be checked in the loop.
            limit = len(buffer) - longest - 8
            done = 0
            for done in range(count):  # noqa: B007 - how many it were is used below
                if at > limit:
                    break
                length = unpack(buffer, at)[0]
                if length > longest:
                    self._at = at
                    return False
                at += 8 + length
            else:
                done = count
            self._at, count = at, count - done
            if count:  # near the file's end
                length = self.u64()
                if length > longest:
                    return False
                self.skip(length)
                count -= 1
        return True

    def _move(self, size: int) -> None:
        """Lets the window begin here and be ``size`` bytes long, or as long as the file still is."""
        self._begin += self._at
        kept = self._buffer[self._at :]
        self._buffer, self._at = kept + self._file.read(size - len(kept)), 0
