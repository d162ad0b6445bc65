"""Reads messages that Outlook saved (.msg) as the mails that they are, with their attachments."""

from __future__ import annotations

import re
import struct
import tempfile
from collections import Counter
from email import message_from_bytes
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from pathlib import Path

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.mail.outlook_store import Store
from qeu_rag.ingest.readers.mail.reader import MailReader
from qeu_rag.ingest.readers.page import FileReader, one_line
from qeu_rag.ingest.readers.rtf.packed import unpacked, wrapped_html
from qeu_rag.ingest.readers.rtf.reader import read_rtf
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.text.encoding import decode

_MAX_DEPTH = 4
_EMBEDDED = 5
_SENT_DATE = re.compile(r"^Date:[ \t]*(.+?)\r?$", re.M | re.I)
_START, _END, _PLACE = 0x820D, 0x820E, 0x8208
_CARD = (
    (0x3001, "Name"),
    (0x3A16, "Company"),
    (0x3A18, "Department"),
    (0x3A17, "Title"),
    (0x3A08, "Phone"),
    (0x3A1C, "Mobile"),
)
_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w.:-]+)", re.I)


class MsgReader(FileReader):
    """A message with its attachments: rewritten as an Internet mail, and read as one."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """The message's own page first. Raises ReadError: "damaged", "encrypted"."""
        import olefile

        counts: Counter[str] = Counter()
        try:
            with olefile.OleFileIO(str(file)) as ole:
                if not ole.exists("__properties_version1.0"):
                    raise ReadError("damaged", " (\u2260 MSG)")
                mail = _mail(Store(ole), 0, counts)
        except FileNotFoundError:
            raise
        except (OSError, ValueError, IndexError, TypeError, AttributeError, struct.error, RecursionError) as e:
            raise ReadError("damaged", " (MSG)") from e
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            path = Path(folder, "message.eml")
            path.write_bytes(mail)
            pages = MailReader(self._way).load_data(path)
        pages[0].metadata["notes"] = [*pages[0].metadata["notes"], *left_out(counts)]
        return pages


def _mail(store: Store, depth: int, counts: Counter[str]) -> bytes:
    """The message as the bytes of an Internet mail."""
    kind = store.text(0x001A).lower()
    head = _head(store)
    attached = list(store.attachments())
    if "smime" in kind:
        if "multipartsigned" not in kind or not attached:
            raise ReadError("encrypted")
        return head.as_bytes().partition(b"\n\n")[0] + b"\n" + attached[0].data(0x3701).lstrip()
    whole = MIMEMultipart("mixed")
    for name, value in head.items():
        whole[name] = value
    bodies = MIMEMultipart("alternative")
    for subtype, text in _bodies(store, counts):
        bodies.attach(MIMEText(text.encode("utf-8", "replace").decode("utf-8"), subtype, "utf-8"))
    whole.attach(bodies)
    for attachment in attached:
        if (part := _attachment(attachment, depth, counts)) is not None:
            whole.attach(part)
    return whole.as_bytes()


def _head(store: Store) -> Message:
    head = Message()
    sent = _SENT_DATE.search(store.text(0x007D))
    time = store.time(0x0039, 0x0E06, 0x3007)
    sender = _person(store.text(0x0042, 0x0C1A), store.text(0x5D02, 0x5D01, 0x0065, 0x0C1F))
    fields = {
        "Subject": store.text(0x0037) or store.text(0x0E1D),
        "From": sender,
        "To": _recipients(store, 1) or store.text(0x0E04),
        "Cc": _recipients(store, 2) or store.text(0x0E03),
        "Date": sent[1] if sent else format_datetime(time) if time else "",
        "In-Reply-To": store.text(0x1042),
        "References": store.text(0x1039),
    }
    for name, value in fields.items():
        if text := one_line(value):
            head[name] = text if text.isascii() else Header(text, "utf-8", maxlinelen=900).encode()
    if not head.keys():
        head["Subject"] = "-"
    return head


