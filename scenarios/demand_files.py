"""Read trips one by one from a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .demand_tables import SHOWN, Column, Complaints, Table, first_places, read_table
from .given_routes import read_routes
from .nearest_links import nearest_links, project
from .network import Bools, Bytes, Floats, Ints, RoadNetwork
from .places import Places, inside_box
from .problems import NO_VALUE, Problem, closest_hint
from .trips import VEHICLE_CLASSES, TripTable

FARTHEST_M = 200.0  # of a coordinate from its street
ENDS = ("origin", "destination")
COLUMNS = (
    Column("trip_id", also=("id",)),
    Column("depart_s"),
    *(Column(f"{end}_link", also=(end,), required=False) for end in ENDS),
    *(Column(f"{end}_{axis}", required=False) for end in ENDS for axis in ("lon", "lat", "m")),
    Column("vehicle_class", required=False),
    Column("route", required=False),
)
OF_VEHICLES = ("vehicle_class", "route")


@dataclass(frozen=True, slots=True, eq=False)
class TripRows:
    """A checked file of trips, before its places are looked up in a network."""

    table: Table
    ids: Sequence[str]
    depart_s: Floats
    vehicle_class: Bytes
    lon_lat: dict[str, tuple[Floats, Floats]]  # "origin", "destination": where the file gives coordinates
    along_m: dict[str, Floats]  # NaN: not given


def read_trip_rows(file: Path, *, on_foot: bool = False) -> tuple[TripRows | None, Complaints]:
    """Read and check what can be checked without a network; walks have no vehicles and no routes."""
    columns = [column for column in COLUMNS if not (on_foot and column.name in OF_VEHICLES)]
    table, complaints = read_table(file, columns)
    if table is None:
        return None, complaints
    ids = table.text("trip_id")
    _complain_of_doubles(ids, complaints)
    lon_lat = {}
    usable = True
    for end in ENDS:
        given = [name for name in (f"{end}_link", f"{end}_lon", f"{end}_lat") if name in table.columns]
        if f"{end}_link" in given:
            table.text(f"{end}_link")
        elif len(given) == 2:
            lon_lat[end] = (
                table.numbers(f"{end}_lon", low=-180, high=180, unit="°"),
                table.numbers(f"{end}_lat", low=-90, high=90, unit="°"),
            )
        else:
            complaints.whole(f"has no `{end}_link`, nor both `{end}_lon` and `{end}_lat`.", line=1)
            usable = False
    depart_s = table.numbers("depart_s", low=0, unit=" s")
    vehicle_class = _read_classes(table)
    along_m = {
        end: table.numbers(f"{end}_m", low=0, empty=np.nan, unit=" m")
        if f"{end}_m" in table.columns
        else np.full(table.size, np.nan)
        for end in ENDS
    }
    if not usable:
        return None, complaints
    return TripRows(table, ids, depart_s, vehicle_class, lon_lat, along_m), complaints


def trips_from_file(
    file: Path, network: RoadNetwork, places: Places, *, on_foot: bool = False
) -> tuple[TripTable | None, list[Problem]]:
    """Trips of a file on a network, or everything that is wrong with them; on foot a link may be walked backwards."""
    rows, complaints = read_trip_rows(file, on_foot=on_foot)
    if rows is None:
        return None, complaints.problems()
    link, along_m = {}, {}
    for end in ENDS:
        if end in rows.lon_lat:
            link[end], matched_m = _match(rows, end, network, places)
            along_m[end] = np.where(np.isnan(rows.along_m[end]), matched_m, rows.along_m[end])
        else:
            listed_by = "citytwin network --walk" if on_foot else "citytwin network"
            cells = rows.table.columns[f"{end}_link"]
            link[end] = find_links(cells, network, complaints, f"{end}_link", listed_by=listed_by)
            along_m[end] = rows.along_m[end]
        _check_positions(rows, end, link[end], network)
    routes = read_routes(rows, link, network)
    if not on_foot:
        _check_directions(rows, link, along_m, network, bound=np.diff(routes[0]) > 1)
    if complaints:
        return None, complaints.problems()
    begins_at_gate = np.isnan(along_m["origin"]) & places.entry_gate[link["origin"]]
    ends_at_gate = np.isnan(along_m["destination"]) & places.exit_gate[link["destination"]]
    table = TripTable.sorted(
        rows.ids,
        rows.depart_s,
        link["origin"],
        link["destination"],
        origin_m=np.where(begins_at_gate, 0.0, along_m["origin"]),
        destination_m=np.where(ends_at_gate, network.links.length_m[link["destination"]], along_m["destination"]),
        vehicle_class=rows.vehicle_class,
        routes=routes,
    )
    return table, []


def find_links(
    names: Sequence[str], network: RoadNetwork, complaints: Complaints, key: str, *, listed_by: str = "citytwin network"
) -> Ints:
    """Row of each link id; -1 where there is none, each of which is a problem with the closest ids."""
    rows = np.array([network.link_row.get(name, -1) for name in names], np.int32)
    unknown = [row for row in np.flatnonzero(rows < 0).tolist() if names[row]]  # an empty cell was complained of
    for place, row in enumerate(unknown):
        hint = closest_hint(names[row], network.links.id) if place < SHOWN else ""
        complaints.add("link", row, key, names[row], f"no such link.{hint} List all: `{listed_by}`.")
    return rows


def _complain_of_doubles(ids: Sequence[str], complaints: Complaints) -> None:
    first = first_places(ids)
    doubles = [row for row, name in enumerate(ids) if first[name] != row and name]
    if not doubles:
        return
    if len(doubles) <= 3:
        for row in doubles:
            complaints.add(
                "double", row, "trip_id", ids[row], f"stands {_place(first[ids[row]], complaints)} already. Ids differ."
            )
        return
    row = doubles[0]
    said = (
        f"stands {_place(first[ids[row]], complaints)} already, and so on: {len(doubles):,} rows repeat an id. "
        "Ids must differ. Was the file appended to itself?"
    )
    complaints.add("doubles", row, "trip_id", ids[row], said)


def _place(row: int, complaints: Complaints) -> str:
    return f"in row {row + 1}" if complaints.lines is None else f"in line {complaints.lines[row]}"


def _read_classes(table: Table) -> Bytes:
    if "vehicle_class" not in table.columns:
        return np.zeros(table.size, np.int8)
    cells = [cell or VEHICLE_CLASSES[0] for cell in table.columns["vehicle_class"]]
    number = {name: row for row, name in enumerate(VEHICLE_CLASSES)}
    for row, cell in enumerate(cells):
        if cell not in number:
            said = f"no such vehicle class.{closest_hint(cell, VEHICLE_CLASSES)} All: {', '.join(VEHICLE_CLASSES)}."
            table.complaints.add("class", row, "vehicle_class", cell, said)
    return np.array([number.get(cell, 0) for cell in cells], np.int8)


def _match(rows: TripRows, end: str, network: RoadNetwork, places: Places) -> tuple[Ints, Floats]:
    """Link and place on it of each coordinate; -1 where it is far from all streets."""
    lon, lat = rows.lon_lat[end]
    complaints, key = rows.table.complaints, f"{end}_lon, {end}_lat"
    link, along_m = np.full(rows.table.size, -1, np.int32), np.full(rows.table.size, np.nan)
    known = np.flatnonzero(~np.isnan(lon) & ~np.isnan(lat))
    x_m, y_m = project(network, lon[known], lat[known])
    on_earth = np.isfinite(x_m) & np.isfinite(y_m)
    known, x_m, y_m = known[on_earth], x_m[on_earth], y_m[on_earth]
    if not known.size or not places.addressed.any():
        return link, along_m
    matched = nearest_links(network, x_m, y_m, places.addressed)
    near = matched.distance_m <= FARTHEST_M
    link[known[near]], along_m[known[near]] = matched.link[near], matched.along_m[near]
    far = np.flatnonzero(~near)
    if far.size and _swapped(network, lon[known[far]], lat[known[far]], places):
        complaints.whole(
            f"`{end}_lon` and `{end}_lat` are swapped: the other way round they lie in {network.name}.", line=1
        )
        return link, along_m
    for place in far.tolist():
        row = int(known[place])
        said = f"lies {_distance(matched.distance_m[place])} from the nearest street (at most {FARTHEST_M:g} m)."
        complaints.add("far", row, key, f"{lon[row]:g}, {lat[row]:g}", said)
    return link, along_m


def _swapped(network: RoadNetwork, lon: Floats, lat: Floats, places: Places) -> bool:
    """Whether coordinates lie within the network as soon as longitude and latitude change places."""
    possible = np.abs(lon) <= 90
    x_m, y_m = project(network, lat[possible], lon[possible])
    return bool(x_m.size and np.median(inside_box(places, x_m, y_m)) == 1)


def _distance(metres: float) -> str:
    return f"{metres / 1000:,.1f} km" if metres >= 1000 else f"{metres:.0f} m"


def _check_positions(rows: TripRows, end: str, link: Ints, network: RoadNetwork) -> None:
    """Complain of positions beyond the end of their link."""
    length_m = np.where(link >= 0, network.links.length_m[link], np.inf)
    for row in np.flatnonzero(rows.along_m[end] > length_m).tolist():
        said = f"lies beyond the end of the link ({length_m[row]:.1f} m)."
        rows.table.complaints.add("beyond", row, f"{end}_m", float(rows.along_m[end][row]), said)


def _check_directions(
    rows: TripRows, link: dict[str, Ints], along_m: dict[str, Floats], network: RoadNetwork, *, bound: Bools
) -> None:
    """Complain of trips that would have to drive backwards on their only link; ``bound`` ones drive round by others."""
    same = (link["origin"] == link["destination"]) & (link["origin"] >= 0) & ~bound
    middle_m = network.links.length_m[link["origin"]] / 2
    begin_m, end_m = (np.where(np.isnan(along_m[end]), middle_m, along_m[end]) for end in ENDS)
    for row in np.flatnonzero(same & ~(end_m > begin_m)).tolist():
        where = network.links.id[link["origin"][row]]
        said = f"begins and ends on link {where} without going forward on it. Choose another destination."
        rows.table.complaints.add("nowhere", row, "trip_id", rows.ids[row] or NO_VALUE, said)
