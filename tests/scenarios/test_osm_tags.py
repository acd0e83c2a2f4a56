"""Tags of ways, one small case a line."""

from __future__ import annotations

import pytest

from citytwin.scenarios.osm_defaults import (
    COUNTRIES,
    LEFT_COUNTRIES,
    NARROW_KMH,
    NARROW_LANE_M,
    country_at,
    defaults_for,
    drives_on_left,
)
from citytwin.scenarios.osm_tags import access_bits, is_closed_barrier, layer_of, parse_speed, read_road
from citytwin.scenarios.streets import BICYCLE, BUS, CAR, EMERGENCY, FOOT, TRUCK

FI, GB = defaults_for("FI"), defaults_for("GB")


def road(highway="residential", *, urban=True, on_left=False, **tags):
    tags = {key.replace("__", ":"): value for key, value in tags.items()}
    return read_road({"highway": highway, **tags}, FI, urban=urban, on_left=on_left)


def lanes(**tags):
    """Lanes forward and backward."""
    found = road("secondary", **tags)
    return tuple(0 if d is None else len(d.lane_access) for d in (found.forward, found.backward))


@pytest.mark.parametrize(
    "tags, expected",
    [
        ({}, (1, 1)),
        ({"oneway": "yes"}, (2, 0)),
        ({"lanes": "2"}, (1, 1)),
        ({"lanes": "4"}, (2, 2)),
        ({"lanes": "3"}, (1, 1)),
        ({"lanes": "3", "lanes__forward": "2"}, (2, 1)),
        ({"lanes": "3", "lanes__backward": "2"}, (1, 2)),
        ({"lanes": "5", "lanes__both_ways": "1"}, (2, 2)),
        ({"lanes": "5", "lanes__forward": "2", "lanes__both_ways": "1"}, (2, 2)),
        ({"lanes__forward": "3", "lanes__backward": "1"}, (3, 1)),
        ({"lanes": "3", "oneway": "yes"}, (3, 0)),
        ({"lanes": "2", "oneway": "-1"}, (0, 2)),
        ({"lanes": "2", "oneway": "reverse"}, (0, 2)),
        ({"lanes": "2;3", "oneway": "yes"}, (2, 0)),
        ({"lanes": "2.5", "oneway": "yes"}, (2, 0)),
        ({"lanes": "0", "oneway": "yes"}, (2, 0)),
        ({"lanes": "many", "oneway": "yes"}, (2, 0)),
        ({"lanes": "-3", "oneway": "yes"}, (2, 0)),
        ({"lanes": "1e9", "oneway": "yes"}, (2, 0)),
        ({"lanes": "nan", "oneway": "yes"}, (2, 0)),
        ({"lanes": "1"}, (1, 1)),
        ({"turn__lanes": "left|through|right", "oneway": "yes"}, (3, 0)),
        ({"turn__lanes__forward": "left|through"}, (2, 1)),
        ({"lanes": "3", "turn__lanes__forward": "left|through"}, (2, 1)),
        ({"lanes": "3", "oneway": "yes", "busway__left": "opposite_lane"}, (2, 0)),
    ],
)
def test_lane_counts(tags, expected):
    assert lanes(**tags) == expected


@pytest.mark.parametrize(
    "tags, lanes_assumed, oneway_assumed",
    [
        ({}, True, True),
        ({"lanes": "2"}, False, True),
        ({"oneway": "no"}, True, False),
        ({"oneway": "yes", "lanes": "2"}, False, False),
        ({"oneway": "reversible", "lanes": "2"}, False, True),
    ],
)
def test_what_no_tag_says_is_marked_assumed(tags, lanes_assumed, oneway_assumed):
    assumed = road("primary", **tags).forward.assumed
    assert ("lanes" in assumed) == lanes_assumed
    assert ("oneway" in assumed) == oneway_assumed
    assert "speed_mps" in assumed


def test_one_lane_for_both_directions_is_two_narrow_ones():
    found = road(lanes="1")
    assert found.forward.lane_width_m == found.backward.lane_width_m == NARROW_LANE_M
    assert found.forward.speed_kmh == NARROW_KMH
    assert road(lanes="1", maxspeed="50").forward.speed_kmh == 50.0


@pytest.mark.parametrize("value", ["yes", "true", "1"])
def test_oneway(value):
    found = road(oneway=value)
    assert found.forward is not None
    assert found.backward is None


