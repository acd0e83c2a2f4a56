"""Shares of a merge in a scenario file: which links have them, and what is said where they cannot be had."""

from __future__ import annotations

import json

import pytest
from traffic_case import write_scenario

from citytwin.scenarios.network import Control
from citytwin.scenarios.planned_streets import planned_streets
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario, load_scenario

A, B = "way/101:1-0", "way/200:2-1"  # both go on into way/200:1-0 at a junction without signals


def problems_of(folder, shares) -> list[str]:
    """Lines about a scenario with these shares, each of them on a line of its own."""
    path = write_scenario(folder)
    plain = json.loads(path.read_text()) | {"network": {"merge_shares": shares}}
    path.write_text(json.dumps(plain, indent=1))
    return describe(check_scenario(path)).splitlines()


def test_links_that_join_share_and_none_gives_way(tmp_path) -> None:
    plain = planned_streets(load_scenario(write_scenario(tmp_path)))
    shared = planned_streets(load_scenario(write_scenario(tmp_path, network={"merge_shares": {A: 2, B: 1}})))
    rows = [plain.link_row[link] for link in (A, B)]
    assert shared.links.merge_share[rows].tolist() == [2.0, 1.0] and shared.links.merge_share.sum() == 3.0
    differ = plain.connectors.foe_yield & ~shared.connectors.foe_yield
    assert differ.any() and not (shared.connectors.foe_yield & ~plain.connectors.foe_yield).any()


def test_links_without_a_merge_are_told_with_their_lines(tmp_path) -> None:
    network = planned_streets(load_scenario(write_scenario(tmp_path)))
    lit = next(
        network.links.id[row]
        for row in range(network.link_count)
        if network.junctions.control[network.links.to_junction[row]] == Control.SIGNAL
    )
    lines = problems_of(tmp_path, {A: 2, "way/100:0-9": 1, lit: 1})
    said = "joins no other link with a share, in one lane and without a signal. Give that one a share too."
    town = tmp_path / "town.yaml"
    first = next(number for number, line in enumerate(town.read_text().splitlines(), 1) if A in line)
    assert lines[0] == f"{town}:{first}  network.merge_shares.{A} = 2  {said}"
    assert lines[1].startswith(f"{town}:{first + 1}  network.merge_shares.way/100:0-9 = 1  no such link. Closest: ")
    assert lines[2] == f"{town}:{first + 2}  network.merge_shares.{lit} = 1  {said}"


@pytest.mark.parametrize("share", [0, -1, 1001, "much"])
def test_a_share_is_a_positive_number(tmp_path, share) -> None:
    assert any("network.merge_shares" in line for line in problems_of(tmp_path, {A: share, B: 1}))
