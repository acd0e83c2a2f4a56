"""Give links the lanes that contraflow will turn towards them: they are there from the beginning, and closed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from .events import Contraflow
from .problems import NO_VALUE, Problem, ScenarioError
from .street_changes import LaneCount

if TYPE_CHECKING:
    from .network import RoadNetwork
    from .scenario import Scenario


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
                    said = "has no other direction that its lanes could be turned to."
                    problems.append(_about(scenario, ("events", row, *key), said))
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
    if scenario.source_map is not None:
        return scenario.source_map.problem(place, text)
    return Problem(scenario.file, None, "events", NO_VALUE, text)
