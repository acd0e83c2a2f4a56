"""Calibrate demand to real counts (BO4Mob) and compare methods at the same budget.

    python benchmarks/calibrate.py [--budget RUNS] [--ours] [INSTANCE …]

Prints for each instance what Gauss-Newton steps reach with how many runs, beside plain SPSA, CMA-ES and random search
at the same budget, and the score of the found demand on the other days of the week. The scores follow the benchmark's
rule (NRMSE over all count links of the hour), the traffic is ours: scores of papers that ran SUMO are no comparison.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from bo4mob import DATA, DRIVERS, load_instance

from citytwin.sim.calibrate.before import look_before
from citytwin.sim.calibrate.gauss_newton import Fitted, GaussNewton
from citytwin.sim.calibrate.gradients import SimultaneousPerturbation, descend
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.losses import Loss, geh, nrmse
from citytwin.sim.calibrate.parameters import Parameters, demand_parameters
from citytwin.sim.calibrate.room import room_of
from citytwin.sim.calibrate.runs import GroupRuns, Simulated
from citytwin.sim.calibrate.searches import CmaSearch, RandomSearch, search
from citytwin.sim.calibrate.trust import congested_branch

CASES = {"1ramp": "221014_06-07", "2corridor": "221014_08-09", "4smallRegion": "221014_08-09"}
WEEKDAYS = ("221010", "221011", "221012", "221013", "221014")
WEIGHT_DECAY = 1e-9  # of the loss at the start: it chooses the least demand where the sensors leave a choice, no more
MEMBERS = 64  # replicas whose time is taken
TIMED = "2corridor"
OTHER_SEEDS = range(11, 19)
LITTLE = 0.01  # of the range: where the search begins; of one vehicle a pair nobody knows how many pass in time
LUCK = tuple(range(4))  # seeds that steps are judged by once streets queue
GOOD = 0.001  # NRMSE at which nobody looks further


class Case:
    """One instance with one hour's counts."""

    def __init__(self, name: str, date_hour: str) -> None:
        self.instance = load_instance(name)
        self.observed = self.instance.observed(date_hour)
        self.loss = Loss(self.observed)
        self.date_hour = date_hour

    def parameters(self, start: float) -> Parameters:
        """Vehicles of each pair; the prior is the least demand."""
        instance = self.instance
        return demand_parameters(
            instance.flows.name, low=instance.low, high=instance.high, prior=instance.low, start=start, scale=100.0
        )

    def given(self) -> np.ndarray:
        """The authors' example demand: more than the streets can take, but for the small instance."""
        with (self.instance.folder / "od_start.csv").open(newline="", encoding="utf-8") as file:
            flows = {f"{row['fromTaz']} {row['toTaz']}": float(row["flow"]) for row in csv.DictReader(file)}
        return np.array([flows[name] for name in self.instance.flows.name])

    def journal(self, budget: int) -> Journal:
        """Runs of this case; demand is rounded as the benchmark rounds it."""
        runs = GroupRuns(self.instance.network, DRIVERS, self.instance.flows, self.observed)
        return Journal(lambda values, seeds: runs(np.round(values, 1), seeds), budget)

    def nrmse_of(self, loss: float) -> float:
        """Mean squared error as the benchmark's score."""
        return float(np.sqrt(loss)) / float(self.observed.value.mean())

    def on_other_days(self, counts: np.ndarray) -> float:
        """Mean score of the same counts on the other weekdays."""
        hour = self.date_hour.split("_")[1]
        simulated = dict(zip(self.observed.sensor_id, counts, strict=True))
        scores = []
        for day in WEEKDAYS:
            if day == self.date_hour[:6]:
                continue
            other = self.instance.observed(f"{day}_{hour}")
            shared = [row for row, sensor in enumerate(other.sensor_id) if sensor in simulated]
            there = np.array([simulated[other.sensor_id[row]] for row in shared])
            scores.append(nrmse(there, other.value[shared]))
        return float(np.mean(scores))


def gauss_newton(case: Case, budget: int, start: np.ndarray | None = None) -> Fitted:
    """Steps from little demand, or from elsewhere; prints what they reach."""
    begun_s = time.process_time()
    little = case.instance.low + LITTLE * (case.instance.high - case.instance.low)
    parameters, journal = case.parameters(little), case.journal(budget)
    decay = WEIGHT_DECAY * float(case.loss(np.zeros(len(case.observed))))
    enough = (GOOD * case.observed.value.mean()) ** 2
    free = journal(parameters.start[np.newaxis], [0])
    instance = case.instance
    facts = (instance.network, DRIVERS, instance.flows, np.ones(len(instance.flows)))
    room = room_of(*facts, parameters, case.observed)
    found = GaussNewton(journal, case.loss, parameters, weight_decay=decay, room=room, enough=enough, seeds=LUCK).run(
        start
    )
    counts = found.simulated.counts[0]
    print(
        f"  Gauss-Newton from {'little demand' if start is None else f'a demand of {start.sum():,.0f}'}: "
        f"NRMSE {nrmse(counts, case.observed.value):.4f} after {found.runs} runs ({found.why}); "
        f"GEH < 5 on {(geh(counts, case.observed.value) < 5).mean():.0%}, demand {found.values.sum():,.0f}, "
        f"found room {found.simulated.entered[0]:.1%}, other weekdays {case.on_other_days(counts):.4f}, "
        f"{time.process_time() - begun_s:.0f} s of CPU"
    )
    print("    runs and scores: " + ", ".join(f"{runs}: {case.nrmse_of(loss):.4f}" for runs, loss in found.history))
    before = look_before(case.loss, parameters, free, free.counts[0])
    print(
        f"    rank {before.seen.rank}, floor {before.floor_nrmse:.4f}, "
        f"{len(before.unknown)} pairs that no sensor sees, {len(before.together)} known only together with others"
    )
    warning = congested_branch(journal, case.loss, parameters, found)
    print(f"    {warning}" if warning else "    no warning of the congested branch", flush=True)
    return found


