"""Measure how much faster than real time a city of 100,000 evacuees and 20,000 cars runs over six hours.

Run with ``python benchmarks/evacuation.py [HOURS]``, on a machine of two cores with nothing else to do; 6 unless said
otherwise. CPU time is that of all threads together.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.run import network_of, trips_of, walks_of
from citytwin.sim.simulation import Simulation

HOUR_S = 3600.0
PLAN = """
citytwin: 1
name: Monaco is cleared
base: monaco/morning
duration_s: 21600
demand: []
evacuation:
  zones:
    - id: monaco
      polygon: [[7.405, 43.72], [7.445, 43.72], [7.445, 43.755], [7.405, 43.755]]
      population: 100000
  orders: [{id: all, zones: [monaco], start_s: 600}]
  channels: [{kind: siren, reaches: 0.7}, {kind: cell_broadcast, reaches: 0.9, seen_after_s: 300}]
  preparation: {kind: lognormal, mu: 6.5, sigma: 0.9}
  modes: {car: 0.45}
  shelters:
    - {id: stadium, at: [7.4155, 43.7276], capacity: 20000, by: [foot], announced_after_s: 300}
    - {id: college, at: [7.4127, 43.7318], capacity: 10000, by: [foot], announced_after_s: 300}
    - {id: moneghetti, at: [7.42, 43.742], by: [foot]}
  exits:
    - {id: east, link: "way/93137601:0-5"}
    - {id: west, link: "way/92627442:0-2"}
"""


def measure(hours: float) -> None:
    """Print what each hour takes, and the whole."""
    with tempfile.TemporaryDirectory() as made:
        path = Path(made) / "plan.yaml"
        path.write_text(PLAN, encoding="utf-8")
        scenario = load_scenario(path)
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network), on_foot=walks_of(scenario, network))
    assert simulation.rescue is not None
    print(f"{simulation.rescue.people.household.size:,} people, {len(simulation.rescue.people.cars):,} cars")
    wall_s = cpu_s = 0.0
    for hour in range(1, int(hours) + 1):
        marks = time.perf_counter(), time.process_time()
        simulation.run(hour * HOUR_S)
        wall_s += time.perf_counter() - marks[0]
        cpu_s += time.process_time() - marks[1]
        where = ", ".join(f"{count:,} {name}" for name, count in simulation.rescue.census().items() if count)
        print(f"{hour} h: {wall_s:.0f} s, CPU {cpu_s:.0f} s; {where}", flush=True)
    print(f"{hours * HOUR_S / wall_s:.0f} times as fast as real time, {hours * HOUR_S / cpu_s:.0f} by CPU time")


if __name__ == "__main__":
    measure(float(sys.argv[1]) if len(sys.argv) > 1 else 6.0)
