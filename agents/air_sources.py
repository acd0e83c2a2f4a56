"""Hold sources of pollution and places where it is breathed, as arrays that dispersion is worked out for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
FREEZING_K = 230.0  # nothing colder leaves a chimney


def _as_arrays(table: Any, positive: Sequence[str]) -> None:
    """Make every field of a table a float64 array of one length, and say all at once what none can be."""
    names = [field.name for field in fields(table)]
    arrays = np.broadcast_arrays(*(np.atleast_1d(np.asarray(getattr(table, name), float)) for name in names))
    problems = []
    for name, array in zip(names, arrays, strict=True):
        object.__setattr__(table, name, np.ascontiguousarray(array))
        wrong = np.flatnonzero(~np.isfinite(array) | ((array < 0.0) if name in positive else False))
        if wrong.size:
            least = "a number of at least 0" if name in positive else "a number"
            problems.append(f"{name}[{wrong[0]}] = {array[wrong[0]]:g} is not {least} ({wrong.size} like it)")
    if problems:
        raise ValueError(f"{type(table).__name__}: " + "; ".join(problems))


@dataclass(frozen=True, slots=True)
class LineSources:
    """Straight stretches of road, one row each; fields are ``[source]`` or one number for all.

    A road's initial spreads come from the turbulence behind vehicles: upwards about 1.3 m for cars and 2 m with many
    lorries (1.7 vehicle heights / 2.15; US EPA 2021, PM hot-spot guidance, appendix J), to the side a quarter of the
    width.
    """

    x1_m: ArrayLike
    y1_m: ArrayLike
    x2_m: ArrayLike
    y2_m: ArrayLike
    height_m: ArrayLike = 0.5
    initial_vertical_m: ArrayLike = 1.3
    initial_lateral_m: ArrayLike = 1.5

    def __post_init__(self) -> None:
        _as_arrays(self, ("height_m", "initial_vertical_m", "initial_lateral_m"))

    def __len__(self) -> int:
        return int(np.size(self.x1_m))


@dataclass(frozen=True, slots=True)
class PointSources:
    """Points near the ground, such as vehicles; fields are ``[source]`` or one number for all."""

    x_m: ArrayLike
    y_m: ArrayLike
    height_m: ArrayLike = 0.5
    initial_vertical_m: ArrayLike = 1.3
    initial_lateral_m: ArrayLike = 1.5

    def __post_init__(self) -> None:
        _as_arrays(self, ("height_m", "initial_vertical_m", "initial_lateral_m"))

    def __len__(self) -> int:
        return int(np.size(self.x_m))


@dataclass(frozen=True, slots=True)
class AreaSources:
    """Rectangles that release from all over, such as blocks of heated houses or works; ``[source]`` or one for all.

    ``length_m`` runs along ``angle_deg``, counted from east to north; ``x_m, y_m`` is the middle.
    """

    x_m: ArrayLike
    y_m: ArrayLike
    length_m: ArrayLike
    width_m: ArrayLike
    angle_deg: ArrayLike = 0.0
    height_m: ArrayLike = 10.0
    initial_vertical_m: ArrayLike = 4.0

    def __post_init__(self) -> None:
        _as_arrays(self, ("length_m", "width_m", "height_m", "initial_vertical_m"))

    def __len__(self) -> int:
        return int(np.size(self.x_m))


@dataclass(frozen=True, slots=True)
class StackSources:
    """Chimneys; fields are ``[source]`` or one number for all. A building of height 0 is none."""

    x_m: ArrayLike
    y_m: ArrayLike
    height_m: ArrayLike
    diameter_m: ArrayLike
    exit_speed_mps: ArrayLike
    exit_temperature_k: ArrayLike
    building_height_m: ArrayLike = 0.0  # whose wake may pull the plume down
    building_width_m: ArrayLike = 0.0

    def __post_init__(self) -> None:
        names = ("height_m", "diameter_m", "exit_speed_mps", "exit_temperature_k")
        _as_arrays(self, (*names, "building_height_m", "building_width_m"))
        cold = np.flatnonzero(np.asarray(self.exit_temperature_k) < FREEZING_K)
        if cold.size:
            msg = (
                f"StackSources: exit_temperature_k[{cold[0]}] = {np.asarray(self.exit_temperature_k)[cold[0]]:g} is "
                f"below {FREEZING_K:g}: degrees Celsius? Add 273.15 ({cold.size} like it)"
            )
            raise ValueError(msg)

    def __len__(self) -> int:
        return int(np.size(self.x_m))


@dataclass(frozen=True, slots=True)
class Receptors:
    """Places where air is breathed or measured; fields are ``[receptor]`` or one number for all."""

    x_m: ArrayLike
    y_m: ArrayLike
    z_m: ArrayLike = 1.5  # above the ground

    def __post_init__(self) -> None:
        _as_arrays(self, ("z_m",))

    def __len__(self) -> int:
        return int(np.size(self.x_m))
