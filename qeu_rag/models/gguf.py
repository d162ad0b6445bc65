"""GGUF models by GPT4All, in a child process, since its native code can end the process that it runs in."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from langchain_core.messages import BaseMessage
from pydantic import Field, PrivateAttr

from qeu_rag.errors import ModelError
from qeu_rag.models.chat_model import EngineModel
from qeu_rag.models.chat_template import TemplateError, as_turns, render_plain, render_template
from qeu_rag.models.child import Child, last_words
from qeu_rag.models.free_memory import free_memory
from qeu_rag.models.gguf_tokens import SpecialTokens, read_special_tokens
from qeu_rag.models.inspect import inspect, refusal

_COUNTED = re.compile(r"The prompt is (\d+) tokens and the context window is (\d+)")
_RESERVE = 4  # gpt4all 2.8.2 refuses a prompt that leaves fewer tokens than this
_SHORT_REPLY = 16


def open_gguf(path: Path, *, max_tokens: int, temperature: float, context_tokens: int) -> GgufModel:
    """The model in the GGUF file ``path``; nothing is loaded before the first call.

    ``context_tokens`` is what the settings allow; a smaller limit in the file goes first. Raises ModelError for a file
    that gpt4all cannot run, saying why.
    """
    file = inspect(path, context_tokens=context_tokens)
    if (refused := refusal(file)) is not None:
        raise refused
    return GgufModel(
        model_name=path.name,
        path=path,
        template=file.chat_template,
        tokens=read_special_tokens(path),
        memory_bytes=file.memory_bytes,
        max_tokens=max_tokens,
        temperature=temperature,
        context_tokens=min(context_tokens, file.context_tokens or context_tokens),
    )


class GgufModel(EngineModel):
    """A GGUF file as a LangChain chat model, by gpt4all 2.8.2 on the CPU; never any network access.

    ``threads`` are one a core by default. One request at a time: others wait until the native worker has really ended. A
    thread that asks for a second reply while it is still reading the first gets ModelError("engine_busy"). The process
    that holds the model starts with the first call; when it dies, that call raises ModelError("engine_died") and the next
    one starts another.
    """

    path: Path
    template: str = ""
    tokens: SpecialTokens = SpecialTokens()
    memory_bytes: int = 0
    threads: int = Field(default_factory=lambda: _threads(), ge=1)

    _child: Child | None = PrivateAttr(default=None)
    _turn: threading.Lock = PrivateAttr(default_factory=threading.Lock)
    _holder: int = PrivateAttr(default=0)
    _filler_tokens: int | None = PrivateAttr(default=None)
    _adds_bos: bool = PrivateAttr(default=False)

    def pieces(self, messages: Sequence[BaseMessage]) -> Iterator[str]:
        """The reply in whole characters. Raises ModelError: ``prompt_long``, ``engine_died``, ``engine_load``, ..."""
        text = self.render(messages)
        with self._alone():
            child = self._loaded()
            tokens = self._count(child, text)
            limit = self.context_tokens - max(_RESERVE, min(self.max_tokens, _SHORT_REPLY))
            if tokens > limit:
                raise ModelError("prompt_long", tokens=tokens, limit=limit, model=self.model_name)
            room = min(self.max_tokens, self.context_tokens - tokens)
            yield from self._generate_pieces(child, text, room)

    def count_tokens(self, text: str) -> int:
        """The tokens of ``text`` as a prompt, with the one that the model puts before it, by the model's own tokenizer.

        While a reply is being read in the same thread: an upper bound, one token for each byte and two more.
        """
        if self._holder == threading.get_ident():
            return _upper_bound(text)
        with self._alone():
            return self._count(self._loaded(), text)

    def render(self, messages: Sequence[BaseMessage]) -> str:
        """``messages`` by the file's own template, or in GPT4All's plain form where it has none.

        Raises ModelError("template_bad") for a template that fails.
        """
        turns = as_turns(messages, self.tokens.special)
        if not self.template.strip():
            return render_plain(turns)
        try:
            return render_template(self.template, turns, bos=self.tokens.bos, eos=self.tokens.eos)
        except TemplateError as e:
            raise ModelError("template_bad", path=self.path, detail=e) from e

    def close(self) -> None:
        """Ends the process at once, also in the middle of a reply, and so frees its memory."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def __del__(self) -> None:
        # A model that nobody holds any more must not keep its memory.
        if getattr(self, "__pydantic_private__", None):
            self.close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._holder == me:
            raise ModelError("engine_busy", model=self.model_name)
        with self._turn:
            self._holder = me
            try:
                yield
            finally:
                self._holder = 0

    def _loaded(self) -> Child:
        child = self._child
        if child is not None and child.alive:
            return child
        self.close()
        free = free_memory()
        if self.memory_bytes > free:
            need, have = (f"{size / 1e9:.1f}" for size in (self.memory_bytes, free))
            raise ModelError("engine_memory", model=self.model_name, need=need, free=have)
        child = self._child = Child("qeu_rag.models.gguf_child", self.path)
        try:
            self._load(child)
        except BaseException:
            self.close()
            raise
        return child

    def _load(self, child: Child) -> None:
        child.send(
            "load",
            path=str(self.path),
            context=self.context_tokens,
            threads=self.threads,
            control=sorted(self.tokens.control),
        )
        answer = next(child.answers())
        match answer.get("failed"):
            case "install":
                raise ModelError("engine_install", engine="gguf", package="gpt4all==2.8.2", detail=answer["detail"])
            case "load":
                detail = answer["detail"] or last_words(child.said())
                raise ModelError("engine_load", path=self.path, detail=f": {detail}" if detail else "")
        self._adds_bos = answer["first"][:1] == [self.tokens.bos_id]
        self._filler_tokens = None
        self._filler_tokens = self._measure(child, "\1") - len(answer["first"]) if answer["first"] else None

    def _count(self, child: Child, text: str) -> int:
        measured = self._measure(child, self._once(text))
        if self._filler_tokens is None or measured == 0:
            return _upper_bound(text)
        return measured - self._filler_tokens

    def _measure(self, child: Child, text: str) -> int:
        """What gpt4all says of ``text`` and its filler together; 0 where it says nothing."""
        child.said()
        child.send("count", text=text)
        next(child.answers())
        found = [int(match[1]) for line in child.said() if (match := _COUNTED.search(line))]
        return found[-1] if found else 0

    def _generate_pieces(self, child: Child, text: str, room: int) -> Iterator[str]:
        ended = False
        try:
            child.send("generate", text=self._once(text), max_tokens=room, temperature=self.temperature)
            for message in child.answers():
                if "piece" in message:
                    yield message["piece"]
                elif "failed" in message:
                    raise ModelError("engine_said", model=self.model_name, detail=message["detail"])
                else:
                    ended = True
                    return
        except KeyboardInterrupt:
            self.close()
            raise
        finally:
            # The lock is held until the native worker has really ended.
            if not ended and child.alive:
                child.cancel("done")

    def _once(self, text: str) -> str:
        """``text`` without the beginning-of-text token that gpt4all itself puts there."""
        return text.removeprefix(self.tokens.bos) if self._adds_bos and self.tokens.bos else text


def _upper_bound(text: str) -> int:
    """Never too small: a token covers at least one byte; sentencepiece adds a space and a beginning."""
    return len(text.encode("utf-8", "replace")) + 2


def _threads() -> int:
    """One thread a core that this process may use; more than the cores make llama.cpp slower."""
    import psutil

    physical = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else physical
    return max(1, min(physical, allowed))
