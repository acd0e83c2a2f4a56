"""Within a phase of a step it must not matter who is served first: the law that lets phases run on many threads."""

from __future__ import annotations

import numpy as np
import pytest
from phase_order import run_in_order
from traffic_case import make_trips

from citytwin.agents.fleet import Fleet, build_fleet
from citytwin.agents.routes import Router
from citytwin.kernels import traffic_tables
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.scenario import Drivers
from citytwin.scenarios.synthetic import grid_city, random_city


def busy_fleet(network: RoadNetwork) -> Fleet:
    """Traffic that fills a network: 600 trips within five minutes."""
    rng = np.random.default_rng(3)
    ids = network.links.id
    pairs = rng.integers(0, network.link_count, (600, 2))
    trips = make_trips(network, [(f"t{i}", i / 2.0, ids[a], ids[b]) for i, (a, b) in enumerate(pairs)])
    fleet = build_fleet(network, trips, Drivers(), seed=1)
    routes = Router(network).plan(trips.origin_link, trips.destination_link, trips.key, noise=0.2, seed=1)
    fleet.set_routes(0, np.arange(len(trips)), routes.start, routes.link)
    return fleet


@pytest.mark.parametrize("city", ["signals", "no signals", "random"])
def test_the_order_within_a_phase_does_not_matter(city: str) -> None:
    streets = {
        "signals": lambda: grid_city(4, 4, block_m=90),
        "no signals": lambda: grid_city(4, 4, block_m=40, lanes=1, signalised=False),
        "random": lambda: random_city(7),
    }[city]()
    network = build_network(streets)
    sizes = len(network.junctions.id), network.link_count, network.lane_count + network.connectors.movement.size
    hashes = set()
    for order in ("forwards", "backwards", "shuffled"):
        fleet = busy_fleet(network)
        orders = [np.arange(size) for size in sizes]
        if order == "backwards":
            orders = [rows[::-1].copy() for rows in orders]
        if order == "shuffled":
            orders = [np.random.default_rng(5).permutation(rows) for rows in orders]
        run_in_order(fleet.cities, *orders, 600)
        assert fleet.cities.counter[0, traffic_tables.ENTERED] > 50
        hashes.add(fleet.state_hash())
    fleet = busy_fleet(network)
    fleet.advance(0, 600)
    fleet.cities.counter[0, traffic_tables.UPDATES] = 0  # a statistic that only the real step keeps
    hashes.add(fleet.state_hash())
    assert len(hashes) == 1
