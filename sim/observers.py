"""Watch a run without changing it: streets, the whole network, sensors, each in its own rhythm."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..agents.remembering import Remembers
from ..kernels import traffic_tables as table

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..agents.fleet import Fleet
    from .run_folder import RunFolder

Floats = NDArray[np.float64]


class Observer(Protocol):
    """Something that looks at the city now and then."""

    every_s: float  # its own rhythm, in simulated seconds

    def observe(self, t_s: float, model: CityModel) -> None:
        """Look, and write down what was seen since the last time."""


class Head:
    """How many trips are where at a moment."""

    def __init__(self, fleet: Fleet, stuck_after_s: float) -> None:
        vehicles = fleet.vehicles
        status = np.bincount(vehicles.status[0], minlength=table.NO_ROUTE + 1)
        standing = (vehicles.status[0] == table.DRIVING) & (vehicles.standing_s[0] >= stuck_after_s)
        self.arrived = int(status[table.ARRIVED])
        self.waiting = int(status[table.WAITING])
        self.stuck = int(standing.sum() + status[table.NO_ROUTE])
        self.active = int(status[table.DRIVING] - standing.sum())
        self.created = int(fleet.cities.counter[0, table.CREATED])


class LinkTable(Remembers):
    """Flow, speed, density, delay, stops and queues of every link that saw a vehicle, per interval."""

    KEEPS = ("_start_s", "_before", "_stood_before")

    def __init__(self, folder: RunFolder, fleet: Fleet, every_s: float) -> None:
        self.every_s = every_s
        self._writer = folder.writer("links")
        self._start_s = 0.0
        self._before = link_totals(fleet)
        self._stood_before = stop_totals(fleet)
        network = fleet.network
        self._names = np.array(network.links.id, dtype=object)
        self._free_s_per_m = 1.0 / network.links.speed_mps

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one row for every link that a vehicle was on."""
        span_s = t_s - self._start_s
        if span_s <= 0.0:
            return
        now = link_totals(model.fleet)
        entered, left, vehicle_s, vehicle_m = (after - before for after, before in zip(now, self._before, strict=True))
        stood = stop_totals(model.fleet)
        stops, standing_s = stood.stops - self._stood_before.stops, stood.standing_s - self._stood_before.standing_s
        rows = np.flatnonzero((vehicle_s > 0.0) | (entered > 0) | (left > 0))
        length_m = model.network.links.length_m[rows]
        vehicle_s, vehicle_m = vehicle_s[rows], vehicle_m[rows]
        with np.errstate(invalid="ignore", divide="ignore"):
            speed_mps = np.where(vehicle_s > 0.0, vehicle_m / vehicle_s, np.nan)
        self._writer.write(
            {
                "interval_start_s": np.full(rows.size, self._start_s),
                "interval_end_s": np.full(rows.size, t_s),
                "link": self._names[rows],
                "entered_veh": entered[rows].astype(np.int64),
                "left_veh": left[rows].astype(np.int64),
                "vehicle_s": vehicle_s,
                "vehicle_m": vehicle_m,
                "mean_speed_mps": speed_mps,
                "flow_vph": vehicle_m / length_m / span_s * 3600.0,  # Edie (1963): distance driven per road and time
                "density_vpkm": vehicle_s / length_m / span_s * 1000.0,
                "delay_s": np.maximum(vehicle_s - vehicle_m * self._free_s_per_m[rows], 0.0),
                "stops": stops[rows].astype(np.int64),
                "standing_s": standing_s[rows],
                "mean_queue_veh": standing_s[rows] / span_s,
                "longest_queue_so_far_veh": stood.longest_veh[rows].astype(np.int64),
            }
        )
        self._start_s, self._before, self._stood_before = t_s, now, stood


