"""Every number that may be calibrated writes itself into a scenario, and says in words where it cannot."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError
from traffic_case import write_scenario

from citytwin.scenarios.calibrated_kinds import DriverNumber, Number
from citytwin.scenarios.calibrated_numbers import change_of, number_troubles, with_change
from citytwin.scenarios.planned_streets import planned_streets
from citytwin.scenarios.scenario import load_scenario

AIR = {
    "meteorology": {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270, "temperature_c": 12, "cloud_share": 0.5},
    "fleet": {"country": "DE", "year": 2024},
    "sources": [
        {"id": "plant", "kind": "stack", "at": [9.0, 50.0], "height_m": 30, "diameter_m": 1, "exit_speed_mps": 8}
        | {"exit_temperature_c": 120, "rates_gps": {"nox": 0.5}},
        {"id": "leak", "kind": "accident", "at": [9.0, 50.0], "height_m": 1, "start_s": 0, "released_g": {"co": 5000}},
        {"id": "works", "kind": "area", "polygon": [[9, 50], [9.001, 50], [9.001, 50.001]], "rates_gps": {"nox": 1}},
    ],
}
READ = TypeAdapter(Number)

KINDS = [  # what is said, name, unit, own value, another value, where the scenario then has it
    (
        {"kind": "route_spread", "low": 0, "high": 1},
        ("spread of route choice", "share", 0.1, 0.4),
        lambda scenario: scenario.routes.perception_noise,
    ),
    (
        {"kind": "free_speed", "road_class": "secondary", "low": 0.7, "high": 1.2},
        ("free speed on secondary", "limits", 1.0, 0.8),
        lambda scenario: scenario.network.speed_factors["secondary"],
    ),
    (
        {"kind": "headway", "road_class": "secondary", "low": 0.8, "high": 1.5},
        ("headways on secondary", "times", 1.0, 1.2),
        lambda scenario: scenario.network.headway_factors["secondary"],
    ),
    (
        {"kind": "signal", "junction": "node/12", "key": "offset_s", "low": 0, "high": 50},
        ("offset of node/12", "s", 0.0, 12.0),
        lambda scenario: next(event.offset_s for event in scenario.events if event.kind == "signal_plan"),
    ),
    (
        {"kind": "walking", "key": "door_per_m_s", "low": 1, "high": 3},
        ("walking.door_per_m_s", "people/(m·s)", 2.09, 1.8),
        lambda scenario: scenario.walking.door_per_m_s,
    ),
    (
        {"kind": "emission", "emitted": "nox", "low": 0.5, "high": 2},
        ("emission factors of nox", "times", 1.0, 1.3),
        lambda scenario: scenario.air.fleet.multiples["nox"],
    ),
    (
        {"kind": "source_rate", "source": "plant", "pollutant": "nox", "low": 0.1, "high": 2},
        ("nox of plant", "g/s or g", 0.5, 1.5),
        lambda scenario: scenario.air.sources[0].rates_gps["nox"],
    ),
    (
        {"kind": "source_rate", "source": "leak", "pollutant": "co", "low": 1, "high": 9000},
        ("co of leak", "g/s or g", 5000.0, 700.0),
        lambda scenario: scenario.air.sources[1].released_g["co"],
    ),
    (
        {"kind": "source_place", "source": "plant", "towards": "north", "low": -500, "high": 500},
        ("place of plant, north", "m", 0.0, 111.32),
        lambda scenario: 1e5 * (scenario.air.sources[0].at[1] - 50.0) * 1.1132,
    ),
    (
        {"kind": "key", "key": "air.sources.plant.height_m", "low": 10, "high": 80},
        ("air.sources.plant.height_m", "m", 30.0, 55.0),
        lambda scenario: scenario.air.sources[0].height_m,
    ),
]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("numbers")
    event = {"id": "slow", "kind": "speed_limit", "links": ["way/101:1-2"], "speed_kmh": 30, "start_s": 0}
    scenario = load_scenario(write_scenario(folder, air=AIR, events=[event]))
    return scenario, planned_streets(scenario)


@pytest.mark.parametrize("said, told, found", KINDS, ids=[f"{one[0]['kind']} {one[1][0]}" for one in KINDS])
def test_a_number_stands_where_it_belongs(town, said, told, found):
    scenario, network = town
    number = READ.validate_python(said)
    name, unit, own, other = told
    assert (number.name, number.unit) == (name, unit)
    assert list(number_troubles(scenario, network, [(("parameters", 0), number)])) == []
    assert number.own(scenario, network) == pytest.approx(own)
    changed = with_change(scenario, change_of(scenario, network, [number], [other]))
    assert found(changed) == pytest.approx(other)
    assert number.matters == pytest.approx((number.high - number.low) / 10.0)


def test_greens_of_a_signal_change_one_by_one(town):
    scenario, network = town
    numbers = [
        READ.validate_python(
            {"kind": "signal", "junction": "node/12", "key": "green_s", "phase": phase} | {"low": 5, "high": 60}
        )
        for phase in (0, 1)
    ]
    own = [number.own(scenario, network) for number in numbers]
    changed = with_change(scenario, change_of(scenario, network, numbers, [own[0] + 7.0, own[1]]))
    plan = next(event for event in changed.events if event.kind == "signal_plan")
    assert plan.green_s[:2] == (own[0] + 7.0, own[1])
    assert [event.id for event in changed.events] == ["slow", "calibrated node/12"]


def test_drivers_of_one_class_change_and_others_do_not(town):
    scenario, network = town
    number = DriverNumber(key="headway_s", vehicle_class="truck", low=1.0, high=3.0)
    changed = with_change(scenario, change_of(scenario, network, [number], [2.5]))
    of_class = {one.vehicle_class: one.drivers.headway_s for one in changed.drivers.populations()}
    assert (of_class["truck"], of_class["car"]) == (2.5, scenario.drivers.headway_s)
    assert number.own(changed, network) == 2.5


def test_free_speed_is_a_multiple_of_the_limit_on_roads_of_the_class_alone(town):
    scenario, network = town
    numbers = [READ.validate_python({"kind": "free_speed", "road_class": "secondary", "low": 0.5, "high": 1.5})]
    slower = planned_streets(with_change(scenario, change_of(scenario, network, numbers, [0.8])))
    assert slower.links.speed_mps == pytest.approx(0.8 * network.links.speed_mps)
    other = with_change(scenario, {"network": {"speed_factors": {"primary": 0.8}}})
    assert planned_streets(other).links.speed_mps == pytest.approx(network.links.speed_mps)


NEAR = 'Closest: "node/12", "node/13", "node/22".'
TOO_SHORT = "is too short: 2 green phases of 5 s, and 10 s of yellow and all-red, need 20 s."
WRONG = [
    (
        {"kind": "free_speed", "road_class": "primary", "low": 0.7, "high": 1.2},
        [("road_class", "no road of the city is of this class. It has: secondary.")],
    ),
    (
        {"kind": "signal", "junction": "node/21", "key": "offset_s", "low": 0, "high": 50},
        [
            (
                "junction",
                f"has no signals, or is none. {NEAR} List all: citytwin network FILE.",
            )
        ],
    ),
    (
        {"kind": "signal", "junction": "node/12", "key": "green_s", "phase": 9, "low": 5, "high": 50},
        [("phase", "there are 2 green phases, counted from 0.")],
    ),
    (
        {"kind": "signal", "junction": "node/12", "key": "cycle_s", "low": 12, "high": 90},
        [
            (
                "low",
                f"is not possible for cycle of node/12: {TOO_SHORT}",
            )
        ],
    ),
    (
        {"kind": "source_rate", "source": "plan", "pollutant": "nox", "low": 0.1, "high": 2},
        [("source", 'no such source of `air.sources`. Closest: "plant".')],
    ),
    (
        {"kind": "source_rate", "source": "plant", "pollutant": "nox", "low": 0.0, "high": 2},
        [("low", "must be above 0: a source that emits nothing is none.")],
    ),
    (
        {"kind": "source_place", "source": "works", "towards": "east", "low": 0, "high": 2},
        [("source", "is an area: only chimneys and accidents are looked for.")],
    ),
    (
        {"kind": "route_spread", "low": -1, "high": 9},
        [
            ("low", "is not possible for spread of route choice: input should be greater than or equal to 0."),
            ("high", "is not possible for spread of route choice: input should be less than or equal to 2."),
        ],
    ),
    (
        {"kind": "key", "key": "routes.perception_nose", "low": 0, "high": 1},
        [("key", 'there is no `perception_nose`. Closest: "perception_noise", "iterations".')],
    ),
    (
        {"kind": "key", "key": "routes.choice", "low": 0, "high": 1},
        [("key", "is no number of the scenario that has a value.")],
    ),
]


@pytest.mark.parametrize("said, told", WRONG, ids=[" ".join(map(str, one[0].values())) for one in WRONG])
def test_what_cannot_be_is_told_in_words(town, said, told):
    scenario, network = town
    found = list(number_troubles(scenario, network, [(("parameters", 3), READ.validate_python(said))]))
    assert found == [(("parameters", 3, key), text) for key, text in told]


@pytest.mark.parametrize(
    "keys, words",
    [({"low": 2, "high": 1}, "must be above low"), ({"low": 0, "high": 1, "prior": 3}, "must lie in low … high")],
)
def test_bounds_must_make_sense(keys, words):
    with pytest.raises(ValidationError, match=words):
        READ.validate_python({"kind": "route_spread"} | keys)
