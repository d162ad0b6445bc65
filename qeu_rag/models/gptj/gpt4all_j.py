"""GPT4All-J in three lines, for programs that only want to put a question to a model file."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from langchain_core.messages import HumanMessage

from qeu_rag.language import say, system_language
from qeu_rag.models.gptj.engine import open_gptj


class GPT4All_J:  # noqa: N801 - the name that people know it by
    """The model of a GPT4All-J file, such as ``ggml-gpt4all-j-v1.3-groovy.bin``.

    >>> for token in GPT4All_J("ggml-gpt4all-j-v1.3-groovy.bin").generate("What is a tolerance?"):
    ...     print(token, end="", flush=True)

    The file is converted once, which standard error tells of; the result is kept in ``cache`` (None: the folder ``cache`` of
    ``QEU_RAG_HOME``, else of ``~/.qeu_rag``). ``max_tokens`` is the longest reply; ``temperature`` 0 is greedy. Raises
    ModelError as ``open_gptj`` does.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        max_tokens: int = 256,
        temperature: float = 0.0,
        cache: Path | None = None,
    ) -> None:
        path = Path(path).expanduser()
        home = Path(os.environ.get("QEU_RAG_HOME") or "~/.qeu_rag").expanduser()
        told = False

        def progress(stage: str, done: int, total: int) -> None:
            nonlocal told
            if not told:
                told = True
                sys.stderr.write(say("gptj.converting", system_language(), path=path) + "\n")

        self._model = open_gptj(
            path, cache=cache or home / "cache", max_tokens=max_tokens, temperature=temperature, progress=progress
        )

    def generate(self, question: str) -> Iterator[str]:
        """The reply to ``question`` in pieces, as it is made. The question goes in the prompt that the model was trained on."""
        return self._model.pieces([HumanMessage(question)])
