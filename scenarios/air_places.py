"""Check what a scenario says of the air: the weather, the fleet, who emits and where it is breathed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .air import Accident, Air, AirFleet, AirSource, Receptor, ReceptorGrid, ReceptorPoint, ReceptorResidents, Stack
from .air_rates import Rates, check_rates
from .areas import Corners, trouble_with
from .buildings import houses_of
from .emission_factors import FactorTable, bundled_factors, check_factors
from .hazards import Gas
from .nearest_links import project
from .network import NO_PLACE, Floats, Ints, RoadNetwork
from .places import find_places, middle_of_links
from .problems import NO_VALUE, Problem, ScenarioError, SourceError
from .vehicle_fleets import FLEETS, VehicleShares, check_fleet
from .weather_states import WeatherStates, check_weather
from .yaml_lines import key_text

if TYPE_CHECKING:
    from .scenario import Scenario

MOST_RECEPTORS = 100_000
FAR_M = 5000.0  # from the nearest street: nothing of the city gets there in the numbers of this model
BREATHE_M = 1.5
GRID_MARGIN_M = 100.0  # by which a grid without a polygon goes beyond the streets
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ReceptorPlaces:
    """Where air is breathed, in the network's coordinates; shapes ``[receptor]``."""

    id: tuple[str, ...]  # "RECEPTOR" or "RECEPTOR/NUMBER"
    entry: Ints  # row of ``air.receptors``
    x_m: Floats
    y_m: Floats
    height_m: Floats
    people: Floats  # who live there; 0 where none are meant
    grids: dict[int, tuple[int, int]]  # rows and columns of the receptors of a grid, by its entry


@dataclass(frozen=True, slots=True, eq=False)
class AirInputs:
    """All that a scenario says of the air, read and checked."""

    weather: WeatherStates
    shares: VehicleShares | None
    factors: FactorTable
    rates: tuple[Rates, ...]  # of each source


def check_air_places(scenario: Scenario, network: RoadNetwork | None) -> list[Problem]:
    """Every problem of a scenario's air; with its streets also whether places lie in the city and in the open."""
    if scenario.air is None:
        return []
    _, problems = _read(scenario)
    if network is not None:
        problems += _placed(scenario, scenario.air, network)
    return problems


def air_inputs(scenario: Scenario) -> AirInputs:
    """What a scenario says of the air.

    Raises
    ------
    ScenarioError
        With everything that is wrong with it.
    """
    inputs, problems = _read(scenario)
    if inputs is None:
        raise ScenarioError(problems)
    return inputs


def _read(scenario: Scenario) -> tuple[AirInputs | None, list[Problem]]:
    air = scenario.air
    assert air is not None, "the air is read where somebody asks for it"
    states, problems, said = check_weather(air.meteorology, scenario.duration_s)
    if said:
        problems.append(_about(scenario, ("meteorology", "wind_height_m"), said))
    factors, shares = bundled_factors(), None
    if air.fleet is not None:
        factors, shares, found = _fleet(scenario, air.fleet)
        problems += found
    rates = []
    for row, source in enumerate(air.sources):
        own, found, said = check_rates(source, scenario.duration_s)
        problems += found
        if said:
            problems.append(_about(scenario, ("sources", row, "rates_gps"), said))
        if source.start_s >= scenario.duration_s:
            said = f"is not before the end of the run (duration_s = {scenario.duration_s:g}): nothing would come of it."
            problems.append(_about(scenario, ("sources", row, "start_s"), said))
        rates += [own] if own is not None else []
    for section in ("sources", "receptors"):
        problems += _double_ids(scenario, section)
    if air.fleet is None and not air.sources and not _carries_gas(scenario) and not scenario.lacks("air"):
        said = "nobody emits anything: give `fleet` for what traffic emits, or `sources`."
        problems.append(_about(scenario, (), said))
    if problems or states is None:
        return None, problems
    return AirInputs(states, shares, factors, tuple(rates)), []


def _carries_gas(scenario: Scenario) -> bool:
    """Whether the wind is there for a hazard; also where it is written, but wrong, and told elsewhere."""
    written = scenario.source_map is not None and scenario.source_map.child("hazards") is not None
    return any(isinstance(one, Gas) for one in scenario.hazards) or (written and not scenario.hazards)


