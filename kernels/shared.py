"""Change a number that others may change at the same time, and wait for each other."""

from __future__ import annotations

from typing import Any

from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from .compile import bare
from .traffic_tables import Ints

BARRIER = "acq_rel"  # what was written before is seen by whoever reads the number afterwards


def add_shared(table: Ints, column: int, row: int, amount: int) -> None:
    """Add to ``table[column, row]`` as one operation: rows of a phase may be served at once.

    Of whole numbers, so that the order does not matter. On a GPU see ``cuda_kernels``.
    """
    table[column, row] += amount


def place_of(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """Address of an element of a table, its column and row the second and third argument."""
    kind, *places = signature.args[:3]
    array = context.make_array(kind)(context, builder, arguments[0])
    at = [context.cast(builder, arguments[k + 1], place, types.intp) for k, place in enumerate(places)]
    return cgutils.get_item_pointer(context, builder, kind, array, at)


@intrinsic
def add_at_once(context: Any, table: Any, column: Any, row: Any, amount: Any) -> Any:
    """Add to an element of a table of whole numbers as one operation; what it was before."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        more = context.cast(builder, arguments[3], signature.args[3], signature.return_type)
        return builder.atomic_rmw("add", place_of(context, builder, signature, arguments), more, BARRIER)

    return table.dtype(table, column, row, amount), generate


@intrinsic
def read_at_once(context: Any, table: Any, column: Any, row: Any) -> Any:
    """Read an element of a table of whole numbers that another thread may be writing."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bytes_of_it = signature.return_type.bitwidth // 8
        return builder.load_atomic(place_of(context, builder, signature, arguments), "acquire", bytes_of_it)

    return table.dtype(table, column, row), generate


if config.IS_WIN32:  # which has no such function of this name: who waits goes on looking

    @bare
    def let_others_go_on() -> int:
        """Do nothing."""
        return 0

else:
    let_others_go_on = types.ExternalFunction("sched_yield", types.int32())  # of the system


@overload(add_shared, target="cpu")
def _add(table: Ints, column: int, row: int, amount: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    def add(table: Ints, column: int, row: int, amount: int) -> None:
        add_at_once(table, column, row, amount)

    return add
