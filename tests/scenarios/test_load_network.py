"""Networks from files, and from the cache."""

from __future__ import annotations

import json

import pytest

from citytwin.scenarios import load_network as loading
from citytwin.scenarios.city import NetworkOptions
from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.problems import SourceError

from .plan_case import change
from .test_network_store import same

TOWN = """<osm version="0.6">
  <node id="1" lat="47.0" lon="9.0"/><node id="2" lat="47.002" lon="9.0"/><node id="3" lat="47.002" lon="9.003"/>
  <node id="4" lat="47.004" lon="9.0"/>
  <way id="10"><nd ref="1"/><nd ref="2"/><nd ref="4"/><tag k="highway" v="residential"/></way>
  <way id="11"><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>
</osm>
"""


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(loading, "cache_folder", lambda: folder)
    return folder


@pytest.fixture
def town(tmp_path):
    file = tmp_path / "town.osm"
    file.write_text(TOWN)
    return file


def kept(cache):
    return sorted(cache.glob("networks/*.npz"))


def test_a_second_time_comes_from_the_cache(town, cache, monkeypatch):
    first = load_network(town)
    assert len(kept(cache)) == 1
    monkeypatch.setattr(loading, "read_osm", None)
    same(first, load_network(str(town)))


def test_other_content_options_or_names_are_other_networks(town, cache):
    load_network(town)
    load_network(town, NetworkOptions(driving_side="left"))
    load_network(town, NetworkOptions(defaults={"residential": {"speed_kmh": 20}}))
    town.write_text(TOWN.replace("47.004", "47.005"))
    load_network(town)
    assert len(kept(cache)) == 4


def test_another_version_of_a_library_builds_anew(town, cache, monkeypatch):
    load_network(town)
    installed = loading.version
    monkeypatch.setattr(loading, "version", lambda name: "0" if name == "pyproj" else installed(name))
    load_network(town)
    assert len(kept(cache)) == 2


def test_plans_are_kept_apart_and_by_the_contents_of_their_files(town, cache, monkeypatch):
    zone = town.with_name("zone.geojson")
    ring = [[8.999, 46.999], [9.001, 46.999], [9.001, 47.005], [8.999, 47.005], [8.999, 46.999]]
    counts = []
    for shift in (0.0, 0.002):
        corners = [[lon + shift, lat] for lon, lat in ring]
        zone.write_text(json.dumps({"type": "Polygon", "coordinates": [corners]}))
        limit = change("speed_zone", file=str(zone), speed_kmh=20)
        counts.append(int((load_network(town, changes=[limit]).links.speed_mps < 6).sum()))
    load_network(town, changes=[change("lanes", link="way/11:0-1", lanes=2)])
    base = load_network(town)
    assert not (base.links.speed_mps < 6).any()
    assert len(kept(cache)) == 4
    assert counts[0] != counts[1]
    monkeypatch.setattr(loading, "read_osm", None)
    again = load_network(town, changes=[change("lanes", link="way/11:0-1", lanes=2)])
    assert again.numbers == tuple(base.link_row[name] for name in again.links.id)


def test_options_that_say_nothing_are_no_options(town, cache):
    assert load_network(town, NetworkOptions()).link_count == load_network(town).link_count


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 nothing", None])
def test_a_damaged_cache_is_built_anew(town, cache, damage):
    first = load_network(town)
    (file,) = kept(cache)
    file.write_bytes(file.read_bytes()[:500] if damage is None else damage)
    same(first, load_network(town))


def test_a_cache_that_cannot_be_written_is_done_without(town, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(loading, "cache_folder", lambda: tmp_path / "file")
    assert load_network(town).link_count == 6


def test_the_cache_does_not_grow_for_ever(town, cache, monkeypatch):
    monkeypatch.setattr(loading, "KEPT_NETWORKS", 2)
    for width in (2.5, 2.6, 2.7, 2.8):
        load_network(town, {"defaults": {"residential": {"lane_width_m": width}}})
    assert len(kept(cache)) == 2


def test_no_cache(town, cache):
    load_network(town, use_cache=False)
    assert not cache.exists()


def test_unknown_files(tmp_path):
    file = tmp_path / "town.shp"
    file.write_text("x")
    with pytest.raises(SourceError, match="not a kind of file that streets are read from"):
        load_network(file)
    with pytest.raises(SourceError, match="no such file"):
        load_network(tmp_path / "nowhere.osm.gz")


def test_a_folder_that_is_no_network_is_one_problem(tmp_path, cache):
    (tmp_path / "link.csv").write_text("")
    with pytest.raises(SourceError, match=r"is a folder without node\.csv, so it holds no GMNS network"):
        load_network(tmp_path)
