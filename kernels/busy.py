"""Find where something may happen in a step, so that empty streets and junctions cost next to nothing.

A CPU serves only what is listed here; a GPU, on which every row has a thread of its own, serves all. What is left out
would change nothing (``tests/kernels/test_busy.py``).
"""

from __future__ import annotations

from .compile import woven
from .traffic_tables import (
    APPROACHED,
    BUSY_JUNCTIONS,
    BUSY_LINKS,
    BUSY_ROWS,
    COUNT,
    COURTEOUS,
    DUE_STEP,
    ENDS_AT,
    ENTRY_DUE,
    ENTRY_NEXT,
    FIRST_CONNECTOR_IN,
    FIRST_LANE,
    INSIDE,
    OWES,
    City,
)

AT_ONCE = 16  # links that are looked at with a few instructions


@woven
def driving_on(city: City, first: int, last: int) -> int:
    """How many vehicles are on the lanes of links ``first`` up to, not including, ``last``."""
    found = 0
    for lane in range(city.link[FIRST_LANE, first], city.link[FIRST_LANE, last]):
        found += city.lane_i[COUNT, lane]
    return found


@woven
def due_on(city: City, first: int, last: int, step: int) -> int:
    """On how many of some links a trip waits to enter, or may be the next to, or somebody has shown courtesy."""
    found = 0
    for link in range(first, last):
        due, waits = city.link[DUE_STEP, link] <= step, city.link[ENTRY_NEXT, link] != city.link[ENTRY_DUE, link]
        found += 1 if due | waits | (city.link[COURTEOUS, link] != 0) else 0
    return found


@woven
def find_busy(city: City, step: int) -> None:
    """List the links and the junctions at which something may happen in a step.

    Links: those on which somebody drives, that a trip may enter, or where courtesies are to be forgotten. Junctions:
    those that somebody drives towards or is inside of, or was in the step before. Whether to list one is no branch:
    what is not counted is overwritten.
    """
    links, junctions, found = city.link.shape[1] - 1, city.junction.shape[1] - 1, 0
    for begin in range(0, links, AT_ONCE):
        end = min(begin + AT_ONCE, links)
        if driving_on(city, begin, end) + due_on(city, begin, end, step) == 0:
            continue
        for link in range(begin, end):
            driven_on = driving_on(city, link, link + 1)
            city.busy[APPROACHED, city.link[ENDS_AT, link]] |= driven_on
            city.busy[BUSY_LINKS, found] = link
            found += 1 if driven_on + due_on(city, link, link + 1, step) > 0 else 0
    city.busy[BUSY_LINKS, links], found = found, 0
    for junction in range(junctions):
        there = city.busy[APPROACHED, junction] + city.junction[INSIDE, junction] + city.junction[OWES, junction]
        city.busy[APPROACHED, junction] = 0
        city.busy[BUSY_JUNCTIONS, found] = junction
        found += 1 if there > 0 else 0
    city.busy[BUSY_JUNCTIONS, junctions] = found


@woven
def find_rows(city: City) -> None:
    """List the lane rows of busy links and of junctions that somebody is in, those that are not empty."""
    found = 0
    for i in range(busy_links(city)):
        link = city.busy[BUSY_LINKS, i]
        for lane in range(city.link[FIRST_LANE, link], city.link[FIRST_LANE, link + 1]):
            city.busy[BUSY_ROWS, found] = lane
            found += 1 if city.lane_i[COUNT, lane] > 0 else 0
    for i in range(busy_junctions(city)):
        junction = city.busy[BUSY_JUNCTIONS, i]
        if city.junction[INSIDE, junction] > 0:
            first, last = city.junction[FIRST_CONNECTOR_IN, junction], city.junction[FIRST_CONNECTOR_IN, junction + 1]
            for row in range(city.road_lanes + first, city.road_lanes + last):
                city.busy[BUSY_ROWS, found] = row
                found += 1 if city.lane_i[COUNT, row] > 0 else 0
    city.busy[BUSY_ROWS, city.lane_f.shape[1]] = found


@woven
def busy_links(city: City) -> int:
    """How many links are listed."""
    return city.busy[BUSY_LINKS, city.link.shape[1] - 1]


@woven
def busy_junctions(city: City) -> int:
    """How many junctions are listed."""
    return city.busy[BUSY_JUNCTIONS, city.junction.shape[1] - 1]


@woven
def busy_rows(city: City) -> int:
    """How many lane rows are listed."""
    return city.busy[BUSY_ROWS, city.lane_f.shape[1]]
