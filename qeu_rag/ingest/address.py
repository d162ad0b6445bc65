"""An address of documents on a store, such as s3://bucket/know-how: kept apart from paths, and shown without a password."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from qeu_rag.config.address import without_password
from qeu_rag.errors import UsageError

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://(.*)", re.DOTALL)
_HURT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):[/\\][^/\\]")
"""What ``Path`` makes of an address."""
_NAMED_BEFORE = frozenset(("abfs", "abfss", "wasb", "wasbs", "sftp", "ssh", "ftp", "smb"))
"""Where a name before the @ says which documents are meant: a container, or the user whose folders they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where documents lie, as ``given``, which may hold a password, and as ``shown``: without it, nor a slash at the end."""

    given: str = field(repr=False)
    shown: str

    def __str__(self) -> str:
        return self.shown

    def holds(self, key: str) -> bool:
        """Whether the ledger's name of a file lies here or below."""
        return key == self.shown or key.startswith(f"{self.shown}/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An object on a store, as a listing told of it.

    ``name`` is what the store calls it, ``key`` and ``root`` are the ledger's names of it and of where it was found.
    ``version`` changes with its content (empty: the store tells nothing of the kind); it is ``dated`` where that is only a
    time, which says too little of what changed just before ``listed_ns``. ``size`` is None where the store does not tell
    it; more than ``most`` bytes are not fetched.
    """

    address: Address
    name: str
    key: str
    root: str
    version: str
    dated: bool
    listed_ns: int
    size: int | None
    most: int


def place_of(given: str | Path) -> Address | Path:
    """What a user named: an address of a store, or an absolute path.

    Raises UsageError("address_form") for an address that cannot be used, UsageError("address_path") for one that was made a path.
    """
    if isinstance(given, str):
        found = _ADDRESS.fullmatch(given)
        if found is not None:
            return _address(given, scheme=found[1].lower(), rest=found[2])
    elif _HURT.match(str(given)) and not given.exists():
        raise UsageError("address_path", path=str(given))
    return Path(given).absolute()


def _address(given: str, *, scheme: str, rest: str) -> Address:
    place, slash, path = rest.rstrip("/").partition("/")
    user, at, host = place.rpartition("@")
    # A password with a slash in it ends the place too early; a query may hold a signature; two colons chain file systems.
    torn = "@" in path and ":" in place and not at and not re.fullmatch(r"[^:]*:\d+|\[.*\](:\d+)?|arn:.*", place)
    if not (place or path) or torn or "?" in given or "::" in given:
        raise UsageError("address_form", address=without_password(given))
    named = f"{user.partition(':')[0]}@" if at and scheme in _NAMED_BEFORE else ""
    shown = f"{scheme}://{named}{host}{slash}{path}"
    # Bytes that are no UTF-8 as in the names of files.
    return Address(
        given=f"{scheme}://{rest}", shown=shown.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    )
