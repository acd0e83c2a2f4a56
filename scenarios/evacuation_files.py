"""Read zones, shelters and inhabitants of an evacuation from files, and check each cell and corner of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from .attraction import POPULATION_COLUMNS
from .demand_tables import Column, Complaints, Table, read_table
from .evacuation import EvacuationZone, Group, Shelter
from .evacuation_times import CurveTime, read_curve
from .geojson_files import read_in_degrees
from .zones import read_zones, zone_id

if TYPE_CHECKING:
    from .evacuation import Evacuation
    from .problems import Problem

ZONE_COLUMNS = (Column("zone", also=("zone_id", "id")), Column("population", also=("inhabitants", "pop")))
Entry = TypeVar("Entry", EvacuationZone, Shelter, Group)


def zones_from(file: Path) -> tuple[tuple[EvacuationZone, ...], Complaints]:
    """Zones of a GeoJSON file with their population, as far as they are right."""
    zones, complaints = read_zones(file)
    if zones is None:
        return (), complaints
    found = []
    for key, feature in _features(file, "zones", complaints):
        if zone_id(feature) not in zones.outline:
            continue  # which is said
        rings = feature["geometry"]["coordinates"]
        rings = rings if feature["geometry"]["type"] == "Polygon" else [ring for part in rings for ring in part]
        if any(ring[0] != ring[-1] for ring in rings):
            complaints.whole(f"{key}: the polygon is not closed: its last corner is not its first.")
        elif len(rings) > 1:
            complaints.whole(f"{key}: a zone to evacuate is one outline without holes. Split it into several zones.")
        else:
            given = {"id": zone_id(feature), "polygon": [corner[:2] for corner in rings[0][:-1]]}
            found += _entry(EvacuationZone, given, feature, ("population",), key, complaints)
    return tuple(found), complaints


def shelters_from(file: Path) -> tuple[tuple[Shelter, ...], Complaints]:
    """Shelters of a GeoJSON file of points."""
    return _points(file, Shelter, "shelter", [name for name in Shelter.model_fields if name not in ("id", "at")])


def groups_from(file: Path) -> tuple[tuple[Group, ...], Complaints]:
    """Buildings of a GeoJSON file of points."""
    return _points(file, Group, "building", ["persons", "doors", "modes"])


def _points(file: Path, model: type[Entry], what: str, keys: Sequence[str]) -> tuple[tuple[Entry, ...], Complaints]:
    complaints = Complaints(file)
    found: list[Entry] = []
    for key, feature in _features(file, f"{what}s", complaints):
        geometry = feature.get("geometry") or {}
        if geometry.get("type") != "Point":
            complaints.whole(f"{key}: a {what} is a Point, not {geometry.get('type') or 'without geometry'}.")
            continue
        given = {"id": zone_id(feature), "at": list(geometry.get("coordinates") or [])[:2]}
        found += _entry(model, given, feature, keys, key, complaints)
    ids = [one.id for one in found]
    for name in sorted({name for name in ids if ids.count(name) > 1}):
        complaints.whole(f'the {what} "{name}" is there twice. Ids differ.')
    return tuple(found), complaints


def _features(file: Path, what: str, complaints: Complaints | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Features of a GeoJSON file with the key of each."""
    for row, feature in enumerate(read_in_degrees(file, complaints or Complaints(file), what)):
        yield f"features[{row}]", feature if isinstance(feature, dict) else {}


def _entry(
    model: type[Entry],
    given: dict[str, Any],
    feature: dict[str, Any],
    keys: Sequence[str],
    key: str,
    complaints: Complaints,
) -> list[Entry]:
    """A feature as an entry of the scenario; what is wrong with it is noted."""
    properties = feature.get("properties") or {}
    given |= {name: properties[name] for name in keys if properties.get(name) is not None}
    for name in ("population", "persons"):
        number = given.get(name)
        if isinstance(number, float) and number.is_integer():
            given[name] = int(number)
    try:
        return [model.model_validate(given)]
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False):
            where = ".".join(str(part) for part in found["loc"])
            complaints.whole(f"{key}: {where}: {found['msg'].removeprefix('Value error, ')}")
        return []


