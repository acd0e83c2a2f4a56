"""What a SUMO net leaves unsaid about its edges is told from their ends, names and types."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from citytwin.scenarios.network import CLASS_NAMES
from citytwin.scenarios.sumo_edges import twins
from citytwin.scenarios.sumo_net_file import EdgeRow
from citytwin.scenarios.sumo_network import read_sumo_net
from citytwin.scenarios.sumo_xml import Node

from .sumo_case import write_net


def pairs(*edges: tuple[str, int, int]) -> dict[str, str]:
    """Twins of edges given by id and ends."""
    rows: Sequence[EdgeRow] = [EdgeRow(name, Node("edge", {}, 1), "", "", ()) for name, _, _ in edges]
    ends = np.array([[start, end] for _, start, end in edges], np.int32)
    twin = twins(rows, ends[:, 0], ends[:, 1])
    return {edges[row][0]: edges[other][0] for row, other in enumerate(twin.tolist()) if other >= 0}


def test_the_opposite_direction_is_the_one_named_so() -> None:
    both = pairs(("7", 0, 1), ("-7", 1, 0), ("8", 0, 1), ("-8", 1, 0))
    assert both == {"7": "-7", "-7": "7", "8": "-8", "-8": "8"}


def test_without_such_names_it_is_the_only_one() -> None:
    assert pairs(("there", 0, 1), ("back", 1, 0), ("on", 1, 2)) == {"there": "back", "back": "there"}
    assert pairs(("a", 0, 1), ("b", 0, 1), ("c", 1, 0)) == {}  # which of the two?
    assert pairs(("round", 0, 0)) == {}


@pytest.mark.parametrize(
    "kind, speed, name, assumed",
    [
        ("highway.secondary", "13.89", "secondary", False),
        ("highway.motorway_link|railway.tram", "13.89", "motorway_link", False),
        ("", "13.89", "unclassified", True),
        ("", "36.11", "motorway", True),
        ("railway.rail", "13.89", "unclassified", True),
    ],
)
def test_classes_are_those_of_the_type(tmp_path: Path, kind: str, speed: str, name: str, assumed: bool) -> None:
    path = write_net(tmp_path)
    text = path.read_text().replace('type="highway.secondary"', f'type="{kind}"')
    path.write_text(text.replace('disallow="pedestrian" speed="13.89"', f'disallow="pedestrian" speed="{speed}"'))
    network = read_sumo_net(path)
    row = network.link_row["in"]
    assert CLASS_NAMES[network.links.road_class[row]] == name
    assert ("road_class" in network.links.assumed[row]) == assumed
