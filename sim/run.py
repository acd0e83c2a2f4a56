"""Run a scenario from its file to its run folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from .backend import choose_backend
from .interrupts import errors_after_a_signal_are_its, stop_if_asked
from .network_facts import fault_kinds, network_facts, streets_columns
from .run_folder import RunFolder, command_line

if TYPE_CHECKING:
    from ..agents.city_model import CityModel
    from ..agents.fleet import Fleet
    from ..agents.vehicle import Vehicle
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from ..scenarios.trips import TripTable
    from .backend import Backend
    from .checkpoints import Saved
    from .equilibrium import Settled
    from .observers import Observer
    from .progress import Progress
    from .simulation import Simulation
    from .sumo_outputs import EdgeData, FloatingCars, TripInfo
    from .walking import OnFoot


@dataclass(frozen=True, slots=True)
class RunResult:
    """Where a run is, and its figures (those of ``summary.json``)."""

    folder: Path
    summary: dict[str, Any]


class How(TypedDict):
    """How a scenario is simulated."""

    seed: int | None
    vehicle_type: type[Vehicle]
    backend: Literal["cpu", "cuda"]


class ProgressObserver:
    """Tell the person at the keyboard how far the run is."""

    every_s = 60.0

    def __init__(self, progress: Progress, duration_s: float) -> None:
        self._progress, self._duration_s = progress, duration_s
        self._begun_s = time.perf_counter()

    def observe(self, t_s: float, model: CityModel) -> None:
        """Move the bar; end the run where a Ctrl-C got lost."""
        from ..kernels.traffic_tables import DRIVING

        active = int((model.fleet.vehicles.status[0] == DRIVING).sum())
        wall_s = max(time.perf_counter() - self._begun_s, 1e-9)
        self._progress.update(t_s, self._duration_s, active, t_s / wall_s)
        stop_if_asked()


def run_scenario(
    path: str | Path,
    out: str | Path,
    *,
    seed: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    vehicle_type: type[Vehicle] | None = None,
    backend: Backend = "auto",
    resume: bool = False,
) -> RunResult:
    """Run a scenario file and write everything it leaves, except the report.

    Parameters
    ----------
    path
        Scenario file, or the name of a bundled one (``monaco/morning``).
    out
        Run folder: new, empty, or of an earlier run.
    seed
        Instead of the file's.
    threads
        Cores for planning routes, for a large city and for members of an ensemble; the result does not depend on it.
    progress
        Who is told how far it is.
    vehicle_type
        Class of the vehicles.
    backend
        Where the traffic is computed: ``cpu``, ``cuda`` (an NVIDIA GPU), or ``auto``; see ``choose_backend``.
    resume
        Go on with the run in the folder, from its last snapshot (``checkpoint`` of the scenario); where it was stopped
        before the first, or there is nothing, begin.

    Raises
    ------
    InputError
        When the scenario, its network, its demand or the folder cannot be used, with every problem; nothing has been
        run then.
    """
    from .progress import Silent

    begun_s = time.perf_counter()
    progress = progress or Silent()
    scenario, network, trips, on_foot = prepare(path, progress)
    own_seed = scenario.seed if seed is None else seed
    saved = saved_run(Path(out), scenario, own_seed, progress) if resume else None
    if scenario.evacuation is not None or scenario.responders is not None:
        backend = _on_the_cpu(backend)
    choice = choose_backend(backend, vehicles=len(trips.id))
    progress.stage(f"computing on {choice.device} ({choice.why})")
    facts = {"scenario_file": path, "seed": own_seed, "threads": use_threads(threads), "device": choice.device}
    folder = open_run_folder(scenario, network, out, goes_on=saved is not None, **facts)
    with folder, errors_after_a_signal_are_its():
        from ..agents.vehicle import Vehicle

        how: How = {"seed": seed, "vehicle_type": vehicle_type or Vehicle, "backend": choice.name}
        opened = open_run(folder, (scenario, network, trips, on_foot), how, saved, progress)
        opened.setup_s = time.perf_counter() - begun_s
        loop_from_s = time.perf_counter()
        try:
            opened.simulation.run()
        finally:
            loop_s = time.perf_counter() - loop_from_s + (0.0 if saved is None else saved.loop_s)
            summary = opened.finish(loop_s)
        if summary["created"] == 0 and opened.simulation.walking is None:
            folder.warn("Nobody set out: the scenario has no demand in its time span.")
    return RunResult(folder.path, summary)


@dataclass(slots=True)
class OpenRun:
    """A run from its first step to its end."""

    folder: RunFolder
    simulation: Simulation
    observers: list[Observer]
    sumo_files: list[EdgeData | TripInfo | FloatingCars]
    settled: Settled | None
    setup_s: float = 0.0

    def finish(self, loop_s: float) -> dict[str, Any]:
        """Let all observers look once more, write what needs the whole run, and return the summary."""
        for observer in (*self.observers, *self.sumo_files):
            observer.observe(self.simulation.t_s, self.simulation.model)
        for file in self.sumo_files:
            file.close()
        return finish(self.folder, self.simulation, setup_s=self.setup_s, loop_s=loop_s, settled=self.settled)


def open_run(
    folder: RunFolder,
    inputs: tuple[Scenario, RoadNetwork, TripTable, OnFoot | None],
    how: How,
    saved: Saved | None,
    progress: Progress,
    *,
    extend: Callable[[Simulation], None] | None = None,
) -> OpenRun:
    """Set a run up, with its observers, at t = 0 or where it was saved; ``extend`` may add to it what is kept too."""
    from .simulation import Simulation
    from .sumo_outputs import sumo_observers

    scenario, network, trips, on_foot = inputs
    folder.add_inputs(scenario.input_files())
    progress.stage("starting (the first start compiles the kernels, which takes about a minute)")
    settled = _settled(folder, scenario, network, trips, progress, how)
    simulation = Simulation(scenario, network, settled.trips if settled else trips, **how, on_foot=on_foot)
    observers = [*observers_of(scenario, folder, simulation.model.fleet), *walk_observers(folder, simulation)]
    if simulation.air is not None:
        from .air_tables import AirTables

        observers.append(AirTables(folder, simulation.air))
    folder.writer("streets").write(streets_columns(network))
    if on_foot is not None:
        from .walking import write_walk_streets

        write_walk_streets(folder, on_foot.network)
    sumo_files = sumo_observers(simulation, folder.path, goes_on=saved is not None)
    simulation.watch([*observers, *sumo_files, ProgressObserver(progress, scenario.duration_s)])
    if extend is not None:
        extend(simulation)
    simulation.run(0.0)
    keep_snapshots(simulation, folder, saved)
    simulation.model.fleet.advance(0, 0)  # compiles, or reads from the cache
    return OpenRun(folder, simulation, observers, sumo_files, settled)


def saved_run(out: Path, scenario: Scenario, seed: int, progress: Progress) -> Saved | None:
    """The snapshot that a run in a folder goes on from, see ``last_snapshot``."""
    from .checkpoints import last_snapshot

    saved = last_snapshot(out, scenario, seed)
    if saved is None:
        progress.stage("there is no snapshot yet: beginning at the start")
    else:
        for file in saved.damaged:
            progress.stage(f"{file} is damaged: taking the one before")
        progress.stage(f"going on from {saved.file}")
    return saved


def open_run_folder(
    scenario: Scenario, network: RoadNetwork, out: str | Path, /, *, goes_on: bool, **facts: Any
) -> RunFolder:
    """The folder of a run, its manifest begun; of a run that takes snapshots it can be cut back to them."""
    from ..scenarios.network_doctor import examine

    facts |= {
        "command": command_line(),
        "scenario": scenario.name,
        "start": scenario.start,
        "duration_s": scenario.duration_s,
        **network_facts(network),
        "fault_kinds": fault_kinds(network, examine(network).faults),
    }
    if scenario.checkpoint is None:
        return RunFolder(out, **facts)
    from .table_journal import JournaledFolder

    return JournaledFolder(out, goes_on=goes_on, **facts)


def keep_snapshots(simulation: Simulation, folder: RunFolder, saved: Saved | None) -> None:
    """Let a run take snapshots as its scenario says, and go on from a saved one where there is one."""
    from .table_journal import JournaledFolder

    wanted = simulation.scenario.checkpoint
    if wanted is None or not isinstance(folder, JournaledFolder):
        return
    from .checkpoints import Checkpoints
    from .snapshot import restore

    simulation.remember("run folder", folder)
    if saved is None:
        simulation.checkpoints = Checkpoints(folder, wanted)
        return
    restore(simulation, saved.snapshot)
    simulation.checkpoints = Checkpoints(folder, wanted, from_s=saved.snapshot.t_s, loop_s=saved.loop_s)


def _on_the_cpu(backend: Backend) -> Backend:
    """The backend of runs in which departures are decided on the way.

    Raises
    ------
    InputError
        When a GPU was asked for.
    """
    from ..scenarios.problems import InputError

    if backend == "cuda":
        raise InputError("responders and evacuations are computed on the CPU: leave out --backend cuda.")
    return "cpu"


def prepare(
    path: str | Path, progress: Progress, *, adapt: Callable[[Scenario, RoadNetwork], Scenario] | None = None
) -> tuple[Scenario, RoadNetwork, TripTable, OnFoot | None]:
    """Scenario, streets, trips and walks; or every problem of all at once, as `citytwin validate` lists them.

    ``adapt`` changes the scenario once its streets are known.
    """
    from ..scenarios.problems import InputError, ScenarioError
    from ..scenarios.scenario import check_scenario, load_scenario

    try:
        progress.stage("reading the scenario")
        scenario = load_scenario(path)
        progress.stage("reading the streets")
        network = network_of(scenario)
        read, scenario = scenario, scenario if adapt is None else adapt(scenario, network)
        if scenario is not read:
            network = network_of(scenario)
        progress.stage("making trips")
        return scenario, network, trips_of(scenario, network), walks_of(scenario, network)
    except InputError as error:
        progress.stage("looking for more problems")
        raise ScenarioError(check_scenario(path) or error.problems) from error


def network_of(scenario: Scenario) -> RoadNetwork:
    """Streets of a scenario, checked against everything the scenario says about them.

    Raises
    ------
    InputError
        With every problem of the source, or every link, lane and junction that is not there.
    """
    from ..scenarios.air_checks import check_air
    from ..scenarios.air_places import check_air_places
    from ..scenarios.hazard_checks import check_hazards
    from ..scenarios.planned_streets import planned_streets
    from ..scenarios.problems import ScenarioError
    from ..scenarios.references import check_against_network
    from ..scenarios.responder_places import check_responders

    network = planned_streets(scenario)
    problems = check_against_network(scenario, scenario.source_map, network)
    problems += check_hazards(scenario, network)
    problems += check_responders(scenario, network)
    problems += check_air_places(scenario, network)
    problems += check_air(scenario, network)
    if problems:
        raise ScenarioError(problems)
    return network


def trips_of(scenario: Scenario, network: RoadNetwork) -> TripTable:
    """Trips of a scenario; see ``scenarios.trips.build_trips``."""
    from ..scenarios.trips import build_trips

    return build_trips(scenario, network)


def walks_of(scenario: Scenario, network: RoadNetwork) -> OnFoot | None:
    """Who walks and where; None where nobody does, and then nothing of it is imported."""
    if not scenario.walks and scenario.evacuation is None:
        return None
    from .walking import on_foot_of

    return on_foot_of(scenario, network)


def walk_observers(folder: RunFolder, simulation: Simulation) -> list[Observer]:
    """What is written of people on foot while time passes."""
    if simulation.walking is None:
        return []
    from .walking import WalkLinkTable

    every_s = simulation.scenario.walking.links_every_s
    observers: list[Observer] = [WalkLinkTable(folder, simulation.walking.walkers, every_s)]
    if simulation.walking.patches:
        from .patch_tables import PatchTable

        observers.append(PatchTable(folder, list(simulation.walking.patches), every_s))
    if simulation.scenario.crowd_monitor is not None:
        from .crowd_sights import CrowdTable

        simulation.crowd = CrowdTable(folder, simulation, simulation.scenario.crowd_monitor)
        observers.append(simulation.crowd)
    if simulation.rescue is not None:
        from .evacuation_outcome import EvacuationTable

        table = EvacuationTable(folder, simulation.rescue, simulation.rescue.evacuation.table_every_s)
        table.observe(0.0, simulation.model)
        observers.append(table)
    return observers


def observers_of(scenario: Scenario, folder: RunFolder, fleet: Fleet) -> list[Observer]:
    """Observers that a scenario's outputs and sensors ask for."""
    from .observers import LinkTable, NetworkTable, SensorTable

    outputs = scenario.outputs
    observers: list[Observer] = [
        LinkTable(folder, fleet, outputs.links_every_s),
        NetworkTable(folder, fleet, outputs.network_every_s, outputs.stuck_after_s),
    ]
    rhythms: dict[float, set[str]] = {}
    for number, loop in enumerate(scenario.sensors):
        rhythms.setdefault(loop.every_s, set()).add(loop.id or f"loop {number}")
    observers += [SensorTable(folder, fleet, every_s, frozenset(names)) for every_s, names in rhythms.items()]
    return observers


