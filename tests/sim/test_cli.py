"""Every command answers with the right exit code, and with ``--json`` with exactly one JSON object on stdout."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from synthetic_run import make_run

from citytwin.scenarios.problems import ScenarioError
from citytwin.sim.cli import main
from citytwin.sim.progress import Progress
from citytwin.sim.run_folder import RunFolder, read_run

BROKEN = """citytwin: 1
name: Broken
start: "2026-05-04T07:00"
duration_s: -5
city: {osm: nowhere.osm}
colour: red
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "broken.yaml"
    path.write_text(BROKEN)
    return path


@pytest.fixture
def fake_run(monkeypatch: pytest.MonkeyPatch):
    """Replace the simulation by a function that gets the opened run folder."""

    def install(body) -> None:
        def run_scenario(path, out, *, seed=None, threads=None, progress: Progress | None = None, **more):
            assert progress is not None
            progress.stage("reading the network")
            with RunFolder(
                out, scenario=str(path), seed=seed or 0, start="2026-05-04T07:00", threads=threads
            ) as folder:
                summary = body(folder) or {}
                folder.summarise(summary)
            return types.SimpleNamespace(folder=folder.path, summary=summary)

        module = types.ModuleType("citytwin.sim.run")
        module.run_scenario = run_scenario  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "citytwin.sim.run", module)
        monkeypatch.setattr("citytwin.sim.interrupts.stop_on_signals", lambda: None)

    return install


def test_help_lists_the_commands():
    answer = call("--help")
    assert answer.exit_code == 0
    for command in ("validate", "diff", "compare", "run", "network", "schema", "report", "doctor"):
        assert command in answer.stdout


@pytest.mark.parametrize(
    "command", ["validate", "diff", "compare", "run", "network", "schema", "report", "doctor", "demo"]
)
def test_every_command_has_help_and_json(command: str):
    answer = call(command, "--help")
    assert answer.exit_code == 0
    assert "--json" in answer.stdout


def test_the_command_line_starts_without_anything_heavy():
    heavy = {"numba", "numpy", "pandas", "matplotlib", "osmnx", "geopandas", "pyarrow", "scipy", "pydantic", "mesa"}
    code = f"import sys, citytwin.sim.cli; print(*{heavy!r} & set(sys.modules))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (answer.stdout.strip(), answer.stderr, answer.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    "arguments",
    [[], ["walk"], ["run"], ["run", "a.yaml"], ["validate", "--loud"], ["run", "a", "-o", "b", "--seed", "x"]],
)
def test_a_wrong_command_is_wrong_input_and_says_how_it_goes(arguments: list[str]):
    answer = call(*arguments)
    assert answer.exit_code == 2
    assert "Usage: citytwin" in answer.stderr + answer.stdout
    if arguments:
        as_json = call(*arguments, "--json")
        assert as_json.exit_code == 2
        (problem,) = json.loads(as_json.stdout)["problems"]
        assert problem["text"]
        assert as_json.stderr == ""


def test_validate_lists_every_problem_with_its_line(broken: Path):
    answer = call("validate", broken)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    for expected in (
        "broken.yaml:4",
        "duration_s = -5",
        "broken.yaml:5",
        "broken.yaml:6",
        "3 problems, nothing was run.",
    ):
        assert expected in answer.stderr


def test_validate_as_json(broken: Path):
    answer = call("validate", broken, "--json")
    assert answer.exit_code == 2
    assert answer.stderr == ""
    problems = json.loads(answer.stdout)["problems"]
    assert [(p["line"], p["key"]) for p in problems] == [(4, "duration_s"), (5, "city.osm"), (6, "colour")]
    assert problems[0]["value"] == -5
    assert Path(problems[0]["file"]).name == "broken.yaml"


def test_a_missing_file_is_wrong_input(tmp_path: Path):
    for arguments in (
        ["validate", tmp_path / "no.yaml"],
        ["report", tmp_path / "no"],
        ["network", tmp_path / "no.osm"],
    ):
        assert call(*arguments).exit_code == 2
        answer = call(*arguments, "--json")
        assert answer.exit_code == 2
        assert json.loads(answer.stdout)["problems"]


def test_run_prints_the_result_and_leaves_a_report(fake_run, tmp_path: Path):
    fake_run(lambda folder: {"created": 0, "arrived": 0, "active": 0, "waiting": 0, "stuck": 0})
    answer = call("run", "x.yaml", "-o", tmp_path / "out", "--seed", 5, "--threads", 1)
    assert answer.exit_code == 0, answer.stderr
    assert str(tmp_path / "out" / "report.html") in answer.stdout
    assert json.loads(answer.stderr.splitlines()[0])["stage"] == "reading the network"
    manifest = read_run(tmp_path / "out").manifest
    assert (manifest["seed"], manifest["threads"]) == (5, 1)


