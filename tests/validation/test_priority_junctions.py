"""Published figures of places where somebody gives way: capacities and delays, as formulas and as traffic."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from reference_cases import Case, parameters, score
from yield_roads import MOVEMENTS, junction_of, minor_capacity

from citytwin.scenarios import capacity

NOT_BUILT = {
    "hcm_twsc_": "not built: the handbook's procedure for shared lanes and impedance; the product simulates the junction",
    "awsc_": "not built: the handbook's iteration for all-way stops, and no measured run of them yet",
}


def gap_formulas(case: Case) -> dict[str, Any]:
    setup = case["setup"]
    q, critical, follow_up = (setup[key] for key in ("conflicting_flow_veh_h", "critical_headway_s", "follow_up_s"))
    return {
        "hcm_potential_capacity": capacity.harders_capacity(q, critical, follow_up),
        "siegloch": capacity.siegloch_capacity(q, critical, follow_up),
        "tanner_tm2": capacity.tanner_capacity(q, critical, follow_up),
    }


def roundabout_formulas(case: Case) -> dict[str, Any]:
    q = case["setup"]["circulating_pc_h"]
    return {
        "hcm6_single": capacity.roundabout_capacity(q),
        "hcm2010_single": capacity.roundabout_capacity(q, 1130.0, 0.0010),
    }


def delay_formulas(case: Case) -> dict[str, Any]:
    setup = case["setup"]
    flow, of, period = setup["flow_veh_h"], setup["capacity_veh_h"], setup["period_h"]
    return {
        "control_delay": capacity.unsignalised_delay(flow, of, period, roundabout=setup["kind"] == "roundabout"),
        "queue_95": capacity.queue_95(flow, of, period),
    }


FORMULAS: dict[str, Callable[[Case], dict[str, Any]]] = {
    "gap_": gap_formulas,
    "roundabout_": roundabout_formulas,
    "unsig_delay_": delay_formulas,
}


@pytest.mark.parametrize("case", parameters("priority_junctions"))
def test_priority_junctions(case: Case, record_property: Callable[[str, Any], None]) -> None:
    for prefix, why in NOT_BUILT.items():
        if case["id"].startswith(prefix):
            pytest.skip(why)
    solve = next(solver for prefix, solver in FORMULAS.items() if case["id"].startswith(prefix))
    score(case, solve(case), record_property, {})


@cache
def follow_up_s() -> float:
    """Time between two vehicles of a minor queue that nobody hinders, s."""
    return 3600.0 / minor_capacity(junction_of("wes", minor="s"), *MOVEMENTS["minor_right"], 0.0, hours=0.5)[0]


@pytest.mark.slow
def test_a_minor_queue_that_nobody_hinders_leaves_at_the_handbooks_rate(record_property):
    """HCM 7 has follow-up times of 2.2 to 4.0 s."""
    good = 2.2 <= follow_up_s() <= 4.0
    record_property("compared", ("follow-up time", follow_up_s(), [2.2, 4.0], "s", good))
    assert good
