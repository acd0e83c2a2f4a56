"""Say what points and lines near the ground add to the air at a place: RLINE's plume with meander, in closed form.

Coordinates follow the wind: ``x_m`` is how far downwind of a source the place lies, ``y_m`` how far to the side. All
results are for a release of 1 g/s and in g/m³, so they are in s/m³. Formulas: Snyder et al. (2013), see
``air_surface_layer``; lines: Venkatram and Horst (2006), Approximating dispersion from a finite line source,
Atmospheric Environment 40, 2401-2408.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .air_spread_table import look_up
from .air_surface_layer import SQRT_2, SQRT_2_PI, meander_share
from .compile import bare_entry, kernel

Floats = NDArray[np.float64]

NEAREST_M: Final = 1.0  # a place on a source is this far from it, as in RLINE 1.2
SKEWED: Final = 0.02  # share by which the distance changes within a plume up to which the closed form is used
SIDEWAYS: Final = 6.0  # lateral spreads to the side of a plume at which there is nothing left of it (2 × 10⁻⁸)
PANEL: Final = 1.0  # growth of the logarithm of the distance in one panel of a sum along a line
ROUND_PANEL: Final = 1.5  # the same of asinh for the sum that goes round the compass
SHORT: Final = 0.5  # a line this long against its distance is two points to whatever comes from all sides
NARROW: Final = 0.01  # lateral spreads: a stretch that is no wider is a point
GAUSS_2: Final = 0.2886751345948129  # halved: of a line from -1/2 to 1/2
GAUSS_4_INNER: Final = 0.3399810435848563  # places and weights of Gauss-Legendre sums, Abramowitz and Stegun 25.4.30
GAUSS_4_OUTER: Final = 0.8611363115940526
GAUSS_4_INNER_WEIGHT: Final = 0.6521451548625461
GAUSS_4_OUTER_WEIGHT: Final = 0.34785484513745385
GAUSS_3: Final = 0.7745966692414834
GAUSS_3_MIDDLE: Final = 8.0 / 9.0
GAUSS_3_SIDE: Final = 5.0 / 9.0


@kernel
def layered(z_m: float, height_m: float, vertical_m: float) -> float:
    """Share per metre of height that a plume which the ground reflects has at a height, 1/m."""
    scale = 0.5 / (vertical_m * vertical_m)
    direct = math.exp(-(z_m - height_m) * (z_m - height_m) * scale)
    return (direct + math.exp(-(z_m + height_m) * (z_m + height_m) * scale)) / (SQRT_2_PI * vertical_m)


@bare_entry
def straight_point(
    table: Floats, sigma_v_mps: float, x_m: float, y_m: float, z_m: float, height_m: float, wide_m: float
) -> float:
    """What the steady part of the wind carries from a point, s/m³; Snyder et al. (2013), eq. 1; ``wide_m`` at first."""
    if x_m <= 0.0:
        return 0.0
    vertical, lateral, wind = look_up(table, max(x_m, NEAREST_M))
    lateral_2 = lateral * lateral + wide_m * wide_m
    if y_m * y_m > SIDEWAYS * SIDEWAYS * lateral_2:
        return 0.0
    across = math.exp(-0.5 * y_m * y_m / lateral_2) / (SQRT_2_PI * math.sqrt(lateral_2))
    return (1.0 - meander_share(sigma_v_mps, wind)) * across * layered(z_m, height_m, vertical) / wind


@bare_entry
def round_point(table: Floats, sigma_v_mps: float, far_m: float, z_m: float, height_m: float) -> float:
    """What meander carries from a point to any side, s/m³; Snyder et al. (2013), eq. 13."""
    far_m = max(far_m, NEAREST_M)
    vertical, _, wind = look_up(table, far_m)
    return meander_share(sigma_v_mps, wind) * layered(z_m, height_m, vertical) / (2.0 * math.pi * far_m * wind)


@bare_entry
def surface_point(
    table: Floats, sigma_v_mps: float, x_m: float, y_m: float, z_m: float, height_m: float, wide_m: float
) -> float:
    """What a point near the ground adds, s/m³."""
    far_m = math.sqrt(x_m * x_m + y_m * y_m)
    straight = straight_point(table, sigma_v_mps, x_m, y_m, z_m, height_m, wide_m)
    return straight + round_point(table, sigma_v_mps, far_m, z_m, height_m)


@bare_entry
def reach_across(table: Floats, x_m: float, y_m: float, wide_m: float) -> float:
    """Share of a crosswind line's plume that lies to the left of a place, -1 to 1, by what is straight upwind of it."""
    if x_m <= 0.0:
        return 1.0 if y_m > 0.0 else -1.0
    _, lateral, _ = look_up(table, max(x_m, NEAREST_M))
    return math.erf(y_m / (SQRT_2 * math.sqrt(lateral * lateral + wide_m * wide_m)))


