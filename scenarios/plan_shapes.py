"""Read the lines and areas of a plan, inline or from GeoJSON, into the metres of a street graph."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .network import NO_PLACE
from .street_changes import RoadAdded, SpeedZone
from .street_draft import Refusal

if TYPE_CHECKING:
    from .patches import Patch


def line_of(change: RoadAdded, epsg: int) -> NDArray[np.float64]:
    """Course of a new road, ``[point, 2]`` m."""
    import shapely

    if change.line is not None:
        places = np.array(change.line)
    else:
        assert change.file is not None, "the model asks for one of both"
        found = _geometries(change.file, ("LineString",))
        if len(found) != 1:
            raise Refusal((("file",), f"holds {len(found)} lines; a road is one LineString. Write one entry for each."))
        places = shapely.get_coordinates(found[0])
    key = "line" if change.line is not None else "file"
    xy = _in_metres(places, epsg, key)
    if np.hypot(*np.diff(xy, axis=0).T).min() < 0.1:
        raise Refusal(((key,), "has the same point twice in a row. Remove one."))
    return xy


def heights_of(change: RoadAdded) -> NDArray[np.float64] | None:
    """Heights (m) of the points of a new road's course; None where its file gives none to some of them."""
    import shapely

    if change.file is None:
        return None
    z = shapely.get_coordinates(_geometries(change.file, ("LineString",))[0], include_z=True)[:, 2]
    return z if np.isfinite(z).all() else None


def area_of(change: SpeedZone | Patch, epsg: int) -> Any:
    """Area of a zone or patch, a shapely geometry in m."""
    import shapely

    key = "polygon" if change.polygon is not None else "file"
    if change.polygon is not None:
        shapes = [shapely.Polygon(change.polygon)]
    else:
        assert change.file is not None, "the model asks for one of both"
        shapes = _geometries(change.file, ("Polygon", "MultiPolygon"))
    area = shapely.transform(shapely.union_all(shapes), lambda places: _in_metres(places, epsg, key))
    return area if area.is_valid else shapely.make_valid(area)


def _in_metres(places: NDArray[np.float64], epsg: int, key: str) -> NDArray[np.float64]:
    from pyproj import Transformer

    if epsg == NO_PLACE:
        raise Refusal(((key,), "cannot be found here: these streets lie nowhere on Earth (no projection)."))
    transform = Transformer.from_crs("EPSG:4326", f"EPSG:{epsg}", always_xy=True)
    xy = np.column_stack(transform.transform(places[:, 0], places[:, 1]))
    if not np.isfinite(xy).all():
        raise Refusal(((key,), "has a point that cannot be brought into the city's projection. Degrees, WGS 84?"))
    return xy


def _geometries(file: Path, kinds: tuple[str, ...]) -> list[Any]:
    """Geometries of some kinds in a GeoJSON file, which must hold nothing else."""
    import shapely
    from shapely.geometry import shape

    try:
        whole = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise Refusal((("file",), f"cannot be read as GeoJSON: {error}.")) from None
    found = []
    for written in _written_geometries(whole):
        kind = written.get("type") if isinstance(written, dict) else None
        if kind not in kinds:
            raise Refusal(
                (("file",), f"holds a {kind or 'feature without geometry'}; here it is {' or '.join(kinds)}.")
            )
        try:
            geometry = shape(written)
            places = shapely.get_coordinates(geometry)
        except (ValueError, TypeError, IndexError, KeyError, AttributeError, shapely.errors.ShapelyError):
            raise Refusal((("file",), f"holds a {kind} whose coordinates cannot be read.")) from None
        if not places.size or not np.isfinite(places).all():
            raise Refusal((("file",), f"holds a {kind} without places."))
        if np.abs(places[:, 0]).max() > 180.0 or np.abs(places[:, 1]).max() > 90.0:
            x, y = (float(value) for value in places[0])
            said = f"{x:.9g}, {y:.9g} is no place on Earth. GeoJSON is in longitude and latitude (EPSG:4326)."
            raise Refusal((("file",), said))
        found.append(geometry)
    if not found:
        raise Refusal((("file",), f"holds no {' or '.join(kinds)}."))
    return found


def _written_geometries(whole: Any) -> list[Any]:
    """Geometries of a feature collection, a feature, or one alone."""
    if not isinstance(whole, dict):
        return []
    if whole.get("type") == "FeatureCollection":
        features = whole.get("features")
        return (
            [one.get("geometry") if isinstance(one, dict) else None for one in features]
            if isinstance(features, list)
            else []
        )
    return [whole.get("geometry")] if whole.get("type") == "Feature" else [whole]
