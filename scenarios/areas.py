"""Say which part of a city is meant: an area by its corners, in degrees, and the links in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from .strict import Listed

if TYPE_CHECKING:
    from .network import Bools, RoadNetwork

FEWEST_CORNERS = 3
M_PER_DEGREE = 111_320.0  # of latitude
HECTARE_M2 = 10_000.0

Corner = Annotated[
    tuple[float, float],
    Field(strict=False),
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]
Corners = Sequence[tuple[float, float]]


def _drawable(corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """Refuse corners that are no place on Earth, or that enclose nothing."""
    import shapely

    if len(corners) < FEWEST_CORNERS:
        raise ValueError(f"has {len(corners)} corners; an area has at least {FEWEST_CORNERS}.")
    for number, (lon, lat) in enumerate(corners):
        if abs(lon) > 180.0 or abs(lat) > 90.0:
            raise ValueError(f"corner {number} ({lon:g}, {lat:g}) is no place on Earth: longitude, then latitude.")
    outline = shapely.Polygon(corners)
    if not outline.is_valid:
        raise ValueError("its sides cross. Name the corners in the order in which one walks round.")
    if outline.area == 0.0:
        raise ValueError("its corners lie on one line: they enclose nothing.")
    return corners


Area = Annotated[Listed[Corner], AfterValidator(_drawable)]  # longitude and latitude of each corner, walking round


def links_in(network: RoadNetwork, corners: Corners) -> Bools:
    """Links whose middle lies in an area, ``[link]``."""
    import numpy as np
    import shapely

    from .nearest_links import project
    from .places import middle_of_links

    lon, lat = np.array(corners).T
    outline = shapely.Polygon(np.column_stack(project(network, lon, lat)))
    return np.asarray(shapely.contains_xy(outline, *middle_of_links(network)))


def trouble_with(network: RoadNetwork, corners: Corners) -> str:
    """Why an area is of no use in a city; "" where it holds the middle of a street."""
    if links_in(network, corners).any():
        return ""
    turned = [(lat, lon) for lon, lat in corners]
    if all(abs(lat) <= 90.0 for _, lat in turned) and links_in(network, turned).any():
        return f"longitude and latitude are swapped: the other way round it lies in {network.name}."
    return f"holds the middle of no street of {network.name}. Draw it larger, or in the right place."


def area_words(corners: Corners) -> str:
    """An area by its size and its middle.

    Examples
    --------
    >>> area_words([(7.42, 43.73), (7.43, 43.73), (7.43, 43.74), (7.42, 43.74)])
    'an area of 90 ha round 43.7350, 7.4250'
    """
    import shapely

    middle = shapely.centroid(shapely.Polygon(corners))
    lon_m = M_PER_DEGREE * math.cos(math.radians(middle.y))
    size_m2 = shapely.Polygon([(lon * lon_m, lat * M_PER_DEGREE) for lon, lat in corners]).area
    return f"an area of {size_m2 / HECTARE_M2:.2g} ha round {middle.y:.4f}, {middle.x:.4f}"
