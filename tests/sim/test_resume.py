"""A run that was stopped, however rudely, goes on from its last snapshot and leaves the very same folder."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from evacuation_case import write_case
from restart_case import files_of, write_busy_town, write_evacuated_town

from citytwin.scenarios.problems import InputError, describe
from citytwin.sim.checkpoints import snapshots_in
from citytwin.sim.cli import main
from citytwin.sim.progress import Silent
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import plain, read_run
from citytwin.sim.snapshot import Snapshot, read_snapshot, write_snapshot

TIMED = {"wall_s", "setup_s", "loop_s", "real_time_factor", "vehicle_updates_per_s"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_busy_town(
        tmp_path_factory.mktemp("town"),
        outputs={"links_every_s": 90, "network_every_s": 35, "sumo": ["fcd", "tripinfo"], "sumo_gzip": True},
    )


@pytest.fixture(scope="module")
def whole(town):
    """Summary and files of the run that nobody stopped."""
    result = run_scenario(town, town.parent / "whole")
    return figures(result.summary), files_of(result.folder)


def figures(summary):
    return plain({name: value for name, value in summary.items() if name not in TIMED})  # NaN differs from itself


class Stopper(Silent):
    """Presses Ctrl-C at a moment."""

    def __init__(self, at_s):
        self._at_s = at_s

    def update(self, t_s, *rest):
        if t_s >= self._at_s:
            raise KeyboardInterrupt


class Listener(Silent):
    def __init__(self):
        self.said = []

    def stage(self, text):
        self.said.append(text)


def stopped_run(town, folder, at_s=300):
    """A run folder as a Ctrl-C leaves it."""
    with pytest.raises(KeyboardInterrupt):
        run_scenario(town, folder, progress=Stopper(at_s))
    return folder


@pytest.fixture(scope="module")
def stopped(town):
    return stopped_run(town, town.parent / "stopped")


def test_snapshots_leave_the_tables_of_a_run_without_them(town, whole, tmp_path):
    kept = json.loads(town.read_text())
    kept.pop("checkpoint")
    plain = town.with_name("plain.yaml")
    plain.write_text(json.dumps(kept))
    summary = run_scenario(plain, tmp_path / "plain").summary
    tables = {name: value for name, value in files_of(tmp_path / "plain").items() if name.endswith(".parquet")}
    assert tables == {name: value for name, value in whole[1].items() if name in tables}
    assert figures(summary) == whole[0] and not (tmp_path / "plain" / "checkpoints").exists()


def test_a_run_stopped_by_ctrl_c_goes_on(town, whole, stopped, tmp_path):
    folder = shutil.copytree(stopped, tmp_path / "run")
    before = read_run(folder)
    assert before.manifest["status"] == "interrupted" and 200 < before.network["t_s"].max() <= 300
    listener = Listener()
    summary = run_scenario(town, folder, resume=True, progress=listener).summary
    assert listener.said[-2].startswith("computing") or any("going on from" in text for text in listener.said)
    assert figures(summary) == whole[0] and files_of(folder) == whole[1]
    manifest = read_run(folder).manifest
    assert manifest["status"] == "finished" and len(manifest["resumed"]) == 1
    assert manifest["started"] == before.manifest["started"]
    assert [path.name for path in snapshots_in(folder)] == ["0000360.0.npz", "0000400.0.npz", "0000440.0.npz"]
    assert not list((folder / "checkpoints").glob("*.arrows"))


def test_people_who_leave_a_town_through_crowds_and_water_go_on(tmp_path):
    """An evacuation with patches, drawn ones and such as come and go, and with hazards."""
    town = write_evacuated_town(tmp_path)
    whole = run_scenario(town, tmp_path / "whole")
    walking, people = whole.summary["walking"], whole.summary["evacuation"]["people"]
    assert walking["dense_patches"]["squares_that_became_dense"] > 0 and people["incapacitated"] > 0
    assert people["sheltered"] > 30 and min(patch["left"] for patch in walking["patches"].values()) > 20
    folder = stopped_run(town, tmp_path / "stopped", 330)
    assert figures(run_scenario(town, folder, resume=True).summary) == figures(whole.summary)
    assert files_of(folder) == files_of(whole.folder)


RUN = "import sys; from citytwin.sim.run import run_scenario; run_scenario(*sys.argv[1:], resume=True)"


def test_a_killed_run_goes_on(town, whole, tmp_path):
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", RUN, str(town), str(folder)])
    after = f"{random.choice((40, 120, 240)):07d}"
    while process.poll() is None and not any(path.name > after for path in snapshots_in(folder)):
        time.sleep(0.005)
    assert process.poll() is None, "it was to be killed on its way"
    process.kill()
    process.wait()
    assert read_run(folder).manifest["status"] == "running"
    summary = run_scenario(town, folder, resume=True).summary
    assert figures(summary) == whole[0] and files_of(folder) == whole[1]


def test_a_damaged_snapshot_is_passed_over(town, whole, stopped, tmp_path):
    folder = shutil.copytree(stopped, tmp_path / "run")
    last = snapshots_in(folder)[-1]
    last.write_bytes(last.read_bytes()[:-200])
    listener = Listener()
    summary = run_scenario(town, folder, resume=True, progress=listener).summary
    assert f"{last} is damaged: taking the one before" in listener.said
    assert figures(summary) == whole[0] and files_of(folder) == whole[1]


def test_a_table_that_lost_its_end_takes_an_earlier_snapshot(town, whole, stopped, tmp_path):
    folder = shutil.copytree(stopped, tmp_path / "run")
    table = folder / "checkpoints" / "network.arrows"
    size, _ = read_snapshot(snapshots_in(folder)[-1])[0].parts["run folder"]["network"]
    table.write_bytes(table.read_bytes()[: size - 10])
    listener = Listener()
    summary = run_scenario(town, folder, resume=True, progress=listener).summary
    assert any("0000240.0.npz" in text for text in listener.said)
    assert figures(summary) == whole[0] and files_of(folder) == whole[1]


def test_routes_that_took_days_to_find_are_not_sought_again(town, tmp_path, monkeypatch):
    path = write_busy_town(
        tmp_path, routes={"choice": "equilibrium", "iterations": 2}, measures=[], walks=[], crowd_monitor=None
    )
    whole = run_scenario(path, tmp_path / "whole")
    stopped_run(path, tmp_path / "run")
    days = []
    monkeypatch.setattr("citytwin.sim.everyday.settle", lambda *args, **more: days.append(args))
    again = run_scenario(path, tmp_path / "run", resume=True)
    assert figures(again.summary) == figures(whole.summary) and not days
    assert files_of(again.folder) == files_of(whole.folder)


def said(town, folder, **more) -> str:
    with pytest.raises(InputError) as error:
        run_scenario(town, folder, resume=True, **more)
    return describe(error.value.problems)


def test_what_cannot_go_on_says_why_and_what_to_do(town, whole, stopped, tmp_path):
    assert "is finished: there is nothing to go on with. Run it again without --resume" in said(
        town, town.parent / "whole"
    )
    assert "is not of this run: the seed was 3 and is 4 (--seed 3, or begin anew, without --resume)" in said(
        town, stopped, seed=4
    )
    kept = json.loads(town.read_text())
    other = town.with_name("other.yaml")
    other.write_text(json.dumps({**kept, "name": "Other"}))
    text = said(other, stopped)
    assert f"{town} was an input and is none; {other} is an input and was none" in text
    kept.pop("checkpoint")
    other.write_text(json.dumps(kept))
    assert "takes no snapshots to go on from. Add `checkpoint: {every_s: 60}`, and run it without" in said(
        other, stopped
    )
    folder = shutil.copytree(stopped, tmp_path / "run")
    for file in snapshots_in(folder):
        file.write_bytes(b"")
    assert "every snapshot is damaged (0000280.0.npz, 0000240.0.npz, 0000200.0.npz). Run it again" in said(town, folder)


def test_the_command_line_goes_on_too(town, whole):
    answer = CliRunner().invoke(main, ["run", str(town), "-o", str(town.parent / "whole"), "--resume"])
    assert answer.exit_code == 2 and "is finished: there is nothing to go on with." in answer.stderr


def test_changed_inputs_and_versions_are_named(stopped, tmp_path):
    folder = shutil.copytree(stopped, tmp_path / "run")
    town = (
        shutil.copytree(stopped.parent, tmp_path / "copy", ignore=shutil.ignore_patterns("whole", "stopped"))
        / "town.yaml"
    )
    shutil.rmtree(folder)
    stopped_run(town, folder, at_s=60)
    controller = town.with_name("counts.py")
    controller.write_text(controller.read_text() + "\n")
    assert f"is not of this run: {controller} has changed since (put it back, or begin anew" in said(town, folder)
    for file in snapshots_in(folder):
        write_snapshot(file, *as_of(file, numba="0.1"))
    assert "numba was 0.1 and is " in said(town, folder) and "(install numba==0.1, or begin" in said(town, folder)


def as_of(file, **facts) -> tuple[Snapshot, dict]:
    snapshot, before = read_snapshot(file)
    return snapshot, before | facts


def test_nothing_to_go_on_with_begins_at_the_start(town, whole, tmp_path):
    listener = Listener()
    assert figures(run_scenario(town, tmp_path / "new", resume=True, progress=listener).summary) == whole[0]
    assert "there is no snapshot yet: beginning at the start" in listener.said


def test_an_evacuation_goes_on_with_everybody(tmp_path):
    path = write_case(tmp_path, scenario={"duration_s": 600, "checkpoint": {"every_s": 50}})
    whole = run_scenario(path, tmp_path / "whole")
    stopped_run(path, tmp_path / "run", at_s=240)
    again = run_scenario(path, tmp_path / "run", resume=True)
    assert figures(again.summary) == figures(whole.summary) and again.summary["evacuation"]["people"]["sheltered"] > 0
    assert files_of(again.folder) == files_of(whole.folder)
