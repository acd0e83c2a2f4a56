"""Say how wind and turbulence change with height near the ground, and how far they spread what is released there.

Profiles are those of Monin-Obukhov similarity, spreads those of RLINE (Snyder, Venkatram, Heist, Perry, Petersen,
Isakov 2013, RLINE: A line source dispersion model for near-surface releases, Atmospheric Environment 77, 748-756;
Venkatram, Snyder, Heist, Perry, Petersen, Isakov 2013, Re-formulation of plume spread for near-surface dispersion,
Atmospheric Environment 77, 846-855). One scalar function a formula, float64, for CPU and GPU.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from .compile import kernel, woven

KARMAN: Final = 0.4
SQRT_2: Final = 1.4142135623730951
SQRT_2_OVER_PI: Final = 0.7978845608028654
SQRT_2_PI: Final = 2.5066282746310002
FADED: Final = 50.0  # e⁻⁵⁰ = 2 × 10⁻²² is nothing
SPREAD_ROUNDS: Final = 60
SPREAD_EXACT: Final = 1e-12
LEAST_SPREAD_M: Final = 1e-3  # so that nothing is divided by nothing at the source itself


class SpreadSet(NamedTuple):
    """Coefficients of the spreads, as in Venkatram et al. (2013), eq. 20 to 25."""

    vertical: float  # a
    vertical_stable: float  # b_s
    vertical_unstable: float  # b_u
    lateral: float  # c
    lateral_stable: float  # d_s
    lateral_unstable: float  # d_u


SPREADS_2013: Final = SpreadSet(0.57, 3.0, 1.5, 1.6, 2.5, 1.0)  # RLINE 1.2, the papers above
SPREADS_2023: Final = SpreadSet(0.70, 1.5, 1.0, 1.4, 1.5, 2.5)  # AERMOD 23132 (US EPA 2023), its RLINE source type


class Layer(NamedTuple):
    """The lowest part of the atmosphere during one state of the weather."""

    ustar_mps: float  # friction velocity
    obukhov_m: float  # Monin-Obukhov length: negative while the sun heats the ground, inf where it makes no difference
    roughness_m: float
    displacement_m: float  # height by which buildings lift the profile
    mixing_m: float  # height up to which air mixes
    sigma_v_mps: float  # standard deviation of the wind to the side
    wind_factor: float  # measured wind over that of the profile
    spreads: SpreadSet


@woven
def fading_woven(x: float) -> float:
    """e⁻ˣ for x >= 0, 0 beyond 50; relative error below 1e-12.

    (1 + p(-x / 1024))¹⁰²⁴ with p a Taylor polynomial: no branch, no table and no libm, so that compilers make vector
    instructions of it and a GPU computes the same bits.
    """
    r = (-x if x < FADED else -FADED) * (1.0 / 1024.0)
    p = 1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0 + r * (1.0 / 5040.0)))
    p = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * p)))
    p = p * p  # ten times, written out: a loop here keeps LLVM from making vectors of the callers'
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p if x < FADED else 0.0


@kernel
def fading(x: float) -> float:
    """``fading_woven``, as a call."""
    return fading_woven(x)


@kernel
def phi_m(zeta: float) -> float:
    """Dimensionless wind shear at z / L.

    Unstable: Dyer and Hicks (1970), Quarterly Journal 96, 715. Stable: what belongs to ``psi_m``.
    """
    if zeta < 0.0:
        return 1.0 / math.sqrt(math.sqrt(1.0 - 16.0 * zeta))
    return 1.0 + 17.0 * 0.29 * zeta * fading(0.29 * zeta)


@kernel
def phi_h(zeta: float) -> float:
    """Dimensionless gradient of temperature, and of whatever else turbulence carries, at z / L.

    Dyer (1974), Boundary-Layer Meteorology 7, 363-372.
    """
    return 1.0 / math.sqrt(1.0 - 16.0 * zeta) if zeta < 0.0 else 1.0 + 5.0 * zeta


@kernel
def psi_m(zeta: float) -> float:
    """What stability takes from the logarithm of the wind profile at z / L.

    Unstable: Paulson (1970), Journal of Applied Meteorology 9, 857. Stable: van Ulden and Holtslag (1985), Journal of
    Climate and Applied Meteorology 24, 1196-1207, which stays finite in very stable air.
    """
    if zeta < 0.0:
        x = math.sqrt(math.sqrt(1.0 - 16.0 * zeta))
        return 2.0 * math.log(0.5 * (1.0 + x)) + math.log(0.5 * (1.0 + x * x)) - 2.0 * math.atan(x) + 0.5 * math.pi
    return -17.0 * (1.0 - fading(0.29 * zeta))


@kernel
def profile_mps(layer: Layer, z_m: float) -> float:
    """Wind that the friction velocity goes with at a height, m/s: u*/k (ln((z-d)/z0) - psi((z-d)/L) + psi(z0/L))."""
    above_m = max(z_m - layer.displacement_m, layer.roughness_m)
    shear = math.log(above_m / layer.roughness_m)
    shear += psi_m(layer.roughness_m / layer.obukhov_m) - psi_m(above_m / layer.obukhov_m)
    return layer.ustar_mps / KARMAN * max(shear, 0.0)


@kernel
def wind_mps(layer: Layer, z_m: float) -> float:
    """Mean wind at a height: the profile through what was measured; constant above the mixing height."""
    return layer.wind_factor * profile_mps(layer, min(z_m, layer.mixing_m))


@kernel
def convective_mps(ustar_mps: float, obukhov_m: float, mixing_m: float) -> float:
    """Convective velocity w* = u* (zi / (k |L|))^(1/3) over heated ground, 0 otherwise, m/s (Deardorff 1970)."""
    return ustar_mps * math.pow(mixing_m / (KARMAN * -obukhov_m), 1.0 / 3.0) if obukhov_m < 0.0 else 0.0


@kernel
def sideways_mps(ustar_mps: float, convective_velocity_mps: float) -> float:
    """Standard deviation of the wind to the side: sqrt((0.6 w*)² + (1.9 u*)²), m/s; Snyder et al. (2013), eq. 11."""
    return math.sqrt((0.6 * convective_velocity_mps) ** 2 + (1.9 * ustar_mps) ** 2)


@kernel
def vertical_spread_m(layer: Layer, x_m: float, wind_mps: float) -> float:
    """Vertical spread of what was released at the ground so far upwind, m; Venkatram et al. (2013), eq. 20 and 21.

    ``wind_mps`` is the effective wind. At most that of air mixed up to the mixing height.
    """
    ratio = layer.ustar_mps / wind_mps
    if layer.obukhov_m > 0.0:
        slower = math.pow(x_m / layer.obukhov_m, 2.0 / 3.0)
        spread = layer.spreads.vertical * ratio * x_m / (1.0 + layer.spreads.vertical_stable * ratio * slower)
    else:
        faster = ratio * x_m / -layer.obukhov_m
        spread = layer.spreads.vertical * ratio * x_m * (1.0 + layer.spreads.vertical_unstable * faster)
    return min(spread, SQRT_2_OVER_PI * layer.mixing_m)


@kernel
def lateral_spread_m(layer: Layer, vertical_m: float) -> float:
    """Spread to the side that goes with a vertical one, m; Venkatram et al. (2013), eq. 22 and 24."""
    spread = layer.spreads.lateral * layer.sigma_v_mps / layer.ustar_mps * vertical_m
    if layer.obukhov_m > 0.0:
        return spread * (1.0 + layer.spreads.lateral_stable * vertical_m / layer.obukhov_m)
    return spread / math.sqrt(1.0 + layer.spreads.lateral_unstable * vertical_m / -layer.obukhov_m)


@kernel
def mean_height_m(height_m: float, vertical_m: float) -> float:
    """Mean height of a plume released at a height that the ground reflects, m; Snyder et al. (2013), eq. 9."""
    ratio = height_m / vertical_m
    return SQRT_2_OVER_PI * vertical_m * fading(0.5 * ratio * ratio) + height_m * math.erf(ratio / SQRT_2)


@kernel
def effective_wind_mps(layer: Layer, z_m: float) -> float:
    """Wind that dilutes: sqrt(2 sigma_v² + U(z)²), m/s, never nothing; Snyder et al. (2013), eq. 10."""
    return math.sqrt(2.0 * layer.sigma_v_mps**2 + wind_mps(layer, z_m) ** 2)


@kernel
def excess_m(layer: Layer, height_m: float, initial_m: float, x_m: float, grown_m: float) -> float:
    """How much more a plume that has grown so far would have grown in the wind at its mean height, m."""
    vertical = max(math.sqrt(grown_m * grown_m + initial_m * initial_m), LEAST_SPREAD_M)
    return vertical_spread_m(layer, x_m, effective_wind_mps(layer, mean_height_m(height_m, vertical))) - grown_m


@kernel
def spreads_at(layer: Layer, height_m: float, initial_m: float, x_m: float) -> tuple[float, float, float]:
    """Vertical spread, m, lateral spread, m, and effective wind, m/s, so far downwind of a release.

    The wind is that at the plume's mean height, which the spread decides, which the wind decides (Snyder et al. 2013,
    section 2.2). More spread means more wind and that less spread, so just one spread agrees with itself. It is
    searched between two that do not (regula falsi, Illinois; Dowell and Jarratt 1971, BIT 11, 168), since taking turns
    may swing for ever between and above buildings. ``initial_m`` is the vertical spread at the source, which the
    lateral one does not know of.
    """
    low, high = 0.0, vertical_spread_m(layer, x_m, SQRT_2 * layer.sigma_v_mps)
    above, below = excess_m(layer, height_m, initial_m, x_m, low), excess_m(layer, height_m, initial_m, x_m, high)
    grown, side = high, 0
    for _ in range(SPREAD_ROUNDS):
        if below >= 0.0 or high - low <= SPREAD_EXACT * high:
            break
        grown = (low * below - high * above) / (below - above)
        here = excess_m(layer, height_m, initial_m, x_m, grown)
        if abs(here) <= SPREAD_EXACT * grown:
            break
        if here > 0.0:
            low, above = grown, here
            below *= 0.5 if side > 0 else 1.0
            side = 1
        else:
            high, below = grown, here
            above *= 0.5 if side < 0 else 1.0
            side = -1
    vertical = max(math.sqrt(grown * grown + initial_m * initial_m), LEAST_SPREAD_M)
    wind = effective_wind_mps(layer, mean_height_m(height_m, vertical))
    return vertical, max(lateral_spread_m(layer, grown), LEAST_SPREAD_M), wind


@kernel
def meander_share(sigma_v_mps: float, wind_mps: float) -> float:
    """Share of what is released that light and turning wind carries in all directions: 2 sigma_v² / Ue².

    Snyder et al. (2013), eq. 12, after Cimorelli et al. (2005), Journal of Applied Meteorology 44, 682-693. It is 1
    where there is no mean wind.
    """
    return min(2.0 * (sigma_v_mps / wind_mps) * (sigma_v_mps / wind_mps), 1.0)
