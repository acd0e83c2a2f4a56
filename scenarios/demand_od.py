"""Turn an OD matrix between zones and a departure profile into trips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .chance import draws, keys_of
from .demand_tables import Column, Complaints, read_table
from .network import Floats, Ints, RoadNetwork
from .places import Places
from .problems import Problem, closest_hint
from .tntp import read_tntp_trips
from .trips import VEHICLE_CLASSES, TripTable
from .zones import ZoneEnds, Zones, read_zones, zone_ends

if TYPE_CHECKING:
    from .scenario import OdMatrix

MOST_TRIPS = 10_000_000
TNTP = ".tntp"
MATRIX_COLUMNS = (
    Column("from_zone", also=("origin", "from", "origin_zone")),
    Column("to_zone", also=("destination", "to", "destination_zone")),
    Column("trips", also=("count",)),
    Column("vehicle_class", required=False),
)
PROFILE_COLUMNS = (Column("start_s"), Column("end_s", required=False), Column("share"))


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Shapes ``[relation]``."""

    from_zone: Sequence[str]
    to_zone: Sequence[str]
    trips: Floats
    vehicle_class: Sequence[str]


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """When trips set out: share of all per interval, evenly within it."""

    edge_s: Floats  # [interval + 1]
    cumulated: Floats  # [interval + 1] share that has left by then, 0 to 1

    def at(self, share: Floats) -> Floats:
        """Seconds by which this share of trips has left."""
        return np.interp(share, self.cumulated, self.edge_s)


def read_matrix(file: Path) -> tuple[Matrix | None, Complaints]:
    """Read and check an OD matrix; whether its zones exist is for ``check_zone_names``."""
    if file.name.casefold().endswith(TNTP):
        return _from_tntp(file)
    table, complaints = read_table(file, MATRIX_COLUMNS)
    if table is None:
        return None, complaints
    classes = [cell or VEHICLE_CLASSES[0] for cell in table.columns.get("vehicle_class", [""] * table.size)]
    for row, cell in enumerate(classes):
        if cell not in VEHICLE_CLASSES:
            said = f"no such vehicle class.{closest_hint(cell, VEHICLE_CLASSES)} All: {', '.join(VEHICLE_CLASSES)}."
            complaints.add("class", row, "vehicle_class", cell, said)
    matrix = Matrix(table.text("from_zone"), table.text("to_zone"), table.numbers("trips", low=0), classes)
    first: dict[tuple[str, str, str], int] = {}
    for row, relation in enumerate(zip(matrix.from_zone, matrix.to_zone, classes, strict=True)):
        before = first.setdefault(relation, row)
        if before != row:
            place = f"row {before + 1}" if complaints.lines is None else f"line {complaints.lines[before]}"
            said = f"{relation[0]} to {relation[1]} stands in {place} already. Add the two up."
            complaints.add("double", row, "trips", float(matrix.trips[row]), said)
    total = float(np.nansum(matrix.trips))
    if not complaints and total == 0:
        complaints.whole("holds no trips: every number is 0.")
    if total > MOST_TRIPS:
        complaints.whole(f"holds {total:,.0f} trips; at most {MOST_TRIPS:,} are simulated. Is the unit right?")
    return matrix, complaints


def _from_tntp(file: Path) -> tuple[Matrix | None, Complaints]:
    rows, complaints = read_tntp_trips(file)
    if complaints:
        return None, complaints
    begin, end, trips = zip(*rows, strict=True) if rows else ((), (), ())
    return Matrix(begin, end, np.array(trips, np.float64), [VEHICLE_CLASSES[0]] * len(rows)), complaints


def check_zone_names(matrix: Matrix, zones: Zones, complaints: Complaints) -> None:
    """Complain of zones of the matrix that do not exist, once each."""
    known = set(zones.ids)
    seen: set[str] = set()
    for key, names in (("from_zone", matrix.from_zone), ("to_zone", matrix.to_zone)):
        for row, name in enumerate(names):
            if name and name not in known and name not in seen:
                seen.add(name)
                complaints.add("zone", row, key, name, f"no such zone.{closest_hint(name, known)}")


def read_profile(file: Path) -> tuple[Profile | None, Complaints]:
    """Read and check a departure profile.

    Shares may sum up to anything (1, 100, vehicles): they are weights. An interval without ``end_s`` lasts until the
    next one, the last as long as the one before.
    """
    table, complaints = read_table(file, PROFILE_COLUMNS)
    if table is None:
        return None, complaints
    start_s, share = table.numbers("start_s", low=0, unit=" s"), table.numbers("share", low=0)
    end_s = table.numbers("end_s", low=0, unit=" s") if "end_s" in table.columns else _ends(start_s)
    for row in np.flatnonzero(end_s <= start_s).tolist():
        complaints.add("order", row, "end_s", float(end_s[row]), f"must be after start_s ({start_s[row]:g}). Swapped?")
    for row in (np.flatnonzero(start_s[1:] < end_s[:-1]) + 1).tolist():
        said = f"begins before the interval above ends ({end_s[row - 1]:g} s). Intervals follow each other."
        complaints.add("overlap", row, "start_s", float(start_s[row]), said)
    if complaints:
        return None, complaints
    if share.sum() == 0:
        complaints.whole("holds no departures: every share is 0.")
        return None, complaints
    # A gap between two intervals is an interval in which nobody leaves.
    edge_s = np.column_stack((start_s, end_s)).ravel()
    cumulated = np.cumsum(np.column_stack((np.zeros(share.size), share)).ravel()) / share.sum()
    return Profile(edge_s, cumulated), complaints


