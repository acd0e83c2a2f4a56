"""Find what an evacuation speaks of in a city: homes along its paths, doors, shelters and ways out, or say why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .attraction import population_weights
from .demand_random import pick
from .evacuation import Evacuation, EvacuationZone, Group, Pickup, Shelter, WayOut
from .evacuation_files import all_groups, all_shelters, all_zones, check_evacuation_files, is_grid, names_in_files
from .evacuation_people import EvacuationPeople, havens_of, people_of
from .hazard_checks import named_hazards
from .hazards import Gas
from .nearest_links import nearest_links, project
from .network import Bools, Floats, Ints, RoadNetwork
from .places import find_places
from .problems import NO_VALUE, Problem, ScenarioError, SourceError, closest_hint, shown_value
from .walk_demand import as_streets, walk_network_of
from .walk_network import WalkKind, WalkNetwork
from .yaml_lines import key_text

if TYPE_CHECKING:
    from .scenario import Scenario

FARTHEST_M = 150.0  # of a door from the path or street that it belongs to
Place = tuple[str | int, ...]


class City:
    """A city's paths and streets, as far as an evacuation asks for them."""

    def __init__(self, roads: RoadNetwork, walk: WalkNetwork, evacuation: Evacuation) -> None:
        self.roads, self.walk, self.evacuation = roads, walk, evacuation
        self._streets, self._paths = as_streets(walk)
        self._road_places = find_places(roads)

    @cached_property
    def usable(self) -> Bools:
        """Links of the walk network where a walk may begin and end, ``[link]``."""
        return np.asarray(self._paths.may_begin & (self.walk.links.kind != WalkKind.CROSSING))

    @cached_property
    def weight(self) -> Floats:
        """How many people live along a link compared with others, ``[link]``: by a grid, otherwise by length."""
        if is_grid(self.evacuation):
            assert self.evacuation.population_file is not None
            return population_weights(self.evacuation.population_file, self._streets, self._paths)[0]
        return np.where(self.usable, self.walk.links.length_m, 0.0)

    def links_in(self, zone: EvacuationZone) -> Bools:
        """Links whose middle lies in a zone, ``[link]``."""
        import shapely

        outline = shapely.Polygon(np.column_stack(project(self.roads, *np.array(zone.polygon).T)))
        return np.asarray(shapely.contains_xy(outline, self._paths.x_m, self._paths.y_m) & self.usable)

    def population(self, zone: EvacuationZone) -> int:
        """People at home in a zone."""
        if is_grid(self.evacuation):
            return round(float(self.weight[self.links_in(zone)].sum()))
        return zone.population

    def homes(self, zone: EvacuationZone, which: Floats, where: Floats) -> tuple[Ints, Floats]:
        """Link and place along it of homes, from two numbers in [0, 1) of each."""
        if not which.size:
            return np.zeros(0, np.int32), np.zeros(0)
        weight = np.where(self.links_in(zone), np.maximum(self.weight, 1e-9), 0.0)
        link = pick(weight, which).astype(np.int32)
        return link, where * self.walk.links.length_m[link]

    def walk_place(self, link: Ints, at_m: Floats) -> tuple[Floats, Floats]:
        """Coordinates of places on links of the walk network, m."""
        import shapely

        lines = {row: shapely.LineString(self.walk.link_shape_xy(row)) for row in np.unique(link).tolist()}
        share = at_m / np.maximum(self.walk.links.length_m[link], 1e-9)
        points = shapely.line_interpolate_point([lines[row] for row in link.tolist()], share, normalized=True)
        return np.asarray(shapely.get_x(points)), np.asarray(shapely.get_y(points))

    def nearest_walk(self, lon: float, lat: float) -> tuple[int, float, float]:
        """Nearest link on which people walk, the place along it, m, and how far it is, m."""
        x_m, y_m = project(self.roads, np.array([lon]), np.array([lat]))
        found = nearest_links(self._streets, x_m, y_m, self.usable)
        return int(found.link[0]), float(found.along_m[0]), float(found.distance_m[0])

    def nearest_roads(
        self, x_m: Floats, y_m: Floats, *, to_begin: bool, both: bool = False
    ) -> tuple[Ints, Floats, Floats]:
        """Nearest streets where cars can set out (or arrive), the places along them, m, and how far they are, m.

        ``both``: where they can arrive and set out again.
        """
        places = self._road_places
        may = (places.may_begin if to_begin else places.may_end) & places.addressed
        may &= (places.may_begin & places.may_end) if both else True
        found = nearest_links(self.roads, x_m, y_m, may if may.any() else places.may_begin)
        return found.link, found.along_m, found.distance_m

    def walk_end(self, place: Shelter | WayOut | Pickup) -> tuple[int, float]:
        """Where a walk to a haven ends; link -1: it cannot be reached on foot."""
        on_foot = isinstance(place, Pickup) or "foot" in place.by
        if place.at is None or not on_foot:
            return -1, np.nan
        return self.nearest_walk(*place.at)[:2]

    def road_end(self, place: Shelter | WayOut | Pickup) -> tuple[int, float]:
        """Where a drive to a haven ends; link -1: it cannot be reached on wheels."""
        if not isinstance(place, Pickup) and set(place.by) == {"foot"}:
            return -1, np.nan
        if isinstance(place, WayOut) and place.link is not None:
            link = self.roads.link_row.get(place.link, -1)
            return link, float(self.roads.links.length_m[link])
        assert place.at is not None, "the scenario's rules ask for it"
        x_m, y_m = project(self.roads, *np.array([place.at]).T)
        buses = (
            isinstance(place, Pickup) or "bus" in place.by or "ambulance" in place.by
        )  # which have to get away from it again
        nearest, along_m, _ = self.nearest_roads(x_m, y_m, to_begin=False, both=buses)
        return int(nearest[0]), float(along_m[0])

    def nearest_street(self, lon: float, lat: float) -> tuple[int, float, float]:
        """Nearest street where vehicles can arrive and set out, the place along it, m, and how far it is, m."""
        x_m, y_m = project(self.roads, np.array([lon]), np.array([lat]))
        link, along_m, away_m = self.nearest_roads(x_m, y_m, to_begin=False, both=True)
        return int(link[0]), float(along_m[0]), float(away_m[0])

    def may_end(self, link: int) -> bool:
        """Whether cars can get to a street."""
        return bool(self._road_places.may_end[link])


