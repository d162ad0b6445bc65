"""Makes the Japanese half of the default embedder: one vector a word, in the space of all-MiniLM-L6-v2.

``python training/bilingual.py`` (``make bilingual``) writes ``qeu_rag/index/bilingual/`` anew; the model card there says what
it is made of. A word begins with MiniLM's vector of its English glosses in EDICT. Then the vectors are trained contrastively
(InfoNCE; van den Oord, Li and Vinyals 2018, arXiv:1807.03748) on four things at once: Japanese sentences against MiniLM's
vectors of their English, questions against the passages that answer them, words and compounds against their glosses, and
words by their characters alone, which serve for words that were never seen. Seeds are fixed; sums of floats on several
threads are not, so two runs should agree to about .01 in the figures of the card, not bit for bit.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import pickle
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from texts import DATA, Texts, read_texts
from torch.nn.functional import cross_entropy, normalize

from qeu_rag.index.bilingual.words import FOLDER, save
from qeu_rag.index.embed import open_embedder

_LARGEST = 57_000
_CHARACTERS = 2_500
_COMPOUNDS = 60_000
_PAIRS, _ASKED, _GLOSSES = 384, 768, 256
_DROPPED = 0.1
_QUESTIONS_WEIGHT, _GLOSSES_WEIGHT = 1.5, 0.5

Floats = NDArray[np.float32]
Bags = list[list[int]]


def vocabulary(texts: Texts) -> list[str]:
    """The words that get a vector: those of the texts, then EDICT's common ones, then its short ones; then characters."""
    counts = texts.counts()
    single = {key[0] for key in texts.glosses if len(key) == 1}
    common = {key[0] for key in texts.common if len(key) == 1}
    words = [
        word for word, count in sorted(counts.items(), key=lambda kv: (-kv[1], kv[0])) if count >= 3 or word in single
    ]
    words += sorted(common - set(words)) + sorted(word for word in single - common - set(words) if len(word) <= 4)
    words = list(dict.fromkeys(words))[: _LARGEST - _CHARACTERS]
    known = set(words)
    letters: dict[str, int] = {}
    for word in (*counts, *sorted(single)):
        for letter in word:
            letters[letter] = letters.get(letter, 0) + 1
    rest = sorted((letter for letter in letters if letter not in known), key=lambda letter: (-letters[letter], letter))
    return words + rest[:_CHARACTERS]


class Vectors(torch.nn.Module):
    """A text is the sum of its words' vectors, each word counted once; its length is 1."""

    def __init__(self, start: Floats, weights: Floats) -> None:
        super().__init__()
        self.bag = torch.nn.EmbeddingBag.from_pretrained(torch.tensor(start), freeze=False, mode="sum")
        self.weights = torch.nn.Parameter(torch.tensor(weights))
        self.scales = torch.nn.Parameter(torch.tensor([4.0, 4.0]))

    def forward(self, bags: Bags) -> torch.Tensor:
        """Unit vectors, shape (len(bags), 384)."""
        flat = torch.tensor([word for bag in bags for word in bag])
        starts = torch.tensor([0, *np.cumsum([len(bag) for bag in bags])[:-1]])
        return normalize(self.bag(flat, starts, per_sample_weights=torch.exp(self.weights[flat])), dim=1)

    def rows(self) -> Floats:
        """Each word's vector times its weight, shape (words, 384)."""
        with torch.no_grad():
            return (self.bag.weight * torch.exp(self.weights)[:, None]).numpy()


def contrast(found: torch.Tensor, wanted: torch.Tensor, scale: torch.Tensor, same: torch.Tensor) -> torch.Tensor:
    """InfoNCE in one direction; ``same`` marks pairs that are no negatives."""
    off = same.clone().fill_diagonal_(False)
    return cross_entropy((found @ wanted.T * torch.exp(scale)).masked_fill(off, -1e4), torch.arange(len(found)))


