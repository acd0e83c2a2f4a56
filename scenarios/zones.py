"""Read traffic zones: polygons (GeoJSON) or lists of nodes (CSV), and find the links in them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .demand_tables import Column, Complaints, read_table
from .geojson_files import polygon_of, read_in_degrees
from .network import Bools, Floats, RoadNetwork
from .places import Places
from .problems import closest_hint

ID_PROPERTIES = ("id", "zone", "zone_id", "name")
NODE_COLUMNS = (Column("zone", also=("zone_id", "id")), Column("node", also=("node_id", "junction")))


@dataclass(frozen=True, slots=True, eq=False)
class Zones:
    """Zones by id: either outlines in degrees, or nodes."""

    ids: tuple[str, ...]  # of all zones, those whose outline is broken too
    outline: Mapping[str, Any]  # shapely geometry, longitude and latitude
    nodes: Mapping[str, tuple[tuple[int, str], ...]]  # row in the file, node


@dataclass(frozen=True, slots=True, eq=False)
class ZoneEnds:
    """Links where trips of a zone may begin or end, with how likely each is, and the place on each."""

    link: NDArray[np.int32]
    weight: Floats
    along_m: Floats


def read_zones(file: Path) -> tuple[Zones | None, Complaints]:
    """Read and check what can be checked without a network."""
    if file.name.casefold().endswith((".csv", ".parquet")):
        return _read_node_lists(file)
    return _read_outlines(file)


def _read_node_lists(file: Path) -> tuple[Zones | None, Complaints]:
    table, complaints = read_table(file, NODE_COLUMNS)
    if table is None:
        return None, complaints
    nodes: dict[str, list[tuple[int, str]]] = {}
    for row, (zone, node) in enumerate(zip(table.text("zone"), table.text("node"), strict=True)):
        nodes.setdefault(zone, []).append((row, node))
    return Zones(tuple(nodes), {}, {zone: tuple(rows) for zone, rows in nodes.items()}), complaints


def _read_outlines(file: Path) -> tuple[Zones | None, Complaints]:
    complaints = Complaints(file)
    features = read_in_degrees(file, complaints, "zones", or_else=", or as CSV with zone,node")
    if not features:
        return None, complaints
    ids: dict[str, None] = {}
    outline: dict[str, Any] = {}
    for row, feature in enumerate(features):
        feature = feature if isinstance(feature, dict) else {}
        name = zone_id(feature)
        key = f"features[{row}]"
        if not name:
            complaints.whole(f"{key} has no id. Give each zone the property `id`.")
        elif name in ids:
            complaints.whole(f'{key}: the zone "{name}" is there already. Ids differ.')
        ids[name] = None
        geometry, trouble = polygon_of(feature, "a zone")
        if trouble:
            complaints.whole(f"{key}: {trouble}")
        elif name:
            outline[name] = _mended(geometry)
    return Zones(tuple(ids), outline, {}), complaints


def _mended(geometry: Any) -> Any:
    import shapely

    return geometry if geometry.is_valid else shapely.make_valid(geometry)


def zone_id(feature: dict[str, Any]) -> str:
    """Id of a feature, "" where it has none."""
    properties = feature.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    found = [properties[name] for name in ID_PROPERTIES if properties.get(name) is not None]
    found = [feature["id"], *found] if feature.get("id") is not None and "id" not in properties else found
    return str(found[0]).strip() if found and isinstance(found[0], (str, int, float)) else ""


def zone_ends(
    zones: Zones, used: Mapping[str, str], network: RoadNetwork, places: Places, complaints: Complaints
) -> tuple[dict[str, ZoneEnds], dict[str, ZoneEnds]]:
    """Where trips begin and where they end, for each used zone.

    Parameters
    ----------
    used
        Zone ids that trips need, each with "origin", "destination" or "both".
    complaints
        Takes zones without a street; such zones are missing in the result.
    """
    begin: dict[str, ZoneEnds] = {}
    end: dict[str, ZoneEnds] = {}
    inside = _links_by_outline(zones, used, network, places, complaints) if zones.outline else None
    if complaints:
        return begin, end
    junctions = {
        zone: [_junction_of(node, row, network, complaints) for row, node in zones.nodes[zone]]
        for zone in used
        if inside is None
    }
    for zone, role in used.items():
        for wanted, ends, may in (("origin", begin, places.may_begin), ("destination", end, places.may_end)):
            if role not in (wanted, "both"):
                continue
            if inside is not None:
                found = ends_on(np.flatnonzero(inside[zone] & may), wanted, network, places)
            else:
                found = _ends_at_nodes(junctions[zone], wanted, network)
            if found is None and not any(junction < 0 for junction in junctions.get(zone, ())):
                verb = "begin" if wanted == "origin" else "end"
                complaints.whole(
                    f'zone "{zone}": no street in it where a trip can {verb}. Enlarge it, or join it to its neighbour.'
                )
            if found is not None:
                ends[zone] = found
    return begin, end


def _links_by_outline(
    zones: Zones, used: Mapping[str, str], network: RoadNetwork, places: Places, complaints: Complaints
) -> dict[str, Bools]:
    """Links whose middle lies in each used zone."""
    import shapely

    from .nearest_links import project

    def projected(geometry: Any, *, swap: bool = False) -> Any:
        def transform(corners: Floats) -> NDArray[np.float64]:
            lon, lat = (corners[:, 1], corners[:, 0]) if swap else (corners[:, 0], corners[:, 1])
            return np.column_stack(project(network, lon, lat))

        return shapely.transform(geometry, transform)

    def links_in(geometry: Any) -> Bools:
        return np.asarray(shapely.contains_xy(geometry, places.x_m, places.y_m))

    result = {zone: links_in(projected(zones.outline[zone])) for zone in used}
    if result and not any(links.any() for links in result.values()):
        swapped = any(links_in(projected(zones.outline[zone], swap=True)).any() for zone in used)
        if swapped:
            complaints.whole(
                f"longitude and latitude are swapped: the other way round the zones lie in {network.name}."
            )
        else:
            first = shapely.centroid(projected(zones.outline[next(iter(used))]))
            away_km = math.hypot(first.x - places.x_m.mean(), first.y - places.y_m.mean()) / 1000
            complaints.whole(
                f"no zone holds a street of {network.name}: the first lies {away_km:,.0f} km from its middle. "
                "Wrong place, or wrong coordinate system?"
            )
    return result


def ends_on(links: NDArray[np.int64], wanted: str, network: RoadNetwork, places: Places) -> ZoneEnds | None:
    """Where trips begin or end (``wanted``: "origin", "destination") on some links; None: nowhere.

    By length, on streets that have addresses where there are any.
    """
    gate = places.entry_gate if wanted == "origin" else places.exit_gate
    chosen = links[places.addressed[links] | gate[links]]
    links = chosen if chosen.size else links
    if not links.size:
        return None
    along_m = places.begin_m(links) if wanted == "origin" else places.end_m(links, network)
    return ZoneEnds(links.astype(np.int32), network.links.length_m[links], along_m)


def _ends_at_nodes(junctions: list[int], wanted: str, network: RoadNetwork) -> ZoneEnds | None:
    """All links that leave (origin) or reach (destination) the junctions of the nodes, alike."""
    at = network.links.from_junction if wanted == "origin" else network.links.to_junction
    links = np.flatnonzero(np.isin(at, [junction for junction in junctions if junction >= 0]))
    if not links.size:
        return None
    along_m = np.zeros(links.size) if wanted == "origin" else network.links.length_m[links]
    return ZoneEnds(links.astype(np.int32), np.ones(links.size), along_m)


def _junction_of(node: str, row: int, network: RoadNetwork, complaints: Complaints) -> int:
    name = node if node in network.junction_row else f"node/{node}"
    if name in network.junction_row:
        return network.junction_row[name]
    number = node.removeprefix("node/")
    if number.lstrip("-").isdigit():
        for junction, members in enumerate(network.junctions.source_nodes):
            if int(number) in members:
                return junction
    hint = closest_hint(name, network.junctions.id)
    complaints.add("node", row, "node", node, f"no such junction in {network.name}.{hint}")
    return -1
