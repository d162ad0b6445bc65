"""Progress bars on stderr, in steps or in bytes; silent unless stderr is a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from qeu_rag.cli.present import may_decorate, one_line
from qeu_rag.language import say

if TYPE_CHECKING:
    from qeu_rag.evaluate.trial import Step
    from qeu_rag.ingest.report import Progress


class Bars:
    """Progress bars on stderr, one after another, with counts and time left; silent unless it is a terminal."""

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._drawn = may_decorate(sys.stderr)
        self._stage = ""
        self._bar: Any = None

    def __enter__(self) -> Bars:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Leave the present bar as it is and begin a new line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
        self._stage = ""

    def above(self, line: str) -> None:
        """One line on stderr, above the bar."""
        if self._bar is None:
            click.echo(line, err=True)
        else:
            self._bar.write(line, file=sys.stderr)

    def __call__(self, progress: Progress | Step) -> None:
        """Draw how far the run is."""
        self.draw(progress.stage, progress.done, progress.total, _tail(one_line(progress.file)))

    def draw(self, stage: str, done: int, total: int, note: str = "", *, before: int = 0) -> None:
        """Draw ``done`` of ``total`` on the bar of ``stage``, with ``note`` behind it; ``before`` this run so many were done."""
        if not self._drawn:
            return
        if stage != self._stage or self._bar is None:
            self.close()
            from tqdm import tqdm

            self._stage = stage
            # ASCII: block characters have two widths in Japanese terminals.
            self._bar = tqdm(
                desc=say(f"progress.{stage}", self._lang),
                initial=before,
                file=sys.stderr,
                dynamic_ncols=True,
                ascii=True,
            )
        self._bar.total = total
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.update(done - self._bar.n)


class ByteBar:
    """A progress bar in bytes on stderr for each stage of a file; silent unless stderr is a terminal.

    A stage's bar ends with its last byte, so that what is printed next begins on a line of its own.
    """

    def __init__(self, lang: str) -> None:
        self._lang = lang
        self._drawn = may_decorate(sys.stderr)
        self._key: tuple[str, int] | None = None
        self._done = 0
        self._bar: Any = None

    def __enter__(self) -> ByteBar:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Draw how far ``stage`` is: ``done`` of ``total`` bytes (0 of 0: nobody knows)."""
        if not self._drawn:
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


def _tail(name: str, width: int = 30) -> str:
    return name if len(name) <= width else "…" + name[-width + 1 :]
