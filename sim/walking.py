"""Let people walk beside the traffic: plan their ways, pass their seconds, and write down what became of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..agents.pedestrian import NOT_CALLED, STATUS
from ..agents.remembering import Remembers
from ..agents.walk_routes import WalkRouter
from ..agents.walkers import STEP_S, Walkers, build_walkers
from ..kernels import walking_tables as table
from ..kernels.walk_crossings import hold_lanes, open_crossings
from ..scenarios.air_measures import CancelledWalks
from ..scenarios.network import RoadNetwork
from ..scenarios.trips import TripTable
from ..scenarios.walk_network import KIND_WORDS, WalkNetwork
from ..scenarios.walk_presets import preset_of
from .duties import Duty

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..agents.crowd_patches import Patch
    from ..agents.dense_patches import DensePatches
    from ..scenarios.evacuation_people import EvacuationPeople
    from ..scenarios.scenario import Scenario
    from .run_folder import RunFolder
    from .simulation import Simulation

# Fruin (1971), Pedestrian planning and design: walkways, people per m² up to which a level holds (3.25, 2.32, 1.39,
# 0.93 and 0.46 m² a person).
LEVELS = "ABCDEF"
LEVEL_EDGES_PER_M2 = (1 / 3.25, 1 / 2.32, 1 / 1.39, 1 / 0.93, 1 / 0.46)


@dataclass(frozen=True, slots=True)
class OnFoot:
    """Who walks, and where; and whom an evacuation is about."""

    network: WalkNetwork
    walks: TripTable
    evacuees: EvacuationPeople | None = None
    areas: tuple[shapely.Polygon, ...] = ()  # of the scenario's patches


class WalkingClock(Remembers):
    """People walk in steps of a second, whatever the step of the traffic: each after the traffic of that second."""

    KEEPS = ("_seconds", "walkers", "cancelled")

    def __init__(self, walkers: Walkers, router: WalkRouter, simulation: Simulation) -> None:
        self.walkers, self.router, self._simulation = walkers, router, simulation
        self.patches: list[Patch] = walkers.patches
        self.cancelled = np.zeros(len(walkers.trips.id), np.bool_)  # [walk] by a measure
        self.dense: DensePatches | None = None  # patches that come and go
        self._seconds = 0

    def next_step(self, step: int) -> int:
        """Step of the traffic by which the next second on foot is over."""
        return max(step + 1, math.ceil((self._seconds + 1) * STEP_S / self._simulation.scenario.step_s - 1e-9))

    def follow(self, t_s: float) -> None:
        """Let the seconds pass that are over by now."""
        fleet = self._simulation.model.fleet
        while (self._seconds + 1) * STEP_S <= t_s + 1e-9:
            if self.walkers.walks.crossing_f.shape[1] and self._anybody_out():
                with fleet.reading():
                    open_crossings(self.walkers.walks, fleet.tables(), 0)
            self.walkers.advance(self._seconds, self._seconds + 1)
            for patch in self.patches:
                patch.pass_second(self._seconds * STEP_S)
            self._seconds += 1
            if self.dense is not None:
                self._let_patches_come_and_go(self.dense)
            if self.walkers.walks.crossing_f.shape[1]:
                hold_lanes(self.walkers.walks, fleet.tables("crossed_f"), 0)

    def _let_patches_come_and_go(self, dense: DensePatches) -> None:
        names = self.walkers.network.links.id
        for change in dense.look(self._seconds * STEP_S):
            text = "people walk in the plane from here on" if change.comes else "people walk on links again"
            self._simulation.note("dense_patch", names[change.link], f"{text}, {change.people:,} at the moment")

    def _anybody_out(self) -> bool:
        return bool(self.walkers.walks.counter[0, table.OUT] > 0) or bool(self.patches)


def on_foot_of(scenario: Scenario, roads: RoadNetwork) -> OnFoot | None:
    """Who walks in a scenario and where; None where nobody does.

    Raises
    ------
    InputError
        With every problem of the walks, and of the evacuation.
    """
    if not scenario.walks and scenario.evacuation is None:
        return None
    from ..scenarios.walk_demand import build_walks, walk_network_of

    network = walk_network_of(scenario, roads)
    evacuees = None
    if scenario.evacuation is not None:
        from ..scenarios.evacuation_places import evacuation_people

        evacuees = evacuation_people(scenario, roads, network)
    areas: tuple[shapely.Polygon, ...] = ()
    if scenario.patches:
        from ..scenarios.patches import patch_areas

        areas = tuple(patch_areas(scenario, roads.epsg, network))
    return OnFoot(network, build_walks(scenario, network), evacuees, areas)


def start_walking(simulation: Simulation, on_foot: OnFoot) -> WalkingClock:
    """Put people on the streets and their planning on the clock."""
    preset = preset_of(simulation.scenario.walking)
    walkers = build_walkers(on_foot.network, simulation.model.network, on_foot.walks, preset, seed=simulation.seed)
    simulation.model.walkers = walkers
    router = WalkRouter(walkers, preset.speed_mps)
    simulation.duties.begin(PlanWalks(walkers))
    clock = WalkingClock(walkers, router, simulation)
    simulation.remember("walking", clock)
    above_per_m2 = simulation.scenario.walking.patches_above_per_m2
    if on_foot.areas or above_per_m2 is not None:
        _lay_out_patches(simulation, clock, on_foot, above_per_m2)
    return clock


def _lay_out_patches(simulation: Simulation, clock: WalkingClock, on_foot: OnFoot, above_per_m2: float | None) -> None:
    """Let people walk in the plane where the scenario draws patches, and where it becomes dense if it says so."""
    from ..agents.crowd_patches import Patch
    from ..agents.dense_patches import DensePatches
    from ..agents.patch_ground import CellLines

    walkers = clock.walkers
    cells = CellLines(walkers)
    for patch, area in zip(simulation.scenario.patches, on_foot.areas, strict=True):
        clock.patches.append(Patch.of_area(patch.id, area, walkers, cells))
        simulation.remember(f"patch {patch.id}", clock.patches[-1])
    walkers.open_cells()
    if above_per_m2 is not None:
        clock.dense = DensePatches(walkers, cells, above_per_m2)
        simulation.remember("dense patches", clock.dense)


class PlanWalks(Duty):
    """Find ways for each batch of walks shortly before they set out."""

    name = "plan walks"

    def __init__(self, walkers: Walkers) -> None:
        self._depart_s = walkers.trips.depart_s

    def act(self, simulation: Simulation) -> float:
        """Find the next batch's."""
        from .measures import plan_walks

        every_s, now_s = simulation.scenario.routes.plan_every_s, simulation.env.now
        first, last = np.searchsorted(self._depart_s, [now_s if now_s > 0 else -np.inf, now_s + every_s])
        plan_walks(simulation, np.arange(first, last))
        return every_s


