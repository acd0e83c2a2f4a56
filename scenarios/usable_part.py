"""Find what is right of a file that has mistakes, so that the rest of it can be checked in the same go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from .explain import Path, path_of
from .strict import FORGIVING
from .yaml_lines import Written

A_NUMBER = 1  # where something must be that is missing or wrong: it may be a number
MOST_ROUNDS = 10  # each takes out what is wrong after the one before: a value, its entry, the list of entries …
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class UsablePart(Generic[Model]):
    """What is right of a file.

    ``tree`` says where it was written; ``left_out_at`` are the places in the file of what is wrong, ``left_out`` names
    them as ``Scenario.lacks`` does: entries of lists by their ids.
    """

    whole: Model | None
    tree: Written
    left_out_at: tuple[Path, ...] = ()
    left_out: frozenset[str] = frozenset()


def usable_part(model: type[Model], tree: Written, stand_ins: Mapping[str, object]) -> UsablePart[Model]:
    """Leave out values that are wrong, and what cannot be without them, until the rest is right.

    Where a number may stand and something must, 1 stands for what is wrong.

    Parameters
    ----------
    model
        What the whole is to be.
    tree
        What was written.
    stand_ins
        Values for what is missing or left out, by key (``air.meteorology``).
    """
    given, whole = tree, None
    left_out: dict[Path, None] = {}
    replaced: set[Path] = set()
    for _ in range(MOST_ROUNDS):
        try:
            whole = model.model_validate(_with_stand_ins(tree.plain(), stand_ins), context=FORGIVING)
            break
        except ValidationError as error:
            wrong = {_written_part(tree, place) for place, lacks in _wrong_places(error, model) if not lacks}
            for place in {place for place, lacks in _wrong_places(error, model) if lacks}:
                if isinstance(place[-1], str) and tree.in_file(place) not in replaced:
                    replaced.add(tree.in_file(place))
                    left_out[tree.in_file(place)] = None
                    tree = _having(tree, place, replace(tree.at(*place[:-1]), value=A_NUMBER, row=None))
                else:
                    wrong.add(place[:-1])
        if () in wrong:
            break
        for place in sorted(wrong, reverse=True):  # later items first: the places of earlier ones stay
            left_out[tree.in_file(place)] = None
            tree = _without(tree, place)
    return UsablePart(whole, tree, tuple(left_out), frozenset(_by_id(given, place) for place in left_out))


def _with_stand_ins(plain: Any, stand_ins: Mapping[str, object]) -> Any:
    for key, value in stand_ins.items():
        *around, last = key.split(".")
        here = plain
        for part in around:
            here = here.get(part) if isinstance(here, dict) else None
        if isinstance(here, dict):
            here.setdefault(last, value)
    return plain


def _by_id(tree: Written, place: Path) -> str:
    """A place with the ids of entries of lists instead of their numbers."""
    text = ""
    for depth, part in enumerate(place):
        name = tree.at(*place[: depth + 1]).child("id") if isinstance(part, int) else None
        text += f"[{part if name is None else name.value}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def names_in(tree: Written, places: tuple[Path, ...]) -> set[str]:
    """Ids of all that stands in some places of a file."""
    return {name for place in places for name in _ids(tree.at(*place))}


def _ids(part: Written) -> Iterator[str]:
    if isinstance(part.value, dict):
        for key, inner in part.value.items():
            if key == "id" and isinstance(inner.value, str):
                yield inner.value
            yield from _ids(inner)
    elif isinstance(part.value, list):
        for inner in part.value:
            yield from _ids(inner)


def _wrong_places(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[Path, bool]]:
    """Places of what is wrong, and whether nothing stands there."""
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        yield path_of(found["loc"], model), found["type"] == "missing"


def _written_part(tree: Written, place: Path) -> Path:
    """The innermost place around a place at which something is written."""
    here: Written | None = tree
    for depth, part in enumerate(place):
        here = here.child(part) if here is not None else None
        if here is None:
            return place[:depth]
    return place


def _having(tree: Written, place: Path, inner: Written) -> Written:
    head, rest = place[0], place[1:]
    around = tree.child(head)
    return tree.having(head, inner if around is None or not rest else _having(around, rest, inner))


def _without(tree: Written, place: Path) -> Written:
    *around, last = place
    left = tree.at(*around).without(last)
    return _having(tree, tuple(around), left) if around else left
