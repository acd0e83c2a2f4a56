"""Streets that rise and fall: trucks crawl, queues leave more slowly, nobody crashes, the level is as ever."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from micro_traffic import Part, discharge_vph, record, signal_road, straight, with_programme
from traffic_case import simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.capacity import saturation_flow
from citytwin.scenarios.network import RoadNetwork
from citytwin.sim.network_facts import slope_facts

CAR, TRUCK = 0, 1
ALIKE = {"speed_factor_sd": 0.0}


def sloping(network: RoadNetwork, *gradients: float, felt: bool = True) -> RoadNetwork:
    """The same network whose links rise so much, one after the other."""
    gradient = np.resize(np.array(gradients), network.link_count)
    return replace(network, links=replace(network.links, gradient=gradient), slopes=felt)


def crawl_kmh(gradient: float, power_kw: float, mass_kg: float) -> float:
    """Speed at which a truck's force is what holds it back, in the units of Rakha et al. (2001), by bisection."""

    def force_left_n(kmh: float) -> float:
        rolling_n = 9.8066 * 1.25 * (0.0328 * kmh + 4.575) * mass_kg / 1000.0
        return 3600.0 * power_kw / kmh - 0.047285 * 0.78 * 10.0 * kmh**2 - rolling_n - 9.8066 * mass_kg * gradient

    slow, fast = 1.0, 200.0
    while fast - slow > 1e-6:
        middle = (slow + fast) / 2.0
        slow, fast = (middle, fast) if force_left_n(middle) > 0.0 else (slow, middle)
    return slow


@pytest.mark.parametrize("gradient", [0.03, 0.06, 0.09])
@pytest.mark.parametrize("model", ["idm", "krauss"])
def test_a_truck_slows_to_the_crawl_speed_of_its_power(gradient: float, model: str) -> None:
    road = sloping(straight([Part(9000.0, speed_kmh=90.0), Part(50.0)]), gradient)
    simulation = simulate(road, [("truck", 0.0, "0", "1", TRUCK)], duration_s=900, drivers={**ALIKE, "model": model})
    tracks = record(simulation, 220.0, every=20)
    speeds = tracks.speed_mps[:, 0] * 3.6
    assert speeds[-1] == pytest.approx(crawl_kmh(gradient, 7.5 * 30.0, 30_000.0), rel=0.01)


def test_more_power_climbs_faster_and_cars_have_enough() -> None:
    road = sloping(straight([Part(6000.0, speed_kmh=90.0), Part(50.0)]), 0.06)
    drivers = {**ALIKE, "classes": {"truck": {"power_per_mass_w_per_kg": 12.0}}}
    rows = [("truck", 0.0, "0", "1", TRUCK)]
    strong = record(simulate(road, rows, drivers=drivers), 120.0, every=10).speed_mps[-1, 0]
    assert strong * 3.6 == pytest.approx(crawl_kmh(0.06, 12.0 * 30.0, 30_000.0), rel=0.01)
    car = record(simulate(road, [("car", 0.0, "0", "1")], drivers=ALIKE), 60.0, every=10).speed_mps[-1, 0]
    assert car * 3.6 == pytest.approx(90.0, rel=0.01)


def queue_flow_vph(gradient: float) -> float:
    """Flow of a queue that leaves a signal, the road before and behind sloping alike."""
    return discharge_vph(sloping(signal_road(), gradient), ALIKE)


def test_an_uphill_queue_leaves_more_slowly_as_measured() -> None:
    """TRL's formula takes 42 of some 2,000 vehicles an hour for each percent uphill, and gives nothing downhill."""
    level, uphill = queue_flow_vph(0.0), queue_flow_vph(0.05)
    measured = [saturation_flow(3.25, nearside=True, uphill_pct=percent) for percent in (0.0, 5.0)]
    assert uphill / level == pytest.approx(measured[1] / measured[0], abs=0.03)
    assert level < queue_flow_vph(-0.05) < 1.06 * level


@pytest.mark.parametrize("felt", [True, False])
def test_the_level_is_bit_identical(felt: bool) -> None:
    """Neither slopes of 0 that vehicles feel nor slopes that they do not feel change anything."""
    plain = straight([Part(300.0), Part(300.0)])
    road = sloping(plain, 0.0 if felt else 0.08, felt=felt)
    rows = [(str(k), 2.0 * k, "0", "1", k % 2) for k in range(20)]
    hashes = []
    for network in (plain, road):
        simulation = simulate(network, rows, duration_s=120)
        simulation.run(100.0)
        hashes.append(simulation.model.fleet.state_hash())
    assert hashes[0] == hashes[1]


@pytest.mark.parametrize("model", ["idm", "krauss"])
def test_the_laws_hold_up_and_down_hill(model: str) -> None:
    """Cars and trucks over a hill of 12 % with a signal in the valley: every step is checked by the slow twin."""
    parts = [Part(200.0), Part(200.0, signal_at_end=True), Part(200.0), Part(100.0)]
    road = sloping(with_programme(straight(parts), 20.0, 45.0), 0.12, -0.12, 0.12, -0.12)
    rows = [(str(k), 3.0 * k, "0", "3", TRUCK if k % 5 == 2 else CAR) for k in range(40)]
    simulation = simulate(road, rows, duration_s=300, drivers={"model": model, "max_decel_mps2": 6.0})
    watched = TrafficLaws(simulation)
    before = simulation.model.fleet.vehicles.speed_mps[0].copy()
    for _ in range(240):
        watched.step()
        now = simulation.model.fleet.vehicles.speed_mps[0].copy()
        on = simulation.model.fleet.vehicles.status[0] == table.DRIVING
        assert (before - now)[on].max(initial=0.0) <= 6.0 + 1e-9
        before = now
    assert simulation.model.fleet.cities.counter[0, table.ARRIVALS] > 10


def test_facts_say_what_is_known_of_slopes() -> None:
    plain = straight([Part(300.0), Part(300.0)])
    assert slope_facts(plain) == {}
    facts = slope_facts(sloping(plain, np.nan, -0.061))
    assert facts == {"slopes_known": 1, "steepest_percent": 6.1, "steepest_link": "1", "slopes_felt": True}