class WalkLinkTable(Remembers):
    """Flow, speed, density and level of service of every link that somebody was on, per interval."""

    KEEPS = ("_start_s", "_before")

    def __init__(self, folder: RunFolder, walkers: Walkers, every_s: float) -> None:
        self.every_s = every_s
        self._writer = folder.writer("walk_links")
        self._names = np.array(walkers.network.links.id, dtype=object)
        self._area_m2 = walkers.area_m2()
        self._width_m = walkers.of_links(0, walkers.walks.cell_f[0, table.CELL_WIDTH_M]) / np.bincount(walkers.link_of)
        self._start_s = 0.0
        self._before = walk_totals(walkers)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one row for every link that somebody was on."""
        walkers, span_s = model.walkers, t_s - self._start_s
        if walkers is None or span_s <= 0.0:
            return
        now = walk_totals(walkers)
        entered, left, person_s, person_m, queued_s = now - self._before
        rows = np.flatnonzero(person_s > 0.0)
        person_s, person_m = person_s[rows], person_m[rows]
        density = person_s / span_s / self._area_m2[rows]
        length_m = walkers.network.links.length_m[rows]
        self._writer.write(
            {
                "interval_start_s": np.full(rows.size, self._start_s),
                "interval_end_s": np.full(rows.size, t_s),
                "link": self._names[rows],
                "entered": entered[rows].astype(np.int64),
                "left": left[rows].astype(np.int64),
                "person_s": person_s,
                "person_m": person_m,
                "queued_s": queued_s[rows],
                "mean_speed_mps": person_m / person_s,
                "flow_per_m_min": person_m / length_m / self._width_m[rows] / span_s * 60.0,  # Edie (1963)
                "density_per_m2": density,
                "level_of_service": [LEVELS[level] for level in np.digitize(density, LEVEL_EDGES_PER_M2)],
            }
        )
        self._start_s, self._before = t_s, now


def walk_totals(walkers: Walkers) -> np.ndarray[Any, np.dtype[np.float64]]:
    """People entered and left, seconds, metres and seconds stood on every link so far, ``[5, link]``."""
    numbers, rows = walkers.walks.cell_f[0], walkers.walks.cell_i[0]
    first, last = walkers.walks.first_cell[:-1], walkers.walks.first_cell[1:] - 1
    came, went = np.zeros(rows.shape[1], np.int64), np.zeros(rows.shape[1], np.int64)
    came[first], went[last] = rows[table.CAME_IN, first], rows[table.WENT_OUT, last]
    columns = (came, went, numbers[table.PERSON_S], numbers[table.PERSON_M], numbers[table.STOOD_S])
    return np.stack([walkers.of_links(0, column) for column in columns])


def write_walks(folder: RunFolder, simulation: Simulation) -> None:
    """Write one row per walk; nothing where nobody walks."""
    walkers = simulation.model.walkers
    if walkers is None:
        return
    people, trips, links = walkers.people, walkers.trips, walkers.network.links
    names = np.array(links.id, dtype=object)
    depart_s = np.where(np.isinf(people.depart_s[0]), np.nan, people.depart_s[0])
    travel_s, free_s = people.arrived_s[0] - depart_s, people.walked_m[0] / people.speed_mps[0]
    arrived = people.status[0] == table.ARRIVED
    status = np.array([STATUS[int(one)] for one in people.status[0]], dtype=object)
    status[_cancelled(simulation)] = "cancelled"
    free_s = np.where(arrived, free_s, np.nan)
    folder.writer("walks").write(
        {
            "walk_id": list(trips.id),
            "depart_s": depart_s,
            "entered_s": people.entered_s[0],
            "arrived_s": people.arrived_s[0],
            "origin_link": names[trips.origin_link],
            "destination_link": names[trips.destination_link],
            "status": status,
            "travel_time_s": travel_s,
            "free_s": free_s,
            "delay_s": travel_s - free_s,
            "distance_m": people.walked_m[0],
            "queued_s": people.queued_s[0],
            "crossing_s": people.crossing_s[0],
        }
    )


def write_walk_streets(folder: RunFolder, network: WalkNetwork) -> None:
    """Write the links of the walk network."""
    links = network.links
    shapes = [shapely.LineString(network.link_shape_xy(row)) for row in range(network.link_count)]
    folder.writer("walk_streets").write(
        {
            "link": list(links.id),
            "name": list(links.name),
            "kind": [KIND_WORDS[int(kind)] for kind in links.kind],
            "length_m": links.length_m,
            "width_m": links.width_m,
            "geometry": shapely.to_wkb(shapes),
        }
    )


def _cancelled(simulation: Simulation) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Walks whose time came and that a measure cancelled."""
    assert simulation.walking is not None, "nobody walks"
    walking = simulation.walking
    return np.asarray(walking.cancelled & (walking.walkers.people.status[0] == table.NO_ROUTE))


