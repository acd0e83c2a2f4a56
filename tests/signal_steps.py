"""Advance the signals of many members without traffic; on its own so that numba caches it."""

from __future__ import annotations

from citytwin.kernels import traffic
from citytwin.kernels.compile import bare_entry
from citytwin.kernels.members import member_of


@bare_entry
def advance_signals_of_all(cities):  # type: ignore[no-untyped-def]
    """One step of every member's signals."""
    for m in range(cities.counter.shape[0]):
        city = member_of(cities, m)
        for controller in range(city.controller_f.shape[1]):
            traffic.advance_signal(city, controller)
