"""List the numbers of a scenario that a calibration may change, kind by kind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from .air import Accident, Emitted, Pollutant
from .calibrated_numbers import CalibratedNumber, Trouble, looked_up, put, unit_of
from .city import RoadClass
from .drivers import BOUNDS, Parameter, VehicleClass
from .network import CLASS_NAMES, RoadNetwork
from .problems import closest_hint
from .retiming import green_phases
from .scenario import Scenario
from .walk_presets import preset_of

M_PER_DEGREE = 111_320.0  # along a meridian


class DriverNumber(CalibratedNumber):
    """A number of how people drive, the same for all vehicles of a class."""

    key: Parameter = Field(description="Which, as under `drivers` of a scenario: `headway_s`, `min_gap_m` …")
    vehicle_class: VehicleClass = Field("car", description="Whose.")

    @field_validator("key")
    @classmethod
    def _possible(cls, key: Parameter, info: ValidationInfo) -> Parameter:
        low, high = info.data.get("low"), info.data.get("high")
        least, most = BOUNDS[key]
        if low is not None and high is not None and not least <= low < high <= most:
            raise ValueError(f"low and high must lie in {least:g} … {most:g}, low below high.")
        return key

    @property
    def name(self) -> str:
        """What people read."""
        return self.key if self.vehicle_class == "car" else f"{self.key} of {self.vehicle_class}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return unit_of(self.key)

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        of_class = [one for one in scenario.drivers.populations() if one.vehicle_class == self.vehicle_class]
        return float(getattr(of_class[0].drivers, self.key))

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return ("drivers", "classes", self.vehicle_class, self.key)


class RouteSpread(CalibratedNumber):
    """How differently people judge the time that streets take: `routes.perception_noise`."""

    kind: Literal["route_spread"] = Field(description="`route_spread`.")

    @property
    def name(self) -> str:
        """What people read."""
        return "spread of route choice"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "share"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        return scenario.routes.perception_noise

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return ("routes", "perception_noise")


class _OfRoadClass(CalibratedNumber):
    """A multiple of something on all roads of a class."""

    factors: ClassVar[str]  # key of `network` that has them
    words: ClassVar[str]

    road_class: RoadClass = Field(description="Of which roads: `primary`, `residential`, …")

    @property
    def name(self) -> str:
        """What people read."""
        return f"{self.words} on {self.road_class}"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        of_class: dict[str, float] = getattr(scenario.network, self.factors)
        return of_class.get(self.road_class, 1.0)

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return ("network", self.factors, self.road_class)

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        there = sorted({CLASS_NAMES[row] for row in np.unique(network.links.road_class).tolist()})
        if self.road_class not in there:
            yield "road_class", f"no road of the city is of this class. It has: {', '.join(there)}."


class FreeSpeed(_OfRoadClass):
    """Speed of free traffic on roads of a class, as a multiple of the limit: `network.speed_factors`."""

    factors, words = "speed_factors", "free speed"

    kind: Literal["free_speed"] = Field(description="`free_speed`.")

    @property
    def unit(self) -> str:
        """Of its values."""
        return "limits"


class Headway(_OfRoadClass):
    """Headways on roads of a class, as a multiple of the drivers' own, hence capacity: `network.headway_factors`."""

    factors, words = "headway_factors", "headways"

    kind: Literal["headway"] = Field(description="`headway`.")

    @property
    def unit(self) -> str:
        """Of its values."""
        return "times"


