"""Draw the links of a planning network, given by nodes and perhaps lines, as streets that end at their stop lines."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .osm_defaults import country_at, drives_on_left
from .osm_place import utm_epsg
from .streets import Street
from .synthetic_roads import LONGEST_TRIM, setback_m

XY = tuple[float, float]
SAME_LINE_M = 1.0  # between the lines of two directions that are drawn as one
SHORTEST_M = 1.0
PARALLEL_RAD = math.radians(20.0)  # arms closer than this lie side by side


@dataclass(frozen=True, slots=True)
class DrawnLink:
    """One direction of travel between two nodes."""

    id: str
    start: str  # junction ids
    end: str
    lane_access: tuple[int, ...]  # from the kerb
    speed_mps: float
    road_class: str
    lane_width_m: float = 3.25
    line_xy: NDArray[np.float64] | None = None  # [point, 2] m; None: straight
    length_m: float | None = None  # from node to node, where it is not that of the line
    name: str = ""
    destination_only: bool = False
    turn_lanes: tuple[tuple[str, ...], ...] | None = None
    sign: str = ""
    assumed: frozenset[str] = frozenset()


def draw_links(links: Sequence[DrawnLink], at: Mapping[str, XY], *, on_left: bool) -> tuple[Street, ...]:
    """Turn links between nodes into streets between stop lines.

    Parameters
    ----------
    links
        Ends must be different nodes at different places.
    at
        Place of every junction, m.
    on_left
        Whether traffic drives on the left: to which side a direction lies whose opposite is drawn on the same line.
    """
    import shapely.ops

    lines = [link.line_xy if link.line_xy is not None else np.array([at[link.start], at[link.end]]) for link in links]
    opposite = _opposite(links)
    on_one_line = [back >= 0 and _is_one_line(line, lines[back]) for line, back in zip(lines, opposite, strict=True)]
    arms: dict[str, list[tuple[float, float]]] = {place: [] for place in at}
    for row, (link, line) in enumerate(zip(links, lines, strict=True)):
        half_m = len(link.lane_access) * link.lane_width_m / (1.0 if on_one_line[row] else 2.0)
        _add_arm(arms[link.start], _heading(line), half_m)
        _add_arm(arms[link.end], _heading(line[::-1]), half_m)
    streets = []
    for row, (link, line) in enumerate(zip(links, lines, strict=True)):
        drawn = shapely.LineString(line)
        most_m = LONGEST_TRIM * drawn.length
        first_m = min(setback_m(arms[link.start], _heading(line)), most_m)
        last_m = min(setback_m(arms[link.end], _heading(line[::-1])), most_m)
        inner = shapely.get_coordinates(shapely.ops.substring(drawn, first_m, drawn.length - last_m))
        if on_one_line[row]:
            right_m = len(link.lane_access) * link.lane_width_m / 2.0 * (-1.0 if on_left else 1.0)
            inner = _beside(inner, right_m)
        length_m = None if link.length_m is None else max(link.length_m - first_m - last_m, SHORTEST_M)
        streets.append(
            Street(
                id=link.id,
                from_junction=link.start,
                to_junction=link.end,
                shape_xy=inner,
                road_class=link.road_class,
                speed_mps=link.speed_mps,
                lane_width_m=link.lane_width_m,
                lane_access=link.lane_access,
                name=link.name,
                source_ways=(link.id,),
                oneway=opposite[row] < 0,
                destination_only=link.destination_only,
                turn_lanes=link.turn_lanes,
                sign=link.sign,
                twin=links[opposite[row]].id if opposite[row] >= 0 else "",
                assumed=link.assumed,
                length_m=length_m,
            )
        )
    return tuple(streets)


def to_metres(xy: NDArray[np.float64], crs: int, epsg: int | None = None) -> tuple[NDArray[np.float64], int]:
    """Bring places from the CRS of a source (EPSG) into metres.

    Parameters
    ----------
    xy
        Places, ``[point, 2]``.
    crs
        EPSG number of their CRS.
    epsg
        That of the projected CRS to bring them into; their own if it is in metres, else the UTM zone of their middle.

    Returns
    -------
    tuple
        Places in m, and the EPSG number of their CRS.
    """
    from pyproj import CRS, Transformer

    source = CRS.from_epsg(crs)
    if epsg is None and source.is_projected and all(axis.unit_name == "metre" for axis in source.axis_info):
        epsg = crs
    if epsg == crs:
        return xy, crs
    if epsg is None:
        lon, lat = Transformer.from_crs(source, 4326, always_xy=True).transform(*xy.mean(axis=0))
        epsg = utm_epsg(float(lon), float(lat))
    return np.column_stack(Transformer.from_crs(source, epsg, always_xy=True).transform(xy[:, 0], xy[:, 1])), epsg


def side_of_road(xy_m: NDArray[np.float64], epsg: int, country: str | None, side: str | None) -> tuple[str, bool]:
    """Country of a place, and whether one drives on the left there; what the scenario says goes first."""
    from pyproj import Transformer

    if country is None:
        x, y = xy_m.mean(axis=0)
        country = country_at(*Transformer.from_crs(epsg, 4326, always_xy=True).transform(x, y))
    return country, drives_on_left(country) if side is None else side == "left"


def _opposite(links: Sequence[DrawnLink]) -> list[int]:
    """Row of the opposite direction of every link, -1 where there is none or more than one."""
    rows: dict[tuple[str, str], list[int]] = {}
    for row, link in enumerate(links):
        rows.setdefault((link.start, link.end), []).append(row)
    opposite = []
    for link in links:
        there, back = rows[link.start, link.end], rows.get((link.end, link.start), [])
        opposite.append(back[0] if len(there) == len(back) == 1 else -1)
    return opposite


def _add_arm(arms: list[tuple[float, float]], heading: float, half_m: float) -> None:
    """Add an arm to a junction, or make the one that lies beside it as wide."""
    for place, (other, its_half_m) in enumerate(arms):
        if abs(math.remainder(other - heading, math.tau)) < PARALLEL_RAD:
            arms[place] = (other, max(half_m, its_half_m))
            return
    arms.append((heading, half_m))


def _is_one_line(line: NDArray[np.float64], back: NDArray[np.float64]) -> bool:
    import shapely

    return bool(shapely.hausdorff_distance(shapely.LineString(line), shapely.LineString(back)) < SAME_LINE_M)


def _heading(line: NDArray[np.float64]) -> float:
    """Direction in which a line leaves its first point, rad."""
    x, y = line[1] - line[0]
    return math.atan2(y, x)


def _beside(line: NDArray[np.float64], right_m: float) -> NDArray[np.float64]:
    """A line moved to its right, point by point along the mean normal of the two pieces that meet there."""
    steps = np.diff(line, axis=0)
    ahead = steps / np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    at_points = np.vstack([ahead[:1], ahead[:-1] + ahead[1:], ahead[-1:]])
    at_points /= np.maximum(np.hypot(at_points[:, 0], at_points[:, 1]), 1e-9)[:, None]
    return line + right_m * np.column_stack([at_points[:, 1], -at_points[:, 0]])
