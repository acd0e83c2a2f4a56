"""Say who of a household is elsewhere, and when it leaves and who is not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..scenarios.chance import draws
from .evacuation_warning import member_keys

if TYPE_CHECKING:
    from ..scenarios.evacuation import Gathering
    from ..scenarios.evacuation_people import EvacuationPeople

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


def elsewhere(gathering: Gathering, people: EvacuationPeople, seed: int) -> Bools:
    """Who is not at home when the run begins, ``[person]``; who cannot walk is, as all people of groups are."""
    home = people.household
    number = np.arange(home.size) - people.households.first_person[home]
    keys = member_keys(people.households.key[home], number.astype(np.int32))
    of_zones = (people.households.stock[home] < len(people.zones)) & ~people.fetching.fetched
    return np.asarray(of_zones & (draws(seed, keys, "elsewhere") < gathering.away))


def leave_at(ready_s: Floats, away: Bools, household: Longs, waits_s: float | None) -> tuple[Floats, Bools]:
    """When people leave who wait for those of their household that are on the way home, s, and who leaves alone.

    Parameters
    ----------
    ready_s : [person]
        When somebody is ready or, from elsewhere, home.
    away : [person]
        Whether somebody comes from elsewhere.
    household : [person]
        Numbers of households from 0 on.
    waits_s
        After those at home are ready (or the first is there, where nobody was) the others are waited for so long;
        None: until all are there.
    """
    count = int(household.max(initial=-1)) + 1
    latest_s, here_s, first_s = np.full(count, -np.inf), np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(latest_s, household, ready_s)
    np.maximum.at(here_s, household[~away], ready_s[~away])
    np.minimum.at(first_s, household, ready_s)
    begun_s = np.where(np.isfinite(here_s), here_s, first_s)
    together_s = np.minimum(latest_s, begun_s + (np.inf if waits_s is None else waits_s))[household]
    return np.maximum(ready_s, together_s), ready_s > together_s
