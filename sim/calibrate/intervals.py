"""Say between which values parameters may lie, from resampled readings and other luck of the simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...kernels.losses import LEAST_RATE
from ...scenarios.chance import stream
from ...scenarios.network import Floats
from .losses import DEVIANCE, POISSON, Loss
from .parameters import Parameters
from .proportions import Linear, bounded_fit, seen_by
from .runs import Simulated
from .slopes import frozen_slopes

RESAMPLED = 100
INTERVAL = 0.90
UNSEEN = 1e-3  # of a change: less is what replicas differ by for no reason
LEAST_FOR_CORRELATION, MOST_ALIKE = 10, 0.95  # readings, and a correlation beyond which no table tells more
BY_CHANCE = 0.05  # a sum of squares that chance exceeds less often is not chance


def averaged(linear: Linear, runs: Simulated, parameters: Parameters) -> Linear:
    """The model with the proportions of several runs of the solution instead of its slopes by demand.

    Slopes that were measured over small steps hold the luck of both runs, and luck looks like information: intervals
    through them are too narrow. Proportions of free streets hold hardly any. In queues they are wrong; use it without.
    """
    slopes = [frozen_slopes(runs.member(row), parameters, linear.slopes) for row in range(len(runs.counts))]
    return replace(linear, slopes=np.mean(slopes, axis=0))


def overdispersion(loss: Loss, fresh: Floats, rank: int) -> float:
    """How many times larger than that of chance the variance of the counts is, by what a fit of ``rank`` leaves; ≥ 1.

    Pearson's sum of squares over its degrees of freedom (McCullagh, Nelder 1989, Generalized Linear Models, 4.5), with
    the luck of the simulation beside Poisson's. 1 where chance could have done it.
    """
    from scipy.stats import chi2

    observed = loss.observed
    rows = (observed.weight > 0.0) & POISSON[observed.kind]
    free = int(rows.sum()) - rank
    if free < 1:
        return 1.0
    chance = np.maximum(observed.value, 1.0) + fresh.var(axis=0, ddof=1) * (1.0 + 1.0 / len(fresh))
    squares = float(((observed.value - fresh.mean(axis=0)) ** 2 / chance)[rows].sum())
    return max(squares / free, 1.0) if chi2.sf(squares, free) < BY_CHANCE else 1.0


def intervals(
    loss: Loss, parameters: Parameters, linear: Linear, fresh: Floats, *, spread: Floats | float = 0.0, seed: int = 0
) -> tuple[Floats, Floats]:
    """Ends of the 90 % interval of each parameter, from fits to resampled counts and to other luck of the simulation.

    Counts are drawn around those observed as Poisson's, readings of other kinds with the error that the fit leaves in
    their kind; and all of one sensor with a factor besides, whose standard error is ``spread``. Where the fit misses
    the counts by more than chance would, their errors grow by as much (``overdispersion``). The simulation's luck is
    drawn from the residuals between fresh seeds, twice its variance: the run that was fitted had some, and so had the
    day. Each is fitted with the slopes at the solution, beginning anywhere within the bounds: what the sensors leave
    open stays open. A parameter that none of them sees may have any value within them.
    """
    rng = stream(seed, "resampled counts")
    observed, number = loss.observed, len(fresh)
    luck = (fresh - fresh.mean(axis=0)) * np.sqrt(2.0 * number / max(number - 1, 1))
    tried = np.empty((RESAMPLED, len(parameters)))
    seen = seen_by(linear.slopes, loss, parameters)
    wider = np.sqrt(overdispersion(loss, fresh, seen.rank))
    counted, error = POISSON[observed.kind], error_of_kinds(loss, fresh.mean(axis=0), seen.rank)
    _, first, sensor = np.unique(np.array(observed.sensor_id, np.str_), return_index=True, return_inverse=True)
    of_sensor = first[sensor]
    for row in range(RESAMPLED):
        drawn = rng.poisson(np.maximum(observed.value, 0.0)) - observed.value
        factor = np.exp(spread * rng.normal(size=len(observed))[of_sensor])
        value = (observed.value + wider * drawn) * factor
        if not counted.all():
            other = (observed.value + error * rng.normal(size=len(observed))) * factor
            value = np.where(counted, value, other)
        shift = luck[rng.integers(len(luck))]
        resampled = replace(loss, observed=replace(observed, value=np.maximum(value, 0.0)))
        near = parameters.low + rng.random(len(parameters)) * (parameters.high - parameters.low)
        moved = Linear(linear.at, linear.readings + shift, linear.slopes)
        tried[row] = bounded_fit(moved, resampled, parameters, near=near)
    tail = (1.0 - INTERVAL) / 2.0
    low, high = np.quantile(tried, [tail, 1.0 - tail], axis=0, method="weibull")
    unseen = seen.known_share < UNSEEN
    return np.where(unseen, parameters.low, low), np.where(unseen, parameters.high, high)


def error_of_kinds(loss: Loss, simulated: Floats, rank: int) -> Floats:
    """Standard error that a fit of ``rank`` combinations leaves in each reading, by its kind, ``[reading]``.

    Where the loss takes errors to grow with the root of the reading, so they do here. Where neighbours in the table err
    alike (one sensor's readings in time, samplers along an arc) there are fewer errors than readings
    (``independent_share``).
    """
    observed = loss.observed
    error, fitted = np.zeros(len(observed)), observed.weight > 0.0
    free = np.sqrt(fitted.sum() / max(int(fitted.sum()) - rank, 1))  # what was fitted has taken so many errors away
    for kind in np.unique(observed.kind[fitted]).tolist():
        own = observed.kind == kind
        grows = np.ones(len(observed))
        if loss.name in ("poisson", "geh") and DEVIANCE[kind]:
            grows = np.sqrt(np.maximum(simulated, LEAST_RATE))
        relative = ((simulated - observed.value) / grows)[own & fitted]
        fewer = np.sqrt(independent_share(relative))
        error[own] = free * np.sqrt(np.mean(relative**2)) * grows[own] / fewer
    return error


def independent_share(errors: Floats) -> float:
    """Share of errors in a row that are worth as much as independent ones, by the correlation ρ of neighbours.

    (1 - ρ) / (1 + ρ), as in a process that forgets by ρ from one to the next (Bayley and Hammersley 1946); 1 where
    there are fewer than ten, or neighbours do not err alike.
    """
    if errors.size < LEAST_FOR_CORRELATION or not errors.any():
        return 1.0
    alike = float((errors[:-1] * errors[1:]).mean() / (errors**2).mean())
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return (1.0 - alike) / (1.0 + alike)
