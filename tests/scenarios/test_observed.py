"""Observed readings keep their rows together."""

from __future__ import annotations

import numpy as np

from citytwin.scenarios.observed import KINDS, NO_LINK, UNITS, Observed


def test_every_kind_has_a_unit():
    assert set(UNITS) == set(KINDS)


def test_a_part_keeps_whole_rows():
    seen = Observed.counts(
        ["a", "b", "c"], np.array([4, 5, 6], np.int32), 0.0, np.array([60.0, 120.0, 180.0]), [7, 8, 9]
    )
    for part in (seen.part(np.array([2, 0])), seen.part(np.array([True, False, True])).part(np.array([1, 0]))):
        assert part.sensor_id == ("c", "a")
        assert part.link.tolist() == [6, 4]
        assert part.end_s.tolist() == [180.0, 60.0]
        assert part.value.tolist() == [9.0, 7.0]
        assert part.to_link.tolist() == [NO_LINK, NO_LINK]
