"""Say where the plume of a stack goes and what it adds to the air: Briggs' rise and spreads, ground and lid as mirrors.

Coordinates follow the wind: ``x_m`` is how far downwind of the stack a place lies, ``y_m`` how far to the side. Results
are for 1 g/s, so they are in s/m³. One scalar function a formula, float64, for CPU and GPU.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .air_surface_layer import fading, fading_woven
from .compile import bare_entry, kernel, woven

Floats = NDArray[np.float64]

GRAVITY_MPS2: Final = 9.81
BUOYANCY_BREAK: Final = 55.0  # m⁴/s³, Briggs (1971)
TIP_RATIO: Final = 1.5  # exit speed over wind below which a plume sinks behind the stack
ENTRAINED: Final = 3.5  # a rising plume spreads itself by its rise over this: Pasquill (1976)
LID_SEEN: Final = 0.15  # vertical spread over mixing height from which the lid is looked at
LID_MIXED: Final = 0.8  # the same from which waves converge faster than mirrors
MIRRORS: Final = 3
WAVES: Final = 4
NEAREST_M: Final = 1.0


class Spread(NamedTuple):
    """How a plume spreads by distance: a x / sqrt(1 + b x) to the side, c x sqrt((1+gx) / ((1+dx) (1+ex))) upwards."""

    lateral: float
    lateral_decay: float
    vertical: float
    growth: float
    decay_1: float
    decay_2: float


# Briggs (1973), Diffusion estimation for small emissions, ATDL contribution 79, by Pasquill class A to F.
RURAL: Final = (
    Spread(0.22, 1e-4, 0.20, 0.0, 0.0, 0.0),
    Spread(0.16, 1e-4, 0.12, 0.0, 0.0, 0.0),
    Spread(0.11, 1e-4, 0.08, 0.0, 2e-4, 0.0),
    Spread(0.08, 1e-4, 0.06, 0.0, 1.5e-3, 0.0),
    Spread(0.06, 1e-4, 0.03, 0.0, 3e-4, 3e-4),
    Spread(0.04, 1e-4, 0.016, 0.0, 3e-4, 3e-4),
)
URBAN: Final = (
    Spread(0.32, 4e-4, 0.24, 1e-3, 0.0, 0.0),
    Spread(0.32, 4e-4, 0.24, 1e-3, 0.0, 0.0),
    Spread(0.22, 4e-4, 0.20, 0.0, 0.0, 0.0),
    Spread(0.16, 4e-4, 0.14, 0.0, 3e-4, 0.0),
    Spread(0.11, 4e-4, 0.08, 0.0, 1.5e-3, 0.0),
    Spread(0.11, 4e-4, 0.08, 0.0, 1.5e-3, 0.0),
)

# Golder (1972), Boundary-Layer Meteorology 3, 47-58, as lines 1/L = a + b log10(z0) (Seinfeld and Pandis 2016,
# Atmospheric chemistry and physics, table 16.4), class A to F.
GOLDER: Final = (
    (-0.096, 0.029),
    (-0.037, 0.029),
    (-0.002, 0.018),
    (0.0, 0.0),
    (0.004, -0.018),
    (0.035, -0.036),
)
# Potential temperature gradient that classes E and F stand for, K/m: US EPA (1995), ISC3 user's guide, volume II.
STABLE_GRADIENT_KPM: Final = (0.0, 0.0, 0.0, 0.0, 0.020, 0.035)


class Plume(NamedTuple):
    """A plume after its rise."""

    height_m: float
    wind_mps: float  # that dilutes it
    share: float  # of it that does not meander
    self_spread_m: float  # that rise and buildings give it, to the side
    self_rise_m: float  # the same, upwards
    lid_m: float
    spread: Spread


@kernel
def buoyancy_m4ps3(diameter_m: float, exit_mps: float, exit_k: float, air_k: float) -> float:
    """Buoyancy flux g v d² / 4 (Ts - Ta) / Ts, m⁴/s³; Briggs (1975)."""
    return max(GRAVITY_MPS2 * exit_mps * diameter_m * diameter_m * 0.25 * (exit_k - air_k) / exit_k, 0.0)


@kernel
def momentum_m4ps2(diameter_m: float, exit_mps: float, exit_k: float, air_k: float) -> float:
    """Momentum flux v² d² / 4 Ta / Ts, m⁴/s²; Briggs (1975)."""
    return exit_mps * exit_mps * diameter_m * diameter_m * 0.25 * air_k / exit_k


@kernel
def rise_m(
    buoyancy: float, momentum: float, wind_mps: float, exit_mps: float, diameter_m: float, sinking: float
) -> float:
    """Final rise of a plume above its stack, m: by heat or by speed, whichever lifts it more.

    Briggs (1969, 1971, 1975), as in US EPA (1995), ISC3 user's guide volume II, eq. 1-8 to 1-20. ``sinking`` is
    g / T dtheta/dz, 1/s², of stable air and 0 elsewhere.
    """
    if sinking > 0.0:
        by_heat = 2.6 * math.pow(buoyancy / (wind_mps * sinking), 1.0 / 3.0)
        by_speed = 1.5 * math.pow(momentum / (wind_mps * math.sqrt(sinking)), 1.0 / 3.0)
        by_speed = min(by_speed, 3.0 * diameter_m * exit_mps / wind_mps)
    else:
        if buoyancy < BUOYANCY_BREAK:
            by_heat = 21.425 * math.pow(buoyancy, 0.75) / wind_mps
        else:
            by_heat = 38.71 * math.pow(buoyancy, 0.6) / wind_mps
        by_speed = 3.0 * diameter_m * exit_mps / wind_mps
    return max(by_heat, by_speed)


@kernel
def tip_m(exit_mps: float, wind_mps: float, diameter_m: float) -> float:
    """Height that a plume loses in the wake of its own stack, m, at most 0; Briggs (1973), ISC3 eq. 1-7."""
    return min(2.0 * diameter_m * (exit_mps / wind_mps - TIP_RATIO), 0.0)


@kernel
def is_caught(height_m: float, building_m: float, width_m: float) -> bool:
    """Whether a building's wake catches a plume: lower than H + 1.5 min(H, W); Huber and Snyder (1976)."""
    return building_m > 0.0 and height_m < building_m + 1.5 * min(building_m, width_m)


