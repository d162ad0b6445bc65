"""Whether the line came with which a server ends its stream, as the libraries swallow it."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST = 32
"""Bytes of an unfinished line that are kept: the line looked for is shorter."""


class StreamEnd:
    """Looks for ``data: [DONE]``, the end of a stream of OpenAI's kind (https://platform.openai.com/docs/api-reference/chat).

    Some servers give no reason for a finish; then this line alone tells a whole reply from one that broke off. ``came`` says
    whether it was seen.
    """

    def __init__(self) -> None:
        self.came = False
        self._line = b""

    def watch(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """``pieces`` as they are."""
        for piece in pieces:
            *lines, self._line = (self._line + piece).split(b"\n")
            self.came = self.came or any(map(_ends, (*lines, self._line)))
            self._line = self._line[:_LONGEST]
            yield piece


def _ends(line: bytes) -> bool:
    return line.startswith(b"data:") and line.removeprefix(b"data:").strip() == b"[DONE]"
