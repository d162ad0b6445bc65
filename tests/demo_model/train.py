"""Trains the demonstration model and writes its file and documents: ``python tests/demo_model/train.py``."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "models"), str(HERE.parents[1])]

from beginning import Beginning, Kinds  # noqa: E402 - found through the path above
from cases import Case, further, make_case  # noqa: E402
from ggml_files import write_gptj  # noqa: E402
from network import GptJ  # noqa: E402
from vocabulary import train_vocabulary  # noqa: E402
from world import ATTRIBUTES, LANGS, THINGS, documents  # noqa: E402

from qeu_rag.models.gptj.vocabulary import Vocabulary  # noqa: E402

SEED = 1
SHAPE = {"width": 128, "layers": 3, "heads": 4, "rotary": 16}
CONTEXT = 1024
SINKS = {"en": 1.0, "ja": 1.5}
"""How strongly a question's opening draws a pair that stands nowhere else; Japanese pairs have half matches in titles."""
FACTS = {"en": "Facts:", "ja": "事実:"}
OPENING = {"en": "Question: ", "ja": "質問: "}
QUESTIONS = 4
"""Questions on the same evidence, one after the other: each is learnt from."""
EASY = 0.3
"""How much a token counts that is nearly always right, such as a unit; the telling ones count 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A part of the training: ``least`` to ``most`` pieces of evidence, and how often the answer is not among them.

    It ends after ``steps``, or when the replies of the last ``WINDOW`` steps are right in at least ``until``. ``bare``
    leaves out what comes before the evidence and is the same for all. ``cool``: the step size falls to a twentieth.
    ``share`` of ``rate`` is the step size of the weights that begin nearly right.
    """

    steps: int
    least: int
    most: int
    refusals: float
    rows: int = 12
    until: float = 1.1
    rate: float = 2e-3
    share: float = 0.05
    bare: bool = True
    cool: bool = False


STAGES = (
    Stage(steps=200, least=2, most=4, refusals=0.4, until=0.9, share=0.03),
    Stage(steps=420, least=2, most=8, refusals=0.4, until=0.97, share=0.05),
    Stage(steps=260, least=2, most=8, refusals=0.35, bare=False, cool=True, share=0.1),
)
WINDOW = 20
QUICK = ("h.1.attn.v", "h.1.attn.o", "h.2.attn.v", "h.2.attn.o", "h.2.mlp", "ln_f", "lm_head.bias")
"""What learns at the full rate; the rest, where attention looks above all, begins nearly right (``beginning``)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of tokens and what is to come next (-100: nothing is learnt), each with its reply's number and its weight."""

    ids: Tensor
    targets: Tensor
    replies: Tensor
    weights: Tensor


def pack(groups: Sequence[Sequence[Case]], tokens: Vocabulary, *, bare: bool) -> Batch:
    """One row a group: the evidence, then each case's question and reply. All cases of a group share their evidence."""
    rows: list[tuple[list[int], list[int], list[int], list[float]]] = []
    end = tokens.end or 0
    number = 0
    for group in groups:
        text = group[0].prompt()
        opening = OPENING[group[0].lang]
        ids = tokens.encode(text[text.rindex(FACTS[group[0].lang]) if bare else 0 : text.rindex(opening)])
        targets, replies, weights = [-100] * len(ids), [-1] * len(ids), [0.0] * len(ids)
        for case in group:
            prompt = case.prompt()
            asked = tokens.encode(prompt[prompt.rindex(opening) :])
            reply = [*tokens.encode(case.reply), end]
            ids += asked + reply
            targets += [-100] * len(asked) + reply
            replies += [-1] * len(asked) + [number] * len(reply)
            # The first words decide between answer and refusal; the value is looked up in the facts.
            telling = {0, 1, len(reply) - 4, len(reply) - 3}
            weights += [0.0] * len(asked) + [1.0 if at in telling else EASY for at in range(len(reply))]
            number += 1
        rows.append((ids[:-1], targets[1:], replies[1:], weights[1:]))
    length = max(len(ids) for ids, *_ in rows)
    columns = [
        torch.tensor([[*row[part], *[fill] * (length - len(row[part]))] for row in rows])
        for part, fill in enumerate((end, -100, -1, 0.0))
    ]
    return Batch(*columns)


def judged(net: GptJ, batch: Batch) -> tuple[Tensor, list[bool]]:
    """The loss, and for each reply whether every token of it is the likeliest after the right ones before it."""
    learnt = batch.targets != -100
    scores = net.lm_head(net(batch.ids)[learnt])
    targets, weights = batch.targets[learnt], batch.weights[learnt]
    loss = (functional.cross_entropy(scores, targets, reduction="none") * weights).sum() / weights.sum()
    wrong = scores.argmax(-1) != targets
    missed = torch.zeros(int(batch.replies.max()) + 1).index_add_(0, batch.replies[learnt], wrong.float())
    return loss, (missed == 0).tolist()


