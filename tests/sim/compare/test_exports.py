"""What other programs get holds what the tables hold, and is what they document."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas
import pandas as pd
import pyogrio
import pytest
from ruamel.yaml import YAML

from citytwin.sim.compare.exports import STREETS, ZONES, layers, write_geopackage
from citytwin.sim.compare.simwrapper import write_simwrapper

# Keys that every panel of a kind must have, as SimWrapper's reference lists them.
REQUIRED = {
    "text": {"file"},
    "csv": {"dataset"},
    "line": {"dataset", "x", "columns"},
    "bar": {"dataset", "x", "columns"},
    "map": {"shapes", "datasets", "display"},
}
RAMPS = {"RdBu", "PRGn", "RdYlBu"}  # that diverge


@pytest.fixture(scope="module")
def geopackage(found) -> Path:
    return write_geopackage(found)


@pytest.fixture(scope="module")
def dashboards(found) -> dict[Path, dict]:
    folder = write_simwrapper(found)
    return {path: YAML(typ="safe").load(path) for path in sorted(folder.glob("dashboard-*.yaml"))}


def test_the_geopackage_has_every_table(found, geopackage):
    written = {name for name, _ in pyogrio.list_layers(geopackage)}
    assert written == {name for name, table in found.differences.tables().items() if not table.empty}
    for name in ("network", "trips", "ranking"):
        layer = pyogrio.read_dataframe(geopackage, layer=name)
        assert len(layer) == len(found.differences.tables()[name])


def test_links_lie_where_they_lie_and_say_what_the_table_says(found, geopackage):
    links = geopandas.read_file(geopackage, layer="links").set_index(["variant", "link"])
    network = found.plans[0].network
    assert links.crs.to_epsg() == network.epsg
    table = found.differences.links
    for quantity, column in (("flow", "flow"), ("time lost", "time_lost"), ("longest queue", "longest_queue")):
        want = table[(table["variant"] == "2_closed") & (table["quantity"] == quantity)].set_index("link")
        got = links.loc["2_closed"].reindex(want.index)
        assert got[f"{column}_difference"].tolist() == pytest.approx(want["difference"].tolist(), nan_ok=True)
        assert got[f"{column}_found"].tolist() == want["found"].tolist()
    line = links.geometry.loc[("2_closed", network.links.id[0])]
    assert line.distance(line.boundary) == 0.0 and line.length > network.links.length_m[0] - 1.0


def test_zones_have_their_outlines_and_streets_are_geoparquet_too(found, geopackage):
    zones = geopandas.read_file(geopackage, layer="zones")
    assert len(zones) == 2 * 2 * 2  # variants, ends, zones
    assert set(zones.geom_type) == {"Polygon"}
    assert set(geopandas.read_parquet(found.folder / ZONES)["zone"]) == {"west", "east"}
    assert len(geopandas.read_parquet(found.folder / STREETS)) == found.plans[0].network.link_count
    assert set(layers(found)) == set(found.differences.tables())


def panels(dashboard: dict) -> list[dict]:
    """All panels; a row is one or a list of them."""
    return [panel for row in dashboard["layout"].values() for panel in (row if isinstance(row, list) else [row])]


def test_every_variant_is_a_dashboard_with_panels_that_simwrapper_knows(found, dashboards):
    assert [path.name for path in dashboards] == ["dashboard-1-1_same.yaml", "dashboard-2-2_closed.yaml"]
    for dashboard in dashboards.values():
        assert set(dashboard) == {"header", "layout"}
        assert {"tab", "title"} <= set(dashboard["header"])
        kinds = [panel["type"] for panel in panels(dashboard)]
        assert sorted(kinds) == ["bar", "csv", "line", "map", "map", "map", "map", "map", "text"]
        for panel in panels(dashboard):
            assert REQUIRED[panel["type"]] <= set(panel), panel["title"]


def test_what_panels_name_is_there(dashboards):
    for path, dashboard in dashboards.items():
        for panel in panels(dashboard):
            if panel["type"] == "text":
                assert (path.parent / panel["file"]).read_text(encoding="utf-8").strip()
            if "dataset" in panel:
                table = pd.read_csv(path.parent / panel["dataset"])
                assert {panel.get("x"), *panel.get("columns", ())} - {None} <= set(table.columns)
                assert len(table) > 1


def test_maps_join_their_tables_to_their_shapes(dashboards):
    for path, dashboard in dashboards.items():
        for panel in panels(dashboard):
            if panel["type"] != "map":
                continue
            shapes = json.loads((path.parent / panel["shapes"]["file"]).read_text(encoding="utf-8"))
            ids = {feature["properties"][panel["shapes"]["join"]] for feature in shapes["features"]}
            point = shapes["features"][0]["geometry"]["coordinates"]
            while isinstance(point[0], list):
                point = point[0]
            assert (round(point[0]), round(point[1])) == (9, 47)  # longitude, latitude
            for symbol in panel["display"].values():
                table = pd.read_csv(path.parent / panel["datasets"][symbol["dataset"]]["file"])
                assert set(table[symbol["join"]]) == ids
                assert table[symbol["columnName"]].notna().all()
            (ramp,) = [symbol["colorRamp"] for symbol in panel["display"].values() if "colorRamp" in symbol]
            breakpoints = [float(text) for text in ramp["breakpoints"].split(",")]
            assert ramp["ramp"] in RAMPS
            assert len(breakpoints) == ramp["steps"] - 1
            assert breakpoints == sorted(set(breakpoints))


def test_maps_show_nothing_where_chance_could_have_done_it(found, dashboards):
    closed = pd.read_csv(next(iter(dashboards)).parent / "links-2_closed.csv").set_index("link")
    table = found.differences.links.query("variant == '2_closed' and quantity == 'flow'").set_index("link")
    table = table.reindex(closed.index)
    assert 0 < table["found"].sum() < len(table)
    assert (closed.loc[~table["found"], "flow_shown"] == 0.0).all()
    assert closed.loc[table["found"], "flow_shown"].tolist() == pytest.approx(
        table.loc[table["found"], "difference"].tolist()
    )
