"""Join traffic, emissions, weather and air: what is emitted is carried to the receptors, interval by interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from ..agents.air_above import TimeAbove
from ..agents.air_doses import AirDoses
from ..agents.air_field import AirField
from ..agents.cold_engines import cold_distance_m
from ..agents.emissions import TrafficEmissions
from ..agents.remembering import Remembers, State
from ..agents.sources import SourceState, pollutants_of, sources_of
from ..agents.technologies import technologies_of
from ..agents.weather import place_of, weather_of
from ..kernels.air_canyon import CLOSED
from ..kernels.air_chemistry import no2_of_nox
from ..scenarios.air import POLLUTANTS, Accident
from ..scenarios.air_measures import AirDetour
from ..scenarios.air_places import AirInputs, air_inputs, receptor_places, street_places
from ..scenarios.buildings import houses_of
from ..scenarios.problems import NO_VALUE, Problem, ScenarioError
from ..scenarios.street_canyons import StreetSides, street_sides
from ..scenarios.trips import VEHICLE_CLASSES
from .duties import Duty

if TYPE_CHECKING:
    from ..agents.air_weather import Weather
    from ..scenarios.network import RoadNetwork
    from ..scenarios.scenario import Scenario
    from .simulation import Simulation

Floats = NDArray[np.float64]

MICRO = 1e6  # µg in a gram
NOX, NO2 = POLLUTANTS.index("nox"), POLLUTANTS.index("no2")
SETTLED_S = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Interval:
    """What happened to the air in an interval; concentrations are means over it."""

    start_s: float
    end_s: float
    ugm3: Floats  # [receptor, pollutant, contributor]
    species_g: Floats  # [class, link, species] that traffic emitted
    source_g: Floats  # [source, pollutant] that others did


class AirWatch(Remembers):
    """The air of a run: what has been emitted and breathed so far.

    Attributes
    ----------
    contributors
        Whose air it is: vehicle classes, the sources of the scenario, and what comes from elsewhere.
    total_ugm3_s
        ``[receptor, pollutant, contributor]``: concentration times time since the start.
    latest
        The last interval that was closed.
    """

    KEEPS = (
        "allowed",
        "street_ugm3",
        "sources",
        "total_ugm3_s",
        "since_s",
        "begun_s",
        "weather_row",
        "_sum_ugm3_s",
        "_species_g",
        "_source_g",
    )

    def __init__(self, simulation: Simulation, inputs: AirInputs) -> None:
        scenario, model = simulation.scenario, simulation.model
        assert scenario.air is not None, "the air is watched where somebody asks for it"
        self.air, self.inputs, self.network = scenario.air, inputs, model.network
        self.receptors = receptor_places(self.air, model.network)
        self.sides = _sides_of(scenario, model.network)
        self.field = AirField(self.air, model.network, self.receptors, self.sides)
        self.sources: SourceState = sources_of(self.air, model.network)
        self.traffic = _traffic_of(simulation, inputs)
        model.sources, model.traffic_emissions = self.sources, self.traffic
        self.contributors = (*VEHICLE_CLASSES[:-1], *(one.id for one in self.air.sources), "elsewhere")
        self.place = place_of(model.network, scenario.start)
        shape = len(self.receptors.id), len(POLLUTANTS), len(self.contributors)
        self.total_ugm3_s, self._sum_ugm3_s = np.zeros(shape), np.zeros(shape)
        self._species_g = np.zeros((0, 0, 0)) if self.traffic is None else np.zeros_like(self.traffic.grams)
        self._source_g = np.zeros((len(self.air.sources), len(POLLUTANTS)))
        self.since_s = self.begun_s = 0.0
        self.weather_row = inputs.weather.at(0.0)
        self.latest: Interval | None = None
        self.allowed = np.ones(len(self.air.sources))  # share of what each source of the scenario would emit
        self.doses: AirDoses | None = AirDoses(model, self.air.occupants) if self.air.doses else None
        self.above = TimeAbove(self.air, model.network, len(self.receptors.id), scenario.duration_s)
        self.street_ugm3 = np.zeros((model.network.link_count, len(POLLUTANTS)))  # lately, where somebody asks for it
        self._streets: AirField | None = None
        if self.air.doses or any(isinstance(one, AirDetour) and one.pollutant for one in scenario.measures):
            self._streets = AirField(self.air, model.network, street_places(model.network), self.sides)
        self._matrices: dict[tuple[bool, int], tuple[scipy.sparse.csr_array, Floats]] = {}
        self._said: list[str] = [] if self.sides is None else _said_of(self.sides, self.air.canyons.assumed_m)
        elsewhere = [self.air.background_ugm3.get(name, 0.0) for name in POLLUTANTS]
        self._elsewhere = np.array(elsewhere)

    def state(self) -> State:
        """What is kept."""
        more = {"traffic": self.traffic, "doses": self.doses, "above": self.above}
        return {**super().state(), **{name: one.state() for name, one in more.items() if one is not None}}

    def restore(self, state: State) -> None:
        """Be again where it was."""
        super().restore(state)
        for name, one in (("traffic", self.traffic), ("doses", self.doses), ("above", self.above)):
            if one is not None:
                one.restore(state[name])

    def weather(self) -> Weather:
        """How the weather is now."""
        return weather_of(self.inputs.weather, self.weather_row, self.place)

    def carry(self, now_s: float) -> None:
        """Let everything that was emitted since the last time be breathed in the weather that held."""
        span_s = now_s - self.since_s
        if span_s <= SETTLED_S:
            return
        species_g = np.zeros_like(self._species_g) if self.traffic is None else self.traffic.take()
        source_g = span_s * np.array([one.mean_gps(self.since_s, now_s) for one in self.inputs.rates])
        source_g = self.allowed[:, np.newaxis] * source_g.reshape(self._source_g.shape)
        self._species_g += species_g
        self._source_g += source_g
        links = self.network.link_count
        by_class = pollutants_of(species_g) if self.traffic is not None else np.zeros((0, links, len(POLLUTANTS)))
        self.sources.emit(slice(0, links), by_class.sum(axis=0), span_s)
        self.sources.emit(slice(links, None), source_g, span_s)
        rates = now_s, by_class / span_s, source_g / span_s
        self._sum_ugm3_s += span_s * self._concentrations(self.field, *rates)
        if self._streets is not None:
            self.street_ugm3 = self._concentrations(self._streets, *rates).sum(axis=2)
        if self.doses is not None:
            self.doses.breathe(self.street_ugm3, now_s, self.above)
        self.since_s = now_s

    def breathed_ugm3_s(self, now_s: float) -> Floats:
        """Concentration times time since the start, ``[receptor, pollutant]``."""
        self.carry(now_s)
        return np.asarray((self.total_ugm3_s + self._sum_ugm3_s).sum(axis=2))

    def _concentrations(self, field: AirField, now_s: float, class_gps: Floats, source_gps: Floats) -> Floats:
        """µg/m³ by receptor, pollutant and contributor."""
        found = np.zeros((len(field.receptors), len(POLLUTANTS), len(self.contributors)))
        found[:, :, -1] = self._elsewhere
        if found.shape[0]:
            of_links, of_sources = self._now(field)
            for row in range(min(len(class_gps), len(VEHICLE_CLASSES) - 1)):
                if class_gps[row].any():
                    found[:, :, row] = MICRO * (of_links @ class_gps[row])
            first = len(VEHICLE_CLASSES) - 1
            found[:, :, first:-1] = MICRO * np.einsum("rs,sp->rps", of_sources, source_gps)
            for row, one in enumerate(self.air.sources):
                if isinstance(one, Accident) and one.start_s < now_s:
                    share = field.of_accident(one, self.weather(), self.since_s, now_s)
                    grams = np.array([one.released_g.get(name, 0.0) for name in POLLUTANTS])
                    found[:, :, first + row] = MICRO * np.outer(share, grams)
        if self.air.no2_chemistry == "arm2":
            nox = found[:, NOX].sum(axis=1)
            share = np.array([no2_of_nox(value) for value in nox.tolist()]).reshape(nox.shape)
            found[:, NO2] = share[:, np.newaxis] * found[:, NOX]
        return found

    def _now(self, field: AirField) -> tuple[scipy.sparse.csr_array, Floats]:
        """What a release adds in the present weather; worked out once for each."""
        known = field is self.field, self.weather_row
        if known not in self._matrices:
            self._matrices[known] = field.matrices(self.weather())
            self._said += [text for text in field.said if text not in self._said]
        return self._matrices[known]

    def close(self, now_s: float) -> Interval | None:
        """End the interval that began last; None where it has no length."""
        self.carry(now_s)
        span_s = now_s - self.begun_s
        if span_s <= SETTLED_S:
            return None
        closed = Interval(self.begun_s, now_s, self._sum_ugm3_s / span_s, self._species_g.copy(), self._source_g.copy())
        self.total_ugm3_s += self._sum_ugm3_s
        self.above.at_receptors(self.begun_s, now_s, closed.ugm3.sum(axis=2))
        for sums in (self._sum_ugm3_s, self._species_g, self._source_g):
            sums[:] = 0.0
        self.begun_s, self.latest = now_s, closed
        return closed

    def said(self) -> tuple[str, ...]:
        """What was assumed of the weather on the way, in words."""
        return tuple(self._said)


def start_air(simulation: Simulation) -> AirWatch:
    """Put the weather and the looks at the traffic on the clock.

    Raises
    ------
    ScenarioError
        When vehicles drive of which the fleet has no technologies.
    """
    watch = AirWatch(simulation, air_inputs(simulation.scenario))
    simulation.remember("air", watch)
    states = watch.inputs.weather
    for row in np.flatnonzero(states.t_s > 0.0).tolist():
        if states.t_s[row] < simulation.scenario.duration_s:
            simulation.duties.begin(ChangeWeather(watch, row), float(states.t_s[row]))
    if watch.traffic is not None or watch.doses is not None:
        every_s = simulation.scenario.step_s if watch.air.emissions == "vehicles" else watch.air.look_every_s
        simulation.duties.begin(LookAtTraffic(watch, every_s), every_s)
    return watch


class ChangeWeather(Duty):
    """Let the weather change."""

    def __init__(self, watch: AirWatch, row: int) -> None:
        self.name = f"weather {row}"
        self._watch, self._row = watch, row

    def act(self, simulation: Simulation) -> None:
        """Let what was emitted until now be carried by the weather that was, and the rest by the one to come."""
        watch = self._watch
        watch.carry(simulation.env.now)
        watch.weather_row = self._row
        weather = watch.weather()
        said = f"wind {weather.wind_speed_mps:g} m/s from {weather.wind_from_deg:g}°"
        simulation.log("weather", "", f"{said}, mixed up to {weather.mixing_height_m:.0f} m")


class LookAtTraffic(Duty):
    """See who is where, in a rhythm."""

    name = "look at what traffic emits"
    only_looks = True

    def __init__(self, watch: AirWatch, every_s: float) -> None:
        self._watch, self._every_s = watch, every_s

    def act(self, simulation: Simulation) -> float:
        """Look."""
        with simulation.model.fleet.reading():
            if self._watch.traffic is not None:
                self._watch.traffic.look(self._every_s)
            if self._watch.doses is not None:
                self._watch.doses.look(self._every_s)
        return self._every_s


def _sides_of(scenario: Scenario, network: RoadNetwork) -> StreetSides | None:
    """What stands along the streets; None where nobody wants to know or no map says it."""
    assert scenario.air is not None
    wanted = scenario.air.canyons
    if wanted.heights == "none" or scenario.city.osm is None:
        return None
    return street_sides(network, houses_of(scenario.city.osm, network), wanted.assumed_m)


def _said_of(sides: StreetSides, assumed_m: float | None) -> list[str]:
    """What was assumed of houses whose height the map does not say, in words."""
    if not sides.without_height:
        return []
    of = f"the map does not say how high {sides.without_height:,} of {sides.houses:,} houses along the streets are"
    if assumed_m is not None:
        return [f"{of}: they were taken as {assumed_m:g} m high"]
    return [f"{of}: streets between them count as open (`canyons: {{assumed_m: 15}}` would take them as 15 m high)"]


def _traffic_of(simulation: Simulation, inputs: AirInputs) -> TrafficEmissions | None:
    scenario = simulation.scenario
    air = scenario.air
    assert air is not None
    if inputs.shares is None:
        return None
    cold_c = float(inputs.weather.temperature_c[inputs.weather.at(0.0)]) if air.cold_start else None
    kinds = technologies_of(
        inputs.shares,
        inputs.factors,
        cold_at_c=cold_c,
        silt_g_per_m2=air.silt_g_per_m2,
        multiples=air.fleet.multiples if air.fleet else None,
    )
    try:
        return TrafficEmissions(
            simulation.model,
            kinds,
            simulation.seed,
            step_by_step=air.emissions == "vehicles",
            cold_m=0.0 if cold_c is None else cold_distance_m(cold_c),
        )
    except KeyError as error:
        known = ", ".join(inputs.shares.of_class)
        said = f"has no shares of {error.args[0]}, which drives in this scenario, only of: {known}. Add its rows."
        if scenario.source_map is not None:
            raise ScenarioError([scenario.source_map.problem(("air", "fleet"), said)]) from None
        raise ScenarioError([Problem(scenario.file, None, "air.fleet", NO_VALUE, said)]) from None


def air_facts(watch: AirWatch) -> dict[str, Any]:
    """What the air adds to the summary."""
    from ..kernels import emissions as kernel

    emitted: dict[str, float] = {}
    if watch.traffic is not None:
        total = watch.traffic.total_grams.sum(axis=0)
        names = ("nox_kg", "no2_kg", "pm_exhaust_kg", "pm10_wear_kg", "pm25_wear_kg", "co_kg", "voc_kg", "co2_kg")
        emitted = {name: float(total[row]) / 1000.0 for row, name in enumerate(names)}
        emitted["energy_mj"] = float(total[kernel.ENERGY])
    links = watch.network.link_count
    others = {
        watch.sources.id[row]: {
            f"{name}_kg": float(grams) / 1000.0
            for name, grams in zip(POLLUTANTS, watch.sources.emitted_g[row], strict=True)
            if grams > 0.0
        }
        for row in range(links, len(watch.sources.id))
    }
    mean = watch.total_ugm3_s.sum(axis=2) / max(watch.begun_s, SETTLED_S)
    people = watch.receptors.people
    weighted = {
        name: float(people @ mean[:, POLLUTANTS.index(name)]) / float(people.sum())
        for name in watch.air.pollutants
        if people.sum() > 0.0
    }
    facts: dict[str, Any] = {
        "traffic": emitted,
        "sources": others,
        "residents_mean_ugm3": weighted,
        "assumed": list(watch.said()),
    }
    if watch.sides is not None:
        facts["canyons"] = {
            "links": int(watch.sides.closed(CLOSED).sum()),
            "of_links": links,
            "houses": watch.sides.houses,
            "without_height": watch.sides.without_height,
            "assumed_m": watch.air.canyons.assumed_m,
        }
    return {"air": facts}
