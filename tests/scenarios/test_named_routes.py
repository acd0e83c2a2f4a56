"""A route with a name must be drivable, and its places must lie at streets."""

from __future__ import annotations

from pathlib import Path

import pytest
from traffic_case import BLOCK_DEGREES, TOWN_AT, write_town

from citytwin.scenarios.load_network import load_network
from citytwin.scenarios.named_routes import end_links
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.references import check_against_network
from citytwin.scenarios.told import NamedRoute
from citytwin.scenarios.yaml_lines import parse_yaml

HINT = " List all: citytwin network town.yaml --links"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    return load_network(write_town(tmp_path_factory.mktemp("town") / "town.osm"))


def problems_of(route: str, town: RoadNetwork) -> list[str]:
    tree, _ = parse_yaml(f"report: {{routes: [{{name: A, {route}}}]}}\n", Path("town.yaml"))
    return [str(problem).removeprefix("town.yaml:1  ") for problem in check_against_network(None, tree, town)]


def test_what_can_be_driven_passes(town: RoadNetwork) -> None:
    assert problems_of('links: ["way/100:1-2", "way/100:2-3"]', town) == []
    assert problems_of(f"origin: [{TOWN_AT[0]}, {TOWN_AT[1]}], destination: [9.006, 47.004]", town) == []


JOINED = (
    'report.routes[0].links[1] = "way/103:1-2"  nobody can turn into it from way/100:1-2, the link before. '
    "List the links as they are driven."
)
UNKNOWN = 'no such link. Closest: "way/100:1-0", "way/100:1-2", "way/100:2-3".' + HINT
FAR = "lies 10,661 m from the nearest street of town (at most 200 m): [longitude, latitude]."


@pytest.mark.parametrize(
    "route,want",
    [
        ('links: ["way/100:1-2", "way/100:1-9"]', f'report.routes[0].links[1] = "way/100:1-9"  {UNKNOWN}'),
        ('links: ["way/100:1-2", "way/103:1-2"]', JOINED),
        ("origin: [9.0, 47.0], destination: [9.0, 47.1]", f"report.routes[0].destination = [9.0, 47.1]  {FAR}"),
    ],
)
def test_what_cannot_is_said_in_its_words(town: RoadNetwork, route: str, want: str) -> None:
    assert problems_of(route, town) == [want]


def test_places_stand_for_the_streets_at_which_they_lie(town: RoadNetwork) -> None:
    middle = (TOWN_AT[0] + 1.5 * BLOCK_DEGREES[0], TOWN_AT[1] + 0.9 * BLOCK_DEGREES[1])
    far = (TOWN_AT[0] + 3.1 * BLOCK_DEGREES[0], TOWN_AT[1] + 1.5 * BLOCK_DEGREES[1])
    rows = end_links(NamedRoute(name="A", origin=middle, destination=far), town)
    assert [town.links.id[row] for row in rows] == ["way/101:1-2", "way/203:1-2"]