@pytest.mark.parametrize("junction", ["roundabout", "circular"])
def test_rings_are_one_way_without_saying_so(junction):
    found = road(junction=junction)
    assert found.roundabout
    assert found.backward is None


def test_motorways_are_one_way_unless_they_say_no():
    assert road("motorway").backward is None
    assert road("motorway", oneway="no").backward is not None
    assert road("motorway_link").backward is not None


def test_roads_that_change_direction_are_two_way_and_doubted():
    found = road(oneway="reversible")
    assert found.backward is not None
    assert "oneway=reversible" in found.doubts[0]


@pytest.mark.parametrize(
    "value, kmh",
    [
        ("50", 50.0),
        ("30 mph", 48.28032),
        ("30mph", 48.28032),
        ("50 km/h", 50.0),
        ("5.5", 5.5),
        ("walk", 7.0),
        ("RO:walk", 7.0),
        ("none", 120.0),
        ("50;30", 30.0),
        ("35 mph;40 mph", 56.32704),
        ("signals", None),
        ("variable", None),
        ("", None),
        ("-20", None),
        ("0", None),
        ("99999", None),
        ("DE:zone:30", 30.0),
        ("DE:zone30", 30.0),
        ("FI:urban", 50.0),
        ("FI:rural", 80.0),
        ("FI:motorway", 120.0),
        ("fi:living_street", 10.0),
        ("urban", None),
    ],
)
def test_speeds(value, kmh):
    found = parse_speed(value, FI)
    assert found == (None if kmh is None else pytest.approx(kmh))


def test_speed_by_direction_and_by_type():
    found = road(maxspeed="50", maxspeed__backward="30")
    assert (found.forward.speed_kmh, found.backward.speed_kmh) == (50.0, 30.0)
    assert road(maxspeed__type="FI:rural").forward.speed_kmh == 80.0
    assert road(source__maxspeed="FI:urban").forward.speed_kmh == 50.0
    assert "speed_mps" in road(source__maxspeed="2012").forward.assumed
    assert "speed_mps" in road(maxspeed="signals").forward.assumed


def test_assumed_speed_depends_on_country_and_land():
    assert road(urban=False).forward.speed_kmh == 80.0
    assert read_road({"highway": "primary"}, GB, urban=True, on_left=True).forward.speed_kmh == pytest.approx(
        48.28, abs=0.01
    )
    assert defaults_for("BR")["residential"].urban_kmh == 30.0
    assert defaults_for("")["residential"].urban_kmh == 40.0


def test_a_scenario_may_replace_defaults():
    table = defaults_for("FI", {"residential": {"speed_kmh": 20, "lanes_oneway": 2, "lane_width_m": None}})
    assert (table["residential"].urban_kmh, table["residential"].rural_kmh) == (20.0, 20.0)
    assert table["residential"].lanes_oneway == 2
    assert table["residential"].lane_width_m == 2.75
    assert table["primary"] == FI["primary"]


@pytest.mark.parametrize(
    "tags, open_to_cars",
    [
        ({"access": "no"}, False),
        ({"access": "private"}, False),
        ({"access": "no", "motor_vehicle": "yes"}, True),
        ({"access": "no", "motorcar": "yes"}, True),
        ({"motor_vehicle": "no", "motorcar": "yes"}, True),
        ({"motor_vehicle": "yes", "motorcar": "no"}, False),
        ({"vehicle": "no"}, False),
        ({"vehicle": "no", "motor_vehicle": "yes"}, True),
        ({"motor_vehicle": "agricultural"}, False),
        ({"motor_vehicle": "forestry"}, False),
        ({"access": "delivery"}, False),
        ({"access": "emergency"}, False),
        ({"access": "permissive"}, True),
        ({"access": "destination"}, True),
        ({"access": "unknown"}, True),
        ({"bicycle": "no"}, True),
    ],
)
def test_the_most_specific_access_key_wins(tags, open_to_cars):
    assert bool(access_bits(tags, "residential")[0] & CAR) == open_to_cars


def test_access_of_other_modes():
    bits, _ = access_bits({"motor_vehicle": "no", "bus": "yes", "emergency": "yes"}, "residential")
    assert not bits & (CAR | TRUCK)
    assert bits & BUS
    assert bits & BICYCLE
    assert bits & FOOT
    assert not access_bits({"hgv": "no"}, "residential")[0] & TRUCK
    assert not access_bits({}, "motorway")[0] & (BICYCLE | FOOT)


@pytest.mark.parametrize("value", ["destination", "customers"])
def test_last_leg(value):
    assert road(motor_vehicle=value).forward.destination_only
    assert not road(motor_vehicle="yes").forward.destination_only


