"""Compare speed, memory and travel times with SUMO and UXsim: one net, one set of routes, one hour.

    pip install 'citytwin[bench]'
    python benchmarks/peers.py [CASE …] [--runs 3] [--budget-s 900] [--until-s 3600]

Every run is a process of its own that writes no results; the tools take turns, so that whatever else the machine does
meets all of them, and medians are printed. *Loop* is CPU time between the first and the last step (of SUMO: what it
says of its wall time, times the share of a core that the process had), *process* is CPU time of everything. A tool that
has used up its budget in a case is not started again there. Figures that nobody measured are not printed. All use one
thread; *citytwin-cores* uses every core, which is compared by the clock.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from lxml import etree

HOUR_S = 3600
CAR_LENGTH_M, CAR_GAP_M = 5.0, 2.5  # of SUMO's default vehicle
CORES = "citytwin-cores"
TOOLS = ("citytwin", CORES, "sumo", "sumo-meso", "uxsim")


@dataclass(frozen=True)
class Case:
    """A net of SUMO's and how many random trips begin on it every second."""

    name: str
    departures_per_s: float
    rows: int = 0  # of a grid that netgenerate makes, else:
    net: str = ""  # a net that comes with SUMO

    def make_net(self, place: Path) -> None:
        """Write the net."""
        if not self.rows:
            place.write_bytes((sumo_home() / self.net).read_bytes())
            return
        grid = ["--grid", f"--grid.number={self.rows}", "--grid.length=150", "--default.lanenumber=2"]
        signals = ["--default-junction-type=traffic_light", "--no-turnarounds=true"]
        quietly(sumo_home() / "bin" / "netgenerate", *grid, *signals, f"--output-file={place}")


CASES = {
    case.name: case
    for case in (
        Case("grid20", 2.5, rows=20),
        Case("grid40", 18.0, rows=40),
        Case("city", 0.3, net="tools/game/DRT/osm.net.xml"),
    )
}


@dataclass(frozen=True)
class Run:
    """What one process took and found."""

    loop_s: float  # CPU time
    loop_wall_s: float
    process_s: float = 0.0  # CPU time
    peak_mib: float = 0.0
    vehicle_s: float = 0.0  # time vehicles spent in the simulation: steps of one second, one vehicle each
    arrived: float = 0.0
    travel_s: float = 0.0  # mean of those who arrived, the wait to enter included


def sumo_home() -> Path:
    """Folder of the wheel."""
    import sumo

    return Path(sumo.SUMO_HOME)


def quietly(*command: object) -> None:
    """Run a program; what it says is shown only when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def make_case(case: Case, folder: Path) -> None:
    """Write net, routes, SUMO's configuration and our import of it, once."""
    if (folder / "ours" / "scenario.yaml").exists():
        return
    from citytwin.scenarios.sumo_import import import_sumo

    folder.mkdir(parents=True, exist_ok=True)
    net, trips, routes = (folder / name for name in ("case.net.xml", "trips.xml", "case.rou.xml"))
    case.make_net(net)
    write_trips(net, trips, case.departures_per_s)
    quietly(
        *(sumo_home() / "bin" / "duarouter", f"--net-file={net}", f"--route-files={trips}", f"--output-file={routes}"),
        *("--routing-algorithm=CHWrapper", "--ignore-errors", "--alternatives-output=NUL", "--no-step-log"),
    )
    (folder / "case.sumocfg").write_text(
        f'<configuration><input><net-file value="{net.name}"/><route-files value="{routes.name}"/></input>'
        f'<time><begin value="0"/><end value="{HOUR_S}"/></time>'
        '<processing><time-to-teleport value="-1"/></processing></configuration>'
    )
    import_sumo(folder / "case.sumocfg", folder / "ours")


