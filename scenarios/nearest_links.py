"""Find the street that belongs to a coordinate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .network import NO_PLACE, Bools, Floats, Ints, RoadNetwork
from .problems import SourceError

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


def _at_kerb(lines: np.ndarray, on_line_m: Floats, points: np.ndarray, *, on_left: bool) -> Bools:
    """Whether a point lies on the side of the line where traffic drives."""
    import shapely

    behind = shapely.line_interpolate_point(lines, np.maximum(on_line_m - 0.5, 0.0))
    ahead = shapely.line_interpolate_point(lines, on_line_m + 0.5)
    forward_x, forward_y = shapely.get_x(ahead) - shapely.get_x(behind), shapely.get_y(ahead) - shapely.get_y(behind)
    side_x, side_y = shapely.get_x(points) - shapely.get_x(behind), shapely.get_y(points) - shapely.get_y(behind)
    to_the_left = forward_x * side_y - forward_y * side_x
    return np.asarray(to_the_left >= 0 if on_left else to_the_left <= 0)
