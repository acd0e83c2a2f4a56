"""Let hazards come, move and go: what they close is closed for traffic and people, and opened when they leave it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..agents.hazards import Hazards
from ..agents.remembering import Remembers, State
from ..kernels import walking_tables
from ..scenarios.hazard_checks import Threat, threats_of
from ..scenarios.hazards import Gas
from .duties import Duty
from .gas_tables import note_gas
from .processes import block, set_limit, update_closed

if TYPE_CHECKING:
    from ..agents.evacuation_ways import WaysOnFoot
    from ..agents.gas_exposure import GasExposure
    from ..agents.hazard_field import HazardField
    from ..agents.walk_detours import WalkDetours
    from ..agents.walkers import Walkers
    from .simulation import Simulation

Longs = NDArray[np.int64]

SLOWEST_FELT = 0.1  # share of their speed below which people do not tell how slow they would be


class Count(NamedTuple):
    """How one hazard stood at a moment; a row of the table ``hazards``."""

    t_s: float
    hazard: int
    on_foot_inside: int
    vehicles_inside: int
    on_foot_stranded: int
    vehicles_stranded: int
    incapacitated: int
    streets_closed: int
    walks_closed: int


class Reached(NamedTuple):
    """Links that a hazard was on at a moment."""

    t_s: float
    hazard: int
    network: str  # road, walk
    link: Longs
    level: NDArray[np.float64]
    closed: NDArray[np.bool_]
    safe_speed_mps: NDArray[np.float64]


class HazardWatch(Remembers):
    """What the hazards of a run do to it, and what was seen of them."""

    KEEPS = ("hazards", "shut_links", "counts", "reached", "drawn_s", "detours_taken")

    def __init__(self, hazards: Hazards, detours: WalkDetours | None) -> None:
        self.hazards, self.detours = hazards, detours
        self.ways: WaysOnFoot | None = None  # of evacuees, where people weigh hazards
        self.shut_links = [field.shuts_links.copy() for field in hazards.fields]
        self.counts: list[Count] = []
        self.reached: list[Reached] = []
        self.drawn_s = np.full(len(hazards.fields), -np.inf)
        self.detours_taken = np.zeros(len(hazards.fields), np.int64)  # by people on foot

    def state(self) -> State:
        """What was seen so far, and what people on foot know."""
        return {**super().state(), **({} if self.detours is None else {"detours": self.detours.state()})}

    def restore(self, state: State) -> None:
        """Be again where it was."""
        super().restore(state)
        self.counts = [Count(*row) for row in state["counts"]]
        self.reached = [Reached(*row) for row in state["reached"]]
        if self.detours is not None:
            self.detours.restore(state["detours"])
            if self.ways is not None:
                self.ways.look_again(self.detours.announced, self.detours.felt)

    def gas_called(self, name: str) -> GasExposure:
        """What a gas of this name did so far."""
        fields = self.hazards.fields
        return next(gas for number, gas in self.hazards.gases.items() if fields[number].threat.name == name)

    def figures(self) -> dict[str, float]:
        """How many are in hazards, stranded and incapacitated by them at the moment."""
        felt = self.hazards.on_foot, self.hazards.in_vehicles
        return {
            "in_hazards": float(sum(one.inside.sum() for one in felt)),
            "stranded_by_hazards": float(sum((one.stranded_by >= 0).sum() for one in felt)),
            "incapacitated": float(sum((~np.isnan(one.lost_s)).sum() for one in felt)),
        }


def start_hazards(simulation: Simulation) -> HazardWatch:
    """Put every hazard of the scenario on the clock."""
    detours = None
    if simulation.walking is not None:
        from ..agents.walk_detours import WalkDetours

        detours = WalkDetours(simulation.walking.walkers, simulation.walking.router)
    watch = HazardWatch(Hazards(_threats(simulation), simulation.model), detours)
    watch.hazards.add_gases(None if simulation.rescue is None else simulation.rescue.evacuees, simulation.seed)
    if simulation.rescue is not None and simulation.scenario.walking.hazard_weight is not None:
        watch.ways = simulation.rescue.ways
    simulation.remember("hazards", watch)
    for number, field in enumerate(watch.hazards.fields):
        simulation.duties.begin(FollowHazard(watch, number), field.threat.begins_s)
    return watch


def _threats(simulation: Simulation) -> list[Threat]:
    """All hazards; what gas is where and when follows from the weather of the run."""
    scenario, network = simulation.scenario, simulation.model.network
    threats = threats_of(scenario, network)
    if not any(isinstance(threat.hazard, Gas) for threat in threats):
        return threats
    from ..agents.gas_cloud import GasSeries
    from ..agents.weather import place_of
    from ..scenarios.air_places import air_inputs

    states, place = air_inputs(scenario).weather, place_of(network, scenario.start)
    return [
        replace(one, series=GasSeries.of(one.hazard, network, states, place, scenario.duration_s))
        if isinstance(one.hazard, Gas)
        else one
        for one in threats
    ]


class FollowHazard(Duty):
    """Look at one hazard in its rhythm, from its first time until it is gone."""

    def __init__(self, watch: HazardWatch, number: int) -> None:
        self.name = f"hazard {number}"
        self._watch, self._number = watch, number

    def act(self, simulation: Simulation) -> float | None:
        """Let the city feel what it is now."""
        now_s, field = simulation.env.now, self._watch.hazards.fields[self._number]
        _pass_on(simulation, self._watch, self._number)
        if field.ended(now_s):
            simulation.log(field.hazard.kind, field.threat.name, "gone")
            return None
        end_s = np.inf if field.hazard.end_s is None else field.hazard.end_s
        return float(min(field.hazard.every_s, end_s - now_s))


def _pass_on(simulation: Simulation, watch: HazardWatch, number: int) -> None:
    """Let the city feel what a hazard is now."""
    hazards, t_s = watch.hazards, simulation.env.now
    drivers, walks = hazards.look(number, t_s)
    hazards.lay_down(walks)
    if number in hazards.gases and simulation.rescue is not None:
        simulation.rescue.forget_lost()
    shut_pieces, shut_cells = hazards.shut_places()
    opened, closed = _close_roads(simulation, watch, number)
    _limit_roads(simulation, watch)
    _draw_edges(simulation, hazards.edges_m(shut_pieces))
    hazards.slow_people(shut_cells)
    hazards.hold_vehicles()
    watch.detours_taken[number] += _lead_people_round(simulation, watch, shut_cells)
    hazards.note_stranded(t_s)
    field = hazards.fields[number]
    said = [f"{_counted(closed, 'street', 'streets')} closed"] if closed else []
    said += [f"{_counted(opened, 'street', 'streets')} open again"] if opened else []
    lost = hazards.gases[number].lost_at(t_s) if number in hazards.gases else drivers.size + walks.size
    if lost:
        said.append(f"{_counted(lost, 'person', 'people')} incapacitated")
    if said:
        simulation.log(field.hazard.kind, field.threat.name, ", ".join(said))
    _note(simulation, watch, number)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _close_roads(simulation: Simulation, watch: HazardWatch, number: int) -> tuple[int, int]:
    """Close links that a hazard has come to, open those it has left; returns how many it left and came to."""
    journeys, fleet, field = simulation.journeys, simulation.model.fleet, watch.hazards.fields[number]
    came = np.flatnonzero(field.shuts_links & ~watch.shut_links[number])
    went = np.flatnonzero(watch.shut_links[number] & ~field.shuts_links)
    watch.shut_links[number] = field.shuts_links.copy()
    if not came.size + went.size:
        return 0, 0
    lane_start = simulation.model.network.links.lane_start
    for links, by in ((came, 1), (went, -1)):
        for link in links:
            lanes = slice(lane_start[link], lane_start[link + 1])
            simulation.shut[lanes] += by
            fleet.lane_open[:, lanes] = np.where(simulation.shut[lanes] > 0, 0, 1)
    update_closed(simulation, [*came.tolist(), *went.tolist()])
    if field.hazard.known_to == "broadcast" and came.size:
        journeys.announced[came] = journeys.closed[came]
        journeys.announce()
    journeys.announced &= journeys.closed
    return int(went.size), int(came.size)


def _limit_roads(simulation: Simulation, watch: HazardWatch) -> None:
    """Let nobody drive faster than is safe; where a hazard is gone the limit holds that would hold without it."""
    caps_mps = watch.hazards.caps_mps()
    changed = np.flatnonzero(caps_mps != simulation.caps_mps)
    simulation.caps_mps[:] = caps_mps
    for link in changed.tolist():
        in_force = simulation.events.at(("limit", link))
        set_limit(simulation, link, in_force[-1] if in_force else None)


def _draw_edges(simulation: Simulation, edges_m: NDArray[np.float64]) -> None:
    """Let drivers stop where what is closed begins."""
    changed = np.flatnonzero((edges_m != simulation.edges_m).any(axis=1))
    simulation.edges_m[:] = edges_m
    lane_start = simulation.model.network.links.lane_start
    for link in changed.tolist():
        for lane in range(lane_start[link], lane_start[link + 1]):
            block(simulation, lane)


def _lead_people_round(simulation: Simulation, watch: HazardWatch, shut_cells: NDArray[np.bool_]) -> int:
    """Let people on foot who know of what is closed take another way; returns how many do."""
    detours = watch.detours
    if detours is None:
        return 0
    walkers = detours.walkers
    announced = np.zeros(shut_cells.size, np.bool_)
    for field in watch.hazards.fields:
        if field.hazard.known_to == "broadcast":
            announced |= field.shuts_cells
    before, felt_before = detours.announced, detours.felt
    detours.closed = walkers.of_links(0, shut_cells) > 0.0
    detours.announced = walkers.of_links(0, announced) > 0.0
    weight = simulation.scenario.walking.hazard_weight
    if weight is not None:
        detours.felt = _felt(watch, walkers, weight)
    if (before != detours.announced).any() or (felt_before != detours.felt).any():
        detours.router.avoid(detours.announced, detours.felt)
        detours.replan_pending(np.arange(len(walkers.trips.id)))
        if weight is not None and watch.ways is not None:
            watch.ways.look_again(detours.announced, detours.felt)
    return detours.find(shut_cells)


def _felt(watch: HazardWatch, walkers: Walkers, weight: float) -> NDArray[np.float64]:
    """How many times longer links feel: by what hazards that all know of slow down, and ``weight`` besides."""
    cells = np.ones(walkers.link_of.size)
    for field in watch.hazards.fields:
        if field.hazard.known_to == "broadcast":
            ratio = np.ones(cells.size)
            field.slow_walks(ratio)
            there = (field.walk[0] > 0.0) & (field.walk[0] >= field.begins_at)
            cells *= np.where(there, weight / np.maximum(ratio, SLOWEST_FELT), 1.0)
    length_m = walkers.walks.cell_f[0, walking_tables.CELL_M]
    return walkers.of_links(0, cells * length_m) / walkers.of_links(0, length_m)


def _note(simulation: Simulation, watch: HazardWatch, number: int) -> None:
    """Write down how a hazard stands."""
    hazards, t_s = watch.hazards, simulation.env.now
    if number in hazards.gases:
        note_gas(hazards.gases[number], t_s)
    field, feet, wheels = hazards.fields[number], hazards.on_foot, hazards.in_vehicles
    walks_closed = 0
    if watch.detours is not None:
        walks_closed = int((watch.detours.walkers.of_links(0, field.shuts_cells) > 0.0).sum())
    watch.counts.append(
        Count(
            t_s,
            number,
            int(feet.inside[number]),
            int(wheels.inside[number]),
            int((feet.stranded_by == number).sum()),
            int((wheels.stranded_by == number).sum()),
            hazards.lost_to(number),
            int(field.shuts_links.sum()),
            walks_closed,
        )
    )
    if t_s - watch.drawn_s[number] >= simulation.scenario.outputs.links_every_s or field.ended(t_s):
        watch.drawn_s[number] = t_s
        watch.reached += _reached(watch, field, number, t_s)


def _reached(watch: HazardWatch, field: HazardField, number: int, t_s: float) -> list[Reached]:
    """Links that a hazard is on, of both networks."""
    caps = np.full(field.shuts_links.size, np.inf)
    field.cap_roads(caps)
    level = np.zeros(field.shuts_links.size)
    np.maximum.at(level, field.link_of, field.road[0])
    links = np.flatnonzero((level > 0.0) & (level >= field.begins_at))
    safe_mps = np.where(np.isinf(caps) | field.shuts_links, np.nan, caps)[links]
    found = [Reached(t_s, number, "road", links, level[links], field.shuts_links[links], safe_mps)]
    if watch.detours is not None:
        walkers = watch.detours.walkers
        level = np.zeros(walkers.network.link_count)
        np.maximum.at(level, walkers.link_of, field.walk[0])
        links = np.flatnonzero((level > 0.0) & (level >= field.begins_at))
        shut = (walkers.of_links(0, field.shuts_cells) > 0.0)[links]
        found.append(Reached(t_s, number, "walk", links, level[links], shut, np.full(links.size, np.nan)))
    return found
