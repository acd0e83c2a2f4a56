"""Signals that follow detectors and queues, driven by made-up detectors and queues."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from signal_steps import advance_signals_of_all
from traffic_case import make_scenario, make_trips

from citytwin.agents.fleet import build_fleet
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.controllers import control_of, controlled_signal
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city

CROSSING = build_network(grid_city(1, 1, 150.0, 1, signalised=True, gates=True))
STEP_S = 0.1


def fleet_with(members: int = 1, network=CROSSING, **control):
    """Signals of a crossing under a control, nobody on the road."""
    scenario = make_scenario(signals={"control": [control]})
    signals = [
        controlled_signal(found, network, row)
        for row, found in enumerate(control_of(scenario.signals, network))
        if found is not None
    ]
    trips = make_trips(network, [])
    return build_fleet(network, trips, scenario.drivers, members=members, step_s=STEP_S, signals=signals)


def approaches(fleet) -> np.ndarray:
    """Lane, detector and bits of stages of every approach, ``[approach, 3]``."""
    cities = fleet.cities
    first, count = cities.controller_i[0, [table.FIRST_APPROACH, table.APPROACHES], 0]
    return cities.listed[first : first + 3 * count].reshape(-1, 3)


def test_the_case_is_a_crossing_with_two_stages():
    fleet = fleet_with(kind="actuated", pedestrians=False)
    assert fleet.cities.controller_i[0, table.STAGES, 0] == 2
    assert sorted(approaches(fleet)[:, 2].tolist()) == [1, 1, 2, 2]
    assert (approaches(fleet)[:, 1] >= 0).all()


@pytest.mark.parametrize("case_id", ["gap_out_q0.05_h3", "gap_out_q0.1_h3", "gap_out_q0.2_h3"])
def test_green_gaps_out_as_renewal_theory_says(data, rng, case_id):
    cases = json.loads((data / "traffic" / "signals.json").read_text())["cases"]
    case = next(case for case in cases if case["id"] == case_id)
    members, rate = 10_000, case["setup"]["arrival_veh_s"]
    passage_s = case["setup"]["passage_time_s"]
    fleet = fleet_with(members, kind="actuated", pedestrians=False, passage_s=passage_s, max_green_s=300, min_green_s=1)
    cities = fleet.cities
    detector = int(approaches(fleet)[approaches(fleet)[:, 2] == 1][0, 1])
    first = int(cities.controller_i[0, table.FIRST_STAGE, 0])
    cities.controller_i[:, table.RECALLED, 0] = 0b10  # somebody always waits on the other road
    cities.controller_i[:, table.STAGE, 0], cities.controller_i[:, table.WAY_END, 0] = 0, -1
    cities.controller_i[:, table.PHASE, 0] = first + table.MORE
    cities.controller_f[:, table.PHASE_LEFT_S, 0] = 299.0
    cities.sensor[:, table.SENSOR_GAP_S] = np.inf
    cities.sensor[:, table.SENSOR_GAP_S, detector] = 0.0  # the queue's last vehicle has just passed
    ended_s, extensions = np.full(members, np.nan), np.zeros(members)
    for step in range(1, 1200):
        running = np.isnan(ended_s)
        came = running & (rng.random(members) < -math.expm1(-rate * STEP_S))
        cities.sensor[came, table.SENSOR_COUNT, detector] += 1
        extensions += came
        advance_signals_of_all(cities)
        ended_s[running & (cities.controller_i[:, table.STAGE, 0] == 1)] = step * STEP_S
        if not np.isnan(ended_s).any():
            break
    for value, name in (
        (ended_s.mean(), "mean_time_to_gap_out"),
        (extensions.mean(), "mean_extensions"),
        ((extensions == 0).mean(), "probability_no_extension"),
    ):
        expected = case["expected"][name]
        assert value == pytest.approx(expected["value"], rel=expected["tol_rel"]), name


def stage_each_second(fleet, seconds: int, before_second=lambda second: None) -> np.ndarray:
    """Stage that has green in each second, -1 while it changes."""
    cities, stages = fleet.cities, []
    for second in range(seconds):
        before_second(second)
        for _ in range(round(1 / STEP_S)):
            advance_signals_of_all(cities)
        changing = cities.controller_i[0, table.WAY_END, 0] >= 0
        stages.append(-1 if changing else int(cities.controller_i[0, table.STAGE, 0]))
    return np.array(stages)


def runs_of(stages: np.ndarray) -> list[tuple[int, int]]:
    """Stage and duration (s), one after another."""
    cuts = np.flatnonzero(np.diff(stages)) + 1
    return [(int(part[0]), part.size) for part in np.split(stages, cuts)]


def test_green_rests_where_nobody_calls():
    fleet = fleet_with(kind="actuated", pedestrians=False, recall="minimum", max_green_s=20)
    stages = stage_each_second(fleet, 200)
    assert len(set(stages[20:].tolist()) - {-1}) == 1


def test_recall_serves_every_stage_for_its_shortest_green():
    """Nobody comes, people cross: each stage lasts as long as they need."""
    fleet = fleet_with(kind="actuated", pedestrians=True, min_green_s=5)
    signal = controlled_signal(
        control_of(make_scenario(signals={"control": [{"kind": "actuated"}]}).signals, CROSSING)[0], CROSSING, 0
    )
    walk_s = signal.stages.walk_s
    assert (walk_s > 7).all()
    for stage, seconds in runs_of(stage_each_second(fleet, 300))[2:-1]:
        if stage >= 0:
            assert seconds == walk_s[stage]
        else:
            assert seconds == sum(signal.stages.ways[0, 1].phase_s)


def test_the_longest_green_counts_from_the_first_call():
    """Traffic without a gap keeps its green until somebody has waited elsewhere for the longest green."""
    fleet = fleet_with(kind="actuated", pedestrians=False, recall="none", max_green_s=20, min_green_s=5)
    cities = fleet.cities
    now = int(cities.controller_i[0, table.STAGE, 0])
    busy = [int(row) for _, row, bits in approaches(fleet) if bits >> now & 1]

    def keep_coming(second):
        cities.sensor[:, table.SENSOR_COUNT, busy] += 1
        if second == 60:
            cities.controller_i[0, table.RECALLED, 0] = 1 << (1 - now)

    stages = stage_each_second(fleet, 120, keep_coming)
    assert (stages[:60] == now).all()
    ended = int(np.flatnonzero(stages[60:] != now)[0])
    assert ended == pytest.approx(20 - 5, abs=1)  # the shortest green had passed before
    longest = fleet_with(kind="actuated", pedestrians=False, recall="none", max_green_s=20, min_green_s=5)
    assert (stage_each_second(longest, 100) == now).all(), "nobody called"


def put_queue(fleet, lane: int, count: int, first_vehicle: int, connector: int) -> None:
    """Let vehicles stand at the end of a lane, bound for a connector."""
    cities = fleet.cities
    length = cities.lane_f[0, table.LANE_LENGTH_M, lane]
    for k in range(count):
        vehicle = first_vehicle + k
        cities.ring[0, cities.lane_i[0, table.RING_START, lane] + k] = vehicle
        cities.vehicle_f[0, vehicle, table.POSITION_M] = length - 1.0 - 6.5 * k
        cities.vehicle_i[0, vehicle, [table.LANE, table.CONNECTOR]] = lane, connector
    cities.lane_i[0, [table.HEAD, table.COUNT], lane] = 0, count


def queues_at(control: dict, sizes: dict[int, int], beyond: dict[int, int] | None = None):
    """A crossing with a queue in one lane of each stage, and queues in the lanes they lead to."""
    network = CROSSING
    links = network.links.id
    rows = [(f"car {k:03d}", 5000.0, links[0], links[1]) for k in range(60)]
    scenario = make_scenario(signals={"control": [control]})
    signal = controlled_signal(control_of(scenario.signals, network)[0], network, 0)
    fleet = build_fleet(network, make_trips(network, rows), scenario.drivers, step_s=STEP_S, signals=[signal])
    used = 0
    for stage, size in sizes.items():
        lane = int(next(lane for lane, _, bits in approaches(fleet) if bits == 1 << stage))
        straight = next(
            c
            for c in np.flatnonzero(network.connectors.from_lane == lane)
            if network.movements.turn[network.connectors.movement[c]] == 0
        )
        put_queue(fleet, lane, size, used, int(straight))
        used += size
        more = (beyond or {}).get(stage, 0)
        put_queue(fleet, int(network.connectors.to_lane[straight]), more, used, -1)
        used += more
    return fleet


PRESSURE = {"kind": "max_pressure", "pedestrians": False, "min_green_s": 5, "every_s": 5, "longest_red_s": 600}


@pytest.mark.parametrize(
    "sizes, beyond, served",
    [
        ({0: 8, 1: 3}, {}, 0),
        ({0: 3, 1: 8}, {}, 1),
        ({0: 8, 1: 3}, {0: 9}, 1),  # no use in adding to a longer queue
        ({0: 8, 1: 3}, {0: 6}, 1),  # 8 - 6 < 3
        ({0: 8, 1: 3}, {0: 4}, 0),
    ],
)
def test_max_pressure_serves_the_greater_difference_of_queues(sizes, beyond, served):
    fleet = queues_at(PRESSURE, sizes, beyond)
    stages = stage_each_second(fleet, 40)
    assert stages[-1] == served
    assert (stages[20:] == served).all()


def test_max_pressure_forgets_nobody():
    fleet = queues_at(PRESSURE | {"longest_red_s": 60}, {0: 8, 1: 1})
    stages = stage_each_second(fleet, 400)
    waits = [seconds for stage, seconds in runs_of(np.where(stages == 1, 1, 0))[1:-1] if stage == 0]
    assert waits and max(waits) <= 60 + 5 + 6, "the longest red, a decision later, and the change"
    assert (stages == 0).sum() > (stages == 1).sum()


def test_stages_by_the_clock_are_the_programme_where_nobody_has_priority():
    fleet = fleet_with(kind="fixed", priority=["bus"])
    plain = build_fleet(CROSSING, make_trips(CROSSING, []), make_scenario().drivers, step_s=STEP_S)
    shown, expected = [], []
    for _ in range(3000):
        for seen, one in ((shown, fleet), (expected, plain)):
            advance_signals_of_all(one.cities)
            start = one.cities.phase_light[one.cities.controller_i[0, table.PHASE, 0]]
            seen.append(one.cities.light[start : start + 4].tolist())
    late = 2000  # steps in which it finds into step
    assert shown[late:] == expected[late:]