@bare_entry
def level_stretch(
    table: Floats, sigma_v_mps: float, x_m: float, y1_m: float, y2_m: float, z_m: float, height_m: float, wide_m: float
) -> float:
    """What the steady wind carries from a stretch of a line, all of it equally far upwind, s/m³."""
    vertical, lateral, wind = look_up(table, x_m)
    lateral = math.sqrt(lateral * lateral + wide_m * wide_m)
    if abs(y2_m - y1_m) < NARROW * lateral:
        return straight_point(table, sigma_v_mps, x_m, 0.5 * (y1_m + y2_m), z_m, height_m, wide_m)
    across = abs(math.erf(y2_m / (SQRT_2 * lateral)) - math.erf(y1_m / (SQRT_2 * lateral))) / (2.0 * abs(y2_m - y1_m))
    return (1.0 - meander_share(sigma_v_mps, wind)) * across * layered(z_m, height_m, vertical) / wind


@bare_entry
def crossing_line(
    table: Floats,
    sigma_v_mps: float,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    z_m: float,
    height_m: float,
    wide_m: float,
) -> float:
    """What the steady wind carries from a line that lies across it, s/m³; Venkatram and Horst (2006), eq. 10.

    The vertical spread is that of the part of the line straight upwind. ``x1_m, y1_m`` belong to one end, ``x2_m,
    y2_m`` to the other.
    """
    at = min(max(y1_m / (y1_m - y2_m), 0.0), 1.0)
    x_m = x1_m + at * (x2_m - x1_m)
    if x_m <= 0.0:
        return 0.0
    vertical, _, wind = look_up(table, max(x_m, NEAREST_M))
    across = 0.5 * abs(reach_across(table, x1_m, y1_m, wide_m) - reach_across(table, x2_m, y2_m, wide_m))
    per_m2 = (1.0 - meander_share(sigma_v_mps, wind)) * layered(z_m, height_m, vertical) / wind
    return per_m2 * across / abs(y2_m - y1_m)


@bare_entry
def slanting_line(
    table: Floats,
    sigma_v_mps: float,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    z_m: float,
    height_m: float,
    wide_m: float,
) -> float:
    """What the steady wind carries from a line of which one end is farther upwind, s/m³: points, closer nearby.

    The distance grows by the same share from point to point; stretches that lie beside the plume are left out.
    """
    if x1_m > x2_m:
        x1_m, y1_m, x2_m, y2_m = x2_m, y2_m, x1_m, y1_m
    slope, dx = (y2_m - y1_m) / (x2_m - x1_m), x2_m - x1_m
    first, last = math.log(max(x1_m, NEAREST_M)), math.log(max(x2_m, NEAREST_M))
    total = 0.0
    if x1_m < NEAREST_M:  # what lies within the nearest metre is as far away as that
        y_m, stretch_m = y1_m + slope * (max(x1_m, 0.0) - x1_m), min(x2_m, NEAREST_M) - max(x1_m, 0.0)
        total += stretch_m * level_stretch(
            table, sigma_v_mps, NEAREST_M, y_m, y_m + slope * stretch_m, z_m, height_m, wide_m
        )
    panels = int((last - first) * (1.0 + 3.0 * abs(slope)) / PANEL) + 1
    half = 0.5 * (last - first) / panels
    before_m, before_y_m = math.exp(first), y1_m + slope * (math.exp(first) - x1_m)
    growth = math.exp(2.0 * half)
    for panel in range(panels):
        after_m = before_m * growth
        after_y_m = y1_m + slope * (after_m - x1_m)
        if not beside(table, after_m, before_y_m, after_y_m, wide_m):
            middle = first + (2 * panel + 1) * half
            for k in range(4):
                place = GAUSS_4_INNER if k < 2 else GAUSS_4_OUTER
                weight = GAUSS_4_INNER_WEIGHT if k < 2 else GAUSS_4_OUTER_WEIGHT
                x_m = math.exp(middle + (half * place if k % 2 else -half * place))
                y_m = y1_m + slope * (x_m - x1_m)
                point = straight_point(table, sigma_v_mps, x_m, y_m, z_m, height_m, wide_m)
                total += half * weight * x_m * point
        before_m, before_y_m = after_m, after_y_m
    return total / dx


