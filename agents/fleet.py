"""Hold the traffic of a city in arrays: build them from network, trips and drivers, and advance them by whole steps.

Arrays own the numbers; ``Vehicle`` views of their rows are made when somebody looks (see ``vehicle.py``).
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..kernels import chance
from ..kernels import traffic_tables as table
from ..kernels.traffic_tables import City
from ..scenarios.streets import BICYCLE, BUS, CAR, EMERGENCY, TRUCK
from .connectors import connector_table, foe_numbers, foe_table, is_joint, turns_taken
from .drivers import DriverKinds, driver_kinds
from .large_pages import in_large_pages
from .loops import note_loops
from .passing import note_passing
from .remembering import Remembers, State, overwrite
from .signal_clocks import controller_tables
from .signals import SignalTables, detectors_of, lay_out_signals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..scenarios.controllers import ControlledSignal
    from ..scenarios.drivers import Drivers
    from ..scenarios.network import RoadNetwork
    from ..scenarios.remedies import Impatience
    from ..scenarios.trips import TripTable
    from .walk_crossings import CrossedLanes

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

FIRM_DECEL_MPS2 = 3.0  # what drivers accept at the onset of yellow: ITE (1999) uses 10 ft/s² = 3.05 m/s²
# As scenarios.trips.VEHICLE_CLASSES orders them.
CLASS_ACCESS = np.array([CAR, TRUCK, BUS, EMERGENCY, BICYCLE], np.int32)
MOST_SPREAD = 2.5  # drivers further than so many standard deviations off are cut to it
SLOWEST_FACTOR = 0.3


@dataclass(frozen=True, slots=True)
class Sensor:
    """A detector at a point of a lane."""

    name: str
    lane: int
    at_m: float
    of_signal: bool = False  # what it feels decides when lights change


@dataclass(slots=True)
class VehicleState:
    """All vehicles, one row per trip and never reordered. Shapes ``[member, vehicle]``; views, not copies."""

    depart_s: Floats
    speed_factor: Floats  # wanted speed over the limit
    position_m: Floats  # front bumper from the start of its lane
    speed_mps: Floats
    standing_s: Floats  # since it last moved
    ask_after_s: Floats
    entered_s: Floats  # nan before
    arrived_s: Floats  # nan before
    driven_m: Floats
    kind: Ints  # of driver: row of cities.driver and cities.class_access
    status: Ints  # PENDING, WAITING, DRIVING, ARRIVED, NO_ROUTE
    lane: Ints  # lane row, connectors behind the road lanes; -1 off the road
    connector: Ints  # way on from the present lane, -1: none
    granted: Ints
    cause: Ints  # why it stands
    ask: Ints  # what its driver must decide
    route_start: Ints
    route_size: Ints
    route_at: Ints  # step of the route that is the present link

    @classmethod
    def of(cls, cities: City) -> VehicleState:
        """Name the columns of the tables."""
        numbers, rows = cities.vehicle_f, cities.vehicle_i
        return cls(
            depart_s=numbers[..., table.DEPART_S],
            speed_factor=numbers[..., table.SPEED_FACTOR],
            position_m=numbers[..., table.POSITION_M],
            speed_mps=numbers[..., table.SPEED_MPS],
            standing_s=numbers[..., table.STANDING_S],
            ask_after_s=numbers[..., table.ASK_AFTER_S],
            entered_s=numbers[..., table.ENTERED_S],
            arrived_s=numbers[..., table.ARRIVED_S],
            driven_m=numbers[..., table.DRIVEN_M],
            kind=rows[..., table.CLASS],
            status=rows[..., table.STATUS],
            lane=rows[..., table.LANE],
            connector=rows[..., table.CONNECTOR],
            granted=rows[..., table.GRANTED],
            cause=rows[..., table.CAUSE],
            ask=rows[..., table.ASK],
            route_start=rows[..., table.ROUTE_START],
            route_size=rows[..., table.ROUTE_SIZE],
            route_at=rows[..., table.ROUTE_AT],
        )


@dataclass(slots=True)
class Fleet(Remembers):
    """All vehicles of a run and the lanes they drive on."""

    network: RoadNetwork
    trips: TripTable
    sensors: tuple[Sensor, ...]
    cities: City  # arrays of table.OWN have a leading [member] axis
    vehicles: VehicleState
    routes_used: int = 0  # of cities.route

    @property
    def members(self) -> int:
        """Number of runs side by side."""
        return int(self.cities.counter.shape[0])

    @property
    def lane_limit_mps(self) -> Floats:
        """Speed limit, ``[member, lane row]``."""
        return self.cities.lane_f[:, table.LIMIT_MPS]

    @property
    def lane_open(self) -> Ints:
        """Whether a road lane is open, ``[member, road lane]``."""
        return self.cities.lane_i[:, table.OPEN, : self.network.lane_count]

    @property
    def obstacle_m(self) -> Floats:
        """Blocked place nearest the start of a road lane, inf where there is none, ``[member, road lane]``."""
        return self.cities.lane_f[:, table.OBSTACLE_M, : self.network.lane_count]

    def block(self, lane: int, places_m: Sequence[float]) -> None:
        """Block these places of a road lane and no others; of more than three those nearest its start."""
        columns = [table.OBSTACLE_M, *range(table.FURTHER_OBSTACLES_M, table.FURTHER_OBSTACLES_END)]
        places = [*sorted(places_m), *[np.inf] * len(columns)]
        for column, place_m in zip(columns, places, strict=False):
            self.cities.lane_f[:, column, lane] = place_m

    def advance(self, first_step: int, last_step: int, *, as_left: bool = False) -> None:
        """Run steps ``first_step`` up to, not including, ``last_step``.

        Say ``as_left`` when nobody has moved vehicles or changed routes or lanes since the step before: the result is
        the same, but nothing is looked through anew.
        """
        if self.members == 1:
            from .threads import run_on_threads, threads_for

            driving = int(self.cities.counter[0, table.ENTERED] - self.cities.counter[0, table.ARRIVALS])
            run_on_threads(self.cities, 0, first_step, last_step, threads_for(driving), as_left=as_left)
        else:
            from ..kernels.traffic import run_members

            run_members(self.cities, first_step, last_step)

    def tables(self, *names: str) -> City:
        """Arrays to hand to a compiled function that reads or changes those named, all without names.

        Here that is ``cities``; where the state lives on a GPU they are copied from there first, and back afterwards.
        """
        return self.cities

    def reading(self) -> AbstractContextManager[None]:
        """A span in which nobody changes anything: what is looked at on a GPU's behalf need not be copied back."""
        return nullcontext()

    def set_routes(self, member: int, trips: NDArray[np.int64], start: NDArray[np.int64], link: Ints) -> None:
        """Give trips their routes.

        Parameters
        ----------
        member
            Whose vehicles.
        trips
            Rows, ``[n]``.
        start, link
            Route ``i`` is ``link[start[i]:start[i + 1]]``; it begins with the link the vehicle is on or enters by.
            An empty one means that there is no way.
        """
        used, needed = self.routes_used, self.routes_used + link.size
        self._make_room_for_routes(needed)
        self.cities.route[used:needed] = link
        self.vehicles.route_start[member, trips] = used + start[:-1]
        self.vehicles.route_size[member, trips] = np.diff(start)
        self.vehicles.route_at[member, trips] = 0
        self.routes_used = needed

    def _make_room_for_routes(self, needed: int) -> None:
        if needed > self.cities.route.size:
            larger = np.zeros(max(needed, 2 * self.cities.route.size), np.int32)
            larger[: self.routes_used] = self.cities.route[: self.routes_used]
            self.cities = self.cities._replace(route=larger)

    def state(self) -> State:
        """All that changes while vehicles drive."""
        with self.reading():
            cities = self.tables()
            return {
                **{name: getattr(cities, name).copy() for name in table.OWN},
                "route": cities.route[: self.routes_used].copy(),
            }

    def restore(self, state: State) -> None:
        """Have every vehicle and every light as it was.

        Raises
        ------
        ValueError
            When it was another fleet.
        """
        overwrite(self.tables(), table.OWN, state)
        self.routes_used = 0
        self._make_room_for_routes(state["route"].size)
        self.routes_used = state["route"].size
        self.cities.route[: self.routes_used] = state["route"]

    def route(self, member: int, trip: int) -> Ints:
        """Links of a vehicle's route from the one it is on (or enters by) to its destination."""
        start = self.vehicles.route_start[member, trip]
        size, at = self.vehicles.route_size[member, trip], self.vehicles.route_at[member, trip]
        return self.cities.route[start + at : start + size]

    def state_hash(self, member: int = 0) -> str:
        """SHA-256 over everything that decides how the run goes on, routes included."""
        digest = hashlib.sha256()
        vehicles = self.vehicles
        rows = self.cities.vehicle_i[member].copy()
        rows[:, table.ROUTE_START] = 0  # where routes lie in memory depends on the other members
        if not (rows[:, table.PASSES] >= 0).any():
            rows = rows[:, : table.PASSES]
        for name in table.OWN:
            if name not in ("driver", "sensor", "junction", "crossed_f"):
                array = rows if name == "vehicle_i" else getattr(self.cities, name)[member]
                array = array[: table.DUE_STEP] if name == "link" else array  # it and junctions follow from the rest
                array = array[: table.STOPS] if name == "lane_i" else array  # the rest is only watched
                array = array[: table.GRADIENT] if name == "lane_f" else array  # what follows from others
                array = array[: table.SMALL_GAPS] if name == "counter" else array  # the rest is only watched
                array = array.T if name in table.BY_VEHICLE else array  # column after column, as the others
                digest.update(np.ascontiguousarray(array).tobytes())
        detectors = [row for row, sensor in enumerate(self.sensors) if sensor.of_signal]
        digest.update(self.cities.sensor[member, table.SENSOR_GAP_S, detectors].tobytes())
        turns = self.cities.lane_f[member, table.TURN_AT]
        digest.update(turns.tobytes() if turns.any() else b"")
        for trip in np.flatnonzero(vehicles.status[member] != table.ARRIVED):
            digest.update(self.route(member, int(trip)).tobytes())
        return digest.hexdigest()


