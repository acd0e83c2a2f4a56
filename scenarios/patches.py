"""Describe where people walk in the plane instead of on links: squares, gates, places where crowds meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .areas import Area
from .plan_shapes import area_of
from .problems import NO_VALUE, Problem, ScenarioError
from .strict import InputFile, Strict
from .whereabouts import only_one

if TYPE_CHECKING:
    from .scenario import Scenario
    from .walk_network import WalkNetwork


class Patch(Strict):
    """An area in which people walk in the plane, each seeing the others; a wall round it where no link crosses."""

    id: str = Field(min_length=1, description="What people call it.")
    polygon: Area | None = Field(
        None, description="Its corners, [longitude, latitude] each, walking round. One of `polygon` and `file`."
    )
    file: InputFile | None = Field(
        None, description="GeoJSON with one polygon, its holes are obstacles. One of `polygon` and `file`."
    )

    @field_validator("file")
    @classmethod
    def _one_of_both(cls, file: object, info: ValidationInfo) -> object:
        return only_one(file, info, "polygon")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.polygon is None and self.file is None:
            raise ValueError("needs `polygon` or `file`: where people walk in the plane.")
        return self


def patch_areas(scenario: Scenario, epsg: int, walk: WalkNetwork) -> list[Any]:
    """Area of every patch, a shapely geometry in the network's coordinates, m.

    Raises
    ------
    ScenarioError
        With every patch that is no one area, overlaps another or has no links.
    """
    import shapely

    from .street_draft import Refusal

    problems: list[Problem] = []
    areas: list[Any] = []
    for row, patch in enumerate(scenario.patches):
        try:
            area = area_of(patch, epsg)
        except Refusal as refusal:
            problems += [_problem(scenario, (row, *key), text) for key, text in refusal.reasons]
            continue
        key = "polygon" if patch.polygon is not None else "file"
        if area.geom_type != "Polygon":
            problems.append(_problem(scenario, (row, key), "is more than one area. Write one patch for each."))
            continue
        for other, before in enumerate(areas):
            if before.intersects(area):
                text = f'overlaps patch "{scenario.patches[other].id}". Patches lie apart.'
                problems.append(_problem(scenario, (row, key), text))
        areas.append(area)
        if not any(area.intersects(shapely.LineString(walk.link_shape_xy(link))) for link in range(walk.link_count)):
            text = (
                "no link that people walk on enters it. Draw it where `citytwin network FILE --walk --map` shows some."
            )
            problems.append(_problem(scenario, (row, key), text))
    if problems:
        raise ScenarioError(problems)
    return areas


def _problem(scenario: Scenario, key: tuple[str | int, ...], text: str) -> Problem:
    if scenario.source_map is not None:
        return scenario.source_map.problem(("patches", *key), text)
    return Problem(None, None, "patches", NO_VALUE, text)
