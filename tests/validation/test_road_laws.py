"""Laws of traffic on straight roads, rings and lane drops that every model of it has to keep."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from idm_theory import Idm
from micro_traffic import Part, arrivals, put_on, record, ring_at, rows_from, straight
from reference_cases import hold
from traffic_case import simulate
from wave_roads import NO_DETOURS, Log, node_network, watch, wave_drivers

from citytwin.scenarios.drivers import Drivers

Note = Callable[[str, Any], None]
RING_M = 1000.0
DEFAULT = Drivers()


def default_idm(limit_kmh: float, **other: float) -> Idm:
    """The default drivers at a limit, or with something changed."""
    own = {
        "v0": limit_kmh / 3.6,
        "T": DEFAULT.headway_s,
        "s0": DEFAULT.min_gap_m,
        "a": DEFAULT.max_accel_mps2,
        "b": DEFAULT.comfort_decel_mps2,
        "length": DEFAULT.length_m,
    }
    return Idm(**(own | other))


@cache
def ring_speed(density_vpkm: int, step_s: float) -> tuple[float, float]:
    """Speed on a ring at 50 km/h that began in equilibrium, five minutes later, and the equilibrium, m/s."""
    model = default_idm(50.0)
    wanted = model.speed_at(density_vpkm / RING_M)
    keys = {"duration_s": 600, "step_s": step_s, "drivers": model.drivers}
    simulation = ring_at(RING_M, density_vpkm, wanted, speed_kmh=50.0, **keys)
    simulation.run(300)
    driven = simulation.model.fleet.vehicles.driven_m[0].copy()
    simulation.run(600)
    return float((simulation.model.fleet.vehicles.driven_m[0] - driven).mean() / 300.0), wanted


@pytest.mark.parametrize("step_s", [0.5, 1.0])
@pytest.mark.parametrize("density_vpkm", [10, 20, 30, 45, 60, 80, 100, 120, 140])
def test_a_ring_keeps_its_equilibrium(density_vpkm: int, step_s: float, record_property: Note) -> None:
    """Within 2 %."""
    speed, wanted = ring_speed(density_vpkm, step_s)
    record_property("curve", ("ring", f"step {step_s:g} s", [density_vpkm], [speed * density_vpkm * 3.6]))
    hold(record_property, f"speed at {density_vpkm} veh/km", speed, (0.98 * wanted, 1.02 * wanted), "m/s")


@pytest.mark.parametrize("limit_kmh, low, high", [(50.0, 1700.0, 2100.0), (120.0, 1900.0, 2400.0)])
def test_a_lane_has_its_capacity(limit_kmh: float, low: float, high: float, record_property: Note) -> None:
    """Traffic of the model's best density flows at 1,700 to 2,100 veh/h at 50 km/h, 1,900 to 2,400 at 120."""
    model = default_idm(limit_kmh)
    most, speed = model.largest_flow()
    vehicles = round(RING_M / (model.gap(speed) + model.length))
    start = model.speed_at(vehicles / RING_M)
    simulation = ring_at(RING_M, vehicles, start, speed_kmh=limit_kmh, duration_s=900, drivers=model.drivers)
    simulation.run(300)
    driven = simulation.model.fleet.vehicles.driven_m[0].copy()
    simulation.run(900)
    mean_mps = float((simulation.model.fleet.vehicles.driven_m[0] - driven).mean() / 600.0)
    flow = 3600.0 * mean_mps * vehicles / RING_M
    hold(record_property, f"largest flow at {limit_kmh:g} km/h", flow, (low, high), "veh/h")
    hold(record_property, "the same over the equilibrium's maximum", flow / most, (0.95, 1.05))


@cache
def carried(limit_kmh: float, step_s: float) -> float:
    """What a lane carries where more wants to enter than fits, veh/h: two kilometres behind the entry."""
    road = straight([Part(2500.0, speed_kmh=limit_kmh)])
    rows = rows_from(arrivals(np.random.default_rng(0), 3000.0, 2400.0), "0", "0")
    simulation = simulate(road, rows, duration_s=2400, step_s=step_s, routes=NO_DETOURS)
    tracks = record(simulation, 2400.0, every=round(1.0 / step_s))
    passed = tracks.when_past(2000.0)
    return float((passed > 900.0).sum() / 1500.0 * 3600.0)


