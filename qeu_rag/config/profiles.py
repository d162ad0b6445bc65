"""Profiles: YAML files that hold one way to run the program, found by name or by path."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path

from qeu_rag.errors import ConfigError


def shipped_folder() -> Path:
    """The folder of the profiles that come with the program: inside an installed wheel, else beside the source."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def profile_names(home: Path) -> tuple[str, ...]:
    """The names that can be given as a profile: the shipped ones and those in ``<home>/profiles``."""
    return tuple(sorted({path.stem for folder in _folders(home) for path in folder.glob("*.yaml")}))


def find_profile(profile: str | Path, home: Path) -> Path:
    """The YAML file of ``profile``: a path, or a name in ``<home>/profiles`` (which goes first) or among the shipped.

    Raises ConfigError ``profile_missing``, naming the profiles that there are.
    """
    text = str(profile)
    if isinstance(profile, Path) or "/" in text or "\\" in text or text.endswith((".yaml", ".yml")):
        candidates = [_expanded(text)]
    else:
        candidates = [folder / f"{text}.yaml" for folder in _folders(home)] if text else []
    for path in candidates:
        if path.is_file():
            return path.absolute()
    names = profile_names(home)
    near = difflib.get_close_matches(Path(text).stem, names, n=1, cutoff=0.0) or ["default"]
    raise ConfigError("profile_missing", profile=text, names=", ".join(names), near=near[0])


def read_profile(path: Path) -> Mapping[object, object]:
    """The tree of settings in a YAML file; an empty file is an empty tree.

    Raises ConfigError: ``profile_unreadable``, ``profile_syntax`` (with its line), ``profile_twice`` (a key that
    stands twice, of which YAML readers silently take the last), ``profile_shape`` (no mapping at the top).
    """
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError("profile_unreadable", path=path, detail=getattr(e, "strerror", None) or "UTF-8?") from e
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        _refuse_twice(node, path)
        tree = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        mark = getattr(e, "problem_mark", None)
        detail = getattr(e, "problem", None) or str(e).splitlines()[0]
        raise ConfigError("profile_syntax", path=path, line=mark.line + 1 if mark else 1, detail=detail) from e
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError("profile_shape", path=path)
    return tree


def _folders(home: Path) -> tuple[Path, Path]:
    return home / "profiles", shipped_folder()


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # "~somebody" without such a user: then it is a plain, missing name
        return Path(text)


def _refuse_twice(node: object, path: Path, depth: int = 0) -> None:
    import yaml

    # Settings are two levels deep; deeper ones are refused by name later, so aliases cannot make this endless.
    if not isinstance(node, yaml.MappingNode) or depth > 1:
        return
    seen: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                raise ConfigError("profile_twice", path=path, line=key.start_mark.line + 1, key=key.value)
            seen.add(key.value)
        _refuse_twice(value, path, depth + 1)
