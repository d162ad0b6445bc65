"""Chooses the pieces that Japanese and English need out of the 250,002 of XLM-R, and makes the tokenizer of those.

A piece that is left out falls back to smaller ones. Every single character of either language that the model knows stays, so that
no text of these languages meets an unknown one which was known before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_MASK = "<mask>"

_CHARACTER = re.compile(
    "[\u0020-\u024f\u0370-\u03ff\u2000-\u2bff\u3000-\u30ff\u31f0-\u31ff\u3200-\u33ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]"
)
"""Latin with its accents, Greek, signs and symbols, kana, kanji, and their full and half widths."""
_ENGLISH = re.compile(r"▁?[A-Za-z'’-]+\Z")


def tokenizer_of(pieces: Iterable[tuple[str, float]]) -> Tokenizer:
    """XLM-R's tokenizer over ``pieces``, the four special ones first: NFKC, spaces joined, a mark before each word."""
    tokenizer = Tokenizer(models.Unigram(list(pieces), unk_id=SPECIAL.index("<unk>")))
    space = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), space, normalizers.Strip()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace()
    ends = [("<s>", SPECIAL.index("<s>")), ("</s>", SPECIAL.index("</s>"))]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=ends
    )
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def needed(pieces: tuple[tuple[str, float], ...], texts: Iterable[str], *, likely: float) -> list[int]:
    """The numbers of the pieces to keep, in order: special ones, characters, those ``texts`` use, and likely English.

    ``likely``: the least log probability at which a piece of Latin letters is kept unseen.
    """
    whole = tokenizer_of(pieces)
    used: Counter[int] = Counter()
    batch: list[str] = []
    for text in texts:
        batch.append(text)
        if len(batch) == 1000:
            _count(whole, batch, used)
            batch = []
    _count(whole, batch, used)
    kept = []
    for number, (piece, score) in enumerate(pieces):
        bare = piece.removeprefix("▁")
        character = len(bare) <= 1 and (not bare or _CHARACTER.match(bare))
        english = _ENGLISH.match(piece) and score >= likely
        if piece != _MASK and (piece in SPECIAL or character or used[number] or english):
            kept.append(number)
    return kept


def _count(tokenizer: Tokenizer, texts: list[str], used: Counter[int]) -> None:
    for found in tokenizer.encode_batch_fast(texts):
        used.update(found.ids)
