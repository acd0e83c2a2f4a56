"""Work out what the streets and all other sources of a city add to the air at its receptors, for each weather."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..kernels.air_puffs import fill_puff, fill_timed
from ..scenarios.air import Accident, AreaSource, Stack
from ..scenarios.nearest_links import project
from .air_canyons import Canyons, canyons_of, with_canyons
from .air_matrix import dispersion_matrix
from .air_sources import LineSources, PointSources, Receptors, StackSources
from .air_stacks import cloud_plume

if TYPE_CHECKING:
    from ..scenarios.air import Air
    from ..scenarios.air_places import ReceptorPlaces
    from ..scenarios.network import RoadNetwork
    from ..scenarios.street_canyons import StreetSides
    from .air_weather import Weather

Floats = NDArray[np.float64]

KELVIN = 273.15
CLOUD_BEGINS_M = 1.0  # spread of an accident's cloud at first
CLOUD_LOOKS_S = 10.0  # how often a cloud that passes is looked at
STRAIGHT_M = 3.0  # bends of a street that are left out
CELL_M = 25.0  # an area emits from points so far apart, at least
MOST_POINTS = 400  # of an area
LANE_M = 3.5  # each lane adds so much to the width of a street
SPREADS_OF_WIDTH, SPREADS_OF_HEIGHT = 4.3, 2.15  # standard deviations: US EPA (1995), ISC3 user's guide, table 3-1
LEAST_UPWARDS_M = 0.5
UNDERGROUND = -1  # layer from which on nothing of a street reaches the open air


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Straight stretches of all streets in the open; shapes ``[stretch]``."""

    lines: LineSources
    link_share: scipy.sparse.csr_array  # [stretch, link]: share of the link's length


def stretches_of(network: RoadNetwork) -> Stretches:
    """Cut streets into straight stretches; those underground have none, and what they emit stays there."""
    import shapely

    above = np.flatnonzero(network.links.layer > UNDERGROUND)
    shapes = np.array([shapely.LineString(network.link_shape_xy(row)) for row in above.tolist()], object)
    points, of = shapely.get_coordinates(shapely.simplify(shapes, STRAIGHT_M), return_index=True)
    joined = of[1:] == of[:-1]
    (x1, y1), (x2, y2) = points[:-1][joined].T, points[1:][joined].T
    rows = above[of[:-1][joined]]
    lanes = np.diff(network.links.lane_start)[rows]
    length_m = np.hypot(x2 - x1, y2 - y1)
    whole_m = np.bincount(rows, weights=length_m, minlength=network.link_count)[rows]
    share = np.divide(length_m, whole_m, out=np.zeros_like(length_m), where=whole_m > 0.0)
    shape = (rows.size, network.link_count)
    table = scipy.sparse.csr_array((share, (np.arange(rows.size), rows)), shape=shape)
    lines = LineSources(x1, y1, x2, y2, initial_lateral_m=np.maximum(lanes * LANE_M / 4.0, 1.0))
    return Stretches(lines, table)


