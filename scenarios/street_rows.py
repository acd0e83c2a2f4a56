"""Put streets and junctions into the order of the network's tables and look up what every later step asks for."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import ROAD_CLASSES, Floats, Ints
from .streets import CAR, MOTOR, JunctionSpec, Street, StreetGraph

HEADING_OVER_M = 10.0  # a link's heading at a junction is that of its last metres, not of a kink at the stop line
TANGENT_OVER_M = 2.0
ONCOMING_FROM_RAD = math.radians(140.0)  # between the headings of two links into a junction
PARALLEL_WITHIN_RAD = math.radians(25.0)


@dataclass(frozen=True, slots=True, eq=False)
class StreetRows:
    """Streets and junctions in network order; the order in which the source listed them leaves no trace.

    Links are sorted by the junction they lead to, then by id, so that lanes, movements and connectors of one junction
    are contiguous. Headings and tangents are radians, counter-clockwise from east.
    """

    streets: tuple[Street, ...]
    junctions: tuple[JunctionSpec, ...]
    drives_on_left: bool
    country: str
    people_cross: bool  # generated signal programmes give them time
    from_junction: Ints
    to_junction: Ints
    twin: Ints
    lane_start: Ints  # [link + 1]
    rank: Ints  # of the road class
    length_m: Floats
    heading_in: Floats  # [link] at its end, driving into the junction
    heading_out: Floats  # [link] at its start, driving out of the junction
    tangent_in: Floats  # the same two, of the last and first metres only
    tangent_out: Floats
    links_in: tuple[tuple[int, ...], ...]  # [junction]
    links_out: tuple[tuple[int, ...], ...]
    car_lanes: tuple[tuple[int, ...], ...]  # [link] lanes from the kerb that cars may use
    motor_lanes: tuple[tuple[int, ...], ...]  # and those that any motor vehicle may use


def wrap(angle_rad: float) -> float:
    """Bring an angle into (-π, π]."""
    wrapped = math.remainder(angle_rad, math.tau)
    return math.pi if wrapped == -math.pi else wrapped


def order_streets(graph: StreetGraph) -> StreetRows:
    """Sort a street graph into network order.

    Raises
    ------
    ValueError
        Ids are not unique, or a street leads from or to a junction that is not there.
    """
    junctions = tuple(sorted(graph.junctions, key=lambda junction: junction.id))
    junction_row = {junction.id: row for row, junction in enumerate(junctions)}
    _check_ids(graph, junction_row)
    streets = tuple(sorted(graph.streets, key=lambda street: (junction_row[street.to_junction], street.id)))
    street_row = {street.id: row for row, street in enumerate(streets)}
    links_in: list[list[int]] = [[] for _ in junctions]
    links_out: list[list[int]] = [[] for _ in junctions]
    for row, street in enumerate(streets):
        links_in[junction_row[street.to_junction]].append(row)
        links_out[junction_row[street.from_junction]].append(row)
    shapes = [np.asarray(street.shape_xy, dtype=np.float64) for street in streets]
    backwards = [-shape[::-1] for shape in shapes]  # a half turn of the plane keeps the direction driven
    return StreetRows(
        streets=streets,
        junctions=junctions,
        drives_on_left=graph.drives_on_left,
        country=graph.country,
        people_cross=graph.people_cross,
        from_junction=np.array([junction_row[street.from_junction] for street in streets], dtype=np.int32),
        to_junction=np.array([junction_row[street.to_junction] for street in streets], dtype=np.int32),
        twin=np.array([street_row.get(street.twin, -1) for street in streets], dtype=np.int32),
        lane_start=np.concatenate(([0], np.cumsum([len(s.lane_access) for s in streets]))).astype(np.int32),
        rank=np.array([ROAD_CLASSES[street.road_class] for street in streets], dtype=np.int32),
        length_m=np.array(
            [
                np.hypot(*np.diff(shape, axis=0).T).sum() if street.length_m is None else street.length_m
                for street, shape in zip(streets, shapes, strict=True)
            ],
            dtype=np.float64,
        ),
        heading_in=np.array([_heading(shape, HEADING_OVER_M) for shape in backwards]),
        heading_out=np.array([_heading(shape, HEADING_OVER_M) for shape in shapes]),
        tangent_in=np.array([_heading(shape, TANGENT_OVER_M) for shape in backwards]),
        tangent_out=np.array([_heading(shape, TANGENT_OVER_M) for shape in shapes]),
        links_in=tuple(map(tuple, links_in)),
        links_out=tuple(map(tuple, links_out)),
        car_lanes=tuple(_lanes_for(street, CAR) for street in streets),
        motor_lanes=tuple(_lanes_for(street, MOTOR) for street in streets),
    )


def _lanes_for(street: Street, access: int) -> tuple[int, ...]:
    return tuple(lane for lane, bits in enumerate(street.lane_access) if bits & access)


def _check_ids(graph: StreetGraph, junction_row: dict[str, int]) -> None:
    if len(junction_row) != len(graph.junctions):
        msg = "two junctions share one id"
        raise ValueError(msg)
    if len({street.id for street in graph.streets}) != len(graph.streets):
        msg = "two streets share one id"
        raise ValueError(msg)
    for street in graph.streets:
        for end in (street.from_junction, street.to_junction):
            if end not in junction_row:
                msg = f"street {street.id} ends at {end}, which is no junction"
                raise ValueError(msg)


def _heading(shape_xy: NDArray[np.float64], over_m: float) -> float:
    """Heading from the first point of a line to the point ``over_m`` along it."""
    points = shape_xy.tolist()
    x0, y0 = x, y = points[0]
    left_m = over_m
    for x1, y1 in points[1:]:
        step_m = math.hypot(x1 - x, y1 - y)
        if step_m >= left_m:
            part = left_m / step_m
            x, y = x + part * (x1 - x), y + part * (y1 - y)
            break
        x, y = x1, y1
        left_m -= step_m
    return math.atan2(y - y0, x - x0)
