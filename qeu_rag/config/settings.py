"""Every setting with its type, default and limits, as frozen values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError, PydanticKnownError

# Letters, digits, - and _, plus kana and kanji: safe as a folder name on Linux, macOS and Windows.
_COLLECTION = re.compile(r"[A-Za-z0-9_\-ぁ-ゖァ-ヺー々〆㐀-䶿一-鿿]{1,63}")
# Windows opens a device instead of a folder under these names.
_DEVICES = frozenset({"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)})


def _refuse_bool(kind: Literal["int_type", "float_type"]) -> Callable[[object], object]:
    """A check that keeps YAML's ``yes`` and ``on`` from passing as the number 1."""

    def check(value: object) -> object:
        if isinstance(value, bool):
            raise PydanticKnownError(kind)
        return value

    return check


def _folder_name(name: str) -> str:
    name = unicodedata.normalize("NFKC", name)
    if not _COLLECTION.fullmatch(name) or name.lower() in _DEVICES:
        raise PydanticCustomError("collection_name", "not a collection name")
    return name


def _user_path(value: object) -> object:
    """``~`` made whole; an empty path would mean the current folder without anybody saying so."""
    if not isinstance(value, str | Path):
        return value
    if str(value) in ("", ".") and not isinstance(value, Path):
        raise PydanticCustomError("path_empty", "not a path")
    if "\0" in str(value):
        raise PydanticCustomError("path_nul", "not a path")
    try:
        return Path(value).expanduser()
    except RuntimeError as e:
        raise PydanticCustomError("path_home", "no home folder") from e


def _default_home() -> Path:
    return Path("~/.qeu_rag").expanduser().absolute()


Whole = Annotated[int, BeforeValidator(_refuse_bool("int_type"))]
Real = Annotated[float, BeforeValidator(_refuse_bool("float_type")), Field(allow_inf_nan=False)]
Recognition = Annotated[Literal["auto", "off"], BeforeValidator(lambda value: "off" if value is False else value)]
"""YAML reads a bare off as false."""
UserPath = Annotated[Path, BeforeValidator(_user_path)]
Word = Annotated[str, Field(min_length=1)]


class Section(BaseModel):
    """What all groups of settings have in common: they cannot change, and unknown names are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


class EmbedderSettings(Section):
    """The model that turns texts into vectors (``bundled``, a hub name, a folder) and how to call it; null: as the model says."""

    model: Word = "bundled"
    query_prefix: str | None = None
    passage_prefix: str | None = None
    max_tokens: Annotated[Whole, Field(ge=16, le=8192)] = 256
    batch_size: Annotated[Whole, Field(ge=1, le=1024)] = 32


class SplitSettings(Section):
    """How documents are cut: the largest chunk in characters."""

    max_size: Annotated[Whole, Field(ge=50, le=8000)] = 400


class IngestSettings(Section):
    """Reading: worker processes; the time (s; of scans each page), memory (MB) and size (MB) that one file may take; ``ocr``:
    whether scans are read by text recognition where it is installed; ``comments``: whether comments in files are read."""

    workers: Annotated[Whole, Field(ge=1, le=64)] = 1
    timeout_s: Annotated[Real, Field(ge=1, le=86400)] = 60.0
    memory_mb: Annotated[Whole, Field(ge=100, le=1_000_000)] = 1500
    max_file_mb: Annotated[Whole, Field(ge=1, le=1_000_000)] = 200
    ocr: Recognition = "auto"
    comments: bool = False


class RetrieveSettings(Section):
    """Search: chunks returned, and candidates that each index offers before they are fused."""

    k: Annotated[Whole, Field(ge=1, le=100)] = 8
    candidates: Annotated[Whole, Field(ge=1, le=10_000)] = 100


class AnswerSettings(Section):
    """Answers: their length in characters, the probabilities from which one is sure and from which likely (0..1; null: the gate's
    own), by what method it is judged, and how much of the evidence is shown to a model."""

    max_chars: Annotated[Whole, Field(ge=20, le=100_000)] = 1400
    long_chars: Annotated[Whole, Field(ge=20, le=100_000)] = 3000
    sure: Annotated[Real, Field(ge=0, le=1)] | None = None
    likely: Annotated[Real, Field(ge=0, le=1)] | None = None
    gate: Literal["logistic", "t-method", "ta-method", "tb-method", "rt-method"] = "logistic"
    evidence_tokens: Annotated[Whole, Field(ge=50, le=100_000)] = 400


class ModelSettings(Section):
    """What writes the reply: the built-in extractive engine, a model file, or a server.

    ``auto`` leaves the choice to the file (a GGUF: ``llama.cpp``), or to ``base_url`` where there is none. ``timeout_s``: a
    server's longest silence.
    """

    engine: Literal["extractive", "auto", "llama.cpp", "gpt4all", "gptj", "server"] = "extractive"
    file: UserPath | None = None
    base_url: Word | None = None
    name: Word | None = None
    api_key_env: Word | None = None
    max_tokens: Annotated[Whole, Field(ge=1, le=100_000)] = 256
    temperature: Annotated[Real, Field(ge=0, le=2)] = 0.0
    context_tokens: Annotated[Whole, Field(ge=128, le=10_000_000)] = 2048
    timeout_s: Annotated[Real, Field(ge=1, le=86400)] = 120.0


class LogSettings(Section):
    """The local log of questions, for ``faq gaps``: whether questions are kept in it. It never leaves the home.

    ``traces``: the OpenTelemetry collector (gRPC) that gets how long questions and files took, and none of their text.
    """

    questions: bool = False
    traces: Annotated[str, Field(pattern=r"^(https?://[^\s/]+)?$")] = ""


class Settings(Section):
    """All settings of one run. Made by ``load_settings``, which also says where each value came from."""

    home: Annotated[UserPath, AfterValidator(Path.absolute)] = Field(default_factory=_default_home)
    collection: Annotated[str, AfterValidator(_folder_name)] = "default"
    lang: Literal["auto", "en", "ja"] = "auto"
    embedder: EmbedderSettings = EmbedderSettings()
    split: SplitSettings = SplitSettings()
    ingest: IngestSettings = IngestSettings()
    retrieve: RetrieveSettings = RetrieveSettings()
    answer: AnswerSettings = AnswerSettings()
    model: ModelSettings = ModelSettings()
    log: LogSettings = LogSettings()

    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @property
    def origins(self) -> Mapping[str, str]:
        """For each dotted key: ``default``, the path of a profile, an environment variable's name, or ``flag``."""
        return MappingProxyType({key: self._origins.get(key, "default") for key in setting_keys()})

    def flat(self) -> dict[str, object]:
        """Each dotted key with its value, in the order of declaration, ready for JSON."""
        tree = self.model_dump(mode="json")
        return {key: _at(tree, key) for key in setting_keys()}


def setting_keys() -> dict[str, FieldInfo]:
    """Each dotted key (``retrieve.k``) with its declaration."""
    keys: dict[str, FieldInfo] = {}
    for name, info in Settings.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
            keys |= {f"{name}.{leaf}": declared for leaf, declared in info.annotation.model_fields.items()}
        else:
            keys[name] = info
    return keys


def _at(tree: Mapping[str, object], key: str) -> object:
    section, _, leaf = key.rpartition(".")
    inner = tree[section] if section else tree
    return inner[leaf] if isinstance(inner, Mapping) else None