@bare_entry
def beside(table: Floats, farthest_m: float, y1_m: float, y2_m: float, wide_m: float) -> bool:
    """Whether a stretch of a line, at most so far upwind, lies beside the plume of all its points."""
    if y1_m * y2_m <= 0.0:
        return False
    _, lateral, _ = look_up(table, farthest_m)
    near_m = min(abs(y1_m), abs(y2_m))
    return near_m * near_m > SIDEWAYS * SIDEWAYS * (lateral * lateral + wide_m * wide_m)


@bare_entry
def is_crossing(table: Floats, x1_m: float, y1_m: float, x2_m: float, y2_m: float) -> bool:
    """Whether those points of a line whose plumes meet the place are about equally far away."""
    dx, dy = abs(x2_m - x1_m), abs(y2_m - y1_m)
    if dy <= dx:
        return False
    at = min(max(y1_m / (y1_m - y2_m), 0.0), 1.0)
    x_m = x1_m + at * (x2_m - x1_m)
    _, lateral, _ = look_up(table, max(x_m, NEAREST_M))
    to_the_side_m = abs(y1_m + at * (y2_m - y1_m))
    return (lateral + to_the_side_m) * dx <= SKEWED * x_m * dy


@bare_entry
def straight_line(
    table: Floats,
    sigma_v_mps: float,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    z_m: float,
    height_m: float,
    wide_m: float,
) -> float:
    """What the steady wind carries from a line, s/m³: in closed form where it lies across, as points elsewhere."""
    farthest_m = max(x1_m, x2_m)
    if farthest_m <= 0.0 or beside(table, max(farthest_m, NEAREST_M), y1_m, y2_m, wide_m):
        return 0.0
    if is_crossing(table, x1_m, y1_m, x2_m, y2_m):
        return crossing_line(table, sigma_v_mps, x1_m, y1_m, x2_m, y2_m, z_m, height_m, wide_m)
    return slanting_line(table, sigma_v_mps, x1_m, y1_m, x2_m, y2_m, z_m, height_m, wide_m)


@bare_entry
def round_line(
    table: Floats,
    sigma_v_mps: float,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    z_m: float,
    height_m: float,
) -> float:
    """What meander carries from a line to any side, s/m³.

    With s = p sinh(u) along the line and p the distance to it, ds / r = du: the sum over u is one of a function that
    changes slowly.
    """
    dx, dy = x2_m - x1_m, y2_m - y1_m
    x_m, y_m = 0.5 * (x1_m + x2_m), 0.5 * (y1_m + y2_m)
    if dx * dx + dy * dy < SHORT * SHORT * (x_m * x_m + y_m * y_m):
        ahead = math.sqrt((x_m + GAUSS_2 * dx) ** 2 + (y_m + GAUSS_2 * dy) ** 2)
        back = math.sqrt((x_m - GAUSS_2 * dx) ** 2 + (y_m - GAUSS_2 * dy) ** 2)
        together = round_point(table, sigma_v_mps, ahead, z_m, height_m)
        return 0.5 * (together + round_point(table, sigma_v_mps, back, z_m, height_m))
    length_m = math.sqrt(dx * dx + dy * dy)
    apart_m = max(abs(x1_m * dy - y1_m * dx) / length_m, NEAREST_M)
    along1, along2 = (x1_m * dx + y1_m * dy) / length_m, (x2_m * dx + y2_m * dy) / length_m
    first, last = math.asinh(along1 / apart_m), math.asinh(along2 / apart_m)
    panels = int((last - first) / ROUND_PANEL) + 1
    half = 0.5 * (last - first) / panels
    total = 0.0
    for panel in range(panels):
        middle = first + (2 * panel + 1) * half
        for k in range(3):
            grown = math.exp(middle + (k - 1) * GAUSS_3 * half)
            far_m = 0.5 * apart_m * (grown + 1.0 / grown)
            weight = GAUSS_3_MIDDLE if k == 1 else GAUSS_3_SIDE
            total += half * weight * far_m * round_point(table, sigma_v_mps, far_m, z_m, height_m)
    return total / length_m


@bare_entry
def surface_line(
    table: Floats,
    sigma_v_mps: float,
    x1_m: float,
    y1_m: float,
    x2_m: float,
    y2_m: float,
    z_m: float,
    height_m: float,
    wide_m: float,
) -> float:
    """What a straight line near the ground adds at a place, s/m³, for 1 g/s from all of it.

    ``wide_m`` is the spread to the side at the source. A line without length is a point.
    """
    if x1_m == x2_m and y1_m == y2_m:
        return surface_point(table, sigma_v_mps, x1_m, y1_m, z_m, height_m, wide_m)
    straight = straight_line(table, sigma_v_mps, x1_m, y1_m, x2_m, y2_m, z_m, height_m, wide_m)
    return straight + round_line(table, sigma_v_mps, x1_m, y1_m, x2_m, y2_m, z_m, height_m)
