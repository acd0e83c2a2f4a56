"""Read a scenario file: what is simulated, where, when, with which demand, events and sensors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PrivateAttr,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
)

from .air import Air
from .air_warnings import AirWarning
from .checkpoint import Checkpoint
from .city import City, ClassDefaults, NetworkOptions
from .crowd_monitor import CrowdMonitor
from .demand_kinds import Demand, DemandScale, OdMatrix, RandomTrips, TripFile
from .drivers import Drivers
from .evacuation import Evacuation
from .events import Event, Incident, RoadClosure, SignalPlan, SpeedLimit
from .hazards import Hazard
from .measures import LowEmissionZone, Measure, Toll
from .patches import Patch
from .period import Period
from .problems import Problem, ScenarioError
from .public_transport import BusLine
from .remedies import Remedies
from .responders import Responders
from .route_choice import Routes
from .signal_control import SignalControl
from .street_changes import StreetChange
from .strict import InputFile, Listed, Strict, begins_in_run
from .told import Report, Values
from .walking import WalkDemand, Walking
from .yaml_lines import Written

__all__ = [
    "BusLine",
    "Checkpoint",
    "City",
    "ClassDefaults",
    "Demand",
    "DemandScale",
    "Drivers",
    "Evacuation",
    "Event",
    "Incident",
    "Loop",
    "LowEmissionZone",
    "NetworkOptions",
    "OdMatrix",
    "Outputs",
    "RandomTrips",
    "RoadClosure",
    "Routes",
    "Scenario",
    "SignalControl",
    "SignalPlan",
    "SpeedLimit",
    "Toll",
    "TripFile",
    "Walking",
    "check_scenario",
    "load_scenario",
    "scenario_schema",
]

LONGEST_RUN_S = 7 * 86_400.0
FIRST_YEAR, LAST_YEAR = 1900, 9998  # in which opening hours are known, and a run does not end after the last date


class Loop(Strict):
    """An induction loop: counts vehicles and measures their speed at a cross-section."""

    kind: Literal["loop"] = Field(description="`loop`.")
    id: str | None = Field(None, min_length=1, description="A name of your own.")
    link: str = Field(min_length=1, description="Link id as listed by `citytwin network`.")
    lane: int | None = Field(None, ge=0, description="Lane, 0 at the kerb. Left out: all lanes.")
    position_m: float | None = Field(
        None, ge=0, description="Metres from the beginning of the link. Left out: its middle."
    )
    every_s: float = Field(300.0, ge=1, le=86_400, description="Length of the counting interval, s.")
    observed: InputFile | None = Field(
        None, description="What was counted there, for `citytwin calibrate` (CSV): `value`, and `time` or `time_s`."
    )


class Outputs(Strict):
    """What a run writes and how often."""

    links_every_s: float = Field(300.0, ge=1, le=86_400, description="Interval of the table of links, s.")
    network_every_s: float = Field(60.0, ge=1, le=86_400, description="Interval of the table of the whole network, s.")
    stuck_after_s: float = Field(300.0, ge=30, description="A vehicle that has not moved for so long is stuck, s.")
    sumo: Listed[Literal["edgedata", "tripinfo", "fcd"]] = Field(
        (), description="Files in SUMO's formats besides: `edgedata` (every `links_every_s`), `tripinfo`, `fcd`."
    )
    sumo_gzip: bool = Field(False, description="Pack these files with gzip.")
    fcd_every_s: float = Field(1.0, ge=0.1, le=86_400, description="Rhythm of `fcd`, s.")
    fcd_links: Listed[str] = Field((), description="Links whose vehicles `fcd` tells of. Left out: all.")


DATE_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?"})


def _date_text(value: object) -> object:
    if not isinstance(value, (str, dt.datetime)):
        raise ValueError('must be a date and time such as "2026-05-04T07:00"')
    return value


def _known_year(start: dt.datetime) -> dt.datetime:
    if not FIRST_YEAR <= start.year <= LAST_YEAR:
        raise ValueError(f"must lie in a year from {FIRST_YEAR} to {LAST_YEAR}")
    return start


class Scenario(Strict):
    """One run: a city, a time span, who travels, what happens, what is measured."""

    citytwin: Literal[1] = Field(description="Version of the file format: 1.")
    name: str = Field(min_length=1, max_length=200, description="What people call it.")
    base: str | None = Field(
        None, description="Scenario file that this one changes, relative to it, or a bundled one (`monaco/morning`)."
    )
    seed: int = Field(0, ge=0, le=2**63 - 1, description="Starts the random numbers; the same seed gives the same run.")
    start: Annotated[
        dt.datetime, BeforeValidator(_date_text), Field(strict=False), AfterValidator(_known_year), DATE_SCHEMA
    ] = Field(description='Date and time of the run\'s beginning, local: `"2026-05-04T07:00"`.')
    duration_s: float = Field(gt=0, le=LONGEST_RUN_S, description="Length of the run, s.")
    step_s: float = Field(1.0, ge=0.1, le=1, description="Length of one step of the simulation, s.")
    city: City = Field(description="Whose streets.")
    network: NetworkOptions = Field(
        default_factory=NetworkOptions, description="How the streets are read: what is assumed where the map is silent."
    )
    streets: Listed[StreetChange] = Field(
        (),
        description="What a plan changes in the streets for good, one after the other: any number of these. What "
        "happens for a time only stands under `events`.",
    )
    demand: Listed[Annotated[Demand, AfterValidator(begins_in_run)]] = Field(
        (), description="Who travels: any number of these."
    )
    demand_changes: Listed[Annotated[DemandScale, AfterValidator(begins_in_run)]] = Field(
        (), description="How many travel more or fewer than `demand` says: any number of these, one after the other."
    )
    events: Listed[Annotated[Event, AfterValidator(begins_in_run)]] = Field(
        (), description="What happens: any number of these. What has not ended when the run does is cut short."
    )
    measures: Listed[Annotated[Measure, AfterValidator(begins_in_run)]] = Field(
        (),
        description="What drivers have to pay, where some may not drive, what is done against bad air: any number of "
        "these.",
    )
    air_warnings: Listed[AirWarning] = Field((), description="Who is warned of bad air: any number of these.")
    hazards: Listed[Annotated[Hazard, AfterValidator(begins_in_run)]] = Field(
        (), description="Floods, smoke, fires and areas that nobody can pass: any number of these."
    )
    public_transport: Listed[Annotated[BusLine, AfterValidator(begins_in_run)]] = Field(
        (), description="Lines of buses: any number of these."
    )
    walks: Listed[Annotated[WalkDemand, AfterValidator(begins_in_run)]] = Field(
        (), description="Who walks: any number of these, on the links that `citytwin network --walk` lists."
    )
    walking: Walking = Field(default_factory=Walking, description="How people walk.")
    evacuation: Evacuation | None = Field(
        None, description="Who is told to leave, and where people are safe. Left out: nobody has to."
    )
    patches: Listed[Patch] = Field(
        (), description="Squares and gates in which people walk in the plane. Left out: everybody walks on links."
    )
    crowd_monitor: CrowdMonitor | None = Field(
        None, description="Watches how dense people stand and walk, and warns. Left out: nobody does."
    )
    responders: Responders | None = Field(None, description="Who answers calls for help.")
    air: Air | None = Field(None, description="What is emitted and breathed. Left out: nobody asks.")
    sensors: Listed[Loop] = Field((), description="What is measured on the streets.")
    signals: SignalControl = Field(default_factory=SignalControl, description="Who decides at signals.")
    outputs: Outputs = Field(default_factory=Outputs, description="What is written.")
    checkpoint: Checkpoint | None = Field(
        None, description="How often the run is kept, to go on from there. Left out: never."
    )
    drivers: Drivers = Field(default_factory=Drivers, description="How people drive.")
    routes: Routes = Field(default_factory=Routes, validate_default=True, description="How people find their way.")
    remedies: Remedies = Field(default_factory=Remedies, description="What drivers do when traffic stands still.")
    report: Report = Field(default_factory=Report, description="What a comparison tells besides.")
    values: Values | None = Field(None, description="What time is worth, to weigh a plan's gains against its cost.")

    _files: tuple[Path, ...] = PrivateAttr(())
    _source_map: Written | None = PrivateAttr(None)
    _left_out: frozenset[str] = PrivateAttr(frozenset())

    @field_validator("routes")
    @classmethod
    def _tolls_are_weighed(cls, routes: Routes, info: ValidationInfo) -> Routes:
        tolls = any(isinstance(measure, Toll) for measure in info.data.get("measures", ()))
        if tolls and "car" not in routes.value_of_time_per_h:
            said = (
                "with a toll, say what drivers would pay to save an hour: `routes: {value_of_time_per_h: {car: 12}}`."
            )
            raise ValueError(said)
        return routes

    @field_validator("patches", "crowd_monitor")
    @classmethod
    def _somebody_walks(cls, given: Any, info: ValidationInfo) -> Any:
        walks, evacuation = info.data.get("walks", "wrong"), info.data.get("evacuation")
        if given and not walks and evacuation is None:
            raise ValueError("nobody walks in this scenario. Say who does under `walks`, or leave this out.")
        return given

    @property
    def files(self) -> tuple[Path, ...]:
        """The scenario file and those it inherits from, itself first; none where it was made in Python."""
        return self._files

    @property
    def file(self) -> Path | None:
        """The scenario file; None where it was made in Python."""
        return self._files[0] if self._files else None

    @property
    def folder(self) -> Path:
        """Where its file lies. Paths in the model are already followed."""
        return self._files[0].parent if self._files else Path()

    @property
    def source_map(self) -> Written | None:
        """Where each value was written, for problems that show later; None where it was made in Python."""
        return self._source_map

    def lacks(self, part: str) -> bool:
        """Whether something of a part is written but wrong, and was left out so that the rest can be checked.

        A part is a section (`air`), a key of it (`air.fleet`), or the entry of a list (`air.sources[plant]`).
        """
        whole = {part, part.partition("[")[0], part.partition(".")[0]}
        return any(one in whole or one.startswith((f"{part}.", f"{part}[")) for one in self._left_out)

    @property
    def left_out(self) -> frozenset[str]:
        """All of that, named as in ``lacks``."""
        return self._left_out

    @property
    def period(self) -> Period:
        """When the run takes place."""
        return Period.lasting(self.start, self.duration_s)

    @property
    def everyday_events(self) -> tuple[Event, ...]:
        """Events that hold from the beginning of the run to its end: so it is on every day."""
        duration_s = self.duration_s
        return tuple(
            event
            for event in self.events
            if event.start_s == 0.0 and (event.end_s is None or event.end_s >= duration_s)
        )

    def input_files(self) -> tuple[Path, ...]:
        """Every file this scenario is made of: its own, those it inherits from, the city's, the tables'."""
        return tuple(dict.fromkeys([*self._files, *_paths(self)]))


def _paths(part: object) -> Iterator[Path]:
    if isinstance(part, Path):
        yield part
    elif isinstance(part, Strict):
        for _, value in part:
            yield from _paths(value)
    elif isinstance(part, tuple):
        for value in part:
            yield from _paths(value)


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario file with everything it inherits.

    Parameters
    ----------
    path
        A file, or the name of a bundled scenario such as ``monaco/morning``.

    Raises
    ------
    ScenarioError
        With every problem of the file and those it inherits from. Whether its links exist in the network is checked by
        ``check_against_network``, what stands in its tables by ``check_demand_files``.
    """
    from .read_scenario import read_scenario

    reading = read_scenario(path)
    if reading.scenario is None:
        raise ScenarioError(reading.problems)
    return reading.scenario


def check_scenario(path: str | Path, *, with_network: bool = True) -> list[Problem]:
    """Every problem of a scenario file in one go: the file, its bases, its tables, its streets.

    Never raises for bad input. ``with_network=False`` leaves out what needs the streets: whether links, lanes and
    junctions exist.
    """
    from .read_scenario import check_everything

    return check_everything(path, with_network=with_network)


def scenario_schema() -> dict[str, Any]:
    """JSON Schema of scenario files, for editors that complete and check while one types."""
    from .schema import make_schema

    return make_schema(Scenario)
