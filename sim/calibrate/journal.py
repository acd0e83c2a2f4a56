"""Simulate within a budget and write every simulation down, so that a calibration that was stopped goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ...scenarios.network import Floats
from .runs import Simulated

Simulate = Callable[[Floats, Sequence[int]], Simulated]


class BudgetSpent(Exception):
    """There are not enough runs left for what was asked."""


class Journal:
    """Runs that were made, in order; the same question is never simulated twice.

    A method that is begun again asks the same questions in the same order, since nothing in it is left to chance but
    what its seed says. It gets the written answers at once and goes on from there.

    Parameters
    ----------
    simulate
        Answers ``(values [member, parameter], seeds [member])``.
    budget
        Most runs, those in the folder included.
    folder
        Where answers are kept. Left out: in memory.
    told
        Called after every simulation.
    """

    def __init__(
        self,
        simulate: Simulate,
        budget: int,
        folder: Path | None = None,
        told: Callable[[Journal], None] | None = None,
    ) -> None:
        self._simulate, self.budget, self._folder, self._told = simulate, budget, folder, told
        self._known: dict[str, Simulated] = {}
        self._counted: set[str] = set()  # what was asked since it was begun; asked again, it costs nothing
        self.runs = 0
        self.asked: list[tuple[Floats, int, Simulated]] = []  # every run with its values and seed
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._known = {file.stem: _read(file) for file in sorted(folder.glob("*.npz"))}

    @property
    def left(self) -> int:
        """Runs that may still be made."""
        return self.budget - self.runs

    def __call__(self, values: Floats, seeds: Sequence[int]) -> Simulated:
        """Simulate each row of values with its seed, or remember.

        Raises
        ------
        BudgetSpent
            When there are too few runs left.
        """
        name = _name(values, seeds)
        found = self._known.get(name)
        if found is not None and name in self._counted:
            return found
        if len(values) > self.left:
            raise BudgetSpent
        if found is None:
            found = self._known[name] = self._simulate(values, seeds)
            if self._folder is not None:
                _write(self._folder / f"{name}.npz", found)
        self._counted.add(name)
        self.runs += len(values)
        for row, seed in enumerate(seeds):
            self.asked.append((values[row], int(seed), found.member(row)))
        if self._told is not None:
            self._told(self)
        return found


def _name(values: Floats, seeds: Sequence[int]) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(values, np.float64).tobytes())
    digest.update(np.asarray(seeds, np.int64).tobytes())
    return digest.hexdigest()[:32]


def _read(file: Path) -> Simulated:
    with np.load(file) as arrays:
        return Simulated(**arrays)


def _write(file: Path, found: Simulated) -> None:
    """Put the file into its place whole or not at all."""
    part = file.with_suffix(".part")
    with part.open("wb") as target:
        np.savez_compressed(target, **{name: getattr(found, name) for name in Simulated.__dataclass_fields__})
    part.replace(file)