class SignalTiming(CalibratedNumber):
    """A time of a signal's programme, over the whole run."""

    kind: Literal["signal"] = Field(description="`signal`.")
    junction: str = Field(min_length=1, description="Id of a signalled junction as listed by `citytwin network`.")
    key: Literal["offset_s", "cycle_s", "green_s"] = Field(
        description="Second at which the cycle begins, length of the cycle, or length of a green phase."
    )
    phase: int = Field(0, ge=0, description="With `green_s`: which green phase, from 0.")

    @property
    def name(self) -> str:
        """What people read."""
        which = f"green {self.phase}" if self.key == "green_s" else self.key.removesuffix("_s")
        return f"{which} of {self.junction}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "s"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        signals, row = network.signals, self._controller(network)
        if self.key == "offset_s":
            return float(signals.offset_s[row])
        if self.key == "cycle_s":
            first, last = signals.phase_start[row : row + 2]
            return float(signals.phase_s[first:last].sum())
        return float(signals.phase_s[green_phases(network, row)[self.phase]])

    def write(self, change: dict[str, Any], scenario: Scenario, network: RoadNetwork, value: float) -> None:
        """Put a value into what a scenario says anew."""
        place = ("events", f"calibrated {self.junction}")
        put(change, (*place, "kind"), "signal_plan")
        put(change, (*place, "start_s"), 0.0)
        put(change, (*place, "junction"), self.junction)
        if self.key != "green_s":
            put(change, (*place, self.key), value)
            return
        row = self._controller(network)
        greens = network.signals.phase_s[green_phases(network, row)].tolist()
        now = change["events"][place[1]].setdefault("green_s", greens)
        now[self.phase] = value

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        names = [network.junctions.id[row] for row in network.signals.junction.tolist()]
        if self.junction not in names:
            said = f"has no signals, or is none.{closest_hint(self.junction, names)} List all: citytwin network FILE."
            yield "junction", said
        elif self.key == "green_s" and self.phase >= len(green_phases(network, self._controller(network))):
            greens = len(green_phases(network, self._controller(network)))
            yield "phase", f"there are {greens} green phases, counted from 0."
        if any(event.id is None for event in scenario.events):
            yield "kind", "events of the scenario need an `id` each, so that a file that inherits it can add to them."

    def _controller(self, network: RoadNetwork) -> int:
        row = network.junction_row[self.junction]
        return int(np.flatnonzero(network.signals.junction == row)[0])


class WalkingNumber(CalibratedNumber):
    """A number of how people walk."""

    kind: Literal["walking"] = Field(description="`walking`.")
    key: Literal["speed_mps", "speed_sd_mps", "door_per_m_s", "door_less_per_s"] = Field(
        description="Which, as under `walking` of a scenario."
    )

    @property
    def name(self) -> str:
        """What people read."""
        return f"walking.{self.key}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return {"door_per_m_s": "people/(m·s)", "door_less_per_s": "people/s"}.get(self.key, "m/s")

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        return float(getattr(preset_of(scenario.walking), self.key))

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return ("walking", self.key)


class EmissionMultiple(CalibratedNumber):
    """How many times as much vehicles emit as their factors say: `air.fleet.multiples`."""

    kind: Literal["emission"] = Field(description="`emission`.")
    emitted: Emitted = Field(description="Of what: `nox`, `pm_exhaust`, `pm_wear`, `co`, `voc`.")

    @property
    def name(self) -> str:
        """What people read."""
        return f"emission factors of {self.emitted}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "times"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        assert scenario.air is not None and scenario.air.fleet is not None, "its troubles were looked at before"
        return scenario.air.fleet.multiples.get(self.emitted, 1.0)

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return ("air", "fleet", "multiples", self.emitted)

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        if scenario.air is None or scenario.air.fleet is None:
            yield "kind", "the scenario says nothing of what vehicles emit (`air.fleet`)."


class _OfSource(CalibratedNumber):
    source: str = Field(min_length=1, description="Id of an entry of `air.sources`.")

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        names = [] if scenario.air is None else [one.id for one in scenario.air.sources]
        if self.source not in names:
            yield "source", f"no such source of `air.sources`.{closest_hint(self.source, names)}"

    def _found(self, scenario: Scenario) -> Any:
        assert scenario.air is not None, "its troubles were looked at before"
        return next(one for one in scenario.air.sources if one.id == self.source)


