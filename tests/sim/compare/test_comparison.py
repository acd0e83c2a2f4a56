"""From scenario files to differences: nothing where nothing differs, the same whoever computes, nothing done twice."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from comparison_case import CLOSED, MATRIX, write_plans

from citytwin.scenarios.problems import InputError
from citytwin.scenarios.remedies import Remedies
from citytwin.sim.compare import compare
from citytwin.sim.compare.differences import differences
from citytwin.sim.compare.executor import Job, Serial
from citytwin.sim.compare.runs import RUNS, RunPlan, result_folder
from citytwin.sim.report import comparison_words as words
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run

SEEDS = 4
WITHOUT_ROWS = {"evacuation", "walks", "air", "air_grid"}  # nobody walks, or asks for the air


class Counting(Serial):
    """Remembers the jobs."""

    def __init__(self, stop_after: int = 1000) -> None:
        self.jobs: list[Job] = []
        self._stop_after = stop_after

    def run(self, jobs, work):
        for job in super().run(jobs, work):
            self.jobs.append(job)
            if len(self.jobs) == self._stop_after:
                raise KeyboardInterrupt
            yield job


def of(table: pd.DataFrame, variant: str, **columns: str) -> pd.DataFrame:
    """Rows of one variant."""
    for name, value in {"variant": variant, **columns}.items():
        table = table[table[name] == value]
    return table


def test_where_nothing_differs_every_difference_is_exactly_nothing(found):
    for name, table in found.differences.tables().items():
        if name in WITHOUT_ROWS:
            assert table.empty
            continue
        same = of(table, "1_same")
        assert len(same) > 0, name
        known = same["seeds"] > 1
        assert known.any()
        assert (same.loc[known, ["difference", "low", "high"]] == 0.0).all().all(), name
        assert not same["distinguishable"].any(), name


def test_a_closed_street_is_found(found):
    flow = of(found.differences.links, "2_closed", quantity="flow").set_index("link")
    assert flow.loc[CLOSED, "found"]
    assert flow.loc[CLOSED, "high"] < 0.0
    assert (
        flow.loc[CLOSED, "with_variant"] < 0.6 * flow.loc[CLOSED, "base"]
    )  # the first three of ten minutes it is open


def test_a_closure_leaves_the_chance_of_other_trips_alone(found):
    """Who arrived before the street was closed drove in the variant to the bit as in the base."""
    base, _, closed = found.stacks
    arrived_s = base.plan.trips.depart_s + base.travel_s
    early = base.arrived & (arrived_s <= 180.0)
    assert early.sum() > 3 * SEEDS
    assert (base.travel_s[early] == closed.travel_s[early]).all()
    assert (base.driven_m[early] == closed.driven_m[early]).all()
    factors = [stack.delay_s - stack.travel_s for stack in (base, closed)]  # free time over the own speed factor
    both = base.arrived & closed.arrived
    planned_alike = np.isclose(factors[0][both], factors[1][both])
    assert planned_alike.mean() > 0.7  # the others found another way at departure


def test_a_result_is_that_of_a_single_run(found, plans, tmp_path):
    seed = found.seeds[1]
    for plan, stack in zip(plans, found.stacks, strict=True):
        alone = run_scenario(plan, tmp_path / plan.stem, seed=seed).summary
        assert alone["state_hash"] == stack.hashes[1]
        assert alone["arrived"] == stack.arrived[1].sum()
        assert alone["vehicle_km"] == pytest.approx(stack.driven_m[1].sum() / 1000)


def test_figures_of_the_network_follow_from_the_runs(found):
    base, _, closed = found.stacks
    both = base.arrived & closed.arrived
    rows = of(found.differences.network, "2_closed").set_index("quantity")
    delays = [[stack.delay_s[seed][both[seed]].mean() for seed in range(SEEDS)] for stack in (base, closed)]
    assert rows.loc["mean delay", "base"] == pytest.approx(np.mean(delays[0]))
    assert rows.loc["mean delay", "difference"] == pytest.approx(np.mean(np.subtract(delays[1], delays[0])))
    change_s = np.where(both, closed.travel_s - base.travel_s, np.nan)
    longer = 100 * np.nanmean(np.where(both, np.sign(change_s), np.nan), axis=1).mean()
    assert rows.loc["trips that take longer", "difference"] == pytest.approx(longer)
    assert rows.loc["trips that take longer", ["base", "with_variant"]].sum() < 100.0  # some take as long
    assert rows.loc["arrived", "base"] == base.arrived.sum() / SEEDS
    assert rows.loc["stops", "base"] == pytest.approx(np.mean(base.stops.sum(axis=1) / base.driven_m.sum(axis=1)) * 1e3)
    assert rows.loc["mean queue", "base"] == pytest.approx(base.standing_s.sum() / SEEDS / 600)
    queues = of(found.differences.links, "2_closed", quantity="mean queue")
    assert queues["with_variant"].sum() == pytest.approx(rows.loc["mean queue", "with_variant"])
    longest = of(found.differences.links, "2_closed", quantity="longest queue")
    assert (longest["base"].to_numpy() >= queues["base"].to_numpy() / 2).all()  # at most two lanes
    assert rows.loc["time spent by all, waiting included", "base"] > rows.loc["mean travel time", "base"] / 3600
    parts = of(found.differences.road_classes, "2_closed", quantity="distance driven")
    assert parts["base"].sum() == pytest.approx(base.vehicle_m.sum() / SEEDS / 1000)


def test_a_little_for_everybody_is_found_before_the_mean_delay_tells(found):
    """Each trip takes two seconds longer, but in every seed chance holds some up for minutes."""
    base = found.stacks[0]
    rng = np.random.default_rng(7)
    held_s = np.where(rng.random(base.travel_s.shape) < 0.02, rng.normal(0.0, 600.0, base.travel_s.shape), 0.0)
    slower = replace(base, travel_s=base.travel_s + 2.0 + held_s, delay_s=base.delay_s + 2.0 + held_s)
    rows = differences(base, [slower], found.zones).network.set_index("quantity")
    assert not rows.loc["mean delay", "distinguishable"]
    assert rows.loc["trips that take longer", "low"] > 80.0


def test_vehicle_classes_and_zones_have_rows_of_their_own(found):
    classes = of(found.differences.vehicle_classes, "2_closed", quantity="arrived").set_index("vehicle_class")
    assert set(classes.index) == {"car", "truck"}
    assert 0 < classes.loc["truck", "base"] <= 40
    zones = of(found.differences.zones, "2_closed", quantity="arrived").set_index(["zone", "end"])
    assert set(zones.index) == {(zone, end) for zone in ("west", "east") for end in ("origin", "destination")}
    assert zones.loc[("east", "origin"), "base"] == classes.loc["truck", "base"]
    assert zones.loc[("east", "origin"), "base"] == zones.loc[("west", "destination"), "base"]


def test_a_forecast_is_told_before_the_rest_is_run_and_the_bar_ends_full(found, said):
    (told,) = [text for text in said.said if "to do, about" in text]
    assert told.startswith(f"{3 * SEEDS - 1} runs to do, about ")
    assert said.counts[-1] == (3 * SEEDS, 3 * SEEDS)


def test_the_folder_holds_every_table_and_the_summary(found):
    for name, table in found.differences.tables().items():
        if name in WITHOUT_ROWS:
            continue
        pd.testing.assert_frame_equal(pd.read_parquet(found.folder / f"{name}.parquet"), table)
        assert len(pd.read_csv(found.folder / f"{name}.csv")) == len(table)
    summary = json.loads((found.folder / "summary.json").read_text())
    assert summary["seeds"] == [3, 4, 5, 6]
    assert [one["key"] for one in summary["variants"]] == ["1_same", "2_closed"]
    assert summary["state_hashes"]["1_same"] == summary["state_hashes"]["0_town"]


@pytest.mark.slow
def test_two_processes_compute_what_one_does(found, plans, tmp_path):
    again = compare(plans, seeds=SEEDS, workers=2, out=tmp_path / "out")
    assert again.summary()["state_hashes"] == found.summary()["state_hashes"]
    for name, table in again.differences.tables().items():
        pd.testing.assert_frame_equal(table, found.differences.tables()[name])


def test_a_comparison_goes_on_where_it_was_interrupted_and_does_nothing_twice(found, plans, tmp_path):
    out = tmp_path / "out"
    first = Counting(stop_after=5)
    with pytest.raises(KeyboardInterrupt):
        compare(plans, seeds=2, out=out, executor=first)
    half = out / RUNS / "2_closed" / ".seed_4.99"  # what a killed process leaves
    half.mkdir(parents=True)
    second = Counting()
    again = compare(plans, seeds=3, out=out, resume=True, executor=second)
    assert len(first.jobs) == 5
    assert set(first.jobs).isdisjoint(second.jobs)
    assert len(second.jobs) == 4
    assert not half.exists()
    assert again.stacks[2].hashes == found.stacks[2].hashes[:3]
    third = Counting()
    compare(plans, seeds=3, out=out, resume=True, executor=third)
    assert third.jobs == []


def test_a_damaged_result_is_done_again(plans, tmp_path):
    out = tmp_path / "out"
    before = compare(plans[:2], seeds=2, out=out).summary()
    (result_folder(out, "1_same", 4) / "summary.json").unlink()
    again = Counting()
    after = compare(plans[:2], seeds=2, out=out, resume=True, executor=again)
    assert again.jobs == [Job(1, 4)]
    assert after.summary() == before


def test_a_result_that_travelled_is_the_same(found, tmp_path):
    """As a cluster does it: made in a folder that is thrown away, sent as bytes, put in its place here."""
    job = Job(2, found.seeds[0])
    (tmp_path / RUNS / "2_closed").mkdir(parents=True)
    work = RunPlan(found.plans, tmp_path)
    work.unpack(job, work.pack(job))
    ours, theirs = (result_folder(folder, "2_closed", job.seed) for folder in (found.folder, tmp_path))
    assert {path.name for path in ours.iterdir()} == {path.name for path in theirs.iterdir()}
    assert read_run(ours).summary["state_hash"] == read_run(theirs).summary["state_hash"]
    assert not list(theirs.parent.glob(".*"))


def refusals(action) -> list[str]:
    with pytest.raises(InputError) as raised:
        action()
    return [str(problem) for problem in raised.value.problems]


def test_a_folder_is_refused_in_words(found, plans, tmp_path):
    (text,) = refusals(lambda: compare(plans, seeds=2, out=found.folder))
    assert "holds a comparison already. Go on with it: --resume" in text
    (text,) = refusals(lambda: compare(plans[:2], seeds=2, out=found.folder, resume=True))
    assert "closed.yaml, not " in text
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").touch()
    (text,) = refusals(lambda: compare(plans, seeds=2, out=tmp_path / "full"))
    assert "not empty and not the folder of a comparison" in text
    (text,) = refusals(lambda: compare(plans, seeds=2, out=tmp_path / "full" / "letter.txt"))
    assert "is a file" in text


def test_a_folder_of_scenarios_that_have_changed_since_is_refused(tmp_path):
    plans = write_plans(tmp_path)[:2]
    compare(plans, seeds=2, out=tmp_path / "out")
    (tmp_path / "matrix.csv").write_text(MATRIX.replace("60", "61"))
    texts = refusals(lambda: compare(plans, seeds=2, out=tmp_path / "out", resume=True))
    assert len(texts) == 2  # for both scenarios
    assert all("matrix.csv has changed since" in text for text in texts)


def test_scenarios_that_cannot_be_compared_are_refused_all_problems_at_once(plans, tmp_path):
    folder = plans[0].parent
    other = tmp_path / "other.osm"
    other.write_text((folder / "town.osm").read_text().replace("Street 100", "Long Street"))
    wrong = folder / "wrong.yaml"
    wrong.write_text(f'base: town.yaml\nseed: 4\nduration_s: 500\ncity: {{osm: "{other}"}}\n')
    broken = folder / "broken.yaml"
    broken.write_text("base: town.yaml\nstep_s: 7\n")
    texts = refusals(lambda: compare([*plans, plans[0], plans[1], wrong, broken, folder / "nobody.yaml"], seeds=2))
    for expected in (
        "town.yaml  is the base too",
        "same.yaml  is listed twice",
        "wrong.yaml:2  seed = 4  must be that of",
        "wrong.yaml:3  duration_s = 500  must be that of",
        "wrong.yaml:4  city",
        "broken.yaml:2  step_s = 7",
        "nobody.yaml  no such file",
    ):
        assert any(expected in text for text in texts), expected
    assert len(texts) == 7


@pytest.mark.parametrize(
    "keys,expected",
    [
        ({"seeds": 1}, "1 seed: a difference can be told from chance with 2 or more"),
        ({"seeds": 4, "until": 0.01, "most_seeds": 3}, "--most-seeds 3"),
        ({"until": 1.5}, "--until 150"),
    ],
)
def test_too_few_seeds_are_refused(plans, keys, expected):
    (text,) = refusals(lambda: compare(plans, **keys))
    assert expected in text


def test_a_base_alone_is_no_comparison(plans):
    assert "at least one variant" in refusals(lambda: compare(plans[:1]))[0]


def test_seeds_are_added_until_the_interval_is_narrow_enough(found, plans, tmp_path):
    """A wide aim is met at once; a narrow one asks for more seeds, and stops where it must."""
    out = tmp_path / "out"
    shutil.copytree(found.folder, out)
    base_s, half_s = _delay(found)
    enough = compare(plans, seeds=SEEDS, out=out, resume=True, until=min(0.99, 1.05 * half_s / base_s))
    assert enough.seeds == found.seeds
    assert enough.summary()["narrow_enough"] is True
    narrower = compare(plans, seeds=SEEDS, out=out, resume=True, until=0.5 * half_s / base_s, most_seeds=40)
    base_s, half_now_s = _delay(narrower)
    assert len(narrower.seeds) > SEEDS
    assert half_now_s / base_s <= 0.5 * half_s / base_s or len(narrower.seeds) == 40
    stopped = compare(plans, seeds=SEEDS, out=out, resume=True, until=1e-6, most_seeds=SEEDS + 1)
    assert len(stopped.seeds) == SEEDS + 1
    assert stopped.summary()["narrow_enough"] is False


def _delay(found) -> tuple[float, float]:
    row = of(found.differences.network, "2_closed", quantity="mean delay").iloc[0]
    return float(row["base"]), float(row["high"] - row["low"]) / 2


def test_demand_that_differs_is_compared_by_the_trips_in_common(plans, tmp_path):
    folder = plans[0].parent
    text = json.loads(plans[0].read_text())
    text["demand"][0]["per_hour"] = 1800
    busier = folder / "busier.yaml"
    busier.write_text(json.dumps({"base": "town.yaml", "demand": text["demand"]}))
    found = compare([plans[0], busier], seeds=2, out=tmp_path / "out")
    base, more = found.stacks
    assert len(more.plan.trips) - len(base.plan.trips) == 50
    assert set(found.differences.trips["trip_id"]) <= set(base.plan.trips.id)
    arrived = found.differences.network.set_index("quantity").loc["arrived"]
    assert arrived["with_variant"] > arrived["base"]


def test_what_drivers_may_do_against_a_standstill_is_told_of_a_variant(found):
    base, same, closed = found.plans
    leaving = closed.scenario.model_copy(update={"remedies": Remedies(leave_locks_after_s=60)})
    plans = (base, same, replace(closed, scenario=leaving))
    told = SimpleNamespace(plans=plans, differences=found.differences, seeds=found.seeds)
    for told_of in (words.sentences, words.brief):
        assert told_of(told, closed.key)[-2].startswith("Remedies against a standstill: none in the base, turning off")
        assert not any("Remedies" in sentence for sentence in told_of(found, closed.key))
