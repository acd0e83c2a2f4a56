"""The scenarios that come with the package: each fits its city, and shows one thing in a few lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytwin.scenarios.city import bundled_cities
from citytwin.scenarios.inherit import LIBRARY, bundled_scenarios
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.network import CLASS_NAMES, ROAD_CLASSES
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import RandomTrips, check_scenario, load_scenario
from citytwin.scenarios.trips import build_trips

CITIES = ("helsinki", "monaco")
NAMES = ("incident", "morning", "road_closed", "signals_retimed")
PLANS_OF_DEMAND = tuple(
    f"monaco/{name}" for name in ("bus_line", "demand_scaled", "development", "low_emission_zone", "toll")
)  # tests/sim/test_demand_plans.py runs them
PLANS_OF_STREETS = tuple(
    name for name in bundled_scenarios() if load_scenario(name).streets
)  # test_street_plans.py too
EVACUATIONS = tuple(f"monaco/{name}" for name in ("evacuation", "evacuation_by_bus", "evacuation_staged"))
# tests/sim/test_evacuation_plans.py runs them
MONACO = tuple(
    f"monaco/{name}"
    for name in (
        "air",
        "air_low_emission_zone",
        "ammonia_release",
        "ammonia_stay_inside",
        "flood",
        "morning_adapted",
        "on_foot",
        "responders",
        "signals_actuated",
        "smog_alarm",
        "square",
    )
)
LONGEST = 18  # lines that are no comment


def test_what_is_bundled() -> None:
    assert set(bundled_cities()) == set(CITIES)
    everywhere = [f"{city}/{name}" for city in CITIES for name in NAMES]
    assert bundled_scenarios() == sorted([*everywhere, *MONACO, *PLANS_OF_DEMAND, *PLANS_OF_STREETS, *EVACUATIONS])


ORDERS_ONLY = ("monaco/ammonia_stay_inside",)  # whose places are all those of ammonia_release
CHECKED_ELSEWHERE = (*PLANS_OF_STREETS, *PLANS_OF_DEMAND, *EVACUATIONS, *ORDERS_ONLY)


@pytest.mark.parametrize("name", [name for name in bundled_scenarios() if name not in CHECKED_ELSEWHERE])
def test_each_fits_its_city(name: str) -> None:
    assert describe(check_scenario(name)) == "No problems found."


@pytest.mark.parametrize("name", bundled_scenarios())
def test_each_is_short_and_says_what_it_shows(name: str) -> None:
    text = (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert len([line for line in text.splitlines() if line and not line.startswith("#")]) <= LONGEST
    kinds = {
        "morning": [],
        "road_closed": ["road_closure"],
        "signals_retimed": ["signal_plan"],
        "signals_actuated": [],
        "incident": ["incident"],
    }
    scenario = load_scenario(name)
    assert [event.kind for event in scenario.events] == kinds.get(Path(name).name, [])
    assert scenario.duration_s == 7200


@pytest.mark.parametrize("city", CITIES)
def test_the_morning_fills_the_city_moderately(city: str) -> None:
    scenario = load_scenario(f"{city}/morning")
    (demand,) = scenario.demand
    assert isinstance(demand, RandomTrips)
    network = load_network(scenario.city.source, scenario.network)
    links = network.links
    main_m = sum(
        length / (2 if twin >= 0 else 1)
        for length, twin, row in zip(links.length_m, links.twin, links.road_class, strict=True)
        if ROAD_CLASSES[CLASS_NAMES[row]] >= ROAD_CLASSES["tertiary"]
    )
    per_km = {"helsinki": 200, "monaco": 100}[city]  # departures an hour and km of main road; Monaco jams at 200
    assert 0.95 * per_km <= demand.per_hour / (main_m / 1000) <= 1.05 * per_km
    assert len(build_trips(scenario, network)) == 2 * demand.per_hour
