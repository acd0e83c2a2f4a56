"""From the scenario file to the run folder: what is written, what a Ctrl-C leaves, what the seed changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from traffic_case import write_scenario

from citytwin.scenarios.problems import InputError, describe
from citytwin.scenarios.scenario import check_scenario
from citytwin.sim import interrupts
from citytwin.sim.progress import Silent
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("town")


@pytest.fixture(scope="module")
def path(folder):
    """A town with a loop, a closure and two trips of its own, one of them a truck."""
    links = run_links(folder)
    (folder / "trips.csv").write_text(
        "trip_id,depart_s,origin_link,destination_link,vehicle_class\n"
        f"mine,5,{links[0]},{links[-1]},car\ntruck,6,{links[0]},{links[-1]},truck\n"
    )
    return write_scenario(
        folder,
        demand=[
            {"kind": "random_trips", "per_hour": 1200, "min_distance_m": 200},
            {"kind": "trips", "file": "trips.csv"},
        ],
        sensors=[{"kind": "loop", "id": "loop", "link": links[3], "every_s": 100}],
        events=[{"kind": "road_closure", "link": links[5], "start_s": 100, "end_s": 300, "known_to": "broadcast"}],
        outputs={"links_every_s": 150, "network_every_s": 60},
    )


def run_links(folder) -> list[str]:
    """Ids of the town's links."""
    from traffic_case import write_town

    from citytwin.scenarios.load_network import load_network

    return list(load_network(write_town(folder / "town.osm")).links.id)


@pytest.fixture(scope="module")
def result(path, tmp_path_factory):
    return run_scenario(path, tmp_path_factory.mktemp("runs") / "out")


@pytest.fixture(scope="module")
def run(result):
    return read_run(result.folder)


def test_the_manifest_tells_what_the_network_doctor_found(tmp_path):
    path = write_scenario(tmp_path, duration_s=30)
    town = tmp_path / "town.osm"
    lane = (
        '<node id="99" lat="47.0005" lon="9.0008"/>'
        '<way id="99"><nd ref="1"/><nd ref="99"/><tag k="highway" v="residential"/></way>'
    )
    town.write_text(town.read_text().replace("</osm>", f"{lane}</osm>"))
    manifest = read_run(run_scenario(path, tmp_path / "out").folder).manifest
    assert [(row["kind"], row["count"], row["first"][0]["where"]) for row in manifest["fault_kinds"]] == [
        ("dead_end", 1, "node/99")
    ]
    assert manifest["scenario_file"] == str(path)


def test_the_folder_holds_every_table(result, run):
    assert run.manifest["status"] == "finished"
    assert {file.name for file in result.folder.glob("*.parquet")} == {
        f"{name}.parquet" for name in ("trips", "links", "network", "locks", "events", "stuck", "sensors", "streets")
    }
    assert run.summary == json.loads(json.dumps(result.summary))
    assert len(run.streets) == 40  # 24 blocks, less 4 as corners are bends, in both directions
    assert len(run.trips) == run.summary["created"] + (run.trips["status"] == "pending").sum()


def test_everybody_is_counted_at_all_times(run):
    network = run.network
    assert network["t_s"].tolist() == list(range(0, 601, 60))
    assert (network["created"] == network[["arrived", "active", "waiting", "stuck"]].sum(axis=1)).all()


def test_trips_are_timed(run):
    trips = run.trips
    arrived = trips[trips["status"] == "arrived"]
    assert len(arrived) > 50
    assert {"mine", "truck"} <= set(trips["trip_id"])
    assert trips.set_index("trip_id").loc["truck", "vehicle_class"] == "truck"
    assert np.allclose(arrived["travel_time_s"], arrived["arrived_s"] - arrived["depart_s"])
    assert np.allclose(arrived["waiting_s"], arrived["entered_s"] - arrived["depart_s"])
    assert (arrived["delay_s"] > -3).all()
    assert (arrived["distance_m"] > 0).all()
    assert trips.loc[trips["status"] != "arrived", "arrived_s"].isna().all()


def test_links_and_trips_agree_on_the_distance(run):
    assert run.summary["vehicle_km"] == pytest.approx(run.trips["distance_m"].sum() / 1000)
    on_links = run.links["vehicle_m"].sum() / 1000
    assert 0.8 * run.summary["vehicle_km"] < on_links < run.summary["vehicle_km"]  # the rest inside junctions


def test_the_log_tells_of_the_closure(run):
    assert run.events["t_s"].tolist() == [100.0, 300.0]
    assert run.events["text"][0].startswith("closed, announced to all")


def test_the_loop_counted(run):
    assert run.sensors["interval_end_s"].max() == 600
    assert run.sensors["count_veh"].sum() > 0


