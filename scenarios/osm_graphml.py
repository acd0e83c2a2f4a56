"""Read street graphs saved by OSMnx, and download places through it."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .network import ROAD_CLASSES
from .osm_read import LonLat, OsmData, OsmWay, Tags, bounding_box, plain_name
from .problems import SourceError

if TYPE_CHECKING:
    import networkx as nx

# What OSMnx is told to keep of a way besides its own choice, so that lanes, access and signs are not lost.
WAY_TAGS = (
    *("motor_vehicle", "motorcar", "vehicle", "access", "hgv", "bus", "psv", "bicycle", "foot", "emergency"),
    *(
        "lanes",
        "lanes:forward",
        "lanes:backward",
        "lanes:both_ways",
        "lanes:psv",
        "lanes:bus",
        "bus:lanes",
        "psv:lanes",
    ),
    *("turn:lanes", "turn:lanes:forward", "turn:lanes:backward", "busway", "busway:left", "busway:right"),
    *("maxspeed", "maxspeed:forward", "maxspeed:backward", "maxspeed:type", "source:maxspeed"),
    *("oneway", "oneway:motor_vehicle", "oneway:motorcar", "junction", "layer", "bridge", "tunnel", "area"),
    *(f"{key}:conditional" for key in ("access", "motor_vehicle", "motorcar", "vehicle", "oneway", "maxspeed")),
)
NODE_TAGS = (
    *("highway", "crossing", "crossing:signals", "traffic_signals:direction", "direction", "stop"),
    *("barrier", "access", "motor_vehicle", "motorcar"),
)
DRIVABLE = "|".join(name for name in ROAD_CLASSES if name not in {"service", "track"})
NOT_TAGS = frozenset({"osmid", "geometry", "length", "reversed", "oneway", "x", "y", "lon", "lat", "street_count"})


def read_graphml(path: Path | str, *, name: str = "") -> OsmData:
    """Read a graph that ``osmnx.save_graphml`` wrote, simplified or not.

    Raises
    ------
    SourceError
        The file is missing, broken, or not a graph of OSMnx.
    """
    path = Path(path)
    if not path.is_file():
        msg = f"{path}: no such file."
        raise SourceError(msg)
    import networkx as nx
    import osmnx as ox

    try:
        graph = ox.load_graphml(path)
        if ox.projection.is_projected(graph.graph["crs"]):
            graph = ox.projection.project_graph(graph, to_latlong=True)
    except (nx.NetworkXError, KeyError, ValueError, TypeError, AttributeError, SyntaxError, StopIteration) as error:
        msg = f"{path}: not a street graph as OSMnx saves it ({type(error).__name__}: {error})."
        raise SourceError(msg) from error
    return graph_data(graph, name=name or plain_name(path), source=path.name)


def graph_data(graph: nx.MultiDiGraph[Any], *, name: str, source: str) -> OsmData:
    """Nodes and ways of a graph of OSMnx in longitude and latitude.

    OSMnx keeps no turn restrictions, and a merged edge carries lists of values: speeds and lanes take the lowest,
    other tags the first.
    """
    nodes: dict[int, LonLat] = {}
    node_tags: dict[int, Tags] = {}
    for node, values in graph.nodes(data=True):
        try:
            nodes[int(node)] = (float(values["x"]), float(values["y"]))
        except (KeyError, TypeError, ValueError) as error:
            msg = f"{source}: node {node} has no position x, y."
            raise SourceError(msg) from error
        tags = {key: str(value) for key, value in values.items() if key not in NOT_TAGS and _is_said(value)}
        if tags:
            node_tags[int(node)] = tags
    bad = next((node for node, (lon, lat) in nodes.items() if not (abs(lon) <= 180.0 and abs(lat) <= 90.0)), None)
    if bad is not None:
        x, y = nodes[bad]
        msg = f"{source}: node {bad} lies at x={x:g}, y={y:g}, which are not degrees. Is its crs right?"
        raise SourceError(msg)
    ways = tuple(_ways(graph, nodes))
    return OsmData(
        name=name,
        source=source,
        nodes=nodes,
        node_tags=node_tags,
        ways=ways,
        bbox=bounding_box(nodes),
        notes=("Read from a graph of OSMnx, which keeps no turn restrictions.",),
    )


def _is_said(value: Any) -> bool:
    return value is not None and value != "" and not (isinstance(value, float) and math.isnan(value))


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def _edge_tags(values: dict[str, Any]) -> dict[str, str]:
    tags = {}
    for key, value in values.items():
        if key in NOT_TAGS or not _is_said(value):
            continue
        several = isinstance(value, list) and key.startswith(("maxspeed", "lanes"))
        tags[key] = ";".join(map(str, value)) if several else str(_first(value))
    if values.get("oneway") is True:
        tags["oneway"] = "yes"
    return tags


def _ways(graph: nx.MultiDiGraph[Any], nodes: dict[int, LonLat]) -> Iterator[OsmWay]:
    """Edges as ways: one for both directions, segments of one way strung together again."""
    edges: dict[int, dict[int, tuple[tuple[int, ...], dict[str, str]]]] = {}
    seen: set[tuple[Any, ...]] = set()
    made = min(0, *nodes) if nodes else 0
    drawn_first = sorted(
        graph.edges(keys=True, data=True), key=lambda edge: (_first(edge[3].get("reversed")) is True, edge[:3])
    )
    for u, v, _, values in drawn_first:
        ids = values.get("osmid", 0)
        way_id = int(_first(ids))
        if values.get("oneway") is not True:
            same_ways = tuple(sorted(ids)) if isinstance(ids, list) else ids
            pair = (min(u, v), max(u, v), same_ways, round(float(values.get("length", 0.0)), 2))
            if pair in seen:
                continue
            seen.add(pair)
        inner = []
        for lon, lat in list(values["geometry"].coords)[1:-1] if "geometry" in values else ():
            made -= 1
            nodes[made] = (lon, lat)
            inner.append(made)
        pieces = edges.setdefault(way_id, {})
        pieces[len(pieces)] = ((int(u), *inner, int(v)), _edge_tags(values))
    for way_id in sorted(edges):
        index = 0
        for refs, tags in _strung(list(edges[way_id].values())):
            if "highway" in tags:
                yield OsmWay(way_id, refs, tags, index)
            index += len(refs)


def _strung(pieces: list[tuple[tuple[int, ...], dict[str, str]]]) -> Iterator[tuple[tuple[int, ...], dict[str, str]]]:
    """Join pieces of one way, end to beginning, where their tags are the same."""
    starts: dict[int, list[int]] = {}
    for number, (refs, _) in enumerate(pieces):
        starts.setdefault(refs[0], []).append(number)
    ends = {refs[-1] for refs, _ in pieces}
    used: set[int] = set()
    heads = [number for number, (refs, _) in enumerate(pieces) if refs[0] not in ends]
    for number in (*heads, *range(len(pieces))):
        if number in used:
            continue
        refs, tags = pieces[number]
        used.add(number)
        while True:
            following = [other for other in starts.get(refs[-1], ()) if other not in used and pieces[other][1] == tags]
            if len(following) != 1:
                break
            used.add(following[0])
            refs = (*refs, *pieces[following[0]][0][1:])
        yield refs, tags


def read_place(place: str, folder: Path) -> OsmData:
    """Streets of a named place, from the folder where they were kept, or downloaded through OSMnx.

    Parameters
    ----------
    place : str
        As OpenStreetMap's search knows it, such as "Monaco".
    folder : Path
        Where downloads are kept. Delete the place's file there to download it anew.

    Raises
    ------
    SourceError
        The place is not known, or there is neither a kept file nor a network.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", place.casefold()).strip("-")[:40]
    kept = folder / f"{slug}-{hashlib.sha256(place.encode()).hexdigest()[:8]}.graphml"
    if kept.is_file():
        return read_graphml(kept, name=place)
    import osmnx as ox
    import requests

    try:
        with _osmnx_settings(folder):
            graph = ox.graph_from_place(
                place,
                custom_filter=f'["highway"~"^({DRIVABLE})$"]["area"!~"yes"]',
                simplify=False,
                retain_all=True,
                truncate_by_edge=True,
            )
    except (requests.exceptions.RequestException, OSError) as error:
        why = type(error).__name__
        msg = f'"{place}" could not be downloaded ({why}). Give a file instead: city: {{osm: FILE.osm.gz}}.'
        raise SourceError(msg) from error
    except (ValueError, TypeError, KeyError) as error:  # OSMnx's own errors are ValueErrors
        msg = f'"{place}": no streets found under this name ({error}).'
        raise SourceError(msg) from error
    folder.mkdir(parents=True, exist_ok=True)
    ox.save_graphml(graph, kept)
    return graph_data(graph, name=place, source=f"OpenStreetMap, {place}")


@contextmanager
def _osmnx_settings(folder: Path) -> Iterator[None]:
    """OSMnx with our tags and cache folder, its settings put back afterwards."""
    from osmnx import settings

    ours = {
        "useful_tags_way": sorted({*settings.useful_tags_way, *WAY_TAGS}),
        "useful_tags_node": sorted({*settings.useful_tags_node, *NODE_TAGS}),
        # A folder that somebody chose for OSMnx stays theirs.
        "cache_folder": folder / "replies" if str(settings.cache_folder) == "./cache" else settings.cache_folder,
        "use_cache": True,
    }
    before = {key: getattr(settings, key) for key in ours}
    for key, value in ours.items():
        setattr(settings, key, value)
    try:
        yield
    finally:
        for key, value in before.items():
            setattr(settings, key, value)
