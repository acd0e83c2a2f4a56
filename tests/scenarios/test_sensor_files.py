"""Readings come out of every layout as the same table."""

from __future__ import annotations

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citytwin.scenarios.sensor_files import observation_schema, read_observations
from citytwin.scenarios.sensor_kinds import SENSOR_KINDS, SensorKind, register

ROWS = "time,sensor,value\n2026-03-02T07:00,a,10\n2026-03-02T07:15,a,12\n2026-03-02T07:00,b,\n2026-03-02T07:15,b,5\n"


def read(folder, part: str, more: str = "", **files: str | bytes):
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    (folder / "town.yaml").write_text(f"observations: 1\n{more}files:\n  - {{{part}}}\n")
    return read_observations(folder / "town.yaml")


def table(described) -> list[tuple[str, str, str, float, float]]:
    """Sensor, kind, clock, interval and value of every reading."""
    readings = described.readings
    return [
        (sensor.name, sensor.kind, readings.clock(begin_s).isoformat()[:16], span_s, value)
        for sensor, begin_s, span_s, value in zip(
            (readings.sensors[row] for row in readings.sensor),
            readings.begin_s.tolist(),
            readings.span_s.tolist(),
            readings.value.tolist(),
            strict=True,
        )
    ]


def test_rows_with_the_interval_told_by_their_times(tmp_path):
    found = read(tmp_path, "file: counts.csv", "timezone: Europe/Paris\n", counts__csv=ROWS)
    assert table(found)[:2] == [
        ("a", "count", "2026-03-02T07:00", 900.0, 10.0),
        ("a", "count", "2026-03-02T07:15", 900.0, 12.0),
    ]
    assert np.isnan(found.readings.value[2])  # an empty cell is a reading that is missing
    assert found.readings.line.tolist() == [2, 3, 4, 5]
    assert found.notes == ("counts.csv: intervals of 900 s, as its times are apart.",)


def test_one_column_a_sensor_packed_in_another_zone_unit_and_separator(tmp_path):
    wide = gzip.compress(b"when;a;b\n02.03.2026 06:00;36;NA\n02.03.2026 06:15;72;18\n")
    part = 'file: speeds.csv, layout: wide, kind: speed, unit: km/h, separator: ";", timezone: UTC'
    part += ', time_format: "%d.%m.%Y %H:%M"'
    found = read(tmp_path, part, "timezone: Europe/Paris\n", speeds__csv=wide)
    assert table(found)[0] == ("a", "speed", "2026-03-02T07:00", 900.0, pytest.approx(10.0))
    assert found.readings.value[1:].tolist() == [
        pytest.approx(20.0),
        pytest.approx(np.nan, nan_ok=True),
        pytest.approx(5.0),
    ]


def test_station_files_of_pems_hold_counts_and_speeds(tmp_path):
    lane = ",10,24,.05,66.2,1"
    rows = f"03/02/2026 07:00:00,400001,4,101,N,ML,.5,20,100,48,.05,65.0{lane}{lane}\n"
    rows += f"03/02/2026 07:05:00,400001,4,101,N,ML,.5,0,0,50,.05,66.0{lane}{lane}\n"
    found = read(tmp_path, "file: pems.txt, layout: pems", "timezone: America/Los_Angeles\n", pems__txt=rows)
    kinds = {(name, kind): value for name, kind, when, _, value in table(found) if when.endswith("07:00")}
    assert kinds == {("400001", "count"): 48.0, ("400001", "speed"): pytest.approx(65 * 0.44704)}
    assert np.isnan(found.readings.value[1])  # what PeMS made up because no lane was observed is no reading
    assert found.readings.line.tolist() == [1, 2, 1, 2]


def test_edge_data_of_sumo_with_a_sum_of_attributes(tmp_path):
    xml = (
        '<meandata><interval begin="600" end="900" id="i"><edge id="e1" arrived="3" left="40" speed="9.5"/>'
        '<edge id="e2" arrived="0" left="7"/></interval></meandata>'
    )
    part = 'file: edges.xml, layout: edgedata, begins: "2026-03-02T07:00", attributes: [arrived, left]'
    found = read(tmp_path, part, edges__xml=xml)
    assert table(found) == [
        ("e1", "count", "2026-03-02T07:10", 300.0, 43.0),
        ("e2", "count", "2026-03-02T07:10", 300.0, 7.0),
    ]
    assert found.readings.sensors[0].links == ("e1",)


def test_files_whose_names_tell_the_time(tmp_path):
    one, two = "link_id,interval_nVehContrib\n12,100\n", "link_id,interval_nVehContrib\n12,90\n34,5\n"
    part = 'file: "2*.csv", time_in_name: "%y%m%d_%H", interval_s: 3600'
    found = read(tmp_path, part, **{"221014_08-09__csv": one, "221015_08-09__csv": two})
    assert [row[2:] for row in table(found)] == [
        ("2022-10-14T08:00", 3600.0, 100.0),
        ("2022-10-15T08:00", 3600.0, 90.0),
        ("2022-10-15T08:00", 3600.0, 5.0),
    ]
    assert [file.name for file in found.readings.files] == ["221014_08-09.csv", "221015_08-09.csv"]


def test_a_parquet_table_of_a_run_with_seconds_after_its_start(tmp_path):
    columns = {"interval_start_s": [0.0, 300.0], "interval_end_s": [300.0, 700.0]}
    columns |= {"sensor": ["loop", "loop"], "count_veh": [4, 6]}
    pq.write_table(pa.table(columns), tmp_path / "sensors.parquet")
    found = read(tmp_path, 'file: sensors.parquet, begins: "2026-03-02T07:00"')
    assert table(found) == [
        ("loop", "count", "2026-03-02T07:00", 300.0, 4.0),
        ("loop", "count", "2026-03-02T07:05", 400.0, 6.0),
    ]


def test_turns_have_two_links_and_the_table_of_sensors_gives_places(tmp_path):
    turns = "time,link,to_link,value\n2026-03-02T07:00,in,left,30\n"
    found = read(tmp_path, "file: turns.csv, kind: turning_count, interval_s: 900", turns__csv=turns)
    assert (found.readings.sensors[0].name, found.readings.sensors[0].links) == ("in > left", ("in", "left"))

    places = "id,lon,lat,dir,quality\na,7.41,43.73,NE,0.05\n"
    more = "sensors: {file: places.csv}\n"
    found = read(tmp_path, "file: counts.csv", more, counts__csv=ROWS, places__csv=places)
    sensor = found.readings.sensors[0]
    assert (sensor.lon, sensor.lat, sensor.heading_deg, sensor.quality, sensor.line) == (7.41, 43.73, 45.0, 0.05, 2)


def test_a_kind_of_a_later_day_joins_the_register(tmp_path, monkeypatch):
    monkeypatch.setattr("citytwin.scenarios.sensor_kinds.SENSOR_KINDS", dict(SENSOR_KINDS))
    noise = SensorKind("noise", "dB", "point", "mean sound level", False, False, 140.0)
    monkeypatch.setitem(SENSOR_KINDS, "noise", noise)
    assert register(noise) is noise
    found = read(tmp_path, "file: counts.csv, kind: noise", counts__csv=ROWS)
    assert found.readings.sensors[0].measures.unit == "dB"
    with pytest.raises(ValueError, match="a kind of sensor is called noise already"):
        register(SensorKind("noise", "Pa", "point", "sound pressure", False, False))


def test_the_schema_names_every_kind_and_rule():
    import json

    text = json.dumps(observation_schema(), ensure_ascii=False)
    assert all(name in text for name in (*SENSOR_KINDS, "usual_day", "time_in_name"))
