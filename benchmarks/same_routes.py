"""Compare traffic with SUMO's, link by link: one net, the same routes, SUMO's own drivers, nobody teleported.

    pip install 'citytwin[bench]'
    python benchmarks/same_routes.py [CASE …] [--until-s 3600]

For each case it prints the mean time of the trips that arrived in both, how well flows of links agree (share of the
variance of SUMO's that ours explain), and how many of the twenty links that cost SUMO's drivers most time are among our
twenty. SUMO with another seed stands beside: no model can be expected to come closer. The region and the district need
the data beside the repository.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from lxml import etree
from peers import CASES, HOUR_S, Case, make_case, quietly, sumo_home

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.sumo_import import import_sumo
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
REGION = DATA / "calibration" / "bo4mob" / "4smallRegion"
DISTRICT = DATA / "sumo" / "bologna_pasubio" / "run.sumocfg"
PER_PAIR = 25  # vehicles an hour of each pair of the region
WORST = 20


@dataclass(frozen=True)
class Traffic:
    """What one run came to, by trip and by link."""

    travel_s: dict[str, float]  # of trips that arrived, the wait to enter included
    flow: dict[str, float]  # vehicles that drove a link to its end, or to where they arrived
    lost_s: dict[str, float]  # vehicle seconds more than at the limit


def make_region(folder: Path) -> Path:
    """Write a configuration in which each pair of the region sends the same number of vehicles an hour."""
    folder.mkdir(parents=True, exist_ok=True)
    with (REGION / "routes_single.csv").open(encoding="utf-8", newline="") as file:
        routes = [row["route_edges"] for row in csv.DictReader(file)]
    flows = [
        f'<flow id="pair{pair}" begin="0" end="{HOUR_S}" number="{PER_PAIR}" departLane="best">'
        f'<route edges="{edges}"/></flow>'
        for pair, edges in enumerate(routes)
    ]
    (folder / "case.rou.xml").write_text("<routes>" + "\n".join(flows) + "</routes>", encoding="utf-8")
    return write_configuration(folder, REGION / "net.xml")


def write_configuration(folder: Path, net: Path) -> Path:
    """Write a configuration for the routes of a folder."""
    shutil.copy(net, folder / "case.net.xml")
    place = folder / "case.sumocfg"
    place.write_text(
        '<configuration><input><net-file value="case.net.xml"/><route-files value="case.rou.xml"/></input>'
        f'<time><begin value="0"/><end value="{HOUR_S}"/></time></configuration>',
        encoding="utf-8",
    )
    return place


def make_random(case: Case, folder: Path) -> Path:
    """Write a net with random trips, as ``peers`` does."""
    make_case(case, folder)
    return folder / "case.sumocfg"


PLACES: dict[str, Callable[[Path], Path]] = {
    "grid20": partial(make_random, CASES["grid20"]),
    "grid40": partial(make_random, CASES["grid40"]),
    "city": partial(make_random, CASES["city"]),
    "motorway": partial(make_random, Case("motorway", 0.5, net="tools/game/A10KW/osm.net.xml")),
    "region": make_region,
    "district": lambda folder: DISTRICT,
}


def sumo_traffic(configuration: Path, until_s: int, seed: int) -> Traffic:
    """Run SUMO's microscopic model."""
    with tempfile.TemporaryDirectory() as name:
        edges, trips = Path(name) / "edges.xml", Path(name) / "trips.xml"
        quietly(
            *(sumo_home() / "bin" / "sumo", f"--configuration-file={configuration}", f"--end={until_s}"),
            *(f"--seed={seed}", f"--edgedata-output={edges}", f"--tripinfo-output={trips}"),
            *("--time-to-teleport=-1", "--no-step-log", "--no-warnings"),
        )
        links = {edge.get("id"): edge for edge in etree.parse(edges).getroot().iter("edge")}
        arrived = etree.parse(trips).getroot().iter("tripinfo")
        return Traffic(
            {one.get("id"): float(one.get("duration")) + float(one.get("departDelay")) for one in arrived},
            {name: float(edge.get("left")) + float(edge.get("arrived")) for name, edge in links.items()},
            {name: float(edge.get("timeLoss")) for name, edge in links.items()},
        )


def own_traffic(configuration: Path, until_s: int, folder: Path) -> Traffic:
    """Run the imported scenario."""
    if not (folder / "ours" / "scenario.yaml").exists():
        import_sumo(configuration, folder / "ours")
    scenario = load_scenario(folder / "ours" / "scenario.yaml")
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    simulation.run(until_s)
    fleet, links = simulation.model.fleet, network.links
    lanes, first = fleet.cities, links.lane_start[:-1]
    here = fleet.vehicles.status[0] == table.ARRIVED
    travel_s = fleet.vehicles.arrived_s[0] - fleet.trips.depart_s
    flow = np.add.reduceat(lanes.lane_i[0, table.WENT_OUT, : network.lane_count], first)
    spent_s, driven_m = (
        np.add.reduceat(lanes.lane_f[0, column, : network.lane_count], first)
        for column in (table.VEHICLE_S, table.VEHICLE_M)
    )
    lost_s = spent_s - driven_m / links.speed_mps
    return Traffic(
        {fleet.trips.id[row]: float(travel_s[row]) for row in np.flatnonzero(here)},
        dict(zip(links.id, flow.astype(float).tolist(), strict=True)),
        dict(zip(links.id, lost_s.tolist(), strict=True)),
    )


def compared(ours: Traffic, theirs: Traffic) -> str:
    """Cells of a table: trips, mean times, agreement of flows, worst links in common."""
    both = sorted(ours.travel_s.keys() & theirs.travel_s.keys())
    mean_s = [float(np.mean([one.travel_s[trip] for trip in both])) for one in (ours, theirs)]
    links = sorted(theirs.flow.keys() & ours.flow.keys())
    flow, wanted = (np.array([one.flow[link] for link in links]) for one in (ours, theirs))
    explained = 1.0 - ((flow - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    worst = [set(sorted(links, key=one.lost_s.__getitem__)[-WORST:]) for one in (ours, theirs)]
    return (
        f"{len(ours.travel_s):,}, {len(theirs.travel_s):,} | {mean_s[0]:.0f}, {mean_s[1]:.0f} "
        f"({mean_s[0] / mean_s[1] - 1.0:+.0%}) | {explained:.3f} | {len(worst[0] & worst[1])}"
    )


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(PLACES)} (default: all)")
    parser.add_argument("--until-s", type=int, default=HOUR_S)
    arguments = parser.parse_args()
    unknown = [name for name in arguments.cases if name not in PLACES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}. There are {', '.join(PLACES)}.")
    print("| case | arrived: left, right | mean time of those in both, s | R² of flows | of the worst 20 links |")
    print("| --- | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as name:
        for case in arguments.cases or PLACES:
            folder = Path(name) / case
            configuration = PLACES[case](folder)
            theirs, again = (sumo_traffic(configuration, arguments.until_s, seed) for seed in (1, 2))
            ours = own_traffic(configuration, arguments.until_s, folder)
            print(f"| {case}: citytwin, SUMO | {compared(ours, theirs)} |", flush=True)
            print(f"| {case}: SUMO with another seed, SUMO | {compared(again, theirs)} |", flush=True)


if __name__ == "__main__":
    main()
