"""Published cases for people on foot that a model of links can do: RiMEA, NIST, IMO, hydraulic and closed-form ones."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corridors import Passage, arrivals, building, counts, people, walking
from traffic_case import make_scenario

from citytwin.agents.hazard_field import SEEN
from citytwin.kernels import walking_tables as table
from citytwin.kernels.hazards import walking_ratio_in_smoke
from citytwin.kernels.walking_laws import HYDRAULIC, WEIDMANN, speed_ratio
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_build import build_walk_network
from citytwin.scenarios.walk_network import WalkKind
from citytwin.scenarios.walk_presets import PRESETS
from citytwin.sim.simulation import Simulation
from citytwin.sim.walking import OnFoot

LAB, CODE = PRESETS["lab_calibrated"], PRESETS["code_conservative"]


@pytest.fixture(scope="module")
def cases(data_folder: Path) -> dict[str, tuple[float, float]]:
    """Expected value and tolerance of every hand-calculated case."""
    with (data_folder / "hydraulic_egress_cases.csv").open(newline="") as file:
        return {row["id"]: (float(row["expected"]), float(row["tolerance"])) for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def data_folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue("data")) / "pedestrian"


def alike(preset, speed_mps: float):
    return replace(preset, speed_mps=speed_mps, speed_sd_mps=0.0)


def through_door(count: int, width_m: float, preset) -> np.ndarray:
    """When people who stand before a door pass it, s, in order."""
    network = building(
        Passage("in", "door", 10, 10), Passage("door", "out", 1, width_m), Passage("out", "away", 50, 10)
    )
    standing_m = np.linspace(5.0, 9.9, count)
    walkers = walking(network, people(network, [("in-door", "out-away", np.zeros(count))], origin_m=standing_m), preset)
    at = walkers.walks.first_cell[2 * network.link_row["out-away"]]
    passed = []
    for step in range(1000):
        walkers.advance(step, step + 1)
        passed += [float(step)] * (int(walkers.walks.cell_i[0, table.CAME_IN, at]) - len(passed))
    return np.array(passed)


def test_speeds_fall_with_density_as_published(data_folder):
    laws = json.loads((data_folder / "fundamental_diagrams.json").read_text())
    for row in laws["weidmann_1993"]["table"]:
        assert 1.34 * speed_ratio(WEIDMANN, row["rho_per_m2"]) == pytest.approx(row["v_m_s"], abs=0.001)
    hydraulic = laws["sfpe_hydraulic"]
    for density in (1.0, 2.0, 3.0):
        free = hydraulic["k_level_m_s"] * (1 - hydraulic["a_m2"] * 0.54)
        slower = hydraulic["k_level_m_s"] * (1 - hydraulic["a_m2"] * density)
        assert free * speed_ratio(HYDRAULIC, density) == pytest.approx(slower, rel=1e-6)


def test_rimea_1_and_nist_2_1_a_corridor_takes_its_length_over_the_speed():
    network = building(Passage("a", "b", 40, 2))
    for speed_mps, least_s, most_s in ((1.33, 26.0, 34.0), (1.0, 38.1, 42.1)):
        walkers = walking(network, people(network, [("a-b", "a-b", np.zeros(1))]), alike(LAB, speed_mps))
        assert least_s <= arrivals(walkers)[0] <= most_s
        assert arrivals(walkers)[0] == pytest.approx(40.0 / speed_mps)


def ring_speed(density: float, preset) -> float:
    """Mean speed of people who walk round and round a ring of 240 m x 10 m, m/s, over a minute after a minute."""
    parts = [Passage(f"n{k}", f"n{(k + 1) % 8}", 30, 10 + 2 * preset.boundary_m) for k in range(8)]
    network = building(*parts)
    count = int(density * 240 * 10)
    rows = np.arange(count)
    ring = np.array([network.link_row[part.id] for part in parts])
    walks = TripTable.sorted(
        [f"{row:06d}" for row in rows],
        np.zeros(count),
        ring[rows % 8],
        ring[rows % 8],
        origin_m=30.0 * (rows // 8 + 0.5) / (count // 8 + 1),
    )
    walkers = walking(network, walks, preset)
    rounds = np.stack([np.roll(2 * ring, -k) for k in range(8)])[rows % 8]
    route = np.tile(rounds, (1, 12)).astype(np.int32)
    walkers.set_routes(0, rows, np.arange(count + 1) * route.shape[1], route.ravel())
    walkers.advance(0, 60)
    before_m = walkers.walks.cell_f[0, table.PERSON_M].sum()
    walkers.advance(60, 120)
    return float((walkers.walks.cell_f[0, table.PERSON_M].sum() - before_m) / count / 60)


def test_rimea_4_the_fundamental_diagram():
    densities = (0.5, 1.0, 2.0, 3.0, 4.0, 4.5)
    speeds = [ring_speed(density, alike(LAB, 1.34)) for density in densities]
    assert (np.diff(speeds) < 0).all()
    for speed_mps, density in zip(speeds[:4], densities[:4], strict=True):
        assert speed_mps == pytest.approx(1.34 * speed_ratio(WEIDMANN, density), abs=0.25)
    assert 1.0 <= max(np.multiply(speeds, densities)) <= 1.6


def test_rimea_2_and_3_stairs_and_nist_2_2():
    network = building(Passage("a", "b", 100, 2, WalkKind.STEPS))
    for speed_mps in (0.5, 0.65, 1.0):
        preset = alike(replace(LAB, stairs_slow=1.0), speed_mps)
        walkers = walking(network, people(network, [("a-b", "a-b", np.zeros(1))]), preset)
        assert arrivals(walkers)[0] == pytest.approx(100.0 / speed_mps, rel=0.05)


def test_rimea_7_nist_2_4_and_imo_7_speeds_are_drawn_as_asked():
    network = building(Passage("a", "b", 40, 2))
    walks = people(network, [("a-b", "a-b", np.zeros(2000))])
    drawn = walking(network, walks, replace(LAB, speed_mps=1.2, speed_sd_mps=0.2)).people.speed_mps[0]
    assert drawn.mean() == pytest.approx(1.2, abs=3 * 0.2 / 2000**0.5)
    assert drawn.std() == pytest.approx(0.2, rel=0.05)
    assert drawn.min() >= 0.5 and drawn.max() <= 2.2


def test_rimea_5_and_imo_5_everybody_starts_when_they_do():
    network = building(Passage("a", "b", 40, 2))
    delays_s = np.arange(10.0, 101.0, 10.0)
    walkers = walking(network, people(network, [("a-b", "a-b", delays_s)]))
    arrivals(walkers)
    assert walkers.people.entered_s[0] == pytest.approx(delays_s)


def test_rimea_9_and_imo_9_half_the_exits_take_twice_as_long():
    def last_s(exits: int) -> float:
        doors = [Passage("room", f"door{k}", 1, 1) for k in range(exits)]
        network = building(Passage("back", "room", 20, 30), *doors)
        share = np.array_split(np.zeros(1000), exits)
        groups = [("back-room", f"room-door{k}", share[k]) for k in range(exits)]
        return float(arrivals(walking(network, people(network, groups, origin_m=10.0), LAB)).max())

    assert last_s(2) / last_s(4) == pytest.approx(2.0, abs=0.4)


@pytest.mark.parametrize("preset", [LAB, CODE])
def test_rimea_12_wider_passages_let_more_through_and_long_ones_are_slower(preset):
    flows = []
    for width_m in (0.8, 1.0, 1.2):
        passed = through_door(150, width_m, preset)
        flows.append((len(passed) - 1) / (passed[-1] - passed[0]))
    assert flows[0] < flows[1] < flows[2]

    def last_s(length_m: float) -> float:
        parts = Passage("in", "p", 10, 10), Passage("p", "out", length_m, 1), Passage("out", "away", 10, 10)
        network = building(*parts)
        return float(arrivals(walking(network, people(network, [("in-p", "out-away", np.zeros(150))]), preset)).max())

    assert last_s(6.0) > last_s(0.5)


def test_bottlenecks_pass_what_laboratories_measured(data_folder):
    """Within 25 % of the mean flow at every width (the preset was fitted to these flows, then frozen)."""
    measured: dict[float, list[float]] = {}
    with (data_folder / "bottleneck_flow_vs_width.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            measured.setdefault(float(row["width_m"]), []).append(float(row["flow_per_s"]))
    for width_m, flows in measured.items():
        if width_m <= 2.5:
            passed = through_door(150, width_m, LAB)
            assert (len(passed) - 1) / (passed[-1] - passed[0]) == pytest.approx(np.mean(flows), rel=0.25), width_m


def test_nist_2_8_people_who_come_the_other_way_hold_up_but_do_not_lock():
    last_s = []
    for against in (0, 10, 50, 100):
        rooms = Passage("a", "b", 10, 10), Passage("b", "c", 10, 2), Passage("c", "d", 10, 10)
        network = building(*rooms)
        there = people(network, [("a-b", "c-d", np.zeros(100))])
        back = people(network, [("c-d", "a-b", np.zeros(against))], origin_m=10.0, to_end=False)
        names = [f"back{k}" for k in range(against)]
        both = TripTable.joined([there, back.part(np.arange(against), ids=names)])
        walkers = walking(network, both, alike(LAB, 1.34))
        arrived = arrivals(walkers)
        assert counts(walkers)[table.ARRIVED] == 100 + against
        last_s.append(float(arrived[[not name.startswith("back") for name in both.id]].max()))
    assert last_s == sorted(last_s) and last_s[-1] > last_s[0]


def test_imo_4_and_nist_5_2_a_door_of_a_metre_passes_at_most_1_33_a_second(cases):
    passed = through_door(100, 1.0, CODE)
    assert 99 / (passed[-1] - passed[0]) <= 1.33
    expected, tolerance = cases["imo4_door"]
    assert passed[-1] - passed[0] == pytest.approx(expected, abs=tolerance)


@pytest.mark.parametrize(
    "name, count, width_m, preset",
    [
        ("door_2m_n100", 100, 2.0, CODE),
        ("opening_1m_n100", 100, 1.0, replace(CODE, boundary_m=0.0)),
        pytest.param(
            *("opening_0.6m", 50, 0.6, replace(CODE, boundary_m=0.0, door_per_m_s=1.3)),
            marks=pytest.mark.xfail(strict=True, reason="62.0 s for 62.8 +- 0.5: people pass at whole seconds"),
        ),
    ],
)
def test_doors_as_reckoned_by_hand(cases, name, count, width_m, preset):
    passed = through_door(count, width_m, preset)
    expected, tolerance = cases[name]
    assert passed[-1] - passed[0] == pytest.approx(expected, abs=tolerance)


def test_walks_and_stairs_as_reckoned_by_hand(cases):
    network = building(Passage("a", "b", 40, 2), Passage("c", "d", 10, 2, WalkKind.STEPS))
    for name, link, preset in (
        ("enz_walk_40m", "a-b", alike(CODE, 1.0)),
        ("stair_10m_180_280", "c-d", replace(CODE, stairs_slow=1.077 / 1.40)),
    ):
        walkers = walking(network, people(network, [(link, link, np.zeros(1))]), preset)
        expected, tolerance = cases[name]
        assert arrivals(walkers)[0] == pytest.approx(expected, abs=tolerance), name


@pytest.mark.xfail(
    strict=True,
    reason="240.4 s for 234.95 +- 1 and 289.4 s for 285.8 +- 1: on full stairs people walk at the speed of their "
    "density; the handbook lets the last one walk freely",
)
@pytest.mark.parametrize("name", ["sfpe_guide_ex1", "sfpe_guide_ex1_200ft"])
def test_the_handbooks_two_stairs(cases, name):
    """300 people, two stairs that pass 0.682 a second each and are 15.27 m long, the doors 0 or 60.96 m away."""
    width_m = 0.682 / CODE.stairs_per_m_s + 2 * CODE.boundary_m
    away_m = 60.96 if name.endswith("200ft") else 1.0
    parts = [Passage("room", f"top{k}", away_m, 20) for k in (0, 1)]
    parts += [Passage(f"top{k}", f"exit{k}", 15.27, width_m, WalkKind.STEPS) for k in (0, 1)]
    network = building(*parts)
    groups = [(f"room-top{k}", f"top{k}-exit{k}", np.zeros(150)) for k in (0, 1)]
    expected, tolerance = cases[name]
    assert arrivals(walking(network, people(network, groups), CODE)).max() == pytest.approx(expected, abs=tolerance)


def test_merge_1_3(cases):
    parts = Passage("a", "m", 60, 1), Passage("b", "m", 60, 3), Passage("m", "z", 60, 2)
    network = building(*parts)
    now = np.zeros(600)
    walkers = walking(network, people(network, [("a-m", "m-z", now), ("b-m", "m-z", now)]), alike(LAB, 1.34))
    walkers.advance(0, 50)
    ends = [walkers.walks.first_cell[2 * network.link_row[name] + 1] - 1 for name in ("a-m", "b-m")]
    before = walkers.walks.cell_i[0, table.WENT_OUT, ends]
    walkers.advance(50, 200)
    narrow, wide = walkers.walks.cell_i[0, table.WENT_OUT, ends] - before
    expected, tolerance = cases["merge_1_3"]
    assert wide / narrow == pytest.approx(expected, abs=tolerance)


@pytest.mark.xfail(strict=True, reason="29.8 s for 30.5 +- 0.6: within a cell people space themselves out")
def test_congested_walk(cases):
    """People at 2 per m² walk 20 m by the hydraulic law: the time at the mean speed of a ring so full."""
    expected, tolerance = cases["congested_walk"]
    assert 20.0 / ring_speed(2.0, CODE) == pytest.approx(expected, abs=tolerance)


def test_c1_footbridge(data_folder):
    with (data_folder / "city_analytic_cases.csv").open(newline="") as file:
        expected = {row["id"]: row["expected"] for row in csv.DictReader(file)}
    network = building(Passage("a", "b", 200, 60), Passage("b", "c", 60, 4), Passage("c", "d", 30, 60))
    walks = people(network, [("a-b", "c-d", np.zeros(10_000))], origin_m=np.linspace(0, 199, 10_000))
    walkers = walking(network, walks, alike(LAB, 1.34))
    arrived = np.sort(arrivals(walkers))
    assert arrived[-1] - arrived[0] == pytest.approx(float(expected["c1_footbridge"]), rel=0.05)


def test_c5_staging_a_shared_bottleneck():
    """Two zones of 2000, a bottleneck that passes 5 a second: at once, and the second 400 s later."""
    width_m = 5.0 / LAB.level_per_m_s
    clearance_s, longest = [], []
    for later_s in (0.0, 400.0):
        parts = Passage("a", "m", 30, 100), Passage("b", "m", 30, 100), Passage("m", "z", 30, width_m)
        network = building(*parts)
        groups = [("a-m", "m-z", np.zeros(2000)), ("b-m", "m-z", np.full(2000, later_s))]
        walkers = walking(network, people(network, groups), alike(LAB, 1.34))
        most = 0
        for step in range(0, 1000, 10):
            walkers.advance(step, step + 10)
            most = max(most, counts(walkers)[table.QUEUED] + counts(walkers)[table.WAITING])
        clearance_s.append(float(walkers.people.arrived_s[0].max()))
        longest.append(most)
    free_s = 60.0 / 1.34
    assert [value - free_s for value in clearance_s] == pytest.approx([800.0, 800.0], rel=0.05)
    assert longest[1] == pytest.approx(longest[0] / 2, rel=0.08)


def test_c10_more_capacity_and_faster_people_clear_no_later():
    def last_s(width_m: float, speed_mps: float) -> float:
        network = building(Passage("a", "b", 60, 4), Passage("b", "c", 30, width_m))
        walks = people(network, [("a-b", "b-c", np.linspace(0, 60, 400))])
        return float(arrivals(walking(network, walks, replace(LAB, speed_mps=speed_mps))).max())

    assert last_s(3.0, 1.34) <= 1.02 * last_s(2.0, 1.34)
    assert last_s(2.0, 1.5) <= 1.02 * last_s(2.0, 1.34)


@pytest.mark.parametrize("law", ["lund", "fridolf_reflective", "fridolf_lit"])
def test_nist_2_5_a_corridor_full_of_smoke_takes_as_long_as_the_law_says(law):
    clear, ratio = alike(LAB, 1.25), walking_ratio_in_smoke(1.0, SEEN[law])
    network = building(Passage("a", "b", 100, 2))
    walkers = walking(network, people(network, [("a-b", "a-b", np.zeros(1))]), clear)
    walkers.walks.cell_f[:, table.SLOW] *= ratio  # as smoke of K = 1/m does
    assert arrivals(walkers)[0] == pytest.approx(100 / (1.25 * ratio), abs=0.5)
    by_hand_s = {"lund": 87.0, "fridolf_reflective": 133.3, "fridolf_lit": 100.0}
    assert 100 / (1.25 * ratio) == pytest.approx(by_hand_s[law], abs=0.1)


def travel_s(degrees: float, shift_m: float) -> tuple[float, float]:
    """Seconds that 24 times 300 cars and 300 people on foot take in all, in a town that was turned and shifted."""
    turn = np.radians(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    town = grid_city(4, 3, 150.0, 2)
    places = np.array([(one.x_m, one.y_m) for one in town.junctions]) @ matrix + shift_m
    town = replace(
        town,
        streets=tuple(replace(one, shape_xy=one.shape_xy @ matrix + shift_m) for one in town.streets),
        junctions=tuple(
            replace(one, x_m=x_m, y_m=y_m) for one, (x_m, y_m) in zip(town.junctions, places.tolist(), strict=True)
        ),
    )
    roads = build_network(town)
    paths = build_walk_network(roads, town.source)
    ids, depart_s = [f"{k:03d}" for k in range(300)], np.linspace(0, 300, 300)
    total_s = np.zeros(2)
    for seed in range(24):  # six of them differ by up to 4 %
        rng, tables = np.random.default_rng(seed), []
        for links in (roads.link_count, paths.link_count):
            origin = rng.integers(0, links, 300)
            elsewhere = (origin + rng.integers(1, links, 300)) % links
            tables.append(TripTable.sorted(ids, depart_s, origin.astype(np.int32), elsewhere.astype(np.int32)))
        trips, walks = tables
        simulation = Simulation(make_scenario(), roads, trips, on_foot=OnFoot(paths, walks))
        simulation.run(1800)
        walkers = simulation.model.walkers
        arrived_s = simulation.model.fleet.vehicles.arrived_s[0], walkers.people.arrived_s[0]
        total_s += [float((each_s - depart_s).sum()) for each_s in arrived_s]  # nan unless all arrived
    return float(total_s[0]), float(total_s[1])


def test_c11_a_town_that_is_turned_and_shifted_takes_as_long():
    driven_s, walked_s = travel_s(0.0, 0.0)
    for degrees, shift_m in ((15.0, 0.0), (45.0, 100_000.0), (90.0, 0.0)):
        there = travel_s(degrees, shift_m)
        assert there[0] == pytest.approx(driven_s, rel=0.02), degrees
        assert there[1] == pytest.approx(walked_s, rel=0.01), degrees
