"""Compare the ways of people on foot, and how long they wait at crossings, with every seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .pairs import common, joined, mean, row

if TYPE_CHECKING:
    import pandas as pd

    from ..run_folder import Run
    from .pairs import Pair

Floats = NDArray[np.float64]

FIGURES = (  # what is told of walks, its unit, its column
    ("mean travel time", "s", "travel_s"),
    ("mean delay", "s", "delay_s"),
    ("mean wait at crossings", "s", "crossing_s"),
    ("mean distance", "m", "distance_m"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Walked:
    """Walks of one scenario, those of evacuees left out. Arrays are ``[seed, walk]``, NaN of those not arrived."""

    id: tuple[str, ...]
    travel_s: Floats
    delay_s: Floats
    crossing_s: Floats
    distance_m: Floats


def read_walked(runs: Sequence[Run], count: int) -> Walked | None:
    """The first ``count`` walks of the runs of one scenario; None where nobody walks."""
    if not count:
        return None
    tables = [run.walks.iloc[:count] for run in runs]
    arrived = np.array([(table["status"] == "arrived").to_numpy() for table in tables])

    def column(name: str) -> Floats:
        return np.where(arrived, np.array([table[name].to_numpy(dtype=float) for table in tables]), np.nan)

    return Walked(
        tuple(tables[0]["walk_id"]),
        column("travel_time_s"),
        column("delay_s"),
        column("crossing_s"),
        column("distance_m"),
    )


def walks(pair: Pair) -> pd.DataFrame:
    """What a variant changes for people on foot who arrive in both; nothing where nobody walks in one of them."""
    ours, theirs = (one.walked for one in pair.stacks)
    if ours is None or theirs is None:
        return joined([])
    sides = list(zip((ours, theirs), common(ours.id, theirs.id), strict=True))
    arrived = [~np.isnan(one.travel_s[:, own]) for one, own in sides]
    both = arrived[0] & arrived[1]

    def means(name: str) -> list[Floats]:
        return [mean(np.where(both, getattr(one, name)[:, own], np.nan)) for one, own in sides]

    rows = [row(quantity, unit, *means(name)) for quantity, unit, name in FIGURES]
    counts = [one.sum(axis=1).astype(float) for one in arrived]
    return joined([*rows, row("arrived", "people", *counts, resolution=1.0)])
