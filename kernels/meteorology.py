"""Derive what mixes the air from what people measure: wind, cloud, radiation, or a stability class.

Sun: Spencer (1971), Search 2, 172. Radiation and heat flux by day: Holtslag and van Ulden (1983), Journal of Climate
and Applied Meteorology 22, 517-529. By night: van Ulden and Holtslag (1985), Journal of Climate and Applied Meteorology
24, 1196-1207; Venkatram (1980), Boundary-Layer Meteorology 19, 481. Classes: Golder (1972), Boundary-Layer Meteorology
3, 47-58. Mixing height: 0.3 u*/f (neutral), 0.4 (u* L/f)^½ (stable; Zilitinkevich 1972, Boundary-Layer Meteorology 3,
141).

A handful of numbers per hour of weather: nothing here is compiled.
"""

from __future__ import annotations

import math
from typing import Final

KARMAN: Final = 0.4
GRAVITY_MPS2: Final = 9.81
HEAT_CAPACITY: Final = 1005.0 * 1.2  # of a cubic metre of air, J/K
BOLTZMANN: Final = 5.67e-8
LEAST_L_M: Final = 1.0  # nothing mixes less
LOWEST_M: Final = 50.0  # and no lower; what cities stir by themselves
HIGHEST_M: Final = 3000.0
ALBEDO: Final = 0.18  # Oke (1987): cities
MOISTURE: Final = 0.5  # α of Holtslag and van Ulden: 1 on wet grass, about half where little evaporates
GROUND_SHARE: Final = 0.1  # of net radiation that warms the ground
SLOPES: Final = {  # of 1/L = a + b log10(z0), 1/m, by class
    "A": (-0.096, 0.029),
    "B": (-0.037, 0.029),
    "C": (-0.002, 0.018),
    "D": (0.0, 0.0),
    "E": (0.004, -0.018),
    "F": (0.035, -0.036),
}


def sun_elevation_rad(day_of_year: float, hour_utc: float, lat_deg: float, lon_deg: float) -> float:
    """Height of the sun over the horizon, rad; below 0 at night."""
    turn = 2.0 * math.pi * (day_of_year - 1.0 + hour_utc / 24.0) / 365.0
    declination = 0.006918 - 0.399912 * math.cos(turn) + 0.070257 * math.sin(turn)
    declination += -0.006758 * math.cos(2 * turn) + 0.000907 * math.sin(2 * turn)
    declination += -0.002697 * math.cos(3 * turn) + 0.00148 * math.sin(3 * turn)
    late_min = 0.000075 + 0.001868 * math.cos(turn) - 0.032077 * math.sin(turn)
    late_min = 229.18 * (late_min - 0.014615 * math.cos(2 * turn) - 0.040849 * math.sin(2 * turn))
    angle = math.radians(15.0 * (hour_utc - 12.0) + lon_deg + late_min / 4.0)
    lat = math.radians(lat_deg)
    return math.asin(math.sin(lat) * math.sin(declination) + math.cos(lat) * math.cos(declination) * math.cos(angle))


def radiation_wpm2(sun_rad: float, cloud: float) -> float:
    """Global radiation by the height of the sun and the share of the sky that clouds cover, W/m²."""
    return max((990.0 * math.sin(sun_rad) - 30.0) * (1.0 - 0.75 * cloud**3.4), 0.0)


def heat_flux_wpm2(global_wpm2: float, cloud: float, air_k: float) -> float:
    """Heat that the ground gives to the air, W/m²; below 0 where it takes it."""
    net = (1.0 - ALBEDO) * global_wpm2 + 5.31e-13 * air_k**6 - BOLTZMANN * air_k**4 + 60.0 * cloud
    net /= 1.12
    air_c = air_k - 273.15
    steep = 4098.0 * 0.6108 * math.exp(17.27 * air_c / (air_c + 237.3)) / (air_c + 237.3) ** 2  # kPa/K
    dry = 0.067 / steep
    return ((1.0 - MOISTURE) + dry) / (1.0 + dry) * (1.0 - GROUND_SHARE) * net - 20.0 * MOISTURE


def psi_m(zeta: float) -> float:
    """What stability takes from the logarithm of the wind profile (Paulson 1970; van Ulden and Holtslag 1985)."""
    if zeta < 0.0:
        x = (1.0 - 16.0 * zeta) ** 0.25
        return 2.0 * math.log((1.0 + x) / 2.0) + math.log((1.0 + x * x) / 2.0) - 2.0 * math.atan(x) + math.pi / 2.0
    return -17.0 * (1.0 - math.exp(-0.29 * zeta))


def friction_mps(wind_mps: float, above_m: float, roughness_m: float, obukhov_m: float) -> float:
    """Friction velocity that a wind goes with, so far above the ground (less its displacement), m/s."""
    shear = math.log(above_m / roughness_m) - psi_m(above_m / obukhov_m) + psi_m(roughness_m / obukhov_m)
    return KARMAN * wind_mps / max(shear, 1.0)


def by_day(wind_mps: float, above_m: float, roughness_m: float, air_k: float, heat_wpm2: float) -> tuple[float, float]:
    """Friction velocity, m/s, and Monin-Obukhov length, m, where the ground heats the air."""
    obukhov_m = -math.inf
    for _ in range(30):
        friction = friction_mps(wind_mps, above_m, roughness_m, obukhov_m)
        length_m = -HEAT_CAPACITY * air_k * friction**3 / (KARMAN * GRAVITY_MPS2 * heat_wpm2)
        obukhov_m = min(length_m, -LEAST_L_M)
    return friction, obukhov_m


def by_night(wind_mps: float, above_m: float, roughness_m: float, air_k: float, cloud: float) -> tuple[float, float]:
    """Friction velocity, m/s, and Monin-Obukhov length, m, where the ground cools the air."""
    scale_k = 0.09 * (1.0 - 0.5 * cloud * cloud)
    drag = KARMAN / math.log(above_m / roughness_m)
    least_mps = 2.0 * math.sqrt(4.7 * above_m * GRAVITY_MPS2 * scale_k / air_k / drag)
    if wind_mps >= least_mps:
        friction = 0.5 * drag * wind_mps * (1.0 + math.sqrt(1.0 - (least_mps / wind_mps) ** 2))
    else:  # both fall with the wind
        friction = 0.5 * drag * wind_mps
        scale_k *= wind_mps / least_mps
    if friction <= 0.0:
        return 0.0, LEAST_L_M
    return friction, max(air_k * friction**2 / (KARMAN * GRAVITY_MPS2 * scale_k), LEAST_L_M)


def of_class(letter: str, roughness_m: float) -> float:
    """Monin-Obukhov length of a stability class, m; inf where it is neutral."""
    a, b = SLOPES[letter]
    inverse = a + b * math.log10(roughness_m)
    if letter in "ABC":
        inverse = min(inverse, 0.0)
    elif letter in "EF":
        inverse = max(inverse, 0.0)
    return 1.0 / inverse if inverse != 0.0 else math.inf


def mixing_height_m(friction: float, obukhov_m: float, lat_deg: float) -> float:
    """Height up to which turbulence from the ground mixes the air, m."""
    turning = max(abs(1.4584e-4 * math.sin(math.radians(lat_deg))), 2e-5)
    height_m = 0.3 * friction / turning
    if 0.0 < obukhov_m < math.inf:
        height_m = min(height_m, 0.4 * math.sqrt(friction * obukhov_m / turning))
    return min(max(height_m, LOWEST_M), HIGHEST_M)
