"""Rehearse: let a run go on and pause, confront it with injects, undo them, and see what would come of others.

A ``Rehearsal`` has plain methods and answers with values that JSON knows, so that a terminal can drive it as well as a
web page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

import numpy as np

from ..kernels import walking_tables
from ..scenarios.checkpoint import Checkpoint
from ..scenarios.contraflow import with_turnable
from ..scenarios.inject_kinds import Inject
from ..scenarios.injects import read_inject, read_injects, turned_by
from ..scenarios.planner_words import clock
from . import inject_emergency  # noqa: F401  (what it does is known from then on)
from .checkpoints import snapshots_in
from .injects import Given, Injects
from .observers import Head, link_totals
from .reserve import Reserve, with_reserve
from .run import OpenRun, open_run, open_run_folder, prepare, saved_run, use_threads
from .run_folder import MANIFEST, read_run
from .snapshot import Snapshot, SnapshotError, read_snapshot, restore, take

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..scenarios.scenario import Scenario
    from .progress import Progress
    from .run import How
    from .simulation import Entry, Simulation

USUAL = Checkpoint(every_s=60, keep=60)  # of a scenario that says nothing
UNDO_STEPS = 20
PIECE_S = 30.0  # simulated time between two looks whether somebody asked for a pause
STREETS_TOLD = 5
LINES_TOLD = 50  # of the log


@runtime_checkable
class HasFigures(Protocol):
    """A part of a run that has figures to tell; a rehearsal shows and compares them."""

    def figures(self) -> Mapping[str, float]:
        """What there is to tell at the moment, by name."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run came to, and what it took to see it."""

    figures: dict[str, float]
    delay_s: NDArray[np.float64]  # of every link, summed over the vehicles, since the branch
    wall_s: float


@dataclass(frozen=True, slots=True)
class Branching:
    """Two futures from one moment: with what is planned anyway, and with other injects besides."""

    from_s: float
    to_s: float
    injects: tuple[str, ...]
    base: Outlook
    branch: Outlook
    streets: list[dict[str, Any]] = field(default_factory=list)  # on which the delay differs most

    def as_dict(self) -> dict[str, Any]:
        """All of it, for JSON."""
        return {
            "from_s": self.from_s,
            "to_s": self.to_s,
            "injects": list(self.injects),
            "base": self.base.figures,
            "branch": self.branch.figures,
            "streets": self.streets,
            "wall_s": self.base.wall_s + self.branch.wall_s,
        }


