"""``ingest --watch`` as a user leaves it running: it follows a change, and Ctrl-C ends it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent as a signal")
def test_watch_follows_changes_until_interrupted(home: Path, docs: Path) -> None:
    command = [sys.executable, "-m", "qeu_rag", "ingest", str(docs), "--watch", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    reading = threading.Thread(target=lambda: [lines.put(line) for line in process.stdout or ()], daemon=True)
    reading.start()
    try:
        assert lines.get(timeout=120) == "+4 ~0 -0 =0 !0\n"
        (docs / "new.md").write_text("# Drills\n\nDrills are changed every week.\n", encoding="utf-8")
        assert lines.get(timeout=60) == "+1 ~0 -0 =4 !0\n"
        (docs / "new.md").unlink()
        assert lines.get(timeout=60) == "+0 ~0 -1 =4 !0\n"
        os.kill(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
