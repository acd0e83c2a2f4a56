"""Measure what a comparison promises: planted changes are found, chance is not, pairing pays, runs cost no more.

    python benchmarks/comparison.py
    python benchmarks/comparison.py --whole-morning

1. 5 % less capacity (drivers keep that much more distance) in the first half hour of Monaco's morning, when its streets
   are far from full: in how many of 20 independent comparisons of 20 seeds is it found at 95 %, by the mean delay and
   by how many trips take longer?
2. No change at all, but other seeds on both sides: how many links are named?
3. Standard error of the difference in mean delay with the same trips and seeds in both scenarios, against the same
   trips with other seeds, and against other trips too (`seed:` in the file), as two separate studies would have.
4. Wall time of 20 seeds of two scenarios of the whole morning against that of their kernels alone.

With ``--whole-morning`` only the first question is asked, of the whole morning, and how much pairing pays for the mean
delay and for other measures of the same trips: 800 runs, two to four hours.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from citytwin.sim.compare import Comparison, compare
from citytwin.sim.compare.differences import mean_delays_s
from citytwin.sim.compare.executor import cores
from citytwin.sim.compare.runs import COST, RUNS
from citytwin.sim.compare.statistics import found_among_many, paired
from citytwin.sim.run import run_scenario

HALF_HOUR = "base: monaco/morning\nname: Half an hour\nduration_s: 1800\n"
# One lane carries 3600 / (headway + (length + gap) / speed): 1.1 s + 7 m / 13.9 m/s; 5 % less is 0.084 s more.
LESS_CAPACITY = "base: {base}\nname: 5 % less capacity\ndrivers: {{headway_s: 1.184}}\n"
RETIMED = (
    "base: half_hour.yaml\nname: Signal retimed\n"
    "events: [{kind: signal_plan, junction: node/21915639, start_s: 0, green_s: [31, 27]}]\n"
)


def found_share(comparison: Comparison, seeds: int) -> tuple[int, int, int]:
    """In how many groups of seeds the mean delay, and more trips, are found longer, and how many groups there are."""
    ours, theirs = mean_delays_s(*comparison.stacks)
    changes = theirs - ours, balance_percent(*(stack.travel_s for stack in comparison.stacks))
    by_delay, by_trips = (int((paired(change.reshape(-1, seeds).T).low > 0.0).sum()) for change in changes)
    return by_delay, by_trips, len(ours) // seeds


def balance_percent(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Trips that take longer minus those that take less, ``[seed]`` %, as the table of the network has it."""
    return 100.0 * np.nanmean(np.sign(theirs - ours), axis=1)


def false_balances(comparison: Comparison, seeds: int) -> tuple[int, int]:
    """How often the balance of trips is found of the base against itself with other seeds, and of how many times."""
    travel_s = comparison.stacks[0].travel_s
    half = len(travel_s) // (2 * seeds) * seeds
    change = balance_percent(travel_s[:half], travel_s[half : 2 * half]).reshape(-1, seeds).T
    return int(paired(change).distinguishable.sum()), change.shape[1]


def false_alarms(comparison: Comparison, seeds: int) -> tuple[int, int, int, int]:
    """Links named, links tested, comparisons that name any, and comparisons, of the base against itself."""
    named, tested, alarmed, done = 0, 0, 0, 0
    base = comparison.stacks[0]
    for first in range(0, len(base.seeds) - 2 * seeds + 1, 2 * seeds):
        one, other = slice(first, first + seeds), slice(first + seeds, first + 2 * seeds)
        for values, resolution in ((base.entered_veh, 1.0), (base.lost_s, 0.0)):
            found = found_among_many(paired(values[other] - values[one], resolution=resolution).p)
            named, tested = named + int(found.sum()), tested + found.size
            alarmed, done = alarmed + int(found.any()), done + 1
    return named, tested, alarmed, done


def pairing_pays(comparison: Comparison, other_trips_s: NDArray[np.float64]) -> tuple[float, float]:
    """Standard error with other seeds, and with other trips too, over that with the same in both scenarios."""
    ours, theirs = mean_delays_s(*comparison.stacks)
    together_s = (theirs - ours).std(ddof=1)
    other_seeds_s = np.sqrt(ours.var(ddof=1) + theirs.var(ddof=1))
    return float(other_seeds_s / together_s), float(np.sqrt(2.0) * other_trips_s.std(ddof=1) / together_s)


def delays_of_other_trips_s(base: Path, seeds: int) -> NDArray[np.float64]:
    """Mean delay with each of so many draws of trips, drivers and all."""
    delays = []
    for seed in range(1, seeds + 1):
        file = base.with_name(f"draw_{seed}.yaml")
        file.write_text(f"base: {base.name}\nseed: {seed}\n", encoding="utf-8")
        delays.append(run_scenario(file, base.parent / "draw").summary["mean_delay_s"])
    return np.array(delays)


def kernel_s(folder: Path) -> float:
    """Seconds of all runs inside the loop."""
    return sum(json.loads(path.read_text())["kernel_s"] for path in (folder / RUNS).glob(f"*/*/{COST}"))


