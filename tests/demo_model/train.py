"""Trains the demonstration model and writes its file and documents: ``python tests/demo_model/train.py``."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models"), str(HERE.parents[1])]

from cases import case  # noqa: E402 - found through the path above
from dialogue import Dialogue, dialogue  # noqa: E402
from facts import LANGS, documents  # noqa: E402
from ggml_files import write_gptj  # noqa: E402
from network import GptJ  # noqa: E402
from optimiser import Muon  # noqa: E402
from vocabulary import train_vocabulary  # noqa: E402

from qeu_rag.models.gptj.vocabulary import Vocabulary  # noqa: E402

SEED = 1
SHAPE = {"width": 96, "layers": 4, "heads": 4, "rotary": 16}
CONTEXT = 1024
QUESTIONS = 8
"""Questions about one case's evidence, learnt from at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the training, each harder than the one before: how much evidence, how long numbers, how many odd names.

    ``rows`` is the number of cases a step in each language, with ``least`` to ``passages`` pieces of evidence.
    """

    steps: int
    rows: int
    least: int
    passages: int
    sentences: int
    digits: int
    odd: float
    bare: bool = True


STAGES = (
    Stage(steps=150, rows=2, least=1, passages=1, sentences=1, digits=1, odd=0.0),
    Stage(steps=350, rows=2, least=1, passages=2, sentences=1, digits=2, odd=0.1),
    Stage(steps=500, rows=2, least=2, passages=3, sentences=2, digits=3, odd=0.3),
    Stage(steps=500, rows=2, least=2, passages=4, sentences=2, digits=3, odd=0.3),
    Stage(steps=400, rows=2, least=2, passages=6, sentences=2, digits=3, odd=0.3),
    Stage(steps=600, rows=2, least=1, passages=8, sentences=3, digits=3, odd=0.3, bare=False),
)
WARM_UP = 40
COOL_DOWN = 0.4
"""The last part of the steps, in which the step size falls to a twentieth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of tokens: their positions, who sees whom, and what is to come next (-100 where nothing is learnt)."""

    ids: Tensor
    positions: Tensor
    mask: Tensor
    targets: Tensor
    branches: Tensor


def pack(dialogues: Sequence[Dialogue], tokens: Vocabulary) -> Batch:
    """One row a dialogue: what its questions share, then a branch for each, of which none sees another.

    So each branch is worked out exactly as if it followed the shared part alone, and the shared part only once.
    """
    encode, end = tokens.encode, tokens.end or 0
    rows: list[tuple[list[int], ...]] = []
    for item in dialogues:
        shared = encode(item.shared)
        ids, positions = list(shared), list(range(len(shared)))
        branches, targets = [0] * len(shared), [-100] * len(shared)
        for number, (rest, reply) in enumerate(item.branches, start=1):
            asked, answered = encode(rest), [*encode(reply), end]
            own = len(asked) + len(answered) - 1
            ids += (asked + answered)[:-1]
            positions += range(len(shared), len(shared) + own)
            branches += [number] * own
            targets += [-100] * (len(asked) - 1) + answered
        rows.append((ids, positions, branches, targets))
    length = max(len(ids) for ids, *_ in rows)
    ids_, positions_, branches_, targets_ = (
        torch.tensor([row[part] + [fill] * (length - len(row[part])) for row in rows])
        for part, fill in enumerate((end, 0, -1, -100))
    )
    same = (branches_[:, None, :] == 0) | (branches_[:, None, :] == branches_[:, :, None])
    mask = torch.ones(length, length, dtype=torch.bool).tril() & same
    return Batch(ids=ids_, positions=positions_, mask=mask[:, None], targets=targets_, branches=branches_)


def train(vocabulary: Sequence[bytes], *, stages: Sequence[Stage] = STAGES, seed: int = SEED) -> GptJ:
    """A network that has gone through ``stages``."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokens = Vocabulary(vocabulary)
    net = GptJ(vocabulary=len(vocabulary), **SHAPE)
    hidden = [weight for name, weight in net.named_parameters() if ".h." in name and weight.dim() == 2]
    others = [weight for name, weight in net.named_parameters() if not (".h." in name and weight.dim() == 2)]
    optimisers = (Muon(hidden, lr=0.02), torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.01))
    sizes = [optimiser.param_groups[0]["lr"] for optimiser in optimisers]
    plan = [stage for stage in stages for _ in range(stage.steps)]
    began = time.perf_counter()
    losses: list[float] = []
    with ThreadPoolExecutor(len(LANGS)) as pool:
        for step, stage in enumerate(plan, start=1):
            left = (len(plan) - step) / (COOL_DOWN * len(plan))
            for optimiser, size in zip(optimisers, sizes, strict=True):
                optimiser.param_groups[0]["lr"] = size * min(step / WARM_UP, 1.0, 0.05 + 0.95 * left)
            lessons = [[_lesson(lang, stage, rng) for _ in range(stage.rows)] for lang in LANGS]
            # A thread for each language: small matrices gain more so than by being shared between cores.
            found = list(pool.map(lambda lesson: _gradients(net, pack(lesson, tokens)), lessons))
            for weight, *parts in zip(net.parameters(), *(gradients for _, gradients in found), strict=True):
                weight.grad = sum(parts[1:], start=parts[0]) / len(LANGS)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            for optimiser in optimisers:
                optimiser.step()
            losses.append(sum(loss for loss, _ in found) / len(LANGS))
            if step % 50 == 0:
                rate = step / (time.perf_counter() - began)
                print(f"step {step}/{len(plan)}  loss {sum(losses[-50:]) / 50:.3f}  {rate:.2f} steps/s", flush=True)
    return net


