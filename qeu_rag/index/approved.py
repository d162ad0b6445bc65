"""Approved answers in the ledger, each pinned to the passages it stands on, and whether those stand as they did."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qeu_rag.index.ledger import Ledger
from qeu_rag.types import Chunk

_COLUMNS = "marker, quote, hash, document_id, source, title, headings, page, header, text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A cited passage as it was at approval; ``hash`` is its ``Chunk.passage_hash``, ``quote`` stands in ``text``."""

    marker: int
    quote: str
    hash: str
    document_id: str
    source: str
    title: str
    headings: tuple[str, ...]
    page: int | None
    header: str
    text: str

    @classmethod
    def of(cls, chunk: Chunk, *, marker: int, quote: str) -> Pin:
        """The pin of ``chunk`` as it stands now."""
        return cls(
            marker=marker,
            quote=quote,
            hash=chunk.passage_hash,
            document_id=chunk.document_id,
            source=chunk.source,
            title=chunk.title,
            headings=chunk.headings,
            page=chunk.page,
            header=chunk.header,
            text=chunk.text,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedAnswer:
    """An answer that ``by`` approved for ``question`` at ``at`` (ISO 8601, UTC); one question (``id``) has at most one."""

    id: str
    question: str
    answer: str
    by: str
    at: str
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An approved answer and, for each of its pins in their order, the chunk that holds its passage now, or None."""

    approved: ApprovedAnswer
    chunks: tuple[Chunk | None, ...]

    @property
    def stale(self) -> bool:
        """Whether a passage changed or is gone, so that the answer must not be given."""
        return not self.chunks or None in self.chunks


def put_approved(ledger: Ledger, answers: Iterable[ApprovedAnswer]) -> None:
    """Keeps ``answers``, all or none; one for the same question is replaced. The ledger must be open for writing."""
    with ledger.transaction():
        for answer in answers:
            _drop(ledger, answer.id)
            _insert(ledger, answer)
        _changed(ledger)


def _insert(ledger: Ledger, answer: ApprovedAnswer) -> None:
    values = (answer.id, answer.question, answer.answer, answer.by, answer.at)
    ledger.run("INSERT INTO approved VALUES (?,?,?,?,?)", values)
    for ordinal, pin in enumerate(answer.pins):
        headings = json.dumps(pin.headings, ensure_ascii=False)
        place = (pin.document_id, pin.source, pin.title, headings, pin.page, pin.header, pin.text)
        ledger.run(
            "INSERT INTO pins VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
            (answer.id, ordinal, pin.marker, pin.quote, pin.hash, *place),
        )


def approvals_mark(ledger: Ledger) -> str:
    """What tells one state of the approved answers of a ledger from the next; "" before the first."""
    return ledger.meta("approved") or ""


def mirror_approved(ledger: Ledger, answers: Iterable[ApprovedAnswer], mark: str) -> None:
    """Makes the approved answers exactly those of another ledger of the same collection, whose mark is ``mark``.

    The ledger must be open for writing.
    """
    with ledger.transaction():
        ledger.run("DELETE FROM pins")
        ledger.run("DELETE FROM approved")
        for answer in answers:
            _insert(ledger, answer)
        ledger.set_meta("approved", mark)


def remove_approved(ledger: Ledger, ids: Sequence[str]) -> int:
    """Takes the approval of these back and says how many there were. The ledger must be open for writing."""
    with ledger.transaction():
        _changed(ledger)
        return sum(_drop(ledger, one) for one in ids)


def _changed(ledger: Ledger) -> None:
    """Notes that the approved answers are no longer those that a reader may have in memory."""
    ledger.set_meta("approved", str(int(approvals_mark(ledger) or 0) + 1))


def _drop(ledger: Ledger, one: str) -> int:
    ledger.run("DELETE FROM pins WHERE approved_id=?", (one,))
    return ledger.run("DELETE FROM approved WHERE id=?", (one,))


def approved_answers(ledger: Ledger) -> tuple[ApprovedAnswer, ...]:
    """All approved answers, stale or not, in the order of approval; none in a ledger older than they are."""
    if not ledger.rows("SELECT 1 FROM sqlite_master WHERE name='approved'"):
        return ()
    pins: dict[str, list[Pin]] = {}
    for key, *row in ledger.rows(f"SELECT approved_id, {_COLUMNS} FROM pins ORDER BY approved_id, ordinal"):
        pins.setdefault(str(key), []).append(_pin(row))
    return tuple(
        ApprovedAnswer(id=key, question=question, answer=answer, by=by, at=at, pins=tuple(pins.get(key, ())))
        for key, question, answer, by, at in (
            map(str, row)
            for row in ledger.rows("SELECT id, question, answer, by, at FROM approved ORDER BY at, question, id")
        )
    )


def _pin(row: Sequence[object]) -> Pin:
    marker, quote, digest, document_id, source, title, headings, page, header, text = row
    return Pin(
        marker=int(str(marker)),
        quote=str(quote),
        hash=str(digest),
        document_id=str(document_id),
        source=str(source),
        title=str(title),
        headings=tuple(json.loads(str(headings))),
        page=None if page is None else int(str(page)),
        header=str(header),
        text=str(text),
    )


@dataclass(slots=True)
class Passages:
    """The live documents of a ledger, as far as pins ask for them; for one snapshot."""

    ledger: Ledger
    _names: dict[str, set[str]] = field(default_factory=dict)
    _chunks: dict[str, list[Chunk]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _titles: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.ledger.source_rows():
            if row.chunks:
                self._titles.setdefault(row.source, row.title)
            self._names.setdefault(row.source, set()).add(row.document_id)
            self._names.setdefault("id:" + row.document_id, set()).add(row.document_id)

        # An answer may have been approved when its document's name was still the only one.
        for (name, _), shown in self.ledger.told_apart().items():
            self._names.setdefault(name, set()).update(self._names.get(shown, ()))

    def titles(self) -> dict[str, str]:
        """The title of each document that has passages, by its names, in the order of names."""
        return dict(self._titles)

    def of_source(self, source: str) -> list[Chunk]:
        """The chunks of the document that ``source`` shows now, in order."""
        return [chunk for document_id in sorted(self._names.get(source, ())) for chunk in self._of(document_id)]

    def standing(self, answer: ApprovedAnswer) -> Standing:
        """Where the passages of ``answer`` stand now."""
        return Standing(approved=answer, chunks=tuple(self.place(pin) for pin in answer.pins))

    def place(self, pin: Pin) -> Chunk | None:
        """The live chunk that holds the quote of ``pin``, if the passage stands as it did.

        It stands when a chunk of the same document (by name, or by content under a new name) has its hash; or, as a change
        nearby may move the limits of chunks, when the document holds it word for word under the same headings.
        """
        found = self.find(pin.hash, source=pin.source, document_id=pin.document_id)
        if found is not None:
            return found
        for document_id in self._shown(pin.source, pin.document_id):
            chunks = self._of(document_id)
            text = self._texts[document_id]
            if pin.text in text and pin.header in text:
                for chunk in chunks:
                    if chunk.headings == pin.headings and pin.quote in chunk.text:
                        return chunk
        return None

    def find(self, passage_hash: str, *, source: str, document_id: str) -> Chunk | None:
        """The chunk with this hash in the document that ``source`` shows now, or that was ``document_id``."""
        for shown in self._shown(source, document_id):
            for chunk in self._of(shown):
                if chunk.passage_hash == passage_hash:
                    return chunk
        return None

    def _shown(self, source: str, document_id: str) -> list[str]:
        return sorted(self._names.get(source, set()) | self._names.get("id:" + document_id, set()))

    def nearest(self, pin: Pin) -> Chunk | None:
        """What stands now where the passage of ``pin`` stood: the most similar chunk of its document, or None."""
        from difflib import SequenceMatcher

        chunks = self.of_source(pin.source)
        if not chunks:
            return None
        matcher = SequenceMatcher(b=pin.text, autojunk=False)

        def likeness(chunk: Chunk) -> tuple[float, bool]:
            matcher.set_seq1(chunk.text)
            return matcher.ratio(), chunk.headings == pin.headings

        return max(chunks, key=likeness)

    def _of(self, document_id: str) -> list[Chunk]:
        if document_id not in self._chunks:
            rows = self.ledger.rows("SELECT id FROM chunks WHERE document_id=? ORDER BY ordinal", (document_id,))
            ids = [str(row[0]) for row in rows]
            found: dict[str, Chunk] = {}
            for start in range(0, len(ids), 500):
                found |= self.ledger.chunks(ids[start : start + 500])
            self._chunks[document_id] = [found[one] for one in ids]
            document = self.ledger.document(document_id)
            self._texts[document_id] = document.text if document else ""
        return self._chunks[document_id]
