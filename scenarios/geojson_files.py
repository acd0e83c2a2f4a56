"""Read GeoJSON and its polygons, and say what is wrong with them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .demand_tables import Complaints

FEATURE = re.compile(rb'"type"\s*:\s*"Feature"')


def read_features(
    file: Path, complaints: Complaints, what: str, *, or_else: str = ""
) -> tuple[dict[str, Any], list[Any]]:
    """The collection and its features; none where the file holds none, which is said.

    Parameters
    ----------
    file
        Where they are.
    complaints
        Takes what is wrong.
    what
        What the features are: "zones".
    or_else
        Another form in which they may be given, said where this one is not GeoJSON.
    """
    collection = _read_json(file, complaints, what)
    features = collection.get("features") if isinstance(collection, dict) else None
    if complaints:
        return {}, []
    if not isinstance(features, list):
        complaints.whole(f"is not a GeoJSON FeatureCollection. Export the {what} as GeoJSON{or_else}.")
    elif not features:
        complaints.whole(f"holds no {what}.")
    return (collection, features) if features and isinstance(features, list) else ({}, [])


def read_in_degrees(file: Path, complaints: Complaints, what: str, *, or_else: str = "") -> list[Any]:
    """Features of a file in longitude and latitude; see ``read_features``."""
    collection, features = read_features(file, complaints, what, or_else=or_else)
    if crs := named_crs(collection):
        said = f"GeoJSON {what} are in longitude and latitude (EPSG:4326). Reproject the file."
        complaints.whole(f'its crs is "{crs}"; {said}')
    return features


def _read_json(file: Path, complaints: Complaints, what: str) -> Any:
    try:
        data = file.read_bytes()
    except OSError as error:
        complaints.whole(f"cannot be read: {error.strerror}.")
        return None
    if not data.strip():
        complaints.whole("is empty.")
        return None
    try:
        return json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        complaints.whole(f"is not JSON: {error.msg}. Was the file cut off?", line=error.lineno)
    except UnicodeDecodeError:
        complaints.whole(f"is not UTF-8 text. Export the {what} as GeoJSON.")
    except RecursionError:
        complaints.whole("is nested too deep for GeoJSON.")
    return None


def feature_lines(file: Path, count: int) -> Sequence[int] | None:
    """Line on which each feature says that it is one; None where that cannot be told."""
    data = file.read_bytes()
    starts = [found.start() for found in FEATURE.finditer(data)]
    if len(starts) != count:
        return None
    return [data.count(b"\n", 0, start) + 1 for start in starts]


def named_crs(collection: dict[str, Any]) -> str:
    """The coordinate system that an old file names; "" where it is in longitude and latitude, as RFC 7946 asks."""
    crs = collection.get("crs")
    named = str(crs.get("properties", {}).get("name", "")) if isinstance(crs, dict) else ""
    return "" if named.endswith(("CRS84", ":4326")) else named


def polygon_of(feature: dict[str, Any], what: str, *, degrees: bool = True) -> tuple[Any, str]:
    """The polygon of a feature, or None and what is wrong with it.

    Parameters
    ----------
    feature
        As GeoJSON has it.
    what
        What it is: "a zone".
    degrees
        Whether its coordinates are longitude and latitude.
    """
    import shapely
    from shapely.geometry import shape

    written = feature.get("geometry")
    kind = written.get("type") if isinstance(written, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return None, f"{what} is a Polygon or MultiPolygon, not {kind or 'without geometry'}."
    try:
        geometry = shapely.force_2d(shape(written))
        corners = shapely.get_coordinates(geometry)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
        return None, "its coordinates cannot be read."
    if not corners.size or geometry.is_empty:
        return None, "the polygon is empty."
    if not np.isfinite(corners).all():
        return None, "a coordinate is not a finite number."
    if degrees and (np.abs(corners[:, 0]).max() > 180 or np.abs(corners[:, 1]).max() > 90):
        x, y = (float(value) for value in corners[0])
        swapped = np.abs(corners[:, 0]).max() <= 90 and np.abs(corners[:, 1]).max() <= 180
        way_out = (
            "longitude and latitude swapped?"
            if swapped
            else "projected coordinates? GeoJSON is in degrees (EPSG:4326)."
        )
        return None, f"{x:.9g}, {y:.9g} is no place on Earth: {way_out}"
    return geometry, ""


def open_ring(feature: dict[str, Any]) -> bool:
    """Whether a ring of a polygon ends elsewhere than it begins."""
    written = feature.get("geometry") or {}
    bodies = written.get("coordinates", ())
    bodies = [bodies] if written.get("type") == "Polygon" else bodies
    return any(list(ring[0]) != list(ring[-1]) for body in bodies for ring in body if len(ring) > 1)
