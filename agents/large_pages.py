"""Keep the tables of a large city in memory of large pages, so that a core need seldom look up where a row lies."""

from __future__ import annotations

import mmap
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..kernels.traffic_tables import City

PAGE_BYTES = 1 << 21
LINE_BYTES = 64  # that come at once; every table begins with one
WORTH_IT_BYTES = 4 * PAGE_BYTES


def in_large_pages(cities: City) -> City:
    """Copy all arrays of a table behind each other into large pages; where the system has none, or they are small: not.

    Pages have 4 KiB else, and a core remembers where some 2,000 of them lie (docs/decisions/fetching.md).
    """
    arrays = {name: array for name, array in cities._asdict().items() if isinstance(array, np.ndarray) and array.size}
    room = {name: -(-array.nbytes // LINE_BYTES) * LINE_BYTES for name, array in arrays.items()}
    total = sum(room.values())
    if total < WORTH_IT_BYTES or not hasattr(mmap, "MADV_HUGEPAGE"):
        return cities
    memory = mmap.mmap(-1, total + PAGE_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        memory.madvise(mmap.MADV_HUGEPAGE)
    except OSError:  # of a system that was built without
        return cities
    plain = np.frombuffer(memory, np.uint8)
    begin = -plain.ctypes.data % PAGE_BYTES
    moved: dict[str, Any] = {}
    for name, array in arrays.items():
        moved[name] = plain[begin : begin + array.nbytes].view(array.dtype).reshape(array.shape)
        moved[name][...] = array
        begin += room[name]
    return cities._replace(**moved)
