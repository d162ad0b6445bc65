"""Compares Python and the installed packages with the versions that the program needs, and with those it was tested with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qeu_rag.doctor.check import Check
from qeu_rag.language import say

Installed = Callable[[str], str | None]
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the program wants: of Python (a version specifier), of packages (PEP 508), and the locked versions by name.

    ``lock`` is the lock's path; None where the program does not run from its checkout, as the lock is not installed with it.
    """

    python: str
    requirements: tuple[str, ...]
    locked: Mapping[str, str]
    lock: Path | None


def wanted(package: Path, distribution: str = "qeu_rag") -> Wanted:
    """What pyproject.toml and requirements.lock beside ``package`` say, else what ``distribution`` says as it is installed.

    Raises importlib.metadata.PackageNotFoundError where there is neither.
    """
    project, lock = package.parent / "pyproject.toml", package.parent / "requirements.lock"
    if project.is_file() and lock.is_file():
        import tomllib

        said = tomllib.loads(project.read_text(encoding="utf-8"))["project"]
        lines = (line.partition(";")[0].strip() for line in lock.read_text(encoding="utf-8").splitlines())
        locked = dict(line.split("==", 1) for line in lines if "==" in line and not line.startswith("#"))
        requirements = tuple(said["dependencies"])
        return Wanted(python=said["requires-python"], requirements=requirements, locked=locked, lock=lock)
    import importlib.metadata

    found = importlib.metadata.distribution(distribution)
    python = str(found.metadata["Requires-Python"] or "")
    return Wanted(python=python, requirements=tuple(found.requires or ()), locked={}, lock=None)


def installed(name: str) -> str | None:
    """The version of the installed package ``name``; None where there is none."""
    import importlib.metadata

    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def check_python(version: str, bits: int, system: str, wanted: Wanted, lang: str) -> Check:
    """Whether this Python is one that the program is made for; ``system`` is said only."""
    from packaging.specifiers import SpecifierSet

    values = {"version": version, "bits": bits, "system": system, "wanted": wanted.python}
    if bits < 64:
        message, step = say("doctor.python_bits", lang, **values), say("doctor.python.next", lang, **values)
        return Check(name="python", state="problem", message=message, next=step)
    if not SpecifierSet(wanted.python).contains(version, prereleases=True):
        message, step = say("doctor.python_other", lang, **values), say("doctor.python.next", lang, **values)
        return Check(name="python", state="problem", message=message, next=step)
    return Check(name="python", state="ok", message=say("doctor.python", lang, **values))


def check_packages(wanted: Wanted, installed: Installed, lang: str) -> Check:
    """Whether every package is there in a version that works (else a problem), and in the locked one (else a warning)."""
    missing = _unmet(wanted.requirements, installed)
    source = say("doctor.by_lock", lang, path=wanted.lock) if wanted.lock else say("doctor.by_metadata", lang)
    if missing:
        message = say("doctor.packages_missing", lang, names=_some(missing), source=source)
        step = say("doctor.packages.next_lock" if wanted.lock else "doctor.packages.next", lang, path=wanted.lock)
        return Check(name="packages", state="problem", message=message, next=step)
    other = [
        f"{name} {found} ({version})"
        for name, version in wanted.locked.items()
        if (found := installed(name)) is not None and found.partition("+")[0] != version
    ]
    if other:
        message = say("doctor.packages_other", lang, names=_some(other), source=source)
        step = say("doctor.packages.next_lock", lang, path=wanted.lock)
        return Check(name="packages", state="warning", message=message, next=step)
    message = say("doctor.packages", lang, count=len(wanted.requirements), source=source)
    return Check(name="packages", state="ok", message=message)


def _unmet(requirements: Sequence[str], installed: Installed) -> list[str]:
    from packaging.requirements import Requirement

    unmet = []
    for text in requirements:
        wanted = Requirement(text)
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": ""}):
            continue
        found = installed(wanted.name)
        if found is None:
            unmet.append(wanted.name)
        elif not wanted.specifier.contains(found, prereleases=True):
            unmet.append(f"{wanted.name} {found} ({wanted.specifier})")
    return unmet


def _some(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", … (+{more})" if more > 0 else "")
