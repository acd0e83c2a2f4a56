"""Published figures of assignment: what can be said of networks and costs; equilibria are not built."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_cases import FOLDER, Case, parameters, score

from citytwin.scenarios.tntp import TntpNet, read_tntp_net, read_tntp_trips

TNTP = FOLDER.parent / "tntp"
NO_EQUILIBRIUM = (
    "not built: route choice is the shortest expected time with a spread of judgements; nothing iterates to an "
    "equilibrium, to a system optimum or to tolls"
)
NO_LOGIT = "not built: judgements differ lognormally from street to street; there is no logit choice between routes"
NO_DEPARTURES = "not built: nobody chooses when to depart"
KNOWN = {"tntp_Anaheim": {"demand": "the reference is rounded to whole trips: the file has 104,694.4"}}
REASONS = {"logit": NO_LOGIT, "sue_logit": NO_LOGIT, "vickrey": NO_DEPARTURES}


def best_known(folder: Path, name: str, net: TntpNet) -> np.ndarray:
    """Published flows in the order of the net's links."""
    flows = {}
    for line in (folder / f"{name}_flow.tntp").read_text().splitlines():
        cells = line.replace(";", " ").replace(":", " ").split()
        if len(cells) >= 3 and cells[0].isdigit():
            flows[int(cells[0]), int(cells[1])] = float(cells[2])
    return np.array([flows[pair] for pair in zip(net.init_node.tolist(), net.term_node.tolist(), strict=True)])


def static_network(case: Case) -> dict[str, Any]:
    """What the published best flows cost with the cost function and network as we read them."""
    name = case["setup"]["data"]
    folder = TNTP / name
    net = read_tntp_net(folder / f"{name}_net.tntp")
    trips, _ = read_tntp_trips(folder / f"{name}_trips.tntp")
    flow = best_known(folder, name, net)
    share = net.b / (net.power + 1.0) * (flow / net.capacity) ** net.power
    largest = np.argsort(-flow, kind="stable")[: len(case["expected"]["top_links"]["rows"])]
    found = {(int(net.init_node[k]), int(net.term_node[k])): float(flow[k]) for k in largest}
    rows = [[*pair, found[pair]] for pair in [tuple(row[:2]) for row in case["expected"]["top_links"]["rows"]]]
    return {
        "demand": sum(amount for _, _, amount in trips),
        "tstt": float(flow @ net.travel_time(flow)),
        "beckmann_objective": float(flow @ (net.free_flow_time * (1.0 + share))),
        "v_over_c_max": float((flow / net.capacity).max()),
        "top_links": rows,
    }


@pytest.mark.parametrize("case", parameters("assignment"))
def test_assignment(case: Case, record_property: Callable[[str, Any], None]) -> None:
    """Networks, costs and demand as published; what takes an equilibrium is skipped with its reason."""
    if not case["id"].startswith("tntp"):
        pytest.skip(next((why for prefix, why in REASONS.items() if case["id"].startswith(prefix)), NO_EQUILIBRIUM))
    if not TNTP.exists():
        pytest.skip(f"{TNTP} is not on this machine")
    score(case, static_network(case), record_property, KNOWN.get(case["id"], {}))
