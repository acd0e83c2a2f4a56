"""Let links share the lanes in which they join in a given proportion, and say where that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from .network import Bools, FoeKind, RoadNetwork
from .problems import Problem
from .yaml_lines import Written


def with_merge_shares(network: RoadNetwork, shares: Mapping[str, float]) -> RoadNetwork:
    """Streets of which some have a share where they join others that have one: there nobody gives way."""
    if not shares:
        return network
    share = np.zeros(network.link_count)
    for link, of_it in shares.items():
        if link in network.link_row:  # else ``check_merge_shares`` says so
            share[network.link_row[link]] = of_it
    shared = replace(network, links=replace(network.links, merge_share=share))
    give_way = network.connectors.foe_yield & ~shared_merges(shared)
    return replace(shared, connectors=replace(network.connectors, foe_yield=give_way))


def shared_merges(network: RoadNetwork) -> Bools:
    """Of every pair of foes whether they lead from links with shares into one lane, without a light."""
    connectors, movements = network.connectors, network.movements
    owner = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    from_link = movements.from_link[connectors.movement]
    share = network.links.merge_share[from_link]
    found: Bools = (
        (share[owner] > 0.0) & (share[connectors.foe] > 0.0) & (from_link[owner] != from_link[connectors.foe])
    )
    found &= (connectors.foe_kind == FoeKind.MERGE) & (connectors.signal[owner] < 0)
    return found


def check_merge_shares(tree: Written, network: RoadNetwork, no_such_link: Callable[[str], str]) -> Iterator[Problem]:
    """Links given a share that are not there, or that join no other link with one."""
    written = tree.at("network").child("merge_shares")
    named = list(written.value) if written is not None and isinstance(written.value, dict) else []
    shared = with_merge_shares(network, dict.fromkeys(named, 1.0))
    connectors = shared.connectors
    owner = np.repeat(np.arange(connectors.movement.size), np.diff(connectors.foe_start))
    joining = shared.movements.from_link[connectors.movement[owner[shared_merges(shared)]]]
    joins = {network.links.id[link] for link in joining}
    for name in named:
        if name not in network.link_row:
            yield tree.problem(("network", "merge_shares", name), no_such_link(name))
        elif name not in joins:
            said = "joins no other link with a share, in one lane and without a signal. Give that one a share too."
            yield tree.problem(("network", "merge_shares", name), said)
