"""Tell what a run folder must know about its network: the streets table and the facts of the manifest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..scenarios.network import CLASS_NAMES, NO_PLACE, Fault, RoadNetwork
from ..scenarios.turn_pockets import POCKET_JUNCTION

FIRST_OF_A_KIND = 5  # faults in the manifest; the network doctor lists all
JUNCTION_WITHIN_M = 60.0  # of the end of a link that is drawn on to it


def streets_columns(network: RoadNetwork) -> dict[str, Any]:
    """Columns of the ``streets`` table: one row per link, geometry as WKB in the network's projected CRS.

    The geometry is for drawing: it reaches to the middle of both junctions, so that a map has no gaps.
    """
    import shapely

    links = network.links
    return {
        "link": list(links.id),
        "name": list(links.name),
        "road_class": [CLASS_NAMES[row] for row in links.road_class],
        "length_m": links.length_m,
        "lanes": np.diff(links.lane_start),
        "speed_mps": links.speed_mps,
        "geometry": shapely.to_wkb([shapely.LineString(line) for line in drawn_lines(network)]),
    }


def drawn_lines(network: RoadNetwork) -> list[NDArray[np.float64]]:
    """Link shapes drawn on to the middle of the junctions at both ends, where these are near."""
    junctions, links = network.junctions, network.links
    centre = np.column_stack([junctions.x_m, junctions.y_m])
    lines = []
    for row in range(network.link_count):
        line = network.link_shape_xy(row)
        start, end = centre[links.from_junction[row]], centre[links.to_junction[row]]
        before = [start] if 0 < np.hypot(*(line[0] - start)) < JUNCTION_WITHIN_M else []
        after = [end] if 0 < np.hypot(*(line[-1] - end)) < JUNCTION_WITHIN_M else []
        lines.append(np.vstack([*before, line, *after]))
    return lines


def network_facts(network: RoadNetwork) -> dict[str, Any]:
    """Facts for the manifest: ``epsg``, ``attribution``, ``network`` (counts), ``assumed``, ``notes``."""
    lane_m = network.links.length_m * np.diff(network.links.lane_start)
    return {
        "epsg": network.epsg,
        "attribution": network.attribution,
        "drives_on_left": network.drives_on_left,
        "network": {
            "name": network.name,
            "source": network.source,
            "links": network.link_count,
            "lanes": network.lane_count,
            "junctions": len(network.junctions.id),
            "signals": len(network.signals.id),
            "signals_assumed": int(np.count_nonzero(network.signals.assumed)),
            "road_km": round(float(network.links.length_m.sum()) / 1000, 3),
            "lane_km": round(float(lane_m.sum()) / 1000, 3),
            **pocket_facts(network),
            **slope_facts(network),
        },
        "assumed": {name: int(count) for name, count in network.assumed.items()},
        "notes": list(network.notes),
    }


def pocket_facts(network: RoadNetwork) -> dict[str, Any]:
    """How many turn pockets there are; nothing if there is none."""
    count = sum(name.startswith(POCKET_JUNCTION) for name in network.junctions.id)
    return {"turn_pockets": count} if count else {}


def slope_facts(network: RoadNetwork) -> dict[str, Any]:
    """For how many links the gradient is known, the steepest, and whether vehicles feel it; nothing if for none."""
    gradient = network.links.gradient
    known = np.isfinite(gradient)
    if not known.any():
        return {}
    steepest = int(np.nanargmax(np.abs(gradient)))
    return {
        "slopes_known": int(np.count_nonzero(known)),
        "steepest_percent": round(100.0 * abs(float(gradient[steepest])), 1),
        "steepest_link": network.links.id[steepest],
        "slopes_felt": network.slopes,
    }


def fault_kinds(network: RoadNetwork, faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """How many faults there are of each kind and mode, and the first few; rare kinds, rarely harmless, first."""
    groups: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        groups.setdefault((fault.kind, fault.mode), []).append(fault)
    return [
        {"kind": kind, "mode": mode, "count": len(of_kind), "first": fault_rows(network, of_kind[:FIRST_OF_A_KIND])}
        for (kind, mode), of_kind in sorted(groups.items(), key=lambda group: (len(group[1]), group[0]))
    ]


def fault_rows(network: RoadNetwork, faults: Sequence[Fault]) -> list[dict[str, Any]]:
    """Faults with their place in degrees (WGS 84)."""
    lon, lat = to_lon_lat(
        np.array([fault.x_m for fault in faults], dtype=np.float64),
        np.array([fault.y_m for fault in faults], dtype=np.float64),
        network.epsg,
    )
    return [
        {"kind": f.kind, "where": f.where, "mode": f.mode, "lon": round(x, 6), "lat": round(y, 6), "text": f.text}
        for f, x, y in zip(faults, lon.tolist(), lat.tolist(), strict=True)
    ]


def to_lon_lat(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], epsg: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude (WGS 84, degrees) of points in a projected CRS; NaN in a network without a place."""
    import pyproj

    if x_m.size == 0:
        return x_m, y_m
    if epsg == NO_PLACE:
        return np.full(x_m.shape, np.nan), np.full(x_m.shape, np.nan)
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(x_m, y_m)
    return np.asarray(lon), np.asarray(lat)
