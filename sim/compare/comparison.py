"""Run a comparison from its scenario files to its tables."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.problems import InputError
from ..outcome import route_facts
from ..run_folder import write_json
from .differences import Differences, differences, mean_delays_s
from .evacuation import evacuation_ranges
from .executor import Executor, choose_executor
from .folder import jobs_left, open_folder
from .forecast import forecast
from .habits import with_habits
from .link_match import LinkMatch
from .plans import Plan, read_plans
from .runs import RunPlan, read_result
from .stacks import Stack, read_stack
from .statistics import paired, seeds_for
from .zones import Zones, zones_of

if TYPE_CHECKING:
    import pandas as pd

    from ..progress import Progress

FEWEST_SEEDS = 2
MOST_SEEDS = 200  # of a comparison that adds seeds by itself
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Comparison:
    """What was compared, and where its tables and runs are."""

    folder: Path
    plans: tuple[Plan, ...]  # the base first
    seeds: tuple[int, ...]
    until: float | None = None  # share of the base's mean delay to which its interval was to be narrowed

    @cached_property
    def stacks(self) -> tuple[Stack, ...]:
        """Results of every plan over all seeds."""
        return tuple(read_stack(self.folder, plan, self.seeds) for plan in self.plans)

    @cached_property
    def differences(self) -> Differences:
        """What every variant changes, as tables."""
        return differences(self.stacks[0], self.stacks[1:], self.zones)

    @cached_property
    def zones(self) -> Zones:
        """Where the trips of the base begin and end."""
        return zones_of(self.plans[0])

    @cached_property
    def equilibrium(self) -> pd.DataFrame:
        """How people got used to the streets of each scenario, an iteration a row; empty where they did not."""
        import pandas as pd

        tables = [
            pd.DataFrame({"scenario": plan.key, **plan.settled.columns()})
            for plan in self.plans
            if plan.settled is not None
        ]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    @cached_property
    def evacuation_ranges(self) -> pd.DataFrame:
        """Figures of every scenario's evacuation with their spread over seeds; empty where there is none."""
        return evacuation_ranges(self.stacks)

    @cached_property
    def narrow_enough(self) -> bool | None:
        """Whether the interval of the mean delay is as narrow as wanted; None where nothing was wanted."""
        return None if self.until is None else _seeds_wanted(self.stacks, self.until) is None

    def plan_of(self, key: str) -> Plan:
        """The base or a variant by its key."""
        return next(plan for plan in self.plans if plan.key == key)

    def links_of(self, variant: str) -> LinkMatch:
        """Which links of a variant are those of the base, which are new, and which of the base are gone."""
        return LinkMatch.of(self.plans[0].network, self.plan_of(variant).network)

    def summary(self) -> dict[str, Any]:
        """The figures for the network, what ran and what came out, as ``--json`` prints them."""
        rows = self.differences.network.to_dict("records")
        return {
            "base": str(self.plans[0].file),
            "seeds": list(self.seeds),
            "narrow_enough": self.narrow_enough,
            "variants": [
                {
                    "file": str(plan.file),
                    "key": plan.key,
                    "network": [row for row in rows if row["variant"] == plan.key],
                }
                for plan in self.plans[1:]
            ],
            "state_hashes": {stack.plan.key: dict(zip(self.seeds, stack.hashes, strict=True)) for stack in self.stacks},
            "routes": {plan.key: route_facts(plan.scenario, plan.settled) for plan in self.plans},
            "folder": str(self.folder),
        }

    def write_report(self) -> Path:
        """Write ``report.html`` into the folder."""
        from ..report.comparison import write_comparison_report

        return write_comparison_report(self)

    def write_geopackage(self) -> Path:
        """Write ``comparison.gpkg`` into the folder, every table with its places, for GIS; GeoParquet besides."""
        from .exports import write_geopackage

        return write_geopackage(self)

    def write_simwrapper(self) -> Path:
        """Write the folder ``simwrapper`` into the folder, with dashboards that SimWrapper shows."""
        from .simwrapper import write_simwrapper

        return write_simwrapper(self)


