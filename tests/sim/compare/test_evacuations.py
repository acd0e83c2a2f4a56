"""Plans of an evacuation side by side: nothing where nothing differs, later where a zone is ordered later."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from evacuation_case import write_case

from citytwin.sim.compare import Comparison, compare
from citytwin.sim.compare.evacuation import _spread, clear_by_min
from citytwin.sim.compare.executor import Job
from citytwin.sim.compare.runs import RunPlan, read_result
from citytwin.sim.report import comparison_words as words
from citytwin.sim.report import style
from citytwin.sim.report.comparison import render
from citytwin.sim.run import run_scenario

SEEDS = 3
LATER_MIN = 10.0
WALKS = [{"kind": "random_trips", "per_hour": 400}]


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("town")
    base = write_case(folder, scenario={"duration_s": 1800, "walks": WALKS})
    for name, told in (
        ("same", ""),
        ("later", f"evacuation: {{orders: {{first: {{start_s: {30 + 60 * LATER_MIN}}}}}}}"),
    ):
        (folder / f"{name}.yaml").write_text(f"base: {base.name}\nname: {name.title()}\n{told}\n")
    return [base, folder / "same.yaml", folder / "later.yaml"]


@pytest.fixture(scope="module")
def evacuated(plans: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(plans, seeds=SEEDS, out=tmp_path_factory.mktemp("out") / "comparison")


def of(table: pd.DataFrame, variant: str, zone: str = "all") -> pd.DataFrame:
    return table[(table["variant"] == variant) & (table["zone"] == zone)].set_index("quantity")


def test_a_plan_that_changes_nothing_has_differences_of_exactly_nothing(evacuated):
    for table in (evacuated.differences.evacuation, evacuated.differences.walks):
        same = table[(table["variant"] == "1_same") & (table["seeds"] > 0)]
        assert len(same) > 4
        assert (same[["difference", "low", "high", "sd"]] == 0.0).all().all()
    assert set(evacuated.differences.evacuation["zone"]) == {"all", "west", "east"}
    assert words.sentences(evacuated, "1_same")[0].startswith("It changes nothing: with each of the 3 seeds")


def test_a_zone_that_is_ordered_later_is_clear_later_and_as_long_after_its_own_order(evacuated):
    for zone in ("all", "west"):
        later = of(evacuated.differences.evacuation, "2_later", zone)
        for share in (50, 90):
            assert later.loc[f"{share} % are safe", "difference"] == pytest.approx(LATER_MIN, abs=1.5)
            assert later.loc[f"{share} % are safe", "distinguishable"]
        assert later.loc["leave", "difference"] == 0.0
    ranges = evacuated.evacuation_ranges.set_index(["scenario", "zone", "quantity"])
    own = [ranges.loc[(key, "west", "50 % are safe, from its own order")] for key in ("0_town", "2_later")]
    assert own[0]["p50"] == pytest.approx(own[1]["p50"], abs=1.5)
    assert all(one["p5"] <= one["p50"] <= one["p95"] and one["seeds"] == SEEDS for one in own)


def test_plans_are_ranked_by_when_nine_in_ten_are_safe(evacuated):
    table = evacuated.differences.ranking
    assert table["variant"].tolist() == ["1_same", "2_later"] and set(table["quantity"]) == {"time until 90 % are safe"}
    later = of(evacuated.differences.evacuation, "2_later").loc["90 % are safe"]
    assert table["difference"].tolist() == pytest.approx([0.0, later["difference"]]) and set(table["unit"]) == {"min"}
    people = evacuated.stacks[0].evacuated
    never = replace(people, safe_s=np.where(people.safe_s < 200.0, people.safe_s, np.nan))
    assert clear_by_min(never, 30.0, 1800.0).tolist() == [29.5] * SEEDS


def test_figures_are_those_of_single_runs(evacuated, plans, tmp_path):
    alone = run_scenario(plans[2], tmp_path / "alone", seed=evacuated.seeds[1]).summary
    one = read_result(evacuated.folder, "2_later", evacuated.seeds[1]).summary
    for part in ("evacuation", "walking"):
        assert alone[part]["state_hash"] == one[part]["state_hash"]
    told = [read_result(evacuated.folder, "2_later", seed).summary["evacuation"] for seed in evacuated.seeds]
    later = of(evacuated.differences.evacuation, "2_later")
    ends_min = [(run["zones"]["all"]["ordered_s"] + run["zones"]["all"]["safe_90_s"] - 30.0) / 60.0 for run in told]
    assert later.loc["90 % are safe", "with_variant"] == pytest.approx(np.mean(ends_min))
    assert later.loc["safe at the end", "with_variant"] == np.mean([run["zones"]["all"]["safe"] for run in told])
    assert later.loc["turned away", "with_variant"] == np.mean([run["turned_away"] for run in told])
    lost_h = [run["lost_person_h"]["on_foot"] + run["lost_person_h"]["on_roads"] for run in told]
    assert later.loc["time lost", "with_variant"] == pytest.approx(np.mean(lost_h))
    bottlenecks = read_result(evacuated.folder, "2_later", evacuated.seeds[0]).bottlenecks
    assert lost_h[0] >= bottlenecks["lost_person_h"].sum() - 1e-9 > 0.0


def test_a_run_in_another_process_is_the_same(evacuated, tmp_path):
    """Scenarios go there pickled; ends of evacuees' ways are written to in a run, and must not come back."""
    sent = pickle.loads(pickle.dumps(evacuated.plans))
    RunPlan(sent, tmp_path)(Job(2, evacuated.seeds[0]))
    there, here = (read_result(folder, "2_later", evacuated.seeds[0]) for folder in (tmp_path, evacuated.folder))
    pd.testing.assert_frame_equal(there.evacuees, here.evacuees)
    assert there.summary["walking"]["state_hash"] == here.summary["walking"]["state_hash"]


