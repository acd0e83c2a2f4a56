"""What links emit is what their vehicles emit, and what the guidebook says at their mean speed."""

from __future__ import annotations

import numpy as np
import pytest
from traffic_case import road_of, simulate

from citytwin.agents.emissions import TrafficEmissions
from citytwin.agents.technologies import factor_at, technologies_of
from citytwin.kernels import emissions as kernel
from citytwin.kernels import traffic_tables as table
from citytwin.scenarios.emission_factors import Technology, bundled_factors
from citytwin.scenarios.vehicle_fleets import VehicleShares

FACTORS = bundled_factors()
ROAD = road_of([200.0, 300.0, 400.0])
FIRST, _, LAST = ROAD.links.id
DIESEL = Technology("Passenger Cars", "Diesel", "Medium", "Euro 5")
ELECTRIC = Technology("Passenger Cars", "Electric", "", "")
ROWS = [(f"car {k}", 6.0 * k, FIRST, LAST, 0, 0.0, np.nan) for k in range(8)]


def emissions_of(simulation, shares, **keys):
    fleet = VehicleShares({"car": shares})
    kinds = technologies_of(fleet, FACTORS, cold_at_c=5.0 if keys.get("cold_m") else None)
    return TrafficEmissions(simulation.model, kinds, 1, **keys)


def follow(shares, every_s, *, until_s=150, **keys):
    simulation = simulate(ROAD, ROWS)
    simulation.run(0)
    found = emissions_of(simulation, shares, **keys)
    for t_s in range(every_s, until_s + 1, every_s):
        simulation.run(t_s)
        found.look(float(every_s))
    return simulation, found, found.take()


def test_links_emit_their_metres_times_the_guidebook_s_factor_at_their_mean_speed():
    simulation, found, taken = follow({DIESEL: 1.0}, 10, step_by_step=False)
    cities = simulation.model.fleet.cities
    link_of = cities.lane_i[0, table.ON_LINK, : cities.lane_f.shape[2]]
    metres, seconds = (
        np.bincount(link_of, weights=cities.lane_f[0, column]) for column in (table.VEHICLE_M, table.VEHICLE_S)
    )
    assert metres.sum() == pytest.approx(simulation.model.fleet.vehicles.driven_m.sum())
    for link in range(3):
        factor = factor_at(FACTORS.curves[DIESEL, "NOx"], 3.6 * metres[link] / seconds[link])
        assert found.total_grams[link, kernel.NOX] == pytest.approx(metres[link] / 1000.0 * factor, rel=1e-9)
    assert (taken >= 0.0).all() and not found.take().any()
    assert taken[0].sum(axis=0)[kernel.NO2] == pytest.approx(0.33 * taken[0].sum(axis=0)[kernel.NOX])


def test_all_vehicles_together_emit_what_all_links_do():
    _, found, taken = follow({DIESEL: 0.7, ELECTRIC: 0.3}, 1, step_by_step=True)
    links, vehicles = found.total_grams.sum(axis=0), found.vehicle_grams.sum(axis=0)
    assert (
        vehicles == pytest.approx(links, rel=1e-9) and (links[kernel.NOX] > 0.0) and (found.vehicle_grams >= 0.0).all()
    )
    assert taken.sum(axis=(0, 1)) == pytest.approx(links)
    electric = [row for row, kind in enumerate(found.technology) if found.technologies.names[kind] == ELECTRIC]
    assert electric and not found.vehicle_grams[electric][:, [kernel.NOX, kernel.CO2]].any()
    assert (found.vehicle_grams[electric, kernel.PM10_WEAR] > 0.0).all()


def test_an_even_drive_emits_less_than_the_drives_behind_the_guidebook_s_factors():
    _, steps, _ = follow({DIESEL: 1.0}, 1, step_by_step=True)
    _, means, _ = follow({DIESEL: 1.0}, 1, step_by_step=False)
    ratio = steps.total_grams.sum(axis=0)[kernel.CO2] / means.total_grams.sum(axis=0)[kernel.CO2]
    assert 0.5 < ratio < 0.9


@pytest.mark.parametrize("step_by_step", [False, True])
def test_engines_are_cold_only_where_the_trip_begins_in_the_city(step_by_step):
    _, cold, _ = follow({DIESEL: 1.0}, 1, step_by_step=step_by_step, cold_m=3000.0)
    _, warm, _ = follow({DIESEL: 1.0}, 1, step_by_step=step_by_step)
    assert cold.total_grams == pytest.approx(warm.total_grams)  # all come in from outside
    cold.cold_m[:] = 3000.0
    simulation = simulate(ROAD, ROWS)
    again = emissions_of(simulation, {DIESEL: 1.0}, step_by_step=step_by_step, cold_m=3000.0)
    again.cold_m[:] = 3000.0
    for t_s in range(1, 151):
        simulation.run(t_s)
        again.look(1.0)
    again.take()
    assert again.total_grams.sum(axis=0)[kernel.NOX] > 1.05 * warm.total_grams.sum(axis=0)[kernel.NOX]


def test_bicycles_emit_nothing():
    simulation = simulate(ROAD, ROWS)
    simulation.run(0)
    for step_by_step in (False, True):
        found = emissions_of(simulation, {DIESEL: 1.0}, step_by_step=step_by_step)
        found.technology[:] = len(found.technologies.names) - 1
        simulation.run(simulation.t_s + 40)
        found.look(1.0)
        assert not found.take().any()


def test_emissions_go_on_from_where_they_were():
    def halfway():
        simulation = simulate(ROAD, ROWS)
        simulation.run(0)
        return simulation, emissions_of(simulation, {DIESEL: 1.0}, step_by_step=True)

    simulation, first = halfway()
    for t_s in range(1, 41):
        simulation.run(t_s)
        first.look(1.0)
    kept, city = first.state(), simulation.model.fleet.state()
    other, second = halfway()
    other.model.fleet.restore(city)
    second.restore(kept)
    for one in (first, second):
        one.look(1.0)
    assert (first.grams == second.grams).all() and first.grams.any()