def evacuation_people(scenario: Scenario, roads: RoadNetwork, walk: WalkNetwork) -> EvacuationPeople:
    """Everybody that a scenario's evacuation is about.

    Raises
    ------
    ScenarioError
        With every problem of the evacuation.
    """
    evacuation = scenario.evacuation
    assert evacuation is not None, "there is nobody of an evacuation without it"
    problems = check_evacuation(scenario, roads)
    if problems:
        raise ScenarioError(problems)
    city = City(roads, walk, evacuation)
    zones, shelters = all_zones(evacuation), all_shelters(evacuation)
    groups = all_groups(evacuation)
    inside = [_zone_of(group.at, zones) for group in groups]
    return people_of(
        zones,
        groups,
        inside,
        evacuation.modes,
        evacuation.households.mean_size,
        evacuation.households.persons_per_car,
        havens_of(shelters, evacuation.exits, evacuation.pickups, city),
        evacuation.pickups,
        evacuation.ambulances,
        evacuation.fetched_by_units,
        city,
        scenario.seed,
        scenario.duration_s,
    )


def check_evacuation(scenario: Scenario, roads: RoadNetwork | None) -> list[Problem]:
    """Every problem of a scenario's evacuation; with its streets also whether its places exist."""
    evacuation = scenario.evacuation
    if evacuation is None:
        return []
    problems = check_evacuation_files(evacuation)
    files_are_right = not problems
    for keys, said in evacuation.contradictions():
        if not keys or not (_misspelt(scenario) or any(scenario.lacks(f"evacuation.{key}") for key in keys)):
            problems.append(replace(_about(scenario, (), said), value=NO_VALUE))
    problems += _unknown_zones(scenario, evacuation)
    if not scenario.lacks("evacuation.zones") and files_are_right:
        problems += _outside_zones(scenario, evacuation)
    if roads is None:
        return problems
    try:
        city = City(roads, walk_network_of(scenario, roads), evacuation)
        return [*problems, *_misplaced(scenario, evacuation, city)]
    except SourceError as error:
        return [*problems, _about(scenario, ("zones",), str(error))]


def _misspelt(scenario: Scenario) -> bool:
    """Whether an evacuation has a key that no evacuation has: it may stand for any other."""
    own = [place.removeprefix("evacuation.") for place in scenario.left_out if place.startswith("evacuation.")]
    return any(key.isidentifier() and key not in Evacuation.model_fields for key in own)


