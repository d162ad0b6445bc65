"""What a failure of a model server means: whether to ask again, the error that says it to people, and where a stream ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qeu_rag.errors import ModelError

if TYPE_CHECKING:
    import openai

ATTEMPTS = 3
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_AGAIN = frozenset({408, 409, 429, 500, 502, 503, 504})


def wait_before_next(error: Exception, attempt: int) -> float | None:
    """Seconds before another attempt; None: there is no point in one."""
    import openai

    pause = _FIRST_WAIT_S * 2 ** (attempt - 1)
    if isinstance(error, openai.APIStatusError):
        if error.status_code not in _AGAIN:
            return None
        try:
            asked = float(error.response.headers.get("retry-after", pause))
        except ValueError:
            asked = pause
        return asked if asked <= _LONGEST_WAIT_S else None
    return None if isinstance(error, openai.APITimeoutError) else pause


def refused(error: openai.APIStatusError, base_url: str) -> ModelError:
    """The error for an answer that is neither 200 nor 404, which says too little by itself."""
    code, where = error.status_code, {"base_url": base_url}
    detail = " ".join(str(getattr(error, "message", error)).split())[:200]
    if code in (401, 403):
        return ModelError("server_key", code=code, **where)
    if code == 429:
        return ModelError("server_busy", **where)
    if code >= 500:
        return ModelError("server_error", code=code, detail=detail, **where)
    return ModelError("server_refused", code=code, detail=detail, **where)


def broken(error: Exception, base_url: str, *, began: bool) -> ModelError:
    """The error for a connection that failed, or an answer that is none; ``began``: a part of the reply had come."""
    import openai

    if began:
        return ModelError("server_cut", base_url=base_url)
    if isinstance(error, openai.APIConnectionError):
        cause = " ".join(str(error.__cause__ or error).split())[:200]
        return ModelError("server_down", base_url=base_url, detail=cause)
    return ModelError("server_strange", base_url=base_url)


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
