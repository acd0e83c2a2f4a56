"""What drivers hear of how long streets took lately: neither those who left alone nor those who stand there decide."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import Row, road_of, simulate
from yield_roads import junction_of

from citytwin.sim.simulation import STUCK_INTERVALS, Simulation

LONG_M, EVERY_S = 2000.0, 100.0
ALIKE = {"speed_factor_sd": 0.0}


def long_road(*, events: list[dict[str, object]] | None = None) -> Simulation:
    """Cars every four seconds into a street that takes longer to drive along than the times are told."""
    ends = "way/place 0>place 1", "way/place 1>place 2"
    rows: list[Row] = [(str(k), 4.0 * k, *ends, 0, 0.0, 1e9) for k in range(400)]
    routes = {"plan_every_s": EVERY_S, "reroute_blocked_after_s": "never"}
    return simulate(road_of([LONG_M, 300.0]), rows, events=events or [], drivers=ALIKE, routes=routes)


def test_a_street_that_fills_takes_no_longer_than_it_does() -> None:
    simulation = long_road()
    free_s = simulation.model.router.link_s[0]
    for until_s in (101.0, 201.0, 301.0, 1001.0):
        simulation.run(until_s)
        assert simulation.model.router.link_s[0] == pytest.approx(free_s, rel=0.05)


def test_where_nobody_moves_nobody_expects_to_stand_for_ever() -> None:
    """And when everybody moves again, that is heard within a few intervals."""
    stop = {"kind": "incident", "link": "way/place 0>place 1", "position_m": 60.0, "start_s": 0, "duration_s": 900}
    simulation = long_road(events=[stop])
    router = simulation.model.router
    free_s = router.link_s[0]
    simulation.run(901.0)
    assert 300.0 < router.link_s[0] - free_s <= STUCK_INTERVALS * EVERY_S
    simulation.run(1501.0)
    assert router.link_s[0] < 1.5 * free_s


def test_who_gives_way_in_light_traffic_expects_what_it_takes() -> None:
    """A minor road without anybody on the major one: no waits are seen, so none are expected."""
    network = junction_of("wes", minor="s")
    way_in, way_out = (network.links.id[network.links.id.index(name)] for name in minor_way(network.links.id))
    rows = [(str(k), 20.0 * k, way_in, way_out, 0, 0.0, 1e9) for k in range(80)]
    routes = {"plan_every_s": EVERY_S, "reroute_blocked_after_s": "never"}
    simulation = simulate(network, rows, drivers=ALIKE, routes=routes)
    usual_s = expected_s(simulation, way_in)
    simulation.run(1500.0)
    vehicles = simulation.model.fleet.vehicles
    took_s = np.nanmean(vehicles.arrived_s[0] - vehicles.entered_s[0])
    out_s = simulation.model.router.link_s[network.link_row[way_out]]
    assert expected_s(simulation, way_in) + out_s == pytest.approx(took_s, rel=0.1)
    assert expected_s(simulation, way_in) < usual_s


def minor_way(ids: tuple[str, ...]) -> tuple[str, str]:
    """The link from the south, and the one to the east."""
    return next(i for i in ids if "s>middle" in i), next(i for i in ids if "middle>e" in i)


def expected_s(simulation: Simulation, way_in: str) -> float:
    """Time that drivers expect from the start of the minor road to the next link."""
    router, network = simulation.model.router, simulation.model.network
    link = network.link_row[way_in]
    first = network.links.movement_start[link]
    east = network.links.movement_start[link + 1] - 1
    turns = range(first, east + 1)
    target = next(m for m in turns if "middle>e" in network.links.id[network.movements.to_link[m]])
    return float(router.link_s[link] + router.movement_s[target])
