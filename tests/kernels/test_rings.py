"""Rings of vehicles do what a plain list does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from citytwin.kernels import rings
from citytwin.kernels import traffic_tables as table

SIZES = (3, 5, 4)  # slots of three rings that lie one behind the other
LANE = 1  # the one that is played with


def as_python(function):
    """The function as it is written, its helpers too: they are compiled for other kernels only."""
    source = function.py_func
    return type(source)(source.__code__, RINGS, source.__name__)


RINGS = dict(vars(rings))
RINGS |= {name: as_python(vars(rings)[name]) for name in ("at", "put", "push", "pop", "insert", "remove", "is_full")}


def empty_city(head: int) -> SimpleNamespace:
    lane_i = np.zeros((table.LANE_I_COLUMNS, len(SIZES) + 1), np.int32)
    lane_i[table.RING_START, 1:] = np.cumsum(SIZES)
    lane_i[table.HEAD, LANE] = head
    return SimpleNamespace(lane_i=lane_i, ring=np.full(sum(SIZES), -7, np.int32))


def vehicles_of(city: SimpleNamespace) -> list[int]:
    return [int(RINGS["at"](city, LANE, k)) for k in range(city.lane_i[table.COUNT, LANE])]


@given(
    head=st.integers(0, SIZES[LANE] - 1), moves=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=60)
)
def test_a_ring_is_a_list(head, moves):
    city, twin = empty_city(head), []
    for vehicle, (move, where) in enumerate(moves):
        if move in (0, 1) and len(twin) == SIZES[LANE]:
            assert RINGS["is_full"](city, LANE)
            continue
        if move in (2, 3) and not twin:
            continue
        if move == 0:
            RINGS["push"](city, LANE, vehicle)
            twin.append(vehicle)
        elif move == 1:
            place = where % (len(twin) + 1)
            RINGS["insert"](city, LANE, place, vehicle)
            twin.insert(place, vehicle)
        elif move == 2:
            assert RINGS["pop"](city, LANE) == twin.pop(0)
        else:
            place = where % len(twin)
            RINGS["remove"](city, LANE, place)
            del twin[place]
        assert vehicles_of(city) == twin
        assert RINGS["is_full"](city, LANE) == (len(twin) == SIZES[LANE])
        assert 0 <= city.lane_i[table.HEAD, LANE] < SIZES[LANE]
        assert (city.ring[: SIZES[0]] == -7).all()
        assert (city.ring[SIZES[0] + SIZES[1] :] == -7).all()
