"""Make small traffic cases in Python: a network by rule, trips in a table, a scenario without files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.streets import BICYCLE, JunctionSpec, StreetGraph
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.scenarios.trips import TripTable
from citytwin.sim.simulation import Simulation

Row = tuple[Any, ...]  # id, depart_s, origin link, destination link and, if you like, class, origin_m, destination_m


def make_scenario(**keys: Any) -> Scenario:
    """A scenario of half an hour whose city and demand are never read."""
    defaults = {
        "citytwin": 1,
        "name": "case",
        "start": "2026-05-04T07:00",
        "duration_s": 1800,
        "city": {"place": "nowhere"},
    }
    return Scenario.model_validate(defaults | keys)


def make_trips(network: RoadNetwork, rows: Iterable[Row]) -> TripTable:
    """Trips given by link ids."""
    full = [(*row, *(0, np.nan, np.nan)[len(row) - 4 :]) for row in rows]
    ids, depart, origin, destination, kind, origin_m, destination_m = zip(*full, strict=True) if full else ((),) * 7
    return TripTable.sorted(
        ids,
        np.array(depart, float),
        np.array([network.link_row[link] for link in origin], np.int32),
        np.array([network.link_row[link] for link in destination], np.int32),
        vehicle_class=np.array(kind, np.int8),
        origin_m=np.array(origin_m, float),
        destination_m=np.array(destination_m, float),
    )


def simulate(network: RoadNetwork, rows: Iterable[Row], *, seed: int | None = None, **keys: Any) -> Simulation:
    """A simulation at t = 0; ``keys`` are those of the scenario."""
    vehicle_type = keys.pop("vehicle_type", None)
    more = {} if vehicle_type is None else {"vehicle_type": vehicle_type}
    return Simulation(make_scenario(**keys), network, make_trips(network, rows), seed=seed, **more)


def road_of(lengths_m: Sequence[float], *, lanes: int = 1, speed_kmh: float = 50.0) -> RoadNetwork:
    """A straight one-way road from gate to gate, cut into links; nobody crosses it.

    Link ``k`` is ``way/place k>place k+1``.
    """
    at = np.concatenate([[0.0], np.cumsum(lengths_m)])
    last = len(lengths_m)
    specs = [
        JunctionSpec(f"place {k}", x, 0.0, gate={0: "entry", last: "exit"}.get(k, ""))
        for k, x in enumerate(at.tolist())
    ]
    roads = [
        Road(f"place {k}", f"place {k + 1}", lanes, 0, "secondary", speed_kmh=speed_kmh, name="Road")
        for k in range(last)
    ]
    return build_network(draw_city("road", specs, roads))


def open_to_bicycles(graph: StreetGraph) -> StreetGraph:
    """The same streets, on whose every lane bicycles may ride too."""
    streets = [replace(one, lane_access=tuple(bits | BICYCLE for bits in one.lane_access)) for one in graph.streets]
    return replace(graph, streets=tuple(streets))


def link_between(start: str, end: str) -> str:
    """Id of the link between two places of a synthetic city."""
    return f"way/{start}>{end}"


TOWN_AT = (9.0, 47.0)  # lon, lat of the town's first crossing
BLOCK_DEGREES = (0.002, 0.00135)  # about 150 m each


def write_town(path: Path, size: int = 4) -> Path:
    """Write a town as OpenStreetMap XML: ``size`` by ``size`` crossings 150 m apart, signals at those inside."""
    nodes, ways = [], []
    for row in range(size):
        for column in range(size):
            lon, lat = TOWN_AT[0] + column * BLOCK_DEGREES[0], TOWN_AT[1] + row * BLOCK_DEGREES[1]
            inner = 0 < row < size - 1 and 0 < column < size - 1
            tag = '<tag k="highway" v="traffic_signals"/>' if inner else ""
            nodes.append(f'<node id="{10 * row + column + 1}" lat="{lat:.7f}" lon="{lon:.7f}">{tag}</node>')
    for k in range(size):
        for way, refs in (
            (100 + k, [10 * k + c + 1 for c in range(size)]),
            (200 + k, [10 * r + k + 1 for r in range(size)]),
        ):
            inside = "".join(f'<nd ref="{ref}"/>' for ref in refs)
            tags = f'<tag k="highway" v="secondary"/><tag k="lanes" v="2"/><tag k="name" v="Street {way}"/>'
            ways.append(f'<way id="{way}">{inside}{tags}</way>')
    path.write_text(f'<?xml version="1.0"?><osm version="0.6">{"".join(nodes + ways)}</osm>', encoding="utf-8")
    return path


def write_scenario(folder: Path, **keys: Any) -> Path:
    """Write a scenario of ten minutes in a town; ``keys`` replace or add to its own."""
    write_town(folder / "town.osm")
    defaults = {
        "citytwin": 1,
        "name": "Town",
        "seed": 3,
        "start": "2026-05-04T07:00",
        "duration_s": 600,
        "city": {"osm": "town.osm"},
        "demand": [{"kind": "random_trips", "per_hour": 1500, "min_distance_m": 200}],
    }
    path = folder / "town.yaml"
    path.write_text(json.dumps(defaults | keys), encoding="utf-8")  # JSON is YAML
    return path


class Notebook:
    """Takes the place of a run folder and keeps tables as lists."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))

    def writer(self, name):
        tables = self.tables

        class Writer:
            def write(self, columns):
                for column, values in columns.items():
                    tables[name][column] += list(values)

        return Writer()

    def table(self, name: str) -> dict[str, np.ndarray]:
        return {column: np.array(values) for column, values in self.tables[name].items()}
