"""Read the results of one scenario over all seeds into arrays, ``[seed, trip]`` and ``[seed, link]``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .air import Breathed, read_breathed
from .evacuation import Evacuated, read_evacuated
from .runs import read_result
from .walks import Walked, read_walked

if TYPE_CHECKING:
    from .plans import Plan

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Results of one scenario. Trips and links are in the order of ``plan``."""

    plan: Plan
    seeds: tuple[int, ...]
    hashes: tuple[str, ...]  # of the final states
    travel_s: Floats  # [seed, trip]; NaN of those that did not arrive
    delay_s: Floats
    spent_s: Floats  # from departure to arrival or the end, waiting to enter included; 0 of those that did not set out
    driven_m: Floats
    entered_veh: Floats  # [seed, link]
    vehicle_s: Floats
    vehicle_m: Floats
    lost_s: Floats  # by all vehicles together, against driving freely
    stops: Floats
    standing_s: Floats
    longest_queue_veh: Floats
    stuck: Floats  # [seed] at the end, those without a route included
    kept: Floats  # [seed] trips that measures keep from setting out
    tolls_paid: Floats  # [seed] in the scenario's currency
    others_m: Floats  # [seed] driven by those who make nobody's trips: cars and buses of evacuees, responders
    evacuated: Evacuated | None
    walked: Walked | None
    breathed: Breathed | None

    @property
    def arrived(self) -> Bools:
        """Who arrived, ``[seed, trip]``."""
        return np.asarray(~np.isnan(self.travel_s))


def read_stack(folder: Path, plan: Plan, seeds: Sequence[int]) -> Stack:
    """Read the results of these seeds."""
    of_trips = {
        name: np.zeros((len(seeds), len(plan.trips))) for name in ("travel_s", "delay_s", "spent_s", "driven_m")
    }
    same = ("entered_veh", "vehicle_s", "vehicle_m", "stops", "standing_s")
    columns = dict(zip(same, same, strict=True))
    columns |= {"lost_s": "delay_s", "longest_queue_veh": "longest_queue_so_far_veh"}  # a run is one interval
    of_links = {name: np.zeros((len(seeds), plan.network.link_count)) for name in columns}
    stuck, kept, tolls_paid, others_m = (np.zeros(len(seeds)) for _ in range(4))
    hashes = []
    runs = [read_result(folder, plan.key, seed) for seed in seeds]
    for row, run in enumerate(runs):
        every = _columns(run.folder / "trips.parquet", ["depart_s", "travel_time_s", "delay_s", "distance_m", "status"])
        trips = {name: values[: len(plan.trips)] for name, values in every.items()}
        others_m[row] = every["distance_m"][len(plan.trips) :].sum()
        of_trips["travel_s"][row] = trips["travel_time_s"]
        of_trips["delay_s"][row] = trips["delay_s"]
        of_trips["driven_m"][row] = trips["distance_m"]
        idle = np.isin(trips["status"], ("pending", "no_route"))
        until_now_s = np.where(idle, 0.0, run.summary["sim_s"] - trips["depart_s"])
        of_trips["spent_s"][row] = np.where(np.isnan(trips["travel_time_s"]), until_now_s, trips["travel_time_s"])
        links = _columns(run.folder / "links.parquet", ["link", *columns.values()])
        at = [plan.network.link_row[link] for link in links["link"]]
        for name, column in columns.items():
            np.add.at(of_links[name][row], at, links[column])
        kept[row] = sum(run.summary.get("refused", {}).values())
        stuck[row] = run.summary["stuck"] - kept[row]
        tolls_paid[row] = run.summary.get("tolls_paid", {"total": 0.0})["total"]
        hashes.append(str(run.summary["state_hash"]))
    more = {"stuck": stuck, "kept": kept, "tolls_paid": tolls_paid, "others_m": others_m}
    walks = 0 if plan.on_foot is None else len(plan.on_foot.walks)
    evacuated, walked = read_evacuated(runs), read_walked(runs, walks)
    return Stack(
        plan,
        tuple(seeds),
        tuple(hashes),
        **of_trips,
        **of_links,
        **more,
        evacuated=evacuated,
        walked=walked,
        breathed=read_breathed(runs),
    )


def _columns(path: Path, names: list[str]) -> dict[str, NDArray[Any]]:
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=names)
    return {name: table[name].to_numpy() for name in names}
