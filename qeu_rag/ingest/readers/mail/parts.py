"""Finds in the parts of a mail, in whatever order and nesting, the text that it says and the files that are attached."""

from __future__ import annotations

import mimetypes
import re
from collections import Counter
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import PurePosixPath

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers import READERS
from qeu_rag.ingest.readers.mail.arranged import own_markdown, without_flow
from qeu_rag.ingest.readers.mail.calendar import calendar_text
from qeu_rag.ingest.readers.mail.head import file_name
from qeu_rag.ingest.readers.mail.html import html_passages
from qeu_rag.ingest.readers.mail.quoted import Passage, passages
from qeu_rag.ingest.readers.markup.marked_up import said
from qeu_rag.ingest.readers.markup.plain import encoding_notes, typed
from qeu_rag.ingest.readers.rtf.reader import read_rtf
from qeu_rag.ingest.readers.rtf.text import RtfText
from qeu_rag.ingest.remark import Remark
from qeu_rag.text.encoding import decode

_DEEPEST = 30
_SILENT = frozenset("pgp-signature pkcs7-signature x-pkcs7-signature pgp-keys x-amp-html rfc822-headers".split())
_ENCRYPTED = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime", "multipart/encrypted"))
_STUB = re.compile(
    r"html\s*(?:形式|メール|対応|を?表示|-?enabled|e-?mail|version|format)"
    r"|(?:support|display|view|read|render)\w*.{0,40}\bhtml"
    r"|view (?:this|it).{0,30}(?:browser|online)"
    r"|ブラウザ.{0,10}(?:表示|ご覧|開)",
    re.I | re.S,
)
_CLEARSIGNED = re.compile(
    r"-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Za-z-]+:.*\n)*\n(.*?)\n"
    r"-----BEGIN PGP SIGNATURE-----.*?(?:-----END PGP SIGNATURE-----|\Z)",
    re.S,
)
_UUENCODED = re.compile(
    r"^begin [0-7]{3,4} (\S[^\n]{0,200})\n(?:[\x20-\x60]{1,61}[ ]?\n)*?(?:[` ]?\n)?end[ \t]*$", re.M
)
_MORE = 1.3
"""How many times longer the other form of a text has to be, where neither holds the other."""


@dataclass(slots=True, kw_only=True)
class Parts:
    """What was found: passages of text in order, attachments, and what a user should know."""

    found: list[Passage] = field(default_factory=list)
    attached: list[EmailMessage] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    notes: list[Remark] = field(default_factory=list)
    rich: bool = False

    def add(self, other: Parts, *, text: bool = True) -> None:
        """Takes over what ``other`` found; without its text, if so said."""
        self.attached += other.attached
        if text:
            self.found += other.found
            self.left_out.update(other.left_out)
            self.notes += [note for note in other.notes if note not in self.notes]
            self.rich |= other.rich

    def words(self) -> str:
        """All of the text, with who is quoted."""
        return "\n".join(f"{passage.who}\n{passage.text}" for passage in self.found)


def parts_of(message: EmailMessage, *, reply: bool) -> Parts:
    """The text and the attachments of ``message``; ``reply``: whether it answers another mail. Raises ReadError("encrypted")."""
    if message.get_content_type() in _ENCRYPTED:
        raise ReadError("encrypted")
    return _parts(message, reply, 0, first=True)


def _parts(part: EmailMessage, reply: bool, depth: int, *, first: bool) -> Parts:
    kind, found = part.get_content_type(), Parts()
    if kind == "message/rfc822" or (kind in _ENCRYPTED and depth):
        found.attached.append(part)
        return found
    if part.is_multipart() and depth <= _DEEPEST:
        children = [child for child in part.iter_parts() if isinstance(child, EmailMessage)]
        if kind == "multipart/alternative":
            return _richest([_parts(child, reply, depth + 1, first=first) for child in children])
        for child in _without_pictures(part, children) if kind == "multipart/related" else children:
            found.add(_parts(child, reply, depth + 1, first=first and not found.found))
        return found
    name, main = file_name(part), part.get_content_maintype()
    held = part.get_content_disposition() == "attachment"
    if part.get_content_subtype() in _SILENT:
        return found
    if kind == "text/calendar":
        if told := calendar_text(_decoded(part, found).replace("\r\n", "\n")):
            found.found.append(Passage(text=told))
        return found
    if main == "text" and not held and (not name or (first and part.get_content_disposition() != "inline")):
        return _text(part, reply)
    if kind == "message/delivery-status":
        return found
    if (name or main not in ("image", "audio", "video", "text")) and not part.is_multipart():
        found.attached.append(part)
    return found


