"""A rehearsal does what it is told, forgets what is undone, and looks ahead without going there."""

from __future__ import annotations

import io
import json
import random
import time

import numpy as np
import pytest
from click.testing import CliRunner
from evacuation_case import box, write_case
from hazard_case import write_series
from restart_case import end_of, files_of, simulation_of, write_busy_town
from traffic_case import write_scenario

from citytwin.agents.pedestrian import NOT_CALLED
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.injects import read_injects
from citytwin.scenarios.problems import InputError, describe
from citytwin.sim.checkpoints import snapshots_in
from citytwin.sim.cli import main
from citytwin.sim.rehearsal import Rehearsal, open_rehearsal
from citytwin.sim.rehearse_commands import Commands
from citytwin.sim.rehearse_console import Console
from citytwin.sim.run_folder import read_run


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """The busy town without events and hazards; it begins at 07:00 and lasts eight minutes."""
    return write_busy_town(
        tmp_path_factory.mktemp("town"),
        events=[],
        hazards=[],
        outputs={"links_every_s": 120},
        checkpoint={"every_s": 40, "keep": 20},
    )


@pytest.fixture
def rehearsal(town, tmp_path):
    with open_rehearsal(town, tmp_path / "drill") as opened:
        yield opened


def closure(rehearsal: Rehearsal, **keys):
    return {"kind": "road_closure", "link": rehearsal.simulation.model.network.links.id[5], **keys}


def said(call, *args, **more) -> str:
    with pytest.raises(InputError) as error:
        call(*args, **more)
    return describe(error.value.problems)


def test_left_alone_it_is_the_run_of_the_scenario(town, rehearsal, tmp_path):
    alone = simulation_of(town)
    alone.run()
    rehearsal.run_until(130)
    rehearsal.run_until(1e9)
    own = np.array(["+reserve" not in trip for trip in rehearsal.simulation.model.fleet.trips.id])
    vehicles, others = rehearsal.simulation.model.fleet.vehicles, alone.model.fleet.vehicles
    for column in ("status", "entered_s", "arrived_s", "driven_m", "position_m"):
        np.testing.assert_array_equal(getattr(vehicles, column)[0, own], getattr(others, column)[0])
    assert rehearsal.is_over and rehearsal.finish()["arrived"] == int((others.status == table.ARRIVED).sum())
    trips = read_run(tmp_path / "drill").trips
    assert (trips["status"] == "not_called").sum() == (~own).sum() > 100
    assert rehearsal.finish() is rehearsal.summary


def test_an_inject_happens_at_its_time_and_is_written_down(rehearsal):
    rehearsal.run_until(60)
    given = rehearsal.inject(closure(rehearsal, at="07:02", for_min=2, note="Burst main"))
    assert [(row["clock"], row["given_s"]) for row in rehearsal.state()["queue"]] == [("07:02", 60.0)]
    assert not rehearsal.simulation.journeys.closed.any()
    rehearsal.run_until(121)
    assert rehearsal.simulation.journeys.closed.sum() == 1 and not rehearsal.state()["queue"]
    rehearsal.run_until(241)
    assert not rehearsal.simulation.journeys.closed.any()
    lines = [(line["clock"], line["kind"]) for line in rehearsal.state()["log"] if "incident" not in line["kind"]]
    assert [("07:01", "inject given"), ("07:02", "inject"), ("07:02", "road_closure"), ("07:04", "road_closure")] == [
        line for line in lines if line[1] in ("inject given", "inject", "road_closure")
    ]
    assert "road closure: Street 201, for 2 min (Burst main)" in rehearsal.injects.words(given.inject)


