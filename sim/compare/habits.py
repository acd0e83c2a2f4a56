"""Find the routes of people who know the streets once for each scenario of a comparison, and keep them in its folder.

They know the streets and not one day's other drivers: the routes are those of the first seed, and all seeds share them.
"""

from __future__ import annotations

import hashlib
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..equilibrium import Iteration, Settled

if TYPE_CHECKING:
    from ...scenarios.scenario import Scenario
    from ...scenarios.trips import TripTable
    from ..progress import Progress
    from .plans import Plan

HABITS = "routes"  # folder of what is kept
NO_MATTER = {"name", "base", "outputs", "sensors", "report", "values"}  # for routes


def with_habits(folder: Path, plans: Sequence[Plan], progress: Progress) -> list[Plan]:
    """The same plans, with trips bound to the routes on which people settle where they get used to the streets."""
    found: list[Plan] = []
    for plan in plans:
        if not plan.scenario.routes.adapts:
            found.append(plan)
            continue
        path = folder / HABITS / f"{_key(plan.scenario)}.npz"
        settled = _read(path, plan)
        if settled is None:
            settled = _settle(plan, progress)
            _write(path, settled)
        found.append(replace(plan, trips=settled.trips, settled=settled))
    return found


def _settle(plan: Plan, progress: Progress) -> Settled:
    from ..everyday import settle

    def tell(text: str) -> None:
        progress.stage(f"{plan.scenario.name}: {text}")

    return settle(plan.scenario, plan.network, plan.trips, tell=tell)


def _key(scenario: Scenario) -> str:
    """Names what decides the routes: scenarios that differ only in what happens on the one day share them."""
    every_day = scenario.model_copy(update={"events": scenario.everyday_events})
    return hashlib.sha256(every_day.model_dump_json(exclude=NO_MATTER).encode()).hexdigest()[:16]


def _write(path: Path, settled: Settled) -> None:
    """Keep routes, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    rows = [list(asdict(row).values()) for row in settled.iterations]
    np.savez(
        beside,
        route_start=settled.trips.route_start,
        route_link=settled.trips.route_link,
        iterations=np.array(rows),
        chosen=settled.chosen.iteration,
    )
    beside.replace(path)


def _read(path: Path, plan: Plan) -> Settled | None:
    """Routes that are kept; None where there are none, or the file is damaged."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            rows = tuple(Iteration(int(row[0]), *map(float, row[1:])) for row in kept["iterations"])
            trips = _bound(plan.trips, kept["route_start"], kept["route_link"])
            chosen = rows[int(kept["chosen"]) - 1]
    except (FileNotFoundError, OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return Settled(plan.scenario.routes, trips, rows, chosen)


def _bound(trips: TripTable, start: np.ndarray, link: np.ndarray) -> TripTable:
    if start.size != len(trips) + 1 or start[-1] != link.size:
        msg = "routes of other trips"
        raise ValueError(msg)
    for column in (start, link):
        column.setflags(write=False)
    return replace(trips, route_start=start, route_link=link)
