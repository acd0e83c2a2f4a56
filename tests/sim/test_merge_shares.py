"""Roads that share a merge in a given proportion: who gets in where both queue, and what is left where one does not."""

from __future__ import annotations

import numpy as np
import pytest
from micro_traffic import Part
from traffic_case import simulate
from wave_roads import Log, node_network, trips, watch

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.merge_shares import with_merge_shares
from citytwin.scenarios.network import RoadNetwork
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take

PLACES = {"O1": (-1000.0, 30.0), "O2": (-1000.0, -30.0), "M": (0.0, 0.0), "D": (1000.0, 0.0)}
UNTIL_S = 1500.0


def merge(lanes: tuple[int, int, int] = (1, 1, 1), shares: dict[str, float] | None = None) -> RoadNetwork:
    """Roads a and b that become c."""
    ends = {"a": ("O1", "M"), "b": ("O2", "M"), "c": ("M", "D")}
    parts = {name: (*ends[name], Part(1000.0, count)) for name, count in zip(ends, lanes, strict=True)}
    return with_merge_shares(node_network(PLACES, parts), shares or {})


def flows(network: RoadNetwork, demand: tuple[float, float], **keys) -> tuple[float, float]:
    """Vehicles an hour that leave a and b, of so many a second that want to; drivers as they are by default."""
    rows = trips("a", "c", [(0.0, UNTIL_S, demand[0])]) + trips("b", "c", [(0.0, UNTIL_S, demand[1])])
    log: Log = watch(network, rows, UNTIL_S, step_s=1.0, **keys)
    return 3600.0 * log.flow("a", (600.0, UNTIL_S)), 3600.0 * log.flow("b", (600.0, UNTIL_S))


@pytest.mark.parametrize("ratio", [1.0, 2.0, 3.5, 6.0])
def test_queues_go_in_in_proportion(ratio: float) -> None:
    a, b = flows(merge(shares={"a": 1.0, "b": ratio}), (0.6, 0.6))
    assert b / a == pytest.approx(ratio, rel=0.05)
    equals = sum(flows(merge(), (0.6, 0.6)))
    assert 0.9 * equals < a + b < 1.03 * equals  # who stands while others pass costs up to a tenth


@pytest.mark.parametrize("lanes, shares", [((2, 2, 2), (2.0, 1.0)), ((1, 2, 2), (1.0, 2.0)), ((1, 3, 3), (1.0, 3.0))])
def test_of_all_lanes_beyond(lanes: tuple[int, int, int], shares: tuple[float, float]) -> None:
    network = merge(lanes, {"a": shares[0], "b": shares[1]})
    a, b = flows(network, (0.6 * lanes[0], 0.6 * lanes[1]))
    assert b / a == pytest.approx(shares[1] / shares[0], rel=0.06)


def test_what_one_does_not_use_the_other_gets() -> None:
    few = 0.12
    a, b = flows(merge(shares={"a": 1.0, "b": 3.0}), (0.6, few))
    assert b == pytest.approx(3600.0 * few, rel=0.03)
    assert a + b > 0.85 * sum(flows(merge(), (0.6, few)))
    a, b = flows(merge(shares={"a": 3.0, "b": 1.0}), (0.15, 0.15))
    assert (a, b) == pytest.approx((540.0, 540.0), rel=0.03)


def test_nobody_gives_way_where_links_share() -> None:
    narrow, shared = merge((1, 2, 2)), merge((1, 2, 2), {"a": 1.0, "b": 2.0})
    assert narrow.connectors.foe_yield.any() and not shared.connectors.foe_yield.any()
    alone = with_merge_shares(narrow, {"a": 1.0})
    np.testing.assert_array_equal(alone.connectors.foe_yield, narrow.connectors.foe_yield)


def half_way(network: RoadNetwork) -> Simulation:
    """Queues on both roads before a merge."""
    rows = trips("a", "c", [(0.0, 300.0, 0.5)]) + trips("b", "c", [(0.0, 300.0, 0.5)])
    simulation = simulate(network, rows, duration_s=300)
    simulation.run(151.0)
    return simulation


def test_turns_are_kept_in_snapshots_and_count_in_the_hash() -> None:
    network = merge(shares={"a": 1.0, "b": 2.5})
    simulation, other = half_way(network), half_way(network)
    kept = take(simulation)
    assert other.model.fleet.state_hash() == simulation.model.fleet.state_hash()
    turns = other.model.fleet.cities.lane_f[0, table.TURN_AT]
    assert turns.any()
    turns[-1] += 1.0
    assert other.model.fleet.state_hash() != simulation.model.fleet.state_hash()
    restore(other, kept)
    for one in (simulation, other):
        one.run(300.0)
    assert other.model.fleet.state_hash() == simulation.model.fleet.state_hash()


def test_equal_shares_are_the_turns_that_drivers_take_anyway() -> None:
    assert flows(merge(shares={"a": 2.0, "b": 2.0}), (0.6, 0.6)) == pytest.approx(flows(merge(), (0.6, 0.6)), rel=0.01)
