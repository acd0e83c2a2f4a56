"""Measures against bad air: whom they keep back, slow down or lead round, by time and by level, against a twin without.

All comparisons are between two runs on the same random numbers.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from measure_case import (
    BEGIN,
    END,
    IN,
    NETWORK,
    OUT,
    ROUTES,
    TRIP,
    TRUCK,
    entered,
    facts_of,
    middle,
    run,
    square,
    trips_of,
    zone,
)
from traffic_case import make_scenario, make_trips, simulate, write_scenario

from citytwin.agents.measures import Measures
from citytwin.agents.technologies import technologies_of
from citytwin.scenarios.air_places import air_inputs
from citytwin.scenarios.emission_standards import euro_number, fuel_group
from citytwin.scenarios.places import middle_of_links
from citytwin.sim.report.air_warnings import warning_pictures, warning_sentences
from citytwin.sim.report.page import render
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run
from citytwin.sim.snapshot import restore, take

MANY = 8_000
BACK = "way/node/002-002>node/002-001"


def plates(**keys: Any) -> dict[str, Any]:
    return {"id": "plates", "kind": "plate_restriction", **keys}


def not_let_out(start: str, depart_s: float, seed: int = 1, **keys: Any) -> np.ndarray:
    """Which of many cars, each known by its id, may not drive."""
    trips = make_trips(NETWORK, [(f"car {row}", depart_s, BEGIN, END) for row in range(MANY)])
    scenario = make_scenario(start=start, duration_s=200_000, measures=[plates(**keys)])
    measures = Measures(scenario, NETWORK, trips, seed)
    rows = np.arange(MANY)
    admitted = measures.admitted(rows, trips.depart_s)
    assert np.array_equal(np.flatnonzero(measures.restricted[0]), np.setdiff1d(rows, admitted))
    return measures.restricted[0][np.argsort(np.array(trips.id))]


def test_half_of_the_plates_may_drive_and_the_other_half_the_day_after():
    odd_day = not_let_out("2026-05-05T07:00", 0.0)
    assert odd_day.mean() == pytest.approx(0.5, abs=0.02)
    same_day, next_day = not_let_out("2026-05-05T20:00", 3600.0), not_let_out("2026-05-05T20:00", 5 * 3600.0)
    assert np.array_equal(same_day, odd_day)
    assert np.array_equal(next_day, ~odd_day)
    assert np.array_equal(not_let_out("2026-05-04T07:00", 0.0, may_drive="odd"), odd_day)
    assert np.array_equal(not_let_out("2026-05-05T07:00", 0.0, may_drive="even"), ~odd_day)


def test_some_are_exempt_and_some_classes_are_not_concerned():
    exempt = not_let_out("2026-05-05T07:00", 0.0, exempt_share=0.4)
    assert exempt.mean() == pytest.approx(0.3, abs=0.02)
    assert not (exempt & ~not_let_out("2026-05-05T07:00", 0.0)).any()
    assert not not_let_out("2026-05-05T07:00", 0.0, restricted=["truck"]).any()


def test_who_may_not_drive_is_counted_and_the_others_go_as_without():
    """Two hundred cars one after the other on an empty street; nobody is lost."""
    rows = [(f"car {row}", 6.0 * row, BEGIN, END) for row in range(200)]
    keys: dict[str, Any] = {"until_s": 1600.0, "start": "2026-05-05T07:00"}
    free, kept = run(rows, **keys), run(rows, plates(other_mode_share=0.3), **keys)
    counts = facts_of(kept)["restricted"]["plates"]
    assert counts["vehicles"] == counts["stay_at_home"] + counts["travel_otherwise"]
    assert counts["drive_round"] == counts["no_way_round"] == 0
    assert 80 <= counts["vehicles"] <= 120 and 0.15 < counts["travel_otherwise"] / counts["vehicles"] < 0.45
    facts = facts_of(kept)
    assert facts["arrived"] + counts["vehicles"] == facts_of(free)["arrived"] == 200
    assert facts["no_route"] == counts["vehicles"] == facts["refused"]["plates"]
    causes = [row["cause"] for row in trips_of(kept).values() if row["status"] == "no_route"]
    assert causes.count('stays at home: plate restriction "plates"') == counts["stay_at_home"]
    assert causes.count('travels otherwise: plate restriction "plates"') == counts["travel_otherwise"]
    assert facts["vehicle_km"] < 0.65 * facts_of(free)["vehicle_km"]


def test_whose_way_leads_through_a_restricted_area_goes_round():
    rows = [(f"through {row}", 10.0 * row, BEGIN, END) for row in range(20)]
    rows += [(f"into {row}", 10.0 * row + 5.0, BEGIN, IN) for row in range(20)]
    area = plates(links=[IN], may_drive="odd")
    free, kept = run(rows, until_s=900.0), run(rows, area, until_s=900.0)
    counts = facts_of(kept)["restricted"]["plates"]
    status = {name: row["status"] for name, row in trips_of(kept).items()}
    assert {status[f"through {row}"] for row in range(20)} == {"arrived"}
    stayed = [name for name, row in trips_of(kept).items() if row["status"] == "no_route"]
    assert all(name.startswith("into") for name in stayed) and len(stayed) == counts["stay_at_home"] > 0
    assert counts["drive_round"] == counts["vehicles"] - counts["stay_at_home"] > 0
    drove_in = 20 - counts["stay_at_home"] + 20 - counts["drive_round"]
    found_other_ways = int(free.journeys.reroutes.sum())  # on the way, round the block by the other street
    assert found_other_ways < 5
    assert entered(free, IN) == 40 - found_other_ways and entered(kept, IN) == drove_in
    assert entered(free, OUT) == entered(kept, OUT) == 20


def test_a_zone_by_standard_bans_the_vehicles_that_emit_as_such():
    """The same draw says what each vehicle emits."""
    weather = {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270}
    air = {"fleet": {"country": "DE", "year": 2024}, "meteorology": weather}
    trips = make_trips(NETWORK, [(f"car {row}", 0.0, IN, END) for row in range(MANY)])
    least = {"diesel": 6, "petrol": 3}
    scenario = make_scenario(measures=[zone(banned=["car"], least_euro=least)], air=air)
    measures = Measures(scenario, NETWORK, trips, 1)
    measures.admitted(np.arange(MANY), trips.depart_s)
    inputs = air_inputs(scenario)
    technologies = technologies_of(inputs.shares, inputs.factors)
    lacks = [euro_number(one) < least.get(fuel_group(one), 0) for one in technologies.names]
    drawn = technologies.draw(trips, 1)
    assert measures.refused.keys() == set(np.flatnonzero(np.array(lacks)[drawn]))
    share = sum(part for one, part in inputs.shares.of_class["car"].items() if lacks[technologies.names.index(one)])
    assert 0.05 < share < 0.7
    assert len(measures.refused) / MANY == pytest.approx(share, abs=0.02)
    assert not any(technologies.names[drawn[row]].fuel == "Electric" for row in measures.refused)


def limit_kmh(simulation: Any, name: str) -> float:
    first = NETWORK.links.lane_start[NETWORK.link_row[name]]
    return float(simulation.model.fleet.lane_limit_mps[0, first]) * 3.6


def test_a_slow_zone_lowers_limits_for_a_time_and_raises_none():
    slow = {"kind": "slow_zone", "id": "smog", "links": [IN, OUT], "speed_kmh": 20, "start_s": 30, "end_s": 120}
    own = limit_kmh(run([], until_s=1.0), IN)
    simulation = run([], slow, until_s=60.0)
    assert limit_kmh(simulation, IN) == limit_kmh(simulation, OUT) == pytest.approx(20.0)
    assert limit_kmh(simulation, BEGIN) == own > 20.0
    assert limit_kmh(run([], slow, until_s=121.0), IN) == own
    assert limit_kmh(run([], slow | {"speed_kmh": own + 30}, until_s=60.0), IN) == own
    simulation = run([], slow, until_s=121.0)
    told = [entry.text for entry in simulation.entries if entry.kind == "slow_zone"]
    assert told == ["20 km/h on 2 streets that allow more", "ended"]


def test_a_slow_zone_costs_time_against_the_twin():
    times = [
        trips_of(run([TRIP], *measures))["trip"]["travel_time_s"]
        for measures in ((), ({"kind": "slow_zone", "links": [IN, OUT], "speed_kmh": 20},))
    ]
    assert times[1] > times[0] + 20.0


def test_drivers_keep_away_from_bad_air_as_far_as_it_weighs(tmp_path):
    file = tmp_path / "no2.csv"
    file.write_text(f"link,ugm3\n{IN},200\n{OUT},200\n", encoding="utf-8")
    detour = {"kind": "air_detour", "concentrations": str(file), "s_per_km_ugm3": 5}
    free, kept, little = (run([TRIP], *one) for one in ((), (detour,), (detour | {"s_per_km_ugm3": 0.01},)))
    assert [entered(one, IN) for one in (free, kept, little)] == [1, 0, 1]
    assert facts_of(kept)["arrived"] == 1
    some = run(
        [(f"trip {row}", 10.0 * row, BEGIN, END) for row in range(40)], detour | {"follow_share": 0.5}, until_s=900
    )
    assert 10 <= entered(some, IN) <= 30


def test_drivers_under_way_turn_off_before_bad_air_when_it_is_known(tmp_path):
    """Three are before the block when it gets to be known; who is in it already leaves it by the next street."""
    file = tmp_path / "no2.csv"
    file.write_text(f"link,ugm3\n{IN},200\n{OUT},200\n", encoding="utf-8")
    blind = {"kind": "air_detour", "id": "clean", "concentrations": str(file), "s_per_km_ugm3": 5, "start_s": 10}
    seeing = blind | {"under_way": True}
    rows = [(f"car {row}", 3.0 * row, BEGIN, END) for row in range(3)]
    cases = ((), (seeing,), (seeing | {"s_per_km_ugm3": 0.02},), (blind,), (seeing | {"start_s": 32},))
    free, kept, little, without, late = (run(rows, *one) for one in cases)
    assert [entered(one, IN) for one in (free, kept, little, without)] == [3, 0, 3, 3]
    assert all(facts_of(one)["arrived"] == 3 for one in (free, kept, little, without, late))
    assert [row["reroutes"] for row in trips_of(kept).values()] == [1, 1, 1]
    (told,) = [entry.text for entry in kept.entries if entry.kind == "air_detour"]
    assert told == "drivers keep away from bad air; 3 drivers under way changed their route"
    assert entered(late, IN) >= 1 and entered(late, OUT) < entered(free, OUT) == 3
    nobody = run(rows, seeing | {"follow_share": 1e-9})
    assert facts_of(nobody)["state_hash"] == facts_of(free)["state_hash"] == facts_of(without)["state_hash"]


def test_drivers_keep_away_from_bad_air_while_the_level_holds_and_between_its_times(tmp_path):
    file = tmp_path / "no2.csv"
    file.write_text(f"link,ugm3\n{IN},200\n", encoding="utf-8")
    detour = {"kind": "air_detour", "concentrations": str(file), "s_per_km_ugm3": 5}
    rows = [(f"{second}", float(second), BEGIN, END) for second in (0, 200, 400)]
    by_level = run(rows, detour | ALARM, until_s=700.0, air_warnings=[smog(tmp_path)])  # lowered from 180 to 360 s
    by_time = run(rows, detour | {"start_s": 150, "end_s": 300}, until_s=700.0)
    free = run(rows, until_s=700.0)
    metres = [[row["distance_m"] for row in trips_of(one).values()] for one in (free, by_level, by_time)]
    longer = [[own > plain + 300.0 for own, plain in zip(one, metres[0], strict=True)] for one in metres[1:]]
    assert longer == [[True, False, True], [False, True, False]]


SPIKE = [*[6000.0] * 5, *[0.0] * 55, *[0.0] * 5, 30_000.0, *[0.0] * 4]  # minutes from -59 to 10


def smog(folder: Path) -> dict[str, Any]:
    """A warning about the mean of an hour: in force at the beginning, lowered at 180 s and raised again at 360 s."""
    file = folder / "air.csv"
    rows = [f"port,{60 * (minute - 59)},{ugm3}" for minute, ugm3 in enumerate(SPIKE)]
    file.write_text("\n".join(["station,t_s,no2_ugm3", *rows, ""]), encoding="utf-8")
    levels = [{"name": "alarm", "at": 250}]
    return {"id": "smog", "series": str(file), "pollutant": "no2", "every_s": 60, "levels": levels}


ALARM = {"when": {"warning": "smog", "level": "alarm"}}


def test_a_zone_holds_while_its_warning_is_at_the_level(tmp_path):
    """Departures are planned every five minutes; those who are planned already are planned once more."""
    rows = [(f"{second}", float(second), BEGIN, IN, TRUCK) for second in range(0, 600, 30)]
    keys: dict[str, Any] = {"until_s": 600.0, "air_warnings": [smog(tmp_path)]}
    simulation = run(rows, zone(id="lez", **ALARM), **keys)
    kept = [int(name) for name, row in trips_of(simulation).items() if row["status"] == "no_route"]
    assert sorted(kept) == [*range(0, 180, 30), *range(360, 600, 30)]
    assert facts_of(simulation)["refused"] == {"lez": len(kept)}
    facts = facts_of(simulation)["air_warnings"]["smog"]
    assert (facts["raised"], facts["level"], facts["stale"]) == ({"alarm": 2}, "alarm", False)
    told = [(entry.t_s, entry.kind, entry.text.split(":")[0]) for entry in simulation.entries if "smog" in entry.where]
    assert told == [
        (0.0, "air_warning", "alarm raised"),
        (180.0, "air_warning", "alarm lowered"),
        (360.0, "air_warning", "alarm raised"),
    ]
    assert [entry.t_s for entry in simulation.entries if entry.where == "lez"] == [0.0, 180.0, 360.0]
    never = [{"name": "alarm", "at": 1e5}]
    calm = run(rows, zone(id="lez", **ALARM), until_s=600.0, air_warnings=[smog(tmp_path) | {"levels": never}])
    assert facts_of(calm)["refused"] == {"lez": 0}
    nobody = run(rows[:1], plates(**ALARM), until_s=60.0, air_warnings=[smog(tmp_path) | {"levels": never}])
    assert set(facts_of(nobody)["restricted"]["plates"].values()) == {0}
    assert facts_of(calm)["state_hash"] == facts_of(run(rows, until_s=600.0))["state_hash"]  # as without the measure


def test_plates_count_while_the_level_holds(tmp_path):
    rows = [(f"{second}", float(second), BEGIN, IN) for second in range(0, 600, 20)]
    keys: dict[str, Any] = {"until_s": 600.0, "start": "2026-05-05T07:00"}
    always = run(rows, plates(), **keys)
    alarm = run(rows, plates(**ALARM), air_warnings=[smog(tmp_path)], **keys)
    kept, twin = (
        {int(name) for name, row in trips_of(one).items() if row["status"] == "no_route"} for one in (alarm, always)
    )
    assert kept == {second for second in twin if not 180 <= second < 360} and 0 < len(kept) < len(twin)


def test_tolls_and_slow_zones_wait_for_a_level_too(tmp_path):
    rows = [(f"{second}", float(second), BEGIN, END) for second in (0, 190, 400)]
    money = {"kind": "toll", "id": "toll", "price": 0.01, "links": [IN], **ALARM}
    slow = {"kind": "slow_zone", "id": "slow", "links": [OUT], "speed_kmh": 20, **ALARM}
    simulation = simulate(NETWORK, rows, measures=[money, slow], air_warnings=[smog(tmp_path)], routes=ROUTES)
    limits = []
    for until_s in (170.0, 350.0, 700.0):
        simulation.run(until_s)
        limits.append(limit_kmh(simulation, OUT))
    assert limits == pytest.approx([20.0, 50.0, 20.0])
    assert [row["toll_paid"] for row in trips_of(simulation).values()] == [0.01, 0.0, 0.01]


def test_a_measure_holds_within_its_times_only_even_if_the_level_is_in_force(tmp_path):
    rows = [(f"{second}", float(second), BEGIN, IN, TRUCK) for second in range(0, 600, 30)]
    window = zone(id="lez", start_s=60, end_s=420, **ALARM)
    simulation = run(rows, window, until_s=600.0, air_warnings=[smog(tmp_path)])
    kept = [int(name) for name, row in trips_of(simulation).items() if row["status"] == "no_route"]
    assert sorted(kept) == [60, 90, 120, 150, 360, 390]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town with people on foot and no traffic, with and without cancelled walks, in which the alarm sounds twice."""
    folder = tmp_path_factory.mktemp("town")
    walks = [{"kind": "random_trips", "per_hour": 1800, "min_distance_m": 100}]
    cancelled = {"kind": "cancelled_walks", "id": "sport", "share": 0.4}
    runs = {}
    window = cancelled | {"start_s": 120, "end_s": 300}
    for name, measures in (
        ("free", []),
        ("always", [cancelled]),
        ("alarm", [cancelled | ALARM]),
        ("window", [window]),
    ):
        more = {"air_warnings": [smog(folder)]} if name == "alarm" else {}
        path = write_scenario(folder, duration_s=600, walks=walks, demand=[], measures=measures, **more)
        run_scenario(path, folder / name)
        runs[name] = read_run(folder / name)
    return runs


