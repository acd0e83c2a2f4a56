"""A source is found from readings of the air: how much it emits, and where it is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from traffic_case import write_scenario

from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.calibrate.calibration import calibrate
from citytwin.sim.calibrate.intervals import independent_share
from citytwin.sim.calibrate.setting import set_up
from citytwin.sim.calibrate.source_search import SEARCHED
from citytwin.sim.report.calibration import render
from citytwin.sim.report.style import number

TRUTH = 3.5, 60.0, -40.0  # g/s, m east and north of where the scenario has it
NOISE = 0.1
STATIONS = [(lon, lat) for lon in (9.003, 9.0042, 9.0055) for lat in (47.0005, 47.0012, 47.002, 47.003)]
METEOROLOGY = {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270, "temperature_c": 12, "cloud_share": 0.9}
SOURCE = {"id": "plant", "kind": "stack", "at": [9.001, 47.002], "height_m": 3, "diameter_m": 0.5}
SOURCE |= {"exit_speed_mps": 1, "exit_temperature_c": 20, "rates_gps": {"nox": 1.0}}
NUMBERS = [
    {"kind": "source_rate", "source": "plant", "pollutant": "nox", "low": 0.01, "high": 20},
    {"kind": "source_place", "source": "plant", "towards": "east", "low": -150, "high": 150},
    {"kind": "source_place", "source": "plant", "towards": "north", "low": -150, "high": 150},
]


@pytest.fixture(scope="module")
def plume(tmp_path_factory):
    """A town whose chimney emits more than is believed and is elsewhere, with twelve stations of which each errs."""
    folder = tmp_path_factory.mktemp("plume")
    air = {"meteorology": METEOROLOGY, "sources": [SOURCE], "pollutants": ["nox"], "background_ugm3": {"nox": 12}}
    write_scenario(folder, demand=[], air=air, duration_s=600)
    places = [f"s{row},air,{lon},{lat}" for row, (lon, lat) in enumerate(STATIONS)]
    (folder / "stations.csv").write_text("\n".join(["sensor,kind,lon,lat", *places]) + "\n")
    seen = {"observations": 1, "sensors": {"file": "stations.csv"}}
    seen["files"] = [{"file": "air.csv", "kind": "air", "interval_s": 600}]
    (folder / "seen.yaml").write_text(json.dumps(seen))
    asked = {"calibration": 1, "scenario": "town.yaml", "observations": "seen.yaml", "demand": None, "left_out": 0}
    asked |= {"parameters": NUMBERS, "seeds": 2, "budget": 60, "loss": "poisson", "weight_decay": 0}
    (folder / "fit.yaml").write_text(json.dumps(asked))

    def write(values):
        rows = [f"2026-05-04T07:00,s{row},{value:.4f}" for row, value in enumerate(values)]
        (folder / "air.csv").write_text("\n".join(["time,sensor,value", *rows]) + "\n")

    write(np.ones(len(STATIONS)))
    _, simulate = set_up(folder / "fit.yaml")
    truth = simulate(np.array([TRUTH]), [0]).counts[0]
    write(truth * np.exp(NOISE * np.random.default_rng(5).standard_normal(truth.size)))
    return folder, truth


@pytest.fixture(scope="module")
def found(plume):
    return calibrate(plume[0] / "fit.yaml", plume[0] / "out")


def test_the_source_is_found_within_its_intervals(found):
    assert found.found.slopes == SEARCHED
    low, high = found.trust.low, found.trust.high
    for value, least, truth, most in zip(found.found.values, low, TRUTH, high, strict=True):
        assert least <= truth <= most
        assert least <= value <= most
    rate, east, north = found.found.values
    assert rate == pytest.approx(TRUTH[0], rel=0.25)
    assert np.hypot(east - TRUTH[1], north - TRUTH[2]) < 25.0
    assert found.trust.fitted < 0.5 * found.before.as_it_is_nrmse


def test_the_written_scenario_has_the_source_there(plume, found):
    scenario = load_scenario(plume[0] / "out" / "calibrated.yaml")
    source = scenario.air.sources[0]
    assert source.rates_gps["nox"] == pytest.approx(found.found.values[0], rel=1e-5)
    assert (source.at[1] - 47.002) * 111_320.0 == pytest.approx(found.found.values[2], abs=0.05)
    assert source.height_m == 3  # what was not calibrated stays


def test_the_report_draws_where_the_source_was_found_and_no_empty_guidelines(found):
    page = render(found)
    _, east, north = found.found.values
    assert f"plant was found {number(float(np.hypot(east, north)))} m from where it was believed to be" in page
    assert "Boxes: 90 % intervals" in page
    assert "TAG M3.1" not in page


def test_errors_that_neighbours_share_are_fewer():
    rng = np.random.default_rng(1)
    white, red = rng.standard_normal((2, 4000))
    for row in range(1, red.size):
        red[row] += 0.6 * red[row - 1]
    assert independent_share(white) == pytest.approx(1.0, abs=0.05)
    assert independent_share(red) == pytest.approx(0.4 / 1.6, abs=0.03)
    assert independent_share(white[:9]) == 1.0