class Rehearsal:
    """A run that somebody leads.

    Parameters
    ----------
    opened
        The run.

    Examples
    --------
    >>> rehearsal = open_rehearsal("monaco/morning", "drill")  # doctest: +SKIP
    >>> rehearsal.run_until(600)  # doctest: +SKIP
    >>> rehearsal.inject({"at": "07:15", "kind": "road_closure", "link": "way/4098197:14-0"})  # doctest: +SKIP
    >>> rehearsal.state()["queue"]  # doctest: +SKIP
    """

    def __init__(self, opened: OpenRun) -> None:
        self._opened = opened
        self.simulation: Simulation = opened.simulation
        book = self.simulation.parts["injects"]
        assert isinstance(book, Injects), "open_rehearsal adds it"
        self.injects = book
        self._before: list[tuple[int, Snapshot]] = []  # number of an inject, and how things were when it was given
        self._loop_s, self._paused = 0.0, False
        self.summary: dict[str, Any] | None = None  # once it is finished
        if not snapshots_in(self.folder):
            self._keep()  # there is always one to go back to

    def __enter__(self) -> Self:
        self._opened.folder.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._opened.folder.__exit__(kind, error, trace)

    @property
    def scenario(self) -> Scenario:
        """What is rehearsed."""
        return self.simulation.scenario

    @property
    def folder(self) -> Path:
        """Where it is written down."""
        return self._opened.folder.path

    def clock(self, t_s: float | None = None) -> str:
        """Clock time of a moment, by default the present one."""
        return clock(self.scenario.start, self.simulation.t_s if t_s is None else t_s)

    @property
    def is_over(self) -> bool:
        """Whether the run has come to its end."""
        return self.simulation.t_s >= self.scenario.duration_s - 1e-9

    def run_until(self, t_s: float) -> dict[str, Any]:
        """Let time pass up to a moment, s after the start, but not beyond the end, and return the state."""
        begun_s, until_s = time.perf_counter(), min(t_s, self.scenario.duration_s)
        self._paused = False
        while self.simulation.t_s < until_s - 1e-9 and not self._paused:
            self.simulation.run(min(self.simulation.t_s + PIECE_S, until_s))
        self._loop_s += time.perf_counter() - begun_s
        return self.state()

    def states(self, until_s: float, every_s: float) -> Iterator[dict[str, Any]]:
        """Let time pass up to a moment, and tell how things are every so many simulated seconds, until it is paused."""
        while self.simulation.t_s < until_s - 1e-9 and not self.is_over:
            yield self.run_until(min(self.simulation.t_s + every_s, until_s))
            if self.is_paused:
                return

    def pause(self) -> None:
        """Let ``run_until`` return soon; for another thread or the handler of a signal."""
        self._paused = True

    @property
    def is_paused(self) -> bool:
        """Whether somebody asked for a pause since time began to pass."""
        return self._paused

    def inject(self, inject: Inject | Mapping[str, Any]) -> Given:
        """Let something happen at its time.

        Raises
        ------
        ScenarioError
            When it is wrong, names what is not there, or its time has passed.
        """
        one = inject if isinstance(inject, Inject) else self.checked(inject)
        before = take(self.simulation)
        given = self.injects.give(one)
        self._before = [*self._before, (given.number, before)][-UNDO_STEPS:]
        self._keep()
        return given

    def checked(self, keys: Mapping[str, Any]) -> Inject:
        """An inject from its keys; without ``at`` it is of now.

        Raises
        ------
        ScenarioError
            With everything that is wrong with it.
        """
        simulation = self.simulation
        return read_inject({"at": simulation.t_s, **keys}, self.scenario, simulation.model.network, simulation.t_s)

    def undo(self) -> str:
        """Go back to where things were when the last inject was given, and return what that was.

        Raises
        ------
        SnapshotError
            When there is nothing to undo.
        """
        if not self._before:
            raise SnapshotError(None, f"nothing to undo. Snapshots to go back to: {self._kept_words()}")
        number, before = self._before.pop()
        undone = next(one for one in self.injects.book if one.number == number)
        self._back(before)
        return f"{self.injects.words(undone.inject)} (given at {self.clock(undone.given_s)})"

    def go_back(self, t_s: float) -> float:
        """Go back to the last snapshot at or before a moment, and return its time.

        Raises
        ------
        SnapshotError
            When there is none.
        """
        snapshot = self._kept_at(t_s)
        self._before = [(number, before) for number, before in self._before if before.t_s < snapshot.t_s]
        self._back(snapshot)
        return snapshot.t_s

    def branch(
        self, injects: Sequence[Inject | Mapping[str, Any]], ahead_s: float, *, from_s: float | None = None
    ) -> Branching:
        """See what injects would change, and stay where the run is.

        Parameters
        ----------
        injects
            Besides what is planned anyway.
        ahead_s
            How far to look ahead, s.
        from_s
            From the last snapshot at or before that time; left out: from now.

        Raises
        ------
        InputError
            When an inject is wrong, or there is no such snapshot.
        """
        simulation, here = self.simulation, take(self.simulation)
        kept, simulation.checkpoints = simulation.checkpoints, None
        begin = here if from_s is None else self._kept_at(from_s)
        try:
            restore(simulation, begin)
            checked = [one if isinstance(one, Inject) else self.checked(one) for one in injects]
            base = self._ahead((), ahead_s)
            restore(simulation, begin)
            branch = self._ahead(checked, ahead_s)
            words = tuple(self.injects.words(one) for one in checked)
            return Branching(
                begin.t_s, simulation.t_s, words, base, branch, self._streets(branch.delay_s - base.delay_s)
            )
        finally:
            restore(simulation, here)
            simulation.checkpoints = kept

    def state(self) -> dict[str, Any]:
        """Everything there is to show at the moment."""
        simulation = self.simulation
        return {
            "t_s": simulation.t_s,
            "clock": self.clock(),
            "duration_s": self.scenario.duration_s,
            "over": self.is_over,
            "figures": self.figures(),
            "queue": [self._row(one) for one in self.injects.queue],
            "happened": [self._row(one) for one in self.injects.book if one.happened],
            "log": [self._line(entry) for entry in simulation.entries[-LINES_TOLD:]],
            "locks": sum(bool(np.isnan(lock.resolved_s)) for lock in simulation.locks),
            "snapshots_s": [_time_of(path) for path in snapshots_in(self.folder)],
        }

    def figures(self) -> dict[str, float]:
        """Figures of the moment."""
        simulation = self.simulation
        fleet, walkers = simulation.model.fleet, simulation.model.walkers
        head = Head(fleet, self.scenario.outputs.stuck_after_s)
        names = ("created", "arrived", "active", "waiting", "stuck")
        figures: dict[str, float] = {name: getattr(head, name) for name in names}
        travel_s = (fleet.vehicles.arrived_s[0] - fleet.vehicles.depart_s[0])[~np.isnan(fleet.vehicles.arrived_s[0])]
        figures["mean_travel_s"] = float(travel_s.mean()) if travel_s.size else 0.0
        figures["delay_h"] = float(self._delay_s().sum()) / 3600.0
        if walkers is not None:
            status = walkers.people.status[0]
            figures["on_foot"] = int(np.isin(status, (walking_tables.WALKING, walking_tables.QUEUED)).sum())
            figures["on_foot_arrived"] = int((status == walking_tables.ARRIVED).sum())
        for part in simulation.parts.values():
            if isinstance(part, HasFigures):
                figures |= part.figures()
        return figures

    def finish(self) -> dict[str, Any]:
        """End it where it is, write everything, and return the summary; the first call counts."""
        if self.summary is None:
            self.summary = self._opened.finish(self._loop_s)
            self._opened.folder.close("finished")
        return self.summary

    def _ahead(self, injects: Sequence[Inject], ahead_s: float) -> Outlook:
        begun_s, before_s = time.perf_counter(), self._delay_s()
        for inject in injects:
            self.injects.give(inject)
        self.simulation.run(min(self.simulation.t_s + ahead_s, self.scenario.duration_s))
        return Outlook(self.figures(), self._delay_s() - before_s, time.perf_counter() - begun_s)

    def _delay_s(self) -> NDArray[np.float64]:
        """Time lost on every link so far against driving at the limit, s."""
        fleet = self.simulation.model.fleet
        _, _, vehicle_s, vehicle_m = link_totals(fleet)
        return np.maximum(vehicle_s - vehicle_m / fleet.network.links.speed_mps, 0.0)

    def _streets(self, more_s: NDArray[np.float64]) -> list[dict[str, Any]]:
        """Links on which a delay grew or shrank most."""
        links = self.simulation.model.network.links
        rows = [row for row in np.argsort(-np.abs(more_s))[:STREETS_TOLD].tolist() if more_s[row] != 0.0]
        return [
            {"link": links.id[row], "name": links.name[row], "more_delay_h": float(more_s[row]) / 3600.0}
            for row in rows
        ]

    def _back(self, snapshot: Snapshot) -> None:
        restore(self.simulation, snapshot)
        for path in snapshots_in(self.folder):
            if _time_of(path) > snapshot.t_s:
                path.unlink()
        self._keep()

    def _keep(self) -> None:
        """Have the present state on disk, so that nothing is lost with the process."""
        checkpoints = self.simulation.checkpoints
        if checkpoints is not None:
            checkpoints.save(self.simulation)

    def _kept_at(self, t_s: float) -> Snapshot:
        files = [path for path in snapshots_in(self.folder) if _time_of(path) <= t_s]
        if not files:
            raise SnapshotError(None, f"no snapshot at or before {self.clock(t_s)}. There are: {self._kept_words()}")
        return read_snapshot(files[-1])[0]

    def _kept_words(self) -> str:
        return ", ".join(self.clock(_time_of(path)) for path in snapshots_in(self.folder)) or "none"

    def _line(self, entry: Entry) -> dict[str, Any]:
        network = self.simulation.model.network
        rows = [network.link_row.get(place, -1) for place in entry.where.split(", ")]
        streets = [network.links.name[row] or network.links.id[row] for row in rows if row >= 0]
        where = ", ".join(dict.fromkeys(streets)) if streets and -1 not in rows else entry.where
        text = f"{where}: {entry.text}"
        return {"t_s": entry.t_s, "clock": self.clock(entry.t_s), "kind": entry.kind, "text": text}

    def _row(self, one: Given) -> dict[str, Any]:
        given = None if one.given_s < 0.0 else one.given_s
        facts = {"number": one.number, "at_s": one.at_s, "clock": self.clock(one.at_s), "given_s": given}
        return {**facts, "kind": one.inject.called(), "text": self.injects.words(one.inject)}