def test_a_share_of_the_walks_is_cancelled_and_the_others_are_made(town):
    free, always = town["free"].walks, town["always"].walks
    assert (free["walk_id"] == always["walk_id"]).all()
    gone = always["status"] == "cancelled"
    assert gone.mean() == pytest.approx(0.4, abs=0.06)
    facts = town["always"].summary["walking"]
    assert facts["cancelled"] == gone.sum() and facts["no_route"] == 0
    assert always.loc[~gone, "entered_s"].notna().sum() == free.loc[~gone, "entered_s"].notna().sum()
    assert "cancelled" not in town["free"].summary["walking"]


def test_walks_are_cancelled_only_while_the_level_holds(town):
    always, alarm = town["always"].walks, town["alarm"].walks
    holds = (alarm["depart_s"] < 180) | (alarm["depart_s"] >= 360)
    assert ((alarm["status"] == "cancelled") == ((always["status"] == "cancelled") & holds)).all()


def test_walks_are_cancelled_between_two_times_only(town):
    always, window = town["always"].walks, town["window"].walks
    holds = (window["depart_s"] >= 120) & (window["depart_s"] < 300)
    assert ((window["status"] == "cancelled") == ((always["status"] == "cancelled") & holds)).all()
    assert 0 < (window["status"] == "cancelled").sum() < (always["status"] == "cancelled").sum()


