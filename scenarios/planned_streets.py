"""Load the streets of a scenario: its city's, with what its plan changes in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .change_streets import ChangeError
from .events import Contraflow
from .load_network import load_network
from .network import RoadNetwork
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
    city, changes = scenario.city.source, scenario.streets
    network = load_changed(city, scenario.network, scenario.period, changes, scenario.source_map)
    if not any(isinstance(event, Contraflow) for event in scenario.events):
        return network
    from .contraflow import check_turns, lanes_to_add

    changes = (*changes, *lanes_to_add(scenario, network))
    with_lanes = load_changed(city, scenario.network, scenario.period, changes, scenario.source_map)
    check_turns(scenario, network, with_lanes)
    return with_lanes


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