def build_fleet(
    network: RoadNetwork,
    trips: TripTable,
    drivers: Drivers,
    *,
    seed: int = 0,
    members: int = 1,
    step_s: float = 1.0,
    reroute_blocked_after_s: float | None = None,
    impatience: Impatience | None = None,
    sensors: tuple[Sensor, ...] = (),
    signals: Sequence[ControlledSignal] = (),
    crossed: CrossedLanes | None = None,
) -> Fleet:
    """Lay out the state of a run at t = 0: nobody on the road.

    Member ``m`` draws its drivers with seed ``seed + m``. ``signals`` are those that do not run by the clock alone,
    ``crossed`` is where people cross lanes.
    """
    kinds = driver_kinds(drivers, impatience)
    kind = np.stack([kinds.draw(trips, seed + member) for member in range(members)])
    driver = kinds.driver
    detectors = [
        Sensor(f"detector of {network.signals.id[signal.stages.controller]}", lane, at_m, of_signal=True)
        for signal in signals
        for lane, at_m in detectors_of(network, signal)
    ]
    sensors = tuple(sorted((*sensors, *detectors), key=lambda sensor: (sensor.lane, sensor.at_m)))
    bicycles = bool((trips.vehicle_class == table.BICYCLE_CLASS).any())
    in_demand = bicycles | (driver[:, table.VEHICLE_CLASS] != table.BICYCLE_CLASS)
    shortest_m = float(driver[in_demand, table.LENGTH_M].min())
    lane_f, lane_i, listed, ring_slots = _lanes(network, sensors, shortest_m)
    if bicycles:
        note_passing(network, lane_f, lane_i, drivers.passing_clearance_m)
    crossed_f = _note_crossings(lane_i, crossed)
    junction, listed = _junctions(network, listed)
    loop, listed = note_loops(network, lane_f, lane_i, listed, driver)
    link, listed = _links(network, trips, listed)
    controller_i, controller_f = controller_tables(network, step_s)
    shown = lay_out_signals(
        network,
        signals,
        SignalTables(
            controller_i,
            controller_f,
            network.signals.phase_s.astype(np.float64),
            network.signals.light_start.astype(np.int32),
            network.signals.light.astype(np.int8),
            listed,
        ),
        {(sensor.lane, sensor.at_m): row for row, sensor in enumerate(sensors) if sensor.of_signal},
        step_s,
    )
    cities = City(
        vehicle_f=_vehicle_numbers(network, trips, kinds, kind, seed=seed),
        vehicle_i=_vehicle_rows(trips, kinds, kind, seed=seed, meets_people=crossed is not None),
        lane_f=_each(members, lane_f),
        lane_i=_each(members, lane_i),
        connector=connector_table(network),
        foe=foe_table(network),
        foe_f=foe_numbers(network),
        junction=_each(members, junction),
        loop=loop,
        link=_each(members, link),
        listed=shown.listed,
        ring=np.full((members, ring_slots), -1, np.int32),
        route=np.zeros(1024, np.int32),
        driver=_each(members, driver),
        class_access=CLASS_ACCESS[kinds.vehicle_class],
        controller_i=_each(members, shown.controller_i),
        controller_f=_each(members, shown.controller_f),
        phase_s=_each(members, shown.phase_s),
        phase_light=shown.phase_light,
        light=shown.light,
        sensor=_each(members, _sensor_table(sensors)),
        crossed_f=_each(members, crossed_f),
        counter=np.zeros((members, table.COUNTERS), np.int64),
        busy=np.zeros((members, table.BUSY_COLUMNS, max(junction.shape[1], lane_i.shape[1])), np.int32),
        road_lanes=network.lane_count,
        step_s=float(step_s),
        max_decel=float(drivers.max_decel_mps2),
        firm_decel=float(max(FIRM_DECEL_MPS2, driver[:, table.COMFORT_DECEL].max())),
        reroute_blocked_after_s=np.inf if reroute_blocked_after_s is None else float(reroute_blocked_after_s),
    )
    cities = in_large_pages(cities)
    return Fleet(network, trips, sensors, cities, VehicleState.of(cities))


