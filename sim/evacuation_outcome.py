"""Write down what became of an evacuation: people, shelters, zones over time, who is stranded, where it jams."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ..agents.evacuation import (
    AT_HOME,
    AT_STOP,
    CAUSES,
    IN_CAR,
    NOT_HOME,
    ON_FOOT,
    OUT,
    PREPARING,
    SHELTERED,
    STATE_WORDS,
    STRANDED,
    UNDER_WAY,
    WAITS_FOR_AMBULANCE,
)
from ..agents.evacuation import INCAPACITATED as LOST
from ..agents.remembering import Remembers
from ..kernels import traffic_tables, walking_tables
from ..scenarios.entry_words import Side, details, entry_names, entry_sentence
from ..scenarios.evacuation import MODES, Evacuation
from ..scenarios.evacuation_files import all_shelters
from ..scenarios.nearest_links import project
from ..scenarios.places import middle_of_links
from ..scenarios.planner_words import clock
from ..scenarios.street_words import IdsOnly
from .network_facts import to_lon_lat
from .observers import link_totals
from .run_folder import STRANDED_FILES

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ..agents.city_model import CityModel
    from ..scenarios.scenario import Scenario
    from .evacuation import Rescue
    from .run_folder import RunFolder

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

SHARES = (50, 90, 95, 100)  # per cent of those who leave, as evacuation time estimates are told (NUREG/CR-7002)
MOST_BOTTLENECKS = 100
INCAPACITATED = CAUSES[LOST]
GOALS = {"leave": "cleared", "stay_inside": "inside with everything shut"}  # of orders


class EvacuationTable(Remembers):
    """Who of every zone has left, is safe, and is in it, and how full every shelter is, at moments."""

    KEEPS = ("_last_s",)

    def __init__(self, folder: RunFolder, rescue: Rescue, every_s: float) -> None:
        self.every_s = every_s
        self._rescue = rescue
        self._zones, self._shelters = folder.writer("evacuation"), folder.writer("shelter_times")
        self._walk_in, self._road_in = links_of_zones(rescue)
        self._last_s = -1.0

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one row for every zone and every haven."""
        if t_s <= self._last_s:
            return
        self._last_s = t_s
        rescue, evacuees = self._rescue, self._rescue.evacuees
        zones, havens = len(rescue.people.zones), rescue.people.havens
        zone, state = evacuees.zone, evacuees.doing

        def of_zones(chosen: Any) -> Longs:
            return np.bincount(zone[chosen], minlength=zones)

        home, away = np.isin(state, (AT_HOME, PREPARING, WAITS_FOR_AMBULANCE)), np.isin(state, NOT_HOME)
        home |= (state == STRANDED) & np.isnan(evacuees.left_s)  # incapacitated there
        self._zones.write(
            {
                "t_s": np.full(zones, t_s),
                "zone": [one.id for one in rescue.people.zones],
                "population": of_zones(np.ones(zone.size, np.bool_)),
                "indoors": of_zones(home),
                "away": of_zones(away),
                "left": of_zones(~home & ~away),
                "safe": of_zones((state == SHELTERED) | (state == OUT)),
                "stranded": of_zones(state == STRANDED),
                "in_zone": of_zones(home) + self._on_streets_of_zones(model),
            }
        )
        rows = np.flatnonzero(~havens.is_pickup)
        self._shelters.write(
            {
                "t_s": np.full(rows.size, t_s),
                "shelter": [havens.id[row] for row in rows.tolist()],
                "occupancy": evacuees.occupancy[rows],
                "turned_away": evacuees.refused[rows],
            }
        )

    def _on_streets_of_zones(self, model: CityModel) -> Longs:
        """Evacuees on foot and in cars within each zone, wherever they live."""
        evacuees, walkers, fleet = self._rescue.evacuees, model.walkers, model.fleet
        assert walkers is not None, "an evacuation has people on foot"
        walks, cell = walkers.people_out()
        own = np.isin(walks, evacuees.walk_row[evacuees.doing == ON_FOOT])
        on_foot = self._walk_in[:, walkers.link_of[cell[own]]].sum(axis=1)
        lane = fleet.vehicles.lane[0, evacuees.car_row[evacuees.doing == IN_CAR]]
        link = fleet.cities.lane_i[0, traffic_tables.ON_LINK, lane[lane >= 0]]
        return np.asarray(on_foot + self._road_in[:, link].sum(axis=1), np.int64)


