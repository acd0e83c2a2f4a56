"""Say how people drive: a model of car following, its parameters, and how they differ from driver to driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .strict import Listed, Strict

Model: TypeAlias = Literal["idm", "idm_plus", "krauss", "acc"]
MODELS = ("idm", "idm_plus", "krauss", "acc")  # in the order of kernels.driving: IDM, IDM_PLUS, KRAUSS, ACC

VehicleClass: TypeAlias = Literal["car", "truck", "bus", "emergency", "bicycle"]
Parameter: TypeAlias = Literal[
    "headway_s",
    "min_gap_m",
    "max_accel_mps2",
    "comfort_decel_mps2",
    "length_m",
    "critical_gap_s",
    "imperfection",
]
BOUNDS: Mapping[str, tuple[float, float]] = {
    "headway_s": (0.5, 5.0),
    "min_gap_m": (0.5, 10.0),
    "max_accel_mps2": (0.3, 5.0),
    "comfort_decel_mps2": (0.3, 6.0),
    "speed_factor_mean": (0.5, 1.5),
    "speed_factor_sd": (0.0, 0.3),
    "length_m": (1.5, 20.0),
    "critical_gap_s": (1.0, 15.0),
    "imperfection": (0.0, 1.0),
    "power_per_mass_w_per_kg": (2.0, 200.0),
    "top_speed_mps": (1.0, 100.0),
    "zebra_yield_share": (0.0, 1.0),
}


def _number(name: str) -> Any:
    low, high = BOUNDS[name]
    return Field(ge=low, le=high)


Headway = Annotated[float, _number("headway_s")]
MinGap = Annotated[float, _number("min_gap_m")]
MaxAccel = Annotated[float, _number("max_accel_mps2")]
ComfortDecel = Annotated[float, _number("comfort_decel_mps2")]
SpeedFactor = Annotated[float, _number("speed_factor_mean")]
SpeedFactorSd = Annotated[float, _number("speed_factor_sd")]
Length = Annotated[float, _number("length_m")]
CriticalGap = Annotated[float, _number("critical_gap_s")]
Imperfection = Annotated[float, _number("imperfection")]
TopSpeed = Annotated[float, _number("top_speed_mps")]
Power = Annotated[float, _number("power_per_mass_w_per_kg")]
ZebraYieldShare = Annotated[float, _number("zebra_yield_share")]


class Spread(Strict):
    """How a parameter differs from driver to driver; its mean is the parameter itself."""

    sd: float = Field(gt=0, le=10, description="Standard deviation, in the parameter's unit.")
    shape: Literal["normal", "lognormal"] = Field("normal", description="Distribution.")
    least: float | None = Field(None, ge=0, description="Nobody has less. Left out: the parameter's own lower bound.")
    most: float | None = Field(None, ge=0, description="Nobody has more. Left out: the parameter's own upper bound.")

    @field_validator("most")
    @classmethod
    def _not_below_least(cls, most: float | None, info: ValidationInfo) -> float | None:
        least = info.data.get("least")
        if most is not None and least is not None and most < least:
            raise ValueError(f"must not be below least ({least:g}).")
        return most


class DriverChange(Strict):
    """What is different for some drivers; what is left out is as for all."""

    model: Model | None = Field(None, description="Car following.")
    headway_s: Headway | None = Field(None, description="Time gap, s.")
    min_gap_m: MinGap | None = Field(None, description="Gap when standing, m.")
    max_accel_mps2: MaxAccel | None = Field(None, description="Acceleration, m/s².")
    comfort_decel_mps2: ComfortDecel | None = Field(None, description="Comfortable deceleration, m/s².")
    speed_factor_mean: SpeedFactor | None = Field(None, description="Wanted speed as a share of the limit, mean.")
    speed_factor_sd: SpeedFactorSd | None = Field(None, description="The same, standard deviation.")
    length_m: Length | None = Field(None, description="Length of the vehicle, m.")
    critical_gap_s: CriticalGap | None = Field(None, description="Gap they accept, s.")
    imperfection: Imperfection | None = Field(None, description="Krauss' σ.")
    power_per_mass_w_per_kg: Power | None = Field(None, description="Power at the wheels per mass, W/kg.")
    top_speed_mps: TopSpeed | None = Field(None, description="Wanted speed where the limit is higher, mean, m/s.")
    zebra_yield_share: ZebraYieldShare | None = Field(None, description="How many stop at zebras for who waits.")
    spread: dict[Parameter, Spread] | None = Field(None, description="Parameters that differ from driver to driver.")


class OtherDrivers(DriverChange):
    """Some vehicles of a class that drive differently, such as automated ones."""

    share: float = Field(gt=0, le=1, description="How many of the class.")
    vehicle_class: VehicleClass = Field("car", description="Of which class.")


class Drivers(Strict):
    """How people drive. What stands here holds for all; `classes` and `others` change it for some."""

    model: Model = Field(
        "idm",
        description="Car following: `idm`, `idm_plus`, `krauss` (with chance: `imperfection`), or `acc`, adaptive "
        "cruise control, for automated vehicles.",
    )
    # Chosen together, at the signal of tests/validation/test_signals.py: queues leave at 1,730 vehicles an hour and
    # lane (HCM 7: 1,750 to 1,900), delays are Webster's within 15 %, and a motorway lane carries less than 2,400.
    headway_s: Headway = Field(1.1, description="Time gap they want to the vehicle in front, s.")
    min_gap_m: MinGap = Field(2.0, description="Gap when standing, m.")
    max_accel_mps2: MaxAccel = Field(1.7, description="Acceleration on a free road, m/s².")
    comfort_decel_mps2: ComfortDecel = Field(2.0, description="Deceleration they like, m/s².")
    max_decel_mps2: float = Field(6.0, ge=2, le=12, description="Deceleration they are capable of, m/s².")
    speed_factor_mean: SpeedFactor = Field(1.0, description="Wanted speed as a share of the limit, mean.")
    speed_factor_sd: SpeedFactorSd = Field(0.1, description="The same, standard deviation.")
    length_m: Length = Field(4.5, description="Length of a car, m.")
    critical_gap_s: CriticalGap = Field(
        4.5, description="Gap they accept for a permitted turn at a signal, s; others are in proportion."
    )
    imperfection: Imperfection = Field(
        0.0, description="Share of one step's acceleration that is lost by chance at most: Krauss' σ, often 0.5."
    )
    power_per_mass_w_per_kg: Power | None = Field(
        None,
        description="Power at the wheels per mass of the vehicle, W/kg: it limits speed uphill with `network: {slopes: "
        "true}`. Left out: 7.5 for trucks (the 120 kg/kW of AASHTO's design truck, less a tenth on the way to the "
        "wheels), no limit for all others.",
    )
    top_speed_mps: TopSpeed | None = Field(
        None,
        description="Wanted speed where the limit is higher, m/s; speed_factor_mean and _sd hold for it too. Left out: "
        "4.5 for bicycles, for all others the limit.",
    )
    passing_clearance_m: float = Field(
        1.5, ge=0.5, le=3, description="Distance to the side that they keep from a bicycle when they pass it, m."
    )
    zebra_yield_share: ZebraYieldShare = Field(
        1.0,
        description="Share of them who stop at marked crossings for people who wait there (with `walks`); all stop for "
        "people who are on a crossing.",
    )
    passes_at_kerb: bool = Field(
        True,
        description="They pass on the kerb side, too, where the limit is above 60 km/h. If not, who is faster than "
        "that stays behind whoever is ahead in the next lane away from the kerb.",
    )
    spread: dict[Parameter, Spread] = Field(
        default_factory=dict, description="Parameters that differ from driver to driver, and how."
    )
    classes: dict[VehicleClass, DriverChange] = Field(
        default_factory=dict, description="What is different for `car`, `truck`, `bus`, `emergency` or `bicycle`."
    )
    others: Listed[OtherDrivers] = Field((), description="Some vehicles of a class that drive differently.")

    @field_validator("max_decel_mps2")
    @classmethod
    def _not_below_comfort(cls, max_decel: float, info: ValidationInfo) -> float:
        comfort = info.data.get("comfort_decel_mps2")
        if comfort is not None and max_decel < comfort:
            raise ValueError(f"must not be below comfort_decel_mps2 ({comfort:g}).")
        return max_decel

    @model_validator(mode="after")
    def _shares_fit(self) -> Drivers:
        for name in OF_CLASS:
            total = sum(other.share for other in self.others if other.vehicle_class == name)
            if total > 1.0 + 1e-9:
                raise ValueError(f"the shares of `{name}` in others add up to {total:g}, which is more than 1.")
        return self

    def populations(self) -> list[Population]:
        """All who drive alike but for chance, in the order of ``VEHICLE_CLASSES``, the rest of each class first."""
        found = []
        for name, own in OF_CLASS.items():
            change = self.classes.get(name)
            whole = _merged(_merged(self, own), {} if change is None else _written(change))
            others = [other for other in self.others if other.vehicle_class == name]
            rest = 1.0 - sum(other.share for other in others)
            found.append(Population(name, max(rest, 0.0), whole))
            found += [Population(name, other.share, _merged(whole, _written(other))) for other in others]
        return found


# What lorries, buses and bicycles have of their own unless `classes` says otherwise. Bicycles: mean speed of cyclists
# in Copenhagen (16.2 km/h, Bicycle Account 2008); length as in AASHTO's guide for bicycle facilities (2012);
# acceleration, deceleration, gap and spread as SUMO has them by default; the critical gap is what crossing 14 m takes,
# with 3 s for setting off as HCM 7 has for people on foot.
OF_CLASS: Mapping[VehicleClass, Mapping[str, Any]] = {
    "car": {},
    "truck": {"length_m": 12.0, "max_accel_mps2": 0.8, "power_per_mass_w_per_kg": 7.5},
    "bus": {"length_m": 12.0, "max_accel_mps2": 1.0},
    "emergency": {},
    "bicycle": {"length_m": 1.8, "max_accel_mps2": 1.2, "comfort_decel_mps2": 3.0, "min_gap_m": 0.5}
    | {"top_speed_mps": 4.5, "critical_gap_s": 6.0},
}


@dataclass(frozen=True, slots=True)
class Population:
    """Drivers of one vehicle class with the same model and the same distributions."""

    vehicle_class: VehicleClass
    share: float  # of the class
    drivers: Drivers  # without `classes` and `others` of its own


def _written(change: DriverChange) -> dict[str, Any]:
    keys = [key for key in Drivers.model_fields if getattr(change, key, None) is not None]
    return {key: getattr(change, key) for key in keys}


def _merged(drivers: Drivers, change: Mapping[str, Any]) -> Drivers:
    """The same with some keys changed; spreads are merged parameter by parameter."""
    spread = {**drivers.spread, **change.get("spread", {})}
    return drivers.model_copy(update={**change, "spread": spread, "classes": {}, "others": ()})
