"""What a lane of a road class carries is found from counts of a road that is full."""

from __future__ import annotations

import json

import numpy as np
import pytest

from citytwin.scenarios.calibrated_numbers import with_change
from citytwin.scenarios.observed import Observed
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.calibrate.calibration import calibrate
from citytwin.sim.calibrate.gauges import Gauges
from citytwin.sim.calibrate.whole_runs import Instruments, measured
from citytwin.sim.run import network_of, trips_of

PLANTED, STEP_S, END_S = 1.4, 300, 1200
FIRST, LAST = "way/1:0-1", "way/1:1-2"


def write_road(folder):
    """A motorway of one lane that twice as many want to use as it carries."""
    nodes = "".join(f'<node id="{k + 1}" lat="{47.0 + 0.008 * k}" lon="9.0"/>' for k in range(3))
    nodes += '<node id="4" lat="47.008" lon="9.01"/>'
    ways = (
        (1, (1, 2, 3), {"highway": "motorway", "lanes": 1, "maxspeed": 80}),
        (2, (2, 4), {"highway": "residential"}),
    )
    drawn = ""
    for way, along, tags in ways:
        inside = "".join(f'<nd ref="{node}"/>' for node in along)
        inside += "".join(f'<tag k="{key}" v="{value}"/>' for key, value in tags.items())
        drawn += f'<way id="{way}">{inside}</way>'
    (folder / "road.osm").write_text(f'<osm version="0.6">{nodes}{drawn}</osm>')
    rows = [f"{k},{k},{FIRST},{LAST}" for k in range(END_S)]
    (folder / "trips.csv").write_text("\n".join(["trip_id,depart_s,origin_link,destination_link", *rows]))
    facts = {"citytwin": 1, "name": "Full road", "start": "2026-05-04T07:00", "duration_s": END_S}
    city = {"city": {"osm": "road.osm"}, "demand": [{"kind": "trips", "file": "trips.csv"}]}
    (folder / "road.yaml").write_text(json.dumps(facts | city))
    return folder / "road.yaml"


def counts_with(scenario, factor):
    """Vehicles that leave the first link in each interval but the first, when the road fills."""
    changed = with_change(scenario, {"network": {"headway_factors": {"motorway": factor}}})
    network = network_of(changed)
    starts = np.arange(STEP_S, END_S, STEP_S, dtype=float)
    rows = np.full(starts.size, network.link_row[FIRST], np.int32)
    names = [f"from {start:g}" for start in starts]
    gauges = Gauges.of(Observed.counts(names, rows, starts, starts + STEP_S, np.zeros(starts.size)))
    return measured(changed, network, trips_of(changed, network), Instruments(gauges)).counts[0]


def test_a_planted_headway_of_a_road_class_is_found(tmp_path):
    scenario = load_scenario(write_road(tmp_path))
    counted = counts_with(scenario, PLANTED)
    minutes = [STEP_S // 60 * (k + 1) for k in range(len(counted))]
    lines = [f"2026-05-04T07:{minute:02d},{FIRST},{count}" for minute, count in zip(minutes, counted, strict=True)]
    (tmp_path / "count.csv").write_text("\n".join(["time,link,value", *lines]))
    (tmp_path / "seen.yaml").write_text(
        json.dumps({"observations": 1, "files": [{"file": "count.csv", "interval_s": STEP_S}]})
    )
    fit = {"calibration": 1, "scenario": "road.yaml", "observations": "seen.yaml", "seeds": 2, "budget": 20}
    number = {"kind": "headway", "road_class": "motorway", "low": 0.8, "high": 2.0}
    (tmp_path / "fit.yaml").write_text(
        json.dumps(fit | {"demand": None, "parameters": [number], "left_out": 0, "weight_decay": 1e-6})
    )
    found = calibrate(tmp_path / "fit.yaml", tmp_path / "out")
    assert found.found.values == pytest.approx([PLANTED], rel=0.02)
    assert found.trust.low[0] <= PLANTED <= found.trust.high[0]
    written = load_scenario(tmp_path / "out" / "calibrated.yaml")
    assert written.network.headway_factors == {"motorway": pytest.approx(PLANTED, rel=0.02)}
