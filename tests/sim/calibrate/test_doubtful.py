"""What is wrong or doubtful about observations is told in words before, or in the notes of, a calibration."""

from __future__ import annotations

import json

import numpy as np
import pytest
from comparison_case import ZONES
from traffic_case import write_scenario

from citytwin.scenarios.problems import InputError, describe
from citytwin.sim.calibrate.setting import set_up

LINKS = ["way/101:0-1", "way/101:1-2", "way/201:1-2", "way/201:2-3"]


def write_fit(folder, rows, *, kind="count", columns="time,link,value", scenario=None, **keys):
    (folder / "matrix.csv").write_text("from_zone,to_zone,trips\nwest,east,80\neast,west,60\n")
    (folder / "zones.csv").write_text(ZONES)
    demand = [{"kind": "od_matrix", "file": "matrix.csv", "zones": "zones.csv", "end_s": 200}]
    write_scenario(folder, **({"demand": demand, "duration_s": 600} | (scenario or {})))
    (folder / "day.csv").write_text("\n".join([columns, *rows]) + "\n")
    seen = {"observations": 1, "files": [{"file": "day.csv", "kind": kind, "interval_s": 300}]}
    (folder / "seen.yaml").write_text(
        json.dumps(seen | {name: keys.pop(name) for name in ("cleaning",) if name in keys})
    )
    asked = {"calibration": 1, "scenario": "town.yaml", "observations": "seen.yaml", "left_out": 0}
    (folder / "fit.yaml").write_text(json.dumps(asked | keys))
    return folder / "fit.yaml"


def at(minute, link, value):
    return f"2026-05-04T07:{minute:02},{link},{value}"


GOOD = [at(0, link, 20 + 3 * row) for row, link in enumerate(LINKS)]


def notes_of(file):
    return "\n".join(set_up(file)[0].notes)


def test_good_counts_have_no_notes_but_that_they_are_few(tmp_path):
    file = write_fit(tmp_path, GOOD[:1])
    assert notes_of(file) == "fewer readings (1) than parameters (2): at most 1 combinations of them can be known"
    assert notes_of(write_fit(tmp_path, GOOD)) == ""


def test_counts_below_zero_are_refused_with_their_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = write_fit(tmp_path, [*GOOD[:3], at(0, LINKS[3], -4)])
    with pytest.raises(InputError) as caught:
        set_up(file)
    rule = "`cleaning: [{kind: drop, findings: [negative]}]`"
    told = f"day.csv:5  way/201:2-3 = -4.0  is below zero. Put it right, or drop it: {rule}."
    assert told in describe(caught.value.problems)
    dropped = write_fit(
        tmp_path, [*GOOD[:3], at(0, LINKS[3], -4)], cleaning=[{"kind": "drop", "findings": ["negative"]}]
    )
    assert len(set_up(dropped)[0].loss.observed) == 3


def test_an_hour_that_is_there_twice_in_the_file_is_told_and_the_first_is_fitted(tmp_path):
    setting, _ = set_up(write_fit(tmp_path, [*GOOD, at(0, LINKS[0], 99)]))
    assert "two readings of one interval (1): way/101:0-1: this time was read already in line 2: 20, and here 99" in (
        "\n".join(setting.notes)
    )
    assert setting.loss.observed.value[setting.loss.observed.sensor_id.index(LINKS[0])] == 20


def test_a_sensor_on_a_closed_link_is_told(tmp_path):
    closure = {"id": "works", "kind": "road_closure", "links": [LINKS[1]], "start_s": 0}
    told = notes_of(write_fit(tmp_path, GOOD, scenario={"events": [closure]}))
    assert "counts on a closed link (1): way/101:1-2: 23 veh while way/101:1-2 is closed in the scenario" in told


def test_a_clock_that_is_wrong_is_told(tmp_path):
    """Two weeks of half hours; on the day of the fit everything is an hour late."""
    hour = np.arange(0, 24, 0.5)
    shape = 5 + 60 * np.exp(-((hour - 8) ** 2) / 2) + 70 * np.exp(-((hour - 17) ** 2) / 3)
    rng, rows = np.random.default_rng(2), []
    for day in range(4, 16):
        for link in LINKS:
            counted = rng.poisson(np.roll(shape, 2) if day == 4 else shape)
            rows += [
                f"2026-05-{day:02}T{int(one):02}:{int(one % 1 * 60):02},{link},{value}"
                for one, value in zip(hour.tolist(), counted.tolist(), strict=True)
            ]
    file = write_fit(tmp_path, rows, scenario={"duration_s": 1800})
    seen = json.loads((tmp_path / "seen.yaml").read_text())
    seen["files"][0]["interval_s"] = 1800
    (tmp_path / "seen.yaml").write_text(json.dumps(seen))
    assert "clock wrong" in notes_of(file)


