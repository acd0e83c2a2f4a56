"""An accident's gas reaches people wherever they are, orders wait for it, and who stays inside breathes less of it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from evacuation_case import corner, rescue_of, write_case

from citytwin.agents.gas_exposure import INDOORS, OUTSIDE
from citytwin.scenarios.inject_emergency import EvacuationOrder
from citytwin.sim.inject_emergency import order_zones
from citytwin.sim.report import write_report
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run
from citytwin.sim.snapshot import restore, take

AIR = {"meteorology": {"kind": "stability", "stability": "D", "wind_mps": 2.0, "wind_from_deg": 270.0}}
GAS = {
    "kind": "gas",
    "id": "tank",
    "substance": "ammonia",
    "at": [corner(0, 1)[0] - 0.0006, corner(0, 1)[1]],
    "released_kg": 400.0,
    "lasts_s": 240.0,
    "start_s": 60.0,
    "every_s": 10.0,
    "air_changes_per_h": 4.0,
    "closed_air_changes_per_h": 0.5,
}
NOBODY_GOES = {"zones": ["west"], "start_s": 30.0, "compliance": 0.0}
INSIDE = {"zones": ["west", "east"], "start_s": 30.0, "action": "stay_inside"}


def case(folder, orders, *, demand=(), channels=(), **gas):
    folder.mkdir(exist_ok=True)
    town = {"duration_s": 600, "air": AIR, "hazards": [GAS | gas], "demand": list(demand)}
    return rescue_of(folder, scenario=town, orders=orders, channels=list(channels), shadow=None, groups=[], modes={})


@pytest.fixture(scope="module")
def at_home(tmp_path_factory):
    """Nobody leaves, windows as usual; and what was outside one home at every look."""
    simulation = case(tmp_path_factory.mktemp("home"), [NOBODY_GOES])
    gas = simulation.hazards.gas_called("tank")
    home, seen = int(gas.at_homes().place[0]), []
    while simulation.t_s < 600.0:
        simulation.run(simulation.t_s + 10.0)
        seen.append((simulation.t_s, gas.outdoors[home], gas.indoors[home]))
    return simulation, gas, home, np.array(seen)


def test_air_in_a_house_follows_that_outside(at_home):
    _, gas, home, seen = at_home
    series = gas.hazards.fields[0].threat.series
    place = gas._x_m[[home]], gas._y_m[[home]]
    inside = 0.0
    for t_s in np.arange(60.0, 600.0):  # second by second
        outside = series.mgm3(t_s - 60.0, *place)[0]
        inside += (outside - inside) * (1.0 - np.exp(-4.0 / 3600.0))
    assert seen[:, 1].max() > 20.0 > 10.0 > seen[-1, 1]
    assert seen[-1, 2] == pytest.approx(inside, rel=0.03)
    assert seen[-1, 2] > seen[-1, 1]  # what is in stays in for a while


def test_what_somebody_breathes_at_home_is_the_toxic_load_of_that_air(at_home):
    simulation, gas, home, seen = at_home
    evacuees = simulation.rescue.evacuees
    person = int(np.flatnonzero(evacuees.people.household == home)[0])
    row = gas.drivers + evacuees.walk_row[person]
    ppm = seen[:, 2] / gas.toxic.mgm3_per_ppm
    assert gas.load[row] == pytest.approx(float((ppm**2).sum()) * 10.0 / 60.0, rel=1e-9)
    assert gas.where[row] == INDOORS and gas.now[row] == pytest.approx(seen[-1, 2])


def test_who_stays_inside_with_all_shut_breathes_less_than_at_open_windows(at_home, tmp_path):
    open_windows = at_home[1]
    simulation = case(tmp_path, [INSIDE])
    simulation.run()
    shut = simulation.hazards.gas_called("tank")
    reached = open_windows.load > 0.0
    assert reached.sum() > 20
    assert (shut.load[reached] < 0.2 * open_windows.load[reached]).all()
    assert simulation.rescue.census()["indoors"] == 200 and np.isnan(simulation.rescue.evacuees.left_s).all()
    given = simulation.rescue.orders.given
    assert [(one.action, one.people, one.leaving) for one in given] == [("stay_inside", 200, 200)]
    entries = [entry.text for entry in simulation.entries if entry.kind == "evacuation_order"]
    assert entries == ["ordered to stay inside: 200 people, of whom 200 will"]


def test_who_stays_inside_may_be_told_to_leave_later(tmp_path):
    simulation = case(tmp_path, [INSIDE, {"zones": ["west"], "start_s": 100.0}], start_s=500.0)
    simulation.run(400)
    assert [one.people for one in simulation.rescue.orders.given] == [200, 120]
    assert simulation.rescue.census()["indoors"] < 150


def test_an_order_waits_until_the_gas_is_there(tmp_path):
    wait = {"zones": ["west"], "start_s": 0.0, "when": {"hazard": "tank", "at_mgm3": 30.0, "zone": "east"}}
    simulation = case(tmp_path, [wait])
    gas = simulation.hazards.gas_called("tank")
    people = simulation.rescue.people
    east = people.stocks.zone[people.households.stock] == 1
    while not simulation.rescue.orders.given and simulation.t_s < 600.0:
        before = gas.outdoors[: gas.homes][east].max()
        simulation.run(simulation.t_s + 1.0)
    assert before < 30.0 or simulation.t_s <= 90.0
    assert gas.outdoors[: gas.homes][east].max() >= 30.0
    assert 90.0 < simulation.t_s < 300.0  # the wind needs so long for 300 m
    assert [one.zones for one in simulation.rescue.orders.given] == [("west",)]


def test_an_order_that_waits_in_vain_is_not_given(tmp_path):
    wait = {"zones": ["west"], "start_s": 0.0, "when": {"hazard": "tank", "at_mgm3": 1e6}}
    simulation = case(tmp_path, [wait])
    simulation.run()
    assert simulation.rescue.orders.given == [] and simulation.rescue.census()["indoors"] == 200


DEADLY = {"substance": "chlorine", "released_kg": 3000.0}
LEAVE = {"zones": ["west", "east"], "start_s": 30.0}
DEMAND = ({"kind": "random_trips", "per_hour": 800, "min_distance_m": 200},)


@pytest.fixture(scope="module")
def deadly(tmp_path_factory):
    """Chlorine among people who leave on foot and by car, and drivers."""
    folder = tmp_path_factory.mktemp("deadly")
    town = {
        "duration_s": 420,
        "air": AIR,
        "hazards": [GAS | DEADLY | {"start_s": 90.0, "air_changes_per_h": 20.0}],
        "demand": list(DEMAND),
    }
    path = write_case(folder, scenario=town, orders=[LEAVE | {"compliance": 0.7}], channels=[], shadow=None, groups=[])
    run_scenario(path, folder / "run")
    write_report(folder / "run")
    return read_run(folder / "run"), path


def test_everybody_is_somewhere_and_whoever_had_too_much_is_a_casualty(deadly):
    run, _ = deadly
    lost = run.casualties
    people = run.table("gas_people")
    assert set(lost["person"]) == set(people.loc[people["lost_s"].notna(), "person"])
    assert {"on_foot", "vehicle", "indoors"} == set(lost["mode"]) and len(lost) > 20
    assert lost[["lon", "lat", "t_s"]].notna().all().all() and lost["cause"].str.startswith("chlorine, up to").all()
    assert (people.loc[people["lost_s"].notna(), "level"] == 3).all()
    facts = run.summary["evacuation"]
    assert sum(facts["people"].values()) == facts["population"] == 200
    told = run.summary["hazards"]["tank"]["gas"]["people"]
    assert told["people"] == 200 + len(run.trips[~run.trips["trip_id"].str.startswith("evacuee")])
    assert told["incapacitated"] == len(lost)
    # drawn people and their probabilities: the sum of independent draws is as near as 4 standard deviations
    share = people["probability"].to_numpy()
    assert abs(len(lost) - share.sum()) < 4.0 * np.sqrt((share * (1.0 - share)).sum() + 1.0)


def test_who_was_lost_at_home_or_in_a_car_is_among_those_who_cannot_go_on(deadly):
    run, _ = deadly
    lost = run.casualties[run.casualties["person"].str.startswith("evacuee")]
    stranded = run.stranded[run.stranded["cause"] == "incapacitated by a hazard"]
    assert set(lost["person"]) == set(stranded["person"])
    evacuees = run.evacuees.set_index("person")
    indoors = lost.loc[lost["mode"] == "indoors", "person"]
    assert len(indoors) and evacuees.loc[indoors, "left_s"].isna().all()
    assert (evacuees.loc[indoors, "status"] == "stranded").all()


def test_who_was_lost_at_home_has_not_left(deadly):
    run, _ = deadly
    left = run.evacuation.groupby("t_s")["left"].sum()
    assert left.iloc[-1] == run.evacuees["left_s"].notna().sum() < 200
    assert (run.evacuation["indoors"] + run.evacuation["left"] == run.evacuation["population"]).all()


def test_the_casualty_table_adds_up(deadly):
    run, _ = deadly
    zones = run.table("gas_zones").set_index("zone").drop(columns="hazard")
    assert (zones.drop("all").sum().round(9) == zones.loc["all"].round(9)).all()
    where = zones.loc["all", [name for name in zones.columns if name.startswith("lost_")]]
    assert where.sum() == zones.loc["all", "incapacitated"] and zones.loc["all", "lost_waiting"] == 0
    assert (zones["level_1"] >= zones["level_2"]).all() and (zones["level_2"] >= zones["level_3"]).all()


def test_the_front_goes_with_the_wind(deadly):
    run, _ = deadly
    arrivals, squares = run.table("gas_arrivals"), run.table("gas_map")
    zones = arrivals[arrivals["kind"] == "zone"].set_index("place")["arrived_s"]
    assert 90.0 < zones["west"] < zones["east"]
    at_m = run.summary["hazards"]["tank"]["gas"]["at_m"]
    ahead_m = squares["x_m"] - at_m[0]
    near, far = (squares.loc[(ahead_m - away).abs() < 30.0, "arrived_s"].min() for away in (100.0, 400.0))
    assert 60.0 < far - near < 200.0  # 300 m at 2 m/s, a front that is not sharp
    collection = json.loads((run.folder / "gas_arrivals.geojson").read_text())
    assert len(collection["features"]) == len(arrivals)
    assert {one["geometry"]["type"] for one in collection["features"]} == {"LineString", "Point"}


def test_the_report_shows_where_the_cloud_was_and_whom_it_harmed(deadly):
    run, _ = deadly
    page = (run.folder / "report.html").read_text()
    for words in ("tank: the cloud is ", "tank: above the level of danger to life up to ", "tank: most people are in"):
        assert words in page
    assert "<h2>The air</h2>" not in page and "<h2>Gas</h2>" in page and "kg of chlorine from 07:01 on." in page


def test_a_run_with_gas_goes_on_from_a_snapshot(tmp_path):
    simulation = case(tmp_path, [LEAVE | {"compliance": 0.5}], **DEADLY)
    simulation.run(150)
    snapshot = take(simulation)
    simulation.run(300)
    gas = simulation.hazards.gas_called("tank")
    end = [gas.load.copy(), gas.lost_s.copy(), gas.indoors.copy(), simulation.rescue.evacuees.state_hash()]
    restore(simulation, snapshot)
    assert simulation.hazards.gas_called("tank").load.sum() < end[0].sum()
    simulation.run(300)
    again = [gas.load, gas.lost_s, gas.indoors, simulation.rescue.evacuees.state_hash()]
    assert all(np.array_equal(one, other, equal_nan=True) for one, other in zip(end[:3], again[:3], strict=True))
    assert end[3] == again[3] and (~np.isnan(gas.lost_s)).any()


def test_gas_can_close_streets_and_spares_those_upwind(tmp_path):
    simulation = case(tmp_path, [NOBODY_GOES], closes_at_mgm3=200.0)
    simulation.run(200)
    shut = simulation.hazards.hazards.fields[0].shuts_links
    assert 0 < shut.sum() < shut.size / 2
    simulation.run(600)
    assert not simulation.hazards.hazards.fields[0].shuts_links.any()


def test_somebody_on_foot_breathes_the_air_of_the_path(tmp_path):
    simulation = case(tmp_path, [LEAVE])
    simulation.run(240)
    gas = simulation.hazards.gas_called("tank")
    out = np.flatnonzero((gas.where == OUTSIDE) & (gas.now > 0.0))
    assert out.size
    walks, cell = simulation.hazards.hazards.people_out()
    at = dict(zip((gas.drivers + walks).tolist(), cell.tolist(), strict=True))
    field = simulation.hazards.hazards.fields[0]
    assert all(gas.now[row] == field.walk[0, at[row]] for row in out.tolist() if row in at)


def test_nobody_is_evacuated_and_drivers_breathe_all_the_same(tmp_path):
    from traffic_case import write_scenario

    from citytwin.scenarios.scenario import load_scenario
    from citytwin.sim.run import network_of, trips_of
    from citytwin.sim.simulation import Simulation

    own = {key: value for key, value in GAS.items() if not key.endswith("_per_h")}
    path = write_scenario(tmp_path, air=AIR, hazards=[own], demand=list(DEMAND))
    read = load_scenario(path)
    network = network_of(read)
    simulation = Simulation(read, network, trips_of(read, network))
    simulation.run(300)
    gas = simulation.hazards.gas_called("tank")
    assert (gas.load > 0.0).any() and gas.homes == 0


def test_a_rehearsal_may_tell_zones_to_stay_inside(tmp_path):
    simulation = case(tmp_path, [NOBODY_GOES])
    inject = EvacuationOrder(kind="evacuation_order", at="07:01", zones=("west",), action="stay_inside")
    assert order_zones(simulation, inject, 0.0) == "120 people are told to stay inside, of whom 120 will"
    assert np.isfinite(simulation.rescue.evacuees.shut_s).sum() > 0
