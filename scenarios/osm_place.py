"""Tell where a source lies: its projection, its country, the side of the road, what is built up."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .network import ROAD_CLASSES
from .osm_chains import XY
from .osm_defaults import COUNTRIES, country_at, drives_on_left
from .osm_read import LonLat, OsmData, OsmWay
from .problems import SourceError

CELL_M = 250.0
URBAN_KM_PER_KM2 = 5.0  # streets in the cells around; villages have about 6, fields 2
EVIDENCE_COUNT = 8  # pairs of carriageways and rings that are believed against the country
EVIDENCE_SHARE = 0.8
CARRIAGEWAYS_APART_M = 25.0


@dataclass(frozen=True, slots=True)
class Place:
    """What holds for a whole source."""

    epsg: int
    country: str
    on_left: bool
    notes: tuple[str, ...]


def utm_epsg(lon: float, lat: float) -> int:
    """EPSG code of the UTM zone a place lies in, the one that OSMnx and GeoPandas choose.

    Examples
    --------
    >>> utm_epsg(24.94, 60.17), utm_epsg(-51.2, -30.0)
    (32635, 32722)
    """
    zone = min(60, int((lon + 180.0) // 6.0) + 1)
    return (32600 if lat >= 0.0 else 32700) + zone


def project(nodes: Mapping[int, LonLat], epsg: int) -> dict[int, XY]:
    """Node positions in m."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(4326, epsg, always_xy=True)
    ids = list(nodes)
    lonlat = np.array([nodes[node] for node in ids], dtype=np.float64)
    x, y = transformer.transform(lonlat[:, 0], lonlat[:, 1])
    return dict(zip(ids, zip(x.tolist(), y.tolist(), strict=True), strict=True))


def middle(nodes: Mapping[int, LonLat]) -> LonLat:
    """Middle of all nodes, degrees."""
    lonlat = np.array(list(nodes.values()))
    lon, lat = (lonlat.min(axis=0) + lonlat.max(axis=0)) / 2.0
    return float(lon), float(lat)


def find_place(
    data: OsmData, xy: Mapping[int, XY], epsg: int, *, country: str | None = None, driving_side: str | None = None
) -> Place:
    """Decide on country and driving side: what the caller says, else what the data say, else where it lies."""
    notes = []
    if not country:
        country, why = _country(data)
        notes.append(why)
    country = country.upper()
    if driving_side:
        return Place(epsg, country, driving_side == "left", tuple(notes))
    on_left = drives_on_left(country)
    left, right = side_evidence(data.ways, xy)
    total = left + right
    if total >= EVIDENCE_COUNT and max(left, right) >= EVIDENCE_SHARE * total and (left > right) != on_left:
        on_left = left > right
        notes.append(
            f"Traffic keeps {'left' if on_left else 'right'}: {max(left, right)} of {total} carriageways and rings "
            f"show it, against the rule of {country or 'an unknown country'}."
        )
    elif not country:
        notes.append(f"Traffic is assumed to keep {'left' if on_left else 'right'} (country unknown, no evidence).")
    return Place(epsg, country, on_left, tuple(notes))


def _country(data: OsmData) -> tuple[str, str]:
    lon, lat = middle(data.nodes)
    by_box = country_at(lon, lat)
    if data.countries:
        code, count = max(data.countries.items(), key=lambda pair: (pair[1], pair[0]))
        if not _lies_in(code, lon, lat) and _lies_in(code, lat, lon):
            msg = f"{data.source}: says that it lies in {code}, which it would with longitude and latitude swapped."
            raise SourceError(msg)
        return code, f"Country {code}: {count} objects of the source say so."
    if by_box:
        return by_box, f"Country {by_box}: assumed from the position {lon:.3f}, {lat:.3f}."
    return "", f"Country unknown at {lon:.3f}, {lat:.3f}: general defaults are used."


def _lies_in(country: str, lon: float, lat: float) -> bool:
    margin = 1.0  # degrees; the boxes are crude
    return country in COUNTRIES and any(
        west - margin <= lon <= east + margin and south - margin <= lat <= north + margin
        for west, south, east, north in COUNTRIES[country].boxes
    )


