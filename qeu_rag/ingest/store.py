"""The one home of fsspec: lists what lies below the address of a store, and copies one object to this machine.

Nothing here is called unless a user gave an address. What a library says of an error is scrubbed before anybody sees it.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from qeu_rag.config.address import scrubbed
from qeu_rag.errors import ConfigError, QeuRagError, ReadError, StorageError, UsageError
from qeu_rag.ingest.address import Address, Stored

_WAIT_S = 60.0
"""How long a web or SFTP server may be silent; the libraries of other stores keep limits of their own."""

_CREDENTIALS = re.compile(r"Credential|Authenticat|Unauthorized|Token|Profile|Login")
"""In the name of an error: this machine has nothing by which the store would let it in."""

_DEEPEST = 64
"""Folders in each other; a web server that answers every address with the same page has them without end."""

_NO_FILE = re.compile(r"[?#]|/(?:mailto|javascript|data|tel):")
_USER = re.compile(r"://[^/\s'\"]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")


def listing(address: Address) -> dict[str, Mapping[str, Any]]:
    """What lies at ``address`` and below: the store's own facts (name, type, size, …) by what follows the address in the name.

    That is empty where the address names one object. A folder that may not be looked into is there with the type "closed".
    Raises ConfigError("store_package", "store_refused"), UsageError("store_unknown", "store_nothing"), and
    StorageError("store_away") where any part of the listing fails: what cannot be seen must not look as if it were gone.
    """
    try:
        store, root = _opened(address, anew=True)
        found = _found(store, root, address)
    except QeuRagError:
        raise
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError("store_nothing", address=address) from None
    except Exception as error:  # noqa: BLE001 - every store has errors of its own
        raise _refused(error, address) from None
    base = root.strip("/")
    below: dict[str, Mapping[str, Any]] = {
        name.lstrip("/")[len(base) + 1 :]: {"type": "file", **facts, "name": name}
        for name, facts in found.items()
        if f"{name.lstrip('/')}/".startswith(f"{base}/")
    }
    if found and not below:
        raise StorageError("store_away", address=address, detail=f"{len(found)} other names")
    return below


def unreachable(address: Address, name: str, size: int | None) -> str:
    """Why an object cannot be seen from here as it was listed; empty where it can. Raises ConfigError("store_package")."""
    said = ""
    for anew in (False, True):  # a connection of before may have ended meanwhile
        try:
            store, _ = _opened(address, anew=anew)
            store.invalidate_cache()
            there = store.info(name).get("size")
        except QeuRagError:
            raise
        except Exception as error:  # noqa: BLE001 - every store has errors of its own
            said = _said(error, address)
        else:
            return "" if size is None or there == size else f"{there} bytes"
    return said


def _opened(address: Address, *, anew: bool = False) -> tuple[Any, str]:
    """The file system of an address and the place there; opening one may already ask its server.

    ``anew``: what an earlier run in this process knew of the store, and its connection, are forgotten.
    """
    scheme = address.shown.partition(":")[0]
    try:
        from fsspec import available_protocols, get_filesystem_class

        if scheme not in available_protocols():
            raise UsageError("store_unknown", scheme=scheme)
        kind = get_filesystem_class(scheme)
    except ImportError as error:
        raise ConfigError("store_package", scheme=scheme, detail=error) from error
    from fsspec.core import url_to_fs

    if anew:
        kind.clear_instance_cache()
    try:
        store, root = url_to_fs(address.given, **_patience(scheme))
    except (TypeError, ValueError) as error:  # it lacks what it needs to be opened: an account, a host
        raise ConfigError("store_refused", address=address, detail=_said(error, address)) from None
    if (session := getattr(store, "ftp", None)) is not None and hasattr(session, "get_channel"):
        session.get_channel().settimeout(_WAIT_S)
    return store, root if scheme in ("http", "https") and root.endswith("/") else root.rstrip("/")


def _patience(scheme: str) -> dict[str, Any]:
    """How long to wait; the web's own limit is on a whole file, which a slow line needs longer for."""
    if scheme in ("http", "https"):
        import aiohttp

        limit = aiohttp.ClientTimeout(total=None, sock_connect=_WAIT_S, sock_read=_WAIT_S)
        return {"client_kwargs": {"timeout": limit}}
    return {"timeout": _WAIT_S} if scheme in ("sftp", "ssh") else {}


def _found(store: Any, root: str, address: Address) -> dict[str, Mapping[str, Any]]:
    """Every object at and below ``root`` by its whole name."""
    if address.shown.startswith(("http://", "https://")):
        return _on_web(store, root)
    if _lists_at_once(store):
        found: dict[str, Mapping[str, Any]] | list[str] = store.find(root, detail=True)
        if not found and not store.isdir(root):
            raise FileNotFoundError(root)
        return (
            {name: store.info(name) for name in found} if isinstance(found, list) else found
        )  # Azure's, of one object
    facts = store.info(root)
    return _walked(store, root) if facts["type"] == "directory" else {root: facts}