def test_the_report_tells_plans_of_an_evacuation_apart(evacuated):
    page = render(evacuated)
    for expected in ("Evacuation time estimates", "when the base gives its first order", "People on foot".lower()):
        assert expected in page, expected
    assert page.count('id="clearance"') == 1
    text = words.sentences(evacuated, "2_later")[0].replace(style.NBSP, " ")
    assert re.fullmatch(
        r"Nine in ten of those who leave are safe \d+(\.\d)? min later \(95 % interval \+.*\): .* min after 07:00, "
        r"when the base gives its first order\.",
        text,
    )
    assert len(evacuated.stacks[0].evacuated.zone) == 240  # everybody, whoever leaves


def test_the_folder_holds_the_tables_and_simwrapper_shows_them(evacuated):
    for name in ("evacuation", "evacuation_ranges", "walks"):
        assert len(pd.read_csv(evacuated.folder / f"{name}.csv")) == len(
            pd.read_parquet(evacuated.folder / f"{name}.parquet")
        )
    folder = evacuated.write_simwrapper()
    assert "evacuation-2_later.csv" in (folder / "dashboard-2-2_later.yaml").read_text()
    assert json.loads((evacuated.folder / "summary.json").read_text())["variants"][1]["key"] == "2_later"


def test_times_beyond_the_end_are_no_part_of_a_range():
    spread = _spread(np.array([10.0, 20.0, np.nan, np.nan]))
    assert spread["p5"] == pytest.approx(11.5)
    assert np.isnan([spread["mean"], spread["p50"], spread["p95"]]).all()
    assert spread["seeds"] == 2


def test_the_documentation_explains_the_ranges(evacuated, repository):
    page = (repository / "docs" / "compare.md").read_text(encoding="utf-8")
    assert {str(column) for column in evacuated.evacuation_ranges.columns} <= set(re.findall(r"`(\w+)`", page))
