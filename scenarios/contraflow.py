"""Give links the lanes that contraflow will turn towards them: they are there from the beginning, and closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .events import Contraflow
from .problems import NO_VALUE, Problem, ScenarioError, closest_hint
from .street_changes import LaneCount

if TYPE_CHECKING:
    from .network import RoadNetwork
    from .scenario import Scenario


TURNABLE = "turnable"  # id of the event for what a rehearsal may turn
NEVER_S = 1e9  # no run lasts so long
ONE_WAY = "has no other direction that its lanes could be turned to."


def with_turnable(scenario: Scenario, network: RoadNetwork, asked: Sequence[str], also: Sequence[str] = ()) -> Scenario:
    """The scenario with an event that does not begin by itself, on links whose lanes are to stand by.

    Parameters
    ----------
    scenario, network
        The scenario, and its streets.
    asked
        Links or streets.
    also
        Links or streets besides, of which those count that are there and have another direction.

    Raises
    ------
    ScenarioError
        With everything that is asked for and is not there, or has no other direction.
    """
    problems = []
    for name in asked:
        if not network.links_called(name):
            known = (*network.links.id, *(street for street in network.links.name if street))
            problems.append(Problem(None, None, TURNABLE, name, f"no such link or street.{closest_hint(name, known)}"))
        elif not _of_two_ways(network, name):
            problems.append(Problem(None, None, TURNABLE, name, ONE_WAY))
    if problems:
        raise ScenarioError(problems)
    found = dict.fromkeys(link for name in (*asked, *also) for link in _of_two_ways(network, name))
    if not found:
        return scenario
    event = Contraflow(id=TURNABLE, kind="contraflow", links=tuple(found), start_s=NEVER_S)
    return scenario.model_copy(update={"events": (*scenario.events, event)})


def _of_two_ways(network: RoadNetwork, name: str) -> list[str]:
    return [link for link in network.links_called(name) if network.links.twin[network.link_row[link]] >= 0]


def cannot_turn(scenario: Scenario, network: RoadNetwork, links: Sequence[str], keep_lanes: int) -> Iterator[str]:
    """Why lanes of links cannot be turned in a run, each reason in words."""
    events = [event for event in scenario.events if isinstance(event, Contraflow)]
    for name in links:
        row = network.link_row.get(name, -1)
        if row < 0:
            continue  # it is said elsewhere that it is not there
        if network.links.twin[row] < 0:
            yield f"{name} {ONE_WAY}"
        elif network.links.id[network.links.twin[row]] in links:
            yield f"{name} is one direction of a road whose other one is here too. Turn one of them."
        elif not any(name in event.link_ids and event.keep_lanes <= keep_lanes for event in events):
            yield f"no lanes stand by for {name}. Begin the rehearsal with: --turnable {name}"


def with_lanes_standing_by(before: RoadNetwork, after: RoadNetwork) -> RoadNetwork:
    """Streets after lanes were added, which know the lanes that they did not have before."""
    own = np.diff(before.links.lane_start)[[before.link_row[name] for name in after.links.id]]
    lanes = after.lanes
    return replace(after, lanes=replace(lanes, stands_by=lanes.index >= own[lanes.link]))


def turned_lanes(network: RoadNetwork, event: Contraflow) -> Iterator[tuple[tuple[str | int, ...], int, int]]:
    """Of each known link whose lanes are turned: its key, the link of the other direction, and how many lanes."""
    for name, key in zip(event.link_ids, event.link_keys, strict=True):
        link = network.link_row.get(name, -1)  # of others it is said elsewhere that they are not there
        if link >= 0:
            lanes = int(network.links.lane_start[link + 1] - network.links.lane_start[link])
            yield key, int(network.links.twin[link]), lanes - event.keep_lanes


def lanes_to_add(scenario: Scenario, network: RoadNetwork) -> list[LaneCount]:
    """Changes of the streets that add the lanes which contraflow needs.

    Raises
    ------
    ScenarioError
        With every link that has no other direction, or no lane to turn.
    """
    problems: list[Problem] = []
    lanes: dict[str, int] = {}
    for row, event in enumerate(scenario.events):
        if isinstance(event, Contraflow):
            for key, twin, turned in turned_lanes(network, event):
                if twin < 0:
                    problems.append(_about(scenario, ("events", row, *key), ONE_WAY))
                elif turned < 1:
                    said = "has no lane left to turn. Lower `keep_lanes`."
                    problems.append(_about(scenario, ("events", row, *key), said))
                else:
                    own = int(network.links.lane_start[twin + 1] - network.links.lane_start[twin])
                    lanes[network.links.id[twin]] = max(own + turned, lanes.get(network.links.id[twin], 0))
    if problems:
        raise ScenarioError(problems)
    return [
        LaneCount(id=f"contraflow-{number}", kind="lanes", link=name, lanes=count)
        for number, (name, count) in enumerate(lanes.items())
    ]


def check_turns(scenario: Scenario, before: RoadNetwork, after: RoadNetwork) -> None:
    """Refuse contraflow where a turn would only be possible from a lane that is closed most of the time.

    Raises
    ------
    ScenarioError
        With every such link.
    """
    problems = []
    for row, event in enumerate(scenario.events):
        if isinstance(event, Contraflow):
            for key, twin, _ in turned_lanes(before, event):
                lost = _turns_of_new_lanes(before, after, before.links.id[twin])
                if lost:
                    said = f"the other direction could turn into {lost[0]} from the turned lanes only. Leave it out."
                    problems.append(_about(scenario, ("events", row, *key), said))
    if problems:
        raise ScenarioError(problems)


def _turns_of_new_lanes(before: RoadNetwork, after: RoadNetwork, name: str) -> Sequence[str]:
    """Links into which one can turn from the added lanes of a link only."""
    link = before.link_row[name]
    own = int(before.links.lane_start[link + 1] - before.links.lane_start[link])
    link = after.link_row[name]
    first, last = after.links.movement_start[link : link + 2]
    connectors = after.connectors
    found = []
    for movement in range(first, last):
        lanes = after.lanes.index[connectors.from_lane[connectors.movement == movement]]
        if not np.any(lanes < own):
            found.append(after.links.id[int(after.movements.to_link[movement])])
    return found


def _about(scenario: Scenario, place: tuple[str | int, ...], text: str) -> Problem:
    event = scenario.events[int(place[1])]
    if event.id == TURNABLE:
        assert isinstance(event, Contraflow), "no other event is called so"
        return Problem(None, None, TURNABLE, event.link_ids[int(place[-1])], text)
    if scenario.source_map is not None:
        return scenario.source_map.problem(place, text)
    return Problem(scenario.file, None, "events", NO_VALUE, text)
