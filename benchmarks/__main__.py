"""`python -m benchmarks`: measure, print, and write benchmarks/results/*.csv and docs/*.svg."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import CASES, LONG, ON_DEMAND
from benchmarks.goals import Outcome
from benchmarks.line_plot import write_lines
from benchmarks.measuring import ROOT
from benchmarks.plot import write_plot
from benchmarks.report import in_words, machine, versions, write_csv


def main() -> int:
    """Run the chosen cases; the exit code is 1 where a goal is not met."""
    chosen = _arguments()
    outcomes: dict[str, Outcome] = {}
    print(f"{machine()}\n{versions()}")
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        left_out = ON_DEMAND | (LONG if chosen.quick else frozenset())
        for name in chosen.only or [one for one in CASES if one not in left_out]:
            outcomes[name] = CASES[name](Path(folder) / name, 1 if chosen.quick else chosen.rounds)
            print(in_words(outcomes[name]), flush=True)
        if chosen.peers:
            from benchmarks.peers.case import peers

            outcomes["peers"] = peers(Path(folder) / "peers", chosen.rounds)
            print(in_words(outcomes["peers"]), flush=True)
    write_csv(outcomes.values(), ROOT / "benchmarks" / "results")
    rounds = "one round" if chosen.rounds == 1 else f"medians of {chosen.rounds}"
    footer = f"{machine()}; {versions()}; {rounds}"
    if not chosen.quick and {"cost_by_rows", "cost_by_latency"} <= {*outcomes}:
        by_rows, by_latency = outcomes["cost_by_rows"], outcomes["cost_by_latency"]
        if "ten_million" in outcomes:
            by_rows.runs["ours, 10,000,000 rows"] = outcomes["ten_million"].runs["ours"]
        write_lines(by_rows, by_latency, footer, ROOT / "docs" / "costs.svg")
    if not chosen.quick and "one_asset" in outcomes:
        write_plot(outcomes["one_asset"], outcomes.get("peers"), footer, ROOT / "docs" / "benchmark.svg")
    goals = [goal for outcome in outcomes.values() for goal in outcome.goals]
    print(f"\n{sum(goal.is_met for goal in goals)} of {len(goals)} goals met")
    return 0 if all(goal.is_met for goal in goals) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--peers", action="store_true", help="PyAirbyte and Singer too, in environments made for them")
    parser.add_argument("--only", action="append", choices=list(CASES), help="this case (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="one round of what is short, and no plots")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of every case (3)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
