"""A run taken up from a snapshot goes on to the last bit as if nothing had been."""

from __future__ import annotations

import numpy as np
import pytest
from restart_case import end_of, simulation_of, write_busy_town

from citytwin.agents.remembering import Remembers, kept
from citytwin.agents.vehicle import Vehicle
from citytwin.scenarios.events import RoadClosure
from citytwin.sim.duties import Duty
from citytwin.sim.snapshot import SnapshotError, read_snapshot, restore, take, write_snapshot

MOMENTS_S = (0, 41, 100, 163, 299, 401, 479)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_busy_town(tmp_path_factory.mktemp("town"))


@pytest.fixture(scope="module")
def whole(town, tmp_path_factory):
    """How a run ends that was never stopped, with snapshots in files of some of its moments."""
    folder = tmp_path_factory.mktemp("snapshots")
    alone = simulation_of(town)
    alone.run()
    simulation, files = simulation_of(town), []
    for moment_s in MOMENTS_S:
        simulation.run(moment_s)
        files.append(folder / f"{moment_s}.npz")
        write_snapshot(files[-1], take(simulation), {"seed": 3})
    simulation.run()
    assert end_of(simulation) == end_of(alone), "taking snapshots changes nothing"
    return end_of(alone), files


def test_everything_happens_that_has_to_be_kept(town, whole):
    end, files = whole
    kinds = {entry.kind for entry in end[2]}
    assert {"road_closure", "speed_limit", "signal_plan", "incident", "toll"} <= kinds
    assert {"plate_restriction", "slow_zone", "cancelled_walks"} <= kinds
    assert [row.what for row in end[10]] == ["raised", "lowered", "raised", "stale"]
    assert np.sum(end[4]) > 0 and len(end[5]) > 3
    state = read_snapshot(files[4])[0].parts
    assert len(state["duties"]["known"]["controller of " + "node/12"]["_controller"]["log"]) > 30


def test_a_new_run_goes_on_from_any_snapshot_as_the_old_one(town, whole):
    end, files = whole
    simulation = simulation_of(town)
    for file in (*files, files[2]):  # forwards and back
        snapshot, facts = read_snapshot(file)
        restore(simulation, snapshot)
        assert simulation.t_s == snapshot.t_s and facts == {"seed": 3}
        again = take(simulation)
        np.testing.assert_equal(again.parts, snapshot.parts)
        simulation.run()
        assert end_of(simulation) == end


def test_a_run_goes_back_from_the_middle_of_things(town, whole):
    end, files = whole
    simulation = simulation_of(town)
    simulation.run(230)
    restore(simulation, read_snapshot(files[0])[0])
    simulation.run()
    assert end_of(simulation) == end


def test_what_was_added_to_a_run_is_in_its_snapshots_and_gone_from_earlier_ones(town, whole, tmp_path):
    end, _ = whole
    simulation = simulation_of(town)
    simulation.run(120)
    before = take(simulation)
    link = simulation.model.network.links.id[20]
    closure = RoadClosure(kind="road_closure", link=link, start_s=150, end_s=260, known_to="broadcast")
    simulation.events.add(closure)
    simulation.run(200)
    write_snapshot(tmp_path / "added.npz", take(simulation), {})
    simulation.run()
    with_closure = end_of(simulation)
    assert with_closure != end
    other = simulation_of(town)
    restore(other, read_snapshot(tmp_path / "added.npz")[0])
    other.run()
    assert end_of(other) == with_closure
    restore(simulation, before)
    simulation.run()
    assert end_of(simulation) == end


def test_an_event_in_the_past_is_refused(town):
    simulation = simulation_of(town)
    simulation.run(60)
    with pytest.raises(ValueError, match="begins at 50 s, and it is 60 s already"):
        simulation.events.add(RoadClosure(kind="road_closure", link="any", start_s=50))


class Wanderer(Vehicle):
    """Takes the route it is offered, and throws dice that it remembers."""

    def __init__(self, model, row):
        super().__init__(model, row)
        self.dice = []

    def choose_route(self, proposed):
        self.dice.append(self.model.random.random())
        return proposed


