"""Progress is a bar on a terminal and a few JSON lines elsewhere."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest

from citytwin.sim import progress
from citytwin.sim.progress import Bar, JsonLines, Silent, choose_progress, clock


def lines_of(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_stage_gets_its_line():
    stream = io.StringIO()
    report = JsonLines(stream)
    report.stage("reading the network")
    report.stage("compiling kernels")
    report.close()
    assert [line["stage"] for line in lines_of(stream)] == ["reading the network", "compiling kernels"]


def test_lines_are_few_and_say_when_it_will_be_done(monkeypatch: pytest.MonkeyPatch):
    now_s = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s)
    stream = io.StringIO()
    report = JsonLines(stream, every_s=5.0)
    for second in range(100):  # ten wall seconds, ten updates each
        now_s = second / 10
        report.update(second * 60.0, 7200.0, active=second, real_time_factor=600.0)
    first, second_line = lines_of(stream)
    assert first == {
        "t_s": 0.0, "duration_s": 7200.0, "active": 0, "real_time_factor": 600.0, "eta_s": 12.0, "wall_s": 0.0,
    }  # fmt: skip
    assert second_line["wall_s"] == 5.0


def test_runs_that_are_done_are_counted_and_the_last_is_told(monkeypatch: pytest.MonkeyPatch):
    now_s = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now_s)
    stream = io.StringIO()
    report = JsonLines(stream, every_s=5.0)
    for run in range(1, 41):
        now_s = 0.2 * run
        report.count(run, 40, f"seed {run}")
    lines = lines_of(stream)
    assert [line["runs_done"] for line in lines] == [1, 26, 40]
    assert lines[-1] == {"runs_done": 40, "runs": 40, "what": "seed 40", "wall_s": 8.0}


def test_the_bar_counts_runs(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    bar = Bar()
    bar.count(3, 40, "seed 2, Bridge closed")
    bar.close()
    assert "seed 2, Bridge closed" in stream.getvalue()
    assert "3 of 40 runs" in stream.getvalue()


def test_a_clock_that_stands_still_has_no_eta():
    stream = io.StringIO()
    JsonLines(stream).update(0.0, 100.0, 0, 0.0)
    assert lines_of(stream)[0]["eta_s"] is None


def test_the_bar_shows_clock_vehicles_and_factor(monkeypatch: pytest.MonkeyPatch):
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    bar = Bar(dt.datetime(2026, 5, 4, 7))
    bar.stage("compiling kernels")
    bar.update(1800.0, 7200.0, 1234, 512.3)
    bar.close()
    bar.close()
    text = stream.getvalue()
    for expected in ("compiling kernels", "07:30:00", "vehicles", "512× real time"):
        assert expected in text


def test_elsewhere_than_on_a_terminal_lines_are_chosen():
    assert isinstance(choose_progress(), JsonLines)


def test_silence():
    report = Silent()
    report.stage("x")
    report.update(0, 1, 2, 3)
    report.close()


def test_clock_counts_on_over_midnight():
    assert clock(7200, dt.datetime(2026, 5, 4, 23, 0)) == "01:00:00"
