"""Say before a comparison runs how long it will take and how much memory, from what its first run took."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

from ..report import style
from ..run_folder import Run
from .runs import COST

GIGABYTE = 1e9


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the runs that are left need."""

    runs: int
    workers: int
    run_s: float  # wall time of one run
    worker_bytes: int | None  # memory of one worker; None where the system does not tell
    free_bytes: int | None

    @property
    def wall_s(self) -> float:
        """Until all are done, on cores that nobody else uses."""
        return math.ceil(self.runs / max(self.workers, 1)) * self.run_s

    def text(self) -> str:
        """In words."""
        workers = style.count(self.workers, "process", "processes")
        told = (
            f"{style.count(self.runs, 'run')} to do, about {style.number(self.run_s, figures=2)} s each: "
            f"about {style.minutes_seconds(max(self.wall_s, 1.0))} in {workers}"
        )
        if self.worker_bytes is None:
            return told
        needed = self.workers * self.worker_bytes
        told += f", {style.number(needed / GIGABYTE, figures=2)} GB of memory"
        if self.free_bytes is None:
            return told
        told += f" ({style.number(self.free_bytes / GIGABYTE, figures=2)} GB are free)"
        if needed > self.free_bytes and self.workers > 1:
            told += f". Too little: --workers {max(1, self.free_bytes // self.worker_bytes)} would fit"
        return told


def forecast(first: Run, *, runs: int, workers: int) -> Forecast:
    """What ``runs`` more runs need when they cost what a first one did."""
    cost = json.loads((first.folder / COST).read_text(encoding="utf-8"))
    return Forecast(runs, min(workers, max(runs, 1)), cost["wall_s"], cost["peak_bytes"], _free_bytes())


def _free_bytes() -> int | None:
    """Memory that programs may take without pushing others out; None where the system does not tell."""
    try:
        with Path("/proc/meminfo").open(encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return 1024 * int(lines["MemAvailable"].split()[0])
    except (OSError, KeyError, ValueError):
        pass
    try:
        return int(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, ValueError, OSError):
        return None
