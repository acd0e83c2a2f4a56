"""The crowd monitor: density, speed, pressure, alarms that hold and are lifted, and what is about to come."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from rooms import STRAIGHT
from traffic_case import write_scenario

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_start import fill
from citytwin.scenarios.crowd_monitor import CrowdMonitor
from citytwin.sim.crowd_monitor import LEVELS, Monitor, Places
from citytwin.sim.crowd_sights import Squares
from citytwin.sim.run import run_scenario
from citytwin.sim.run_folder import read_run

FOUR = Places(
    unit=("square",), unit_row=np.zeros(4, np.int64), x_m=np.arange(4.0), y_m=np.zeros(4), area_m2=np.full(4, 4.0)
)


def told(monitor: Monitor, per_m2: float, intervals: int, *, speed_mps: float = 0.6, places: int = 4) -> list[str]:
    """Levels that alarms went to while some of four places of 4 m² were so dense for intervals of 10 s."""
    levels = []
    people = np.where(np.arange(4) < places, 4.0 * per_m2, 0.0)
    for _ in range(intervals):
        for _ in range(10):
            monitor.sample(people, people * speed_mps, np.zeros(4), people * speed_mps)
        levels += [alarm.level for alarm in monitor.close_interval()]
    return levels


def test_an_alarm_is_raised_after_30_s_and_lifted_below_nine_tenths():
    monitor = Monitor(FOUR, CrowdMonitor())
    assert told(monitor, 2.5, 2) == []
    assert told(monitor, 2.5, 1) == ["watch"]
    assert told(monitor, 1.9, 9) == []  # above 1.8
    assert told(monitor, 1.7, 2) == []
    assert told(monitor, 1.7, 1) == ["none"]
    assert monitor.raised.tolist() == [0, 1, 0, 0]


def test_a_short_peak_or_a_small_place_raises_none():
    monitor = Monitor(FOUR, CrowdMonitor())
    for _ in range(3):
        assert told(monitor, 6.0, 2) == [] and told(monitor, 0.5, 1) == []
    assert told(monitor, 6.0, 9, places=2) == []  # 8 m²
    assert told(monitor, 6.0, 9, places=3) == ["red"]


def test_people_who_stand_have_levels_of_their_own():
    assert told(Monitor(FOUR, CrowdMonitor()), 4.0, 3) == ["amber"]
    assert told(Monitor(FOUR, CrowdMonitor()), 4.0, 3, speed_mps=0.1) == ["watch"]


def test_amber_is_raised_before_it_is_reached():
    """0.1 per m² and 10 s more each interval: from 2.0 the 3.5 per m² are 150 s away."""
    monitor = Monitor(FOUR, CrowdMonitor())
    levels = [told(monitor, 1.5 + 0.1 * step, 1) for step in range(9)]
    assert levels[:7] == [[]] * 7
    assert levels[7] == ["amber"]  # 2.0, 2.1 and 2.2 per m² have held
    assert monitor.now[5] == pytest.approx((3.5 - 2.3) / 0.01)
    assert not told(Monitor(FOUR, CrowdMonitor(ahead_s=0)), 2.2, 2)


def test_pressure_is_density_times_the_variance_of_velocity():
    monitor = Monitor(FOUR, CrowdMonitor())
    people = np.full(4, 10.0)
    for look in range(10):
        speed = 0.4 + (0.2 if look % 2 else -0.2)
        monitor.sample(people, people * speed, np.zeros(4), people * speed)
    monitor.close_interval()
    assert monitor.now[3] == pytest.approx(2.5 * 0.04)
    assert [LEVELS[int(level)] for level in monitor.now[4]] == ["red"] * 4


def test_squares_of_a_crowd_in_the_plane():
    hall = shapely.box(0, 0, 8, 5)
    crowd = Crowd(hall, {"door": STRAIGHT.door((8, 2), (8, 3), per_s=0.2)})
    fill(crowd, hall, 120, "door")
    squares = Squares("hall", crowd)
    monitor = Monitor(squares.places, CrowdMonitor(hold_s=10))
    assert squares.places.area_m2.sum() == pytest.approx(40.0)
    levels = []
    for _ in range(6):
        for _ in range(10):
            crowd.advance(10)
            squares.look(monitor)
        levels += [alarm.level for alarm in monitor.close_interval()]
    assert monitor.now[6].sum() == pytest.approx(crowd.inside.size, abs=4)
    assert "amber" in levels  # and before it perhaps red, by the pressure of those who find their places


def test_a_run_has_a_table_and_alarms_in_its_events(tmp_path):
    """People who come out of one place in a rush, watched at levels that they reach."""
    low = {"watch": 0.02, "amber": 3, "red": 5}
    settings = {"least_per_m2": 0.001, "moving": low, "standing": low, "hold_s": 20}
    walks = [{"kind": "random_trips", "per_hour": 12_000, "min_distance_m": 100, "end_s": 90}]
    path = write_scenario(tmp_path, duration_s=120, walks=walks, demand=[], crowd_monitor=settings)
    run_scenario(path, tmp_path / "run")
    run = read_run(tmp_path / "run")
    assert set(run.crowd["interval_end_s"] - run.crowd["interval_start_s"]) == {10.0}
    last = run.crowd[run.crowd["interval_end_s"] == 120.0]
    assert last["people"].sum() == pytest.approx(run.summary["walking"]["walking"], rel=0.1)
    assert set(run.crowd["where"]) <= set(run.walk_streets["link"])
    alarms = run.table("events").query("kind == 'crowd'")
    assert len(alarms) >= run.summary["crowd_alarms"]["watch"] > 0
    assert alarms["text"].str.contains("people per m²|room again").all()
