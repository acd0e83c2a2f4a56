"""Let members of an ensemble differ in everything: who travels, who drives how, what the limits are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import traffic_tables as table
from .fleet import Fleet, Ints, VehicleState


def side_by_side(fleets: Sequence[Fleet]) -> Fleet:
    """Put runs that have not begun into one fleet, to be advanced in one call.

    Each member does what its fleet would do alone, to the last bit. The first one's trips stand for all in ``trips``;
    rows of vehicles that a member does not have never set out.

    Raises
    ------
    ValueError
        When they drive on different networks or have different numbers of sensors or kinds of drivers.
    """
    first = fleets[0]
    own = [name for name in table.OWN if name not in table.BY_VEHICLE]
    for fleet in fleets[1:]:
        if fleet.network is not first.network or fleet.members != 1:
            msg = "members of an ensemble are single runs on one network"
            raise ValueError(msg)
        for name in own:
            if getattr(fleet.cities, name).shape != getattr(first.cities, name).shape:
                msg = f"members of an ensemble have tables of one size, these differ in {name}"
                raise ValueError(msg)
    arrays: dict[str, Any] = {name: np.concatenate([getattr(fleet.cities, name) for fleet in fleets]) for name in own}
    # Where lists of signals lie depends on how many trips are listed before them; all use the first one's.
    arrays["controller_i"] = np.repeat(first.cities.controller_i, len(fleets), axis=0)
    arrays["busy"] = np.repeat(first.cities.busy, len(fleets), axis=0)
    for name in table.BY_VEHICLE:
        arrays[name] = _padded([getattr(fleet.cities, name)[0] for fleet in fleets])
    listed, routes, used = [first.cities.listed], [first.cities.route[: first.routes_used]], first.routes_used
    entries = (table.FIRST_ENTRY, table.ENTRY_NEXT, table.ENTRY_DUE)
    at = first.cities.listed.size
    for member, fleet in enumerate(fleets[1:], start=1):
        begin, end = (int(fleet.cities.link[0, table.FIRST_ENTRY, place]) for place in (0, -1))
        listed.append(fleet.cities.listed[begin:end])
        arrays["link"][member, entries, :] += at - begin
        at += end - begin
        if fleet.cities.route is first.cities.route:
            continue
        arrays["vehicle_i"][member, :, table.ROUTE_START] += used
        routes.append(fleet.cities.route[: fleet.routes_used])
        used += fleet.routes_used
    cities = first.cities._replace(
        **arrays, listed=np.concatenate(listed).astype(np.int32), route=np.concatenate(routes).astype(np.int32)
    )
    return Fleet(first.network, first.trips, first.sensors, cities, VehicleState.of(cities), used)


def bind_to_routes(fleet: Fleet, route_of: Ints, start: NDArray[np.int64], link: Ints) -> None:
    """Give every trip of a single run one of some routes that many share.

    Parameters
    ----------
    fleet
        A run that has not begun.
    route_of
        Which route each trip takes, ``[trip]``.
    start, link
        Route ``i`` is ``link[start[i]:start[i + 1]]``. Fleets that are given the same ``link`` share it.
    """
    fleet.cities = fleet.cities._replace(route=link)
    fleet.routes_used = link.size
    fleet.vehicles.route_start[0] = start[route_of]
    fleet.vehicles.route_size[0] = np.diff(start)[route_of]
    fleet.vehicles.route_at[0] = 0


def _padded(tables: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Tables of vehicles on top of each other, the shorter ones with rows of nobody."""
    rows = max(table_of.shape[0] for table_of in tables)
    padded = np.zeros((len(tables), rows, tables[0].shape[1]), tables[0].dtype)
    for member, table_of in enumerate(tables):
        padded[member, : table_of.shape[0]] = table_of
    return padded