def links_of_zones(rescue: Rescue) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Links of the walk network and of the streets whose middle lies in each zone, ``[zone, link]`` each."""
    from ..scenarios.walk_demand import as_streets

    roads, walkers = rescue.simulation.model.network, rescue.walkers
    outlines = [
        shapely.Polygon(np.column_stack(project(roads, *np.array(zone.polygon).T))) for zone in rescue.people.zones
    ]
    middles = middle_of_links(as_streets(walkers.network)[0]), middle_of_links(roads)
    walk_in, road_in = (np.array([shapely.contains_xy(one, x_m, y_m) for one in outlines]) for x_m, y_m in middles)
    return walk_in, road_in


def write_evacuation(folder: RunFolder, rescue: Rescue) -> None:
    """Write every table that needs the whole run."""
    _write_people(folder, rescue)
    _write_shelters(folder, rescue)
    _write_zones(folder, rescue)
    _write_stranded(folder, rescue)
    _write_bottlenecks(folder, rescue)


def _write_people(folder: RunFolder, rescue: Rescue) -> None:
    evacuees, people = rescue.evacuees, rescue.people
    household, stock = people.household, evacuees.stock
    zones = len(people.zones)
    ids = np.array(people.walks.id, dtype=object)
    row = evacuees.walk_row - (len(rescue.walkers.trips) - len(people.walks))
    left = np.isin(evacuees.doing, (*UNDER_WAY, SHELTERED, OUT, STRANDED))
    names = np.array([*people.havens.id, ""], dtype=object)
    folder.writer("evacuees").write(
        {
            "person": ids[row],
            "zone": np.array([zone.id for zone in people.zones], dtype=object)[evacuees.zone],
            "group": [people.stocks.id[one] if one >= zones else "" for one in stock.tolist()],
            "mode": np.array(MODES, dtype=object)[evacuees.mode],
            "ordered_s": evacuees.ordered_s[household],
            "heard_s": evacuees.heard_s[household],
            "shadow": evacuees.shadow[household].astype(np.int64),
            "home_s": evacuees.home_s,
            "ready_s": evacuees.ready_s,
            "left_s": np.where(left, evacuees.left_s, np.nan),
            "safe_s": evacuees.safe_s,
            "shelter": names[np.where(left, evacuees.haven, -1)],
            "turned_away": evacuees.turned_away.astype(np.int64),
            "status": np.array(STATE_WORDS, dtype=object)[evacuees.doing],
            "cause": np.array(CAUSES, dtype=object)[evacuees.cause],
        }
    )


def _write_shelters(folder: RunFolder, rescue: Rescue) -> None:
    evacuees, havens = rescue.evacuees, rescue.people.havens
    safe = ~np.isnan(evacuees.safe_s)
    first_s, last_s = np.full(len(havens.id), np.inf), np.full(len(havens.id), -np.inf)
    np.minimum.at(first_s, evacuees.haven[safe], evacuees.safe_s[safe])
    np.maximum.at(last_s, evacuees.haven[safe], evacuees.safe_s[safe])
    by_car = safe & (evacuees.mode == MODES.index("car"))
    by_bus = safe & (evacuees.mode == MODES.index("bus"))
    by_ambulance = safe & (evacuees.mode == MODES.index("ambulance"))
    rows = np.flatnonzero(~havens.is_pickup)
    folder.writer("shelters").write(
        {
            "shelter": [havens.id[row] for row in rows.tolist()],
            "kind": np.where(havens.is_exit, "exit", "shelter")[rows],
            "capacity": np.where(np.isinf(havens.capacity), np.nan, havens.capacity)[rows],
            "occupancy": evacuees.occupancy[rows],
            "by_car": np.bincount(evacuees.haven[by_car], minlength=len(havens.id))[rows],
            "by_bus": np.bincount(evacuees.haven[by_bus], minlength=len(havens.id))[rows],
            "by_ambulance": np.bincount(evacuees.haven[by_ambulance], minlength=len(havens.id))[rows],
            "turned_away": evacuees.refused[rows],
            "full_s": evacuees.full_since_s[rows],
            "first_s": np.where(np.isinf(first_s), np.nan, first_s)[rows],
            "last_s": np.where(np.isinf(last_s), np.nan, last_s)[rows],
        }
    )


def _write_zones(folder: RunFolder, rescue: Rescue) -> None:
    rows = zone_rows(rescue)
    folder.writer("evacuation_zones").write({key: [row[key] for row in rows] for key in rows[0]})


def zone_rows(rescue: Rescue) -> list[dict[str, Any]]:
    """What became of the people of every zone, and of all together (the last row)."""
    evacuees, people = rescue.evacuees, rescue.people
    every = [
        (zone.id, evacuees.zone == row, rescue.orders.zone_ordered_s[row]) for row, zone in enumerate(people.zones)
    ]
    first_s = np.nanmin(rescue.orders.zone_ordered_s, initial=np.inf)
    every.append(("all", np.ones(evacuees.doing.size, np.bool_), first_s if np.isfinite(first_s) else np.nan))
    rows = []
    for name, own, begun_s in every:
        goes = own & ~np.isnan(evacuees.left_s)
        state = evacuees.doing[own]
        row: dict[str, Any] = {
            "zone": name,
            "population": int(own.sum()),
            "ordered_s": begun_s,
            "leaving": int(goes.sum()),
            "safe": int(np.isin(state, (SHELTERED, OUT)).sum()),
            "under_way": int(np.isin(state, (*UNDER_WAY, WAITS_FOR_AMBULANCE)).sum()),
            "stranded": int((state == STRANDED).sum()),
        }
        for share in SHARES:
            row[f"left_{share}_s"] = _until(evacuees.left_s[goes], share) - begun_s
            row[f"safe_{share}_s"] = _until(evacuees.safe_s[goes], share) - begun_s
        rows.append(row)
    return rows


def _until(times_s: Floats, share: int) -> float:
    """When so many per cent of people were there, NaN when they never were."""
    if not times_s.size:
        return np.nan
    needed = int(np.ceil(times_s.size * share / 100.0 - 1e-9))
    at_s = float(np.sort(times_s)[needed - 1])  # NaN stands last, behind those who still wait to be fetched
    return at_s if np.isfinite(at_s) else np.nan


def stranded_rows(rescue: Rescue) -> list[dict[str, Any]]:
    """Everybody who set out and is not safe, with place, time and cause."""
    evacuees, people, model = rescue.evacuees, rescue.people, rescue.simulation.model
    lost = np.flatnonzero(np.isin(evacuees.doing, (*UNDER_WAY, WAITS_FOR_AMBULANCE, STRANDED)))
    if not lost.size:
        return []
    x_m, y_m = whereabouts(rescue, lost)
    lon, lat = to_lon_lat(x_m, y_m, model.network.epsg)
    first_walk = len(rescue.walkers.trips) - len(people.walks)
    return [
        {
            "person": people.walks.id[int(evacuees.walk_row[person]) - first_walk],
            "zone": people.zones[int(evacuees.zone[person])].id,
            "status": STATE_WORDS[int(evacuees.doing[person])],
            "lon": round(float(lon[row]), 6),
            "lat": round(float(lat[row]), 6),
            "left_s": float(evacuees.left_s[person]) if np.isfinite(evacuees.left_s[person]) else np.nan,
            "t_s": rescue.simulation.t_s,
            "cause": _why(rescue, person),
        }
        for row, person in enumerate(lost.tolist())
    ]


def _why(rescue: Rescue, person: int) -> str:
    """Why somebody is not safe."""
    evacuees = rescue.evacuees
    if rescue.walkers.people.status[0, evacuees.walk_row[person]] == walking_tables.INCAPACITATED:
        return INCAPACITATED
    if evacuees.doing[person] == AT_STOP:
        return "still waiting for a bus when the run ended"
    if evacuees.doing[person] == WAITS_FOR_AMBULANCE:
        return "still waiting for an ambulance when the run ended"
    return CAUSES[int(evacuees.cause[person])] or "still on the way when the run ended"


def whereabouts(rescue: Rescue, persons: Longs) -> tuple[Floats, Floats]:
    """Coordinates of people who are not safe, m: where they walk or drive, wait, or could not go on."""
    evacuees, people, model, walkers = rescue.evacuees, rescue.people, rescue.simulation.model, rescue.walkers
    home, fetching = people.household[persons], people.fetching
    x_m, y_m = people.households.x_m[home].copy(), people.households.y_m[home].copy()
    inside = {walk: place for patch in walkers.patches for walk, place in patch.places().items()}
    for place, person in enumerate(persons.tolist()):
        point = None
        row, car = int(evacuees.walk_row[person]), -1 if evacuees.alone[person] else int(evacuees.car_row[person])
        cell, status = int(walkers.people.cell[0, row]), int(walkers.people.status[0, row])
        if fetching.fetched[person]:
            if evacuees.doing[person] != WAITS_FOR_AMBULANCE:
                link, at_m = rescue.ambulances.place_of(person)
                point = shapely.line_interpolate_point(shapely.LineString(model.network.link_shape_xy(link)), at_m)
        elif row in inside:
            point = shapely.Point(*inside[row])
        elif cell >= 0:
            directed = int(np.searchsorted(walkers.walks.first_cell, cell, side="right")) - 1
            cells = walkers.walks.first_cell[directed + 1] - walkers.walks.first_cell[directed]
            share = (cell - walkers.walks.first_cell[directed] + 1) / cells
            length_m = float(walkers.network.links.length_m[directed // 2])
            at_m = length_m * share - float(walkers.people.left_m[0, row])
            line = shapely.LineString(walkers.network.link_shape_xy(directed // 2))
            along = at_m / length_m
            point = shapely.line_interpolate_point(line, 1.0 - along if directed % 2 else along, normalized=True)
        elif status == walking_tables.ARRIVED:
            haven = int(evacuees.haven[person])
            line = shapely.LineString(walkers.network.link_shape_xy(int(people.havens.walk_link[haven])))
            point = shapely.line_interpolate_point(line, float(people.havens.walk_m[haven]))
        elif car >= 0 and model.fleet.vehicles.status[0, car] == traffic_tables.DRIVING:
            lane = int(model.fleet.vehicles.lane[0, car])
            link = int(model.fleet.cities.lane_i[0, traffic_tables.ON_LINK, lane])
            at_m = float(model.fleet.vehicles.position_m[0, car]) if lane < model.network.lane_count else np.inf
            point = shapely.line_interpolate_point(shapely.LineString(model.network.link_shape_xy(link)), at_m)
        if point is not None:
            x_m[place], y_m[place] = point.x, point.y
    return x_m, y_m


def _write_stranded(folder: RunFolder, rescue: Rescue) -> None:
    rows = stranded_rows(rescue)
    keys = ("person", "zone", "status", "lon", "lat", "left_s", "t_s", "cause")
    folder.writer("stranded").write({key: [row[key] for row in rows] for key in keys})
    import pandas as pd

    csv_file, geojson_file = (folder.path / name for name in STRANDED_FILES)
    pd.DataFrame(rows, columns=list(keys)).to_csv(csv_file, index=False)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
            "properties": {key: row[key] for key in keys if key not in ("lon", "lat")},
        }
        for row in rows
    ]
    collection = {"type": "FeatureCollection", "features": features}
    geojson_file.write_text(json.dumps(collection) + "\n", encoding="utf-8")


def _write_bottlenecks(folder: RunFolder, rescue: Rescue) -> None:
    rows = bottleneck_rows(rescue)
    keys = ("mode", "link", "name", "lost_person_h", "lon", "lat")
    folder.writer("bottlenecks").write({key: [row[key] for row in rows] for key in keys})


def bottleneck_rows(rescue: Rescue) -> list[dict[str, Any]]:
    """Links on which most time was lost, the worst first.

    On foot it is the time that people stood at the end of a link; on wheels the time beyond that of the limit, each
    vehicle with as many people as evacuees' cars have on average (one where there are none).
    """
    model, walkers = rescue.simulation.model, rescue.walkers
    stood_s, lost_s = _lost_person_s(rescue)
    rows = []
    for mode, links, network, seconds in (
        ("foot", walkers.network.links, walkers.network, stood_s),
        ("road", model.network.links, model.network, lost_s),
    ):
        for link in np.argsort(-seconds, kind="stable")[:MOST_BOTTLENECKS].tolist():
            if seconds[link] > 0.0:
                middle = shapely.line_interpolate_point(
                    shapely.LineString(network.link_shape_xy(link)), 0.5, normalized=True
                )
                lon, lat = to_lon_lat(np.array([middle.x]), np.array([middle.y]), network.epsg)
                rows.append(
                    {
                        "mode": mode,
                        "link": links.id[link],
                        "name": links.name[link],
                        "lost_person_h": float(seconds[link]) / 3600.0,
                        "lon": float(lon[0]),
                        "lat": float(lat[0]),
                    }
                )
    return sorted(rows, key=lambda row: -row["lost_person_h"])[:MOST_BOTTLENECKS]


def _lost_person_s(rescue: Rescue) -> tuple[Floats, Floats]:
    """Time lost on every link of the walk network and on every street, person-seconds; see ``bottleneck_rows``."""
    model, walkers, people = rescue.simulation.model, rescue.walkers, rescue.people
    _, _, vehicle_s, vehicle_m = link_totals(model.fleet)
    driving = people.person_car >= 0
    in_a_car = driving.sum() / max(len(people.cars), 1) if driving.any() else 1.0
    lost_s = np.maximum(vehicle_s - vehicle_m / model.network.links.speed_mps, 0.0) * in_a_car
    return walkers.of_links(0, walkers.walks.cell_f[0, walking_tables.STOOD_S]), lost_s


def _in_words(scenario: Scenario, rescue: Rescue) -> dict[str, list[str]]:
    """What the evacuation was to achieve, and what it assumes, as the report tells it."""
    evacuation, side = rescue.evacuation, Side(scenario, IdsOnly())

    def told(entries: Sequence[BaseModel]) -> list[str]:
        return [entry_sentence(entry, name, side) for entry, name in zip(entries, entry_names(entries), strict=True)]

    size = {zone.id: (rescue.evacuees.zone == row).sum() for row, zone in enumerate(rescue.people.zones)}
    goals = [
        f"{'Zone' if len(order.zones) == 1 else 'Zones'} {', '.join(order.zones)} "
        f"({sum(size[zone] for zone in order.zones):,} people) {GOALS[order.action]} after the order "
        f"{'at' if order.when is None else f'that waits for {order.when.hazard}, not before'} "
        f"{clock(scenario.start, order.start_s)}"
        for order in evacuation.orders
    ]
    shadow, gathering = evacuation.shadow, evacuation.gathering
    return {
        "objectives": [*goals, *told(all_shelters(evacuation)), *told(evacuation.exits)],
        "assumptions": [
            *told(evacuation.orders),
            *(told(evacuation.channels) or ["everybody with an order hears it at once, but where an order says more"]),
            f"people get ready by a time that is {side.say(Evacuation, 'preparation', evacuation.preparation)}",
            f"households: {details(evacuation.households, side) or '2.3 people on average, up to 5 in a car'}",
            *([] if gathering is None else [f"members of households who come home first: {details(gathering, side)}"]),
            f"modes: {details(evacuation.modes, side) or 'all walk'}",
            *told(evacuation.pickups),
            *told([*evacuation.ambulances, *evacuation.designated_routes]),
            *([] if shadow is None else [f"leaving without an order: {details(shadow, side)}"]),
        ],
    }


def _people_told(rescue: Rescue, action: str, count: str) -> int:
    """People told to leave or to stay inside, or who do so."""
    return sum(getattr(told, count) for told in rescue.orders.given if told.action == action)


def evacuation_facts(rescue: Rescue) -> dict[str, Any]:
    """What an evacuation adds to the summary; everybody is in one of the counts of ``people``."""
    evacuees, simulation = rescue.evacuees, rescue.simulation
    zones = zone_rows(rescue)
    counts = rescue.census()
    on_foot_s, on_roads_s = _lost_person_s(rescue)
    return {
        "evacuation": {
            "preset": simulation.scenario.walking.preset,
            "population": int(evacuees.doing.size),
            "people": counts,
            "ordered": _people_told(rescue, "leave", "people"),
            "told_to_stay_inside": _people_told(rescue, "stay_inside", "people"),
            "stay_inside": _people_told(rescue, "stay_inside", "leaving"),
            "leaving": int((~np.isnan(evacuees.left_s)).sum()),
            "shadow": int(evacuees.shadow[rescue.people.household].sum()),
            "turned_away": int(evacuees.refused.sum()),
            "carried_by_buses": int(rescue.buses.carried.sum()),
            "bus_rounds": int((rescue.buses.leg + 1).sum() // 2),
            "designated_routes": {
                route.id: {"cars": int(asked), "led": int(led)}
                for route, asked, led in zip(
                    rescue.evacuation.designated_routes, rescue.designated.asked, rescue.designated.led, strict=True
                )
            },
            "carried_by_ambulances": int(rescue.ambulances.carried.sum()),
            "cars": int(np.unique(evacuees.car_row[evacuees.car_row >= 0]).size),
            "zones": {row["zone"]: {key: value for key, value in row.items() if key != "zone"} for row in zones},
            "lost_person_h": {"on_foot": float(on_foot_s.sum()) / 3600.0, "on_roads": float(on_roads_s.sum()) / 3600.0},
            **_in_words(simulation.scenario, rescue),
            "state_hash": evacuees.state_hash(),
        }
    }