def test_vehicles_of_another_class_know_what_they_knew(town, whole):
    first = simulation_of(town, vehicle_type=Wanderer)
    first.run(200)
    snapshot = take(first)
    first.run(400)
    other = simulation_of(town, vehicle_type=Wanderer)
    restore(other, snapshot)
    other.run(400)
    assert [view.dice for view in other.model._views.values()] == [view.dice for view in first.model._views.values()]
    assert sum(len(view.dice) for view in other.model._views.values()) > 100


class Forgetful(Remembers):
    KEEPS = ("friend",)

    def __init__(self):
        self.friend = {object()}


def test_what_cannot_be_kept_is_named(town):
    simulation = simulation_of(town)
    simulation.remember("forgetful", Forgetful())
    with pytest.raises(SnapshotError, match="in forgetful, a set cannot be kept"):
        take(simulation)
    with pytest.raises(ValueError, match="two parts called 'forgetful'"):
        simulation.remember("forgetful", Forgetful())


def test_values_come_back_as_they_were(tmp_path, town):
    simulation = simulation_of(town)
    snapshot = take(simulation)
    value = {"$odd": 1, "by row": {3: "three"}, "numbers": [float("nan"), float("inf"), 1e-300, 0.1 + 0.2], "no": None}
    snapshot.parts["odd"] = kept(value)
    write_snapshot(tmp_path / "odd.npz", snapshot, {})
    np.testing.assert_equal(read_snapshot(tmp_path / "odd.npz")[0].parts["odd"], value)


def test_a_snapshot_of_another_run_is_refused(town, whole, tmp_path):
    other = simulation_of(write_busy_town(tmp_path, walks=[], crowd_monitor=None, measures=[]))
    with pytest.raises(SnapshotError, match="another run: only one of the two has walking"):
        restore(other, read_snapshot(whole[1][1])[0])
    more = write_busy_town(tmp_path, demand=[{"kind": "random_trips", "per_hour": 2500, "min_distance_m": 200}])
    with pytest.raises(SnapshotError, match="another run: in fleet, vehicle_f has the shape"):
        restore(simulation_of(more), read_snapshot(whole[1][1])[0])


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "older"])
def test_a_damaged_snapshot_says_so(whole, tmp_path, damage):
    content = bytearray(whole[1][2].read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    if damage == "older":
        content = content.replace(b'{"format": 3', b'{"format": 0')
    content = {"cut": content[: len(content) // 2], "empty": b"", "text": b"hello"}.get(damage, content)
    (tmp_path / "damaged.npz").write_bytes(content)
    with pytest.raises(SnapshotError, match=r"damaged\.npz  is damaged \(.*\)\. Take an earlier one"):
        read_snapshot(tmp_path / "damaged.npz")
    with pytest.raises(SnapshotError, match="no such snapshot"):
        read_snapshot(tmp_path / "none.npz")


def test_a_snapshot_of_another_format_is_refused(whole, monkeypatch):
    monkeypatch.setattr("citytwin.sim.snapshot.FORMAT", 99)
    with pytest.raises(SnapshotError, match="is a snapshot of format 3, and this version reads 99"):
        read_snapshot(whole[1][1])


class Ticks(Duty):
    KEEPS = ("left",)

    def __init__(self, name, seen):
        self.name, self._seen, self.left = name, seen, 3

    def act(self, simulation):
        self._seen.append((simulation.env.now, self.name))
        self.left -= 1
        return 0.1 if self.left else None


def test_duties_at_one_time_keep_their_order(town):
    simulation, seen = simulation_of(town), []
    for name in ("c", "a", "b"):
        simulation.duties.begin(Ticks(name, seen), 10.0)
    simulation.run(0)
    with pytest.raises(ValueError, match="two duties called 'a'"):
        simulation.duties.begin(Ticks("a", seen), 1.0)
    before = take(simulation)
    simulation.run(20)
    first = list(seen)
    seen.clear()
    restore(simulation, before)
    simulation.run(20)
    assert seen == first and [name for _, name in first] == ["c", "a", "b"] * 3
