"""Keep vehicles of a lane in order: ring buffers whose head is nearest the lane's end."""

from __future__ import annotations

from .compile import woven
from .traffic_tables import COUNT, HEAD, RING_START, City


@woven
def at(city: City, lane: int, k: int) -> int:
    """Vehicle number ``k`` of a lane, counted from its end."""
    start = city.lane_i[RING_START, lane]
    size = city.lane_i[RING_START, lane + 1] - start
    slot = city.lane_i[HEAD, lane] + k
    if slot >= size:
        slot -= size
    return city.ring[start + slot]


@woven
def put(city: City, lane: int, k: int, vehicle: int) -> None:
    """Write a vehicle into place ``k`` of a lane."""
    start = city.lane_i[RING_START, lane]
    size = city.lane_i[RING_START, lane + 1] - start
    slot = city.lane_i[HEAD, lane] + k
    if slot >= size:
        slot -= size
    city.ring[start + slot] = vehicle


@woven
def push(city: City, lane: int, vehicle: int) -> None:
    """Add a vehicle at the lane's start."""
    put(city, lane, city.lane_i[COUNT, lane], vehicle)
    city.lane_i[COUNT, lane] += 1


@woven
def pop(city: City, lane: int) -> int:
    """Take the vehicle at the lane's end."""
    vehicle = at(city, lane, 0)
    size = city.lane_i[RING_START, lane + 1] - city.lane_i[RING_START, lane]
    slot = city.lane_i[HEAD, lane] + 1
    city.lane_i[HEAD, lane] = 0 if slot >= size else slot
    city.lane_i[COUNT, lane] -= 1
    return vehicle


@woven
def insert(city: City, lane: int, k: int, vehicle: int) -> None:
    """Put a vehicle in front of the one in place ``k``."""
    for i in range(city.lane_i[COUNT, lane], k, -1):
        put(city, lane, i, at(city, lane, i - 1))
    put(city, lane, k, vehicle)
    city.lane_i[COUNT, lane] += 1


@woven
def remove(city: City, lane: int, k: int) -> None:
    """Take the vehicle in place ``k`` out of a lane."""
    for i in range(k, city.lane_i[COUNT, lane] - 1):
        put(city, lane, i, at(city, lane, i + 1))
    city.lane_i[COUNT, lane] -= 1


@woven
def is_full(city: City, lane: int) -> bool:
    """Whether no slot is left; by their lengths vehicles run out of lane before a lane runs out of slots."""
    return city.lane_i[COUNT, lane] >= city.lane_i[RING_START, lane + 1] - city.lane_i[RING_START, lane]