def _lists_at_once(store: Any) -> bool:
    """Whether the store has a listing of all that begins alike, and not only fsspec's walk, which passes over what fails."""
    from fsspec import AbstractFileSystem
    from fsspec.asyn import AsyncFileSystem

    if isinstance(store, AsyncFileSystem):
        return type(store)._find is not AsyncFileSystem._find
    return type(store).find is not AbstractFileSystem.find


def _walked(store: Any, root: str, known_as: Callable[[str], str] = str) -> dict[str, Mapping[str, Any]]:
    """Folder by folder; ``known_as`` gives a name in its plain form, or none where it is to be passed over."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        if folder.count("/") - root.count("/") > _DEEPEST:
            raise OSError(f"more than {_DEEPEST} folders in each other")
        try:
            listed = store.ls(folder, detail=True)
        except PermissionError:
            if folder == root:
                raise
            found[folder] = {"type": "closed"}
            continue
        except FileNotFoundError as error:
            if folder == root:
                raise
            raise OSError(f"{folder.rpartition('/')[2]} went while it was listed") from error
        for facts in listed:
            name = known_as(str(facts["name"]))
            if facts["type"] != "directory":
                found |= {name: facts} if name else {}
            elif len(name) > len(folder):
                waiting.append(name)
    return found


def _on_web(store: Any, root: str) -> dict[str, Mapping[str, Any]]:
    """As ``_walked``, by the links of pages that list a folder; each file is asked for its size and state."""
    if not root.endswith("/") and PurePosixPath(root.split("://", 1)[1].partition("/")[2]).suffix:
        return {root: store.info(root)}
    found = _walked(store, root.rstrip("/") + "/", _link)
    if not found:
        raise FileNotFoundError(root)
    return {name: _asked(store, name) for name in sorted(found)}


def _link(name: str) -> str:
    """What a link names; nothing where it sorts the page, leads out of its folder, or is none to a file."""
    elsewhere = "/../" in f"{unquote(name)}/" or name.count("://") != 1 or _NO_FILE.search(name)
    return "" if elsewhere else name.replace("/./", "/")


def _asked(store: Any, name: str) -> Mapping[str, Any]:
    """What a server says of a file; one of which it says nothing now counts as closed, not as gone."""
    try:
        facts: Mapping[str, Any] = store.info(name)
    except FileNotFoundError:  # fsspec's word for all that can happen
        return {"type": "closed"}
    return facts


def copied(there: Stored, path: Path, told: Callable[[int], None]) -> None:
    """Writes an object to ``path``; ``told`` gets the bytes that came so far, and stops it by a ReadError.

    Raises ReadError("not_fetched"), ConfigError("store_package"). What is at ``path`` then may be a part.
    """
    from fsspec.callbacks import Callback

    for last in (False, True):  # a connection of before may have ended meanwhile
        told(0)
        try:
            store, _ = _opened(there.address, anew=last)
            hooks = {"told": lambda size, value, **_: told(value)}
            store.get_file(there.name, str(path), callback=Callback(hooks=hooks))
            return
        except ReadError:
            raise
        except QeuRagError as error:
            if error.key == "store_package":
                raise
            raise ReadError("not_fetched", f" ({error.values.get('detail', '')})") from None
        except Exception as error:  # noqa: BLE001 - every store has errors of its own, and the other files have to be read
            if last or isinstance(error, FileNotFoundError | PermissionError):
                raise ReadError("not_fetched", f" ({_said(error, there.address)})") from None


def _refused(error: Exception, address: Address) -> QeuRagError:
    """What a failed listing means for the user."""
    detail = _said(error, address)
    let_out = getattr(error, "status", None) in (401, 403) or _CREDENTIALS.search(type(error).__name__)
    if isinstance(error, PermissionError) or let_out:
        return ConfigError("store_refused", address=address, detail=detail)
    return StorageError("store_away", address=address, detail=detail)


def _said(error: Exception, address: Address) -> str:
    """What a library says, on one line, without what may be a secret."""
    if isinstance(error, FileNotFoundError):
        return os.strerror(errno.ENOENT)
    if isinstance(error, OSError) and error.errno and error.strerror == os.strerror(error.errno):
        return error.strerror
    text = _QUERY.sub(r"\1?…", _USER.sub("://…@", f"{type(error).__name__}: {error}"))
    return scrubbed(text, address.given)
