"""Comparisons of people who know the streets: what a plan changes for good, and what surprises them on the day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from comparison_case import CLOSED, Stages
from traffic_case import write_scenario

from citytwin.scenarios.problems import InputError
from citytwin.sim.compare import Comparison, compare
from citytwin.sim.report.comparison_words import sentences

SEEDS = 2
SHUT = f'{{kind: road_closure, links: ["{CLOSED}"], start_s: '


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A town whose people know it, the same with a street closed for a while, and with it gone."""
    folder = tmp_path_factory.mktemp("town")
    base = write_scenario(folder, duration_s=300, routes={"choice": "equilibrium", "iterations": 2, "gap": 0.001})
    (folder / "surprise.yaml").write_text(f"base: town.yaml\nname: Surprise\nevents: [{SHUT}60, end_s: 240}}]\n")
    (folder / "gone.yaml").write_text(f"base: town.yaml\nname: Gone\nevents: [{SHUT}0}}]\n")
    return [base, folder / "surprise.yaml", folder / "gone.yaml"]


@pytest.fixture(scope="module")
def said() -> Stages:
    return Stages()


@pytest.fixture(scope="module")
def found(plans: list[Path], said: Stages, tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    return compare(plans, seeds=SEEDS, out=tmp_path_factory.mktemp("out") / "comparison", progress=said)


def iterations(stages: Stages) -> list[str]:
    return [text for text in stages.said if "routes: iteration" in text]


def test_routes_are_found_once_for_streets_that_are_the_same_every_day(found, said) -> None:
    assert len(list((found.folder / "routes").glob("*.npz"))) == 2
    assert [text.split(":")[0] for text in iterations(said)] == ["Town", "Town", "Gone", "Gone"]
    base, surprise, gone = found.plans
    assert np.array_equal(base.trips.route_link, surprise.trips.route_link)
    assert not np.array_equal(base.trips.route_link, gone.trips.route_link)


def test_who_knows_that_a_street_is_gone_does_not_come_near_it(found) -> None:
    base, _, gone = found.plans
    shut = gone.network.link_row[CLOSED]
    assert shut in base.trips.route_link
    ends = [gone.trips.origin_link, gone.trips.destination_link]
    through = [
        trip
        for trip in range(len(gone.trips))
        if shut in gone.trips.route(trip) and shut not in (e[trip] for e in ends)
    ]
    assert not through
    drove = [stack.entered_veh[:, shut].sum() for stack in found.stacks]
    assert drove[2] < drove[0]


def test_it_is_told_how_routes_were_chosen(found) -> None:
    told = found.summary()["routes"]
    assert {facts["route_choice"] for facts in told.values()} == {"equilibrium"}
    gaps = [plan.settled.chosen.relative_gap for plan in found.plans]
    assert [facts["relative_gap"] for facts in told.values()] == gaps
    assert (found.folder / "equilibrium.csv").is_file()
    assert found.equilibrium["scenario"].unique().tolist() == [plan.key for plan in found.plans]
    surprise, gone = (sentences(found, plan.key)[-1] for plan in found.plans[1:])
    for text in (surprise, gone):
        assert text.startswith("Routes: drivers know the streets (user equilibrium, relative gap ")
    assert "what holds for a part of the run only finds them unprepared." in surprise
    assert "with the plan). A difference of less than about " in gone
    assert gone.endswith(" a trip may come of routes that have not quite settled.")
    assert gone in found.write_report().read_text(encoding="utf-8")


def test_going_on_does_nothing_twice_and_damage_is_mended(found, plans) -> None:
    again = Stages()
    hashes = found.summary()["state_hashes"]
    compare(plans, seeds=SEEDS, out=found.folder, resume=True, progress=again)
    assert not iterations(again)
    kept = sorted((found.folder / "routes").glob("*.npz"))
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    mended = compare(plans, seeds=SEEDS, out=found.folder, resume=True, progress=again)
    assert len(iterations(again)) == 2
    assert mended.summary()["state_hashes"] == hashes
    assert [plan.settled.iterations for plan in mended.plans] == [plan.settled.iterations for plan in found.plans]


def test_people_who_know_are_not_compared_with_people_who_do_not(plans) -> None:
    other = plans[0].parent / "other.yaml"
    other.write_text("base: town.yaml\nroutes: {choice: known, iterations: null, gap: null}\n")
    with pytest.raises(InputError) as raised:
        compare([plans[0], other], seeds=SEEDS)
    (problem,) = raised.value.problems
    assert str(problem) == (
        f'{other}:2  routes.choice = "known"  must be that of {plans[0]} (equilibrium): else people would know the '
        "streets of one and be new to those of the other. Leave it out and inherit it, or give both the same."
    )
