"""Have the processor fetch what a phase will read in its next rows while it works on the present ones.

A large city does not fit into the memory next to a core, and vehicles of a lane lie wherever their trips do, so that no
processor guesses which will be needed next; we know. It changes no result (docs/decisions/fetching.md).
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .compile import woven
from .rings import at
from .shared import place_of
from .traffic_tables import (
    BUSY_JUNCTIONS,
    BUSY_LINKS,
    BUSY_ROWS,
    COUNT,
    FIRST_CONNECTOR_IN,
    FIRST_LANE,
    FIRST_LANE_IN,
    GRANTED_COUNT,
    INSIDE,
    VEHICLE_F_COLUMNS,
    VEHICLE_I_COLUMNS,
    City,
)

AHEAD = 4  # rows that are fetched at a time, before those in front of them are served
MANY = 1500  # rows of a phase; fewer vehicles are near anyway
LINE_NUMBERS = 8  # of 64 bits that come at once


@intrinsic
def fetch(context: Any, table: Any, column: Any, row: Any) -> Any:
    """Begin to fetch an element of a table."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        byte, number = cgutils.voidptr_t, cgutils.int32_t
        kind = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [byte, number, number, number])
        function = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        place = builder.bitcast(place_of(context, builder, signature, arguments), byte)
        builder.call(function, [place, number(0), number(3), number(1)])  # to read; into the nearest; no instructions
        return context.get_dummy_value()

    return types.void(table, column, row), generate


@woven
def fetch_vehicle(city: City, vehicle: int) -> None:
    """Begin to fetch a vehicle's numbers."""
    fetch(city.vehicle_f, vehicle, 0)
    fetch(city.vehicle_f, vehicle, LINE_NUMBERS)
    fetch(city.vehicle_f, vehicle, VEHICLE_F_COLUMNS - 1)
    fetch(city.vehicle_i, vehicle, 0)
    fetch(city.vehicle_i, vehicle, VEHICLE_I_COLUMNS - 1)


@woven
def fetch_row(city: City, row: int) -> None:
    """Begin to fetch those on a lane row."""
    for k in range(city.lane_i[COUNT, row]):
        fetch_vehicle(city, at(city, row, k))


@woven
def fetch_rows(city: City, first: int, last: int) -> None:
    """Begin to fetch those on the listed lane rows ``first`` up to, not including, ``last``."""
    for i in range(first, last):
        fetch_row(city, city.busy[BUSY_ROWS, i])


@woven
def fetch_links(city: City, first: int, last: int) -> None:
    """Begin to fetch those on the listed links ``first`` up to, not including, ``last``."""
    for i in range(first, last):
        link = city.busy[BUSY_LINKS, i]
        for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
            fetch_row(city, lane)


@woven
def fetch_leaving(city: City, first: int, last: int) -> None:
    """Begin to fetch who comes first on the lanes towards listed junctions, and has leave to enter."""
    for i in range(first, last):
        junction = city.busy[BUSY_JUNCTIONS, i]
        for place in range(city.junction[FIRST_LANE_IN, junction], city.junction[FIRST_LANE_IN, junction + 1]):
            lane = city.listed[place]
            if city.lane_i[GRANTED_COUNT, lane] > 0:
                fetch_vehicle(city, at(city, lane, 0))


@woven
def fetch_inside(city: City, first: int, last: int) -> None:
    """Begin to fetch who comes first on the ways through listed junctions."""
    for i in range(first, last):
        junction = city.busy[BUSY_JUNCTIONS, i]
        if city.junction[INSIDE, junction] > 0:
            begin, end = city.junction[FIRST_CONNECTOR_IN, junction], city.junction[FIRST_CONNECTOR_IN, junction + 1]
            for row in range(city.road_lanes + begin, city.road_lanes + end):
                if city.lane_i[COUNT, row] > 0:
                    fetch_vehicle(city, at(city, row, 0))


@woven
def fetch_junctions(city: City, first: int, last: int) -> None:
    """Begin to fetch whom listed junctions will look at first.

    On every lane towards them that is the first vehicle with leave to enter, and the first without.
    """
    for i in range(first, last):
        junction = city.busy[BUSY_JUNCTIONS, i]
        for place in range(city.junction[FIRST_LANE_IN, junction], city.junction[FIRST_LANE_IN, junction + 1]):
            lane = city.listed[place]
            granted = city.lane_i[GRANTED_COUNT, lane]
            if granted > 0:
                fetch_vehicle(city, at(city, lane, 0))
            if city.lane_i[COUNT, lane] > granted:
                fetch_vehicle(city, at(city, lane, granted))
