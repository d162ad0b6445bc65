"""Bring settings together from their four sources, remember where each came from, and name what is wrong."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from qeu_rag.config.address import without_password
from qeu_rag.config.profiles import find_profile, read_profile
from qeu_rag.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import ValidationError

    from qeu_rag.config.settings import Settings

# Variables that are no settings: which profile; show tracebacks; where the tests' data lie.
_OTHER_VARIABLES = ("QEU_RAG_PROFILE", "QEU_RAG_DEBUG", "QEU_RAG_DATA")
_OURS = re.compile(r"QEU_?RAG", re.IGNORECASE)


def load_settings(
    profile: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] = MappingProxyType({}),
) -> Settings:
    """The settings of a run: defaults < profile < ``QEU_RAG_*`` variables < ``flags`` (dotted keys).

    ``profile`` is a name or a YAML file; None takes ``QEU_RAG_PROFILE``, else ``default``. A name is looked for in
    ``<home>/profiles`` and then among the shipped ones. An empty variable counts as unset. Raises ConfigError for an
    unknown key or variable (naming the nearest right one), a missing or broken profile, and a value of the wrong type
    or out of its limits (saying which value, where).
    """

    variables = _variables(os.environ if environ is None else environ)
    chosen = profile if profile is not None else variables.pop("QEU_RAG_PROFILE", "default")
    variables.pop("QEU_RAG_PROFILE", None)
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for key, value in _flatten(flags, "flag").items():
        values[key], origins[key] = value, "flag"
    for name, value in variables.items():
        key = _setting_of(name)
        if key not in values:
            values[key], origins[key] = value, name
    # The home folder is where a named profile may lie, so it is settled first.
    early = {key: value for key, value in values.items() if key == "home"}
    path = find_profile(chosen, _build(early, origins).home)
    for key, value in _flatten(read_profile(path), str(path)).items():
        if key not in values:
            values[key], origins[key] = value, str(path)
    settings: Settings = _build(values, origins)
    return settings


def _variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Our variables that are set. Raises ConfigError ``variable_unknown`` for a misspelt one."""
    from qeu_rag.config.settings import setting_keys

    known = [*(_variable_of(key) for key in setting_keys()), *_OTHER_VARIABLES]
    ours = {name: value for name, value in environ.items() if _OURS.match(name)}
    for name in ours:
        if name not in known:
            raise ConfigError("variable_unknown", name=name, near=_nearest(name.upper(), known))
    return {name: value for name, value in ours.items() if value and name not in _OTHER_VARIABLES[1:]}


def _variable_of(key: str) -> str:
    return "QEU_RAG_" + key.upper().replace(".", "__")


def _setting_of(variable: str) -> str:
    return variable.removeprefix("QEU_RAG_").lower().replace("__", ".")


def _flatten(tree: Mapping[Any, object], origin: str) -> dict[str, object]:
    """Dotted keys and values of a tree. Raises ConfigError ``setting_unknown`` or ``setting_section``."""
    from qeu_rag.config.settings import setting_keys

    known = list(setting_keys())
    sections = {key.rpartition(".")[0] for key in known if "." in key}
    sections |= {section.rpartition(".")[0] for section in sections if "." in section}
    flat = _leaves(tree, "", sections, origin)
    for key in flat:
        if key not in known:
            raise ConfigError("setting_unknown", key=key, origin=origin, near=_nearest(key, known))
    return flat


def _leaves(tree: Mapping[Any, object], above: str, sections: set[str], origin: str) -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        key = f"{above}{name}"
        if key not in sections:
            flat[key] = value
        elif isinstance(value, Mapping):
            flat |= _leaves(value, f"{key}.", sections, origin)
        elif value is not None:  # a section whose lines are all commented out is null
            raise ConfigError("setting_section", key=key, origin=origin)
    return flat


def _nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like ``name``, read whole or by its last part (``top_k`` is near ``retrieve.k``)."""

    def likeness(candidate: str) -> float:
        whole = difflib.SequenceMatcher(None, name, candidate).ratio()
        ours, theirs = (re.split(r"\.|__", key)[-1] for key in (name, candidate))
        if ours == theirs or ours.endswith(f"_{theirs}"):
            return max(whole, 0.9)
        return max(whole, difflib.SequenceMatcher(None, ours, theirs).ratio() - 0.05)

    return max(known, key=likeness)


def _build(values: Mapping[str, object], origins: Mapping[str, str]) -> Settings:
    from pydantic import ValidationError

    from qeu_rag.config.settings import Settings

    tree: dict[str, Any] = {}
    for key, value in values.items():
        *sections, leaf = key.split(".")
        inner = tree
        for section in sections:
            inner = inner.setdefault(section, {})
        inner[leaf] = value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as e:
        raise _explain(e, origins) from e
    except RuntimeError as e:  # no home folder in this environment, and none given
        raise ConfigError("no_home") from e
    settings._origins.update({key: origins[key] for key in values})
    return settings


def _explain(error: ValidationError, origins: Mapping[str, str]) -> ConfigError:
    """The first fault in our words: which setting, which value, from where, and what it must be."""
    from qeu_rag.config.settings import setting_keys

    fault = error.errors()[0]
    keys = setting_keys()
    parts = [str(part) for part in fault["loc"]]
    key = next(name for name in (".".join(parts[:end]) for end in (3, 2, 1)) if name in keys)
    shown = without_password(str(fault["input"])) if key == "index.dense.url" else fault["input"]
    where: dict[str, object] = {"key": key, "value": repr(shown), "origin": origins.get(key, "default")}
    limits = fault.get("ctx", {})
    match fault["type"]:
        case "literal_error":
            return ConfigError("setting_choice", choices=", ".join(_choices(keys[key].annotation)), **where)
        case "greater_than_equal":
            return ConfigError("setting_low", limit=limits["ge"], **where)
        case "less_than_equal":
            return ConfigError("setting_high", limit=limits["le"], **where)
        case "collection_name":
            return ConfigError("setting_collection", **where)
        case kind if kind.startswith("int_"):
            return ConfigError("setting_whole", **where)
        case kind if kind.startswith(("float_", "finite_")):
            return ConfigError("setting_number", **where)
        case kind if kind.startswith(("tuple_", "list_")):
            return ConfigError("setting_list", **where)
        case "string_type" | "path_type":
            return ConfigError("setting_text", **where)
        case _:
            return ConfigError("setting_value", **where)


def _choices(annotation: object) -> list[str]:
    """The words that a ``Literal`` anywhere inside ``annotation`` allows."""
    words: list[str] = []
    for inner in get_args(annotation):
        words += [inner] if isinstance(inner, str) else _choices(inner)
    return words
