"""Put sensors on links and lanes, and say which stand on the wrong one, in the wrong direction, or nowhere."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from .nearest_links import heading_difference_deg, lane_beside, links_along, nearest_links, project
from .network import NO_PLACE, Bools, Floats, Ints, RoadNetwork
from .places import link_access, middle_of_links
from .problems import closest_hint
from .readings import Readings, Rows, Sensor
from .sensor_findings import Finding
from .streets import CAR
from .walk_network import WalkNetwork

FAR_M = 50.0  # a detector lies on its road
OTHER_M = 15.0  # by so much another link must be nearer before the named one is doubted
AGAINST_DEG = 90.0
ROADS = ("link", "links", "turn")  # places on the road network


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Shapes ``[sensor]``."""

    links: tuple[Ints, ...]  # rows of the road links of each sensor; none where its place is not known
    walk_link: Ints  # row of the walk link on which walkers are counted, -1: none
    lane: Ints  # the lane named, -1: all
    beside_lane: Ints  # the lane that its coordinate is on or nearest to, -1: no coordinate
    lanes: Floats  # how many lanes it stands on, NaN: not known
    distance_m: Floats  # of its coordinate from its link, NaN: no coordinate
    matched: Bools  # its link was found by its coordinate
    findings: tuple[Finding, ...]

    @property
    def link(self) -> Ints:
        """The (first) link of each, -1: none."""
        return np.array([rows[0] if rows.size else -1 for rows in self.links], np.int32)


def place_sensors(readings: Readings, network: RoadNetwork, walk: WalkNetwork | None = None) -> Placed:
    """Find the links of all sensors that stand on links; those of walkers where the walk network is given."""
    sensors = readings.sensors
    links = [_named(sensor, network) for sensor in sensors]
    findings: list[Finding] = []
    lane = np.array([-1 if sensor.lane is None else sensor.lane for sensor in sensors], np.int32)
    distance_m = np.full(len(sensors), np.nan)
    matched, beside_lane = np.zeros(len(sensors), np.bool_), np.full(len(sensors), -1, np.int32)
    for row, sensor in enumerate(sensors):
        findings += _unknown(row, sensor, network, walk)
    placed = np.flatnonzero([sensor.placed and sensor.measures.place == "link" for sensor in sensors])
    if placed.size and network.epsg != NO_PLACE:
        findings += _match(placed, readings, network, links, beside_lane, distance_m, matched)
    for row, sensor in enumerate(sensors):
        findings += _nowhere(row, sensor, links[row])
    lanes = np.array([_lanes(rows, one, network) for rows, one in zip(links, lane.tolist(), strict=True)])
    on_walk = [_known(sensor, network, walk) if sensor.measures.place == "walk_link" else {} for sensor in sensors]
    walk_link = [known.get((*sensor.links, sensor.name)[0], -1) for sensor, known in zip(sensors, on_walk, strict=True)]
    return Placed(
        tuple(links), np.array(walk_link, np.int32), lane, beside_lane, lanes, distance_m, matched, tuple(findings)
    )


def positions(readings: Readings, placed: Placed, network: RoadNetwork) -> tuple[Floats, Floats]:
    """Where each sensor is, m in the network's coordinates: its own place, else the middle of its links; or NaN."""
    x_m, y_m = np.full(len(readings.sensors), np.nan), np.full(len(readings.sensors), np.nan)
    middle = middle_of_links(network)
    for row, links in enumerate(placed.links):
        if links.size:
            x_m[row], y_m[row] = middle[0][links].mean(), middle[1][links].mean()
    own = np.array([row for row, sensor in enumerate(readings.sensors) if sensor.placed], np.intp)
    if own.size and network.epsg != NO_PLACE:
        lon, lat = (np.array([getattr(readings.sensors[row], name) for row in own]) for name in ("lon", "lat"))
        x_m[own], y_m[own] = project(network, lon, lat)
    return x_m, y_m


def _known(sensor: Sensor, network: RoadNetwork, walk: WalkNetwork | None) -> Mapping[str, int]:
    """Rows of the links that a sensor may stand on, by their ids."""
    if sensor.measures.place in ROADS:
        return network.link_row
    return walk.link_row if walk is not None and sensor.measures.place == "walk_link" else {}


def _named(sensor: Sensor, network: RoadNetwork) -> Ints:
    """Rows of the road links that a sensor names, or whose id is its name."""
    known = _known(sensor, network, None)
    names = sensor.links or (sensor.name,)
    return np.array([known[name] for name in names if name in known], np.int32)


