"""Trains the demonstration model."""

from __future__ import annotations

import random
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from dialogue import Dialogue, dialogue  # noqa: E402
from facts import LANGS, case  # noqa: E402
from network import GptJ  # noqa: E402
from vocabulary import encoding, train_vocabulary  # noqa: E402


@dataclass(frozen=True, slots=True)
class Batch:
    ids: Tensor
    positions: Tensor
    mask: Tensor
    targets: Tensor  # -100 where nothing is learnt


def pack(dialogues: list[Dialogue], encode, end: int) -> Batch:
    """One row a dialogue: what is shared, then the branches, of which none sees another."""
    rows = []
    for item in dialogues:
        shared = encode(item.shared)
        ids, positions, branch, targets = list(shared), list(range(len(shared))), [0] * len(shared), [-100] * len(shared)
        for number, (rest, reply) in enumerate(item.branches, 1):
            asked, answered = encode(rest), [*encode(reply), end]
            own = asked + answered
            ids += own[:-1]
            positions += range(len(shared), len(shared) + len(own) - 1)
            branch += [number] * (len(own) - 1)
            targets += [-100] * (len(asked) - 1) + answered
        rows.append((ids, positions, branch, targets))
    length = max(len(ids) for ids, *_ in rows)
    ids, positions, branch, targets = (
        torch.tensor([row[part] + [fill] * (length - len(row[part])) for row in rows])
        for part, fill in ((0, end), (1, 0), (2, -1), (3, -100))
    )
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    mask = causal & ((branch[:, None, :] == 0) | (branch[:, None, :] == branch[:, :, None]))
    return Batch(ids, positions, mask[:, None], targets)
