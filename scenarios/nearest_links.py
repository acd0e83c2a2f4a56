"""Find the street that belongs to a coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import NO_PLACE, Bools, Floats, Ints, RoadNetwork
from .problems import SourceError

FACES_DEG = 60.0  # a link may differ so much from the way a detector faces: signs name four directions only
DIRECTION_OVER_M = 5.0  # each way
SAME_PLACE_M = 1.0  # both directions of a street often share one line


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """Shapes ``[point]``."""

    link: Ints
    along_m: Floats  # on the link's lanes, from its beginning
    distance_m: Floats  # of the coordinate from the street


def project(network: RoadNetwork, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Longitude and latitude (WGS 84) in the network's own coordinates, m; inf where they are none.

    Raises
    ------
    SourceError
        The network lies nowhere on Earth.
    """
    from pyproj import Transformer

    if network.epsg == NO_PLACE:
        msg = f"{network.source}: lies nowhere on Earth (no projection), so coordinates mean nothing in it. Name links."
        raise SourceError(msg)

    transform = Transformer.from_crs("EPSG:4326", f"EPSG:{network.epsg}", always_xy=True)
    x_m, y_m = transform.transform(np.asarray(lon, np.float64), np.asarray(lat, np.float64))
    return np.asarray(x_m), np.asarray(y_m)


def nearest_links(network: RoadNetwork, x_m: Floats, y_m: Floats, usable: Bools) -> Matched:
    """Nearest usable link of each point; of the two directions of a street the one at whose kerb the point lies.

    Parameters
    ----------
    x_m, y_m : [point]
        Finite, in the network's projected coordinates.
    usable : [link]
        Where to look; at least one.
    """
    import shapely

    rows = np.flatnonzero(usable)
    lines = np.array([shapely.LineString(network.link_shape_xy(int(row))) for row in rows])
    tree = shapely.STRtree(lines)
    points = shapely.points(x_m, y_m)
    (point, _), nearest_m = tree.query_nearest(points, return_distance=True, all_matches=False)
    distance_m = np.zeros(len(points))
    distance_m[point] = nearest_m
    near_point, near_line = tree.query(points, predicate="dwithin", distance=distance_m + SAME_PLACE_M)
    on_line_m = shapely.line_locate_point(lines[near_line], points[near_point])
    at_kerb = _at_kerb(lines[near_line], on_line_m, points[near_point], on_left=network.drives_on_left)
    order = np.lexsort((near_line, ~at_kerb, near_point))
    best = order[np.unique(near_point[order], return_index=True)[1]]
    link = rows[near_line[best]].astype(np.int32)
    share = on_line_m[best] / np.maximum(shapely.length(lines[near_line[best]]), 1e-9)
    return Matched(link, share * network.links.length_m[link], distance_m)


def links_along(
    network: RoadNetwork, x_m: Floats, y_m: Floats, heading_deg: Floats, usable: Bools, *, within_m: float
) -> Matched:
    """Nearest usable link of each point that runs the way the point faces; link -1 where there is none.

    Parameters
    ----------
    x_m, y_m : [point]
        Finite, in the network's projected coordinates.
    heading_deg : [point]
        Towards which traffic drives, from north clockwise; NaN: not known, and no link is found.
    usable : [link]
        Where to look.
    within_m
        Of the point.
    """
    import shapely

    found = Matched(np.full(x_m.size, -1, np.int32), np.full(x_m.size, np.nan), np.full(x_m.size, np.inf))
    rows = np.flatnonzero(usable)
    lines = np.array([shapely.LineString(network.link_shape_xy(int(row))) for row in rows])
    points = shapely.points(x_m, y_m)
    for point, line in shapely.STRtree(lines).query(points, predicate="dwithin", distance=within_m).T.tolist():
        off_deg = heading_difference_deg(network, int(rows[line]), x_m[point], y_m[point], float(heading_deg[point]))
        away_m = float(lines[line].distance(points[point]))
        if off_deg <= FACES_DEG and away_m < found.distance_m[point]:
            found.link[point], found.distance_m[point] = rows[line], away_m
            share = lines[line].project(points[point]) / max(lines[line].length, 1e-9)
            found.along_m[point] = share * network.links.length_m[rows[line]]
    return found


def heading_difference_deg(network: RoadNetwork, link: int, x_m: float, y_m: float, heading_deg: float) -> float:
    """Angle between a heading and the direction of a link beside a point, 0 to 180°; NaN where there is no heading."""
    import shapely

    line = shapely.LineString(network.link_shape_xy(link))
    along_m = line.project(shapely.Point(x_m, y_m))
    behind = line.interpolate(max(along_m - DIRECTION_OVER_M, 0.0))
    ahead = line.interpolate(min(along_m + DIRECTION_OVER_M, line.length))
    direction_deg = float(np.degrees(np.arctan2(ahead.x - behind.x, ahead.y - behind.y)))
    return abs((heading_deg - direction_deg + 180.0) % 360.0 - 180.0)


def lane_beside(network: RoadNetwork, link: int, x_m: float, y_m: float) -> int:
    """Lane of a link (0 at the kerb) on which a point lies, or the nearest one.

    The line of a link is the middle of its road: of both directions where they share it, else of its own lanes.
    """
    import shapely

    line, point = shapely.LineString(network.link_shape_xy(link)), shapely.Point(x_m, y_m)
    along_m = line.project(point)
    behind, ahead = line.interpolate(max(along_m - 0.5, 0.0)), line.interpolate(min(along_m + 0.5, line.length))
    forward_x, forward_y = ahead.x - behind.x, ahead.y - behind.y
    to_the_left = forward_x * (y_m - behind.y) - forward_y * (x_m - behind.x)
    towards_kerb_m = to_the_left / max(float(np.hypot(forward_x, forward_y)), 1e-9)
    towards_kerb_m *= 1.0 if network.drives_on_left else -1.0
    lanes = slice(*network.links.lane_start[link : link + 2])
    inner_edge_m = np.cumsum(network.lanes.width_m[lanes])
    twin = int(network.links.twin[link])
    shared = twin >= 0 and shapely.LineString(network.link_shape_xy(twin)).distance(line.centroid) < SAME_PLACE_M
    kerb_m = float(inner_edge_m[-1]) * (1.0 if shared else 0.5)
    return int(np.clip(np.searchsorted(inner_edge_m, kerb_m - towards_kerb_m), 0, inner_edge_m.size - 1))


def _at_kerb(lines: np.ndarray, on_line_m: Floats, points: np.ndarray, *, on_left: bool) -> Bools:
    """Whether a point lies on the side of the line where traffic drives."""
    import shapely

    behind = shapely.line_interpolate_point(lines, np.maximum(on_line_m - 0.5, 0.0))
    ahead = shapely.line_interpolate_point(lines, on_line_m + 0.5)
    forward_x, forward_y = shapely.get_x(ahead) - shapely.get_x(behind), shapely.get_y(ahead) - shapely.get_y(behind)
    side_x, side_y = shapely.get_x(points) - shapely.get_x(behind), shapely.get_y(points) - shapely.get_y(behind)
    to_the_left = forward_x * side_y - forward_y * side_x
    return np.asarray(to_the_left >= 0 if on_left else to_the_left <= 0)