@pytest.mark.parametrize(
    "limit_kmh, step_s, low, high",
    [
        (50.0, 0.5, 1700.0, 2100.0),
        (50.0, 1.0, 1700.0, 2100.0),
        (120.0, 0.5, 1900.0, 2400.0),
        (120.0, 1.0, 1900.0, 2400.0),
    ],
)
def test_a_queue_enters_at_capacity(
    limit_kmh: float, step_s: float, low: float, high: float, record_property: Note
) -> None:
    """Where a queue waits to enter, the lane carries as much as it can."""
    quantity = f"flow behind a queue at {limit_kmh:g} km/h, step {step_s:g} s"
    hold(record_property, quantity, carried(limit_kmh, step_s), (low, high), "veh/h")


FIELD_WAVE_KMH = (14.0, 22.0)  # Treiber, Kesting (2013), section 18.2: against the traffic
UNSTABLE = {  # (limit, what is different, vehicles on the ring)
    "textbook_50": (54.0, {"T": 1.0, "a": 1.0, "b": 1.5, "length": 5.0}, 90),
    "textbook_120": (120.0, {"T": 1.0, "a": 1.0, "b": 1.5, "length": 5.0}, 60),
    "sluggish_50": (50.0, {"a": 1.0}, 90),
}


@cache
def jam(name: str, step_s: float) -> tuple[Any, float, int]:
    """Half an hour on a ring where one vehicle began a metre further back."""
    limit, other, vehicles = UNSTABLE[name]
    model = default_idm(limit, **other)
    speed = model.speed_at(vehicles / RING_M)
    low, high = model.unstable_speeds()
    assert low < speed < high, "this traffic should be unstable"
    keys = {"duration_s": 1800, "step_s": step_s, "drivers": model.drivers}
    simulation = ring_at(RING_M, vehicles, speed, moved_m=1.0, speed_kmh=limit, **keys)
    return record(simulation, 1800.0, every=round(1.0 / step_s)), RING_M, vehicles


@pytest.mark.parametrize("step_s", [0.5, 1.0])
@pytest.mark.parametrize("name", UNSTABLE)
def test_stop_and_go_waves_travel_as_in_the_field(name: str, step_s: float, record_property: Note) -> None:
    """14 to 22 km/h against the traffic, where the drivers are string-unstable."""
    tracks, length_m, vehicles = jam(name, step_s)
    assert tracks.speed_mps[-200:].std(axis=1).mean() > 1.0, "no waves"
    place = (tracks.driven_m + np.arange(vehicles) * length_m / vehicles) % length_m
    if name == "textbook_50" and step_s == 0.5:
        late = slice(-300, None, 2)
        picture = [tracks.t_s[late], place[late], tracks.speed_mps[late]]
        record_property("space_time", [np.round(part, 1).tolist() for part in picture])
    hold(record_property, f"wave, step {step_s:g} s", -3.6 * wave_mps(tracks, place, length_m), FIELD_WAVE_KMH, "km/h")


def wave_mps(tracks: Any, place: np.ndarray, length_m: float, lag: int = 20) -> float:
    """Speed of the waves on a ring, m/s, from the shift that maps profiles of speed onto those of some steps later."""
    cells = 200
    at = (np.arange(cells) + 0.5) * length_m / cells
    profiles = []
    for x, v in zip(place[-600:], tracks.speed_mps[-600:], strict=True):
        order = np.argsort(x)
        profiles.append(np.interp(at, x[order], v[order], period=length_m))
    shifts = []
    for one, other in zip(profiles[:-lag], profiles[lag:], strict=True):
        a, b = np.fft.rfft(one - one.mean()), np.fft.rfft(other - other.mean())
        shift = int(np.argmax(np.fft.irfft(b * a.conj(), cells)))
        shifts.append((shift + cells / 2) % cells - cells / 2)
    return float(np.median(shifts)) * length_m / cells / (lag * (tracks.t_s[1] - tracks.t_s[0]))


