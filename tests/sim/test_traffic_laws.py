"""Laws of traffic hold after every step in random small cities with random trips, drivers and events.

``CITYTWIN_LAW_CASES=3000 pytest tests/sim/test_traffic_laws.py`` looks at more cities than a build does.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from traffic_case import road_of, simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.synthetic import grid_city, random_city

CASES = int(os.environ.get("CITYTWIN_LAW_CASES", "1000"))
STEPS = 150

networks = st.one_of(
    st.builds(random_city, st.integers(0, 10**6), drives_on_left=st.booleans()),
    st.builds(
        grid_city,
        st.integers(2, 3),
        st.integers(2, 3),
        st.sampled_from([40.0, 80.0, 150.0]),
        st.integers(1, 3),
        signalised=st.booleans(),
        drives_on_left=st.booleans(),
        gates=st.booleans(),
    ),
).map(build_network)

drivers = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "headway_s": st.floats(0.5, 3.0),
            "min_gap_m": st.floats(0.5, 4.0),
            "max_accel_mps2": st.floats(0.5, 4.0),
            "comfort_decel_mps2": st.floats(0.8, 4.0),
            "max_decel_mps2": st.floats(4.0, 9.0),
            "length_m": st.floats(2.0, 8.0),
            "critical_gap_s": st.floats(1.0, 8.0),
            "speed_factor_sd": st.floats(0.0, 0.3),
        }
    ),
)

# Events and loops name their places by shares in [0, 1), because the network is not known yet.
shares = st.floats(0.0, 1.0, exclude_max=True)
happenings = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["road_closure", "lane_closure", "speed_limit", "incident", "signal_plan"]),
        "where": shares,
        "lane": shares,
        "start_s": st.integers(0, 100),
        "lasts_s": st.integers(5, 90),
        "ends": st.booleans(),
        "amount": shares,
    }
)


def row_of(share: float, rows: int) -> int:
    return int(share * rows)


def written(happening: dict[str, Any], network: RoadNetwork) -> dict[str, Any] | None:
    """An event as a scenario has it; None where the network has no place for it."""
    links, kind, amount = network.links, happening["kind"], happening["amount"]
    link = row_of(happening["where"], network.link_count)
    lane = row_of(happening["lane"], int(links.lane_start[link + 1] - links.lane_start[link]))
    start_s = happening["start_s"]
    window = {"start_s": start_s, "end_s": start_s + happening["lasts_s"] if happening["ends"] else None}
    if kind in ("road_closure", "lane_closure"):
        lanes = [lane] if kind == "lane_closure" else None
        known_to = "broadcast" if amount < 0.5 else "sight"
        return {"kind": "road_closure", "link": links.id[link], "lanes": lanes, "known_to": known_to, **window}
    if kind == "speed_limit":
        return {"kind": kind, "link": links.id[link], "speed_kmh": 5.0 + 75.0 * amount, **window}
    if kind == "incident":
        place = {"link": links.id[link], "lane": lane, "position_m": float(amount * links.length_m[link])}
        return {"kind": kind, **place, "start_s": start_s, "duration_s": happening["lasts_s"]}
    if not len(network.signals.id):
        return None
    junction = network.signals.id[row_of(happening["where"], len(network.signals.id))]
    return {"kind": kind, "junction": junction, "cycle_s": 60.0 + 60.0 * amount, "offset_s": 50.0 * amount, **window}


def random_rows(network: RoadNetwork, count: int, span_s: float, seed: int) -> list[tuple[Any, ...]]:
    """Trips between any links: cars for the most part, some trucks and buses, from the ends and middles of links."""
    rng = np.random.default_rng([seed, 77])
    origin, destination = rng.integers(network.link_count, size=(2, count))
    kind = rng.choice(3, count, p=[0.7, 0.15, 0.15])
    places = (np.nan, 0.0, 5.0, 1e9)
    return [
        (
            f"trip {k}",
            float(rng.uniform(0.0, span_s)),
            network.links.id[origin[k]],
            network.links.id[destination[k]],
            int(kind[k]),
            places[rng.integers(4)],
            places[rng.integers(4)],
        )
        for k in range(count)
    ]


@pytest.mark.slow
@settings(max_examples=CASES)
@given(
    network=networks,
    trips=st.integers(1, 150),
    span_s=st.sampled_from([20.0, 80.0]),
    seed=st.integers(0, 2**32),
    driver=drivers,
    events=st.lists(happenings, max_size=4),
    loops=st.lists(st.tuples(shares, st.sampled_from([0.0, 0.01, 0.5, 1.0])), max_size=3),
    step_s=st.sampled_from([1.0, 1.0, 1.0, 0.5, 0.3]),
    patience_s=st.sampled_from([5.0, 30.0, None]),
)
def test_the_laws_hold_after_every_step(network, trips, span_s, seed, driver, events, loops, step_s, patience_s):
    sensors = []
    for where, share in loops:
        link = row_of(where, network.link_count)
        at_m = float(share * network.links.length_m[link])
        sensors.append({"kind": "loop", "link": network.links.id[link], "position_m": at_m})
    simulation = simulate(
        network,
        random_rows(network, trips, span_s, seed),
        seed=seed,
        step_s=step_s,
        drivers=driver,
        events=[found for happening in events if (found := written(happening, network))],
        sensors=sensors,
        routes={"plan_every_s": 60, "reroute_blocked_after_s": patience_s},
    )
    laws = TrafficLaws(simulation)
    for _ in range(STEPS):
        laws.step()
    event(f"{len(events)} events")


def test_nobody_who_brakes_for_a_curve_meets_the_red_light():
    """Too fast to stop firmly at the onset of yellow, and slowing down for the turn until it had ended."""
    network = build_network(grid_city(2, 3, 150.0, 2, signalised=True, drives_on_left=True))
    calm = {"headway_s": 1.0, "min_gap_m": 1.0, "max_accel_mps2": 1.0, "comfort_decel_mps2": 3.0}
    drivers = calm | {"max_decel_mps2": 4.0, "length_m": 2.0, "critical_gap_s": 1.0, "speed_factor_sd": 0.25}
    rows = random_rows(network, 119, 80.0, 1)
    routes = {"plan_every_s": 60, "reroute_blocked_after_s": 5.0}
    simulation = simulate(network, rows, seed=1, step_s=0.5, drivers=drivers, routes=routes)
    laws = TrafficLaws(simulation)
    for _ in range(120):
        laws.step()


def tampered(change) -> None:
    """Run some seconds, let something be wrong, and look."""
    network = build_network(grid_city(2, 2, 150.0, 2, gates=True))
    simulation = simulate(network, random_rows(network, 60, 10.0, 3), seed=3)
    laws = TrafficLaws(simulation)
    for _ in range(20):
        laws.step()
    change(simulation.model.fleet, np.flatnonzero(simulation.model.fleet.vehicles.status[0] == table.DRIVING))
    laws.step()


def move_on(fleet, driving):
    fleet.vehicles.position_m[0, driving[0]] += 1.0


def lose(fleet, driving):
    fleet.vehicles.status[0, driving[0]] = table.ARRIVED


def speed_up(fleet, driving):
    fleet.vehicles.speed_mps[0, driving] = 30.0


def claim(fleet, driving):
    fleet.cities.lane_i[0, table.OCCUPIED_BY, fleet.network.lane_count] += 1


def promise(fleet, driving):
    fleet.cities.lane_f[0, table.INBOUND_M, 0] += 6.5


def count_one_more(fleet, driving):
    fleet.cities.lane_i[0, table.CAME_IN, 0] += 1


def skip_yellow(fleet, driving):
    fleet.cities.controller_f[0, table.PHASE_LEFT_S] = 0.0


TAMPERING = [
    (move_on, "drove"),
    (lose, "not those that drive"),
    (speed_up, "beyond the stop line|braked by|inside"),
    (claim, "counts 1 occupants, there are 0"),
    (promise, "are coming"),
    (count_one_more, "entered minus left"),
    (skip_yellow, "the programmes say"),
]


@pytest.mark.parametrize("change, says", TAMPERING)
def test_the_twin_notices(change, says):
    with pytest.raises(AssertionError, match=says):
        tampered(change)


def test_the_twin_has_nothing_to_say_about_an_untouched_run():
    tampered(lambda fleet, driving: None)


def test_a_truck_longer_than_its_street_gets_away():
    network = road_of([100.0, 18.0, 100.0])
    short = network.links.id[1]
    assert network.links.length_m[1] < 12.0
    rows = [("truck", 0.0, short, network.links.id[2], 1), ("car", 1.0, short, network.links.id[2])]
    simulation = simulate(network, rows)
    laws = TrafficLaws(simulation)
    for _ in range(60):
        laws.step()
    assert (simulation.model.fleet.vehicles.status[0] == table.ARRIVED).all()


def test_a_grant_taken_back_is_not_given_to_who_comes_behind():
    """Found by chance: in the same step the vehicle behind was served, and two held grants with one without between."""
    network = build_network(random_city(21639, drives_on_left=True))
    driver = {
        "headway_s": 1.0,
        "min_gap_m": 1.0,
        "max_accel_mps2": 0.5,
        "comfort_decel_mps2": 0.8125,
        "max_decel_mps2": 4.0,
        "length_m": 2.0,
        "critical_gap_s": 1.0,
        "speed_factor_sd": 0.0,
    }
    rows = random_rows(network, 141, 80.0, 285)
    routes = {"plan_every_s": 60, "reroute_blocked_after_s": 5.0}
    laws = TrafficLaws(simulate(network, rows, seed=285, drivers=driver, routes=routes))
    for _ in range(60):
        laws.step()
