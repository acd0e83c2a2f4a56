"""Signals that keep step: published bands of arterials, and close signals of generated programmes."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from traffic_case import simulate

from citytwin.kernels.traffic_tables import ARRIVED
from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.coordination import coordinated, green_start_s, stretch_between
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.retiming import changeover_s
from citytwin.scenarios.signal_control import Coordination
from citytwin.scenarios.signal_ways import stages_of
from citytwin.scenarios.streets import JunctionSpec
from citytwin.scenarios.synthetic_roads import Road, draw_city

CASES = ["band_400m_13.89ms_C80", "band_450m_13.89ms_C70", "band_500m_13.89ms_C72"]


def arterial(spacing_m: float, signals: int = 5) -> RoadNetwork:
    """A main road with equally spaced signals and a side road at each."""
    specs, roads = [], []
    names = [f"main {k}" for k in range(signals + 2)]
    for k, name in enumerate(names):
        gate = "both" if k in (0, signals + 1) else ""
        specs.append(JunctionSpec(name, k * spacing_m, 0.0, gate=gate, signalised=not gate))
    roads += [Road(a, b, 1, 1, "primary", 50.0, name="Main Road") for a, b in pairwise(names)]
    for k in range(1, signals + 1):
        for side in (-1, 1):
            end = f"side {k} {side}"
            specs.append(JunctionSpec(end, k * spacing_m, side * 200.0, gate="both"))
            roads.append(Road(end, names[k], 1, 1, "secondary", 50.0, name=f"Side Road {k}"))
    return build_network(draw_city("arterial", specs, roads))


def main_road(network: RoadNetwork) -> list[int]:
    """Controllers along the main road, from west to east."""
    x_m = network.junctions.x_m[network.signals.junction]
    return np.argsort(x_m).tolist()


def link_row(network: RoadNetwork, start: int, end: int) -> int:
    return network.link_row[f"way/main {start}>main {end}"]


def eastbound_windows(network: RoadNetwork, controllers: list[int], speed_mps: float) -> np.ndarray:
    """For each controller the moments of the cycle (in 0.25 s) from which who passes the first signal gets green."""
    signals = network.signals
    cycle_s = float(signals.phase_s[: signals.phase_start[1]].sum())
    t = np.arange(0.0, cycle_s, 0.25)
    rows, at_s = [], 0.0
    for k, controller in enumerate(controllers):
        if k:
            way = stretch_between(network, controllers[k - 1], controller)
            at_s += way.length_m / speed_mps
        stages = stages_of(network, controller)
        start_s = green_start_s(network, controller, signals.phase_s, from_link=link_row(network, k, k + 1))
        stage = int(np.argmin(np.abs(stages.begins_s - start_s)))
        into_s = (t + at_s - signals.offset_s[controller] - start_s) % cycle_s
        rows.append(into_s < stages.green_s[stage])
    return np.array(rows)


@pytest.mark.parametrize("case_id", CASES)
def test_one_way_bands_are_as_wide_as_the_narrowest_green(data, case_id):
    cases = json.loads((data / "traffic" / "signals.json").read_text())["cases"]
    setup = next(case for case in cases if case["id"] == case_id)["setup"]
    expected = next(case for case in cases if case["id"] == case_id)["expected"]
    network = arterial(setup["spacing_m"], setup["signals"])
    controllers = main_road(network)
    speed_mps = setup["progression_speed_m_s"]
    coordination = Coordination(
        groups=[[network.signals.id[c] for c in controllers]], speed_kmh=speed_mps * 3.6, cycle_s=setup["cycle_s"]
    )
    network = coordinated(network, coordination)
    offsets = network.signals.offset_s[controllers]
    cycles = [network.signals.phase_s[slice(*network.signals.phase_start[c : c + 2])].sum() for c in controllers]
    assert cycles == pytest.approx([setup["cycle_s"]] * len(controllers))
    way = stretch_between(network, controllers[0], controllers[1])
    assert way.length_m == pytest.approx(setup["spacing_m"], abs=0.01), "from stop line to stop line"
    ideal_s = expected["ideal_one_way_offset"]["value"]
    steps = np.diff(offsets) % setup["cycle_s"]
    assert steps == pytest.approx([ideal_s] * (len(controllers) - 1), abs=0.02)
    windows = eastbound_windows(network, controllers, speed_mps)
    band_s = 0.25 * windows.all(axis=0).sum()
    assert band_s == pytest.approx(0.25 * windows.sum(axis=1).min(), abs=0.5)


def test_a_green_wave_spares_stops():
    """Light traffic eastbound, behind the first signal, which meets it at random: at most half a stop."""
    network = arterial(400.0)
    controllers = main_road(network)
    rng = np.random.default_rng(3)
    start, end = network.links.id[link_row(network, 0, 1)], network.links.id[link_row(network, 5, 6)]
    rows = [
        (f"car {k}", float(t), start, end, 0, 0.0, np.nan) for k, t in enumerate(np.sort(rng.uniform(0, 1200, 100)))
    ]
    first_lane = int(network.links.lane_start[link_row(network, 0, 1)])
    names = [network.signals.id[c] for c in controllers]
    stops = {}
    for name, signals in (
        ("wave", {"coordination": {"groups": [names], "speed_kmh": 47, "cycle_s": 80}}),
        ("against", {"coordination": {"groups": [names[::-1]], "speed_kmh": 47, "cycle_s": 80}}),
    ):
        simulation = simulate(network, rows, signals=signals, drivers={"speed_factor_sd": 0.0})
        stopped = np.zeros(len(rows))
        stands = np.zeros(len(rows), bool)
        for t in range(1700):
            simulation.run(float(t + 1))
            vehicles = simulation.model.fleet.vehicles
            now = (vehicles.standing_s[0] > 0) & (vehicles.lane[0] != first_lane)
            stopped += now & ~stands
            stands = now
        assert (simulation.model.fleet.vehicles.status[0] == ARRIVED).all()
        stops[name] = float(stopped.mean())
    assert stops["wave"] <= 0.5
    assert stops["against"] > stops["wave"] + 0.5


def test_a_group_has_the_longest_of_its_cycles_unless_told():
    network = arterial(400.0)
    names = [network.signals.id[c] for c in main_road(network)]
    own = [network.signals.phase_s[slice(*network.signals.phase_start[c : c + 2])].sum() for c in range(5)]
    done = coordinated(network, Coordination(groups=[names[:2]]))
    cycles = [done.signals.phase_s[slice(*done.signals.phase_start[c : c + 2])].sum() for c in main_road(network)]
    assert cycles[:2] == pytest.approx([max(own[c] for c in main_road(network)[:2])] * 2)
    assert changeover_s(done, 0) == changeover_s(network, 0)
    assert coordinated(network, None) is network


@pytest.mark.parametrize("city", sorted(bundled_cities()))
def test_close_signals_of_generated_programmes_share_a_cycle(city):
    network = load_network(bundled_cities()[city])
    signals, links = network.signals, network.links
    cycle_s = np.add.reduceat(signals.phase_s, signals.phase_start[:-1])
    controller_at = {int(junction): row for row, junction in enumerate(signals.junction)}
    close = [
        (controller_at[int(a)], controller_at[int(b)])
        for a, b, length_m in zip(links.from_junction, links.to_junction, links.length_m, strict=True)
        if length_m < 100.0 and int(a) in controller_at and int(b) in controller_at and a != b
    ]
    assert close or city == "monaco"
    assert [pair for pair in close if cycle_s[pair[0]] != cycle_s[pair[1]]] == []
