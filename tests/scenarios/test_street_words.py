"""Links and junctions are called by their streets, both directions of a road as one, and signals by their programme."""

from __future__ import annotations

import datetime as dt
import doctest
import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from citytwin.scenarios.entry_words import Side, entry_sentence
from citytwin.scenarios.events import SignalPlan, SpeedLimit
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.street_words import IdsOnly, StreetNames
from citytwin.scenarios.synthetic import grid_city


@pytest.fixture(scope="module")
def grid():
    """Three by three signals."""
    return build_network(grid_city(3, 3))


@pytest.mark.parametrize("name", ["planner_words", "street_words", "entry_words", "demand_changes"])
def test_the_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"citytwin.scenarios.{name}"))
    assert result.attempted > 0
    assert result.failed == 0


def few_streets(*links: tuple[str, str, int]) -> SimpleNamespace:
    """A network as far as names go: id, street and row of the other direction of each link."""
    table = SimpleNamespace(
        id=tuple(link for link, _, _ in links),
        name=tuple(street for _, street, _ in links),
        twin=np.array([twin for _, _, twin in links]),
        road_class=np.full(len(links), 11),
        from_junction=np.zeros(len(links), int),
        to_junction=np.ones(len(links), int),
    )
    rows = {link: row for row, (link, _, _) in enumerate(links)}
    return SimpleNamespace(links=table, link_row=rows, junction_row={"node/1": 0, "node/9": 9})


BRIDGE = (("way/123:0-4", "Pont X", 1), ("way/123:4-0", "Pont X", 0), ("way/7:0-1", "Quai", -1), ("way/8:0-1", "", -1))


@pytest.mark.parametrize(
    "ids, said",
    [
        (["way/123:0-4", "way/123:4-0"], "Pont X (way/123:0-4, both directions)"),
        (["way/123:4-0"], "Pont X (way/123:4-0, one direction)"),
        (["way/7:0-1"], "Quai (way/7:0-1)"),
        (["way/7:0-1", "way/123:0-4", "way/123:4-0"], "Quai (way/7:0-1) and Pont X (way/123:0-4, both directions)"),
        (["way/8:0-1"], "unnamed residential street (way/8:0-1)"),
        (["way/0:0-1"], "a street that is not on the map (way/0:0-1)"),
    ],
)
def test_links_are_called_by_their_streets(ids, said):
    assert StreetNames(few_streets(*BRIDGE)).links(ids) == said


def test_many_links_of_a_street_are_counted():
    names = StreetNames(few_streets(*((f"way/{row}:0-1", "Quai", -1) for row in range(9))))
    ids = [f"way/{row}:0-1" for row in range(9)]
    assert names.links(ids) == "Quai (way/0:0-1, way/1:0-1, way/2:0-1, way/3:0-1 and 5 more)"


def test_a_junction_is_called_by_the_streets_that_meet_there():
    names = StreetNames(few_streets(*BRIDGE))
    assert names.junction("node/1") == "junction Pont X / Quai (node/1)"
    assert names.junction("node/9") == "junction node/9"
    assert names.junction("node/0") == "junction node/0, which is not on the map"


def test_a_signal_plan_is_told_against_the_programme_of_the_map(grid):
    junction = grid.signals.id[0]
    names = StreetNames(grid)
    own = names.programme(junction, None)
    plan = SignalPlan(kind="signal_plan", junction=junction, start_s=0.0, cycle_s=own["cycle_s"] + 30)
    planned = names.programme(junction, plan)
    assert planned["cycle_s"] == own["cycle_s"] + 30
    assert sum(planned["green_s"]) == pytest.approx(sum(own["green_s"]) + 30)
    assert names.programme("node/none", None) is None
    told = entry_sentence(plan, "", side(names))
    assert f": cycle {own['cycle_s']:g} → {own['cycle_s'] + 30:g} s, greens " in told


def test_a_speed_limit_is_told_against_that_of_the_street(grid):
    link = grid.links.id[0]
    limit = SpeedLimit(kind="speed_limit", link=link, start_s=600.0, end_s=5400.0, speed_kmh=30.0)
    assert entry_sentence(limit, "", side(StreetNames(grid))).endswith(", 07:10-08:30: speed limit 50 → 30 km/h")
    assert entry_sentence(limit, "", side(IdsOnly())).endswith(", 07:10-08:30: speed limit 30 km/h")


def side(names) -> Side:
    """A scenario that begins at seven."""
    city = {"place": "nowhere"}
    start = dt.datetime(2026, 5, 4, 7)
    return Side(Scenario(citytwin=1, name="Grid", start=start, duration_s=7200.0, city=city), names)