def test_undo_takes_injects_back_one_by_one(town, rehearsal):
    rehearsal.run_until(90)
    before = end_of(rehearsal.simulation)
    rehearsal.inject(closure(rehearsal, known_to="broadcast"))
    rehearsal.inject({"kind": "extra_arrivals", "share": 0.3})
    rehearsal.run_until(200)
    with_both = end_of(rehearsal.simulation)
    assert "extra arrivals: share 0.3 (given at 07:01:30)" in rehearsal.undo()
    assert rehearsal.simulation.t_s == 90 and len(rehearsal.injects.book) == 1
    assert snapshots_in(rehearsal.folder)[-1].stem == "0000090.0", "what was undone is gone from the disk too"
    assert rehearsal.undo().startswith("road closure: Street 201")
    assert end_of(rehearsal.simulation) == before and not rehearsal.injects.book
    assert (
        said(rehearsal.undo)
        == "nothing to undo. Snapshots to go back to: 07:00, 07:00:40, 07:01:20, 07:01:30\n1 problem, nothing was run."
    )
    rehearsal.inject(closure(rehearsal, known_to="broadcast"))
    rehearsal.inject({"kind": "extra_arrivals", "share": 0.3})
    rehearsal.run_until(200)
    assert end_of(rehearsal.simulation) == with_both, "the same injects give the same again"


def test_extra_arrivals_are_called_in_their_window_and_no_more(rehearsal):
    fleet = rehearsal.simulation.model.fleet
    stood_by = fleet.vehicles.status[0] == 5
    in_window = stood_by & (fleet.trips.depart_s > 120) & (fleet.trips.depart_s < 240)
    rehearsal.inject({"kind": "extra_arrivals", "at": 120, "share": 0.25, "for_min": 2})
    rehearsal.run_until(400)
    called = stood_by & (fleet.vehicles.status[0] != 5)
    assert not (called & ~in_window).any()
    assert called.sum() == pytest.approx(in_window.sum() / 2, rel=0.3), "half of a reserve of a half"
    assert (fleet.vehicles.status[0, called] == table.ARRIVED).sum() > 5


def test_extra_arrivals_on_foot_are_called_in_their_window_and_disturb_nobody_before(tmp_path):
    walks = [{"kind": "random_trips", "per_hour": 3000, "min_distance_m": 100}]
    path = write_scenario(tmp_path, walks=walks, demand=[], duration_s=400)
    alone = simulation_of(path)
    alone.run(100.0)
    rehearsal = open_rehearsal(path, tmp_path / "drill")
    rehearsal.run_until(100)
    walkers, commands = rehearsal.simulation.model.walkers, Commands(rehearsal)
    own = np.array(["+reserve" not in walk for walk in walkers.trips.id])
    for column in ("status", "walked_m", "left_m"):
        with_reserve, without = (getattr(each.people, column)[0] for each in (walkers, alone.model.walkers))
        np.testing.assert_array_equal(with_reserve[own], without)
    depart_s = walkers.trips.depart_s
    in_window = ~own & (depart_s > 100) & (depart_s < 220)
    commands.do("arrivals +25% on foot for 2 min")
    rehearsal.run_until(300)
    called = ~own & (walkers.people.status[0] != NOT_CALLED)
    assert not (called & ~in_window).any() and (walkers.people.walked_m[0, called] > 0.0).all()
    assert called.sum() == pytest.approx(in_window.sum() / 2, rel=0.3), "half of a reserve of a half"
    rehearsal.undo()
    assert (walkers.people.status[0, ~own] == NOT_CALLED).all()
    facts = rehearsal.finish()["walking"]
    assert facts["walks"] == own.sum()


def test_nobody_more_walks_where_nobody_does(tmp_path):
    rehearsal = open_rehearsal(write_scenario(tmp_path, demand=[]), tmp_path / "drill")
    words = said(rehearsal.inject, {"kind": "extra_arrivals", "share": 0.1, "by": "foot"})
    assert 'by = "foot"  nobody walks in this scenario. Say who does under `walks`.' in words


