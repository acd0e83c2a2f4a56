"""What is wrong with gas and with orders that wait for it is told in words, all at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from evacuation_case import write_case
from traffic_case import TOWN_AT, write_scenario

from citytwin.scenarios.scenario import check_scenario

# ruff: noqa: E501 (a message is one line)
AIR = {"meteorology": {"kind": "constant", "wind_mps": 2, "wind_from_deg": 270}}
GAS = {"kind": "gas", "id": "tank", "substance": "ammonia", "at": list(TOWN_AT), "released_kg": 500}
SHUT = {"air_changes_per_h": 1.0, "closed_air_changes_per_h": 0.3}
CASES = [
    ("good", GAS, AIR, []),
    (
        "what cannot be",
        GAS | {"substance": "amonia", "released_kg": 0, "lasts_s": -1, "at": [47.0, 190.0]},
        AIR,
        [
            'hazards[0].substance = "amonia"  must be "ammonia" or "chlorine".',
            "hazards[0].at = [47.0, 190.0]  is no [longitude, latitude]. Did you swap them?",
            "hazards[0].released_kg = 0  must be above 0.",
            "hazards[0].lasts_s = -1  must be at least 0.",
        ],
    ),
    (
        "shut windows that let more in",
        GAS | {"air_changes_per_h": 0.3, "closed_air_changes_per_h": 1.0},
        AIR,
        [
            "hazards[0].closed_air_changes_per_h = 1.0  is more than `air_changes_per_h` (0.3): shut windows let less air in."
        ],
    ),
    (
        "no wind",
        GAS,
        None,
        [
            'hazards[0].kind = "gas"  drifts with the wind, and nothing says how it blows. Give `air: {meteorology: {kind: constant, wind_mps: 2, wind_from_deg: 270}}`.'
        ],
    ),
    (
        "somewhere else",
        GAS | {"at": [7.42, 43.73]},
        AIR,
        [
            "hazards[0].at = [7.42, 43.73]  reaches no street of town at any time: it lies 384.1 km from the middle. Wrong place, or wrong coordinate system?"
        ],
    ),
]


@pytest.mark.parametrize("gas, air, told", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_with_gas(gas, air, told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_scenario(tmp_path, demand=[], hazards=[gas], **({} if air is None else {"air": air}))
    assert [str(found).partition("  ")[2] for found in check_scenario("town.yaml")] == told


def test_what_is_wrong_with_gas_and_orders_of_an_evacuation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    orders = [
        {"zones": ["west"], "start_s": 0, "when": {"hazard": "tanks", "at_mgm3": 20, "zone": "wst"}},
        {"zones": ["west"], "start_s": 0, "action": "hide"},
    ]
    wrong = write_case(Path(), scenario={"hazards": [GAS], "air": AIR}, orders=orders)
    assert [str(found).partition("  ")[2] for found in check_scenario(wrong)] == [
        'evacuation.orders[1].action = "hide"  must be "leave" or "stay_inside".',
        'evacuation.orders[0].when.hazard = "tanks"  no such hazard of the kind `gas`. Closest: "tank". All: "tank".',
        'evacuation.orders[0].when.zone = "wst"  no such zone. Closest: "west", "east". All: "west", "east".',
        "hazards[0].air_changes_per_h  is missing: people are indoors in an evacuation. Say how fast gas gets in: `air_changes_per_h: 1`.",
        "hazards[0].closed_air_changes_per_h  is missing: people are indoors in an evacuation. Say how fast gas gets in: `closed_air_changes_per_h: 0.3`.",
    ]
    good = write_case(Path(), scenario={"hazards": [GAS | SHUT], "air": AIR})
    assert check_scenario(good) == []
