"""Put on PYTHONPATH of every process that the tests start: no socket leaves this machine."""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from loopback import only_loopback

socket.socket.connect = only_loopback(socket.socket.connect)  # type: ignore[method-assign]
socket.socket.connect_ex = only_loopback(socket.socket.connect_ex)  # type: ignore[method-assign]
