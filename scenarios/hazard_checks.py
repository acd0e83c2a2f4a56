"""Check that hazards can be read and reach the city, and hand them over ready to be looked up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .hazard_series import AreaSeries, PolygonSeries, Release, Sampled, Series, read_series
from .hazards import Gas
from .network import NO_PLACE, Floats, RoadNetwork
from .places import middle_of_links
from .problems import NO_VALUE, Problem, ScenarioError

if TYPE_CHECKING:
    from .hazards import Hazard
    from .scenario import Scenario

PIECE_M = 10.0  # streets are looked at in pieces not longer than this


@dataclass(frozen=True, slots=True)
class Threat:
    """A hazard of a run: what it is called, and what it is where and when."""

    name: str
    hazard: Hazard
    series: Series

    @property
    def begins_s(self) -> float:
        """When it is there first."""
        return self.hazard.start_s + float(self.series.times_s[0])

    def at(self, network: RoadNetwork, x_m: Floats, y_m: Floats) -> Sampled:
        """Look it up at places in the network's coordinates."""
        from pyproj import Transformer

        own = f"EPSG:{network.epsg}"
        if self.series.crs == own:
            return self.series.sample(x_m, y_m)
        return self.series.sample(*Transformer.from_crs(own, self.series.crs, always_xy=True).transform(x_m, y_m))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Streets cut into pieces; shapes ``[piece]``, those of a link one after the other."""

    x_m: Floats  # of their middles
    y_m: Floats
    link: NDArray[np.int64]
    start: NDArray[np.int64]  # [link + 1]

    def at(self, network: RoadNetwork, link: NDArray[np.integer], position_m: Floats) -> NDArray[np.int64]:
        """The piece that each place along a link is in."""
        count = self.start[link + 1] - self.start[link]
        along = np.floor(position_m / network.links.length_m[link] * count).astype(np.int64)
        return np.asarray(self.start[link] + np.clip(along, 0, count - 1))


def pieces_of(network: RoadNetwork) -> Pieces:
    """Cut every street into equal pieces of at most 10 m."""
    import shapely

    count = np.maximum(np.ceil(network.links.length_m / PIECE_M), 1).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(count)])
    link = np.repeat(np.arange(count.size), count)
    lines = np.array([shapely.LineString(network.link_shape_xy(row)) for row in range(count.size)])
    share = (np.arange(link.size) - start[link] + 0.5) / count[link]
    points = shapely.line_interpolate_point(lines[link], share, normalized=True)
    return Pieces(shapely.get_x(points), shapely.get_y(points), link, start)


def named_hazards(scenario: Scenario) -> Iterator[tuple[str, Hazard]]:
    """Each hazard with what people call it: its id, else its kind, numbered from the second on."""
    seen: Counter[str] = Counter()
    for hazard in scenario.hazards:
        seen[hazard.kind] += 1
        number = "" if seen[hazard.kind] == 1 else f"-{seen[hazard.kind]}"
        yield hazard.id or f"{hazard.kind.replace('_', ' ')}{number}", hazard


def threats_of(scenario: Scenario, network: RoadNetwork) -> list[Threat]:
    """All hazards of a scenario.

    Raises
    ------
    ScenarioError
        With everything that is wrong with their files.
    """
    threats, problems = _read_all(scenario, network)
    if problems:
        raise ScenarioError(problems)
    return threats


def check_hazards(scenario: Scenario, network: RoadNetwork | None) -> list[Problem]:
    """Every problem of a scenario's hazards; with its streets also whether they reach any."""
    if not scenario.hazards:
        return []
    threats, problems = _read_all(scenario, network)
    if network is None or not threats:
        return problems
    pieces = pieces_of(network)
    rows = [row for row, (name, _) in enumerate(named_hazards(scenario)) if any(one.name == name for one in threats)]
    for row, threat in zip(rows, threats, strict=True):
        if not threat.at(network, pieces.x_m, pieces.y_m).place.size:
            problems.append(_about(scenario, row, _key(threat.hazard), _reaches_nothing(threat, network)))
    return problems


