"""Read the scenarios of a comparison, and refuse what cannot be compared: every problem at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...scenarios.problems import NO_VALUE, InputError, Problem, ScenarioError
from .routes import routes_of

if TYPE_CHECKING:
    from ...scenarios.network import RoadNetwork
    from ...scenarios.scenario import Scenario
    from ...scenarios.trips import TripTable
    from ..equilibrium import Settled
    from ..walking import OnFoot

ALIKE = {  # what must be the same in all, and why
    "start": "the same hour is compared",
    "duration_s": "the same time span is compared",
    "seed": "trips are drawn by it",
}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """One scenario of a comparison, ready to run. Plans that share streets or trips share the objects."""

    file: Path  # as given
    key: str  # names its results
    scenario: Scenario
    network: RoadNetwork
    trips: TripTable
    routes: dict[str, tuple[int, ...]]  # rows of the links of those that have a name
    on_foot: OnFoot | None = None  # who walks, evacuees among them
    settled: Settled | None = None  # how people got used to the streets, where they did


def read_plans(files: Sequence[str | Path]) -> list[Plan]:
    """Read the base (the first) and its variants, with streets and trips.

    Raises
    ------
    ScenarioError
        With everything that is wrong with any of them, and with what makes them incomparable.
    """
    paths = [Path(file) for file in files]
    scenarios, problems = _scenarios(paths)
    problems += _wrong_list(paths, scenarios)
    base = scenarios[0] if scenarios else None
    for path, scenario in zip(paths[1:], scenarios[1:], strict=True):
        if base is not None and scenario is not None:
            problems += _not_comparable(base, paths[0], scenario, path)
    if problems:
        raise _all_once(problems)
    plans: list[Plan] = []
    shared = _Shared()
    for path, scenario in zip(paths, scenarios, strict=True):
        assert scenario is not None, "those that cannot be read are problems"
        try:
            network = shared.network(scenario)
            trips, routes = shared.trips(scenario, network), routes_of(scenario, network)
            on_foot = shared.on_foot(scenario, network)
            plans.append(Plan(path, f"{len(plans)}_{path.stem}", scenario, network, trips, routes, on_foot))
        except InputError as error:
            problems += _all_of(path, error)
    if problems:
        raise _all_once(problems)
    return plans


def _all_once(problems: Sequence[Problem]) -> ScenarioError:
    """The error for these problems; what several scenarios inherit or share is told once."""
    return ScenarioError(list({str(problem): problem for problem in problems}.values()))


def _scenarios(paths: Sequence[Path]) -> tuple[list[Scenario | None], list[Problem]]:
    """The scenario of each file, None where it cannot be read."""
    from ...scenarios.scenario import load_scenario

    scenarios: list[Scenario | None] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            scenarios.append(load_scenario(path))
        except InputError as error:
            scenarios.append(None)
            problems += _all_of(path, error)
    return scenarios, problems


def _all_of(path: Path, error: InputError) -> list[Problem]:
    from ...scenarios.scenario import check_scenario

    return check_scenario(path) or list(error.problems)


def _wrong_list(paths: Sequence[Path], scenarios: Sequence[Scenario | None]) -> list[Problem]:
    """Files that are given twice, or a base without a variant."""
    if len(paths) < 2:
        return [_of_file(None, "a comparison needs a base and at least one variant: citytwin compare BASE VARIANT")]
    problems = []
    first: dict[Path, int] = {}
    for row, (path, scenario) in enumerate(zip(paths, scenarios, strict=True)):
        if scenario is None or scenario.file is None:
            continue
        before = first.setdefault(scenario.file.resolve(), row)
        if before == row:
            continue
        if before == 0:
            problems.append(_of_file(path, "is the base too: it differs in nothing. Leave it out of the variants."))
        else:
            problems.append(_of_file(path, "is listed twice. Leave one out."))
    return problems


def _of_file(file: Path | None, text: str) -> Problem:
    return Problem(file, None, "", NO_VALUE, text)


def _not_comparable(base: Scenario, base_file: Path, variant: Scenario, file: Path) -> list[Problem]:
    """What a variant has otherwise than its base although it must have the same."""
    problems = []
    if not _same_city(base, variant):
        text = f"is another city than that of {base_file}: only plans for the same streets are compared."
        problems.append(_about(variant, file, "city", text))
    for key, why in ALIKE.items():
        ours, theirs = getattr(variant, key), getattr(base, key)
        if ours != theirs:
            told = f"{theirs:g}" if isinstance(theirs, float) else str(theirs)
            text = f"must be that of {base_file} ({told}): {why}. Leave it out and inherit it: base: {base_file}"
            problems.append(_about(variant, file, key, text))
    if _worth(variant) != _worth(base):
        text = f"must be those of {base_file} but for cost_a_year: all plans are weighed alike. Give them in the base."
        problems.append(_about(variant, file, "values", text))
    if variant.routes.choice != base.routes.choice:
        text = (
            f"must be that of {base_file} ({base.routes.choice}): else people would know the streets of one and be new "
            f"to those of the other. Leave it out and inherit it, or give both the same."
        )
        problems.append(_about(variant, file, "routes.choice", text))
    return problems


def _worth(scenario: Scenario) -> object:
    """What time is worth in a scenario, whatever its plan costs."""
    return None if scenario.values is None else scenario.values.model_copy(update={"cost_a_year": 0.0})


def _same_city(base: Scenario, variant: Scenario) -> bool:
    from ...scenarios.file_contents import same_contents

    sources = base.city.source, variant.city.source
    if isinstance(sources[0], Path) and isinstance(sources[1], Path):
        return same_contents(sources[0], sources[1])
    return sources[0] == sources[1]


def _about(scenario: Scenario, file: Path, key: str, text: str) -> Problem:
    parts = key.split(".")
    if scenario.source_map is None:
        return Problem(file, None, key, reduce(getattr, parts, scenario), text)
    return scenario.source_map.problem(tuple(parts), text)


class _Shared:
    """Streets, trips and walks of several scenarios, held once where they are the same."""

    def __init__(self) -> None:
        self._networks: list[tuple[Any, RoadNetwork]] = []
        self._trips: list[tuple[Any, TripTable]] = []
        self._on_foot: list[tuple[Any, OnFoot | None]] = []

    def network(self, scenario: Scenario) -> RoadNetwork:
        """Streets of a scenario, checked against what it says about them."""
        from ..run import network_of

        key = scenario.city, scenario.network, scenario.period, scenario.streets
        network = network_of(scenario)
        for other, known in self._networks:
            if other == key:
                return known
        self._networks.append((key, network))
        return network

    def trips(self, scenario: Scenario, network: RoadNetwork) -> TripTable:
        """Trips of a scenario."""
        from ..run import trips_of

        made_of = scenario.demand, scenario.demand_changes, scenario.public_transport
        key = made_of, scenario.seed, scenario.duration_s, scenario.city, id(network)
        for other, known in self._trips:
            if other == key:
                return known
        trips = trips_of(scenario, network)
        self._trips.append((key, trips))
        return trips

    def on_foot(self, scenario: Scenario, network: RoadNetwork) -> OnFoot | None:
        """People on foot of a scenario, and those of its evacuation; None where nobody walks."""
        from ..run import walks_of

        made_of = scenario.walks, scenario.walking, scenario.evacuation, scenario.patches
        key = made_of, scenario.seed, scenario.duration_s, id(network)
        for other, known in self._on_foot:
            if other == key:
                return known
        on_foot = walks_of(scenario, network)
        self._on_foot.append((key, on_foot))
        return on_foot
