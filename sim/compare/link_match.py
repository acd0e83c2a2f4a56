"""Match the links of a base with those of a variant whose streets differ: the same, split into parts, new, or gone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...scenarios.street_draft import parts_by_street

if TYPE_CHECKING:
    from ...scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True)
class LinkMatch:
    """Which links belong together. A link of the base that a new road split counts as one with its parts."""

    base: Rows  # of the links that both have
    part: Rows  # rows of the variant's links that belong to them, one link after the other
    part_of: Rows  # [part] place of the base's link in ``base``
    gone: Rows  # of the base's links that the variant does not have
    new: Rows  # of the variant's links that the base does not have

    @classmethod
    def of(cls, base: RoadNetwork, variant: RoadNetwork) -> LinkMatch:
        """Match by id."""
        if base.links.id == variant.links.id:
            rows, none = np.arange(base.link_count), np.zeros(0, np.int64)
            return cls(rows, rows, rows, none, none)
        rows_of, split = variant.link_row, parts_by_street(variant.links.id)
        parts = [
            [rows_of[name]] if name in rows_of else [rows_of[part] for part in split.get(name, ())]
            for name in base.links.id
        ]
        common = [row for row, found in enumerate(parts) if found]
        part = np.array([row for found in parts for row in found], np.int64)
        part_of = np.repeat(np.arange(len(common)), [len(parts[row]) for row in common]).astype(np.int64)
        gone = np.array([row for row, found in enumerate(parts) if not found], np.int64)
        return cls(np.array(common, np.int64), part, part_of, gone, np.setdiff1d(np.arange(variant.link_count), part))

    @cached_property
    def first(self) -> Rows:
        """The first part of each link, where vehicles enter it."""
        return self.part[np.searchsorted(self.part_of, np.arange(self.base.size))]

    def entering(self, values: Floats) -> Floats:
        """Of each common link what the variant has on its first part, ``[seed, link]``."""
        return values[:, self.first]

    def together(self, values: Floats) -> Floats:
        """Of each common link the sum over its parts."""
        if self.part.size == self.base.size:
            return values[:, self.part]
        return np.add.reduceat(values[:, self.part], np.searchsorted(self.part_of, np.arange(self.base.size)), axis=1)

    def largest(self, values: Floats) -> Floats:
        """Of each common link the largest of its parts."""
        starts = np.searchsorted(self.part_of, np.arange(self.base.size))
        return np.asarray(np.maximum.reduceat(values[:, self.part], starts, axis=1))
