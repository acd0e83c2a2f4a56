"""Laws of random trips: what was asked for, possible, and each trip on its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.places import find_places
from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.trips import build_trips, check_demand_files

from .demand_case import lon_lat, random_demand, scenario, town


@settings(max_examples=25)
@given(seed=st.integers(0, 2**63 - 1), per_hour=st.floats(1, 3000), least_m=st.sampled_from([0.0, 300.0, 900.0]))
def test_trips_are_as_asked_for(seed, per_hour, least_m):
    network, places = town(), find_places(town())
    demand = random_demand(per_hour=per_hour, min_distance_m=least_m, start_s=600.0, end_s=3000.0)
    trips = build_trips(scenario(demand, seed=seed), network)
    assert len(trips) == round(per_hour * 2400 / 3600)
    assert len(set(trips.id)) == len(trips)
    assert (np.diff(trips.depart_s) >= 0).all()
    assert ((trips.depart_s >= 600) & (trips.depart_s < 3000)).all()
    assert places.may_begin[trips.origin_link].all()
    assert places.may_end[trips.destination_link].all()
    assert (trips.origin_link != trips.destination_link).all()
    assert (network.links.twin[trips.origin_link] != trips.destination_link).all()
    away_m = np.hypot(
        places.x_m[trips.origin_link] - places.x_m[trips.destination_link],
        places.y_m[trips.origin_link] - places.y_m[trips.destination_link],
    )
    assert (away_m >= least_m).all()


def rows(trips):
    """Each trip by id, as plain values."""
    columns = [
        trips.depart_s,
        trips.origin_link,
        trips.destination_link,
        trips.origin_m,
        trips.destination_m,
        trips.key,
    ]
    return {name: tuple(repr(column[row]) for column in columns) for row, name in enumerate(trips.id)}


def test_one_more_trip_changes_no_other():
    fewer = rows(build_trips(scenario(random_demand(per_hour=400.0, min_distance_m=600.0)), town()))
    more = rows(build_trips(scenario(random_demand(per_hour=401.0, min_distance_m=600.0)), town()))
    assert len(more) == len(fewer) + 1
    assert fewer.items() <= more.items()


def test_another_item_changes_no_other():
    alone = rows(build_trips(scenario(random_demand(id="morning")), town()))
    both = rows(build_trips(scenario(random_demand(per_hour=50.0), random_demand(id="morning")), town()))
    assert alone.items() <= both.items()
    assert len(both) == len(alone) + 50


def test_a_seed_repeats_and_another_differs():
    one, same, other = (rows(build_trips(scenario(random_demand(), seed=seed), town())) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_long_streets_begin_more_trips():
    network, places = town(), find_places(town())
    trips = build_trips(scenario(random_demand(per_hour=50_000.0)), network)
    possible = places.may_begin
    share = np.bincount(trips.origin_link, minlength=network.link_count) / len(trips)
    wanted = np.where(possible, network.links.length_m, 0) / network.links.length_m[possible].sum()
    np.testing.assert_allclose(share, wanted, atol=4 * np.sqrt(wanted.max() / len(trips)))
    hourly = np.histogram(trips.depart_s, bins=12, range=(0, 3600))[0]
    assert ((hourly - len(trips) / 12) ** 2 / (len(trips) / 12)).sum() < 37.4  # chi-squared, 11, 1 in 10,000


def test_a_distance_that_the_map_does_not_hold_is_said():
    problems = check_demand_files(scenario(random_demand(min_distance_m=5000.0)), town())
    assert describe(problems) == (
        "demand[0].min_distance_m = 5000.0  no two streets of this map lie so far apart (the map is 1,140 m across). "
        "Lower it.\n1 problem, nothing was run."
    )


def test_people_live_where_the_grid_says(tmp_path):
    network: RoadNetwork = town()
    places = find_places(network)
    x_m, y_m = np.meshgrid(np.arange(-150, 900, 250.0), np.arange(-150, 900, 250.0))
    lon, lat = lon_lat(network, x_m.ravel(), y_m.ravel())
    people = np.where(x_m.ravel() < 300, 100, 0)
    grid = tmp_path / "grid.csv"
    grid.write_text(
        "id,population,lon,lat\n" + "".join(f"{i},{people[i]},{lon[i]},{lat[i]}\n" for i in range(people.size))
    )
    demand = random_demand(weights="population", file=grid)
    trips = build_trips(scenario(demand), network)
    assert (places.x_m[trips.origin_link] < 300 + 125).all()
    assert (places.x_m[trips.destination_link] > 450).any()


@pytest.mark.parametrize(
    "text, said",
    [
        ("population,lon,lat\n", "grid.csv  holds a header but no rows. Was the export cut off?"),
        ("population,lon,lat\n-5,9,0\n", "grid.csv:2  population = -5.0  must be at least 0."),
        ("people,lon,lat\n5,9,0\n", "grid.csv:1  has no column `population`. It has: people, lon, lat."),
        ("population,lon,lat\n5,9,200\n", "grid.csv:2  lat = 200.0  must lie between -90 and 90°."),
        (
            "population,lon,lat\n5,60,24\n",
            "grid.csv  nobody lives along the streets of grid 4 x 4 as this grid goes. Another city?",
        ),
    ],
)
def test_a_broken_grid_is_explained(tmp_path, monkeypatch, text, said):
    monkeypatch.chdir(tmp_path)
    grid = tmp_path / "grid.csv"
    grid.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        build_trips(scenario(random_demand(weights="population", file=grid)), town())
    assert describe(caught.value.problems) == f"{said}\n1 problem, nothing was run."


def test_buildings_need_an_openstreetmap_file():
    [problem] = check_demand_files(scenario(random_demand(weights="buildings")), town())
    assert (problem.key, problem.value) == ("demand[0].weights", "buildings")
    assert "needs a city from an OpenStreetMap file" in problem.text
