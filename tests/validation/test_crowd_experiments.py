"""Laboratory experiments against people in the plane: the diagrams of speed and density, and bottlenecks."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import shapely
from rooms import STRAIGHT, flow_through, room_with_passage

from citytwin.agents.crowd import Crowd
from citytwin.agents.crowd_space import Door, build_space
from citytwin.agents.crowd_start import fill, places_in, speeds

RING_M = 26.0
# Width of the corridor, m, and how fast people walk with nobody around, mean and spread: the emptiest bin of the table.
EXPERIMENTS = {
    "singlefile_fd_binned.csv": (0.5, 1.169, 0.118),
    "unidir_closed_1p8m_fd_binned.csv": (1.8, 1.108, 0.083),
    "unidir_open_corridor_fd_binned.csv": (1.8, 1.489, 0.151),
    "corner_eo_2p4m_fd_binned.csv": (2.4, 1.451, 0.141),
}


@pytest.fixture(scope="module")
def tables(request: pytest.FixtureRequest) -> Path:
    return Path(request.getfixturevalue("data")) / "pedestrian"


def rows_of(file: Path) -> list[dict[str, float]]:
    with file.open(newline="") as lines:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]


def ring_speed(width_m: float, count: int, mean_mps: float, sd_mps: float) -> float:
    """Mean speed of people in a corridor without an end, m/s."""
    crowd = Crowd(shapely.box(0, 0, RING_M, width_m), {}, period_m=RING_M)
    desired = speeds(count, mean_mps=mean_mps, sd_mps=sd_mps)
    if width_m < 1.0:
        crowd.add(np.arange(count) * RING_M / count, width_m / 2, None, speed_mps=desired)
    else:
        body_m, wall_m = crowd.tables.law.body_m, crowd.tables.law.wall_m
        x, y = places_in(shapely.box(0, 0, RING_M, width_m), count, apart_m=body_m, wall_m=wall_m)
        crowd.add(x, y, None, speed_mps=desired)
    crowd.advance(250)
    before = crowd.people.walked_m.copy()
    crowd.advance(150)
    assert crowd.inside.size == count
    return float((crowd.people.walked_m - before).mean()) / 15.0


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_speed_at_each_density(tables, name):
    """In four of five bins with 20 samples the mean lies within 0.1 m/s of the range of 80 % of those measured."""
    width_m, mean_mps, sd_mps = EXPERIMENTS[name]
    bins = [row for row in rows_of(tables / name) if row["n_samples"] >= 20]
    hits = []
    for row in bins:
        density = row.get("rho_mean_per_m2") or row["rho_mean_per_m"]
        area = RING_M * (width_m if "rho_mean_per_m2" in row else 1.0)
        speed = ring_speed(width_m, round(density * area), mean_mps, sd_mps)
        hits.append(row["v_p10"] - 0.10 <= speed <= row["v_p90"] + 0.10)
    assert np.mean(hits) >= 0.8, hits


CORNER_M, LEG_M = 2.4, 8.0
ENTRANCES_M = (0.5, 0.6, 0.8, 1.0, 1.5, 2.4)
CORNER_PLACES = {  # 2 m along the corridor, 1 m from the corner
    "before": shapely.box(LEG_M - 3, -CORNER_M / 2, LEG_M - 1, CORNER_M / 2),
    "behind": shapely.box(LEG_M, CORNER_M / 2 + 1, LEG_M + CORNER_M, CORNER_M / 2 + 3),
}


def through_entrance(width_m: float) -> dict[str, list[tuple[float, float]]]:
    """Density and mean speed, second by second, while 150 people come through an entrance and round a corner.

    As in the experiment (``eo-240-050-240`` and so on, after the widths of corridor and entrance in cm): people wait
    before an entrance, and only what is steady counts, from the fifteenth who is out to the last five who wait.
    """
    room = STRAIGHT.area((-10.5, -4, -0.5, 4))
    boxes = [(-10.5, -4.0, -0.5, 4.0), (-0.5, -width_m / 2, 0.0, width_m / 2)]
    boxes += [(0.0, -CORNER_M / 2, LEG_M + CORNER_M, CORNER_M / 2)]
    boxes += [(LEG_M, -CORNER_M / 2, LEG_M + CORNER_M, CORNER_M / 2 + LEG_M)]
    end_m = CORNER_M / 2 + LEG_M
    crowd = Crowd(STRAIGHT.area(*boxes), {"out": Door((LEG_M, end_m), (LEG_M + CORNER_M, end_m))})
    fill(crowd, room, 150, "out", mean_mps=1.451, sd_mps=0.141)
    seen: dict[str, list[tuple[float, float]]] = {place: [] for place in CORNER_PLACES}
    while crowd.step == 0 or (crowd.people.x_m[crowd.inside] < -0.5).sum() >= 5:
        crowd.advance(10)
        rows, people = crowd.inside, crowd.people
        for name, place in CORNER_PLACES.items():
            there = rows[shapely.contains_xy(place, people.x_m[rows], people.y_m[rows])]
            if crowd.passed("out") >= 15 and there.size > 1:
                speed = float(np.hypot(people.vx_mps[there], people.vy_mps[there]).mean())
                seen[name].append((there.size / place.area, speed))
    return seen


@pytest.fixture(scope="module")
def round_a_corner() -> dict[str, list[tuple[float, float]]]:
    """Density and speed before and behind the corner, with all entrances."""
    runs = [through_entrance(width_m) for width_m in ENTRANCES_M]
    return {place: [pair for run in runs for pair in run[place]] for place in CORNER_PLACES}


@pytest.mark.parametrize("place", CORNER_PLACES)
def test_speed_round_a_corner(tables, round_a_corner, place):
    """As above, in the bins of the corner's table that come about there (ten seconds or more)."""
    density, speed = np.array(round_a_corner[place]).T
    hits, speeds_mps = [], []
    for row in rows_of(tables / "corner_eo_2p4m_fd_binned.csv"):
        own = (density >= row["rho_lo_per_m2"]) & (density < row["rho_hi_per_m2"])
        if row["n_samples"] >= 20 and own.sum() >= 10:
            speeds_mps.append(speed[own].mean())
            hits.append(row["v_p10"] - 0.10 <= speeds_mps[-1] <= row["v_p90"] + 0.10)
    assert len(hits) > 1 and np.mean(hits) >= 0.8, speeds_mps


