"""Find the zones that trips of OD matrices begin and end in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .demand_kinds import OdMatrix
from .demand_od import read_matrix, relation_label
from .entry_ids import named_demand

if TYPE_CHECKING:
    from .scenario import Scenario


def relation_zones(scenario: Scenario) -> dict[str, tuple[str, str]]:
    """Zones from and to which each relation of the OD matrices leads, by what the ids of its trips begin with."""
    zones: dict[str, tuple[str, str]] = {}
    for name, item in named_demand(scenario):
        matrix = read_matrix(item.file)[0] if isinstance(item, OdMatrix) else None
        if matrix is None:
            continue
        for start, end, kind in zip(matrix.from_zone, matrix.to_zone, matrix.vehicle_class, strict=True):
            zones[relation_label(name, start, end, kind)] = start, end
    return zones


def zones_of(scenario: Scenario, ids: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Zone of the ``origin`` and ``destination`` of trips (``[trip]``); "" of those that no OD matrix made."""
    zones = relation_zones(scenario)
    found = [zones.get(trip.rpartition("/")[0], ("", "")) for trip in ids]
    names = np.array(found, dtype=object).reshape(-1, 2)
    return {"origin": names[:, 0], "destination": names[:, 1]}
