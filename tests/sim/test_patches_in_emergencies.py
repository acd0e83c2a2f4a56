"""In patches people are told to leave, slowed down, held up, hurt and turned round as on links; nobody is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evacuation_case import corner, rescue_of
from patch_case import square
from rooms import Laws

from citytwin.agents.evacuation import ON_FOOT
from citytwin.kernels import crowd_tables
from citytwin.kernels import walking_tables as table
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import restore, take

PATCHES = [{"id": "market", "polygon": square(1.5, 1, 0.25)}, {"id": "gate", "polygon": square(2, 2, 0.15)}]
AT_ONCE = {"channels": [], "shadow": None, "preparation": {"kind": "uniform", "least_s": 0, "most_s": 60}}
ON_FEET = AT_ONCE | {"modes": {}, "groups": [], "exits": []}


def water(folder: Path, *stages: tuple[float, list[list[float]], float]) -> dict[str, Any]:
    """A flood of these times (s), areas and depths (m)."""
    features = [
        {
            "type": "Feature",
            "properties": {"t_s": t_s, "depth_m": depth_m},
            "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]},
        }
        for t_s, ring, depth_m in stages
    ]
    (folder / "water.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return {"id": "river", "kind": "flood", "file": "water.geojson", "every_s": 10}


def town(folder: Path, *, hazards: list[dict[str, Any]], **keys: Any) -> Simulation:
    scenario = {"patches": PATCHES, "hazards": hazards, "duration_s": 1200}
    return rescue_of(folder, scenario=scenario, **keys)


def lawful(simulation: Simulation, population: int) -> None:
    """Everybody is in one count, of the evacuation, of the cells and of the patches."""
    walkers = simulation.model.walkers
    counts = simulation.rescue.census()
    assert sum(counts.values()) == population, counts
    inside = [visit.walker for patch in walkers.patches for visit in patch.visits.values()]
    status, cell = walkers.people.status[0], walkers.people.cell[0]
    lying = [walk for walk in inside if status[walk] == table.INCAPACITATED]
    assert len(inside) == len(set(inside)) == (status == table.IN_PATCH).sum() + len(lying)
    assert all(patch.entered == patch.left + patch.inside for patch in walkers.patches)
    out = np.isin(status, (table.WALKING, table.QUEUED, table.INCAPACITATED)) & (cell >= 0)
    assert walkers.walks.cell_i[0, table.COUNT].sum() == out.sum() == walkers.walks.counter[0, table.OUT]
    wanted = walkers.walks.cell_i[0, table.WANTED]
    assert (wanted >= 0).all() and wanted.sum() == (status == table.QUEUED).sum()


@pytest.mark.parametrize("chance", range(2))
def test_nobody_is_lost_in_patches_whatever_comes(chance, tmp_path):
    """Orders, shelters that fill, water that rises and an area that is closed, all at random."""
    draw = np.random.default_rng(chance)
    orders = [{"zones": [zone], "start_s": float(draw.integers(0, 120))} for zone in ("west", "east")]
    shelters = [
        {"id": f"shelter {row}", "at": corner(*place), "capacity": int(draw.integers(5, 80)), "announced_after_s": 10}
        for row, place in enumerate([(2, 2), (1.5, 1), (3, 3)])
    ]
    first = float(draw.integers(60, 200))
    west = [corner(1.2, 0.6), corner(1.5, 0.6), corner(1.5, 1.6), corner(1.2, 1.6)]
    rises = water(tmp_path, (first, west, 0.1), (first + 60, west, float(draw.uniform(0.5, 1.3))), (400, west, 0.1))
    blocked = {"kind": "blocked_area", "polygon": square(2, 2, 0.2), "start_s": 150, "end_s": 350, "every_s": 10}
    hazards = [rises, blocked | {"known_to": str(draw.choice(["sight", "broadcast"]))}]
    simulation = town(tmp_path, hazards=hazards, **(AT_ONCE | {"orders": orders, "shelters": shelters, "exits": []}))
    laws, middle = [Laws() for _ in PATCHES], None
    for t_s in range(10, 501, 10):
        simulation.run(float(t_s))
        lawful(simulation, 240)
        for law, patch in zip(laws, simulation.walking.patches, strict=True):
            law(patch.crowd)
            assert law.hold(patch.crowd), (patch.name, law.closest_m, law.into_wall_m)
        if t_s == 240:
            middle = take(simulation)
    assert sum(patch.left for patch in simulation.walking.patches) > 50
    whole = simulation.walking.walkers.state_hash(), [patch.crowd.state_hash() for patch in simulation.walking.patches]
    assert middle is not None
    restore(simulation, middle)
    simulation.run(500.0)
    again = simulation.walking.walkers.state_hash(), [patch.crowd.state_hash() for patch in simulation.walking.patches]
    assert again == whole


def test_who_walks_in_a_patch_turns_to_another_shelter_when_theirs_is_announced_as_full(tmp_path):
    hall = {"id": "hall", "at": corner(3, 1), "capacity": 2, "announced_after_s": 0.0}
    orders = [{"zones": ["west"], "start_s": 10.0}]
    simulation = town(
        tmp_path, hazards=[], orders=orders, shelters=[hall, {"id": "park", "at": corner(0, 3)}], **ON_FEET
    )
    rescue = simulation.rescue
    while not rescue.evacuees.announced[0] and simulation.t_s < 590:
        inside = {visit.walker for visit in simulation.walking.patches[0].visits.values()}
        going = np.flatnonzero((rescue.evacuees.doing == ON_FOOT) & (rescue.evacuees.haven == 0))
        going = [person for person in going.tolist() if int(rescue.evacuees.walk_row[person]) in inside]
        simulation.run(simulation.t_s + 1.0)
    still = {visit.walker for visit in simulation.walking.patches[0].visits.values()}
    turned = [person for person in going if int(rescue.evacuees.walk_row[person]) in still]
    assert turned and (rescue.evacuees.haven[turned] == 1).all()
    simulation.run()
    lawful(simulation, 200)
    assert rescue.evacuees.occupancy[0] == 2 and np.isfinite(rescue.evacuees.safe_s[turned]).all()


def test_water_in_a_patch_slows_then_holds_then_lets_go_and_at_last_harms(tmp_path):
    whole = square(1.5, 1, 0.45)
    stages = [(100, 0.4), (160, 0.4), (161, 0.8), (220, 0.8), (221, 0.0), (269, 0.0), (270, 1.4)]
    rises = water(tmp_path, *((t_s, whole, depth_m) for t_s, depth_m in stages))
    orders = [{"zones": ["west"], "start_s": 20.0}]
    park = {"id": "park", "at": corner(3, 1)}
    simulation = town(tmp_path, hazards=[rises], orders=orders, shelters=[park], **ON_FEET)
    market, felt = simulation.walking.patches[0], simulation.hazards.hazards.on_foot
    simulation.run(130.0)
    rows, walks, _ = market.rows_and_cells()
    own_mps = simulation.model.walkers.people.speed_mps[0, walks]
    assert rows.size > 3 and market.crowd.people.desired_mps[rows] == pytest.approx(own_mps * 0.583 ** (0.4 / 0.35))
    simulation.run(180.0)
    held = [row for row in market.visits if market.crowd.people.status[row] == crowd_tables.INSIDE]
    places = market.crowd.people.x_m[held].copy()
    simulation.run(220.0)
    assert len(held) > 3 and np.allclose(market.crowd.people.x_m[held], places, atol=0.1)
    inside = [market.visits[row].walker for row in held]
    assert (felt.stranded_by[inside] == 0).all() and (felt.inside_s[0, inside] > 50.0).all()
    simulation.run(260.0)
    assert np.isnan(felt.stranded_s).all() and not np.allclose(market.crowd.people.x_m[held], places, atol=5.0)
    caught = market.inside
    simulation.run(400.0)
    lawful(simulation, 200)
    assert caught > 3 and simulation.rescue.census()["incapacitated"] >= caught / 2
    lie = [row for row in market.visits if market.crowd.people.exit_row[row] == crowd_tables.STANDING]
    assert len(lie) == market.inside and (market.crowd.people.vx_mps[lie] == 0.0).all()


def test_people_go_round_ground_that_is_closed_and_leave_by_another_portal(tmp_path):
    """The eastern half of the market is closed: who is bound for the east leaves it elsewhere, and comes there."""
    east = [corner(1.55, 0.6), corner(1.9, 0.6), corner(1.9, 1.4), corner(1.55, 1.4)]
    blocked = {"kind": "blocked_area", "polygon": east, "start_s": 100, "every_s": 10, "known_to": "sight"}
    orders = [{"zones": ["west"], "start_s": 20.0}]
    simulation = town(
        tmp_path, hazards=[blocked], orders=orders, shelters=[{"id": "park", "at": corner(3, 1)}], **ON_FEET
    )
    market = simulation.walking.patches[0]
    for t_s in range(110, 1201, 10):
        simulation.run(float(t_s))
        lawful(simulation, 200)
        if t_s >= 200:
            _, _, cell = market.rows_and_cells()
            assert not simulation.model.walkers.shut[cell].any(), t_s
    gone = ~np.isnan(simulation.rescue.evacuees.left_s)
    assert np.isfinite(simulation.rescue.evacuees.safe_s[gone]).mean() > 0.9
    assert simulation.hazards.detours_taken[0] > 3
