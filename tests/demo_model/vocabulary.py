"""A byte-pair vocabulary of the toy world in GPT-2's manner: bytes, merges in id order, ``<|endoftext|>`` last."""

from __future__ import annotations

from collections.abc import Iterator

from cases import FILLERS, KATAKANA, QUESTIONS, Case
from dialogue import prompt_text, reply_text
from facts import GROUPS, LANGS, STATEMENTS, TITLES, capital
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

END = b"<|endoftext|>"
PATTERN = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
"""How GPT-2 cuts text before it merges bytes."""
_CUT = "\x01"


def train_vocabulary(size: int) -> list[bytes]:
    """At most ``size`` tokens as bytes, in id order: the words of the toy world and of the prompt are one token each.

    Digits stay single, so that numbers are copied digit by digit.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CUT), "removed"),
            pre_tokenizers.Split(Regex(PATTERN), "isolated"),
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
    """The toy world and the prompt, cut into the pieces that should be tokens; single characters count most."""
    for lang in LANGS:
        side = LANGS.index(lang)
        constant = _CUT.join(
            (
                prompt_text("", Case(lang=lang, passages=(), asked=())),
                reply_text(None, lang),
                *TITLES[lang],
                *(f" {title}" for title in TITLES[lang]),
            )
        )
        names = [row[side] for group in GROUPS for rows in group for row in rows]
        units = [row[side + 2] for _, attributes in GROUPS for row in attributes]
        pieces = [_CUT.join((name, f" {name}", capital(name), f" {capital(name)}")) for name in names] + [
            f"5 {unit}" for unit in units
        ]
        marked = {
            "thing": _CUT + names[0] + _CUT,
            "attribute": _CUT + names[-1] + _CUT,
            "value": f"7{_CUT}",
            "unit": _CUT,
        }
        forms = [form.format(**marked) for form in (*STATEMENTS[lang], *QUESTIONS[lang], *FILLERS[lang])]
        forms += [f" {form}" for form in forms if lang == "en"]
        yield from [constant, *pieces, *units, *forms] * 40
        letters = {letter for text in (constant, *pieces, *forms) for letter in text if ord(letter) > 255}
        yield from [_CUT.join(sorted(letters))] * 2000
    yield from [_CUT.join((*KATAKANA, " ›"))] * 2000
    yield from [_CUT.join(f" {digit}" for digit in range(10))] * 100
