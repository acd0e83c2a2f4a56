"""Write down what gas did: who breathed how much, the casualties by zone, and when the cloud came where."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..agents.gas_cloud import GasSeries, passing
from ..agents.gas_exposure import WHERE, GasExposure
from .network_facts import to_lon_lat
from .run_folder import ARRIVALS_FILE
from .run_tables import SCHEMAS

if TYPE_CHECKING:
    from .hazards import HazardWatch
    from .run_folder import RunFolder
    from .simulation import Simulation

Columns = dict[str, Any]
Floats = NDArray[np.float64]

FINEST_M = 25.0  # squares of the map of a cloud
MOST_SQUARES = 20_000
MARGIN_M = 200.0  # by which the map goes beyond the streets
LEVELS = (1, 2, 3)
OTHERS, ALL = "others", "all"  # who is no evacuee; everybody


def note_gas(gas: GasExposure, t_s: float) -> None:
    """Write down how a gas stands at a moment."""
    levels = gas.levels()
    inside = [gas.inside_now(row) for row in range(len(WHERE))]
    reached = [int((levels >= level).sum()) for level in LEVELS]
    lost = int((~np.isnan(gas.lost_s)).sum())
    gas.counts.append([t_s, *map(float, inside), *map(float, reached), float(lost), float(gas.expected_lost().sum())])


def write_gases(folder: RunFolder, simulation: Simulation, watch: HazardWatch) -> None:
    """Write the tables of gases, and when streets and zones were reached as GeoJSON."""
    if not watch.hazards.gases:
        return
    parts: dict[str, list[Columns]] = {name: [] for name in ("gas_times", "gas_people", "gas_zones", "gas_map")}
    arrivals = []
    for gas in watch.hazards.gases.values():
        name = watch.hazards.fields[gas.number].threat.name
        parts["gas_times"].append(_times(gas, name))
        parts["gas_people"].append(_people(simulation, gas, name))
        parts["gas_zones"].append(zone_counts(gas, name))
        parts["gas_map"].append(_map(simulation, gas, name))
        arrivals += [_streets(simulation, gas, name), _zones(simulation, gas, name)]
    for table, own in {**parts, "gas_arrivals": arrivals}.items():
        columns = {key: np.concatenate([np.asarray(part[key]) for part in own]) for key in SCHEMAS[table]}
        folder.writer(table).write(columns)
    _write_arrivals(folder, simulation, arrivals)


def gas_facts(gas: GasExposure) -> dict[str, Any]:
    """What a gas adds to the facts of its hazard."""
    hazard = gas.gas
    series, (east_m, north_m) = gas.hazards.fields[gas.number].threat.series, gas.hazards.moved_m[gas.number]
    assert isinstance(series, GasSeries), "its cloud is worked out by the weather"
    counts = zone_counts(gas, "")
    last = {key: column[-1] for key, column in counts.items() if key not in ("hazard", "zone")}
    return {
        "substance": hazard.substance,
        "released_kg": hazard.released_kg,
        "released_s": hazard.start_s,
        "at": list(hazard.at),
        "at_m": [series.x_m + float(east_m), series.y_m + float(north_m)],
        "front_mgm3": hazard.front,
        "levels_mgm3": gas.toxic.hour_mgm3().tolist(),
        "people": {key: float(value) for key, value in last.items()},
    }


def gas_casualties(gas: GasExposure, name: str, epsg: int) -> Columns:
    """Whom a gas incapacitated, as rows of the list of casualties (without the nearest units)."""
    people = np.flatnonzero(~np.isnan(gas.lost_s))
    lon, lat = to_lon_lat(gas.lost_x_m[people], gas.lost_y_m[people], epsg) if people.size else (np.zeros(0),) * 2
    substance = gas.toxic.name
    names = ["vehicle" if where == "in_vehicle" else where for where in WHERE]
    return {
        "person": [gas.ids[row] for row in people],
        "mode": [names[row] for row in gas.lost_where[people]],
        "hazard": [name] * people.size,
        "link": [""] * people.size,
        "lon": lon,
        "lat": lat,
        "t_s": gas.lost_s[people],
        "cause": [f"{substance}, up to {most:,.0f} mg/m³" for most in gas.highest[people]],
    }


def _times(gas: GasExposure, name: str) -> Columns:
    rows = np.array(gas.counts).reshape(-1, len(SCHEMAS["gas_times"]) - 1)
    keys = [key for key in SCHEMAS["gas_times"] if key != "hazard"]
    whole = {"expected_incapacitated", "t_s"}
    columns = {key: rows[:, number] for number, key in enumerate(keys)}
    counts = {key: column if key in whole else column.astype(np.int64) for key, column in columns.items()}
    return {"hazard": np.full(len(rows), name, dtype=object), **counts}


def _zone_of(gas: GasExposure) -> NDArray[Any]:
    """Zone of everybody, OTHERS for those who are no evacuees, ``[person]``."""
    zone = np.full(len(gas.ids), OTHERS, dtype=object)
    evacuees = gas.evacuees
    if evacuees is not None:
        names = np.array([one.id for one in evacuees.people.zones], dtype=object)
        zone[gas.drivers + evacuees.walk_row] = names[evacuees.zone]
    return zone


def zone_counts(gas: GasExposure, name: str) -> Columns:
    """The casualty table: people of every zone by what they breathed; others and all together come last."""
    zone, levels, expected = _zone_of(gas), gas.levels(), gas.expected_lost()
    counted = np.ones(zone.size, np.bool_)
    counted[: gas.drivers] = ~gas.cars_of_evacuees
    zones = [] if gas.evacuees is None else [one.id for one in gas.evacuees.people.zones]
    rows = []
    for label in (*zones, OTHERS, ALL):
        own = counted if label == ALL else counted & (zone == label)
        lost = own & ~np.isnan(gas.lost_s)
        rows.append(
            {
                "hazard": name,
                "zone": label,
                "people": int(own.sum()),
                "exposed": int((own & (gas.inside_s > 0.0)).sum()),
                **{f"level_{level}": int((own & (levels >= level)).sum()) for level in LEVELS},
                "incapacitated": int(lost.sum()),
                "expected_incapacitated": float(expected[own].sum()),
                **{f"lost_{where}": int((lost & (gas.lost_where == row)).sum()) for row, where in enumerate(WHERE)},
            }
        )
    return {key: [row[key] for row in rows] for key in rows[0]}


def _people(simulation: Simulation, gas: GasExposure, name: str) -> Columns:
    rows = np.flatnonzero(gas.load > 0.0)
    lost = gas.lost_where[rows]
    lon, lat = np.full(rows.size, np.nan), np.full(rows.size, np.nan)
    there = np.flatnonzero(lost >= 0)
    if there.size:
        at = gas.lost_x_m[rows[there]], gas.lost_y_m[rows[there]]
        lon[there], lat[there] = to_lon_lat(*at, simulation.model.network.epsg)
    return {
        "hazard": np.full(rows.size, name, dtype=object),
        "person": np.array(gas.ids, dtype=object)[rows],
        "zone": _zone_of(gas)[rows],
        "first_s": gas.first_s[rows],
        "last_s": gas.last_s[rows],
        "inside_s": gas.inside_s[rows],
        "highest_mgm3": gas.highest[rows],
        "toxic_load": gas.load[rows],
        "level": gas.levels()[rows],
        "probability": gas.expected_lost()[rows],
        "lost_s": gas.lost_s[rows],
        "lost_where": np.array([*WHERE, ""], dtype=object)[lost],
        "lon": lon,
        "lat": lat,
    }


def _streets(simulation: Simulation, gas: GasExposure, name: str) -> Columns:
    """When the cloud came to each street, to the first piece of it, and left the last one."""
    network, field = simulation.model.network, gas.hazards.fields[gas.number]
    pieces, sampled = gas.hazards.pieces, field.on_roads
    arrived_s, gone_s, highest = passing(sampled, field.times_s, field.begins_at)
    reached = np.flatnonzero(~np.isnan(arrived_s))
    link_of = pieces.link[sampled.place[reached]]
    first_s, last_s = np.full(network.link_count, np.inf), np.full(network.link_count, -np.inf)
    most = np.zeros(network.link_count)
    np.minimum.at(first_s, link_of, arrived_s[reached])
    np.maximum.at(last_s, link_of, np.where(np.isnan(gone_s[reached]), np.inf, gone_s[reached]))
    np.maximum.at(most, link_of, highest[reached])
    links = np.unique(link_of)
    middle = np.array([pieces.start[links], pieces.start[links + 1] - 1]).mean(axis=0).astype(np.int64)
    lon, lat = np.zeros(0), np.zeros(0)
    if links.size:
        lon, lat = to_lon_lat(pieces.x_m[middle], pieces.y_m[middle], network.epsg)
    return {
        "hazard": np.full(links.size, name, dtype=object),
        "kind": np.full(links.size, "street", dtype=object),
        "place": np.array(network.links.id, dtype=object)[links],
        "name": np.array(network.links.name, dtype=object)[links],
        "arrived_s": first_s[links],
        "gone_s": np.where(np.isinf(last_s[links]), np.nan, last_s[links]),
        "highest_mgm3": most[links],
        "lon": lon,
        "lat": lat,
    }


def _zones(simulation: Simulation, gas: GasExposure, name: str) -> Columns:
    """When the cloud came to the first home of each zone of the evacuation, and left the last one."""
    evacuees, sampled = gas.evacuees, gas.at_homes()
    keys = [key for key, kind in SCHEMAS["gas_arrivals"].items() if kind == "double"]
    texts = [key for key in SCHEMAS["gas_arrivals"] if key not in keys]
    empty = {**{key: np.zeros(0, dtype=object) for key in texts}, **{key: np.zeros(0) for key in keys}}
    if evacuees is None or sampled is None:
        return empty
    homes, people = evacuees.people.households, evacuees.people
    field = gas.hazards.fields[gas.number]
    arrived_s, gone_s, highest = passing(sampled, field.times_s, field.begins_at)
    is_home = sampled.place < gas.homes
    zone = np.full(sampled.place.size, -1)
    zone[is_home] = people.stocks.zone[homes.stock[sampled.place[is_home]]]
    rows = [row for row in range(len(people.zones)) if np.isfinite(arrived_s[zone == row]).any()]
    if not rows:
        return empty
    of_zone = people.stocks.zone[homes.stock]
    x_m, y_m = (np.array([axis[of_zone == row].mean() for row in rows]) for axis in (homes.x_m, homes.y_m))
    lon, lat = to_lon_lat(x_m, y_m, simulation.model.network.epsg)
    still = [bool((np.isfinite(arrived_s) & np.isnan(gone_s))[zone == row].any()) for row in rows]
    names = np.array([people.zones[row].id for row in rows], dtype=object)
    return {
        "hazard": np.full(len(rows), name, dtype=object),
        "kind": np.full(len(rows), "zone", dtype=object),
        "place": names,
        "name": names,
        "arrived_s": np.array([np.nanmin(arrived_s[zone == row]) for row in rows]),
        "gone_s": np.array([math.nan if s else np.nanmax(gone_s[zone == r]) for r, s in zip(rows, still, strict=True)]),
        "highest_mgm3": np.array([highest[zone == row].max() for row in rows]),
        "lon": lon,
        "lat": lat,
    }


def _map(simulation: Simulation, gas: GasExposure, name: str) -> Columns:
    """The cloud on squares round the streets: when it came, and how dense it got."""
    shape = simulation.model.network.links.shape_xy
    (west, south), (east, north) = shape.min(axis=0) - MARGIN_M, shape.max(axis=0) + MARGIN_M
    size_m = max(FINEST_M, math.sqrt((east - west) * (north - south) / MOST_SQUARES))
    x_m, y_m = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(west + size_m / 2, east, size_m), np.arange(south + size_m / 2, north, size_m)
        )
    )
    field = gas.hazards.fields[gas.number]
    east_m, north_m = gas.hazards.moved_m[gas.number]
    sampled = field.threat.at(simulation.model.network, x_m - east_m, y_m - north_m)
    arrived_s, _, highest = passing(sampled, field.times_s, field.begins_at)
    there = np.flatnonzero(~np.isnan(arrived_s))
    place = sampled.place[there]
    return {
        "hazard": np.full(there.size, name, dtype=object),
        "x_m": x_m[place],
        "y_m": y_m[place],
        "size_m": np.full(there.size, size_m),
        "arrived_s": arrived_s[there],
        "highest_mgm3": highest[there],
    }


def _write_arrivals(folder: RunFolder, simulation: Simulation, parts: list[Columns]) -> None:
    """Streets as lines and zones as points, with when the cloud came to each."""
    network, features = simulation.model.network, []
    for part in parts:
        for row, kind in enumerate(part["kind"]):
            values = {key: part[key][row] for key in SCHEMAS["gas_arrivals"] if key not in ("lon", "lat")}
            values = {key: value for key, value in values.items() if value == value}
            point: dict[str, Any] = {"type": "Point", "coordinates": [float(part["lon"][row]), float(part["lat"][row])]}
            if kind == "street":
                x_m, y_m = network.link_shape_xy(network.link_row[part["place"][row]]).T
                lon, lat = to_lon_lat(x_m, y_m, network.epsg)
                point = {"type": "LineString", "coordinates": np.column_stack([lon, lat]).round(6).tolist()}
            features.append({"type": "Feature", "geometry": point, "properties": values})
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder.path / ARRIVALS_FILE).write_text(text + "\n", encoding="utf-8")
