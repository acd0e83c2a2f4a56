"""A new development: as many come and go as its rates say, when they say, and each trip on its own."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.areas import links_in
from citytwin.scenarios.demand_development import DEFAULT_RATES, read_rates
from citytwin.scenarios.demand_kinds import Development
from citytwin.scenarios.places import find_places
from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.trips import build_trips, check_demand_files

from .demand_case import scenario, square, town

SITE = square(town(), 100.0, 100.0, 350.0)[:4]
RATES = "use,start_hour,end_hour,in_per_hour,out_per_hour\nhall,7,8,0,1\nhall,8,9,2,0\nhall,19,20,0,2\n"


def development(**values) -> Development:
    keys = {"kind": "development", "id": "site", "polygon": SITE, "uses": {"dwelling": 200, "office_m2": 3000}}
    return Development.model_validate({key: value for key, value in (keys | values).items() if value is not None})


def trips_of(duration_s=7200.0, seed=1, **values):
    return build_trips(scenario(development(**values), duration_s=duration_s, seed=seed), town())


def test_as_many_come_and_go_as_the_rates_say():
    """7 to 9 h, a dwelling 0.1 in and 0.3 out, a m² of office 0.014 in and 0.002 out an hour."""
    trips = trips_of()
    counts = {way: sum(f"/{way}/" in name for name in trips.id) for way in ("in", "out")}
    assert counts == {"in": 2 * (20 + 42), "out": 2 * (60 + 6)}
    inside, places = links_in(town(), SITE), find_places(town())
    comes = np.array(["/in/" in name for name in trips.id])
    assert inside[trips.destination_link[comes]].all() and inside[trips.origin_link[~comes]].all()
    assert 0 < inside[trips.origin_link[comes]].mean() < 0.5  # neighbours too
    assert places.may_begin[trips.origin_link].all() and places.may_end[trips.destination_link].all()
    assert (trips.origin_link != trips.destination_link).all()


def test_the_shipped_rates_are_the_handbook_s_daily_ones():
    rates, complaints = read_rates(DEFAULT_RATES)
    assert not complaints
    day = {
        use: sum(float(rate.over(way, 0.0, 86_400.0).cumulated[-1]) for way in ("in", "out"))
        for use, rate in rates.items()
    }
    # ITE, 11th edition, car trips a day: low-rise flats 6.74 a dwelling, offices 10.84 and shops 37.01 per 1,000 ft²
    assert day == pytest.approx({"dwelling": 6.74, "office_m2": 10.84 / 92.903, "shop_m2": 37.01 / 92.903}, rel=0.1)


def test_they_set_out_when_the_rates_say(tmp_path):
    (tmp_path / "rates.csv").write_text(RATES)
    trips = trips_of(duration_s=3 * 86_400.0, rates=tmp_path / "rates.csv", uses={"hall": 40})
    hour = (7.0 + trips.depart_s / 3600.0) % 24
    comes = np.array(["/in/" in name for name in trips.id])
    assert (comes.sum(), (~comes).sum()) == (3 * 80, 3 * (40 + 80))  # three days
    assert np.unique(np.floor(hour[comes])).tolist() == [8]
    assert np.unique(np.floor(hour[~comes]), return_counts=True)[1].tolist() == pytest.approx([120, 240], rel=0.2)


def rows(trips):
    columns = (trips.depart_s, trips.origin_link, trips.destination_link, trips.origin_m, trips.destination_m)
    return {name: tuple(repr(column[row]) for column in columns) for row, name in enumerate(trips.id)}


def test_more_dwellings_change_no_other_trip():
    fewer, more = rows(trips_of()), rows(trips_of(uses={"dwelling": 300, "office_m2": 3000}))
    assert len(more) > len(fewer)
    assert fewer.items() <= more.items()
    assert trips_of().id == trips_of().id != trips_of(seed=2).id or rows(trips_of(seed=2)) != fewer


def test_it_may_stand_along_links():
    links = tuple(town().links.id[row] for row in np.flatnonzero(links_in(town(), SITE))[:3])
    trips = trips_of(polygon=None, links=links)
    comes = np.array(["/in/" in name for name in trips.id])
    ends = [town().links.id[row] for row in (*trips.destination_link[comes], *trips.origin_link[~comes])]
    assert set(ends) <= set(links)


BAD_RATES = "use,start_hour,end_hour,in_per_hour,out_per_hour\nhall,9,8,1,-1\nhut,1,3,0,1\nhut,2,30,0,1\n"


def test_what_is_wrong_is_said_in_its_words(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rates.csv").write_text(BAD_RATES)
    assert describe(check_demand_files(scenario(development(rates=tmp_path / "rates.csv")))).splitlines() == [
        "rates.csv:2  out_per_hour = -1.0  must be at least 0.",
        "rates.csv:2  end_hour = 8.0  must be after start_hour (9). Write hours beyond midnight in a row of their own.",
        "rates.csv:4  end_hour = 30.0  must lie between 0 and 24 h.",
        "rates.csv:4  start_hour = 2.0  begins before another interval of hut ends. Intervals follow each other.",
        "4 problems, nothing was run.",
    ]
    with pytest.raises(ScenarioError) as refused:
        trips_of(uses={"dwellings": 5})
    assert str(refused.value) == (
        'demand[0].uses.dwellings  no rates for this use. Closest: "dwelling". All: dwelling, office_m2, shop_m2.'
    )
