"""Say how far a fit is to be trusted: sensors it has not seen, other days, other luck, what the data leave open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...scenarios.network import Floats
from ...scenarios.observed import KINDS
from .gauges import COUNTED
from .gauss_newton import JAMMED, Fitted
from .intervals import averaged, intervals
from .journal import Journal
from .losses import Loss
from .parameters import Parameters
from .proportions import seen_by

SERVED = 0.90  # of what free streets would let pass
AS_GOOD = 1.1  # times the loss
LESS = 0.9  # times the demand
LUCK = 0.1  # of the mean reading: further off than what was found, another seed came to something else


@dataclass(frozen=True, slots=True)
class Trust:
    """Scores of one result. NRMSE each, nan where there is nothing to compare with."""

    fitted: float
    left_out: float  # sensors that had no say
    left_out_before: float  # the same before fitting
    fresh_seeds: Floats  # [seed], all sensors that were fitted
    other_days: float  # mean over other days
    persistence: float  # of these counts by those of the other days
    entered: float
    warning: str  # of the congested branch, and of a result that hangs on luck, "" where there is none
    low: Floats  # [parameter], of the interval
    high: Floats
    rank: int  # combinations of the parameters that the sensors tell apart at the solution
    known: Floats  # [parameter]: how much of a change of it alone the sensors see


def examine_fit(
    journal: Journal,
    loss: Loss,
    parameters: Parameters,
    found: Fitted,
    *,
    before: Floats,
    seeds: list[int],
    other_days: Floats | None = None,
    spread: Floats | float = 0.0,
) -> Trust:
    """Hold a fit against everything that it was not fitted to.

    Parameters
    ----------
    before : [reading]
        Simulated counts before fitting.
    seeds
        Fresh ones, one run each, all in one launch.
    other_days : [day, reading], optional
        Counts of the same sensors on other days.
    spread : [reading], optional
        Relative standard error of the factor that all readings of a sensor are wrong by.
    """
    observed, counts = loss.observed, found.simulated.counts[0]
    fitted = observed.weight > 0.0
    runs = journal(np.tile(found.values, (len(seeds), 1)), seeds)
    fresh, branch = runs.counts, congested_branch(journal, loss, parameters, found)
    scores = np.array([loss.nrmse(row, fitted) for row in fresh])
    linear = found.linear if branch else averaged(found.linear, runs, parameters)
    days = [] if other_days is None else list(other_days)
    low, high = intervals(loss, parameters, linear, fresh, spread=spread)
    seen = seen_by(linear.slopes, loss, parameters)
    low, high = np.minimum(low, found.values), np.maximum(high, found.values)  # where there is a choice, it was one
    return Trust(
        loss.nrmse(counts, fitted),
        loss.nrmse(counts, ~fitted),
        loss.nrmse(before, ~fitted),
        scores,
        float(np.mean([loss.nrmse(counts, fitted, day) for day in days])) if days else float("nan"),
        float(np.mean([loss.nrmse(day, fitted) for day in days])) if days else float("nan"),
        float(found.simulated.entered[0]),
        " ".join(said for said in (branch, _by_luck(scores, loss.nrmse(counts, fitted))) if said),
        low,
        high,
        seen.rank,
        seen.known_share,
    )


def _by_luck(fresh: Floats, found: float) -> str:
    """Words of warning where fresh seeds come to something else: streets lock with the luck of some of them."""
    off = fresh > found + LUCK
    if not off.any():
        return ""
    return (
        f"It hangs on luck: with {off.sum()} of {off.size} fresh seeds NRMSE is up to {fresh.max():.2f} instead of "
        f"{found:.2f}. Streets are near breakdown."
    )


def congested_branch(journal: Journal, loss: Loss, parameters: Parameters, found: Fitted) -> str:
    """Words of warning where the fit hangs on the congested branch: more demand, but fewer get through.

    The same counts belong to two demands, one in free flow and one in a queue. A fit is suspected where trips find no
    room, or pass less than free streets would let pass, and a run with less demand did as well.
    """
    rows = parameters.of_kind("demand")
    if not rows:
        return ""
    entered = float(found.simulated.entered[0])
    flowing = [(float(values[rows].sum()), run) for values, _, run in journal.asked if float(run.entered[0]) >= JAMMED]
    first = min(flowing, key=lambda one: one[0])[1] if flowing else journal.asked[0][2]
    share = first.passed[0] / np.maximum(first.departed[0], 1.0)
    fitted = (loss.observed.weight > 0.0) & np.isin(loss.observed.kind, [KINDS.index(name) for name in COUNTED])
    free = float((share @ found.simulated.departed[0])[fitted].sum())
    served = float(found.simulated.counts[0][fitted].sum()) / max(free, 1e-9)
    if entered >= JAMMED and (served >= SERVED or not fitted.any()):
        return ""
    demand, best = float(found.values[rows].sum()), float(loss(found.simulated.counts)[0])
    told = (
        f"streets are full: {entered:.0%} of the trips found room and sensors counted {served:.0%} of what free "
        f"streets would let pass"
    )
    for values, _, run in journal.asked:
        less = float(values[rows].sum())
        if less < LESS * demand and float(loss(run.counts)[0]) <= AS_GOOD * best:
            return f"Congested branch: {told}; a demand of {less:,.0f} instead of {demand:,.0f} fits as well."
    return f"Congested branch: {told}. Start from less demand and compare."