def _without_pictures(part: EmailMessage, children: list[EmailMessage]) -> list[EmailMessage]:
    """The root of related parts first, and without the pictures that it shows."""
    start = str(part.get_param("start") or "").strip()
    root = next((child for child in children if start and str(child["Content-ID"] or "").strip() == start), None)
    if root is None:
        root = next((child for child in children if child.get_content_maintype() in ("text", "multipart")), None)
    rest = [child for child in children if child is not root and child.get_content_maintype() != "image"]
    return rest if root is None else [root, *rest]


def _text(part: EmailMessage, reply: bool) -> Parts:
    """A part that is text, as passages."""
    found = Parts()
    text = _decoded(part, found).replace("\r\n", "\n").replace("\r", "\n")
    kind = part.get_content_subtype()
    if rtf := _rtf(part):
        found.left_out, found.rich = rtf.left_out, True
        kind, text = "html", rtf.html
    if kind == "html":
        found.found, gone = html_passages(text, reply=reply)
        found.left_out += gone
        found.rich |= bool(re.search(r"<(?:table|su[pb]|del|s|strike|ol|math|abbr)\b|line-through", text, re.I))
        return found
    if kind in ("markdown", "x-markdown"):
        read = said(text)
        found.found, found.left_out = passages(read.text, reply=reply), read.left_out
        return found
    if kind in ("enriched", "richtext"):
        text = re.sub(r"<<", "<", re.sub(r"<param>.*?</param>|</?[A-Za-z-]+>", "", text, flags=re.S | re.I))
    if text.lstrip().startswith("-----BEGIN PGP MESSAGE-----"):
        raise ReadError("encrypted")
    text = _CLEARSIGNED.sub(lambda match: re.sub(r"^- ", "", match[1], flags=re.M), text)
    for match in _UUENCODED.finditer(text):
        error = ReadError("unknown_type", f" ({PurePosixPath(match[1]).suffix or 'uuencode'})")
        found.notes.append(Remark(key="attachment", values={"name": match[1], "error": error}))
    text = _UUENCODED.sub("", text)
    if str(part.get_param("format") or "").lower() == "flowed":
        text = without_flow(text, delete_space=str(part.get_param("delsp") or "").lower() == "yes")
    found.found = own_markdown(passages(typed(text, found.left_out), reply=reply))
    return found


def _rtf(part: EmailMessage) -> RtfText | None:
    """What a part says that is RTF, by whatever name; None for any other, and for a damaged one."""
    payload = part.get_payload(decode=True)
    try:
        return read_rtf(payload) if isinstance(payload, bytes) and payload.lstrip().startswith(b"{\\rtf") else None
    except ReadError:
        return None


def _decoded(part: EmailMessage, found: Parts) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload.strip():
        return ""
    try:
        text, encoding = decode(payload, str(part.get_content_charset() or ""))
    except ReadError:
        text, encoding = payload.decode("ascii", "replace"), "ascii"
    found.notes += encoding_notes(encoding)
    return text


def _richest(forms: list[Parts]) -> Parts:
    """Of the forms of one text the one that says most, with the attachments of all; the order is of no account."""
    entries = [form for form in forms if form.found]
    best = entries[0] if entries else Parts()
    for form in entries[1:]:
        best = form if _says_more(form, best) else best
    result = Parts()
    for form in forms:
        result.add(form, text=form is best)
    return result


def _says_more(one: Parts, other: Parts) -> bool:
    """Whether ``one`` says more than ``other``: it holds what that says, or the other only says that there is one."""
    mine, theirs = _pairs(one.words()), _pairs(other.words())
    held = len(mine & theirs)
    if one.left_out["struck"] or other.left_out["struck"]:
        # Plain text cannot strike out: what the other form leaves out stands in it as if it held.
        return bool(one.left_out["struck"]) and held >= 0.6 * len(mine)
    if held >= 0.9 * len(mine) and held >= 0.9 * len(theirs):
        return one.rich and not other.rich
    if held >= 0.8 * len(theirs):
        return len(mine) > len(theirs)
    if held >= 0.8 * len(mine):
        return False
    if bool(_STUB.search(other.words())) is not bool(_STUB.search(one.words())):
        return bool(_STUB.search(other.words()))
    return len(mine) > _MORE * len(theirs)


def _pairs(text: str) -> set[str]:
    bare = "".join(filter(str.isalnum, text))
    return {bare[at : at + 2] for at in range(max(1, len(bare) - 1))}


def attachment_name(part: EmailMessage) -> str:
    """The attachment's name; one without is named by its kind."""
    if name := file_name(part):
        return PurePosixPath(name).name or "attachment"
    suffix = {"application/ms-tnef": ".dat", "text/markdown": ".md"}.get(part.get_content_type())
    suffix = suffix or mimetypes.guess_extension(part.get_content_type()) or ""
    return f"attachment{suffix}" if suffix in READERS or suffix else "attachment"
