"""Say where a part of a scenario is: on one link or several, or in an area."""

from __future__ import annotations

from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from .areas import Area
from .strict import Listed, Strict, T

LINK_HELP = "Link id as listed by `citytwin network`."


class OnLinks(Strict):
    """A part of a scenario that is about one link or several."""

    link: str | None = Field(None, min_length=1, description=f"{LINK_HELP} One of `link` and `links`.")
    links: Listed[str] | None = Field(None, min_length=1, description="Several link ids. One of `link` and `links`.")

    @field_validator("links")
    @classmethod
    def _one_of_both(cls, links: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        return only_one(links, info, "link")

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.link is None and self.links is None:
            raise ValueError("needs `link` or `links`: ids as listed by `citytwin network`.")
        return self

    @property
    def link_ids(self) -> tuple[str, ...]:
        """The ids of all its links."""
        return (self.link,) if self.link is not None else self.links or ()

    @property
    def link_keys(self) -> list[tuple[str | int, ...]]:
        """Under which key each of its links is written."""
        return [("link",)] if self.link is not None else [("links", row) for row in range(len(self.link_ids))]


class AnyArea(Strict):
    """A part of a scenario that is about an area, some links, or the whole city."""

    polygon: Area | None = Field(
        None, description="Where it is: longitude and latitude of each corner. One of `polygon` and `links`."
    )
    links: Listed[str] | None = Field(
        None,
        min_length=1,
        description="Links where it is, as listed by `citytwin network`. One of `polygon` and `links`.",
    )

    @field_validator("links")
    @classmethod
    def _one_of_both(cls, links: tuple[str, ...] | None, info: ValidationInfo) -> tuple[str, ...] | None:
        return only_one(links, info, "polygon")


class InArea(AnyArea):
    """A part of a scenario that is about an area or some links."""

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.polygon is None and self.links is None:
            raise ValueError("needs `polygon` or `links`: where it is.")
        return self


def only_one(value: T, info: ValidationInfo, other: str) -> T:
    """Refuse a value that is given besides that of another key.

    Raises
    ------
    ValueError
        Where both are given.
    """
    if value is not None and info.data.get(other) is not None:
        raise ValueError(f"is given besides `{other}`. Keep one; an inherited one is removed by `null`.")
    return value
