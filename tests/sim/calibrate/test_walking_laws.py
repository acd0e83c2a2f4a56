"""Numbers of how people walk are found from tables of experiments, by the same calibration as traffic."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from traffic_case import write_scenario

from citytwin.kernels.walking_laws import WEIDMANN, speed_ratio
from citytwin.scenarios.problems import InputError, describe
from citytwin.scenarios.scenario import load_scenario
from citytwin.scenarios.walk_presets import door_flow_per_s, preset_of
from citytwin.sim.calibrate.calibration import calibrate

NUMBERS = [
    {"kind": "walking", "key": "speed_mps", "low": 0.8, "high": 2.0},
    {"kind": "walking", "key": "door_per_m_s", "low": 1.0, "high": 3.0},
    {"kind": "walking", "key": "door_less_per_s", "low": 0.0, "high": 1.0},
]


def write_fit(folder, experiments, **keys):
    walks = [{"kind": "random_trips", "per_hour": 60, "min_distance_m": 100}]
    write_scenario(folder, demand=[], walks=walks)
    asked = {"calibration": 1, "scenario": "town.yaml", "demand": None, "experiments": experiments}
    asked |= {"parameters": NUMBERS, "left_out": 0, "seeds": 2, "weight_decay": 0}
    (folder / "fit.yaml").write_text(json.dumps(asked | keys))
    return folder / "fit.yaml"


def test_planted_speed_and_doors_are_found(tmp_path):
    density, width = np.linspace(0.2, 3.0, 8), np.array([0.8, 1.2, 2.0, 3.0])
    speeds = [f"{one},{1.52 * speed_ratio(WEIDMANN, one)}" for one in density.tolist()]
    flows = [f"{one},{1.7 * one - 0.25}" for one in width.tolist()]
    (tmp_path / "speeds.csv").write_text("\n".join(["density_per_m2,speed_mps", *speeds]) + "\n")
    (tmp_path / "flows.csv").write_text("\n".join(["width_m,flow_per_s", *flows]) + "\n")
    tables = [{"file": "speeds.csv", "kind": "walk_speed"}, {"file": "flows.csv", "kind": "bottleneck_flow"}]
    found = calibrate(write_fit(tmp_path, tables), tmp_path / "out")
    assert found.found.values == pytest.approx([1.52, 1.7, 0.25], rel=1e-3)
    assert (found.trust.rank, found.trust.known.tolist()) == (3, pytest.approx([1.0, 1.0, 1.0]))
    preset = preset_of(load_scenario(tmp_path / "out" / "calibrated.yaml").walking)
    assert preset.speed_mps == pytest.approx(1.52, rel=1e-3)
    assert door_flow_per_s([2.0], preset) == pytest.approx(1.7 * 2.0 - 0.25, rel=1e-3)


def test_flows_of_laboratories_give_the_line_of_least_squares(tmp_path, data):
    """All 49 flows of six experiments: the calibrated passage is the straight line through them."""
    file = data / "pedestrian" / "bottleneck_flow_vs_width.csv"
    fit = write_fit(tmp_path, [{"file": str(file), "kind": "bottleneck_flow"}], parameters=NUMBERS[1:])
    found = calibrate(fit, tmp_path / "out")
    with file.open(newline="") as rows:
        table = [(float(row["width_m"]), float(row["flow_per_s"])) for row in csv.DictReader(rows)]
    slope, offset = np.polyfit(*np.array(table).T, 1)
    assert found.found.values == pytest.approx([slope, -offset], rel=1e-3)
    assert (found.trust.low < found.found.values).all() and (found.found.values < found.trust.high).all()


def test_without_anything_observed_that_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        calibrate(write_fit(tmp_path, []), tmp_path / "out")
    assert "fit.yaml  observations  is missing: what was observed?" in describe(caught.value.problems)
