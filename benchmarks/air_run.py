"""Measure what asking for the air costs: the bundled morning with and without it, in pairs, CPU time.

Run it with ``python benchmarks/air_run.py``; it takes a few minutes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from citytwin.scenarios import buildings
from citytwin.sim.report import write_report
from citytwin.sim.run import run_scenario

PAIRS = 5


def cpu_s(name: str) -> tuple[float, float]:
    """CPU time of a run and of its report, as in a process of their own."""
    buildings._read.cache_clear()
    with tempfile.TemporaryDirectory() as folder:
        begun_s = time.process_time()
        run_scenario(name, Path(folder) / "run")
        ran_s = time.process_time()
        write_report(Path(folder) / "run")
        return ran_s - begun_s, time.process_time() - ran_s


def main() -> None:
    for name in ("monaco/morning", "monaco/air"):
        cpu_s(name)  # compiles
    runs, wholes = [], []
    for _ in range(PAIRS):
        without, with_air = cpu_s("monaco/morning"), cpu_s("monaco/air")
        runs.append(with_air[0] / without[0])
        wholes.append(sum(with_air) / sum(without))
        print(
            f"without {without[0]:.2f} + {without[1]:.2f} s, with {with_air[0]:.2f} + {with_air[1]:.2f} s", flush=True
        )
    print(f"the run costs {statistics.median(runs):.2f} times as much, with its report {statistics.median(wholes):.2f}")


if __name__ == "__main__":
    main()