def test_looking_ahead_compares_and_changes_nothing(rehearsal):
    rehearsal.run_until(100)
    before, files = end_of(rehearsal.simulation), snapshots_in(rehearsal.folder)
    links = rehearsal.simulation.model.network.links.id
    found = rehearsal.branch(
        [{"kind": "road_closure", "links": list(links[4:12])}, {"kind": "extra_arrivals", "share": 0.5}], 200
    )
    assert (found.from_s, found.to_s) == (100.0, 300.0)
    assert found.branch.figures["created"] > found.base.figures["created"] + 20
    assert found.branch.figures["delay_h"] > found.base.figures["delay_h"]
    assert found.streets and found.as_dict()["streets"][0]["link"] in links
    assert end_of(rehearsal.simulation) == before and snapshots_in(rehearsal.folder) == files
    same = rehearsal.branch([], 200, from_s=50)
    assert same.from_s == 40.0 and same.base.figures == same.branch.figures
    rehearsal.run_until(300)
    assert rehearsal.figures() == found.base.figures, "what it foresaw without the injects came to pass"


def test_what_is_wrong_with_an_inject_is_said_in_words(rehearsal):
    rehearsal.run_until(60)
    assert 'at = "07:00"  has passed: it is 07:01. Give a later time, or go back first.' in said(
        rehearsal.inject, closure(rehearsal, at="07:00")
    )
    assert 'at = "09:00"  is after the end of the run (07:08). Give an earlier time.' in said(
        rehearsal.inject, closure(rehearsal, at="09:00")
    )
    assert 'at = "06:50"  is before the run begins (07:00). Give a later time.' in said(
        rehearsal.inject, closure(rehearsal, at="06:50")
    )
    assert 'link = "way/9:1-2"  no such link. Closest:' in said(
        rehearsal.inject, {"kind": "road_closure", "link": "way/9:1-2"}
    )
    text = said(rehearsal.inject, {"kind": "roadclosure", "link": "way/9:1-2"})
    assert 'kind = "roadclosure"  no such kind. Closest: "road_closure".' in text
    assert "share = -1  must be above 0." in said(rehearsal.inject, {"kind": "extra_arrivals", "share": -1})
    text = said(rehearsal.inject, {"kind": "signal_plan", "junction": rehearsal.simulation.model.network.signals.id[0]})
    assert "changes nothing: give `cycle_s`, `offset_s` or `green_s`." in text
    assert "no snapshot at or before 06:59:59. There are: 07:00, 07:00:40" in said(rehearsal.go_back, -1)
    assert not rehearsal.injects.book


def test_a_file_of_injects_tells_all_problems_at_once(town, tmp_path):
    file = tmp_path / "injects.yaml"
    file.write_text(
        "injects:\n"
        '  - {at: "25:00", kind: road_closure, link: way/100:1-2}\n'
        '  - {at: "07:05", kind: road_closure, link: nowhere, for_min: 0}\n'
        '  - {at: "07:30", kind: extra_arrivals, share: 0.1}\n'
        "  - {kind: zone, at: 10}\n"
    )
    text = said(open_rehearsal, town, tmp_path / "run", injects=file)
    assert f'{file}:2  injects[0].at = "25:00"  must be a clock time such as "14:10"' in text
    assert f'{file}:3  injects[1].link = "nowhere"  no such link.' in text
    assert f"{file}:3  injects[1].for_min = 0  must be above 0." in text
    assert f'{file}:4  injects[2].at = "07:30"  is after the end of the run (07:08).' in text
    assert f'{file}:5  injects[3].kind = "zone"  no such kind.' in text
    assert not (tmp_path / "run").exists()
    assert "no such file" in said(open_rehearsal, town, tmp_path / "run", injects=tmp_path / "none.yaml")