Array = TypeVar("Array", Floats, Ints)


def _each(members: int, array: Array) -> Array:
    """One copy per member."""
    return np.repeat(array[np.newaxis], members, axis=0)


def _grouped(keys: NDArray[np.integer], groups: int, begins: int) -> tuple[Ints, Ints]:
    """Rows grouped by key: where each group begins in a list that already has ``begins`` entries, and the rows."""
    start = np.full(groups + 1, begins, np.int32)
    start[1:] += np.cumsum(np.bincount(keys, minlength=groups)).astype(np.int32)
    return start, np.argsort(keys, kind="stable").astype(np.int32)


def _lanes(network: RoadNetwork, sensors: tuple[Sensor, ...], shortest_m: float) -> tuple[Floats, Ints, Ints, int]:
    """Lane tables, the list they refer to, and the number of slots of all ring buffers."""
    links, lanes, connectors = network.links, network.lanes, network.connectors
    road_lanes = network.lane_count
    rows = road_lanes + connectors.movement.size
    lane_f = np.zeros((table.LANE_F_COLUMNS, rows))
    lane_f[table.LANE_LENGTH_M] = np.concatenate([links.length_m[lanes.link], connectors.length_m])
    lane_f[table.LIMIT_MPS] = np.concatenate([links.speed_mps[lanes.link], connectors.speed_mps])
    lane_f[[table.OBSTACLE_M, *range(table.FURTHER_OBSTACLES_M, table.FURTHER_OBSTACLES_END)]] = np.inf
    lane_f[table.OVERHANG_M] = -1.0
    lane_f[table.OVERHANG_M, connectors.from_lane[is_joint(network)]] = 0.0
    gradient = np.nan_to_num(links.gradient) if network.slopes else np.zeros(network.link_count)
    road_gradient = gradient[lanes.link]
    through = (road_gradient[connectors.from_lane] + road_gradient[connectors.to_lane]) / 2.0
    lane_f[table.GRADIENT] = np.concatenate([road_gradient, through])
    lane_i = np.zeros((table.LANE_I_COLUMNS, rows + 1), np.int32)
    lane_i[table.ON_LINK, :rows] = np.concatenate([lanes.link, lanes.link[connectors.from_lane]])
    lane_f[table.HEADWAY_FACTOR] = links.headway_factor[lane_i[table.ON_LINK, :rows]]
    lane_f[table.TURN_TAKES, road_lanes:] = turns_taken(network)
    lane_i[table.ACCESS, :road_lanes] = lanes.access
    lane_i[table.OPEN] = 1
    lane_i[table.LAST_OUT] = -1
    lane_i[table.OPPOSITE] = table.NO_PASSING
    lane_i[table.FIRST_CONNECTOR, : road_lanes + 1] = lanes.connector_start
    feeder_start, feeder = _grouped(connectors.to_lane, road_lanes, 0)
    lane_i[table.FIRST_FEEDER, : road_lanes + 1] = feeder_start
    sensor_lanes = np.array([sensor.lane for sensor in sensors], np.int32)
    lane_i[table.FIRST_SENSOR, 1 : road_lanes + 1] = np.cumsum(np.bincount(sensor_lanes, minlength=road_lanes))
    slots = np.floor(lane_f[table.LANE_LENGTH_M] / shortest_m).astype(np.int64) + 3
    lane_i[table.RING_START, 1:] = np.cumsum(slots)
    return lane_f, lane_i, feeder, int(slots.sum())


