"""A byte-pair vocabulary of the toy world in GPT-2's manner: bytes, merges in id order, ``<|endoftext|>`` last."""

from __future__ import annotations

from collections.abc import Iterator

from cases import Case
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers
from world import ATTRIBUTES, LANGS, PAIRS, QUESTIONS, STATEMENT, THINGS, VALUES, capital

from qeu_rag.answer.prompt import REFUSAL

END = b"<|endoftext|>"
_PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CUT = "\x01"


def train_vocabulary(size: int) -> list[bytes]:
    """At most ``size`` tokens as bytes, in id order; each word of the toy world is one token, and so is each value."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CUT), "removed"),
            pre_tokenizers.Split(Regex(_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    alphabet = _gpt2_bytes()
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1, initial_alphabet=list(alphabet), show_progress=False, min_frequency=2
    )
    tokenizer.train_from_iterator(_texts(), trainer)
    ids = tokenizer.get_vocab()
    return [*(bytes(alphabet[sign] for sign in token) for token in sorted(ids, key=ids.__getitem__)), END]


def _gpt2_bytes() -> dict[str, int]:
    """GPT-2's printable sign of each byte."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {chr(byte): byte for byte in plain} | {chr(256 + n): byte for n, byte in enumerate(rest)}


def _texts() -> Iterator[str]:
    """The toy world and the prompt, cut into the pieces that should be tokens; those of the world count most."""
    for lang in LANGS:
        side = LANGS.index(lang)
        space = " " if lang == "en" else ""
        rows = [*THINGS, *ATTRIBUTES]
        words = [row[side] for row in rows] + [row[side + 2] for row in ATTRIBUTES]
        names = [space + word for word in words] + [space + capital(row[side]) for row in rows]
        names += [f"{space}{value}" for value in VALUES]
        cut = {name: f"{_CUT}{{{name}}}{_CUT}" for name in ("thing", "attribute", "value", "unit")}
        blank = dict.fromkeys(cut, _CUT)
        forms = [form.format(**cut).format(**blank) for form in (*QUESTIONS[lang], STATEMENT[lang], REFUSAL[lang])]
        forms += [f" {form}" for form in forms]  # as after "Question:"
        yield from [_CUT.join(names), *forms] * 100
        yield from [Case(lang, (), PAIRS[0], "").prompt()] * 10
    yield from [_CUT.join(("-", ":", " "))] * 100
