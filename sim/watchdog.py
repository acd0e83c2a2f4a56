"""Watch for locks while a run goes on: name the ring of queues that wait for each other, since when, and how it ended.

Nobody is moved out of a lock. It dissolves when a driver in it finds another way, or it stays. With
``remedies.leave_locks_after_s`` the first drivers of its queues then turn off into whatever street they can.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .duties import Duty
from .gridlock import Ring, find_waits, first_rings
from .remedies import leave_locks

if TYPE_CHECKING:
    from ..agents.fleet import Fleet
    from .run_folder import RunFolder
    from .simulation import Simulation

CHECK_EVERY_S = 10.0
SETTLED_S = 5.0  # who has stood for so long is no longer rolling up
CLOSED_S = 45.0  # by then a driver in the wrong lane has given up the turn; with CHECK_EVERY_S less than a minute


@dataclass(slots=True)
class Lock:
    """A ring of queues that held each other up."""

    links: tuple[str, ...]  # each waits for the next, the last for the first; the first stood first
    first_blocked_s: float  # the first of its queues has not moved since
    closed_s: float  # nor has any other of them: from here on nobody could go on
    found_s: float
    vehicles: int  # in its queues when it was found
    resolved_s: float = np.nan  # somebody in it had moved by then; NaN: it held to the end
    lanes: tuple[int, ...] = field(default=(), repr=False)
    heads: tuple[int, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, ring: Ring, t_s: float) -> Lock:
        """A ring found at ``t_s``."""
        first_s, last_s = t_s - max(ring.stood_s), t_s - ring.closed_for_s
        return cls(ring.links, first_s, last_s, t_s, ring.vehicles, lanes=ring.lanes, heads=ring.heads)

    @classmethod
    def read(cls, kept: Mapping[str, Any]) -> Lock:
        """A lock that was kept as a dictionary."""
        lists = {name: tuple(kept[name]) for name in ("links", "lanes", "heads")}
        return cls(**{**kept, **lists})

    def holds(self, fleet: Fleet, t_s: float) -> bool:
        """Whether none of its queues has moved since it closed."""
        stood_s = fleet.vehicles.standing_s[0, list(self.heads)]
        lanes = fleet.vehicles.lane[0, list(self.heads)]
        return bool((lanes == self.lanes).all() and (stood_s >= t_s - self.found_s).all())


class WatchForLocks(Duty):
    """Look for locks now and then, and write down which there are and when one dissolves."""

    name = "watch for locks"
    only_looks = True
    KEEPS = ("_known", "_free_at_s")

    def __init__(self, fleet: Fleet) -> None:
        lane_rows = fleet.network.lane_count + fleet.network.connectors.movement.size
        self._known, self._free_at_s = np.zeros(lane_rows, np.bool_), np.zeros(lane_rows)

    def act(self, simulation: Simulation) -> float:
        """Look once, and let drivers turn off where the scenario says so."""
        fleet, patience_s = simulation.model.fleet, simulation.scenario.remedies.leave_locks_after_s
        with fleet.reading():
            held = _check(simulation, self._known, self._free_at_s)
        if patience_s is not None and any(np.isnan(lock.resolved_s) for lock in simulation.locks):
            simulation.duties.disturbed = True
            leave_locks(simulation, held, np.flatnonzero(held & (simulation.env.now - self._free_at_s >= patience_s)))
        return CHECK_EVERY_S


def _check(simulation: Simulation, known: NDArray[np.bool_], free_at_s: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Look once, and return which lanes are held for good.

    ``known`` are lanes of locks that hold, ``free_at_s`` when each lane was last not held for good.
    """
    fleet, now_s = simulation.model.fleet, simulation.env.now
    for lock in simulation.locks:
        if np.isnan(lock.resolved_s) and not lock.holds(fleet, now_s):
            lock.resolved_s = now_s
            known[list(lock.lanes)] = False
            simulation.log("lock", ", ".join(lock.links), f"dissolved after {now_s - lock.closed_s:.0f} s")
    waits, held = find_waits(fleet, SETTLED_S), np.zeros(known.size, np.bool_)
    if not waits.size:
        free_at_s.fill(now_s)
        return held
    was_free_s = free_at_s[waits[0]]
    held[waits[0]] = True
    free_at_s.fill(now_s)
    free_at_s[waits[0]] = was_free_s
    if (now_s - was_free_s >= CLOSED_S - CHECK_EVERY_S).sum() < 2:
        return held  # a ring has two lanes
    for ring in first_rings(fleet, waits, known, now_s + SETTLED_S - free_at_s):
        if ring.closed_for_s >= CLOSED_S:
            lock = Lock.of(ring, now_s)
            simulation.locks.append(lock)
            known[list(lock.lanes)] = True
            simulation.log("lock", ", ".join(lock.links), _words(lock))
    return held


def write_locks(folder: RunFolder, locks: list[Lock]) -> None:
    """Write one row per lock."""
    folder.writer("locks").write(
        {
            "links": [", ".join(lock.links) for lock in locks],
            "first_blocked_s": [lock.first_blocked_s for lock in locks],
            "closed_s": [lock.closed_s for lock in locks],
            "found_s": [lock.found_s for lock in locks],
            "vehicles": [lock.vehicles for lock in locks],
            "resolved_s": [lock.resolved_s for lock in locks],
        }
    )


def lock_facts(locks: list[Lock]) -> list[dict[str, Any]]:
    """Locks as ``summary.json`` lists them; ``resolved_s`` is null where one held to the end."""
    return [
        {
            "links": list(lock.links),
            "first_blocked_s": lock.first_blocked_s,
            "closed_s": lock.closed_s,
            "found_s": lock.found_s,
            "vehicles": lock.vehicles,
            "resolved_s": None if np.isnan(lock.resolved_s) else lock.resolved_s,
        }
        for lock in locks
    ]


def _words(lock: Lock) -> str:
    ways = "lanes of one street" if len(lock.links) == 1 else f"queues of {len(lock.links)} streets"
    since = f"the first has stood for {lock.found_s - lock.first_blocked_s:.0f} s"
    return f"{ways} wait for each other in a ring, {lock.vehicles} vehicles; {since}"
