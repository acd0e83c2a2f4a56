"""What a fit takes from observations is examined, cleaned and of its own day, or it is refused in words."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from observation_case import fork

from citytwin.scenarios.problems import ScenarioError
from citytwin.scenarios.scenario import Scenario
from citytwin.sim.calibrate.for_fit import observed_for

NETWORK = fork()
VALUES = {"in": 1800, "left": 1000, "right": 800}


def scenario(start: str = "2026-03-04T07:00") -> Scenario:
    keys = {"citytwin": 1, "name": "t", "duration_s": 3600, "city": {"place": "nowhere"}}
    return Scenario.model_validate(keys | {"start": start})


@pytest.fixture
def town(tmp_path):
    rows = [
        f"2026-03-{day:02d}T{hour:02d}:00,{link},{veh + 7 * day + hour}"
        for day in range(2, 7)
        for hour in (6, 7, 8)
        for link, veh in VALUES.items()
    ]
    (tmp_path / "counts.csv").write_text("\n".join(["time,link,value", *rows]) + "\n")
    path = tmp_path / "town.yaml"
    path.write_text("observations: 1\nfiles: [{file: counts.csv, interval_s: 3600}]\n")
    return path


def test_the_readings_of_a_run_and_of_the_same_time_on_another_day(town):
    found = observed_for(town, scenario(), NETWORK, weights={"count": 3.0})
    assert dict(zip(found.observed.sensor_id, found.observed.value.tolist(), strict=True)) == {
        name: veh + 28 + 7 for name, veh in VALUES.items()
    }
    assert found.observed.weight.tolist() == [3.0] * 3
    assert found.said == ()
    assert len(found.days) == 5
    link = found.observed.link
    middle = [NETWORK.link_shape_xy(int(row)).mean(axis=0) for row in link]
    np.testing.assert_allclose(np.stack([found.x_m, found.y_m], axis=1), middle, atol=1.0)
    other = observed_for(town, scenario(), NETWORK, day=dt.date(2026, 3, 6))
    np.testing.assert_array_equal(other.observed.value, found.observed.value + 14)


def test_cleaning_rules_are_followed(town):
    town.write_text(town.read_text() + "cleaning: [{kind: drop, sensors: [left]}]\n")
    found = observed_for(town, scenario(), NETWORK)
    assert found.observed.sensor_id == ("in", "right")
    assert len(found.cleaned.changes) == 15


def test_nothing_within_the_run_is_an_error_with_a_way_out(town):
    with pytest.raises(ScenarioError, match=r"no reading of a known link in the 1 h from 2026-05-04 07:00 on"):
        observed_for(town, scenario("2026-05-04T07:00"), NETWORK)
    with pytest.raises(ScenarioError, match=r"from 2026-03-02 to 2026-03-06: change the scenario's `start`"):
        observed_for(town, scenario("2026-05-04T07:00"), NETWORK)


def test_an_outage_is_fitted_only_by_force(town):
    table = town.with_name("counts.csv")
    silent = [",".join([*row.split(",")[:2], "0"]) if ",in," in row else row for row in table.read_text().splitlines()]
    table.write_text("\n".join(silent) + "\n")
    with pytest.raises(ScenarioError, match="in  nothing but zeros: all 15 readings are 0"):
        observed_for(town, scenario(), NETWORK)
    forced = observed_for(town, scenario(), NETWORK, force=True)
    assert forced.said == ("Fitted in spite of it (--force): nothing but zeros, all 15 readings are 0.",)


def test_a_lone_table_with_times_keeps_them(tmp_path):
    rows = "in,0,900,400\nin,900,1800,500\nin,3600,4500,9\n"
    (tmp_path / "sensors.csv").write_text("link,interval_start_s,interval_end_s,count_veh\n" + rows)
    observed = observed_for(tmp_path / "sensors.csv", scenario(), NETWORK).observed
    assert observed.end_s.tolist() == [900.0, 1800.0]
    assert observed.value.tolist() == [400.0, 500.0]


def test_a_lone_table_is_of_the_run(tmp_path):
    (tmp_path / "counts.csv").write_text("link_id,count\nin,1800\nleft,1000\nnowhere,5\n")
    found = observed_for(tmp_path / "counts.csv", scenario(), NETWORK)
    assert found.observed.sensor_id == ("in", "left")
    assert (found.observed.start_s.tolist(), found.observed.end_s.tolist()) == ([0.0, 0.0], [3600.0, 3600.0])
    assert found.health.counts()["unknown_link"] == 1
