"""Follow `base:` from file to file and merge what they say, each value keeping the place where it was written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .problems import Problem, closest_file, shown_path
from .yaml_lines import Written, read_yaml

LIBRARY = Path(__file__).parent / "library"


@dataclass(frozen=True, slots=True)
class Inherited:
    """One scenario file with everything it inherits."""

    tree: Written | None  # None where nothing could be read
    files: tuple[Path, ...]  # the file itself, its base, the base's base, ...
    problems: tuple[Problem, ...]
    complete: bool  # False where a file of the chain could not be read: what is missing may stand there


def read_with_base(file: Path) -> Inherited:
    """Read ``file``, its base, the base's base …; the file itself has the last word."""
    chain: list[Written] = []
    files: list[Path] = []
    problems: list[Problem] = []
    complete = True
    next_file: Path | None = file
    while next_file is not None:
        tree, found = read_yaml(next_file)
        files.append(next_file)
        problems += found
        if tree is None:
            complete = False
            break
        chain.append(tree)
        base = tree.child("base")
        if base is None or base.value is None:
            break
        if not isinstance(base.value, str):
            complete = False  # the model says what is wrong with it
            break
        next_file, problem = _follow(tree, base.value, files)
        if problem is not None:
            problems.append(problem)
            complete = False
    if not chain:
        return Inherited(None, tuple(files), tuple(problems), complete)
    merged = chain[-1]
    for change in reversed(chain[:-1]):
        merged = merge(merged, change)
    return Inherited(merged, tuple(files), tuple(problems), complete)


def _follow(tree: Written, name: str, files: list[Path]) -> tuple[Path | None, Problem | None]:
    """The base's file, or the problem with it."""
    folder = tree.file.parent
    found = find_scenario(name, folder)
    if found is None:
        return None, tree.problem(("base",), f"no such file.{closest_file(folder / name, bundled_scenarios())}")
    seen = [os.path.realpath(other) for other in files]
    if os.path.realpath(found) in seen:
        ring = [*files[seen.index(os.path.realpath(found)) :], found]
        chain = " → ".join(shown_path(other) for other in ring)
        return None, tree.problem(("base",), f"inherits from itself: {chain}. Remove one `base`.")
    return found, None


def find_scenario(name: str | Path, folder: Path | None = None) -> Path | None:
    """The file ``name`` means: a path (relative to ``folder``), or a bundled scenario such as ``monaco/morning``."""
    try:
        file = Path(os.path.normpath((folder or Path()) / name))
        if file.exists():
            return file
        bundled = LIBRARY / name
        bundled = bundled if bundled.suffix == ".yaml" else bundled.with_name(bundled.name + ".yaml")
        return bundled if bundled.is_file() and bundled.is_relative_to(LIBRARY) else None
    except (OSError, ValueError):  # a name no file can have
        return None


def bundled_scenarios() -> list[str]:
    """Names of the scenarios that come with the package, such as ``monaco/morning``."""
    return sorted(file.relative_to(LIBRARY).with_suffix("").as_posix() for file in LIBRARY.glob("*/*.yaml"))


def merge(base: Written, change: Written) -> Written:
    """What ``base`` says after ``change``.

    Mappings merge key by key, and ``null`` removes a key; one of another ``kind`` takes the place of what was there
    (but for its ``id``). Lists whose items all have an ``id`` merge by it: a known id
    is merged, a new one appended; so do they with a mapping from id to change, where ``null`` removes the item. Any
    other list (an empty one too) and every single value is replaced.
    """
    if isinstance(change.value, dict):
        if isinstance(base.value, dict):
            return _merge_mappings(base, change)
        if isinstance(base.value, list) and base.value and all(_id(item) is not None for item in base.value):
            return _change_items(base.value, change)
        return _merge_mappings(Written({}, change.file, change.line), change)
    if not isinstance(change.value, list) or not isinstance(base.value, list) or not change.value:
        return change
    by_id = all(_id(item) is not None for item in [*base.value, *change.value])
    return _merge_items(base.value, change) if by_id else change


def _merge_mappings(base: Written, change: Written) -> Written:
    assert isinstance(base.value, dict) and isinstance(change.value, dict)
    merged = dict(base.value) if _of_one_kind(base, change) else {k: v for k, v in base.value.items() if k == "id"}
    for key, value in change.value.items():
        if value.value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key, Written(None, value.file, value.line)), value)
    return Written(merged, change.file, change.line)


def _of_one_kind(base: Written, change: Written) -> bool:
    """Whether a change keeps the kind: keys of another one would mean nothing."""
    before, after = base.child("kind"), change.child("kind")
    return before is None or after is None or after.value is None or before.value == after.value


def _merge_items(base: list[Written], change: Written) -> Written:
    assert isinstance(change.value, list)
    merged = list(base)
    row_of = {_id(item): row for row, item in enumerate(base)}
    for item in change.value:
        row = row_of.get(_id(item))
        if row is None:
            merged.append(item)
        else:
            merged[row] = merge(merged[row], item)
    return Written(merged, change.file, change.line)


def _change_items(base: list[Written], change: Written) -> Written:
    assert isinstance(change.value, dict)
    merged: dict[object, Written] = {_id(item): item for item in base}
    for key, value in change.value.items():
        if value.value is None:
            merged.pop(key, None)
        else:
            start = merged.get(key, Written({"id": Written(key, value.file, value.line)}, value.file, value.line))
            merged[key] = merge(start, value)
    return Written(list(merged.values()), change.file, change.line)


def _id(item: Written) -> str | int | float | bool | None:
    found = item.child("id")
    return None if found is None or isinstance(found.value, (dict, list)) else found.value