def test_injects_of_a_file_happen_and_a_killed_rehearsal_goes_on_with_them(town, tmp_path):
    links = simulation_of(town).model.network.links.id
    file = tmp_path / "injects.yaml"
    file.write_text(
        "injects:\n"
        f'  - {{at: "07:03", kind: incident, link: "{links[8]}", for_min: 2}}\n'
        f'  - {{at: 100, kind: speed_limit, link: "{links[7]}", speed_kmh: 20, for_min: 2}}\n'
    )
    whole = open_rehearsal(town, tmp_path / "whole", injects=file)
    whole.run_until(90)
    whole.inject(closure(whole, at=150))
    whole.run_until(480)
    killed = open_rehearsal(town, tmp_path / "killed", injects=file)
    killed.run_until(90)
    killed.inject(closure(killed, at=150))
    del killed  # nothing is closed, as when the process is killed
    again = open_rehearsal(town, tmp_path / "killed", resume=True)
    assert again.simulation.t_s == 90 and [row["number"] for row in again.state()["queue"]] == [1, 3, 2]
    again.run_until(480)
    assert end_of(again.simulation) == end_of(whole.simulation)
    assert again.finish()["state_hash"] == whole.finish()["state_hash"]
    assert files_of(again.folder) == files_of(whole.folder)


COMMANDS = """
# a drill
run 60 s
close "Street 101" for 2 min broadcast   # both directions
at 07:03 arrivals +20% for 2 min
queue
branch 2 min: limit "Street 200" 20; block {link} at 40 m for 1 min
branch 1 min from 07:00:30: close {link}
run until 07:04
log
undo
undo
state
back to 07:00:40
find street 20
retime {signal} cycle 90
play 600 until 07:05
finish
"""


def test_commands_of_a_file_lead_it(town, tmp_path):
    network = simulation_of(town).model.network
    (tmp_path / "drill.txt").write_text(COMMANDS.format(link=network.links.id[3], signal=network.signals.id[1]))
    answer = CliRunner().invoke(
        main, ["rehearse", str(town), "-o", str(tmp_path / "run"), "--commands", str(tmp_path / "drill.txt")]
    )
    assert answer.exit_code == 0, answer.output
    text = answer.stdout
    assert "inject 1 at 07:01: road closure: Street 101, known to all, for 2 min" in text
    assert "07:03  2  extra arrivals: share 0.2, for 2 min" in text
    assert "07:01 to 07:03: as planned | with speed limit: Street 200, speed kmh 20.0; incident: " in text
    assert "undone: extra arrivals: share 0.2, for 2 min (given at 07:01). It is 07:01 again." in text
    assert "07:00 to 07:01: as planned | with road closure: " in text
    assert "it is 07:00:40 again." in text and "inject 1 at 07:00:40: signal plan: " in text
    assert text.splitlines()[-2].startswith("finished at 07:05.")
    assert "report.html" in text.splitlines()[-1] and (tmp_path / "run" / "report.html").exists()
    events = read_run(tmp_path / "run").events
    assert set(events["kind"]) >= {"inject given", "inject", "signal_plan"} and "road_closure" not in set(
        events["kind"]
    )


def test_a_wrong_command_says_where_and_what_to_write(town, tmp_path):
    arguments = ["rehearse", str(town), "-o", str(tmp_path / "run"), "--json"]
    answer = CliRunner().invoke(main, arguments, input="run 10 s\nclos street\n")
    assert answer.exit_code == 2
    first, last = answer.stdout.split("\n", 1)
    assert json.loads(first)["t_s"] == 10.0
    problem = json.loads(last)["problems"][0]
    assert (problem["file"], problem["line"]) == ("standard input", 2)
    assert problem["text"] == '\'clos\' is no command. Closest: "close", "log". Type help for all of them.'
    assert read_run(tmp_path / "run").manifest["status"] == "failed"


