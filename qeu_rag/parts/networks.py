"""The trained networks of a home, which its collections share: encoder, reader, judge, and the model that writes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from qeu_rag.errors import ModelError
from qeu_rag.index.embedder_claim import EmbedderClaim, embedder_spec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseLanguageModel

    from qeu_rag.config import Settings
    from qeu_rag.embed.cross_encoder import CrossEncoder
    from qeu_rag.embed.embedder import Embedder
    from qeu_rag.embed.vocabulary import Vocabularies
    from qeu_rag.models.bench import Speed
    from qeu_rag.models.chat_model import EngineModel

EngineKind = Literal["extractive", "file", "server", "given"]
"""What writes the answers; "given" is a LangChain model of ``KnowHow.open``."""


class Networks:
    """Opens each network when it is first needed, and keeps it; ``close`` lets go of the model, which is the largest."""

    def __init__(
        self,
        settings: Settings,
        *,
        given: BaseLanguageModel[Any] | None = None,
        progress: Callable[[str, int, int], None] | None = None,
    ) -> None:
        """``given`` writes the replies in place of the settings' engine; ``progress`` is as in ``KnowHow.open``."""
        self.given = given
        self._settings = settings
        self._progress = progress or (lambda stage, done, total: None)
        self._threads = 0

    def close(self) -> None:
        """Lets go of the model, which is opened again when it is needed again."""
        if (model := vars(self).get("engine_model")) is not None:
            model.close()

    @functools.cached_property
    def _vocabularies(self) -> Vocabularies:
        """The tokenizers of the embedder and the reader, which are one where the embedder is the program's own."""
        from qeu_rag.embed.vocabulary import Vocabularies

        return Vocabularies()

    @functools.cached_property
    def embedder(self) -> Embedder:
        """The embedder of the settings; raises ModelError where it cannot be opened."""
        from qeu_rag.embed.embedder import open_embedder

        wanted = self._settings.embedder
        return open_embedder(
            model=wanted.model,
            cache=self._settings.home / "cache",
            query_prefix=wanted.query_prefix,
            passage_prefix=wanted.passage_prefix,
            max_tokens=wanted.max_tokens,
            batch_size=wanted.batch_size,
            vocabularies=self._vocabularies,
            threads=self._threads,
        )

    @functools.cached_property
    def reader(self) -> CrossEncoder:
        """What reads the best windows with the question in mind; raises ModelError where its files are missing or altered."""
        from qeu_rag.embed.cross_encoder import READER, open_cross_encoder

        return open_cross_encoder(READER, self._settings.home / "cache", self._vocabularies)

    @functools.cached_property
    def judge(self) -> CrossEncoder:
        """What tells whether a passage supports a claim; raises as ``reader``."""
        from qeu_rag.embed.cross_encoder import JUDGE, open_cross_encoder

        return open_cross_encoder(JUDGE, self._settings.home / "cache", self._vocabularies)

    def fingerprint(self, *, threads: int = 0) -> str:
        """What covers all that shapes vectors.

        Opens the embedder, where it is not open yet with so many ``threads`` (0: one for each core).
        """
        self._threads = threads
        return self.embedder.fingerprint

    @functools.cached_property
    def embedder_claim(self) -> EmbedderClaim:
        """Checks that a collection was made with this embedder."""
        return EmbedderClaim(embedder_spec(self._settings.embedder), lambda: self.embedder, self._fingerprint_under)

    def _fingerprint_under(self, runtime: str) -> str:
        """The fingerprint of the embedder under ``runtime``, computed from its files without loading it."""
        from qeu_rag.embed.embedder import fingerprint_of, prefixes_of
        from qeu_rag.embed.model_files import digest_of_model, locate

        wanted = self._settings.embedder
        folder = locate(wanted.model, allow_network=False)
        prefixes = prefixes_of(folder, wanted.query_prefix, wanted.passage_prefix)
        digest = digest_of_model(folder, self._settings.home / "cache")
        return fingerprint_of(digest, max_tokens=wanted.max_tokens, prefixes=prefixes, runtime=runtime)

    @property
    def model(self) -> BaseLanguageModel[Any] | None:
        """What writes replies: the given model or that of the settings; None for the extractive engine."""
        return self.given or self.engine_model

    @functools.cached_property
    def engine_model(self) -> EngineModel | None:
        """The model of the settings; None for the extractive engine. Raises ConfigError and ModelError."""
        from qeu_rag.models import load_model

        wanted, home = self._settings.model, self._settings.home
        return load_model(
            engine=wanted.engine,
            file=wanted.file,
            base_url=wanted.base_url,
            name=wanted.name,
            api_key_env=wanted.api_key_env,
            max_tokens=wanted.max_tokens,
            temperature=wanted.temperature,
            context_tokens=wanted.context_tokens,
            timeout_s=wanted.timeout_s,
            cache=home / "cache",
            models_folder=home / "models",
            progress=self._progress,
        )

    def engine_kind(self) -> EngineKind:
        """What kind of engine writes the answers, built now."""
        from qeu_rag.models import chosen_engine

        if self.model is None:
            return "extractive"
        if self.given is not None:
            return "given"
        wanted = self._settings.model
        chosen = chosen_engine(wanted.engine, file=wanted.file, base_url=wanted.base_url)
        return "server" if chosen == "server" else "file"

    def engine_name(self) -> str:
        """The name of the engine that writes answers, for people."""
        if self.given is not None:
            return type(self.given).__name__
        from qeu_rag.models import engine_name

        wanted = self._settings.model
        return engine_name(wanted.engine, file=wanted.file, base_url=wanted.base_url, name=wanted.name)

    def bench(self) -> Speed:
        """How fast the model of the settings reads and writes on this machine.

        Raises ModelError("bench_none") where the extractive engine answers, and what the engine raises.
        """
        from qeu_rag.models.bench import measure

        if self.engine_model is None:
            raise ModelError("bench_none")
        return measure(self.engine_model)
