"""Tell what differs between two scenarios in a planner's words."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from .air import Air
from .city import CITY_KEYS, City
from .demand_changes import TableChange, matrix_changes, trip_file_changes
from .demand_kinds import OdMatrix, TripFile
from .drivers import Drivers
from .entry_words import (
    NAMING_LINKS,
    Side,
    arrow,
    entry_names,
    entry_sentence,
    entry_title,
    place_ids,
)
from .evacuation import Evacuation
from .file_contents import file_change, file_facts, same_contents
from .planner_words import RATES, clock, date_and_clock, label, percent_change, plain_words, unit_of
from .responders import Responders
from .scenario import Scenario
from .street_draft import of_map
from .street_words import IdsOnly, PlaceNames, shown_ids
from .yaml_lines import key_text

# Lists whose order says nothing: what is told is what came and what went.
UNORDERED = frozenset(
    ("barriers", "fcd_links", "junctions", "keep", "lanes", "link_ids", "open_to", "preemption", "priority")
) | {"road_classes", "sumo", "ways"}
SECTIONS = {"network": "streets"}  # where people call a section otherwise than the file does
SINGULAR = {
    "streets": "street",
    "demand_changes": "demand change",
    "events": "event",
    "air_warnings": "air",
    "hazards": "hazard",
    "measures": "measure",
    "public_transport": "public transport",
    "patches": "patch",
    "sensors": "sensor",
    "walks": "walks",
}
MAY_BE_MISSING: dict[str, BaseModel] = {  # parts, and what stands for one that is not there
    "air": Air.model_construct(meteorology=cast(Any, None)),
    "evacuation": Evacuation.model_construct(),
    "responders": Responders.model_construct(units=()),
}
PRECEDENCE = {  # lists whose order counts
    "control": "order (the last that speaks of a junction holds)",
    "stops": "order of its stops",
    "streets": "streets: order of the changes",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs.

    ``before`` and ``after`` are as JSON has them, None where there is nothing: an entry that is new has no ``before``.
    Files are given with the SHA-256 of their contents.
    """

    kind: str  # section of the scenario file: "city", "demand", "event", "sensor", "signals", "drivers", ...
    key: str  # where it would be written: `events.bridge.end_s`; entries without an id by their row
    place: tuple[str, ...]  # ids of the links, junctions or zones that it is about
    before: object
    after: object
    text: str


@dataclass(frozen=True, slots=True)
class _Spot:
    """A place in both scenarios."""

    path: tuple[str | int, ...]
    title: str = ""  # what stands before the label of a value
    place: tuple[str, ...] = ()

    def inner(self, key: str | int, words: str = "") -> _Spot:
        """A place further in."""
        title = f"{self.title}, {words}" if self.title and words else self.title or words
        return replace(self, path=(*self.path, key), title=title)


def differences(
    before: Scenario, after: Scenario, *, names: tuple[PlaceNames, PlaceNames] | None = None
) -> list[Difference]:
    """Everything that differs between two scenarios, section by section in the order of the file.

    Parameters
    ----------
    before, after
        Scenarios with all they inherit. Which file they inherit from is not compared, nor a name that neither file
        gives. Files that they name are read where they are not the same.
    names
        What the links and junctions of each are called. Left out: they are told by their ids.

    Raises
    ------
    ScenarioError
        A table of trips that is to be compared cannot be used.
    """
    called = names or (IdsOnly(), IdsOnly())
    return list(_Comparison(Side(before, called[0]), Side(after, called[1])).all())


