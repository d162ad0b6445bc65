"""Gives the properties of a message that Outlook saved (MS-OXMSG), of its recipients and of its attachments."""

from __future__ import annotations

import datetime
import struct
from collections.abc import Iterator
from typing import Any

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.rtf.tokens import codec_of_page
from qeu_rag.text.encoding import decode

_PAGES = {50220: "iso-2022-jp", 50221: "iso-2022-jp", 50222: "iso-2022-jp", 51932: "euc_jp", 20932: "euc_jp", 20127: "ascii",
          28591: "cp1252", 1200: "utf-16-le"}  # fmt: skip
_EPOCH = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)
_MOST = 2_000
_MAX_STREAM = 512 << 20
_NAMES = "__nameid_version1.0"


class Store:
    """The properties in one storage of the file: of the message itself, of a recipient or of an attachment."""

    def __init__(self, ole: Any, path: tuple[str, ...] = (), *, head: int = 32, page: str = "") -> None:
        self._ole, self._path = ole, path
        self._fixed = self._read_fixed(head)
        own = self.number(0x3FFD) or self.number(0x3FDE)
        self.page = (_PAGES.get(own) or codec_of_page(own)) if own else page
        web = self.number(0x3FDE)
        self.web_page = (_PAGES.get(web) or codec_of_page(web)) if web else self.page

    def text(self, *keys: int) -> str:
        """The first of these text properties that is not empty."""
        for key in keys:
            if (data := self._stream(key, "001F")) is not None:
                text = data.decode("utf-16-le", "replace")
            elif (data := self._stream(key, "001E")) is not None:
                text = self._decoded(data)
            else:
                continue
            if text := text.rstrip("\0"):
                return text
        return ""

    def data(self, key: int) -> bytes:
        """A binary property; empty if there is none."""
        return self._stream(key, "0102") or b""

    def number(self, key: int) -> int:
        """A whole number or a yes or no; 0 if there is none."""
        raw: bytes | None = self._fixed.get((key, 0x0003)) or self._fixed.get((key, 0x000B))
        return int.from_bytes(raw[:4], "little", signed=True) if raw else 0

    def time(self, *keys: int) -> datetime.datetime | None:
        """The first of these points in time."""
        for key in keys:
            raw = self._fixed.get((key, 0x0040))
            ticks = struct.unpack("<Q", raw)[0] if raw else 0
            if 0 < ticks < 0x2400000000000000:
                return _EPOCH + datetime.timedelta(microseconds=ticks // 10)
        return None

    def named(self, number: int) -> int:
        """The key of a property that has a number of its own in a named set; 0 if the message has none of it."""
        if not self._ole.exists([_NAMES, "__substg1.0_00030102"]):
            return 0
        data = self._ole.openstream([_NAMES, "__substg1.0_00030102"]).read(1 << 20)
        for at in range(0, len(data) - 7, 8):
            name, kind, index = struct.unpack("<IHH", data[at : at + 8])
            if name == number and not kind & 1:
                return 0x8000 + int(index)
        return 0

    def recipients(self) -> Iterator[Store]:
        """Those that it was sent to."""
        return self._inner("__recip_version1.0_")

    def attachments(self) -> Iterator[Store]:
        """What is attached to it."""
        return self._inner("__attach_version1.0_")

    def message(self) -> Store | None:
        """The message that an attachment is."""
        path = (*self._path, "__substg1.0_3701000D")
        return Store(self._ole, path, head=24, page=self.page) if self._ole.exists(list(path)) else None

    def _inner(self, start: str) -> Iterator[Store]:
        depth = len(self._path)
        found = {tuple(entry[: depth + 1]) for entry in self._ole.listdir() if len(entry) > depth + 1}
        paths = sorted(p for p in found if p[:depth] == self._path and p[depth].lower().startswith(start))
        yield from (Store(self._ole, path, head=8, page=self.page) for path in paths[:_MOST])

    def _stream(self, key: int, kind: str) -> bytes | None:
        path = [*self._path, f"__substg1.0_{key:04X}{kind}"]
        if not self._ole.exists(path):
            return None
        if self._ole.get_size(path) > _MAX_STREAM:
            raise ReadError("too_large")
        return bytes(self._ole.openstream(path).read())

    def _read_fixed(self, head: int) -> dict[tuple[int, int], bytes]:
        path = [*self._path, "__properties_version1.0"]
        if not self._ole.exists(path):
            return {}
        data = self._ole.openstream(path).read(1 << 20)
        found = {}
        for at in range(head, len(data) - 15, 16):
            kind, key = struct.unpack("<HH", data[at : at + 4])
            found[key, kind] = data[at + 8 : at + 16]
        return found

    def _decoded(self, data: bytes) -> str:
        try:
            return decode(data, self.page)[0] if data.strip() else ""
        except ReadError:
            return data.decode("cp1252", "replace")
