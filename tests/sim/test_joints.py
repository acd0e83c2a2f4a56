"""Queues stand on joints that nobody crosses, and should not reach back into a crossing behind them."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import link_between, simulate

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city


def crossing_before_a_joint(between_m: float) -> RoadNetwork:
    """A road over a crossing and, so many metres behind it, over a joint where its limit falls."""
    places = {"w": (-300.0, 0.0), "x": (0.0, 0.0), "j": (between_m, 0.0), "e": (between_m + 300.0, 0.0)}
    places |= {"n": (0.0, 300.0), "s": (0.0, -300.0)}
    specs = [JunctionSpec(name, *at, gate="" if name in "xj" else "both") for name, at in places.items()]
    roads = [Road("w", "x", 1, 0, "primary"), Road("x", "j", 1, 0, "primary")]
    roads += [Road("j", "e", 1, 0, "primary", 30.0), Road("n", "x", 1, 0, "tertiary"), Road("x", "s", 1, 0, "tertiary")]
    return build_network(draw_city("joint", specs, roads))


HALF_WAY = pytest.mark.xfail(
    strict=True, reason="somebody stops half-way to the joint: hardly anybody gets across then"
)


@pytest.mark.parametrize("between_m", [27.0, 30.0, 33.0, 36.0, 40.0, 45.0])
def test_a_queue_over_a_joint_leaves_the_crossing_behind_it_free(between_m: float) -> None:
    """An incident blocks the road: those who cross it go on, and the queue stands on the joint too."""
    network = crossing_before_a_joint(between_m)
    blocked = link_between("j", "e")
    incident = {"kind": "incident", "link": blocked, "position_m": 120.0, "start_s": 0, "duration_s": 5000}
    rows = [(f"along {k}", 3.0 * k, link_between("w", "x"), blocked, 0, 0.0, 1e9) for k in range(150)]
    rows += [(f"across {k}", 20.0 * k, link_between("n", "x"), link_between("x", "s"), 0, 0.0, 1e9) for k in range(70)]
    simulation = simulate(network, rows, events=[incident])
    simulation.run(600.0)
    fleet = simulation.model.fleet
    lane_i = fleet.cities.lane_i[0]
    across = np.array([name.startswith("across") for name in fleet.trips.id])
    behind = np.array(fleet.trips.depart_s) < 540.0
    assert (fleet.vehicles.status[0, across & behind] == table.ARRIVED).all()
    from_lane = network.connectors.from_lane
    joint = from_lane == network.links.lane_start[network.link_row[link_between("x", "j")]]
    assert lane_i[table.COUNT, network.lane_count :][: joint.size][joint].sum() > 0, "nobody stands on the joint"
