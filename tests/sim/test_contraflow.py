"""Lanes are driven the other way: cleared first, then twice as many get out, and at the end all is as before."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.problems import ScenarioError
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.rehearsal import Rehearsal, open_rehearsal
from citytwin.sim.rehearse_commands import Commands
from citytwin.sim.run import network_of, trips_of
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take

OUT, BACK = ["way/1:0-1", "way/1:1-2"], ["way/1:2-1", "way/1:1-0"]
CARS = 300
MANY = 1200


def road(
    folder: Path, *, events: list[dict[str, object]], outward: int = CARS, inward: int = 0, turns: bool = False
) -> Simulation:
    """A road of one lane each way, 1.2 km long, on which cars want to drive out from the beginning, and some in."""
    one_way = '<tag k="oneway" v="yes"/>'
    places = "".join(f'<node id="{k}" lon="{9 + 0.008 * k}" lat="47"/>' for k in range(3))
    side = '<node id="9" lon="9.008" lat="47.004"/><way id="2"><nd ref="9"/><nd ref="1"/>'
    side += f'<tag k="highway" v="residential"/>{"" if turns else one_way}</way>'
    refs = "".join(f'<nd ref="{k}"/>' for k in range(3))
    tags = '<tag k="highway" v="secondary"/><tag k="lanes" v="2"/><tag k="maxspeed" v="50"/>'
    (folder / "road.osm").write_text(f'<osm version="0.6">{places}{side}<way id="1">{refs}{tags}</way></osm>')
    rows = [f"out{k:04d},0,{OUT[0]},{OUT[1]},20,590" for k in range(outward)]
    rows += [f"in{k:04d},{10 * k},{BACK[0]},{BACK[1]},20,590" for k in range(inward)]
    columns = "trip_id,depart_s,origin_link,destination_link,origin_m,destination_m"
    (folder / "trips.csv").write_text("\n".join([columns, *rows, ""]))
    scenario = {
        "citytwin": 1,
        "name": "road",
        "start": "2026-05-04T07:00",
        "duration_s": 2800,
        "city": {"osm": "road.osm"},
    }
    scenario |= {"demand": [{"kind": "trips", "file": "trips.csv"}], "events": events}
    (folder / "road.yaml").write_text(json.dumps(scenario))
    read = load_scenario(folder / "road.yaml")
    network = network_of(read)
    return Simulation(read, network, trips_of(read, network))


def span_s(simulation: Simulation) -> float:
    """Between the first and the last car that got out, s."""
    simulation.run()
    arrived_s = simulation.model.fleet.vehicles.arrived_s[0]
    assert not np.isnan(arrived_s).any()
    return float(np.ptp(arrived_s))


def turned(**keys: object) -> list[dict[str, object]]:
    return [{"id": "out", "kind": "contraflow", "links": BACK, "start_s": 0, **keys}]


def test_city_c2_and_c3_a_second_lane_halves_the_time(tmp_path):
    """3,000 cars there, 1,200 here: one lane at 1,800 vehicles an hour within 3 %, two within 5 %."""
    one_s = span_s(road(tmp_path, events=[], outward=MANY))
    two_s = span_s(road(tmp_path, events=turned(), outward=MANY))
    assert one_s == pytest.approx((MANY - 1) * 3600.0 / 1800.0, rel=0.03)
    assert two_s == pytest.approx((MANY - 1) * 3600.0 / 3600.0, rel=0.05)


def test_who_is_on_the_lanes_drives_off_first_and_nobody_meets_them(tmp_path):
    simulation = road(tmp_path, events=turned(start_s=60, end_s=250), inward=12)
    network, fleet = simulation.model.network, simulation.model.fleet
    event = next(iter(simulation.scenario.events))
    own, other = simulation.events._duty(0).lanes(simulation)
    assert event.link_ids == tuple(BACK) and own.size == other.size == 2
    for t_s in range(1, 700):
        simulation.run(t_s)
        count = fleet.cities.lane_i[0, table.COUNT]
        assert not (count[own].any() and count[other].any()), t_s
        if t_s < 60:
            assert not count[other].any()
    texts = [entry.text for entry in simulation.entries if entry.kind == "contraflow"]
    assert [text.split(",")[0].split(" on ")[0] for text in texts] == [
        "closed one after the other",
        "driven the other way",
        "closed to the other direction",
        "open again as ever",
    ]
    assert (simulation.shut[other] == 1).all() and (simulation.shut[own] == 0).all()
    assert network.lane_count == 4 + 2 + 1  # one lane of the side street


def test_a_snapshot_in_the_middle_goes_on_to_the_same_end(tmp_path):
    whole = road(tmp_path, events=turned(start_s=60, end_s=250), inward=12)
    again = road(tmp_path, events=turned(start_s=60, end_s=250), inward=12)
    whole.run(75.0)
    restore(again, take(whole))
    for simulation in (whole, again):
        simulation.run(400.0)
    assert again.model.fleet.state_hash() == whole.model.fleet.state_hash() and again.entries == whole.entries


def test_what_cannot_be_turned_is_refused_in_words(tmp_path):
    with pytest.raises(ScenarioError, match=r"events\[0\]\.links\[0\].*has no lane left to turn"):
        road(tmp_path, events=turned(keep_lanes=1))
    with pytest.raises(ScenarioError, match=r"could turn into way/2:1-0 from the turned lanes only\. Leave it out\."):
        road(tmp_path, events=turned(), turns=True)
    with pytest.raises(ScenarioError, match=r"no such link"):
        road(tmp_path, events=turned(links=["way/7:0-1"]))


def test_the_same_lanes_are_turned_twice(tmp_path):
    """Out from the beginning, and again when most are out; in between, and at the end, all is as before."""
    again = {"id": "again", "kind": "contraflow", "links": BACK, "start_s": 700, "end_s": 800}
    simulation = road(tmp_path, events=[*turned(end_s=400), again], outward=MANY)
    own, other = simulation.events._duty(0).lanes(simulation)
    open_at = {}
    for t_s in (200, 600, 780, 1200):
        simulation.run(t_s)
        open_at[t_s] = bool((simulation.shut[other] == 0).all()), bool((simulation.shut[own] == 0).all())
    assert open_at == {200: (True, False), 600: (False, True), 780: (True, False), 1200: (False, True)}


def test_lanes_of_both_directions_stand_by_for_each_other(tmp_path):
    inward = {"id": "in", "kind": "contraflow", "links": OUT, "start_s": 500}
    simulation = road(tmp_path, events=[*turned(end_s=300), inward], outward=20, inward=20)
    network = simulation.model.network
    turns = [simulation.events._duty(row).lanes(simulation) for row in (0, 1)]
    assert [[lanes.size for lanes in turn] for turn in turns] == [[2, 2], [2, 2]]
    assert network.lanes.stands_by.sum() == 4 and not network.lanes.stands_by[turns[1][0]].any()
    simulation.run(200)
    assert (simulation.shut[turns[0][1]] == 0).all() and (simulation.shut[turns[1][1]] == 1).all()
    simulation.run(900)
    assert (simulation.shut[turns[0][1]] == 1).all() and (simulation.shut[turns[1][1]] == 0).all()


def drilled(folder: Path, **more: object) -> Rehearsal:
    """A rehearsal on the road, on which nothing is planned."""
    road(folder, events=[], inward=12)
    return open_rehearsal(folder / "road.yaml", folder / "drill", **more)


def test_a_rehearsal_turns_lanes_of_streets_named_beforehand(tmp_path):
    """By a command; it goes on as if the scenario had an event."""
    with drilled(tmp_path, turnable=[*BACK], reserve=0.0) as rehearsal:
        commands = Commands(rehearsal)
        for link in (OUT[0], "way/2:0-1"):
            with pytest.raises(ScenarioError) as error:
                commands.do(f"turn {link}")
            said = (
                "no lanes stand by for" if link in OUT else "has no other direction that its lanes could be turned to"
            )
            assert said in str(error.value)
        with pytest.raises(ScenarioError, match="is one direction of a road whose other one is here too"):
            commands.do(f"turn {','.join((*OUT, *BACK))}")
        rehearsal.run_until(60)
        commands.do(f"turn {','.join(BACK)}")
        rehearsal.run_until(700)
        ended = rehearsal.simulation.model.fleet.state_hash()
        texts = [entry.text for entry in rehearsal.simulation.entries if entry.kind == "contraflow"]
    assert texts[1].startswith("driven the other way on 2 lanes")
    planned = road(tmp_path, events=turned(start_s=60), inward=12)
    planned.run(700)
    assert ended == planned.model.fleet.state_hash()


def test_a_file_of_injects_says_beforehand_what_is_turned_and_a_resumed_rehearsal_knows(tmp_path):
    file = tmp_path / "injects.yaml"
    file.write_text(f"injects:\n  - {{at: 60, kind: contraflow, links: {json.dumps(BACK)}, for_min: 3}}\n")
    killed = drilled(tmp_path, injects=file)
    killed.run_until(130)
    del killed  # nothing is closed, as when the process is killed
    with open_rehearsal(tmp_path / "road.yaml", tmp_path / "drill", resume=True) as again:
        again.run_until(700)
        texts = [entry.text for entry in again.simulation.entries if entry.kind == "contraflow"]
    assert len(texts) == 4 and texts[-1] == "open again as ever"


def test_what_cannot_stand_by_is_told_at_once(tmp_path):
    with pytest.raises(ScenarioError) as error:
        drilled(tmp_path, turnable=["Nowhere", "way/2:0-1", *BACK])
    texts = [problem.text for problem in error.value.problems]
    assert len(texts) == 2 and texts[0].startswith("no such link or street.") and texts[1].startswith("has no other")
    file = tmp_path / "injects.yaml"
    file.write_text(
        'injects:\n  - {at: 60, kind: contraflow, links: ["way/2:0-1", "way/7:0-1"]}\n  - {at: 90, kind: contraflow}\n'
    )
    with pytest.raises(ScenarioError) as error:
        drilled(tmp_path, injects=file)
    texts = " ".join(problem.text for problem in error.value.problems)
    assert "has no other direction" in texts and "no such link" in texts and "needs `link` or `links`" in texts
