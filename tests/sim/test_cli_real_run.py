"""One short run of a real city through the command line, from the scenario file to the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from citytwin.sim.run_folder import Run, read_run

SCENARIO = """citytwin: 1
name: Five minutes of Monaco
seed: 3
start: "2026-05-04T07:00"
duration_s: 300
city: {osm: monaco}
demand:
  - {kind: random_trips, per_hour: 1200, min_distance_m: 300}
events:
  - {kind: speed_limit, link: "%s", start_s: 60, end_s: 120, speed_kmh: 10}
outputs: {links_every_s: 60}
"""
KEYS = (
    *("created", "arrived", "active", "waiting", "stuck", "sim_s", "wall_s", "setup_s", "real_time_factor"),
    *("vehicle_updates", "vehicle_updates_per_s", "mean_travel_s", "mean_delay_s", "vehicle_km", "state_hash"),
)

pytestmark = pytest.mark.slow


def call(*arguments: object, hash_seed: str = "random") -> subprocess.CompletedProcess[str]:
    code = "from citytwin.sim.cli import main; main()"
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def link() -> str:
    """A link of Monaco, as the command line lists them."""
    answer = call("network", "monaco", "--links")
    assert answer.returncode == 0, answer.stderr
    rows = answer.stdout.splitlines()
    assert rows[0].startswith("link,name,class,lanes,length_m")
    return next(row.split(",")[0] for row in rows[1:] if ",primary," in row)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory, link: str) -> Path:
    path = tmp_path_factory.mktemp("scenario") / "short.yaml"
    path.write_text(SCENARIO % link)
    return path


@pytest.fixture(scope="module")
def summary(scenario: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    out = tmp_path_factory.mktemp("runs") / "out"
    answer = call("run", scenario, "-o", out, "--json", "--threads", 1)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture(scope="module")
def run(summary: dict[str, object]) -> Run:
    return read_run(str(summary["folder"]))


def test_the_summary_has_every_figure_and_counts_everybody(summary):
    assert [key for key in KEYS if key not in summary] == []
    assert summary["created"] == summary["arrived"] + summary["active"] + summary["waiting"] + summary["stuck"]
    assert summary["created"] > 50
    assert summary["sim_s"] == 300


def test_the_tables_agree_with_the_summary(summary, run: Run):
    last = run.network.iloc[-1]
    for name in ("created", "arrived", "active", "waiting", "stuck"):
        assert last[name] == summary[name]
    assert (run.trips["status"] == "arrived").sum() == summary["arrived"]
    assert run.trips["travel_time_s"].mean() == pytest.approx(summary["mean_travel_s"])
    assert list(run.streets["link"]) == sorted(set(run.streets["link"]), key=list(run.streets["link"]).index)
    assert set(run.links["link"]) <= set(run.streets["link"])


def test_the_manifest_says_how_to_reproduce_it(run: Run, scenario: Path):
    manifest = run.manifest
    assert manifest["status"] == "finished"
    assert manifest["seed"] == 3
    assert {Path(entry["path"]).name for entry in manifest["inputs"]} == {scenario.name, "monaco_core.osm.gz"}
    assert all(len(entry["sha256"]) == 64 for entry in manifest["inputs"])
    assert "OpenStreetMap contributors" in manifest["attribution"]


def test_the_report_tells_of_the_event_with_its_street(run: Run, link: str):
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "10 km/h" in page
    assert link in page
    assert "© OpenStreetMap contributors" in page
    assert "http" not in page.replace("https://www.openstreetmap.org/copyright", "")


def test_another_process_gives_the_same_hash_and_tells_of_its_progress(summary, scenario: Path, tmp_path: Path):
    answer = call("run", scenario, "-o", tmp_path / "again", "--threads", 2, hash_seed="7")
    assert read_run(tmp_path / "again").summary["state_hash"] == summary["state_hash"]
    assert any("stage" in json.loads(line) for line in answer.stderr.splitlines())
    assert "Report: " in answer.stdout


def test_a_link_that_is_not_there_is_wrong_input(scenario: Path, link: str, tmp_path: Path):
    broken = tmp_path / "broken.yaml"
    broken.write_text(scenario.read_text().replace(link, "way/1:0-1"))
    for command in (("validate", broken), ("run", broken, "-o", tmp_path / "out")):
        answer = call(*command)
        assert answer.returncode == 2
        assert "broken.yaml:10" in answer.stderr
        assert "no such link" in answer.stderr
    assert not (tmp_path / "out").exists()
