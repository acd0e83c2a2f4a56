"""Read the buildings and the land use of an extract: outlines, storeys, heights."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .nearest_links import project
from .network import Floats, RoadNetwork
from .osm_read import OsmRelation, Scan, Tags, scan_file

LAND_USE = {"residential": "residential", "retail": "retail", "commercial": "commercial", "industrial": "industrial"}
LEVELS = 2.0  # of a building that does not say
MOST_LEVELS = 60.0
STOREY_M = 3.0  # OpenStreetMap wiki, "Simple 3D Buildings": height of a level where nothing else is known
MOST_HIGH_M = 1000.0
NOT_WALLS = ("no", "roof", "carport", "construction", "ruins")
FEET = re.compile(r"(\d+)'\s*(?:(\d+)\"?)?$")
METRES = re.compile(r"(\d+(?:[.,]\d+)?)\s*m?$")
FOOT_M, INCH_M = 0.3048, 0.0254

LonLat = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Area:
    """A closed outline with what it is."""

    kind: str
    levels: float
    lon_lat: tuple[LonLat, ...]
    height_m: float = math.nan  # as tagged, or by its storeys; NaN where neither is
    wall: bool = False  # whether it stands on the ground and closes something in: no roof on posts, no cellar


@dataclass(frozen=True, slots=True)
class Block:
    """A building that is drawn as a relation, as those around courtyards: pieces of its outer and inner outlines."""

    area: Area
    outer: tuple[tuple[LonLat, ...], ...]
    inner: tuple[tuple[LonLat, ...], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What stands on the ground of an extract."""

    buildings: tuple[Area, ...]
    land: tuple[Area, ...]
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Houses:
    """Buildings in the network's coordinates; shapes ``[building]``."""

    outline: NDArray[np.object_]
    height_m: Floats  # NaN where the extract does not say it
    wall: NDArray[np.bool_]


def ground_of(file: Path) -> Ground:
    """Buildings and land use of an extract, read once as long as the file stays as it is.

    Raises
    ------
    SourceError
        The file cannot be read.
    """
    return _read(file, file.stat().st_mtime_ns if file.is_file() else 0)


@functools.lru_cache(maxsize=1)
def _read(file: Path, changed_ns: int) -> Ground:
    scan = scan_file(
        file,
        keep_way=lambda tags: not tags or "building" in tags or tags.get("landuse") in LAND_USE,
        keep_relation=lambda tags: "building" in tags and tags.get("type") == "multipolygon",
    )
    buildings, land = [], []
    for _, nodes, tags in scan.ways:
        known = tuple(scan.nodes[node] for node in nodes if node in scan.nodes)
        if not tags or len(known) < 4 or nodes[0] != nodes[-1]:
            continue
        if "building" in tags:
            buildings.append(_building(tags, known))
        else:
            land.append(Area(LAND_USE[tags["landuse"]], 0.0, known))
    return Ground(tuple(buildings), tuple(land), tuple(_blocks(scan)))


def _building(tags: Tags, lon_lat: tuple[LonLat, ...]) -> Area:
    below = tags.get("location") == "underground" or tags.get("layer", "").startswith("-")
    wall = tags["building"] not in NOT_WALLS and not below
    return Area(tags["building"], _levels(tags.get("building:levels", "")), lon_lat, height_m(tags), wall)


def _blocks(scan: Scan) -> Iterable[Block]:
    """Buildings that are relations, of which the file holds at least one way of the outside."""
    ways = {way: nodes for way, nodes, _ in scan.ways}

    def lines(relation: OsmRelation, *, inner: bool) -> tuple[tuple[LonLat, ...], ...]:
        named = [ref for kind, ref, role in relation.members if kind == "way" and (role == "inner") == inner]
        found = [tuple(scan.nodes[node] for node in ways.get(ref, ()) if node in scan.nodes) for ref in named]
        return tuple(line for line in found if len(line) > 1)

    for relation in scan.relations:
        if outer := lines(relation, inner=False):
            yield Block(_building(relation.tags, ()), outer, lines(relation, inner=True))


def _levels(text: str) -> float:
    try:
        return min(max(float(text), 1.0), MOST_LEVELS)
    except ValueError:
        return LEVELS


def height_m(tags: Mapping[str, str]) -> float:
    """Height of a building as its tags say: `height` (m, or feet and inches), else storeys; NaN where neither is."""
    text = tags.get("height", "").strip()
    if found := METRES.fullmatch(text):
        told_m = float(found[1].replace(",", "."))
    elif found := FEET.fullmatch(text):
        told_m = FOOT_M * int(found[1]) + INCH_M * int(found[2] or 0)
    else:
        try:
            told_m = STOREY_M * float(tags.get("building:levels", ""))
        except ValueError:
            return math.nan
    return told_m if 0.0 < told_m <= MOST_HIGH_M else math.nan


def outlines_of(areas: Iterable[Area], network: RoadNetwork) -> NDArray[np.object_]:
    """Outlines of areas in the network's coordinates."""
    import shapely

    rings = [area.lon_lat for area in areas]
    if not rings:
        return np.empty(0, object)
    corners = np.array([corner for ring in rings for corner in ring])
    at = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    drawn = shapely.linearrings(np.column_stack(project(network, *corners.T)), indices=at)
    return np.asarray(shapely.make_valid(shapely.polygons(drawn)))


def houses_of(file: Path, network: RoadNetwork) -> Houses:
    """All buildings of an extract, with courtyards left open: the ways first, as ``ground_of`` has them.

    Raises
    ------
    SourceError
        The file cannot be read.
    """
    return _houses(ground_of(file), network)


@functools.lru_cache(maxsize=1)
def _houses(ground: Ground, network: RoadNetwork) -> Houses:
    areas = [*ground.buildings, *(block.area for block in ground.blocks)]
    blocks = np.empty(len(ground.blocks), object)
    blocks[:] = [_outline(block, network) for block in ground.blocks]
    return Houses(
        np.concatenate([outlines_of(ground.buildings, network), blocks]),
        np.array([area.height_m for area in areas]),
        np.array([area.wall for area in areas], bool),
    )


def _outline(block: Block, network: RoadNetwork) -> object:
    """Outline of a building that is drawn as a relation; what its pieces do not close is left out."""
    import shapely

    sides = []
    for lines in (block.outer, block.inner):
        drawn = [shapely.LineString(np.column_stack(project(network, *np.array(line).T))) for line in lines]
        sides.append(shapely.union_all(shapely.get_parts(shapely.polygonize(drawn))))
    return shapely.make_valid(shapely.difference(*sides))
