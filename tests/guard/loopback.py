"""A guard around ``socket.connect`` that refuses every address but this machine's own."""

from collections.abc import Callable
from typing import Any


def only_loopback(connect: Callable[..., Any]) -> Callable[..., Any]:
    def guarded(self: Any, address: Any) -> Any:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not host.startswith("127.") and host not in ("::1", "localhost"):
            raise ConnectionRefusedError(f"the tests may not reach {host}")
        return connect(self, address)

    return guarded
