"""Describe one state of the weather, and the layer of air near the ground that goes with it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..kernels.air_surface_layer import (
    SPREADS_2013,
    Layer,
    SpreadSet,
    convective_mps,
    profile_mps,
    sideways_mps,
)

LEAST_SIDEWAYS_MPS = 0.2  # wind to the side in the stillest air (US EPA 2004, AERMOD: description of model formulation)
LEAST_USTAR_MPS = 0.02  # so that still air mixes at all; our choice
CALM_MPS = 0.5  # below, a wind vane does not settle (WMO-No. 8): meander carries nearly everything
DISPLACED = 5.0  # roughness lengths by which the profile is lifted, as in RLINE 1.2


@dataclass(frozen=True, slots=True)
class Weather:
    """Weather while it does not change.

    Attributes
    ----------
    wind_from_deg
        Direction that the wind comes from, degrees clockwise from north.
    wind_speed_mps
        Mean wind at ``reference_height_m``; 0 is calm, and then everything is carried to all sides alike.
    reference_height_m
        Height above the ground at which the wind was measured.
    ustar_mps
        Friction velocity.
    obukhov_length_m
        Monin-Obukhov length: negative over heated ground, positive at night, inf where neither matters.
    mixing_height_m
        Height up to which air mixes.
    roughness_m
        Roughness length of the ground with all that stands on it.
    displacement_m
        Height by which that lifts the wind profile; 5 roughness lengths where it is None.
    sigma_v_mps
        Standard deviation of the wind to the side; by formula where it is None.
    temperature_k
        Of the air.
    urban
        Whether the city spreads the plumes of stacks as well.
    """

    wind_from_deg: float
    wind_speed_mps: float
    ustar_mps: float
    reference_height_m: float = 10.0
    obukhov_length_m: float = math.inf
    mixing_height_m: float = 1000.0
    roughness_m: float = 0.5
    displacement_m: float | None = None
    sigma_v_mps: float | None = None
    temperature_k: float = 288.15
    urban: bool = True

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ValueError("weather: " + "; ".join(problems))

    def _problems(self) -> list[str]:
        """All that no weather can have, in words."""
        values = {
            "wind_from_deg": (self.wind_from_deg, 0.0, 360.0),
            "wind_speed_mps": (self.wind_speed_mps, 0.0, 75.0),
            "ustar_mps": (self.ustar_mps, 0.0, 5.0),
            "reference_height_m": (self.reference_height_m, 0.1, 500.0),
            "mixing_height_m": (self.mixing_height_m, 10.0, 6000.0),
            "roughness_m": (self.roughness_m, 1e-5, 5.0),
            "displacement_m": (self.lifted_m, 0.0, 100.0),
            "sigma_v_mps": (self.sigma_v_mps or 0.0, 0.0, 10.0),
            "temperature_k": (self.temperature_k, 200.0, 335.0),
        }
        found = [
            f"{name} = {value:g} is not within {low:g} and {high:g}"
            for name, (value, low, high) in values.items()
            if not low <= value <= high
        ]
        if math.isnan(self.obukhov_length_m) or abs(self.obukhov_length_m) < 0.1:
            found.append(f"obukhov_length_m = {self.obukhov_length_m:g} is not at least 0.1 or at most -0.1")
        if self.reference_height_m <= self.lifted_m + self.roughness_m:
            found.append(
                f"reference_height_m = {self.reference_height_m:g} lies between the buildings, "
                f"whose wind profile begins at {self.lifted_m + self.roughness_m:g}"
            )
        return found

    @property
    def lifted_m(self) -> float:
        """Height by which buildings lift the wind profile."""
        return DISPLACED * self.roughness_m if self.displacement_m is None else self.displacement_m

    @property
    def ahead(self) -> tuple[float, float]:
        """Direction that the wind blows to, as east and north components of length 1."""
        toward = math.radians(self.wind_from_deg)
        return -math.sin(toward), -math.cos(toward)

    def said(self) -> tuple[str, ...]:
        """What was assumed beyond what was given, in words."""
        words = []
        if self.wind_speed_mps < CALM_MPS:
            words.append(
                f"wind {self.wind_speed_mps:g} m/s is calm: meander carries what is released to all sides, "
                f"its direction counts for little"
            )
        if self.ustar_mps < LEAST_USTAR_MPS:
            words.append(f"ustar_mps {self.ustar_mps:g} was taken as {LEAST_USTAR_MPS:g}, the least there is")
        return tuple(words)

    def layer(self, spreads: SpreadSet = SPREADS_2013) -> Layer:
        """The layer near the ground, as kernels want it."""
        ustar_mps = max(self.ustar_mps, LEAST_USTAR_MPS)
        sigma_v_mps = self.sigma_v_mps
        if sigma_v_mps is None:
            rising_mps = convective_mps(ustar_mps, self.obukhov_length_m, self.mixing_height_m)
            sigma_v_mps = sideways_mps(ustar_mps, rising_mps)
        layer = Layer(
            ustar_mps,
            self.obukhov_length_m if self.obukhov_length_m > -math.inf else math.inf,
            self.roughness_m,
            self.lifted_m,
            self.mixing_height_m,
            max(sigma_v_mps, LEAST_SIDEWAYS_MPS),
            1.0,
            spreads,
        )
        return layer._replace(wind_factor=self.wind_speed_mps / profile_mps(layer, self.reference_height_m))
