"""Check boxes and option buttons of sheets that are drawn in VML, as forms of all but the newest Excel files are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from qeu_rag.ingest.readers.office.ooxml import local
from qeu_rag.ingest.readers.page import one_line

_SIGNS = {"Checkbox": "☐☑", "Radio": "○◉"}
_MOST = 2_000


def boxes(root: Any, signs: dict[str, str]) -> Iterator[tuple[int, int, str]]:
    """Row, column and text (``☑ 承認``) of each box in a drawing's root (None: there is none).

    ``signs`` has the signs of those that the sheet knows by number and no other drawing showed; any other box tells its own.
    """
    known = dict(signs)
    for shape in list(root.iter("{urn:schemas-microsoft-com:vml}shape"))[:_MOST] if root is not None else ():
        data = next((part for part in shape.iter() if local(part) == "ClientData"), None)
        kind = data.get("ObjectType", "") if data is not None else ""
        if data is None or kind not in _SIGNS:
            continue
        told = {local(part): (part.text or "").strip() for part in data}
        place = [part.strip() for part in told.get("Anchor", "").split(",")]
        if len(place) < 3 or not (place[0].isdigit() and place[2].isdigit()):
            continue
        label = one_line("".join(t for part in shape.iter() if local(part) == "textbox" for t in part.itertext()))
        number = shape.get("id", "").rpartition("_s")[2]
        if signs and number not in known:
            continue
        sign = known.get(number) or _SIGNS[kind][told.get("Checked", "0") == "1"]
        yield int(place[2]) + 1, int(place[0]) + 1, f"{sign} {label}".strip()
