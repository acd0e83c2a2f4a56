"""The bundled evacuation of Monaco and its plans: each runs, and `citytwin diff` tells them apart in words."""

from __future__ import annotations

import pytest

from citytwin.scenarios.differences import differences
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.run import run_scenario

PLANS = ("evacuation", "evacuation_staged", "evacuation_by_bus")


@pytest.mark.parametrize("name", PLANS[1:])  # the first is the base of both
def test_each_plan_runs(name, tmp_path):
    text = f"base: monaco/{name}\nname: {name}\nduration_s: 1400\ndemand: []\n"
    (tmp_path / "short.yaml").write_text(text)
    facts = run_scenario(tmp_path / "short.yaml", tmp_path / "run").summary["evacuation"]
    assert sum(facts["people"].values()) == facts["population"] == 6000
    assert facts["ordered"] == (4500 if name == "evacuation_staged" else 6000)
    assert facts["people"]["sheltered"] > 5 and facts["people"]["out"] > 20 and facts["people"]["stranded"] == 0
    assert facts["people"]["in_buses"] + facts["people"]["at_stops"] + facts["carried_by_buses"] > 0


def test_the_plans_differ_in_words():
    base, staged, by_bus = (load_scenario(f"monaco/{name}") for name in PLANS)
    assert [found.text for found in differences(base, staged)][1:] == [
        'evacuation order "larvotto": given at 07:15 → 07:40',
    ]
    new = (
        'new: evacuation buses from "harbour": at 7.4213, 43.7352, to stadium, first bus 07:15, buses 4, one after the '
    )
    new += "other by 60 s"
    assert [found.text for found in differences(base, by_bus)][1:] == [
        "evacuation, of all households: drive 30 → 10 %",
        "evacuation, of all households: take the bus 10 → 30 %",
        'evacuation buses from "casino square": buses 4 → 6',
        new,
    ]
