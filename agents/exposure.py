"""Count what hazards do to everybody: how long inside, the worst, the dose, and who is incapacitated where and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import hazards as effect
from ..scenarios.hazards import Fire, Flood, Smoke
from .remembering import Remembers

if TYPE_CHECKING:
    from .hazard_field import HazardField

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]

NOBODY = -1  # of hazards: none


class Exposure(Remembers):
    """What hazards did to people so far, ``[hazard, person]`` and ``[person]``; one row a trip or walk.

    Parameters
    ----------
    hazards, people
        How many there are.
    """

    KEEPS = (
        "inside_s",
        "first_s",
        "last_s",
        "worst",
        "rating",
        "dose",
        "lost_s",
        "lost_to",
        "lost_place",
        "stranded_s",
        "stranded_by",
        "inside",
    )

    def __init__(self, hazards: int, people: int) -> None:
        self.inside_s = np.zeros((hazards, people))
        self.first_s = np.full((hazards, people), np.nan)
        self.last_s = np.full((hazards, people), np.nan)
        self.worst = np.zeros((hazards, people))  # depth, extinction, or 1
        self.rating = np.zeros(people)  # worst of water
        self.dose = np.zeros(people)
        self.lost_s = np.full(people, np.nan)  # when somebody was incapacitated
        self.lost_to = np.full(people, NOBODY)  # hazard
        self.lost_place = np.full(people, NOBODY)  # piece of a street or cell
        self.stranded_s = np.full(people, np.nan)  # since when somebody cannot go on
        self.stranded_by = np.full(people, NOBODY)
        self.inside = np.zeros(hazards, np.int64)  # people, when somebody looked last

    def feel(
        self, number: int, field: HazardField, values: Floats, people: Longs, place: Longs, t_s: float, span_s: float
    ) -> Longs:
        """Let people feel a hazard for a time, and return those whom it incapacitates.

        Parameters
        ----------
        number, field
            The hazard.
        values
            What it is at all places, ``[column, place]``.
        people, place
            Who is out and where, ``[n]``; those who are incapacitated feel no more.
        t_s, span_s
            Now, and how long they are there by now.
        """
        reached = values[0, place] > 0.0
        people, place = people[reached], place[reached]
        self.inside[number] = people.size
        well = np.isnan(self.lost_s[people])
        people, place = people[well], place[well]
        if not people.size:
            return people
        self.inside_s[number, people] += span_s
        first = self.first_s[number]
        first[people] = np.where(np.isnan(first[people]), t_s - span_s, first[people])
        self.last_s[number, people] = t_s
        self.worst[number, people] = np.maximum(self.worst[number, people], values[0, place])
        lost = self._incapacitated(field, values, people, place, span_s)
        self.lost_s[people[lost]], self.lost_to[people[lost]] = t_s, number
        self.lost_place[people[lost]] = place[lost]
        return np.asarray(people[lost])

    def _incapacitated(
        self, field: HazardField, values: Floats, people: Longs, place: Longs, span_s: float
    ) -> NDArray[np.bool_]:
        hazard = field.hazard
        if isinstance(hazard, Flood):
            depth_m, velocity_mps = values[effect.DEPTH_M, place], values[effect.VELOCITY_MPS, place]
            rating = np.array([effect.hazard_rating(*pair) for pair in zip(depth_m, velocity_mps, strict=True)])
            self.rating[people] = np.maximum(self.rating[people], rating)
            swept = depth_m * velocity_mps > hazard.incapacitates_at_m2ps
            return np.asarray(swept | (depth_m > hazard.incapacitates_at_m))
        if isinstance(hazard, Smoke):
            dose = self.dose[people]
            effect.breathe(values, place, span_s, dose)
            self.dose[people] = dose
            return np.asarray(dose >= hazard.incapacitates_at_dose)
        return np.full(people.size, isinstance(hazard, Fire))

    def strand(self, people: Longs, by: Longs, t_s: float) -> None:
        """Take note of who cannot go on now, and which hazard keeps each of them; all others can."""
        since_s = np.full(self.stranded_s.size, np.nan)
        since_s[people] = np.where(np.isnan(self.stranded_s[people]), t_s, self.stranded_s[people])
        self.stranded_s = since_s
        self.stranded_by[:] = NOBODY
        self.stranded_by[people] = by
