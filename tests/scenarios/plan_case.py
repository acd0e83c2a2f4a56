"""Change the streets of small cities as a scenario's `streets:` does."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pyproj import Transformer

from citytwin.scenarios.change_streets import ChangeError, change_streets
from citytwin.scenarios.street_changes import StreetChange
from citytwin.scenarios.streets import Street, StreetGraph

ENTRY = TypeAdapter(StreetChange)
TO_DEGREES = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)  # of the synthetic cities


def change(kind: str, **keys: Any) -> Any:
    """One entry of `streets:`."""
    return ENTRY.validate_python({"id": "plan", "kind": kind, **keys})


def changed(graph: StreetGraph, *entries: Any) -> StreetGraph:
    """Streets after some changes."""
    return change_streets(graph, entries)


def refused(graph: StreetGraph, *entries: Any) -> list[str]:
    """What is wrong with some changes."""
    try:
        change_streets(graph, entries)
    except ChangeError as error:
        return [text for _, _, text in error.found]
    return []


def street(graph: StreetGraph, name: str) -> Street:
    """A street by its id."""
    return next(one for one in graph.streets if one.id == name)


def degrees(*places_m: tuple[float, float]) -> list[list[float]]:
    """Longitude and latitude of places of a synthetic city."""
    return [list(TO_DEGREES.transform(x, y)) for x, y in places_m]
