"""Keep nodes in order of time: a binary heap in two arrays, for searches of shortest paths."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compile import woven

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]
Number = Any  # a scalar


@woven
def push(heap_s: Floats, heap_node: Ints, size: Number, time_s: Number, node: Number) -> Number:
    """Add to a binary heap ordered by (time, node); its new size."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if heap_s[above] < time_s or (heap_s[above] == time_s and heap_node[above] <= node):
            break
        heap_s[place], heap_node[place] = heap_s[above], heap_node[above]
        place = above
    heap_s[place], heap_node[place] = time_s, node
    return size + 1


@woven
def pop(heap_s: Floats, heap_node: Ints, size: Number) -> Number:
    """Drop the heap's first entry; its new size."""
    size -= 1
    time_s, node = heap_s[size], heap_node[size]
    place, below = 0, 1
    while below < size:
        right = below + 1
        if right < size and (
            heap_s[right] < heap_s[below] or (heap_s[right] == heap_s[below] and heap_node[right] < heap_node[below])
        ):
            below = right
        if time_s < heap_s[below] or (time_s == heap_s[below] and node <= heap_node[below]):
            break
        heap_s[place], heap_node[place] = heap_s[below], heap_node[below]
        place, below = below, 2 * below + 1
    heap_s[place], heap_node[place] = time_s, node
    return size