def write_trips(net: Path, place: Path, departures_per_s: float) -> None:
    """Write trips between random streets for cars, evenly over the hour."""
    streets = [edge.get("id") for edge in streets_of(net) if any(is_for_cars(lane) for lane in edge.iter("lane"))]
    draw = random.Random(1)
    with place.open("w", encoding="utf-8") as file:
        file.write("<routes>\n")
        for number in range(int(HOUR_S * departures_per_s)):
            origin, destination = draw.sample(streets, 2)
            depart_s = number / departures_per_s
            file.write(f'<trip id="{number}" depart="{depart_s:.2f}" from="{origin}" to="{destination}"/>\n')
        file.write("</routes>\n")


def streets_of(net: Path) -> list[etree._Element]:
    """Edges of a net that are not inside a junction."""
    return [edge for edge in etree.parse(net).getroot().iter("edge") if edge.get("function") is None]


def is_for_cars(lane: etree._Element) -> bool:
    """Whether SUMO's passenger cars may use a lane."""
    allowed, barred = lane.get("allow"), (lane.get("disallow") or "").split()
    return "passenger" in allowed.split() if allowed else not {"passenger", "all"} & set(barred)


def run_citytwin(folder: Path, until_s: int) -> Run:
    """Run the imported scenario in this process."""
    from numba import get_num_threads

    from citytwin.agents.threads import run_on_threads
    from citytwin.kernels import traffic_tables as table
    from citytwin.scenarios.scenario import load_scenario
    from citytwin.sim.gridlock import find_waits
    from citytwin.sim.run import network_of, trips_of
    from citytwin.sim.simulation import Simulation

    scenario = load_scenario(folder / "ours" / "scenario.yaml")
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    simulation.run(0.0)
    fleet = simulation.model.fleet
    run_on_threads(fleet.cities, 0, 0, 0, get_num_threads())  # loads what is compiled
    find_waits(fleet, 0.0)
    spent = stopwatch()
    simulation.run(until_s)
    loop_s, loop_wall_s = spent()
    here = fleet.vehicles.status[0] == table.ARRIVED
    travel_s = fleet.vehicles.arrived_s[0, here] - fleet.trips.depart_s[here]
    updates = float(fleet.cities.counter[0, table.UPDATES])
    return Run(loop_s, loop_wall_s, vehicle_s=updates, arrived=float(here.sum()), travel_s=mean_of(travel_s))


def run_uxsim(folder: Path, until_s: int) -> Run:
    """Run UXsim's C++ engine, one vehicle a platoon, in this process; every vehicle keeps to its route."""
    from uxsim import World

    world = World(
        deltan=1,
        reaction_time=1,
        tmax=until_s,
        random_seed=1,
        cpp=True,
        print_mode=0,
        save_mode=0,
        show_progress=0,
        duo_update_time=2 * HOUR_S,  # nobody looks for a way, so nobody need be told of delays
        vehicle_logging_timestep_interval=0,
    )
    streets = {edge.get("id"): edge for edge in streets_of(folder / "case.net.xml")}
    build_uxsim(world, folder / "case.net.xml", streets)
    for vehicle in etree.parse(folder / "case.rou.xml").getroot().iter("vehicle"):
        route = vehicle.find("route").get("edges").split()
        ends = streets[route[0]].get("from"), streets[route[-1]].get("to")
        world.addVehicle(*ends, float(vehicle.get("depart"))).enforce_route(route)
    world.finalize_scenario()
    spent = stopwatch()
    world.exec_simulation()
    loop_s, loop_wall_s = spent()
    times_s = [vehicle.travel_time for vehicle in world.VEHICLES.values() if vehicle.state == "end"]
    samples = float(world.analyzer.average_speed_count)
    return Run(loop_s, loop_wall_s, vehicle_s=samples, arrived=len(times_s), travel_s=mean_of(times_s))


