"""What a GGUF file is, by its metadata and the place of every tensor."""

from __future__ import annotations

from pathlib import Path

from qeu_rag.errors import ModelError
from qeu_rag.models import gguf_file
from qeu_rag.models.gguf_fit import Misfit, misfit
from qeu_rag.models.memory import memory_of_gguf
from qeu_rag.models.model_file import ModelFile, damaged, elements, usual_type
from qeu_rag.models.refusal import GPT4ALL_ARCHITECTURES, GPT4ALL_TYPES

_LONGEST_TEMPLATE = 1 << 16  # characters of a chat template that are looked into; real ones have a tenth of that


def inspect_gguf(path: Path, context_tokens: int) -> ModelFile:
    """A GGUF file; raises ModelError only where it cannot be read."""
    try:
        file = gguf_file.read_gguf(path)
    except ModelError as error:
        return damaged(path, error, kind="gguf", format="GGUF")
    facts = _Facts(file)
    architecture = facts.text("general.architecture")
    context = facts.number(f"{architecture}.context_length")
    types = [tensor.type for tensor in file.tensors]
    runs = architecture in GPT4ALL_ARCHITECTURES and GPT4ALL_TYPES.issuperset(types)
    wrong = facts.misfit(architecture) if runs and not file.missing_bytes else None
    runs = runs and wrong is None
    template = facts.text("tokenizer.chat_template")
    return ModelFile(
        path=path,
        kind="gguf",
        state="truncated" if file.missing_bytes else "whole" if wrong is None else "damaged",
        problem="" if wrong is None else "gguf_tensor_size" if wrong.found else "gguf_tensor_missing",
        problem_at=0 if wrong is None else wrong.found,
        problem_tensor="" if wrong is None else wrong.tensor,
        problem_expected=0 if wrong is None else wrong.expected,
        template_problem=_template_problem(template),
        engine="gguf" if runs else "",
        architecture=architecture,
        parameters=sum(elements(tensor.shape) for tensor in file.tensors),
        quantisation=usual_type((tensor.type, tensor.shape) for tensor in file.tensors),
        context_tokens=context,
        vocabulary=facts.vocabulary(architecture),
        tokenizer=" ".join(filter(None, (facts.text("tokenizer.ggml.model"), facts.text("tokenizer.ggml.pre")))),
        chat_template=template,
        layers=facts.number(f"{architecture}.block_count"),
        memory_bytes=facts.memory(architecture, min(context_tokens, context or context_tokens)) if runs else 0,
        missing_bytes=file.missing_bytes,
        missing_at_least=not file.header_whole,
        parts=max(1, facts.number("split.count")),
        format=f"GGUF {file.version}" if file.version else "GGUF",
    )


def _template_problem(template: str) -> str:
    if not template.strip() or len(template) > _LONGEST_TEMPLATE:
        return ""
    from qeu_rag.models.chat_template import syntax_problem

    return syntax_problem(template)


class _Facts:
    """The metadata of a GGUF file, each value only if it is of the kind that it should be."""

    def __init__(self, file: gguf_file.GgufFile) -> None:
        self._file = file
        self._values = file.metadata

    def text(self, key: str) -> str:
        value = self._values.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int:
        """A count; of an array with one value a layer the largest. 0 where there is none that can be."""
        value = self._values.get(key)
        numbers = value.numbers if isinstance(value, gguf_file.GgufArray) else (value,)
        whole = [n for n in numbers if isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 1 << 40]
        return max(whole, default=0)

    def vocabulary(self, architecture: str) -> int:
        tokens = self._values.get("tokenizer.ggml.tokens")
        return tokens.count if isinstance(tokens, gguf_file.GgufArray) else self.number(f"{architecture}.vocab_size")

    def misfit(self, architecture: str) -> Misfit | None:
        """What does not fit in a file that is one of one, and has tensors, layers and tokens at all."""
        layers, embedding = (self.number(f"{architecture}.{key}") for key in ("block_count", "embedding_length"))
        sizes = {self.vocabulary(architecture), self.number(f"{architecture}.vocab_size")} - {0}
        if not (self._file.tensors and layers and sizes) or self.number("split.count") > 1:
            return None
        return misfit(self._file, layers=layers, embedding=embedding, vocabularies=sizes)

    def memory(self, architecture: str, context_tokens: int) -> int:
        def number(key: str) -> int:
            return self.number(f"{architecture}.{key}")

        embedding, heads = number("embedding_length"), max(1, number("attention.head_count"))
        shared = number("attention.head_count_kv") or heads
        head = embedding // heads
        wide = shared * ((number("attention.key_length") or head) + (number("attention.value_length") or head))
        return memory_of_gguf(
            weights=sum(tensor.size for tensor in self._file.tensors),
            layers=number("block_count"),
            key_values=wide,
            embedding=embedding,
            feed_forward=number("feed_forward_length"),
            vocabulary=self.vocabulary(architecture),
            context_tokens=context_tokens,
        )
