"""Read what a hazard is where and when: polygons with times in GeoJSON, or rasters; and look it up at places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from .demand_tables import Complaints
from .geojson_files import feature_lines, named_crs, open_ring, polygon_of, read_features
from .hazards import BlockedArea, Fire, Flood, Gas, Hazard, RasterAt, Smoke
from .network import Floats
from .problems import NO_VALUE, Problem
from .yaml_lines import key_text

DEGREES = "EPSG:4326"
AIR_O2_PERCENT = 20.9


class Quantity(NamedTuple):
    """A number of a feature or a band, what holds where it is not given, and how much is too much to be true."""

    name: str
    usual: float | None  # None: it must be given
    most: float


QUANTITIES: dict[type, tuple[Quantity, ...]] = {  # in the order of the columns of kernels.hazards
    Flood: (Quantity("depth_m", None, 100.0), Quantity("velocity_mps", 0.0, 50.0)),
    Smoke: (
        Quantity("extinction_per_m", None, 1000.0),
        Quantity("co_ppm", 0.0, 1e6),
        Quantity("co2_percent", 0.0, 100.0),
        Quantity("o2_percent", AIR_O2_PERCENT, AIR_O2_PERCENT),
    ),
    Gas: (),
    Fire: (),
    BlockedArea: (),
}
REACH_M = 5000.0  # from a release: nothing of the city is meant that lies farther away


class Sampled(NamedTuple):
    """A hazard at the places that it ever reaches."""

    place: NDArray[np.int64]  # rows of the places that were asked for
    values: NDArray[np.floating]  # [time, column, place]


class Series(Protocol):
    """A hazard over time."""

    times_s: Floats  # [time], from the hazard's start on
    crs: str  # of the coordinates that it wants

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """Look it up at points in its own coordinates."""


@dataclass(slots=True)
class PolygonSeries:
    """Polygons, each at one of the times; where several hold, the one with the largest first value."""

    times_s: Floats
    crs: str
    number: NDArray[np.int64]  # of the time, [polygon]
    outline: list[Any]
    values: Floats  # [polygon, column]

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """See ``Series``."""
        import shapely

        hits = []
        for row in np.argsort(self.values[:, 0], kind="stable"):
            west, south, east, north = shapely.bounds(self.outline[row])
            near = np.flatnonzero((x >= west) & (x <= east) & (y >= south) & (y <= north))
            hits.append((row, near[shapely.contains_xy(self.outline[row], x[near], y[near])]))
        place = np.unique(np.concatenate([inside for _, inside in hits]))
        values = np.zeros((self.times_s.size, self.values.shape[1], place.size))
        for row, inside in hits:
            values[self.number[row], :, np.searchsorted(place, inside)] = self.values[row]
        return Sampled(place, values)


@dataclass(slots=True)
class RasterSeries:
    """Rasters, one for each time; what they do not cover is free."""

    times_s: Floats
    crs: str
    files: tuple[Path, ...]
    quantities: tuple[Quantity, ...]

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """See ``Series``."""
        import rasterio

        values = np.zeros((len(self.files), len(self.quantities), x.size))
        for number, file in enumerate(self.files):
            with rasterio.open(file) as raster:
                row, column = (np.asarray(place) for place in rasterio.transform.rowcol(raster.transform, x, y))
                inside = np.flatnonzero((row >= 0) & (row < raster.height) & (column >= 0) & (column < raster.width))
                for band, quantity in enumerate(self.quantities):
                    usual = quantity.usual or 0.0
                    if band >= raster.count:
                        values[number, band, inside] = usual
                        continue
                    cells = raster.read(band + 1, masked=True)[row[inside], column[inside]]
                    values[number, band, inside] = np.clip(np.ma.filled(cells.astype(float), usual), 0.0, quantity.most)
        place = np.flatnonzero((values[:, 0] > 0.0).any(axis=0))
        return Sampled(place, _in_columns(values[:, :, place], self.quantities, axis=1))


@dataclass(slots=True)
class AreaSeries:
    """One area that is there all the time."""

    outline: Any
    crs: str = DEGREES
    times_s: Floats = field(default_factory=lambda: np.zeros(1))

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """See ``Series``."""
        import shapely

        place = np.flatnonzero(shapely.contains_xy(self.outline, x, y))
        return Sampled(place, np.ones((1, 1, place.size)))


@dataclass(slots=True)
class Release:
    """Where gas is released; what it is elsewhere is worked out by the weather of a run (``agents.gas_cloud``)."""

    at: tuple[float, ...]
    crs: str = DEGREES
    times_s: Floats = field(default_factory=lambda: np.zeros(1))

    def sample(self, x: Floats, y: Floats) -> Sampled:
        """Places that it may reach."""
        from pyproj import Geod

        lon, lat = (np.full(np.shape(x), degrees) for degrees in self.at)
        _, _, away_m = Geod(ellps="WGS84").inv(lon, lat, x, y)
        place = np.flatnonzero(np.asarray(away_m) <= REACH_M)
        return Sampled(place, np.ones((1, 1, place.size)))


def _in_columns(values: Floats, quantities: Sequence[Quantity], axis: int) -> Floats:
    """As the kernels want them: of oxygen what air has more."""
    for number, quantity in enumerate(quantities):
        if quantity.name == "o2_percent":
            at = [slice(None)] * values.ndim
            at[axis] = slice(number, number + 1)
            inside = values[tuple(at)]
            values[tuple(at)] = np.maximum(AIR_O2_PERCENT - inside, 0.0)
    return values


def read_series(hazard: Hazard, city_crs: str) -> tuple[Series | None, list[Problem]]:
    """A hazard over time, or what is wrong with its files.

    Parameters
    ----------
    hazard
        Whose.
    city_crs
        Coordinate system of the streets, in which rasters are expected; "" where they are not known.
    """
    import shapely

    if isinstance(hazard, BlockedArea):
        return AreaSeries(shapely.Polygon(hazard.polygon)), []
    if isinstance(hazard, Gas):
        return Release(hazard.at), []
    if isinstance(hazard, (Flood, Smoke)) and hazard.rasters is not None:
        return _read_rasters(hazard, hazard.rasters, city_crs)
    assert hazard.file is not None, "the model asks for one of both"
    return _read_polygons(hazard, hazard.file)


def _read_polygons(hazard: Flood | Smoke | Fire, file: Path) -> tuple[Series | None, list[Problem]]:
    complaints = Complaints(file)
    collection, features = read_features(file, complaints, "polygons")
    if not features:
        return None, complaints.problems()
    problems: list[Problem] = []
    if (named := named_crs(collection)) and hazard.crs is None:
        said = (
            f'is the file\'s crs; longitude and latitude are expected. Say so in the scenario: `crs: "{_epsg(named)}"`'
        )
        problems.append(Problem(file, None, "crs", named, f"{said}, or reproject the file."))
    lines = feature_lines(file, len(features))
    quantities = QUANTITIES[type(hazard)]
    times: list[float] = []
    outlines: list[Any] = []
    rows: list[list[float]] = []
    for number, feature in enumerate(features):
        written = feature if isinstance(feature, dict) else {}
        line = None if lines is None else lines[number]
        found = [*_numbers(written, quantities), *_outline_troubles(written, degrees=hazard.crs is None)]
        t_s = _property(written, "t_s")
        if not found and times and t_s < times[-1]:
            said = f"is before that of the feature above ({times[-1]:g}). Sort them by time."
            found = [("properties.t_s", t_s, said)]
        problems += [
            Problem(file, line, key_text(("features", number)) + f".{key}", value, said) for key, value, said in found
        ]
        if not found:
            times.append(t_s)
            outlines.append(polygon_of(written, "", degrees=False)[0])
            rows.append([_property(written, one.name, one.usual) for one in quantities] or [1.0])
    if problems:
        return None, problems
    times_s, number_of = np.unique(np.array(times, float), return_inverse=True)
    values = _in_columns(np.array(rows, float), quantities, axis=1)
    known = np.array([outline is not None for outline in outlines], np.bool_)  # others say that nothing is there
    series = PolygonSeries(
        times_s,
        hazard.crs or DEGREES,
        number_of.astype(np.int64)[known],
        [outline for outline in outlines if outline is not None],
        values[known],
    )
    if not series.outline:
        return None, [Problem(file, None, "", NO_VALUE, "holds no polygon: nothing would come of it.")]
    return series, []


def _property(feature: dict[str, Any], name: str, usual: float | None = None) -> Any:
    """A property of a feature, what is usual where it has none."""
    properties = feature.get("properties")
    found = properties.get(name) if isinstance(properties, dict) else None
    return usual if found is None else found


def _numbers(feature: dict[str, Any], quantities: Sequence[Quantity]) -> list[tuple[str, object, str]]:
    """Numbers of a feature that are missing or wrong: key, value and what is wrong."""
    nothing_there = feature.get("geometry") is None
    found: list[tuple[str, object, str]] = []
    for name, usual, most in (Quantity("t_s", None, np.inf), *(() if nothing_there else quantities)):
        value = _property(feature, name, usual)
        if value is None:
            meaning = "seconds from the hazard's start_s" if name == "t_s" else "a number"
            found.append((f"properties.{name}", NO_VALUE, f"is missing: {meaning}."))
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
            found.append((f"properties.{name}", value, "must be a finite number."))
        elif not 0.0 <= value <= most:
            bound = "at least 0" if value < 0.0 else f"at most {most:g}"
            found.append((f"properties.{name}", value, f"must be {bound}."))
    return found


def _outline_troubles(feature: dict[str, Any], *, degrees: bool) -> list[tuple[str, object, str]]:
    """What is wrong with the outline of a feature; one without geometry says that nothing is there any more."""
    if feature.get("geometry") is None and isinstance(feature.get("properties"), dict):
        return []
    outline, trouble = polygon_of(feature, "a hazard", degrees=degrees)
    if trouble:
        return [("geometry", NO_VALUE, trouble)]
    if open_ring(feature):
        said = "its ring is not closed: the last corner is not the first one. Repeat the first corner at the end."
        return [("geometry", NO_VALUE, said)]
    if not outline.is_valid:
        return [("geometry", NO_VALUE, "its sides cross. Name the corners in the order in which one walks round.")]
    return []


def _epsg(named: str) -> str:
    """The short name of a coordinate system: "urn:ogc:def:crs:EPSG::25832" is EPSG:25832."""
    return f"EPSG:{named.rpartition(':')[2]}"


def _read_rasters(
    hazard: Flood | Smoke, rasters: Sequence[RasterAt], city_crs: str
) -> tuple[Series | None, list[Problem]]:
    try:
        import rasterio
    except ImportError:
        said = "rasters are read by rasterio, which is not installed: pip install 'citytwin[raster]'."
        return None, [Problem(rasters[0].file, None, "", NO_VALUE, said)]
    problems = []
    for one in rasters:
        try:
            with rasterio.open(one.file) as raster:
                own = "" if raster.crs is None else (raster.crs.to_string())
        except rasterio.errors.RasterioIOError as error:
            said = f"is no raster that can be read ({str(error).rstrip('.')})."
            problems.append(Problem(one.file, None, "", NO_VALUE, said))
            continue
        said = _crs_trouble(own, hazard.crs, city_crs)
        if said:
            problems.append(Problem(one.file, None, "crs", own or NO_VALUE, said))
    if problems:
        return None, problems
    times_s = np.array([one.t_s for one in rasters])
    files = tuple(one.file for one in rasters)
    return RasterSeries(times_s, hazard.crs or city_crs, files, QUANTITIES[type(hazard)]), []


def _crs_trouble(own: str, declared: str | None, city_crs: str) -> str:
    """Why a raster's coordinate system will not do; "" where it does."""
    if declared is not None:
        return "" if own in ("", declared) else f"is the raster's coordinate system, but the scenario says {declared}."
    if not own:
        return 'the raster says no coordinate system. Say it in the scenario: `crs: "EPSG:…"`.'
    if city_crs and own != city_crs:
        way_out = f'Say so in the scenario, and its cells are looked up there: `crs: "{own}"`'
        return f"is the raster's coordinate system, the streets are in {city_crs}. {way_out}; or reproject it."
    return ""