def _settled(
    folder: RunFolder, scenario: Scenario, network: RoadNetwork, trips: TripTable, progress: Progress, how: How
) -> Settled | None:
    """Routes of people who have got used to the streets; None where they choose on the day itself."""
    if not scenario.routes.adapts:
        return None
    from .checkpoints import read_settled, write_settled
    from .everyday import settle
    from .table_journal import JournaledFolder

    begun_s = time.perf_counter()
    settled = read_settled(folder, scenario, trips) if isinstance(folder, JournaledFolder) else None
    if settled is None:
        settled = settle(scenario, network, trips, tell=progress.stage, **how)
        folder.note(routes_s=time.perf_counter() - begun_s, wanted_gap=settled.wanted_gap)
        if isinstance(folder, JournaledFolder):
            write_settled(folder, settled)
    folder.writer("equilibrium").write(settled.columns())
    if settled.missed:
        folder.warn(settled.missed)
    return settled


def finish(
    folder: RunFolder, simulation: Simulation, *, setup_s: float, loop_s: float, settled: Settled | None = None
) -> dict[str, Any]:
    """Write the tables that need the whole run, and the summary."""
    from .bus_lines import write_stops
    from .outcome import summarise, write_events, write_stuck, write_trips
    from .watchdog import write_locks

    write_trips(folder, simulation)
    write_stuck(folder, simulation)
    write_locks(folder, simulation.locks)
    write_events(folder, simulation)
    write_stops(folder, simulation)
    if simulation.walking is not None:
        from .walking import write_walks

        write_walks(folder, simulation)
    if simulation.rescue is not None:
        from .evacuation_outcome import write_evacuation

        write_evacuation(folder, simulation.rescue)
    if simulation.air_warnings is not None:
        from .air_warnings import write_air_warnings

        write_air_warnings(folder, simulation.air_warnings)
    if simulation.hazards is not None:
        from .hazard_tables import write_hazards

        write_hazards(folder, simulation)
    if simulation.responders is not None:
        from .responder_tables import write_responders

        write_responders(folder, simulation.responders)
    if simulation.air is not None:
        from .air_tables import write_air

        write_air(folder, simulation.air)
    summary = summarise(simulation, setup_s=setup_s, loop_s=loop_s, settled=settled)
    folder.note(setup_s=setup_s, loop_s=loop_s, wall_s=setup_s + loop_s)
    folder.summarise(summary)
    return summary


def use_threads(threads: int | None) -> int:
    """Use so many cores where a number is given, and return how many are used."""
    import numba

    if threads is not None:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    return int(numba.get_num_threads())
