"""People walk in the plane in patches of a city: handed over at portals, all of them, and back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from patch_case import square
from rooms import Laws
from traffic_case import write_scenario

from citytwin.kernels import walking_tables as table
from citytwin.scenarios.problems import InputError
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.report import write_report
from citytwin.sim.run import network_of, run_scenario, trips_of, walks_of
from citytwin.sim.run_folder import read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take

KEYS = {
    "duration_s": 400,
    "demand": [],
    "walks": [{"kind": "random_trips", "per_hour": 9000, "min_distance_m": 100, "end_s": 120}],
    "patches": [{"id": "market", "polygon": square(1.5, 1)}, {"id": "gate", "polygon": square(2, 2.5, 0.2)}],
}


def simulation_of(path: Path) -> Simulation:
    scenario = load_scenario(path)
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network), on_foot=walks_of(scenario, network))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenario(tmp_path_factory.mktemp("patches"), **KEYS)


@pytest.fixture(scope="module")
def watched(town):
    """A run in which everything is looked at every five seconds, and a snapshot of its middle."""
    simulation = simulation_of(town)
    walking = simulation.walking
    laws = [Laws() for _ in walking.patches]
    middle = None
    for t_s in range(5, 401, 5):
        simulation.run(float(t_s))
        people = walking.walkers.people
        in_patch = (people.status[0] == table.IN_PATCH).sum()
        assert in_patch == sum(patch.inside for patch in walking.patches)
        assert all(patch.entered == patch.left + patch.inside for patch in walking.patches)
        cells = walking.walkers.walks.cell_i[0, table.COUNT].sum()
        assert cells == np.isin(people.status[0], (table.WALKING, table.QUEUED)).sum()
        assert cells == walking.walkers.walks.counter[0, table.OUT]
        for law, patch in zip(laws, walking.patches, strict=True):
            law(patch.crowd)
            assert law.hold(patch.crowd), (patch.name, law.closest_m, law.into_wall_m)
        if t_s == 100:
            middle = take(simulation)
    return simulation, middle


def test_people_come_and_go_through_patches(watched):
    walking = watched[0].walking
    for patch in walking.patches:
        assert patch.left > 10, patch.name
    arrived = walking.walkers.people.status[0] == table.ARRIVED
    assert arrived.sum() > 0.6 * arrived.size


def test_a_way_through_a_patch_takes_about_as_long_as_along_links(watched, tmp_path):
    """The same people need the same time within 2 %."""
    plain = simulation_of(write_scenario(tmp_path, **{key: value for key, value in KEYS.items() if key != "patches"}))
    plain.run()
    with_patches, without = watched[0].walking.walkers.people, plain.walking.walkers.people
    both = (with_patches.status[0] == table.ARRIVED) & (without.status[0] == table.ARRIVED)
    took = [(people.arrived_s - people.depart_s)[0, both].mean() for people in (with_patches, without)]
    assert took[0] == pytest.approx(took[1], rel=0.02)


def test_a_run_goes_on_from_a_snapshot_with_people_in_patches(watched, town):
    simulation, middle = watched
    assert middle is not None
    again = simulation_of(town)
    restore(again, middle)
    again.run()
    for one, other in zip(again.walking.patches, simulation.walking.patches, strict=True):
        assert one.crowd.state_hash() == other.crowd.state_hash()
    assert again.walking.walkers.state_hash() == simulation.walking.walkers.state_hash()


def test_the_run_folder_tells_of_patches(town, tmp_path):
    path = write_scenario(tmp_path, **KEYS, crowd_monitor={"least_per_m2": 0.01})
    run_scenario(path, tmp_path / "run")
    run = read_run(tmp_path / "run")
    facts = run.summary["walking"]
    assert sum(facts[part] for part in ("pending", "waiting", "walking", "arrived", "no_route")) == facts["walks"]
    assert set(facts["patches"]) == {"market", "gate"}
    assert {"market", "gate"} <= set(run.crowd["where"])
    squares = run.table("patch_squares")
    assert set(squares["interval_end_s"]) == {300.0, 400.0} and set(squares["patch"]) == {"market", "gate"}
    assert (squares["level_of_service"] == "A").all() and (squares["density_per_m2"] <= 1 / 3.25).all()
    watched = run.crowd[run.crowd["where"].isin(["market", "gate"])]
    seen = watched["people"] * (watched["interval_end_s"] - watched["interval_start_s"])
    there = 4.0 * squares["density_per_m2"] * (squares["interval_end_s"] - squares["interval_start_s"])
    assert seen.sum() == pytest.approx(there.sum(), rel=0.1)  # the monitor leaves out places that are nearly empty
    page = write_report(run.folder).read_text()
    assert "In “market” it is densest from 07:0" in page and 'id="patch1-' in page


@pytest.mark.parametrize(
    "patches, more, text",
    [
        ([square(1.5, 1), square(1.6, 1)], {}, 'overlaps patch "a". Patches lie apart.'),
        (
            [square(1.5, 1.5, 0.1)],
            {},
            "no link that people walk on enters it. Draw it where `citytwin network FILE --walk --map` shows some.",
        ),
    ],
)
def test_patches_that_cannot_be(tmp_path, patches, more, text):
    named = [{"id": name, "polygon": polygon} for name, polygon in zip("ab", patches, strict=False)]
    path = write_scenario(tmp_path, **(KEYS | {"patches": named} | more))
    scenario = load_scenario(path)
    with pytest.raises(InputError) as caught:
        walks_of(scenario, network_of(scenario))
    assert [problem.text for problem in caught.value.problems] == [text]
    assert caught.value.problems[0].key.startswith("patches")


def test_where_it_becomes_dense_people_walk_in_the_plane_and_the_run_says_so(tmp_path):
    walks = [{"kind": "random_trips", "per_hour": 12_000, "min_distance_m": 100, "end_s": 90}]
    keys = {"demand": [], "duration_s": 150, "walks": walks, "walking": {"patches_above_per_m2": 0.03}}
    keys["crowd_monitor"] = {"least_per_m2": 0.001}
    path = write_scenario(tmp_path, **keys)
    run_scenario(path, tmp_path / "run")
    run = read_run(tmp_path / "run")
    dense = run.summary["walking"]["dense_patches"]
    assert dense["squares_that_became_dense"] >= dense["most_squares_at_once"] > 0
    assert dense["inside"] > 10 and dense["person_h"] > 0.1
    told = run.table("events").query("kind == 'dense_patch'")
    assert set(told["where"]) <= set(run.walk_streets["link"]) and told["text"].str.contains("in the plane").any()
    last = run.crowd[run.crowd["interval_end_s"] == 150.0]
    assert last["people"].sum() == pytest.approx(run.summary["walking"]["walking"], rel=0.1)
    whole = simulation_of(path)
    whole.run(100.0)
    middle = take(whole)
    whole.run()
    assert len(middle.parts["dense patches"]["patches"]) > 0
    again = simulation_of(path)
    restore(again, middle)
    again.run()
    assert again.walking.walkers.state_hash() == whole.walking.walkers.state_hash()
    assert again.walking.walkers.state_hash() == run.summary["walking"]["state_hash"]
