"""The figures of a report are what the tables say, counted the slow way."""

from __future__ import annotations

import doctest
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic_run import make_run

from citytwin.sim import progress
from citytwin.sim.report import evacuation, figures, metrics, style, words
from citytwin.sim.run_folder import Run, read_run


@pytest.mark.parametrize("module", [evacuation, figures, progress, style, words])
def test_examples_in_docstrings_run(module):
    assert doctest.testmod(module).failed == 0


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return read_run(make_run(tmp_path_factory.mktemp("runs") / "run"))


def test_headline_counts_trips(run: Run):
    head = metrics.headline(run)
    rows = run.trips.to_dict("records")
    arrived = [row for row in rows if row["status"] == "arrived"]
    assert head.created == head.arrived + head.active + head.waiting + head.stuck
    assert head.arrived == len(arrived)
    assert head.no_route == 3
    assert head.mean_travel_s == pytest.approx(sum(row["travel_time_s"] for row in arrived) / len(arrived))
    slower = [row for row in arrived if row["travel_time_s"] > head.p90_travel_s]
    assert len(slower) / len(arrived) == pytest.approx(0.1, abs=0.01)
    driving = [row["active"] for row in run.network.to_dict("records")]
    assert head.peak_vehicles == max(driving)
    assert head.peak_t_s == run.network["t_s"][driving.index(max(driving))]
    assert head.stuck - head.no_route == (run.trips["status"] == "stuck").sum()


def test_whom_measures_keep_from_driving_is_not_held_up():
    causes = ["stays at home: the plate restriction", "banned from the low-emission zone", "no route"]
    trips = pd.DataFrame({"status": "no_route", "cause": causes, "depart_s": [60.0, 130.0, 60.0]})
    trips.loc[3] = "stuck", "no way round low-emission zone", 0.0  # drove
    network = pd.DataFrame({"t_s": [0.0, 60.0, 120.0, 180.0], "stuck": [0, 2, 3, 4]})
    assert metrics.held_up(trips, network).tolist() == [0, 1, 2, 2]
    assert metrics.kept_from_driving(trips).index.tolist() == [0, 1]


def test_link_totals_add_the_intervals(run: Run):
    totals = metrics.link_totals(run.links, run.streets).set_index("link")
    rows = run.links.to_dict("records")
    for link in totals.index[:20]:
        own = [row for row in rows if row["link"] == link]
        assert totals["entered_veh"][link] == sum(row["entered_veh"] for row in own)
        assert totals["delay_s"][link] == pytest.approx(sum(row["delay_s"] for row in own))
        assert totals["flow_vph"][link] == pytest.approx(sum(row["entered_veh"] for row in own) / 2)  # two hours
    assert totals["delay_s"].sum() == pytest.approx(run.links["delay_s"].sum())


def test_a_link_without_a_row_saw_nobody_and_without_any_row_there_is_no_data(run: Run):
    silent = run.streets["link"][0]
    totals = metrics.link_totals(run.links[run.links["link"] != silent], run.streets).set_index("link")
    assert totals["flow_vph"][silent] == 0
    assert metrics.link_totals(run.links[:0], run.streets)["flow_vph"].isna().all()
    assert silent not in set(metrics.worst_links(totals.reset_index())["link"])


def test_the_worst_are_sorted_and_their_shares_are_of_everything(run: Run):
    totals = metrics.link_totals(run.links, run.streets)
    worst = metrics.worst_links(totals, 20)
    assert len(worst) == 20
    assert (worst["delay_s"].diff().dropna() <= 0).all()
    assert worst["delay_s"].min() >= totals[~totals["link"].isin(worst["link"])]["delay_s"].max()
    everything = metrics.worst_links(totals, len(totals))
    assert everything["share"].sum() == pytest.approx(1.0)


def test_streets_are_summed_by_name(run: Run):
    totals = metrics.link_totals(run.links, run.streets)
    streets = metrics.worst_streets(totals, "delay_s")
    assert "" not in set(streets["name"])
    for _, row in streets.iterrows():
        own = totals[totals["name"] == row["name"]]
        assert row["delay_s"] == pytest.approx(own["delay_s"].sum())
        assert row["link"] == own.loc[own["delay_s"].idxmax(), "link"]


def diagram_of(flow: list[float], density: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"t_s": np.arange(len(flow)) * 300.0, "flow_vph": flow, "density_vpkm": density})


def test_breakdown_is_seen_only_where_flow_falls_at_higher_density():
    assert metrics.breakdown(diagram_of([100, 400, 500, 200], [2, 10, 15, 40])) == (15.0, 500.0)
    assert metrics.breakdown(diagram_of([100, 400, 500, 480], [2, 10, 15, 16])) is None
    assert metrics.breakdown(diagram_of([100, 400, 500, 200], [2, 10, 15, 4])) is None
    assert metrics.breakdown(diagram_of([1, 2], [1, 2])) is None


def test_diagram_windows_are_five_minutes(run: Run):
    points = metrics.diagram(run.network)
    assert len(points) == 24
    assert list(points["t_s"][:2]) == [150.0, 450.0]
    assert points["flow_vph"][0] == pytest.approx(run.network["flow_vph_per_lane"][:5].mean())


@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=60))
def test_class_edges_are_round_rising_and_leave_no_class_empty_at_the_top(values: list[float]):
    edges = style.round_edges(values)
    assert edges == sorted(set(edges))
    assert 1 <= len(edges) < len(style.LEVELS)
    for edge in edges:
        digits = f"{edge:e}"
        assert digits[0] in "125"
        assert float(digits[1 : digits.index("e")]) == 0
    assert max(values) > edges[-1]


@given(st.floats(0, 1))
def test_percent_never_rounds_something_to_nothing_or_to_all(share: float):
    text = style.percent(share)
    assert (text.startswith("0\N{NO-BREAK SPACE}")) == (share == 0)
    assert (text.startswith("100")) == (share == 1)


@given(st.floats(0, 3e5))
def test_minutes_and_seconds_are_right_to_half_a_unit(seconds: float):
    total = 0.0
    for part in style.minutes_seconds(seconds).replace("\N{NO-BREAK SPACE}", "_").split():
        value, unit = part.split("_")
        assert unit == "h" or int(value) < 60
        total += float(value) * {"h": 3600, "min": 60, "s": 1}[unit]
    assert total == pytest.approx(seconds, abs=0.5 if seconds < 3599 else 30.5)


def test_an_empty_run_has_headlines_without_figures(tmp_path: Path):
    from citytwin.sim.run_folder import RunFolder

    with RunFolder(tmp_path / "run"):
        pass
    head = metrics.headline(read_run(tmp_path / "run"))
    assert head.created == head.arrived == head.peak_vehicles == 0
    assert math.isnan(head.mean_travel_s)
