"""Two who drive side by side and each need the other's lane get there: one drops behind the other."""

from __future__ import annotations

import pytest
from traffic_case import link_between, simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city


def fork(last_m: float) -> RoadNetwork:
    """Two lanes that go on twice and then part, one to the left and one to the right."""
    specs = [
        JunctionSpec("west", -300.0, 0.0, gate="both"),
        JunctionSpec("one", -80.0 - last_m, 0.0),
        JunctionSpec("two", -last_m, 0.0),
        JunctionSpec("fork", 0.0, 0.0),
        JunctionSpec("north", 0.0, 200.0, gate="both"),
        JunctionSpec("south", 0.0, -200.0, gate="both"),
    ]
    roads = [
        Road("west", "one", 2, 0, "secondary"),
        Road("one", "two", 2, 0, "secondary"),
        Road("two", "fork", 2, 0, "secondary", arrows={"fork": (("left",), ("right",))}),
        Road("fork", "north", 1, 1, "secondary"),
        Road("fork", "south", 1, 1, "secondary"),
    ]
    return build_network(draw_city("fork", specs, roads))


@pytest.mark.parametrize("last_m", [37.0, 60.0])
@pytest.mark.parametrize("swapped", [False, True])
def test_drivers_abreast_who_need_each_others_lane_do_not_stand_for_ever(last_m: float, swapped: bool) -> None:
    network = fork(last_m)
    way_in = link_between("west", "one")
    ways_out = [link_between("fork", "north"), link_between("fork", "south")]
    if swapped:
        ways_out.reverse()
    rows = [(f"{pair} {k}", 4.0 * pair, way_in, way) for pair in range(12) for k, way in enumerate(ways_out)]
    simulation = simulate(network, rows, routes={"reroute_blocked_after_s": "never"})
    laws = TrafficLaws(simulation)
    for _ in range(300):
        laws.step()
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()
