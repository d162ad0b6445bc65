"""Tells which layers of a PDF are switched off, and whether a page object stands in one: what viewers do not show."""

from __future__ import annotations

import io
import re
from functools import cached_property
from typing import Any

from qeu_rag.ingest.readers.pdf.notes import read_text

_LARGEST = 60_000_000  # bytes copied and searched
_OBJECT = re.compile(rb"(?:^|[\r\n])(\d+) \d+ obj\b(.*?)(?:\bendobj|\bstream\r?\n)", re.S)
_NAME = re.compile(rb"/Name\s*(?:\(((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*)\)|<([0-9A-Fa-f\s]*)>)", re.S)
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.S)
_ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b"\n": b"", b"\r": b"", b"\r\n": b""}


class Layers:
    """The layers of one document; what is switched off is looked for when a page first has a layer.

    PDFium names the layer of an object and not whether it is shown, so the document's own list is read from a plain copy.
    """

    def __init__(self, document: Any, data: bytes) -> None:
        self._document = document
        self._size = len(data)
        self._any = b"/OCProperties" in data or b"/ObjStm" in data

    def is_hidden(self, item: Any) -> bool:
        """Whether a page object stands in a layer that is switched off."""
        import pypdfium2.raw as raw

        if not self._any:
            return False
        for i in range(raw.FPDFPageObj_CountMarks(item)):
            mark = raw.FPDFPageObj_GetMark(item, i)
            if self._name(raw, mark) == "OC" and self._off:
                name = read_text(lambda *room, mark=mark: _string(raw, mark, *room))
                if name in self._off:
                    return True
        return False

    def _name(self, raw: Any, mark: Any) -> str:
        return read_text(lambda *room: _returned(raw.FPDFPageObjMark_GetName, mark, *room))

    @cached_property
    def _off(self) -> frozenset[str]:
        """The names of the layers that are off, without those that others with the same name share, which are on."""
        if self._size > _LARGEST:
            return frozenset()
        buffer = io.BytesIO()
        self._document.save(buffer)
        return switched_off(buffer.getvalue())


def switched_off(data: bytes) -> frozenset[str]:
    """The names of the layers that a PDF without object streams switches off."""
    if len(data) > _LARGEST or b"/OCProperties" not in data:
        return frozenset()
    objects = {int(match[1]): match[2] for match in _OBJECT.finditer(data)}
    root = next((body for body in objects.values() if b"/OCProperties" in body), b"")
    properties = _value(root, b"OCProperties", objects)
    default = _value(properties, b"D", objects)
    every = _references(_value(properties, b"OCGs", objects))
    off = set(_references(_value(default, b"OFF", objects)))
    if re.search(rb"/BaseState\s*/OFF", default):
        off |= set(every) - set(_references(_value(default, b"ON", objects)))
    names = {number: _text(objects.get(number, b"")) for number in {*every, *off}}
    shown = {name for number, name in names.items() if number not in off}
    return frozenset(names[number] for number in off) - shown - {""}


def _value(body: bytes, key: bytes, objects: dict[int, bytes]) -> bytes:
    """The dictionary or list under ``key``, there or in the object that it names."""
    match = re.search(rb"/" + key + rb"\s*(?:(\d+) \d+ R|(?=<<|\[))", body)
    if not match:
        return b""
    if match[1]:
        return objects.get(int(match[1]), b"")
    opening, closing = (b"<<", b">>") if body[match.end() : match.end() + 2] == b"<<" else (b"[", b"]")
    depth, at = 0, match.end()
    for mark in re.compile(re.escape(opening) + b"|" + re.escape(closing)).finditer(body, at):
        depth += 1 if mark[0] == opening else -1
        if not depth:
            return body[at : mark.end()]
    return body[at:]


def _references(body: bytes) -> list[int]:
    return [int(number) for number in re.findall(rb"(\d{1,9}) \d+ R", body)]


def _text(body: bytes) -> str:
    """The name in a layer's dictionary."""
    match = _NAME.search(body)
    if not match:
        return ""
    if match[2] is not None:
        digits = re.sub(rb"\s", b"", match[2])
        data = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    else:
        data = _ESCAPE.sub(lambda m: _unescaped(m[1]), match[1])
    return data[2:].decode("utf-16-be", "replace") if data[:2] == b"\xfe\xff" else data.decode("latin-1")


def _unescaped(code: bytes) -> bytes:
    return bytes([int(code, 8) & 255]) if code[:1].isdigit() else _ESCAPED.get(code, code)


def _returned(get: Any, mark: Any, room: Any, size: int) -> int:
    """Calls a function of PDFium that writes the length to a place of its own."""
    import ctypes

    length = ctypes.c_ulong()
    get(mark, room, size, ctypes.byref(length))
    return int(length.value)


def _string(raw: Any, mark: Any, room: Any, size: int) -> int:
    import ctypes

    length = ctypes.c_ulong()
    raw.FPDFPageObjMark_GetParamStringValue(mark, b"Name", room, size, ctypes.byref(length))
    return int(length.value)
