"""Let drivers turn off out of locks, and count what they do when traffic stands still."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from .gridlock import heads_of

if TYPE_CHECKING:
    from .simulation import Simulation

LEFT_LOCK = "left_lock"  # kind of entry in the log


def leave_locks(simulation: Simulation, held: NDArray[np.bool_], lanes: NDArray[np.intp]) -> None:
    """Let the first drivers of queues turn off where their lane leads elsewhere, and write down who did.

    Parameters
    ----------
    simulation
        The run, at a moment.
    held
        Lanes that are held for good (``[lane row]``).
    lanes
        Rows of those whose drivers have waited long enough. Whoever stands inside a junction cannot turn off.
    """
    fleet, journeys = simulation.model.fleet, simulation.journeys
    rows = heads_of(fleet, lanes[lanes < fleet.network.lane_count].astype(np.int32))
    links = fleet.network.links.id
    for row in journeys.leave_locks(rows.astype(np.int64), held, simulation.env.now).tolist():
        here, there = fleet.route(0, row)[:2]
        simulation.log(LEFT_LOCK, links[here], f"{fleet.trips.id[row]} gives way, turning off into {links[there]}")


def remedy_facts(simulation: Simulation) -> dict[str, Any]:
    """What drivers may do against a standstill, and how often they did, for the summary."""
    journeys, counter = simulation.journeys, simulation.model.fleet.cities.counter[0]
    return {
        "reroute_blocked_after_s": simulation.scenario.routes.reroute_blocked_after_s,
        "rerouted_standing": journeys.rerouted_standing,
        **simulation.scenario.remedies.model_dump(),
        "small_gaps": int(counter[table.SMALL_GAPS]),
        "left_locks": int(journeys.left_locks.sum()),
    }
