"""List the drives that ambulances may make to fetch people who cannot walk: from where each of them may begin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .chance import draws, keys_of
from .network import Bools, Floats, Ints
from .trips import VEHICLE_CLASSES, TripTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .evacuation import Ambulances
    from .evacuation_places import City


@dataclass(frozen=True, slots=True, eq=False)
class Fetching:
    """Who is fetched, and from where ambulances drive on."""

    fetched: Bools  # [person]
    number: Ints  # [person] of those who are fetched, -1
    pools: tuple[Ambulances, ...]
    pool: Ints  # [ambulance]
    drives: TripTable  # nobody has a departure yet
    from_station: Ints  # [ambulance] row of `drives`
    from_home: Ints  # [fetched]
    from_shelter: Ints  # [pool, drive]
    home_link: Ints  # [fetched] street where an ambulance stops
    home_m: Floats


def who_is_fetched(ids: Sequence[str], share: Floats, seed: int) -> Bools:
    """Who cannot walk, ``[person]``, where ``share`` is how many of their zone or group cannot."""
    if not share.any():
        return np.zeros(len(ids), np.bool_)
    return np.asarray(draws(seed, keys_of(list(ids)), "cannot walk") < share)


def fetching_of(
    ids: Sequence[str],
    fetched: Bools,
    x_m: Floats,
    y_m: Floats,
    pools: Sequence[Ambulances],
    shelter: tuple[Ints, Floats],
    city: City,
    *,
    by_units: bool = False,
) -> Fetching:
    """Drives of all ambulances.

    Parameters
    ----------
    ids, fetched, x_m, y_m : [person]
        Everybody, who cannot walk, and their homes.
    shelter : [pool]
        Link and place along it, m, where each pool's ambulances unload.
    by_units
        Whether units of responders fetch them, whose drives are listed elsewhere.
    """
    rows = np.flatnonzero(fetched) if pools or by_units else np.zeros(0, np.int64)
    number = np.full(fetched.size, -1, np.int32)
    number[rows] = np.arange(rows.size)
    home_link, home_m = _streets(city, x_m[rows], y_m[rows])
    pool = np.repeat(np.arange(len(pools)), [one.vehicles for one in pools]).astype(np.int32)
    station = [city.nearest_street(*one.at)[:2] for one in pools]
    names = [f"ambulance {pools[one].id}/{k:03d}/first" for k, one in enumerate(pool.tolist())]
    homes = rows if pools else rows[:0]
    names += [f"ambulance from {ids[row]}" for row in homes.tolist()]
    names += [f"ambulance {one.id} from {one.to}/{k:06d}" for one in pools for k in range(rows.size)]
    link = [
        *(station[one][0] for one in pool.tolist()),
        *home_link[: homes.size].tolist(),
        *np.repeat(shelter[0], rows.size).tolist(),
    ]
    at_m = [
        *(station[one][1] for one in pool.tolist()),
        *home_m[: homes.size].tolist(),
        *np.repeat(shelter[1], rows.size).tolist(),
    ]
    drives, row = trips_to_come(names, np.array(link, np.int32), np.array(at_m, np.float64), "emergency")
    first, last = pool.size, pool.size + homes.size
    from_shelter = row[last:].reshape(len(pools), rows.size)
    return Fetching(
        fetched, number, tuple(pools), pool, drives, row[:first], row[first:last], from_shelter, home_link, home_m
    )


def _streets(city: City, x_m: Floats, y_m: Floats) -> tuple[Ints, Floats]:
    """Where an ambulance stops before homes, and can drive on."""
    if not x_m.size:
        return np.zeros(0, np.int32), np.zeros(0)
    link, at_m, _ = city.nearest_roads(x_m, y_m, to_begin=False, both=True)
    return link, at_m


def trips_to_come(
    ids: Sequence[str], link: Ints, at_m: Floats, vehicle_class: str = "car"
) -> tuple[TripTable, NDArray[np.int32]]:
    """Trips from places that have no departure and no other end yet, and the row of each of ``ids``."""
    never = np.full(len(ids), np.inf)
    kinds = np.full(len(ids), VEHICLE_CLASSES.index(vehicle_class), np.int8)
    table = TripTable.sorted(ids, never, link, link, origin_m=at_m, destination_m=at_m, vehicle_class=kinds)
    row = np.empty(len(ids), np.int32)
    row[np.argsort(np.array(ids, dtype=str), kind="stable")] = np.arange(len(ids), dtype=np.int32)
    return table, row
