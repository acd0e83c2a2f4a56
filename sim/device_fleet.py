"""Show a fleet that lives on a GPU as if it were here: what somebody looks at is copied, and only then.

The rest of the program reads and writes ``fleet.cities`` and ``fleet.vehicles`` as always. Here these two fetch an
array (``cities.lane_f``) or a column (``vehicles.speed_mps``) from the device when it is asked for the first time after
a step, and before the next step everything that was handed out is copied back, unless it was in a span of ``reading``.
So nobody may keep an array from one step to the next: ask again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..agents.fleet import Fleet, VehicleState
from ..agents.remembering import State
from ..kernels.traffic_tables import BY_VEHICLE, OWN, City, column_of

if TYPE_CHECKING:
    from ..kernels.cuda_city import DeviceCity
    from ..kernels.passings import Parts


class Mirror:
    """The host's copy of a device's arrays, as fresh as somebody looks at it.

    Arrays that all members share do not change in a step and are always fresh. Of the others it is known which columns
    are stale and which may have been changed here.
    """

    def __init__(self, device: DeviceCity) -> None:
        self.device = device
        self.only_read = False
        shapes = {name: getattr(device.host, name).shape for name in OWN}
        self._columns = {
            name: frozenset(range(1 if len(shape) < 3 else shape[2] if name in BY_VEHICLE else shape[1]))
            for name, shape in shapes.items()
        }
        self._stale: dict[str, set[int]] = {name: set() for name in OWN}
        self._handed_out: dict[str, set[int]] = {name: set() for name in OWN}

    def array(self, name: str, column: int | None = None) -> NDArray[Any]:
        """An array, or one column of it for all members, as it is on the device."""
        host: NDArray[Any] = getattr(self.device.host, name)
        if name in self._columns:
            wanted = self._columns[name] if column is None else {column}
            self._copy(self.device.fetch, name, wanted & self._stale[name])
            self._stale[name] -= wanted
            if not self.only_read:
                self._handed_out[name] |= wanted
        return host if column is None else column_of(name, host, column)

    def step(self, first_step: int, last_step: int) -> None:
        """Take what was changed here to the device and run steps there."""
        for name, columns in self._handed_out.items():
            self._copy(self.device.push, name, columns)
            columns.clear()
        if last_step > first_step:
            self.device.run(first_step, last_step)
            for name, columns in self._stale.items():
                columns |= self._columns[name]

    def _copy(self, copy: Any, name: str, columns: set[int] | frozenset[int]) -> None:
        if columns == self._columns[name]:
            copy(name)
        else:
            for column in sorted(columns):
                copy(name, column)


class MirroredCity:
    """What ``Fleet.cities`` is on a GPU: arrays and numbers of ``City``, fetched when asked for.

    Compiled functions cannot take it; they are handed ``Fleet.tables``.
    """

    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror

    def __getattr__(self, name: str) -> Any:
        """An array as it is on the device, or a number."""
        value = getattr(self._mirror.device.host, name)
        return self._mirror.array(name) if isinstance(value, np.ndarray) else value

    def _replace(self, *, route: NDArray[np.int32]) -> MirroredCity:
        """Put a larger array in the place of the routes; no other array is ever replaced."""
        self._mirror.device.push_routes(route, 0, 0)
        return self


class MirroredVehicles:
    """What ``Fleet.vehicles`` is on a GPU: columns named as in ``VehicleState``, fetched when asked for."""

    def __init__(self, mirror: Mirror) -> None:
        named = VehicleState.of(cast("City", _Columns()))
        self._mirror = mirror
        self._columns = {field.name: getattr(named, field.name) for field in fields(VehicleState)}

    def __getattr__(self, name: str) -> NDArray[Any]:
        """A column as it is on the device."""
        try:
            table, column = self._columns[name]
        except KeyError:
            raise AttributeError(name) from None
        return self._mirror.array(table, column)


class _Columns:
    """Stands in for ``City`` to learn which column of which table ``VehicleState`` gives a name."""

    def __getattr__(self, name: str) -> Any:
        class Table:
            def __getitem__(self, place: tuple[Any, int]) -> tuple[str, int]:
                return name, place[1]

        return Table()


class DeviceFleet(Fleet):
    """A fleet whose state lives on a GPU.

    Parameters
    ----------
    fleet
        State to begin with; whoever held it uses this one from now on.
    """

    def __init__(self, fleet: Fleet) -> None:
        from ..kernels.cuda_city import DeviceCity

        self._mirror = Mirror(DeviceCity(fleet.cities))
        super().__init__(
            fleet.network,
            fleet.trips,
            fleet.sensors,
            cast("City", MirroredCity(self._mirror)),
            cast("VehicleState", MirroredVehicles(self._mirror)),
            fleet.routes_used,
        )

    def advance(self, first_step: int, last_step: int, *, as_left: bool = False) -> None:
        """Run steps ``first_step`` up to, not including, ``last_step`` on the device."""
        self._mirror.step(first_step, last_step)

    def tables(self, *names: str) -> City:
        """Arrays for a compiled function: those named fresh and taken back afterwards, without names all."""
        for name in names or OWN:
            self._mirror.array(name)
        return self._mirror.device.host

    def restore(self, state: State) -> None:
        """Have every vehicle and every light as it was, on the device too."""
        super().restore(state)
        self._mirror.device.push_routes(self._mirror.device.host.route, 0, self.routes_used)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A span in which nobody changes anything, so that nothing is copied back."""
        self._mirror.only_read = True
        try:
            yield
        finally:
            self._mirror.only_read = False

    def count_passings(self, group: Any, lanes: int, parts: Parts, passed: Any) -> None:
        """Count on the device who passed which sensor, see ``kernels.passings.count_passings``."""
        self._mirror.step(0, 0)
        self._mirror.device.count_passings(group, lanes, parts, passed)

    def set_routes(self, member: int, trips: NDArray[np.int64], start: NDArray[np.int64], link: Any) -> None:
        """Give trips their routes, see ``Fleet.set_routes``."""
        used = self.routes_used
        super().set_routes(member, trips, start, link)
        self._mirror.device.push_routes(self._mirror.device.host.route, used, self.routes_used)
