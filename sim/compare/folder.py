"""Keep the folder of a comparison: what is compared, so that it is continued only with the same, and what is done."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...scenarios.problems import NO_VALUE, InputError, Problem
from ..run_folder import versions, write_json
from .executor import Job
from .runs import RUNS, is_done, result_folder

if TYPE_CHECKING:
    from .plans import Plan

COMPARISON = "comparison.json"
FORMAT = 1


class ComparisonFolderError(InputError):
    """A folder that cannot hold this comparison."""

    def __init__(self, folder: Path, texts: str | Sequence[str]) -> None:
        given = [texts] if isinstance(texts, str) else texts
        super().__init__([Problem(folder, None, "", NO_VALUE, text) for text in given])

    def __reduce__(self) -> tuple[type[InputError], tuple[tuple[Problem, ...]]]:
        return InputError, (self.problems,)


def open_folder(path: Path, plans: Sequence[Plan], *, resume: bool) -> None:
    """Make the folder of a comparison, or open it to go on.

    Raises
    ------
    ComparisonFolderError
        When something else is in it, or ``resume`` is not asked for, or it holds another comparison than this one.
    """
    if path.exists() and not path.is_dir():
        raise ComparisonFolderError(path, f"is a file. Give a folder: -o {path.with_suffix('')}_comparison")
    facts = identity(plans)
    known = _read(path)
    if known is None:
        if path.exists() and any(path.iterdir()):
            text = "not empty and not the folder of a comparison. Give a new or empty one: -o DIR"
            raise ComparisonFolderError(path, text)
        try:
            (path / RUNS).mkdir(parents=True, exist_ok=True)
            write_json(path / COMPARISON, facts)
        except OSError as error:
            text = f"cannot be written ({error.strerror}). Give another folder: -o DIR"
            raise ComparisonFolderError(path, text) from error
        return
    if not resume:
        raise ComparisonFolderError(
            path, "holds a comparison already. Go on with it: --resume; or give another: -o DIR"
        )
    changed = _changes(known, json.loads(json.dumps(facts)))
    if changed:
        raise ComparisonFolderError(path, [f"{text} Give a new folder: -o DIR" for text in changed])
    for left in (path / RUNS).glob("*/.seed_*"):
        shutil.rmtree(left, ignore_errors=True)  # a run that was killed


def identity(plans: Sequence[Plan]) -> dict[str, Any]:
    """What decides the results: scenarios with all their files, and the program."""
    from ...kernels.numba_cache import source_hash
    from ...scenarios.file_contents import content_hash

    kernels = Path(__file__).resolve().parents[2] / "kernels"
    return {
        "format": FORMAT,
        "program": {**versions(), "kernels": source_hash(kernels)},
        "scenarios": [
            {
                "file": str(plan.file),
                "key": plan.key,
                "name": plan.scenario.name,
                "inputs": [{"path": str(file), "sha256": content_hash(file)} for file in plan.scenario.input_files()],
            }
            for plan in plans
        ],
    }


def jobs_left(path: Path, plans: Sequence[Plan], seeds: Sequence[int]) -> list[Job]:
    """Runs whose result is not there, seed by seed, so that an interrupted comparison has whole pairs."""
    return [
        Job(number, seed)
        for seed in seeds
        for number, plan in enumerate(plans)
        if not is_done(result_folder(path, plan.key, seed))
    ]


def _read(path: Path) -> dict[str, Any] | None:
    """What a folder compares; None where it is no comparison's."""
    try:
        facts = json.loads((path / COMPARISON).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        text = f"{COMPARISON} cannot be read ({error}). Give a new folder: -o DIR"
        raise ComparisonFolderError(path, text) from error
    return facts if isinstance(facts, dict) else {}


def _changes(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Why a folder is that of another comparison, in words."""
    if before.get("format") != now["format"]:
        return ["was written by another version of citytwin."]
    old, new = before["scenarios"], now["scenarios"]
    if [one["file"] for one in old] != [one["file"] for one in new]:
        return [f"compares {_listed(old)}, not {_listed(new)}."]
    changed = [
        f"{part} was {before['program'].get(part)} and is {value} now: results would not fit together."
        for part, value in now["program"].items()
        if before["program"].get(part) != value
    ]
    for one, other in zip(old, new, strict=True):
        known = {file["path"]: file["sha256"] for file in one["inputs"]}
        found = {file["path"]: file["sha256"] for file in other["inputs"]}
        files = [file for file in {**known, **found} if known.get(file) != found.get(file)]
        if files:
            verb = "has" if len(files) == 1 else "have"
            changed.append(f"{', '.join(files)} {verb} changed since ({other['file']}).")
    return changed


def _listed(scenarios: Sequence[dict[str, Any]]) -> str:
    return " with ".join([scenarios[0]["file"], ", ".join(one["file"] for one in scenarios[1:])])
