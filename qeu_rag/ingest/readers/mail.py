"""Reads a mail (.eml): its head, its text, and each attachment of a kind that can be read as a document of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path, PurePosixPath

from llama_index.core.readers.base import BaseReader
from llama_index.core.schema import Document as LlamaDocument

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers import READERS, reader_for
from qeu_rag.ingest.readers.encoding import decode
from qeu_rag.ingest.readers.markdown import escape
from qeu_rag.ingest.readers.page import one_line, page
from qeu_rag.ingest.readers.plain import encoding_notes
from qeu_rag.ingest.readers.web import html_to_markdown
from qeu_rag.ingest.remark import Remark

_HEAD = ("From", "To", "Cc", "Date")
_MAX_DEPTH = 3
_MAX_ATTACHMENTS = 200


class MailReader(BaseReader):
    """A mail with its attachments, mails within it included; the pages of an attachment name it in their metadata."""

    def load_data(self, file: Path, extra_info: dict[str, object] | None = None) -> list[LlamaDocument]:
        """The mail's own page first. Raises ReadError: "damaged" (no mail), "encrypted" (S/MIME, PGP)."""
        message = BytesParser(policy=policy.default).parsebytes(Path(file).read_bytes())
        if not isinstance(message, EmailMessage) or not any(message[name] for name in (*_HEAD, "Subject", "Received")):
            raise ReadError("damaged", " (\u2260 EML)")
        return _read(message, 0)


def _read(message: EmailMessage, depth: int) -> list[LlamaDocument]:
    if message.get_content_type() in {"application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"}:
        raise ReadError("encrypted")
    body, notes = _body(message)
    attached: list[LlamaDocument] = []
    taken: set[str] = set()
    for count, part in enumerate(_attachments(message)):
        if count >= _MAX_ATTACHMENTS or depth >= _MAX_DEPTH:
            notes.append(Remark(key="more_attachments", values={"limit": _MAX_ATTACHMENTS}))
            break
        name = _unused(_name(part), taken)
        try:
            pages = _attachment(part, name, depth)
        except ReadError as e:
            notes.append(Remark(key="attachment", values={"name": name, "error": e}))
            continue
        for leaf in pages:
            inner = leaf.metadata.get("attachment")
            leaf.metadata["attachment"] = f"{name}#{inner}" if inner else name
        attached += pages
    subject = one_line(str(message["Subject"] or ""))
    head = [f"{name}: {one_line(str(message[name]))}" for name in _HEAD if message[name]]
    text = "\n\n".join(part for part in (f"# {subject}" if subject else "", "\n".join(head), body) if part)
    return [page(text, title=subject[:200], notes=notes), *attached]


def _body(message: EmailMessage) -> tuple[str, list[Remark]]:
    """The text of the mail as Markdown, and notes on its encoding."""
    part = message.get_body(preferencelist=("plain", "html"))
    if not isinstance(part, EmailMessage):
        return "", []
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        other = message.get_body(preferencelist=("html",))
        payload = other.get_payload(decode=True) if isinstance(other, EmailMessage) and other is not part else None
        if not isinstance(payload, bytes) or not isinstance(other, EmailMessage):
            return "", []
        part = other
    try:
        text, encoding = decode(payload, str(part.get_content_charset() or ""))
    except ReadError:
        text, encoding = payload.decode("ascii", "replace"), "ascii"
    notes = list(encoding_notes(encoding))
    return (html_to_markdown(text)[1] if part.get_content_subtype() == "html" else escape(text).strip()), notes


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    """The parts with a file name, and mails within the mail; pictures shown in the text are none."""
    for part in message.iter_attachments() if message.is_multipart() else ():
        if not isinstance(part, EmailMessage):
            continue
        if part.is_multipart() and part.get_content_type() != "message/rfc822":
            yield from _attachments(part)
        elif part.get_filename() or part.get_content_type() == "message/rfc822":
            yield part


def _name(part: EmailMessage) -> str:
    """The attachment's file name without folders."""
    name = one_line(str(part.get_filename() or "")).replace("\\", "/")
    if not name and part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0)
        name = one_line(str(inner["Subject"] or "mail")) + ".eml" if isinstance(inner, EmailMessage) else "mail.eml"
    return PurePosixPath(name).name or "attachment"


def _unused(name: str, taken: set[str]) -> str:
    """``name``, with a number before its suffix if an attachment of that name came before."""
    path, number = PurePosixPath(name), 1
    while name in taken:
        number += 1
        name = f"{path.stem} ({number}){path.suffix}"
    taken.add(name)
    return name


def _attachment(part: EmailMessage, name: str, depth: int) -> list[LlamaDocument]:
    """The attachment's pages; none for a kind that is not read. Raises ReadError."""
    if part.get_content_type() == "message/rfc822":
        inner = part.get_payload(0)
        return _read(inner, depth + 1) if isinstance(inner, EmailMessage) else []
    suffix = PurePosixPath(name).suffix.lower()
    payload = part.get_payload(decode=True)
    if suffix not in READERS:
        raise ReadError("unknown_type", f" ({suffix})" if suffix else "")
    if not isinstance(payload, bytes) or not payload:
        raise ReadError("empty")
    if suffix == ".eml":
        inner = BytesParser(policy=policy.default).parsebytes(payload)
        return _read(inner, depth + 1) if isinstance(inner, EmailMessage) else []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"attachment{suffix}")
        path.write_bytes(payload)
        try:
            return reader_for(suffix).load_data(path)
        except (ReadError, ImportError, MemoryError):
            raise
        except Exception as e:
            raise ReadError("damaged", f" ({type(e).__name__})") from e
