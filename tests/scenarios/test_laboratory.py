"""Tables of experiments become observations with their conditions, or a list of what is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from citytwin.scenarios.laboratory import read_experiments
from citytwin.scenarios.observed import KINDS
from citytwin.scenarios.problems import ScenarioError, describe


def test_speeds_by_density_weigh_by_their_samples(tmp_path):
    file = tmp_path / "corridor.csv"
    file.write_text("rho_mean_per_m2,v_mean_m_s,n_samples\n0.5,1.4,30\n2.0,0.7,10\n")
    found = read_experiments(file, "walk_speed")
    assert found.condition.tolist() == [0.5, 2.0]
    assert found.observed.value.tolist() == [1.4, 0.7]
    assert found.observed.weight.tolist() == [1.5, 0.5]
    assert found.observed.sensor_id == ("corridor 1", "corridor 2")
    assert {KINDS[kind] for kind in found.observed.kind} == {"walk_speed"}


def test_flows_through_bottlenecks_of_real_experiments(data):
    found = read_experiments(data / "pedestrian" / "bottleneck_flow_vs_width.csv", "bottleneck_flow")
    assert len(found.observed) == 49
    narrow = found.condition <= 2.5
    slope, _ = np.polyfit(found.condition[narrow], found.observed.value[narrow], 1)
    assert slope == pytest.approx(2.09, abs=0.01)  # the table's README has the line


def test_what_is_wrong_is_said(tmp_path):
    file = tmp_path / "corridor.csv"
    file.write_text("density,speed\n0.5,1.4\n-1,fast\n")
    with pytest.raises(ScenarioError) as caught:
        read_experiments(file, "walk_speed")
    words = describe(caught.value.problems)
    assert "corridor.csv:3  density_per_m2 = -1.0  must be at least 0." in words
    assert 'corridor.csv:3  speed_mps = "fast"  is not a number.' in words
    with pytest.raises(ScenarioError, match=r'no such measurement: walk_sped\. Closest: "walk_speed"'):
        read_experiments(file, "walk_sped")