class AirField:
    """Where sources and receptors are, and what each unit of emission adds.

    Parameters
    ----------
    air
        What the scenario says.
    network
        The streets.
    receptors
        Where air is breathed.
    sides
        What stands along the streets; None where all are open.
    """

    def __init__(
        self, air: Air, network: RoadNetwork, receptors: ReceptorPlaces, sides: StreetSides | None = None
    ) -> None:
        self.receptors = Receptors(receptors.x_m, receptors.y_m, receptors.height_m)
        self.stretches = stretches_of(network)
        self.canyons: Canyons | None = None if sides is None else canyons_of(sides, network, self.receptors)
        self._stacks = [(row, one) for row, one in enumerate(air.sources) if isinstance(one, Stack)]
        self._areas = [
            (row, *_points_of(one, network)) for row, one in enumerate(air.sources) if isinstance(one, AreaSource)
        ]
        self._network, self._sources = network, len(air.sources)
        self.said: tuple[str, ...] = ()

    def matrices(self, weather: Weather) -> tuple[scipy.sparse.csr_array, Floats]:
        """What a release of 1 g/s adds, s/m³: ``[receptor, link]``, and ``[receptor, source]`` of all other sources."""
        found = dispersion_matrix(self.stretches.lines, self.receptors, weather)
        self.said = found.said
        others = np.zeros((len(self.receptors), self._sources))
        for row, points, _ in self._areas:
            others[:, row] = dispersion_matrix(points, self.receptors, weather).matrix.mean(axis=1)
        for row, stack in self._stacks:
            others[:, row] = self._of_stack(stack, weather)
        of_links = scipy.sparse.csr_array(found.matrix @ self.stretches.link_share)
        of_links.sort_indices()
        return of_links if self.canyons is None else with_canyons(of_links, self.canyons, weather), others

    def of_accident(self, accident: Accident, weather: Weather, from_s: float, to_s: float) -> Floats:
        """Mean concentration at receptors in a time, of 1 g that an accident releases, 1/m³.

        The cloud is where it would be had the weather always been as it is now.
        """
        ahead, left = ahead_of(self.receptors, weather)
        x_m, y_m = project(self._network, np.array([accident.at[0]]), np.array([accident.at[1]]))
        own_ahead, own_left = ahead_of(PointSources(x_m, y_m), weather)
        plume = cloud_plume(weather, accident.height_m, CLOUD_BEGINS_M)
        places = ahead - own_ahead, left - own_left, np.ascontiguousarray(self.receptors.z_m, float)
        mean, share = np.zeros(ahead.size), np.zeros(ahead.size)
        count = max(math.ceil((to_s - from_s) / CLOUD_LOOKS_S), 1)
        for t_s in from_s + (to_s - from_s) * (np.arange(count) + 0.5) / count:
            since_s = float(t_s) - accident.start_s
            if since_s <= 0.0:
                continue
            if accident.lasts_s > 0.0:
                fill_timed(plume, since_s, accident.lasts_s, *places, share)
                mean += share / accident.lasts_s
            else:
                fill_puff(plume, since_s, *places, share)
                mean += share
        return np.asarray(mean / count)

    def _of_stack(self, stack: Stack, weather: Weather) -> Floats:
        x_m, y_m = project(self._network, np.array([stack.at[0]]), np.array([stack.at[1]]))
        plume = StackSources(
            x_m,
            y_m,
            stack.height_m,
            stack.diameter_m,
            stack.exit_speed_mps,
            stack.exit_temperature_c + KELVIN,
            stack.building_height_m,
            stack.building_width_m,
        )
        return np.asarray(dispersion_matrix(plume, self.receptors, weather).matrix.toarray()[:, 0])


def ahead_of(places: Receptors | PointSources, weather: Weather) -> tuple[Floats, Floats]:
    """How far places lie ahead, downwind, and to the left of the wind, m."""
    east, north = weather.ahead
    x_m, y_m = np.asarray(places.x_m, float), np.asarray(places.y_m, float)
    return x_m * east + y_m * north, y_m * east - x_m * north


def _points_of(area: AreaSource, network: RoadNetwork) -> tuple[PointSources, float]:
    """Points from which an area emits, alike, and its size, m²."""
    import shapely

    outline = shapely.Polygon(np.column_stack(project(network, *np.array(area.polygon).T)))
    apart_m = max(CELL_M, np.sqrt(outline.area / MOST_POINTS))
    west, south, east, north = outline.bounds
    x_m, y_m = (
        axis.ravel()
        for axis in np.meshgrid(
            np.arange(west + apart_m / 2.0, east, apart_m), np.arange(south + apart_m / 2.0, north, apart_m)
        )
    )
    inside = shapely.contains_xy(outline, x_m, y_m)
    if not inside.any():
        middle = shapely.point_on_surface(outline)
        x_m, y_m, inside = np.array([middle.x]), np.array([middle.y]), np.array([True])
    upwards_m = max(area.height_m / SPREADS_OF_HEIGHT, LEAST_UPWARDS_M)
    points = PointSources(x_m[inside], y_m[inside], area.height_m, upwards_m, apart_m / SPREADS_OF_WIDTH)
    return points, float(outline.area)
