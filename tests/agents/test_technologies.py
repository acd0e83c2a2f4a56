"""Vehicles are of the technologies that their country has, and emit over a cycle what the guidebook says."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from traffic_case import make_trips, road_of

from citytwin.agents.cold_engines import cold_distance_m, cold_excess_g_per_m
from citytwin.agents.technologies import factor_at, fitted, no2_share, technologies_of, work
from citytwin.kernels import emissions as kernel
from citytwin.scenarios.driving_cycles import HEAVY, LIGHT, cycle, driven
from citytwin.scenarios.emission_factors import Technology, bundled_factors
from citytwin.scenarios.vehicle_fleets import FLEETS, VehicleShares, check_fleet

FACTORS = bundled_factors()
ROAD = road_of([200.0])
CAR = Technology("Passenger Cars", "Diesel", "Medium", "Euro 5")
ELECTRIC = Technology("Passenger Cars", "Electric", "", "")


@pytest.fixture(scope="module")
def germany():
    shares, problems, said = check_fleet(FLEETS, "DE", 2024, FACTORS)
    assert shares is not None and not problems and not said
    return shares


def total_g(curves, drive, heavy):
    idle, power = fitted(curves, heavy)
    assert idle >= 0.0 and power >= 0.0
    return idle * drive.v_mps.size + power * work(drive, heavy)


def guidebook_g(curves, drive):
    return factor_at(curves, drive.mean_kmh) * drive.length_m / 1000.0


def nedc():
    """The older European cycle, four times in town and once out of it, from its corners (UN ECE R83)."""
    town = [(0, 0), (11, 0), (15, 15), (23, 15), (28, 0), (49, 0), (61, 32), (85, 32), (96, 0), (117, 0), (143, 50)]
    town += [(155, 50), (163, 35), (176, 35), (188, 0), (195, 0)]
    out = [(0, 0), (20, 0), (61, 70), (111, 70), (119, 50), (188, 50), (201, 70), (251, 70), (286, 100), (316, 100)]
    out += [(336, 120), (346, 120), (380, 0), (400, 0)]
    one, other = (np.interp(np.arange(end), *zip(*corners, strict=True)) for end, corners in ((195, town), (400, out)))
    return driven(np.concatenate([one, one, one, one, other]))


def test_the_cycles_are_those_of_the_regulation():
    assert cycle(LIGHT)[0].length_m == pytest.approx(23_266, abs=1)
    assert cycle(LIGHT)[0].v_mps.size == 1800 and cycle(LIGHT)[0].mean_kmh == pytest.approx(46.5, abs=0.05)
    assert cycle(HEAVY)[0].v_mps.size == 1022 and cycle(HEAVY)[0].v_mps.max() == pytest.approx(64.4 / 3.6, abs=0.1)


def test_a_cycle_s_total_is_the_guidebook_s(germany):
    for technology, name in FACTORS.curves:
        heavy = technology.category in ("Buses", "Heavy Duty Trucks")
        curves, drive = FACTORS.curves[technology, name], cycle(HEAVY if heavy else LIGHT)[0]
        assert total_g(curves, drive, heavy) == pytest.approx(guidebook_g(curves, drive), rel=1e-9)


def missed(pollutant, reason):
    return pytest.param(pollutant, marks=pytest.mark.xfail(strict=True, reason=reason))


@pytest.mark.parametrize(
    "pollutant",
    [
        "EC",
        "PM Exhaust",
        missed("NOx", "petrol hybrids of Euro 6 emit 44 % more than they should, petrol cars up to 11 % less"),
        missed("CO", "diesel cars emit up to 13 % less than they should"),
        missed("VOC", "petrol hybrids emit up to 11 % less than they should"),
    ],
)
def test_another_cycle_s_total_is_the_guidebook_s_within_a_tenth(pollutant):
    """Cars over the NEDC, on which nothing was fitted."""
    drive = nedc()
    assert drive.length_m == pytest.approx(10_900, rel=0.02)
    off = {
        str(technology): total_g(curves, drive, False) / guidebook_g(curves, drive) - 1.0
        for (technology, name), curves in FACTORS.curves.items()
        if name == pollutant and technology.category == "Passenger Cars" and guidebook_g(curves, drive) > 0.0
    }
    worst = max(off, key=lambda name: abs(off[name]))
    assert abs(off[worst]) <= 0.1, (worst, off[worst])


@pytest.mark.parametrize(
    "fuel, sumo_class",
    [
        ("Diesel", "HBEFA3/PC_D_EU4"),
        ("Petrol", "HBEFA3/PC_G_EU4"),
        ("Petrol", "HBEFA4/PC_petrol_Euro-4"),
        ("Petrol", "PHEMlight5/PC_EU4_G"),
    ],
)
def test_co2_by_speed_and_acceleration_is_that_of_other_models_within_a_factor_of_two(data, fuel, sumo_class):
    own = technologies_of(
        VehicleShares({"car": {Technology("Passenger Cars", fuel, "Medium", "Euro 4"): 1.0}}), FACTORS
    )
    ratio = []
    with (data / "air" / "sumo_emission_map.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            v_mps, accel = float(row["v_m_s"]), float(row["a_m_s2"])
            if row["emission_class"] != sumo_class:
                continue
            power = kernel.power_w_per_kg(False, v_mps, accel, 0.0)
            mg = 1000.0 * (own.idle_g_per_s[0, kernel.CO2] + own.power_g_per_j[0, kernel.CO2] * power)
            assert mg > 0.0
            if v_mps >= 4.0 and 0.0 <= accel <= 1.0:
                ratio.append(mg / float(row["CO2_mg_s"]))
    assert len(ratio) == 51
    assert np.mean((np.array(ratio) >= 0.5) & (np.array(ratio) <= 2.0)) >= 0.9


def test_vehicles_without_exhaust_wear_all_the_same(germany):
    kinds = technologies_of(germany, FACTORS, cold_at_c=0.0, silt_g_per_m2=0.0)
    row, grams = kinds.names.index(ELECTRIC), np.full(kernel.SPECIES, np.nan)
    kernel.exhaust_g_per_km(kinds.curve, kinds.first, kinds.trait, row, 30.0, grams)
    worn = [kernel.PM10_WEAR, kernel.PM25_WEAR]
    assert (grams[worn] > 0.0).all() and not np.delete(grams, worn).any()
    for table in (kinds.idle_g_per_s, kinds.power_g_per_j, kinds.cold_g_per_m):
        assert not table[row].any() and (table >= 0.0).all()


def test_mended_factors_are_multiples_in_every_table(germany):
    own = technologies_of(germany, FACTORS, cold_at_c=0.0)
    mended = technologies_of(germany, FACTORS, cold_at_c=0.0, multiples={"nox": 2.0, "pm_wear": 3.0})
    wanted = np.ones(kernel.SPECIES)
    wanted[[kernel.NOX, kernel.NO2]], wanted[[kernel.PM10_WEAR, kernel.PM25_WEAR]] = 2.0, 3.0
    for row in (0, own.names.index(ELECTRIC)):
        grams, more = np.full(kernel.SPECIES, np.nan), np.full(kernel.SPECIES, np.nan)
        kernel.exhaust_g_per_km(own.curve, own.first, own.trait, row, 30.0, grams)
        kernel.exhaust_g_per_km(mended.curve, mended.first, mended.trait, row, 30.0, more)
        np.testing.assert_allclose(more, wanted * grams, rtol=1e-12)
    for table in ("idle_g_per_s", "power_g_per_j", "cold_g_per_m"):
        np.testing.assert_allclose(getattr(mended, table), wanted * getattr(own, table), rtol=1e-12)


def test_dust_is_that_of_the_formula(germany):
    kinds = technologies_of(germany, FACTORS, silt_g_per_m2=0.2)
    assert kinds.trait[0, kernel.DUST10_G_PER_KM] == pytest.approx(0.62 * 0.2**0.91 * (1.5 / 0.907185) ** 1.02)


def test_a_class_s_vehicles_have_its_technologies_in_their_shares(germany):
    kinds = technologies_of(germany, FACTORS)
    (link,) = ROAD.links.id
    trips = make_trips(ROAD, [(f"trip {k}", 0.0, link, link, 4 if k % 10 == 0 else 0) for k in range(20_000)])
    drawn = kinds.draw(trips, 1)
    rides = trips.vehicle_class == 4
    assert (kinds.class_of[drawn[rides]] == -1).all() and (kinds.class_of[drawn[~rides]] == 0).all()
    found = np.bincount(drawn[~rides], minlength=len(kinds.names)) / (~rides).sum()
    assert found[kinds.class_of == 0] == pytest.approx(kinds.share[kinds.class_of == 0], abs=0.01)
    some = trips.part(np.arange(100, 200))
    assert (kinds.draw(some, 1) == drawn[100:200]).all()  # whoever else drives


def test_a_class_without_technologies_is_an_error():
    kinds = technologies_of(VehicleShares({"car": {CAR: 1.0}}), FACTORS)
    (link,) = ROAD.links.id
    with pytest.raises(KeyError, match="truck"):
        kinds.draw(make_trips(ROAD, [("one", 0.0, link, link, 1)]), 1)


def test_no2_is_a_share_of_nox_by_standard():
    assert no2_share(CAR) == 0.33 and no2_share(CAR._replace(fuel="Petrol", euro="Euro 6 2020+")) == 0.02
    assert no2_share(Technology("Buses", "Diesel", "Coaches Standard <=18 t", "Euro VI")) == 0.08
    assert no2_share(CAR._replace(euro="Euro 1")) == 0.13


def test_cold_engines_emit_more_for_some_kilometres():
    assert cold_distance_m(5.5) == pytest.approx(3776, abs=1)
    cold, mild = (cold_excess_g_per_m(CAR, FACTORS, air_c) for air_c in (0.0, 20.0))
    hot = factor_at(FACTORS.curves[CAR, "NOx"], 20.0) / 1000.0
    assert cold[kernel.NOX] == pytest.approx(0.3 * hot) and mild[kernel.NOX] == pytest.approx(0.04 * hot)
    newer = CAR._replace(fuel="Petrol", euro="Euro 4")
    oldest = factor_at(FACTORS.curves[newer._replace(euro="Euro 1"), "CO"], 20.0) / 1000.0
    wanted = 0.18 * oldest * (0.121 * 20.0 + 3.766 - 1.0)
    assert cold_excess_g_per_m(newer, FACTORS, 0.0)[kernel.CO] == pytest.approx(wanted)
    bus = Technology("Buses", "Diesel", "Coaches Standard <=18 t", "Euro VI")
    for never in (cold_excess_g_per_m(CAR, FACTORS, 30.0), cold_excess_g_per_m(bus, FACTORS, 0.0)):
        assert not never.any()
