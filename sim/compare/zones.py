"""Find the zones that trips of OD matrices begin and end in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...scenarios.demand import named_demand
from ...scenarios.demand_od import read_matrix, relation_label
from ...scenarios.scenario import OdMatrix

if TYPE_CHECKING:
    from .plans import Plan


def zones_of(plan: Plan) -> dict[str, NDArray[Any]]:
    """Zone of every trip's ``origin`` and ``destination`` (``[trip]``); "" of those that no OD matrix made."""
    zones: dict[str, tuple[str, str]] = {}
    for name, item in named_demand(plan.scenario):
        matrix = read_matrix(item.file)[0] if isinstance(item, OdMatrix) else None
        if matrix is None:
            continue
        for start, end, kind in zip(matrix.from_zone, matrix.to_zone, matrix.vehicle_class, strict=True):
            zones[relation_label(name, start, end, kind)] = start, end
    found = [zones.get(trip.rpartition("/")[0], ("", "")) for trip in plan.trips.id]
    names = np.array(found, dtype=object).reshape(-1, 2)
    return {"origin": names[:, 0], "destination": names[:, 1]}
