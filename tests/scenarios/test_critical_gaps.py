"""How long a gap drivers ask for, movement by movement."""

from __future__ import annotations

import numpy as np
import pytest
from yield_roads import junction_of, roundabout

from citytwin.scenarios.critical_gaps import AT_SIGNALS_S, gap_rules
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import FoeKind, RoadNetwork
from citytwin.scenarios.synthetic import grid_city


def asked(network: RoadNetwork, start: str, end: str, middle: str = "middle") -> set[float]:
    """Critical gaps (s) of those who go from one arm to another towards all whom they give way to."""
    connectors, links = network.connectors, network.links
    rules = gap_rules(network)
    found = set()
    for c in range(connectors.movement.size):
        movement = connectors.movement[c]
        from_link, to_link = network.movements.from_link[movement], network.movements.to_link[movement]
        if links.id[from_link] != f"way/{start}>{middle}" or links.id[to_link] != f"way/{middle}>{end}":
            continue
        pairs = slice(connectors.foe_start[c], connectors.foe_start[c + 1])
        yields = connectors.foe_yield[pairs].astype(bool)
        found |= set(np.round(rules.factor[pairs][yields] * AT_SIGNALS_S, 2).tolist())
    return found


@pytest.mark.parametrize(
    "arms, way, gap_s",
    [
        ("wes", ("s", "e"), 6.2),
        ("wes", ("s", "w"), 6.4),
        ("wes", ("w", "s"), None),
        ("wes", ("e", "s"), 4.1),
        ("wens", ("s", "n"), 6.5),
        ("wens", ("s", "w"), 7.1),
        ("wens", ("w", "n"), 4.1),
    ],
)
def test_gaps_are_the_handbooks(arms: str, way: tuple[str, str], gap_s: float | None):
    """HCM 7, chapter 20: base critical headways beside a major road of two lanes."""
    assert asked(junction_of(arms, minor="sn"), *way) == (set() if gap_s is None else {gap_s})


def test_who_enters_a_roundabout_asks_for_five_seconds():
    network = roundabout()
    assert asked(network, "s", "ring e", "ring s") == {4.97}


def test_signals_and_the_rule_of_the_right_leave_the_drivers_own_gap():
    for signalised in (True, False):
        network = build_network(grid_city(3, 3, 120.0, 1, signalised=signalised))
        rules = gap_rules(network)
        assert np.all(rules.factor == 1.0)
        assert not rules.looks.any()


def test_only_who_comes_out_of_the_minor_road_must_look():
    network = junction_of("wens", minor="sn")
    looks = gap_rules(network).looks
    start = network.movements.from_link[network.connectors.movement]
    assert {network.links.id[link] for link in start[looks]} == {"way/s>middle", "way/n>middle"}
    assert looks[np.isin(start, start[looks])].all()


def test_the_time_somebody_takes_to_pass_follows_from_way_and_speed():
    network = junction_of("wes", minor="s")
    connectors, rules = network.connectors, gap_rules(network)
    crosses = connectors.foe_yield.astype(bool) & (connectors.foe_kind == FoeKind.CROSS)
    way_m = connectors.foe_clear_m - connectors.foe_reach_m + 4.5
    assert np.allclose(rules.passing_s[crosses], (way_m / connectors.speed_mps[connectors.foe])[crosses])
    assert np.all(rules.passing_s[~crosses] == 0.0)