@cache
def discharge(step_s: float) -> tuple[Any, float]:
    """Sixty vehicles of Newell's drivers at rest in front of a free road."""
    drivers, count = wave_drivers(13.89, 5.0, 0.14, 4.5), 60
    road = straight([Part(800.0, speed_kmh=50.0), Part(2000.0, speed_kmh=50.0)])
    rows = rows_from(np.zeros(count), "0", "1")
    simulation = simulate(road, rows, duration_s=300, step_s=step_s, drivers=drivers, routes=NO_DETOURS)
    simulation.run(0)
    line = float(road.links.length_m[0])
    put_on(simulation, 0, np.arange(count), line - 1.0 - np.arange(count) / 0.14, 0.0)
    return record(simulation, 240.0), line


def test_a_queue_leaves_at_the_capacity_of_kinematic_waves(record_property: Note) -> None:
    """Newell (1993): within 5 %, from the tenth vehicle on."""
    tracks, line = discharge(0.5)
    passed = tracks.when_past(line)
    flow = 45.0 / (passed[55] - passed[10])
    capacity = 13.89 / (1.0 / 0.14 + 13.89 / 0.14 / 5.0)
    hold(record_property, "queue discharge", flow, (0.95 * capacity, 1.05 * capacity), "veh/s")


@pytest.mark.parametrize("inflow, held", [(0.3, 0.0), (0.4, 0.2), (0.45, 0.3)])
def test_shocks_travel_as_kinematic_waves(inflow: float, held: float, record_property: Note) -> None:
    """Rankine and Hugoniot's speed, within 5 %: the tail of the queue before a stretch that lets less through."""
    log, wanted = shock(inflow, held)
    slow = 0.5 * (13.89 + held / (0.14 - held / 5.0))
    there = (log.link == log.network.link_row["before"]) & (log.speed_mps < slow)
    seen = np.flatnonzero(there.any(axis=0))
    first = there[:, seen].argmax(axis=0)
    when, where = log.t_s[first], log.x_m[first, seen]
    tail = float(np.polyfit(when[20:], where[20:], 1)[0])
    quantity = f"shock, {inflow:g} veh/s before {held:g}"
    hold(record_property, quantity, tail, (1.05 * wanted, 0.95 * wanted), "m/s")


def shock(inflow: float, held: float) -> tuple[Log, float]:
    """A queue that grows before a stretch with too low a capacity, or an incident; the tail's speed in theory."""
    drivers = wave_drivers(13.89, 5.0, 0.14, 4.5)
    spacing_m = 1.0 / 0.14
    slow_kmh = 3.6 * spacing_m * held / (1.0 - held * drivers["headway_s"]) if held else 50.0
    places = {"O": (0.0, 0.0), "M": (2000.0, 0.0), "N": (2060.0, 0.0), "D": (3000.0, 0.0)}
    links = {
        "before": ("O", "M", Part(2000.0, speed_kmh=50.0)),
        "narrow": ("M", "N", Part(60.0, speed_kmh=slow_kmh)),
        "behind": ("N", "D", Part(940.0, speed_kmh=50.0)),
    }
    network = node_network(places, links)
    event = {"kind": "incident", "link": "before", "position_m": 1990.0, "start_s": 0.0, "duration_s": 900.0}
    times = np.arange(1.0, 600.0, 1.0 / inflow)
    rows = [(str(k), float(t), "before", "behind", 0, 0.0, 1e9) for k, t in enumerate(times)]
    log = watch(network, rows, 600.0, drivers=drivers, events=[] if held else [event])
    carried = log.flow("before", (300.0, 600.0))
    arriving, queued = inflow / 13.89, 0.14 - carried / 5.0
    return log, (carried - inflow) / (queued - arriving)


RAMP_VPH = (900.0, 1300.0, 1600.0, 1800.0, 2000.0, 2400.0, 2400.0, 2400.0)  # per open lane, for ten minutes each


@cache
def lane_drop(limit_kmh: float, before: int, after: int) -> Log:
    """Traffic that grows until a lane drop cannot carry it."""
    places = {"O": (0.0, 0.0), "M": (2500.0, 0.0), "D": (4000.0, 0.0)}
    links = {
        "a": ("O", "M", Part(2500.0, before, limit_kmh)),
        "b": ("M", "D", Part(1500.0, after, limit_kmh)),
    }
    rows, rng = [], np.random.default_rng(1)
    for k, vph in enumerate(RAMP_VPH):
        times = 600.0 * k + arrivals(rng, vph * after, 600.0)
        rows += [(f"{k}.{i}", float(t), "a", "b", 0, 0.0, 1e9) for i, t in enumerate(times)]
    return watch(node_network(places, links), rows, 600.0 * len(RAMP_VPH), step_s=0.5, every_s=2.0)


