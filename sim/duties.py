"""Put what happens on the clock: duties, each of which acts at moments and can be put back on the clock later.

A SimPy process is a running generator and cannot be written to a file. So every process here is the same short loop
around a *duty*: an object whose attributes are all it knows from one moment to the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, ClassVar

import simpy

from ..agents.remembering import Remembers, State

if TYPE_CHECKING:
    from .simulation import Simulation


class Duty(Remembers):
    """Something that has to be done now and then.

    Attributes
    ----------
    name
        No other duty of the run has the same, and it is the same in every run of the scenario.
    only_looks
        It moves no vehicles and changes no routes or lanes; when it does after all, it says so (``Duties.disturbed``).
    """

    name: str
    only_looks: ClassVar[bool] = False

    def act(self, simulation: Simulation) -> float | None:
        """Do it, and return the seconds until it has to be done again; None: never."""
        raise NotImplementedError


class Duties(Remembers):
    """All duties of a run, and the SimPy clock that they wait on.

    What is due at the same time is done in the order in which it was put on the clock, after a restart too.

    Attributes
    ----------
    disturbed
        Vehicles may have been moved, and routes or lanes changed, since this was last made false.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.env = simpy.Environment()
        self.disturbed = True
        self._simulation = simulation
        self._duties: dict[str, Duty] = {}
        self._due: dict[str, tuple[float, int]] = {}  # when each is to act, and its rank among those at that time
        self._rank = itertools.count()

    def begin(self, duty: Duty, wait_s: float | None = None) -> None:
        """Put a duty on the clock, ``wait_s`` from now; without it the duty acts before anything that waits.

        Raises
        ------
        ValueError
            When a duty of the same name waits already.
        """
        if duty.name in self._due:
            msg = f"there are two duties called {duty.name!r}"
            raise ValueError(msg)
        self._duties[duty.name] = duty
        self.env.process(self._keep(duty, wait_s))

    def act_now(self, name: str) -> None:
        """Let a duty act now: before its time, or although it was never to act again.

        Raises
        ------
        KeyError
            When there is none of that name.
        """
        self._due.pop(name, None)
        self.begin(self._duties[name], 0.0)

    def offer(self, duty: Duty) -> None:
        """Have a duty at hand that ``restore`` will find due: for parts that began it while the run went on."""
        self._duties[duty.name] = duty

    def __getitem__(self, name: str) -> Duty:
        return self._duties[name]

    def __contains__(self, name: str) -> bool:
        return name in self._duties

    def state(self) -> State:
        """When each is due and what it knows, in the order in which they will act."""
        waiting = sorted(self._due, key=lambda name: self._due[name])
        done = [name for name in self._duties if name not in self._due]
        return {
            "due": [[name, self._due[name][0]] for name in waiting],
            "known": {name: self._duties[name].state() for name in (*waiting, *done)},
        }

    def restore(self, state: State) -> None:
        """Put all duties on a new clock as they were; those that did not exist then are gone.

        Raises
        ------
        KeyError
            When nobody made or offered one of them.
        """
        self._duties = {name: self._duties[name] for name in state["known"]}
        for name, known in state["known"].items():
            self._duties[name].restore(known)
        self.env = simpy.Environment()  # it begins at 0, so that the times to come are the same to the last bit
        self._due, self._rank = {}, itertools.count()
        for name, due_s in state["due"]:
            self.env.process(self._keep(self._duties[name], due_s))
        for _ in state["due"]:
            self.env.step()

    def _keep(self, duty: Duty, wait_s: float | None) -> Generator[simpy.Event, Any, None]:
        if wait_s is None:
            wait_s = self._act(duty)
        while wait_s is not None:
            self._due[duty.name] = due = self.env.now + wait_s, next(self._rank)
            yield self.env.timeout(wait_s)
            if self._due.get(duty.name) != due:  # it was told to act before
                return
            del self._due[duty.name]
            wait_s = self._act(duty)

    def _act(self, duty: Duty) -> float | None:
        self.disturbed |= not duty.only_looks
        return duty.act(self._simulation)