def test_a_way_without_cars_is_no_road():
    assert road("footway") is None
    assert road("construction") is None
    assert road(area="yes") is None
    assert road(access="no", bus="yes") is None
    assert road(motor_vehicle__backward="no").backward is None


def test_bus_lanes_lie_at_the_kerb():
    found = road("primary", oneway="yes", lanes="3", busway="lane").forward.lane_access
    assert found[0] & BUS
    assert not found[0] & CAR
    assert all(lane & CAR for lane in found[1:])
    assert road("primary", oneway="yes", lanes="3", lanes__psv="2").forward.lane_access[1] & CAR == 0
    both = road("primary", lanes="4", busway="lane")
    assert both.forward.lane_access[0] & CAR == both.backward.lane_access[0] & CAR == 0


def test_listed_bus_lanes_lie_where_the_list_says():
    listed = {"oneway": "yes", "lanes": "3", "bus__lanes": "yes|yes|designated"}
    assert road("primary", **listed).forward.lane_access[0] & CAR == 0  # the right lane is at the kerb
    assert road("primary", on_left=True, **listed).forward.lane_access[2] & CAR == 0


def test_a_street_with_nothing_but_a_bus_lane_keeps_one_for_cars():
    found = road("primary", oneway="yes", lanes="1", busway="lane").forward.lane_access
    assert found[0] & CAR
    assert road("primary", oneway="yes", lanes="1", bus__lanes="designated").forward.lane_access[0] & CAR
    assert len(road("primary", oneway="yes", busway="lane").forward.lane_access) == 3  # two assumed, one tagged


def test_emergency_vehicles_may_use_bus_lanes():
    assert road("primary", oneway="yes", lanes="2", busway="lane").forward.lane_access[0] & EMERGENCY


def test_turn_arrows():
    found = road("primary", oneway="yes", lanes="3", turn__lanes="left|through;right|")
    assert found.forward.turn_lanes == (("left",), ("through", "right"), ())
    assert road("primary", oneway="yes", lanes="2", turn__lanes="left|through|right").forward.turn_lanes is None
    two_way = road("primary", lanes="4", turn__lanes__backward="left|through")
    assert two_way.forward.turn_lanes is None
    assert two_way.backward.turn_lanes == (("left",), ("through",))
    assert road("primary", lanes="2", turn__lanes="left").forward.turn_lanes is None  # of which direction?


@pytest.mark.parametrize(
    "tags, layer",
    [
        ({}, 0),
        ({"layer": "2"}, 2),
        ({"layer": "-1;1"}, -1),
        ({"bridge": "yes"}, 1),
        ({"bridge": "viaduct", "layer": "3"}, 3),
        ({"tunnel": "yes"}, -1),
        ({"tunnel": "building_passage"}, 0),
        ({"tunnel": "no", "bridge": "no"}, 0),
        ({"layer": "up"}, 0),
        ({"layer": "1e400"}, 0),
    ],
)
def test_layers(tags, layer):
    assert layer_of(tags) == layer


@pytest.mark.parametrize(
    "tags, closed",
    [
        ({"barrier": "bollard"}, True),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
        ({"barrier": "gate"}, False),
        ({"barrier": "gate", "access": "private"}, True),
        ({"barrier": "lift_gate", "access": "no", "motorcar": "yes"}, False),
        ({"barrier": "toll_booth"}, False),
        ({"barrier": "kerb"}, False),
        ({}, False),
    ],
)
def test_barriers(tags, closed):
    assert is_closed_barrier(tags) == closed


@pytest.mark.parametrize(
    "lon, lat, code",
    [
        (24.94, 60.17, "FI"),
        (7.42, 43.74, "MC"),
        (9.52, 47.14, "LI"),
        (-1.52, 53.82, "GB"),
        (-122.6, 45.5, "US"),
        (-51.2, -30.05, "BR"),
        (121.47, 31.23, "CN"),
        (121.52, 25.05, "TW"),
        (13.43, 52.48, "DE"),
        (-8.6, 41.15, "PT"),
        (0.0, 0.0, ""),
    ],
)
def test_countries(lon, lat, code):
    assert country_at(lon, lat) == code


def test_sides():
    assert drives_on_left("GB")
    assert drives_on_left("MT")
    assert not drives_on_left("FI")
    assert not drives_on_left("")
    assert {code for code, country in COUNTRIES.items() if country.left} <= LEFT_COUNTRIES