def side_evidence(ways: Sequence[OsmWay], xy: Mapping[int, XY]) -> tuple[int, int]:
    """Pairs of opposite carriageways and closed rings that show driving on the left, on the right."""
    left = right = 0
    middles, courses, streets = [], [], []
    for way in ways:
        tags = way.tags
        if ROAD_CLASSES.get(tags["highway"], 0) < ROAD_CLASSES["residential"]:
            continue
        points = [xy[node] for node in way.nodes]
        if tags.get("junction") in {"roundabout", "circular"}:
            if way.nodes[0] == way.nodes[-1] and tags.get("oneway") != "-1":
                area = sum(a[0] * b[1] - b[0] * a[1] for a, b in itertools.pairwise(points))
                left, right = (left, right + 1) if area > 0.0 else (left + 1, right)
            continue
        if tags.get("oneway") != "yes" and not tags["highway"].startswith("motorway"):
            continue
        for a, b in itertools.pairwise(points):
            size = math.dist(a, b)
            if size > 15.0:
                middles.append(((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0))
                courses.append(((b[0] - a[0]) / size, (b[1] - a[1]) / size))
                streets.append((tags["highway"], tags.get("name", tags.get("ref")), way.id))
    for one, other in _near_pairs(middles, CARRIAGEWAYS_APART_M):
        (x1, y1), (x2, y2) = courses[one], courses[other]
        same_street = streets[one][:2] == streets[other][:2] and streets[one][2] != streets[other][2]
        if not same_street or x1 * x2 + y1 * y2 > -0.95:
            continue
        across = x1 * (middles[other][1] - middles[one][1]) - y1 * (middles[other][0] - middles[one][0])
        if abs(across) >= 3.0:  # the opposite carriageway lies on the left where traffic keeps right
            left, right = (left, right + 1) if across > 0.0 else (left + 1, right)
    return left, right


def _near_pairs(points: Sequence[XY], distance_m: float) -> Iterator[tuple[int, int]]:
    """Pairs of points that are near each other, by a grid of cells as wide as the distance."""
    cells: dict[tuple[int, int], list[int]] = {}
    for number, (x, y) in enumerate(points):
        column, row = int(x // distance_m), int(y // distance_m)
        for near_column in (column - 1, column, column + 1):
            for near_row in (row - 1, row, row + 1):
                for other in cells.get((near_column, near_row), ()):
                    if math.dist(points[other], (x, y)) <= distance_m:
                        yield other, number
        cells.setdefault((column, row), []).append(number)


def urban_ways(ways: Sequence[OsmWay], xy: Mapping[int, XY]) -> list[bool]:
    """Whether each way runs through built-up land, judged by how dense the streets around its middle are."""
    metres: dict[tuple[int, int], float] = {}
    for way in ways:
        points = [xy[node] for node in way.nodes]
        for a, b in itertools.pairwise(points):
            cell = _cell(((a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0))
            metres[cell] = metres.get(cell, 0.0) + math.dist(a, b)
    columns, rows = zip(*metres, strict=True) if metres else ((0,), (0,))
    box = (min(columns), min(rows), max(columns), max(rows))
    urban: dict[tuple[int, int], bool] = {}
    found = []
    for way in ways:
        cell = _cell(xy[way.nodes[len(way.nodes) // 2]])
        if cell not in urban:
            around = [
                (column, row)
                for column in range(max(cell[0] - 1, box[0]), min(cell[0] + 1, box[2]) + 1)
                for row in range(max(cell[1] - 1, box[1]), min(cell[1] + 1, box[3]) + 1)
            ]
            total_m = sum(metres.get(place, 0.0) for place in around)
            urban[cell] = total_m / (max(len(around), 1) * CELL_M**2) * 1000.0 >= URBAN_KM_PER_KM2
        found.append(urban[cell])
    return found


def _cell(point: XY) -> tuple[int, int]:
    return int(point[0] // CELL_M), int(point[1] // CELL_M)
