"""Rows of a phase do not meet: what lets a GPU serve them at once and still give the same numbers each time."""

from __future__ import annotations

from typing import Any

import pytest
from cuda_cases import CITIES, busy_fleet, simulation_on
from row_conflicts import PHASES, READ, WRITE, run_noted

from citytwin.kernels import cuda_phases as phases
from citytwin.kernels import traffic_tables as table

# Whoever looks across a junction for the rear of a vehicle asks on which row it is; that it changes to the lane beside
# meanwhile makes no difference, since both are lanes of a street and not inside a junction.
HARMLESS = {"serve_links": {(f"{WRITE}-{READ}", "vehicle_i", table.LANE)}}


@pytest.mark.slow
@pytest.mark.parametrize("city", CITIES)
def test_no_row_reads_or_writes_what_another_one_writes(city: str) -> None:
    network = CITIES[city]()
    fleet, compiled = (busy_fleet(network, trips=200, every_s=0.4, members=1) for _ in range(2))
    for phase, found in run_noted(fleet.cities, 100).items():
        assert found <= HARMLESS.get(phase, set()), phase
    compiled.advance(0, 100)
    assert fleet.cities.counter[0, table.ENTERED] > 25
    assert fleet.state_hash() == compiled.state_hash()  # so it was the same traffic


@pytest.mark.slow
def test_nor_where_signals_and_drivers_of_all_kinds_meet() -> None:
    fleet = simulation_on("cpu", until_s=100.0).model.fleet
    for phase, found in run_noted(fleet.cities, 60).items():
        assert found <= HARMLESS.get(phase, set()), phase


def meeting(functions: tuple[Any, ...], rows: str) -> set[tuple[str, str, int]]:
    """Where rows meet if some functions are one phase, instead of the phases they belong to."""
    kept = tuple(phase for phase in PHASES if not set(phase[2]) & set(functions))
    order = (*kept, ("together", rows, functions))
    return run_noted(busy_fleet(CITIES["signals"](), members=1).cities, 60, order)["together"]


def test_leaving_and_entering_streets_in_one_phase_would_meet() -> None:
    found = meeting((phases.leave_row, phases.enter_row), "junctions")
    assert (WRITE, "lane_i", table.COUNT) in found  # one end of a lane takes a vehicle out, the other puts one in


def test_finding_and_taking_positions_in_one_phase_would_meet() -> None:
    found = meeting((phases.follow_row, phases.advance_row), "lane rows")
    assert (f"{WRITE}-{READ}", "vehicle_f", table.POSITION_M) in found
