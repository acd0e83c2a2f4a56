"""Turn a scenario file into a ``Scenario``, or into the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .city import CITY_KEYS, City, NetworkOptions
from .explain import explain
from .inherit import Inherited, bundled_scenarios, find_scenario, read_with_base
from .network import RoadNetwork
from .problems import NO_VALUE, InputError, Problem, closest_file, in_order
from .scenario import LONGEST_RUN_S, Scenario
from .usable_part import UsablePart, names_in, usable_part
from .yaml_lines import Written, key_text

# What stands for a required value that cannot be used, so that the rest can be checked all the same.
STAND_INS: dict[str, object] = {
    "citytwin": 1,
    "name": "unnamed",
    "start": "2000-01-01T00:00",
    "duration_s": LONGEST_RUN_S,
    "city": {"place": "nowhere"},
    "air.meteorology": {"kind": "constant", "wind_mps": 1.0, "wind_from_deg": 0.0},
}
# Parts of a scenario that name places in the network, and the keys under which they do.
NAMING = {
    "network": {"merge", "keep"},
    "demand": {"file", "links", "polygon"},
    "streets": {"link", "links", "junction", "from_link", "to_link"},
    "demand_changes": {"from_polygon", "to_polygon"},
    "events": {"link", "links", "junction"},
    "measures": {"links", "polygon"},
    "hazards": {"file", "rasters", "polygon"},
    "public_transport": {"link", "route"},
    "walks": {"file"},
    "evacuation": {"zones", "zones_file", "groups", "groups_file", "shelters", "shelters_file", "exits"},
    "responders": {"units", "hospitals", "calls", "random_calls"},
    "air": {"at", "polygon"},
    "sensors": {"link"},
    "signals": {"junctions", "groups"},
    "outputs": {"fcd_links"},
    "report": {"links", "origin", "destination"},
}
# Sections whose places are looked up entry by entry, and the keys under which they stand.
WITH_PLACES = ("evacuation", "hazards", "responders", "walks", "patches")
LOOKED_UP = {"at", "file", "link", "links", "polygon", "rasters", "to", "when", "zones"}
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A scenario, or what is wrong with its file; ``tree`` is what could be read in any case."""

    scenario: Scenario | None
    tree: Written | None
    problems: tuple[Problem, ...]
    usable: Scenario | None  # what is right of it, with stand-ins for the rest; the scenario itself where all is right
    left_out: tuple[Place, ...] = ()  # places in the file of what is wrong and not in `usable`


def read_scenario(path: str | Path) -> Reading:
    """Read and check one file with all it inherits; no table and no street is read."""
    file = find_scenario(path)
    if file is None:
        said = f"no such file.{closest_file(Path(path), bundled_scenarios())}"
        return Reading(None, None, (Problem(Path(path), None, "", NO_VALUE, said),), None)
    inherited = read_with_base(file)
    if inherited.tree is None:
        return Reading(None, None, tuple(in_order(inherited.problems)), None)
    usable, left_out, wrong = _validate(inherited, inherited.tree)
    problems = in_order([*inherited.problems, *wrong])
    return Reading(None if problems else usable, inherited.tree, tuple(problems), usable, left_out)


def _validate(inherited: Inherited, tree: Written) -> tuple[Scenario | None, tuple[Place, ...], list[Problem]]:
    """What is right, the places of what was left out for that, and what is wrong."""
    plain: Any = tree.plain()
    plain.setdefault("name", inherited.files[0].stem)
    problems: list[Problem] = []
    misspelt: set[str] = set()  # mappings with an unknown key: what else they lack is probably that one
    scenario: Scenario | None = None
    part: UsablePart[Scenario] = UsablePart(None, tree)
    for _ in range(2):  # again without the unknown keys: rules about several keys are only checked where all are known
        try:
            scenario = Scenario.model_validate(plain)
            break
        except ValidationError as error:
            found, unknown = explain(error, tree, Scenario, files=inherited.files, complete=inherited.complete)
            problems += [problem for problem in found if problem.key not in misspelt]
            for where in unknown:
                _remove(plain, where)
                misspelt.add(key_text(where[:-1]))
            if not unknown:
                part = usable_part(Scenario, tree, STAND_INS)
                scenario = part.whole
                break
    if scenario is not None:
        scenario._files = inherited.files
        scenario._source_map, scenario._left_out = part.tree, part.left_out
    return scenario, part.left_out_at, problems + _double_ids(tree)


def _remove(plain: Any, where: tuple[str | int, ...]) -> None:
    for part in where[:-1]:
        plain = plain[part]
    plain.pop(where[-1], None)


def _double_ids(tree: Written) -> list[Problem]:
    problems = []
    for section in (
        "streets",
        "demand",
        "demand_changes",
        "events",
        "measures",
        "air_warnings",
        "hazards",
        "public_transport",
        "walks",
        "sensors",
    ):
        listed = tree.child(section)
        if listed is None or not isinstance(listed.value, list):
            continue
        first: dict[str, int] = {}
        for row, item in enumerate(listed.value):
            name = item.child("id")
            if name is None or not isinstance(name.value, str):
                continue
            if name.value in first:
                said = f"is the id of {section}[{first[name.value]}] already. Ids differ."
                problems.append(tree.problem((section, row, "id"), said))
            first.setdefault(name.value, row)
    return problems


