"""Make the walks of a scenario by the kinds of demand that vehicles have, or say all that is wrong with them."""

from __future__ import annotations

from collections import Counter
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .attraction import POPULATION_COLUMNS
from .demand_files import read_trip_rows, trips_from_file
from .demand_kinds import OdMatrix, RandomTrips, TripFile
from .demand_od import check_matrix_files, trips_from_matrix
from .demand_random import TOO_FAR, random_trips
from .demand_tables import read_table
from .load_network import load_walk_network
from .network import Connectors, Control, Junctions, Lanes, Links, Movements, RoadNetwork, Signals
from .places import Places, middle_of_links
from .problems import NO_VALUE, Problem, ScenarioError, SourceError
from .streets import FOOT
from .trips import TripTable
from .walk_network import WalkKind, WalkNetwork

if TYPE_CHECKING:
    from .scenario import Scenario
    from .walking import WalkDemand

Table = TypeVar("Table", Movements, Connectors, Signals)


def walk_network_of(scenario: Scenario, roads: RoadNetwork) -> WalkNetwork:
    """Where people walk in a scenario's city, with what its plan changes in the streets."""
    return load_walk_network(
        scenario.city.source, roads, scenario.network, period=scenario.period, changes=scenario.streets
    )


def build_walks(scenario: Scenario, walk: WalkNetwork) -> TripTable:
    """Walks of a scenario, from link to link of its walk network.

    Raises
    ------
    ScenarioError
        With every problem of every item of `walks`.
    """
    tables, problems = make_walks(scenario, walk)
    if problems:
        raise ScenarioError(problems)
    return TripTable.joined(tables)


def make_walks(scenario: Scenario, walk: WalkNetwork) -> tuple[list[TripTable], list[Problem]]:
    """Walks of each item, and every problem."""
    streets, places = as_streets(walk)
    tables: list[TripTable] = []
    problems: list[Problem] = []
    seen: Counter[str] = Counter()
    owner: dict[str, int] = {}
    for row, item in enumerate(scenario.walks):
        seen[item.kind] += 1
        name = item.id or f"walk {item.kind}" + (f"-{seen[item.kind]}" if seen[item.kind] > 1 else "")
        try:
            made, found, trouble = _walks_of(scenario, item, name, streets, places)
        except SourceError as error:
            made, found, trouble = None, [], str(error)
        problems += found
        if trouble:
            key = "min_distance_m" if trouble.startswith(TOO_FAR) else "kind"
            problems.append(_about(scenario, row, key, trouble))
        if made is not None:
            double = next((one for one in made.id if owner.setdefault(one, row) != row), None)
            if double is not None:
                said = f'the walk "{double}" is in walks[{owner[double]}] too. Ids differ.'
                problems.append(_about(scenario, row, "id", said))
            tables.append(made)
    return tables, problems


def check_walk_files(scenario: Scenario) -> list[Problem]:
    """What is wrong with the files of `walks`, as far as that shows without a network."""
    problems: list[Problem] = []
    for item in scenario.walks:
        if isinstance(item, TripFile):
            problems += read_trip_rows(item.file, on_foot=True)[1].problems()
        elif isinstance(item, OdMatrix):
            problems += check_matrix_files(item)
        elif item.file is not None:
            problems += read_table(item.file, POPULATION_COLUMNS)[1].problems()
    return problems


def check_walks(scenario: Scenario, roads: RoadNetwork | None) -> list[Problem]:
    """Every problem of a scenario's walks; with its streets also whether their places exist."""
    if not scenario.walks:
        return []
    if roads is None:
        return check_walk_files(scenario)
    return make_walks(scenario, walk_network_of(scenario, roads))[1]


def _walks_of(
    scenario: Scenario, item: WalkDemand, name: str, streets: RoadNetwork, places: Places
) -> tuple[TripTable | None, list[Problem], str]:
    seed, duration_s = scenario.seed, scenario.duration_s
    if isinstance(item, TripFile):
        return *trips_from_file(item.file, streets, places, on_foot=True), ""
    if isinstance(item, OdMatrix):
        return *trips_from_matrix(item, name, streets, places, seed=seed, duration_s=duration_s), ""
    assert isinstance(item, RandomTrips)
    return random_trips(item, name, streets, places, seed=seed, duration_s=duration_s, city_file=scenario.city.osm)


def _about(scenario: Scenario, row: int, key: str, text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("walks", row, key), text)
    return Problem(scenario.file, None, f"walks[{row}].{key}", getattr(scenario.walks[row], key, NO_VALUE), text)


def as_streets(walk: WalkNetwork) -> tuple[RoadNetwork, Places]:
    """A walk network in the terms of a road network, for what reads demand: a link of the one is a link of the other.

    Walks begin and end on its largest connected part, on anything but crossings.
    """
    links, nodes, count = walk.links, walk.nodes, walk.link_count
    one = np.zeros(1, np.int32)
    rows = np.arange(count + 1, dtype=np.int32)
    streets = RoadNetwork(
        name=walk.name,
        epsg=walk.epsg,
        drives_on_left=False,
        country="",
        source=walk.source,
        attribution=walk.attribution,
        junctions=Junctions(
            id=nodes.id,
            x_m=nodes.x_m,
            y_m=nodes.y_m,
            control=np.full(len(nodes.id), Control.FREE, np.int8),
            source_nodes=((),) * len(nodes.id),
            gate=("",) * len(nodes.id),
            connector_start=np.zeros(len(nodes.id) + 1, np.int32),
        ),
        links=Links(
            id=links.id,
            name=links.name,
            from_junction=links.from_node,
            to_junction=links.to_node,
            length_m=links.length_m,
            speed_mps=np.ones(count),
            road_class=np.zeros(count, np.int8),
            lane_start=rows,
            movement_start=np.zeros(count + 1, np.int32),
            twin=np.full(count, -1, np.int32),
            roundabout=np.zeros(count, np.bool_),
            destination_only=np.zeros(count, np.bool_),
            layer=np.zeros(count, np.int8),
            shape_start=links.shape_start,
            shape_xy=links.shape_xy,
            source_ways=((),) * count,
            assumed=(frozenset(),) * count,
        ),
        lanes=Lanes(
            link=rows[:-1],
            index=np.zeros(count, np.int8),
            width_m=links.width_m,
            access=np.full(count, FOOT, np.int32),
            connector_start=np.zeros(count + 1, np.int32),
        ),
        movements=_empty(Movements),
        connectors=_empty(Connectors, foe_start=one, shape_start=one, shape_xy=np.zeros((0, 2))),
        signals=_empty(Signals, id=(), phase_start=one, light_start=one),
    )
    x_m, y_m = middle_of_links(streets)
    within = (walk.parts()[links.from_node] == 0) if count else np.zeros(0, np.bool_)
    nowhere = np.zeros(count, np.bool_)
    addressed = links.kind != WalkKind.CROSSING
    return streets, Places(x_m, y_m, lambda: (within, within), addressed, nowhere, nowhere)


def _empty(kind: type[Table], **columns: Any) -> Table:
    """A table of a road network without rows; ``columns`` are those that are not empty even then."""
    kinds = {"Ints": np.int32, "Bytes": np.int8, "Floats": np.float64, "Bools": np.bool_}
    needed: dict[str, Any] = {
        column.name: np.zeros(0, kinds.get(str(column.type), np.int64))
        for column in fields(kind)
        if column.default is MISSING and column.default_factory is MISSING
    }
    return kind(**(needed | columns))
