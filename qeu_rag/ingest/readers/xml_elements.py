"""The elements of the XML in files of office programs: names without namespaces, switches, numbers, stand-ins, and their root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
W14 = "{http://schemas.microsoft.com/office/word/2010/wordml}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
ALTERNATE = "{http://schemas.openxmlformats.org/markup-compatibility/2006}AlternateContent"
_LONGEST = 9
_T = TypeVar("_T")


def xml_root(data: bytes) -> Any | None:
    """The root of XML whose entities are left alone; None where it is none."""
    from lxml import etree

    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except (etree.XMLSyntaxError, ValueError):
        return None


def children(element: Any) -> Iterator[Any]:
    """The elements in ``element``, without comments and processing instructions; none of None."""
    return (child for child in (() if element is None else element) if isinstance(child.tag, str))


def local(element: Any) -> str:
    """An element's name without its namespace; empty for what is none."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def on(value: str | None) -> bool:
    """Whether a switch of Office's XML is on; one without a value is."""
    return value is None or value.lower() not in {"0", "false", "off", "none"}


def is_on(element: Any) -> bool:
    """Whether a switch of Word such as ``w:vanish`` is there, and on."""
    return element is not None and on(element.get(W + "val"))


def whole(text: str | None, otherwise: int = 0) -> int:
    """A whole number without a sign, of at most nine digits; ``otherwise`` where ``text`` is none."""
    return int(text) if text and text.isdecimal() and len(text) <= _LONGEST else otherwise


def signed(text: str | None, otherwise: int = 0) -> int:
    """A whole number that may have a sign."""
    size = whole(text.lstrip("+-"), -1) if text else -1
    return otherwise if size < 0 else -size if text and text.startswith("-") else size


def first_shown(alternatives: Any, read: Callable[[Any], Iterable[_T]]) -> list[_T]:
    """Of a thing and its stand-ins for older programs what the first says that says anything by ``read``."""
    return next((found for each in children(alternatives) if (found := list(read(each)))), [])