def whole_morning(seeds: int, repetitions: int, workers: int) -> None:
    """Print how often 5 % less capacity is found over the whole morning, and how much pairing pays there."""
    with tempfile.TemporaryDirectory() as name:
        base, less = Path(name) / "morning.yaml", Path(name) / "less.yaml"
        base.write_text("base: monaco/morning\nname: Morning\n", encoding="utf-8")
        less.write_text(LESS_CAPACITY.format(base=base.name), encoding="utf-8")
        found = compare([base, less], seeds=seeds * repetitions, workers=workers, out=Path(name) / "out")
        by_delay, by_trips, groups = found_share(found, seeds)
        print(f"5 % less capacity, the whole morning: found in {by_delay} of {groups} comparisons by the mean delay, ")
        print(f"in {by_trips} by how many trips take longer")
        ours, theirs = mean_delays_s(*found.stacks)
        change = paired((theirs - ours)[:, np.newaxis])
        print(
            f"mean delay {float(change.mean[0]):+.2f} s, {float(change.low[0]):+.2f} to {float(change.high[0]):+.2f} s"
        )
        for what, ratio in pays_by_measure(found).items():
            print(f"{what}: standard error with other seeds {ratio:.2f} times as large")


def pays_by_measure(comparison: Comparison) -> dict[str, float]:
    """How much larger the standard error is of the variant against the base with the next seed, by what is measured.

    Only the first asks for the mean delay. The others ask trips otherwise, so that the few whom chance holds up for
    minutes count less; "the base known exactly" is the least that any number of further base seeds could leave.
    """
    ours, theirs = (stack.delay_s for stack in comparison.stacks)
    pairs = {"same": theirs - ours, "next": theirs - np.roll(ours, 1, axis=0)}
    measures = {
        "mean delay": lambda change: np.nanmean(change, axis=1),
        "mean delay, 5 % of trips cut off at both ends": lambda change: _trimmed(change, 0.05),
        "mean delay, 25 % of trips cut off at both ends": lambda change: _trimmed(change, 0.25),
        "balance of trips": lambda change: np.nanmean(np.sign(change), axis=1),
    }
    found = {what: _ratio(of(pairs["next"]), of(pairs["same"])) for what, of in measures.items()}
    base, variant = (np.nanmean(values, axis=1) for values in (ours, theirs))
    alone = np.hypot(base.std(ddof=1), variant.std(ddof=1))
    left = variant.std(ddof=1) * np.sqrt(1.0 - np.corrcoef(base, variant)[0, 1] ** 2)
    return found | {"mean delay, the base known exactly": float(alone / left)}


def _ratio(other: NDArray[np.float64], same: NDArray[np.float64]) -> float:
    return float(other.std(ddof=1) / same.std(ddof=1))


def _trimmed(change: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Mean without a share of the largest and of the smallest, ``[seed]``."""
    means = []
    for row in change:
        known = np.sort(row[~np.isnan(row)])
        cut = int(share * known.size)
        means.append(known[cut : known.size - cut].mean())
    return np.array(means)


def main() -> None:
    """Run all four and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--workers", type=int, default=cores())
    parser.add_argument("--whole-morning", action="store_true", help="ask the first question of the whole morning")
    options = parser.parse_args()
    seeds, workers = options.seeds, options.workers
    if options.whole_morning:
        whole_morning(seeds, options.repetitions, workers)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in (
            ("half_hour", HALF_HOUR),
            ("less", LESS_CAPACITY.format(base="half_hour.yaml")),
            ("retimed", RETIMED),
        ):
            (folder / f"{file}.yaml").write_text(text, encoding="utf-8")
        base = folder / "half_hour.yaml"
        retimed = compare([base, folder / "retimed.yaml"], seeds=seeds, workers=workers, out=folder / "retimed")
        less = compare(
            [base, folder / "less.yaml"], seeds=seeds * options.repetitions, workers=workers, out=folder / "less"
        )
        by_delay, by_trips, groups = found_share(less, seeds)
        print(
            f"5 % less capacity: found in {by_delay} of {groups} comparisons of {seeds} seeds by the mean delay, ",
            end="",
        )
        print(f"in {by_trips} by how many trips take longer")
        print("no change: the balance of trips named in {} of {} comparisons".format(*false_balances(less, seeds)))
        named, tested, alarmed, done = false_alarms(less, seeds)
        print(f"no change: {named} of {tested:,} links named, in {alarmed} of {done} comparisons")
        other_trips_s = delays_of_other_trips_s(base, seeds)
        for what, comparison in (("one signal retimed", retimed), ("5 % less capacity", less)):
            seeds_only, trips_too = pairing_pays(comparison, other_trips_s)
            print(f"{what}: standard error with other seeds {seeds_only:.1f} times as large, ", end="")
            print(f"with other trips too {trips_too:.1f} times")
        whole = ["monaco/morning", "monaco/signals_retimed"]
        begun_s = time.perf_counter()
        compare(whole, seeds=seeds, workers=workers, out=folder / "whole")
        wall_s = time.perf_counter() - begun_s
        alone_s = kernel_s(folder / "whole") / workers
        print(f"{2 * seeds} runs in {workers} processes: {wall_s:.0f} s, their kernels alone {alone_s:.0f} s: ", end="")
        print(f"{wall_s / alone_s:.2f} times")


if __name__ == "__main__":
    main()
