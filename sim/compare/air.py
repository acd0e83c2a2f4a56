"""Compare the air: concentrations, emissions, doses, time above limits, warnings and gas, with every seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .pairs import joined, mean, numbers, row
from .statistics import found_among_many, paired

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run
    from .pairs import Pair
    from .stacks import Stack

Floats = NDArray[np.float64]

NAMES = {"nox": "NOx", "no2": "NO2", "pm10": "PM10", "pm25": "PM2.5", "co": "CO", "voc": "VOC"}
PREFERRED = ("no2", "nox", "pm25", "pm10", "co", "voc")  # the first one that there is stands for the air
KINDS = ("everybody", "residents", "receptor", "above", "dose", "emissions", "warning", "gas")
ALL = "all"
MEAN, PEAK = "mean", "highest interval"
EXPECTED_LOST = "incapacitated, expected"
FINE = {"µg/m³": 1e-3, "µg": 1e-3, "kg": 1e-6, "h": 1e-3, "person-h": 1e-3, "min": 1e-3, "people": 1e-3}  # by unit


class Told(NamedTuple):
    """What a figure is about."""

    kind: str  # of KINDS
    of: str  # receptor, zone, group, source, warning
    quantity: str
    unit: str
    step: float = 0.0  # of what is counted

    @property
    def resolution(self) -> float:
        """How finely it is told: what differs by less is the noise of sums."""
        return self.step or FINE[self.unit]


@dataclass(frozen=True, slots=True, eq=False)
class Breathed:
    """The air of one scenario with every seed."""

    figures: dict[Told, Floats]  # [seed]
    grid: pd.DataFrame  # receptor, entry, x_m, y_m of the grids
    grid_ugm3: dict[str, Floats]  # pollutant -> [seed, receptor of ``grid``] mean over the run


def read_breathed(runs: Sequence[Run]) -> Breathed | None:
    """The air of the runs of one scenario; None where nobody asks for it and there is no gas."""
    if not any(key in runs[0].summary for key in ("air", "air_warnings")) and runs[0].gas_zones.empty:
        return None
    told = [dict(_figures(run)) for run in runs]
    every = dict.fromkeys(key for one in told for key in one)
    figures = {key: np.array([one.get(key, 0.0) for one in told]) for key in every}  # who is missing emits nothing
    places = runs[0].air_places
    grid = places.loc[places["kind"] == "grid", ["receptor", "entry", "x_m", "y_m"]].reset_index(drop=True)
    means = [_means(run) for run in runs] if len(grid) else []
    pollutants: list[str] = means[0].index.unique("pollutant").tolist() if means else []
    of_grid = {
        str(name): np.array(
            [one.xs(name, level="pollutant").reindex(grid["receptor"]).to_numpy(float) for one in means]
        )
        for name in pollutants
    }
    return Breathed(figures, grid, of_grid)


def _means(run: Run) -> pd.Series[float]:
    """Mean over the run by receptor and pollutant."""
    table = run.air_receptors
    span_s = table["interval_end_s"] - table["interval_start_s"]
    sums = table.assign(span=span_s, whole=span_s * table["concentration_ugm3"]).groupby(["receptor", "pollutant"])
    both = sums[["whole", "span"]].sum()
    return both["whole"] / both["span"]


def _figures(run: Run) -> Iterator[tuple[Told, float]]:
    if "air" in run.summary:
        yield from _concentrations(run)
        yield from _above(run)
        yield from _doses(run)
        yield from _emissions(run)
    yield from _warnings(run)
    yield from _casualties(run)


def _concentrations(run: Run) -> Iterator[tuple[Told, float]]:
    """Mean and highest interval at points, in zones over their people, and over everybody."""
    table = run.air_receptors.merge(run.air_places[["receptor", "entry", "kind", "people"]], on="receptor")
    table = table[table["kind"] != "grid"]
    if table.empty:
        return
    at_home = table["kind"] == "residents"
    table = table.assign(
        weight=np.where(at_home, table["people"], 1.0), kind=np.where(at_home, "residents", "receptor")
    )
    parts = [table]
    if at_home.any():
        parts.append(table[at_home].assign(kind="everybody", entry="all residents"))
    for part in parts:
        weighted = part.assign(ugm3=part["weight"] * part["concentration_ugm3"])
        keys = ["kind", "entry", "pollutant", "interval_start_s", "interval_end_s"]
        by = weighted.groupby(keys, sort=False)[["ugm3", "weight"]].sum().reset_index()
        by = by.assign(ugm3=by["ugm3"] / by["weight"], span=by["interval_end_s"] - by["interval_start_s"])
        for (kind, entry, pollutant), own in by.groupby(["kind", "entry", "pollutant"], sort=False):
            name = NAMES[str(pollutant)]
            whole = float((own["ugm3"] * own["span"]).sum() / own["span"].sum())
            yield Told(str(kind), str(entry), f"{MEAN} {name}", "µg/m³"), whole
            yield Told(str(kind), str(entry), f"{PEAK} {name}", "µg/m³"), float(own["ugm3"].max())


def _above(run: Run) -> Iterator[tuple[Told, float]]:
    """Time above limits of each group and zone; at points that of one person."""
    known = run.air_above[run.air_above["limit_ugm3"].notna()]
    by = known.groupby(["group", "zone", "pollutant"], sort=False)["above_h"].sum().reset_index()
    for group, zone, pollutant, hours in by.itertuples(index=False):
        who = f"{group} {zone}".strip().replace("_", " ") if group != "point" else str(zone)
        unit = "h" if group == "point" else "person-h"
        yield Told("above", who, f"{NAMES[str(pollutant)]} above the limit", unit), float(hours)


def _doses(run: Run) -> Iterator[tuple[Told, float]]:
    """What somebody of each group inhales, on average."""
    doses = run.air_doses
    if doses.empty:
        return
    bicycles = set(run.trips.loc[run.trips["vehicle_class"] == "bicycle", "trip_id"])
    cycles = (doses["mode"] == "vehicle") & doses["person"].isin(bicycles)
    words = {"vehicle": "in vehicles", "on_foot": "on foot", "home": "residents"}
    group = np.where(cycles, "on bicycles", doses["mode"].map(words))
    doses = doses.assign(group=group, whole=doses["people"] * doses["inhaled_ug"])
    by = doses.groupby(["group", "pollutant"], sort=False)[["whole", "people"]].sum().reset_index()
    for name, pollutant, whole, people in by.itertuples(index=False):
        yield Told("dose", str(name), f"inhaled {NAMES[str(pollutant)]} a person", "µg"), float(whole / people)


def _emissions(run: Run) -> Iterator[tuple[Told, float]]:
    """What each class of vehicles and each source emitted, and all together."""
    table = run.air_sources.groupby(["source", "pollutant"], sort=False)["emitted_g"].sum().reset_index()
    for source, pollutant, emitted_g in table.itertuples(index=False):
        if emitted_g > 0.0:
            yield Told("emissions", str(source), f"{NAMES[str(pollutant)]} emitted", "kg"), float(emitted_g) / 1000.0
    for pollutant, emitted_g in table.groupby("pollutant", sort=False)["emitted_g"].sum().items():
        yield Told("emissions", ALL, f"{NAMES[str(pollutant)]} emitted", "kg"), float(emitted_g) / 1000.0
    co2_kg = (run.summary["air"].get("traffic") or {}).get("co2_kg")
    if co2_kg is not None:
        yield Told("emissions", "traffic", "CO2 emitted", "kg"), float(co2_kg)


def _warnings(run: Run) -> Iterator[tuple[Told, float]]:
    """How often each level was raised, and for how long any was in force."""
    for name, told in (run.summary.get("air_warnings") or {}).items():
        for level, count in told["raised"].items():
            yield Told("warning", name, f"{level} raised", "times", 1.0), float(count)
        seen = run.air_watch[run.air_watch["warning"] == name]
        until_s = np.append(seen["t_s"].to_numpy(float)[1:], float(run.summary["sim_s"]))
        lasts_s = np.maximum(until_s - seen["t_s"].to_numpy(float), 0.0)
        yield (
            Told("warning", name, "in force", "min"),
            float(lasts_s[(seen["level"] != "none").to_numpy()].sum()) / 60.0,
        )


def _casualties(run: Run) -> Iterator[tuple[Told, float]]:
    """Who breathed how much gas, by zone."""
    for told in run.gas_zones.to_dict("records"):
        zone = "not evacuated" if told["zone"] == "others" else str(told["zone"])
        for quantity, key in (
            ("in the cloud", "exposed"),
            ("lasting harm or hardly able to escape", "level_2"),
            ("danger to life", "level_3"),
            ("incapacitated", "incapacitated"),
        ):
            yield Told("gas", f"{told['hazard']}: {zone}", quantity, "people", 1.0), float(told[key])
        expected = float(told["expected_incapacitated"])
        yield Told("gas", f"{told['hazard']}: {zone}", EXPECTED_LOST, "people"), expected


def air(pair: Pair) -> pd.DataFrame:
    """What a variant changes in the air; nothing where nobody asks for it in one of both."""
    ours, theirs = (one.breathed for one in pair.stacks)
    if ours is None or theirs is None:
        return joined([], "kind", "of")
    every = sorted(dict.fromkeys([*ours.figures, *theirs.figures]), key=lambda told: KINDS.index(told.kind))
    rows = []
    for told in every:
        if told.kind in ("everybody", "residents", "receptor", "dose") and not (
            told in ours.figures and told in theirs.figures
        ):
            continue  # a place or group that only one of both asks for
        sides = [one.figures.get(told, np.zeros(len(pair.base.seeds))) for one in (ours, theirs)]
        of = {"kind": told.kind, "of": told.of}
        rows.append(row(told.quantity, told.unit, *sides, resolution=told.resolution, of=of))
    return joined(rows, "kind", "of")


def air_grid(pair: Pair) -> pd.DataFrame:
    """Mean concentrations at the receptors of grids of both; ``found`` holds for those of a pollutant together."""
    import pandas as pd

    ours, theirs = (one.breathed for one in pair.stacks)
    empty = joined([], "receptor", "entry", "x_m", "y_m").assign(found=False)
    if ours is None or theirs is None or not ours.grid.equals(theirs.grid):
        return empty
    parts = [empty]
    for name in ours.grid_ugm3:
        if name not in theirs.grid_ugm3:
            continue
        one, other = ours.grid_ugm3[name], theirs.grid_ugm3[name]
        table = numbers(paired(other - one, resolution=FINE["µg/m³"]), mean(one.T), mean(other.T))
        table["found"] = found_among_many(table["p"].to_numpy(dtype=float))
        about = ours.grid.assign(quantity=f"{MEAN} {NAMES[name]}", unit="µg/m³")
        parts.append(pd.concat([about, table], axis=1))
    return pd.concat(parts[1:], ignore_index=True) if len(parts) > 1 else empty


def residents_ugm3(stack: Stack) -> tuple[str, Floats] | None:
    """What all residents breathe of the pollutant that stands for the air: what it is, and with every seed."""
    figures = {} if stack.breathed is None else stack.breathed.figures
    for name in PREFERRED:
        told = Told("everybody", "all residents", f"{MEAN} {NAMES[name]}", "µg/m³")
        if told in figures:
            return f"{told.quantity} of all residents", figures[told]
    return None


def expected_lost(stack: Stack) -> Floats | None:
    """How many people all gas is expected to incapacitate, ``[seed]``; None without gas."""
    figures = {} if stack.breathed is None else stack.breathed.figures
    own = [
        values for told, values in figures.items() if told.quantity == EXPECTED_LOST and told.of.endswith(f": {ALL}")
    ]
    return np.sum(own, axis=0) if own else None
