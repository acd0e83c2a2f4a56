"""Lay out a scenario's responders: where units, hospitals and calls are on the streets, and drives between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .areas import links_in
from .chance import draws, keys_of, stream
from .nearest_links import nearest_links, project
from .network import Bools, Floats, Ints, RoadNetwork
from .places import Places, find_places
from .problems import NO_VALUE, Problem, ScenarioError
from .trips import VEHICLE_CLASSES, TripTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .evacuation import FetchedByUnits
    from .evacuation_people import EvacuationPeople
    from .responders import RandomCalls, Responders
    from .scenario import Scenario

FAR_M = 500.0  # from the nearest street that a vehicle can use
EMERGENCY = VEHICLE_CLASSES.index("emergency")


@dataclass(frozen=True, slots=True, eq=False)
class Calls:
    """Calls in the order of their times; shapes ``[call]``."""

    id: tuple[str, ...]
    t_s: Floats
    needs: NDArray[np.str_]
    link: Ints
    at_m: Floats
    on_scene_s: Floats
    transported: Bools  # where there is a hospital
    handover_s: Floats
    person: Ints  # evacuee who is fetched, -1; these calls come last, and nobody knows when


@dataclass(frozen=True, slots=True, eq=False)
class RescuePlan:
    """Responders of a run. Places are stations (one a unit), then hospitals and the evacuees' shelter, then scenes."""

    unit_id: tuple[str, ...]
    unit_kind: NDArray[np.str_]
    hospital_id: tuple[str, ...]
    capacity: Floats  # [hospital]
    calls: Calls
    link: Ints  # [place]
    at_m: Floats
    drives: TripTable  # nobody has a departure yet; called #responder/PLACE/NUMBER; their names come before all others
    shelter: str  # to which evacuees are driven, "": none is

    def hospital_place(self, hospital: int) -> int:
        """Place of a hospital."""
        return len(self.unit_id) + hospital

    def scene_place(self, call: int) -> int:
        """Place of a call."""
        return self.shelter_place() + (self.shelter != "") + call

    def shelter_place(self) -> int:
        """Place of the evacuees' shelter."""
        return len(self.unit_id) + len(self.hospital_id)


def rescue_plan(scenario: Scenario, network: RoadNetwork, evacuees: EvacuationPeople | None = None) -> RescuePlan:
    """Responders of a scenario, who may fetch evacuees.

    Raises
    ------
    ScenarioError
        With every place that no street is near.
    """
    problems = check_responders(scenario, network)
    if problems:
        raise ScenarioError(problems)
    responders = scenario.responders
    assert responders is not None, "there is a plan where there are responders"
    places = find_places(network)
    usable = places.may_begin & places.may_end
    calls = _calls(scenario, responders, network, places, usable)
    shelter, shelter_link, shelter_m = "", np.zeros(0, np.int32), np.zeros(0)
    if evacuees is not None and evacuees.units is not None:
        calls = _with_evacuees(calls, evacuees, evacuees.units)
        shelter = evacuees.units.to
        row = evacuees.havens.id.index(shelter)
        shelter_link, shelter_m = evacuees.havens.road_link[[row]], evacuees.havens.road_m[[row]]
    ends = [unit.at for unit in responders.units] + [hospital.at for hospital in responders.hospitals]
    link, at_m, _ = _on_streets(network, ends, usable)
    link = np.concatenate([link, shelter_link, calls.link]).astype(np.int32)
    at_m = np.concatenate([at_m, shelter_m, calls.at_m])
    from_scene = np.arange(link.size) >= link.size - len(calls.id)
    many = np.where(from_scene, 1, max(len(calls.id), 1))  # each call may begin a drive from any station or hospital
    place = np.repeat(np.arange(link.size), many)
    number = np.arange(place.size) - np.repeat(np.cumsum(many) - many, many)
    names = [f"#responder/{row}/{count}" for row, count in zip(place, number, strict=True)]
    never = np.full(place.size, np.inf)
    drives = TripTable.sorted(
        names,
        never,
        link[place],
        link[place],
        origin_m=at_m[place],
        destination_m=at_m[place],
        vehicle_class=np.full(place.size, EMERGENCY, np.int8),
    )
    return RescuePlan(
        tuple(unit.id for unit in responders.units),
        np.array([unit.kind for unit in responders.units], dtype=str),
        tuple(hospital.id for hospital in responders.hospitals),
        np.array([np.inf if one.capacity is None else one.capacity for one in responders.hospitals], float),
        calls,
        link,
        at_m,
        drives,
        shelter,
    )


def _with_evacuees(calls: Calls, evacuees: EvacuationPeople, units: FetchedByUnits) -> Calls:
    """The same calls and those of evacuees who cannot walk, which come in during the run."""
    fetching = evacuees.fetching
    persons = np.flatnonzero(fetching.number >= 0)
    count = persons.size
    return Calls(
        (*calls.id, *(evacuees.walks.id[row] for row in np.argsort(evacuees.walk_person)[persons].tolist())),
        np.append(calls.t_s, np.full(count, np.inf)),
        np.append(calls.needs, np.full(count, "ambulance")),
        np.append(calls.link, fetching.home_link).astype(np.int32),
        np.append(calls.at_m, fetching.home_m),
        np.append(calls.on_scene_s, np.full(count, units.loads_s)),
        np.append(calls.transported, np.ones(count, np.bool_)),
        np.append(calls.handover_s, np.full(count, units.unloads_s)),
        np.append(calls.person, persons).astype(np.int32),
    )


