"""Nothing is fitted to an outage unless somebody insists, and then it is said."""

from __future__ import annotations

import pytest
from comparison_case import ZONES
from traffic_case import write_scenario

from citytwin.scenarios.problems import InputError, ScenarioError
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim import backend
from citytwin.sim.calibrate.setting import compute_on, set_up
from citytwin.sim.run import network_of


@pytest.fixture
def fit(tmp_path):
    """A town in which on the third of five days a third of the vehicles was counted."""
    (tmp_path / "matrix.csv").write_text("from_zone,to_zone,trips\nwest,east,140\neast,west,140\n")
    (tmp_path / "zones.csv").write_text(ZONES)
    demand = [{"kind": "od_matrix", "file": "matrix.csv", "zones": "zones.csv", "end_s": 300}]
    town = write_scenario(tmp_path, demand=demand, duration_s=900)
    scenario = load_scenario(town)
    day, links = scenario.start, network_of(scenario).links.id[:6]
    for number in range(-2, 3):
        date = day.replace(day=day.day + number)
        counted = [f"{link},{(60 if number == 0 else 180) + 7 * number + row}" for row, link in enumerate(links)]
        (tmp_path / f"{date:%Y-%m-%d}.csv").write_text("\n".join(["link,count", *counted]) + "\n")
    path = tmp_path / "fit.yaml"
    path.write_text(f"calibration: 1\nscenario: town.yaml\nobservations: {day:%Y-%m-%d}.csv\ndemand: {{by: pair}}\n")
    return path


def test_an_outage_is_refused_with_its_figures_and_a_way_out(fit):
    with pytest.raises(ScenarioError) as caught:
        set_up(fit)
    (problem,) = caught.value.problems
    assert problem.text.startswith("outage of the whole file: ")
    assert "are usual (3" in problem.text
    assert problem.text.endswith("--force fits it all the same, and says so in the report.")


def test_whoever_insists_reads_it_in_the_report(fit):
    setting, _ = set_up(fit, force=True)
    assert [
        note for note in setting.notes if note.startswith("Fitted in spite of it (--force): outage of the whole file")
    ]
    assert len(setting.other_days) == 4


def test_a_gpu_that_is_not_there_is_not_waited_for(fit, monkeypatch):
    monkeypatch.setattr(backend, "what_cuda_lacks", lambda: "no NVIDIA driver was found")
    setting, _ = set_up(fit, force=True)
    with pytest.raises(InputError, match="--backend cuda cannot be used: no NVIDIA driver was found"):
        compute_on(setting, "cuda")
    monkeypatch.setattr(backend, "what_cuda_lacks", lambda: "")
    monkeypatch.setattr(backend, "device_name", lambda: "a GPU")
    compute_on(setting, "cuda")
    assert (setting.runs.backend, setting.loss.backend) == ("cuda", "cuda")
