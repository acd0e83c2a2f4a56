"""Run the buses of lines: where they stand next, for how long, and who gets on.

A bus is a vehicle like any other. It is brought to a stand by the speed that its driver wishes for, which falls along
the way that comfortable braking takes, and set free again when the dwell is over; who drives behind it waits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from ..kernels.driving import IDM, IDM_PLUS, aimed_speed, safe_speed
from ..scenarios.public_transport import BusLine, stop_places
from .remembering import Remembers, State

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from .fleet import Fleet

AT_STOP_M = 1.0  # so near its place a bus is at its stop
STANDS_MPS = 0.1
CREEP_MPS = 1e-3  # wished for by who stands at a stop: no formula divides by nothing
MOST_STEPS = 60  # between two looks at a bus
LEAST_MPS = 0.2  # while it still comes nearer


@dataclass(slots=True)
class Call:
    """A bus at one stop. Times in s, NaN where it did not come to that."""

    line: BusLine
    trip: int
    stop: int  # of the line
    arrived_s: float
    left_s: float = math.nan
    boarded: int = 0
    left_behind: int = 0
    on_board: int = 0  # when it leaves


@dataclass(slots=True)
class _Bus:
    """One bus on its way."""

    trip: int
    line: int
    depart_s: float
    own_factor: float  # its driver's wished speed over the limit
    next_stop: int = 1
    on_board: int = 0
    leaves_s: float = math.nan  # while it stands at a stop
    call: Call | None = None
    begun: bool = False  # it has left the first stop


@dataclass(slots=True)
class _Line:
    """What is the same for all buses of a line, and who waits at its stops."""

    line: BusLine
    places: list[tuple[int, float]]  # link and metres of each stop
    taken: list[int]  # passengers that buses took from each stop so far
    since_s: dict[int, float] = field(default_factory=dict)  # when the first passenger came to a stop
    route: tuple[NDArray[np.int32], float] | None = None  # of its first bus, with its time, s

    def waiting(self, stop: int, t_s: float) -> int:
        """Passengers at a stop when a bus comes; the first ones came a headway before the first bus."""
        since_s = self.since_s.setdefault(stop, t_s - self.line.headway_s)
        came = self.line.boarding_per_h_at(stop) * (t_s - since_s) / 3600.0
        return math.floor(came + 1e-9) - self.taken[stop]


class BusLines(Remembers):
    """All buses of a run.

    Parameters
    ----------
    scenario, network, trips
        Whose; the buses are among the trips.
    """

    def __init__(self, scenario: Scenario, network: RoadNetwork, trips: TripTable) -> None:
        self._links = network.links
        self._road_lanes = network.lane_count
        self.lines = [
            _Line(line, stop_places(line, network), [0] * len(line.stops)) for line in scenario.public_transport
        ]
        row = {name: number for number, name in enumerate(trips.id)}
        self.buses: dict[int, _Bus] = {}
        for number, one in enumerate(self.lines):
            for depart_s in one.line.departures_s(scenario.duration_s):
                trip = row[one.line.bus_id(scenario.start, depart_s)]
                self.buses[trip] = _Bus(trip, number, depart_s, math.nan)
        self._ahead = dict(self.buses)  # those that have stops to call at, but for the last one
        self.calls: list[Call] = []
        self._wishes: dict[int, float] = {}  # speed factors that buses get, by trip
        self._content: dict[int, int] = {}  # 1: stands at a stop and changes no lane, 0: goes on
        self.is_bus = np.isin(np.arange(len(trips)), list(self.buses))

    def state(self) -> State:
        """Who waits where, where every bus is on its line, and all calls so far."""
        number = {id(call): row for row, call in enumerate(self.calls)}
        return {
            "lines": [
                [list(one.taken), [list(stop) for stop in one.since_s.items()], one.route and list(one.route)]
                for one in self.lines
            ],
            "buses": [
                [
                    *(getattr(bus, name) for name in _BUS_KEEPS),
                    None if bus.call is None else number[id(bus.call)],
                ]
                for bus in self.buses.values()
            ],
            "ahead": list(self._ahead),
            "calls": [
                [self.buses[call.trip].line, *(getattr(call, name) for name in _CALL_KEEPS)] for call in self.calls
            ],
        }

    def restore(self, state: State) -> None:
        """Have every bus where it was on its line."""
        for one, (taken, since_s, route) in zip(self.lines, state["lines"], strict=True):
            one.taken, one.since_s = list(taken), {int(stop): at_s for stop, at_s in since_s}
            one.route = None if route is None else (route[0], route[1])
        self.calls = [
            Call(self.lines[line].line, **dict(zip(_CALL_KEEPS, rest, strict=True))) for line, *rest in state["calls"]
        ]
        for bus, row in zip(self.buses.values(), state["buses"], strict=True):
            *values, call = row
            for name, value in zip(_BUS_KEEPS, values, strict=True):
                setattr(bus, name, value)
            bus.call = None if call is None else self.calls[call]
        self._ahead = {trip: self.buses[trip] for trip in state["ahead"]}

    def stops_ahead(self, trip: int) -> list[int]:
        """Links of the stops that a bus has not served, in their order."""
        bus = self.buses[trip]
        return [link for link, _ in self.lines[bus.line].places[bus.next_stop :]]

    def laid_out(self, trip: int, route: NDArray[np.int32], cost_s: float) -> tuple[NDArray[np.int32], float]:
        """The way of a bus's line and its time: that of the bus of the line that asked first."""
        one = self.lines[self.buses[trip].line]
        one.route = one.route or (route, cost_s)
        return one.route

    def own_speed_factors(self, fleet: Fleet) -> NDArray[np.float64]:
        """Wished speed over the limit of every vehicle (``[trip]``), buses at stops as when they drive."""
        factors: NDArray[np.float64] = fleet.vehicles.speed_factor[0].copy()
        for trip, bus in self.buses.items():
            if not math.isnan(bus.own_factor):
                factors[trip] = bus.own_factor
        return factors

    def serve(self, fleet: Fleet, t_s: float) -> float:
        """Look after every bus; returns seconds until somebody must look again, inf when all is done."""
        with fleet.reading():
            wait_s = self._look_after_all(fleet, t_s)
        for trip, factor in self._wishes.items():
            fleet.vehicles.speed_factor[0, trip] = factor
        for trip, stands in self._content.items():
            fleet.cities.vehicle_i[0, trip, table.CONTENT] = stands
        self._wishes.clear()
        self._content.clear()
        step_s = fleet.cities.step_s
        return wait_s if math.isinf(wait_s) else max(math.floor(wait_s / step_s + 1e-9), 1) * step_s

    def _look_after_all(self, fleet: Fleet, t_s: float) -> float:
        """What ``serve`` does, but for the wishes, which are noted only."""
        wait_s, step_s = math.inf, fleet.cities.step_s
        for trip, bus in list(self._ahead.items()):
            if bus.depart_s > t_s:
                wait_s = min(wait_s, bus.depart_s - t_s + step_s)
                continue
            self._note_begun(fleet, bus)
            status = fleet.vehicles.status[0, trip]
            if status == table.DRIVING:
                wait_s = min(wait_s, self._drive(fleet, bus, t_s))
            elif status in (table.PENDING, table.WAITING):
                wait_s = min(wait_s, step_s)
            if status in (table.ARRIVED, table.NO_ROUTE) or self._is_bound_for_the_last_stop(bus):
                del self._ahead[trip]
        return wait_s

    def _is_bound_for_the_last_stop(self, bus: _Bus) -> bool:
        return bus.begun and bus.next_stop >= len(self.lines[bus.line].places) - 1

    def finish(self, fleet: Fleet) -> list[Call]:
        """Every call so far, those at the last stops included."""
        calls = list(self.calls)
        for bus in self.buses.values():
            self._note_begun(fleet, bus)
            line = self.lines[bus.line].line
            if fleet.vehicles.status[0, bus.trip] == table.ARRIVED:
                calls.append(Call(line, bus.trip, len(line.stops) - 1, float(fleet.vehicles.arrived_s[0, bus.trip])))
        return sorted(calls, key=_in_order)

    def _note_begun(self, fleet: Fleet, bus: _Bus) -> None:
        """Let a bus that has entered the street take who waited at its first stop."""
        entered_s = float(fleet.vehicles.entered_s[0, bus.trip])
        if bus.begun or math.isnan(entered_s):
            return
        bus.begun = True
        bus.own_factor = float(fleet.vehicles.speed_factor[0, bus.trip])
        call = Call(self.lines[bus.line].line, bus.trip, 0, float(fleet.vehicles.depart_s[0, bus.trip]), entered_s)
        self._board(bus, call, entered_s)
        self.calls.append(call)

    def _drive(self, fleet: Fleet, bus: _Bus, t_s: float) -> float:
        """Let a bus brake for its stop, stand there, or go on; returns seconds until the next look."""
        step_s = fleet.cities.step_s
        if bus.call is not None:
            if t_s < bus.leaves_s - 1e-9:
                return bus.leaves_s - t_s
            self._leave(bus, t_s)
        if self._is_bound_for_the_last_stop(bus):
            return math.inf
        lane, speed_mps = (int(fleet.vehicles.lane[0, bus.trip]), float(fleet.vehicles.speed_mps[0, bus.trip]))
        left_m = self._left_m(fleet, bus, lane)
        if left_m is None:  # its route leads there no more
            self.calls.append(Call(self.lines[bus.line].line, bus.trip, bus.next_stop, math.nan))
            bus.next_stop += 1
            self._wishes[bus.trip] = bus.own_factor
            return step_s
        if left_m <= AT_STOP_M and speed_mps <= STANDS_MPS:
            self._wish(fleet, bus, lane, CREEP_MPS)
            self._arrive(bus, t_s)
            return step_s
        driver = fleet.cities.driver[0, int(fleet.vehicles.kind[0, bus.trip])]
        comfort_mps2 = float(driver[table.COMFORT_DECEL])
        wished_mps = bus.own_factor * float(fleet.cities.lane_f[0, table.LIMIT_MPS, lane])
        least_mps = LEAST_MPS if left_m > AT_STOP_M else CREEP_MPS
        slow_mps = max(float(safe_speed(left_m, comfort_mps2, step_s)), least_mps)
        slow_mps = _wish_for(slow_mps, speed_mps, driver, step_s)
        if slow_mps < wished_mps:
            self._wish(fleet, bus, lane, slow_mps)
        else:
            self._wishes[bus.trip] = bus.own_factor
        fastest_mps = bus.own_factor * float(self._links.speed_mps[fleet.route(0, bus.trip)].max())
        return _steps_left(left_m, speed_mps, fastest_mps, driver, step_s) * step_s

    def _left_m(self, fleet: Fleet, bus: _Bus, lane: int) -> float | None:
        """How far a bus has to its next stop, junctions beyond the next one not counted; None: its route misses it."""
        link, at_m = self.lines[bus.line].places[bus.next_stop]
        position_m = float(fleet.vehicles.position_m[0, bus.trip])
        route, length_m = fleet.route(0, bus.trip), fleet.cities.lane_f[0, table.LANE_LENGTH_M]
        on_road = lane < self._road_lanes
        if on_road and route[0] == link:
            return at_m - position_m
        ahead = np.flatnonzero(route[1:] == link)
        if not ahead.size:
            return None
        way_on = int(fleet.vehicles.connector[0, bus.trip])
        junction_m = float(length_m[self._road_lanes + way_on]) if on_road and way_on >= 0 else 0.0
        between_m = float(self._links.length_m[route[1 : 1 + ahead[0]]].sum())
        return float(length_m[lane]) - position_m + junction_m + between_m + at_m

    def _wish(self, fleet: Fleet, bus: _Bus, lane: int, speed_mps: float) -> None:
        """Let a bus's driver wish for a speed on a lane."""
        self._wishes[bus.trip] = speed_mps / float(fleet.cities.lane_f[0, table.LIMIT_MPS, lane])

    def _arrive(self, bus: _Bus, t_s: float) -> None:
        """Let people get off and on."""
        one = self.lines[bus.line]
        call = Call(one.line, bus.trip, bus.next_stop, t_s)
        self._content[bus.trip] = 1
        bus.on_board -= round(bus.on_board / (len(one.places) - bus.next_stop))
        self._board(bus, call, t_s)
        least_s = one.line.dwell_min_s_at(bus.next_stop)
        bus.call, bus.leaves_s = call, t_s + max(least_s, call.boarded * one.line.board_s_per_passenger)
        self.calls.append(call)

    def _board(self, bus: _Bus, call: Call, t_s: float) -> None:
        one = self.lines[bus.line]
        waiting = one.waiting(call.stop, t_s)
        call.boarded = min(waiting, one.line.capacity - bus.on_board)
        call.left_behind = waiting - call.boarded
        one.taken[call.stop] += call.boarded
        bus.on_board += call.boarded
        call.on_board = bus.on_board

    def _leave(self, bus: _Bus, t_s: float) -> None:
        """Let a bus go on."""
        assert bus.call is not None
        bus.call.left_s = t_s
        bus.call = None
        bus.next_stop += 1
        self._wishes[bus.trip], self._content[bus.trip] = bus.own_factor, 0


