"""Measure what a snapshot costs, and kill runs at random moments to see that they end as if nothing had been.

Run with ``python benchmarks/snapshots.py [KILLS]``; 50 kills unless said otherwise, 0 measures only.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.checkpoints import snapshots_in
from citytwin.sim.run import network_of, run_scenario, trips_of, walks_of
from citytwin.sim.run_folder import read_run
from citytwin.sim.simulation import Simulation
from citytwin.sim.snapshot import read_snapshot, restore, take, write_snapshot

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from restart_case import files_of, write_busy_town, write_evacuated_town

CITY = """
citytwin: 1
name: A city on its feet
base: monaco/morning
duration_s: 7200
demand:
  - {id: everybody, per_hour: 20000, end_s: 3600}
walks:
  - {kind: random_trips, per_hour: 100000, min_distance_m: 200, end_s: 3600}
"""
AT_S, AHEAD_S = 900.0, 3600.0
RUN = "import sys; from citytwin.sim.run import run_scenario; run_scenario(*sys.argv[1:], resume=True)"


def measure(folder: Path) -> None:
    """Print what a snapshot of 100,000 people on foot and 20,000 vehicles takes."""
    path = folder / "city.yaml"
    path.write_text(CITY, encoding="utf-8")
    scenario = load_scenario(path)
    network = network_of(scenario)
    trips, on_foot = trips_of(scenario, network), walks_of(scenario, network)
    simulation = Simulation(scenario, network, trips, on_foot=on_foot)
    simulation.run(AT_S)
    walks = 0 if on_foot is None else len(on_foot.walks.id)
    print(f"{walks:,} people on foot and {len(trips.id):,} vehicles, after {AT_S / 60:.0f} minutes")
    seconds: dict[str, list[float]] = {}
    for _ in range(5):
        marks = [time.perf_counter()]
        snapshot = take(simulation)
        marks.append(time.perf_counter())
        write_snapshot(folder / "city.npz", snapshot, {})
        marks.append(time.perf_counter())
        read, _ = read_snapshot(folder / "city.npz")
        marks.append(time.perf_counter())
        restore(simulation, read)
        marks.append(time.perf_counter())
        for name, begun_s, ended_s in zip(("take", "write", "read", "put back"), marks[:-1], marks[1:], strict=True):
            seconds.setdefault(name, []).append(ended_s - begun_s)
    size_mb = (folder / "city.npz").stat().st_size / 1e6
    print(f"{size_mb:.1f} MB; " + ", ".join(f"{name} {min(values):.3f} s" for name, values in seconds.items()))
    begun_s = time.perf_counter()
    simulation.run(AT_S + AHEAD_S)
    restore(simulation, snapshot)
    print(f"an hour ahead and back: {time.perf_counter() - begun_s:.1f} s")


def kill(folder: Path, town: Path, times: int) -> None:
    """Kill a run at random moments, go on, and count how often it ended like one that nobody killed.

    What had ended before it was killed is not counted, and done again.
    """
    whole = run_scenario(town, folder / "whole")
    begun_s = time.perf_counter()
    begin(town, folder / "timed").wait()
    rest_s = time.perf_counter() - begun_s
    alike = killed = too_late = 0
    while killed < times:
        run = folder / f"run {killed + too_late}"
        begun_s = time.perf_counter()
        process = begin(town, run)
        time.sleep(random.uniform(0.0, max(rest_s - (time.perf_counter() - begun_s), 0.0)))
        process.kill()
        process.wait()
        if read_run(run).manifest["status"] == "finished":
            too_late += 1
            continue
        run_scenario(town, run, resume=True)
        killed += 1
        state_hash = read_run(run).summary["state_hash"]
        alike += state_hash == whole.summary["state_hash"] and files_of(run) == files_of(whole.folder)
        shutil.rmtree(run)
        print(f"{killed} killed, {alike} ended alike; {too_late} had ended before", flush=True)


def begin(town: Path, run: Path) -> subprocess.Popen[bytes]:
    """Start a run in a process of its own and wait for its first snapshot."""
    process = subprocess.Popen([sys.executable, "-c", RUN, str(town), str(run)])
    while process.poll() is None and not snapshots_in(run):
        time.sleep(0.002)
    return process


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        measure(Path(made))
        kills = int(sys.argv[1]) if len(sys.argv) > 1 else 50
        for write, times in ((write_busy_town, kills - kills // 2), (write_evacuated_town, kills // 2)):
            folder = Path(made, write.__name__)
            folder.mkdir()
            print(f"{write.__name__}:")
            kill(folder, write(folder), times)
