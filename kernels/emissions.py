"""Say what vehicles emit: factors by mean speed, rates by power, wear of tyres, brakes and roads, dust, cold engines.

Hot exhaust: EMEP/EEA air pollutant emission inventory guidebook, 1.A.3.b.i-iv, whose curves are
(α V² + β V + γ + δ/V) / (ε V² + ζ V + η) · (1 − rf) g/km (MJ/km for energy) with V in km/h. Wear: 1.A.3.b.vi-vii of
the same, tier 2. Dust that vehicles raise: US EPA (2011), AP-42, 13.2.1. Power: Jiménez-Palacios (1999) for light
vehicles, Zhai, Frey, Rouphail (2008), Environmental Science & Technology 42, 7985-7991, for heavy ones.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .compile import kernel

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]

# What is emitted, in grams; energy of fuel in MJ.
NOX: Final = 0
NO2: Final = 1  # of NOX, as it leaves the exhaust
PM_EXHAUST: Final = 2  # all of it finer than 2.5 µm
PM10_WEAR: Final = 3
PM25_WEAR: Final = 4
CO: Final = 5
VOC: Final = 6
CO2: Final = 7
ENERGY: Final = 8
SPECIES: Final = 9

# Which of them have curves, in this order in ``first``.
CURVES: Final = (NOX, PM_EXHAUST, CO, VOC, ENERGY)
CURVE_COUNT: Final = 5

# Columns of ``curve``, ``[row, column]``: a curve holds from FROM_KMH up to, not including, TO_KMH.
ALPHA: Final = 0
BETA: Final = 1
GAMMA: Final = 2
DELTA: Final = 3
EPSILON: Final = 4
ZITA: Final = 5
HTA: Final = 6
REDUCTION: Final = 7
V_MIN_KMH: Final = 8
V_MAX_KMH: Final = 9
FROM_KMH: Final = 10
TO_KMH: Final = 11
CURVE_COLUMNS: Final = 12

# Columns of ``trait``, ``[technology, column]``.
NO2_SHARE: Final = 0  # of NOx
CO2_G_PER_MJ: Final = 1
TYRE_G_PER_KM: Final = 2  # all particles, at the speed for which the correction is 1
BRAKE_G_PER_KM: Final = 3
ROAD_G_PER_KM: Final = 4
DUST10_G_PER_KM: Final = 5
DUST25_G_PER_KM: Final = 6
HEAVY: Final = 7  # 1: power as of a bus or lorry
TRAITS: Final = 8

# EMEP/EEA 1.A.3.b.vi-vii, tables 3-4, 3-6 and 3-8: shares of the particles that are finer than 10 and 2.5 µm.
TYRE_PM10: Final = 0.60
TYRE_PM25: Final = 0.42
BRAKE_PM10: Final = 0.98
BRAKE_PM25: Final = 0.39
ROAD_PM10: Final = 0.50
ROAD_PM25: Final = 0.27

GRAVITY_MPS2: Final = 9.81
KMH: Final = 3.6
M_PER_KM: Final = 1000.0


@kernel
def hot_factor(curve: Floats, v_kmh: float) -> float:
    """A curve's value at a mean speed, taken into the range it was measured in; g/km or MJ/km, never below 0."""
    v = min(max(v_kmh, curve[V_MIN_KMH]), curve[V_MAX_KMH])
    above = curve[ALPHA] * v * v + curve[BETA] * v + curve[GAMMA]
    if curve[DELTA] != 0.0:
        above += curve[DELTA] / v
    below = curve[EPSILON] * v * v + curve[ZITA] * v + curve[HTA]
    return max(above / below * (1.0 - curve[REDUCTION]), 0.0)


@kernel
def factor_at(curve: Floats, first: int, last: int, v_kmh: float) -> float:
    """Value of the one of several curves, rows ``first`` up to, not including, ``last``, that holds at a speed."""
    for row in range(first, last):
        if curve[row, FROM_KMH] <= v_kmh < curve[row, TO_KMH]:
            return hot_factor(curve[row], v_kmh)
    return 0.0


@kernel
def tyre_correction(v_kmh: float) -> float:
    """Wear of tyres over that at 80 km/h: less force on the tyres of who drives evenly (1.A.3.b.vi-vii, S_T)."""
    if v_kmh < 40.0:
        return 1.39
    return -0.00974 * v_kmh + 1.78 if v_kmh <= 90.0 else 0.902


@kernel
def brake_correction(v_kmh: float) -> float:
    """Wear of brakes over that at 65 km/h: who is fast brakes less often (1.A.3.b.vi-vii, S_B)."""
    if v_kmh < 40.0:
        return 1.67
    return -0.0270 * v_kmh + 2.75 if v_kmh <= 95.0 else 0.185


@kernel
def wear_g_per_km(trait: Floats, v_kmh: float) -> tuple[float, float]:
    """Particles finer than 10 and than 2.5 µm from tyres, brakes, the road and its dust, g/km."""
    tyre = trait[TYRE_G_PER_KM] * tyre_correction(v_kmh)
    brake = trait[BRAKE_G_PER_KM] * brake_correction(v_kmh)
    road = trait[ROAD_G_PER_KM]
    pm10 = TYRE_PM10 * tyre + BRAKE_PM10 * brake + ROAD_PM10 * road + trait[DUST10_G_PER_KM]
    pm25 = TYRE_PM25 * tyre + BRAKE_PM25 * brake + ROAD_PM25 * road + trait[DUST25_G_PER_KM]
    return pm10, pm25