@pytest.mark.parametrize(
    "line, words",
    [
        ("run", "say how long: run 10 min, run 30 s, run until 14:30 or run to the end"),
        ("run until 25:00", '25:00 must be a clock time such as "14:10"'),
        ("run until 07:00", "07:00 has passed: it is 07:01. To go back: back to 07:00"),
        ("run until 06:59", "06:59 is after the end of the run (07:08): run to the end"),
        ("back", "say when: back to 14:05"),
        ("find nowhere", "no street is called so."),
        ("branch 10 min from noon: close x", 'noon must be a clock time such as "14:10"'),
        ("branch 10 min", "say how far to look and what is to happen: branch 30 min: close LINK for 20 min"),
        ("close", "give the id of a link, the name of a street in quotes, or several with commas between"),
        ("close 'Street 101", "cannot be read: No closing quotation"),
        ("close x until 5", "'until' was not expected. Known here: lanes, for, broadcast, sight"),
        ("close x for long", "say how long: for 60 min"),
        ("limit x", "a number is missing: limit LINK 30"),
        ("arrivals more", "say how many more: arrivals +20%"),
        ("retime", "retime JUNCTION cycle 90 | greens 20,30 | offset 10"),
        ("inject [1, 2", "write the inject as {kind: road_closure, link: ID, for_min: 60}"),
        ("inject {kind: extra_arrivals}", "share  is missing."),
        ("play fast", "a number is missing: play 60: how many times as fast as real time"),
    ],
)
def test_commands_that_are_not_understood(shared, line, words):
    assert words in said(Commands(shared).do, line)


@pytest.fixture(scope="module")
def shared(town, tmp_path_factory):
    rehearsal = open_rehearsal(town, tmp_path_factory.mktemp("shared") / "run")
    rehearsal.run_until(60)
    return rehearsal


@pytest.fixture(scope="module")
def emergency(tmp_path_factory):
    """An evacuation of a town in which nobody has been told to leave yet, and a flood that keeps out of its way."""
    folder = tmp_path_factory.mktemp("emergency")
    far = box(3, 3, 3, 3)
    write_series(folder / "water.geojson", (0, [*far, far[0]], {"depth_m": 0.2}))
    flood = {"kind": "flood", "id": "water", "file": "water.geojson", "every_s": 20}
    path = write_case(folder, orders=[], shadow=None, scenario={"hazards": [flood], "duration_s": 600})
    return open_rehearsal(path, folder / "run")


def test_zones_are_ordered_shelters_fill_and_hazards_move(emergency):
    emergency.run_until(60)
    before, state = end_of(emergency.simulation), emergency.figures()
    assert state["evacuees_indoors"] == 240 and state["in_hazards"] == 0
    commands = Commands(emergency)
    commands.do("order west compliance 100%")
    emergency.run_until(130)
    commands.do("full hall")
    commands.do("move water west 150 south 150")
    assert commands.do("queue").text == "nothing is planned", "what is given for now happens now"
    assert [row["clock"] for row in emergency.state()["happened"]] == ["07:01", "07:02:10", "07:02:10"]
    emergency.run_until(400)
    after = emergency.figures()
    assert after["evacuees_indoors"] < 120 and after["evacuees_sheltered"] + after["evacuees_out"] > 0
    assert after["in_hazards"] > 0
    hall = emergency.simulation.rescue.people.havens.id.index("hall")
    inside = int(emergency.simulation.rescue.evacuees.occupancy[hall])
    assert inside < 30 == emergency.simulation.rescue.people.havens.capacity[hall]
    there = end_of(emergency.simulation)
    emergency.run_until(500)
    emergency.go_back(400)
    emergency.run_until(500)
    for _ in range(3):
        emergency.undo()
    assert emergency.simulation.t_s == 60 and emergency.figures() == state and end_of(emergency.simulation) == before
    assert there != before


def test_typing_errors_and_what_is_not_there_are_told_together(emergency, tmp_path):
    file = tmp_path / "injects.yaml"
    file.write_text(
        "injects:\n"
        '  - {at: "06:50", kind: evacuation_order, zones: [wst], complianc: 0.5}\n'
        "  - {at: 30, kind: shelter_full, shelter: hll, note: 3}\n"
    )
    simulation = emergency.simulation
    with pytest.raises(InputError) as error:
        read_injects(file, simulation.scenario, simulation.model.network)
    told = [str(found).partition("  ")[2] for found in error.value.problems]
    assert told[0].startswith('injects[0].complianc = 0.5  no such key. Closest: "compliance".')
    assert told[1:] == [
        'injects[0].at = "06:50"  is before the run begins (07:00). Give a later time.',
        "injects[1].note = 3  must be text: put it in quotes.",
        'injects[1].shelter = "hll"  no such shelter. Closest: "hall". All: hall, park.',
    ]