def _fleet(scenario: Scenario, fleet: AirFleet) -> tuple[FactorTable, VehicleShares | None, list[Problem]]:
    factors = bundled_factors()
    if fleet.factors is not None:
        own, problems = check_factors(fleet.factors)
        if own is None:
            return factors, None, problems
        factors = factors.joined(own)
    shares, problems, said = check_fleet(fleet.file or FLEETS, fleet.country, fleet.year, factors)
    if said:
        problems.append(_about(scenario, ("fleet", "country"), said))
    return factors, shares, problems


def _double_ids(scenario: Scenario, section: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for row, one in enumerate(getattr(scenario.air, section)):
        if one.id in seen:
            first = _about(scenario, (section, seen[one.id]), "").key
            yield _about(scenario, (section, row, "id"), f"is the id of {first} already. Ids differ.")
        seen.setdefault(one.id, row)


def _placed(scenario: Scenario, air: Air, network: RoadNetwork) -> Iterator[Problem]:
    """What is wrong with where things are."""
    if network.epsg == NO_PLACE:
        said = "the streets lie nowhere on Earth (no projection), so that nothing can be placed in their air."
        yield _about(scenario, (), said)
        return
    streets = np.column_stack(middle_of_links(network))
    for section in ("sources", "receptors"):
        for row, one in enumerate(getattr(air, section)):
            if isinstance(one, ReceptorResidents):
                if said := trouble_with(network, one.polygon):
                    yield _about(scenario, (section, row, "polygon"), said)
            elif (corners := _corners(one)) and not (away_m := _away_m(network, streets, corners)) <= FAR_M:
                said = f"is {away_m / 1000:,.1f} km from the nearest street of {network.name}. Wrong place, or swapped?"
                yield _about(scenario, (section, row, "polygon" if len(corners) > 1 else "at"), said)
    yield from _inside_buildings(scenario, air, network)
    if air.canyons.assumed_m is not None and scenario.city.osm is None:
        said = "is given, but no map says where houses stand: this city is not an OpenStreetMap file. Leave it out."
        yield _about(scenario, ("canyons", "assumed_m"), said)
    places = receptor_places(air, network)
    if len(places.id) > MOST_RECEPTORS:
        said = f"has {len(places.id):,} places with all other receptors, at most {MOST_RECEPTORS:,} can be worked out."
        row = next(row for row, one in enumerate(air.receptors) if isinstance(one, ReceptorGrid))
        yield _about(scenario, ("receptors", row, "spacing_m"), f"{said} Take a wider spacing.")


def _corners(one: AirSource | Receptor) -> Corners:
    """Where something is: a point, the corners of an area, or nothing."""
    if isinstance(one, Stack | Accident | ReceptorPoint):
        return [(one.at[0], one.at[1])]
    return one.polygon or ()


def _away_m(network: RoadNetwork, streets: Floats, corners: Corners) -> float:
    """How far the middle of some corners is from the middle of the nearest street, m."""
    middle = np.column_stack(project(network, *np.array(corners).T)).mean(axis=0)
    return float(np.hypot(*(streets - middle).T).min()) if len(streets) else 0.0


def _inside_buildings(scenario: Scenario, air: Air, network: RoadNetwork) -> Iterator[Problem]:
    """Points at which the map has a building: nobody measures outdoor air there."""
    import shapely

    points = [(row, one) for row, one in enumerate(air.receptors) if isinstance(one, ReceptorPoint)]
    if not points or scenario.city.osm is None:
        return
    try:
        houses = houses_of(scenario.city.osm, network)
    except SourceError:
        return  # told where the streets are read
    tree, roof_m = shapely.STRtree(houses.outline[houses.wall]), houses.height_m[houses.wall]
    at = np.array([one.at for _, one in points])
    number, house = tree.query(shapely.points(np.column_stack(project(network, *at.T))), predicate="within")
    below = ~(np.array([one.height_m for _, one in points])[number] > roof_m[house])  # on a roof there is air
    for row in np.unique(number[below]).tolist():
        said = "lies inside a building. Take a place in the open, in front of it."
        yield _about(scenario, ("receptors", points[row][0], "at"), said)


def receptor_places(air: Air, network: RoadNetwork) -> ReceptorPlaces:
    """All places where concentrations are worked out."""
    ids: list[str] = []
    columns: list[Floats] = []
    grids: dict[int, tuple[int, int]] = {}
    for entry, one in enumerate(air.receptors):
        if isinstance(one, ReceptorPoint):
            x_m, y_m = project(network, np.array([one.at[0]]), np.array([one.at[1]]))
            people = np.zeros(1)
            ids.append(one.id)
        elif isinstance(one, ReceptorGrid):
            x_m, y_m, grids[entry] = _grid(one, network)
            people = np.zeros(x_m.size)
        else:
            x_m, y_m, people = _homes(one, network)
        if not isinstance(one, ReceptorPoint):
            ids += [f"{one.id}/{number}" for number in range(x_m.size)]
        columns.append(np.array([np.full(x_m.size, entry), x_m, y_m, np.full(x_m.size, one.height_m), people]))
    entry_of, x_m, y_m, height_m, people = np.concatenate(columns, axis=1) if columns else np.zeros((5, 0))
    return ReceptorPlaces(tuple(ids), entry_of.astype(np.int32), x_m, y_m, height_m, people, grids)


def street_places(network: RoadNetwork) -> ReceptorPlaces:
    """The middle of every street, at the height at which people breathe."""
    x_m, y_m = middle_of_links(network)
    nobody = np.zeros(x_m.size)
    return ReceptorPlaces(network.links.id, nobody.astype(np.int32), x_m, y_m, nobody + BREATHE_M, nobody, {})


def _grid(grid: ReceptorGrid, network: RoadNetwork) -> tuple[Floats, Floats, tuple[int, int]]:
    """Middles of a grid's cells row by row from the south-west, and the number of rows and columns."""
    if grid.polygon is None:
        x_m, y_m = middle_of_links(network)
        margin_m = GRID_MARGIN_M
    else:
        x_m, y_m = project(network, *np.array(grid.polygon).T)
        margin_m = 0.0
    counts = [max(int((ends.max() - ends.min() + 2 * margin_m) // grid.spacing_m), 1) for ends in (x_m, y_m)]
    along = [
        ends.min() - margin_m + grid.spacing_m * (np.arange(min(count, 2 * MOST_RECEPTORS)) + 0.5)
        for ends, count in zip((x_m, y_m), counts, strict=True)
    ]
    if counts[0] * counts[1] > 2 * MOST_RECEPTORS:  # told as too many
        return np.zeros(2 * MOST_RECEPTORS), np.zeros(2 * MOST_RECEPTORS), (1, 2 * MOST_RECEPTORS)
    east, north = np.meshgrid(*along)
    return east.ravel(), north.ravel(), (counts[1], counts[0])


def _homes(zone: ReceptorResidents, network: RoadNetwork) -> tuple[Floats, Floats, Floats]:
    """Middles of a zone's streets with addresses, one for both directions of a street, and who live there."""
    from .areas import links_in

    places = find_places(network)
    inside = links_in(network, zone.polygon)
    rows = np.flatnonzero(inside & places.addressed)
    rows = rows if rows.size else np.flatnonzero(inside)
    where = np.round(np.column_stack([places.x_m[rows], places.y_m[rows]]), 0)
    _, first, of = np.unique(where, axis=0, return_index=True, return_inverse=True)
    length_m = np.bincount(of.reshape(-1), weights=network.links.length_m[rows])
    people = zone.population * length_m / max(length_m.sum(), 1e-9)
    return places.x_m[rows[first]], places.y_m[rows[first]], people


def _about(scenario: Scenario, place: Place, text: str) -> Problem:
    if scenario.source_map is not None:
        found = scenario.source_map.problem(("air", *place), text)
        return found if place else replace(found, value=NO_VALUE)
    return Problem(scenario.file, None, key_text(("air", *place)), NO_VALUE, text)
