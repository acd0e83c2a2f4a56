"""Units that answer calls queue as the theory of queues says, as far as dispatching goes: nobody has to travel here."""

from __future__ import annotations

import csv
import heapq
import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from citytwin.agents.dispatch import Dispatcher


class Served(NamedTuple):
    """Waits of calls, s, and the share of time for which units were busy."""

    wait_s: np.ndarray
    utilisation: float


def serve(per_hour: float, units: int, stays_s: np.ndarray, seed: int) -> Served:
    """Let calls come at random to units that are busy for some time each; calls of the first tenth warm up."""
    t_s = np.cumsum(np.random.default_rng(seed).exponential(3600.0 / per_hour, stays_s.size))
    dispatcher = Dispatcher(["ambulance"] * units)
    needs = ["ambulance"] * stays_s.size
    wait_s, busy, busy_s = np.zeros(stays_s.size), list[tuple[float, int]](), 0.0
    nowhere = np.zeros(units)

    def send(now_s: float) -> None:
        nonlocal busy_s
        for unit, call in dispatcher.assign(needs, lambda some, _: nowhere[some]):
            wait_s[call] = now_s - t_s[call]
            heapq.heappush(busy, (now_s + stays_s[call], unit))
            busy_s += stays_s[call]

    for call in range(stays_s.size):
        while busy and busy[0][0] <= t_s[call]:
            free_s, unit = heapq.heappop(busy)
            dispatcher.free[unit] = True
            send(free_s)
        dispatcher.waiting.append(call)
        send(float(t_s[call]))
    return Served(wait_s[stays_s.size // 10 :], busy_s / (t_s[-1] - t_s[0]) / units)


@pytest.fixture(scope="module")
def data_folder(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue("data")) / "pedestrian"


def test_erlang_c_of_six_ambulances(data_folder):
    with (data_folder / "city_analytic_cases.csv").open(newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["id"] == "c8_erlang_c"]
    waits, mean_min = (float(value) for value in row["expected"].split(";"))
    calls, ambulances = 6.0 * 40.0 / 60.0, 6  # erlangs
    terms = [calls**k / math.factorial(k) for k in range(ambulances)]
    last = calls**ambulances / math.factorial(ambulances) * ambulances / (ambulances - calls)
    assert last / (sum(terms) + last) == pytest.approx(waits, abs=1e-4)  # the table is Erlang's formula
    stays_s = np.random.default_rng(1).exponential(2400.0, 100_000)
    served = serve(6.0, ambulances, stays_s, seed=2)
    assert (served.wait_s > 0).mean() == pytest.approx(waits, rel=0.03)
    assert served.wait_s.mean() / 60.0 == pytest.approx(mean_min, rel=0.03)


def test_units_of_the_auckland_model_are_busy_for_as_long_as_calls_take(data_folder):
    model = json.loads((data_folder / "ems_reference_model.json").read_text())
    chance, calls = np.random.default_rng(3), 30_000
    scene_s, handover_s = chance.exponential(720.0, calls), chance.exponential(720.0, calls)
    transported = chance.random(calls) < model["transport_probability"]
    stays_s = model["dispatch_delay_s"] + scene_s + np.where(transported, handover_s, 0.0)
    per_hour = model["calls_per_day"] / 24.0
    served = serve(per_hour, model["ambulances"], stays_s, seed=4)
    expected = per_hour / 3600.0 * (50.0 + 720.0 + 0.8 * 720.0) / model["ambulances"]
    assert served.utilisation == pytest.approx(expected, rel=0.01)