def with_sumo(case: Case, found: Fitted) -> None:
    """What SUMO's mesoscopic model makes of the same demand, and how long it takes, where it is installed."""
    if not importlib.util.find_spec("sumo"):
        return
    from bo4mob_sumo import sumo_counts

    counts, spent_s = sumo_counts(case.instance, case.observed, found.values)
    print(
        f"  the same demand in SUMO (meso): NRMSE {nrmse(counts, case.observed.value):.4f}, {spent_s:.1f} s", flush=True
    )


def with_other_seeds(case: Case, found: Fitted) -> Simulated:
    """Print what the demand comes to where drivers have other luck than in the search."""
    runs = case.journal(len(OTHER_SEEDS))(np.tile(found.values, (len(OTHER_SEEDS), 1)), list(OTHER_SEEDS))
    scores = sorted(nrmse(counts, case.observed.value) for counts in runs.counts)
    good = np.median([(geh(counts, case.observed.value) < 5).mean() for counts in runs.counts])
    print(
        f"  with {len(scores)} other seeds: NRMSE {', '.join(f'{score:.3f}' for score in scores)}, in the median "
        f"{np.median(scores):.3f}; GEH < 5 on {good:.0%}, other weekdays "
        f"{np.median([case.on_other_days(counts) for counts in runs.counts]):.3f}; found room {runs.entered.min():.0%} "
        f"to {runs.entered.max():.0%}",
        flush=True,
    )
    return runs


def jacobian(case: Case, found: Fitted) -> None:
    """How long replicas around a demand take in one call, and SUMO's mesoscopic model for the same, two at a time."""
    if not importlib.util.find_spec("sumo"):
        return
    from bo4mob_sumo import sumo_counts

    near = np.random.default_rng(0).uniform(0.97, 1.03, (MEMBERS, found.values.size))
    asked = case.parameters(case.instance.low).inside(near * found.values)
    spent = []
    for run in (
        lambda: case.journal(MEMBERS)(asked, [0] * MEMBERS),
        lambda: list(ThreadPoolExecutor(2).map(lambda row: sumo_counts(case.instance, case.observed, row), asked)),
    ):
        clock_s, used = time.perf_counter(), os.times()
        run()
        spent.append((time.perf_counter() - clock_s, sum(os.times()[:4]) - sum(used[:4])))
    (ours_s, ours_cpu_s), (sumo_s, sumo_cpu_s) = spent
    together, alone = case.journal(MEMBERS)(asked, [0] * MEMBERS), case.journal(1)(asked[-1:], [0])
    same = "gives the same" if (together.counts[-1] == alone.counts[0]).all() else "DIFFERS"
    print(
        f"  {MEMBERS} replicas in one call {ours_s:.1f} s ({ours_cpu_s:.1f} s of CPU), in SUMO (meso) {sumo_s:.1f} s "
        f"({sumo_cpu_s:.1f} s): {sumo_cpu_s / ours_cpu_s:.2f} times as fast by CPU, {sumo_s / ours_s:.2f} by clock; "
        f"the last one alone {same}",
        flush=True,
    )


def others(case: Case, budget: int) -> None:
    """The same budget for methods that know nothing of streets."""
    start = case.instance.low + 0.1 * (case.instance.high - case.instance.low)
    parameters = case.parameters(start)
    journal = case.journal(budget)
    gradient = SimultaneousPerturbation(journal, case.loss, parameters, pairs=1, reach=0.5)
    first = gradient(parameters.start, journal(parameters.start[np.newaxis], [0]))
    # The gains of Spall (1998): the first step moves parameters by a twentieth of their range.
    gain = 0.05 * (case.instance.high - case.instance.low) / 100.0 / float(np.abs(first).mean())
    stability = 0.1 * budget / 3
    rates = [gain * ((1 + stability) / (step + 1 + stability)) ** 0.602 for step in range(budget)]
    plain = descend(journal, case.loss, parameters, gradient, rates)
    print(f"  plain SPSA: NRMSE {case.nrmse_of(plain.loss):.4f}", flush=True)
    methods = {"random search": RandomSearch(parameters)}
    if importlib.util.find_spec("cma"):
        methods["CMA-ES"] = CmaSearch(parameters)
    for name, method in methods.items():
        _, loss, _ = search(case.journal(budget), case.loss, parameters, method)
        print(f"  {name}: NRMSE {case.nrmse_of(loss):.4f}", flush=True)


def main() -> None:
    """Print the table."""
    asks = argparse.ArgumentParser()
    asks.add_argument("instances", nargs="*", default=list(CASES))
    asks.add_argument("--budget", type=int, default=50)
    asks.add_argument("--date", help="and hour instead, such as 221012_17-18")
    asks.add_argument("--ours", action="store_true", help="leave out the other methods and the replicas")
    asked = asks.parse_args()
    if not DATA.is_dir():
        print(f"The instances of BO4Mob are not there: {DATA}")
        return
    for name in asked.instances:
        case = Case(name, asked.date or CASES[name])
        print(f"{name} {case.date_hour}: {len(case.instance.flows)} pairs, {len(case.observed)} counts")
        found = gauss_newton(case, asked.budget)
        with_other_seeds(case, found)
        with_sumo(case, found)
        gauss_newton(case, asked.budget, case.given())
        if asked.ours:
            continue
        if name == TIMED:
            jacobian(case, found)
        others(case, asked.budget)


if __name__ == "__main__":
    main()