class _Comparison:
    """Two scenarios side by side."""

    def __init__(self, before: Side, after: Side) -> None:
        self.before, self.after = before, after

    def all(self) -> Iterator[Difference]:
        """Section by section."""
        old, new = self.before.scenario, self.after.scenario
        for key in Scenario.model_fields:
            values = getattr(old, key), getattr(new, key)
            if key == "name":
                yield from self._name()
            elif key == "start":
                yield from self._start()
            elif key == "city":
                yield from self._city()
            elif key == "demand":
                yield from self._demand()
            elif key in SINGULAR:
                title = "on foot" if key == "walks" else ""
                yield from self._entries(_Spot((key,), title), *values, identity=_kind_and_place, ordered=False)
            elif key in MAY_BE_MISSING:
                yield from self._whole_part(key)
            elif key != "base":
                whole = isinstance(values[0], BaseModel)
                yield from self._values(Scenario, key, *values, _Spot((key,), SECTIONS.get(key, key) if whole else ""))

    def _name(self) -> Iterator[Difference]:
        old, new = self.before.scenario, self.after.scenario
        given = [one.source_map is None or one.source_map.child("name") is not None for one in (old, new)]
        if old.name != new.name and any(given):
            yield self._difference(_Spot(("name",)), old.name, new.name, f'name: "{old.name}" → "{new.name}"')

    def _start(self) -> Iterator[Difference]:
        old, new = self.before.scenario.start, self.after.scenario.start
        if old.isoformat() != new.isoformat():
            same_day = old.date() == new.date() and clock(old, 0.0) != clock(new, 0.0)
            said = arrow(date_and_clock(old), clock(new, 0.0) if same_day else date_and_clock(new))
            said = _exact(said, old.isoformat(), new.isoformat())
            timed = self.after.scenario.demand or self.after.scenario.events
            moved = "; everything that has a time moves with it" if timed else ""
            yield self._difference(_Spot(("start",)), old, new, f"start: {said}{moved}")

    def _city(self) -> Iterator[Difference]:
        old, new = self.before.scenario.city, self.after.scenario.city
        given = [next(key for key in CITY_KEYS if getattr(city, key) is not None) for city in (old, new)]
        if given[0] == given[1]:
            key = given[0]
            yield from self._values(City, key, getattr(old, key), getattr(new, key), _Spot(("city", key), "city"))
            return
        sources = [f"{label(City, key)} {_short(city.source)}" for key, city in zip(given, (old, new), strict=True)]
        yield self._difference(_Spot(("city",)), old.source, new.source, f"city: {' → '.join(sources)}")

    def _whole_part(self, key: str) -> Iterator[Difference]:
        """An evacuation, or responders; what only one of both has is told against an empty one."""
        old, new = (getattr(side.scenario, key) for side in (self.before, self.after))
        if old != new:
            nothing = MAY_BE_MISSING[key]
            yield from self._models(old or nothing, new or nothing, _Spot((key,), key))

    # values and models

    def _models(
        self, old: BaseModel, new: BaseModel, spot: _Spot, *, besides: Sequence[str] = ()
    ) -> Iterator[Difference]:
        model = type(new)
        for key in model.model_fields:
            if key not in besides:
                yield from self._values(model, key, getattr(old, key), getattr(new, key), spot.inner(key))

    def _values(self, model: type[BaseModel], key: str, old: Any, new: Any, spot: _Spot) -> Iterator[Difference]:
        if old == new:
            return
        if (isinstance(old, dict) or isinstance(new, dict)) and not _has_numbers(old or new):
            yield from self._mappings(model, key, old or {}, new or {}, spot)
        elif isinstance(old, BaseModel) and isinstance(new, BaseModel) and type(old) is type(new):
            inner = spot if len(spot.path) == 1 else replace(spot, title=_joined(spot, model, key))
            yield from self._models(old, new, inner)
        elif isinstance(old, BaseModel) or isinstance(new, BaseModel):
            yield self._whole(model, key, old, new, spot)
        elif _has_models(old) or _has_models(new):
            identity = {"others": _vehicle_class, "routes": _name}.get(key, _kind_and_place)
            inner = replace(spot, title=label(model, key) or spot.title)
            yield from self._entries(inner, old, new, identity=identity, ordered=True)
        elif not (_in_any_order(key, old, new) and sorted(old) == sorted(new)) and not _same_files(old, new):
            yield self._leaf(model, key, old, new, spot)

    def _mappings(
        self, model: type[BaseModel], key: str, old: dict[str, Any], new: dict[str, Any], spot: _Spot
    ) -> Iterator[Difference]:
        for name in {**old, **new}:
            inner = spot.inner(name, f"{label(model, key)} {_named(name) if key == 'spread' else plain_words(name)}")
            was, now = old.get(name), new.get(name)
            kind: type[BaseModel] = type(next(value for value in (was, now) if value is not None))
            if not any(field.is_required() for field in kind.model_fields.values()):  # says nothing: all by default
                was, now = was or kind(), now or kind()
            if was is None or now is None:
                yield self._whole(model, "", was, now, inner)
            else:
                yield from self._models(was, now, inner)

    def _whole(
        self, model: type[BaseModel], key: str, old: BaseModel | None, new: BaseModel | None, spot: _Spot
    ) -> Difference:
        """A part that only one of the two has."""
        said = [
            "none" if part is None else side.say(model, key, part) or "as by default"
            for part, side in ((old, self.before), (new, self.after))
        ]
        title = _joined(spot, model, key) if key and (len(spot.path) > 1 or not spot.title) else spot.title
        return self._difference(spot, old, new, f"{title}: {' → '.join(said)}")

    def _leaf(self, model: type[BaseModel], key: str, old: Any, new: Any, spot: _Spot) -> Difference:
        told = label(model, key)
        text = f"{spot.title}: {told} " if spot.title and told else f"{spot.title or told}: "
        if isinstance(old, Path) and isinstance(new, Path):
            return self._difference(spot, old, new, text + file_change(old, new))
        if _in_any_order(key, old, new):
            return self._difference(spot, old, new, text + self._came_and_went(model, key, old, new))
        said = arrow(self.before.say(model, key, old), self.after.say(model, key, new))
        said = _exact(said, old, new, " s after the start" if key in ("start_s", "end_s") else "")
        if key in RATES and old and new:
            said += f" ({percent_change(old, new)})"
        return self._difference(spot, old, new, text + said)

    def _came_and_went(self, model: type[BaseModel], key: str, old: Sequence[Any], new: Sequence[Any]) -> str:
        came = tuple(item for item in new if item not in old)
        went = tuple(item for item in old if item not in new)
        said = [f"also {self.after.say(model, key, came)}"] if came else []
        said += [f"no longer {self.before.say(model, key, went)}"] if went else []
        return ", ".join(said) or f"{_plain(old)} → {_plain(new)}"

    # lists of entries

    def _demand(self) -> Iterator[Difference]:
        yield from self._entries(
            _Spot(("demand",), "demand"),
            self.before.scenario.demand,
            self.after.scenario.demand,
            identity=_kind_only,
            ordered=True,
        )

    def _entries(
        self,
        spot: _Spot,
        old: Sequence[BaseModel],
        new: Sequence[BaseModel],
        *,
        identity: Callable[[BaseModel], Hashable],
        ordered: bool,
    ) -> Iterator[Difference]:
        """Entries that changed, came or went; with ``ordered`` those that are alike are paired in their order."""
        pairs = _pairs(old, new, identity, ordered=ordered)
        names = entry_names(old), entry_names(new)
        for row, column in pairs:
            if row is not None and column is not None:
                if old[row] == new[column]:
                    continue
                yield from self._entry(spot, old[row], new[column], names[1][column], column)
            elif column is not None:
                yield self._came(spot, new[column], names[1][column], column, self.after)
            elif row is not None:
                yield self._came(spot, old[row], names[0][row], row, self.before)
        if spot.path[-1] in PRECEDENCE:
            yield from self._precedence(spot, pairs, names)

    def _entry(self, spot: _Spot, old: BaseModel, new: BaseModel, name: str, row: int) -> Iterator[Difference]:
        title = _titled(spot, entry_title(old, name, self.before))
        inner = replace(
            spot.inner(_key(new, row)), title=title, place=tuple(dict.fromkeys(place_ids(old) + place_ids(new)))
        )
        if "links" in type(new).model_fields:
            yield from self._links(type(new), place_ids(old), place_ids(new), inner.inner("links"))
            yield from self._models(old, new, inner, besides=NAMING_LINKS)
        else:
            yield from self._models(old, new, inner)
        for change in _table_changes(old, new):
            at = replace(inner.inner("file"), place=change.place)
            yield self._difference(at, change.before, change.after, f"{inner.title}: {change.text}")

    def _links(
        self, model: type[BaseModel], old: tuple[str, ...], new: tuple[str, ...], spot: _Spot
    ) -> Iterator[Difference]:
        """Links of an entry; what a road has split in one of both is the same street."""
        streets = [{of_map(name) for name in ids} for ids in (old, new)]
        if set(old) == set(new) or streets[0] != streets[1]:
            yield from self._values(model, "link_ids", old, new, spot)
            return
        whole = self.before.names.joined(old) == self.after.names.joined(new)
        word = "the same street, split elsewhere" if whole else "another part of the same street"
        yield self._difference(spot, old, new, f"{spot.title}: {word}, {shown_ids(old)} → {shown_ids(new)}")

    def _came(self, spot: _Spot, entry: BaseModel, name: str, row: int, side: Side) -> Difference:
        inner = replace(spot.inner(_key(entry, row)), place=place_ids(entry))
        word = "new" if side is self.after else "no longer"
        text = f"{word}: {_titled(spot, entry_sentence(entry, name, side))}"
        return self._difference(
            inner, None if side is self.after else entry, entry if side is self.after else None, text
        )

    def _precedence(
        self, spot: _Spot, pairs: Sequence[tuple[int | None, int | None]], names: tuple[list[str], list[str]]
    ) -> Iterator[Difference]:
        """Entries in another order, where that counts."""
        both = [(row, column) for row, column in pairs if row is not None and column is not None]
        old = [names[0][row] for row, _ in sorted(both)]
        new = [names[0][row] for row, _ in sorted(both, key=lambda pair: pair[1])]
        if old != new:
            text = f"{PRECEDENCE[str(spot.path[-1])]} {', '.join(old)} → {', '.join(new)}"
            yield self._difference(spot, old, new, f"{spot.title}: {text}" if spot.title else text)

    def _difference(self, spot: _Spot, old: object, new: object, text: str) -> Difference:
        section = str(spot.path[0])
        kind = SINGULAR.get(section, section)
        return Difference(kind, key_text(spot.path), spot.place, _plain(old), _plain(new), text)


