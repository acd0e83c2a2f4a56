"""Go through a scenario's demand, item by item: make its trips, or say all that is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence

from .attraction import POPULATION_COLUMNS
from .demand_development import check_development, development_trips
from .demand_files import read_trip_rows, trips_from_file
from .demand_kinds import Demand, Development, OdMatrix, RandomTrips, TripFile
from .demand_od import check_matrix_files, trips_from_matrix
from .demand_random import TOO_FAR, random_trips
from .demand_scaling import scaled
from .demand_tables import SHOWN, read_table
from .entry_ids import named_demand
from .network import RoadNetwork
from .places import Places, find_places
from .problems import NO_VALUE, Problem, SourceError
from .public_transport import bus_trips
from .scenario import Scenario
from .trips import TripTable


def make_trips(scenario: Scenario, network: RoadNetwork) -> tuple[list[TripTable], list[Problem]]:
    """Trips of each item of demand after all changes, those of buses, and every problem."""
    places = find_places(network)
    tables: list[TripTable] = []
    problems: list[Problem] = []
    for row, (name, item) in enumerate(named_demand(scenario)):
        try:
            made, found, trouble = _trips_of(scenario, item, name, network, places)
        except SourceError as error:
            made, found, trouble = None, [_about(scenario, row, "kind", str(error))], None
        if trouble is not None:
            found = [*found, _about(scenario, row, *trouble)]
        problems += found
        if made is not None:
            tables.append(made)
    if not problems:
        problems = _shared_ids(scenario, tables)
    if not problems:
        tables, problems = scaled(scenario, network, tables)
    if not problems:
        buses = bus_trips(scenario, network)
        problems = shared_with_buses(scenario, tables, buses)
        tables = [*tables, *buses]
    return tables, problems


def _trips_of(
    scenario: Scenario, item: Demand, name: str, network: RoadNetwork, places: Places
) -> tuple[TripTable | None, list[Problem], tuple[str, str] | None]:
    """Trips of one item, the problems of its files, and the key and the words of what is wrong with the item itself."""
    seed, duration_s, city_file = scenario.seed, scenario.duration_s, scenario.city.osm
    if isinstance(item, TripFile):
        return *trips_from_file(item.file, network, places), None
    if isinstance(item, OdMatrix):
        return *trips_from_matrix(item, name, network, places, seed=seed, duration_s=duration_s), None
    if isinstance(item, Development):
        return development_trips(
            item,
            name,
            network,
            places,
            seed=seed,
            start=scenario.start,
            duration_s=duration_s,
            city_file=city_file,
        )
    made, found, said = random_trips(item, name, network, places, seed=seed, duration_s=duration_s, city_file=city_file)
    return made, found, (_blamed(said), said) if said else None


def check_files(scenario: Scenario) -> list[Problem]:
    """What is wrong with the files of the demand, as far as that shows without a network."""
    problems: list[Problem] = []
    for row, item in enumerate(scenario.demand):
        if isinstance(item, TripFile):
            problems += read_trip_rows(item.file)[1].problems()
        elif isinstance(item, OdMatrix):
            problems += check_matrix_files(item)
        if isinstance(item, Development):
            found, trouble = check_development(item)
            problems += found if trouble is None else [_about(scenario, row, *trouble)]
        if isinstance(item, RandomTrips | Development) and item.file is not None:
            table, complaints = read_table(item.file, POPULATION_COLUMNS)
            if table is not None:
                table.numbers("population", low=0)
                table.numbers("lon", low=-180, high=180, unit="°")
                table.numbers("lat", low=-90, high=90, unit="°")
            problems += complaints.problems()
    return problems


def _about(scenario: Scenario, row: int, key: str, text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("demand", row, *key.split(".")), text)
    return Problem(scenario.file, None, f"demand[{row}].{key}", getattr(scenario.demand[row], key, NO_VALUE), text)


def _blamed(trouble: str) -> str:
    """The key of random trips that a trouble is about."""
    return "min_distance_m" if trouble.startswith(TOO_FAR) else "weights"


def _shared_ids(scenario: Scenario, tables: list[TripTable]) -> list[Problem]:
    """Trips of different items with the same id: they could not be told apart."""
    owner: dict[str, int] = {}
    problems = []
    for row, table in enumerate(tables):
        double = [name for name in table.id if owner.setdefault(name, row) != row]
        problems += [
            _about(scenario, row, "id", f'the trip "{name}" is in demand[{owner[name]}] too. Ids differ.')
            for name in double[:SHOWN]
        ]
        if len(double) > SHOWN:
            problems.append(_about(scenario, row, "id", f"and {len(double) - SHOWN:,} more trips are in two items."))
    return problems


def shared_with_buses(scenario: Scenario, tables: Sequence[TripTable], buses: Sequence[TripTable]) -> list[Problem]:
    """Lines of buses some of whose ids trips have too."""
    known = {name for table in tables for name in table.id}
    problems = []
    for row, table in enumerate(buses):
        double = [name for name in table.id if name in known]
        if double:
            said = f'its bus "{double[0]}" is called like a trip of the demand. Call the line otherwise.'
            key = f"public_transport[{row}].id"
            tree = scenario.source_map
            problems.append(
                Problem(scenario.file, None, key, scenario.public_transport[row].id, said)
                if tree is None
                else tree.problem(("public_transport", row, "id"), said)
            )
    return problems
