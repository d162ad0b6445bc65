"""An address as it may be shown: without the password that it may carry."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit


def without_password(url: str) -> str:
    """``url`` without user, password and options (they may hold a password, too); "…" for what is no address at all.

    Never fails: what cannot be taken apart is what people most need to see in an error.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return "…"
    # A password may hold any character where somebody forgot to escape it: nothing before the last @ is shown.
    before, _, options = rest.partition("?")
    if "@" in options:
        return f"{scheme}://…"
    return f"{scheme}://{before.rpartition('@')[2].partition('#')[0]}"


def scrubbed(text: str, url: str) -> str:
    """``text`` (what a library says) on one line of at most 200 characters, without the password and the address ``url``."""
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    for secret in (url, password, unquote(password)):
        if secret:
            text = text.replace(secret, "…")
    return " ".join(text.split())[:200].rstrip(".")
