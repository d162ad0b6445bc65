"""The address of a model server and its key, checked before anything is contacted."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from qeu_rag.errors import ConfigError


def checked_key(base_url: str, api_key_env: str | None, environ: Mapping[str, str]) -> str:
    """The server's key, "" where it wants none; nothing is contacted.

    Raises ConfigError for an address or a variable that cannot be used.
    """
    try:
        address = urlsplit(base_url)
        usable = address.scheme in ("http", "https") and bool(address.hostname)
    except ValueError as error:  # brackets that do not close
        raise ConfigError("base_url_bad", base_url=base_url) from error
    if not usable:
        raise ConfigError("base_url_bad", base_url=base_url)
    key = environ.get(api_key_env, "") if api_key_env else ""
    if api_key_env and not key:
        raise ConfigError("api_key_unset", name=api_key_env)
    return key


def on_this_computer(url: str) -> bool:
    """Whether the address leads to this computer itself, so that no network is needed."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def in_the_house(url: str) -> bool:
    """Whether the address is this machine or a private network, where no proxy belongs in between."""
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith((".local", ".lan", ".internal", ".localhost"))
    return address.is_private or address.is_loopback or address.is_link_local