def _person(name: str, address: str) -> str:
    """``name <address>``; Exchange's own addresses, which nobody writes, are left out."""
    name, address = one_line(re.sub(r"<[^<>]*@[^<>]*>", "", name)).strip("'\""), one_line(address)
    if "@" not in address or address.lower() == name.lower():
        return address if "@" in address else name
    return f"{name} <{address}>" if name else address


def _recipients(store: Store, kind: int) -> str:
    found = [r for r in store.recipients() if (r.number(0x0C15) & 15 or 1) == kind]
    return ", ".join(filter(None, (_person(r.text(0x3001, 0x5FF6), r.text(0x39FE, 0x3003)) for r in found)))


def _bodies(store: Store, counts: Counter[str]) -> list[tuple[str, str]]:
    """The kinds and texts of the message's body: as plain text, as a web page, and as an entry of the calendar."""
    plain, page = store.text(0x1000), store.text(0x1013)
    if not page and (data := store.data(0x1013)):
        declared = _CHARSET.search(data[:4096])
        page = _decoded(data, declared[1].decode("ascii", "replace") if declared else store.web_page)
    if not page and (packed := store.data(0x1009)):
        plain, page = _from_rtf(packed, plain, counts)
    kind = store.text(0x001A).lower()
    if kind.startswith("ipm.contact"):
        lines = [f"{name}: {value}" for key, name in _CARD if (value := one_line(store.text(key)))]
        plain = "\n".join([*lines, "", plain])
    made = [("plain", plain)] if plain.strip() else []
    made += [("html", page)] if page.strip() else []
    if kind.startswith(("ipm.appointment", "ipm.schedule.meeting")):
        made.append(("calendar", _calendar(store, cancelled="canceled" in kind)))
    return made or [("plain", "")]


def _from_rtf(packed: bytes, plain: str, counts: Counter[str]) -> tuple[str, str]:
    try:
        rtf = unpacked(packed)
        page = wrapped_html(rtf)
        if not page:
            read = read_rtf(rtf)
            page = f"<html><body>{read.html}</body></html>" if read.html else ""
            counts.update(read.left_out)
            # Plain text does not know what is struck out.
            plain = "" if read.html else plain
    except (ValueError, ReadError):
        return plain, ""
    return plain, page


def _decoded(data: bytes, declared: str) -> str:
    try:
        return decode(data, declared)[0]
    except ReadError:
        return data.decode("utf-8", "replace")


def _calendar(store: Store, *, cancelled: bool) -> str:
    start = store.time(store.named(_START), 0x0060)
    end = store.time(store.named(_END), 0x0061)
    place = one_line(store.text(store.named(_PLACE)))
    lines = [
        "BEGIN:VCALENDAR",
        *["METHOD:CANCEL"] * cancelled,
        "BEGIN:VEVENT",
        f"SUMMARY:{one_line(store.text(0x0037))}",
    ]
    lines += [f"{name}:{time:%Y%m%dT%H%M%SZ}" for name, time in (("DTSTART", start), ("DTEND", end)) if time]
    lines += [f"LOCATION:{place}"] if place else []
    return "\r\n".join([*lines, "END:VEVENT", "END:VCALENDAR", ""])


def _attachment(store: Store, depth: int, counts: Counter[str]) -> Message | None:
    """An attachment as a part of the mail; None for pictures shown in the text."""
    inner = store.message() if store.number(0x3705) == _EMBEDDED and depth < _MAX_DEPTH else None
    if inner is not None:
        return MIMEMessage(message_from_bytes(_mail(inner, depth + 1, counts)))
    name = one_line(store.text(0x3707, 0x3704, 0x3001)) or "attachment"
    mime = store.text(0x370E).lower()
    shown = bool(store.text(0x3712)) or bool(store.number(0x7FFE))
    if shown and (mime.startswith("image/") or re.search(r"\.(png|jpe?g|gif|bmp|emz|wmz)$", name, re.I)):
        return None
    part = MIMEBase("application", "octet-stream")
    part.set_payload(store.data(0x3701))
    encode_base64(part)
    part.add_header("Content-Disposition", "attachment", filename=("utf-8", "", name) if not name.isascii() else name)
    return part