def _junctions(network: RoadNetwork, listed: Ints) -> tuple[Ints, Ints]:
    lanes, links = network.lanes, network.links
    count = len(network.junctions.id)
    rows = np.zeros((table.JUNCTION_COLUMNS, count + 1), np.int32)
    rows[table.FIRST_CONNECTOR_IN] = network.junctions.connector_start
    rows[table.FIRST_LANE_IN], lanes_in = _grouped(links.to_junction[lanes.link], count, listed.size)
    listed = np.concatenate([listed, lanes_in])
    rows[table.FIRST_LANE_OUT], lanes_out = _grouped(links.from_junction[lanes.link], count, listed.size)
    return rows, np.concatenate([listed, lanes_out])


def _links(network: RoadNetwork, trips: TripTable, listed: Ints) -> tuple[Ints, Ints]:
    rows = np.zeros((table.LINK_COLUMNS, network.link_count + 1), np.int32)
    rows[table.FIRST_LANE], rows[table.ENDS_AT, :-1] = network.links.lane_start, network.links.to_junction
    rows[table.FIRST_ENTRY], entries = _grouped(trips.origin_link, network.link_count, listed.size)
    rows[table.ENTRY_NEXT] = rows[table.ENTRY_DUE] = rows[table.FIRST_ENTRY]
    return rows, np.concatenate([listed, entries])


