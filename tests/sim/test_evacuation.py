"""People who are told to leave get ready, leave and are let in or turned away; nobody is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from evacuation_case import box, corner, rescue_of, write_case

from citytwin.agents.evacuation import AT_HOME, IN_CAR, ON_FOOT, OUT, SHELTERED, STRANDED
from citytwin.kernels import walking_tables
from citytwin.sim.evacuation import Rescue
from citytwin.sim.report import write_report
from citytwin.sim.responder_tables import responder_facts
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take

AT_ONCE = {"channels": [], "shadow": None, "preparation": {"kind": "uniform", "least_s": 0, "most_s": 0}}


def of(simulation: Simulation) -> Rescue:
    assert simulation.rescue is not None
    return simulation.rescue


def census(simulation: Simulation) -> dict[str, int]:
    return of(simulation).census()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("evacuation")
    run_scenario(write_case(folder), folder / "run")
    return read_run(folder / "run")


def test_everybody_is_in_one_count_and_has_a_row(run):
    facts, people = run.summary["evacuation"], run.table("evacuees")
    assert sum(facts["people"].values()) == facts["population"] == len(people) == 240
    assert facts["ordered"] == 160 and facts["preset"] == "lab_calibrated"
    status = people["status"].value_counts()
    assert status["sheltered"] == facts["people"]["sheltered"] > 50
    assert status["out"] == facts["people"]["out"] > 0
    assert people["safe_s"].notna().sum() == facts["people"]["sheltered"] + facts["people"]["out"]
    gone = people[people["left_s"].notna()]
    assert (gone["left_s"] >= gone["ready_s"] - 1e-9).all() and (gone["ready_s"] >= gone["heard_s"].fillna(0.0)).all()
    assert (gone["safe_s"].dropna() > gone["left_s"][gone["safe_s"].notna()]).all()


def test_households_leave_together_and_only_those_with_an_order_or_near_it(run):
    people = run.table("evacuees")
    people["household"] = people["person"].str.rpartition("/")[0]
    gone = people[people["left_s"].notna() & (people["group"] == "")]
    assert (gone.groupby("household")["left_s"].nunique() == 1).all()
    together = gone.groupby("household")[["ready_s", "left_s"]].max()
    assert (together["ready_s"] == together["left_s"]).all()
    shadow = people[people["shadow"] == 1]
    assert set(shadow["zone"]) == {"east"} and shadow["ordered_s"].isna().all() and shadow["left_s"].notna().all()
    assert people[(people["zone"] == "west") & people["left_s"].notna()]["ordered_s"].notna().all()


def test_the_tables_agree_with_each_other(run):
    people, shelters, times = run.table("evacuees"), run.table("shelters"), run.table("shelter_times")
    inside = people[people["safe_s"].notna()].groupby("shelter").size()
    assert inside.to_dict() == shelters.set_index("shelter")["occupancy"][lambda n: n > 0].to_dict()
    last = times.groupby("shelter").last()
    assert last["occupancy"].to_dict() == shelters.set_index("shelter")["occupancy"].to_dict()
    assert (times.groupby("shelter")["occupancy"].first() == 0).all()
    assert shelters["turned_away"].sum() == people["turned_away"].sum() == run.summary["evacuation"]["turned_away"] > 0
    zones = run.table("evacuation")
    assert (zones["indoors"] + zones["left"] == zones["population"]).all() and (zones["safe"] <= zones["left"]).all()
    first = zones[zones["t_s"] == 0.0]
    assert (first["in_zone"] == first["population"]).all()
    west = zones[zones["zone"] == "west"]["in_zone"]
    assert west.iloc[-1] < west.iloc[0]
    told = run.table("evacuation_zones").set_index("zone")
    assert (told["safe_50_s"] <= told["safe_90_s"]).loc[["west", "all"]].all()
    leaving = people[(people["zone"] == "west") & people["left_s"].notna()]
    safe_s = np.sort(leaving["safe_s"].fillna(np.inf))
    assert told.loc["west", "safe_90_s"] == pytest.approx(safe_s[int(np.ceil(0.9 * safe_s.size)) - 1] - 30.0)
    assert told.loc["west", "left_50_s"] == pytest.approx(leaving["left_s"].median() - 30.0, abs=3.0)


def test_the_report_tells_it_in_the_order_of_an_after_action_report(run):
    page = write_report(run.folder).read_text()
    parts = ["What was to be achieved", "Orders and events", "What happened", "How long it took to clear the zones"]
    parts += ["Who is not safe", "What would relieve the bottlenecks", "What the evacuation assumes", "lab_calibrated"]
    places = [page.find(part) for part in parts]
    assert -1 not in places and places == sorted(places)
    assert "Nine in ten of the" in page and "&#34;hall&#34; is full from 07:0" in page


def test_who_is_not_safe_at_the_end_stands_in_a_list_with_place_and_cause(tmp_path):
    run_scenario(write_case(tmp_path, scenario={"duration_s": 150}), tmp_path / "run")
    run = read_run(tmp_path / "run")
    lost, facts = run.table("stranded"), run.summary["evacuation"]["people"]
    assert len(lost) == facts["on_foot"] + facts["in_cars"] + facts["stranded"] > 20
    assert (lost["cause"] == "still on the way when the run ended").all()
    assert lost["lon"].between(8.99, 9.01).all() and lost["lat"].between(46.99, 47.01).all()
    assert len(pd.read_csv(tmp_path / "run" / "stranded.csv")) == len(lost)
    collection = json.loads((tmp_path / "run" / "stranded.geojson").read_text())
    assert collection["features"][0]["properties"]["person"] == lost["person"].iloc[0]


@pytest.mark.parametrize("chance", range(4))
def test_nobody_is_lost_whatever_is_ordered_when(chance, tmp_path):
    draw = np.random.default_rng(chance)
    orders = [
        {"zones": [str(draw.choice(["west", "east"]))], "start_s": float(draw.integers(0, 200)), "compliance": 0.8}
        for _ in range(3)
    ]
    shelters = [
        {
            "id": f"shelter {row}",
            "at": corner(*draw.integers(0, 4, 2).tolist()),
            "capacity": int(draw.integers(0, 60)),
            "when_full": str(draw.choice(["turned_away", "turned_away", "overcrowded"])),
            "places": str(draw.choice(["first_come", "reserved"])),
            "announced_after_s": float(draw.integers(0, 60)),
            "by": ["foot", "car", "ambulance"],
        }
        for row in range(3)
    ]
    pool = {"id": "base", "at": corner(3, 0), "to": "shelter 0", "vehicles": 3, "loads_s": 20, "unloads_s": 10}
    ways = {"modes": {"car": 0.4, "ambulance": 0.1}, "ambulances": [pool], "gathering": gathering(30.0)["gathering"]}
    simulation = rescue_of(tmp_path, orders=orders, shelters=shelters, exits=[], **ways)
    rescue = of(simulation)
    full = rescue.people.havens.turns_away
    for t_s in range(5, 600, 5):
        simulation.run(t_s)
        counts = census(simulation)
        assert sum(counts.values()) == 240, (t_s, counts)
        assert (rescue.evacuees.occupancy + rescue.evacuees.held <= rescue.people.havens.capacity)[full].all()
        assert (rescue.evacuees.held >= 0).all() and (rescue.evacuees.inside >= 0).all()
    out = rescue.evacuees.walk_row[rescue.evacuees.doing == ON_FOOT]
    wanted = simulation.model.walkers.walks.cell_i[0, walking_tables.WANTED]
    queued = simulation.model.walkers.people.status[0, out] == walking_tables.QUEUED
    assert wanted.sum() == queued.sum()  # who turned round wants into the cell ahead, and into no other


def test_the_same_seed_gives_the_same_evacuation(tmp_path, run):
    again = run_scenario(write_case(tmp_path), tmp_path / "again").summary
    assert again["evacuation"]["state_hash"] == run.summary["evacuation"]["state_hash"]
    assert again["walking"]["state_hash"] == run.summary["walking"]["state_hash"]
    assert again["state_hash"] == run.summary["state_hash"]


def test_a_school_empties_as_fast_as_its_door_lets(tmp_path):
    simulation = rescue_of(tmp_path, **AT_ONCE)
    simulation.run(31.0)
    rescue = of(simulation)
    pupils = np.flatnonzero(rescue.evacuees.stock == 2)
    left_s = np.sort(rescue.evacuees.left_s[pupils][~np.isnan(rescue.evacuees.left_s[pupils])])
    assert left_s.size > 30
    assert np.diff(left_s) == pytest.approx(1.0 / (2.09 - 0.15))
    codes = rescue_of(tmp_path, scenario={"walking": {"preset": "code_conservative"}}, **AT_ONCE)
    assert of(codes).orders.door_per_s[2] == pytest.approx(1.33)


def test_a_shelter_that_is_announced_as_full_turns_people_round_on_their_way(tmp_path):
    simulation = rescue_of(tmp_path, **AT_ONCE, modes={"car": 0.5})
    simulation.run(700.0)
    entries = [entry for entry in simulation.entries if entry.kind == "shelter_full"]
    assert [entry.where for entry in entries] == ["hall", "hall"]
    assert entries[1].t_s == pytest.approx(entries[0].t_s + 20.0, abs=1.0)
    turned = int(entries[1].text.split()[3])
    assert turned > 10
    evacuees = of(simulation).evacuees
    assert evacuees.occupancy[0] == 30 and evacuees.refused[0] < evacuees.occupancy[1:].sum()
    assert set(np.unique(evacuees.doing)) <= {0, ON_FOOT, IN_CAR, SHELTERED, OUT}


def test_reserved_places_turn_nobody_away_and_an_overcrowded_shelter_takes_all(tmp_path):
    hall = {"id": "hall", "at": corner(2, 2), "capacity": 30, "by": ["foot", "car"]}
    other = {"id": "park", "at": corner(3, 0)}
    reserved = of(rescue_of(tmp_path, **AT_ONCE, shelters=[hall | {"places": "reserved"}, other]))
    reserved.simulation.run()
    assert reserved.evacuees.refused.sum() == 0 and reserved.evacuees.occupancy[0] == 30
    crowded = of(rescue_of(tmp_path, **AT_ONCE, shelters=[hall | {"when_full": "overcrowded"}], exits=[]))
    crowded.simulation.run()
    assert crowded.evacuees.occupancy[0] == (~np.isnan(crowded.evacuees.left_s)).sum() > 100


def test_who_finds_every_shelter_full_is_stranded_there(tmp_path):
    hall = {"id": "hall", "at": corner(2, 2), "capacity": 50}
    simulation = rescue_of(tmp_path, **AT_ONCE, shelters=[hall], exits=[])
    simulation.run()
    evacuees = of(simulation).evacuees
    lost = evacuees.doing == STRANDED
    assert evacuees.occupancy[0] == 50 and lost.sum() == (~np.isnan(evacuees.left_s)).sum() - 50
    assert (evacuees.cause[lost] == 3).all() and census(simulation)["stranded"] == lost.sum()


def test_who_is_incapacitated_on_the_way_is_counted_and_listed(tmp_path):
    ring = [*box(0, 0, 1, 3), box(0, 0, 1, 3)[0]]
    feature = {"type": "Feature", "properties": {"t_s": 200}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (tmp_path / "fire.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    hazards = [{"id": "fire", "kind": "fire", "file": "fire.geojson"}]
    run_scenario(write_case(tmp_path, scenario={"hazards": hazards, "duration_s": 300}), tmp_path / "run")
    run = read_run(tmp_path / "run")
    people = run.summary["evacuation"]["people"]
    assert sum(people.values()) == 240 and people["incapacitated"] > 20
    assert (run.stranded["cause"] == "incapacitated by a hazard").sum() == people["incapacitated"]


def test_buses_go_to_and_fro_until_all_are_at_the_shelter(tmp_path):
    hall = {"id": "hall", "at": corner(3, 3), "by": ["bus"]}
    square = {"id": "square", "at": corner(0, 3), "to": "hall", "buses": 2, "capacity": 10, "stays_s": 30}
    case = {"modes": {"bus": 1.0}, "groups": [], "shelters": [hall], "exits": [], "pickups": [square]}
    simulation = rescue_of(tmp_path, **(AT_ONCE | case), scenario={"duration_s": 1500})
    rescue, most = of(simulation), 0
    for t_s in range(20, 1501, 20):
        simulation.run(t_s)
        assert sum(census(simulation).values()) == 200
        most = max(most, *map(len, rescue.buses.aboard))
    gone = int((~np.isnan(rescue.evacuees.left_s)).sum())
    assert most == 10 and rescue.buses.carried.sum() == rescue.evacuees.occupancy[0] == gone > 100
    assert (rescue.buses.leg >= 10).all()  # of ten people a round


def test_cars_find_their_own_way_where_the_designated_route_is_shut(tmp_path):
    shut = {"kind": "road_closure", "link": "way/202:3-2", "start_s": 0, "end_s": 900, "known_to": "broadcast"}
    route = {"id": "ring", "zones": ["west"], "links": ["way/103:1-2", "way/202:3-2"]}
    park = {"id": "park", "at": corner(3, 0), "by": ["car"]}
    case = AT_ONCE | {"groups": [], "modes": {"car": 1.0}, "shelters": [park], "exits": []}
    rescue = of(rescue_of(tmp_path, **case, designated_routes=[route], scenario={"events": [shut]}))
    rescue.simulation.run()
    assert rescue.designated.asked[0] > 30 and rescue.designated.led[0] == 0
    assert rescue.evacuees.occupancy[0] == (~np.isnan(rescue.evacuees.left_s)).sum() > 100


def test_cars_follow_the_designated_route_and_those_who_do_not_comply_their_own(tmp_path):
    route = {"id": "ring", "zones": ["west"], "links": ["way/103:1-2", "way/202:3-2"], "compliance": 0.6}
    park = {"id": "park", "at": corner(3, 0), "by": ["car"]}
    case = AT_ONCE | {"groups": [], "modes": {"car": 1.0}, "shelters": [park], "exits": []}
    simulation = rescue_of(tmp_path, **case, designated_routes=[route])
    simulation.run(60.0)
    rescue, fleet = of(simulation), simulation.model.fleet
    links = [fleet.network.link_row[name] for name in route["links"]]
    out = np.unique(rescue.evacuees.car_row[rescue.evacuees.doing == IN_CAR])
    along = np.array([np.isin(links, fleet.route(0, int(car))).all() for car in out])
    follows = np.array([int(car) in rescue.designated.route_of for car in out])
    assert 0.3 < follows.mean() < 0.9 and along[follows].mean() > 0.9 and not along[~follows].any()
    assert rescue.designated.asked[0] == rescue.designated.led[0] == follows.sum()
    simulation.run()
    assert rescue.evacuees.occupancy[0] == (~np.isnan(rescue.evacuees.left_s)).sum()


def fetched(capacity: int | None = None, vehicles: int = 2) -> dict[str, Any]:
    clinic = {"id": "clinic", "at": corner(3, 3), "by": ["ambulance"], "capacity": capacity}
    hall = {"id": "hall", "at": corner(3, 2)}
    pool = {"id": "base", "at": corner(3, 0), "to": "clinic", "vehicles": vehicles, "places": 2}
    pool |= {"loads_s": 20, "unloads_s": 10}
    case = {"groups": [], "modes": {"car": 0.4, "ambulance": 0.15}, "shelters": [clinic, hall], "exits": []}
    return AT_ONCE | case | {"ambulances": [pool]}


def test_ambulances_fetch_everybody_who_cannot_walk(tmp_path):
    simulation = rescue_of(tmp_path, **fetched(), scenario={"duration_s": 2000})
    rescue, most, waited = of(simulation), 0, 0
    for t_s in range(20, 2001, 20):
        simulation.run(t_s)
        counts = census(simulation)
        assert sum(counts.values()) == 200 and (rescue.evacuees.inside >= 0).all()
        most, waited = max(most, counts["in_ambulances"]), max(waited, len(rescue.ambulances.waiting))
    carried = rescue.people.fetching.fetched & ~np.isnan(rescue.evacuees.left_s)
    assert most >= 3 and waited > 5 and carried.sum() == rescue.ambulances.carried.sum() > 8
    assert (rescue.evacuees.haven[carried] == 0).all() and (rescue.evacuees.doing[carried] == SHELTERED).all()
    assert rescue.evacuees.occupancy[0] == carried.sum() and rescue.evacuees.occupancy[1] > 50
    each_s = rescue.evacuees.safe_s[carried] - rescue.evacuees.left_s[carried]
    assert each_s.min() > 10.0  # driven, and taken out


def test_who_is_not_fetched_or_finds_no_place_is_listed_with_the_cause(tmp_path):
    run_scenario(write_case(tmp_path, **fetched(4, 1), scenario={"duration_s": 900}), tmp_path / "run")
    run = read_run(tmp_path / "run")
    facts, causes = run.summary["evacuation"], run.stranded["cause"].value_counts()
    people = run.evacuees[run.evacuees["mode"] == "ambulance"]
    assert sum(facts["people"].values()) == 200 and run.table("shelters")["by_ambulance"].tolist() == [4, 0]
    left = causes["still waiting for an ambulance when the run ended"]
    assert left == (people["status"] == "waits_for_ambulance").sum() > 0 and people["left_s"].notna().sum() > 4
    full = run.stranded[run.stranded["cause"] == "the shelter of the ambulance was full"]
    assert len(full) == facts["carried_by_ambulances"] - 4 > 0
    assert full["lon"].to_numpy() == pytest.approx(corner(3, 3)[0], abs=1e-4)
    every = facts["zones"]["all"]
    assert every["leaving"] == every["safe"] + every["under_way"] + every["stranded"] and every["left_100_s"] is None


def test_a_snapshot_of_ambulances_goes_on_to_the_same_end(tmp_path):
    whole, again = rescue_of(tmp_path, **fetched()), rescue_of(tmp_path, **fetched())
    whole.run(120.0)
    restore(again, take(whole))
    for simulation in (whole, again):
        simulation.run(350.0)
    assert of(again).evacuees.state_hash() == of(whole).evacuees.state_hash()
    assert of(again).ambulances.state().keys() == of(whole).ambulances.state().keys()
    assert of(again).ambulances.aboard == of(whole).ambulances.aboard and of(whole).ambulances.carried.sum() > 0
    assert again.model.fleet.state_hash() == whole.model.fleet.state_hash()


UNITS = {
    "units": [{"id": "port", "at": corner(3, 0)}, {"id": "hill", "at": corner(0, 3)}],
    "hospitals": [{"id": "clinic", "at": corner(1, 3)}],
    "calls": [{"id": f"call {k}", "at": corner(1, 1), "t_s": t_s} for k, t_s in enumerate((100, 120, 140))],
    "on_scene_s": 60.0,
    "handover_s": 30.0,
    "dispatch_delay_s": 10.0,
    "transport_share": 1.0,
}


def fetched_by_units(**scenario) -> dict[str, Any]:
    units = {"to": "clinic", "loads_s": 20, "unloads_s": 10}
    case = {key: value for key, value in fetched().items() if key != "ambulances"} | {"fetched_by_units": units}
    return case | {"scenario": {"duration_s": 2400, "responders": UNITS} | scenario}


def test_one_fleet_of_ambulances_answers_calls_and_fetches_who_cannot_walk(tmp_path):
    simulation = rescue_of(tmp_path, **fetched_by_units())
    rescue, team, most = of(simulation), simulation.responders, 0
    for t_s in range(20, 2401, 20):
        simulation.run(t_s)
        counts = census(simulation)
        assert sum(counts.values()) == 200 and counts["in_ambulances"] <= 2
        most = max(most, counts["in_ambulances"])
    people = rescue.people.fetching.fetched & (rescue.evacuees.doing != AT_HOME)  # who heard and complies
    facts = responder_facts(team)["responders"]
    fetches = np.array(team.fetches)
    assert most == 2 and people.sum() == fetches.size == facts["evacuees"]["calls"] > 12
    assert facts["evacuees"]["states"]["over"] == rescue.ambulances.carried.sum() == rescue.evacuees.occupancy[0] > 8
    safe = people & (rescue.evacuees.doing == SHELTERED)
    assert safe.sum() == rescue.evacuees.occupancy[0] and not np.isnan(rescue.evacuees.left_s[safe]).any()
    assert facts["calls"] == facts["states"]["over"] == 3 and facts["hospitals"]["clinic"]["taken_in"] == 3
    ahead = team.sent_s[fetches] < 100.0
    calls, then = team.sent_s[:3], team.sent_s[fetches[~ahead]]
    assert ahead.any() and calls.max() < np.nanmin(then), "who calls goes before those who wait to be fetched"
    standard = facts["evacuees"]["standards"][0]
    assert standard["measured"] is not None and standard["measured"] != facts["standards"][0]["measured"]


def test_a_snapshot_of_units_that_fetch_goes_on_to_the_same_end(tmp_path):
    whole, again = (rescue_of(tmp_path, **fetched_by_units()) for _ in range(2))
    whole.run(150.0)
    restore(again, take(whole))
    for simulation in (whole, again):
        simulation.run(500.0)
    assert of(again).evacuees.state_hash() == of(whole).evacuees.state_hash()
    assert of(again).ambulances.aboard == of(whole).ambulances.aboard and of(whole).ambulances.carried.sum() > 0
    assert again.responders.sent_s.tobytes() == whole.responders.sent_s.tobytes()
    assert again.model.fleet.state_hash() == whole.model.fleet.state_hash()


def test_a_snapshot_of_buses_goes_on_to_the_same_end(tmp_path):
    hall = {"id": "hall", "at": corner(3, 3), "by": ["bus", "foot"]}
    square = {"id": "square", "at": corner(0, 3), "to": "hall", "capacity": 10, "stays_s": 30}
    case = {"modes": {"bus": 0.5}, "shelters": [hall], "exits": [], "pickups": [square]}
    whole, again = rescue_of(tmp_path, **case), rescue_of(tmp_path, **case)
    whole.run(200.0)
    restore(again, take(whole))
    for simulation in (whole, again):
        simulation.run(500.0)
    assert of(again).evacuees.state_hash() == of(whole).evacuees.state_hash()
    assert of(again).buses.aboard == of(whole).buses.aboard and of(whole).buses.carried.sum() > 0


def gathering(waits_s: float | None) -> dict[str, Any]:
    comes = {"kind": "uniform", "least_s": 40, "most_s": 400}
    gather = {"away": 0.4, "comes_home": comes, "waits_s": waits_s}
    return AT_ONCE | {"groups": [], "modes": {"car": 0.5}, "gathering": gather}


def test_households_wait_for_their_members_to_come_home(tmp_path):
    run_scenario(write_case(tmp_path, **gathering(None)), tmp_path / "run")
    people = read_run(tmp_path / "run").evacuees
    people["household"] = people["person"].str.rpartition("/")[0]
    gone = people[people["left_s"].notna()]
    came = gone["home_s"].notna()
    assert 30 < came.sum() < (~came).sum() and (gone["home_s"][came] >= gone["heard_s"][came] + 40.0).all()
    each = gone.groupby("household")
    assert (each["left_s"].nunique() == 1).all()
    waited = each["home_s"].max().dropna()
    assert (each["left_s"].first()[waited.index] == waited).all()
    assert set(people[people["left_s"].isna()]["status"]) == {"indoors", "away"}


def test_who_comes_home_too_late_leaves_alone_and_nobody_is_lost(tmp_path):
    whole, again = (rescue_of(tmp_path, **gathering(60.0)) for _ in range(2))
    rescue, late, away = of(whole), 0, []
    for t_s in range(20, 600, 20):
        whole.run(t_s)
        counts = census(whole)
        assert sum(counts.values()) == 200 and (rescue.evacuees.inside >= 0).all()
        away.append(counts["away"])
        if t_s == 200:
            restore(again, take(whole))
    again.run(whole.t_s)
    assert of(again).evacuees.state_hash() == rescue.evacuees.state_hash()
    evacuees = rescue.evacuees
    late = np.flatnonzero(evacuees.alone)
    assert late.size > 10 and (evacuees.left_s[late] == evacuees.home_s[late]).all() and away[0] > away[-1] > 0
    first_s = np.full(rescue.people.households.key.size, np.inf)
    np.minimum.at(first_s, rescue.people.household, np.where(np.isnan(evacuees.left_s), np.inf, evacuees.left_s))
    assert (evacuees.left_s[late] > first_s[rescue.people.household[late]]).all()
    assert not (evacuees.doing[late] == IN_CAR).any() and (evacuees.doing[late] != AT_HOME).all()


def test_nothing_of_evacuations_is_computed_on_a_gpu(tmp_path):
    with pytest.raises(Exception, match="evacuations are computed on the CPU"):
        run_scenario(write_case(tmp_path), tmp_path / "run", backend="cuda")


def test_a_snapshot_goes_on_to_the_same_end(tmp_path):
    whole, again = rescue_of(tmp_path), rescue_of(tmp_path)
    whole.run(140.0)
    kept = take(whole)
    whole.run(500.0)
    restore(again, kept)
    again.run(500.0)
    assert of(again).evacuees.state_hash() == of(whole).evacuees.state_hash()
    assert again.model.walkers.state_hash() == whole.model.walkers.state_hash()
    assert again.model.fleet.state_hash() == whole.model.fleet.state_hash() and again.entries == whole.entries