_BUS_KEEPS = ("own_factor", "next_stop", "on_board", "leaves_s", "begun")
_CALL_KEEPS = ("trip", "stop", "arrived_s", "left_s", "boarded", "left_behind", "on_board")


def _in_order(call: Call) -> tuple[bool, float, int, int]:
    """By arrival; those that never arrived at the end."""
    missed = math.isnan(call.arrived_s)
    return missed, 0.0 if missed else call.arrived_s, call.trip, call.stop


def _wish_for(slow_mps: float, speed_mps: float, driver: NDArray[np.float64], step_s: float) -> float:
    """Speed to wish for so as to drive at ``slow_mps`` after the coming step: IDM may brake harder for a lower wish."""
    model = int(driver[table.MODEL])
    if slow_mps >= speed_mps or model not in (IDM, IDM_PLUS):
        return slow_mps
    headway_s, min_gap_m = float(driver[table.HEADWAY_S]), float(driver[table.MIN_GAP_M])
    accel_mps2, decel_mps2 = float(driver[table.MAX_ACCEL]), float(driver[table.COMFORT_DECEL])
    low_mps, high_mps = slow_mps, speed_mps
    for _ in range(30):
        wish_mps = (low_mps + high_mps) / 2.0
        own = (headway_s, min_gap_m, accel_mps2, decel_mps2, step_s)
        if aimed_speed(model, speed_mps, math.inf, 0.0, wish_mps, *own) < slow_mps:
            low_mps = wish_mps
        else:
            high_mps = wish_mps
    return low_mps


def _steps_left(left_m: float, speed_mps: float, fastest_mps: float, driver: NDArray[np.float64], step_s: float) -> int:
    """Steps for which a bus need not brake for a stop whatever it does, at least 1."""
    gain_mps, comfort_mps2 = float(driver[table.MAX_ACCEL]) * step_s, float(driver[table.COMFORT_DECEL])
    steps = 0
    while steps < MOST_STEPS:
        speed_mps = min(speed_mps + gain_mps, max(fastest_mps, speed_mps))
        left_m -= speed_mps * step_s
        if left_m <= speed_mps * speed_mps / (2.0 * comfort_mps2) + speed_mps * step_s:
            break
        steps += 1
    return max(steps, 1)


def bus_lines_of(scenario: Scenario, network: RoadNetwork, trips: TripTable) -> BusLines | None:
    """The buses of a run; None where no line runs."""
    return BusLines(scenario, network, trips) if scenario.public_transport else None
