"""Make random trips for a city without counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .attraction import building_weights, population_weights
from .chance import draws, keys_of
from .network import Floats, RoadNetwork
from .places import Places
from .problems import Problem
from .trips import TripTable

if TYPE_CHECKING:
    from pathlib import Path

    from .demand_kinds import Development, RandomTrips

ATTEMPTS = 8  # draws of a destination before all that are far enough are listed
TOO_FAR = "no two streets of this map lie so far apart"
NO_PLACES = "no two streets of this network are joined by a way there: nobody can travel."


def random_trips(
    demand: RandomTrips,
    name: str,
    network: RoadNetwork,
    places: Places,
    *,
    seed: int,
    duration_s: float,
    city_file: Path | None,
) -> tuple[TripTable | None, list[Problem], str]:
    """Trips with random ends and departures.

    Departures are a Poisson process given its total: independent and evenly spread over the window. Every trip draws
    by its own id (``name/number``), so that more trips per hour change no other.

    Returns
    -------
    trips
        None where something is wrong.
    problems
        Of the files the weights come from.
    trouble
        What is wrong with the demand itself, "" if nothing.
    """
    begin, end, problems, trouble = end_weights(demand, network, places, city_file)
    if problems or trouble:
        return None, problems, trouble
    last_s = min(duration_s, duration_s if demand.end_s is None else demand.end_s)
    count = round(demand.per_hour * max(0.0, last_s - demand.start_s) / 3600.0)
    begin = np.where(_farthest_m(places, end) >= demand.min_distance_m, begin, 0.0)
    if begin.sum() == 0:
        return None, [], f"{TOO_FAR} (the map is {_across_m(places):,.0f} m across). Lower it."
    ids = [f"{name}/{number}" for number in range(count)]
    keys = keys_of(ids)
    depart_s = demand.start_s + draws(seed, keys, "departure") * (last_s - demand.start_s)
    origin = pick(begin, draws(seed, keys, "origin"))
    destination, trouble = far_enough(demand, network, places, origin, end, keys, seed=seed)
    if trouble:
        return None, [], trouble
    table = TripTable.sorted(
        ids,
        depart_s,
        origin.astype(np.int32),
        destination.astype(np.int32),
        origin_m=places.begin_m(origin),
        destination_m=places.end_m(destination, network),
    )
    return table, [], ""


def end_weights(
    demand: RandomTrips | Development, network: RoadNetwork, places: Places, city_file: Path | None
) -> tuple[Floats, Floats, list[Problem], str]:
    """How likely each link is as an origin and as a destination."""
    length_m = network.links.length_m
    begin = np.where(places.may_begin & (places.addressed | places.entry_gate), length_m, 0.0)
    end = np.where(places.may_end & (places.addressed | places.exit_gate), length_m, 0.0)
    problems: list[Problem] = []
    trouble = ""
    if demand.weights == "buildings":
        weight, trouble = building_weights(city_file, network, places)
        begin, end = np.where(places.may_begin, weight, 0.0), np.where(places.may_end, weight, 0.0)
    elif demand.weights == "population":
        assert demand.file is not None, "the scenario's rules ask for it"
        weight, problems = population_weights(demand.file, network, places)
        begin = np.where(places.may_begin, weight, 0.0)
    if not (problems or trouble) and (begin.sum() == 0 or end.sum() == 0):
        trouble = NO_PLACES
    return begin, end, problems, trouble


def pick(weight: Floats, draw: Floats) -> NDArray[np.int64]:
    """A row for every draw, as likely as its weight."""
    cumulated = np.cumsum(weight)
    rows = np.searchsorted(cumulated, draw * cumulated[-1], side="right")
    return np.asarray(np.minimum(rows, np.flatnonzero(weight)[-1]))


def far_enough(
    demand: RandomTrips | Development,
    network: RoadNetwork,
    places: Places,
    origin: NDArray[np.int64],
    weight: Floats,
    keys: NDArray[np.uint64],
    *,
    seed: int,
) -> tuple[NDArray[np.int64], str]:
    """Destinations that lie ``min_distance_m`` away, and on another street than the origin."""

    def fits(origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> NDArray[np.bool_]:
        away_m = np.hypot(
            places.x_m[origins] - places.x_m[destinations], places.y_m[origins] - places.y_m[destinations]
        )
        same_street = (origins == destinations) | (network.links.twin[origins] == destinations)
        return np.asarray((away_m >= demand.min_distance_m) & ~same_street)

    destination = np.full(origin.size, -1, np.int64)
    waiting = np.arange(origin.size)
    for attempt in range(ATTEMPTS):
        chosen = pick(weight, draws(seed, keys[waiting], f"destination {attempt}"))
        good = fits(origin[waiting], chosen)
        destination[waiting[good]] = chosen[good]
        waiting = waiting[~good]
    candidates = np.flatnonzero(weight)
    last_draw = draws(seed, keys[waiting], "destination")  # among all that fit: rare, and slower
    for trip, draw in zip(waiting.tolist(), last_draw.tolist(), strict=True):
        good = fits(np.full(candidates.size, origin[trip]), candidates)
        if not good.any():
            where = network.links.id[origin[trip]]
            return destination, f"{TOO_FAR} as {where} and another street that is no part of it. Lower it."
        destination[trip] = candidates[pick(np.where(good, weight[candidates], 0.0), np.array([draw]))[0]]
    return destination, ""


def _farthest_m(places: Places, weight: Floats) -> Floats:
    """Distance of each link from the farthest possible destination, ``[link]`` m."""
    import shapely

    possible = weight > 0
    hull = shapely.convex_hull(shapely.multipoints(np.column_stack((places.x_m[possible], places.y_m[possible]))))
    farthest_m = np.zeros(weight.size)
    for x_m, y_m in shapely.get_coordinates(hull):
        np.maximum(farthest_m, np.hypot(places.x_m - x_m, places.y_m - y_m), out=farthest_m)
    return farthest_m


def _across_m(places: Places) -> float:
    return float(np.hypot(np.ptp(places.x_m), np.ptp(places.y_m)))
