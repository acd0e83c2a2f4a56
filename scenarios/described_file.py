"""Read a YAML file that describes something besides a scenario, with every problem of it at once."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from .explain import explain
from .problems import NO_VALUE, Problem, ScenarioError, closest_file, in_order
from .strict import Strict
from .yaml_lines import Written, read_yaml

Description = TypeVar("Description", bound=Strict)


def read_description(file: Path, form: type[Description]) -> tuple[Description, Written]:
    """Read a file in the form of a model, and where in the file each value stands.

    Raises
    ------
    ScenarioError
        With every problem of it.
    """
    if not file.is_file():
        raise ScenarioError([Problem(file, None, "", NO_VALUE, f"no such file.{closest_file(file)}")])
    tree, problems = read_yaml(file)
    if tree is None:
        raise ScenarioError(in_order(problems))
    try:
        asked = form.model_validate(tree.plain())
    except ValidationError as error:
        wrong = explain(error, tree, form, files=(file,), complete=True)[0]
        raise ScenarioError(in_order([*problems, *wrong])) from None
    if problems:
        raise ScenarioError(in_order(problems))
    return asked, tree
