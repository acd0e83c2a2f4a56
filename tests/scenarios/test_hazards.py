"""Hazards are read as they are drawn; what is wrong with them is told in words, all at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hazard_case import box, write_raster
from traffic_case import write_scenario

from citytwin.scenarios.hazard_series import read_series
from citytwin.scenarios.hazards import Flood, Smoke
from citytwin.scenarios.scenario import check_scenario

HERE = box(9.0, 47.0, 9.01, 47.01)  # in the town of traffic_case
FAR = box(7.405, 43.7, 7.41, 43.71)


def collection(*features: dict[str, Any], **more: Any) -> str:
    return json.dumps({"type": "FeatureCollection", **more, "features": list(features)}, indent=1)


def feature(ring: Any = HERE, kind: str = "Polygon", **properties: Any) -> dict[str, Any]:
    geometry = None if ring is None else {"type": kind, "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


GOOD = feature(t_s=0, depth_m=0.2)
# ruff: noqa: E501 (a message is one line)
CASES: list[tuple[str, str, list[str]]] = [
    ("empty", "", ["f.geojson  is empty."]),
    ("no collection", "[]", ["f.geojson  is not a GeoJSON FeatureCollection. Export the polygons as GeoJSON."]),
    (
        "no time and no depth",
        collection(GOOD, feature()),
        [
            "f.geojson:39  features[1].properties.t_s  is missing: seconds from the hazard's start_s.",
            "f.geojson:39  features[1].properties.depth_m  is missing: a number.",
        ],
    ),
    (
        "numbers that are none",
        collection(feature(t_s="0", depth_m=-1, velocity_mps=500)),
        [
            'f.geojson:5  features[0].properties.t_s = "0"  must be a finite number.',
            "f.geojson:5  features[0].properties.depth_m = -1  must be at least 0.",
            "f.geojson:5  features[0].properties.velocity_mps = 500  must be at most 50.",
        ],
    ),
    (
        "times out of order",
        collection(feature(t_s=600, depth_m=0.2), GOOD),
        [
            "f.geojson:39  features[1].properties.t_s = 0  is before that of the feature above (600). Sort them by time.",
        ],
    ),
    (
        "an unclosed polygon",
        collection(feature(HERE[:-1], t_s=0, depth_m=0.2)),
        [
            "f.geojson:5  features[0].geometry  its ring is not closed: the last corner is not the first one. Repeat the first corner at the end."
        ],
    ),
    (
        "sides that cross",
        collection(feature([HERE[0], HERE[2], HERE[1], HERE[3], HERE[0]], t_s=0, depth_m=0.2)),
        ["f.geojson:5  features[0].geometry  its sides cross. Name the corners in the order in which one walks round."],
    ),
    (
        "a line",
        collection(feature(HERE[0], "Point", t_s=0, depth_m=0.2)),
        ["f.geojson:5  features[0].geometry  a hazard is a Polygon or MultiPolygon, not Point."],
    ),
    (
        "another coordinate system",
        collection(GOOD, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}),
        [
            'f.geojson  crs = "urn:ogc:def:crs:EPSG::25832"  is the file\'s crs; longitude and latitude are expected. Say so in the scenario: `crs: "EPSG:25832"`, or reproject the file.'
        ],
    ),
    (
        "outside the city",
        collection(feature(FAR, t_s=0, depth_m=0.2)),
        [
            'town.yaml:1  hazards[0].file = "f.geojson"  reaches no street of town at any time: it lies 387.0 km from the middle. Wrong place, or wrong coordinate system?'
        ],
    ),
    (
        "longitude and latitude swapped",
        collection(feature([[lat, lon] for lon, lat in HERE], t_s=0, depth_m=0.2)),
        [
            'town.yaml:1  hazards[0].file = "f.geojson"  reaches no street of town at any time: longitude and latitude are swapped, the other way round it lies in town.'
        ],
    ),
    (
        "after the run",
        collection(feature(t_s=900, depth_m=0.2)),
        [
            'town.yaml:1  hazards[0].file = "f.geojson"  begins at 900 s, when the run is over (duration_s = 600). Begin earlier, or make the run longer.'
        ],
    ),
]


@pytest.mark.parametrize("text, told", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_with_a_series(text, told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.geojson").write_text(text, encoding="utf-8")
    write_scenario(tmp_path, demand=[], hazards=[{"kind": "flood", "file": "f.geojson"}])
    assert [str(problem) for problem in check_scenario("town.yaml")] == told


def test_what_is_wrong_with_hazards_in_the_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "f.geojson").write_text(collection(GOOD), encoding="utf-8")
    (tmp_path / "a.tif").write_text("no raster", encoding="utf-8")
    rasters = [{"t_s": 60, "file": "a.tif"}, {"t_s": 60, "file": "a.tif"}]
    wrong = [
        {"kind": "flood"},
        {"kind": "smoke", "file": "f.geojson", "rasters": rasters[:1]},
        {"kind": "flood", "rasters": rasters},
        {"kind": "fire", "file": "f.geojson", "crs": "WGS84", "start_s": 60, "end_s": 30},
        {"kind": "fire", "file": "f.geojson", "crs": "EPSG:99999"},
        {"kind": "blocked_area", "polygon": [[7, 43], [8, 44]]},
        {"kind": "storm"},
    ]
    write_scenario(tmp_path, hazards=wrong)
    assert [str(found).partition("  ")[2] for found in check_scenario("town.yaml", with_network=False)] == [
        "hazards[0]  needs `file` or `rasters`: where it is at which time.",
        'hazards[1].rasters = [{"t_s": 60, "file": "a.tif"}]  is given besides `file`. Keep one; an inherited one is removed by `null`.',
        'hazards[2].rasters = [{"t_s": 60, "file": "a.tif"}, {"t_s": 60, "file": "a.tif"}]  are not in the order of their times: 60 s is behind 60 s.',
        "hazards[3].end_s = 30  must be after start_s (60). Did you swap them?",
        'hazards[3].crs = "WGS84"  must be the number of a coordinate system, such as "EPSG:25832".',
        'hazards[4].crs = "EPSG:99999"  is no coordinate system that is known here. Look it up at epsg.io.',
        "hazards[5].polygon = [[7, 43], [8, 44]]  has 2 corners; an area has at least 3.",
        'hazards[6].kind = "storm"  no such kind. All: flood, smoke, gas, fire, blocked_area.',
        "features[0].properties.extinction_per_m  is missing: a number.",
    ]


def test_rasters_are_looked_up_in_their_own_coordinates_where_that_is_declared(tmp_path: Path):
    depth_m = np.array([[0.0, 0.5], [-9.0, 0.2]])
    file = write_raster(tmp_path / "a.tif", depth_m, "EPSG:25832", 1000.0, 2000.0, 10.0)
    rasters = [{"t_s": 0, "file": file}, {"t_s": 60, "file": file}]
    _, problems = read_series(Flood(kind="flood", rasters=rasters), "EPSG:32632")
    assert [problem.text for problem in problems] == 2 * [
        'is the raster\'s coordinate system, the streets are in EPSG:32632. Say so in the scenario, and its cells are looked up there: `crs: "EPSG:25832"`; or reproject it.'
    ]
    other = Flood(kind="flood", rasters=rasters, crs="EPSG:2056")
    assert read_series(other, "")[1][0].text == "is the raster's coordinate system, but the scenario says EPSG:2056."
    series, problems = read_series(Flood(kind="flood", rasters=rasters, crs="EPSG:25832"), "EPSG:32632")
    assert not problems and series is not None and series.crs == "EPSG:25832"
    found = series.sample(np.array([1005.0, 1015.0, 1005.0, 1015.0, 990.0]), np.array([1995.0, 1995, 1985, 1985, 1995]))
    assert found.place.tolist() == [1, 3]
    assert found.values[:, 0] == pytest.approx(np.array([[0.5, 0.2]] * 2)) and (found.values[:, 1] == 0.0).all()


def test_no_raster_and_one_without_a_coordinate_system(tmp_path: Path):
    pytest.importorskip("rasterio")
    bad = tmp_path / "bad.tif"
    bad.write_text("no raster")
    _, (problem,) = read_series(Flood(kind="flood", rasters=[{"t_s": 0, "file": bad}]), "")
    assert problem.file == bad and problem.text.startswith("is no raster that can be read")
    bare = write_raster(tmp_path / "bare.tif", np.ones((1, 1)), "", 0.0, 0.0, 1.0)
    _, (problem,) = read_series(Flood(kind="flood", rasters=[{"t_s": 0, "file": bare}]), "")
    assert problem.text == 'the raster says no coordinate system. Say it in the scenario: `crs: "EPSG:…"`.'


def test_where_polygons_overlap_the_worst_holds_and_air_is_what_lacks(tmp_path: Path):
    file = tmp_path / "s.geojson"
    clear, thick = box(0, 0, 10, 10), box(5, 0, 10, 10)
    parts = [
        feature(thick, t_s=0, extinction_per_m=2.0, co_ppm=50, o2_percent=15.9),
        feature(clear, t_s=0, extinction_per_m=0.5),
        feature(None, t_s=60),
    ]
    file.write_text(collection(*parts), encoding="utf-8")
    series, problems = read_series(Smoke(kind="smoke", file=file, crs="EPSG:32632"), "EPSG:32632")
    assert not problems and series is not None
    found = series.sample(np.array([2.0, 7.0, 20.0]), np.array([5.0, 5.0, 5.0]))
    assert series.times_s.tolist() == [0.0, 60.0] and found.place.tolist() == [0, 1]
    assert found.values[0].T == pytest.approx(np.array([[0.5, 0, 0, 0], [2.0, 50, 0, 5.0]]))
    assert not found.values[1].any()
