"""Compare two scenario files: read both with all they inherit, name their streets, tell what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .city import CITY_KEYS, City
from .differences import Difference, differences
from .network import RoadNetwork
from .planned_streets import planned_streets
from .problems import InputError, Problem, ScenarioError, in_order
from .read_scenario import Reading, read_scenario
from .references import check_against_network
from .scenario import Scenario
from .street_words import IdsOnly, PlaceNames, StreetNames
from .strict import follow_path
from .trips import check_demand_files
from .yaml_lines import WrittenText

CITY_FILES = tuple(key for key in CITY_KEYS if key != "place")
DECIDING = ("city", "network", "period", "streets")  # what the streets follow from
ALIKE_SHOWN = 10  # relations of one matrix in the text; JSON has all


@dataclass(frozen=True, slots=True)
class FilesCompared:
    """What differs between two scenario files; ``notes`` say what could not be looked up."""

    before: Path
    after: Path
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        told = {"before": str(self.before), "after": str(self.after), "notes": list(self.notes)}
        return {**told, "differences": [asdict(found) for found in self.differences]}

    def as_text(self) -> str:
        """For people: a line for each difference, then the notes and how many there are."""
        head = f"{self.before} → {self.after}"
        count = len(self.differences)
        total = "No differences." if not count else f"{count:,} {'difference' if count == 1 else 'differences'}."
        return "\n".join([head, *(f"  {line}" for line in self._lines()), *self.notes, total])

    def _lines(self) -> Iterator[str]:
        """Texts, of many relations of one matrix only the first."""
        alike: dict[str, int] = {}
        for found in self.differences:
            if found.kind != "demand" or not found.place:
                yield from _more(alike)
                yield found.text
                continue
            alike[found.key] = alike.get(found.key, 0) + 1
            if alike[found.key] <= ALIKE_SHOWN:
                yield found.text
        yield from _more(alike)


def _more(alike: dict[str, int]) -> Iterator[str]:
    for count in alike.values():
        if count > ALIKE_SHOWN:
            yield f"… and {count - ALIKE_SHOWN:,} more relations. All: --json"
    alike.clear()


def diff_files(before: str | Path, after: str | Path) -> FilesCompared:
    """Compare two scenario files, or bundled scenarios by name.

    The streets are read only where one of the files names links or junctions, to call them by their streets. Where the
    city cannot be read, places are told by their ids and the notes say so.

    Raises
    ------
    ScenarioError
        With every problem of both files, their tables, and the links and junctions that they name.
    """
    readings = read_scenario(before), read_scenario(after)
    whole = [_scenario(reading) for reading in readings]
    problems = [
        problem for reading, found in zip(readings, whole, strict=True) if found is None for problem in reading.problems
    ]
    usable = [found or reading.usable for reading, found in zip(readings, whole, strict=True)]
    problems += _wrong_tables(usable[0], usable[1])
    names: list[PlaceNames] = [IdsOnly(), IdsOnly()]
    streets = _Streets()
    if any(_names_places(found) for found in usable if found is not None):
        names = [
            IdsOnly() if found is None or _lacks_city(reading, found) else streets.names_for(found, reading)
            for reading, found in zip(readings, usable, strict=True)
        ]
        problems += streets.problems
    old, new = whole
    if problems or old is None or new is None:
        raise ScenarioError(in_order(problems))
    found = differences(old, new, names=(names[0], names[1]))
    return FilesCompared(Path(before), Path(after), tuple(found), tuple(streets.notes))


def _scenario(reading: Reading) -> Scenario | None:
    """The scenario of a file; also where nothing is wrong with it but that its city's file is not there."""
    if reading.scenario is not None or reading.tree is None or reading.usable is None:
        return reading.scenario
    written = reading.tree.at("city")
    given = [key for key in CITY_FILES if (node := written.child(key)) is not None and isinstance(node.value, str)]
    if len(given) != 1 or {problem.key for problem in reading.problems} != {f"city.{given[0]}"}:
        return None
    value = str(written.at(given[0]).value)
    file = follow_path(WrittenText.of(value, written.at(given[0]).file.parent))
    if file.exists() or not set(value) & set("./"):  # a bare name is that of a bundled city, misspelt
        return None
    city = City(place="nowhere").model_copy(update={"place": None, given[0]: file})
    return reading.usable.model_copy(update={"city": city})


def _lacks_city(reading: Reading, found: Scenario) -> bool:
    """Whether something stands in for a city that is missing or wrong, so that there are no streets to look into."""
    if found is not reading.usable or reading.tree is None:
        return False
    wrong = any(problem.key.partition(".")[0] == "city" for problem in reading.problems)
    return wrong or reading.tree.child("city") is None


def _wrong_tables(old: Scenario | None, new: Scenario | None) -> list[Problem]:
    """What is wrong with the tables of the demand; those of both are read once."""
    problems = [] if old is None else check_demand_files(old)
    if new is None:
        return problems
    known = () if old is None else old.demand
    besides = tuple(item for item in new.demand if item not in known)
    return problems + check_demand_files(new.model_copy(update={"demand": besides}))


def _names_places(scenario: Scenario) -> bool:
    """Whether a scenario names links or junctions."""
    signals = scenario.signals
    ruled = signals.coordination is not None or any(rule.junctions for rule in signals.control)
    naming = (*scenario.demand, *scenario.measures, *scenario.report.routes)
    ruled = ruled or any(getattr(item, "links", None) for item in naming)
    return bool(
        scenario.streets
        or scenario.public_transport
        or scenario.events
        or scenario.sensors
        or ruled
        or scenario.outputs.fcd_links
    )


class _Streets:
    """The streets of two scenarios, read once where they are the same."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.problems: list[Problem] = []
        self._read: list[tuple[Scenario, RoadNetwork | None]] = []

    def names_for(self, scenario: Scenario, reading: Reading) -> PlaceNames:
        """What a scenario's links and junctions are called; those that are not there become problems."""
        network = self._network(scenario)
        if network is None:
            return IdsOnly()
        self.problems += check_against_network(scenario, reading.tree, network)
        return StreetNames(network, self._network(scenario.model_copy(update={"streets": ()})))

    def _network(self, scenario: Scenario) -> RoadNetwork | None:
        for other, network in self._read:
            if all(getattr(other, key) == getattr(scenario, key) for key in DECIDING):
                return network
        network = None
        try:
            network = planned_streets(scenario)
        except ScenarioError as error:  # changes that cannot be made
            self.problems += error.problems
        except (InputError, OSError) as error:
            said = "; ".join(str(error).splitlines())
            self.notes.append(f"Links and junctions by their ids: the streets could not be read ({said}).")
        self._read.append((scenario, network))
        return network