def _unknown_zones(scenario: Scenario, evacuation: Evacuation) -> Iterator[Problem]:
    """Zones and shelters that are named and not there."""
    zones_in_file, shelters_in_file = names_in_files(evacuation)
    known = list(dict.fromkeys([*(zone.id for zone in evacuation.zones), *zones_in_file]))
    naming = [("orders", row, order.zones) for row, order in enumerate(evacuation.orders)]
    naming += [("designated_routes", row, route.zones) for row, route in enumerate(evacuation.designated_routes)]
    yield from _unknown_clouds(scenario, evacuation, known)
    for section, row, zones in naming:
        for column, name in enumerate(zones):
            if name not in known and not scenario.lacks(f"evacuation.zones[{name}]"):
                said = f"no such zone.{closest_hint(name, known)} All: {', '.join(map(shown_value, known))}."
                yield _about(scenario, (section, row, "zones", column), said)
    shelters = {shelter.id: shelter for shelter in all_shelters(evacuation)}
    rides = [("pickups", row, "bus", pickup.to) for row, pickup in enumerate(evacuation.pickups)]
    rides += [("ambulances", row, "ambulance", pool.to) for row, pool in enumerate(evacuation.ambulances)]
    places: list[tuple[Place, str, str]] = [((section, row, "to"), mode, to) for section, row, mode, to in rides]
    if evacuation.fetched_by_units is not None:
        places.append((("fetched_by_units", "to"), "ambulance", evacuation.fetched_by_units.to))
        units = () if scenario.responders is None else scenario.responders.units
        if not scenario.lacks("responders.units") and all(unit.kind != "ambulance" for unit in units):
            said = "no unit of `responders` is an ambulance: add one there, or give `ambulances` here."
            yield _about(scenario, ("fetched_by_units",), said)
    for place, mode, to in places:
        if to not in shelters and to not in shelters_in_file:
            if scenario.lacks(f"evacuation.shelters[{to}]"):
                continue
            names = list(dict.fromkeys([*shelters, *shelters_in_file]))
            said = f"no such shelter.{closest_hint(to, names)} All: {', '.join(map(shown_value, names))}."
            yield _about(scenario, place, said)
        elif to in shelters and mode not in shelters[to].by and not scenario.lacks(f"evacuation.shelters[{to}].by"):
            said = f"cannot be reached by {mode}. Add `{mode}` to the shelter's `by`."
            yield _about(scenario, place, said)
    for name in [zone.id for zone in evacuation.zones if zone.id in zones_in_file]:
        yield _about(scenario, ("zones_file",), f'its zone "{name}" stands under `zones` too. Ids differ.')


def _outside_zones(scenario: Scenario, evacuation: Evacuation) -> Iterator[Problem]:
    for row, group in enumerate(all_groups(evacuation)):
        if _zone_of(group.at, all_zones(evacuation)) < 0:
            said = "lies in no zone, so no order would reach its people. Move it, or draw a zone round it."
            key, name = _group_at(evacuation, row, group)
            yield _about(scenario, key, name + said)


def _group_at(evacuation: Evacuation, row: int, group: Group) -> tuple[Place, str]:
    """Where the place of a building is written, and what to call it there."""
    if row < len(evacuation.groups):
        return ("groups", row, "at"), ""
    return ("groups_file",), f'building "{group.id}": '


def _unknown_clouds(scenario: Scenario, evacuation: Evacuation, zones: list[str]) -> Iterator[Problem]:
    """Gas or zones that orders wait for and that are not there."""
    gases = [name for name, hazard in named_hazards(scenario) if isinstance(hazard, Gas)]
    for row, order in enumerate(evacuation.orders):
        if order.when is None:
            continue
        for key, name, known in (("hazard", order.when.hazard, gases), ("zone", order.when.zone, zones)):
            if name is not None and name not in known:
                what = "hazard of the kind `gas`" if key == "hazard" else "zone"
                said = (
                    f"no such {what}.{closest_hint(name, known)} All: {', '.join(map(shown_value, known)) or 'none'}."
                )
                yield _about(scenario, ("orders", row, "when", key), said)


def _zone_of(at: tuple[float, ...], zones: tuple[EvacuationZone, ...]) -> int:
    """Row of the zone in which a place lies, the first of several; -1: in none."""
    import shapely

    inside = (row for row, zone in enumerate(zones) if shapely.contains_xy(shapely.Polygon(zone.polygon), *at))
    return next(inside, -1)