def _pairs(
    old: Sequence[BaseModel], new: Sequence[BaseModel], identity: Callable[[BaseModel], Hashable], *, ordered: bool
) -> list[tuple[int | None, int | None]]:
    """Rows that belong together: same id and kind; without ids same identity; at last the same but for the id."""
    left, right = dict(enumerate(old)), dict(enumerate(new))
    pairs: list[tuple[int | None, int | None]] = []

    def match(key: Callable[[BaseModel], Hashable]) -> None:
        """Pair in their order what has the same key; None is no key."""
        rows: dict[Hashable, deque[int]] = {}
        for row, entry in left.items():
            rows.setdefault(key(entry), deque()).append(row)
        rows.pop(None, None)
        for column, entry in list(right.items()):
            if found := rows.get(key(entry)):
                row = found.popleft()
                pairs.append((row, column))
                del left[row], right[column]

    match(lambda entry: None if _id(entry) is None else (type(entry), _id(entry)))
    if not ordered:
        match(lambda entry: repr(entry) if _id(entry) is None else None)
    match(lambda entry: (type(entry), identity(entry)) if _id(entry) is None else None)
    match(lambda entry: (type(entry), entry.model_dump_json(exclude={"id"})))
    both = sorted(pairs, key=lambda pair: pair[1] or 0)
    return [*((row, None) for row in left), *both, *((None, column) for column in right)]


