"""Put street canyons into a matrix of dispersion: what a road between houses adds at places in it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike, NDArray

from ..kernels import air_canyon as kernel
from ..kernels.air_surface_layer import effective_wind_mps
from .air_sources import Receptors
from .air_weather import Weather

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.street_canyons import StreetSides

Floats = NDArray[np.float64]

SAME_WAY_DEG = 30.0  # roads in one street run no more apart
TANGENT_M = 0.5
SIDEWAYS_M = 0.5  # a place lies beside a road, not beyond its end: as far from its line as sideways of it
LEAST_LENGTH_M = 1.0


@dataclass(frozen=True, slots=True)
class Canyons:
    """Receptors that stand in a street between houses, each with a road in it; ``[place]`` or one number for all.

    Attributes
    ----------
    receptor, link
        Row of the receptor, and of the road.
    height_m, width_m, length_m
        Of the houses, from house to house, and of the road.
    heading_rad
        Direction of the road there, counted from east to north.
    left
        Where the receptor lies: 0 at the houses on the right of the road, 1 at those on its left.
    z_m
        Height of the receptor.
    stirred_mps
        Turbulence that vehicles make, see ``air_canyon.stirred_mps``; the default, our choice, is about that of 500
        cars an hour.
    """

    receptor: ArrayLike
    link: ArrayLike
    height_m: ArrayLike
    width_m: ArrayLike
    length_m: ArrayLike
    heading_rad: ArrayLike
    left: ArrayLike = 0.5
    z_m: ArrayLike = 1.5
    stirred_mps: ArrayLike = 0.1

    def __post_init__(self) -> None:
        names = [field.name for field in fields(self)]
        arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(self, name), float)) for name in names))
        problems = []
        for name, array in zip(names, arrays, strict=True):
            above = array > 0.0 if name in {"height_m", "width_m", "length_m"} else array >= 0.0
            wrong = np.flatnonzero(~(np.isfinite(array) if name == "heading_rad" else above))
            if wrong.size:
                problems.append(f"{name}[{wrong[0]}] = {array[wrong[0]]:g} ({wrong.size} like it)")
            object.__setattr__(self, name, array.astype(np.int64 if name in {"receptor", "link"} else np.float64))
        if problems:
            raise ValueError("Canyons cannot have " + "; ".join(problems))

    def __len__(self) -> int:
        return int(np.size(self.receptor))


def canyons_of(sides: StreetSides, network: RoadNetwork, receptors: Receptors) -> Canyons:
    """All receptors that lie between the houses of a street canyon and below their roofs, with the roads in it.

    Of roads that cross in front of houses only those count that run as the nearest one does.
    """
    import shapely

    closed = np.flatnonzero(sides.closed(kernel.CLOSED))
    lines = np.array([shapely.LineString(network.link_shape_xy(int(row))) for row in closed], object)
    points = shapely.points(np.asarray(receptors.x_m, float), np.asarray(receptors.y_m, float))
    reach_m = float(sides.away_m[closed].max()) if closed.size else 0.0
    place, road = shapely.STRtree(lines).query(points, predicate="dwithin", distance=reach_m)
    along_m, far_m = shapely.line_locate_point(lines[road], points[place]), shapely.distance(lines[road], points[place])
    heading, offset_m = _beside(lines[road], along_m, points[place])
    link = closed[road]
    left_m, right_m = sides.away_m[link].T
    inside = (offset_m < left_m) & (offset_m > -right_m) & (np.abs(far_m - np.abs(offset_m)) < SIDEWAYS_M)
    inside &= np.asarray(receptors.z_m, float)[place] <= sides.mean_height_m[link]
    nearest = np.full(len(points), -1)
    order = np.flatnonzero(inside)[np.lexsort((link[inside], far_m[inside]))][::-1]
    nearest[place[order]] = order
    apart = heading - heading[nearest[place]]
    inside &= np.abs(np.sin(apart)) <= np.sin(np.radians(SAME_WAY_DEG))
    chosen = np.flatnonzero(inside)
    width_m = sides.width_m[link[chosen]]
    return Canyons(
        place[chosen],
        link[chosen],
        sides.mean_height_m[link[chosen]],
        width_m,
        np.maximum(network.links.length_m[link[chosen]], LEAST_LENGTH_M),
        heading[chosen],
        np.clip((offset_m + right_m)[chosen] / width_m, 0.0, 1.0),
        np.asarray(receptors.z_m, float)[place[chosen]],
    )


def _beside(lines: NDArray[np.object_], along_m: Floats, points: NDArray[np.object_]) -> tuple[Floats, Floats]:
    """Direction of lines at some place, counted from east to north, and how far points lie to their left, m."""
    import shapely

    length_m = shapely.length(lines)
    foot, behind, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(lines, np.clip(along_m + step, 0.0, length_m)))
        for step in (0.0, -TANGENT_M, TANGENT_M)
    )
    heading = np.arctan2(*(ahead - behind).T[::-1])
    aside = shapely.get_coordinates(points) - foot
    return heading, np.cos(heading) * aside[:, 1] - np.sin(heading) * aside[:, 0]


def with_canyons(matrix: scipy.sparse.csr_array, canyons: Canyons, weather: Weather) -> scipy.sparse.csr_array:
    """Replace what roads between houses add in their own street by what a canyon's vortex does.

    ``matrix`` is ``[receptor, link]``, s/m³. Up to a height of half the width a street is open, and left as it is.
    Other streets' pollution stays: it comes over the roofs.
    """
    closed = np.asarray(canyons.height_m) > kernel.CLOSED * np.asarray(canyons.width_m)
    if not closed.any():
        return matrix
    row, column = np.asarray(canyons.receptor)[closed], np.asarray(canyons.link)[closed]
    height_m, length_m = np.asarray(canyons.height_m)[closed], np.asarray(canyons.length_m)[closed]
    layer, (east, north) = weather.layer(), weather.ahead
    roofs_m, of = np.unique(height_m, return_inverse=True)
    roof_mps = np.array([effective_wind_mps(layer, roof_m) for roof_m in roofs_m.tolist()])[of.reshape(-1)]
    streets, share = np.empty((row.size, kernel.STREET_COLUMNS)), np.empty(row.size)
    streets[:, kernel.HEIGHT], streets[:, kernel.WIDTH] = height_m, np.asarray(canyons.width_m)[closed]
    streets[:, kernel.LENGTH], streets[:, kernel.ROOF_MPS] = length_m, roof_mps
    streets[:, kernel.TURN] = np.arctan2(north, east) - np.asarray(canyons.heading_rad)[closed]
    streets[:, kernel.STIRRED] = np.asarray(canyons.stirred_mps)[closed]
    streets[:, kernel.LEFT], streets[:, kernel.Z] = np.asarray(canyons.left)[closed], np.asarray(canyons.z_m)[closed]
    kernel.fill_canyons(streets, share)
    entries = scipy.sparse.csr_array((share / length_m, (row, column)), shape=matrix.shape)
    own = scipy.sparse.csr_array((np.ones(row.size), (row, column)), shape=matrix.shape)
    found = scipy.sparse.csr_array(matrix - matrix * own + entries)
    found.eliminate_zeros()
    found.sort_indices()
    return found
