"""Packs a trained reader into the program: ``python benchmarks/training/pack_reader.py CHECKPOINT reader|judge``.

CHECKPOINT is what ``reader.py`` or ``claims.py`` keeps. Only what training moved goes into the package, in 8 bits a weight,
and the head; the lower layers are the encoder's. Writes qeu_rag/embed/reader or judge, with the ranges of the inputs of its
products over pairs of both kinds, and the logits of the probes in float32.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import shutil
from pathlib import Path

import numpy as np
import torch
from claims import Judge, written
from ranges import ranges
from reader import FROZEN, Example, reading
from safetensors.numpy import save_file

from qeu_rag.embed.cross_encoder import JUDGE, PROBE_PAIRS, READER, weights
from qeu_rag.embed.encoder.packed import CONFIG, PROBES, PROMPTS, RANGES, SUMS, WEIGHTS, to_q8
from qeu_rag.embed.encoder.packed import FOLDER as ENCODER

_NETWORKS = {"reader": READER, "judge": JUDGE}
_PAIRS = 120


def packed(state: dict[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """The tensors of the package, by name."""
    found: dict[str, np.ndarray] = {}
    for name, tensor in state.items():
        short, value = name.removeprefix("bert."), tensor.float().numpy()
        if short.startswith("encoder.layer.") and int(short.split(".")[2]) >= FROZEN:
            if value.ndim == 2:
                found[f"{short}.q8"], found[f"{short}.scales"] = to_q8(value)
            else:
                found[short] = value
        elif short.startswith("whether."):
            found[short] = value
    return found


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("network", choices=_NETWORKS)
    parser.add_argument("--reading", type=Path, default=Path(__file__).parent / "reading")
    given = parser.parse_args()
    bundled = _NETWORKS[given.network]
    folder = bundled.folder
    save_file(packed(torch.load(given.checkpoint)), folder / WEIGHTS)
    for name in (CONFIG, PROMPTS):
        shutil.copyfile(ENCODER / name, folder / name)
    torch.set_num_threads(1)  # two wait for each other where anything else runs
    reader = Judge(ENCODER)
    own = {
        name if name.startswith("whether.") else f"bert.{name}": torch.from_numpy(v)
        for name, v in weights(bundled).items()
    }
    reader.load_state_dict(own, strict=False)  # where the answer stands was learnt beside it, and is not shipped
    reader.eval()
    with torch.no_grad():
        probes = [float(reader([Example(*pair, False)], exact=True)[0][0]) for pair in PROBE_PAIRS]
    np.save(folder / PROBES, np.array(probes, dtype=np.float32))
    drawn = [Example("", "a", False), Example("1", "0 " * 150, False)]
    for parts in (reading(given.reading), (one.asked for one in written(given.reading))):
        drawn += random.Random(1).sample([one for part in parts for one in part], _PAIRS)
    save_file(ranges(reader.bert, lambda: [reader([one], exact=True) for one in drawn]), folder / RANGES)
    names = (WEIGHTS, CONFIG, PROMPTS, PROBES, RANGES)
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    (folder / SUMS).write_text(json.dumps(sums, indent=1), encoding="utf-8")
    print({path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_file()}, probes)


if __name__ == "__main__":
    main()