def build_uxsim(world: object, net: Path, streets: dict[str, etree._Element]) -> None:
    """Give UXsim the net: junctions, streets, and signals, which there show green to whole streets."""
    root = etree.parse(net).getroot()
    programmes = {logic.get("id"): logic for logic in root.iter("tlLogic")}
    heads: dict[str, list[tuple[str, int]]] = {}  # of a programme: street and letter
    for way in root.iter("connection"):
        if way.get("tl") and way.get("from") in streets:  # others are crossings
            heads.setdefault(way.get("tl"), []).append((way.get("from"), int(way.get("linkIndex"))))
    greens: dict[str, list[int]] = {}
    lit: dict[str, tuple[list[float], float]] = {}  # of a junction: durations and offset
    for name in heads.keys() & programmes.keys():  # a level crossing has none
        controlled = heads[name]
        phases = list(programmes[name].iter("phase"))
        for street, letter in controlled:
            greens.setdefault(street, []).extend(
                number for number, phase in enumerate(phases) if phase.get("state")[letter] in "Gg"
            )
            durations = [float(phase.get("duration")) for phase in phases]
            lit[streets[street].get("to")] = durations, float(programmes[name].get("offset") or 0.0)
    for junction in root.iter("junction"):
        if junction.get("type") != "internal":
            signal, offset = lit.get(junction.get("id"), ([0], 0.0))
            place = float(junction.get("x")), float(junction.get("y"))
            world.addNode(junction.get("id"), *place, signal=signal, signal_offset=offset)
    for name, street in streets.items():
        lanes = [lane for lane in street.iter("lane") if is_for_cars(lane)]
        if lanes:
            world.addLink(
                *(name, street.get("from"), street.get("to"), float(lanes[0].get("length"))),
                free_flow_speed=float(lanes[0].get("speed")),
                jam_density_per_lane=1.0 / (CAR_LENGTH_M + CAR_GAP_M),
                number_of_lanes=len(lanes),
                signal_group=sorted(set(greens.get(name, [0]))),
            )


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def mean_of(values: Sequence[float]) -> float:
    """Mean, nan of nothing."""
    return float(sum(values) / len(values)) if len(values) else math.nan


def stopwatch() -> Callable[[], tuple[float, float]]:
    """Start one; it tells CPU time of this process and wall time, s."""
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    return lambda: (time.process_time() - cpu_s, time.perf_counter() - wall_s)


def sumo_command(tool: str, folder: Path, end_s: int) -> list[str]:
    """SUMO without teleports, all routes loaded before the first step."""
    meso = ["--mesosim", "--meso-junction-control"] if tool == "sumo-meso" else []
    return [
        *(str(sumo_home() / "bin" / "sumo"), f"--configuration-file={folder / 'case.sumocfg'}", f"--end={end_s}"),
        *("--route-steps=0", "--threads=1", "--no-step-log", "--no-warnings", "--verbose"),
        *("--duration-log.statistics", *meso),
    ]


def read_sumo(said: str) -> Run:
    """Find the figures in what SUMO prints at its end."""
    found: dict[str, float] = {}
    for line in said.splitlines():
        name, _, value = line.strip().partition(": ")
        if line.startswith("Statistics (avg of "):
            found["arrived"] = float(line.split()[-1].rstrip("):"))
        elif line.startswith(" Duration") and value.endswith("s"):
            found["loop"] = float(value[:-1])
        elif name in ("UPS", "Duration", "DepartDelay"):
            found[name] = float(value)
    travel_s = found["Duration"] + found["DepartDelay"]
    return Run(0.0, found["loop"], vehicle_s=found["UPS"] * found["loop"], arrived=found["arrived"], travel_s=travel_s)


def watched(command: list[str], threads: int = 1) -> tuple[str, float, float]:
    """Run a command: what it says, its CPU time (s) and peak memory (MiB)."""
    one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = os.environ | one | {"NUMBA_NUM_THREADS": str(threads)}
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, used = os.wait4(child.pid, 0)
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"{' '.join(command)} failed:\n{said}")
    return said, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(tool: str, folder: Path, until_s: int) -> Run:
    """One run of one tool."""
    child = tool.removesuffix("-cores")
    ours = [sys.executable, __file__, f"--child={child}", f"--folder={folder}", f"--until-s={until_s}"]
    begun_s = time.perf_counter()
    command = sumo_command(tool, folder, until_s) if tool.startswith("sumo") else ours
    said, cpu_s, peak_mib = watched(command, cores() if tool == CORES else 1)
    share = cpu_s / (time.perf_counter() - begun_s)
    if tool.startswith("sumo"):
        run = read_sumo(said)
        run = replace(run, loop_s=run.loop_wall_s * share)
    else:
        run = Run(**json.loads(said.splitlines()[-1]))
    return replace(run, process_s=cpu_s, peak_mib=peak_mib)


