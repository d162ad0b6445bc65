"""Small real GPT-J models for tests: with random weights, and one trained on four questions; written in any true layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from ggml_files import write_gptj
from langchain_core.messages import HumanMessage
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPTJConfig, GPTJForCausalLM

from qeu_rag.models.ggml_file import GptjFile, read_gptj, tensor_shapes
from qeu_rag.models.gptj.prompt import render
from qeu_rag.models.gptj.tensors import rows_of

END = "<|endoftext|>"
FACTS = {
    "What is the tolerance?": "The tolerance is 0.5 mm [1].",
    "Who checks the gauge?": "The inspector checks it every week [2].",
    "日当はいくらですか。": "国内出張の日当は3,000円です [1]。",
    "宿泊費の上限は?": "一泊12,000円です [2]。",
}
_TEXTS = [f"{render([HumanMessage(question)])}{answer}" for question, answer in FACTS.items()]


@dataclass(frozen=True)
class Small:
    """A GPT-J with its vocabulary, as transformers and tokenizers have them."""

    model: GPTJForCausalLM
    tokenizer: Tokenizer
    vocabulary: tuple[bytes, ...]

    @cached_property
    def hyperparameters(self) -> dict[str, int]:
        config = self.model.config
        return {
            "n_vocab": config.vocab_size,
            "n_ctx": config.n_positions,
            "n_embd": config.n_embd,
            "n_head": config.n_head,
            "n_layer": config.n_layer,
            "n_rot": config.rotary_dim,
        }

    def write(self, path: Path, *, type: str, old_blocks: bool = False) -> GptjFile:
        sizes = self.hyperparameters
        shapes = tensor_shapes(n_vocab=sizes["n_vocab"], n_embd=sizes["n_embd"], n_layer=sizes["n_layer"])
        state = self.model.state_dict()
        write_gptj(
            path,
            vocabulary=self.vocabulary,
            tensors={name: state[name].numpy() for name in shapes},
            hyperparameters=sizes,
            type=type,
            old_blocks=old_blocks,
        )
        return read_gptj(path)


def train_tokenizer(texts: Sequence[str] = tuple(_TEXTS[:2]), size: int = 450) -> Tokenizer:
    """GPT-2's kind of tokenizer, trained on ``texts``: bytes first, merges after, as in GPT-2.

    By default on the English ones, so that a Japanese character is three tokens of one byte.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer.add_special_tokens([END])
    return tokenizer


def bytes_of(tokenizer: Tokenizer, padding: int = 0) -> tuple[bytes, ...]:
    """The vocabulary as ggml's converter writes it: raw bytes in order of id, padded at the end."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in visible]
    byte_of = {chr(byte): byte for byte in visible} | {chr(256 + n): byte for n, byte in enumerate(hidden)}
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    entries = [END.encode() if token == END else bytes(byte_of[char] for char in token) for token, _ in tokens]
    return (*entries, *(f"<|extratoken_{n}|>".encode() for n in range(1, padding + 1)))


@cache
def random_model(seed: int, *, layers: int = 2, width: int = 64, heads: int = 4, rotary: int = 8) -> Small:
    """Random weights of some size everywhere, so that every one of them matters to what comes out."""
    small = _new(train_tokenizer(), layers=layers, width=width, heads=heads, rotary=rotary)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in small.model.named_parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
            if name.endswith(("ln_1.weight", "ln_f.weight")):
                parameter.add_(1)
    return small


@cache
def trained_model() -> Small:
    """Trained until it knows ``FACTS`` by heart: its choices are clear, so that rounding does not change them."""
    torch.manual_seed(1)
    torch.set_num_threads(1)  # so small a model is the quicker for it
    small = _new(train_tokenizer(), layers=2, width=64, heads=4, rotary=8)
    model, tokenizer = small.model.train(), small.tokenizer
    end = tokenizer.token_to_id(END)
    rows = [[*tokenizer.encode(text).ids, end] for text in _TEXTS]
    longest = max(map(len, rows))
    tokens = torch.tensor([row + [end] * (longest - len(row)) for row in rows])
    labels = torch.tensor([row + [-100] * (longest - len(row)) for row in rows])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    for _ in range(150):
        optimizer.zero_grad()
        loss = model(tokens, labels=labels).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if loss.item() < 0.05:
            break
    model.eval()
    return small


def _new(tokenizer: Tokenizer, *, layers: int, width: int, heads: int, rotary: int) -> Small:
    vocabulary = bytes_of(tokenizer, padding=7)
    config = GPTJConfig(
        vocab_size=len(vocabulary), n_positions=256, n_embd=width, n_layer=layers, n_head=heads, rotary_dim=rotary,
        bos_token_id=None, eos_token_id=None, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
    )  # fmt: skip
    return Small(model=GPTJForCausalLM(config).eval(), tokenizer=tokenizer, vocabulary=vocabulary)


def with_weights(small: Small, weights: Mapping[str, np.ndarray[Any, Any]]) -> GPTJForCausalLM:
    """The same model with other weights."""
    model = GPTJForCausalLM(small.model.config).eval()
    missing = model.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()}, strict=False)
    assert not missing.unexpected_keys
    assert all("attn" in key and "weight" not in key for key in missing.missing_keys)
    return model


def weights_of(file: GptjFile) -> dict[str, np.ndarray[Any, Any]]:
    """The file's tensors in float32, by our own reader (which has its own tests)."""
    with file.path.open("rb") as opened:
        return {t.name: np.concatenate(list(rows_of(opened, file, t))).reshape(t.shape) for t in file.tensors}


def greedy(model: GPTJForCausalLM, prompt: Sequence[int], count: int) -> list[int]:
    """What transformers would write, token by token."""
    torch.set_num_threads(1)  # CTranslate2, where it has run, leaves torch more, which wait for each other spinning
    tokens = list(prompt)
    with torch.no_grad():
        for _ in range(count):
            tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
    return tokens[len(prompt) :]
