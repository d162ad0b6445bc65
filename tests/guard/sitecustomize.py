"""Put on PYTHONPATH of every process that the tests start: no socket leaves this machine."""

import os
import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from loopback import only_loopback

socket.socket.connect = only_loopback(socket.socket.connect)  # type: ignore[method-assign]
socket.socket.connect_ex = only_loopback(socket.socket.connect_ex)  # type: ignore[method-assign]

if deadly := os.environ.get("QEU_TEST_DEADLY", ""):

    def kill(event: str, args: tuple[object, ...]) -> None:
        """Whoever opens the file of that name kills the process that began it, while ``.deadly`` lies beside the file."""
        if event == "open" and str(args[0]).endswith(deadly) and Path(str(args[0])).with_name(".deadly").exists():
            os.kill(os.getppid(), signal.SIGKILL)

    sys.addaudithook(kill)