def read_population(file: Path) -> tuple[Table | None, Complaints]:
    """Inhabitants by zone, or in the cells of a grid."""
    header = file.read_bytes()[:4096].decode("utf-8-sig", "replace").splitlines()[:1]
    names = {name.strip().casefold() for name in (header[0] if header else "").split(",")}
    by_zone = bool(names & {"zone", "zone_id"})
    table, complaints = read_table(file, ZONE_COLUMNS if by_zone else POPULATION_COLUMNS)
    if table is not None:
        table.numbers("population", low=0)
        if by_zone:
            table.text("zone")
        else:
            table.numbers("lon", low=-180, high=180, unit="°")
            table.numbers("lat", low=-90, high=90, unit="°")
    return table, complaints


def check_evacuation_files(evacuation: Evacuation) -> list[Problem]:
    """What is wrong with the files of an evacuation, as far as that shows without a network."""
    found: list[Complaints] = []
    if evacuation.zones_file is not None:
        found.append(zones_from(evacuation.zones_file)[1])
    if evacuation.shelters_file is not None:
        found.append(shelters_from(evacuation.shelters_file)[1])
    if evacuation.groups_file is not None:
        found.append(groups_from(evacuation.groups_file)[1])
    if evacuation.population_file is not None:
        found.append(read_population(evacuation.population_file)[1])
    times = [evacuation.preparation, *(group.preparation for group in evacuation.groups)]
    times += [] if evacuation.gathering is None else [evacuation.gathering.comes_home]
    found += [read_curve(time.file)[1] for time in times if isinstance(time, CurveTime)]
    return [problem for complaints in found for problem in complaints.problems()]


def names_in_files(evacuation: Evacuation) -> tuple[list[str], list[str]]:
    """Ids of zones and of shelters in files, of those too that are wrong."""
    zones, shelters = evacuation.zones_file, evacuation.shelters_file
    return [] if zones is None else _ids(zones, "zones"), [] if shelters is None else _ids(shelters, "shelters")


def _ids(file: Path, what: str) -> list[str]:
    return [zone_id(feature) for _, feature in _features(file, what)]


def is_grid(evacuation: Evacuation) -> bool:
    """Whether its inhabitants stand in the cells of a grid."""
    if evacuation.population_file is None:
        return False
    table, _ = read_population(evacuation.population_file)
    return table is not None and "zone" not in table.columns


def all_zones(evacuation: Evacuation) -> tuple[EvacuationZone, ...]:
    """Zones of the scenario and of its file; the file was checked."""
    more = () if evacuation.zones_file is None else zones_from(evacuation.zones_file)[0]
    zones = (*evacuation.zones, *more)
    if evacuation.population_file is None:
        return zones
    table, _ = read_population(evacuation.population_file)
    if table is None or "zone" not in table.columns:
        return zones
    people: dict[str, float] = {}
    for name, count in zip(table.columns["zone"], table.numbers("population").tolist(), strict=True):
        people[name] = people.get(name, 0.0) + count
    return tuple(zone.model_copy(update={"population": round(people.get(zone.id, 0.0))}) for zone in zones)


def all_shelters(evacuation: Evacuation) -> tuple[Shelter, ...]:
    """Shelters of the scenario and of its file; the file was checked."""
    more = () if evacuation.shelters_file is None else shelters_from(evacuation.shelters_file)[0]
    return (*evacuation.shelters, *more)


def all_groups(evacuation: Evacuation) -> tuple[Group, ...]:
    """Buildings of the scenario and of its file; the file was checked."""
    more = () if evacuation.groups_file is None else groups_from(evacuation.groups_file)[0]
    return (*evacuation.groups, *more)
