"""Signals that follow traffic, priority, and Python controllers, in traffic: laws, delays, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traffic_case import make_scenario, make_trips, simulate
from traffic_laws import TrafficLaws

from citytwin.agents.city_model import CityModel
from citytwin.agents.fleet import build_fleet
from citytwin.agents.journeys import Journeys
from citytwin.agents.signal_controller import Detector, SignalController
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.controllers import control_of, controlled_signal
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Light
from citytwin.scenarios.problems import InputError
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic import grid_city, random_city
from citytwin.scenarios.synthetic_roads import Road, draw_city
from citytwin.sim.simulation import Simulation

GRID = build_network(grid_city(2, 2, 150.0, 2, gates=True))
CROSSING = build_network(grid_city(1, 1, 300.0, 1, gates=True))
ARMS = sorted(
    link
    for link in CROSSING.links.id
    if CROSSING.links.to_junction[CROSSING.link_row[link]] == CROSSING.signals.junction[0]
)
CONTROLS = [
    {"kind": "actuated"},
    {"kind": "actuated", "pedestrians": False, "recall": "none", "priority": ["bus"], "min_green_s": 5},
    {"kind": "max_pressure", "pedestrians": False, "preemption": ["truck"]},
    {"kind": "fixed", "priority": ["bus"], "preemption": ["truck"]},
]


def opposite(link: str) -> str:
    """The link straight on behind the crossing."""
    row = CROSSING.link_row[link]
    movements = CROSSING.movements
    first, last = CROSSING.links.movement_start[row : row + 2]
    onward = next(k for k in range(first, last) if movements.turn[k] == 0)
    return CROSSING.links.id[movements.to_link[onward]]


def poisson(flows_vph: dict[str, float], until_s: float, seed: int, kind: int = 0) -> list[tuple]:
    """Trips straight over the crossing from its arms."""
    rng, rows = np.random.default_rng(seed), []
    for arm, flow in flows_vph.items():
        t = rng.exponential(3600.0 / flow)
        while t < until_s:
            rows.append((f"{arm} {t:.3f} {kind}", float(t), arm, opposite(arm), kind, 0.0, np.nan))
            t += rng.exponential(3600.0 / flow)
    return rows


def random_rows(network, count: int, until_s: float, seed: int) -> list[tuple]:
    rng = np.random.default_rng(seed)
    links = network.links.id
    return [
        (f"trip {k}", float(rng.uniform(0, until_s)), *rng.choice(links, 2, replace=False), int(rng.integers(3)))
        for k in range(count)
    ]


def mean_delay_s(control: list[dict], rows: list[tuple], kind: int | None = None, seed: int = 1) -> float:
    """Time on the way beyond that of a free road, mean of those who arrived."""
    simulation = simulate(CROSSING, rows, signals={"control": control}, duration_s=2400, seed=seed)
    simulation.run()
    vehicles = simulation.model.fleet.vehicles
    some = np.isfinite(vehicles.arrived_s[0])
    if kind is not None:
        some &= vehicles.kind[0] == kind
    travel_s = vehicles.arrived_s[0, some] - vehicles.depart_s[0, some]
    return float((travel_s - vehicles.driven_m[0, some] / (50 / 3.6)).mean())


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control["kind"])
def test_all_laws_of_traffic_hold(control):
    laws = TrafficLaws(simulate(GRID, random_rows(GRID, 200, 200.0, 4), signals={"control": [control]}, seed=4))
    for _ in range(300):
        laws.step()
    assert laws.now.counter[table.ARRIVALS] > 20


@settings(max_examples=20)
@given(number=st.integers(0, 10_000), which=st.integers(0, len(CONTROLS) - 1))
def test_all_laws_hold_in_random_cities(number, which):
    network = build_network(random_city(number, 9))
    rows = random_rows(network, 80, 80.0, number)
    laws = TrafficLaws(simulate(network, rows, signals={"control": [CONTROLS[which]]}, seed=number))
    for _ in range(120):
        laws.step()


class Erratic(SignalController):
    """Orders anything at any time, stages that must not be among them."""

    every_s = 1.0

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.asked = 0

    def detectors(self, signal):
        return [Detector(link, link) for link in signal.approaches]

    def stages(self, signal):
        some = [turn for turn in signal.turns if self.rng.random() < 0.5]
        return [*([turn] for turn in signal.turns), some, signal.turns]

    def decide(self, t_s, signal, readings):
        assert set(readings) == set(signal.approaches)
        self.asked += 1
        return int(self.rng.integers(-1, signal.stage_count + 1))


def lights_now(fleet, controller: int) -> np.ndarray:
    cities = fleet.cities
    start = cities.phase_light[cities.controller_i[0, table.PHASE, controller]]
    return cities.light[start : start + fleet.network.signals.group_count[controller]].copy()


def check_lights(network, controller: int, lights: np.ndarray, least_green_s: int) -> None:
    """Green lasts, yellow follows it and red yellow, no two greens meet; ``lights`` are ``[second, group]``."""
    for column in lights.T:
        cuts = np.flatnonzero(np.diff(np.minimum(column, Light.GREEN_YIELD))) + 1
        parts = np.split(np.minimum(column, Light.GREEN_YIELD), cuts)
        for before, part in pairwise(parts):
            assert (before[0], part[0]) != (Light.GREEN_YIELD, Light.RED), "green turned red without yellow"
            assert (before[0], part[0]) != (Light.YELLOW, Light.GREEN_YIELD), "yellow turned green"
        for part in parts[1:-1]:
            if part[0] == Light.GREEN_YIELD:
                assert part.size >= least_green_s
            if part[0] == Light.YELLOW:
                assert part.size >= 3
    connectors = network.connectors
    for own in np.flatnonzero(connectors.signal == controller):
        for pair in range(connectors.foe_start[own], connectors.foe_start[own + 1]):
            foe = connectors.foe[pair]
            same_link = len(set(network.lanes.link[connectors.from_lane[[own, foe]]])) == 1
            if connectors.signal[foe] == controller and not same_link:
                both = (lights[:, connectors.group[own]] == Light.GREEN) & (
                    lights[:, connectors.group[foe]] == Light.GREEN
                )
                assert not both.any(), f"connectors {own} and {foe} meet and both have green"


@settings(max_examples=20)
@given(number=st.integers(0, 10_000))
def test_no_order_makes_a_conflict_cuts_a_green_or_leaves_out_a_yellow(number):
    network = build_network(random_city(number, 6)) if number % 2 else GRID
    controllers = {name: Erratic(number + k) for k, name in enumerate(network.signals.id)}
    trips = make_trips(network, random_rows(network, 60, 60.0, number))
    laws = TrafficLaws(Simulation(make_scenario(), network, trips, seed=number, controllers=controllers))
    seen: list[list[np.ndarray]] = []
    for _ in range(150):
        laws.step()
        seen.append([lights_now(laws.fleet, row) for row in range(len(controllers))])
    for row, (name, controller) in enumerate(controllers.items()):
        assert controller.asked == 150, name
        check_lights(network, row, np.array([lights[row] for lights in seen]), 7)
    if controllers:
        refused = [entry for entry in laws.simulation.entries if entry.kind == "signal_command"]
        assert refused and all(entry.where in controllers for entry in refused)


class Scripted(SignalController):
    """Orders what a script says, second by second."""

    every_s = 1.0

    def __init__(self, orders: dict[float, object], extra=()) -> None:
        self.orders, self.extra, self.seen = orders, extra, []

    def stages(self, signal):
        return self.extra

    def decide(self, t_s, signal, readings):
        self.seen.append((t_s, signal.stage, signal.green_s, signal.is_changing))
        return self.orders.get(t_s)


def scripted(orders: dict[float, object], extra=(), **keys) -> tuple[Simulation, Scripted]:
    controller = Scripted(orders, extra)
    simulation = Simulation(
        make_scenario(duration_s=120, **keys),
        CROSSING,
        make_trips(CROSSING, []),
        controllers={CROSSING.signals.id[0]: controller},
    )
    simulation.run()
    return simulation, controller


def test_an_order_is_carried_out_with_yellow_and_all_red():
    _, controller = scripted({})
    start = controller.seen[0][1]
    simulation, controller = scripted({20.0: 1 - start})
    stage_at = {t: (stage, changing) for t, stage, _, changing in controller.seen}
    assert stage_at[20.0] == (start, False)
    change_s = round(sum(simulation.signals[0].stages.ways[start, 1 - start].phase_s))
    for t in range(21, 21 + change_s - 1):
        assert stage_at[float(t)] == (1 - start, True)
    assert stage_at[20.0 + change_s + 1] == (1 - start, False)
    assert not simulation.entries


def test_orders_too_early_are_refused_and_said_to_be():
    simulation, controller = scripted({1.0: 1, 2.0: 0, 40.0: 7, 41.0: "north", 42.0: True, 43.0: -1})
    texts = [(entry.t_s, entry.text) for entry in simulation.entries]
    start = controller.seen[0][1]
    early = 1.0 if start == 0 else 2.0
    left = 7 - early
    assert (
        early,
        f"refused: stage {1 - start} before the shortest green of stage {start} is over ({left:g} s left)",
    ) in texts
    assert (40.0, "refused: no stage 7: there are 0 to 1") in texts
    assert (41.0, "refused: 'north' is not the number of a stage") in texts
    assert (42.0, "refused: True is not the number of a stage") in texts
    assert (43.0, "refused: no stage -1: there are 0 to 1") in texts
    assert {stage for _, stage, _, _ in controller.seen} == {start}


def test_orders_in_yellow_are_refused():
    _, controller = scripted({})
    start = controller.seen[0][1]
    simulation, _ = scripted({20.0: 1 - start, 22.0: start})
    (entry,) = simulation.entries
    assert entry.t_s == 22.0
    assert entry.text == f"refused: stage {start} in the yellow and all-red before stage {1 - start}"


def test_a_stage_of_ones_own_may_be_ordered_if_nothing_in_it_meets():
    north, east = (
        ARMS[0],
        next(arm for arm in ARMS if opposite(arm) != opposite(ARMS[0]) and not _parallel(arm, ARMS[0])),
    )
    fine = [(north, opposite(north))]
    clash = [(north, opposite(north)), (east, opposite(east))]
    simulation, controller = scripted({20.0: 2, 40.0: 3}, [fine, clash])
    assert controller.seen[-1][1] == 2
    (entry,) = simulation.entries
    assert entry.text.startswith("refused: stage 3 is no stage: ") and "meet" in entry.text


def _parallel(one: str, other: str) -> bool:
    """Whether two arms have green together in the programme."""
    lanes = [CROSSING.links.lane_start[CROSSING.link_row[link]] for link in (one, other)]
    connectors = CROSSING.connectors
    groups = [connectors.group[connectors.from_lane == lane][0] for lane in lanes]
    signals = CROSSING.signals
    width = signals.group_count[0]
    light = signals.light[:width]
    return (light[groups[0]] >= Light.GREEN_YIELD) == (light[groups[1]] >= Light.GREEN_YIELD)


def test_detectors_count_what_passes():
    class Counting(SignalController):
        every_s = 10.0
        total = 0
        busy = 0.0

        def detectors(self, signal):
            return [Detector("loop", ARMS[0], before_line_m=30.0)]

        def decide(self, t_s, signal, readings):
            self.total += readings["loop"].count
            self.busy = max(self.busy, readings["loop"].occupancy)

    controller = Counting()
    rows = poisson({ARMS[0]: 600}, 300, 2)
    simulation = Simulation(
        make_scenario(duration_s=900),
        CROSSING,
        make_trips(CROSSING, rows),
        controllers={CROSSING.signals.id[0]: controller},
    )
    simulation.run()
    assert 0 < controller.total <= len(rows)
    came = simulation.model.fleet.cities.lane_i[
        0, table.WENT_OUT, CROSSING.links.lane_start[CROSSING.link_row[ARMS[0]]]
    ]
    assert controller.total >= came
    assert 0.0 < controller.busy <= 1.0


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda c: setattr(c, "every_s", 0.0), "every_s"),
        (lambda c: setattr(c, "detectors", lambda signal: [Detector("a", "nowhere")]), "no link 'nowhere'"),
        (lambda c: setattr(c, "detectors", lambda signal: [Detector("a", ARMS[0], lane=4)]), "has no lane 4"),
        (lambda c: setattr(c, "stages", lambda signal: [[("a", "b")]]), "no turn from a to b"),
    ],
)
def test_a_controller_that_wants_what_is_not_there_is_refused_at_once(change, says):
    controller = Scripted({})
    change(controller)
    with pytest.raises(InputError, match=says):
        Simulation(
            make_scenario(), CROSSING, make_trips(CROSSING, []), controllers={CROSSING.signals.id[0]: controller}
        )


def test_a_controller_for_no_signal_is_refused():
    with pytest.raises(InputError, match="no signals at nowhere"):
        Simulation(make_scenario(), CROSSING, make_trips(CROSSING, []), controllers={"nowhere": Scripted({})})


def test_a_scenario_names_the_file_of_a_controller(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from citytwin.agents.signal_controller import SignalController\n"
        "class Turns(SignalController):\n"
        "    every_s = 20.0\n"
        "    def decide(self, t_s, signal, readings):\n"
        "        return (signal.stage + 1) % signal.stage_count\n"
    )
    entry = {"kind": "python", "file": str(file), "name": "Turns", "pedestrians": False}
    simulation = simulate(CROSSING, [], signals={"control": [entry]}, duration_s=120)
    stages = set()
    for t in range(0, 120, 5):
        simulation.run(float(t))
        stages.add(int(simulation.model.fleet.cities.controller_i[0, table.STAGE, 0]))
    assert stages == {0, 1} and not simulation.entries
    with pytest.raises(InputError, match=r"no SignalController Other\. It has: Turns"):
        simulate(CROSSING, [], signals={"control": [entry | {"name": "Other"}]})
    file.write_text("1 / 0\n")
    with pytest.raises(InputError, match="ZeroDivisionError"):
        simulate(CROSSING, [], signals={"control": [entry]})


def asymmetric(seed: int) -> list[tuple]:
    main = [arm for arm in ARMS if _parallel(arm, ARMS[0])]
    return poisson({arm: 250.0 if arm in main else 60.0 for arm in ARMS}, 1800, seed)


def test_actuation_beats_the_clock_in_light_uneven_traffic():
    for seed in (1, 2, 3):
        rows = asymmetric(seed)
        by_clock = mean_delay_s([], rows, seed=seed)
        follows = mean_delay_s([{"kind": "actuated", "pedestrians": False}], rows, seed=seed)
        pressure = mean_delay_s([{"kind": "max_pressure", "pedestrians": False}], rows, seed=seed)
        assert follows < 0.75 * by_clock
        assert pressure < by_clock


def test_an_ambulance_finds_green():
    """From 150 m off, which is farther than it drives in a shortest green and the change."""
    rows = poisson(dict.fromkeys(ARMS, 150.0), 1800, 5) + poisson(dict.fromkeys(ARMS, 12.0), 1800, 7, kind=3)
    for kind in ("fixed", "actuated", "max_pressure"):
        control = {"kind": kind, "pedestrians": False, "preemption": ["emergency"], "reach_m": 200}
        assert mean_delay_s([control], rows, kind=3) < 0.6 * mean_delay_s([], rows, kind=3)


@pytest.mark.parametrize("kind", ["fixed", "actuated"])
def test_buses_with_priority_wait_less(kind):
    side = [arm for arm in ARMS if not _parallel(arm, ARMS[0])]
    rows = poisson(dict.fromkeys(ARMS, 250.0), 1800, 5) + poisson(dict.fromkeys(side, 30.0), 1800, 6, kind=2)
    without = mean_delay_s([{"kind": kind}], rows, kind=2)
    priority = mean_delay_s([{"kind": kind, "priority": ["bus"], "max_wait_s": 15}], rows, kind=2)
    first = mean_delay_s([{"kind": kind, "preemption": ["bus"]}], rows, kind=2)
    gain_s = 1.0 if kind == "fixed" else 0.1  # who follows the traffic serves a bus soon anyway
    assert priority < without - gain_s
    assert first < without - gain_s


def test_priority_leaves_the_clock_in_step():
    """After a bus, the stages end again when the programme ends them."""
    side = next(arm for arm in ARMS if not _parallel(arm, ARMS[0]))
    bus = [(f"bus {at_s}", at_s, side, opposite(side), 2, 0.0, np.nan) for at_s in (20.0, 95.0, 140.0)]
    shown = []
    for control in ([], [{"kind": "fixed", "priority": ["bus"], "pedestrians": False}]):
        simulation = simulate(CROSSING, bus, signals={"control": control})
        lights = []
        for t in range(600):
            simulation.run(float(t + 1))
            lights.append(lights_now(simulation.model.fleet, 0).tolist())
        shown.append(lights)
    assert shown[0] != shown[1], "the bus changed nothing"
    assert shown[0][300:] == shown[1][300:]


def planned_fleet(seed: int, members: int, rows: list[tuple], control: dict):
    scenario = make_scenario(signals={"control": [control]})
    signals = [
        controlled_signal(found, GRID, row) for row, found in enumerate(control_of(scenario.signals, GRID)) if found
    ]
    fleet = build_fleet(GRID, make_trips(GRID, rows), scenario.drivers, seed=seed, members=members, signals=signals)
    for member in range(members):
        Journeys(CityModel(GRID, fleet), member, seed + member, 0.3).plan_departures(np.arange(len(rows)))
    return fleet


@pytest.mark.slow  # it compiles the steps once more, in parallel
@pytest.mark.parametrize("control", CONTROLS[1:3], ids=lambda control: control["kind"])
def test_members_side_by_side_are_single_runs_bit_for_bit(control):
    rows = random_rows(GRID, 150, 100.0, 3)
    together = planned_fleet(20, 3, rows, control)
    together.advance(0, 50)
    together.advance(50, 240)
    for member in range(3):
        alone = planned_fleet(20 + member, 1, rows, control)
        alone.advance(0, 240)
        assert alone.cities.counter[0, table.ARRIVALS] > 0
        assert alone.state_hash() == together.state_hash(member)


def test_a_bus_is_noticed_before_it_is_on_the_last_street():
    """A street of 20 m before the signal: with a reach of 80 m its light is green as the bus arrives."""
    at_m = {"a": 0.0, "b": 300.0, "x": 330.0, "c": 600.0}
    specs = [
        JunctionSpec(name, x, 0.0, gate="both" if name in "ac" else "", signalised=name == "x")
        for name, x in at_m.items()
    ]
    specs += [JunctionSpec(f"{name}", 330.0, y, gate="both") for name, y in (("n", 300.0), ("s", -300.0))]
    roads = [
        Road("a", "b"),
        Road("b", "x", speed_kmh=50.0),
        Road("x", "c"),
        Road("n", "x", road_class="primary"),
        Road("x", "s", road_class="primary"),
    ]
    network = build_network(draw_city("short", specs, roads))
    assert network.links.length_m[network.link_row["way/b>x"]] < 30
    buses = [(f"bus {t}", float(t), "way/a>b", "way/x>c", 2, 0.0, np.nan) for t in range(10, 1500, 37)]
    stood = []
    for reach_m in (15.0, 80.0):
        control = {
            "kind": "actuated",
            "pedestrians": False,
            "recall": "maximum",
            "preemption": ["bus"],
            "reach_m": reach_m,
        }
        simulation = simulate(network, buses, signals={"control": [control]})
        simulation.run()
        vehicles = simulation.model.fleet.vehicles
        assert (vehicles.status[0] == table.ARRIVED).all()
        stood.append(float((vehicles.arrived_s[0] - vehicles.depart_s[0]).mean()))
    assert stood[1] < stood[0] - 1.0


@pytest.mark.parametrize("kind", ["actuated", "max_pressure", "fixed"])
def test_a_bus_that_cannot_move_does_not_hold_its_green_for_ever(kind):
    """A broken-down vehicle blocks the street behind the crossing; the other road still gets green."""
    arm = ARMS[0]
    side = next(other for other in ARMS if not _parallel(other, arm))
    incident = {"kind": "incident", "link": opposite(arm), "position_m": 40.0, "start_s": 0, "duration_s": 1800}
    stuck = [(f"bus {k}", 5.0 + 5 * k, arm, opposite(arm), 2, 0.0, np.nan) for k in range(5)]
    cars = [(f"car {k}", 60.0 + 10 * k, side, opposite(side), 0, 0.0, np.nan) for k in range(60)]
    control = {"kind": kind, "priority": ["bus"], "preemption": ["bus"]}
    if kind != "fixed":
        control["pedestrians"] = False
    simulation = simulate(CROSSING, stuck + cars, signals={"control": [control]}, events=[incident])
    simulation.run()
    vehicles = simulation.model.fleet.vehicles
    arrived = (vehicles.status[0] == table.ARRIVED) & (simulation.model.fleet.trips.vehicle_class == 0)
    assert arrived.sum() >= 20
