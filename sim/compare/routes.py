"""Measure how long it takes to drive routes that have a name, from what vehicles took on their links."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...scenarios.named_routes import end_links, route_links
from ...scenarios.problems import Problem, ScenarioError

if TYPE_CHECKING:
    from ...scenarios.network import RoadNetwork
    from ...scenarios.scenario import Scenario
    from .stacks import Stack

Floats = NDArray[np.float64]


def routes_of(scenario: Scenario, network: RoadNetwork) -> dict[str, tuple[int, ...]]:
    """Rows of the links of every route of a scenario, by its name.

    Raises
    ------
    ScenarioError
        No way leads between the two places of a route.
    """
    routes, problems = {}, []
    for row, route in enumerate(scenario.report.routes):
        if route.links:
            routes[route.name] = tuple(network.link_row[link] for link in route_links(route.links, network))
            continue
        way = _fastest(network, *end_links(route, network))
        if not way:
            text = "no way leads there from its origin. Move the places, or list links."
            problems.append(_about(scenario, row, text))
        routes[route.name] = way
    if problems:
        raise ScenarioError(problems)
    return routes


def route_times_s(stack: Stack, route: Sequence[int]) -> Floats:
    """Mean time over the run to drive a route with every seed, ``[seed]``.

    On each link the time that its vehicles took, from stop line to stop line, as metres and seconds of all of them give
    it, and the way through the junctions between at the speed of their curves. A link on which nobody drove with a seed
    makes the time of that seed unknown (NaN): nobody knows how long it would have taken.
    """
    rows = list(route)
    network = stack.plan.network
    with np.errstate(divide="ignore", invalid="ignore"):
        pace = stack.vehicle_s[:, rows] / stack.vehicle_m[:, rows]
    pace = np.where(stack.vehicle_m[:, rows] > 0.0, pace, np.nan)
    return np.asarray((pace * network.links.length_m[rows]).sum(axis=1) + _through_s(network, rows))


def _through_s(network: RoadNetwork, rows: Sequence[int]) -> float:
    """Seconds inside the junctions of a route when nobody is in the way."""
    from ...agents.routes import drive_through_s

    movements = network.movements
    pairs = movements.from_link.astype(np.int64) * network.link_count + movements.to_link
    driven = np.array([one * network.link_count + other for one, other in pairwise(rows)])
    return float(drive_through_s(network)[np.searchsorted(pairs, driven)].sum()) if driven.size else 0.0


def _fastest(network: RoadNetwork, origin: int, destination: int) -> tuple[int, ...]:
    """Links of the fastest way when the streets are empty; none where there is no way."""
    from ...agents.routes import Router

    start, end = np.array([origin], np.int32), np.array([destination], np.int32)
    found = Router(network).plan(start, end, np.zeros(1, np.uint64), noise=0.0, seed=0)
    return tuple(found.route(0).tolist())


def _about(scenario: Scenario, row: int, text: str) -> Problem:
    key = ("report", "routes", row, "destination")
    if scenario.source_map is None:
        return Problem(None, None, f"report.routes[{row}]", scenario.report.routes[row].name, text)
    return scenario.source_map.problem(key, text)