def _misplaced(scenario: Scenario, evacuation: Evacuation, city: City) -> Iterator[Problem]:
    """Zones, doors and havens that no path or street leads to."""
    for row, zone in enumerate(all_zones(evacuation)):
        if not city.links_in(zone).any():
            own = row < len(evacuation.zones)
            key: Place = ("zones", row, "polygon") if own else ("zones_file",)
            where = "" if own else f' (zone "{zone.id}")'
            yield _about(scenario, key, f"holds the middle of no path{where}: nobody can leave it. Draw it larger.")
    own_shelters = len(evacuation.shelters)
    for row, shelter in enumerate(all_shelters(evacuation)):
        key = ("shelters", row, "at") if row < own_shelters else ("shelters_file",)
        name = "" if row < own_shelters else f'shelter "{shelter.id}": '
        yield from (_about(scenario, key, name + said) for said in _no_way_to(shelter, city))
    for row, group in enumerate(all_groups(evacuation)):
        key, name = _group_at(evacuation, row, group)
        yield from (_about(scenario, key, name + said) for said in _no_path_to(group.at, city))
    yield from _wanting_ride(scenario, evacuation)
    for row, pickup in enumerate(evacuation.pickups):
        yield from (_about(scenario, ("pickups", row, "at"), said) for said in _no_way_to(pickup, city))
    for row, route in enumerate(evacuation.designated_routes):
        for column, said in not_drivable(route.links, city.roads):
            yield _about(scenario, ("designated_routes", row, "links", column), said)
    for row, pool in enumerate(evacuation.ambulances):
        away_m = city.nearest_street(*pool.at)[2]
        if away_m > FARTHEST_M:
            said = f"no street for cars leads to it: the nearest is {away_m:,.0f} m away. Move it."
            yield _about(scenario, ("ambulances", row, "at"), said)
    for row, exit_ in enumerate(evacuation.exits):
        if exit_.link is None:
            yield from (_about(scenario, ("exits", row, "at"), said) for said in _no_way_to(exit_, city))
        elif exit_.link not in city.roads.link_row:
            said = f"no such link.{closest_hint(exit_.link, city.roads.links.id)}"
            yield _about(scenario, ("exits", row, "link"), said)
        elif not city.may_end(city.roads.link_row[exit_.link]):
            yield _about(scenario, ("exits", row, "link"), "no way leads there by car. Take another link.")


def not_drivable(names: tuple[str, ...], roads: RoadNetwork) -> Iterator[tuple[int, str]]:
    """Links of a designated route that are not there, or to which no way leads from the one before."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    unknown = [column for column, name in enumerate(names) if name not in roads.link_row]
    for column in unknown:
        yield column, f"no such link.{closest_hint(names[column], roads.links.id)}"
    if unknown:
        return
    onward = roads.movements.to_link
    turns = csr_array((np.ones(onward.size), onward, roads.links.movement_start), shape=(roads.link_count,) * 2)
    for column, (before, name) in enumerate(pairwise(names), start=1):
        reached = breadth_first_order(turns, roads.link_row[before], return_predecessors=False)
        if roads.link_row[name] not in reached:
            yield column, f'no way leads there from "{before}". Name links in the order in which they are driven.'


def _wanting_ride(scenario: Scenario, evacuation: Evacuation) -> Iterator[Problem]:
    """Buildings of a file whose people ask for what does not come, or whose id is given in the scenario too."""
    for group in all_groups(evacuation)[len(evacuation.groups) :]:
        said = f'its building "{group.id}" '
        if group.modes is not None and group.modes.bus > 0.0 and not evacuation.pickups:
            yield _about(scenario, ("groups_file",), f"{said}has people who take a bus, and there are no `pickups`.")
        fetched = evacuation.ambulances or evacuation.fetched_by_units is not None
        if group.modes is not None and group.modes.ambulance > 0.0 and not fetched:
            yield _about(scenario, ("groups_file",), f"{said}has people who cannot walk, and no `ambulances` come.")
        if group.id in {one.id for one in evacuation.groups}:
            yield _about(scenario, ("groups_file",), f"{said}stands under `groups` too. Ids differ.")


def _no_way_to(place: Shelter | WayOut | Pickup, city: City) -> Iterator[str]:
    assert place.at is not None, "an exit by its link is looked up by it"
    by = ("foot", "bus") if isinstance(place, Pickup) else place.by
    if "foot" in by:
        yield from _no_path_to(place.at, city)
    if set(by) != {"foot"}:
        x_m, y_m = project(city.roads, *np.array([place.at]).T)
        away_m = float(city.nearest_roads(x_m, y_m, to_begin=False)[2][0])
        if away_m > FARTHEST_M:
            out = "" if isinstance(place, Pickup) else ", or take what needs a street out of its `by`"
            yield f"no street for cars leads to it: the nearest is {away_m:,.0f} m away. Move it{out}."


def _no_path_to(at: tuple[float, ...], city: City) -> Iterator[str]:
    away_m = city.nearest_walk(*at)[2]
    if away_m > FARTHEST_M:
        yield f"no path leads to it: the nearest that joins the others is {away_m:,.0f} m away. Move it."


def _about(scenario: Scenario, place: Place, text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("evacuation", *place), text)
    key = key_text(("evacuation", *place))
    return Problem(scenario.file, None, key, NO_VALUE, text)