class NetworkTable(Remembers):
    """The whole network at moments: who is where, how fast, and the point of the fundamental diagram since the last."""

    KEEPS = ("_start_s", "_before")

    def __init__(self, folder: RunFolder, fleet: Fleet, every_s: float, stuck_after_s: float) -> None:
        self.every_s = every_s
        self._writer = folder.writer("network")
        self._stuck_after_s = stuck_after_s
        lanes = np.diff(fleet.network.links.lane_start)
        self._lane_m = float((lanes * fleet.network.links.length_m).sum())
        self._start_s, self._before = 0.0, (0.0, 0.0, 0.0)
        self._write(0.0, fleet)

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one row."""
        if t_s > self._start_s:
            self._write(t_s, model.fleet)

    def _write(self, t_s: float, fleet: Fleet) -> None:
        head = Head(fleet, self._stuck_after_s)
        roads = slice(0, fleet.network.lane_count)
        vehicle_s = float(fleet.cities.lane_f[0, table.VEHICLE_S, roads].sum())
        vehicle_m = float(fleet.cities.lane_f[0, table.VEHICLE_M, roads].sum())
        stood = stop_totals(fleet)
        now = vehicle_s, vehicle_m, float(stood.standing_s.sum())
        seconds, metres, standing_s = (after - before for after, before in zip(now, self._before, strict=True))
        span_s = max(t_s - self._start_s, 1e-9)
        driving = fleet.vehicles.status[0] == table.DRIVING
        speed_mps = float(fleet.vehicles.speed_mps[0, driving].mean()) if driving.any() else float("nan")
        row: dict[str, Any] = {
            "t_s": t_s,
            "created": head.created,
            "arrived": head.arrived,
            "active": head.active,
            "waiting": head.waiting,
            "stuck": head.stuck,
            "running_mean_speed_mps": speed_mps,
            "vehicle_km": float(fleet.vehicles.driven_m[0].sum()) / 1000.0,
            "flow_vph_per_lane": metres / self._lane_m / span_s * 3600.0,
            "density_vpkm_per_lane": seconds / self._lane_m / span_s * 1000.0,
            "stops": int(stood.stops.sum()),
            "mean_queue_veh": standing_s / span_s,
        }
        self._writer.write({name: [value] for name, value in row.items()})
        self._start_s, self._before = t_s, now


class SensorTable(Remembers):
    """Counts, speeds and occupancy of the loops that share a rhythm."""

    KEEPS = ("_start_s", "_before")

    def __init__(self, folder: RunFolder, fleet: Fleet, every_s: float, names: frozenset[str]) -> None:
        self.every_s = every_s
        self._writer = folder.writer("sensors")
        self._rows = [row for row, sensor in enumerate(fleet.sensors) if sensor.name in names]
        self._start_s = 0.0
        self._before = fleet.cities.sensor[0][:, self._rows].copy()

    def observe(self, t_s: float, model: CityModel) -> None:
        """Write one row per loop."""
        span_s = t_s - self._start_s
        if span_s <= 0.0:
            return
        fleet = model.fleet
        now = fleet.cities.sensor[0][:, self._rows].copy()
        change = now - self._before
        count = change[table.SENSOR_COUNT]
        sensors = [fleet.sensors[row] for row in self._rows]
        lanes = [sensor.lane for sensor in sensors]
        with np.errstate(invalid="ignore", divide="ignore"):
            speed_mps = np.where(count > 0, change[table.SENSOR_SPEED_SUM] / count, np.nan)
        self._writer.write(
            {
                "interval_start_s": np.full(count.size, self._start_s),
                "interval_end_s": np.full(count.size, t_s),
                "sensor": [sensor.name for sensor in sensors],
                "link": [fleet.network.links.id[fleet.network.lanes.link[lane]] for lane in lanes],
                "lane": fleet.network.lanes.index[lanes].astype(np.int64),
                "count_veh": count.astype(np.int64),
                "flow_vph": count / span_s * 3600.0,
                "mean_speed_mps": speed_mps,
                "occupancy_pct": change[table.SENSOR_OCCUPIED_S] / span_s * 100.0,
            }
        )
        self._start_s, self._before = t_s, now


class StopTotals(NamedTuple):
    """Who came to stand on every link since the start, ``[link]`` each.

    A vehicle stands when it is slower than 0.1 m/s. One that moved before stops; one that creeps on in a queue and
    stands again stops again.
    """

    stops: Floats
    standing_s: Floats  # of all vehicles together
    longest_veh: Floats  # most that stood at once in one of its lanes


def stop_totals(fleet: Fleet) -> StopTotals:
    """Stops and queues of every link so far; the inside of junctions belongs to no link."""
    lane_i, roads, links = fleet.cities.lane_i[0], fleet.network.lane_count, fleet.network.link_count
    link_of = lane_i[table.ON_LINK, :roads]
    stops, steps = (
        np.bincount(link_of, weights=lane_i[column, :roads], minlength=links).astype(np.float64)
        for column in (table.STOPS, table.STANDING_STEPS)
    )
    longest_veh = np.zeros(links)
    np.maximum.at(longest_veh, link_of, lane_i[table.LONGEST_QUEUE, :roads])
    return StopTotals(stops, steps * fleet.cities.step_s, longest_veh)


def link_totals(fleet: Fleet) -> tuple[Floats, Floats, Floats, Floats]:
    """Vehicles entered and left, seconds and metres driven on every link since the start, ``[link]`` each.

    From stop line to stop line: the inside of junctions belongs to no link.
    """
    cities, links, roads = fleet.cities, fleet.network.link_count, fleet.network.lane_count
    link_of = cities.lane_i[0, table.ON_LINK, :roads]

    def total(of_lanes: NDArray[Any]) -> Floats:
        return np.bincount(link_of, weights=of_lanes[:roads], minlength=links).astype(np.float64)

    return (
        total(cities.lane_i[0, table.CAME_IN]),
        total(cities.lane_i[0, table.WENT_OUT]),
        total(cities.lane_f[0, table.VEHICLE_S]),
        total(cities.lane_f[0, table.VEHICLE_M]),
    )
