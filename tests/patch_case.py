"""Draw patches of the small town."""

from __future__ import annotations

from traffic_case import BLOCK_DEGREES, TOWN_AT


def square(column: float, row: float, half: float = 0.35) -> list[list[float]]:
    """Corners of a square round a place in the town, in blocks."""
    return [
        [TOWN_AT[0] + (column + dx * half) * BLOCK_DEGREES[0], TOWN_AT[1] + (row + dy * half) * BLOCK_DEGREES[1]]
        for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
