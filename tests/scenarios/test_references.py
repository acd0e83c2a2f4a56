"""What a scenario says about links, lanes and junctions must fit the network; where not, the closest are named."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from citytwin.scenarios.junctions import build_network
from citytwin.scenarios.network import RoadNetwork
from citytwin.scenarios.problems import describe
from citytwin.scenarios.references import check_against_network
from citytwin.scenarios.retiming import changeover_s, green_phases, retimed
from citytwin.scenarios.scenario import City, Incident, Loop, RoadClosure, Scenario, SignalPlan
from citytwin.scenarios.synthetic import grid_city
from citytwin.scenarios.yaml_lines import parse_yaml

from .demand_case import square


@cache
def town() -> RoadNetwork:
    return build_network(grid_city(3, 3, block_m=200.0, lanes=2))


CONTROLLER = town().signals.id.index("node/001-001")
GREENS = ", ".join(f"{green:g}" for green in town().signals.phase_s[green_phases(town(), CONTROLLER)])
LOST_S = round(changeover_s(town(), CONTROLLER))
LOST = f"{LOST_S} s of yellow and all-red"
LINK = "way/node/000-000>node/000-001"
HINT = " List all: citytwin network town.yaml --links"
GOOD = [
    f'{{kind: road_closure, link: "{LINK}", lanes: [0, 1], start_s: 0}}',
    f'{{kind: incident, link: "{LINK}", lane: 1, position_m: 180, start_s: 0, duration_s: 60}}',
    "{kind: signal_plan, junction: node/001-001, start_s: 0, green_s: [40, 25]}",
    f"{{kind: signal_plan, junction: node/001-001, start_s: 0, green_s: [40, 25], cycle_s: {65 + LOST_S}}}",
    f"{{kind: signal_plan, junction: node/001-001, start_s: 0, cycle_s: {10 + LOST_S}}}",
]
WRONG = [
    (
        '{kind: road_closure, link: "way/node/000-000>node/000-002", start_s: 0}',
        'events[0].link = "way/node/000-000>node/000-002"  no such link. Closest: "way/node/000-000>node/000-001", '
        '"way/node/000-001>node/000-002", "way/node/000-001>node/000-000".' + HINT,
    ),
    ("{kind: road_closure, link: xyz, start_s: 0}", 'events[0].link = "xyz"  no such link.' + HINT),
    (
        '{kind: road_closure, link: "avenue 1", start_s: 0}',
        'events[0].link = "avenue 1"  is the name of a street: give the id of a link. Its links: '
        '"way/node/001-000>node/000-000", "way/node/000-000>node/001-000", "way/node/002-000>node/001-000" and 1 more.'
        + HINT,
    ),
    (
        f'{{kind: speed_limit, links: ["{LINK}", nowhere], start_s: 0, speed_kmh: 30}}',
        'events[0].links[1] = "nowhere"  no such link.' + HINT,
    ),
    (
        f'{{kind: road_closure, link: "{LINK}", lanes: [0, 2], start_s: 0}}',
        f"events[0].lanes[1] = 2  no such lane: {LINK} has 2 lanes: 0 (at the kerb) to 1.",
    ),
    (
        f'{{kind: incident, link: "{LINK}", lane: 7, start_s: 0, duration_s: 60}}',
        f"events[0].lane = 7  no such lane: {LINK} has 2 lanes: 0 (at the kerb) to 1.",
    ),
    (
        f'{{kind: incident, link: "{LINK}", position_m: 181, start_s: 0, duration_s: 60}}',
        f"events[0].position_m = 181  is beyond the end of {LINK} (180.0 m).",
    ),
    (
        "{kind: signal_plan, junction: node/001-01, start_s: 0, cycle_s: 60}",
        'events[0].junction = "node/001-01"  no such junction. Closest: "node/001-001", "node/000-001", "node/001-000".'
        + HINT,
    ),
    (
        "{kind: signal_plan, junction: node/000-000, start_s: 0, cycle_s: 60}",
        'events[0].junction = "node/000-000"  has no signals. Nearest with signals: "node/000-001", "node/001-000", '
        '"node/001-001".' + HINT,
    ),
    (
        "{kind: signal_plan, junction: node/001-001, start_s: 0, green_s: [40]}",
        f"events[0].green_s = [40]  needs 2 values, one for each green phase. Now: [{GREENS}].",
    ),
    (
        "{kind: signal_plan, junction: node/001-001, start_s: 0, green_s: [40, 30], cycle_s: 60}",
        f"events[0].cycle_s = 60  does not fit green_s: with {LOST} they make {70 + LOST_S} s. Leave it out.",
    ),
    (
        f"{{kind: signal_plan, junction: node/001-001, start_s: 0, cycle_s: {9 + LOST_S}}}",
        f"events[0].cycle_s = {9 + LOST_S}  is too short: 2 green phases of 5 s, and {LOST}, need {10 + LOST_S} s.",
    ),
]


def problems_of(events: str) -> list[str]:
    tree, found = parse_yaml(f"events:\n  - {events}\n", Path("town.yaml"))
    assert found == []
    return [str(problem) for problem in check_against_network(None, tree, town())]


@pytest.mark.parametrize("event", GOOD)
def test_what_fits_passes(event: str) -> None:
    assert problems_of(event) == []


@pytest.mark.parametrize("event,want", WRONG)
def test_what_does_not_is_said_in_its_words(event: str, want: str) -> None:
    assert problems_of(event) == [f"town.yaml:2  {want}"]


def test_other_mistakes_do_not_hide_these() -> None:
    events = f'{{kind: road_closure, link: 5, links: ["{LINK}", gone, 7], lanes: [x, true, 9], start_s: later}}'
    keys = [line.split("  ")[1] for line in problems_of(events)]
    assert keys == [
        'events[0].links[1] = "gone"',
        "events[0].lanes[2] = 9",
    ]


@pytest.mark.parametrize(
    "corners, want",
    [
        (square(town(), 100.0, 100.0, 300.0)[:4], None),
        (
            square(town(), 5000.0, 100.0, 300.0)[:4],
            f"holds the middle of no street of {town().name}. Draw it larger, or in the right place.",
        ),
        (
            [corner[::-1] for corner in square(town(), 100.0, 100.0, 300.0)[:4]],
            f"longitude and latitude are swapped: the other way round it lies in {town().name}.",
        ),
    ],
)
def test_an_area_holds_streets(corners: list[list[float]], want: str | None) -> None:
    tree, _ = parse_yaml(
        f"demand_changes:\n  - {{kind: scale, factor: 2, from_polygon: {corners}}}\n", Path("town.yaml")
    )
    found = [(problem.key, problem.text) for problem in check_against_network(None, tree, town())]
    assert found == ([] if want is None else [("demand_changes[0].from_polygon", want)])


BACK = "way/node/000-001>node/000-000"
NEXT = "way/node/000-001>node/000-002"
BUSES = [
    (f'stops: [{{link: "{LINK}", position_m: 20}}, {{link: "{NEXT}"}}], route: ["{LINK}", "{NEXT}"]', []),
    (
        f'stops: [{{link: "{LINK}", position_m: 181}}, {{link: "{NEXT}", position_m: 175}}, {{link: gone}}]',
        [
            f"stops[0].position_m = 181  is beyond the end of {LINK} (180.0 m).",
            (
                "stops[1].position_m = 175  a bus needs 12 m behind its front and 8 m before it, so as not to stand in "
                f"a junction; {NEXT} has 180.0 m."
            ),
            'stops[2].link = "gone"  no such link.' + HINT,
        ],
    ),
    (
        f'stops: [{{link: "{LINK}"}}, {{link: "{NEXT}"}}], route: ["{LINK}", gone]',
        [f'route = ["{LINK}", "gone"]  names gone, which is no link.'],
    ),
    (
        f'stops: [{{link: "{LINK}"}}, {{link: "{NEXT}"}}], route: ["{LINK}"]',
        [f'route = ["{LINK}"]  must lead from the first stop, {LINK}, to the last one, {NEXT}.'],
    ),
    (
        f'stops: [{{link: "{LINK}"}}, {{link: "{BACK}", name: Home}}, {{link: "{NEXT}"}}], route: ["{LINK}", "{NEXT}"]',
        [f'route = ["{LINK}", "way/node/000-001>node/00…  does not lead by the stop Home after those before it.'],
    ),
]


@pytest.mark.parametrize("line, want", BUSES)
def test_a_line_of_buses_fits_the_streets(line: str, want: list[str]) -> None:
    text = f"public_transport:\n  - {{kind: bus_line, id: '4', headway_s: 600, {line}}}\n"
    tree, _ = parse_yaml(text, Path("town.yaml"))
    found = [str(problem) for problem in check_against_network(None, tree, town())]
    assert found == [f"town.yaml:2  public_transport[0].{said}" for said in want]


def test_nodes_to_merge_must_be_junctions() -> None:
    tree, _ = parse_yaml("network: {merge: [[node/1, node/2]], keep: [node/3, 4]}\n", Path("town.yaml"))
    assert [problem.key for problem in check_against_network(None, tree, town())] == [
        "network.merge[0][0]",
        "network.merge[0][1]",
        "network.keep[0]",
    ]


def test_the_nearest_link_of_the_same_way_comes_first() -> None:
    text = 'sensors:\n  - {kind: loop, link: "way/node/001-001>node/001-003"}\n'
    tree, _ = parse_yaml(text, Path("town.yaml"))
    (problem,) = check_against_network(None, tree, town())
    assert problem.key == "sensors[0].link"
    assert problem.text.startswith('no such link. Closest: "way/node/001-001>node/001-00')


def test_a_scenario_made_in_python_is_checked_too() -> None:
    scenario = Scenario(
        citytwin=1,
        name="Made",
        start=datetime(2026, 5, 4, 7),
        duration_s=60,
        city=City(place="Town"),
        events=(
            RoadClosure(kind="road_closure", link=LINK, start_s=0),
            RoadClosure(kind="road_closure", links=(LINK, "gone"), start_s=0),
            Incident(kind="incident", link=LINK, lane=5, start_s=0, duration_s=5),
        ),
        sensors=(Loop(kind="loop", link=LINK, position_m=999),),
    )
    assert describe(check_against_network(scenario, None, town())).splitlines() == [
        'events[1].links[1] = "gone"  no such link.',
        f"events[2].lane = 5  no such lane: {LINK} has 2 lanes: 0 (at the kerb) to 1.",
        f"sensors[0].position_m = 999.0  is beyond the end of {LINK} (180.0 m).",
        "3 problems, nothing was run.",
    ]


@pytest.mark.parametrize("greens", [(20.0, 50.0), None])
@pytest.mark.parametrize("cycle_s", [60.0, None])
@pytest.mark.parametrize("offset_s", [5.0, None])
def test_a_plan_changes_greens_and_nothing_else(
    greens: tuple[float, ...] | None, cycle_s: float | None, offset_s: float | None
) -> None:
    network = town()
    if greens is not None:
        cycle_s = None
    if greens is None and cycle_s is None and offset_s is None:
        return
    plan = SignalPlan(
        kind="signal_plan", junction="node/001-001", start_s=0, cycle_s=cycle_s, offset_s=offset_s, green_s=greens
    )
    controller = network.signals.id.index("node/001-001")
    first, last = network.signals.phase_start[controller : controller + 2]
    before_s = network.signals.phase_s[first:last]
    after_s, offset = retimed(network, controller, plan)
    green = [row - first for row in green_phases(network, controller)]
    others = [row for row in range(last - first) if row not in green]
    assert (after_s[others] == before_s[others]).all()
    assert offset == (network.signals.offset_s[controller] if offset_s is None else offset_s)
    if greens is not None:
        assert tuple(after_s[green]) == greens
    elif cycle_s is not None:
        assert after_s.sum() == pytest.approx(cycle_s)
        assert after_s[green] / before_s[green] == pytest.approx(after_s[green][0] / before_s[green][0])
    else:
        assert (after_s == before_s).all()
    assert changeover_s(network, controller) == pytest.approx(after_s[others].sum())


NO_SIGNAL = "speaks of no signal: none is of these junctions and road classes."
SIGNALS = [
    ("control: [{kind: actuated, junctions: [node/001-001], min_greens_s: [5, 8]}]", ()),
    ("coordination: {groups: [[node/001-000, node/001-001, node/001-002]]}", ()),
    (
        "control: [{kind: max_pressure, junctions: [node/001-001, node/001-01]}]",
        (
            'signals.control[0].junctions[1] = "node/001-01"  no such junction. Closest: "node/001-001", '
            '"node/000-001", "node/001-000".' + HINT,
        ),
    ),
    (
        "coordination: {groups: [[node/001-001, node/000-000]]}",
        (
            'signals.coordination.groups[0][1] = "node/000-000"  has no signals. Nearest with signals: "node/000-001", '
            '"node/001-000", "node/001-001".' + HINT,
        ),
    ),
    (
        "control: [{kind: actuated, junctions: [node/001-001], max_greens_s: [30]}]",
        ('signals.control[0].max_greens_s = [30]  has 1 values, but "node/001-001" has 2 stages.',),
    ),
    (
        "control: [{kind: actuated, road_classes: [motorway]}]",
        (f'signals.control[0] = {{"kind": "actuated", "road_classes": ["motorway"]}}  {NO_SIGNAL}',),
    ),
    (
        "coordination: {groups: [[node/001-001, node/001-002]], cycle_s: 20}",
        (
            'signals.coordination.groups[0][0] = "node/001-001"  needs a cycle of 22 s, its group has 20 s.',
            'signals.coordination.groups[0][1] = "node/001-002"  needs a cycle of 22 s, its group has 20 s.',
        ),
    ),
]


def test_a_signal_that_follows_the_traffic_cannot_keep_step() -> None:
    group = "coordination: {groups: [[node/001-000, node/001-001]]}"
    for entry, wrong in (
        ("{kind: actuated, junctions: [node/001-001]}", True),
        ("{kind: fixed, junctions: [node/001-001], priority: [bus]}", False),
    ):
        tree, _ = parse_yaml(f"signals:\n  control: [{entry}]\n  {group}\n", Path("town.yaml"))
        found = [str(problem) for problem in check_against_network(None, tree, town())]
        said = 'signals.coordination.groups[0][1] = "node/001-001"  runs actuated, not by the clock, so it cannot'
        assert found == ([f"town.yaml:3  {said} keep step."] if wrong else [])


@pytest.mark.parametrize("section, said", SIGNALS, ids=[section[:50] for section, _ in SIGNALS])
def test_what_is_said_of_signals_must_fit_them(section: str, said: tuple[str, ...]) -> None:
    tree, _ = parse_yaml(f"signals:\n  {section}\n", Path("town.yaml"))
    found = [str(problem) for problem in check_against_network(None, tree, town())]
    assert found == [f"town.yaml:2  {text}" for text in said]


def test_a_signal_plan_where_the_clock_does_not_rule_would_change_nothing() -> None:
    plan = "{kind: signal_plan, junction: node/001-001, start_s: 0, cycle_s: 60}"
    for kind, wrong in (("actuated", True), ("fixed", False), ("fixed, priority: [bus]", True)):
        text = f"events: [{plan}]\nsignals: {{control: [{{kind: {kind}, junctions: [node/001-001]}}]}}\n"
        tree, _ = parse_yaml(text, Path("town.yaml"))
        problems = check_against_network(None, tree, town())
        assert [problem.key for problem in problems] == (["events[0].junction"] if wrong else [])
