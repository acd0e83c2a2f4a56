"""Name what is wrong in the input: where it stands, what it says, and the way out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

LONGEST_VALUE = 60  # characters of a value that are shown


class _NoValue(Enum):
    """The type of ``NO_VALUE``: nothing was written, which is not the same as ``null``."""

    NO_VALUE = "nothing written"


NO_VALUE: Final = _NoValue.NO_VALUE


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that must be put right before anything can run.

    ``line`` counts from 1 and is None for a file as a whole; ``key`` is the path to the value (``events[0].link``), ""
    for a file as a whole; ``text`` says what is wrong and the way out.
    """

    file: Path | None
    line: int | None
    key: str
    value: object
    text: str

    def __str__(self) -> str:
        place = "" if self.file is None else shown_path(self.file)
        if self.line is not None:
            place += f":{self.line}"
        said = self.key if self.value is NO_VALUE else f"{self.key} = {shown_value(self.value)}"
        return "  ".join(part for part in (place, said, self.text) if part)


class InputError(Exception):
    """Something a person wrote or gave cannot be used; carries every problem that was found."""

    def __init__(self, problems: Sequence[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem(None, None, "", NO_VALUE, problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class ScenarioError(InputError):
    """A scenario file, or a file it names, is wrong."""


class SourceError(InputError):
    """A source of streets (OpenStreetMap file, GraphML, place name) cannot be read."""


def describe(problems: Iterable[Problem]) -> str:
    """All problems as people read them, one a line in the order of the files, and how many there are.

    Examples
    --------
    >>> print(describe([Problem(Path("town.yaml"), 3, "seed", "x", "must be a whole number.")]))
    town.yaml:3  seed = "x"  must be a whole number.
    1 problem, nothing was run.
    """
    problems = in_order(problems)
    if not problems:
        return "No problems found."
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([*(str(problem) for problem in problems), f"{count}, nothing was run."])


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems file by file (in the order the files first appear), each file from top to bottom."""
    problems = list({str(problem): problem for problem in problems}.values())
    rank: dict[Path | None, int] = {}
    for problem in problems:
        rank.setdefault(problem.file, len(rank))
    return sorted(problems, key=lambda problem: (rank[problem.file], problem.line or 0))


def shown_path(file: Path) -> str:
    """A path as short as it can be without becoming unclear: relative where it lies under the current folder."""
    try:
        relative = os.path.relpath(file)
    except (ValueError, OSError):  # another drive, or the current folder is gone
        return str(file)
    return str(file) if relative.startswith("..") else relative


def shown_value(value: object) -> str:
    """A value as it would be written in a file, cut where it gets long."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, RecursionError):
        text = str(type(value).__name__)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def closest_file(file: Path, names: Iterable[str] = ()) -> str:
    """A sentence with the files of the same folder whose names are most like ``file``'s, or with other ``names``."""
    try:
        beside = sorted(other.name for other in file.parent.iterdir() if other.is_file())
    except (OSError, ValueError):  # no such folder, or a name no folder can have
        beside = []
    return closest_hint(file.name, beside, at_least=70.0) or closest_hint(file, names, at_least=70.0)


def closest(wanted: str, names: Iterable[str], *, limit: int = 3, at_least: float = 55.0) -> list[str]:
    """The names most like ``wanted``, best first; none where nothing comes close (``at_least`` of 100)."""
    from rapidfuzz import fuzz, process

    names = list(names)
    found = process.extract(
        wanted.casefold(), [name.casefold() for name in names], scorer=fuzz.ratio, limit=limit, score_cutoff=at_least
    )
    return [names[row] for _, _, row in found]


def closest_hint(wanted: object, names: Iterable[str], *, at_least: float = 55.0) -> str:
    """A sentence with the closest names, ready to be appended, or ""."""
    found = closest(str(wanted), names, at_least=at_least)
    return f" Closest: {', '.join(json.dumps(name, ensure_ascii=False) for name in found)}." if found else ""