def _gradients(net: GptJ, batch: Batch) -> tuple[float, tuple[Tensor, ...]]:
    learnt = batch.targets != -100
    scores = net.lm_head(net(batch.ids, batch.positions, batch.mask)[learnt])
    loss = functional.cross_entropy(scores, batch.targets[learnt])
    return loss.item(), torch.autograd.grad(loss, list(net.parameters()))


def _lesson(lang: str, stage: Stage, rng: random.Random) -> Dialogue:
    count = rng.randint(stage.least, stage.passages)
    made = case(
        lang,
        rng,
        passages=count,
        sentences=stage.sentences,
        questions=QUESTIONS,
        digits=stage.digits,
        odd=stage.odd,
    )
    return dialogue(made, bare=stage.bare)


@torch.no_grad()
def accuracy(
    net: GptJ, vocabulary: Sequence[bytes], lang: str, *, passages: int, cases: int, odd: float = 0.0, seed: int = 99
) -> dict[str, tuple[int, int]]:
    """Of ``cases`` cases with pairs held back from training: (right, all) for answers and for refusals.

    Right means that the greedy reply is the wanted one to the last token: where each token is the likeliest after the
    wanted ones before it, greedy generation writes just that.
    """
    rng = random.Random(seed)
    tokens = Vocabulary(vocabulary)
    right, whole = {"answers": 0, "refusals": 0}, {"answers": 0, "refusals": 0}
    for _ in range(cases):
        made = case(lang, rng, passages=passages, sentences=2, questions=QUESTIONS, held=True, odd=odd)
        batch = pack([dialogue(made)], tokens)
        likeliest = net.lm_head(net(batch.ids, batch.positions, batch.mask)).argmax(-1)
        wrong = (likeliest != batch.targets) & (batch.targets != -100)
        for number, (_, answer) in enumerate(made.asked, start=1):
            kind = "answers" if answer else "refusals"
            whole[kind] += 1
            right[kind] += not bool(wrong[batch.branches == number].any())
    return {kind: (right[kind], whole[kind]) for kind in right}


def write_model(net: GptJ, vocabulary: Sequence[bytes], path: Path) -> None:
    """The network as a GPT-J file in GGML's oldest layout, its matrices as float16."""
    sizes = {"n_vocab": len(vocabulary), "n_ctx": CONTEXT, "n_embd": SHAPE["width"], "n_head": SHAPE["heads"]}
    sizes |= {"n_layer": SHAPE["layers"], "n_rot": SHAPE["rotary"]}
    tensors = {name: weight.detach().numpy() for name, weight in net.state_dict().items()}
    write_gptj(path, vocabulary=vocabulary, tensors=tensors, hyperparameters=sizes, type="f16", old_blocks=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="the folder to write to (default: beside this script)")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    torch.set_num_threads(1)  # in each of two threads
    began = time.perf_counter(), time.process_time()
    vocabulary = train_vocabulary(2000)
    net = train(vocabulary, seed=options.seed)
    print(
        f"trained in {time.perf_counter() - began[0]:.0f} s, {time.process_time() - began[1]:.0f} s of processor time"
    )
    path = options.out / "demo-gptj.bin"
    write_model(net, vocabulary, path)
    (options.out / "docs").mkdir(exist_ok=True)
    for name, text in documents().items():
        (options.out / "docs" / name).write_text(text, encoding="utf-8")
    print(f"{path}: {path.stat().st_size:,} bytes, {len(vocabulary)} tokens")
    for odd in (0.0, 1.0):
        for passages in (3, 5, 8):
            for lang in LANGS:
                found = accuracy(net, vocabulary, lang, passages=passages, cases=40, odd=odd)
                shown = ", ".join(
                    f"{kind} {right}/{whole} ({right / whole:.1%})" for kind, (right, whole) in found.items()
                )
                print(
                    f"{'made-up names' if odd else 'held-back pairs'}, {passages} pieces of evidence, {lang}: {shown}"
                )


if __name__ == "__main__":
    main()
