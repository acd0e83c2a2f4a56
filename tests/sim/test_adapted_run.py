"""Runs of people who have got used to the streets: what they leave, what their report tells, the bundled example."""

from __future__ import annotations

import pandas as pd
import pytest
from traffic_case import write_scenario

from citytwin.scenarios.diff_files import diff_files
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.sim.everyday import settle
from citytwin.sim.outcome import summarise
from citytwin.sim.report import write_report
from citytwin.sim.report.route_choice import gap_figure, how_chosen
from citytwin.sim.run import network_of, run_scenario, trips_of
from citytwin.sim.run_folder import Run, read_run
from citytwin.sim.simulation import Simulation

EXAMPLE = "monaco/road_removed_adapted"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("town")
    routes = {"choice": "equilibrium", "iterations": 2, "gap": 0.0001}
    run_scenario(write_scenario(folder, duration_s=240, routes=routes), folder / "run")
    return read_run(folder / "run")


def test_the_table_and_the_summary_say_how_it_went(run: Run) -> None:
    table = run.equilibrium
    assert table["iteration"].tolist() == [1, 2]
    best = table.iloc[int(table["relative_gap"].argmin())]
    assert run.summary["route_choice"] == "equilibrium"
    assert run.summary["relative_gap"] == best["relative_gap"]
    assert run.summary["route_iterations"] == best["iteration"]
    assert run.summary["mean_travel_s"] == pytest.approx(best["mean_travel_s"])
    gap = table["total_s"] / table["shortest_s"] - 1.0
    pd.testing.assert_series_equal(gap, table["relative_gap"], check_names=False)


def test_a_gap_that_is_missed_is_a_warning(run: Run) -> None:
    (text,) = run.manifest["warnings"]
    assert text.startswith("No equilibrium of routes was reached: after 2 iterations the relative gap is ")
    assert "not 0.01 %. Give more iterations" in text


def test_the_report_tells_of_it(run: Run) -> None:
    page = write_report(run.folder).read_text(encoding="utf-8")
    assert 'id="equilibrium"' in page
    assert "Drivers know the streets: user equilibrium, " in page


@pytest.mark.parametrize(
    "gaps, wanted, choice, title",
    [
        ([0.2, 0.01], 0.02, "equilibrium", "The relative gap of routes fell from 20 % to 1.0 % at iteration 2"),
        ([0.2, 0.3, 0.1], 0.02, "equilibrium", "fell from 20 % to 10 % at iteration 3; no equilibrium at 2.0 %"),
        ([0.001], 0.02, "equilibrium", "The relative gap of routes is 0.1 % at once"),
        ([0.1, 0.2], None, "day_to_day", "The relative gap of routes did not fall: 10 % at first, 20 % at day 2"),
    ],
)
def test_the_title_of_the_figure_says_what_it_shows(gaps, wanted, choice, title) -> None:
    table = pd.DataFrame({"iteration": range(1, len(gaps) + 1), "relative_gap": gaps})
    drawn = gap_figure(table, wanted, choice)
    assert title in drawn.title.replace("\N{NO-BREAK SPACE}", " ")
    assert "<svg" in drawn.svg


def test_each_choice_has_its_sentence() -> None:
    told = [
        how_chosen({"route_choice": choice, "relative_gap": 0.015, "route_iterations": 4})
        for choice in ("known", "equilibrium", "day_to_day", None)
    ]
    assert [text.split(",")[0].split(":")[0] for text in told] == [
        "Drivers choose their routes on the day",
        "Drivers know the streets",
        "Drivers learned the streets from day to day; this is day 4 (relative gap 1.5\N{NO-BREAK SPACE}%",
        "",
    ]


def test_the_bundled_example_reads_well_and_runs() -> None:
    assert describe(check_scenario(EXAMPLE)) == "No problems found."
    _, streets, routes = diff_files("monaco/morning", EXAMPLE).differences
    removed = "Boulevard d'Italie (way/176334442:0-17 and way/165636065:1-0, both directions) removed"
    assert (streets.text, routes.text) == (f"new: {removed}", "routes: known → equilibrium")
    assert [one.text for one in diff_files("monaco/morning_adapted", EXAMPLE).differences[1:]] == [f"new: {removed}"]
    whole = load_scenario(EXAMPLE)
    few = whole.routes.model_copy(update={"iterations": 2, "gap": 1e-6})
    scenario = whole.model_copy(update={"duration_s": 240.0, "routes": few})
    network = network_of(whole)
    trips = trips_of(scenario, network)
    settled = settle(scenario, network, trips, tell=lambda _: None)
    assert settled.iterations[1].relative_gap < settled.iterations[0].relative_gap
    simulation = Simulation(scenario, network, settled.trips)
    simulation.run()
    summary = summarise(simulation, setup_s=0.0, loop_s=0.0, settled=settled)
    there = summary["arrived"] + summary["active"] + summary["waiting"] + summary["stuck"]
    assert summary["created"] == there >= 0.98 * len(trips)
    assert summary["mean_travel_s"] == pytest.approx(settled.chosen.mean_travel_s)