def _unknown(row: int, sensor: Sensor, network: RoadNetwork, walk: WalkNetwork | None) -> Iterator[Finding]:
    known = _known(sensor, network, walk)
    if not known:
        return
    for name in sensor.links:
        if name not in known:
            hint = closest_hint(name, known)
            yield _finding("unknown_link", row, f'"{name}" is no link.{hint}', sensor.line)
    if sensor.measures.place in ROADS and sensor.lane is not None and sensor.links and sensor.links[0] in known:
        link = network.link_row[sensor.links[0]]
        there = int(np.diff(network.links.lane_start)[link])
        if sensor.lane >= there:
            text = f"lane {sensor.lane} of {sensor.links[0]}, which has {there} (0 to {there - 1})."
            yield _finding("unknown_lane", row, text, sensor.line)


def _match(
    placed: Rows,
    readings: Readings,
    network: RoadNetwork,
    links: list[Ints],
    beside_lane: Ints,
    distance_m: Floats,
    matched: Bools,
) -> Iterator[Finding]:
    """Hold coordinates against links: find the link where none is named, else say whether it is the right one."""
    sensors = readings.sensors
    usable = link_access(network, CAR)
    x_m, y_m = project(network, *(np.array([getattr(sensors[row], name) for row in placed]) for name in ("lon", "lat")))
    on_earth = np.isfinite(x_m) & np.isfinite(y_m)
    placed, x_m, y_m = placed[on_earth], x_m[on_earth], y_m[on_earth]
    heading = np.array([sensors[row].heading_deg for row in placed])
    nearest = nearest_links(network, x_m, y_m, usable)
    along = links_along(network, x_m, y_m, heading, usable, within_m=FAR_M)
    for place, row in enumerate(placed.tolist()):
        sensor = sensors[row]
        best = int(along.link[place]) if along.link[place] >= 0 else int(nearest.link[place])
        best_m = float(along.distance_m[place] if along.link[place] >= 0 else nearest.distance_m[place])
        if links[row].size:
            named = int(links[row][0])
            distance_m[row] = _distance_m(network, named, x_m[place], y_m[place])
            yield from _doubts(
                row, sensor, network, named, best, best_m, float(distance_m[row]), x_m[place], y_m[place]
            )
        elif best_m > FAR_M:
            text = f"{best_m:,.0f} m from the nearest link, {network.links.id[best]} (at most {FAR_M:g} m)."
            yield _finding("far", row, text, sensor.line, value=best_m)
        elif not sensor.links:
            links[row], distance_m[row], matched[row] = np.array([best], np.int32), best_m, True
        if links[row].size:
            beside_lane[row] = lane_beside(network, int(links[row][0]), x_m[place], y_m[place])


def _doubts(
    row: int,
    sensor: Sensor,
    network: RoadNetwork,
    named: int,
    best: int,
    best_m: float,
    named_m: float,
    x_m: float,
    y_m: float,
) -> Iterator[Finding]:
    name, other = network.links.id[named], network.links.id[best]
    against = heading_difference_deg(network, named, x_m, y_m, sensor.heading_deg)
    if against > AGAINST_DEG:
        out = f" {other} runs that way." if best != named else ""
        text = f"faces {sensor.heading_deg:.0f}°, {against:.0f}° off the direction of {name}.{out}"
        yield _finding("other_direction", row, text, sensor.line, value=against)
    elif named_m - best_m > OTHER_M:
        text = f"lies {named_m:,.0f} m from {name}, but {best_m:,.0f} m from {other}."
        yield _finding("other_link", row, text, sensor.line, value=named_m)
    elif named_m > FAR_M:
        yield _finding(
            "far", row, f"lies {named_m:,.0f} m from {name} (at most {FAR_M:g} m).", sensor.line, value=named_m
        )


def _nowhere(row: int, sensor: Sensor, links: Ints) -> Iterator[Finding]:
    place = sensor.measures.place
    if place in ROADS and not links.size and not sensor.links and not sensor.placed:
        yield _finding("nowhere", row, "names no link and has no coordinate.", sensor.line)
    if place == "turn" and sensor.links and len(sensor.links) != 2:
        yield _finding("nowhere", row, "a turn goes from one link to another: name both.", sensor.line)
    if place == "point" and not sensor.placed:
        yield _finding("nowhere", row, "has no coordinate.", sensor.line)


def _lanes(links: Ints, lane: int, network: RoadNetwork) -> float:
    if not links.size:
        return math.nan
    return 1.0 if lane >= 0 else float(np.diff(network.links.lane_start)[links].sum())


def _distance_m(network: RoadNetwork, link: int, x_m: float, y_m: float) -> float:
    import shapely

    return float(shapely.LineString(network.link_shape_xy(link)).distance(shapely.Point(x_m, y_m)))


def _finding(sort: str, row: int, text: str, line: int | None, *, value: float = math.nan) -> Finding:
    return Finding(sort, row, math.nan, math.nan, value, text, line=line or 0)
