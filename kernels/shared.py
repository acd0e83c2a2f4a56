"""Add to a number that several rows of a phase may change in the same step."""

from __future__ import annotations

from numba.extending import overload

from .traffic_tables import Ints


def add_shared(table: Ints, column: int, row: int, amount: int) -> None:
    """Add to ``table[column, row]``.

    On a CPU the rows of a phase are served one after the other, and this is a plain addition. On a GPU they are served
    at once, and it is an atomic one (see ``cuda_kernels``); of whole numbers, so that the order does not matter.
    """
    table[column, row] += amount


@overload(add_shared, target="cpu")
def _add(table: Ints, column: int, row: int, amount: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    return add_shared
