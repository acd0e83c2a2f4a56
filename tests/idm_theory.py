"""Work out what the Intelligent Driver Model's own equation says: equilibria, waves, stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from citytwin.kernels.driving import idm_accel

NUDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Idm:
    """One set of parameters, speeds in m/s."""

    v0: float
    T: float
    s0: float
    a: float
    b: float
    length: float

    @classmethod
    def of(cls, params: dict[str, float]) -> Idm:
        """Read a case's parameters."""
        names = ("v0_m_s", "T_s", "s0_m", "a_m_s2", "b_m_s2", "length_m")
        return cls(*(params[name] for name in names))

    @property
    def drivers(self) -> dict[str, float]:
        """The same as a scenario's ``drivers``: everybody alike."""
        return {
            "headway_s": self.T,
            "min_gap_m": self.s0,
            "max_accel_mps2": self.a,
            "comfort_decel_mps2": self.b,
            "length_m": self.length,
            "speed_factor_sd": 0.0,
        }

    def accel(self, speed: float, gap: float, closing: float = 0.0) -> float:
        """Acceleration as the kernels have it."""
        return idm_accel(speed, gap, closing, self.v0, self.T, self.s0, self.a, self.b)

    def gap(self, speed: float) -> float:
        """Gap at which a speed is kept behind a leader of the same speed, m, by bisection."""
        low, high = 0.1, 1e5
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self.accel(speed, middle) < 0.0 else (low, middle)
        return high

    def speed(self, gap: float) -> float:
        """Speed kept at a gap, m/s, by bisection."""
        low, high = 0.0, self.v0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if self.accel(middle, gap) > 0.0 else (low, middle)
        return low

    def speed_at(self, density_per_m: float) -> float:
        """Speed of uniform traffic, m/s."""
        return self.speed(1.0 / density_per_m - self.length)

    def flow(self, speed: float) -> float:
        """Flow of uniform traffic, veh/h."""
        return 3600.0 * speed / (self.gap(speed) + self.length)

    def largest_flow(self) -> tuple[float, float]:
        """Capacity, veh/h, and the speed at which it is reached, m/s."""
        best = max((self.v0 * k / 2000 for k in range(1, 2000)), key=self.flow)
        return self.flow(best), best

    def wave(self, speed: float) -> float:
        """Speed of a small disturbance of uniform traffic, m/s: dQ/dk."""
        low, high = (max(speed + sign * 1e-3, 0.0) for sign in (-1, 1))
        ends = [(v / (self.gap(v) + self.length), 1.0 / (self.gap(v) + self.length)) for v in (low, high)]
        return (ends[1][0] - ends[0][0]) / (ends[1][1] - ends[0][1])

    def margin(self, speed: float) -> float:
        """String stability, 1/s, stable where positive: (∂a/∂v_leader − ∂a/∂v)/2 − dv_e/ds.

        The criterion of Treiber and Kesting (2013), Traffic Flow Dynamics, eq. 15.22 in this form.
        """
        gap, h = self.gap(speed), NUDGE
        by_speed = (self.accel(speed + h, gap, h) - self.accel(speed - h, gap, -h)) / (2 * h)
        by_leader = -(self.accel(speed, gap, h) - self.accel(speed, gap, -h)) / (2 * h)
        slope = (self.speed(gap + 1e-3) - self.speed(gap - 1e-3)) / 2e-3
        return (by_leader - by_speed) / 2 - slope

    def unstable_speeds(self) -> tuple[float, float]:
        """Lowest and highest speed of string-unstable uniform traffic, m/s."""
        speeds = [k * 0.01 for k in range(2, int(self.v0 * 99))]
        unstable = [v for v in speeds if self.margin(v) < 0.0]
        return unstable[0], unstable[-1]


def named_sets(cases: dict[str, Any]) -> dict[str, Idm]:
    """The parameter sets that other cases refer to by name."""
    start = "idm_equilibrium_"
    return {key[len(start) :]: Idm.of(c["setup"]["params"]) for key, c in cases.items() if key.startswith(start)}
