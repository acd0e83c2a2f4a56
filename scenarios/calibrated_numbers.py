"""Say what all numbers that a calibration may change have in common, and how they are written into a scenario."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from .inherit import merge
from .network import RoadNetwork
from .problems import closest_hint
from .references import check_against_network
from .scenario import Scenario
from .strict import Strict
from .yaml_lines import as_written

Trouble: TypeAlias = tuple[str, str]  # key of the number, and what is wrong
TENTH = 0.1  # of the range: a change that matters, where nobody says


class CalibratedNumber(Strict):
    """One number that is not known: its bounds, what is believed, and how large a change matters."""

    low: float = Field(description="At least.")
    high: float = Field(description="At most.")
    prior: float | None = Field(
        None, description="What is believed before, and weight decay pulls to. Left out: the scenario's own value."
    )
    scale: float | None = Field(None, gt=0, description="A change that matters. Left out: a tenth of `low` to `high`.")

    @field_validator("high")
    @classmethod
    def _above_low(cls, high: float, info: ValidationInfo) -> float:
        low = info.data.get("low")
        if low is not None and high <= low:
            raise ValueError(f"must be above low ({low:g}).")
        return high

    @field_validator("prior")
    @classmethod
    def _within(cls, prior: float | None, info: ValidationInfo) -> float | None:
        low, high = info.data.get("low"), info.data.get("high")
        if None not in (prior, low, high) and not low <= prior <= high:  # type: ignore[operator]
            raise ValueError(f"must lie in low … high ({low:g} … {high:g}).")
        return prior

    @property
    def matters(self) -> float:
        """A change that matters."""
        return TENTH * (self.high - self.low) if self.scale is None else self.scale

    @property
    def name(self) -> str:
        """What people read."""
        raise NotImplementedError

    @property
    def unit(self) -> str:
        """Of its values."""
        return unit_of(self.name)

    def own(self, scenario: Scenario, network: RoadNetwork) -> float:
        """The scenario's value."""
        raise NotImplementedError

    def path(self, scenario: Scenario) -> tuple[str, ...]:
        """Where it stands in a scenario file; entries of lists by their ids."""
        raise NotImplementedError

    def write(self, change: dict[str, Any], scenario: Scenario, network: RoadNetwork, value: float) -> None:
        """Put a value into what a scenario says anew (``change``: keys of a scenario file, nested)."""
        put(change, self.path(scenario), value)

    def troubles(self, scenario: Scenario, network: RoadNetwork) -> Iterator[Trouble]:
        """What is wrong with it on this scenario."""
        return iter(())


def change_of(
    scenario: Scenario, network: RoadNetwork, numbers: Sequence[CalibratedNumber], values: Sequence[float]
) -> dict[str, Any]:
    """Keys of a scenario file that inherits this one and gives the numbers these values."""
    change: dict[str, Any] = {}
    for number, value in zip(numbers, values, strict=True):
        number.write(change, scenario, network, float(value))
    if "events" in change and not scenario.events:
        change["events"] = [{"id": name, **item} for name, item in change["events"].items()]
    return change


def with_change(scenario: Scenario, change: Mapping[str, Any]) -> Scenario:
    """The scenario that a file would say that inherits this one and changes some keys.

    Raises
    ------
    pydantic.ValidationError
        When a value is not possible.
    ValueError
        When the scenario was not read from a file.
    """
    if not change:
        return scenario
    tree = scenario.source_map
    if tree is None:
        msg = "only scenarios that were read from files can be changed by keys"
        raise ValueError(msg)
    merged = merge(tree, as_written(dict(change)))
    plain: Any = merged.plain()
    plain.setdefault("name", scenario.name)
    changed = Scenario.model_validate(plain)
    changed._files, changed._source_map = scenario.files, merged
    return changed


def number_troubles(
    scenario: Scenario, network: RoadNetwork, numbers: Sequence[tuple[tuple[str | int, ...], CalibratedNumber]]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Everything that is wrong with numbers on a scenario, each with the place in the description where it stands."""
    for place, number in numbers:
        found = list(number.troubles(scenario, network))
        for key, text in found:
            yield (*place, key), text
        if found:
            continue
        for key in ("low", "high"):
            try:
                changed = with_change(scenario, change_of(scenario, network, [number], [getattr(number, key)]))
                for problem in check_against_network(changed, changed.source_map, network):
                    yield (*place, key), f"is not possible for {number.name}: {problem.text}"
            except ValidationError as error:
                said = "; ".join(one["msg"].removeprefix("Value error, ") for one in error.errors(include_url=False))
                yield (*place, key), f"is not possible for {number.name}: {said[:1].lower()}{said[1:].rstrip('.')}."


def put(change: dict[str, Any], path: Sequence[str], value: object) -> None:
    """Set a value in nested mappings, making those that are not there."""
    for part in path[:-1]:
        change = change.setdefault(part, {})
    change[path[-1]] = value


def looked_up(scenario: Scenario, path: Sequence[str]) -> Any:
    """A value of a scenario by its key, entries of lists by their ids.

    Raises
    ------
    KeyError
        With what is wrong.
    """
    here: Any = scenario
    for part in path:
        if isinstance(here, tuple):
            known = {getattr(item, "id", None): item for item in here}
        elif isinstance(here, Mapping):
            known = dict(here)
        elif isinstance(here, Strict):
            known = {name: getattr(here, name) for name in type(here).model_fields}
        else:
            raise KeyError(f"`{part}` is no key there.")
        if part not in known:
            raise KeyError(f"there is no `{part}`.{closest_hint(part, [name for name in known if name])}")
        here = known[part]
    if isinstance(here, bool) or not isinstance(here, (int, float)):
        raise KeyError("is no number of the scenario that has a value.")
    return here


def unit_of(key: str) -> str:
    """Unit of a key by how it ends."""
    return key.rsplit("_", 1)[-1] if "_" in key else ""