class Fit:
    """One training run."""

    def __init__(self, texts: Texts, words: list[str], embed: Callable[[Sequence[str]], Floats]) -> None:
        self._index = {word: i for i, word in enumerate(words)}
        training = [pair for pair in texts.pairs if not pair.held_back and self.ids(pair.words)]
        self._pairs = [self.ids(pair.words) for pair in training]
        self._english = torch.tensor(embed([pair.english for pair in training]))
        self._passages = [self.ids(passage) for passage in texts.passages]
        self._asked = [
            (question, around, asked.passage)
            for asked in texts.asked
            if (question := self.ids(asked.question)) and (around := self.ids(asked.around))
        ]
        compounds = sorted(key for key in texts.glosses if len(key) > 1 and all(word in self._index for word in key))
        compounds.sort(key=lambda key: key not in texts.common)
        keys = [(word,) for word in words if (word,) in texts.glosses] + compounds[:_COMPOUNDS]
        self._glossed = [[self._index[word] for word in key] for key in keys]
        self._spelt = [self._letters(key) or bag for key, bag in zip(keys, self._glossed, strict=True)]
        self._glosses = torch.tensor(embed([texts.glosses[key] for key in keys]))
        self.vectors = self._begin(words, texts)

    def ids(self, words: Sequence[str]) -> list[int]:
        """Each word's number once; of an unknown word its characters'."""
        found = (([word] if word in self._index else list(word)) for word in words)
        return list(dict.fromkeys(self._index[part] for parts in found for part in parts if part in self._index))

    def _letters(self, key: tuple[str, ...]) -> list[int]:
        return list(dict.fromkeys(self._index[letter] for letter in "".join(key) if letter in self._index))

    def _begin(self, words: list[str], texts: Texts) -> Vectors:
        counts = texts.counts()
        generator = np.random.default_rng(0)
        start = generator.normal(0, 0.01, (len(words), 384)).astype(np.float32)
        single = [(bag[0], i) for i, bag in enumerate(self._glossed) if len(bag) == 1]
        rows, numbers = map(list, zip(*single, strict=True))
        glosses = self._glosses[numbers].numpy()
        start[rows] = glosses - 0.5 * glosses.mean(0)
        total = sum(counts.values())
        rarity = np.log(1 + total / (1 + np.array([counts[word] for word in words], dtype=np.float32)))
        return Vectors(start, np.log(rarity / rarity.mean()).clip(-3, 1.5).astype(np.float32))

    def run(self, epochs: float, tell: Callable[[str], None]) -> None:
        """``epochs`` are counted in sentence pairs."""
        steps = int(epochs * len(self._pairs) / _PAIRS)
        model, chance = self.vectors, random.Random(0)
        groups = [
            {"params": [model.bag.weight], "lr": 0.003},
            {"params": [model.weights], "lr": 0.02},
            {"params": [model.scales], "lr": 0.01},
        ]
        optimiser = torch.optim.Adam(groups)
        pace = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: min(1, s / 50) * (1 - s / steps) + 0.01)
        began = time.monotonic()
        for step in range(steps):
            loss = self._sentences(chance) + _QUESTIONS_WEIGHT * self._questions(chance)
            loss = loss + _GLOSSES_WEIGHT * self._dictionary(chance)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            pace.step()
            if step % 50 == 0 or step == steps - 1:
                tell(f"step {step + 1} of {steps}, loss {loss.item():.3f}, {time.monotonic() - began:.0f} s")

    def _sentences(self, chance: random.Random) -> torch.Tensor:
        chosen = chance.sample(range(len(self._pairs)), _PAIRS)
        ours, theirs = self.vectors([_thinned(self._pairs[i], chance) for i in chosen]), self._english[chosen]
        same = theirs @ theirs.T > 0.98
        scale = self.vectors.scales[0]
        return contrast(ours, theirs, scale, same) + contrast(theirs, ours, scale, same)

    def _questions(self, chance: random.Random) -> torch.Tensor:
        chosen = [self._asked[i] for i in chance.sample(range(len(self._asked)), _ASKED)]
        texts = [self._passages[passage] if chance.random() < 0.5 else around for _, around, passage in chosen]
        questions = self.vectors([_thinned(question, chance) for question, _, _ in chosen])
        passages = self.vectors([_thinned(text, chance) for text in texts])
        number = torch.tensor([passage for _, _, passage in chosen])
        same, scale = number[:, None] == number[None], self.vectors.scales[1]
        return contrast(questions, passages, scale, same) + contrast(passages, questions, scale, same)

    def _dictionary(self, chance: random.Random) -> torch.Tensor:
        chosen = chance.sample(range(len(self._glossed)), 2 * _GLOSSES)
        bags = [self._glossed[i] for i in chosen] + [self._spelt[i] for i in chosen[:_GLOSSES]]
        theirs = torch.cat([self._glosses[chosen], self._glosses[chosen[:_GLOSSES]]])
        return contrast(self.vectors(bags), theirs, self.vectors.scales[0], theirs @ theirs.T > 0.95)


def _thinned(bag: list[int], chance: random.Random) -> list[int]:
    """A tenth of the words left out, so that none is relied on alone."""
    return [word for word in bag if chance.random() > _DROPPED] or bag


def _kept(work: Path, name: str, make: Callable[[], object]) -> object:
    """What ``make`` gives, remembered in ``work``: texts and English vectors take longer than the training."""
    place = work / f"{name}.pickle"
    if not place.exists():
        place.write_bytes(pickle.dumps(make()))
    return pickle.loads(place.read_bytes())


def main() -> None:
    """Reads, trains, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(".bilingual"), help="what is remembered between runs")
    parser.add_argument("--to", type=Path, default=FOLDER)
    parser.add_argument("--epochs", type=float, default=3.5)
    options = parser.parse_args()
    torch.manual_seed(0)
    options.work.mkdir(parents=True, exist_ok=True)
    english = open_embedder(model="bundled", cache=options.work / "cache", languages=frozenset({"en"}))

    def embed(sentences: Sequence[str]) -> Floats:
        key = hashlib.sha256("\n".join(sentences).encode()).hexdigest()[:16]
        print(f"English vectors of {len(sentences):,} texts", flush=True)
        return _kept(options.work, f"english-{key}", lambda: english.embed_passages(sentences))  # type: ignore[return-value]

    texts: Texts = _kept(options.work, "texts", lambda: read_texts(DATA, options.work))  # type: ignore[assignment]
    words = vocabulary(texts)
    print(f"{len(words):,} words and characters", flush=True)
    fit = Fit(texts, words, embed)
    fit.run(options.epochs, lambda line: print(line, flush=True))
    save(options.to, words, fit.vectors.rows())
    print(f"written to {options.to}: {math.ceil(sum(p.stat().st_size for p in options.to.iterdir()) / 1e6)} MB")


if __name__ == "__main__":
    main()
