"""Read SUMO's vehicle types and their distributions, and say which of our classes each drives as."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .problems import NO_VALUE, closest_hint
from .sumo_left_out import LeftOut
from .sumo_xml import Node, SumoFile

# Length (m), acceleration and deceleration (m/s²) of classes that differ from cars (SUMO's manual, «Vehicle Type
# Parameter Defaults»); all others are as passenger cars: 5 m, 2.6 and 4.5 m/s².
CLASS_DEFAULTS: Mapping[str, tuple[float, float, float]] = {
    "bus": (12.0, 1.2, 4.0),
    "coach": (14.0, 2.0, 4.0),
    "truck": (7.1, 1.3, 4.0),
    "trailer": (16.5, 1.1, 4.0),
    "delivery": (6.5, 2.6, 4.5),
    "emergency": (6.5, 2.6, 4.5),
    "motorcycle": (2.2, 6.0, 10.0),
    "moped": (2.1, 1.1, 7.0),
    "bicycle": (1.6, 1.2, 3.0),
}
MIN_GAP_M = {"bicycle": 0.5}  # of all others 2.5
OUR_CLASS: Mapping[str, str] = {
    "truck": "truck",
    "trailer": "truck",
    "bus": "bus",
    "coach": "bus",
    "bicycle": "bicycle",
    **dict.fromkeys(("emergency", "authority", "ignoring"), "emergency"),  # who may drive where others may not
}
AS_CARS = ("private", "hov", "taxi", "evehicle", "delivery", "army", "vip", "motorcycle", "moped", "custom1", "custom2")
CAR = "passenger"
TOP_SPEED_MPS = 200 / 3.6
SPREAD = 0.1  # standard deviation of the speed factor where a type gives none
BUILT_IN = {
    "DEFAULT_VEHTYPE": CAR,
    "DEFAULT_TAXITYPE": "taxi",
    "DEFAULT_BIKETYPE": "bicycle",
    "DEFAULT_PEDTYPE": "pedestrian",
    "DEFAULT_RAILTYPE": "rail",
    "DEFAULT_CONTAINERTYPE": "container",
}
TAKEN = ("id", "vClass", "length", "minGap", "accel", "decel", "tau", "speedFactor", "speedDev", "probability")
LOOKS = (
    *("color", "guiShape", "imgFile", "osgFile", "emissionClass", "width", "height", "personCapacity"),
    *("containerCapacity", "boardingDuration", "loadingDuration", "carriageLength", "locomotiveLength", "carriageGap"),
)
NUMBER = r"\s*([-+0-9.eE]+)\s*"


@dataclass(frozen=True, slots=True)
class VehicleType:
    """How the vehicles of one type drive."""

    id: str
    vehicle_class: str  # SUMO's
    length_m: float
    min_gap_m: float
    accel_mps2: float
    decel_mps2: float
    emergency_decel_mps2: float
    headway_s: float
    sigma: float
    max_speed_mps: float
    speed_factor_mean: float
    speed_factor_sd: float
    model: str

    @property
    def our_class(self) -> str:
        """Class it drives as here; "" where there is none."""
        if self.vehicle_class in OUR_CLASS:
            return OUR_CLASS[self.vehicle_class]
        return "car" if self.vehicle_class == CAR or self.vehicle_class in AS_CARS else ""


@dataclass(slots=True)
class VehicleTypes:
    """All types that files define, and the distributions over them."""

    left_out: LeftOut
    types: dict[str, VehicleType] = field(default_factory=dict)
    choices: dict[str, tuple[Sequence[str], Sequence[float]]] = field(default_factory=dict)

    def take(self, file: SumoFile, node: Node) -> None:
        """Read a ``vType`` or ``vTypeDistribution``."""
        if node.tag == "vType":
            self._take_type(file, node)
            return
        names, shares = [], []
        for inner in node.all("vType"):
            name = self._take_type(file, inner)
            if name:
                names.append(name)
                shares.append(file.number(inner, "probability", 1.0, low=0.0))
        listed = re.split(r"[,\s]+", node.get("vTypes").strip()) if node.get("vTypes") else []
        written = node.get("probabilities").split()
        for place, name in enumerate(listed):
            if name not in self.types:
                file.complain(node, "vTypes", name, f"no such vehicle type.{closest_hint(name, self.types)}")
                continue
            names.append(name)
            shares.append(_float(written[place]) if place < len(written) else 1.0)
        if not names or not sum(shares) > 0:
            file.complain(node, "", NO_VALUE, "holds no vehicle type with a probability above 0.")
            return
        self.choices[file.text(node, "id")] = names, shares

    def find(self, name: str, draw: float) -> VehicleType | None:
        """The type of a vehicle: the named one, one of a distribution by a draw in [0, 1), or a built-in one."""
        if name in self.choices:
            names, shares = self.choices[name]
            name = choose(names, shares, draw)
        if name not in self.types and name in BUILT_IN:
            self.types[name] = _built_in(name)
        return self.types.get(name)

    def names(self) -> list[str]:
        """What a vehicle's ``type`` may be."""
        return [*self.types, *self.choices, *BUILT_IN]

    def _take_type(self, file: SumoFile, node: Node) -> str:
        name, kind = file.text(node, "id"), node.get("vClass", CAR)
        length_m, accel, decel = CLASS_DEFAULTS.get(kind, (5.0, 2.6, 4.5))
        decel = file.number(node, "decel", decel, low=0.01)
        mean, spread = self._speed_factor(file, node)
        read = VehicleType(
            name,
            kind,
            length_m=file.number(node, "length", length_m, low=0.1),
            min_gap_m=file.number(node, "minGap", MIN_GAP_M.get(kind, 2.5), low=0.0),
            accel_mps2=file.number(node, "accel", accel, low=0.01),
            decel_mps2=decel,
            emergency_decel_mps2=file.number(node, "emergencyDecel", max(decel, 9.0), low=0.01),
            headway_s=file.number(node, "tau", 1.0, low=0.0),
            sigma=file.number(node, "sigma", 0.5, low=0.0),
            max_speed_mps=file.number(node, "maxSpeed", TOP_SPEED_MPS, low=0.01),
            speed_factor_mean=mean,
            speed_factor_sd=spread,
            model=node.get("carFollowModel", "Krauss"),
        )
        self.types[name] = read
        known = (*TAKEN, *LOOKS, "sigma", "maxSpeed", "carFollowModel", "emergencyDecel")
        for key in node.attributes:
            if key not in known:
                self.left_out.note(f"vType attribute {key}", f'type "{name}"')
        return name

    def _speed_factor(self, file: SumoFile, node: Node) -> tuple[float, float]:
        """Mean and standard deviation of the wanted speed as a share of the limit."""
        written = node.get("speedFactor")
        spread = file.number(node, "speedDev", SPREAD, low=0.0)
        if not written:
            return 1.0, spread
        drawn = re.fullmatch(rf"normc?\({NUMBER},{NUMBER}(?:,{NUMBER},{NUMBER})?\)", written)
        if drawn:
            return _float(drawn[1]), _float(drawn[2])
        value = _float(written)
        if not value > 0:
            file.complain(node, "speedFactor", written, "must be a number, norm(mean,dev) or normc(mean,dev,min,max).")
        return value, spread


def choose(names: Sequence[str], shares: Sequence[float], draw: float) -> str:
    """The name at a draw in [0, 1) of a distribution; shares need not sum to 1."""
    goal = draw * sum(shares)
    for name, share in zip(names, shares, strict=True):
        goal -= share
        if goal < 0:
            return name
    return names[-1]


def _built_in(name: str) -> VehicleType:
    kind = BUILT_IN[name]
    length_m, accel, decel = CLASS_DEFAULTS.get(kind, (5.0, 2.6, 4.5))
    gap_m = MIN_GAP_M.get(kind, 2.5)
    return VehicleType(name, kind, length_m, gap_m, accel, decel, 9.0, 1.0, 0.5, TOP_SPEED_MPS, 1.0, SPREAD, "Krauss")


def _float(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return math.nan
