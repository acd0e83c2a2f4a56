"""Say before anything is fitted what these sensors can tell, what nobody could fit, what another day would score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...scenarios.network import Floats
from ...scenarios.observed import KINDS
from .combinations import SURE, Combinations, combinations
from .gauges import COUNTED
from .losses import Loss
from .parameters import Parameters
from .proportions import Linear, Seen, bounded_fit, seen_by
from .runs import Simulated
from .slopes import frozen_slopes

UNREACHED = 0.05  # of what was observed: further off at the floor, a count cannot be reached


@dataclass(frozen=True, slots=True)
class Before:
    """One page before fitting."""

    seen: Seen
    linear: Linear  # of the first run
    floor: Floats  # [reading]: best counts within the bounds if nothing ever queued
    floor_nrmse: float  # of what counts vehicles; nan where no demand is fitted
    unpassed: tuple[int, ...]  # readings that nobody passes whatever the demand
    unreached: tuple[int, ...]  # readings further off at the floor than UNREACHED
    as_it_is_nrmse: float  # of the scenario as it stands
    persistence_nrmse: float  # mean over other days of that day's own counts for this one; nan without other days
    entered: float  # share of the first run's trips that found room
    unknown: tuple[str, ...]  # demands of which these sensors see nothing
    together: tuple[str, ...]  # demands that are known only in combination with others
    combinations: Combinations  # of those


def look_before(
    loss: Loss, parameters: Parameters, first: Simulated, as_it_is: Floats, other_days: Floats | None = None
) -> Before:
    """Everything from one run.

    Parameters
    ----------
    first
        A run in free streets, or as free as there is one.
    as_it_is : [reading]
        Counts of the scenario as it stands.
    other_days : [day, reading], optional
        What the same sensors counted on other days, nan where nothing is known.
    """
    observed = loss.observed
    slopes = frozen_slopes(first, parameters)
    rows = parameters.of_kind("demand")
    at = parameters.start.copy()
    at[rows] = [first.departed[0, parameters.groups(row)].sum() for row in rows]
    linear = Linear(at, first.counts[0], slopes)
    best = bounded_fit(linear, loss, parameters)
    floor = linear.predict(best)
    fitted = observed.weight > 0.0
    counted = np.isin(observed.kind, [KINDS.index(name) for name in COUNTED]) & bool(rows)
    unpassed = fitted & counted & ~(slopes > 0.0).any(axis=1) & (observed.value > 0.0)
    away = np.abs(floor - observed.value) > UNREACHED * np.maximum(observed.value, 1.0)
    days = [] if other_days is None else [loss.nrmse(day, fitted) for day in other_days]
    persistence = [score for score in days if np.isfinite(score)]
    seen = seen_by(slopes, loss, parameters)
    known = seen.known_share
    names, demand = np.array(parameters.name), np.isin(np.arange(len(parameters)), rows)
    return Before(
        seen,
        linear,
        floor,
        loss.nrmse(floor, fitted & counted),
        tuple(np.flatnonzero(unpassed).tolist()),
        tuple(np.flatnonzero(fitted & counted & away & ~unpassed).tolist()),
        loss.nrmse(as_it_is, fitted),
        float(np.mean(persistence)) if persistence else float("nan"),
        float(first.entered[0]),
        tuple(names[demand & (known < SURE)].tolist()),
        tuple(names[demand & (known >= SURE) & (known < 1.0 - SURE)].tolist()),
        combinations(seen, parameters),
    )
