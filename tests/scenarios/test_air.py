"""What a scenario says of the air is read as it stands; what is wrong with it is told in words, all at once."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from traffic_case import make_scenario, write_scenario

from citytwin.agents.weather import Place, weather_of
from citytwin.kernels.air_surface_layer import sideways_mps
from citytwin.scenarios.air import Air
from citytwin.scenarios.air_places import air_inputs, check_air_places, receptor_places
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.scenario import check_scenario, load_scenario

WEATHER = {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270}
FLEET = {"country": "DE", "year": 2024}
STACK = {"kind": "stack", "height_m": 30, "diameter_m": 1, "exit_speed_mps": 8, "exit_temperature_c": 120}
HERE, THERE = [9.001, 47.001], [9.5, 47.4]
ZONE = [[8.999, 46.999], [9.003, 46.999], [9.003, 47.003], [8.999, 47.003]]
SERIES = "t_s,wind_mps,wind_from_deg\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def problems(folder: Path, *, duration_s: float = 600, **air: Any) -> list[str]:
    path = write_scenario(folder, demand=[], duration_s=duration_s, air={"meteorology": WEATHER, "fleet": FLEET} | air)
    return [str(problem).removeprefix("town.yaml:1  ") for problem in check_scenario(path)]


# ruff: noqa: E501 (a message is one line)
def test_what_is_right_has_no_problems(here):
    (here / "rates.csv").write_text("t_s,nox_gps,pm10_gps\n0,1,0\n300,2,0\n")
    (here / "met.csv").write_text(f"{SERIES}0,3,0\n300,0,90\n")
    sources = [STACK | {"id": "one", "at": HERE, "rates_gps": {"nox": 1}}]
    sources.append({"id": "two", "kind": "area", "polygon": ZONE, "rates_file": "rates.csv"})
    receptors = [{"id": "a", "kind": "point", "at": HERE}, {"id": "b", "kind": "grid"}]
    receptors.append({"id": "c", "kind": "residents", "polygon": ZONE, "population": 100})
    assert problems(here, sources=sources, receptors=receptors, meteorology={"kind": "series", "file": "met.csv"}) == []


def test_what_is_wrong_in_the_block(here):
    wrong = [
        STACK | {"id": "far", "at": THERE, "rates_gps": {"nox": 1}},
        STACK | {"id": "far", "at": HERE},
        STACK | {"id": "late", "at": HERE, "rates_gps": {"nox": 1}, "start_s": 700},
    ]
    grid = {"id": "fine", "kind": "grid", "spacing_m": 5, "polygon": [[8, 46], [10, 46], [10, 48], [8, 48]]}
    assert problems(here, sources=wrong, receptors=[grid], fleet={"country": "XX", "year": 2024}) == [
        'air.fleet.country = "XX"  no such fleet. All: {country: DE, year: 2024}, {country: DE-HE, year: 2020}.',
        "air.sources[1].rates_gps  emits nothing. Give `rates_gps: {nox: 1.5}` in g/s, or `rates_file`.",
        "air.sources[2].start_s = 700  is not before the end of the run (duration_s = 600): nothing would come of it.",
        'air.sources[1].id = "far"  is the id of air.sources[0] already. Ids differ.',
        "air.sources[0].at = [9.5, 47.4]  is 57.8 km from the nearest street of town. Wrong place, or swapped?",
        "air.receptors[0].spacing_m = 5  has 200,000 places with all other receptors, at most 100,000 can be worked out. Take a wider spacing.",
    ]


def test_values_out_of_range_and_unknown_keys(here):
    found = problems(
        here,
        meteorology=WEATHER | {"wind_kmh": 12, "temperature_c": 288, "wind_mps": -1, "obukhov_length_m": 0},
        sources=[STACK | {"id": "a", "at": HERE, "rates_gps": {"nox": -1, "soot": 1}}],
        emissions="cars",
    )
    assert found == [
        "air.meteorology.wind_mps = -1  must be at least 0.",
        "air.meteorology.temperature_c = 288  must be at most 60.",
        "air.meteorology.obukhov_length_m = 0  must be at least 1 m, or at most -1 m. Neutral air: leave it out.",
        'air.meteorology.wind_kmh = 12  no such key. Closest: "wind_mps", "wind_from_deg", "wind_height_m". Allowed here: cloud_share, friction_velocity_mps, kind, mixing_height_m, obukhov_length_m, radiation_wpm2, roughness_m, temperature_c, utc_offset_h, wind_from_deg, wind_height_m, wind_mps, wind_sideways_mps.',
        "air.sources[0].rates_gps.nox = -1  must be at least 0.",
        'air.sources[0].rates_gps.soot = 1  must be "nox", "no2", "pm10", "pm25", "co" or "voc".',
        'air.emissions = "cars"  must be "links" or "vehicles".',
    ]


def test_nobody_emits_and_the_wind_is_measured_between_buildings(here):
    weather = WEATHER | {"roughness_m": 1.2, "wind_height_m": 7}
    assert problems(here, fleet=None, meteorology=weather) == [
        "air.meteorology.wind_height_m = 7  must be above 7.2 m: up to there the wind is between the buildings (6 × roughness_m).",
        "air  nobody emits anything: give `fleet` for what traffic emits, or `sources`.",
    ]


def test_what_is_wrong_with_a_series_of_weather(here):
    series = {"kind": "series", "file": "met.csv"}
    (here / "met.csv").write_text("t_s,wind_kmh,wind_from_deg\n0,10,90\n")
    assert problems(here, meteorology=series) == [
        "met.csv:1  wind_kmh  is in km/h: divide by 3.6 and call it `wind_mps`."
    ]
    (here / "met.csv").write_text("t_s,wind_kmh,wind_from_deg,cloud_share\n0,10,-90,0.5\n9000,10,90,3\n")
    assert problems(here, meteorology=series, duration_s=10_000) == [
        "met.csv:1  wind_kmh  is in km/h: divide by 3.6 and call it `wind_mps`.",
        "met.csv:2  wind_from_deg = -90.0  must lie between 0 and 360°.",
        "met.csv:3  cloud_share = 3.0  must lie between 0 and 1. In eighths or per cent?",
        "met.csv:3  t_s = 9000.0  follows 0 s: the weather of 5400 s is missing. Give a row for every hour at least.",
    ]
    (here / "met.csv").write_text(
        "t_s,wind_mps,wind_from_deg,temperature_c,cloud_share,stability\n60,90,400,288,8,G\n9000,,90,,,\n8000,2,90,,,\n"
    )
    assert problems(here, meteorology=series, duration_s=20_000) == [
        "met.csv:2  wind_mps = 90.0  must lie between 0 and 60 m/s. In km/h?",
        "met.csv:2  wind_from_deg = 400.0  must lie between 0 and 360°. Missing values written as numbers?",
        "met.csv:2  temperature_c = 288.0  must lie between -60 and 60 °C. In kelvin?",
        "met.csv:2  cloud_share = 8.0  must lie between 0 and 1. In eighths or per cent?",
        'met.csv:2  stability = "G"  must be one of A, B, C, D, E, F, or nothing.',
        "met.csv:2  t_s = 60.0  is the first time, but the run begins at 0 s. Give the weather from its beginning.",
        'met.csv:3  wind_mps = ""  is empty: give a number m/s.',
        "met.csv:3  t_s = 9000.0  follows 60 s: the weather of 5340 s is missing. Give a row for every hour at least.",
        "met.csv:4  t_s = 8000.0  is not after 9000 s in the row before. Sort the rows by time.",
        "met.csv:4  t_s = 8000.0  is the last time, but the run ends at 20000 s. Give the weather to its last hour.",
    ]


def test_what_is_wrong_with_rates(here):
    source = STACK | {"id": "a", "at": HERE, "rates_file": "rates.csv"}
    (here / "rates.csv").write_text("t_s,nox_gps\n0,-1\n60,x\n60,1\n")
    assert problems(here, sources=[source]) == [
        "rates.csv:2  nox_gps = -1.0  must be at least 0 g/s.",
        'rates.csv:3  nox_gps = "x"  is not a number.',
        "rates.csv:4  t_s = 60.0  is not after 60 s in the row before. Sort the rows by time.",
    ]
    (here / "rates.csv").write_text("t_s,nox_kgph\n0,1\n")
    found = problems(here, sources=[source])
    assert found[0] == "rates.csv:1  has a column `nox_kgph`, which means nothing here. Is it `nox_gps`?"
    assert found[1].startswith("rates.csv:1  has no rates. Its columns are called nox_gps, no2_gps")


def test_a_point_inside_a_building_is_refused(here):
    path = write_scenario(
        here,
        demand=[],
        air={"meteorology": WEATHER, "fleet": FLEET, "receptors": [{"id": "in", "kind": "point", "at": HERE}]},
    )
    assert check_scenario(path) == []
    corners = [(46.9995, 9.0005), (46.9995, 9.0015), (47.0015, 9.0015), (47.0015, 9.0005)]
    nodes = "".join(f'<node id="{900 + k}" lat="{lat}" lon="{lon}"/>' for k, (lat, lon) in enumerate(corners))
    refs = "".join(f'<nd ref="{900 + k % 4}"/>' for k in range(5))
    town = (here / "town.osm").read_text()
    told = "town.yaml:1  air.receptors[0].at = [9.001, 47.001]  lies inside a building. Take a place in the open, in front of it."
    relation = (
        '<relation id="1"><member type="way" ref="999" role="outer"/><tag k="type" v="multipolygon"/>%s</relation>'
    )
    for building in (f'<way id="999">{refs}%s</way>', f'<way id="999">{refs}</way>{relation}'):
        for more, wanted in (
            ("", [told]),
            ('<tag k="height" v="1.2"/>', []),
            ('<tag k="location" v="underground"/>', []),
        ):
            tags = f'<tag k="building" v="yes"/>{more}'
            (here / "town.osm").write_text(town.replace("</osm>", f"{nodes}{building % tags}</osm>"))
            assert [str(one) for one in check_scenario(path)] == wanted


def test_what_is_wrong_with_canyons(here):
    assert problems(here, canyons={"heights": "osm", "assumed_m": 0}) == [
        'air.canyons.heights = "osm"  must be "map" or "none".',
        "air.canyons.assumed_m = 0  must be above 0.",
    ]
    assert problems(here, canyons={"heights": "none", "assumed_m": 12}) == [
        "air.canyons.assumed_m = 12  is given, but with `heights: none` all streets are open. Keep one."
    ]
    assert problems(here, canyons={"height_m": 12}) == [
        'air.canyons.height_m = 12  no such key. Closest: "heights". Allowed here: assumed_m, heights.'
    ]


def test_a_height_is_assumed_only_where_a_map_says_where_houses_stand(here):
    write_scenario(here)
    network = load_network(here / "town.osm")
    air = {"meteorology": WEATHER, "fleet": FLEET, "canyons": {"assumed_m": 12}}
    assert [str(one) for one in check_air_places(make_scenario(air=air), network)] == [
        "air.canyons.assumed_m  is given, but no map says where houses stand: this city is not an OpenStreetMap file. Leave it out."
    ]


def test_rates_hold_until_the_next_row_and_only_in_their_time(here):
    (here / "rates.csv").write_text("t_s,nox_gps\n0,1\n100,4\n")
    source = STACK | {"id": "a", "at": HERE, "rates_file": "rates.csv", "start_s": 50, "end_s": 250}
    air = {"meteorology": WEATHER, "sources": [source]}
    (rates,) = air_inputs(load_scenario(write_scenario(here, demand=[], air=air))).rates
    mean = [rates.mean_gps(a, b)[0] for a, b in ((0, 50), (50, 150), (0, 100), (100, 200), (200, 300), (300, 400))]
    assert mean == pytest.approx([0, 1, 0.5, 2.5, 2.0, 0])


def test_weather_of_a_time(here):
    (here / "met.csv").write_text(f"{SERIES}-600,1,0\n0,2,0\n300,3,0\n")
    air = {"meteorology": {"kind": "series", "file": "met.csv"}, "fleet": FLEET}
    states = air_inputs(load_scenario(write_scenario(here, demand=[], air=air))).weather
    assert [states.wind_mps[states.at(t_s)] for t_s in (0.0, 299.9, 300.0, 9000.0)] == [2, 2, 3, 3]
    assert np.isnan(states.cloud_share).all() and (states.temperature_c == 15.0).all()


def test_how_much_the_wind_turns_may_have_been_measured(here):
    (here / "met.csv").write_text("t_s,wind_mps,wind_from_deg,wind_sideways_mps\n0,3,0,0.4\n300,3,0,\n")
    air = {"meteorology": {"kind": "series", "file": "met.csv"}, "fleet": FLEET}
    states = air_inputs(load_scenario(write_scenario(here, demand=[], air=air))).weather
    place = Place(dt.datetime(2026, 5, 4, 7), 47.0, 9.0)
    measured, derived = (weather_of(states, row, place).layer() for row in (0, 1))
    assert measured.sigma_v_mps == 0.4 != derived.sigma_v_mps
    assert derived.sigma_v_mps == pytest.approx(sideways_mps(derived.ustar_mps, 0.0))
    (here / "met.csv").write_text("t_s,wind_mps,wind_from_deg,sigma_theta_deg\n0,3,0,8\n")
    assert problems(here, meteorology=air["meteorology"]) == [
        "met.csv:1  sigma_theta_deg  is an angle: give its sine times the wind and call it `wind_sideways_mps`."
    ]
    assert problems(here, meteorology=WEATHER | {"wind_sideways_mps": 12}) == [
        "air.meteorology.wind_sideways_mps = 12  must be at most 10."
    ]


def test_receptors_are_where_they_are_said_to_be(here):
    write_scenario(here)
    network = load_network(here / "town.osm")
    receptors = [{"id": "p", "kind": "point", "at": HERE, "height_m": 3}]
    receptors.append({"id": "g", "kind": "grid", "spacing_m": 100, "polygon": ZONE})
    receptors.append({"id": "r", "kind": "residents", "polygon": ZONE, "population": 120})
    air = Air.model_validate({"meteorology": WEATHER, "fleet": FLEET, "receptors": receptors})
    places = receptor_places(air, network)
    of = [places.entry == row for row in range(3)]
    assert of[0].sum() == 1 and places.height_m[0] == 3.0 and places.id[:2] == ("p", "g/0")
    rows, columns = places.grids[1]
    assert of[1].sum() == rows * columns and np.diff(places.x_m[of[1]][:columns]) == pytest.approx(100.0)
    assert places.people[of[2]].sum() == pytest.approx(120.0) and not places.people[~of[2]].any()
    assert len(np.unique(np.column_stack([places.x_m[of[2]], places.y_m[of[2]]]), axis=0)) == of[2].sum()
