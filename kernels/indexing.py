"""Have kernels count elements of arrays from the start only, as C does: in a kernel ``a[-1]`` is no element.

numba asks at every access to an array whether the index is negative and counts from the end. Nearly every line of the
traffic reads a table at a place that it got from another, so those questions took a sixth of its time
(docs/decisions/indices.md). Code outside the kernels is compiled as before.
"""

from __future__ import annotations

import functools
from importlib import import_module
from typing import Any

import numba

OURS = "".join(f"{len(part)}{part}" for part in __package__.split("."))  # as names of machine code have it


def count_from_the_start(compiler: str = "numba.np.arrayobj") -> None:
    """Have one of numba's compilers do so from now on; one that is made otherwise compiles as it always did."""
    try:
        lowering: Any = import_module(compiler)
        general = lowering.fix_integer_index
    except (ImportError, AttributeError):
        return

    @functools.wraps(general)
    def fix_integer_index(context: Any, builder: Any, kind: Any, index: Any, size: Any) -> Any:
        if OURS in builder.function.name:
            return context.cast(builder, index, kind, numba.types.intp if kind.signed else numba.types.uintp)
        return general(context, builder, kind, index, size)

    lowering.fix_integer_index = fix_integer_index
