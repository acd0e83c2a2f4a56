"""Plans that change the streets are compared: the same trips, links that only one has, streets that a road splits."""

from __future__ import annotations

import numpy as np
import pandas as pd
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
NEW = {"new/bypass:0-1", "new/bypass:1-0"}


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
    other = folder / "other.yaml"
    line = f"[[{ROAD[0] + 0.0005}, {ROAD[1]}], [{ROAD[0] + 0.0005}, {ROAD[1] + 0.00135}]]"
    other.write_text(
        f"base: {base.name}\nname: Other\nstreets:\n  - {{id: detour, kind: road_added, line: {line}, speed_kmh: 50}}\n"
    )
    return compare([base, plan, other], seeds=2, out=folder / "out")


def of_plan(found: Comparison, table: pd.DataFrame | None = None) -> pd.DataFrame:
    links = found.differences.links if table is None else table
    return links[links["variant"] == "1_plan"]


def test_everybody_makes_the_same_trips(found: Comparison) -> None:
    base, plan, _ = found.plans
    assert base.trips.id == plan.trips.id
    np.testing.assert_array_equal(base.trips.depart_s, plan.trips.depart_s)


def test_links_of_one_only_are_told_and_not_tested(found: Comparison) -> None:
    links = of_plan(found)
    flow = links[links["quantity"] == "flow"].set_index("link")
    alone = flow[flow["only_in"] != ""]
    assert set(alone.index) == NEW | {GONE, "way/202:2-1"}
    new, gone = (alone[alone["only_in"] == side] for side in ("variant", "base"))
    assert (new["base"] == 0).all() and (gone["with_variant"] == 0).all()
    assert gone["base"].sum() > 0 and (gone["difference"] == -gone["base"]).all()
    assert not alone["found"].any()
    speed = links[(links["quantity"] == "mean speed") & (links["only_in"] != "")]
    assert speed["difference"].isna().all()  # nobody drives where there is no road


def test_a_street_that_was_split_is_one_with_its_parts(found: Comparison) -> None:
    base, plan, _ = found.stacks
    parts = [plan.plan.network.link_row[f"{SPLIT}.{part}"] for part in (1, 2)]
    links = of_plan(found).set_index(["quantity", "link"])
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
    links = of_plan(found, layers(found)["links"]).set_index("link")
    assert links.loc["new/bypass:0-1"]["only_in"] == "variant"
    assert links.loc["new/bypass:0-1"].geometry.length == pytest.approx(150, abs=5)


def test_networks_that_are_alike_match_row_by_row() -> None:
    network = build_network(grid_city(2, 2))
    match = LinkMatch.of(network, network)
    rows = np.arange(network.link_count)
    assert match.names == network.links.id
    assert not match.gone.size and not match.new.size
    values = np.arange(2.0 * rows.size).reshape(2, -1)
    for parts in (match.base, match.variant):
        np.testing.assert_array_equal(parts.rows, rows)
        for read in (parts.entering, parts.together, parts.largest):
            np.testing.assert_array_equal(read(values), values)


def test_a_base_whose_street_is_split_says_the_opposite(found: Comparison) -> None:
    """The plan as base, the town as its variant."""
    back = Comparison(found.folder, (found.plans[1], found.plans[0]), found.seeds)
    keys = ["quantity", "link"]
    there, again = of_plan(found).set_index(keys), back.differences.links.set_index(keys)
    assert again.index.is_unique and set(again.index) == set(there.index)
    again = again.loc[there.index]
    np.testing.assert_allclose(again["difference"], -there["difference"], atol=1e-9)
    np.testing.assert_allclose(again["base"], there["with_variant"])
    swapped = there["only_in"].map({"": "", "base": "variant", "variant": "base"})
    assert (again["only_in"] == swapped).all() and again.loc[("flow", SPLIT)]["only_in"] == ""
    street = layers(back)["links"].set_index("link").loc[SPLIT]
    assert street.geometry.geom_type == "LineString" and street.geometry.length == pytest.approx(150, abs=5)
    assert SPLIT in set(streets(back)["link"])
    assert "new<" in difference_map(back, found.plans[0].key, FLOW).svg


def test_a_street_that_both_split_elsewhere_is_one(found: Comparison) -> None:
    """Their parts have the same ids, but not the same length."""
    match = LinkMatch.of(found.plans[1].network, found.plans[2].network)
    parts = [f"{SPLIT}.1", f"{SPLIT}.2"]
    for own, plan in ((match.base, found.plans[1]), (match.variant, found.plans[2])):
        street = match.names.index(SPLIT)
        assert [plan.network.links.id[row] for row in own.rows[own.street == street]] == parts
    new, gone = (
        {plan.network.links.id[row] for row in rows}
        for plan, rows in ((found.plans[2], match.new), (found.plans[1], match.gone))
    )
    assert new == {GONE, "way/202:2-1", "new/detour:0-1", "new/detour:1-0"} and gone == NEW


def test_streets_that_cross_or_lead_back_are_not_the_same(found: Comparison) -> None:
    base, plan = found.plans[0].network, found.plans[1].network
    match = LinkMatch.of(base, plan)
    for street, name in enumerate(match.names):
        rows = match.variant.rows[match.variant.street == street]
        assert {plan.links.id[row].partition(".")[0] for row in rows} == {name}
