"""Fit demand as if everybody passed the same sensors whatever the traffic: assignment proportions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import lsq_linear

from ...scenarios.network import Floats
from .losses import Loss
from .parameters import Parameters
from .room import STRICT, Room

MOST_ACTIVE = 500  # parameters for which bounds are tried one by one, which is exact
MOST_ROUNDS = 30  # until the links that are full are known
WEAK = 0.1  # of what a parameter changes, in the median: a direction that changes less is not seen


@dataclass(frozen=True, slots=True)
class Linear:
    """Readings as a linear function of the parameters, around a place where they were simulated."""

    at: Floats  # [parameter]
    readings: Floats  # [reading] there
    slopes: Floats  # [reading, parameter]

    def predict(self, values: Floats) -> Floats:
        """Readings elsewhere."""
        predicted: Floats = self.readings + self.slopes @ (values - self.at)
        return predicted


def bounded_fit(
    model: Linear,
    loss: Loss,
    parameters: Parameters,
    *,
    weight_decay: float = 0.0,
    damping: float = 0.0,
    near: Floats | None = None,
    room: Room | None = None,
    spread: float = 0.0,
) -> Floats:
    """Values within the bounds with the least loss of a linear model: bounded least squares.

    The loss is the parabola that touches it at ``model.at``, plus ``weight_decay / 2`` times the squared distance from
    the prior and ``damping / 2`` times that from ``model.at``, both in scales. Where the sensors leave a choice and
    both are 0, what is taken is that nearest to ``near``, or else to ``model.at``. With ``room``, links that would be
    asked for more than they carry are pulled back to it, until no other is. ``spread`` is what the mean square of the
    links' utilisation weighs, of the loss of nobody: where sensors leave a choice, little is driven, and nowhere much.
    """
    bend = np.sqrt(loss.bend(model.readings))
    scale = parameters.scale
    # Gauss-Newton on the touching parabola: its minimum along each reading is at -slope / bend, not at -error.
    aim = -loss.slope(model.readings) / np.maximum(bend, 1e-300)
    rows = [bend[:, np.newaxis] * model.slopes * scale]
    sides = [aim + rows[0] @ (model.at / scale)]
    rest = model.at if near is None else near
    for weight, centre in ((weight_decay, parameters.prior), (max(damping, 1e-12), rest)):
        if weight > 0.0:
            rows.append(np.sqrt(weight) * np.eye(len(parameters)))
            sides.append(np.sqrt(weight) * centre / scale)
    if room is not None and spread > 0.0:
        of_nobody = float(sides[0] @ sides[0])
        used = room.load / np.maximum(room.most, 1.0)[:, np.newaxis] * scale
        rows.append(np.sqrt(spread * of_nobody / len(used)) * used)
        sides.append(np.zeros(len(used)))
    best = _within(rows, sides, parameters)
    if room is None:
        return best
    full = room.full(best, np.zeros(len(room.most), bool))
    for _ in range(MOST_ROUNDS):
        weight = STRICT * float(bend.max(initial=0.0))
        held = weight * room.load[full] * scale
        best = _within([*rows, held], [*sides, weight * room.most[full]], parameters)
        before, full = full, room.full(best, full)
        if (full == before).all():
            break
    return best


def _within(rows: list[Floats], sides: list[Floats], parameters: Parameters) -> Floats:
    """Least squares within the bounds, rows in scales."""
    scale = parameters.scale
    low, high = parameters.low / scale, np.maximum(parameters.high, parameters.low + 1e-9) / scale
    matrix, side = np.concatenate(rows), np.concatenate(sides)
    best = np.asarray(np.linalg.lstsq(matrix, side, rcond=None)[0], np.float64)
    if (best < low).any() or (best > high).any():
        method: Literal["bvls", "trf"] = "bvls" if len(parameters) <= MOST_ACTIVE else "trf"
        best = np.asarray(lsq_linear(matrix, side, (low, high), method=method, max_iter=2000).x, np.float64)
    return parameters.inside(best * scale)


@dataclass(frozen=True, slots=True)
class Seen:
    """What sensors can tell about parameters: singular values and directions of slopes in scaled units."""

    strength: Floats  # [direction], largest first
    directions: Floats  # [direction, parameter], unit length in scales
    rank: int

    @property
    def known_share(self) -> Floats:
        """How much of a change of each parameter alone the sensors see, 0 to 1, ``[parameter]``.

        1: it is known by itself. In between: only together with others. 0: nothing is known of it.
        """
        share: Floats = (self.directions[: self.rank] ** 2).sum(axis=0)
        return share

    def known_combinations(self) -> Floats:
        """Directions that are known, in scales, ``[rank, parameter]``."""
        return self.directions[: self.rank]


def seen_by(slopes: Floats, loss: Loss, parameters: Parameters) -> Seen:
    """Rank and directions by the singular value decomposition of the slopes of all readings that are fitted.

    What changes readings by less than a tenth of what one parameter does in the median, of the kind that changes them
    least, is not seen: two pairs that pass the same sensors, one a little earlier, are not told apart.
    """
    fitted = loss.observed.weight > 0.0
    scaled = slopes[fitted] * parameters.scale / loss.unit[fitted, np.newaxis]
    _, strength, directions = np.linalg.svd(scaled, full_matrices=True)
    rank = int((strength > max(WEAK * _least_change(scaled, parameters), 1e-300)).sum())
    return Seen(strength, directions, rank)


def _least_change(scaled: Floats, parameters: Parameters) -> float:
    """How much parameters that change anything change the readings, in the median of the kind that does least."""
    change = np.linalg.norm(scaled, axis=0)
    kinds = np.array([parameter.kind for parameter in parameters])
    medians = [float(np.median(change[(kinds == kind) & (change > 0.0)])) for kind in np.unique(kinds[change > 0.0])]
    return min(medians, default=0.0)