def open_rehearsal(
    path: str | Path,
    out: str | Path,
    *,
    injects: str | Path | None = None,
    reserve: float = 0.5,
    turnable: Sequence[str] = (),
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    resume: bool = False,
) -> Rehearsal:
    """Begin a rehearsal, or go on with one.

    Parameters
    ----------
    path
        Scenario file, or the name of a bundled one.
    out
        Run folder.
    injects
        File of injects.
    reserve
        How many stand by for extra arrivals, as a share of those who drive and walk anyway.
    turnable
        Links, or names of streets, on which lanes stand by for contraflow; besides those of the file of injects.
    seed, threads, progress
        See ``run_scenario``.
    resume
        Go on with the rehearsal in the folder from its last snapshot, injects included.

    Raises
    ------
    InputError
        With everything that is wrong with the files or the folder.
    """
    from ..agents.vehicle import Vehicle
    from .progress import Silent

    progress = progress or Silent()
    about: dict[str, Any] = {
        "reserve": reserve,
        "turnable": [*turnable, *(() if injects is None else turned_by(Path(injects)))],
    }
    about |= _stood_by(Path(out)) if resume else {}
    scenario, network, trips, on_foot = prepare(
        path, progress, adapt=lambda read, streets: with_turnable(read, streets, turnable, about["turnable"])
    )
    if scenario.checkpoint is None:
        scenario = scenario.model_copy(update={"checkpoint": USUAL})
    listed = [] if injects is None else read_injects(Path(injects), scenario, network)
    own_seed = scenario.seed if seed is None else seed
    saved = saved_run(Path(out), scenario, own_seed, progress) if resume else None
    if saved is not None:
        listed = []
    reserve = float(about["reserve"])
    trips = with_reserve(trips, 0.0 if scenario.routes.adapts else reserve, own_seed)
    if on_foot is not None:
        on_foot = replace(on_foot, walks=with_reserve(on_foot.walks, reserve, own_seed, on_foot=True))
    facts = {"scenario_file": path, "seed": own_seed, "threads": use_threads(threads), "device": "cpu"}
    folder = open_run_folder(scenario, network, out, goes_on=saved is not None, rehearsal=about, **facts)

    def extend(simulation: Simulation) -> None:
        simulation.remember("reserve", Reserve(simulation, reserve))
        book = Injects(simulation)
        simulation.remember("injects", book)
        for inject in listed:
            book.give(inject, before_the_run=True)

    how: How = {"seed": seed, "vehicle_type": Vehicle, "backend": "cpu"}
    return Rehearsal(open_run(folder, (scenario, network, trips, on_foot), how, saved, progress, extend=extend))


def _stood_by(out: Path) -> dict[str, Any]:
    """Who and what stood by in a rehearsal that goes on; nothing where none was begun.

    Raises
    ------
    SnapshotError
        When the folder holds a run, no rehearsal.
    """
    if not (out / MANIFEST).exists():
        return {}
    facts: dict[str, Any] | None = read_run(out).manifest.get("rehearsal")
    if facts is None:
        raise SnapshotError(out / MANIFEST, "is of a run, not of a rehearsal: citytwin run FILE -o DIR --resume")
    return facts


def _time_of(path: Path) -> float:
    return float(path.stem)
