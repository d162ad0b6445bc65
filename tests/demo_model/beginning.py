"""Where training begins: attention that already looks a few tokens back, and finds what followed the like before.

Such heads ("previous token" and "induction" heads: Olsson et al., "In-context learning and induction heads", 2022) form
by themselves in long trainings. Here they are written into the first weights, so that ten minutes do; all weights are trained.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from network import GptJ
from torch import Tensor

SINK = 56.0
"""How strongly a pair that stands nowhere else is drawn: between half a match and a whole one."""


def _rows(count: int, width: int) -> Tensor:
    """``count`` random orthonormal rows."""
    return torch.linalg.qr(torch.randn(width, count))[0].T


@dataclass(frozen=True, slots=True)
class _Places:
    """Directions of the residual stream, all orthogonal: what is kept where."""

    constant: Tensor  # the same for every token
    own: Tensor  # the part of the token itself that is passed on
    back: tuple[Tensor, ...]  # the parts of the tokens one, two and three back
    thing: Tensor  # the token is a thing
    attribute: Tensor  # the token is an attribute
    sink: Tensor  # the token begins the question
    rest: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """Token ids by what they are: things, attributes, what a question opens with, and
    what stands before that and is never to be compared."""

    things: Sequence[int]
    attributes: Sequence[int]
    openings: Mapping[int, float]
    muted: Sequence[int]


class Beginning:
    """Writes the first weights of ``net``, a network of at least three layers."""

    def __init__(self, net: GptJ, kinds: Kinds) -> None:
        self.layers = net.transformer["h"]
        self.embedding = net.transformer["wte"].weight
        self.width = self.embedding.shape[1]
        self.size = self.width // self.layers[0].heads
        self.std = float(self.embedding.detach().std())
        self.rates = 10000.0 ** (-torch.arange(0, net.rotary, 2) / net.rotary)
        # The dimensions of a head that position turns little or not at all: there contents are compared.
        still = [n for n in range(self.size) if n >= net.rotary or self.rates[n // 2] < 0.005]
        self.still = torch.tensor(still)
        self.unturned = net.rotary
        self.places = self._divide(len(still))
        self.kinds = kinds

    @torch.no_grad()
    def write(self) -> None:
        self._embed()
        self._look_back()
        self._match()
        self._ask()
        for layer in self.layers:
            layer.mlp["fc_out"].weight.mul_(0.02)

    def _divide(self, count: int) -> _Places:
        all_rows = torch.randn(self.width, self.width)
        all_rows[:, 0] -= all_rows[:, 0].mean()  # or layer normalisation would take the constant away
        rows = iter(torch.linalg.qr(all_rows)[0].T)

        def take(number: int) -> Tensor:
            return torch.stack([next(rows) for _ in range(number)])

        return _Places(
            constant=take(1)[0],
            own=take(count),
            back=(take(count), take(count), take(count)),
            thing=take(1)[0],
            attribute=take(1)[0],
            sink=take(1)[0],
            rest=torch.stack(list(rows)),
        )

    def _embed(self) -> None:
        """Tokens live where nothing else is kept."""
        places = self.places
        home = torch.cat((places.own, places.rest))
        norm = self.std * math.sqrt(self.width)
        self.embedding.copy_(torch.randn(len(self.embedding), len(home)) @ home * norm / math.sqrt(len(home)))
        muted = self.embedding[self.kinds.muted]
        self.embedding[self.kinds.muted] = muted - muted @ places.own.T @ places.own
        for ids in (self.kinds.things, self.kinds.attributes):
            named = self.embedding[ids]
            own = named @ places.own.T
            self.embedding[ids] = named + (0.8 * norm * own / own.norm(dim=1, keepdim=True) - own) @ places.own
        self.embedding[self.kinds.things] += 0.7 * norm * places.thing
        self.embedding[self.kinds.attributes] += 0.7 * norm * places.attribute
        for opening, strength in self.kinds.openings.items():
            self.embedding[opening] += strength * norm * places.sink

    def _look_back(self) -> None:
        """Layer 1: heads that fetch the tokens one, two and three back."""
        places = self.places
        self._give_constant(0)
        for head, (back, place) in enumerate(zip((1, 2, 3), places.back, strict=True)):
            self._put(0, head, *self._at(back), places.own, self.std * place)

    def _match(self) -> None:
        """Layer 2: heads that go where the last three, two or one tokens were the same, and copy what stood next there."""
        places = self.places
        self._give_constant(1)
        count = len(self.still)
        home = torch.cat((places.own, places.rest))
        turns = [_rows(count, count) for _ in places.back]
        now = (places.own, *places.back[:2])
        for head, weights in enumerate(((0.3, 1.0, 1.0), (1.0, 1.0, 0.0), (1.0, 0.0, 0.0))):
            query = sum(weight * turn @ place for weight, turn, place in zip(weights, turns, now, strict=True))
            key = sum(
                float(weight > 0) * turn @ place
                for weight, turn, place in zip(weights, turns, places.back, strict=True)
            )
            copied = _rows(self.size, len(home)) @ home
            compared = self._compared(query, key, 30.0 if head == 1 else 10.0)
            if head == 1:
                self._sink(*compared)
            self._put(1, head, *compared, copied, 4 * self.std * copied)

    def _sink(self, query: Tensor, key: Tensor) -> None:
        """Where thing and attribute together stand nowhere else, the pair's head goes to the question's opening."""
        gain = math.sqrt(SINK * math.sqrt(self.size))
        at = self.still[-1]
        query[at] = self.places.constant / (0.5 * math.sqrt(self.width)) * gain
        key[at] = self.places.sink / (0.7 * math.sqrt(self.width)) * gain

    def _ask(self) -> None:
        """Layer 3 looks at the attribute that was asked for, and at the thing, which it copies."""
        self._give_constant(2)
        places = self.places
        home = torch.cat((places.own, places.rest))
        for head, place in ((1, places.attribute), (2, places.thing)):
            copied = _rows(self.size, len(home)) @ home
            self._put(2, head, *self._newest(place, 16.0), copied, (2 if head == 2 else 0.5) * self.std * copied)

    def _newest(self, place: Tensor, sharpness: float) -> tuple[Tensor, Tensor]:
        """Query and key that agree most at the newest of the tokens that have ``place``."""
        near, is_there = torch.zeros(2, self.size)
        near[: self.unturned : 2] = ((self.rates > 0.02) & (self.rates < 0.2)).float()
        is_there[self.unturned] = 1.0
        gain = math.sqrt(sharpness * math.sqrt(self.size))
        key = torch.outer(is_there, place) / (0.57 * math.sqrt(self.width)) * 2 * gain
        return self._of_constant(near + 2 * is_there) * gain, self._of_constant(near) * gain + key

    def _give_constant(self, layer: int) -> None:
        self.layers[layer].ln_1.bias.copy_(self.places.constant * 0.5 * math.sqrt(self.width))

    def _of_constant(self, vector: Tensor) -> Tensor:
        """A projection that makes ``vector`` of every token."""
        return torch.outer(vector, self.places.constant) / (0.5 * math.sqrt(self.width))

    def _at(self, back: int, sharpness: float = 4.0) -> tuple[Tensor, Tensor]:
        """Query and key that agree most at ``back`` tokens before: their turning differs by just so much."""
        query, key = torch.zeros(2, self.size)
        fast = (self.rates > 0.02).float()
        query[: self.unturned : 2] = fast
        key[: self.unturned : 2] = fast * torch.cos(back * self.rates)
        key[1 : self.unturned : 2] = fast * torch.sin(back * self.rates)
        gain = math.sqrt(sharpness * math.sqrt(self.size))
        return self._of_constant(query) * gain, self._of_constant(key) * gain

    def _compared(self, query: Tensor, key: Tensor, sharpness: float = 10.0) -> tuple[Tensor, Tensor]:
        """Query and key of contents, in the dimensions that position does not turn."""
        gain = math.sqrt(sharpness * math.sqrt(self.size)) / (0.9 * math.sqrt(len(self.still)))
        found = torch.zeros(2, self.size, self.width)
        found[0, self.still], found[1, self.still] = query * gain, key * gain
        return found[0], found[1]

    def _put(self, layer: int, head: int, query: Tensor, key: Tensor, read: Tensor, write: Tensor) -> None:
        """Sets one head: what it looks for, where, what it reads there, and where it writes that; with a little noise."""
        at = slice(head * self.size, (head + 1) * self.size)
        attention = self.layers[layer].attn
        for name, weight, noise in (("q_proj", query, 0.005), ("k_proj", key, 0.005), ("v_proj", read, 0.01)):
            found = attention[name].weight[at]
            found.normal_(std=noise)
            found[: len(weight)] += weight
        found = attention["out_proj"].weight[:, at]
        found.normal_(std=0.01 * self.std)
        found[:, : len(write)] += write.T
