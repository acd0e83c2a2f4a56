"""Calibrate a scenario from its description to its folder: look before, fit, test, write."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...scenarios.file_contents import content_hash
from ...scenarios.network import Floats
from ...scenarios.observed import KINDS, UNITS
from ...scenarios.problems import NO_VALUE, InputError, Problem
from ...scenarios.sensor_files import files_described
from ..network_check import SCENARIO_ENDINGS
from ..run_folder import versions, write_json
from .acceptance import table_rows
from .before import Before, look_before
from .gauss_newton import JAMMED, Fitted, GaussNewton
from .journal import Journal
from .judged import judged
from .room import Room, room_of
from .runs import GroupRuns
from .setting import Setting, compute_on, set_up
from .slopes import slopes_of_numbers
from .smoother import PASSES, ensemble_around
from .source_search import SourceSearch
from .trust import Trust, examine_fit
from .written import run_as_written, write_tables

if TYPE_CHECKING:
    from ..backend import Backend
    from ..progress import Progress

ABOUT, RUNS = "calibration.json", "simulations"
FRESH = 1_000_003  # seeds that no search uses begin here
LUCK = 2_000_003  # those that a search judges its steps by, besides the scenario's


@dataclass(slots=True)
class Calibration:
    """A calibration that was made."""

    setting: Setting
    before: Before
    as_it_is: Floats  # [reading] of the scenario before anything was fitted
    found: Fitted
    trust: Trust
    runs: int
    as_run_nrmse: float  # of the written scenario as `citytwin run` runs it
    folder: Path

    def as_dict(self) -> dict[str, Any]:
        """Figures, for JSON."""
        before, trust, parameters = self.before, self.trust, self.setting.parameters
        return {
            "scenario": self.setting.scenario.name,
            "parameters": len(parameters),
            "counts": int((self.setting.loss.observed.weight > 0.0).sum()),
            "counts_left_out": int((self.setting.loss.observed.weight == 0.0).sum()),
            "rank": trust.rank,
            "floor_nrmse": before.floor_nrmse,
            "persistence_nrmse": before.persistence_nrmse,
            "before_nrmse": before.as_it_is_nrmse,
            "nrmse": trust.fitted,
            "kinds": kinds_table(self),
            "left_out_nrmse": trust.left_out,
            "left_out_before_nrmse": trust.left_out_before,
            "fresh_seeds_nrmse": trust.fresh_seeds,
            "other_days_nrmse": trust.other_days,
            "as_run_nrmse": self.as_run_nrmse,
            "entered_share": trust.entered,
            "acceptance": {"fitted": self._acceptance(fitted=True), "left_out": self._acceptance(fitted=False)},
            "runs": self.runs,
            "runs_to_best": self.found.runs,
            "ended": self.found.why,
            "slopes": self.found.slopes,
            "history": self.found.history,
            "warning": trust.warning,
            "notes": self.setting.notes,
            "unknown": before.unknown,
            "known_together": before.combinations.known_in_words,
            "unseen_changes": before.combinations.unseen_in_words,
            "intervals": self.setting.asked.intervals,
            "folder": self.folder,
        }

    def _acceptance(self, *, fitted: bool) -> list[dict[str, object]]:
        """What guidelines ask of the readings that were fitted, or left out."""
        chosen = (self.setting.loss.observed.weight > 0.0) == fitted
        return table_rows(judged(self.setting, self.found.simulated.counts[0], chosen))

    def text(self) -> str:
        """The same in a few lines for people."""
        figures = self.as_dict()
        begun = (
            f"{figures['scenario']}: {figures['parameters']} parameters, {figures['counts']} readings fitted, rank "
            f"{figures['rank']}"
        ) + _told(
            "; if all passed the sensors as in the first run, the best demand within the bounds would have NRMSE",
            self.before.floor_nrmse,
            ".",
        )
        ended = (
            f"NRMSE {figures['before_nrmse']:.4f} before, {figures['nrmse']:.4f} after {figures['runs_to_best']} runs "
            f"({figures['ended']}); as `citytwin run` runs it {self.as_run_nrmse:.4f}."
        )
        lines = [
            begun,
            ended,
            f"Fresh seeds {np.mean(self.trust.fresh_seeds):.4f}"
            + _told(", sensors left out", self.trust.left_out)
            + _told(" (before", self.trust.left_out_before, ")")
            + _told(", other days", self.trust.other_days)
            + _told(", those days' own counts", self.trust.persistence)
            + ".",
        ]
        lines += [f"Warning: {self.trust.warning}"] if self.trust.warning else []
        lines += [f"Note: {note}." for note in self.setting.notes]
        return "\n".join(lines)


def kinds_table(found: Calibration) -> list[dict[str, object]]:
    """How far readings of each kind are off, in their own unit: root mean square, before and after, fitted ones."""
    observed, before, after = found.setting.loss.observed, found.as_it_is, found.found.simulated.counts[0]
    rows: list[dict[str, object]] = []
    for kind in np.unique(observed.kind[observed.weight > 0.0]).tolist():
        own = (observed.kind == kind) & (observed.weight > 0.0)
        errors = [float(np.sqrt(np.mean((one - observed.value)[own] ** 2))) for one in (before, after)]
        mean = float(observed.value[own].mean())
        facts = {"kind": KINDS[kind], "unit": UNITS[KINDS[kind]], "readings": int(own.sum()), "mean": mean}
        rows.append(facts | {"rmse_before": errors[0], "rmse": errors[1]})
    return rows


def _told(words: str, value: float, end: str = "") -> str:
    return "" if np.isnan(value) else f"{words} {value:.4f}{end}"


def calibrate(
    file: Path | str,
    out: Path | str,
    *,
    budget: int | None = None,
    force: bool = False,
    resume: bool = False,
    backend: Backend = "auto",
    progress: Progress | None = None,
) -> Calibration:
    """Calibrate and write everything but the report.

    Parameters
    ----------
    file
        Description of the calibration.
    out
        Folder to write: new, empty, or of this calibration when it is to be resumed.
    budget
        Most runs, instead of the description's.
    force
        Fit even to observations that should not be.
    resume
        Go on with what is in the folder.
    backend
        Where the runs are computed; to the same bits.
    progress
        Who is told how far it is.

    Raises
    ------
    InputError
        With every problem of every file; nothing has been run then.
    """
    from ..interrupts import stop_if_asked
    from ..progress import Silent

    file, out, progress = Path(file), Path(out), progress or Silent()
    progress.stage("reading scenario and observations")
    setting, simulate = set_up(file, force=force)
    compute_on(setting, backend)
    asked, loss, parameters = setting.asked, setting.loss, setting.parameters
    most = asked.budget if budget is None else budget
    fresh = [FRESH + number for number in range(asked.seeds)]
    measured = 2 * (len(parameters) - len(parameters.of_kind("demand")))  # runs for the intervals of what is no demand
    members = asked.members if asked.intervals == "es_mda" else 0
    after = len(fresh) + measured + PASSES * members
    if most < after + 2:
        other = f", {measured} for intervals of what is no demand" if measured else ""
        other += f", {PASSES * members} for the ensemble (`members`)" if members else ""
        raise InputError(f"a budget of {most} runs is too small: {len(fresh)} are for fresh seeds (`seeds`){other}.")
    _open(out, setting, resume=resume)

    def told(journal: Journal) -> None:
        progress.count(journal.runs, most, "runs")
        stop_if_asked()

    journal = Journal(simulate, most - after, out / RUNS, told)
    seed = setting.scenario.seed
    progress.stage("simulating (the first start compiles the kernels, which takes about a minute)")
    as_it_is = journal(setting.own[np.newaxis], [seed])
    first = journal(parameters.start[np.newaxis], [seed])
    free = as_it_is if float(as_it_is.entered[0]) >= JAMMED else first  # who passes what where nothing queues
    before = look_before(loss, parameters, free, as_it_is.counts[0], setting.other_days)
    decay = asked.weight_decay * float(loss(first.counts)[0]) / len(parameters)
    rates = setting.source_rates
    if rates is None:
        room = _room(setting)
        seeds = (seed, *range(LUCK, LUCK + asked.luck - 1)) if room is not None else (seed,)
        found = GaussNewton(journal, loss, parameters, weight_decay=decay, seeds=seeds, room=room).run()
    else:
        found = SourceSearch(journal, loss, parameters, rates, weight_decay=decay, seed=seed).run()
    journal.budget = journal.runs + after
    found.linear = slopes_of_numbers(journal, parameters, found.linear, seed)
    trust = examine_fit(
        journal,
        loss,
        parameters,
        found,
        before=as_it_is.counts[0],
        seeds=fresh,
        other_days=setting.other_days if len(setting.other_days) else None,
        spread=setting.instruments.gauges.spread,
    )
    if members:
        around = ensemble_around(journal, loss, parameters, found, members, first_seed=FRESH + len(fresh), seed=seed)
        low, high = around.interval()
        trust = replace(trust, low=low, high=high)
    progress.stage("running the calibrated scenario")
    write_tables(setting, before, found, trust, out)
    result = Calibration(
        setting, before, as_it_is.counts[0], found, trust, journal.runs, run_as_written(setting, out), out
    )
    write_json(out / "summary.json", result.as_dict())
    return result


def _room(setting: Setting) -> Room | None:
    """What streets carry, where every trip keeps the way that is known before it is driven."""
    parameters = setting.parameters
    if not (isinstance(setting.runs, GroupRuns) and parameters.of_kind("demand")):
        return None
    facts = (setting.network, setting.scenario.drivers, setting.groups, setting.groups.number)
    return room_of(*facts, parameters, setting.loss.observed)


def _open(out: Path, setting: Setting, *, resume: bool) -> None:
    """Make the folder, or check that it is of the same calibration."""
    scenario = setting.scenario
    asked = setting.asked
    observed: tuple[Path, ...] = () if asked.observations is None else (asked.observations,)
    if asked.observations is not None and asked.observations.suffix in SCENARIO_ENDINGS:
        observed = files_described(asked.observations)
    inputs = [setting.file, *observed, *(one.file for one in asked.experiments), *scenario.input_files()]
    facts = {
        "program": versions(),
        "inputs": [{"file": file.name, "sha256": content_hash(file)} for file in inputs if file.is_file()],
    }
    about = out / ABOUT
    if out.is_file():
        raise InputError(Problem(out, None, "", NO_VALUE, "is a file. Give a folder: -o DIR"))
    if about.is_file():
        if not resume:
            text = "holds a calibration already. Go on with it: --resume; or give another: -o DIR"
            raise InputError(Problem(out, None, "", NO_VALUE, text))
        import json

        if json.loads(about.read_text(encoding="utf-8")) != json.loads(json.dumps(facts)):
            text = "holds another calibration, or files have changed since. Give a new folder: -o DIR"
            raise InputError(Problem(out, None, "", NO_VALUE, text))
        return
    if out.is_dir() and any(out.iterdir()):
        text = "is not empty and not the folder of a calibration. Give a new one: -o DIR"
        raise InputError(Problem(out, None, "", NO_VALUE, text))
    out.mkdir(parents=True, exist_ok=True)
    write_json(about, facts)