def test_what_no_emergency_has_is_refused(emergency, shared):
    commands = Commands(emergency)
    assert 'zones = ["wst"]  no zone \'wst\'. Closest: "west", "east". All: west, east.' in said(
        commands.do, "order wst"
    )
    assert 'shelter = "hll"  no such shelter. Closest: "hall". All: hall, park.' in said(commands.do, "full hll")
    assert 'hazard = "watr"  no such hazard. Closest: "water". All: water.' in said(commands.do, "move watr east 5")
    assert "moves nothing: give `east_m` or `north_m`." in said(commands.do, "move water")
    assert "has no effect: the scenario has no `evacuation`." in said(Commands(shared).do, "order west")
    assert "no such hazard. All: none." in said(Commands(shared).do, "move water east 5")
    assert "say whom: order ZONE" in said(commands.do, "order")


class Pauser:
    """Asks for a pause at a moment, as the handler of Ctrl-C does."""

    every_s = 70.0

    def __init__(self, rehearsal):
        self._rehearsal = rehearsal

    def observe(self, t_s, model):
        if t_s == 140.0:
            self._rehearsal.pause()


def test_a_pause_stops_time_soon(rehearsal):
    rehearsal.simulation.watch([Pauser(rehearsal)])
    assert [state["t_s"] for state in rehearsal.states(400, 1000)] == [150] and rehearsal.is_paused
    assert [state["t_s"] for state in rehearsal.states(300, 100)] == [250, 300] and not rehearsal.is_paused


def test_the_prompt_goes_on_after_mistakes_until_it_is_finished(rehearsal, monkeypatch, capsys):
    lines = iter(["run 60 s", "fly", KeyboardInterrupt(), "close 'Street 100' for 1 min", "finish", "never read"])

    def answer(prompt):
        line = next(lines)
        if isinstance(line, KeyboardInterrupt):
            raise line
        return line

    monkeypatch.setattr("builtins.input", answer)
    Console(rehearsal).talk()
    said_out, said_err = capsys.readouterr()
    assert "07:01  created" in said_out and "finished at 07:01." in said_out
    assert "'fly' is no command." in said_err and "Type finish to end the rehearsal." in said_err
    assert next(lines) == "never read" and rehearsal.summary is not None


def test_the_picture_shows_the_clock_the_figures_and_what_is_to_come(shared):
    from rich.console import Console as Terminal

    Commands(shared).do('at 07:07 close "Street 100" for 1 min')
    terminal = Terminal(record=True, width=100, file=io.StringIO())
    terminal.print(Console(shared).picture(60.0))
    text = terminal.export_text()
    assert text.startswith("07:01   60 times as fast as real time")
    assert "07:07  road closure: Street 100, for 1 min" in text and "on foot" in text


def test_playing_keeps_pace_with_the_clock_on_the_wall(rehearsal):
    begun_s = time.monotonic()
    moments = list(Console(rehearsal)._moments(200.0, 60.0))
    assert moments == [50.0, 60.0] and 0.29 < time.monotonic() - begun_s < 5.0


def test_a_unit_that_is_out_is_sent_nowhere_until_it_is_back(town, tmp_path):
    with open_rehearsal(town, tmp_path / "run") as rehearsal:
        team, commands = rehearsal.simulation.responders, Commands(rehearsal)
        for unit in team.plan.unit_id:
            assert f"unit out: unit {unit}" in commands.do(f"out {unit}").text
        rehearsal.run_until(240)
        assert np.isnan(team.sent_s).all() and team.dispatcher.waiting
        rehearsal.inject({"kind": "unit_back", "unit": team.plan.unit_id[0]})
        rehearsal.run_until(470)
        assert set(team.unit[~np.isnan(team.sent_s)]) == {0}
        text = said(commands.do, "out nobody")
        assert f"no such unit. All: {', '.join(team.plan.unit_id)}." in text
        rehearsal.undo()
        assert team.dispatcher.out.all() and rehearsal.simulation.t_s == 240


