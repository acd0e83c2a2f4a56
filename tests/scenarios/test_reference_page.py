"""The documentation page of the scenario file names every key with its meaning."""

from __future__ import annotations

from citytwin.scenarios.reference_page import (
    SECTIONS,
    inject_reference_markdown,
    observation_reference_markdown,
    scenario_reference_markdown,
)
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.sensor_files import observation_schema


def test_every_key_is_on_the_page_with_its_meaning() -> None:
    page = scenario_reference_markdown()
    schema = Scenario.model_json_schema()
    for model in (schema, *schema["$defs"].values()):
        for key, value in model["properties"].items():
            rows = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
            assert rows, key
            assert any(value.get("description", "") in row for row in rows), key
            assert all(row.count(" | ") == 3 for row in rows)


def test_every_part_has_its_section() -> None:
    assert {name for _, names in SECTIONS for name in names} == set(Scenario.model_json_schema()["$defs"])


def test_types_and_ranges_are_in_words() -> None:
    page = scenario_reference_markdown()
    assert "| `seed` | whole number ≥ 0 | `0` |" in page
    assert "| `duration_s` | number > 0, ≤ 604,800 | needed |" in page
    assert '| `known_to` | `sight` or `broadcast` | `"sight"` |' in page
    assert "| `links` | list of: text | – |" in page
    assert "| `file` | file | needed |" in page
    assert "| `defaults` | mapping to: mapping | – |" in page


def test_every_kind_of_inject_is_on_its_page() -> None:
    page = inject_reference_markdown()
    for kind in (
        "road_closure",
        "incident",
        "extra_arrivals",
        "evacuation_order",
        "shelter_full",
        "hazard_moves",
        "unit_out",
        "contraflow",
        "event_begins",
    ):
        assert f"### `kind: {kind}`" in page
    assert "| `share` | number > 0 | needed |" in page and "| `at` |" in page


def test_every_key_of_observations_is_on_their_page() -> None:
    page = observation_reference_markdown()
    schema = observation_schema()
    for model in (schema, *schema["$defs"].values()):
        for key, value in model["properties"].items():
            rows = [line for line in page.splitlines() if line.startswith(f"| `{key}` |")]
            assert any(value["description"].replace("|", "\\|") in row for row in rows), key
    assert "| `begins` | date and time | – |" in page
    assert "| `file` | file | needed |" in page
