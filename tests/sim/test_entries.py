"""Whoever waited beside a road enters it where he would have got since there was a gap."""

from __future__ import annotations

import numpy as np
from traffic_case import road_of, simulate
from traffic_laws import TrafficLaws

from citytwin.kernels import traffic_tables as table


def test_a_queue_beside_a_motorway_enters_without_losing_parts_of_steps() -> None:
    """1,800 vehicles an hour, one every other step, when they entered at the gate alone; all laws hold."""
    network = road_of([3000.0], speed_kmh=120.0)
    link = network.links.id[0]
    rows = [(str(k), 0.5 * k, link, link, 0, 300.0) for k in range(400)]
    sensors = [{"kind": "loop", "link": link, "position_m": at_m} for at_m in (303.0, 310.0, 2000.0)]
    simulation = simulate(network, rows, duration_s=300.0, drivers={"speed_factor_sd": 0.0}, sensors=sensors)
    laws, began_m = TrafficLaws(simulation), []
    vehicles, before = simulation.model.fleet.vehicles, 0
    for _ in range(200):
        laws.step()
        entered = np.isfinite(vehicles.entered_s[0])
        if entered.sum() > before:
            last = int(np.flatnonzero(entered)[-1])
            driven = vehicles.driven_m[0, last] - vehicles.speed_mps[0, last]
            began_m.append(float(driven))
        before = int(entered.sum())
    assert simulation.model.fleet.cities.counter[0, table.ENTERED] == before
    assert max(began_m) > 5.0
    assert before > 200 / 3600.0 * 2200.0