POPULATIONS = 4


def bottleneck_flow(width_m: float, mean_mps: float, sd_mps: float) -> float:
    """People a second through a passage of 0.2 m from a room that it empties long enough; mean of some populations."""
    across, up, count = (8.0, 6.0, 110) if width_m < 2.3 else (12.0, max(6.0, 2.0 * width_m), 250)
    area, exits, room = room_with_passage(width_m, room=(across, up))
    space, flows = build_space(area, exits), []
    for seed in range(POPULATIONS):
        crowd = Crowd(space)
        fill(crowd, room, count, "out", mean_mps=mean_mps, sd_mps=sd_mps, seed=seed)
        flows.append(flow_through(crowd, across + 0.1))
    return float(np.mean(flows))


def measured(tables: Path) -> dict[float, tuple[float, bool]]:
    """Mean flow by width, 1/s, and whether it is of the campaign whose people walked at 1.49 m/s."""
    flows, hurried = defaultdict(list), defaultdict(bool)
    with (tables / "bottleneck_flow_vs_width.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            flows[float(row["width_m"])].append(float(row["flow_per_s"]))
            hurried[float(row["width_m"])] |= row["experiment"] == "ArenaAO2009"
    return {width: (float(np.mean(values)), hurried[width]) for width, values in sorted(flows.items())}


def test_bottlenecks(tables):
    """Within 25 % of the mean of the experiments at each width."""
    _, *hurry = EXPERIMENTS["unidir_open_corridor_fd_binned.csv"]
    ratios = {
        width: bottleneck_flow(width, *(hurry if hurried else (1.34, 0.26))) / flow
        for width, (flow, hurried) in measured(tables).items()
    }
    assert all(0.75 <= ratio <= 1.25 for ratio in ratios.values()), ratios
