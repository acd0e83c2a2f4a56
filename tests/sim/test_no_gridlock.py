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
        # Everybody who comes down Chengdu Road turns back from the one lane that does not leave the extract.
        ("shanghai/shanghai.osm.gz", 53.0),
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


def test_a_street_is_full_when_the_lane_that_all_of_its_drivers_need_is(gridlock: ModuleType, data: Path) -> None:
    """Three more lanes beside the one that turns (way/12107082:0-2 in Shanghai) do not carry anybody there."""
    file = data / "osm" / "shanghai" / "shanghai.osm.gz"
    scenario = gridlock.random_trips(file, per_hour=4000.0, duration_s=1800.0, seed=1)
    network = gridlock.network_of(scenario)
    asked = gridlock.saturation(network, gridlock.trips_of(scenario, network), 1800.0, iterations=2)
    assert asked[network.link_row["way/12107082:0-2"]] > 1.0