def check_responders(scenario: Scenario, network: RoadNetwork | None) -> list[Problem]:
    """Places of responders that no street is near, and calls that no unit can answer."""
    responders = scenario.responders
    if responders is None:
        return []
    problems = [
        _about(scenario, (section, row, "needs"), f"no unit is a {one.needs.replace('_', ' ')}: add one to `units`.")
        for section in ("calls", "random_calls")
        for row, one in enumerate(getattr(responders, section))
        if one.needs not in {unit.kind for unit in responders.units} and not scenario.lacks("responders.units")
    ]
    for section in ("units", "hospitals", "calls", "random_calls"):
        seen: dict[str, int] = {}
        for row, one in enumerate(getattr(responders, section)):
            if one.id in seen:
                said = f"is the id of {section}[{seen[one.id]}] already. Ids differ."
                problems.append(_about(scenario, (section, row, "id"), said))
            seen.setdefault(one.id, row)
    if network is None:
        return problems
    places = find_places(network)
    usable = places.may_begin & places.may_end
    for section in ("units", "hospitals", "calls"):
        for row, one in enumerate(getattr(responders, section)):
            _, _, away_m = _on_streets(network, [one.at], usable)
            if away_m[0] > FAR_M:
                said = f"is {away_m[0]:,.0f} m from the nearest street that a vehicle can use (at most {FAR_M:g} m)."
                problems.append(_about(scenario, (section, row, "at"), f"{said} Wrong place?"))
    for row, random in enumerate(responders.random_calls):
        if not _weights(random, network, places, usable).any():
            said = f"holds no street of {network.name} where somebody could call from."
            problems.append(_about(scenario, ("random_calls", row, "polygon"), said))
    return problems


def _about(scenario: Scenario, place: tuple[str | int, ...], text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("responders", *place), text)
    return Problem(scenario.file, None, f"responders.{place[0]}[{place[1]}].{place[2]}", NO_VALUE, text)


def _on_streets(
    network: RoadNetwork, at: Sequence[tuple[float, ...]], usable: Bools
) -> tuple[Ints, Floats, NDArray[np.float64]]:
    """Link, metres along it and distance of places given by longitude and latitude."""
    if not at:
        return np.zeros(0, np.int32), np.zeros(0), np.zeros(0)
    x_m, y_m = project(network, np.array([place[0] for place in at]), np.array([place[1] for place in at]))
    found = nearest_links(network, x_m, y_m, usable)
    return found.link, found.along_m, found.distance_m


def _weights(random: RandomCalls, network: RoadNetwork, places: Places, usable: Bools) -> Floats:
    """How likely calls come from each link."""
    inside = usable & places.addressed
    if random.polygon is not None:
        inside &= links_in(network, random.polygon)
    return np.where(inside, network.links.length_m, 0.0)


def _calls(scenario: Scenario, responders: Responders, network: RoadNetwork, places: Places, usable: Bools) -> Calls:
    """Calls that are known and those at random, with what is drawn for each by its own name."""
    known = responders.calls
    link, at_m, _ = _on_streets(network, [call.at for call in known], usable)
    names, t_s = [call.id for call in known], [call.t_s for call in known]
    needs, links, ends_m = [call.needs for call in known], link.tolist(), at_m.tolist()
    stays_s = [np.nan if call.on_scene_s is None else call.on_scene_s for call in known]
    for random in responders.random_calls:
        times_s = _poisson(random, scenario.seed, scenario.duration_s)
        own = [f"{random.id}/{number}" for number in range(times_s.size)]
        cumulated = np.cumsum(_weights(random, network, places, usable))
        draw = draws(scenario.seed, keys_of(own), "call street") * cumulated[-1]
        rows = np.searchsorted(cumulated, draw, side="right")
        names, t_s, needs = names + own, t_s + times_s.tolist(), needs + [random.needs] * len(own)
        along = draws(scenario.seed, keys_of(own), "call place") * network.links.length_m[rows]
        links, ends_m, stays_s = links + rows.tolist(), ends_m + along.tolist(), stays_s + [np.nan] * len(own)
    keys, order = keys_of(names), np.lexsort((np.array(names, dtype=str), np.array(t_s, float)))
    on_scene_s = -responders.on_scene_s * np.log1p(-draws(scenario.seed, keys, "on scene"))
    on_scene_s = np.where(np.isnan(stays_s), on_scene_s, stays_s) if names else np.zeros(0)
    ambulance = np.array(needs, dtype=str) == "ambulance"
    transported = ambulance & (draws(scenario.seed, keys, "transported") < responders.transport_share)
    return Calls(
        tuple(names[row] for row in order),
        np.array(t_s, float)[order],
        np.array(needs, dtype=str)[order],
        np.array(links, np.int32)[order],
        np.array(ends_m, float)[order],
        on_scene_s[order],
        (transported & bool(responders.hospitals))[order],
        -responders.handover_s * np.log1p(-draws(scenario.seed, keys, "handover"))[order],
        np.full(order.size, -1, np.int32),
    )


def _poisson(random: RandomCalls, seed: int, duration_s: float) -> Floats:
    """Times of a Poisson process; a longer run begins with the same calls."""
    end_s = min(duration_s, duration_s if random.end_s is None else random.end_s)
    chance, times_s, t_s = stream(seed, f"calls {random.id}"), [], random.start_s
    while (t_s := t_s + chance.exponential(3600.0 / random.per_hour)) < end_s:
        times_s.append(t_s)
    return np.array(times_s, float)
