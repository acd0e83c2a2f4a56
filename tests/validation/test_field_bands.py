"""What was measured on real roads, as bands for the default drivers; flow and density on a street of signals."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from idm_theory import Idm
from micro_traffic import Part, arrivals, put_on, record, rows_from, straight, with_programme
from reference_cases import Case, hold, parameters, read_facts
from traffic_case import simulate
from wave_roads import NO_DETOURS, node_network, wave_drivers

from citytwin.scenarios.drivers import Drivers

Note = Callable[[str, Any], None]
FACTS = read_facts("field_bands")
BLOCKS = 8
DEFAULT = Drivers()
RESUME = "drivers resume from a jam with the headway of free traffic, and accelerate well"
CUT = "a standard deviation of 0.1, cut at 2.5 of them"
CRITICAL = "34 veh/km: the IDM's largest flow is at low speed and high density, and its curve is flat there"


def band(name: str) -> tuple[float, float]:
    """Lower and upper end of a fact; the test is skipped where the collection is missing."""
    if not FACTS:
        pytest.skip("the collection of reference cases is not on this machine")
    low, high = FACTS[name]["value"]
    return low, high


def default_idm(limit_kmh: float) -> Idm:
    """The default drivers, all alike."""
    own = DEFAULT
    return Idm(limit_kmh / 3.6, own.headway_s, own.min_gap_m, own.max_accel_mps2, own.comfort_decel_mps2, own.length_m)


def ring_street_flow(case: Case, vehicles: int) -> float:
    """Flow on a closed street of equal blocks with signals that all change at once, veh/s, in the last quarter hour."""
    setup = case["setup"]
    block_m, free_mps = setup["block_m"], setup["free_speed_m_s"]
    drivers = wave_drivers(free_mps, setup["wave_m_s"], setup["jam_density_veh_m"], 4.5)
    radius_m = BLOCKS * block_m / (2.0 * math.pi)
    turns = 2.0 * math.pi * np.arange(BLOCKS) / BLOCKS
    places = {str(k): (radius_m * math.cos(a), radius_m * math.sin(a)) for k, a in enumerate(turns)}
    part = Part(block_m, 1, free_mps * 3.6, signal_at_end=True)
    names = [f"block {k}" for k in range(BLOCKS)]
    network = node_network(places, {name: (str(k), str((k + 1) % BLOCKS), part) for k, name in enumerate(names)})
    network = with_programme(network, setup["green_s"] - 3.0, setup["cycle_s"])
    rows = [(str(k), 0.0, names[0], names[-1]) for k in range(vehicles)]
    keys = {"duration_s": 1800, "step_s": 0.5, "drivers": drivers, "routes": NO_DETOURS}
    simulation = simulate(network, rows, **keys)
    simulation.run(0)
    fleet = simulation.model.fleet
    links = np.array([network.link_row[name] for name in names], np.int32)
    share = np.linspace(0.0, BLOCKS, vehicles, endpoint=False)
    for block in range(BLOCKS):
        there = np.flatnonzero(share.astype(int) == block)[::-1]
        route = np.tile(np.roll(links, -block), 40).astype(np.int32)
        for trip in there:
            fleet.set_routes(0, np.array([trip]), np.array([0, route.size]), route)
        place_m = (share[there] - block) * float(network.links.length_m[links[block]])
        put_on(simulation, int(network.links.lane_start[links[block]]), there, place_m + 0.1, 0.0)
    simulation.run(900)
    driven = fleet.vehicles.driven_m[0].copy()
    simulation.run(1800)
    return float((fleet.vehicles.driven_m[0] - driven).sum() / 900.0 / (BLOCKS * block_m))


@pytest.mark.parametrize("case", parameters("field_bands"))
def test_flow_on_a_street_of_signals_stays_below_three_lines(case: Case, record_property: Note) -> None:
    """Free flow, the signals' capacity, the queue's wave: no density has more than 3 % more."""
    setup = case["setup"]
    kj, w, v = setup["jam_density_veh_m"], setup["wave_m_s"], setup["free_speed_m_s"]
    most = setup["saturation_veh_s"] * setup["green_s"] / setup["cycle_s"]
    flows = []
    for density in (0.01, 0.02, 0.03, 0.04, 0.055, 0.07, 0.085, 0.1, 0.115, 0.13):
        flow = ring_street_flow(case, round(density * BLOCKS * setup["block_m"]))
        flows.append(flow)
        limit = min(v * density, most, w * (kj - density))
        record_property("curve", ("street", "ours", [1000.0 * density], [3600.0 * flow]))
        hold(record_property, f"flow at {1000 * density:g} veh/km", flow, (0.0, 1.03 * limit), "veh/s")
    hold(record_property, "flow at 10 veh/km", flows[0], (0.0, 0.1389), "veh/s")


def test_critical_density_of_a_motorway_lane(record_property: Note) -> None:
    model = default_idm(120.0)
    _, speed = model.largest_flow()
    density = 1000.0 / (model.gap(speed) + model.length)
    hold(record_property, "critical density", density, band("freeway_critical_density"), "veh/km", CRITICAL)


def test_density_of_a_standing_queue(record_property: Note) -> None:
    spacing_m = discharge("urban")[2]
    hold(record_property, "jam density", 1000.0 / spacing_m, band("jam_density"), "veh/km")


@cache
def discharge(kind: str) -> tuple[float, float, float]:
    """Saturation flow at a stop line (veh/h), throughput at g/C = 0.45 (veh/h), spacing in the queue (m)."""
    limit_kmh = {"urban": 50.0, "motorway": 120.0}[kind]
    green, cycle = (40.0, 90.0) if kind == "urban" else (600.0, 3600.0)
    road = straight([Part(1500.0, 1, limit_kmh, signal_at_end=True), Part(800.0, 1, limit_kmh)])
    network = with_programme(road, green, cycle)
    until_s = 1800.0 if kind == "urban" else 590.0
    if kind == "motorway":
        count = 200
        simulation = simulate(network, rows_from(np.zeros(count), "0", "1"), duration_s=600, routes=NO_DETOURS)
        simulation.run(0)
        spacing = DEFAULT.length_m + DEFAULT.min_gap_m
        put_on(simulation, 0, np.arange(count), 1496.0 - spacing * np.arange(count), 0.0)
        passed = record(simulation, until_s).when_past(1900.0)
        return 3600.0 * 150.0 / (passed[170] - passed[20]), 0.0, spacing
    rows = rows_from(arrivals(np.random.default_rng(1), 1400.0, until_s), "0", "1")
    simulation = simulate(network, rows, duration_s=until_s, routes=NO_DETOURS)
    tracks = record(simulation, until_s)
    passed = tracks.when_past(1499.0)
    headways, counts = [], []
    for k in range(6, int(until_s // cycle)):
        own = passed[(passed >= k * cycle) & (passed < (k + 1) * cycle)]
        counts.append(own.size)
        headways.append((own[11] - own[3]) / 8.0)
    at = np.searchsorted(tracks.t_s, 10.0 * cycle - 5.0)
    stand = np.sort(tracks.x_m[at][tracks.speed_mps[at] < 0.1])
    spacing_m = float(np.median(np.diff(stand)[-8:]))
    return 3600.0 / float(np.mean(headways)), float(np.mean(counts)) * 3600.0 / cycle, spacing_m


def test_saturation_flow_of_an_urban_lane(record_property: Note) -> None:
    hold(record_property, "saturation flow", discharge("urban")[0], band("urban_saturation_flow"), "veh/h")


def test_throughput_of_a_green_of_four_tenths(record_property: Note) -> None:
    hold(
        record_property, "throughput at g/C = 0.44", discharge("urban")[1], band("urban_green_share_capacity"), "veh/h"
    )


def test_outflow_of_a_jam(record_property: Note) -> None:
    hold(record_property, "outflow of a standing jam", discharge("motorway")[0], band("jam_outflow"), "veh/h", RESUME)


def test_wanted_speeds_differ_as_much_as_on_motorways(record_property: Note) -> None:
    if not FACTS:
        pytest.skip("the collection of reference cases is not on this machine")
    low, high = FACTS["speed_sd_free"]["value"]["cv"]
    times = np.arange(0.0, 9000.0, 30.0)
    road = straight([Part(1500.0, speed_kmh=120.0)])
    simulation = simulate(road, rows_from(times, "0", "0"), duration_s=9200, step_s=0.5, routes=NO_DETOURS)
    simulation.run()
    took = simulation.model.fleet.vehicles
    speeds = 1500.0 / (took.arrived_s[0] - took.entered_s[0])
    speeds = speeds[~np.isnan(speeds)]
    spread = float(speeds.std() / speeds.mean())
    hold(record_property, "spread of speeds over their mean", spread, (low, high), "", CUT)
