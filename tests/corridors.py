"""Draw corridors, stairs and doors as walk networks, and send people through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citytwin.agents.walk_routes import WalkRouter
from citytwin.agents.walkers import Walkers, build_walkers
from citytwin.kernels import walking_tables as table
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_draft import Draft, Piece, to_network
from citytwin.scenarios.walk_network import WalkKind, WalkNetwork
from citytwin.scenarios.walk_presets import PRESETS, WalkPreset

ROADS: RoadNetwork = build_network(grid_city(2, 2))  # nobody crosses them: a walk network belongs to some


@dataclass(frozen=True)
class Passage:
    """A straight link between two places, "a" and "b" or what they are called."""

    start: str
    end: str
    length_m: float
    width_m: float
    kind: WalkKind = WalkKind.FOOTWAY

    @property
    def id(self) -> str:
        return f"{self.start}-{self.end}"


def building(*passages: Passage) -> WalkNetwork:
    """A walk network of passages; where it lies does not matter."""
    draft = Draft()
    for number, passage in enumerate(passages):
        for node in (passage.start, passage.end):
            draft.places.setdefault(node, (0.0, 0.0))
        line = [(0.0, float(number)), (passage.length_m, float(number))]
        draft.pieces.append(
            Piece(passage.id, line, passage.start, passage.end, passage.kind, passage.width_m, width_assumed=False)
        )
    return to_network(draft, ROADS, attribution="")


def people(
    network: WalkNetwork,
    groups: Sequence[tuple[str, str, NDArray[np.float64]]],
    *,
    origin_m: float | NDArray[np.float64] = 0.0,
    to_end: bool = True,
) -> TripTable:
    """Walks of groups: from the beginning of one link to the end of another, departing at times."""
    tables = []
    for number, (start, end, depart_s) in enumerate(groups):
        count = len(depart_s)
        first, last = network.link_row[start], network.link_row[end]
        tables.append(
            TripTable.sorted(
                [f"group {number}/{k:06d}" for k in range(count)],
                np.asarray(depart_s, np.float64),
                np.full(count, first, np.int32),
                np.full(count, last, np.int32),
                origin_m=np.broadcast_to(np.asarray(origin_m, np.float64), count),
                destination_m=np.full(count, network.links.length_m[last] if to_end else 0.0),
            )
        )
    return TripTable.joined(tables)


def walking(
    network: WalkNetwork,
    trips: TripTable,
    preset: WalkPreset = PRESETS["lab_calibrated"],
    *,
    seed: int = 0,
    members: int = 1,
) -> Walkers:
    """People on their way, nobody out yet."""
    walkers = build_walkers(network, ROADS, trips, preset, seed=seed, members=members)
    router = WalkRouter(walkers, preset.speed_mps)
    for member in range(members):
        router.plan(member, np.arange(len(trips.id)))
    return walkers


def arrivals(walkers: Walkers, most_s: int = 20_000) -> NDArray[np.float64]:
    """Let time pass until all are there; when each arrived, s."""
    for step in range(0, most_s, 10):
        walkers.advance(step, step + 10)
        if (walkers.people.status[0] == table.ARRIVED).all():
            break
    return walkers.people.arrived_s[0]


def counts(walkers: Walkers, member: int = 0) -> dict[int, int]:
    """How many people are doing what."""
    numbers = np.bincount(walkers.people.status[member], minlength=table.NO_ROUTE + 1)
    return dict(enumerate(numbers.tolist()))