def test_a_run_keeps_what_warnings_saw_told_and_sent(town):
    alarm = town["alarm"]
    assert alarm.air_watch["value"].round(3).tolist() == [500, 400, 300, 200, 100, 0, 500, 500, 500, 500, 500]
    assert alarm.air_events["t_s"].tolist() == [0, 180, 360]
    assert alarm.air_events["text"][0] == "alarm raised: NO2 (1-hour mean) 500 µg/m³ at port"
    assert alarm.air_events["what"].tolist() == ["raised", "lowered", "raised"]
    files = [alarm.folder / name for name in alarm.air_events["message"]]
    assert all(b"urn:oasis:names:tc:emergency:cap:1.2" in file.read_bytes() for file in files)
    assert alarm.summary["air_warnings"]["smog"]["raised"] == {"alarm": 2}


def test_the_report_draws_the_value_and_says_what_came_of_it(town):
    (picture,) = warning_pictures(town["alarm"], dt.datetime(2026, 5, 4, 7))
    assert picture.title == "“smog”: NO2 (1-hour mean) is at most 500 µg/m³, at 07:00"
    assert "NO2 (1-hour mean)" in picture.svg and "alarm" in picture.svg
    page = render(town["alarm"])
    assert "The warning “smog” raised alarm 2" in page and "walks did not take place because of a measure" in page
    plates = {"vehicles": 10, "stay_at_home": 6, "travel_otherwise": 3, "no_way_round": 0, "drive_round": 1}
    assert warning_sentences({"restricted": {"plates": plates}}) == [
        "10 vehicles might not drive by “plates”: 6 stayed at home, 3 travelled otherwise, 1 drove round."
    ]


