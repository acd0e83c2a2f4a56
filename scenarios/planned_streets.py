"""Load the streets of a scenario: its city's, with what its plan changes in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .change_streets import ChangeError
from .events import Contraflow
from .load_network import load_network
from .merge_shares import with_merge_shares
from .network import CLASS_NAMES, Floats, RoadNetwork
from .problems import ScenarioError
from .yaml_lines import Written

if TYPE_CHECKING:
    from .period import Period
    from .scenario import Scenario


def planned_streets(scenario: Scenario) -> RoadNetwork:
    """Streets as a scenario has them.

    Raises
    ------
    SourceError
        The city cannot be read.
    ScenarioError
        With every change of the streets that cannot be made.
    """
    options = scenario.network
    network = with_speed_factors(_streets_with_their_lanes(scenario), options.speed_factors)
    network = with_headway_factors(network, options.headway_factors)
    return with_merge_shares(network, options.merge_shares)


def with_speed_factors(network: RoadNetwork, factors: Mapping[str, float]) -> RoadNetwork:
    """Streets on which free traffic goes at a multiple of the limit, by road class."""
    if not factors:
        return network
    speed_mps = network.links.speed_mps * _by_class(network, factors)
    return replace(network, links=replace(network.links, speed_mps=speed_mps))


def with_headway_factors(network: RoadNetwork, factors: Mapping[str, float]) -> RoadNetwork:
    """Streets on which drivers keep a multiple of their headways, by road class."""
    if not factors:
        return network
    return replace(network, links=replace(network.links, headway_factor=_by_class(network, factors)))


def _by_class(network: RoadNetwork, factors: Mapping[str, float]) -> Floats:
    """Factor of each link, 1 where its class has none."""
    by_class = np.array([factors.get(name, 1.0) for name in CLASS_NAMES])
    found: Floats = by_class[network.links.road_class]
    return found


def _streets_with_their_lanes(scenario: Scenario) -> RoadNetwork:
    city, changes = scenario.city.source, scenario.streets
    network = load_changed(city, scenario.network, scenario.period, changes, scenario.source_map)
    if not any(isinstance(event, Contraflow) for event in scenario.events):
        return network
    from .contraflow import check_turns, lanes_to_add, with_lanes_standing_by

    changes = (*changes, *lanes_to_add(scenario, network))
    with_lanes = load_changed(city, scenario.network, scenario.period, changes, scenario.source_map)
    check_turns(scenario, network, with_lanes)
    return with_lanes_standing_by(network, with_lanes)


def map_streets(scenario: Scenario) -> RoadNetwork:
    """Streets as the map has them, before any change."""
    return load_network(scenario.city.source, scenario.network, period=scenario.period)


def load_changed(
    source: Path | str, options: Any, period: Period | None, changes: Sequence[Any], written: Written | None
) -> RoadNetwork:
    """``load_network`` whose problems with changes say where these were written."""
    try:
        return load_network(source, options, period=period, changes=changes)
    except ChangeError as error:
        if written is None:
            raise ScenarioError(error.problems) from None
        problems = [written.problem(("streets", row, *keys), text) for row, keys, text in error.found]
        raise ScenarioError(problems) from None
