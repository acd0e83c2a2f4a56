"""A walk network can be examined, drawn, listed and exported."""

from __future__ import annotations

import json

import geopandas
import pytest
from click.testing import CliRunner

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.walk_build import build_walk_network
from citytwin.sim.cli import main
from citytwin.sim.walk_check import WalkExamined, as_dict, as_text, link_rows, links_csv, write_all


@pytest.fixture(scope="module")
def examined() -> WalkExamined:
    roads = build_network(grid_city(3, 3))
    return WalkExamined(roads, build_walk_network(roads, "grid.net.xml"))


def test_it_is_counted(examined):
    found = json.loads(json.dumps(as_dict(examined)))
    assert found["links"] == sum(row["links"] for row in found["kinds"]) == examined.walk.link_count
    assert sum(found["crossings"].values()) == examined.walk.crossings.link.size
    text = as_text(examined)
    assert "sidewalk" in text and "Connected: 1 part, the largest with 100" in text


def test_links_are_listed(examined):
    rows = link_rows(examined.walk)
    assert [row["link"] for row in rows] == list(examined.walk.links.id)
    assert links_csv(examined.walk).startswith("link,name,kind,length_m,width_m,width_assumed,inferred,part\n")


def test_it_is_drawn_and_exported(examined, tmp_path):
    written = write_all(examined, geopackage=tmp_path / "walk.gpkg", picture=tmp_path / "walk.svg")
    assert set(written) == {"geopackage", "map"}
    assert "crossing" in (tmp_path / "walk.svg").read_text()
    links = geopandas.read_file(tmp_path / "walk.gpkg", layer="links")
    assert len(links) == examined.walk.link_count
    crossings = geopandas.read_file(tmp_path / "walk.gpkg", layer="crossings")
    assert crossings.streets.str.len().min() > 0


def test_the_command_refuses_what_only_roads_have():
    answer = CliRunner().invoke(main, ["network", "monaco", "--walk", "--geojson", "faults.geojson"])
    assert answer.exit_code == 2
    assert "--geojson lists faults of the road network" in answer.output
