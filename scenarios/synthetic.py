"""Make street graphs from rules: regular grids and small random cities, for tests and measurements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from .streets import MOTOR, JunctionSpec, Street, StreetGraph

KERB_RADIUS_M = 4.0  # from the edge of the crossing road to the stop line
LONGEST_TRIM = 0.35  # of a street, at either end
TWO_WAY, FORWARD = "two_way", "forward"


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
    signs: Mapping[str, str] = field(default_factory=dict)  # place -> "stop" or "give_way" for who arrives there


def grid_city(
    rows: int,
    columns: int,
    block_m: float = 200.0,
    lanes: int = 2,
    *,
    signalised: bool = True,
    speed_kmh: float = 50.0,
    drives_on_left: bool = False,
    country: str = "",
    lane_width_m: float = 3.0,
    road_class: str = "secondary",
    gates: bool = False,
) -> StreetGraph:
    """Return a regular grid of two-way streets.

    Parameters
    ----------
    rows, columns
        Number of junctions from south to north and from west to east.
    lanes
        Per direction.
    signalised
        Signals at every junction with three or more arms; otherwise nobody has priority by sign.
    gates
        Let every street at the edge go on for one more block, to a gate where vehicles enter and leave.
    """
    places: dict[str, tuple[float, float]] = {}
    roads: list[Road] = []
    gate_names: set[str] = set()

    def name(row: int, column: int) -> str:
        return f"node/{row:03d}-{column:03d}"

    def road(start: str, end: str, street: str) -> None:
        roads.append(
            Road(start, end, lanes, lanes, road_class, speed_kmh=speed_kmh, lane_width_m=lane_width_m, name=street)
        )

    for row in range(rows):
        for column in range(columns):
            places[name(row, column)] = (column * block_m, row * block_m)
            if column:
                road(name(row, column - 1), name(row, column), f"Street {row + 1}")
            if row:
                road(name(row - 1, column), name(row, column), f"Avenue {column + 1}")
    if gates:
        edge = [(f"gate/w{r:03d}", r, 0, -1, 0) for r in range(rows)]
        edge += [(f"gate/e{r:03d}", r, columns - 1, 1, 0) for r in range(rows)]
        edge += [(f"gate/s{c:03d}", 0, c, 0, -1) for c in range(columns)]
        edge += [(f"gate/n{c:03d}", rows - 1, c, 0, 1) for c in range(columns)]
        for gate, row, column, dx, dy in edge:
            places[gate] = ((column + dx) * block_m, (row + dy) * block_m)
            gate_names.add(gate)
            road(gate, name(row, column), f"Street {row + 1}" if dx else f"Avenue {column + 1}")
    arms = {place: sum(place in (r.start, r.end) for r in roads) for place in places}
    specs = [
        JunctionSpec(
            place,
            x,
            y,
            signalised=signalised and arms[place] >= 3,
            gate="both" if place in gate_names else "",
        )
        for place, (x, y) in places.items()
    ]
    return draw_city(f"grid {rows} x {columns}", specs, roads, drives_on_left=drives_on_left, country=country)


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
        first = min(_setback_m(arms[road.start], heading), LONGEST_TRIM * length)
        last = min(_setback_m(arms[road.end], heading + math.pi), LONGEST_TRIM * length)
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
                    lane_access=(MOTOR,) * lanes,
                    name=road.name,
                    oneway=not two_way,
                    roundabout=road.roundabout,
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


def _setback_m(arms: list[tuple[float, float]], heading: float) -> float:
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