def walking_facts(simulation: Simulation) -> dict[str, Any]:
    """What people on foot add to the summary; nothing where nobody walks. Everybody is in one of the counts."""
    walkers = simulation.model.walkers
    if walkers is None:
        return {}
    people = walkers.people
    cancels = any(isinstance(measure, CancelledWalks) for measure in simulation.scenario.measures)
    cancelled = int(_cancelled(simulation).sum()) if cancels else 0
    status = np.bincount(people.status[0], minlength=NOT_CALLED + 1)
    arrived = people.status[0] == table.ARRIVED
    travel_s = (people.arrived_s[0] - people.depart_s[0])[arrived]
    delay_s = travel_s - people.walked_m[0, arrived] / people.speed_mps[0, arrived]
    return {
        "walking": {
            "preset": simulation.scenario.walking.preset,
            "walks": len(walkers.trips.id) - int(status[NOT_CALLED]),
            "pending": int(status[table.PENDING]),
            "waiting": int(status[table.WAITING]),
            "walking": int(status[table.WALKING] + status[table.QUEUED] + status[table.IN_PATCH]),
            "arrived": int(status[table.ARRIVED]),
            "no_route": int(status[table.NO_ROUTE]) - cancelled,
            **({"cancelled": cancelled} if cancels else {}),
            **({"incapacitated": int(status[table.INCAPACITATED])} if simulation.scenario.hazards else {}),
            "mean_travel_s": float(travel_s.mean()) if travel_s.size else None,
            "mean_delay_s": float(delay_s.mean()) if travel_s.size else None,
            "mean_crossing_s": float(people.crossing_s[0, arrived].mean()) if travel_s.size else None,
            "person_km": float(people.walked_m[0].sum()) / 1000.0,
            "widths_assumed": int(walkers.network.links.width_assumed.sum()),
            "links": walkers.network.link_count,
            "updates": int(walkers.walks.counter[0, table.UPDATES]),
            "state_hash": walkers.state_hash(),
            **_patch_facts(simulation),
        }
    }


def _patch_facts(simulation: Simulation) -> dict[str, Any]:
    walking = simulation.walking
    patches = [] if walking is None else [patch for patch in walking.patches if not patch.comes_and_goes]
    facts = {
        patch.name: {
            "entered": patch.entered,
            "left": patch.left,
            "inside": patch.inside,
            "area_m2": float(patch.crowd.space.area.area),
            "state_hash": patch.crowd.state_hash(),
        }
        for patch in patches
    }
    dense = {} if walking is None or walking.dense is None else {"dense_patches": walking.dense.facts()}
    return {**({"patches": facts} if facts else {}), **dense}
