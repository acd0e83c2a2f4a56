"""Closed-form cases of evacuations: shelters, staged orders, and what must never get worse."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corridors import ROADS, Passage, building, walking
from corridors import people as people_of_links
from traffic_case import make_scenario

from citytwin.agents.evacuation import STRANDED
from citytwin.agents.walk_detours import WalkDetours
from citytwin.agents.walk_routes import WalkRouter
from citytwin.kernels import walking_tables
from citytwin.scenarios.evacuation import Evacuation
from citytwin.scenarios.evacuation_people import Havens, people_of
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_network import WalkNetwork
from citytwin.sim.simulation import Simulation
from citytwin.sim.walking import OnFoot

WEIDMANN_PER_M_S = 1.225  # most people through a metre
AT_ONCE = {"kind": "uniform", "least_s": 0, "most_s": 0}
SQUARE = [[9.0, 47.0], [9.01, 47.0], [9.01, 47.01]]


@pytest.fixture(scope="module")
def expected(request: pytest.FixtureRequest) -> dict[str, str]:
    """What is expected of each published case."""
    file = Path(request.getfixturevalue("data")) / "pedestrian" / "city_analytic_cases.csv"
    with file.open(newline="") as rows:
        return {row["id"]: row["expected"] for row in csv.DictReader(rows)}


@dataclass
class Corridors:
    """Stands in for a city: everybody of a zone is at home at the beginning of one passage."""

    network: WalkNetwork
    home: dict[str, str]

    def population(self, zone: Any) -> int:
        return zone.population

    def homes(self, zone: Any, which: np.ndarray, where: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        link = self.network.link_row[self.home[zone.id]]
        return np.full(which.size, link, np.int32), where * float(self.network.links.length_m[link])

    def walk_place(self, link: np.ndarray, at_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros(link.size), np.zeros(link.size)

    def nearest_roads(self, x_m: np.ndarray, y_m: np.ndarray, *, to_begin: bool) -> tuple[Any, Any, Any]:
        return np.zeros(x_m.size, np.int32), np.zeros(x_m.size), np.zeros(x_m.size)


def evacuate(
    passages: list[Passage],
    zones: dict[str, tuple[str, int]],
    shelters: dict[str, tuple[str, float]],
    orders: list[dict[str, Any]],
    *,
    seed: int = 0,
    speed_mps: float | None = None,
) -> Simulation:
    """An evacuation on foot through passages; zones name a passage and people, shelters a passage and a capacity."""
    network = building(*passages)
    evacuation = {
        "zones": [{"id": name, "polygon": SQUARE, "population": people} for name, (_, people) in zones.items()],
        "orders": orders,
        "preparation": AT_ONCE,
        "households": {"mean_size": 1},
        "shelters": [{"id": name, "at": [9.0, 47.0]} for name in shelters],
    }
    walking = {} if speed_mps is None else {"speed_mps": speed_mps, "speed_sd_mps": 0.0}
    scenario = make_scenario(evacuation=evacuation, walking=walking, seed=seed, duration_s=4000)
    assert isinstance(scenario.evacuation, Evacuation)
    city = Corridors(network, {name: passage for name, (passage, _) in zones.items()})
    ends = [network.link_row[passage] for passage, _ in shelters.values()]
    count = len(shelters)
    havens = Havens(
        id=tuple(shelters),
        is_exit=np.zeros(count, np.bool_),
        is_pickup=np.zeros(count, np.bool_),
        capacity=np.array([capacity for _, capacity in shelters.values()]),
        turns_away=np.ones(count, np.bool_),
        reserved=np.zeros(count, np.bool_),
        announced_s=np.full(count, np.inf),
        by=np.tile([True, False, False, False], (count, 1)),
        walk_link=np.array(ends, np.int32),
        walk_m=network.links.length_m[ends],
        road_link=np.full(count, -1, np.int32),
        road_m=np.full(count, np.nan),
    )
    zones_of, modes = scenario.evacuation.zones, scenario.evacuation.modes
    people = people_of(zones_of, (), (), modes, 1.0, 5, havens, (), (), None, city, seed, 4000.0)
    nobody = TripTable.joined([])
    return Simulation(scenario, ROADS, nobody, on_foot=OnFoot(network, nobody, people))


def clearance_s(simulation: Simulation) -> float:
    """When the last one was safe, s."""
    for t_s in range(100, 4001, 100):
        simulation.run(t_s)
        if not np.isnan(simulation.rescue.evacuees.safe_s).any():
            break
    return float(simulation.rescue.evacuees.safe_s.max())


FORK = [Passage("home", "fork", 60, 30), Passage("fork", "one", 40, 30), Passage("fork", "two", 40, 30)]
NOW = [{"zones": ["town"], "start_s": 0}]


@pytest.mark.parametrize("people, case", [(1000, "c4a_shelters"), (1100, "c4b_shelters")])
def test_city_c4_shelters_fill_up_and_who_is_left_over_is_listed(expected, people, case):
    shelters = {"one": ("fork-one", 600), "two": ("fork-two", 400)}
    simulation = evacuate(FORK, {"town": ("home-fork", people)}, shelters, NOW)
    simulation.run(1500.0)
    evacuees = simulation.rescue.evacuees
    assert evacuees.occupancy.tolist() == [600, 400]
    unsheltered = int((evacuees.doing == STRANDED).sum())
    assert unsheltered == people - 1000
    assert expected[case] in ("600 and 400, 0 unsheltered", str(unsheltered))


BOTTLENECK_M = 5.0 / 1.225  # five people a second
FUNNEL = [
    Passage("west", "square", 30, 60),
    Passage("east", "square", 30, 60),
    Passage("square", "gate", 30, 60),
    Passage("gate", "way", 30, BOTTLENECK_M),
    Passage("way", "park", 30, 60),
]
TWO = {"a": ("west-square", 2000), "b": ("east-square", 2000)}


def longest_queue(simulation: Simulation, until_s: int) -> int:
    """Most people at a time who have left home and are not through the bottleneck."""
    most, walkers = 0, simulation.model.walkers
    through = walkers.walks.first_cell[2 * walkers.network.link_row["gate-way"]]
    for t_s in range(20, until_s, 20):
        simulation.run(t_s)
        left = int((simulation.rescue.evacuees.left_s <= t_s).sum())
        most = max(most, left - int(walkers.walks.cell_i[0, walking_tables.CAME_IN, through]))
    return most


def test_city_c5_staged_orders_take_as_long_and_halve_the_queue(expected):
    assert expected["c5_staging"] == "800 both; about 4000 vs about 2000"
    queues = []
    for second_s in (0.0, 400.0):
        orders = [{"zones": ["a"], "start_s": 0}, {"zones": ["b"], "start_s": second_s}]
        simulation = evacuate(FUNNEL, TWO, {"park": ("way-park", 9999)}, orders)
        queues.append(longest_queue(simulation, 400 + 40))
        walk_s = 90.0  # to the bottleneck and beyond it, for the last one
        assert clearance_s(simulation) == pytest.approx(800.0 + walk_s, rel=0.08)
    assert queues[0] == pytest.approx(4000, rel=0.05) and queues[1] == pytest.approx(2000, rel=0.08)


def bridges_clear_s(closes_s: int | None) -> float:
    """9,000 people before two bridges side by side; from the first one beyond them to the last, s.

    They are bound half for the end of either bridge and stand mixed; beyond the bridges one can go across.
    """
    width_m = 4.5 / WEIDMANN_PER_M_S
    network = building(
        Passage("a", "b", 30, 20),
        *(Passage("b", end, 20, width_m) for end in "cd"),
        Passage("c", "d", 5, 20),
        Passage("c", "e", 5, 20),
        Passage("d", "f", 5, 20),
    )
    depart_s = 1e-4 * np.arange(4500)
    walkers = walking(
        network, people_of_links(network, [("a-b", end, depart_s) for end in ("c-e", "d-f")], origin_m=30)
    )
    detours, shut = WalkDetours(walkers, WalkRouter(walkers, 1.34)), np.zeros(walkers.link_of.size, np.bool_)
    for second in range(2000):
        if second == closes_s:
            shut = walkers.link_of == network.link_row["b-c"]
            walkers.walks.cell_f[0, walking_tables.STORE, shut] = 0.0
            detours.closed = walkers.of_links(0, shut) > 0.0
        walkers.advance(second, second + 1)
        if shut.any() and second % 10 == 0:
            detours.find(shut)
    assert (walkers.people.status[0] == walking_tables.ARRIVED).all()
    return float(np.ptp(walkers.people.arrived_s[0]))


def test_city_c6_a_bridge_closes_and_everybody_takes_the_other(expected):
    assert expected["c6_bridge_closes"] == "1400 (base 1000)"
    assert bridges_clear_s(None) == pytest.approx(1000.0, rel=0.05)
    assert bridges_clear_s(600) == pytest.approx(1400.0, rel=0.05)


def test_city_c10_more_room_an_earlier_order_and_faster_people_never_clear_later():
    def last_s(**change: Any) -> float:
        keys = {"width_m": 3.0, "start_s": 200.0, "length_m": 60.0, "speed_mps": 1.2} | change
        passages = [Passage("home", "gate", 20, 40), Passage("gate", "park", keys["length_m"], keys["width_m"])]
        orders = [{"zones": ["town"], "start_s": keys["start_s"]}]
        zones, shelters = {"town": ("home-gate", 600)}, {"park": ("gate-park", 9999)}
        return clearance_s(evacuate(passages, zones, shelters, orders, seed=3, speed_mps=keys["speed_mps"]))

    base_s = last_s()
    for change in ({"width_m": 4.5}, {"start_s": 100.0}, {"length_m": 45.0}, {"speed_mps": 1.5}):
        assert last_s(**change) <= 1.02 * base_s, change
