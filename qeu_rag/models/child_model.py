"""A chat model whose engine is native code in a child process: started when needed, one request at a time, replaced when dead."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import Field, PrivateAttr

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import EngineModel
from qeu_rag.models.child import Child, usable_cores
from qeu_rag.models.inspect import inspect, refusal
from qeu_rag.models.memory import free_memory


class ChildModel(EngineModel):
    """The GGUF file ``path`` in a process of its own, since native code can end the process that it runs in.

    One request at a time: others wait until the native work has really ended. A thread that asks for a second reply while it
    is still reading the first gets ModelError("engine_busy"). The process starts with the first call; when it dies, that call
    raises ModelError("engine_died") and the next one starts another. ``patience_s``: how long loading a model, or putting a
    prompt into its template, may take, as some templates never end.
    """

    path: Path
    memory_bytes: int = 0
    threads: int = Field(default_factory=usable_cores, ge=1)
    patience_s: float = 60.0

    engine: ClassVar[str]
    module: ClassVar[str]
    """Whose ``Engine`` the child runs."""

    _child: Child | None = PrivateAttr(default=None)
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _holder: int = PrivateAttr(default=0)

    @classmethod
    def open(cls, path: Path, *, max_tokens: int, temperature: float, context_tokens: int) -> Self:
        """The model in the GGUF file ``path``; nothing is loaded before the first call.

        ``context_tokens`` is what the settings allow; a smaller limit in the file goes first. Raises ModelError for a file
        whose header says that it cannot write replies.
        """
        file = inspect(path, context_tokens=context_tokens)
        if (refused := refusal(file)) is not None:
            raise refused
        return cls(
            model_name=path.name,
            path=path,
            memory_bytes=file.memory_bytes,
            max_tokens=max_tokens,
            temperature=temperature,
            context_tokens=min(context_tokens, file.context_tokens or context_tokens),
        )

    @abstractmethod
    def refused(self, failure: dict[str, Any], child: Child) -> ModelError:
        """The error for a message of the child that has the key ``failed``."""

    def close(self) -> None:
        """Ends the process at once, also in the middle of a reply, and so frees its memory."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def __del__(self) -> None:
        # A model that nobody holds any more must not keep its memory.
        if getattr(self, "__pydantic_private__", None):
            self.close()

    @property
    def _reading(self) -> bool:
        """Whether this very thread is in the middle of a reply."""
        return self._holder == threading.get_ident()

    @contextmanager
    def _alone(self) -> Iterator[Child]:
        """The child, for one request of one thread."""
        if self._reading:
            raise ModelError("engine_busy", model=self.model_name)
        with self._turn:
            self._holder = threading.get_ident()
            try:
                yield self._loaded()
            except KeyboardInterrupt:
                self.close()  # whatever it is doing
                raise
            finally:
                self._holder = 0

    def _ask(self, do: str, **values: Any) -> dict[str, Any]:
        """The one answer to a request."""
        with self._alone() as child:
            child.send(do, **values)
            return self._checked(child.answer(self.patience_s), child)

    def _reply(self, **values: Any) -> Iterator[str]:
        """The pieces of a reply; the lock is held until the native work has really ended."""
        written = {"max_tokens": self.max_tokens, "temperature": self.temperature, **values}
        with self._alone() as child, closing(child.reply(self.patience_s, **written)) as messages:
            for message in messages:
                if piece := self._checked(message, child).get("piece"):
                    yield piece

    def _loaded(self) -> Child:
        if self._child is not None and self._child.alive:
            return self._child
        self.close()
        free = free_memory()
        if self.memory_bytes > free:
            need, have = (f"{size / 1e9:.1f}" for size in (self.memory_bytes, free))
            raise ModelError("engine_memory", model=self.model_name, need=need, free=have)
        child = self._child = Child(self.module, self.path)
        try:
            child.send("load", path=str(self.path), context=self.context_tokens, threads=self.threads)
            # A disk that gives 20 MB a second is slow, but no reason to give up.
            self._checked(child.answer(self.patience_s + self.memory_bytes / 20e6), child)
        except BaseException:
            self.close()
            raise
        return child

    def _checked(self, message: dict[str, Any], child: Child) -> dict[str, Any]:
        if "failed" in message:
            raise self.refused(message, child)
        return message