@kernel
def wake_spreads_m(building_m: float, width_m: float) -> tuple[float, float]:
    """Vertical and lateral spread of a plume that a wake caught, 3 building heights behind, m.

    Huber and Snyder (1976, 1982), ISC3 eq. 1-45 and 1-47: 0.7 H and 0.35 W, of a wide building 0.35 H.
    """
    scale = min(building_m, width_m)
    return 0.7 * scale, 0.35 * (width_m if width_m < building_m else building_m)


@kernel
def lateral_2(spread: Spread, x_m: float) -> float:
    """Square of the spread to the side, m²."""
    return spread.lateral * x_m * (spread.lateral * x_m) / (1.0 + spread.lateral_decay * x_m)


@kernel
def vertical_2(spread: Spread, x_m: float) -> float:
    """Square of the vertical spread, m²."""
    grown = spread.vertical * x_m * (spread.vertical * x_m) * (1.0 + spread.growth * x_m)
    return grown / ((1.0 + spread.decay_1 * x_m) * (1.0 + spread.decay_2 * x_m))


@woven
def open_plume(plume: Plume, x_m: float, y_m: float, z_m: float) -> float:
    """What the steady wind carries from a stack under an open sky, s/m³: the Gaussian plume, the ground a mirror.

    No branch and few divisions, so that compilers work out several places at once: the spreads of ``lateral_2`` and
    ``vertical_2`` upside down.
    """
    spread = plume.spread
    along_m = x_m if x_m > NEAREST_M else NEAREST_M
    thin = 1.0 + spread.lateral_decay * along_m
    a, c = spread.lateral * along_m, spread.vertical * along_m
    wide = thin / (a * a + plume.self_spread_m * plume.self_spread_m * thin)
    low = (1.0 + spread.decay_1 * along_m) * (1.0 + spread.decay_2 * along_m)
    high = low / (c * c * (1.0 + spread.growth * along_m) + plume.self_rise_m * plume.self_rise_m * low)
    below, above = z_m - plume.height_m, z_m + plume.height_m
    layered = fading_woven(0.5 * below * below * high) + fading_woven(0.5 * above * above * high)
    across = fading_woven(0.5 * y_m * y_m * wide)
    share = plume.share / (2.0 * math.pi * plume.wind_mps) * across * layered * math.sqrt(wide * high)
    return share if x_m > 0.0 else 0.0


