"""Take what changes in a part of a run while time passes, and put it back: plain values and arrays, never objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

State = dict[str, Any]  # numbers, texts, None, arrays, and lists and dictionaries of them
PLAIN = (bool, int, float, str, type(None))


class Remembers:
    """A part of a run whose present state can be taken and put back later, into the same object or one made alike.

    Name the attributes that change in ``KEEPS``: numbers, texts, arrays, lists, tuples and dictionaries of them, or
    other objects that remember. Override ``state`` and ``restore`` where that is not enough. What follows from the
    scenario and never changes is not kept.
    """

    __slots__ = ()

    KEEPS: ClassVar[tuple[str, ...]] = ()

    def state(self) -> State:
        """What is kept, copied."""
        return {name: kept(getattr(self, name)) for name in self.KEEPS}

    def restore(self, state: State) -> None:
        """Be again as when ``state`` was taken."""
        for name in self.KEEPS:
            setattr(self, name, put_back(getattr(self, name), state[name]))


def kept(value: Any) -> Any:
    """A copy of a value, made of plain values and arrays only.

    Raises
    ------
    TypeError
        When there is an object in it that cannot be kept.
    """
    if isinstance(value, Remembers):
        return value.state()
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [kept(item) for item in value]
    if isinstance(value, Mapping):
        return {key: kept(item) for key, item in value.items()}
    if not isinstance(value, PLAIN):
        msg = f"a {type(value).__name__} cannot be kept: numbers, texts, arrays, lists and dictionaries of them can"
        raise TypeError(msg)
    return value


def put_back(present: Any, value: Any) -> Any:
    """A kept value as what stands there at present: an array of the same shape is overwritten, so views of it hold."""
    if isinstance(present, Remembers):
        present.restore(value)
        return present
    if isinstance(present, np.ndarray) and present.shape == np.shape(value) and present.flags.writeable:
        present[...] = value
        return present
    if isinstance(present, tuple):
        items = [kept(item) for item in value]
        return type(present)(*items) if hasattr(present, "_fields") else tuple(items)
    return kept(value)


def overwrite(tables: Any, names: Iterable[str], state: State) -> None:
    """Fill arrays of a table with those that were kept of it.

    Raises
    ------
    ValueError
        When one of them had another shape.
    """
    for name in names:
        array, value = getattr(tables, name), state[name]
        if array.shape != value.shape:
            msg = f"{name} has the shape {array.shape}, what was kept of it {value.shape}"
            raise ValueError(msg)
        array[...] = value
