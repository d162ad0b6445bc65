"""Finds LibreOffice and has it convert a file of an old format, out of the user's sight and without running its macros."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from qeu_rag.errors import ReadError
from qeu_rag.ingest.readers.deadline import left

_LIMIT_S = 180.0
_POLL_S = 0.05
_PROGRAMS = ("soffice", "libreoffice")
_FILTERS = {
    ".docx": "docx:MS Word 2007 XML",
    ".xlsx": "xlsx:Calc MS Excel 2007 XML",
    ".pptx": "pptx:Impress MS PowerPoint 2007 XML",
}
_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel"
 oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableActiveContent"
 oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>0</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link"
 oor:op="fuse"><value>2</value></prop></item>
</oor:items>
"""
"""No macros, no active content, no look at linked files."""


def program() -> str | None:
    """The path of LibreOffice's program; None where it is not installed."""
    for name in _PROGRAMS:
        # On Windows soffice.com waits for the end, soffice.exe does not.
        found = (shutil.which(f"{name}.com") if sys.platform == "win32" else None) or shutil.which(name)
        if found:
            return found
    return next((str(path) for path in usual_places() if path.is_file()), None)


def usual_places() -> Iterator[Path]:
    """Where LibreOffice's own installers put it."""
    if sys.platform == "win32":
        for variable in ("ProgramFiles", "ProgramW6432", "ProgramFiles(x86)", "LOCALAPPDATA"):
            if folder := os.environ.get(variable):
                for part in ("LibreOffice", "Programs/LibreOffice"):
                    yield Path(folder, part, "program", "soffice.com")
        return
    applications = (Path("/Applications"), Path.home() / "Applications") if sys.platform == "darwin" else ()
    yield from (folder / "LibreOffice.app/Contents/MacOS/soffice" for folder in applications)
    yield Path("/usr/lib/libreoffice/program/soffice")
    yield Path("/usr/local/bin/soffice")
    yield Path("/snap/bin/libreoffice")
    with contextlib.suppress(OSError):
        yield from sorted(Path("/opt").glob("libreoffice*/program/soffice"), reverse=True)


def converted(file: Path, suffix: str, folder: Path) -> Path:
    """``file`` as a file with ``suffix`` (.docx, .xlsx or .pptx) in the empty ``folder``.

    Raises ReadError: "no_libreoffice", "timeout", "damaged" (LibreOffice could not read it).
    """
    office = program()
    if office is None:
        raise ReadError("no_libreoffice", f" ({file.suffix.lower()})")
    given, made, profile = folder / f"given{file.suffix.lower()}", folder / "made", folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
    made.mkdir()
    shutil.copyfile(file, given)
    options = "--headless --invisible --norestore --nolockcheck --nodefault --nologo --nofirststartwizard".split()
    command = [office, f"-env:UserInstallation={profile.as_uri()}", *options]
    _run([*command, "--convert-to", _FILTERS[suffix], "--outdir", str(made), str(given)], folder)
    result = made / f"given{suffix}"
    if not result.is_file() or result.stat().st_size == 0:
        raise ReadError("damaged", " (LibreOffice)")
    return result


def _run(command: list[str], folder: Path) -> None:
    """Runs ``command`` to its end; what it started ends with it, also where the time is over. Raises ReadError("timeout")."""
    nowhere = subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere, cwd=folder)
    except OSError as e:
        raise ReadError("no_libreoffice", f" ({type(e).__name__})") from e
    end = time.monotonic() + min(_LIMIT_S, left())
    try:
        while process.poll() is None:
            if time.monotonic() > end:
                raise ReadError("timeout", " (LibreOffice)")
            time.sleep(_POLL_S)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    import psutil

    running: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        running = psutil.Process(process.pid).children(recursive=True)
    for child in running:
        with contextlib.suppress(psutil.Error):
            child.kill()
    process.kill()
    process.wait()
