"""Let measures begin and end, at their times or when a warning calls for them, and say what was paid and who stayed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..scenarios.air_measures import AirDetour, CancelledWalks, SlowZone, SourceCap
from ..scenarios.entry_ids import named_measures
from ..scenarios.events import SpeedLimit
from ..scenarios.measures import Toll
from .duties import Duty

if TYPE_CHECKING:
    from ..scenarios.measures import Measure
    from .simulation import Simulation

MINDED_S = 30.0  # what the air ahead costs at least for somebody under way to look for another way
BEGINS = {
    "low_emission_zone": "closed to those banned",
    "plate_restriction": "half of the plates may not drive",
    "air_detour": "drivers keep away from bad air",
}


def start_measures(simulation: Simulation) -> None:
    """Put the beginning and the end of every measure on the clock."""
    for number, (called, measure) in enumerate(named_measures(simulation.scenario)):
        simulation.duties.begin(Hold(f"measure {number}", called, measure), measure.start_s)
    if any(isinstance(measure, AirDetour) and measure.pollutant for measure in simulation.scenario.measures):
        simulation.duties.begin(WeighAir())


class Hold(Duty):
    """Let a measure hold between its times and, where it waits for a warning, only while that calls for it.

    What was driven is settled before it begins and before it ends. Who was planned ahead is planned once more when a
    warning calls for it or does so no longer.
    """

    KEEPS = ("begun", "over", "called_for", "event")

    def __init__(self, name: str, called: str, measure: Measure) -> None:
        self.name, self.called, self.measure = name, called, measure
        self.begun = self.over = False
        self.called_for = measure.when is None
        self.event: int | None = None  # number of the speed limit that it made

    @property
    def in_force(self) -> bool:
        """Whether it holds now."""
        return self.begun and not self.over and self.called_for

    def act(self, simulation: Simulation) -> float | None:
        """Begin or end its time."""
        settle(simulation)
        if self.begun:
            was, self.over = self.in_force, True
            if was:
                self._end(simulation)
            return None
        self.begun = True
        if self.called_for:
            self._begin(simulation)
        end_s = self.measure.end_s
        return None if end_s is None else end_s - self.measure.start_s

    def call(self, simulation: Simulation, *, called_for: bool) -> None:
        """Take note that a warning calls for it, or does so no longer."""
        if called_for == self.called_for:
            return
        settle(simulation)
        was = self.in_force
        self.called_for = called_for
        if simulation.journeys.measures is not None:
            simulation.journeys.measures.call_for(self.called, called_for=called_for)
        if self.in_force and not was:
            self._begin(simulation)
        elif was and not self.in_force:
            self._end(simulation)
        else:
            return
        plan_once_more(simulation)

    def _begin(self, simulation: Simulation) -> None:
        measure = self.measure
        text = BEGINS.get(measure.kind, "")
        if isinstance(measure, Toll):
            text = f"{measure.price:g} {simulation.scenario.routes.currency} from now on"
        elif isinstance(measure, SlowZone):
            text = self._slow_down(simulation, measure)
        elif isinstance(measure, CancelledWalks):
            text = f"{100.0 * measure.share:g} % of the walks do not set out"
        elif isinstance(measure, AirDetour):
            led = lead_round(simulation)
            text += f"; {led:,} drivers under way changed their route" if measure.under_way else ""
        elif isinstance(measure, SourceCap):
            cap_sources(simulation)
            text = f"{100.0 * measure.cut:g} % less from {', '.join(measure.sources or ('all sources',))}"
        simulation.log(measure.kind, self.called, text)

    def _end(self, simulation: Simulation) -> None:
        if self.event is not None:
            simulation.duties.act_now(f"event {self.event}")
            self.event = None
        if isinstance(self.measure, SourceCap):
            cap_sources(simulation)
        simulation.log(self.measure.kind, self.called, "ended")

    def _slow_down(self, simulation: Simulation, zone: SlowZone) -> str:
        """Hold a lower limit where a higher one is allowed."""
        from ..agents.measure_rules import links_of

        network = simulation.model.network
        slower = links_of(zone, network) & (network.links.speed_mps * 3.6 > zone.speed_kmh)
        names = [network.links.id[link] for link in np.flatnonzero(slower)]
        if names:
            now_s, kmh = simulation.env.now, zone.speed_kmh
            simulation.events.add(SpeedLimit(kind="speed_limit", links=tuple(names), start_s=now_s, speed_kmh=kmh))
            self.event = len(simulation.events.all) - 1
        return f"{zone.speed_kmh:g} km/h on {len(names)} streets that allow more"


class WeighAir(Duty):
    """Let drivers who keep away from bad air know how it is now, before each batch of departures is planned."""

    name = "weigh the air"

    def act(self, simulation: Simulation) -> float:
        """Tell them."""
        from ..agents.measure_rules import costs_of_air
        from ..scenarios.air import POLLUTANTS

        air, measures = simulation.air, simulation.journeys.measures
        assert air is not None and measures is not None, "checked before the run"
        air.carry(simulation.env.now)
        for rule in measures.detours:
            detour = rule.measure
            if isinstance(detour, AirDetour) and detour.pollutant is not None:
                ugm3 = air.street_ugm3[:, POLLUTANTS.index(detour.pollutant)]
                rule.extra_s = costs_of_air(detour, simulation.model.network, ugm3)
        lead_round(simulation)
        return simulation.scenario.routes.plan_every_s


def lead_round(simulation: Simulation) -> int:
    """Let drivers under way look for a way round bad air ahead of them; returns how many changed theirs."""
    measures, fleet, now_s = simulation.journeys.measures, simulation.model.fleet, simulation.env.now
    if measures is None:
        return 0
    led, status = 0, fleet.vehicles.status[0]
    for rule in measures.detours:
        detour = rule.measure
        if not (isinstance(detour, AirDetour) and detour.under_way and rule.holds(np.array([now_s]))[0]):
            continue
        out = (status == table.DRIVING) | (status == table.WAITING)
        rows = np.flatnonzero(out & rule.follows)
        costs_s = measures.bad_air_ahead_s(rule, fleet, 0, rows)
        led += simulation.journeys.replan(rows[costs_s >= MINDED_S], table.NOTHING)
    return led


def cap_sources(simulation: Simulation) -> None:
    """Let sources emit what the caps in force leave, from now on; several of them multiply."""
    air = simulation.air
    assert air is not None, "checked before the run"
    air.carry(simulation.env.now)
    names = [source.id for source in air.air.sources]
    allowed = np.ones(len(names))
    for number, measure in enumerate(simulation.scenario.measures):
        hold = simulation.duties[f"measure {number}"]
        if isinstance(measure, SourceCap) and isinstance(hold, Hold) and hold.in_force:
            capped = names if measure.sources is None else measure.sources
            allowed[[names.index(name) for name in capped]] *= 1.0 - measure.cut
    air.allowed[:] = allowed


def plan_once_more(simulation: Simulation) -> None:
    """Plan those once more who were planned ahead and have not set out: what holds has changed."""
    now_s, every_s = simulation.env.now, simulation.scenario.routes.plan_every_s
    until_s = (now_s // every_s + 1.0) * every_s
    measures, fleet = simulation.journeys.measures, simulation.model.fleet
    if measures is not None:
        first, last = np.searchsorted(fleet.trips.depart_s, [now_s, until_s])
        rows = first + np.flatnonzero(fleet.vehicles.status[0, first:last] == table.PENDING)
        measures.forget(rows)
        fleet.set_routes(0, rows, np.zeros(rows.size + 1, np.int64), np.zeros(0, np.int32))
        simulation.journeys.plan_departures(rows)
    if simulation.walking is not None:
        from ..kernels import walking_tables

        walkers = simulation.walking.walkers
        first, last = np.searchsorted(walkers.trips.depart_s, [now_s, until_s])
        pending = walkers.people.status[0, first:last] == walking_tables.PENDING
        plan_walks(simulation, first + np.flatnonzero(pending))


def plan_walks(simulation: Simulation, rows: NDArray[np.int64]) -> None:
    """Find ways for walks that are about to set out; those that are cancelled get none."""
    assert simulation.walking is not None, "nobody walks"
    walking = simulation.walking
    walking.cancelled[rows] = False
    if rows.size:
        for number, (called, measure) in enumerate(named_measures(simulation.scenario)):
            if isinstance(measure, CancelledWalks):
                hold = simulation.duties[f"measure {number}"]
                assert isinstance(hold, Hold), "measures are called so"
                walking.cancelled[rows] |= _cancels(simulation, called, hold, measure, rows)
    walking.router.plan(0, rows[~walking.cancelled[rows]])
    cut = rows[walking.cancelled[rows]]
    if cut.size:
        walking.walkers.set_routes(0, cut, np.zeros(cut.size + 1, np.int64), np.zeros(0, np.int32))


def _cancels(
    simulation: Simulation, called: str, hold: Hold, measure: CancelledWalks, rows: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which of some walks a measure cancels."""
    from ..scenarios.chance import draws

    assert simulation.walking is not None, "nobody walks"
    walks = simulation.walking.walkers.trips
    end_s = np.inf if measure.end_s is None else measure.end_s
    depart_s = walks.depart_s[rows]
    concerned = hold.called_for & (depart_s >= measure.start_s) & (depart_s < end_s)
    return np.asarray(concerned & (draws(simulation.seed, walks.key[rows], f"cancelled by {called}") < measure.share))


