"""Draw hazards for the tests: polygons in the projected coordinates of made-up networks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

CRS = "EPSG:32632"  # of networks made by rule


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """Corners of a rectangle, the first one again at the end."""
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def write_series(path: Path, *parts: tuple[float, Sequence[Sequence[float]] | None, dict[str, Any]]) -> Path:
    """Write features: time, ring (None: nothing is there), other properties."""
    features = [
        {
            "type": "Feature",
            "geometry": None if ring is None else {"type": "Polygon", "coordinates": [ring]},
            "properties": {"t_s": t_s, **properties},
        }
        for t_s, ring, properties in parts
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, indent=1), encoding="utf-8")
    return path


def flood(path: Path, *parts: tuple[float, Sequence[Sequence[float]] | None, float], **keys: Any) -> dict[str, Any]:
    """A flood of a scenario whose polygons have these depths (m)."""
    write_series(path, *((t_s, ring, {} if ring is None else {"depth_m": depth_m}) for t_s, ring, depth_m in parts))
    return {"kind": "flood", "file": str(path), "crs": CRS, "every_s": 10, **keys}


def write_raster(path: Path, depth_m: np.ndarray, crs: str, west: float, north: float, cell: float) -> Path:
    """Write a raster of depths whose upper left corner is given; skip the test where nobody can read it."""
    rasterio = pytest.importorskip("rasterio")
    profile = {"driver": "GTiff", "width": depth_m.shape[1], "height": depth_m.shape[0], "count": 1, "nodata": -9.0}
    placed = rasterio.transform.from_origin(west, north, cell, cell)
    with rasterio.open(path, "w", dtype="float32", crs=crs, transform=placed, **profile) as file:
        file.write(depth_m.astype("float32"), 1)
    return path