def _read_all(scenario: Scenario, network: RoadNetwork | None) -> tuple[list[Threat], list[Problem]]:
    threats: list[Threat] = []
    problems: list[Problem] = []
    nowhere = network is not None and network.epsg == NO_PLACE
    crs = "" if network is None or nowhere else f"EPSG:{network.epsg}"
    for row, (name, hazard) in enumerate(named_hazards(scenario)):
        if nowhere:
            said = "the streets lie nowhere on Earth (no projection), so that a hazard cannot be placed in them."
            problems.append(_about(scenario, row, _key(hazard), said))
            continue
        series, found = read_series(hazard, crs)
        problems += [*found, *(_of_gas(scenario, row, hazard) if isinstance(hazard, Gas) else ())]
        if series is None:
            continue
        threat = Threat(name, hazard, series)
        if threat.begins_s >= scenario.duration_s:
            said = f"begins at {threat.begins_s:g} s, when the run is over (duration_s = {scenario.duration_s:g})."
            problems.append(_about(scenario, row, _key(hazard), f"{said} Begin earlier, or make the run longer."))
        threats.append(threat)
    return threats, problems


def _of_gas(scenario: Scenario, row: int, gas: Gas) -> Iterator[Problem]:
    """What a release of gas lacks: the wind that carries it, and how fast it gets into houses."""
    if scenario.air is None and not scenario.lacks("air"):
        wind = "`air: {meteorology: {kind: constant, wind_mps: 2, wind_from_deg: 270}}`"
        said = f"drifts with the wind, and nothing says how it blows. Give {wind}."
        yield _about(scenario, row, "kind", said)
    if scenario.evacuation is not None:
        for key, example in (("air_changes_per_h", 1.0), ("closed_air_changes_per_h", 0.3)):
            if getattr(gas, key) is None:
                said = (
                    f"is missing: people are indoors in an evacuation. Say how fast gas gets in: `{key}: {example:g}`."
                )
                yield _about(scenario, row, key, said)


def _key(hazard: Hazard) -> str:
    """The key that says where a hazard is."""
    return next(key for key in ("polygon", "file", "rasters", "at") if getattr(hazard, key, None) is not None)


def _about(scenario: Scenario, row: int, key: str, text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("hazards", row, key), text)
    return Problem(scenario.file, None, f"hazards[{row}].{key}", NO_VALUE, text)


def _reaches_nothing(threat: Threat, network: RoadNetwork) -> str:
    """What to say of a hazard that is on no street at any time."""
    import shapely
    from pyproj import Transformer

    said = f"reaches no street of {network.name} at any time"
    series = threat.series
    outlines = series.outline if isinstance(series, PolygonSeries) else []
    outlines = [series.outline] if isinstance(series, AreaSeries) else outlines
    outlines = [shapely.Point(series.at).buffer(1e-6)] if isinstance(series, Release) else outlines
    if not outlines:
        return f"{said}. Wrong place, or wrong coordinate system?"
    to_city = Transformer.from_crs(series.crs, f"EPSG:{network.epsg}", always_xy=True)
    street_x, street_y = middle_of_links(network)
    streets = shapely.box(street_x.min(), street_y.min(), street_x.max(), street_y.max())
    west, south, east, north = outlines[0].bounds
    turned_x, turned_y = to_city.transform([south, north], [west, east])
    if shapely.box(turned_x[0], turned_y[0], turned_x[1], turned_y[1]).intersects(streets):
        return f"{said}: longitude and latitude are swapped, the other way round it lies in {network.name}."
    there = shapely.Point(to_city.transform(outlines[0].centroid.x, outlines[0].centroid.y))
    away_km = there.distance(streets.centroid) / 1000
    return f"{said}: it lies {away_km:,.1f} km from the middle. Wrong place, or wrong coordinate system?"