@kernel
def lidded(z_m: float, height_m: float, vertical_m: float, lid_m: float) -> float:
    """Share per metre of height of a plume between the ground and a lid, 1/m.

    A narrow one is mirrored by both; of a wide one the same is summed as waves (Poisson's formula), which is 1 / lid
    where all is mixed. Above the lid is nothing, and a plume above it sends nothing down.
    """
    if z_m > lid_m or height_m > lid_m:
        return 0.0
    if vertical_m > LID_MIXED * lid_m:
        total = 1.0
        for n in range(1, WAVES + 1):
            k = n * math.pi / lid_m
            damped = fading(0.5 * (k * vertical_m) * (k * vertical_m))
            total += 2.0 * math.cos(k * z_m) * math.cos(k * height_m) * damped
        return max(total, 0.0) / lid_m
    scale, total = 0.5 / (vertical_m * vertical_m), 0.0
    for n in range(-MIRRORS, MIRRORS + 1):
        below, above = z_m - height_m + 2.0 * n * lid_m, z_m + height_m + 2.0 * n * lid_m
        total += fading(below * below * scale) + fading(above * above * scale)
    return total / (math.sqrt(2.0 * math.pi) * vertical_m)


@kernel
def plume_point(plume: Plume, x_m: float, y_m: float, z_m: float) -> float:
    """What the steady wind carries from a stack below the lid of mixed air, s/m³."""
    if x_m <= 0.0:
        return 0.0
    along_m = max(x_m, NEAREST_M)
    high_2 = vertical_2(plume.spread, along_m) + plume.self_rise_m * plume.self_rise_m
    wide_2 = lateral_2(plume.spread, along_m) + plume.self_spread_m * plume.self_spread_m
    across = fading(0.5 * y_m * y_m / wide_2) / math.sqrt(2.0 * math.pi * wide_2)
    layered = lidded(z_m, plume.height_m, math.sqrt(high_2), plume.lid_m)
    return plume.share * across * layered / plume.wind_mps


@kernel
def round_plume(plume: Plume, x_m: float, y_m: float, z_m: float) -> float:
    """What meander carries from a stack to any side, s/m³; as ``air_lines.round_point``."""
    far_m = max(math.sqrt(x_m * x_m + y_m * y_m), NEAREST_M)
    high_2 = vertical_2(plume.spread, far_m) + plume.self_rise_m * plume.self_rise_m
    layered = lidded(z_m, plume.height_m, math.sqrt(high_2), plume.lid_m)
    return (1.0 - plume.share) * layered / (2.0 * math.pi * far_m * plume.wind_mps)


@kernel
def open_share(plume: Plume, x_m: float, y_m: float, z_m: float) -> float:
    """``open_plume``, as a call."""
    return open_plume(plume, x_m, y_m, z_m)


@kernel
def whole_share(plume: Plume, x_m: float, y_m: float, z_m: float, under_open_sky: float) -> float:
    """All that a stack adds, s/m³: the open plume, anew where a lid shows, and meander."""
    high_2 = vertical_2(plume.spread, max(x_m, NEAREST_M)) + plume.self_rise_m * plume.self_rise_m
    close_m = plume.lid_m * LID_SEEN
    straight = under_open_sky
    if high_2 > close_m * close_m or plume.height_m > 0.5 * plume.lid_m or z_m > 0.5 * plume.lid_m:
        straight = plume_point(plume, x_m, y_m, z_m)
    return straight + round_plume(plume, x_m, y_m, z_m)


@bare_entry
def fill_open(
    plume: Plume, x_m: float, y_m: float, ahead_m: Floats, left_m: Floats, z_m: Floats, share: Floats
) -> None:
    """Write what a stack at a point adds at places under an open sky, all ``[place]``."""
    for r in range(share.size):
        share[r] = open_plume(plume, ahead_m[r] - x_m, left_m[r] - y_m, z_m[r])


@bare_entry
def fill_plume(
    plume: Plume, x_m: float, y_m: float, ahead_m: Floats, left_m: Floats, z_m: Floats, share: Floats
) -> None:
    """Write all that a stack adds at places, all ``[place]``."""
    fill_open(plume, x_m, y_m, ahead_m, left_m, z_m, share)
    for r in range(share.size):
        share[r] = whole_share(plume, ahead_m[r] - x_m, left_m[r] - y_m, z_m[r], share[r])