def compare(
    scenarios: Sequence[str | Path],
    *,
    seeds: int = 20,
    workers: int = 1,
    out: str | Path | None = None,
    resume: bool = False,
    until: float | None = None,
    most_seeds: int = MOST_SEEDS,
    progress: Progress | None = None,
    on: str | None = None,
    executor: Executor | None = None,
) -> Comparison:
    """Run a base and its variants with the same trips and the same chance, and work out what the variants change.

    Parameters
    ----------
    scenarios
        The base, then its variants: scenario files, or names of bundled ones.
    seeds
        How often each is run: with the base's seed and those that follow it.
    workers
        Processes; the result does not depend on it. More than one needs ``if __name__ == "__main__":`` in a script.
    out
        Folder for results and tables; a temporary one when left out.
    resume
        Go on with the comparison in ``out``: what is done is not done again.
    until
        Add seeds until the interval of the difference in mean delay is no wider than this share of the base's mean
        delay to each side.
    most_seeds
        Where adding stops in any case.
    progress
        Who is told how far it is.
    on
        Where the runs are done: ``serial``, ``processes``, ``local-ray`` or ``ray://HOST:PORT`` (extra ``cluster``).
        Left out: here, in as many processes as there are ``workers``.
    executor
        The same as an object, for what ``on`` cannot say.

    Raises
    ------
    InputError
        When scenarios cannot be read or compared, or the folder cannot be used; nothing has been run then.

    Examples
    --------
    >>> found = compare(["monaco/morning", "monaco/road_closed"], seeds=5)  # doctest: +SKIP
    >>> found.differences.network[["quantity", "difference", "low", "high"]]  # doctest: +SKIP
    """
    from ..progress import Silent

    progress = progress or Silent()
    _check_numbers(seeds, most_seeds, until)
    executor = executor or choose_executor(workers, on)
    progress.stage("reading scenarios, streets and trips")
    plans = read_plans(scenarios)
    if on is not None:
        progress.stage(f"computing in {executor.workers} at a time ({on})")
    folder = Path(tempfile.mkdtemp(prefix="citytwin-")) if out is None else Path(out)
    open_folder(folder, plans, resume=resume)
    try:
        plans = with_habits(folder, plans, progress)
        count = seeds
        while True:
            done = _run_seeds(folder, plans, count, executor, progress)
            if until is None or count >= most_seeds:
                break
            wanted = _seeds_wanted([read_stack(folder, plan, done) for plan in plans], until)
            if wanted is None:
                break
            count = min(most_seeds, max(count + 1, min(wanted, 2 * count)))
    finally:
        executor.close()
    progress.stage("comparing")
    comparison = Comparison(folder, tuple(plans), tuple(done), until)
    _write_tables(comparison)
    return comparison


def _check_numbers(seeds: int, most_seeds: int, until: float | None) -> None:
    if seeds < FEWEST_SEEDS:
        text = f"{seeds} {'seed' if seeds == 1 else 'seeds'}: a difference can be told from chance with 2 or more only"
        raise InputError(f"{text}. Give --seeds 20")
    if until is not None and not 0.0 < until < 1.0:
        raise InputError(f"--until {until:%}: must be more than 0 % and less than 100 % of the mean delay.")
    if until is not None and most_seeds < seeds:
        raise InputError(
            f"--most-seeds {most_seeds}: fewer than the {seeds} to begin with. Give more, or --seeds less."
        )


def _run_seeds(
    folder: Path, plans: Sequence[Plan], count: int, executor: Executor, progress: Progress
) -> tuple[int, ...]:
    """Run all plans with so many seeds, as far as that is not done; return the seeds."""
    first = plans[0].scenario.seed
    seeds = tuple(range(first, first + count))
    left = jobs_left(folder, plans, seeds)
    total = count * len(plans)
    work = RunPlan(plans, folder, threads=1 if executor.workers > 1 else None)
    done = total - len(left)
    if done:
        progress.stage(f"{done} of {total} runs are done already")
    if left:
        progress.stage("first run (the first start compiles the kernels, which takes about a minute)")
    for job in executor.run(left[:1], work):
        told = forecast(
            read_result(folder, plans[job.scenario].key, job.seed), runs=len(left) - 1, workers=executor.workers
        )
        progress.stage(told.text())
        done += 1
    for job in executor.run(left[1:], work):
        done += 1
        progress.count(done, total, f"seed {job.seed}, {plans[job.scenario].scenario.name}")
    return seeds


def _seeds_wanted(stacks: Sequence[Stack], until: float) -> int | None:
    """Seeds after which the interval of the mean delay is about narrow enough for all variants; None where it is."""
    wanted = 0
    for variant in stacks[1:]:
        ours, theirs = mean_delays_s(stacks[0], variant)
        result = paired((theirs - ours)[:, np.newaxis])
        target_s = until * abs(float(np.nanmean(ours))) if not np.isnan(ours).all() else np.nan
        if result.half_width[0] > target_s:
            wanted = max(wanted, seeds_for(float(result.sd[0]), target_s) or 10**9)
    return wanted or None


def _write_tables(comparison: Comparison) -> None:
    """Every table that has rows as Parquet and CSV, and the summary."""
    more = {"equilibrium": comparison.equilibrium, "evacuation_ranges": comparison.evacuation_ranges}
    for name, table in {**comparison.differences.tables(), **more}.items():
        if table.empty:
            continue
        table.to_parquet(comparison.folder / f"{name}.parquet", index=False)
        table.to_csv(comparison.folder / f"{name}.csv", index=False)
    write_json(comparison.folder / SUMMARY, comparison.summary())