def _table_changes(old: BaseModel, new: BaseModel) -> Iterator[TableChange]:
    """What differs between the tables of trips of two versions of a demand."""
    if isinstance(old, OdMatrix) and isinstance(new, OdMatrix) and not same_contents(old.file, new.file):
        return matrix_changes((old.file, old.factor), (new.file, new.factor))
    if isinstance(old, TripFile) and isinstance(new, TripFile) and not same_contents(old.file, new.file):
        return trip_file_changes(old.file, new.file)
    return iter(())


def _id(entry: BaseModel) -> str | None:
    return getattr(entry, "id", None)


def _kind_and_place(entry: BaseModel) -> Hashable:
    streets = tuple(sorted({of_map(name) for name in place_ids(entry)}))
    return streets, getattr(entry, "lane", None), getattr(entry, "road_classes", None)


def _kind_only(entry: BaseModel) -> Hashable:
    return type(entry)


def _vehicle_class(entry: BaseModel) -> Hashable:
    return str(getattr(entry, "vehicle_class", ""))


def _name(entry: BaseModel) -> Hashable:
    return str(getattr(entry, "name", ""))


def _key(entry: BaseModel, row: int) -> str | int:
    return row if _id(entry) is None else str(_id(entry))


def _titled(spot: _Spot, said: str) -> str:
    return f"{spot.title} {said}" if spot.title else said


def _named(parameter: str) -> str:
    """A parameter of drivers with its unit."""
    unit = unit_of(parameter)
    return f"{label(Drivers, parameter)}{f' ({unit})' if unit else ''}"


def _joined(spot: _Spot, model: type[BaseModel], key: str) -> str:
    words = label(model, key)
    return f"{spot.title}, {words}" if spot.title else words


def _in_any_order(key: str, old: object, new: object) -> bool:
    """Whether both hold entries whose order says nothing."""
    return key in UNORDERED and isinstance(old, tuple) and isinstance(new, tuple) and bool(old and new)


def _has_models(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, BaseModel) for item in value)


def _has_numbers(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(inner, (int, float)) for inner in value.values())


def _same_files(old: object, new: object) -> bool:
    """Whether two paths, or two lists of them, lead to the same contents."""
    if isinstance(old, Path) and isinstance(new, Path):
        return same_contents(old, new)
    if not (isinstance(old, tuple) and isinstance(new, tuple)) or len(old) != len(new) or not old:
        return False
    return all(
        isinstance(a, Path) and isinstance(b, Path) and same_contents(a, b) for a, b in zip(old, new, strict=True)
    )


def _short(source: Path | str) -> str:
    return source.name if isinstance(source, Path) else source


def _exact(said: str, old: object, new: object, unit: str = "") -> str:
    """What was said; with the values as they are where they look the same in words."""
    before, _, after = said.partition(" → ")
    return f"{said} (exactly: {_plain(old)} → {_plain(new)}{unit})" if before == after else said


def _plain(value: object) -> Any:
    """A value as JSON has it."""
    if isinstance(value, Path):
        return file_facts(value)
    if isinstance(value, BaseModel):
        return {key: _plain(inner) for key, inner in value if inner is not None}
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, dt.datetime) else value
