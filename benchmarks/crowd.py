"""Measure how many people one core moves in the plane, alone and against JuPedSim on the same bottleneck.

Run with ``python benchmarks/crowd.py``; CPU time. JuPedSim (LGPL) is left out where it is not installed
(``pip install jupedsim``).
"""

from __future__ import annotations

import math
import time

import numpy as np
import shapely

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_space import Door
from citytwin.kernels import crowd_tables as table

PEOPLE = 5000
RUN_IN_STEPS, STEPS = 100, 200
ROUNDS = 3

ROOM_M, DOOR_M, PASSAGE_M = 20.0, 2.0, 2.0
IN_ROOM = 400
SPEED_MPS = 1.34
MOST_S = 30.0
JUPEDSIM_STEP_S = 0.01  # its default


def open_space(per_m2: float) -> Crowd:
    """People with speeds of their own who walk along a field without an end."""
    side = math.isqrt(PEOPLE)
    side_m = side / math.sqrt(per_m2)
    crowd = Crowd(shapely.box(0, 0, side_m, side_m), {}, period_m=side_m)
    at_m = (np.arange(side) + 0.5) * side_m / side
    x, y = np.meshgrid(at_m, at_m)
    speeds = np.clip(np.random.default_rng(0).normal(1.34, 0.26, x.size), 0.5, 2.2)
    crowd.add(x.ravel(), y.ravel(), None, speed_mps=speeds)
    crowd.advance(RUN_IN_STEPS)
    return crowd


def updates_per_s(per_m2: float) -> float:
    """People moved by a step in a second of one core, the median of some rounds."""
    crowd = open_space(per_m2)
    speeds = []
    for _ in range(ROUNDS):
        before, start = int(crowd.tables.counter[table.UPDATES]), time.process_time()
        crowd.advance(STEPS)
        speeds.append((int(crowd.tables.counter[table.UPDATES]) - before) / (time.process_time() - start))
    return float(np.median(speeds))


def bottleneck() -> tuple[shapely.Polygon, np.ndarray]:
    """A room, a passage and another room, and where people begin."""
    middle, end = ROOM_M / 2, ROOM_M + PASSAGE_M
    passage = shapely.box(ROOM_M - 0.01, middle - DOOR_M / 2, end + 0.01, middle + DOOR_M / 2)
    area = shapely.union_all([shapely.box(0, 0, ROOM_M, ROOM_M), passage, shapely.box(end, 0, end + 5, ROOM_M)])
    at_m = np.arange(0.5, ROOM_M - 0.4, 0.8)
    x, y = np.meshgrid(at_m, at_m)
    chosen = np.random.default_rng(0).permutation(x.size)[:IN_ROOM]
    return area, np.column_stack([x.ravel()[chosen], y.ravel()[chosen]])


def ours() -> float:
    """Seconds of people simulated in a second of one core."""
    area, places = bottleneck()
    end = ROOM_M + PASSAGE_M + 5
    crowd = Crowd(area, {"out": Door((end, 0), (end, ROOM_M))})
    crowd.add(*places.T, "out", speed_mps=SPEED_MPS)
    start = time.process_time()
    crowd.run(MOST_S)
    spent_s = time.process_time() - start
    return float(crowd.tables.counter[table.UPDATES]) * crowd.tables.step_s / spent_s


def jupedsim_s() -> float:
    """Seconds of people that JuPedSim's collision-free speed model simulates in a second of one core."""
    import jupedsim

    area, places = bottleneck()
    end = ROOM_M + PASSAGE_M + 5
    simulation = jupedsim.Simulation(
        model=jupedsim.CollisionFreeSpeedModel(), geometry=area, dt=JUPEDSIM_STEP_S, trajectory_writer=None
    )
    stage = simulation.add_exit_stage([(end - 0.5, 0), (end, 0), (end, ROOM_M), (end - 0.5, ROOM_M)])
    journey = simulation.add_journey(jupedsim.JourneyDescription([stage]))
    for x, y in places:
        simulation.add_agent(
            jupedsim.CollisionFreeSpeedModelAgentParameters(
                journey_id=journey, stage_id=stage, position=(x, y), desired_speed=SPEED_MPS
            )
        )
    person_s, start = 0.0, time.process_time()
    while simulation.agent_count() and simulation.elapsed_time() < MOST_S:
        person_s += simulation.agent_count() * JUPEDSIM_STEP_S
        simulation.iterate()
    return person_s / (time.process_time() - start)


if __name__ == "__main__":
    for per_m2 in (1.0, 1.5, 2.0):
        print(f"{per_m2:g} per m²: {updates_per_s(per_m2) / 1e6:.2f} M steps of people a second")
    ours()  # compiles
    try:
        pairs = [(ours(), jupedsim_s()) for _ in range(ROUNDS)]
    except ImportError:
        print("jupedsim is not installed: no comparison")
    else:
        here, there = np.median(pairs, axis=0)
        ratio = np.median([own / theirs for own, theirs in pairs])
        print(f"bottleneck: {here:,.0f} and {there:,.0f} (JuPedSim) person-seconds a second, ratio {ratio:.0f}")
