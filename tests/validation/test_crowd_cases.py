"""Published cases for people in the plane: RiMEA, NIST TN 1822, IMO MSC.1/Circ.1533 and those of JuPedSim."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from rooms import STRAIGHT, Laws, Turned, clear, flow_through, room_with_passage
from scipy.stats import chisquare

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_space import build_space
from citytwin.agents.crowd_start import choose_exits, fill, places_in
from citytwin.kernels import crowd_tables as table
from citytwin.kernels.walking_laws import WEIDMANN, speed_ratio

ANGLES = (0.0, 15.0, 45.0, 90.0)
Box = tuple[float, float, float, float]


def corridor_s(speed_mps: float, degrees: float = 0.0) -> float:
    """Time of one person over 40 m, s."""
    turned = Turned(degrees)
    door = turned.door((41, 0), (41, 2))
    crowd = Crowd(turned.area((0, 0, 41, 2)), {"out": door})
    crowd.add(*turned.point(1, 1), "out", speed_mps=speed_mps)
    return clear(crowd)


@pytest.mark.parametrize("degrees", ANGLES)
def test_rimea_01_nist_2_1_imo_1_corridor_and_jps_v2(degrees):
    assert 26.0 <= corridor_s(1.33, degrees) <= 34.0
    assert corridor_s(1.0, degrees) == pytest.approx(40.0, abs=0.5)


def test_rimea_04_diagram():
    """All at 1.34 m/s in a corridor without an end, 26 m by 4 m."""
    speeds = {}
    for per_m2 in (0.5, 1.0, 2.0, 3.0, 4.0, 5.0):
        crowd = Crowd(shapely.box(0, 0, 26, 4), {}, period_m=26.0)
        count = round(per_m2 * 26 * 4)
        x, y = places_in(shapely.box(0.1, 0, 25.9, 4), count, apart_m=crowd.tables.law.body_m, wall_m=0.15)
        crowd.add(x, y, None, speed_mps=1.34)
        crowd.advance(150)
        before = crowd.people.walked_m.copy()
        crowd.advance(200)
        assert crowd.inside.size == count
        speeds[per_m2] = float((crowd.people.walked_m - before).mean()) / 20.0
    assert list(speeds.values()) == sorted(speeds.values(), reverse=True)
    for per_m2 in (0.5, 1.0, 2.0, 3.0):
        assert speeds[per_m2] == pytest.approx(1.34 * speed_ratio(WEIDMANN, per_m2), abs=0.25), per_m2
    flows = {per_m2: per_m2 * speed for per_m2, speed in speeds.items()}
    assert max(flows, key=flows.__getitem__) == 2.0
    assert 1.0 <= flows[2.0] <= 1.6


def test_rimea_05_imo_5_own_start_times():
    crowd = Crowd(shapely.box(0, 0, 8, 5), {"out": Turned().door((8, 2), (8, 3))})
    delays_s = np.arange(10.0, 101.0, 10.0)
    fill(crowd, shapely.box(0, 0, 8, 5), 10, "out")
    crowd.tables.person_f[table.START_S, :10] = delays_s
    clear(crowd)
    assert np.abs(crowd.people.entered_s - delays_s).max() <= 0.1


def turned_times(
    boxes: Sequence[Box], door: tuple[tuple[float, float], tuple[float, float]], where: Box, count: int, apart_m: float
) -> np.ndarray:
    """When the last of the same people is out, s, by population and by the angle of the whole."""
    times = np.empty((6, len(ANGLES)))
    for column, degrees in enumerate(ANGLES):
        turned = Turned(degrees)
        space = build_space(turned.area(*boxes), {"out": turned.door(*door)})
        for seed in range(6):
            crowd, laws = Crowd(space), Laws()
            x, y = places_in(shapely.box(*where), count, apart_m=apart_m, wall_m=0.2, seed=seed)
            crowd.add(*np.transpose([turned.point(*place) for place in zip(x, y, strict=True)]), "out")
            times[seed, column] = clear(crowd, laws if count <= 20 else None)
            assert laws.hold(crowd), (laws.closest_m, laws.into_wall_m)
    return times


def test_rimea_06_nist_2_3_corner_turned():
    """Twenty people round a corner; turned by 15, 45 and 90 degrees the mean of six populations changes by < 2 %."""
    times = turned_times([(0, 0, 12, 2), (10, 0, 12, 12)], ((10, 12), (12, 12)), (0, 0, 6, 2), 20, 0.39)
    assert times.max() < 60.0
    assert times.mean(axis=0).max() / times.mean(axis=0).min() < 1.02


def test_turned_bottleneck():
    """So with 100 people before an opening of 1.2 m."""
    boxes = [(0, 0, 12, 10), (12, 4.4, 12.2, 5.6), (12.2, 0, 16.2, 10)]
    times = turned_times(boxes, ((16.2, 0), (16.2, 10)), (0, 0, 12, 10), 100, 0.45)
    assert times.mean(axis=0).max() / times.mean(axis=0).min() < 1.02


def public_room(open_exits: int) -> float:
    """1000 people leave 30 m by 20 m through some of four doors of 1 m; when the last is out, s."""
    doors = {
        "south west": STRAIGHT.door((4, 0), (5, 0)),
        "north east": STRAIGHT.door((25, 20), (26, 20)),
        "south east": STRAIGHT.door((25, 0), (26, 0)),
        "north west": STRAIGHT.door((4, 20), (5, 20)),
    }
    names = list(doors)[:open_exits]
    crowd = Crowd(shapely.box(0, 0, 30, 20), {name: doors[name] for name in names}, grid_m=0.2)
    fill(crowd, shapely.box(0, 0, 30, 20), 1000, names[0])
    crowd.advance(1)
    for _ in range(5):
        choose_exits(crowd, names)
    while crowd.inside.size:
        crowd.advance(50)
        choose_exits(crowd, names)
        assert crowd.t_s < 600.0
    return float(crowd.people.left_s.max())


def test_rimea_09_imo_9_half_the_exits():
    assert 1.6 <= public_room(2) / public_room(4) <= 2.4


def test_rimea_11_choice_of_exit():
    doors = {"near": STRAIGHT.door((21, 0), (22, 0)), "far": STRAIGHT.door((27, 0), (28, 0))}
    crowd = Crowd(shapely.box(0, 0, 30, 20), doors, grid_m=0.2)
    fill(crowd, shapely.box(0, 0, 20, 20), 1000, "near")
    while not crowd.step or crowd.inside.size:
        crowd.advance(50)
        choose_exits(crowd, ["near", "far"])
        assert crowd.t_s < 900.0
    assert 0.25 <= crowd.passed("far") / 1000 <= 0.5


def through_opening(width_m: float, *, long_m: float = 0.2, goal_m: float | None = None, count: int = 150) -> float:
    """Flow of 150 people through an opening, 1/s; ``goal_m`` behind it they are at their goal."""
    area, exits, _ = room_with_passage(width_m, long_m=long_m, room=(10.0, 10.0))
    if goal_m is not None:
        exits = {"out": STRAIGHT.spot(10.0 + long_m + goal_m + 0.3, 5.0, radius_m=0.3)}
    crowd = Crowd(area, exits)
    fill(crowd, shapely.box(0, 0, 5, 10), count, "out")
    return flow_through(crowd, 10.0 + long_m / 2)


def test_rimea_12a_goal_behind_the_opening():
    """The nearer goal is reached no later, and draws no more than a sixth more people through the opening."""
    flows = [through_opening(1.0, goal_m=goal_m) for goal_m in (0.5, 3.0)]
    assert 1.0 <= flows[0] / flows[1] <= 7 / 6


def test_rimea_12b_12d_length_and_width():
    flows = [through_opening(width_m, long_m=5.0) for width_m in (0.8, 1.0, 1.2)]
    assert flows == sorted(flows)
    assert flows[1] <= through_opening(1.0) * 1.02


@pytest.fixture(scope="module")
def counterflow() -> dict[int, float]:
    """When the last of 100 people has reached the other of two rooms, s, by how many come towards them."""
    times = {}
    for against in (0, 10, 50, 100):
        area = STRAIGHT.area((-10, 0, 0, 10), (0, 4, 10, 6), (10, 0, 20, 10))
        exits = {"right": STRAIGHT.spot(19, 5, radius_m=7.9), "left": STRAIGHT.spot(-9, 5, radius_m=7.9)}
        crowd = Crowd(area, exits)
        fill(crowd, shapely.box(-10, 0, 0, 10), 100, "right")
        if against:
            fill(crowd, shapely.box(10, 0, 20, 10), against, "left", seed=1)
        laws = Laws()
        clear(crowd, laws, until_s=400.0)
        assert laws.hold(crowd), (laws.closest_m, laws.into_wall_m)
        times[against] = float(crowd.people.left_s[:100].max())
    return times


def test_nist_2_8_counterflow(counterflow):
    times = list(counterflow.values())
    assert times == sorted(times)
    assert times[-1] < 2.0 * 136.14  # FDS+Evac


def test_nist_5_1_congestion():
    """Density before the way out of a full room is higher than in the corridor behind, where the flow is steady."""
    area = STRAIGHT.area((0, 0, 8, 5), (8, 1.5, 20, 3.5))
    crowd = Crowd(area, {"out": STRAIGHT.door((20, 1.5), (20, 3.5))})
    fill(crowd, shapely.box(0, 0, 8, 5), 100, "out")
    before, inside = [], []
    while crowd.t_s < 20.0:
        crowd.advance(5)
        rows = crowd.inside
        x, y = crowd.people.x_m[rows], crowd.people.y_m[rows]
        before.append(((x > 6.5) & (x < 8) & (np.abs(y - 2.5) < 1.5)).sum() / 4.5)
        inside.append(((x > 10) & (x < 13)).sum() / 6.0)
    assert max(before) > max(inside)
    assert np.std(inside[20:]) < 0.35 * np.mean(inside[20:])


def test_imo_4_nist_5_2_door_of_1_m_by_the_code():
    """50 populations of 100: the 95th percentile of the flow through a metered door, as the code reckons doors."""
    area = shapely.box(0, 0, 8, 5)
    crowd = Crowd(area, {"out": STRAIGHT.door((8, 2), (8, 3), per_s=1.33)})
    flows = []
    for seed in range(50):
        crowd = Crowd(crowd.space)
        fill(crowd, area, 100, "out", seed=seed)
        last_s = clear(crowd)
        flows.append(100.0 / (last_s - float(crowd.people.left_s.min())))
    assert np.percentile(flows, 95) == pytest.approx(1.33, abs=0.03)


@pytest.mark.parametrize("wide_m, passes", [(3.0, True), (0.5, False)])
def test_jps_v4_v5_somebody_stands_in_the_way(wide_m, passes):
    crowd = Crowd(shapely.box(0, 0, 12, wide_m), {"out": STRAIGHT.door((12, 0), (12, wide_m))})
    crowd.add(2.0, wide_m / 2, "out", speed_mps=1.0)
    crowd.stand(6.0, wide_m / 2)
    laws = Laws()
    for _ in range(60):
        crowd.advance(5)
        laws(crowd)
    assert laws.hold(crowd)
    assert (crowd.people.status[0] == table.LEFT) == passes
    if not passes:
        assert 5.3 < crowd.people.x_m[0] < 6.0


def test_jps_v12_nobody_feels_those_behind_a_wall():
    """Somebody walks along a wall of 0.2 m behind which a crowd stands; without it they walk just so."""
    tracks = []
    for others in (False, True):
        crowd = Crowd(STRAIGHT.area((0, 0, 12, 2), (0, 2.2, 12, 4)), {"out": STRAIGHT.door((12, 0), (12, 2))})
        crowd.add(0.5, 1.6, "out", speed_mps=1.0)
        if others:
            for x in np.arange(1.0, 11.0, 0.5):
                crowd.stand(x, 2.5)
        track = []
        for _ in range(20):
            crowd.advance(5)
            track.append(float(crowd.people.y_m[0]))
        tracks.append(track)
    assert np.abs(np.subtract(*tracks)).max() <= 0.005


def test_jps_v14_places_are_drawn_evenly():
    x, y = places_in(shapely.box(0, 0, 20, 20), 400, apart_m=0.4, wall_m=0.0, seed=3)
    for along in (x, y):
        assert chisquare(np.histogram(along, 10, (0, 20))[0]).pvalue >= 0.1