def check_everything(path: str | Path, *, with_network: bool) -> list[Problem]:
    """What ``check_scenario`` promises."""
    from .air_checks import check_air
    from .air_places import check_air_places
    from .hazard_checks import check_hazards
    from .responder_places import check_responders
    from .trips import check_demand_files
    from .walk_demand import check_walks

    reading = read_scenario(path)
    problems = list(reading.problems)
    network = None
    if with_network and reading.tree is not None:
        network, wrong = _load_streets(reading)
        problems += wrong
    if network is not None:
        from .references import check_against_network

        problems += check_against_network(reading.usable, reading.tree, network)
    elif with_network and reading.tree is not None:
        problems += _not_looked_up(reading.tree, problems)
    usable = reading.usable
    if usable is not None:
        found = check_demand_files(usable, network) + check_walks(usable, network)
        if usable.evacuation is not None:
            from .evacuation_places import check_evacuation

            found += check_evacuation(usable, network)
        found += check_air(usable, network) + check_hazards(usable, network)
        found += check_responders(usable, network) + check_air_places(usable, network)
        problems += _not_told_before(found, reading)
    if network is not None:
        problems += _not_looked_at(reading, problems)
    return in_order(problems)


def _not_told_before(found: Sequence[Problem], reading: Reading) -> Iterator[Problem]:
    """Problems without those that only follow from what is wrong in the file and was left out for the moment."""
    assert reading.tree is not None, "they were found in it"
    left_out = reading.left_out
    names, places = names_in(reading.tree, left_out), {key_text(place) for place in left_out}
    around = {key_text(place[:depth]) for place in left_out for depth in range(1, len(place))}
    for problem in found:
        is_named = isinstance(problem.value, str) and problem.value in names
        is_incomplete = problem.key in around and (isinstance(problem.value, list) or problem.value == {})
        if problem.key not in places and not is_named and not is_incomplete:
            yield problem


def _not_looked_at(reading: Reading, problems: Sequence[Problem]) -> Iterator[Problem]:
    """Entries with places that could not be looked up because something else of the entry is wrong."""
    tree, wrong = reading.tree, {problem.key for problem in problems}
    if tree is None:
        return
    for place in reading.left_out:
        entry = tree.at(*place)
        if place[0] not in WITH_PLACES or not isinstance(entry.value, dict):
            continue
        right = [f"`{key}`" for key in entry.value if key in LOOKED_UP and key_text((*place, key)) not in wrong]
        if right:
            said = f"is not right, so {', '.join(right)} could not be looked up. Put it right and validate again."
            yield replace(tree.problem(place, said), value=NO_VALUE)


def _not_looked_up(tree: Written, problems: Sequence[Problem]) -> list[Problem]:
    """That there are no streets in which to look up what a scenario names; nothing where it names nothing."""
    changes_wrong = any(problem.key.startswith("streets") for problem in problems)
    place = "streets" if changes_wrong else "city"
    parts = [f"`{key}`" for key, names in NAMING.items() if key != place and _has_key(tree.child(key), names)]
    if not parts:
        return []
    why = "the streets cannot be changed so" if changes_wrong else "the streets could not be read"
    said = f"{why}, so the links, junctions and places under {', '.join(parts)} were not looked up"
    return [replace(tree.problem((place,), f"{said}. Put the rest right and validate again."), value=NO_VALUE)]


def _has_key(part: Written | None, names: Set[str]) -> bool:
    """Whether one of some keys is written in a part of a scenario, at any depth."""
    if part is not None and isinstance(part.value, dict):
        return any(key in names or _has_key(inner, names) for key, inner in part.value.items())
    return part is not None and isinstance(part.value, list) and any(_has_key(inner, names) for inner in part.value)


def _load_streets(reading: Reading) -> tuple[RoadNetwork | None, list[Problem]]:
    """The city's streets, or what is wrong with them; neither where the scenario does not say which they are."""
    from .planned_streets import load_changed

    tree = reading.tree
    assert tree is not None, "there is nothing to load streets for"
    plain: Any = tree.plain()
    try:
        city = City.model_validate(plain.get("city"))
        options = NetworkOptions.model_validate(plain.get("network", {}))
    except ValidationError:
        return None, []  # reported with the file; without streets there is nothing to look up
    if any(problem.key.startswith("streets") for problem in reading.problems):
        return None, []  # which links there are is not known
    period = None if reading.scenario is None else reading.scenario.period
    changes = () if reading.usable is None else reading.usable.streets
    try:
        return load_changed(city.source, options, period, changes, tree), []
    except InputError as error:
        key = next(key for key in CITY_KEYS if getattr(city, key) is not None)
        return None, [
            found if found.file else tree.problem(("city", key), found.text.removeprefix(f"{city.source}: "))
            for found in error.problems
        ]
