"""Say what toxic gases do to those who breathe them: guideline levels by duration, and how many a toxic load kills."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .air_index import MOLAR_L

Floats = NDArray[np.float64]

GasName = Literal["ammonia", "chlorine"]
GAS_NAMES: tuple[GasName, ...] = get_args(GasName)

MINUTES = np.array([10.0, 30.0, 60.0, 240.0, 480.0])  # that the guideline levels are for
HOUR = 2  # row of the hour among them
LEVELS = 3
HALF_DIE = 5.0  # probit at which half of the people die


@dataclass(frozen=True, slots=True, eq=False)
class ToxicGas:
    """A gas that harms those who breathe it.

    Attributes
    ----------
    aegl_ppm
        ``[level, duration]``: acute exposure guideline levels 1 to 3 for ``MINUTES``.
    probit_a, probit_b, exponent
        Probit = a + b ln(toxic load); toxic load = sum of ppm to this power times minutes.
    """

    name: str
    molar_mass_gpmol: float
    aegl_ppm: Floats
    probit_a: float
    probit_b: float
    exponent: float

    @property
    def mgm3_per_ppm(self) -> float:
        """Milligrams in a cubic metre of air with 1 ppm, at 25 °C and 101.325 kPa."""
        return self.molar_mass_gpmol / MOLAR_L

    def hour_mgm3(self) -> Floats:
        """The three guideline levels for an hour, mg/m³."""
        return np.asarray(self.aegl_ppm[:, HOUR] * self.mgm3_per_ppm)

    def load(self, mgm3: Floats, span_s: float) -> Floats:
        """Toxic load, ppm^n min, that breathing for a time adds."""
        return np.asarray((np.maximum(mgm3, 0.0) / self.mgm3_per_ppm) ** self.exponent * (span_s / 60.0))

    def death_probability(self, load: Floats) -> Floats:
        """Share of people whom a toxic load kills."""
        from scipy.special import ndtr

        probit = self.probit_a + self.probit_b * np.log(np.maximum(load, 1e-300))
        return np.where(load > 0.0, ndtr(probit - HALF_DIE), 0.0)

    def levels(self, load: Floats, exposed_s: Floats) -> NDArray[np.int64]:
        """Highest guideline level that people have reached, 0 to 3.

        The even concentration that would have given the same toxic load in the same time is held against the levels for
        that time, which are taken as power laws between the durations they are given for; shorter times count as ten
        minutes, longer ones as eight hours.
        """
        minutes = np.clip(exposed_s / 60.0, MINUTES[0], MINUTES[-1])
        even_ppm = (load / minutes) ** (1.0 / self.exponent)
        found = np.zeros(load.size, np.int64)
        for level in range(LEVELS):
            limit = np.exp(np.interp(np.log(minutes), np.log(MINUTES), np.log(self.aegl_ppm[level])))
            found[even_ppm >= limit] = level + 1
        return found


@cache
def toxic_gas(name: GasName) -> ToxicGas:
    """A gas of the table that comes along.

    Examples
    --------
    >>> [float(level) for level in toxic_gas("chlorine").aegl_ppm[:, HOUR]]
    [0.5, 2.0, 20.0]
    """
    from ruamel.yaml import YAML

    text = (resources.files(__package__) / "toxic_gases.yaml").read_text(encoding="utf-8")
    entry: dict[str, Any] = YAML(typ="safe").load(text)[name]
    probit = entry["probit"]
    return ToxicGas(
        name,
        float(entry["molar_mass_gpmol"]),
        np.array(entry["aegl_ppm"], np.float64),
        float(probit["a"]),
        float(probit["b"]),
        float(probit["n"]),
    )
