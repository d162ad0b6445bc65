"""What people see of models: the facts of one file, a list, progress in bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields
from types import TracebackType
from typing import TYPE_CHECKING, Any

from qeu_rag.cli.present import fancy, one_line
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.models.model_file import ModelFile
    from qeu_rag.models.store import StoredModel

_SHOWN = (
    "path", "kind", "format", "state", "architecture", "parameters", "quantisation", "context_tokens", "vocabulary",
    "tokenizer", "chat_template", "layers", "size_bytes", "memory_bytes", "missing_bytes",
)  # fmt: skip


def rounded(count: int) -> str:
    """A size for people: GB of a thousand million bytes, MB, or bytes."""
    if count >= 1_000_000_000:
        return f"{count / 1e9:.2f} GB"
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count:,} B"


def model_payload(file: ModelFile, verdict: str, *, runs: bool) -> dict[str, Any]:
    """What ``models inspect --json`` prints: every fact, whether it runs here, and the verdict in words."""
    facts = {field.name: getattr(file, field.name) for field in fields(file)}
    facts["path"] = str(file.path)
    facts["first_bytes"] = file.first_bytes.hex()
    return {"schema_version": 1, **facts, "runs": runs, "verdict": verdict}


def model_lines(file: ModelFile, lang: str) -> Iterator[str]:
    """The facts that the file tells, one a line; its first bytes too where they are all that is known."""
    for name in _SHOWN:
        value = getattr(file, name)
        if value or name == "size_bytes" or (name == "chat_template" and file.engine == "llama.cpp"):
            yield f"{say(f'model.{name}', lang)}: {one_line(_shown(file, name, value, lang))}"
    if file.kind == "unknown" and file.first_bytes:
        printable = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in file.first_bytes)
        yield f"{say('model.first_bytes', lang)}: {file.first_bytes.hex(' ')}  {printable}"


def stored_lines(models: list[StoredModel], folder: object, lang: str) -> Iterator[str]:
    """What there is, and what could be fetched, in sections."""
    for place in ("folder", "cache", "catalogue"):
        inside = [model for model in models if model.place == place]
        if inside or place == "folder":
            yield say(f"models.{place}", lang, path=folder)
            yield from (f"  {_line(model, lang)}" for model in inside)
            if not inside:
                yield f"  {say('models.none', lang)}"


def stored_payload(model: StoredModel, lang: str) -> dict[str, Any]:
    """One model of ``models list --json``."""
    entry = model.entry
    return {
        "name": model.name,
        "path": str(model.path),
        "place": model.place,
        "state": model.state,
        "source": model.source,
        "size_bytes": model.size_bytes,
        "memory_bytes": model.memory_bytes,
        "fits": model.fits,
        "title": entry.title if entry else "",
        "role": entry.role if entry else "",
        "licence": entry.licence if entry else "",
        "languages": list(entry.languages) if entry else [],
        "recommended": entry.recommended if entry else False,
        "confirmed": entry.confirmed if entry else False,
        "engine": model.file.engine if model.file else "",
        "problem": model.problem.render(lang) if model.problem else "",
    }


def _line(model: StoredModel, lang: str) -> str:
    made = model.place == "cache"
    facts = [say("models.made_part" if made and model.state == "part" else f"model.state.{model.state}", lang)]
    facts.append(rounded(model.size_bytes))
    if model.memory_bytes:
        facts.append(say("models.memory", lang, need=rounded(model.memory_bytes)))
        facts.append(say("models.fits.yes" if model.fits else "models.fits.no", lang))
    entry = model.entry
    if entry is not None:
        facts += [f"{entry.licence}", "/".join(entry.languages)]
        facts += [say("models.embeds", lang)] if entry.role == "embeds" else []
        facts += [say("models.recommended", lang)] if entry.recommended else []
        facts += [] if entry.confirmed else [say("models.unconfirmed", lang)]
    if model.problem is not None and model.state == "whole":
        facts.append(say("models.unusable", lang))
    title = f"  {entry.title}" if entry else ""
    title = "  " + say("models.made_from", lang, file=model.source) if model.source else title
    return one_line(f"{model.name}{title}  ({', '.join(facts)})")


def _shown(file: ModelFile, name: str, value: Any, lang: str) -> str:
    if name in ("kind", "state"):
        return say(f"model.{name}.{value}", lang)
    if name in ("size_bytes", "memory_bytes"):
        if name == "memory_bytes" or value < 100_000:
            return rounded(value)
        return say("model.bytes", lang, rounded=rounded(value), count=f"{value:,}")
    if name == "missing_bytes":
        return say("model.at_least", lang, count=f"{value:,}") if file.missing_at_least else f"{value:,}"
    if name == "chat_template":
        return say("model.in_file", lang, length=len(value)) if value else say("model.no_template", lang)
    if name == "parameters" and value >= 1_000_000:
        return f"{value:,} ({value / 1e9:.2f}B)"
    return f"{value:,}" if isinstance(value, int) else str(value)


class ByteBar:
    """A progress bar in bytes on stderr for each stage of a file; silent unless stderr is a terminal.

    A stage's bar ends with its last byte, so that what is printed next begins on a line of its own.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._shown = fancy(sys.stderr)
        self._key: tuple[str, int] | None = None
        self._done = 0
        self._bar: Any = None

    def __enter__(self) -> ByteBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw how far ``stage`` is: ``done`` of ``total`` bytes (0 of 0: nobody knows)."""
        if not self._shown:
            return
        if self._key != (stage, total) or done < self._done:
            self._close()
            self._bar = self._begun(stage, done, total)
            self._key = (stage, total)
        self._done = done
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
            if total and done >= total:
                self._close()

    def _begun(self, stage: str, done: int, total: int) -> Any:
        from tqdm import tqdm

        return tqdm(
            desc=say(f"progress.{stage}", self._lang),
            total=total or None,
            initial=done if stage == "fetch" else 0,  # what was there before says nothing of the speed
            unit="B",
            unit_scale=True,
            file=sys.stderr,
            dynamic_ncols=True,
            ascii=True,  # block characters have two widths in Japanese terminals
        )

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
