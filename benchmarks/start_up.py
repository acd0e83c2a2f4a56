"""Measure what somebody waits for: help, the first-ever start, and the bundled city's two hours with a warm cache.

Run with ``python benchmarks/start_up.py [CITY]``. Every command runs in a fresh process, as a person would start it;
the first one compiles into an empty cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

HELP_RUNS = 5


def seconds(*command: str, cache: str | None = None) -> tuple[float, str]:
    """Wall time of ``citytwin`` with these arguments, and what it printed."""
    environment = os.environ | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    program = str(Path(sys.executable).with_name("citytwin"))
    begun_s = time.perf_counter()
    done = subprocess.run(
        [program, *command], env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    return time.perf_counter() - begun_s, done.stdout


def main() -> None:
    """Print one line per measurement."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("city", nargs="?", default="monaco")
    city = parser.parse_args().city
    helps = [seconds("--help")[0] for _ in range(HELP_RUNS)]
    print(f"citytwin --help                  {median(helps):6.2f} s  (median of {HELP_RUNS})")
    with tempfile.TemporaryDirectory() as folder:
        for what in ("first-ever start", "warm"):
            wall_s, answer = seconds(
                "demo", "--city", city, "-o", f"{folder}/run", "--json", cache=f"{folder}/numba_cache"
            )
            run = json.loads(answer)
            print(f"{city}, two hours, {what:16s} {wall_s:6.1f} s")
            print(f"    until the first step {run['setup_s']:.1f} s, steps {run['loop_s']:.1f} s:", end=" ")
            updates_m = run["vehicle_updates_per_s"] / 1e6
            print(f"{updates_m:.2f} M vehicle updates/s, {run['real_time_factor']:.0f} × real time")


if __name__ == "__main__":
    main()
