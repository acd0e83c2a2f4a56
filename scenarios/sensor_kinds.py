"""Register what sensors can measure: unit, place, how values of intervals add up, and what cannot be true."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .problems import closest_hint

Place = Literal["link", "turn", "links", "walk_link", "point"]
# One lane carries no more in an interval of any length, veh/h: Turner, Margiotta, Lomax (2004), Monitoring Urban
# Freeways in 2003, FHWA-HOP-05-018, validity criteria of archived detector data.
MOST_VEH_PER_LANE_H = 3000.0
FASTEST_MPS = 200.0 / 3.6  # as the mean of an interval on a public road


@dataclass(frozen=True, slots=True)
class SensorKind:
    """One kind of measurement.

    ``units`` are those in which files may give it, each with the factor to ``unit``. ``most`` is what no reading can
    exceed, in ``unit``, for counts by the hour and lane (inf: not known).
    """

    name: str
    unit: str
    place: Place
    words: str
    adds_up: bool  # values of two intervals make the value of both; otherwise their mean does
    poisson: bool  # chance of a reading is that of counting
    most: float = math.inf
    units: Mapping[str, float] | None = None
    often_zero: bool = False  # nothing is a reading like any other: no queue, clean air

    def factor(self, unit: str | None) -> float:
        """From a unit that a file may have to ours.

        Raises
        ------
        ValueError
            No such unit for this kind.
        """
        known = {self.unit: 1.0, **(self.units or {})}
        if unit is None or unit in known:
            return 1.0 if unit is None else known[unit]
        msg = f"no such unit of {self.name}.{closest_hint(unit, known)} All: {', '.join(known)}"
        raise ValueError(msg)


SENSOR_KINDS: dict[str, SensorKind] = {}


def register(kind: SensorKind) -> SensorKind:
    """Let files, health checks and calibrations know a kind; a sensor of a later day joins so.

    Raises
    ------
    ValueError
        The name is taken by another kind.
    """
    if SENSOR_KINDS.get(kind.name, kind) != kind:
        msg = f"a kind of sensor is called {kind.name} already"
        raise ValueError(msg)
    SENSOR_KINDS[kind.name] = kind
    return kind


SPEEDS = {"km/h": 1 / 3.6, "mph": 0.44704}
TIMES = {"min": 60.0}
for _kind in (
    SensorKind("count", "veh", "link", "vehicles counted on a link", True, True, MOST_VEH_PER_LANE_H),
    SensorKind("speed", "m/s", "link", "mean speed on a link", False, False, FASTEST_MPS, SPEEDS),
    SensorKind(
        "travel_time", "s", "links", "mean travel time over links that follow each other", False, False, units=TIMES
    ),
    SensorKind(
        "turning_count", "veh", "turn", "vehicles that turn from one link into another", True, True, MOST_VEH_PER_LANE_H
    ),
    SensorKind(
        "screen_line", "veh", "links", "vehicles over all links of a line together", True, True, MOST_VEH_PER_LANE_H
    ),
    SensorKind("queue", "veh", "link", "vehicles in the queue of a link, mean", False, True, often_zero=True),
    SensorKind("walkers", "people", "walk_link", "people counted on a walk link, both ways", True, True),
    SensorKind(
        "air",
        "µg/m³",
        "point",
        "concentration in the air",
        False,
        False,
        units={"mg/m³": 1000.0, "ug/m3": 1.0},
        often_zero=True,
    ),
):
    register(_kind)