def test_one_of_several_lanes_is_not_the_link(tmp_path):
    rows = [*(f"{row},0" for row in GOOD), at(0, "way/202:1-2", 9) + ",0"]
    setting, _ = set_up(write_fit(tmp_path, rows, columns="time,link,value,lane"))
    lanes = np.diff(setting.network.links.lane_start)
    single = [link for link in (*LINKS, "way/202:1-2") if lanes[setting.network.link_row[link]] == 1]
    assert set(setting.loss.observed.sensor_id) == set(single)
    assert ("stand on one of several lanes" in "\n".join(setting.notes)) == (len(single) < 5)


def test_turns_that_nobody_may_make_are_told(tmp_path):
    rows = ["2026-05-04T07:00,way/101:0-1,way/201:2-3,12", "2026-05-04T07:00,way/101:0-1,way/101:1-2,20"]
    setting, _ = set_up(write_fit(tmp_path, rows, kind="turning_count", columns="time,link,to_link,value"))
    assert "nobody may turn from way/101:0-1 into way/201:2-3" in "\n".join(setting.notes)
    assert len(setting.loss.observed) == 1


def test_what_was_counted_at_loops_is_fitted_where_no_observations_are_named(tmp_path):
    loops = [
        {"id": "K1", "kind": "loop", "link": LINKS[0], "every_s": 300, "observed": "k1.csv"},
        {"kind": "loop", "link": LINKS[2], "every_s": 300, "observed": "k2.csv"},
        {"id": "K3", "kind": "loop", "link": LINKS[3]},
    ]
    (tmp_path / "k1.csv").write_text("time,value\n2026-05-04T07:00,31\n2026-05-04T07:05,12\n")
    (tmp_path / "k2.csv").write_text("time_s,value\n0,17\n300,5\n")
    file = write_fit(tmp_path, GOOD, scenario={"sensors": loops})
    asked = json.loads(file.read_text())
    del asked["observations"]
    file.write_text(json.dumps(asked))
    setting, _ = set_up(file)
    observed = setting.loss.observed
    assert observed.sensor_id == ("K1", "K1", "loop 1", "loop 1")
    assert observed.value.tolist() == [31, 12, 17, 5]
    assert [setting.network.links.id[row] for row in observed.link] == [LINKS[0]] * 2 + [LINKS[2]] * 2
    assert observed.start_s.tolist() == [0, 300, 0, 300]


def test_air_that_was_measured_nowhere_is_told(tmp_path):
    met = {"kind": "constant", "wind_mps": 3, "wind_from_deg": 270, "temperature_c": 12, "cloud_share": 0.5}
    air = {"meteorology": met, "pollutants": ["nox"], "receptors": [{"id": "a", "kind": "point", "at": [9.0, 47.0]}]}
    air |= {
        "sources": [
            {"id": "s", "kind": "area", "polygon": [[9, 47], [9.001, 47], [9, 47.001]]} | {"rates_gps": {"nox": 1}}
        ]
    }
    rows = ["2026-05-04T07:00,a,20", "2026-05-04T07:00,b,30"]
    setting, _ = set_up(write_fit(tmp_path, rows, kind="air", columns="time,sensor,value", scenario={"air": air}))
    assert "1 sensors of the air are not fitted, nobody knows where they are: b" in setting.notes
    assert setting.loss.observed.sensor_id == ("a",)


def test_what_the_scenario_has_not_is_told(tmp_path):
    write_fit(tmp_path, GOOD)
    (tmp_path / "air.csv").write_text("time,sensor,value\n2026-05-04T07:00,b,30\n")
    seen = json.loads((tmp_path / "seen.yaml").read_text())
    seen["files"].append({"file": "air.csv", "kind": "air", "interval_s": 300})
    (tmp_path / "seen.yaml").write_text(json.dumps(seen))
    setting, _ = set_up(tmp_path / "fit.yaml")
    assert "readings of air are not fitted: nobody asks for `air` in the scenario" in setting.notes


def test_the_quality_of_detectors_comes_along(tmp_path):
    rows = [row.replace(LINKS[0], "K1") for row in GOOD[:1]] + GOOD[1:2]
    file = write_fit(tmp_path, rows, columns="time,sensor,value")
    (tmp_path / "places.csv").write_text(f"sensor,link,quality\nK1,{LINKS[0]},0.08\n")
    seen = json.loads((tmp_path / "seen.yaml").read_text())
    (tmp_path / "seen.yaml").write_text(json.dumps(seen | {"sensors": {"file": "places.csv"}}))
    gauges = set_up(file)[0].instruments.gauges
    assert dict(zip(gauges.observed.sensor_id, gauges.spread.tolist(), strict=True)) == {"K1": 0.08, LINKS[1]: 0.0}