def settle(simulation: Simulation) -> None:
    """Charge everybody for what they drove so far."""
    measures, fleet = simulation.journeys.measures, simulation.model.fleet
    if measures is not None and measures.tolls:
        measures.settle(fleet, 0, np.arange(len(fleet.trips)), simulation.env.now)


def tolls_paid(simulation: Simulation) -> NDArray[np.float64]:
    """What every trip paid, in the scenario's currency."""
    measures = simulation.journeys.measures
    if measures is None:
        return np.zeros(len(simulation.model.fleet.trips))
    settle(simulation)
    return np.asarray(measures.paid.sum(axis=0))


def measure_facts(simulation: Simulation) -> dict[str, Any]:
    """What measures add to the summary: money paid by toll, trips refused by zone, vehicles restricted by plate."""
    measures = simulation.journeys.measures
    facts: dict[str, Any] = {}
    if measures is not None and measures.tolls:
        settle(simulation)
        by_toll = {
            rule.name: {"paid": float(paid.sum()), "vehicles": int((paid > 0.0).sum())}
            for rule, paid in zip(measures.tolls, measures.paid, strict=True)
        }
        currency = simulation.scenario.routes.currency
        facts["tolls_paid"] = {"currency": currency, "total": float(measures.paid.sum()), "by_toll": by_toll}
    if measures is not None and measures.zones:
        counted = Counter(measures.refused[row].zone for row in _due(simulation))
        facts["refused"] = {rule.name: counted[rule.name] for rule in measures.zones}
    if measures is not None and measures.plates:
        facts["restricted"] = _restricted(simulation)
    return facts


