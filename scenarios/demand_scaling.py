"""Scale trips by a factor: the same trips as before as far as there are as many, and others with ids of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .areas import links_in
from .chance import draws
from .entry_ids import named_changes, named_demand
from .network import Bools, RoadNetwork
from .problems import NO_VALUE, Problem, closest_hint
from .trip_zones import relation_zones, zones_of
from .trips import VEHICLE_CLASSES, TripTable

if TYPE_CHECKING:
    from .demand_kinds import DemandScale
    from .scenario import Scenario

Rows = NDArray[np.int64]


def scaled(
    scenario: Scenario, network: RoadNetwork, tables: Sequence[TripTable]
) -> tuple[list[TripTable], list[Problem]]:
    """The trips of each item of demand after all changes, and what is wrong with the changes.

    Parameters
    ----------
    tables
        Trips of each item, in the order of the scenario.
    """
    result = list(tables)
    problems: list[Problem] = []
    owner = [name for name, _ in named_demand(scenario)]
    for row, (name, change) in enumerate(named_changes(scenario)):
        found = [
            np.flatnonzero(_concerned(change, scenario, network, table))
            if change.demand in (None, whose)
            else np.zeros(0, np.int64)
            for whose, table in zip(owner, result, strict=True)
        ]
        if not any(rows.size for rows in found):
            problems.append(_about(scenario, row, *_nobody(change, scenario, owner)))
        result = [
            _scaled(table, rows, change.factor, name, scenario.seed) if rows.size else table
            for table, rows in zip(result, found, strict=True)
        ]
    return result, problems


def _concerned(change: DemandScale, scenario: Scenario, network: RoadNetwork, trips: TripTable) -> Bools:
    """Whether a change speaks of each trip, ``[trip]``."""
    speaks = trips.depart_s >= change.start_s
    if change.end_s is not None:
        speaks &= trips.depart_s < change.end_s
    if change.vehicle_class is not None:
        speaks &= trips.vehicle_class == VEHICLE_CLASSES.index(change.vehicle_class)
    if change.from_polygon is not None:
        speaks &= links_in(network, change.from_polygon)[trips.origin_link]
    if change.to_polygon is not None:
        speaks &= links_in(network, change.to_polygon)[trips.destination_link]
    if change.from_zone is not None or change.to_zone is not None:
        zones = zones_of(scenario, trips.id)
        for end, zone in (("origin", change.from_zone), ("destination", change.to_zone)):
            if zone is not None:
                speaks &= zones[end] == zone
    return np.asarray(speaks, np.bool_)


def _scaled(trips: TripTable, rows: Rows, factor: float, name: str, seed: int) -> TripTable:
    """Trips of which some are scaled.

    Who stays home, and who is joined by others, is drawn by the trip's id alone: with a lower factor the same stay home
    and more, with a higher one the same join and more.
    """
    draw = draws(seed, trips.key[rows], f"scale {name}")
    if factor < 1.0:
        stays = np.ones(len(trips), np.bool_)
        stays[rows] = draw < factor
        return trips.part(np.flatnonzero(stays))
    whole, rest = divmod(factor - 1.0, 1.0)
    copies = (whole + (draw < rest)).astype(np.int64)
    parent = np.repeat(rows, copies)
    number = np.arange(parent.size) - np.repeat(np.cumsum(copies) - copies, copies)
    ids = [
        f"{trips.id[row]}+{name}{f'.{copy + 1}' if copy else ''}"
        for row, copy in zip(parent.tolist(), number.tolist(), strict=True)
    ]
    joining = trips.part(parent, ids=ids)
    sets_out_with = rows[np.floor(draws(seed, joining.key, "departure") * rows.size).astype(np.int64)]
    return TripTable.joined([trips, joining.part(np.arange(len(ids)), depart_s=trips.depart_s[sets_out_with])])


def _nobody(change: DemandScale, scenario: Scenario, owner: Sequence[str]) -> tuple[str, str]:
    """Why a change speaks of no trip: the key that is to blame, and the words."""
    if change.demand is not None and change.demand not in owner:
        return "demand", f"no such demand.{closest_hint(change.demand, owner)}"
    relations = relation_zones(scenario).values()
    for end, key in enumerate(("from_zone", "to_zone")):
        zone, known = getattr(change, key), sorted({zones[end] for zones in relations})
        if zone is not None and zone not in known:
            return (
                key,
                f"no OD matrix has trips {key.replace('_zone', '')} a zone of this name.{closest_hint(zone, known)}",
            )
    return "kind", "speaks of no trip: nobody travels so. Widen it, or leave it out."


def _about(scenario: Scenario, row: int, key: str, text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("demand_changes", row, key), text)
    value = getattr(scenario.demand_changes[row], key, NO_VALUE)
    return Problem(scenario.file, None, f"demand_changes[{row}].{key}", value, text)
