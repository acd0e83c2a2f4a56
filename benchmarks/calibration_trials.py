"""Plant demand in traffic of its own and see how much of it is found again, how sure, and along which gradient.

    python benchmarks/calibration_trials.py [--trials 50] [--steps 100] [--grid]

On three networks (a grid, Monaco, Helsinki), for as many pairs as sensors tell apart and for more: how far the found
demand is off, where it is known. On the grid besides: how often 90 % intervals hold the truth, by resampling and by
an ensemble; the cosine of each gradient with finite differences, in free streets and in queues; and how often one step
lowers the loss with other luck. A few minutes on one core.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np

from citytwin.agents.routes import Router
from citytwin.scenarios.drivers import Drivers
from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.observed import Observed
from citytwin.scenarios.synthetic import grid_city
from citytwin.sim.calibrate.combinations import combinations
from citytwin.sim.calibrate.flows import Flows
from citytwin.sim.calibrate.gauss_newton import Fitted, GaussNewton
from citytwin.sim.calibrate.gradients import FiniteDifference, FrozenProportions, SimultaneousPerturbation
from citytwin.sim.calibrate.journal import Journal
from citytwin.sim.calibrate.losses import Loss
from citytwin.sim.calibrate.parameters import Parameters, demand_parameters
from citytwin.sim.calibrate.proportions import seen_by
from citytwin.sim.calibrate.runs import GroupRuns
from citytwin.sim.calibrate.slopes import frozen_slopes
from citytwin.sim.calibrate.smoother import ensemble_around
from citytwin.sim.calibrate.trust import examine_fit
from citytwin.sim.network_check import find_network

HOUR_S = 3600.0
UNTIL_S = HOUR_S / 2.0
ALL_VPH = 1200.0  # vehicles of all pairs together: streets stay free of queues that do not clear
PLANTED_S = 2.0 * HOUR_S  # so that one vehicle more or less is no 2 % of what is looked for
LOOKS = range(100, 104)  # seeds of runs that say who passes what: of few vehicles one run shows luck besides
ENSEMBLES, MEMBERS = 10, 40  # trials that an ensemble is made for, too
STEP, SEEDS = 0.5, 8  # scales to both sides, and runs of each, that gradients are held against
DAY = 10_000  # seeds of the days that are observed begin here


@dataclass(frozen=True)
class Town:
    """A network with pairs, sensors and a planted demand."""

    name: str
    runs: GroupRuns
    truth: np.ndarray
    mean: float  # vehicles of a pair, before chance

    @property
    def parameters(self) -> Parameters:
        """Nothing is believed of the pairs but their bounds."""
        names, mean = self.runs.groups.name, self.mean
        return demand_parameters(names, low=0.0, high=10.0 * mean, prior=0.0, start=0.3 * mean, scale=0.1 * mean)

    def day(self, seed: int, rng: np.random.Generator | None = None) -> Loss:
        """What sensors saw of the truth on a day, with Poisson's chance of counting where there is one."""
        seen = self.runs(self.truth[np.newaxis], [DAY + seed]).counts[0]
        observed = self.runs.gauges.observed
        return Loss(replace(observed, value=seen if rng is None else rng.poisson(seen).astype(float)), "poisson")

    def fit(self, loss: Loss, *, budget: int = 12, seed: int = 0) -> tuple[Fitted, Journal]:
        """Gauss-Newton steps from three tenths of the mean pair."""
        journal = Journal(self.runs, budget)
        return GaussNewton(journal, loss, self.parameters, seeds=(seed,)).run(), journal


def make_town(
    name: str, network: RoadNetwork, pairs: int, sensors: int, seed: int = 1, until_s: float = UNTIL_S
) -> Town:
    """Pairs on their quickest routes, and sensors where most pass; where there are enough, one where each is alone."""
    rng, router = np.random.default_rng(seed), Router(network)
    routes: list[list[int]] = []
    while len(routes) < pairs:
        ends = rng.integers(0, network.link_count, (2, 64)).astype(np.int32)
        found = router.plan(ends[0], ends[1], np.arange(64, dtype=np.uint64), noise=0.0, seed=0)
        each = [found.link[found.start[row] : found.start[row + 1]].tolist() for row in range(64)]
        length_m = [float(network.links.length_m[route].sum()) for route in each]
        routes += [route for route, metres in zip(each, length_m, strict=True) if 400.0 < metres < 1500.0]
    routes = routes[:pairs]
    passed = np.bincount(np.concatenate(routes), minlength=network.link_count)
    least = [min(route, key=lambda link: passed[link]) for route in routes]  # where each is least among others
    links = np.array(list(dict.fromkeys([*least, *np.argsort(-passed, kind="stable").tolist()])), np.int32)
    links = links[:sensors] if sensors >= pairs else np.argsort(-passed, kind="stable")[:sensors].astype(np.int32)
    names = [network.links.id[link] for link in links]
    observed = Observed.counts(names, links, 0.0, until_s, np.ones(len(links)))
    flows = Flows.of([f"pair {row}" for row in range(pairs)], routes, 0.0, until_s)
    mean = ALL_VPH * until_s / HOUR_S / pairs
    return Town(name, GroupRuns(network, Drivers(), flows, observed), rng.uniform(0.5, 1.5, pairs) * mean, mean)


