"""Published figures of assignment: user equilibria of small networks, networks and costs of large ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reference_cases import FOLDER, Case, parameters, score
from static_assignment import Cost, StaticCase, parallel

from citytwin.scenarios.tntp import TntpNet, read_tntp_net, read_tntp_trips

TNTP = FOLDER.parent / "tntp"
NO_LOGIT = "not built: judgements differ lognormally from street to street; there is no logit choice between routes"
NO_DEPARTURES = "not built: nobody chooses when to depart"
KNOWN = {"tntp_Anaheim": {"demand": "the reference is rounded to whole trips: the file has 104,694.4"}}
REASONS = {"logit": NO_LOGIT, "sue_logit": NO_LOGIT, "vickrey": NO_DEPARTURES}
SETTLED = {"iterations": 60, "gap": 1e-6}
BRAESS = {"o": "o", "1": "1", "2": "2", "d": "d", "start": "o", "A": "1", "B": "2", "end": "d"}


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


def linear(text: object) -> tuple[float, float]:
    """A cost written as "10 + 0.01 x", "10x", "x/100" or a number: what it is on an empty link, and its slope."""
    free, slope = 0.0, 0.0
    for part in str(text).replace(" ", "").split("+"):
        factor, at, divisor = part.partition("x")
        if at:
            slope += float(factor or 1.0) / float(divisor[1:] or 1.0)
        else:
            free += float(part)
    return free, slope


def cost_of(text: object) -> Cost:
    """The cost of a link from the flow on it."""
    free, slope = linear(text)
    return lambda flow: free + slope * flow


def braess(case: Case) -> dict[str, Any]:
    """The network without and with its bridge: with it everybody takes longer."""
    setup, wanted = case["setup"], case["expected"]
    ends = {name: [BRAESS[place] for place in name.partition(" ")[0].split("-")] for name in setup["links"]}
    texts = {">".join(places): setup["links"][name] for name, places in ends.items()}
    found: dict[str, Any] = {}
    for key, entry in wanted.items():
        if key.startswith("with") and not key.endswith("so"):
            used = {link: text for link, text in texts.items() if link != "1>2" or not key.startswith("without")}
            costs = {link: cost_of(text) for link, text in used.items()}
            settled, flows, mean = StaticCase(costs, setup["demand"], trips=1200).settle(**SETTLED)
            assert settled.chosen.relative_gap < SETTLED["gap"]
            flow = dict.fromkeys(used, 0.0)
            for route, amount in flows.items():
                for link in route:
                    flow[link] += amount
            on_routes = [x for x in entry.get("path_flows", entry.get("flows")) if x]
            assert sorted(flows.values()) == pytest.approx(sorted(on_routes), abs=0.01)
            found[key] = {"time": mean, "total": mean * setup["demand"]}
    parts = [linear(texts[link]) for link in flow]
    found["beckmann_ue"] = sum(a * x + b * x * x / 2.0 for (a, b), x in zip(parts, flow.values(), strict=True))
    return found


def side_by_side(case: Case) -> dict[str, Any]:
    """Routes side by side that share nothing."""
    setup, demand = case["setup"], float(case["setup"]["demand"])
    if "slopes" in setup:
        costs = [cost_of(f"{free}+{slope}x") for free, slope in zip(setup["free_times"], setup["slopes"], strict=True)]
    elif "capacity" in setup:
        costs = [bpr(free, capacity) for free, capacity in zip(setup["t0"], setup["capacity"], strict=True)]
    else:
        costs = [cost_of(setup["t1"]), cost_of(setup["t2"])]
    _, flows, mean = parallel(costs, demand).settle(**SETTLED)
    by_route = [flows.get((f"o>{number}", f"{number}>d"), 0.0) for number in range(len(costs))]
    total = mean * demand
    return {
        "flows": by_route,
        "x1": by_route[0],
        "ue_x1": by_route[0],
        "time": mean,
        "ue_time": mean,
        "ue_total": total,
    }


def bpr(free: float, capacity: float) -> Cost:
    """The cost function of the Bureau of Public Roads, with its usual parameters."""
    return lambda flow: free * (1.0 + 0.15 * (flow / capacity) ** 4)


@pytest.mark.parametrize("case", parameters("assignment"))
def test_assignment(case: Case, record_property: Callable[[str, Any], None]) -> None:
    """Equilibria of small networks by the way routes settle here; networks, costs and demand of large ones."""
    why = next((why for prefix, why in REASONS.items() if case["id"].startswith(prefix)), "")
    if why:
        pytest.skip(why)
    if not case["id"].startswith("tntp"):
        score(case, braess(case) if case["id"].startswith("braess") else side_by_side(case), record_property, {})
        return
    if not TNTP.exists():
        pytest.skip(f"{TNTP} is not on this machine")
    score(case, static_network(case), record_property, KNOWN.get(case["id"], {}))
