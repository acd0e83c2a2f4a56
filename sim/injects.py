"""Give a run that goes on what it is confronted with, and keep a book of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..agents.remembering import Remembers, State
from ..scenarios.inject_kinds import KINDS, EventInject, ExtraArrivals, Inject
from ..scenarios.planner_words import clock
from .duties import Duty
from .reserve import Reserve

if TYPE_CHECKING:
    from .simulation import Simulation

Act = Callable[["Simulation", Any, float], str]

ACTS: dict[type[Inject], Act] = {}


def gives(kind: type[Inject]) -> Callable[[Act], Act]:
    """Say what happens when an inject of a kind is given: a function of the run, the inject and the time, s.

    It returns what is to be logged. The kind must be known to ``scenarios.inject_kinds.register`` too.
    """

    def note(act: Act) -> Act:
        ACTS[kind] = act
        return act

    return note


@gives(EventInject)
def begin_event(simulation: Simulation, inject: EventInject, now_s: float) -> str:
    """Let an event begin; it writes its own lines of the log."""
    event = inject.event(now_s)
    simulation.events.add(event)
    return ""


@gives(ExtraArrivals)
def call_reserve(simulation: Simulation, inject: ExtraArrivals, now_s: float) -> str:
    """Let people set out who have stood by."""
    reserve = simulation.parts["reserve"]
    assert isinstance(reserve, Reserve), "a rehearsal has one"
    until_s = simulation.scenario.duration_s if inject.for_min is None else now_s + 60.0 * inject.for_min
    if inject.by == "foot":
        return f"{reserve.call_on_foot(simulation, inject.share, now_s, until_s):,} more will set out on foot"
    return f"{reserve.call(simulation, inject.share, now_s, until_s):,} more will set out by car"


@dataclass(slots=True)
class Given:
    """An inject in the book."""

    number: int
    inject: Inject
    at_s: float  # when it happens
    given_s: float  # when it was given; -1: before the run
    happened: bool = False


class Injects(Remembers):
    """All injects of a run, those to come included."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self.book: list[Given] = []

    def give(self, inject: Inject, *, before_the_run: bool = False) -> Given:
        """Let an inject happen at its time, which lies ahead."""
        simulation = self._simulation
        at_s = inject.at_s(simulation.scenario.start)
        given = Given(len(self.book) + 1, inject, at_s, -1.0 if before_the_run else simulation.t_s)
        self.book.append(given)
        simulation.duties.begin(GiveInject(given, self), max(at_s - simulation.env.now, 0.0))
        if not before_the_run:
            when = clock(simulation.scenario.start, at_s)
            simulation.note("inject given", f"number {given.number}", f"for {when}: {self.words(inject)}")
        return given

    def words(self, inject: Inject) -> str:
        """What an inject is, in one line: its kind and its keys, streets by their names."""
        keys = inject.model_dump(exclude={"at", "kind", "note", "for_min"}, exclude_defaults=True)
        links = self._simulation.model.network.links
        named = [link for link in (keys.pop("link", ""), *keys.pop("links", ())) if link]
        rows = [self._simulation.model.network.link_row[link] for link in named]
        streets = [", ".join(dict.fromkeys(links.name[row] or links.id[row] for row in rows))] if rows else []
        told = ["known to all"] if keys.pop("known_to", "") == "broadcast" else []
        said = [*streets, *told, *(f"{key.replace('_', ' ')} {_said(value)}" for key, value in keys.items())]
        for_min = getattr(inject, "for_min", None)
        said += [] if for_min is None else [f"for {for_min:g} min"]
        note = f" ({inject.note})" if inject.note else ""
        return f"{inject.called().replace('_', ' ')}: {', '.join(said)}{note}"

    @property
    def queue(self) -> list[Given]:
        """Those to come, the next first."""
        return sorted((one for one in self.book if not one.happened), key=lambda one: (one.at_s, one.number))

    def state(self) -> State:
        """The whole book."""
        return {
            "book": [
                [one.number, one.inject.model_dump(mode="json"), one.at_s, one.given_s, one.happened]
                for one in self.book
            ]
        }

    def restore(self, state: State) -> None:
        """Have the book as it was."""
        self.book = []
        for number, keys, at_s, given_s, happened in state["book"]:
            inject = KINDS[keys["kind"]].model_validate(keys)
            self.book.append(Given(number, inject, at_s, given_s, happened))
            self._simulation.duties.offer(GiveInject(self.book[-1], self))


class GiveInject(Duty):
    """Let an inject happen at its time."""

    def __init__(self, given: Given, injects: Injects) -> None:
        self.name, self._given, self._injects = f"inject {given.number}", given, injects

    def act(self, simulation: Simulation) -> None:
        """Let it happen, and write it down."""
        given = self._given
        given.happened = True
        act = next(ACTS[kind] for kind in type(given.inject).__mro__ if kind in ACTS)
        came_of_it = act(simulation, given.inject, simulation.env.now)
        words = self._injects.words(given.inject)
        simulation.log("inject", f"number {given.number}", f"{words}; {came_of_it}" if came_of_it else words)


def _said(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
