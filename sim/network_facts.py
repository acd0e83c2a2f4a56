"""Tell what a run folder must know about its network: the streets table and the facts of the manifest."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scenarios.network import CLASS_NAMES, RoadNetwork

FAULTS_KEPT = 200  # in the manifest; the network doctor lists all


def streets_columns(network: RoadNetwork) -> dict[str, Any]:
    """Columns of the ``streets`` table: one row per link, geometry as WKB in the network's projected CRS."""
    import shapely

    links = network.links
    points_per_link = np.diff(links.shape_start)
    of_link = np.repeat(np.arange(network.link_count), points_per_link)
    lines = shapely.linestrings(links.shape_xy, indices=of_link)
    return {
        "link": list(links.id),
        "name": list(links.name),
        "road_class": [CLASS_NAMES[row] for row in links.road_class],
        "length_m": links.length_m,
        "lanes": np.diff(links.lane_start),
        "speed_mps": links.speed_mps,
        "geometry": shapely.to_wkb(lines),
    }


def network_facts(network: RoadNetwork) -> dict[str, Any]:
    """Facts for the manifest: ``epsg``, ``attribution``, ``network`` (counts), ``assumed``, ``faults``, ``notes``."""
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
        },
        "assumed": {name: int(count) for name, count in network.assumed.items()},
        "faults": fault_rows(network)[:FAULTS_KEPT],
        "fault_count": len(network.faults),
        "notes": list(network.notes),
    }


def fault_rows(network: RoadNetwork) -> list[dict[str, Any]]:
    """The network's faults with their place in degrees (WGS 84)."""
    lon, lat = to_lon_lat(
        np.array([fault.x_m for fault in network.faults], dtype=np.float64),
        np.array([fault.y_m for fault in network.faults], dtype=np.float64),
        network.epsg,
    )
    return [
        {"kind": f.kind, "where": f.where, "mode": f.mode, "lon": round(x, 6), "lat": round(y, 6), "text": f.text}
        for f, x, y in zip(network.faults, lon.tolist(), lat.tolist(), strict=True)
    ]


def to_lon_lat(
    x_m: np.ndarray[Any, np.dtype[np.float64]], y_m: np.ndarray[Any, np.dtype[np.float64]], epsg: int
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    """Longitude and latitude (WGS 84, degrees) of points in a projected CRS."""
    import pyproj

    if x_m.size == 0:
        return x_m, y_m
    lon, lat = pyproj.Transformer.from_crs(epsg, 4326, always_xy=True).transform(x_m, y_m)
    return np.asarray(lon), np.asarray(lat)