class SourceRate(_OfSource):
    """What a source emits: g/s of a chimney or an area, g of an accident."""

    kind: Literal["source_rate"] = Field(description="`source_rate`.")
    pollutant: Pollutant = Field(description="Of which pollutant.")

    @property
    def name(self) -> str:
        """What people read."""
        return f"{self.pollutant} of {self.source}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "g/s or g"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        source = self._found(scenario)
        rates = source.released_g if isinstance(source, Accident) else source.rates_gps
        return float(rates.get(self.pollutant, 0.0))

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        key = "released_g" if isinstance(self._found(scenario), Accident) else "rates_gps"
        return "air", "sources", self.source, key, self.pollutant

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        found = list(super().troubles(scenario, network))
        yield from found
        if not found and getattr(self._found(scenario), "rates_file", None) is not None:
            yield "source", "emits by a table (`rates_file`): say `rates_gps` to have its rate calibrated."
        if self.low <= 0.0:
            yield "low", "must be above 0: a source that emits nothing is none."


class SourcePlace(_OfSource):
    """Where a chimney or an accident is: metres from where the scenario has it."""

    kind: Literal["source_place"] = Field(description="`source_place`.")
    towards: Literal["east", "north"] = Field(description="In which direction.")

    @property
    def name(self) -> str:
        """What people read."""
        return f"place of {self.source}, {self.towards}"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "m"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        return 0.0

    def write(self, change: dict[str, Any], scenario: Scenario, network: RoadNetwork, value: float) -> None:
        """Put a value into what a scenario says anew."""
        lon, lat = self._found(scenario).at
        of_source = change.setdefault("air", {}).setdefault("sources", {}).setdefault(self.source, {})
        at = of_source.setdefault("at", [lon, lat])
        if self.towards == "north":
            at[1] = lat + value / M_PER_DEGREE
        else:
            at[0] = lon + value / (M_PER_DEGREE * math.cos(math.radians(lat)))

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        found = list(super().troubles(scenario, network))
        yield from found
        if not found and not hasattr(self._found(scenario), "at"):
            yield "source", "is an area: only chimneys and accidents are looked for."


class Departures(CalibratedNumber):
    """When people set out: multiples of the trips of each slice of time, besides those of pairs or zones."""

    kind: Literal["departures"] = Field(description="`departures`.")
    slice_s: float = Field(900.0, ge=60, le=86_400, description="Length of a slice, s.")

    @property
    def name(self) -> str:
        """What people read."""
        return "departures"

    @property
    def unit(self) -> str:
        """Of its values."""
        return "times"

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        return 1.0

    def write(self, change: dict[str, Any], scenario: Scenario, network: RoadNetwork, value: float) -> None:
        """Put nothing: departures are in the trips."""


class AnyNumber(CalibratedNumber):
    """Any number of a scenario file, by its key."""

    kind: Literal["key"] = Field(description="`key`.")
    key: str = Field(
        pattern=r"^\w+(\.[^.]+)+$",
        description="Where it stands: `routes.reroute_blocked_after_s`; an entry of a list by its id: "
        "`air.sources.plant.height_m`.",
    )

    @property
    def name(self) -> str:
        """What people read."""
        return self.key

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        return float(looked_up(scenario, self.key.split(".")))

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file."""
        return tuple(self.key.split("."))

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        try:
            float(looked_up(scenario, self.key.split(".")))
        except (KeyError, TypeError, ValueError) as error:
            said = error.args[0] if isinstance(error, KeyError) else "is no number of the scenario that has a value."
            yield "key", str(said)


Number = Annotated[
    RouteSpread
    | FreeSpeed
    | Headway
    | SignalTiming
    | WalkingNumber
    | EmissionMultiple
    | SourceRate
    | SourcePlace
    | Departures
    | AnyNumber,
    Field(discriminator="kind"),
]
