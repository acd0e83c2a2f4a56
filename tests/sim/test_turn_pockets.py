"""A turn pocket lets through traffic pass who waits for a gap: the shared lane's capacity grows, as in the handbook."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork

from ..scenarios.plan_case import change, changed
from ..scenarios.small_streets import crossing, into, out_to

UNTIL_S = 700.0


def approach(pocket: bool) -> RoadNetwork:
    """A signalised crossing of one-lane streets, with a pocket for left turns from the east or without."""
    graph = crossing({name: {} for name in "enws"}, spec={"signalised": True}, arm_m=300.0)
    return build_network(changed(graph, change("turn_pocket", link=into("e"))) if pocket else graph)


def rows(network: RoadNetwork, left_share: float) -> list[tuple]:
    """More from the east than can leave, some to the left, against steady traffic from the west."""
    start = f"{into('e')}.1" if f"{into('e')}.1" in network.link_row else into("e")
    opposite = f"{out_to('e')}.2" if f"{out_to('e')}.2" in network.link_row else out_to("e")
    left = np.random.default_rng(5).random(400) < left_share
    queue = [(f"east {k}", 2.0 * k, start, out_to("s" if left[k] else "w"), 0, 20.0) for k in range(int(UNTIL_S / 2))]
    oncoming = [(f"west {k}", 7.0 * k, into("w"), opposite) for k in range(int(UNTIL_S / 7))]
    return [(*row, np.nan)[:7] for row in queue] + oncoming


def left_the_east(network: RoadNetwork, left_share: float) -> int:
    simulation = simulate(network, rows(network, left_share), duration_s=UNTIL_S)
    simulation.run(UNTIL_S)
    last = f"{into('e')}.2" if f"{into('e')}.2" in network.link_row else into("e")
    lanes = slice(*network.links.lane_start[network.link_row[last] :][:2])
    return int(simulation.model.fleet.cities.lane_i[0, table.WENT_OUT, lanes].sum())


def test_a_pocket_raises_the_capacity_of_a_lane_that_turns_share() -> None:
    """HCM 7, chapter 31: opposed left turns from a shared lane stop it; a lane of their own keeps it moving."""
    shared, pocket = (left_the_east(approach(there), 0.25) for there in (False, True))
    assert pocket > 1.15 * shared
    shared, pocket = (left_the_east(approach(there), 0.0) for there in (False, True))
    assert pocket == pytest.approx(shared, rel=0.1)  # where nobody turns it changes nothing


def test_the_laws_hold_with_a_pocket() -> None:
    network = approach(pocket=True)
    simulation = simulate(network, rows(network, 0.3)[::3], duration_s=200)
    watched = TrafficLaws(simulation)
    for _ in range(200):
        watched.step()
    assert simulation.model.fleet.cities.counter[0, table.ARRIVALS] > 5
