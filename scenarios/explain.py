"""Say in plain words what pydantic found: file, line, key, value, and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as File
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .problems import NO_VALUE, Problem, closest_hint, shown_path
from .strict import BEGINS_TOO_LATE
from .yaml_lines import Written, key_text

Path = tuple[str | int, ...]
Models = list[type[BaseModel]]

# What to write instead, by pydantic's name of the error; {name} is filled from its context.
WORDS = {
    "bool_type": "must be true or false.",
    "date": 'must be a date and time such as "2026-05-04T07:00".',
    "dict_type": "must be a mapping of keys to values.",
    "finite_number": "must be a finite number.",
    "float_type": "must be a number.",
    "greater_than": "must be above {gt}.",
    "greater_than_equal": "must be at least {ge}.",
    "int_type": "must be a whole number.",
    "less_than_equal": "must be at most {le}.",
    "model_attributes_type": "must be a mapping of keys to values.",
    "model_type": "must be a mapping of keys to values.",
    "string_pattern_mismatch": "must be two capital letters such as MC.",
    "string_too_long": "must have at most {max_length} characters.",
    "string_too_short": "must not be empty.",
    "string_type": "must be text: put it in quotes.",
    "too_short": "must have at least {min_length} entry.",
    "tuple_type": "must be a list.",
}


def explain(
    error: ValidationError, tree: Written, root: type[BaseModel], *, files: Sequence[File], complete: bool
) -> tuple[list[Problem], list[Path]]:
    """Every error as a problem at its line, and the paths of unknown keys.

    Parameters
    ----------
    error
        What pydantic raised for the plain value of ``tree``.
    tree
        Where everything was written.
    root
        The model that was asked for.
    files
        The file, its base, the base's base …
    complete
        False where a file of the chain could not be read: then keys may be missing only because of that.
    """
    problems: list[Problem] = []
    unknown: list[Path] = []
    for found in error.errors(include_url=False):
        kind, context = found["type"], found.get("ctx", {})
        path, models, inner = _follow(found["loc"], root)
        if kind.startswith("union_tag") and not isinstance(found["input"], dict):
            kind = "model_type"
        if kind == "too_short" and len(found["input"]) >= context["min_length"]:
            continue  # its entries are wrong, which is said of each
        if kind == "missing":
            if complete:
                problems.append(tree.problem(path, f"is missing. {_description(models, path)}"))
        elif kind == "extra_forbidden":
            unknown.append(path)
            problems.append(tree.problem(path, _unknown_key(str(path[-1]), models)))
        elif kind == "union_tag_not_found":
            problems.append(tree.problem((*path, "kind"), f"is missing. One of: {', '.join(_kinds(inner))}."))
        elif kind == "union_tag_invalid":
            kinds = _kinds(inner)
            said = f"no such kind.{closest_hint(context.get('tag', ''), kinds)} All: {', '.join(kinds)}."
            problems.append(tree.problem((*path, "kind"), said))
        elif kind == BEGINS_TOO_LATE:
            problems.append(_begins_too_late(tree, path, context, files))
        else:
            problem = tree.problem(path, _wrong_value(kind, context, found["input"], found["msg"]))
            if kind == "value_error" and isinstance(problem.value, dict):  # the place says enough
                problem = Problem(problem.file, problem.line, problem.key, NO_VALUE, problem.text)
            problems.append(problem)
    return problems, unknown


def path_of(loc: tuple[str | int, ...], root: type[BaseModel]) -> Path:
    """The path in the file that pydantic's ``loc`` means."""
    return _follow(loc, root)[0]


def _follow(loc: tuple[str | int, ...], root: type[BaseModel]) -> tuple[Path, Models, Models]:
    """The path in the file that pydantic's ``loc`` means, the models of the mapping it ends in, and of the value there.

    A ``loc`` also names which kind of a union was tried, and ``[key]`` where a key itself is wrong.
    """
    path: list[str | int] = []
    models = [root]  # of the mapping in which the path ends
    inner = models  # of the value at its end
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, str) and len(inner) > 1 and path and part in _kinds(inner):
            inner = [model for model in inner if part in _kinds([model])]
            models = inner
            continue
        path.append(part)
        if isinstance(part, int):
            continue
        models = inner
        fields = [model.model_fields[part].annotation for model in models if part in model.model_fields]
        if fields:
            inner = _models_in(fields[0])
    return tuple(path), inner if path and isinstance(path[-1], int) else models, inner


def _models_in(annotation: object) -> list[type[BaseModel]]:
    """The models a field may hold, itself or as items or values."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return [annotation] if issubclass(annotation, BaseModel) else []
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _kinds(models: list[type[BaseModel]]) -> list[str]:
    fields = [model.model_fields["kind"] for model in models if "kind" in model.model_fields]
    return [str(kind) for field in fields for kind in get_args(field.annotation)]


def _description(models: list[type[BaseModel]], path: Path) -> str:
    for model in models:
        field = model.model_fields.get(str(path[-1]))
        if field is not None and field.description:
            return field.description
    return ""


def _unknown_key(key: str, models: list[type[BaseModel]]) -> str:
    keys = sorted({name for model in models for name in model.model_fields})
    return f"no such key.{closest_hint(key, keys)} Allowed here: {', '.join(keys)}."


def _begins_too_late(tree: Written, path: Path, context: Mapping[str, float], files: Sequence[File]) -> Problem:
    """What begins when the run is over, at the value that was written last: the beginning or the end of the run."""
    begins, ends = tree.at(*path, "start_s"), tree.at("duration_s")
    whole = tree.at(*path[:-1])
    items = whole.value if isinstance(whole.value, list) else []
    name = tree.at(*path, "id").value if all(item.child("id") is not None for item in items) else None
    if files.index(begins.file) <= files.index(ends.file):
        where = f"line {ends.line}" if ends.file == begins.file else f"{shown_path(ends.file)}:{ends.line}"
        said = f"is not before the end of the run (duration_s = {context['duration_s']:g} in {where}): nothing would"
        said += " come of it. Begin earlier, make the run longer, or remove the entry."
        return tree.problem((*path, "start_s"), said)
    out = f"`{path[0]}: {{{name}: null}}`" if name is not None else f"`{path[0]}:` with those that are to stay"
    said = f"ends the run before {key_text(path)} begins ({shown_path(begins.file)}:{begins.line}, start_s = "
    said += f"{context['start_s']:g}). Make the run longer, or take the entry out: {out}."
    return tree.problem(("duration_s",), said)


def _wrong_value(kind: str, context: Mapping[str, Any], value: object, message: str) -> str:
    if kind == "value_error":
        said = str(context["error"])
        return said if said.endswith((".", "?")) else f"{said}."
    if kind == "literal_error":
        return f"must be {context['expected']}.".replace("'", '"')
    words = WORDS.get("date" if kind.startswith("date") else kind)
    if words is None:
        return f"{message[:1].lower()}{message[1:]}."
    if kind in ("float_type", "int_type") and isinstance(value, str) and _is_number(value):
        return f"{words[:-1]}: remove the quotes."
    if kind == "too_short" and context["min_length"] > 1:
        words = words.replace("entry", "entries")
    return words.format(**{key: f"{bound:g}" if isinstance(bound, float) else bound for key, bound in context.items()})


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