def begin(vocabulary: Sequence[bytes]) -> GptJ:
    """The network as training finds it."""
    tokens = Vocabulary(vocabulary)
    net = GptJ(vocabulary=len(vocabulary), **SHAPE)

    def ids(rows: Sequence[Sequence[str]]) -> list[int]:
        return [tokens.encode(text)[0] for row in rows for text in (f" {row[0]}", row[1])]

    kinds = Kinds(
        things=ids(THINGS),
        attributes=ids(ATTRIBUTES),
        openings={tokens.encode(OPENING[lang])[0]: SINKS[lang] for lang in LANGS},
        muted=[tokens.encode(text)[0] for text in ("\n", "-", ":", " ")],
    )
    Beginning(net, kinds).write()
    return net


def train(vocabulary: Sequence[bytes], *, stages: Sequence[Stage] = STAGES, seed: int = SEED) -> GptJ:
    """A network that has gone through ``stages``."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    tokens = Vocabulary(vocabulary)
    net = begin(vocabulary)
    fast = {weight for name, weight in net.named_parameters() if any(part in name for part in QUICK)}
    slow = [weight for weight in net.parameters() if weight not in fast]
    parts = [{"params": slow, "slow": True}, {"params": list(fast), "slow": False}]
    optimiser = torch.optim.AdamW(parts, betas=(0.9, 0.98), weight_decay=0.01)
    began = time.perf_counter()
    done = 0
    for number, stage in enumerate(stages, start=1):
        record: list[tuple[float, float, float]] = []
        for step in range(stage.steps):
            groups = [_lesson(lang, stage, rng) for lang in LANGS for _ in range(stage.rows // len(LANGS))]
            loss, right = judged(net, pack(groups, tokens, bare=stage.bare))
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            done += 1
            factor = max(0.05, 1 - step / stage.steps) if stage.cool else min(1.0, done / 20)
            for part in optimiser.param_groups:
                part["lr"] = stage.rate * factor * (stage.share if part["slow"] else 1.0)
            optimiser.step()
            answers = [ok for ok, case in zip(right, (c for g in groups for c in g), strict=True) if case.answerable]
            refusals = len(right) - len(answers)
            record.append((loss.item(), _share(answers), (sum(right) - sum(answers)) / refusals if refusals else 1.0))
            means = [sum(column) / len(column) for column in zip(*record[-WINDOW:], strict=True)]
            if (step + 1) % WINDOW == 0:
                shown = "loss {:.3f}, answers {:.2f}, refusals {:.2f}".format(*means)
                print(f"stage {number}, step {step + 1}: {shown}, {time.perf_counter() - began:.0f} s", flush=True)
                if min(means[1:]) >= stage.until:
                    break
    return net


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 1.0


def _lesson(lang: str, stage: Stage, rng: random.Random) -> list[Case]:
    first = make_case(lang, rng, facts=rng.randint(stage.least, stage.most), refusals=stage.refusals)
    return [first, *further(first, rng, QUESTIONS - 1, stage.refusals)]


@torch.no_grad()
def accuracy(net: GptJ, vocabulary: Sequence[bytes], lang: str, *, facts: int, cases: int, seed: int = 99) -> str:
    """Of ``cases`` cases about pairs held back from training: replies right to the last token, answers and refusals."""
    rng = random.Random(seed)
    tokens = Vocabulary(vocabulary)
    found: dict[bool, list[bool]] = {True: [], False: []}
    for _ in range(cases):
        made = make_case(lang, rng, facts=facts, refusals=0.3, held=True)
        found[made.answerable] += judged(net, pack([[made]], tokens, bare=False))[1]
    return ", ".join(
        f"{sum(found[kind])}/{len(found[kind])} {name}" for kind, name in ((True, "answers"), (False, "refusals"))
    )


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
    torch.set_num_threads(1)  # small matrices: a second thread waits more than it works
    began = time.perf_counter(), time.process_time()
    vocabulary = train_vocabulary(1400)
    net = train(vocabulary, seed=options.seed)
    wall, busy = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"trained in {wall:.0f} s, {busy:.0f} s of processor time")
    path = options.out / "demo-gptj.bin"
    write_model(net, vocabulary, path)
    (options.out / "docs").mkdir(exist_ok=True)
    for name, text in documents().items():
        (options.out / "docs" / name).write_text(text, encoding="utf-8")
    print(f"{path}: {path.stat().st_size:,} bytes, {len(vocabulary)} tokens")
    for lang in LANGS:
        for facts in (1, 3, 5, 8):
            print(f"{lang}, {facts} pieces of evidence: {accuracy(net, vocabulary, lang, facts=facts, cases=200)}")


if __name__ == "__main__":
    main()