def _note_crossings(lane_i: Ints, crossed: CrossedLanes | None) -> Floats:
    """Table of places where people cross lanes, all free, and in the lanes' table where those of each begin."""
    if crossed is None:
        return np.zeros((table.CROSSED_F_COLUMNS, 0))
    order = np.argsort(crossed.row)
    lane_i[table.FIRST_CROSSED] = np.searchsorted(crossed.lane[order], np.arange(lane_i.shape[1]))
    rows = np.zeros((table.CROSSED_F_COLUMNS, order.size))
    rows[table.CROSSED_AT_M] = crossed.at_m[order]
    return rows


def _sensor_table(sensors: tuple[Sensor, ...]) -> Floats:
    rows = np.zeros((table.SENSOR_COLUMNS, len(sensors)))
    rows[table.SENSOR_AT_M] = [sensor.at_m for sensor in sensors]
    return rows


def _vehicle_numbers(network: RoadNetwork, trips: TripTable, kinds: DriverKinds, kind: Ints, *, seed: int) -> Floats:
    members = kind.shape[0]
    length_m = kinds.driver[kind, table.LENGTH_M]
    origin_length_m = network.links.length_m[trips.origin_link]
    destination_length_m = network.links.length_m[trips.destination_link]
    origin_m = np.where(np.isnan(trips.origin_m), origin_length_m / 2.0, trips.origin_m)
    destination_m = np.where(np.isnan(trips.destination_m), destination_length_m / 2.0, trips.destination_m)
    numbers = np.zeros((members, len(trips.id), table.VEHICLE_F_COLUMNS))
    numbers[..., table.DEPART_S] = trips.depart_s
    numbers[..., table.ORIGIN_M] = np.minimum(np.maximum(origin_m, length_m), origin_length_m)
    numbers[..., table.DESTINATION_M] = np.minimum(destination_m, destination_length_m - 1e-6)
    numbers[..., (table.ENTERED_S, table.ARRIVED_S)] = np.nan
    spread = np.empty(len(trips.id))
    for member in range(members):
        chance.fill_normals(np.uint64(seed + member), trips.key, chance.DRIVER_SPEED, spread)
        own = kind[member]
        factor = kinds.speed_factor_mean[own] + kinds.speed_factor_sd[own] * np.clip(spread, -MOST_SPREAD, MOST_SPREAD)
        numbers[member, :, table.SPEED_FACTOR] = np.maximum(factor, SLOWEST_FACTOR)
    return numbers


def _vehicle_rows(trips: TripTable, kinds: DriverKinds, kind: Ints, *, seed: int, meets_people: bool) -> Ints:
    rows = np.zeros((*kind.shape, table.VEHICLE_I_COLUMNS), np.int32)
    rows[..., table.CLASS] = kind
    nobody = (table.YIELDS_TO, table.PASSES, table.MATCHES, table.STILL_PROMISED)
    rows[..., (table.LANE, table.CONNECTOR, table.REAR_IN, *nobody)] = -1
    by_chance = meets_people and (kinds.driver[:, table.ZEBRA_YIELD_SHARE] < 1.0).any()
    if by_chance or kinds.driver[:, table.IMPERFECTION].any():
        draws = np.empty(len(trips.id))
        for member in range(kind.shape[0]):
            chance.fill_uniforms(np.uint64(seed + member), trips.key, chance.DRIVER_IMPERFECTION, draws)
            rows[member, :, table.CHANCE] = np.floor(draws * 2.0**31)
    return rows
