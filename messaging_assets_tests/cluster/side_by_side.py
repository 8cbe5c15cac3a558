"""How fast a backfill of daily windows is on one worker and on two.

`python -m messaging_assets_tests.cluster.side_by_side` needs the environment of `make cluster`, and a machine that does
nothing else meanwhile.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

from messaging_assets.sandbox import Fault
from messaging_assets_tests.cluster.deployment import deployed, is_over, plain

NAMES = ("one", "two")


def measured(workers: int, windows: int, latency: float) -> tuple[float, list[float]]:
    """Read windows with some workers, and see that every row is there once.

    Args:
        workers: how many; each takes one run at a time.
        windows: days.
        latency: seconds that the API takes for each answer.

    Returns:
        Seconds from the first run's start to the last one's end, and those of each run.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, deployed(Path(folder)) as cluster:
        rows = cluster.sandbox.rows("messaging", "messages")
        last = date.fromisoformat(max(row["timestamp"] for row in rows)[:10])
        days = [str(last - timedelta(days=back)) for back in range(windows)]
        for name in NAMES[:workers]:
            cluster.start_worker(name)
        cluster.backfill("history_merge", days[:workers])  # a worker's first run builds its process
        cluster.wait_for(lambda runs: is_over(runs, workers), 600)
        cluster.sandbox.fault(Fault(api="messaging", latency=latency))
        cluster.backfill("history_merge", days)
        runs = cluster.wait_for(lambda runs: is_over(runs, workers + windows), 1800)
        assert cluster.failures(runs) == []
        expected = plain([row for row in rows if row["timestamp"][:10] in days])
        assert cluster.rows("history_merge", "messages") == expected
        with cluster.instance() as instance:
            stats = [instance.get_run_stats(run.run_id) for run in runs]
    timed = sorted((float(one.start_time or 0), float(one.end_time or 0)) for one in stats)[workers:]
    return timed[-1][1] - timed[0][0], [end - start for start, end in timed]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure one worker and two, and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, default=60)
    parser.add_argument("--latency", type=float, default=0.5, help="seconds of each answer")
    asked = parser.parse_args(arguments)
    alone = 0.0
    for workers in (1, 2):
        seconds, runs = measured(workers, asked.windows, asked.latency)
        alone = alone or seconds
        told = f"{seconds:.1f} s, {alone / seconds:.2f} times one, {statistics.median(runs):.2f} s a run in the middle"
        sys.stdout.write(f"{workers} worker(s): {told}\n")


if __name__ == "__main__":
    main()
