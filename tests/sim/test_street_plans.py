"""The bundled plans for the streets, one for every kind of change: each reads well, keeps the laws and runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from traffic_case import simulate

from citytwin.scenarios.diff_files import diff_files
from citytwin.scenarios.inherit import LIBRARY, bundled_scenarios
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.network_laws import check_network
from citytwin.scenarios.planned_streets import planned_streets
from citytwin.scenarios.problems import describe
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.scenarios.street_changes import StreetChange
from citytwin.scenarios.trips import TripTable, build_trips
from citytwin.sim.outcome import summarise
from citytwin.sim.simulation import Simulation

from ..scenarios.plan_case import change, changed
from ..scenarios.small_streets import crossing, into, out_to

DOCS = Path(__file__).resolve().parents[2] / "docs"
SHORT_S = 120
# What `citytwin diff helsinki/morning PLAN` says of each, after the name.
PLANS = {
    "bus_lane": (
        "new: bus lane on Mannerheimintie (way/25522290:0-3, way/81796302:1-3 and way/217189185:2-3): lane 0 (at "
        "the kerb) is for buses and emergency vehicles only"
    ),
    "cycle_lane": (
        "new: cycle lane on Unioninkatu (way/26427639:0-2 and way/38156033:0-2): lane 0 (at the kerb) is for "
        "cycles only"
    ),
    "lanes_taken": ("new: Pohjoisesplanadi (way/25523727:0-2, way/194850767:2-4 and way/166564262:0-1): 2 → 1 lane"),
    "low_traffic": (
        "new: modal filter on Korkeavuorenkatu (way/127104874:0-1 and way/62383932:2-0, both directions), "
        "Kasarmikatu (way/197339887:2-0 and way/62382995:2-3, both directions) and Fabianinkatu (way/28321714:1-0"
        " and way/4243036:7-8, both directions): open to buses, cycles, emergency vehicles and people on foot "
        "only"
    ),
    "new_road": (
        'new: road "Vuorikatu": residential, 1 lane in each direction, 30 km/h, 95 m from Vuorikatu '
        "(node/1369465882) to Vilhonkatu / Vuorikatu / Kaisaniemenkatu (node/207511251)"
    ),
    "one_way": ("new: Kasarmikatu (way/143057427:0-2, one direction) becomes one-way"),
    "one_way_turned": ("new: Yrjönkatu (way/28408345:0-7) driven the other way round"),
    "parking_added": ("new: parking in place of a lane on Lönnrotinkatu (way/62212736:2-4)"),
    "parking_removed": (
        "new: parking removed on Annankatu (way/29064946:0-2 and way/36729011:1-0, one direction): a lane for "
        "everybody instead"
    ),
    "roundabout": (
        "new: roundabout at junction Annankatu / Bulevardi (node/25291565): a ring of 28 m with 1 lane, 30 km/h, "
        "in place of signals"
    ),
    "signal_added": ("new: signals put up at junction Fabianinkatu / Yliopistonkatu (node/4435014132)"),
    "signal_removed": ("new: signals removed at junction Annankatu / Bulevardi (node/25291565)"),
    "speed_zone": ('new: speed zone "kaartinkaupunki": 20 km/h on residential streets'),
    "street_opened": ("new: opening of Kluuvikatu (way/19746151): a street for cars from now on, 20 km/h"),
    "street_removed": ("new: Fabianinkatu (way/28321714:1-0 and way/4243036:7-8, both directions) removed"),
    "turn_allowed": (
        "new: turn from Bulevardi (way/217644146:0-2, one direction) into Yrjönkatu (way/233999572:2-0, one "
        "direction) allowed"
    ),
    "turn_ban": ("new: turn from Mannerheimintie (way/45150439:0-4) into Simonkatu (way/28583925:0-2) banned"),
    "turn_pocket": (
        "new: turn pocket on Bulevardi (way/30903129:0-2 and way/76334538:1-0, one direction): 30 m before its end, "
        "at the middle"
    ),
    "two_way": ("new: Unioninkatu (way/26427639:0-2 and way/38156033:0-2) opened in both directions"),
}


def test_there_is_one_for_every_kind() -> None:
    union, _ = get_args(StreetChange)
    kinds = {get_args(model.model_fields["kind"].annotation)[0] for model in get_args(union)}
    plans = {name: load_scenario(f"helsinki/{name}") for name in PLANS}
    assert {change.kind for plan in plans.values() for change in plan.streets} == kinds
    bundled = [name for name in bundled_scenarios() if name.startswith("helsinki") and load_scenario(name).streets]
    assert bundled == [f"helsinki/{n}" for n in sorted(PLANS)]


@pytest.fixture(scope="module")
def base() -> tuple[RoadNetwork, TripTable]:
    scenario = load_scenario("helsinki/morning")
    network = planned_streets(scenario)
    return network, build_trips(scenario.model_copy(update={"duration_s": SHORT_S}), network)


@pytest.mark.parametrize("name", PLANS)
def test_each_reads_well_keeps_the_laws_and_runs(name: str, base: tuple[RoadNetwork, TripTable]) -> None:
    assert describe(check_scenario(f"helsinki/{name}")) == "No problems found."
    _, told = diff_files("helsinki/morning", f"helsinki/{name}").differences
    assert told.text == PLANS[name]
    whole = load_scenario(f"helsinki/{name}")
    network = planned_streets(whole)  # for two hours, as it was read for the check: from the cache
    check_network(network)
    scenario = whole.model_copy(update={"duration_s": SHORT_S})
    trips = build_trips(scenario, network)
    assert trips.id == base[1].id
    np.testing.assert_array_equal(trips.depart_s, base[1].depart_s)
    simulation = Simulation(scenario, network, trips)
    simulation.run()
    summary = summarise(simulation, setup_s=0.0, loop_s=0.0)
    there = summary["arrived"] + summary["active"] + summary["waiting"] + summary["stuck"]
    assert summary["created"] == there == len(trips)
    assert summary["active"] > 20 and summary["stuck"] == 0


def test_the_documentation_shows_what_is_bundled() -> None:
    blocks = re.findall(r"```yaml\n(streets:.*?)```", (DOCS / "plans.md").read_text(encoding="utf-8"), re.DOTALL)
    bundled = [(LIBRARY / f"helsinki/{name}.yaml").read_text(encoding="utf-8") for name in PLANS]
    assert len(blocks) == len(PLANS)
    assert all(any(text.endswith(block) for text in bundled) for block in blocks)


def test_the_smallest_ring_passes_traffic() -> None:
    graph = crossing({name: {"road_class": "secondary"} for name in "enws"}, spec={"signalised": True}, arm_m=300)
    network = build_network(changed(graph, change("roundabout", junction="x", diameter_m=23)))
    rng = np.random.default_rng(1)
    rows = [
        (f"{arm}{number}", float(t), into(arm), out_to(str(rng.choice([other for other in "enws" if other != arm]))))
        for arm in "enws"
        for number, t in enumerate(np.sort(rng.uniform(0, 600, 50)))  # 300 an hour from each
    ]
    simulation = simulate(network, rows, duration_s=900)
    simulation.run()
    summary = summarise(simulation, setup_s=0.0, loop_s=0.0)
    assert summary["arrived"] == 200
    assert summary["mean_delay_s"] < 25  # 11 s here; 170 where one vehicle fits between two arms
