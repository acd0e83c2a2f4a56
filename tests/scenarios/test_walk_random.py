"""Whatever a map draws for people on foot becomes a walk network that keeps its promises."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from citytwin.agents.walkers import build_walkers
from citytwin.kernels import walking_tables as table
from citytwin.scenarios.problems import SourceError
from citytwin.scenarios.trips import TripTable
from citytwin.scenarios.walk_presets import PRESETS

from .walk_case import walk_town

NODES = range(1, 15)
METRES = st.integers(0, 25).map(lambda step: 9.0 * step)
STREETS = st.fixed_dictionaries(
    {"highway": st.sampled_from(["primary", "residential", "trunk", "living_street", "tertiary"])},
    optional={
        "oneway": st.sampled_from(["yes", "-1"]),
        "junction": st.just("roundabout"),
        "sidewalk": st.sampled_from(["both", "left", "no", "separate"]),
        "tunnel": st.just("yes"),
    },
)
WAYS = st.fixed_dictionaries(
    {"highway": st.sampled_from(["footway", "steps", "path", "pedestrian", "service", "cycleway"])},
    optional={
        "footway": st.sampled_from(["sidewalk", "crossing"]),
        "area": st.just("yes"),
        "width": st.sampled_from(["1.2", "3 m", "wide"]),
        "foot": st.sampled_from(["yes", "no"]),
    },
)
NODE_TAGS = st.sampled_from(
    [
        {"highway": "traffic_signals"},
        {"highway": "crossing", "crossing": "traffic_signals"},
        {"highway": "crossing", "crossing": "uncontrolled"},
        {"highway": "crossing", "crossing": "no"},
        {"highway": "crossing"},
    ]
)


@given(
    places=st.lists(st.tuples(METRES, METRES), min_size=len(NODES), max_size=len(NODES)),
    streets=st.lists(
        st.tuples(st.lists(st.sampled_from(NODES), min_size=2, max_size=5), STREETS), min_size=1, max_size=5
    ),
    ways=st.lists(st.tuples(st.lists(st.sampled_from(NODES), min_size=2, max_size=6), st.booleans(), WAYS), max_size=6),
    tags=st.dictionaries(st.sampled_from(NODES), NODE_TAGS, max_size=5),
)
@settings(max_examples=30)
def test_walk_networks_keep_their_promises(places, streets, ways, tags):
    drawn = [(100 + number, nodes, of) for number, (nodes, of) in enumerate(streets)]
    for number, (nodes, closed, of) in enumerate(ways):
        drawn.append((200 + number, [*nodes, nodes[0]] if closed else nodes, of))
    with TemporaryDirectory() as folder:
        try:
            walk, roads = walk_town(Path(folder), dict(zip(NODES, places, strict=True)), drawn, tags)  # checks all laws
        except SourceError:
            reject()
    nobody = TripTable.sorted((), np.zeros(0), np.zeros(0, np.int32), np.zeros(0, np.int32))
    cells = build_walkers(walk, roads, nobody, PRESETS["code_conservative"]).walks
    opposite = cells.cell_i[0, table.OPPOSITE]
    assert (opposite[opposite] == np.arange(opposite.size)).all()
    assert (cells.cell_f[0, table.CAPACITY] > 0).all() and (cells.cell_f[0, table.STORE] >= 4).all()
    assert np.array_equal(np.sort(cells.node_cell), np.flatnonzero(cells.cell_i[0, table.FOLLOWING] < 0))
