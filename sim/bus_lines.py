"""Look after the buses of lines while time passes, and say how they ran."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .duties import Duty

if TYPE_CHECKING:
    from ..agents.bus_lines import Call
    from .run_folder import RunFolder
    from .simulation import Simulation


def start_bus_lines(simulation: Simulation) -> None:
    """Put the buses on the clock."""
    if simulation.journeys.bus_lines is not None:
        simulation.duties.begin(ServeStops())


class ServeStops(Duty):
    """Look after buses whenever one may be at a stop, or has stood there for long enough."""

    name = "serve stops"

    def act(self, simulation: Simulation) -> float | None:
        """Look after all of them."""
        bus_lines = simulation.journeys.bus_lines
        assert bus_lines is not None
        wait_s = bus_lines.serve(simulation.model.fleet, simulation.env.now)
        return wait_s if math.isfinite(wait_s) else None


def write_stops(folder: RunFolder, simulation: Simulation) -> None:
    """Write one row for every call of a bus at a stop; nothing where no line runs."""
    if simulation.journeys.bus_lines is None:
        return
    fleet = simulation.model.fleet
    calls = simulation.journeys.bus_lines.finish(fleet)
    folder.writer("stops").write(
        {
            "line": [call.line.id for call in calls],
            "trip_id": [fleet.trips.id[call.trip] for call in calls],
            "stop": [call.line.stops[call.stop].called for call in calls],
            "link": [call.line.stops[call.stop].link for call in calls],
            "number": [call.stop for call in calls],
            "arrived_s": [call.arrived_s for call in calls],
            "left_s": [call.left_s for call in calls],
            "boarded": [call.boarded for call in calls],
            "left_behind": [call.left_behind for call in calls],
            "on_board": [call.on_board for call in calls],
        }
    )


def bus_line_facts(simulation: Simulation) -> dict[str, Any]:
    """What lines add to the summary: buses, passengers, and how regular they came."""
    bus_lines = simulation.journeys.bus_lines
    if bus_lines is None:
        return {}
    calls = bus_lines.finish(simulation.model.fleet)
    facts = {}
    for one in bus_lines.lines:
        own = [call for call in calls if call.line is one.line]
        served = [call for call in own if not math.isnan(call.left_s)]
        facts[one.line.id] = {
            "buses": len({call.trip for call in own}),
            "calls": sum(not math.isnan(call.arrived_s) for call in own),
            "missed": sum(math.isnan(call.arrived_s) for call in own),
            "boarded": sum(call.boarded for call in own),
            "left_behind": sum(call.left_behind for call in own),
            "mean_dwell_s": _mean([call.left_s - call.arrived_s for call in served if call.stop > 0]),
            "headway_s": _mean(_headways_s(served)),
            "headway_variation": _variation(_headways_s(served)),
        }
    return {"bus_lines": facts}


def _headways_s(calls: list[Call]) -> list[float]:
    """Seconds between the buses that leave each stop one after the other."""
    found: list[float] = []
    for stop in sorted({call.stop for call in calls}):
        found += np.diff(sorted(call.left_s for call in calls if call.stop == stop)).tolist()
    return found


def _mean(values: list[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _variation(values: list[float]) -> float | None:
    """Standard deviation over mean, as the Transit Capacity and Quality of Service Manual rates regularity."""
    return float(np.std(values) / np.mean(values)) if len(values) > 1 else None
