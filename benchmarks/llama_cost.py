"""What a token costs beside bare xllamacpp: processor seconds of a reply by our engine, and by llama.cpp called without us.

    python benchmarks/llama_cost.py --file .models/models/SmolLM2-135M-Instruct.Q4_1.gguf [--made 200] [--times 3]

Both read the same prompt and write as many tokens, with as many threads, one after the other and each as often; ours is counted
with the process that runs llama.cpp and this one. The least of the runs counts: other programs only ever add.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
from langchain_core.messages import HumanMessage

from qeu_rag.models.llama import LlamaModel

_ASKED = "Tell a long story of a lighthouse, its keeper, his dog, and a storm that lasts for three days."
_BARE = """
import json, os, sys, time, xllamacpp
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
path, context, threads, made, times, asked = json.loads(sys.argv[1])
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.n_parallel, params.verbosity = path, context, 1, 0
params.n_batch = params.n_ubatch = 256
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.warmup, params.cache_ram_mib, params.enable_reasoning = False, 0, 0
server = xllamacpp.Server(params)
for _ in range(times + 1):
    pieces, began = [], time.process_time()
    def take(chunk):
        pieces.append(chunk)
        return False
    request = {"messages": [{"role": "user", "content": asked}], "max_tokens": made, "temperature": 0, "stream": True, "seed": 0}
    server.handle_chat_completions(request, take)
    print(json.dumps([time.process_time() - began, len(pieces)]), flush=True)
"""


def bare(path: Path, *, context: int, threads: int, made: int, times: int) -> float:
    """Processor seconds of the cheapest reply after the first, which reads the prompt."""
    given = json.dumps([str(path), context, threads, made, times, _ASKED])
    done = subprocess.run([sys.executable, "-c", _BARE, given], env={**os.environ, "OMP_WAIT_POLICY": "passive"},
                          check=True, capture_output=True, text=True)  # fmt: skip
    return min(json.loads(line)[0] for line in done.stdout.splitlines()[1:])


def ours(model: LlamaModel, *, times: int) -> tuple[float, int]:
    """The same by our engine, and how many pieces the reply had."""
    spent, pieces = [], 0
    for _ in range(times + 1):
        before = _processor_s()
        pieces = sum(bool(chunk.text) for chunk in model.stream([HumanMessage(_ASKED)]))
        spent.append(_processor_s() - before)
    return min(spent[1:]), pieces


def _processor_s() -> float:
    every = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in every)


def main() -> None:
    """Prints the processor seconds of both, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--made", type=int, default=200)
    parser.add_argument("--times", type=int, default=3)
    given = parser.parse_args()
    model = LlamaModel(path=given.file, model_name=given.file.name, context_tokens=2048, max_tokens=given.made)
    mine, pieces = ours(model, times=given.times)
    context, threads = model.context_tokens, model.threads
    model.close()
    other = bare(given.file, context=context, threads=threads, made=given.made, times=given.times)
    print(
        f"{pieces} pieces, {threads} threads: ours {mine:.2f} s of processor time, "
        f"bare xllamacpp {other:.2f} s: {mine / other:.2f} x"
    )


if __name__ == "__main__":
    main()
