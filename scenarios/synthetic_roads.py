"""Draw straight roads between places as streets that end at their stop lines."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .streets import BUS, EMERGENCY, MOTOR, JunctionSpec, Street, StreetGraph

KERB_RADIUS_M = 4.0  # from the edge of the crossing road to the stop line
LONGEST_TRIM = 0.35  # of a street, at either end


@dataclass(frozen=True, slots=True)
class Road:
    """A straight road between two places, before it becomes one street per direction."""

    start: str
    end: str
    lanes: int = 1  # per direction
    backward_lanes: int = 1  # 0: one-way
    road_class: str = "residential"
    speed_kmh: float = 50.0
    lane_width_m: float = 3.0
    roundabout: bool = False
    name: str = ""
    bus_lane: bool = False  # the kerb lane of both directions is for buses
    signs: Mapping[str, str] = field(default_factory=dict)  # place -> "stop" or "give_way" for who arrives there
    arrows: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)  # place -> turn:lanes towards it


def draw_city(
    name: str, specs: list[JunctionSpec], roads: list[Road], *, drives_on_left: bool = False, country: str = ""
) -> StreetGraph:
    """Turn straight roads between places into streets that end at their stop lines."""
    at = {spec.id: (spec.x_m, spec.y_m) for spec in specs}
    arms: dict[str, list[tuple[float, float]]] = {spec.id: [] for spec in specs}  # direction, half width
    for road in roads:
        (x0, y0), (x1, y1) = at[road.start], at[road.end]
        half = max(road.lanes, road.backward_lanes) * road.lane_width_m
        arms[road.start].append((math.atan2(y1 - y0, x1 - x0), half))
        arms[road.end].append((math.atan2(y0 - y1, x0 - x1), half))
    streets: list[Street] = []
    for road in roads:
        (x0, y0), (x1, y1) = at[road.start], at[road.end]
        length = math.hypot(x1 - x0, y1 - y0)
        along = np.array([x1 - x0, y1 - y0]) / length
        heading = math.atan2(along[1], along[0])
        first = min(setback_m(arms[road.start], heading), LONGEST_TRIM * length)
        last = min(setback_m(arms[road.end], heading + math.pi), LONGEST_TRIM * length)
        ends = np.array([[x0, y0] + along * first, [x1, y1] - along * last])
        two_way = road.backward_lanes > 0
        forward_id, backward_id = f"way/{road.start}>{road.end}", f"way/{road.end}>{road.start}"
        for forward in (True, False) if two_way else (True,):
            lanes = road.lanes if forward else road.backward_lanes
            direction = along if forward else -along
            kerb = np.array([direction[1], -direction[0]]) * (-1.0 if drives_on_left else 1.0)
            offset = lanes * road.lane_width_m / 2 if two_way else 0.0
            start, end = (road.start, road.end) if forward else (road.end, road.start)
            streets.append(
                Street(
                    id=forward_id if forward else backward_id,
                    from_junction=start,
                    to_junction=end,
                    shape_xy=(ends if forward else ends[::-1]) + kerb * offset,
                    road_class=road.road_class,
                    speed_mps=road.speed_kmh / 3.6,
                    lane_width_m=road.lane_width_m,
                    lane_access=(BUS | EMERGENCY if road.bus_lane and lanes > 1 else MOTOR, *(MOTOR,) * (lanes - 1)),
                    name=road.name,
                    oneway=not two_way,
                    roundabout=road.roundabout,
                    turn_lanes=road.arrows.get(end),
                    sign=road.signs.get(end, ""),
                    twin=(backward_id if forward else forward_id) if two_way else "",
                )
            )
    return StreetGraph(
        name=name,
        epsg=32632,
        drives_on_left=drives_on_left,
        country=country,
        source="made by rule",
        attribution="",
        streets=tuple(streets),
        junctions=tuple(specs),
    )


def setback_m(arms: list[tuple[float, float]], heading: float) -> float:
    """Distance from a junction's centre to the stop line of the arm with this heading."""
    own = min(arms, key=lambda arm: abs(math.remainder(arm[0] - heading, math.tau)))
    setback = 0.0
    for direction, half in arms:
        angle = abs(math.remainder(direction - own[0], math.tau))
        if angle < 1e-6 or angle > math.radians(150.0):
            continue
        # Where the edges of two roads of these half widths meet, seen along the own arm.
        meet = (half + own[1] * math.cos(angle)) / math.sin(angle)
        setback = max(setback, meet)
    return max(setback + KERB_RADIUS_M, KERB_RADIUS_M)
