"""A CPU serves only where something may happen, and leaves what serving every row would leave."""

from __future__ import annotations

import numpy as np
import pytest
from cuda_cases import CITIES, busy_fleet
from phase_order import run_in_order
from yield_roads import roundabout

from citytwin.agents.fleet import Fleet
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import random_city

STEPS = 400
NETWORKS = {
    **CITIES,
    "roundabout": roundabout,
    "random with a loop": lambda: build_network(random_city(0)),
    "another": lambda: build_network(random_city(1)),
}


def every_row(fleet: Fleet) -> Fleet:
    """A fleet after steps that serve every row."""
    cities = fleet.cities
    sizes = cities.junction.shape[2] - 1, cities.link.shape[2] - 1, cities.lane_f.shape[2]
    run_in_order(cities, *(np.arange(size) for size in sizes), STEPS)
    return fleet


@pytest.mark.parametrize("every_s", [0.5, 8.0])
@pytest.mark.parametrize("city", NETWORKS)
def test_what_is_left_out_would_change_nothing(city: str, every_s: float) -> None:
    network = NETWORKS[city]()
    traffic = {"trips": min(int(300 / every_s), 150), "every_s": every_s, "members": 1}
    all_served = every_row(busy_fleet(network, **traffic))
    assert all_served.cities.counter[0, table.ENTERED] > 15
    for calls in (1, 40, STEPS):
        fleet = busy_fleet(network, **traffic)
        for first in range(0, STEPS, STEPS // calls):
            fleet.advance(first, first + STEPS // calls)
        fleet.cities.counter[0, table.UPDATES] = 0  # which only the real step counts
        for name in table.OWN:
            np.testing.assert_array_equal(getattr(fleet.cities, name), getattr(all_served.cities, name), err_msg=name)


def test_only_what_is_driven_on_or_due_is_listed() -> None:
    network = CITIES["random"]()
    fleet = busy_fleet(network, trips=20, every_s=8.0, members=1)
    cities, listed = fleet.cities, []
    lane_i, link_of = cities.lane_i[0], network.lanes.link
    fleet.advance(0, 1)  # in which every link looks when its first trip is due
    for step in range(1, STEPS):
        before = set(link_of[lane_i[table.COUNT, : network.lane_count] > 0].tolist())
        fleet.advance(step, step + 1)
        count = cities.busy[0, table.BUSY_LINKS, network.link_count]
        busy = cities.busy[0, table.BUSY_LINKS, :count].tolist()
        assert busy == sorted(set(busy)) and before <= set(busy)
        assert len(set(busy) - before) <= 2  # at most one trip in eight seconds, and maybe one that waits
        ends = set(network.links.to_junction[list(before)].tolist())
        count = cities.busy[0, table.BUSY_JUNCTIONS, len(network.junctions.id)]
        assert ends <= set(cities.busy[0, table.BUSY_JUNCTIONS, :count].tolist())
        listed.append(len(busy))
    assert 0 < np.mean(listed) < network.link_count / 4
    assert listed[-1] == 0  # all have arrived


@pytest.mark.parametrize("city", NETWORKS)
def test_links_know_who_is_courteous_and_who_ends_there(city: str) -> None:
    network = NETWORKS[city]()
    fleet = busy_fleet(network, members=1)
    rows, lanes, flags = fleet.cities.vehicle_i[0], network.lane_count, np.zeros(2, np.int64)
    for step in range(STEPS):
        fleet.advance(step, step + 1)
        on_road = rows[(rows[:, table.STATUS] == table.DRIVING) & (rows[:, table.LANE] < lanes)]
        link = network.lanes.link[on_road[:, table.LANE]]
        courteous = (on_road[:, table.YIELDS_TO] >= 0) | (on_road[:, table.MATCHES] >= 0)
        ends = on_road[:, table.ROUTE_AT] + 1 >= on_road[:, table.ROUTE_SIZE]
        for column, who in ((table.COURTEOUS, courteous), (table.DESTINATION, ends)):
            assert (fleet.cities.link[0, column, link[who]] == 1).all()
        flags += fleet.cities.link[0, [table.COURTEOUS, table.DESTINATION]].sum(axis=1)
    assert flags[1] > 0
    assert flags.max() < STEPS * network.link_count  # else nothing is ever left out


def test_who_is_told_to_stay_on_the_present_street_arrives_there() -> None:
    network = CITIES["signals"]()
    fleet = busy_fleet(network, members=1)
    fleet.advance(0, 60)
    vehicles, rows = fleet.vehicles, fleet.cities.vehicle_i[0]
    told = np.flatnonzero(
        (vehicles.status[0] == table.DRIVING) & (vehicles.lane[0] < network.lane_count) & (vehicles.granted[0] == 0)
    )
    lane = vehicles.lane[0, told]
    rows[told, table.ROUTE_SIZE] = rows[told, table.ROUTE_AT] + 1
    fleet.cities.vehicle_f[0, told, table.DESTINATION_M] = 0.0
    fleet.advance(60, 61)
    assert told.size > 10
    assert (vehicles.status[0, told] == table.ARRIVED).all()
    assert fleet.cities.lane_i[0, table.WENT_OUT, np.unique(lane)].min() > 0
