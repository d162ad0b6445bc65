"""A finding of the doctor, and the conversion of errors into findings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from qeu_rag.errors import QeuRagError
from qeu_rag.language import say

State: TypeAlias = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at (``name``, the same in every language), how it is, in words, and what to do; "" for nothing.

    "warning": it works, or will after the next step; "problem": it does not work as it is set up.
    """

    name: str
    state: State
    message: str
    next: str = ""


def check_from_error(name: str, error: QeuRagError, lang: str, *, state: State = "problem") -> Check:
    """The finding for an error that using this part would raise."""
    return Check(
        name=name,
        state=state,
        message=say(f"error.{error.key}", lang, **error.values),
        next=say(f"next.{error.key}", lang, **error.values),
    )


def run_check(name: str, look: Callable[[], Iterable[Check]], lang: str) -> tuple[Check, ...]:
    """Runs one check; an exception that it raises becomes a finding, too."""
    try:
        return tuple(look())
    except QeuRagError as error:
        return (check_from_error(name, error, lang),)
    except ModuleNotFoundError as error:
        values = {"package": error.name or error}
        message, step = say("doctor.module_missing", lang, **values), say("doctor.module_missing.next", lang)
        return (Check(name=name, state="problem", message=message, next=step),)
    except Exception as error:  # noqa: BLE001 - see above
        detail = " ".join(str(error).split())[:300].rstrip(".")
        message = say("error.unexpected", lang, kind=type(error).__name__, detail=detail)
        return (Check(name=name, state="problem", message=message, next=say("next.unexpected", lang)),)