def test_another_seed_is_another_run(path, result, tmp_path):
    again = run_scenario(path, tmp_path / "again")
    other = run_scenario(path, tmp_path / "other", seed=77)
    assert again.summary["state_hash"] == result.summary["state_hash"]
    assert other.summary["state_hash"] != result.summary["state_hash"]
    assert read_run(tmp_path / "other").manifest["seed"] == 77


def test_a_scenario_with_a_mistake_leaves_no_folder(folder, tmp_path):
    broken = write_scenario(folder, events=[{"kind": "road_closure", "link": "nowhere", "start_s": 0}])
    with pytest.raises(InputError, match="nowhere"):
        run_scenario(broken, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "events,city",
    [
        ([{"kind": "road_closure", "link": "nowhere", "start_s": 0}], "town.osm"),
        ([{"kind": "road_closure", "link": "way/100:0-1", "start_s": 9999}], "town.osm"),
        ([], "broken.osm"),
    ],
    ids=["reference", "file", "streets"],
)
def test_whatever_is_wrong_a_run_lists_what_validate_lists(tmp_path, events, city):
    """A mistake that shows early hides none that would show later."""
    (tmp_path / "broken.osm").write_text("<osm")
    (tmp_path / "late.csv").write_text("trip_id,depart_s,origin_link,destination_link\na,-5,way/100:0-1,way/100:0-1\n")
    demand = [{"kind": "trips", "file": "late.csv"}]
    path = write_scenario(tmp_path, events=events, demand=demand, city={"osm": city})
    with pytest.raises(InputError) as raised:
        run_scenario(path, tmp_path / "out")
    assert describe(raised.value.problems) == describe(check_scenario(path))
    assert len(raised.value.problems) >= 2
    assert "depart_s = -5" in describe(raised.value.problems)


def test_nobody_sets_out(tmp_path):
    quiet = write_scenario(tmp_path, demand=[], duration_s=60)
    result = run_scenario(quiet, tmp_path / "out")
    assert (result.summary["created"], result.summary["mean_travel_s"]) == (0, None)
    assert any("Nobody set out" in text for text in read_run(result.folder).manifest["warnings"])


INTERRUPTED = """
import os, signal, sys
from citytwin.sim.progress import Silent
from citytwin.sim.run import run_scenario

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job starts with it ignored

class Impatient(Silent):
    def update(self, t_s, duration_s, active, real_time_factor):
        if t_s >= 180:
            os.kill(os.getpid(), signal.SIGINT)

run_scenario(sys.argv[1], sys.argv[2], progress=Impatient())
"""


@pytest.mark.slow
def test_an_interrupt_leaves_a_readable_folder(tmp_path):
    path = write_scenario(tmp_path, duration_s=3600)
    command = [sys.executable, "-c", INTERRUPTED, str(path), str(tmp_path / "out")]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr
    run = read_run(tmp_path / "out")
    assert run.manifest["status"] == "interrupted"
    network = run.network
    assert 120 <= network["t_s"].max() <= 240
    assert (network["created"] == network[["arrived", "active", "waiting", "stuck"]].sum(axis=1)).all()
    assert run.summary["created"] == network["created"].iloc[-1]
    assert len(run.trips) > 500
    assert (run.trips["status"] == "pending").sum() > 0
    assert run.links["interval_end_s"].max() == run.summary["sim_s"]


@pytest.fixture
def signals():
    """Signals as they were, and nobody who asked to stop."""
    before = {number: signal.getsignal(number) for number in interrupts.SIGNALS}
    interrupts.stop_on_signals()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
    interrupts._asked.clear()


class Swallowing(Silent):
    """Loses an interrupt, as compiled code does that calls Python, and may fail because of it."""

    def __init__(self, failing: bool) -> None:
        self.failing = failing

    def update(self, t_s, duration_s, active, real_time_factor):
        """Ctrl-C after two minutes."""
        if t_s == 120:
            with suppress(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
            if self.failing:
                msg = "no compiled object yet"
                raise RuntimeError(msg)


@pytest.mark.parametrize("failing", [False, True])
def test_an_interrupt_that_got_lost_ends_the_run_all_the_same(tmp_path, signals, failing):
    path = write_scenario(tmp_path, duration_s=900)
    with pytest.raises(KeyboardInterrupt):
        run_scenario(path, tmp_path / "out", progress=Swallowing(failing))
    run = read_run(tmp_path / "out")
    assert run.manifest["status"] == "interrupted"
    assert run.summary["sim_s"] == 120


def test_without_a_signal_an_error_is_an_error(signals):
    with pytest.raises(RuntimeError), interrupts.errors_after_a_signal_are_its():
        raise RuntimeError
    interrupts.stop_if_asked()
