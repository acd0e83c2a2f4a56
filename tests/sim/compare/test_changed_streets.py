"""Plans that change the streets are compared: the same trips, links that only one has, streets that a road splits."""

from __future__ import annotations

import numpy as np
import pytest
from comparison_case import write_plans
from traffic_case import TOWN_AT

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.compare import Comparison, compare
from citytwin.sim.compare.exports import layers, streets
from citytwin.sim.compare.link_match import LinkMatch
from citytwin.sim.report.difference_maps import FLOW, difference_map
from citytwin.sim.report.zone_maps import zone_map

ROAD = (TOWN_AT[0] + 0.001, TOWN_AT[1] + 0.00135)  # half-way along a street
SPLIT, GONE = "way/101:0-1", "way/202:1-2"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    folder = tmp_path_factory.mktemp("changed")
    base = write_plans(folder)[0]
    base.write_text(base.read_text().replace('"duration_s": 600', '"duration_s": 300'))
    line = f"[[{ROAD[0]}, {ROAD[1]}], [{ROAD[0]}, {ROAD[1] + 0.00135}]]"
    plan = folder / "plan.yaml"
    plan.write_text(
        f"base: {base.name}\nname: Plan\nstreets:\n"
        f"  - {{id: bypass, kind: road_added, line: {line}, speed_kmh: 50}}\n"
        f"  - {{id: gone, kind: road_removed, link: {GONE}}}\n"
    )
    return compare([base, plan], seeds=2, out=folder / "out")


def test_everybody_makes_the_same_trips(found: Comparison) -> None:
    base, plan = found.plans
    assert base.trips.id == plan.trips.id
    np.testing.assert_array_equal(base.trips.depart_s, plan.trips.depart_s)


def test_links_of_one_only_are_told_and_not_tested(found: Comparison) -> None:
    links = found.differences.links
    flow = links[links["quantity"] == "flow"].set_index("link")
    alone = flow[flow["only_in"] != ""]
    assert set(alone.index) == {"new/bypass:0-1", "new/bypass:1-0", GONE, "way/202:2-1"}
    new, gone = (alone[alone["only_in"] == side] for side in ("variant", "base"))
    assert (new["base"] == 0).all() and (gone["with_variant"] == 0).all()
    assert gone["base"].sum() > 0 and (gone["difference"] == -gone["base"]).all()
    assert not alone["found"].any()
    speed = links[(links["quantity"] == "mean speed") & (links["only_in"] != "")]
    assert speed["difference"].isna().all()  # nobody drives where there is no road


def test_a_street_that_was_split_is_one_with_its_parts(found: Comparison) -> None:
    base, plan = found.stacks
    parts = [plan.plan.network.link_row[f"{SPLIT}.{part}"] for part in (1, 2)]
    links = found.differences.links.set_index(["quantity", "link"])
    hours = 300 / 3600
    want = {
        "flow": plan.entered_veh[:, parts[0]].mean() / hours,
        "time lost": plan.lost_s[:, parts].sum(axis=1).mean() / 60 / hours,
        "longest queue": plan.longest_queue_veh[:, parts].max(axis=1).mean(),
    }
    for quantity, value in want.items():
        assert links.loc[quantity, SPLIT]["with_variant"] == pytest.approx(value)
    assert links.loc["flow", SPLIT]["only_in"] == ""
    assert len(plan.plan.routes["Along 101"]) == len(base.plan.routes["Along 101"]) + 1  # which the base names


def test_maps_and_files_draw_what_is_new_and_what_is_gone(found: Comparison) -> None:
    for picture in (difference_map(found, "1_plan", FLOW), zone_map(found, "1_plan", "origin")):
        assert picture.note.endswith("Dashed: new roads. Dotted: roads that are gone.")
        assert ">new<" in picture.svg and ">gone<" in picture.svg
    both = streets(found)
    assert {"new/bypass:0-1", GONE} <= set(both["link"])
    links = layers(found)["links"].set_index("link")
    assert links.loc["new/bypass:0-1"]["only_in"] == "variant"
    assert links.loc["new/bypass:0-1"].geometry.length == pytest.approx(150, abs=5)


def test_networks_that_are_alike_match_row_by_row() -> None:
    network = build_network(grid_city(2, 2))
    match = LinkMatch.of(network, network)
    rows = np.arange(network.link_count)
    for found in (match.base, match.part, match.first):
        np.testing.assert_array_equal(found, rows)
    assert not match.gone.size and not match.new.size
    values = np.arange(2.0 * rows.size).reshape(2, -1)
    for read in (match.entering, match.together, match.largest):
        np.testing.assert_array_equal(read(values), values)
