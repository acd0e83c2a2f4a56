"""Say slowly and plainly what a release near the ground adds to the air: RLINE's formulas in NumPy, lines as points."""

from __future__ import annotations

import numpy as np
from scipy.special import erf


def wind_at(weather, z):
    """Wind of the profile that passes through what was measured, m/s."""

    def psi(zeta):
        x = (1.0 - 16.0 * np.minimum(zeta, 0.0)) ** 0.25
        unstable = 2.0 * np.log((1 + x) / 2) + np.log((1 + x * x) / 2) - 2.0 * np.arctan(x) + np.pi / 2
        return np.where(zeta < 0.0, unstable, -17.0 * (1.0 - np.exp(-0.29 * np.maximum(zeta, 0.0))))

    def shape(z):
        z0, length = weather.roughness_m, weather.obukhov_length_m
        above = np.maximum(z - weather.lifted_m, z0)
        return np.log(above / z0) - psi(above / length) + psi(z0 / length)

    return weather.wind_speed_mps * shape(np.minimum(z, weather.mixing_height_m)) / shape(weather.reference_height_m)


def sideways(weather):
    """Standard deviation of the wind to the side, m/s."""
    rising = 0.0
    if weather.obukhov_length_m < 0.0:
        rising = weather.ustar_mps * (weather.mixing_height_m / (0.4 * -weather.obukhov_length_m)) ** (1 / 3)
    return max(np.hypot(0.6 * rising, 1.9 * weather.ustar_mps), 0.2)


def spreads(weather, x, height, initial):
    """Vertical and lateral spread, m, and effective wind, m/s, with the coefficients of 2013."""
    ustar, length, side = max(weather.ustar_mps, 0.02), weather.obukhov_length_m, sideways(weather)
    wind = np.sqrt(2.0 * side**2 + wind_at(weather, height) ** 2)
    for _ in range(60):
        ratio = ustar / wind
        if length > 0.0:
            grown = 0.57 * ratio * x / (1.0 + 3.0 * ratio * (x / length) ** (2 / 3))
        else:
            grown = 0.57 * ratio * x * (1.0 + 1.5 * ratio * x / -length)
        grown = np.minimum(grown, np.sqrt(2 / np.pi) * weather.mixing_height_m)
        vertical = np.hypot(grown, initial)
        mean = np.sqrt(2 / np.pi) * vertical * np.exp(-0.5 * (height / vertical) ** 2)
        mean = mean + height * erf(height / vertical / np.sqrt(2))
        wind = wind**0.8 * np.sqrt(2.0 * side**2 + wind_at(weather, mean) ** 2) ** 0.2  # a part of the way: no swinging
    lateral = 1.6 * side / ustar * grown
    lateral = lateral * (1 + 2.5 * grown / length) if length > 0.0 else lateral / np.sqrt(1 + 1.0 * grown / -length)
    return vertical, lateral, wind


def points(weather, dx, dy, z, height, initial, wide):
    """What points add at places ``dx`` east and ``dy`` north of them, s/m³."""
    toward = np.radians(weather.wind_from_deg + 180.0)
    x = dx * np.sin(toward) + dy * np.cos(toward)
    y = dx * np.cos(toward) - dy * np.sin(toward)

    def layered(vertical):
        return (np.exp(-(((z - height) / vertical) ** 2) / 2) + np.exp(-(((z + height) / vertical) ** 2) / 2)) / (
            np.sqrt(2 * np.pi) * vertical
        )

    vertical, lateral, wind = spreads(weather, np.maximum(x, 1.0), height, initial)
    lateral = np.hypot(lateral, wide)
    share = np.minimum(2.0 * (sideways(weather) / wind) ** 2, 1.0)
    straight = (
        (1 - share) * layered(vertical) * np.exp(-((y / lateral) ** 2) / 2) / (np.sqrt(2 * np.pi) * lateral * wind)
    )
    far = np.maximum(np.hypot(dx, dy), 1.0)
    vertical, _, wind = spreads(weather, far, height, initial)
    share = np.minimum(2.0 * (sideways(weather) / wind) ** 2, 1.0)
    return np.where(x > 0.0, straight, 0.0) + share * layered(vertical) / (2 * np.pi * far * wind)


def line(weather, ends, place, height=0.5, initial=1.3, wide=1.5, count=300):
    """What a line adds at a place, s/m³: the mean of many points."""
    at = (np.arange(count) + 0.5) / count
    x, y = ends[0] + at * (ends[2] - ends[0]), ends[1] + at * (ends[3] - ends[1])
    return float(np.mean(points(weather, place[0] - x, place[1] - y, place[2], height, initial, wide)))