def _restricted(simulation: Simulation) -> dict[str, dict[str, int]]:
    """Of each restriction of plates: vehicles that might not drive, and what became of their trips."""
    measures, trips = simulation.journeys.measures, simulation.model.fleet.trips
    assert measures is not None, "there are no measures"
    found = {}
    due = _due_now(simulation)
    for rule, restricted in zip(measures.plates, measures.restricted, strict=True):
        rows = np.flatnonzero(restricted & due)
        kept = np.isin(rows, [row for row, one in measures.refused.items() if one.zone == rule.name])
        ends = rule.inside[trips.origin_link[rows]] | rule.inside[trips.destination_link[rows]]
        otherwise = rule.other_mode[rows]
        counts = {
            "stay_at_home": kept & ends & ~otherwise,
            "travel_otherwise": kept & ends & otherwise,
            "no_way_round": kept & ~ends,
            "drive_round": ~kept,
        }
        found[rule.name] = {"vehicles": int(rows.size)} | {name: int(which.sum()) for name, which in counts.items()}
    return found


def refusals(simulation: Simulation) -> dict[int, str]:
    """Why trips whose time has come did not set out, by row."""
    measures = simulation.journeys.measures
    return {} if measures is None else {row: measures.refused[row].cause for row in _due(simulation)}


def _due(simulation: Simulation) -> list[int]:
    """Refused trips that would have set out by now; others are planned ahead."""
    measures = simulation.journeys.measures
    if measures is None:
        return []
    due = _due_now(simulation)
    return [row for row in measures.refused if due[row]]


def _due_now(simulation: Simulation) -> NDArray[np.bool_]:
    """Trips whose time has come."""
    return np.asarray(simulation.model.fleet.vehicles.status[0] != table.PENDING)