def planted(town: Town) -> None:
    """How far what was found is off, pair by pair where they are known and as sums where only those are."""
    loss, parameters = town.day(0), town.parameters
    found, journal = town.fit(loss, budget=40)
    looked = town.runs(np.tile(parameters.start, (len(LOOKS), 1)), list(LOOKS))
    seen = seen_by(frozen_slopes(looked, parameters), loss, parameters)
    single = seen.known_share > 0.99
    off = np.abs(found.values / town.truth - 1.0)
    told = combinations(seen, parameters)
    print(
        f"{town.name}: {len(parameters)} pairs, {len(loss.observed)} sensors, rank {seen.rank}; after {journal.runs} "
        f"runs NRMSE {loss.nrmse(found.simulated.counts[0], loss.observed.weight > 0.0):.4f}, "
        f"{found.simulated.entered[0]:.1%} found room"
    )
    if single.any():
        words = f"{single.sum()} pairs are known by themselves"
        print(f"  {words}: off by {off[single].mean():.1%}, at most {off[single].max():.1%}")
    if len(told.known):
        sums = told.known @ town.truth
        away = np.abs(told.known @ found.values - sums) / (np.abs(told.known) @ town.truth)
        words = f"{len(sums)} sums are known, such as {told.known_in_words[0]}"
        print(f"  {words}: off by {away.mean():.1%}, at most {away.max():.1%}")
    if len(told.unseen):
        print(f"  {len(told.unseen)} changes show nowhere, such as {told.unseen_in_words[0]}", flush=True)


def coverage(town: Town, trials: int) -> None:
    """How often intervals hold what was planted: counts of Poisson's chance on a day with luck of its own."""
    inside: dict[str, list[np.ndarray]] = {"resampled counts": [], "an ensemble (ES-MDA)": []}
    width: dict[str, list[float]] = {name: [] for name in inside}
    for trial in range(trials):
        loss = town.day(trial, np.random.default_rng(trial))
        found, journal = town.fit(loss, budget=8, seed=trial)
        journal.budget = 10_000
        first = 1000 * (trial + 1)
        trust = examine_fit(
            journal, loss, town.parameters, found, before=found.simulated.counts[0], seeds=list(range(first, first + 5))
        )
        ends = {"resampled counts": (trust.low, trust.high)}
        if trial < ENSEMBLES:
            around = ensemble_around(journal, loss, town.parameters, found, MEMBERS, first_seed=first + 5, seed=trial)
            ends["an ensemble (ES-MDA)"] = around.interval()
        for name, (low, high) in ends.items():
            inside[name].append((low <= town.truth) & (high >= town.truth))
            width[name].append(float(np.mean((high - low) / town.truth)))
    for name, held in inside.items():
        print(
            f"90 % intervals from {name} hold the truth in {np.mean(held):.0%} of {np.size(held)} cases "
            f"({len(held)} trials, mean width {np.mean(width[name]):.0%} of the truth)",
            flush=True,
        )


def gradients(town: Town) -> None:
    """Cosine of each gradient with finite differences to both sides, mean of eight seeds, by how busy streets are."""
    loss, parameters = replace(town.day(0), name="l2"), town.parameters
    for factor in (1.3, 8.0):
        at, runs = factor * town.truth, Journal(town.runs, 100_000)
        run = runs(at[np.newaxis], [0])
        ends = np.concatenate([at + side * np.diag(STEP * parameters.scale) for side in (1.0, -1.0)])
        losses = np.mean([loss(runs(ends, [seed] * len(ends)).counts) for seed in range(SEEDS)], axis=0)
        true = (losses[: len(at)] - losses[len(at) :]) / (2.0 * STEP)
        told = []
        for gradient in (
            FrozenProportions(loss, parameters),
            FiniteDifference(runs, loss, parameters, seeds=(0, 1, 2, 3)),
            SimultaneousPerturbation(runs, loss, parameters, pairs=16, reach=0.5),
            SimultaneousPerturbation(runs, loss, parameters, pairs=16, reach=0.5, weights=True),
        ):
            found = gradient(at, run)
            cosine = float(found @ true / np.linalg.norm(found) / np.linalg.norm(true))
            told.append(f"{gradient.name} {cosine:.2f}")
        print(f"{factor:g} times the demand, {run.entered[0]:.0%} found room: " + ", ".join(told), flush=True)


def steps(town: Town, trials: int) -> None:
    """How often one step from a demand that is off lowers the loss with luck it was not made with."""
    better = 0
    for trial in range(trials):
        rng = np.random.default_rng(trial)
        loss = town.day(trial, rng)
        start = town.truth * rng.uniform(0.6, 1.4, town.truth.size)
        found = GaussNewton(Journal(town.runs, 2), loss, town.parameters, seeds=(trial,)).run(start)
        before, after = loss(town.runs(np.stack([start, found.values]), [5_000 + trial] * 2).counts)
        better += bool(after < before)
    print(f"one step lowers the loss with other luck in {better} of {trials} trials", flush=True)


def main() -> None:
    """Print the figures."""
    asks = argparse.ArgumentParser()
    asks.add_argument("--trials", type=int, default=50)
    asks.add_argument("--steps", type=int, default=100)
    asks.add_argument("--grid", action="store_true", help="leave out the other networks")
    asks.add_argument("--planted", action="store_true", help="leave out all but what is found again")
    asked = asks.parse_args()
    begun_s = time.process_time()
    grid = build_network(grid_city(4, 4, block_m=120))
    networks = {"a grid": grid, "Monaco": find_network("monaco").network, "Helsinki": find_network("helsinki").network}
    for name, network in [] if asked.grid else networks.items():
        planted(make_town(name, network, 10, 25, until_s=PLANTED_S))
        planted(make_town(name, network, 30, 12, until_s=PLANTED_S))
    if asked.planted:
        return
    town = make_town("a grid", grid, 10, 25)
    coverage(town, asked.trials)
    gradients(town)
    steps(town, asked.steps)
    print(f"{time.process_time() - begun_s:.0f} s of CPU")


if __name__ == "__main__":
    main()
