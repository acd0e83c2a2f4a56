"""Watch a simulation step by step and hold it against the laws of traffic: a slow twin with books of its own.

The twin believes no count that the kernels keep. It remembers which rows every vehicle came through, lays its body out
over them from front to rear, and works everything else out from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf

import numpy as np

from citytwin.agents.fleet import Fleet
from citytwin.agents.signal_clocks import phases_at
from citytwin.kernels import traffic_tables as table
from citytwin.kernels.driving import GRAVITY, brake_distance
from citytwin.scenarios.network import Light
from citytwin.sim.outcome import causes
from citytwin.sim.simulation import Simulation

CLOSE_M = 1e-6
CLOSE = 1e-9
OBSTACLES = [table.OBSTACLE_M, *range(table.FURTHER_OBSTACLES_M, table.FURTHER_OBSTACLES_END)]
EXPLAINED_AFTER_S = 30.0  # whoever stands longer must have a cause


@dataclass(slots=True)
class Look:
    """What is true at one moment, copied."""

    numbers: np.ndarray  # of vehicles, [column, vehicle]
    rows: np.ndarray
    lane_f: np.ndarray
    lane_i: np.ndarray
    sensor: np.ndarray
    phase: np.ndarray
    counter: np.ndarray
    rings: list[list[int]]

    @classmethod
    def at(cls, fleet: Fleet) -> Look:
        cities = fleet.cities
        lane_i = cities.lane_i[0].copy()
        ring, start = cities.ring[0].tolist(), lane_i[table.RING_START].tolist()
        head, count = lane_i[table.HEAD].tolist(), lane_i[table.COUNT].tolist()
        rings = []
        for lane in range(lane_i.shape[1] - 1):
            size = start[lane + 1] - start[lane]
            rings.append([ring[start[lane] + (head[lane] + k) % size] for k in range(count[lane])])
        return cls(
            cities.vehicle_f[0].T.copy(),
            cities.vehicle_i[0].T.copy(),
            cities.lane_f[0].copy(),
            lane_i,
            cities.sensor[0].copy(),
            cities.controller_i[0, table.PHASE, :-1].copy(),
            cities.counter[0].copy(),
            rings,
        )


class TrafficLaws:
    """Checks one simulation; call ``check`` after each single step."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.fleet = simulation.model.fleet
        network, cities = self.fleet.network, self.fleet.cities
        self.dt = cities.step_s
        self.roads = network.lane_count
        connectors = network.connectors
        self.from_lane, self.to_lane = connectors.from_lane.tolist(), connectors.to_lane.tolist()
        self.between = {pair: c for c, pair in enumerate(zip(self.from_lane, self.to_lane, strict=True))}
        self.foes = []  # of each connector, from where to where along the foe it gets in its way
        parts = list(zip(connectors.foe_reach_m.tolist(), connectors.foe_clear_m.tolist(), strict=True))
        for first, last in pairwise(connectors.foe_start.tolist()):
            self.foes.append(dict(zip(connectors.foe[first:last].tolist(), parts[first:last], strict=True)))
        self.length = cities.lane_f[0, table.LANE_LENGTH_M].tolist()
        kind = cities.vehicle_i[0, :, table.CLASS]
        self.body_m = cities.driver[0, kind, table.LENGTH_M].tolist()
        self.gap_m = cities.driver[0, kind, table.MIN_GAP_M].tolist()
        self.accel = cities.driver[0, kind, table.MAX_ACCEL]
        self.comfort = cities.driver[0, kind, table.COMFORT_DECEL]
        self.access = cities.class_access[kind].tolist()
        of_bicycles = cities.driver[0, kind, table.VEHICLE_CLASS] == table.BICYCLE_CLASS
        self.bicycles = set(np.flatnonzero(of_bicycles).tolist())
        self.width_m = cities.driver[0, kind, table.WIDTH_M].tolist()
        self.beside: set[int] = set()  # who passes a bicycle or still overlaps it
        self.passed_on_the_other_side = 0  # vehicle steps
        self.path: dict[int, list[int]] = {}  # rows that a vehicle's body may lie on, the front's first
        self.speed_rules_changed = False
        self.retimed = any(event.kind == "signal_plan" for event in simulation.scenario.events)
        self.limits = cities.lane_f[0, table.LIMIT_MPS].copy()
        self.passed = np.zeros(len(self.fleet.sensors), np.int64)
        self.driven = np.zeros(len(self.body_m))
        self.steps = 0
        self.before = Look.at(self.fleet)
        self.now = self.before

    def step(self) -> None:
        """Let one step pass and check it."""
        self.simulation.run(self.simulation.t_s + self.dt)
        self.check()

    def check(self) -> None:
        """Compare the present with the moment before.

        Raises
        ------
        AssertionError
            With every law that was broken.
        """
        self.before, self.now = self.now, Look.at(self.fleet)
        self.steps += 1
        if not np.array_equal(self.before.lane_f[table.LIMIT_MPS], self.limits):
            self.speed_rules_changed = True
        broken = [
            *self._everybody_is_somewhere(),
            *self._moves(),
            *self._nobody_overlaps(),
            *self._speeds(),
            *self._junction_books(),
            *self._lights(),
            *self._counts(),
            *self._reasons(),
        ]
        assert not broken, f"step {self.steps}: " + "; ".join(broken[:6])

    def _everybody_is_somewhere(self) -> Iterator[str]:
        now, before = self.now, self.before
        status, lane = now.rows[table.STATUS], now.rows[table.LANE]
        places = Counter(v for ring in now.rings for v in ring)
        driving = set(np.flatnonzero(status == table.DRIVING).tolist())
        if set(places) != driving or any(n != 1 for n in places.values()):
            yield f"vehicles in rings {sorted(places.items())} are not those that drive {sorted(driving)}"
        for row, ring in enumerate(now.rings):
            for v in ring:
                if lane[v] != row:
                    yield f"vehicle {v} is in the ring of row {row} but believes to be on {lane[v]}"
        off = np.flatnonzero((status != table.DRIVING) & (lane != -1))
        if off.size:
            yield f"vehicles {off} do not drive but have a lane"
        old = before.rows[table.STATUS]
        allowed = {
            table.PENDING: (table.PENDING, table.WAITING, table.DRIVING, table.NO_ROUTE),
            table.WAITING: (table.WAITING, table.DRIVING),
            table.DRIVING: (table.DRIVING, table.ARRIVED),
            table.ARRIVED: (table.ARRIVED,),
            table.NO_ROUTE: (table.NO_ROUTE,),
        }
        for v in np.flatnonzero(old != status):
            if status[v] not in allowed[int(old[v])]:
                yield f"vehicle {v} went from status {old[v]} to {status[v]}"
        begun_s = (self.steps - 1) * self.dt
        due = now.numbers[table.DEPART_S] <= begun_s
        if not np.array_equal(due, status != table.PENDING):
            yield f"vehicles {np.flatnonzero(due != (status != table.PENDING))} set out at another time than planned"
        counted = now.counter
        if counted[table.CREATED] != (status != table.PENDING).sum():
            yield "created is not the number of those who set out"
        if counted[table.ARRIVALS] != (status == table.ARRIVED).sum():
            yield "arrivals are not the number of those who arrived"
        if counted[table.ENTERED] != ((status == table.DRIVING) | (status == table.ARRIVED)).sum():
            yield "entered is not the number of those who drive or arrived"

    def _moves(self) -> Iterator[str]:
        """Follow every vehicle from row to row."""
        now, before = self.now, self.before
        lane, was_on = now.rows[table.LANE].tolist(), before.rows[table.LANE].tolist()
        position, was_at = now.numbers[table.POSITION_M].tolist(), before.numbers[table.POSITION_M].tolist()
        speed = now.numbers[table.SPEED_MPS].tolist()
        route_at, was_route_at = now.rows[table.ROUTE_AT].tolist(), before.rows[table.ROUTE_AT].tolist()
        status, was = now.rows[table.STATUS].tolist(), before.rows[table.STATUS].tolist()
        link_of = now.lane_i[table.ON_LINK].tolist()
        obstacles = before.lane_f[OBSTACLES].T.tolist()
        access = now.lane_i[table.ACCESS].tolist()
        replanned = (before.rows[table.ROUTE_START] != now.rows[table.ROUTE_START]).tolist()
        light = self._light_now()
        on_road = (now.rows[table.STATUS] == table.DRIVING) | (before.rows[table.STATUS] == table.DRIVING)
        for v in np.flatnonzero(on_road).tolist():
            if status[v] != table.DRIVING:
                del self.path[v]
                if (
                    was_at[v] < now.numbers[table.DESTINATION_M, v]
                    or was_route_at[v] + 1 != before.rows[table.ROUTE_SIZE, v]
                ):
                    yield f"vehicle {v} arrived before its destination"
                continue
            here = lane[v]
            moved_m = speed[v] * self.dt
            self.driven[v] += moved_m
            if was[v] != table.DRIVING:
                start, route_step = here, 0
                from_m = now.numbers[table.ORIGIN_M, v]
                ahead_m = float(now.numbers[table.DRIVEN_M, v]) - moved_m
                begin_m = from_m + ahead_m
                self.driven[v] += ahead_m
                self.path[v] = [start]
                waited = (self.steps - 1) * self.dt - now.numbers[table.DEPART_S, v] >= self.dt
                if not -CLOSE_M <= ahead_m <= (self._wanted(v, start) * self.dt if waited else 0.0) + CLOSE_M:
                    yield f"vehicle {v} entered {ahead_m} m beyond where its trip begins"
                if begin_m < min(self.body_m[v], self.length[start]) - CLOSE_M:
                    yield f"vehicle {v} entered with its rear before the lane"
            else:
                start, begin_m, route_step = was_on[v], was_at[v], was_route_at[v]
                from_m = begin_m
            passed_m = 0.0
            rows = [start]
            if here != start:
                if start >= self.roads:
                    rows.append(self.to_lane[start - self.roads])
                elif here >= self.roads:
                    rows.append(here)
                elif link_of[here] == link_of[start]:
                    rows.append(here)
                    if abs(here - start) != 1:
                        yield f"vehicle {v} jumped over a lane"
                    if begin_m < self.body_m[v] - CLOSE_M:
                        yield f"vehicle {v} changed lanes with its rear still in the junction"
                    self.path[v] = [here]
                else:
                    connector = self.between.get((start, here), -1)
                    rows += [self.roads + connector, here] if connector >= 0 else []
            if rows[-1] != here:
                yield f"vehicle {v} went from row {start} to {here} without a connector"
                continue
            for a, b in pairwise(rows):
                if a < self.roads and b < self.roads:
                    continue  # a change of lanes
                passed_m += self.length[a]
                self.path[v].insert(0, b)
                if b >= self.roads:
                    yield from self._crossed(v, a, b - self.roads, light)
                else:
                    route_step += 1
            if abs(begin_m + moved_m - passed_m - position[v]) > CLOSE_M:
                yield f"vehicle {v} drove {moved_m} m from {begin_m} on {start} but is at {position[v]} on {here}"
            if replanned[v] and was[v] == table.DRIVING:
                route_step = 0  # a new route begins with the present link
            if route_at[v] != route_step:
                yield f"vehicle {v} is at step {route_at[v]} of its route instead of {route_step}"
            route = self.fleet.route(0, v)[:2].tolist()
            if not route or route[0] != link_of[here]:
                yield f"vehicle {v} is on link {link_of[here]}, its route says {route}"
            elif here < self.roads and len(route) > 1 and position[v] > self.length[here] + CLOSE_M:
                yield f"vehicle {v} is beyond the stop line of lane {here}"
            elif here >= self.roads and route[1] != link_of[self.to_lane[here - self.roads]]:
                yield f"vehicle {v} takes a connector off its route"
            along = here if len(rows) == 2 and max(rows) < self.roads else start  # lanes are changed before moving
            for obstacle_m in obstacles[along] if along < self.roads else ():
                ahead_m = obstacle_m - begin_m
                if ahead_m <= 0.0 or moved_m <= ahead_m + CLOSE_M:
                    continue
                before_speed = float(before.numbers[table.SPEED_MPS, v]) if was[v] == table.DRIVING else 0.0
                if brake_distance(before_speed, self.fleet.cities.max_decel, self.dt) <= ahead_m:
                    yield f"vehicle {v} drove through the incident on lane {along}"
            if here < self.roads and not access[here] & self.access[v]:
                yield f"vehicle {v} is on lane {here}, which is not for its kind"
            for number, sensor in enumerate(self.fleet.sensors):
                gone_m = inf if passed_m else position[v]
                if (along == sensor.lane and from_m < sensor.at_m <= gone_m) or (
                    here == sensor.lane and passed_m and 0.0 <= sensor.at_m <= position[v]
                ):
                    self.passed[number] += 1

    def _crossed(self, v: int, lane: int, connector: int, light: list[int]) -> Iterator[str]:
        if light[connector] == Light.RED:
            yield f"vehicle {v} passed the stop line of connector {connector} on red"
        before, connectors = self.before, self.fleet.network.connectors
        left_m = self.length[lane] - before.numbers[table.POSITION_M, v]
        firm = self.fleet.cities.firm_decel
        could_stop = brake_distance(float(before.numbers[table.SPEED_MPS, v]), firm, self.dt) <= left_m
        free_to = could_stop or not before.rows[table.GRANTED, v]
        gives_way = connectors.foe_yield[connectors.foe_start[connector] : connectors.foe_start[connector + 1]].any()
        if light[connector] == Light.YELLOW and free_to and not gives_way:
            yield f"vehicle {v} could have stopped at the yellow light of connector {connector}"
        if free_to and not before.lane_i[table.OPEN, self.to_lane[connector]]:
            yield f"vehicle {v} drove towards closed lane {self.to_lane[connector]}"

    def _bodies(self) -> dict[int, list[tuple[float, float, int]]]:
        """From where to where vehicles lie on each row, rear first."""
        position = self.now.numbers[table.POSITION_M].tolist()
        bodies: dict[int, list[tuple[float, float, int]]] = {}
        for v, path in self.path.items():
            front, left = position[v], self.body_m[v]
            for depth, row in enumerate(path):
                rear = max(front - left, 0.0)
                bodies.setdefault(row, []).append((rear, front, v))
                left -= front - rear
                if left <= CLOSE_M:
                    del path[depth + 1 :]
                    break
                if depth + 1 < len(path):
                    front = self.length[path[depth + 1]]
        return bodies

    def _nobody_overlaps(self) -> Iterator[str]:
        position = self.now.numbers[table.POSITION_M].tolist()
        for row, ring in enumerate(self.now.rings):
            for a, b in pairwise(ring):
                if position[a] < position[b]:
                    yield f"vehicles {a} and {b} are out of order on row {row}"
        bodies = self._bodies()
        for row, parts in bodies.items():
            parts.sort()
            if self.bicycles and row < self.roads and self._are_beside(row, parts):
                yield from self._inside(row, [part for part in parts if part[2] not in self.beside])
                yield from self._inside(row, [part for part in parts if part[2] not in self.bicycles])
                yield from self._meets_oncoming(row, parts, bodies)
            else:
                yield from self._inside(row, parts)
        inside = {row - self.roads: parts for row, parts in bodies.items() if row >= self.roads}
        for connector, parts in inside.items():
            for foe, (begin_m, clear_m) in self.foes[connector].items():
                if foe > connector and foe in inside:
                    yield from self._meet(connector, parts, foe, inside[foe], begin_m, clear_m)

    def _inside(self, row: int, parts: list[tuple[float, float, int]]) -> Iterator[str]:
        for (_, front, b), (rear, _, a) in pairwise(parts):
            if front > rear + CLOSE_M:
                yield f"vehicle {b} is {front - rear:.3f} m inside {a} on row {row}"

    def _are_beside(self, row: int, parts: list[tuple[float, float, int]]) -> bool:
        """Note who of a row is beside a bicycle: from when it begins to pass until neither passes nor overlaps one."""
        passes = self.now.rows[table.PASSES]
        bicycles = [part for part in parts if part[2] in self.bicycles]
        for rear, front, v in parts:
            alongside = any(rear < its_front and its_rear < front for its_rear, its_front, _ in bicycles)
            if passes[v] >= 0:
                self.beside.add(v)
            elif not alongside:
                self.beside.discard(v)
        return any(v in self.beside for *_, v in parts)

    def _meets_oncoming(
        self, row: int, parts: list[tuple[float, float, int]], bodies: dict[int, list[tuple[float, float, int]]]
    ) -> Iterator[str]:
        """Who passes on the opposite lane has it for himself."""
        opposite, length = int(self.now.lane_i[table.OPPOSITE, row]), self.length[row]
        room = self.now.lane_f[table.PASSING_ROOM_M, row]
        for rear, front, v in parts:
            if v not in self.beside or room >= self.width_m[v]:
                continue
            self.passed_on_the_other_side += 1
            if opposite < 0:
                yield f"vehicle {v} passes on a street without an opposite lane"
            for its_rear, its_front, other in bodies.get(opposite, ()):
                if other not in self.beside and rear < length - its_rear and length - its_front < front:
                    yield f"vehicle {v} passes and meets {other} head-on"

    def _meet(
        self,
        one: int,
        parts: list[tuple[float, float, int]],
        foe: int,
        foes: list[tuple[float, float, int]],
        begin: float,
        clear: float,
    ) -> Iterator[str]:
        """Check two connectors that cross or join.

        Where they cross, one of two vehicles is through before the other gets in the way. Where they join, bodies keep
        apart as in one lane, by their way to the end.
        """
        joins = self.to_lane[one] == self.to_lane[foe]
        one_end, foe_end = self.length[self.roads + one], self.length[self.roads + foe]
        for rear, front, a in parts:
            for its_rear, its_front, b in foes:
                if joins:
                    apart = (
                        one_end - rear <= foe_end - its_front + CLOSE_M
                        or foe_end - its_rear <= one_end - front + CLOSE_M
                    )
                else:
                    own_begin, own_clear = self.foes[foe][one]
                    apart = (
                        rear >= own_clear - CLOSE_M
                        or its_rear >= clear - CLOSE_M
                        or front <= own_begin + CLOSE_M
                        or its_front <= begin + CLOSE_M
                    )
                if not apart and a != b:
                    yield f"vehicles {a} and {b} meet on conflicting connectors {one} and {foe}"

    def _speeds(self) -> Iterator[str]:
        now, before = self.now, self.before
        new, old = now.numbers[table.SPEED_MPS], before.numbers[table.SPEED_MPS]
        both = (now.rows[table.STATUS] == table.DRIVING) & (before.rows[table.STATUS] == table.DRIVING)
        driving = now.rows[table.STATUS] == table.DRIVING
        if (new < 0.0).any() or not np.isfinite(new).all():
            yield "a negative speed"
        too_hard = both & (old - new > self.fleet.cities.max_decel * self.dt + CLOSE)
        downhill = -before.lane_f[table.GRADIENT, before.rows[table.LANE]].clip(max=0.0)
        too_fast = both & (new - old > (self.accel + GRAVITY * downhill) * self.dt + CLOSE)
        for v in np.flatnonzero(too_hard):
            yield f"vehicle {v} braked by {(old[v] - new[v]) / self.dt:.3f} m/s²"
        for v in np.flatnonzero(too_fast):
            yield f"vehicle {v} accelerated by {(new[v] - old[v]) / self.dt:.3f} m/s²"
        row = np.where(both, before.rows[table.LANE], now.rows[table.LANE])
        factor = np.where(both, before.numbers[table.SPEED_FACTOR], now.numbers[table.SPEED_FACTOR])
        wanted = before.lane_f[table.LIMIT_MPS, row] * factor
        eased = np.where(both, np.maximum(wanted, old - self.comfort * self.dt), wanted)
        for v in np.flatnonzero(driving & (new > eased + CLOSE)):
            yield f"vehicle {v} drives {new[v]:.3f} m/s where it wants {wanted[v]:.3f}"
        if not self.speed_rules_changed:
            wanted = before.lane_f[table.LIMIT_MPS, now.rows[table.LANE]] * self._own_factor()
            for v in np.flatnonzero(driving & (new > wanted + CLOSE)):
                yield f"vehicle {v} came onto row {now.rows[table.LANE, v]}: {new[v]:.3f} m/s, limit {wanted[v]:.3f}"

    def _wanted(self, v: int, row: int) -> float:
        """Speed that a vehicle wants on a row, m/s."""
        return float(self.before.lane_f[table.LIMIT_MPS, row] * self.now.numbers[table.SPEED_FACTOR, v])

    def _own_factor(self) -> np.ndarray:
        """Wished speed over the limit of every driver, those of buses as if no stop were near."""
        buses = self.simulation.journeys.bus_lines
        return self.now.numbers[table.SPEED_FACTOR] if buses is None else buses.own_speed_factors(self.fleet)

    def _junction_books(self) -> Iterator[str]:
        now = self.now
        granted, connector = now.rows[table.GRANTED].tolist(), now.rows[table.CONNECTOR].tolist()
        rear_in, grants = now.rows[table.REAR_IN].tolist(), now.lane_i[table.GRANTED_COUNT].tolist()
        still_promised = now.rows[table.STILL_PROMISED].tolist()
        occupied, promised = [0] * len(self.to_lane), [0] * len(self.to_lane)
        inbound = np.zeros(self.roads)
        for row, ring in enumerate(now.rings):
            for k, v in enumerate(ring):
                if rear_in[v] >= 0:
                    occupied[rear_in[v]] += 1
                on = row - self.roads
                if on >= 0:
                    occupied[on] += 1
                if granted[v] and (on < 0 or granted[v] != table.ON_TRUST):
                    if on >= 0 or (k and not granted[ring[k - 1]]):
                        yield f"vehicle {v} holds a grant but is not at the head of a lane"
                        continue
                    on = connector[v]
                    promised[on] += 1
                    if self.from_lane[on] != row:
                        yield f"vehicle {v} holds a grant for a connector of another lane"
                if on >= 0 and granted[v] != table.JOINED:  # who has just joined is reckoned with in the next step
                    inbound[self.to_lane[on]] += self.body_m[v] + self.gap_m[v]
                if still_promised[v] >= 0:
                    inbound[still_promised[v]] += self.body_m[v] + self.gap_m[v]
            if row < self.roads:
                count = sum(granted[v] > 0 for v in ring)
                if grants[row] != count:
                    yield f"lane {row} counts {grants[row]} grants, there are {count}"
        kept = now.lane_i[table.OCCUPIED_BY, self.roads : -1]
        for c in np.flatnonzero(kept != np.array(occupied, np.int32)):
            yield f"connector {c} counts {kept[c]} occupants, there are {occupied[c]}"
        junction, on = self.fleet.cities.junction[0], np.append(0, np.cumsum(now.lane_i[table.COUNT, self.roads : -1]))
        inside = np.diff(on[junction[table.FIRST_CONNECTOR_IN]])
        for row in np.flatnonzero(junction[table.INSIDE, :-1] != inside):
            yield f"junction {row} counts {junction[table.INSIDE, row]} vehicles inside, there are {inside[row]}"
        for lane in np.flatnonzero(np.abs(now.lane_f[table.INBOUND_M, : self.roads] - inbound) > CLOSE_M):
            yield f"lane {lane} expects {now.lane_f[table.INBOUND_M, lane]:.3f} m, {inbound[lane]:.3f} m are coming"
        for c, foes in enumerate(self.foes):
            for foe in foes if promised[c] else ():
                if self.queues_up(c, foe):
                    yield from self._one_queue(c, foe)
                elif promised[foe]:
                    yield f"connector {c} is promised together with its foe {foe}"

    def queues_up(self, one: int, foe: int) -> bool:
        """Whether those who have been promised two connectors are one queue: both lead into one lane, unsignalled."""
        return self.to_lane[one] == self.to_lane[foe] and self.fleet.network.connectors.signal[one] < 0

    def _ways(self, connector: int) -> Iterator[tuple[float, int]]:
        """Metres to the end of a connector of all who are on it or have been promised it."""
        now, row = self.now, self.roads + connector
        for v in now.rings[row]:
            yield self.length[row] - float(now.numbers[table.POSITION_M, v]), v
        lane = self.from_lane[connector]
        for v in now.rings[lane]:
            if now.rows[table.GRANTED, v] and now.rows[table.CONNECTOR, v] == connector:
                yield self.length[row] + self.length[lane] - float(now.numbers[table.POSITION_M, v]), v

    def _one_queue(self, one: int, foe: int) -> Iterator[str]:
        for way, a in self._ways(one):
            for its_way, b in self._ways(foe):
                near, far, first = (way, its_way, a) if way < its_way else (its_way, way, b)
                if near + self.body_m[first] > far + CLOSE_M:
                    yield f"vehicles {a} and {b} were both let into the place where {one} and {foe} join"

    def _light_now(self) -> list[int]:
        """Light of every connector in this step; -1 without signals."""
        cities, connectors = self.fleet.cities, self.fleet.network.connectors
        if not len(self.now.phase):
            return [-1] * len(connectors.signal)
        shown = cities.light[cities.phase_light[self.now.phase[connectors.signal]] + connectors.group]
        lights: list[int] = np.where(connectors.signal < 0, -1, shown).tolist()
        return lights

    def _lights(self) -> Iterator[str]:
        network, cities = self.fleet.network, self.fleet.cities
        if self.now.counter[table.RED_RUNS]:
            yield "the kernels counted a red light run"
        if not len(network.signals.id):
            return
        if not self.retimed and not cities.controller_i[0, table.CONTROL].any():
            phase, _ = phases_at(network, (self.steps - 1) * self.dt + 1e-6)
            if not np.array_equal(phase, self.now.phase):
                yield f"signals show phases {self.now.phase}, the programmes say {phase}"
        for controller, (old, new) in enumerate(zip(self.before.phase, self.now.phase, strict=True)):
            if old == new or self.steps == 1:
                continue
            groups = int(network.signals.group_count[controller])
            was = cities.light[cities.phase_light[old] :][:groups]
            shown = cities.light[cities.phase_light[new] :][:groups]
            if ((was >= Light.GREEN_YIELD) & (shown == Light.RED)).any():
                yield f"signal {controller} went from green to red without yellow"

    def _counts(self) -> Iterator[str]:
        now = self.now
        came, went = now.lane_i[table.CAME_IN, :-1], now.lane_i[table.WENT_OUT, :-1]
        present = np.array([len(ring) for ring in now.rings])
        link = now.lane_i[table.ON_LINK, : self.roads]
        change = (came - went - present)[: self.roads]
        off = np.bincount(link, weights=change, minlength=self.fleet.network.link_count)
        if off.any():
            yield f"entered minus left is not what is on links {np.flatnonzero(off)}"
        if (came - went - present)[self.roads :].any():
            yield "entered minus left is not what is on a connector"
        count = now.sensor[table.SENSOR_COUNT]
        for number in np.flatnonzero(count != self.passed):
            sensor = self.fleet.sensors[number]
            yield f"sensor at {sensor.at_m} m counted {count[number]:g}, {self.passed[number]} vehicles passed"
        if not np.allclose(now.numbers[table.DRIVEN_M], self.driven, rtol=0, atol=1e-6):
            yield "distances driven are not what was driven"
        if abs(now.lane_f[table.VEHICLE_M].sum() - self.driven.sum()) > 1e-4:
            yield "the distance driven on all rows is not what all vehicles drove"

    def _reasons(self) -> Iterator[str]:
        now = self.now
        status, standing = now.rows[table.STATUS], now.numbers[table.STANDING_S]
        same = now.rows[table.LANE] == self.before.rows[table.LANE]  # a new lane is a new beginning
        need = (status == table.DRIVING) & (standing >= EXPLAINED_AFTER_S) & same
        need |= (status == table.WAITING) | (status == table.NO_ROUTE)
        if need.any():
            texts = causes(self.fleet)
            for v in np.flatnonzero(need):
                if not texts[v]:
                    yield f"vehicle {v} stands for {standing[v]} s on row {now.rows[table.LANE, v]} without a cause"
