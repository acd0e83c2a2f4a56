"""Routes take what their links took, time is worth what the scenario says, and the best plan comes first."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from traffic_case import TOWN_AT, make_scenario, write_town

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.problems import ScenarioError
from citytwin.sim.compare import compare
from citytwin.sim.compare.pairs import Pair
from citytwin.sim.compare.routes import route_times_s, routes_of
from citytwin.sim.compare.runs import read_result
from citytwin.sim.compare.weighing import NET_COST, PLAN_COST, TIME_SPENT, TIME_WORTH, ranking

ALONG = ["way/101:0-1", "way/101:1-2"]


def test_a_route_takes_what_its_links_took(found):
    """Length over the mean speed of each link's vehicles, and the way through the junction between."""
    row = found.differences.routes.set_index("variant").loc["2_closed"]
    plan = found.plans[0]
    times_s = []
    for seed in found.seeds:
        links = read_result(found.folder, plan.key, seed).links.set_index("link")
        lengths_m = [plan.network.links.length_m[plan.network.link_row[link]] for link in ALONG]
        paces = [links.loc[link, "vehicle_s"] / links.loc[link, "vehicle_m"] for link in ALONG]
        times_s.append(sum(length_m * pace for length_m, pace in zip(lengths_m, paces, strict=True)))
    inside_s = row["base"] - np.mean(times_s)
    assert row["route"] == "Along 101"
    assert 0.5 < inside_s < 5.0  # a junction of some 20 m
    assert row["seeds"] == len(found.seeds)


def test_where_nobody_drove_a_route_has_no_time(found):
    plan = found.plans[2]
    nobody = replace(found.stacks[2], vehicle_m=found.stacks[2].vehicle_m * 0.0)
    assert np.isnan(route_times_s(nobody, plan.routes["Along 101"])).all()
    assert np.isfinite(route_times_s(found.stacks[2], plan.routes["Along 101"])).all()


def test_between_two_places_the_fastest_way_is_taken(tmp_path: Path):
    network = load_network(write_town(tmp_path / "town.osm"))
    east = [TOWN_AT[0] + 0.005, TOWN_AT[1] + 0.00130]
    route = {"name": "A", "origin": [TOWN_AT[0] + 0.001, TOWN_AT[1] + 0.00130], "destination": east}
    rows = routes_of(make_scenario(report={"routes": [route]}), network)["A"]
    assert [network.links.id[row] for row in rows] == ["way/101:0-1", "way/101:1-2", "way/101:2-3"]


def test_where_no_way_leads_there_it_is_said(tmp_path: Path):
    nodes = "".join(f'<node id="{k}" lat="{47 + 0.01 * (k // 2)}" lon="{9 + 0.003 * (k % 2)}"/>' for k in range(4))
    tags = '<tag k="highway" v="secondary"/>'
    ways = "".join(f'<way id="{k + 1}"><nd ref="{k}"/><nd ref="{k + 1}"/>{tags}</way>' for k in (0, 2))
    (tmp_path / "streets.osm").write_text(f'<osm version="0.6">{nodes}{ways}</osm>')
    network = load_network(tmp_path / "streets.osm")
    across = {"name": "Across", "origin": [9.0015, 47.0], "destination": [9.0015, 47.01]}
    with pytest.raises(ScenarioError, match="no way leads there from its origin"):
        routes_of(make_scenario(report={"routes": [across]}), network)


def test_time_is_worth_what_the_scenario_says(found):
    """Hours of cars at 12 and of trucks at 40, as often as ten minutes fit into 500 hours."""
    rows = found.differences.values.set_index(["variant", "quantity"])
    base, _, closed = found.stacks
    an_hour = np.where(base.plan.trips.vehicle_class == 0, 12.0, 40.0)
    saved = ((closed.spent_s - base.spent_s) / 3600.0 * an_hour).sum(axis=1).mean() * 3000
    assert rows.loc[("2_closed", TIME_WORTH), "difference"] == pytest.approx(saved)
    assert rows.loc[("2_closed", PLAN_COST), ["difference", "low", "high"]].tolist() == [40000.0] * 3
    net = rows.loc[("2_closed", NET_COST)]
    assert net["difference"] == pytest.approx(saved + 40000.0)
    assert net["sd"] == pytest.approx(rows.loc[("2_closed", TIME_WORTH), "sd"])
    assert set(rows["unit"]) == {"EUR a year"}


def test_the_best_plan_comes_first_and_its_lead_is_tested(found):
    table = found.differences.ranking
    assert table["variant"].tolist() == ["1_same", "2_closed"]
    assert table["rank"].tolist() == [1, 2]
    assert set(table["quantity"]) == {NET_COST}
    assert table["ahead_p"][0] < 0.05 and pd.isna(table["ahead_p"][1])


def test_without_values_plans_are_ranked_by_the_time_people_spend(found):
    unvalued = found.plans[0].scenario.model_copy(update={"values": None})
    base = replace(found.stacks[0], plan=replace(found.plans[0], scenario=unvalued))
    table = ranking([Pair.of(base, stack) for stack in found.stacks[1:]])
    spent_h = [stack.spent_s.sum(axis=1).mean() / 3600.0 for stack in found.stacks[1:]]
    assert set(table["quantity"]) == {TIME_SPENT}
    assert table["with_variant"].tolist() == pytest.approx(sorted(spent_h))


def test_plans_that_are_not_weighed_alike_are_refused(plans):
    other = plans[0].with_name("dearer.yaml")
    other.write_text("base: town.yaml\nvalues: {hour: {car: 13}}\n")
    with pytest.raises(ScenarioError) as raised:
        compare([plans[0], other], seeds=2)
    (problem,) = raised.value.problems
    assert "dearer.yaml:2  values" in str(problem)
    assert f"must be those of {plans[0]} but for cost_a_year: all plans are weighed alike" in str(problem)