def compare(case: Case, folder: Path, arguments: argparse.Namespace) -> dict[str, list[Run]]:
    """Run all tools in turn and say how each run went."""
    make_case(case, folder)
    runs: dict[str, list[Run]] = {tool: [] for tool in arguments.tools}
    if "citytwin" in runs:
        measure("citytwin", folder, 1)  # compiles
    for _ in range(arguments.runs):
        for tool, done in runs.items():
            if sum(run.process_s for run in done) < arguments.budget_s:
                done.append(measure(tool, folder, arguments.until_s))
                print(f"    {case.name} {tool}: {json.dumps(asdict(done[-1]))}", file=sys.stderr, flush=True)
    return runs


def table_of(runs: dict[str, list[Run]]) -> Iterator[str]:
    """Lines of a table: medians, and how often our loop on one core, and on all, fits into each other one."""
    ratios = f"× ours | × on {cores()} cores"
    yield f"| | runs | loop, s (wall) | {ratios} | process, s | peak, MiB | M updates/s | arrived | mean travel, s |"
    yield "| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    ours = typical(runs["citytwin"]).loop_s if runs.get("citytwin") else None
    on_cores_s = typical(runs[CORES]).loop_wall_s if runs.get(CORES) else None
    for tool, done in runs.items():
        if not done:
            continue
        run = typical(done)
        ratio = "-" if ours is None or tool in ("citytwin", CORES) else f"{run.loop_s / ours:.1f}"
        ratio += " | -" if on_cores_s is None or tool == CORES else f" | {run.loop_wall_s / on_cores_s:.1f}"
        yield (
            f"| {tool} | {len(done)} | {run.loop_s:.2f} ({run.loop_wall_s:.2f}) | {ratio} | {run.process_s:.1f} "
            f"| {run.peak_mib:.0f} | {run.vehicle_s / run.loop_s / 1e6:.2f} | {run.arrived:,.0f} | {run.travel_s:.0f} |"
        )


def typical(runs: list[Run]) -> Run:
    """Medians of all figures."""
    rows = [asdict(run) for run in runs]
    return Run(**{name: median(row[name] for row in rows) for name in rows[0]})


def machine() -> str:
    """Processor, Python and versions of the tools."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    versions = []
    for package in ("citytwin", "numba", "eclipse-sumo", "uxsim"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            sys.exit(f"{package} is missing: pip install 'citytwin[bench]'")
    processor = f"{len(names)} × {names[0].partition(': ')[2]}" if names else platform.processor()
    load = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    return f"{processor} (load {load}), Python {platform.python_version()}, {', '.join(versions)}"


def main() -> None:
    """Print one table per case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all by default")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--budget-s", type=float, default=900.0, help="CPU time of one tool in one case")
    parser.add_argument("--until-s", type=int, default=HOUR_S, help="simulated time")
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=TOOLS)
    parser.add_argument("--folder", type=Path, default=Path("build/peers"), help="where nets and routes are kept")
    parser.add_argument("--child", choices=("citytwin", "uxsim"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        run = {"citytwin": run_citytwin, "uxsim": run_uxsim}[arguments.child](arguments.folder, arguments.until_s)
        print(json.dumps(asdict(run)))
        return
    unknown = [name for name in arguments.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}. There are {', '.join(CASES)}.")
    print(machine())
    for name in arguments.cases or CASES:
        runs = compare(CASES[name], arguments.folder.resolve() / name, arguments)
        print(f"\n{name}: {CASES[name].departures_per_s:g} departures a second, {arguments.until_s:,} s\n")
        print("\n".join(table_of(runs)), flush=True)


if __name__ == "__main__":
    main()
