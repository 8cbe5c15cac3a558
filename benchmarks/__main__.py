"""`python -m benchmarks`: measure, print, and write benchmarks/results/*.csv and docs/benchmark.svg."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import CASES
from benchmarks.goals import Outcome
from benchmarks.measuring import ROOT
from benchmarks.plot import write_plot
from benchmarks.report import in_words, machine, versions, write_csv


def main() -> int:
    """Run the chosen cases; the exit code is 1 where a goal is not met."""
    chosen = _arguments()
    outcomes: dict[str, Outcome] = {}
    print(f"{machine()}\n{versions()}")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        for name in chosen.only or CASES:
            outcomes[name] = CASES[name](Path(folder) / name, chosen.rounds)
            print(in_words(outcomes[name]), flush=True)
        if chosen.peers:
            from benchmarks.peers.case import peers

            outcomes["peers"] = peers(Path(folder) / "peers", chosen.rounds)
            print(in_words(outcomes["peers"]), flush=True)
    write_csv(outcomes.values(), ROOT / "benchmarks" / "results")
    if "one_asset" in outcomes:
        footer = f"{machine()}; {versions()}; medians of {chosen.rounds}"
        write_plot(outcomes["one_asset"], outcomes.get("peers"), footer, ROOT / "docs" / "benchmark.svg")
    goals = [goal for outcome in outcomes.values() for goal in outcome.goals]
    print(f"\n{sum(goal.is_met for goal in goals)} of {len(goals)} goals met")
    return 0 if all(goal.is_met for goal in goals) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="PyAirbyte and Singer too, in environments made for them")
    parser.add_argument("--only", action="append", choices=list(CASES), help="this case (may be repeated)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every case (3)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
