"""Fill real extracts moderately for two hours and see whether they lock.

Run with ``python benchmarks/gridlock.py EXTRACT…``; an extract is the name of one in ``../shared/data/osm``, a bundled
city, or a file. The demand is 200 departures an hour for every kilometre of main road: roads of class tertiary and
above without ramps, from stop line to stop line, the two directions of a road counted once (``--both`` counts each).
Trips run between random places, more often where streets are longer.

Where trips are long or main roads few, that is more than some streets carry (column "asked": flow over capacity of the
busiest street, see ``overload.py``), and queues grow however junctions are built. ``--moderate`` lowers the demand of
such an extract until no street is asked for more than 0.85 of its capacity.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from overload import ITERATIONS, MOST, saturation

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.network import CLASS_NAMES, ROAD_CLASSES, RoadNetwork
from citytwin.scenarios.scenario import Scenario
from citytwin.sim.gridlock import find_locks
from citytwin.sim.observers import Head
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation

EXTRACTS = Path(__file__).resolve().parents[2] / "shared" / "data" / "osm"
DEPARTURES_PER_H_KM = 200.0
TWO_HOURS_S = 7200.0
LARGEST_CUT = 0.6
MAIN_RANK = ROAD_CLASSES["tertiary"]
HEADINGS = (
    "extract",
    "links",
    "main km",
    "per km",
    "asked",
    "trips/h",
    "set out",
    "arrived",
    "waiting",
    "stuck %",
    "km/h",
    "stood s",
    "wall s",
)


@dataclass(frozen=True, slots=True)
class Filling:
    """How an extract bore its traffic."""

    links: int
    main_km: float
    per_h_km: float
    asked: float  # flow over capacity of the busiest street
    per_hour: float
    created: int
    arrived: int
    waiting: int
    stuck: int
    mean_kmh: float  # all distance driven over all time spent driving
    longest_standing_s: float  # of those who stand at the end
    locks: tuple[tuple[str, ...], ...]

    @property
    def stuck_share(self) -> float:
        """Part of those who set out that stands for good, or found no way."""
        return self.stuck / max(self.created, 1)


def main_road_km(network: RoadNetwork, *, both: bool = False) -> float:
    """Length of roads of class tertiary and above, without ramps; with ``both`` each direction counts."""
    links = network.links
    rank = np.array([ROAD_CLASSES[name] for name in CLASS_NAMES])[links.road_class]
    share = np.where((links.twin >= 0) & (not both), 0.5, 1.0)
    return float((links.length_m * share)[rank >= MAIN_RANK].sum()) / 1000.0


def extract_file(name: str) -> Path:
    """File of an extract by its name, of a bundled city by its own, or the file itself."""
    if name in bundled_cities():
        return bundled_cities()[name]
    found = sorted(file for end in (".osm.gz", ".osm.pbf") for file in EXTRACTS.glob(f"*/{name}{end}"))
    return found[0] if found else Path(name)


def random_trips(file: Path, *, per_hour: float, duration_s: float, seed: int) -> Scenario:
    """So many trips an hour between random places of an extract."""
    settings = {"citytwin": 1, "name": file.name.partition(".")[0], "start": "2026-05-04T07:00", "seed": seed}
    demand = {"kind": "random_trips", "per_hour": per_hour}
    return Scenario.model_validate(settings | {"duration_s": duration_s, "city": {"osm": file}, "demand": [demand]})


def fill(
    file: Path,
    *,
    per_h_km: float = DEPARTURES_PER_H_KM,
    both: bool = False,
    duration_s: float = TWO_HOURS_S,
    seed: int = 1,
    moderate: bool = False,
    iterations: int = ITERATIONS,
) -> tuple[Filling, Simulation]:
    """Run random trips on an extract; ``moderate``: no more of them than its streets carry."""
    network = network_of(random_trips(file, per_hour=1.0, duration_s=duration_s, seed=seed))
    main_km = main_road_km(network, both=both)
    while True:
        per_hour = max(per_h_km * main_km, 1.0)
        scenario = random_trips(file, per_hour=per_hour, duration_s=duration_s, seed=seed)
        trips = trips_of(scenario, network)
        asked = float(saturation(network, trips, duration_s, iterations=iterations).max())
        if not moderate or asked <= MOST:
            break
        per_h_km *= max(MOST / asked, LARGEST_CUT)  # what gaps leave falls faster than flows grow: not all at once
    simulation = Simulation(scenario, network, trips, seed=seed)
    simulation.run()
    fleet, vehicles = simulation.model.fleet, simulation.model.fleet.vehicles
    head = Head(fleet, scenario.outputs.stuck_after_s)
    driving = vehicles.status[0] == table.DRIVING
    driven_s = np.where(driving, simulation.t_s, vehicles.arrived_s[0]) - vehicles.entered_s[0]
    filling = Filling(
        links=network.link_count,
        main_km=main_km,
        per_h_km=per_h_km,
        asked=asked,
        per_hour=per_hour,
        created=head.created,
        arrived=head.arrived,
        waiting=head.waiting,
        stuck=head.stuck,
        mean_kmh=3.6 * float(vehicles.driven_m[0].sum() / max(np.nansum(driven_s), 1.0)),
        longest_standing_s=float(vehicles.standing_s[0, driving].max(initial=0.0)),
        locks=tuple(find_locks(fleet)),
    )
    return filling, simulation


def main() -> None:
    """Print a line per extract, and the locks below it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("extract", nargs="+")
    parser.add_argument("--per-km", type=float, default=DEPARTURES_PER_H_KM, help="departures an hour per km")
    parser.add_argument("--both", action="store_true", help="count both directions of a road")
    parser.add_argument("--moderate", action="store_true", help="no more than the streets carry")
    parser.add_argument("--iterations", type=int, default=ITERATIONS, help="of the assignment; large cities take long")
    parser.add_argument("--duration-s", type=float, default=TWO_HOURS_S)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(f"{HEADINGS[0]:16s}" + "".join(f"{heading:>9s}" for heading in HEADINGS[1:]))
    for name in options.extract:
        begun_s = time.perf_counter()
        found, _ = fill(
            extract_file(name),
            per_h_km=options.per_km,
            both=options.both,
            duration_s=options.duration_s,
            seed=options.seed,
            moderate=options.moderate,
            iterations=options.iterations,
        )
        figures = [
            f"{found.links:d}",
            f"{found.main_km:.1f}",
            f"{found.per_h_km:.0f}",
            f"{found.asked:.2f}",
            f"{found.per_hour:.0f}",
            f"{found.created:d}",
            f"{found.arrived:d}",
            f"{found.waiting:d}",
            f"{100.0 * found.stuck_share:.2f}",
            f"{found.mean_kmh:.1f}",
            f"{found.longest_standing_s:.0f}",
            f"{time.perf_counter() - begun_s:.0f}",
        ]
        print(f"{name:16s}" + "".join(f"{figure:>9s}" for figure in figures), flush=True)
        for ring in found.locks:
            print("    lock: " + " → ".join(ring))


if __name__ == "__main__":
    main()
