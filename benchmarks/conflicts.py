"""How many of the conflicts seeded into documents `faq conflicts` finds, and how many of those found are ones.

    python benchmarks/conflicts.py [--show]

The pairs are those of tests/faq/conflicts: 40 conflicts and 40 agreements that look like conflicts, in both languages, written
into two documents a language. Odd ones were looked at in tuning, even ones not; ``--show`` prints those of the first half alone
that were missed or wrongly found.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "faq" / "conflicts"))

from seeded import measured, seeded, write

from qeu_rag import KnowHow


def main() -> None:
    """Prints precision and recall of each half."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", action="store_true")
    show = parser.parse_args().show
    for held_out in (False, True):
        pairs = [pair for pair in seeded() if pair.held_out == held_out]
        with tempfile.TemporaryDirectory() as folder, KnowHow.open(home=Path(folder) / "home") as know_how:
            write(pairs, Path(folder) / "seeded")
            know_how.ingest(Path(folder) / "seeded")
            found, wanted = measured(pairs, know_how)
        right = found & wanted
        name = "held out" if held_out else "tuned   "
        print(f"{name} precision {len(right) / max(1, len(found)):.3f} ({len(right)} of {len(found)} found)", end="  ")
        print(f"recall {len(right) / len(wanted):.3f} ({len(right)} of {len(wanted)})")
        if show and not held_out:
            for label, quotes in (("missed", wanted - found), ("wrong", found - wanted)):
                for pair in sorted(map(sorted, quotes)):
                    print(f"  {label}: {' | '.join(pair)}")


if __name__ == "__main__":
    main()
