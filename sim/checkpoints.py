"""Keep snapshots of a run in its folder while it goes on, and find the one that a stopped run can go on from."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .equilibrium import Iteration, Settled
from .run_folder import CHECKPOINTS, MANIFEST, read_run, sha256, versions
from .snapshot import Snapshot, SnapshotError, read_snapshot, take, write_snapshot

if TYPE_CHECKING:
    from ..scenarios.checkpoint import Checkpoint
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from .simulation import Simulation
    from .table_journal import JournaledFolder

SETTLED = "settled.npz"
DECIDING = ("citytwin", "numpy", "numba")  # packages whose versions decide what is computed
ANEW = "or begin anew, without --resume"


@dataclass(frozen=True, slots=True)
class Saved:
    """The snapshot that a run goes on from."""

    file: Path
    snapshot: Snapshot
    loop_s: float  # wall clock that the run had taken by then
    damaged: tuple[Path, ...]  # later ones that cannot be used


class Checkpoints:
    """Takes snapshots in a rhythm and keeps the last ones.

    Parameters
    ----------
    folder
        Run folder; they lie in its folder ``checkpoints``.
    wanted
        How often, and how many stay.
    from_s, loop_s
        Where the run goes on, and the wall clock that it had taken by then.
    """

    def __init__(
        self, folder: JournaledFolder, wanted: Checkpoint, *, from_s: float | None = None, loop_s: float = 0.0
    ) -> None:
        self._folder, self._wanted = folder, wanted
        self._next_s = 0.0 if from_s is None else self._after(from_s)
        self._loop_s, self._begun_s = loop_s, time.perf_counter()
        for unfinished in folder.checkpoints.glob(".*.npz.*"):
            unfinished.unlink()

    @property
    def loop_s(self) -> float:
        """Wall clock that the run has taken so far, s."""
        return self._loop_s + time.perf_counter() - self._begun_s

    def next_step(self, step_s: float) -> int:
        """Step by which the next snapshot is due."""
        return math.ceil(self._next_s / step_s - 1e-9)

    def look(self, simulation: Simulation) -> None:
        """Take a snapshot where one is due; everything that happens at this time has happened."""
        if simulation.t_s >= self._next_s - 1e-9:
            self.save(simulation)

    def save(self, simulation: Simulation) -> None:
        """Take a snapshot now; the next one is due by the clock."""
        self._next_s = self._after(simulation.t_s)
        manifest = self._folder.manifest
        facts = {name: manifest[name] for name in (*DECIDING, "seed", "inputs")}
        path = self._folder.checkpoints / f"{simulation.t_s:09.1f}.npz"
        write_snapshot(path, take(simulation), facts | {"loop_s": self.loop_s})
        for old in snapshots_in(self._folder.path)[: -self._wanted.keep]:
            old.unlink()

    def _after(self, t_s: float) -> float:
        every_s = self._wanted.every_s
        return (math.floor(t_s / every_s + 1e-9) + 1) * every_s


def snapshots_in(folder: Path) -> list[Path]:
    """Snapshots of a run folder, the oldest first."""
    return sorted(path for path in (folder / CHECKPOINTS).glob("*.npz") if path.name[0].isdigit())


def last_snapshot(folder: Path, scenario: Scenario, seed: int) -> Saved | None:
    """The last whole snapshot of a run that was stopped; None where it has to begin at t = 0.

    Raises
    ------
    SnapshotError
        When the run is finished, takes no snapshots, or has only such as are damaged or of another scenario or version.
    """
    if not (folder / MANIFEST).exists():
        return None
    if scenario.checkpoint is None:
        text = "takes no snapshots to go on from. Add `checkpoint: {every_s: 60}`, and run it without --resume"
        raise SnapshotError(scenario.file, text)
    if read_run(folder).manifest.get("status") == "finished":
        raise SnapshotError(folder, "is finished: there is nothing to go on with. Run it again without --resume")
    damaged: list[Path] = []
    for file in reversed(snapshots_in(folder)):
        try:
            snapshot, facts = read_snapshot(file)
            _check_tables(folder, snapshot)
        except SnapshotError:
            damaged.append(file)
            continue
        check_facts(file, facts, scenario.input_files(), seed)
        return Saved(file, snapshot, facts["loop_s"], tuple(damaged))
    if damaged:
        listed = ", ".join(file.name for file in damaged)
        text = f"every snapshot is damaged ({listed}). Run it again without --resume"
        raise SnapshotError(folder / CHECKPOINTS, text)
    return None


def check_facts(file: Path, facts: dict[str, Any], inputs: Iterable[Path], seed: int) -> None:
    """Refuse a snapshot of other inputs, another seed or other versions: the run would not be the same.

    Raises
    ------
    SnapshotError
        With everything that differs.
    """
    present = versions()
    differs = [
        f"{name} was {facts[name]} and is {present[name]} (install {name}=={facts[name]}, {ANEW})"
        for name in DECIDING
        if facts[name] != present[name]
    ]
    if facts["seed"] != seed:
        differs.append(f"the seed was {facts['seed']} and is {seed} (--seed {facts['seed']}, {ANEW})")
    before = {entry["path"]: entry["sha256"] for entry in facts["inputs"]}
    now = {str(path): sha256(path) for path in inputs}
    for path in dict.fromkeys([*before, *now]):
        if path not in now or path not in before:
            differs.append(f"{path} {'is an input and was none' if path in now else 'was an input and is none'}")
        elif before[path] != now[path]:
            differs.append(f"{path} has changed since (put it back, {ANEW})")
    if differs:
        raise SnapshotError(file, f"is not of this run: {'; '.join(differs)}.")


def _check_tables(folder: Path, snapshot: Snapshot) -> None:
    """Refuse a snapshot of tables that are no longer there."""
    for name, (size, _) in snapshot.parts["run folder"].items():
        path = folder / CHECKPOINTS / f"{name}.arrows"
        if (path.stat().st_size if path.exists() else 0) < size:
            raise SnapshotError(path, "is shorter than the snapshot says")


def write_settled(folder: JournaledFolder, settled: Settled) -> None:
    """Keep the routes that people have got used to, which take longer to find than the run itself."""
    state = {
        "route_start": settled.trips.route_start,
        "route_link": settled.trips.route_link,
        "iterations": [asdict(row) for row in settled.iterations],
        "chosen": settled.iterations.index(settled.chosen),
    }
    write_snapshot(folder.checkpoints / SETTLED, Snapshot(0.0, {"settled": state}), {})


def read_settled(folder: JournaledFolder, scenario: Scenario, trips: TripTable) -> Settled | None:
    """Routes that were kept by a run that goes on; None where it was stopped before there were any.

    Raises
    ------
    SnapshotError
        When the file is damaged.
    """
    path = folder.checkpoints / SETTLED
    if not path.exists():
        return None
    state = read_snapshot(path)[0].parts["settled"]
    rows = tuple(Iteration(**row) for row in state["iterations"])
    bound = replace(trips, route_start=np.asarray(state["route_start"]), route_link=np.asarray(state["route_link"]))
    return Settled(scenario.routes, bound, rows, rows[state["chosen"]])
