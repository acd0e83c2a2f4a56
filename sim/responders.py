"""Let responders work: calls come in, units drive to them in the traffic, stay, go to a hospital, and drive back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..agents.dispatch import Dispatcher
from ..agents.late_departures import bind_vehicles, release_vehicles
from ..agents.remembering import Remembers, State, put_back
from ..kernels import traffic_tables as table
from ..scenarios.responder_places import EMERGENCY
from .duties import Duty
from .run_tables import RESPONDERS

if TYPE_CHECKING:
    from ..scenarios.responder_places import RescuePlan
    from ..scenarios.trips import TripTable
    from .evacuation_ambulances import EvacuationAmbulances
    from .simulation import Simulation

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]

# What a unit does.
FREE, TO_SCENE, ON_SCENE, TO_HOSPITAL, HANDING_OVER, RETURNING = range(6)
DOING = ("free", "to the scene", "on scene", "to hospital", "handing over", "returning")
DRIVING = (TO_SCENE, TO_HOSPITAL, RETURNING)
LOOK_EVERY_S = 1.0  # while somebody drives
TRY_AGAIN_S = 60.0  # where no way leads to a call, or from where a unit is
NOBODY = -1
DRIVE = "#responder/"  # what the names of drives begin with


class ResponseTeam(Remembers):
    """Units, calls and hospitals of a run as they are at the moment.

    Parameters
    ----------
    simulation, plan
        Whose, and what it was made of. The drives are among the trips.
    """

    KEEPS = (
        "dispatcher",
        "doing",
        "place",
        "drive",
        "call",
        "until_s",
        "used",
        "come_in",
        "called_s",
        "fetches",
        "fetches_passed",
        "passed_on",
        "unit",
        "sent_s",
        "arrived_s",
        "hospital",
        "at_hospital_s",
        "over_s",
        "patients",
        "beyond",
    )

    def __init__(self, simulation: Simulation, plan: RescuePlan) -> None:
        self.simulation, self.plan = simulation, plan
        units, calls = len(plan.unit_id), len(plan.calls.id)
        self.dispatcher = Dispatcher(plan.unit_kind.tolist())
        self.doing = np.full(units, FREE)
        self.place = np.arange(units)  # where it is, or where it came from
        self.drive = np.full(units, NOBODY)  # trip it makes
        self.call = np.full(units, NOBODY)  # call it is busy with
        self.until_s = np.full(units, np.nan)  # of its stay
        self.used = np.zeros(plan.link.size, np.int64)  # drives that began at each place
        self.come_in = self.passed_on = 0  # calls, in the order of their times; none of evacuees
        self.called_s = plan.calls.t_s.copy()
        self.fetches: list[int] = []  # calls of evacuees that came in, in the order of their times
        self.fetches_passed = 0
        self._first_fetch = int((plan.calls.person < 0).sum())
        self._call_of = {person: call for call, person in enumerate(plan.calls.person.tolist()) if person >= 0}
        self.unit = np.full(calls, NOBODY)
        self.sent_s, self.arrived_s, self.at_hospital_s, self.over_s = np.full((4, calls), np.nan)
        self.hospital = np.full(calls, NOBODY)
        self.patients = np.zeros(len(plan.hospital_id), np.int64)
        self.beyond = np.zeros(len(plan.hospital_id), np.int64)  # taken beyond the capacity
        self._row = {name: row for row, name in enumerate(simulation.model.fleet.trips.id) if name.startswith(DRIVE)}
        self.most = np.bincount([self._origin(row) for row in self._row.values()], minlength=plan.link.size)

    def unused(self) -> Longs:
        """Trips of drives that nobody has made."""
        rows = np.array(sorted(self._row.values()), np.int64)
        return np.asarray(rows[np.isinf(self.simulation.model.fleet.vehicles.depart_s[0, rows])])

    def state(self) -> State:
        """What is kept; who waits at which link, and where drives go, too."""
        fleet = self.simulation.model.fleet
        ends = {name: getattr(fleet.trips, name).copy() for name in ("destination_link", "destination_m")}
        return {**super().state(), "listed": fleet.cities.listed.copy(), **ends}

    def restore(self, state: State) -> None:
        """Have units and calls as they were."""
        super().restore(state)
        fleet = self.simulation.model.fleet
        put_back(fleet.cities.listed, state["listed"])
        for name in ("destination_link", "destination_m"):
            put_back(getattr(fleet.trips, name), state[name])

    def work(self) -> float | None:
        """Let time go on to now; returns the seconds until somebody must look again."""
        now_s, calls = self.simulation.env.now, self.plan.calls
        while self.come_in < self._first_fetch and calls.t_s[self.come_in] <= now_s + 1e-9:
            self._log(self.come_in, f"{calls.needs[self.come_in].replace('_', ' ')} needed")
            self.come_in += 1
        while self.passed_on < self.come_in and self._passed_on_s(self.passed_on) <= now_s + 1e-9:
            self._queue(self.passed_on)
            self.passed_on += 1
        while self.fetches_passed < len(self.fetches):
            call = self.fetches[self.fetches_passed]
            if self._passed_on_s(call) > now_s + 1e-9:
                break
            self._queue(call)
            self.fetches_passed += 1
        for unit in range(self.doing.size):
            self._look_after(unit, now_s)
        for unit, call in self.dispatcher.assign(calls.needs.tolist(), self._time_to):
            self._send(unit, call, now_s)
        self._return_home(now_s)
        return self._next_s(now_s)

    def fetch(self, persons: Longs) -> None:
        """Take the calls of evacuees who cannot walk and are ready to leave."""
        for person in persons.tolist():
            call = self._call_of[person]
            self.called_s[call] = self.simulation.env.now
            self.fetches.append(call)

    def came_in(self) -> Longs:
        """Calls that came in: those of the scenario, then evacuees'."""
        return np.concatenate([np.arange(self.come_in), np.array(self.fetches, np.int64)])

    def _is_fetch(self, call: int) -> bool:
        return call >= self._first_fetch

    def _queue(self, call: int, *, again: bool = False) -> None:
        """Have a call wait: evacuees after all others, and of each kind who had a unit already (``again``) first."""
        waiting = self.dispatcher.waiting
        others = sum(not self._is_fetch(one) for one in waiting)
        first, behind = (others, len(waiting)) if self._is_fetch(call) else (0, others)
        waiting.insert(first if again else behind, call)

    def _return_home(self, now_s: float) -> None:
        """Let units drive to their stations that nobody needs; who finds no way stays where it is."""
        home = np.arange(self.doing.size)
        away = np.flatnonzero((self.doing == FREE) & self.dispatcher.free & (self.place != home))
        if not away.size:
            return
        seconds = self._seconds(self.place[away], away)
        for unit in away[np.isfinite(seconds)].tolist():
            self._drive(unit, unit, RETURNING, now_s)

    def _next_s(self, now_s: float) -> float | None:
        """Seconds until something is due."""
        if np.isin(self.doing, DRIVING).any():
            return LOOK_EVERY_S
        if self._call_of:
            return LOOK_EVERY_S  # evacuees call at any time
        calls_s = self.plan.calls.t_s[self.come_in : self.come_in + 1].tolist()
        calls_s += [self._passed_on_s(self.passed_on)] if self.passed_on < self.come_in else []
        stays_s = self.until_s[~np.isnan(self.until_s)]
        waits_s = [TRY_AGAIN_S] if self.dispatcher.waiting else []
        due = [*(call_s - now_s for call_s in calls_s), *(stays_s - now_s), *waits_s]
        return max(float(min(due)), 0.0) if due else None

    def _passed_on_s(self, call: int) -> float:
        """When the unit is chosen that answers a call, if one is free."""
        responders = self.simulation.scenario.responders
        assert responders is not None
        return float(self.called_s[call]) + responders.dispatch_delay_s

    def _look_after(self, unit: int, now_s: float) -> None:
        """Let one unit go on with what it does, if it is done with what it did."""
        if self.doing[unit] in DRIVING:
            status = self.simulation.model.fleet.vehicles.status[0, self.drive[unit]]
            if status == table.ARRIVED:
                self._arrive(unit, float(self.simulation.model.fleet.vehicles.arrived_s[0, self.drive[unit]]))
            elif status == table.NO_ROUTE:
                self._give_up(unit, now_s)
        if not np.isnan(self.until_s[unit]) and self.until_s[unit] <= now_s + 1e-9:
            self._leave(unit, now_s)

    def _send(self, unit: int, call: int, now_s: float) -> None:
        """Let a unit set out to a call, or turn there on its way back."""
        if self.doing[unit] == RETURNING and not self._divert(unit, self.plan.scene_place(call)):
            self._queue(call, again=True)  # the unit is free again at its station
            return
        if self.doing[unit] == FREE:
            self._drive(unit, self.plan.scene_place(call), TO_SCENE, now_s)
        self.unit[call], self.call[unit], self.sent_s[call] = unit, call, now_s
        self._log(call, f"{self.plan.unit_id[unit]} sent")

    def _divert(self, unit: int, to_place: int) -> bool:
        """Let a unit that drives back turn to a scene; where it finds no way it drives on, and this is False."""
        fleet, row = self.simulation.model.fleet, np.array([self.drive[unit]])
        for place in (to_place, unit):
            link, at_m = self.plan.link[[place]], self.plan.at_m[[place]]
            bind_vehicles(fleet, 0, row, link, at_m)
            self.simulation.journeys.replan(row, table.NOTHING)
            route = fleet.route(0, int(row[0]))
            ahead = route.size > 1 or self._position_m(int(row[0])) < at_m[0]
            if place != unit and ahead and route[-1] == link[0]:
                self.doing[unit], self.place[unit] = TO_SCENE, to_place
                return True
        return False

    def _position_m(self, trip: int) -> float:
        """Where along its link a vehicle is, or enters it."""
        fleet = self.simulation.model.fleet
        driving = fleet.vehicles.status[0, trip] == table.DRIVING
        return float(fleet.vehicles.position_m[0, trip] if driving else fleet.trips.origin_m[trip])

    def _drive(self, unit: int, to_place: int, doing: int, depart_s: float) -> None:
        """Let a unit drive from where it is to another place."""
        fleet, begins = self.simulation.model.fleet, int(self.place[unit])
        row = np.array([self._row[f"{DRIVE}{begins}/{self.used[begins]}"]])
        self.used[begins] += 1
        bind_vehicles(fleet, 0, row, self.plan.link[[to_place]], self.plan.at_m[[to_place]])
        release_vehicles(fleet, 0, row, depart_s)
        self.simulation.journeys.plan_departures(row)
        self.doing[unit], self.drive[unit], self.place[unit] = doing, row[0], to_place

    def _arrive(self, unit: int, t_s: float) -> None:
        call, calls = int(self.call[unit]), self.plan.calls
        if self.doing[unit] == RETURNING:
            self.doing[unit], self.drive[unit] = FREE, NOBODY
            self.dispatcher.free[unit] = True
        elif self.doing[unit] == TO_SCENE:
            self.doing[unit], self.arrived_s[call] = ON_SCENE, t_s
            self.until_s[unit] = t_s + calls.on_scene_s[call]
            after_min = (t_s - self.called_s[call]) / 60.0
            self._log(call, f"{self.plan.unit_id[unit]} there {after_min:.1f} min after the call")
        else:
            self.doing[unit], self.at_hospital_s[call] = HANDING_OVER, t_s
            self.until_s[unit] = t_s + calls.handover_s[call]
            self._log(call, f"{self.plan.unit_id[unit]} at {self.taken_to(call)}")

    def taken_to(self, call: int) -> str:
        """Hospital or shelter to which somebody is driven, "" to none."""
        if self._is_fetch(call):
            return self.plan.shelter if self.hospital[call] != NOBODY else ""
        return self.plan.hospital_id[self.hospital[call]] if self.hospital[call] != NOBODY else ""

    def _leave(self, unit: int, now_s: float) -> None:
        """Let a unit go on that has stayed for long enough."""
        call = int(self.call[unit])
        self.until_s[unit] = np.nan
        if self._is_fetch(call):
            if self.doing[unit] == ON_SCENE:
                self._fetching.take_up(int(self.plan.calls.person[call]), unit, now_s)
                self.hospital[call] = len(self.plan.hospital_id)  # the shelter
                self._drive(unit, self.plan.shelter_place(), TO_HOSPITAL, now_s)
                return
            self._fetching.set_down(unit, now_s)
        elif self.doing[unit] == ON_SCENE and self.plan.calls.transported[call]:
            hospital = self._hospital_for(unit)
            self.hospital[call] = hospital
            self.patients[hospital] += 1
            self.beyond[hospital] += self.patients[hospital] > self.plan.capacity[hospital]
            self._drive(unit, self.plan.hospital_place(hospital), TO_HOSPITAL, now_s)
            return
        self.over_s[call] = now_s
        self.doing[unit], self.drive[unit], self.call[unit] = FREE, NOBODY, NOBODY
        self.dispatcher.free[unit] = True

    def _give_up(self, unit: int, now_s: float) -> None:
        """Let a unit stay where it is from which no way leads to where it was to go; its call waits again."""
        call, begins = int(self.call[unit]), self._origin(int(self.drive[unit]))
        was = int(self.doing[unit])
        self.doing[unit], self.drive[unit], self.place[unit] = FREE, NOBODY, begins
        self.dispatcher.free[unit] = True
        if was == TO_SCENE:
            self.unit[call], self.sent_s[call] = NOBODY, np.nan
            self._queue(call, again=True)
        elif was == TO_HOSPITAL and self._is_fetch(call):
            self._fetching.give_up_aboard(unit)
            self.over_s[call] = now_s
        elif was == TO_HOSPITAL:
            hospital = int(self.hospital[call])
            self.beyond[hospital] -= self.patients[hospital] > self.plan.capacity[hospital]
            self.patients[hospital] -= 1
            self.over_s[call] = now_s
        self.call[unit] = NOBODY
        self._log(call, f"{self.plan.unit_id[unit]} finds no way")

    @property
    def _fetching(self) -> EvacuationAmbulances:
        rescue = self.simulation.rescue
        assert rescue is not None, "evacuees are fetched in an evacuation"
        return rescue.ambulances

    def _origin(self, trip: int) -> int:
        return int(self.simulation.model.fleet.trips.id[trip].split("/")[1])

    def _hospital_for(self, unit: int) -> int:
        """The nearest hospital with room, the nearest of all where none has any."""
        places = np.arange(len(self.plan.hospital_id)) + self.plan.hospital_place(0)
        seconds = self._seconds(np.full(places.size, self.place[unit]), places)
        full = self.patients >= self.plan.capacity
        seconds = seconds if full.all() else np.where(full, np.inf, seconds)
        return int(seconds.argmin())

    def _time_to(self, units: Longs, call: int) -> Floats:
        """Expected time of units to a call, s; inf where no way leads, or where a unit has no drive left."""
        fleet, scene = self.simulation.model.fleet, self.plan.scene_place(call)
        seconds = self._seconds(self.place[units], np.full(units.size, scene))
        for row in np.flatnonzero(self.doing[units] == RETURNING):
            trip = int(self.drive[units[row]])
            here = fleet.route(0, trip)[:1]
            seconds[row] = self._cost_s(here, self.plan.link[[scene]])[0] if here.size else np.inf
        return seconds

    def _seconds(self, begins: Longs, ends: Longs) -> Floats:
        """Expected time between places by the streets as they are known to be, s; inf where no drive is left."""
        seconds = self._cost_s(self.plan.link[begins], self.plan.link[ends])
        return np.where(self.used[begins] < self.most[begins], seconds, np.inf)

    def _cost_s(self, begins: Ints, ends: Ints) -> Floats:
        routes = self.simulation.model.router.plan(
            begins,
            ends,
            np.zeros(begins.size, np.uint64),
            noise=0.0,
            seed=self.simulation.seed,
            open_link=~self.simulation.journeys.announced,
            vehicle_class=np.full(begins.size, EMERGENCY, np.int8),
        )
        return np.where(np.diff(routes.start) > 0, routes.cost_s, np.inf)

    def _log(self, call: int, text: str) -> None:
        self.simulation.log(RESPONDERS, self.plan.calls.id[call] if call >= 0 else "", text)


class LookAfterResponders(Duty):
    """Have the team work whenever something is due."""

    name = "responders"

    def __init__(self, team: ResponseTeam) -> None:
        self._team = team

    def act(self, simulation: Simulation) -> float | None:
        """Let them work."""
        return self._team.work()


def with_responders(trips: TripTable, plan: RescuePlan) -> TripTable:
    """Trips with the drives that responders may make behind them."""
    return type(trips).joined([trips, plan.drives]).open_ended()


def start_responders(simulation: Simulation, plan: RescuePlan) -> ResponseTeam:
    """Put the responders of a scenario on the clock."""
    team = ResponseTeam(simulation, plan)
    simulation.remember("responders", team)
    if plan.calls.id:
        first_s = 0.0 if plan.shelter else float(plan.calls.t_s[0])
        simulation.duties.begin(LookAfterResponders(team), first_s)
    return team