@kernel
def power_w_per_kg(heavy: bool, v_mps: float, accel_mps2: float, gradient: float) -> float:
    """Vehicle-specific power: what a vehicle's mass, slope, rolling and air ask of its engine, W/kg; not below 0."""
    if heavy:
        asked = v_mps * (accel_mps2 + GRAVITY_MPS2 * gradient + 0.092) + 0.00021 * v_mps * v_mps * v_mps
    else:
        asked = v_mps * (1.1 * accel_mps2 + GRAVITY_MPS2 * gradient + 0.132) + 0.000302 * v_mps * v_mps * v_mps
    return max(asked, 0.0)


@kernel
def exhaust_g_per_km(curve: Floats, first: Longs, trait: Floats, technology: int, v_kmh: float, grams: Floats) -> None:
    """Write what a technology emits per km at a mean speed into ``grams[species]``."""
    start = technology * CURVE_COUNT
    for which in range(CURVE_COUNT):
        grams[CURVES[which]] = factor_at(curve, first[start + which], first[start + which + 1], v_kmh)
    grams[NO2] = trait[technology, NO2_SHARE] * grams[NOX]
    grams[CO2] = trait[technology, CO2_G_PER_MJ] * grams[ENERGY]
    grams[PM10_WEAR], grams[PM25_WEAR] = wear_g_per_km(trait[technology], v_kmh)


@kernel
def count_present(
    trips: Longs,
    link: Longs,
    technology: Longs,
    cold: Bools,
    span_s: float,
    present_s: Floats,
    cold_s: Floats,
) -> None:
    """Add the time that vehicles are on links to ``[link, technology]``, and with it that of cold engines."""
    for at in range(trips.size):
        kind = technology[trips[at]]
        present_s[link[at], kind] += span_s
        if cold[at]:
            cold_s[link[at], kind] += span_s


@kernel
def add_links(
    driven_m: Floats,
    v_kmh: Floats,
    present_s: Floats,
    cold_s: Floats,
    fleet_share: Floats,
    curve: Floats,
    first: Longs,
    trait: Floats,
    cold_g_per_m: Floats,
    class_of: Longs,
    grams: Floats,
) -> None:
    """Add what links emit to ``grams[class, link, species]``: metres driven times factors at the mean speed there.

    Technologies share a link's metres as they share the time on it (``present_s``), and as in all of the traffic
    (``fleet_share``) where nobody looked while somebody was there.
    """
    per_km = np.zeros(SPECIES)
    for link in range(driven_m.size):
        if driven_m[link] <= 0.0:
            continue
        seen_s = 0.0
        for kind in range(class_of.size):
            seen_s += present_s[link, kind]
        for kind in range(class_of.size):
            share = present_s[link, kind] / seen_s if seen_s > 0.0 else fleet_share[kind]
            if share <= 0.0 or class_of[kind] < 0:
                continue
            metres = share * driven_m[link]
            exhaust_g_per_km(curve, first, trait, kind, v_kmh[link], per_km)
            is_cold = cold_s[link, kind] / present_s[link, kind] if seen_s > 0.0 else 0.0
            for species in range(SPECIES):
                more = is_cold * cold_g_per_m[kind, species]
                grams[class_of[kind], link, species] += metres * (per_km[species] / M_PER_KM + more)


@kernel
def add_vehicles(
    trips: Longs,
    link: Longs,
    gradient: Floats,
    speed_mps: Floats,
    before_mps: Floats,
    cold: Bools,
    step_s: float,
    technology: Longs,
    idle_g_per_s: Floats,
    power_g_per_j: Floats,
    trait: Floats,
    cold_g_per_m: Floats,
    class_of: Longs,
    by_link: Floats,
    by_vehicle: Floats,
) -> None:
    """Add what vehicles emit in a step to ``by_link[class, link, species]`` and ``by_vehicle[trip, species]``.

    Exhaust is what the engine emits when it idles, plus a constant times vehicle-specific power where that is positive.
    """
    for at in range(trips.size):
        trip = trips[at]
        kind = technology[trip]
        if class_of[kind] < 0:
            continue
        v_mps = 0.5 * (speed_mps[at] + before_mps[at])
        accel_mps2 = (speed_mps[at] - before_mps[at]) / step_s
        power = power_w_per_kg(trait[kind, HEAVY] > 0.0, v_mps, accel_mps2, gradient[at])
        pm10, pm25 = wear_g_per_km(trait[kind], KMH * v_mps)
        metres = v_mps * step_s
        for species in range(SPECIES):
            grams = step_s * (idle_g_per_s[kind, species] + power_g_per_j[kind, species] * power)
            if species == PM10_WEAR:
                grams = pm10 * metres / M_PER_KM
            elif species == PM25_WEAR:
                grams = pm25 * metres / M_PER_KM
            if cold[at]:
                grams += cold_g_per_m[kind, species] * metres
            by_link[class_of[kind], link[at], species] += grams
            by_vehicle[trip, species] += grams