DROPS = [(50.0, 2, 1), (100.0, 2, 1), (50.0, 3, 2), (100.0, 3, 2)]


@pytest.mark.parametrize("limit_kmh, before, after", DROPS)
def test_a_lane_drop_loses_little_capacity_to_its_queue(
    limit_kmh: float, before: int, after: int, record_property: Note
) -> None:
    """0 to 15 % less than the best five minutes before the queue."""
    flows = drop_flows(limit_kmh, before, after)
    best, queue = float(flows[:12].max()), float(flows[12:].mean())
    record_property("curve", (f"drop {before} {after}", f"{limit_kmh:g} km/h", list(range(16)), flows.tolist()))
    hold(record_property, "flow of the queue per lane", queue, (1400.0, 2300.0), "veh/h")
    # Of five minutes one vehicle more or less is 0.3 %.
    hold(record_property, "capacity drop", 100.0 * (1.0 - queue / best), (-0.5, 15.0), "%")


def drop_flows(limit_kmh: float, before: int, after: int) -> np.ndarray:
    """Five-minute flows into the lanes that go on, veh/h and lane."""
    left = lane_drop(limit_kmh, before, after).left("a")
    return np.histogram(left, np.arange(0.0, 4801.0, 300.0))[0] * 12.0 / after


@pytest.mark.parametrize("limit_kmh, before, after", DROPS)
def test_lanes_are_used_alike_upstream_of_a_lane_drop(
    limit_kmh: float, before: int, after: int, record_property: Note
) -> None:
    """In the queue, 100 to 500 m before the drop, no lane stands much fuller than another."""
    log = lane_drop(limit_kmh, before, after)
    lanes = log.network.links.lane_start[log.network.link_row["a"]] + np.arange(before)
    late = log.t_s > 3600.0
    there = late[:, None] & (log.link == log.network.link_row["a"]) & (log.x_m > 2000.0) & (log.x_m < 2400.0)
    counts = np.array([(there & (log.lane == lane)).sum() for lane in lanes], float)
    hold(record_property, "emptiest over fullest lane", float(counts.min() / counts.max()), (0.8, 1.0))


@cache
def weaving(total_vph: float) -> Log:
    """Two roads of two lanes and one that share 400 m of three; a third of each changes sides."""
    places = {"A": (-600.0, 30.0), "B": (-600.0, -30.0), "M": (0.0, 0.0), "N": (400.0, 0.0)}
    places |= {"C": (1000.0, 30.0), "D": (1000.0, -30.0)}
    links = {
        "a": ("A", "M", Part(600.0, 2, 100.0)),
        "b": ("B", "M", Part(600.0, 1, 100.0)),
        "w": ("M", "N", Part(400.0, 3, 100.0)),
        "c": ("N", "C", Part(600.0, 2, 100.0)),
        "d": ("N", "D", Part(600.0, 1, 100.0)),
    }
    rng, rows = np.random.default_rng(0), []
    for start, share in (("a", 0.67), ("b", 0.33)):
        for end, part in (("c", 0.67), ("d", 0.33)):
            times = arrivals(rng, total_vph * share * part, 2400.0)
            rows += [(f"{start}{end}{k}", float(t), start, end, 0, 0.0, 1e9) for k, t in enumerate(times)]
    return watch(node_network(places, links), rows, 2400.0, step_s=0.5, every_s=2.0)


@pytest.mark.parametrize("total_vph", [1000.0, 2000.0, 4000.0])
def test_weaving_does_not_lock(total_vph: float, record_property: Note) -> None:
    """Half or more of what comes, up to 1,500 veh/h, still leaves in the last ten minutes."""
    flow = 3600.0 * weaving(total_vph).flow("w", (1800.0, 2400.0))
    hold(
        record_property, f"flow of {total_vph:g} veh/h", flow, (min(1500.0, 0.5 * total_vph), 1.2 * total_vph), "veh/h"
    )