@pytest.mark.parametrize("seed", range(3))
def test_whatever_was_undone_leaves_no_trace(town, tmp_path, seed):
    """Random drills end as one does in which only what was not undone was given, at the same times."""
    rng = random.Random(seed)
    drill = open_rehearsal(town, tmp_path / "drill")
    links = drill.simulation.model.network.links.id
    given: list[tuple[float, dict]] = []
    for _ in range(12):
        now_s = drill.simulation.t_s
        keys = {"kind": "road_closure", "link": rng.choice(links), "at": now_s + rng.randrange(60), "for_min": 1}
        what = rng.choice(("run", "run", "inject", "inject", "undo", "branch", "back"))
        if what == "run":
            drill.run_until(min(now_s + rng.randrange(60), 400))
        elif what == "inject":
            drill.inject(keys)
            given.append((now_s, keys))
        elif what == "branch":
            drill.branch([keys], rng.randrange(30))
        elif what == "undo" and given:
            drill.undo()
            given.pop()
        elif what == "back" and not given:
            drill.go_back(rng.randrange(int(now_s) + 1))
    drill.run_until(450)
    straight = open_rehearsal(town, tmp_path / "straight")
    for when_s, keys in given:
        straight.run_until(when_s)
        straight.inject(keys)
    straight.run_until(450)
    assert end_of(drill.simulation) == end_of(straight.simulation)


def test_events_of_the_scenario_begin_and_end_when_they_are_told_to(tmp_path):
    """A contraflow whose time would come at the very end, and a closure that lasts to the end of the run."""
    path = write_busy_town(tmp_path, hazards=[], responders=None, demand=[])
    links = simulation_of(path).model.network.links
    turned, shut = links.id[11], links.id[9]
    events = [
        {"id": "out", "kind": "contraflow", "link": turned, "start_s": 470},
        {"id": "shut", "kind": "road_closure", "link": shut, "start_s": 20},
        {"id": "slow", "kind": "speed_limit", "link": shut, "speed_kmh": 20, "start_s": 60, "end_s": 100},
    ]
    none = {key: [] for key in ("hazards", "measures", "air_warnings", "demand", "public_transport")}
    path = write_busy_town(tmp_path, responders=None, events=events, **none)
    with open_rehearsal(path, tmp_path / "run") as rehearsal:
        commands, fleet = Commands(rehearsal), rehearsal.simulation.model.fleet
        network = rehearsal.simulation.model.network
        twin = network.links.twin[network.link_row[turned]]
        lanes = slice(*network.links.lane_start[twin : twin + 2])
        assert (fleet.lane_open[0, lanes] == 0).sum() == 1, "the lane is there, and closed"
        rehearsal.run_until(40)
        for line in ("begin out", "end shut", "begin slow"):
            commands.do(line)
        rehearsal.run_until(70)
        assert fleet.lane_open[0, lanes].all() and not rehearsal.simulation.journeys.closed[network.link_row[shut]]
        assert fleet.lane_limit_mps[0, network.links.lane_start[network.link_row[shut]]] == pytest.approx(20 / 3.6)
        for line, answer in (("begin out", "has begun already"), ("end shut", "has ended already")):
            commands.do(line)
            assert rehearsal.simulation.entries[-1].text.endswith(answer)
        snapshot_s = rehearsal.simulation.t_s
        rehearsal.run_until(90)
        assert [entry.text for entry in rehearsal.simulation.entries if entry.kind == "speed_limit"] == [
            "20 km/h",
            "back to the limit before",
        ], "for as long as it was to last"
        commands.do("end out")
        rehearsal.run_until(120)
        assert (fleet.lane_open[0, lanes] == 0).sum() == 1
        there = end_of(rehearsal.simulation)
        rehearsal.go_back(snapshot_s)
        rehearsal.run_until(90)
        commands.do("end out")
        rehearsal.run_until(120)
        assert end_of(rehearsal.simulation)[0] == there[0]
        assert 'event = "in"  no event has this id.' in said(commands.do, "begin in")