# Ground in the middle of the grid from which dust rises, and a place where it is breathed.
WIND = {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270, "cloud_share": 0.5}


def dusty(source: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    lon, lat = np.mean(middle(50.0), axis=0)
    works = {"id": "works", "kind": "area", "polygon": middle(50.0), "rates_gps": {"pm10": 0.01}} | (source or {})
    east = {"id": "east", "kind": "point", "at": [lon + 0.001, lat]}
    air = {"meteorology": WIND, "sources": [works], "receptors": [east]}
    return {"air": air, "duration_s": 3000, "routes": ROUTES} | keys


def test_a_cap_of_thirty_percent_lowers_what_a_source_emits_by_exactly_that():
    cap = {"kind": "source_cap", "id": "cap", "cut": 0.3}
    window = cap | {"start_s": 100, "end_s": 250, "sources": ["works"]}
    runs = [simulate(NETWORK, [], **dusty(measures=one)) for one in ([], [cap], [window], [cap, cap | {"id": "b"}])]
    for simulation in runs:
        simulation.run(400.0)
    breathed = [simulation.air.breathed_ugm3_s(400.0).sum() for simulation in runs]
    grams = [simulation.air.sources.emitted_g.sum() for simulation in runs]
    assert grams[0] == pytest.approx(4.0, rel=1e-12) and breathed[0] > 0.0
    left = [0.7, 1.0 - 0.3 * 150 / 400, 0.49]
    assert [one / grams[0] for one in grams[1:]] == pytest.approx(left, rel=1e-12)
    assert [one / breathed[0] for one in breathed[1:]] == pytest.approx(left, rel=1e-9)


def test_a_level_of_the_runs_own_air_caps_the_source_that_raised_it():
    """Dust from 1,200 s on: means of 0, 0, 1/3, 1/2 of what is in the air then; then the cap, and 2.7/5."""
    source = {"start_s": 1200}
    free = simulate(NETWORK, [], **dusty(source))
    free.run(1800.0)
    steady = float(free.air.breathed_ugm3_s(1800.0)[0].sum() / 600.0)
    warning = {"id": "dust", "receptors": ["east"], "pollutant": "pm10", "every_s": 600, "data_share": 1 / 6}
    warning |= {"levels": [{"name": "alarm", "at": 0.45 * steady}]}
    cap = {"kind": "source_cap", "cut": 0.3, "when": {"warning": "dust", "level": "alarm"}}
    capped = simulate(NETWORK, [], **dusty(source, measures=[cap], air_warnings=[warning]))
    capped.run(3000.0)
    shares = [seen.value / steady for seen in capped.air_warnings.seen[1:]]
    assert shares == pytest.approx([0.0, 0.0, 1 / 3, 1 / 2, 2.7 / 5], rel=1e-9)
    assert [(told.t_s, told.level) for told in capped.air_warnings.told] == [(2400.0, "alarm")]
    assert capped.air.sources.emitted_g.sum() == pytest.approx(0.01 * (1200 + 0.7 * 600), rel=1e-12)


def test_a_run_with_its_own_alarm_goes_on_from_a_snapshot_as_if_it_had_not_stopped():
    warning = {"id": "dust", "receptors": ["east"], "pollutant": "pm10", "every_s": 300, "data_share": 1 / 12}
    warning |= {"levels": [{"name": "alarm", "at": 0.01}]}
    when = {"when": {"warning": "dust", "level": "alarm"}}
    measures = [{"kind": "source_cap", "cut": 0.3, **when}]
    measures += [{"kind": "air_detour", "pollutant": "pm10", "s_per_km_ugm3": 1, **when}]
    rows = [(f"trip {number}", 100.0 * number, BEGIN, END) for number in range(15)]
    keys = dusty({"start_s": 450, "end_s": 700}, measures=measures, air_warnings=[warning], duration_s=1500)
    whole, first, second = (simulate(NETWORK, rows, **keys) for _ in range(3))
    whole.run()
    first.run(800.0)
    restore(second, take(first))
    second.run()
    assert second.air_warnings.told == whole.air_warnings.told and len(whole.air_warnings.told) >= 1
    np.testing.assert_equal(second.air_warnings.seen, whole.air_warnings.seen)
    assert second.air.sources.emitted_g.tolist() == whole.air.sources.emitted_g.tolist()
    assert facts_of(second)["state_hash"] == facts_of(whole)["state_hash"]
    assert 0.7 < whole.air.sources.emitted_g.sum() / 2.5 < 1.0  # the cap held for a part of the time


def test_drivers_keep_away_from_the_runs_own_bad_air_as_soon_as_it_is_bad():
    row = NETWORK.link_row[IN]
    x_m, y_m = (float(axis[row]) for axis in middle_of_links(NETWORK))
    source = {"start_s": 300, "rates_gps": {"pm10": 1.0}, "polygon": square(x_m, y_m, 30.0)}
    rows = [("clean", 10.0, BEGIN, END), ("dusty", 700.0, BEGIN, END)]
    detour = {"kind": "air_detour", "pollutant": "pm10", "s_per_km_ugm3": 1}
    ways = []
    for measures in ([], [detour]):
        simulation = simulate(NETWORK, rows, **dusty(source, measures=measures, duration_s=1500))
        simulation.run()
        found = trips_of(simulation)
        ways.append([found[name]["distance_m"] for name in ("clean", "dusty")])
    assert ways[0][0] == ways[1][0] and ways[0][1] == pytest.approx(ways[0][0], rel=0.02)
    assert ways[1][1] > ways[0][1] + 300.0
