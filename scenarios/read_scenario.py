"""Turn a scenario file into a ``Scenario``, or into the list of everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .explain import explain
from .inherit import Inherited, find_scenario, read_with_base
from .problems import Problem, in_order
from .scenario import Scenario
from .yaml_lines import Written, key_text


@dataclass(frozen=True, slots=True)
class Reading:
    """A scenario, or what is wrong with its file; ``tree`` is what could be read in any case."""

    scenario: Scenario | None
    tree: Written | None
    problems: tuple[Problem, ...]


def read_scenario(path: str | Path) -> Reading:
    """Read and check one file with all it inherits; no other file is opened."""
    found = find_scenario(path)
    inherited = read_with_base(Path(path) if found is None else found)
    problems = list(inherited.problems)
    scenario = None
    if inherited.tree is not None:
        scenario, wrong = _validate(inherited)
        problems += wrong
    if problems:
        return Reading(None, inherited.tree, tuple(in_order(problems)))
    return Reading(scenario, inherited.tree, ())


def _validate(inherited: Inherited) -> tuple[Scenario | None, list[Problem]]:
    tree = inherited.tree
    assert tree is not None
    plain = tree.plain()
    assert isinstance(plain, dict)
    plain.setdefault("name", inherited.files[0].stem)
    problems: list[Problem] = []
    misspelt: set[str] = set()  # mappings with an unknown key: what else they lack is probably that one
    for _ in range(2):  # again without the unknown keys: rules about several keys are only checked where all are known
        try:
            scenario = Scenario.model_validate(plain)
        except ValidationError as error:
            found, unknown = explain(error, tree, Scenario, complete=inherited.complete)
            problems += [problem for problem in found if problem.key not in misspelt]
            if not unknown:
                break
            for where in unknown:
                _remove(plain, where)
                misspelt.add(key_text(where[:-1]))
        else:
            if problems:
                break
            scenario._files = inherited.files
            scenario._source_map = tree
            return scenario, _double_ids(tree)
    return None, problems + _double_ids(tree)


def _remove(plain: Any, where: tuple[str | int, ...]) -> None:
    for part in where[:-1]:
        plain = plain[part]
    plain.pop(where[-1], None)


def _double_ids(tree: Written) -> list[Problem]:
    problems = []
    for section in ("demand", "events", "sensors"):
        listed = tree.child(section)
        if listed is None or not isinstance(listed.value, list):
            continue
        first: dict[object, int] = {}
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
    reading = read_scenario(path)
    return list(reading.problems)
