"""Name what is calibrated: each parameter with its prior, bounds, unit and the size of a change that matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...scenarios.network import Floats

Kind = Literal["demand", "departures", "number"]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number that is not known."""

    name: str
    kind: Kind
    unit: str
    prior: float  # believed before anything was observed; what weight decay pulls towards
    low: float
    high: float
    scale: float  # a change that matters: parameters of different units become comparable by it
    start: float  # where a search begins
    target: int | tuple[int, ...] = (
        0  # demand: its groups of trips; departures: the slice; number: which of those asked
    )

    def __post_init__(self) -> None:
        if not (self.low <= self.start <= self.high and self.low <= self.prior <= self.high):
            msg = f"{self.name}: prior {self.prior:g} and start {self.start:g} must lie in {self.low:g} … {self.high:g}"
            raise ValueError(msg)
        if self.scale <= 0.0:
            msg = f"{self.name}: the scale must be above 0"
            raise ValueError(msg)


class Parameters:
    """All of them, and their columns as arrays, ``[parameter]``."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        self._all = tuple(parameters)
        self.name = tuple(parameter.name for parameter in parameters)
        for column in ("prior", "low", "high", "scale", "start"):
            values = np.array([getattr(parameter, column) for parameter in parameters], np.float64)
            values.setflags(write=False)
            setattr(self, column, values)

    prior: Floats
    low: Floats
    high: Floats
    scale: Floats
    start: Floats

    def __len__(self) -> int:
        return len(self._all)

    def __getitem__(self, row: int) -> Parameter:
        return self._all[row]

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._all)

    def inside(self, values: Floats) -> Floats:
        """The values within their bounds that are nearest to these."""
        return np.clip(values, self.low, self.high)

    def groups(self, row: int) -> list[int]:
        """Groups of trips that the demand in a row is about."""
        target = self._all[row].target
        return list(target) if isinstance(target, tuple) else [target]

    def of_kind(self, kind: Kind) -> list[int]:
        """Rows of the parameters of one kind."""
        return [row for row, parameter in enumerate(self._all) if parameter.kind == kind]


def demand_parameters(
    groups: Sequence[str], *, low: float, high: float, prior: Floats | float, start: Floats | float, scale: float
) -> Parameters:
    """One parameter for the number of vehicles of each group of trips: a pair, a zone, a slice of time."""
    priors, starts = (np.broadcast_to(np.asarray(value, np.float64), len(groups)) for value in (prior, start))
    return Parameters(
        [
            Parameter(name, "demand", "veh", float(priors[row]), low, high, scale, float(starts[row]), row)
            for row, name in enumerate(groups)
        ]
    )
