"""Hold what was observed on the streets: who measured what, where, when, and how far it is to be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import Floats, Ints

KINDS = (
    *("count", "speed", "travel_time", "turning_count", "screen_line", "queue", "walkers", "air"),
    *("walk_speed", "bottleneck_flow"),  # of experiments
)
UNITS = {
    "count": "veh",  # that left the link within the interval, over its end or because they arrived
    "speed": "m/s",
    "travel_time": "s",
    "turning_count": "veh",  # from the link to to_link
    "screen_line": "veh",  # of all rows with the same sensor and interval together
    "queue": "veh",
    "walkers": "people",
    "air": "µg/m³",
    "walk_speed": "m/s",  # at a density
    "bottleneck_flow": "people/s",  # through a width
}
NO_LINK = -1


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Readings of sensors, one row each; shapes ``[row]``. What is not known to be right is not in here."""

    sensor_id: tuple[str, ...]
    link: Ints  # row in RoadNetwork.links, of walkers in WalkNetwork.links; NO_LINK: none, such as of an air reading
    to_link: Ints  # of a turning count: where to, else NO_LINK
    start_s: Floats  # after the scenario's start
    end_s: Floats
    kind: NDArray[np.int8]  # row in KINDS
    value: Floats  # in the unit of its kind
    weight: Floats  # in a loss, 0: looked at but not fitted

    def __len__(self) -> int:
        return len(self.sensor_id)

    def part(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Observed:
        """Some of the rows, by number or mask."""
        chosen = np.arange(len(self))[rows]
        columns = {name: getattr(self, name)[chosen] for name in self.__dataclass_fields__ if name != "sensor_id"}
        return Observed(tuple(self.sensor_id[row] for row in chosen.tolist()), **columns)

    @classmethod
    def counts(
        cls, sensor_id: Sequence[str], link: Ints, start_s: Floats | float, end_s: Floats | float, value: Floats
    ) -> Observed:
        """Vehicle counts, all with weight 1; times may be one for all."""
        rows = len(sensor_id)

        def each(number: Floats | float) -> Floats:
            return np.broadcast_to(np.asarray(number, np.float64), rows).copy()

        return cls(
            tuple(sensor_id),
            np.asarray(link, np.int32),
            np.full(rows, NO_LINK, np.int32),
            each(start_s),
            each(end_s),
            np.full(rows, KINDS.index("count"), np.int8),
            each(value),
            np.ones(rows),
        )
