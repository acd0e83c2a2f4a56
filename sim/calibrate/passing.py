"""Tell which groups of trips passed which readings so far, by the routes that they are on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...kernels import traffic_tables as table
from ...scenarios.network import Floats, Ints
from ...scenarios.observed import NO_LINK
from .gauges import COUNTED, Gauges

Longs = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class OnTheWay:
    """How far the vehicles of one run have come, ``[vehicle]``."""

    start: Longs  # [route + 1] into link
    link: Ints
    route: Ints  # of each vehicle
    done: Longs  # links of its route that it has left
    group: Ints


def links_done(status: NDArray[np.integer], lane: Ints, route_at: Ints, road_lanes: int) -> Longs:
    """Links of its route that every vehicle has left: all before the one it is on, and that when it is beyond it."""
    driving = status == table.DRIVING
    arrived = status == table.ARRIVED
    done = route_at + (arrived | (driving & (lane >= road_lanes)))
    return np.where(arrived | driving, done, 0).astype(np.int64)


def passed_by_group(on: OnTheWay, gauges: Gauges, parts: Longs, groups: int) -> Floats:
    """Vehicles of each group that passed the streets of some parts of readings so far, ``[part, group]``.

    Only what counts vehicles is passed; of other readings it is 0.
    """
    found = np.zeros((parts.size, groups))
    counted = gauges.of_kinds(COUNTED)[gauges.reading]
    for at, part in enumerate(parts.tolist()):
        if not counted[part]:
            continue
        hits = np.flatnonzero(on.link == gauges.link[part])
        of_route = np.searchsorted(on.start, hits, side="right") - 1
        to_link = int(gauges.to_link[part])
        if to_link != NO_LINK:
            turns = (hits + 1 < on.start[of_route + 1]) & (on.link[np.minimum(hits + 1, on.link.size - 1)] == to_link)
            hits, of_route = hits[turns], of_route[turns]
        while hits.size:  # once, but for routes that come by again
            here, which = np.unique(of_route, return_index=True)
            place = np.full(on.start.size - 1, on.link.size, np.int64)
            place[here] = hits[which] - on.start[here]
            by = np.flatnonzero(on.done > place[on.route])
            found[at] += np.bincount(on.group[by], minlength=groups)
            rest = np.ones(hits.size, np.bool_)
            rest[which] = False
            hits, of_route = hits[rest], of_route[rest]
    return found
