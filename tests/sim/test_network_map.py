"""A network can be drawn, exported and listed, and nothing of it gets lost on the way."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from citytwin.scenarios import load_network
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import Fault, RoadNetwork
from citytwin.scenarios.network_doctor import examine
from citytwin.scenarios.problems import InputError, SourceError
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim import network_check
from citytwin.sim.network_check import Examined, as_dict, as_text, examine_source, link_rows, links_csv
from citytwin.sim.network_facts import fault_kinds, fault_rows, network_facts, streets_columns, to_lon_lat
from citytwin.sim.network_map import draw_network, write_geopackage
from citytwin.sim.report import style


@pytest.fixture(scope="module")
def network() -> RoadNetwork:
    built = build_network(grid_city(3, 4))
    x_m, y_m = float(built.junctions.x_m[0]), float(built.junctions.y_m[0])
    faults = tuple(Fault(kind, "node/1", x_m + 9 * i, y_m, f"wrong {i}", "car") for i, kind in enumerate("aabcdefgh"))
    return replace(built, faults=faults, attribution="© OpenStreetMap contributors")


def test_the_streets_table_has_every_link_and_reaches_the_junctions(network: RoadNetwork):
    columns = streets_columns(network)
    assert list(columns["link"]) == list(network.links.id)
    lines = shapely.from_wkb(list(columns["geometry"]))
    for row, line in enumerate(lines):
        end = network.links.to_junction[row]
        at = shapely.Point(network.junctions.x_m[end], network.junctions.y_m[end])
        assert line.distance(at) == pytest.approx(0.0, abs=1e-6)
        assert line.length >= network.links.length_m[row] - 1e-6


def test_the_facts_can_be_dumped(network: RoadNetwork):
    facts = json.loads(json.dumps(network_facts(network)))
    assert facts["network"]["links"] == network.link_count


def test_faults_are_counted_by_kind_and_the_rarest_come_first(network: RoadNetwork):
    kinds = json.loads(json.dumps(fault_kinds(network, [*network.faults[:2] * 4, *network.faults[2:]])))
    assert [(row["kind"], row["count"], len(row["first"])) for row in kinds] == [
        *((kind, 1, 1) for kind in "bcdefgh"),
        ("a", 8, 5),
    ]
    assert kinds[0]["mode"] == "car" and kinds[0]["first"][0]["where"] == "node/1"
    assert fault_kinds(network, ()) == []


def test_picture_has_legend_and_attribution(network: RoadNetwork, tmp_path: Path):
    draw_network(network, network.faults, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text(encoding="utf-8")
    for expected in (
        "© OpenStreetMap contributors",
        f"secondary ({network.link_count})",
        "signals (",
        "a (2)",
        "<!-- N -->",
    ):
        assert expected in text
    from PIL import Image

    draw_network(network, network.faults, tmp_path / "map.png")
    image = Image.open(tmp_path / "map.png")
    assert image.width > 1000
    colours = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0)
    assert len(colours) > 10  # not blank


def test_geopackage_holds_three_layers_in_the_projected_crs(network: RoadNetwork, tmp_path: Path):
    import geopandas

    path = tmp_path / "town.gpkg"
    write_geopackage(network, (), path)
    write_geopackage(network, network.faults, path)  # replaced, not added to
    links = geopandas.read_file(path, layer="links")
    assert list(links["link"]) == list(network.links.id)
    assert links.crs.to_epsg() == network.epsg
    np.testing.assert_allclose(links.geometry[0].coords[0], network.link_shape_xy(0)[0])
    assert len(geopandas.read_file(path, layer="junctions")) == len(network.junctions.id)
    assert len(geopandas.read_file(path, layer="faults")) == 9


def test_a_network_without_faults_can_be_written(network: RoadNetwork, tmp_path: Path):
    write_geopackage(network, (), tmp_path / "town.gpkg")
    draw_network(network, (), tmp_path / "map.svg")
    assert "no doubtful place" in (tmp_path / "map.svg").read_text(encoding="utf-8")


def test_faults_have_their_place_in_degrees(network: RoadNetwork):
    lon, lat = to_lon_lat(network.junctions.x_m[:1], network.junctions.y_m[:1], network.epsg)
    first = fault_rows(network, network.faults)[0]
    assert (first["lon"], first["lat"]) == pytest.approx((lon[0], lat[0]), abs=1e-6)
    assert fault_rows(network, ()) == []


def test_links_are_listed_as_scenarios_name_them(network: RoadNetwork):
    rows = list(csv.DictReader(io.StringIO(links_csv(network))))
    assert [row["link"] for row in rows] == list(network.links.id)
    assert float(rows[0]["length_m"]) == pytest.approx(network.links.length_m[0], abs=0.05)
    assert link_rows(network)[0]["lanes"] == 2


def test_what_the_doctor_found_is_said_both_ways(network: RoadNetwork):
    examined = Examined("grid", network, examine(network))
    found = json.loads(json.dumps(as_dict(examined)))
    assert found["links"] == network.link_count == sum(row["links"] for row in found["classes"])
    assert sum(found["fault_counts"].values()) == len(found["faults"]) >= 9
    text = as_text(examined)
    for expected in ("secondary", "signal", "car", "Doubtful: ", "wrong 0", "EPSG:"):
        assert expected in text


@pytest.mark.parametrize(
    "name,option",
    [("a.xyz", "picture"), ("none/a.png", "picture"), ("none/a.gpkg", "geopackage"), ("a.shp", "geopackage")],
)
def test_a_file_that_cannot_be_written_is_wrong_input(network: RoadNetwork, tmp_path: Path, name: str, option: str):
    options = {"geopackage": None, "picture": None, "geojson": None, option: tmp_path / name}
    with pytest.raises(InputError, match="cannot be written"):
        network_check.write_all(Examined("grid", network, examine(network)), **options)


def test_a_name_that_no_font_can_draw_is_known():
    assert style.can_draw("Boulevard d'Italie", ["DejaVu Sans"])
    assert not style.can_draw(chr(0x10FFFF), ["DejaVu Sans"])


def test_a_misspelt_bundled_name_is_recognised(monkeypatch: pytest.MonkeyPatch):
    def offline(source: str) -> RoadNetwork:
        msg = f'"{source}" could not be downloaded (ConnectionError).'
        raise SourceError(msg)

    monkeypatch.setattr(load_network, "load_network", offline)
    with pytest.raises(SourceError, match=r'\(ConnectionError\)\. Closest: "monaco"'):
        examine_source("monako")
    with pytest.raises(SourceError, match=r"\(ConnectionError\)\.$"):
        examine_source("Ulan Bator")
