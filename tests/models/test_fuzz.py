"""A minute of coverage-guided fuzzing of inspect; see fuzz_inspect.py."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_a_minute_of_fuzzing_finds_nothing(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    finds = tmp_path / "finds"
    finds.mkdir()
    done = subprocess.run(
        [sys.executable, str(HERE / "fuzz_inspect.py"), "-max_total_time=60", f"-artifact_prefix={finds}/"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE.parent.parent), str(HERE)))},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    kept = [path.name for path in finds.iterdir() if not path.name.startswith("slow-unit")]
    assert not kept
    # What libFuzzer itself counts: all memory of the process, its own included.
    runs = re.search(r"Done (\d+) runs", done.stderr)
    assert runs is not None
    assert int(runs[1]) > 500
    assert max(int(rss) for rss in re.findall(r"rss: (\d+)Mb", done.stderr)) < 300
