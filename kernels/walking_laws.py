"""Say how fast people walk, and how many get through, by how many share the room: two published laws.

``ratio`` is speed over the speed that a person has with nobody around. Everything uses + - * / and our own ``exp``, so
that every machine computes the same bits.
"""

from __future__ import annotations

from typing import Final

from .chance import exp
from .compile import kernel

WEIDMANN: Final = 0
HYDRAULIC: Final = 1

# Weidmann (1993), Transporttechnik der Fussgänger, ETH IVT 90, 5.4: v = 1.34 (1 - exp(-1.913 (1/rho - 1/5.4))).
WEIDMANN_MPS: Final = 1.34
WEIDMANN_GAMMA: Final = 1.913  # 1/m²
WEIDMANN_JAM: Final = 5.4  # people per m²
WEIDMANN_BUSIEST: Final = 1.75  # people per m² at which most get through

# SFPE Handbook of Fire Protection Engineering, 5th ed., ch. 59: v = k (1 - 0.266 D), constant below 0.54 people per m².
HYDRAULIC_A: Final = 0.266  # m²
HYDRAULIC_FREE: Final = 0.54
HYDRAULIC_BUSIEST: Final = 1.0 / (2.0 * HYDRAULIC_A)
HYDRAULIC_JAM: Final = 1.0 / HYDRAULIC_A


@kernel
def speed_ratio(law: int, density: float) -> float:
    """Speed over free speed at a density, people per m²; 0 at and beyond the jam."""
    if law == HYDRAULIC:
        if density >= HYDRAULIC_JAM:
            return 0.0
        return (1.0 - HYDRAULIC_A * max(density, HYDRAULIC_FREE)) / (1.0 - HYDRAULIC_A * HYDRAULIC_FREE)
    if density >= WEIDMANN_JAM:
        return 0.0
    if density < 0.05:  # the exponential is below 1e-15
        return 1.0
    return 1.0 - exp(-WEIDMANN_GAMMA * (1.0 / density - 1.0 / WEIDMANN_JAM))


@kernel
def busiest_density(law: int) -> float:
    """Density at which most people get through, per m²."""
    return HYDRAULIC_BUSIEST if law == HYDRAULIC else WEIDMANN_BUSIEST


@kernel
def supply_share(law: int, density: float) -> float:
    """Share of its capacity that a cell takes in at a density: all below the busiest, then as the law falls.

    The receiving flow of Daganzo (1994), The cell transmission model, Transportation Research B 28, with the congested
    branch of the law. Never less than a twentieth, where there is room: people squeeze in.
    """
    busiest = busiest_density(law)
    if density <= busiest:
        return 1.0
    return falling_share(density * speed_ratio(law, density), busiest * speed_ratio(law, busiest))


@kernel
def falling_share(flow: float, most: float) -> float:
    """The same beyond the busiest density, from the law's flows (speed ratio by density) there and at the busiest."""
    return max(flow / most, 0.05)