def test_run_as_json_prints_the_summary(fake_run, tmp_path: Path):
    fake_run(lambda folder: {"created": 3, "mean_travel_s": float("nan")})
    answer = call("run", "x.yaml", "-o", tmp_path / "out", "--json")
    assert answer.exit_code == 0
    result = json.loads(answer.stdout)
    assert result["created"] == 3
    assert result["mean_travel_s"] is None
    assert Path(result["report"]).exists()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_run_that_breaks_is_one_line_and_keeps_its_traceback(fake_run, tmp_path: Path, options: list[str]):
    def breaks(folder: RunFolder) -> None:
        folder.writer("events").write({"t_s": [1.0], "kind": ["a"], "where": [""], "text": ["b"]})
        raise ZeroDivisionError("gap is zero")

    fake_run(breaks)
    answer = call("run", "x.yaml", "-o", tmp_path / "out", *options)
    assert answer.exit_code == 3
    text = json.loads(answer.stdout)["error"] if options else answer.stderr.splitlines()[-1]
    assert text.startswith("run failed: ZeroDivisionError: gap is zero")
    assert "Traceback (most recent call last)" not in answer.stderr
    assert "gap is zero" in (tmp_path / "out" / "traceback.txt").read_text()
    run = read_run(tmp_path / "out")
    assert run.manifest["status"] == "failed"
    assert len(run.events) == 1
    assert call("report", tmp_path / "out").exit_code == 0
    assert "This run failed" in (tmp_path / "out" / "report.html").read_text()


def test_a_report_is_printed_by_a_browser_or_says_that_there_is_none(fake_run, tmp_path: Path, monkeypatch):
    fake_run(lambda folder: {"created": 0, "arrived": 0, "active": 0, "waiting": 0, "stuck": 0})
    assert call("run", "x.yaml", "-o", tmp_path / "out").exit_code == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    answer = call("report", tmp_path / "out", "--pdf")
    assert answer.exit_code == 2 and "no browser on the path that prints (chromium, " in answer.stderr
    browser = tmp_path / "chromium"
    browser.write_text(
        '#!/bin/sh\nfor key in "$@"; do case "$key" in --print-to-pdf=*) echo page > "${key#*=}";; esac; done\n'
    )
    browser.chmod(0o755)
    answer = call("report", tmp_path / "out", "--pdf", "--json")
    assert answer.exit_code == 0, answer.stderr
    assert Path(json.loads(answer.stdout)["pdf"]).read_text() == "page\n"
    browser.write_text("#!/bin/sh\necho no display >&2\n")
    answer = call("report", tmp_path / "out", "--pdf")
    assert answer.exit_code == 2 and "did not print it: no display" in answer.stderr


def test_wrong_input_during_a_run_is_wrong_input(fake_run, tmp_path: Path):
    def wrong(folder: RunFolder) -> None:
        raise ScenarioError("no such link.")

    fake_run(wrong)
    answer = call("run", "x.yaml", "-o", tmp_path / "out")
    assert answer.exit_code == 2
    assert "1 problem, nothing was run." in answer.stderr


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_ctrl_c_leaves_an_interrupted_folder(fake_run, tmp_path: Path, options: list[str]):
    def interrupted(folder: RunFolder) -> None:
        folder.summarise({"created": 7})
        raise KeyboardInterrupt

    fake_run(interrupted)
    answer = call("run", "x.yaml", "-o", tmp_path / "out", *options)
    assert answer.exit_code == 130
    assert not options or json.loads(answer.stdout)["status"] == "interrupted"
    run = read_run(tmp_path / "out")
    assert run.manifest["status"] == "interrupted"
    assert run.summary["created"] == 7
    assert call("report", tmp_path / "out").exit_code == 0
    assert "This run was interrupted" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_a_run_in_order(tmp_path: Path, number: int):
    code = (
        "import sys, time, types\n"
        "from citytwin.sim.run_folder import RunFolder\n"
        "def run_scenario(path, out, **options):\n"
        "    with RunFolder(out):\n"
        "        print('ready', file=sys.stderr, flush=True)\n"
        "        time.sleep(60)\n"
        "sys.modules['citytwin.sim.run'] = types.SimpleNamespace(run_scenario=run_scenario)\n"
        "from citytwin.sim.cli import main\n"
        f"main(['run', 'x.yaml', '-o', {str(tmp_path / 'out')!r}, '--json'])\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    process.send_signal(number)
    stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(stdout)["status"] == "interrupted"
    assert read_run(tmp_path / "out").manifest["status"] == "interrupted"


def test_a_foreign_folder_is_left_alone(fake_run, tmp_path: Path):
    (tmp_path / "photo.jpg").write_text("precious")
    fake_run(lambda folder: None)
    answer = call("run", "x.yaml", "-o", tmp_path)
    assert answer.exit_code == 2
    assert "not a run folder" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_report_can_be_written_again(tmp_path: Path):
    make_run(tmp_path / "run")
    answer = call("report", tmp_path / "run", "--json")
    assert answer.exit_code == 0
    assert Path(json.loads(answer.stdout)["report"]).stat().st_size > 10_000


def test_schema_is_a_json_schema():
    import jsonschema

    answer = call("schema")
    assert answer.exit_code == 0
    schema = json.loads(answer.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert "demand" in schema["properties"]
    assert json.loads(call("schema", "--json").stdout) == schema


def test_doctor_answers_both_ways():
    answer = call("doctor", "--json")
    assert answer.exit_code == 0
    facts = json.loads(answer.stdout)
    assert facts["cores"] >= 1
    assert facts["numba"]["threading_layer"]
    text = call("doctor").stdout
    for expected in ("python", "numba", "cache", "GPU", "[pbf]"):
        assert expected in text
