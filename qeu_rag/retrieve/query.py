"""A question as every stage needs it: worked out once, before anything is searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qeu_rag.index.glossary import Concept
from qeu_rag.text.notation import lang_of
from qeu_rag.types import Lang

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A question's text and language, its unit vector (shape (dimension,)), and what the house glossary says for its words."""

    text: str
    lang: Lang
    vector: NDArray[np.float32]
    concepts: tuple[Concept, ...] = ()


def make_query(
    text: str,
    embed: Callable[[str], NDArray[np.float32]],
    concepts: Callable[[str], Sequence[Concept]],
) -> Query:
    """The query of a clean question; ``embed`` gives its vector, ``concepts`` what the glossary knows of it."""
    return Query(text=text, lang=lang_of(text), vector=embed(text), concepts=tuple(concepts(text)))
