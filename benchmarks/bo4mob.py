"""Read instances of BO4Mob (Ryu et al. 2025, arXiv 2510.18824) and run them by its evaluation rule.

A folder holds ``net.xml``, ``routes_single.csv``, ``sim_setup.json`` and ``counts/*.csv``; see the README beside them.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.observed import Observed
from citytwin.scenarios.sumo_network import read_sumo_net
from citytwin.sim.calibrate.flows import Flows

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "calibration" / "bo4mob"
# The vehicle type of additional.xml; what it leaves out is SUMO's default for the IDM.
DRIVERS = Drivers(
    model="idm",
    headway_s=1.0,
    min_gap_m=1.5,
    max_accel_mps2=2.6,
    comfort_decel_mps2=4.5,
    max_decel_mps2=9.0,
    length_m=5.0,
    speed_factor_mean=1.0,
    speed_factor_sd=0.0,
)


@dataclass(frozen=True)
class Instance:
    """A network with its OD pairs."""

    folder: Path
    network: RoadNetwork
    flows: Flows
    low: float
    high: float
    sensor_start_s: float
    sensor_end_s: float

    def observed(self, date_hour: str) -> Observed:
        """The counts of a date and hour such as ``221014_08-09``."""
        counts = read_counts(self.folder / "counts" / f"{date_hour}.csv")
        links = np.array([self.network.link_row[name] for name in counts], np.int32)
        return Observed.counts(
            list(counts), links, self.sensor_start_s, self.sensor_end_s, np.array(list(counts.values()))
        )


def load_instance(name: str, data: Path = DATA) -> Instance:
    """Read an instance: ``1ramp``, ``2corridor``, ``4smallRegion``."""
    folder = data / name
    setup = json.loads((folder / "sim_setup.json").read_text(encoding="utf-8"))
    network = read_sumo_net(folder / "net.xml")
    with (folder / "routes_single.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    routes = [[network.link_row[link] for link in row["route_edges"].split()] for row in rows]
    names = [f"{row['fromTaz']} {row['toTaz']}" for row in rows]
    return Instance(
        folder,
        network,
        Flows.of(names, routes, 0.0, setup["od_end_time"]),
        setup["od_bound_start"],
        setup["od_bound_end"],
        setup["sensor_start_time"],
        setup["sensor_end_time"],
    )


def read_counts(path: Path) -> dict[str, float]:
    """Counts by link."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        return {row[0]: float(row[1]) for row in rows if row}


def nrmse(observed: Observed, counts: np.ndarray) -> float:
    """The benchmark's score of one member's counts: root of n times the squared errors over the sum of the counts."""
    squares = float(((observed.value - counts) ** 2).sum())
    return math.sqrt(len(observed) * squares) / float(observed.value.sum())
