"""Find the zones that trips begin and end in: those of OD matrices, else squares laid over the places of all trips."""

from __future__ import annotations

import math
import string
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...scenarios.demand_kinds import OdMatrix
from ...scenarios.nearest_links import project
from ...scenarios.trip_zones import zones_of as od_zones
from ...scenarios.zones import read_zones

if TYPE_CHECKING:
    from ...scenarios.network import RoadNetwork
    from ...scenarios.trips import TripTable
    from .plans import Plan

Floats = NDArray[np.float64]
Names = NDArray[Any]  # of text

ENDS = ("origin", "destination")
SQUARES_ACROSS = 12  # at most
AROUND_M = 60.0  # around the places of a zone that has no outline of its own


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Where every trip begins and ends, and the outline of each zone on the ground."""

    kind: str  # "zone" or "square"
    size_m: float | None  # of squares
    of_trips: Mapping[str, Names]  # "origin" and "destination" -> [trip]; "" of trips without a zone
    outlines: Mapping[str, Any]  # shapely polygons, m in the network's coordinates

    @property
    def places(self) -> str:
        """What they are called where there are several."""
        return "zones" if self.kind == "zone" else f"squares of {self.size_m:g} m"


def zones_of(plan: Plan) -> Zones:
    """Zones of a plan's trips."""
    at = {end: _places(plan.network, plan.trips, end) for end in ENDS}
    named = od_zones(plan.scenario, plan.trips.id)
    if any((names != "").any() for names in named.values()):
        return Zones("zone", None, named, _outlines(plan, named, at))
    return _squares(at)


def _outlines(plan: Plan, named: Mapping[str, Names], at: Mapping[str, Floats]) -> dict[str, Any]:
    """Outline of every zone: its own, else what lies around the places at which its trips begin and end."""
    import shapely

    drawn: dict[str, Any] = {}
    for item in plan.scenario.demand:
        if isinstance(item, OdMatrix) and item.zones is not None:
            drawn.update(_drawn(item.zones, plan.network))
    for zone in sorted({str(name) for names in named.values() for name in names} - {""} - drawn.keys()):
        places = np.concatenate([at[end][named[end] == zone] for end in ENDS])
        drawn[zone] = shapely.buffer(shapely.convex_hull(shapely.multipoints(places)), AROUND_M)
    return drawn


def _drawn(file: Path, network: RoadNetwork) -> dict[str, Any]:
    """Outlines of a file of polygons in the network's coordinates; none of a file of nodes."""
    import shapely

    zones, _ = read_zones(file)
    if zones is None or not zones.outline:
        return {}
    return {
        name: shapely.transform(shape, lambda lon_lat: np.column_stack(project(network, *lon_lat.T)))
        for name, shape in zones.outline.items()
    }


def _squares(at: Mapping[str, Floats]) -> Zones:
    """Squares of a round size, named like those of a street atlas: letters to the east, numbers to the south."""
    import shapely

    points = np.concatenate(list(at.values()))
    if not len(points):
        return Zones("square", 1.0, {end: np.zeros(0, object) for end in ENDS}, {})
    low, high = points.min(axis=0), points.max(axis=0)
    size_m = _round_above(float((high - low).max()) / (SQUARES_ACROSS - 1))
    west, north = math.floor(low[0] / size_m), math.floor(high[1] / size_m)
    of_trips, outlines = {}, {}
    for end, places in at.items():
        cells = np.floor(places / size_m).astype(int)
        names = [f"{_letters(column - west)}{north - row + 1}" for column, row in cells.tolist()]
        of_trips[end] = np.array(names, dtype=object)
        for name, (column, row) in zip(names, cells.tolist(), strict=True):
            if name not in outlines:
                corner = column * size_m, row * size_m
                outlines[name] = shapely.box(*corner, corner[0] + size_m, corner[1] + size_m)
    return Zones("square", size_m, of_trips, outlines)


def _places(network: RoadNetwork, trips: TripTable, end: str) -> Floats:
    """Where trips begin or end on the ground, ``[trip, 2]`` m."""
    import shapely

    links, along_m = getattr(trips, f"{end}_link"), getattr(trips, f"{end}_m")
    share = np.where(np.isnan(along_m), 0.5, along_m / network.links.length_m[links])
    used, row = np.unique(links, return_inverse=True)
    lines = np.array([shapely.LineString(network.link_shape_xy(int(link))) for link in used], dtype=object)
    return np.asarray(
        shapely.get_coordinates(shapely.line_interpolate_point(lines[row], np.clip(share, 0.0, 1.0), normalized=True))
    ).reshape(-1, 2)


def _letters(column: int) -> str:
    """Name of a column: A to Z, then AA.

    Examples
    --------
    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    first, last = divmod(column, len(string.ascii_uppercase))
    return (string.ascii_uppercase[first - 1] if first else "") + string.ascii_uppercase[last]


def _round_above(value: float) -> float:
    """The smallest 1, 2 or 5 times a power of ten that is not below the value.

    Examples
    --------
    >>> _round_above(170.0), _round_above(20.0), _round_above(0.0)
    (200.0, 20.0, 1.0)
    """
    power = 10.0 ** math.floor(math.log10(max(value, 1.0)))
    return next(m * power for m in (1, 2, 5, 10) if m * power >= value)
