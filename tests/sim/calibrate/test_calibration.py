"""From a description to a calibrated scenario: a town whose demand was planted, and what is told where it cannot be."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from comparison_case import ZONES, Stages
from traffic_case import write_scenario

from citytwin.scenarios.problems import InputError
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.scenarios.sensor_files import files_described
from citytwin.sim.calibrate.calibration import calibrate
from citytwin.sim.calibrate.setting import set_up
from citytwin.sim.report.calibration import render
from citytwin.sim.report.calibration_profiles import time_profiles
from citytwin.sim.run import network_of, trips_of

TRUE = 90.0, 240.0  # from east to west, from west to east


def write_town(folder):
    (folder / "matrix.csv").write_text("from_zone,to_zone,trips\nwest,east,140\neast,west,140\n")
    (folder / "zones.csv").write_text(ZONES)
    demand = [{"kind": "od_matrix", "file": "matrix.csv", "zones": "zones.csv", "end_s": 300}]
    return write_scenario(folder, demand=demand, duration_s=900, routes={"perception_noise": 0.0})


def write_counts(file, links, counts):
    file.write_text(
        "link,count\n" + "".join(f"{link},{count:.0f}\n" for link, count in zip(links, counts, strict=True))
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    """A town that believes one demand, and counts of another one with other luck."""
    folder = tmp_path_factory.mktemp("planted")
    (folder / "fit.yaml").write_text(
        "calibration: 1\nscenario: town.yaml\nobservations: counts.csv\ndemand: {by: pair, prior: 0}\n"
        "weight_decay: 0.000001\nseeds: 2\nbudget: 20\n"
    )
    network = network_of(load_scenario(write_town(folder)))
    write_counts(folder / "counts.csv", network.links.id, np.ones(network.link_count))
    setting, simulate = set_up(folder / "fit.yaml")
    counts = simulate(np.array([TRUE]), [99]).counts[0]
    busy = np.flatnonzero(counts >= 40)
    links = [network.links.id[setting.loss.observed.link[row]] for row in busy]
    write_counts(folder / "counts.csv", links, counts[busy])
    return folder


@pytest.fixture(scope="module")
def said():
    return Stages()


@pytest.fixture(scope="module")
def found(town, said):
    return calibrate(town / "fit.yaml", town / "out", progress=said)


def test_planted_demand_is_recovered(found):
    assert found.setting.parameters.name == ("east to west", "west to east")
    assert found.before.seen.rank == 2
    assert found.found.values == pytest.approx(TRUE, rel=0.15)  # 90 trips that come by chance are 10 % off themselves
    assert found.trust.fitted < 0.1 < found.before.as_it_is_nrmse
    assert found.runs <= 20


def test_the_written_scenario_runs_and_counts_as_the_calibration_did(town, found):
    file = town / "out" / "calibrated.yaml"
    assert check_scenario(file) == []
    scenario = load_scenario(file)
    assert len(trips_of(scenario, network_of(scenario))) == pytest.approx(sum(TRUE), rel=0.1)
    assert found.as_run_nrmse < found.before.as_it_is_nrmse / 2.0


def test_tables_say_what_was_fitted_and_how_sure_it_is(town, found):
    with (town / "out" / "parameters.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, value in zip(rows, found.found.values, strict=True):
        assert float(row["calibrated"]) == pytest.approx(value)
        assert float(row["low"]) <= value <= float(row["high"])
        assert float(row["seen_share"]) == pytest.approx(1.0)
    with (town / "out" / "counts.csv").open(newline="") as file:
        used = [row["used"] for row in csv.DictReader(file)]
    assert used.count("left out") == -(-len(used) // 5)  # a fifth, rounded up
    summary = json.loads((town / "out" / "summary.json").read_text())
    assert [one["met"] for one in summary["acceptance"]["fitted"]] == [True] * 6
    assert {one["cases"] for one in summary["acceptance"]["left_out"]} == {used.count("left out")}
    assert summary["nrmse"] == pytest.approx(found.trust.fitted)


def test_progress_counts_runs(found, said):
    assert [done for done, _ in said.counts] == sorted(done for done, _ in said.counts)
    assert said.counts[-1] == (found.runs, 20)


def test_resumed_without_simulating_again(town, found):
    before = {file.name: file.stat().st_mtime_ns for file in (town / "out" / "simulations").iterdir()}
    again = calibrate(town / "fit.yaml", town / "out", resume=True)
    assert {file.name: file.stat().st_mtime_ns for file in (town / "out" / "simulations").iterdir()} == before
    np.testing.assert_array_equal(again.found.values, found.found.values)
    with pytest.raises(InputError, match=r"holds a calibration already\. Go on with it: --resume"):
        calibrate(town / "fit.yaml", town / "out")


def test_other_counts_are_another_calibration(town, found):
    text = (town / "fit.yaml").read_text()
    (town / "other.yaml").write_text(text.replace("seeds: 2", "seeds: 3"))
    with pytest.raises(InputError, match="holds another calibration, or files have changed since"):
        calibrate(town / "other.yaml", town / "out", resume=True)


def test_files_behind_a_description_are_part_of_what_was_calibrated(tmp_path):
    (tmp_path / "counts.csv").write_text("time,link,value\n")
    (tmp_path / "sensors.csv").write_text("sensor,link\n")
    (tmp_path / "seen.yaml").write_text("observations: 1\nsensors: {file: sensors.csv}\nfiles: [{file: '*ts.csv'}]\n")
    found = files_described(tmp_path / "seen.yaml")
    assert [file.name for file in found] == ["seen.yaml", "sensors.csv", "counts.csv"]


def test_the_report_says_what_is_known_and_what_is_not(found):
    page = render(found)
    for words in ("2 combinations of 2 parameters", "GEH below 5", "Sensors that were left out", "west to east"):
        assert words in page
    assert page.count("<svg") == 3


def test_sensors_with_several_intervals_are_drawn_over_time(found):
    observed = found.setting.loss.observed
    times_s = np.array([0.0, 450.0, 0.0, 450.0])
    part = replace(observed.part(np.arange(4)), start_s=times_s, end_s=times_s + 450.0)
    part = replace(part, sensor_id=("first", "first", "second", "second"), value=np.array([40.0, 60.0, 1.0, 500.0]))
    loss, days = replace(found.setting.loss, observed=part), np.array([[30.0, 50.0, 5.0, 400.0]])
    runs = replace(found.found.simulated, counts=found.found.simulated.counts[:, :4])
    setting = replace(found.setting, loss=loss, other_days=days)
    (picture,) = time_profiles(replace(found, setting=setting, found=replace(found.found, simulated=runs)))
    assert picture.title == "Over time: second fits worst"
    assert picture.note.endswith("Grey: from the least to the most of the other days.")
    assert all(words in picture.svg for words in ("observed", "simulated", "other days", "veh/h"))


def test_intervals_may_come_from_an_ensemble(town, found):
    """Ten members are few; what is known within 10 % stays so, and the budget that it takes is said before."""
    text = (town / "fit.yaml").read_text().replace("budget: 20", "budget: 60\nintervals: es_mda\nmembers: 10")
    (town / "ensemble.yaml").write_text(text)
    with pytest.raises(InputError, match=r"a budget of 41 runs is too small: 2 are for fresh .*, 40 for the ensemble"):
        calibrate(town / "ensemble.yaml", town / "ensemble", budget=41)
    around = calibrate(town / "ensemble.yaml", town / "ensemble")
    assert around.runs <= 60
    np.testing.assert_allclose(around.found.values, found.found.values)
    assert (around.trust.high - around.trust.low < 120.0).all()
    assert not np.allclose(around.trust.low, found.trust.low)
    assert "an ensemble that assimilated the readings" in render(around)
