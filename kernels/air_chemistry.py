"""Say how much of the nitrogen oxides in the air is NO2."""

from __future__ import annotations

from typing import Final

# Ambient ratio method 2 (Podrez 2015, Atmospheric Environment 103, 358-366, as in AERMOD): NO2 / NOx by NOx in µg/m³.
RATIO: Final = (1.2441, -2.7383e-3, -5.6062e-6, 3.4555e-8, -5.8345e-11, 4.2795e-14, -1.1723e-17)
LEAST_RATIO: Final = 0.5
MOST_RATIO: Final = 0.9
HIGHEST_UGM3: Final = 500.0  # beyond it the fit has reached its floor


def no2_of_nox(nox_ugm3: float) -> float:
    """Share of NO2 in the NOx of the air, by its concentration, µg/m³."""
    at, ratio = min(nox_ugm3, HIGHEST_UGM3), 0.0
    for factor in reversed(RATIO):
        ratio = ratio * at + factor
    return min(max(ratio, LEAST_RATIO), MOST_RATIO)
