"""Reads a mail (.eml): its head, its text, and each attachment of a kind that can be read as a document of its own."""

from __future__ import annotations

import re
import tempfile
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers import PICTURES, READERS
from qeu_rag.ingest.readers.mail.arranged import arranged
from qeu_rag.ingest.readers.mail.head import file_name, header
from qeu_rag.ingest.readers.mail.parts import attachment_name, parts_of
from qeu_rag.ingest.readers.nested_file import read_by
from qeu_rag.ingest.readers.options import Way
from qeu_rag.ingest.readers.page import FileReader, page
from qeu_rag.ingest.readers.typeset.raised import left_out
from qeu_rag.ingest.remark import Remark

_HEAD = ("From", "To", "Cc", "Date")
_REPLY = re.compile(r"\W*(?:re|fwd?|aw|wg|sv|tr|返信|転送)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:：]", re.I)
_MAX_DEPTH = 3
_MAX_ATTACHMENTS = 200


class MailReader(FileReader):
    """A mail with its attachments, mails within it included; the pages of an attachment name it in their metadata."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """The mail's own page first. Raises ReadError: "damaged" (no mail), "encrypted" (S/MIME, PGP)."""
        message = BytesParser(policy=policy.default).parsebytes(Path(file).read_bytes())
        if not isinstance(message, EmailMessage) or not any(message[name] for name in (*_HEAD, "Subject", "Received")):
            raise ReadError("damaged", " (\u2260 EML)")
        return _read(message, 0, self._way)


def _read(message: EmailMessage, depth: int, way: Way) -> list[LlamaDocument]:
    subject = header(message, "Subject")
    reply = bool(message["In-Reply-To"] or message["References"] or _REPLY.match(subject))
    parts = parts_of(message, reply=reply)
    notes = [*parts.notes, *left_out(parts.left_out)]
    attached: list[LlamaDocument] = []
    taken: set[str] = set()
    for count, part in enumerate(parts.attached):
        if count >= _MAX_ATTACHMENTS or depth >= _MAX_DEPTH:
            notes.append(Remark(key="more_attachments", values={"limit": _MAX_ATTACHMENTS}))
            break
        name = _unused(_name(part), taken)
        try:
            pages = _attachment(part, name, depth, way)
        except ReadError as e:
            notes.append(_problem(part, name, e))
            continue
        for leaf in pages:
            inner = leaf.metadata.get("attachment")
            leaf.metadata["attachment"] = f"{name}#{inner}" if inner else name
        attached += pages
    head = [f"{name}: {value}" for name in _HEAD if (value := header(message, name))]
    body = arranged(parts.found, subject)
    text = "\n\n".join(part for part in (f"# {subject}" if subject else "", "\n".join(head), body) if part)
    return [page(text, title=subject[:200], notes=notes), *attached]


def _problem(part: EmailMessage, name: str, error: ReadError) -> Remark:
    """Why an attachment was not read; Outlook's own wrapping has to be told with what to do about it."""
    if part.get_content_type() in ("application/ms-tnef", "application/vnd.ms-tnef") or name.lower() == "winmail.dat":
        return Remark(key="winmail", values={"name": name})
    return Remark(key="attachment", values={"name": name, "error": error})


def _name(part: EmailMessage) -> str:
    """The attachment's file name without folders."""
    inner = part.get_payload(0) if part.get_content_type() == "message/rfc822" and part.is_multipart() else None
    if isinstance(inner, EmailMessage) and not file_name(part):
        return PurePosixPath((header(inner, "Subject") or "mail").replace("/", " ") + ".eml").name
    return attachment_name(part)


def _unused(name: str, taken: set[str]) -> str:
    """``name``, with a number before its suffix if an attachment of that name came before."""
    path, number = PurePosixPath(name), 1
    while name in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    taken.add(name)
    return name


def _attachment(part: EmailMessage, name: str, depth: int, way: Way) -> list[LlamaDocument]:
    """The attachment's pages; none for a kind that is not read. Raises ReadError."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0) if part.is_multipart() else None
        return _read(inner, depth + 1, way) if isinstance(inner, EmailMessage) else []
    if part.get_content_type() in ("application/pkcs7-mime", "multipart/encrypted"):
        raise ReadError("encrypted")
    suffix = PurePosixPath(name).suffix.lower()
    payload = part.get_payload(decode=True)
    if suffix not in READERS and suffix not in PICTURES:
        raise ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if not isinstance(payload, bytes) or not payload:
        raise ReadError("empty")
    if suffix == ".eml":
        inner = BytesParser(policy=policy.default).parsebytes(payload)
        return _read(inner, depth + 1, way) if isinstance(inner, EmailMessage) else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"attachment{suffix}")
        path.write_bytes(payload)
        return read_by(path, suffix, way)
