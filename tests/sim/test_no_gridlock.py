"""Fill real extracts for two hours: hardly anybody is stuck, and no ring of queues waits for itself."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

MOST_STUCK = 0.01


@pytest.fixture(scope="module")
def gridlock(repository: Path) -> Iterator[ModuleType]:
    """Return the benchmark that fills extracts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(repository / "benchmarks")
        yield importlib.import_module("gridlock")


@pytest.mark.slow
@pytest.mark.parametrize(
    "file, per_h_km",
    [
        ("taipei/taipei.osm.gz", 200.0),
        ("berlin_neukolln/berlin_neukolln.osm.gz", 200.0),
        ("helsinki_centre/helsinki_centre.osm.gz", 200.0),
        ("kotka/kotka.osm.gz", 200.0),
        # At 200 its busiest street is asked for 1.6 times what it carries: 0.1 to 1.2 % are stuck, by the seed.
        ("monaco/monaco_core.osm.gz", 150.0),
        pytest.param(
            "shanghai/shanghai.osm.gz",
            75.0,  # at which no street is asked for more than 0.85 of what it carries
            marks=pytest.mark.xfail(
                reason="1.01 % stuck; 0.00 to 0.67 % in eight more runs with 70 to 80 an hour and km, seeds 1 to 3: "
                "three roads weave on 67 m before a signal (way/12107082:0-2)"
            ),
        ),
    ],
)
def test_a_moderately_filled_city_flows_for_two_hours(
    file: str, per_h_km: float, gridlock: ModuleType, data: Path
) -> None:
    """200 departures an hour per km of main road, or as many as the streets carry where that is less."""
    filling, _ = gridlock.fill(data / "osm" / file, per_h_km=per_h_km)
    assert filling.created > 100
    assert filling.stuck_share < MOST_STUCK, f"{filling.stuck} of {filling.created} are stuck"
    assert filling.locks == (), f"queues wait for each other: {filling.locks}"
