"""Read injects from a file or one by one, and say everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field, ValidationError, create_model

from . import inject_emergency  # noqa: F401  (its kinds are known from then on)
from .explain import explain
from .inject_kinds import KINDS, Inject
from .network import RoadNetwork
from .planner_words import clock
from .problems import NO_VALUE, Problem, ScenarioError, closest_file, in_order
from .references import check_places
from .scenario import Scenario
from .strict import Listed, Strict
from .usable_part import usable_part
from .yaml_lines import Written, as_written, read_yaml

DAY_S = 86_400.0


def read_injects(file: Path, scenario: Scenario, network: RoadNetwork) -> list[Inject]:
    """Injects of a file, in their order in time.

    Raises
    ------
    ScenarioError
        With every problem: of the file, of links, lanes and junctions, of times outside the run.
    """
    if not file.is_file():
        raise ScenarioError([Problem(file, None, "", NO_VALUE, f"no such file.{closest_file(file)}")])
    tree, problems = read_yaml(file)
    if tree is None:
        raise ScenarioError(in_order(problems))
    injects, wrong = _read(tree, scenario, network, 0.0)
    if problems or wrong:
        raise ScenarioError(in_order([*problems, *wrong]))
    return sorted(injects, key=lambda inject: inject.at_s(scenario.start))


def turned_by(file: Path) -> list[str]:
    """Links whose lanes are to be turned by a file of injects, right or wrong: lanes have to be there beforehand."""
    tree = read_yaml(file)[0] if file.is_file() else None
    whole = None if tree is None else tree.plain()
    injects = whole.get("injects") if isinstance(whole, dict) else None
    listed = [one for one in injects if isinstance(one, dict)] if isinstance(injects, list) else []
    turned = [one.get("links", one.get("link")) for one in listed if one.get("kind") == "contraflow"]
    return [str(name) for names in turned for name in (names if isinstance(names, list) else [names])]


def read_inject(keys: Mapping[str, Any], scenario: Scenario, network: RoadNetwork, now_s: float) -> Inject:
    """One inject from its keys, to be given at ``now_s`` (s after the start).

    Raises
    ------
    ScenarioError
        With everything that is wrong with it.
    """
    tree = as_written({"injects": [dict(keys)]})
    injects, wrong = _read(tree, scenario, network, now_s)
    if wrong:
        words = [problem.key.removeprefix("injects[0]").removeprefix(".") for problem in wrong]
        raise ScenarioError(
            [Problem(None, None, key, found.value, found.text) for key, found in zip(words, wrong, strict=True)]
        )
    return injects[0]


def _read(
    tree: Written, scenario: Scenario, network: RoadNetwork, now_s: float
) -> tuple[Sequence[Inject], list[Problem]]:
    kinds: Any = Union[tuple(KINDS.values())]  # noqa: UP007 (of those that are known by now)
    of_a_kind: Any = Annotated[kinds, Field(discriminator="kind")]
    described = Field(description="What happens, one after the other.")
    whole = create_model("Injects", __base__=Strict, injects=(Listed[of_a_kind], described))
    problems = list(check_places(tree, "injects", network))
    try:
        whole.model_validate(tree.plain())
    except ValidationError as error:
        problems += explain(error, tree, whole, files=(tree.file,), complete=True)[0]
    part = usable_part(whole, tree, {})
    tree = part.tree
    injects: Sequence[Inject] = () if part.whole is None else part.whole.injects  # type: ignore[attr-defined]
    for row, inject in enumerate(injects):
        at_s = inject.at_s(scenario.start)
        if text := _outside(scenario, at_s, now_s):
            problems.append(tree.problem(("injects", row, "at"), text))
            continue
        for key, text in inject.wrong(scenario, network):
            problems.append(tree.problem(("injects", row, key), text))
    return injects, problems


def _outside(scenario: Scenario, at_s: float, now_s: float) -> str:
    """Why nothing can happen at a time any more, "" where it can."""
    if at_s >= scenario.duration_s and DAY_S - at_s < at_s - scenario.duration_s:  # of the day on which it begins
        return f"is before the run begins ({clock(scenario.start, 0.0)}). Give a later time."
    if at_s >= scenario.duration_s:
        return f"is after the end of the run ({clock(scenario.start, scenario.duration_s)}). Give an earlier time."
    if at_s < now_s:
        return f"has passed: it is {clock(scenario.start, now_s)}. Give a later time, or go back first."
    return ""