def _ends(start_s: Floats) -> Floats:
    if start_s.size == 1:
        return start_s + 3600.0
    return np.append(start_s[1:], 2 * start_s[-1] - start_s[-2])


def trips_from_matrix(
    demand: OdMatrix, name: str, network: RoadNetwork, places: Places, *, seed: int, duration_s: float
) -> tuple[TripTable | None, list[Problem]]:
    """Trips of an OD matrix.

    A relation of 3.4 trips makes three or four. Every trip draws its departure and its places by its own id
    (``name/from/to/number``), so that more trips of one relation change no other.
    """
    matrix, zones, profile, complaints = _read(demand)
    problems = [problem for part in complaints for problem in part.problems()]
    if problems or matrix is None or zones is None:
        return None, problems
    used = _roles(matrix)
    begin, end = zone_ends(zones, used, network, places, complaints[1])
    if complaints[1]:
        return None, complaints[1].problems()
    relation_key = keys_of(
        [f"{name}/{a}/{b}/{c}" for a, b, c in zip(matrix.from_zone, matrix.to_zone, matrix.vehicle_class, strict=True)]
    )
    trips = matrix.trips * demand.factor
    whole = np.floor(trips)
    count = (whole + (draws(seed, relation_key, "fraction") < trips - whole)).astype(np.int64)
    relation = np.repeat(np.arange(count.size), count)
    number = np.arange(relation.size) - np.repeat(np.cumsum(count) - count, count)
    labels = [
        relation_label(name, a, b, c)
        for a, b, c in zip(matrix.from_zone, matrix.to_zone, matrix.vehicle_class, strict=True)
    ]
    ids = [f"{labels[r]}/{n}" for r, n in zip(relation.tolist(), number.tolist(), strict=True)]
    keys = keys_of(ids)
    last_s = duration_s if demand.end_s is None else demand.end_s
    share = draws(seed, keys, "departure")
    depart_s = demand.start_s + share * (last_s - demand.start_s) if profile is None else profile.at(share)
    origin, origin_m = _choose([begin.get(zone) for zone in matrix.from_zone], relation, draws(seed, keys, "origin"))
    destination, destination_m = _choose(
        [end.get(zone) for zone in matrix.to_zone], relation, draws(seed, keys, "destination"), not_link=origin
    )
    inside = (depart_s >= demand.start_s) & (depart_s < last_s) & (origin != destination)
    rows = np.flatnonzero(inside)
    classes = np.array([VEHICLE_CLASSES.index(vehicle_class) for vehicle_class in matrix.vehicle_class], np.int8)
    table = TripTable.sorted(
        [ids[row] for row in rows],
        depart_s[rows],
        origin[rows],
        destination[rows],
        origin_m=origin_m[rows],
        destination_m=destination_m[rows],
        vehicle_class=classes[relation[rows]],
    )
    return table, []


def check_matrix_files(demand: OdMatrix) -> list[Problem]:
    """What is wrong with the files of an OD matrix, without a network."""
    return [problem for part in _read(demand)[3] for problem in part.problems()]


def _read(demand: OdMatrix) -> tuple[Matrix | None, Zones | None, Profile | None, list[Complaints]]:
    matrix, of_matrix = read_matrix(demand.file)
    if demand.zones is not None:
        zones, of_zones = read_zones(demand.zones)
    else:  # zone 7 of a TNTP matrix is node 7 of its net
        names = [] if matrix is None else sorted({*matrix.from_zone, *matrix.to_zone}, key=int)
        zones, of_zones = Zones(tuple(names), {}, {name: ((0, name),) for name in names}), Complaints(demand.file)
    profile, of_profile = None, Complaints(demand.file)
    if demand.departures is not None:
        profile, of_profile = read_profile(demand.departures)
    if matrix is not None and zones is not None:
        check_zone_names(matrix, zones, of_matrix)
    return matrix, zones, profile, [of_matrix, of_zones, of_profile]


def relation_label(name: str, from_zone: str, to_zone: str, vehicle_class: str) -> str:
    """What the ids of a relation's trips begin with; a number follows."""
    kind = "" if vehicle_class == VEHICLE_CLASSES[0] else f"/{vehicle_class}"
    return f"{name}/{from_zone}/{to_zone}{kind}"


def _roles(matrix: Matrix) -> dict[str, str]:
    """Zones that somebody travels from, to, or both."""
    travelled = np.flatnonzero(matrix.trips > 0).tolist()
    origins = {matrix.from_zone[row] for row in travelled}
    destinations = {matrix.to_zone[row] for row in travelled}
    return {
        zone: "both" if zone in origins and zone in destinations else "origin" if zone in origins else "destination"
        for zone in sorted(origins | destinations)
    }


def _choose(
    ends: Sequence[ZoneEnds | None], relation: NDArray[np.int64], draw: Floats, not_link: Ints | None = None
) -> tuple[Ints, Floats]:
    """A link for every trip by the weights of its relation's zone; not the one it begins on, where there is another."""
    link, along_m = np.zeros(relation.size, np.int32), np.full(relation.size, np.nan)
    for row in np.unique(relation).tolist():
        zone = ends[row]
        assert zone is not None, "zones without streets were complained of"
        trips = np.flatnonzero(relation == row)
        cumulated = np.cumsum(zone.weight)
        chosen = np.searchsorted(cumulated, draw[trips] * cumulated[-1], side="right").clip(0, zone.link.size - 1)
        if not_link is not None and zone.link.size > 1:
            chosen = np.where(zone.link[chosen] == not_link[trips], (chosen + 1) % zone.link.size, chosen)
        link[trips], along_m[trips] = zone.link[chosen], zone.along_m[chosen]
    return link, along_m
