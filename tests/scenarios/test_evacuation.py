"""An evacuation is read from the scenario and its files; what is wrong with it is said in full."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from evacuation_case import box, corner, evacuation, write_case
from pydantic import TypeAdapter

from citytwin.agents.evacuation_warning import heard_at, preparation_s, through_doors
from citytwin.scenarios.chance import keys_of
from citytwin.scenarios.differences import differences
from citytwin.scenarios.evacuation import CellBroadcast, DoorToDoor, Neighbours, Siren
from citytwin.scenarios.evacuation_places import not_drivable
from citytwin.scenarios.evacuation_times import PreparationTime
from citytwin.scenarios.inject_emergency import EvacuationOrder, ShelterFull
from citytwin.scenarios.scenario import check_scenario, load_scenario
from citytwin.sim.run import network_of, walks_of

# ruff: noqa: E501 (a message is one line)
KEYS = keys_of([f"home/{number}" for number in range(4000)])


def times(**keys: Any) -> np.ndarray:
    """Times of 20,000 people."""
    time = TypeAdapter(PreparationTime).validate_python(keys)
    return time.seconds((np.arange(20_000) + 0.5) / 20_000)


@pytest.mark.parametrize(
    "keys, mean_s, sd_s",
    [
        ({"kind": "uniform", "least_s": 10, "most_s": 100}, 55.0, 25.98),  # EvacuationNZ, IMO 1533
        ({"kind": "lognormal", "mu": 1.5346, "sigma": 0.3853}, 5.0, 2.0),  # EvacuationNZ: mean 5, sd 2
        ({"kind": "gamma"}, 1.291 * 103.901, 1.291**0.5 * 103.901),  # NIST's presets, by the laws' own moments
        ({"kind": "weibull"}, 131.19, 110.24),
        ({"kind": "lognormal"}, np.exp(4.586 + 0.967**2 / 2), None),
        ({"kind": "rayleigh", "sigma_s": 120.0, "shift_s": 300.0}, 300.0 + 120.0 * (np.pi / 2) ** 0.5, 78.62),
        ({"kind": "s_curve", "median_s": 1800.0, "spread_s": 200.0}, 1800.0, 200.0 * np.pi / 3**0.5),
    ],
    ids=lambda keys: keys["kind"] if isinstance(keys, dict) else "",
)
def test_preparation_times_have_their_moments(keys, mean_s, sd_s):
    drawn_s = times(**keys)
    assert drawn_s.mean() == pytest.approx(mean_s, rel=0.01)
    assert sd_s is None or drawn_s.std() == pytest.approx(sd_s, rel=0.02)


def test_imo_response_at_night_lies_between_400_and_700_s():
    drawn_s = times(kind="lognormal", mu=3.95, sigma=0.84, shift_s=400, most_s=700)
    assert 400.0 < drawn_s.min() and drawn_s.max() <= 700.0 + 1e-6
    assert np.median(drawn_s) == pytest.approx(400.0 + np.exp(3.95), rel=0.01)


def test_a_curve_of_those_who_are_ready(tmp_path):
    (tmp_path / "curve.csv").write_text("time_s,share\n60,0\n120,0.5\n600,1\n")
    drawn_s = times(kind="curve", file=tmp_path / "curve.csv")
    assert drawn_s.min() >= 60.0 and np.median(drawn_s) == pytest.approx(120.0, abs=0.1) and drawn_s.max() <= 600.0


def test_each_channel_reaches_its_share_after_its_delay():
    siren = Siren(kind="siren", reaches=0.6, delay_s=20.0)
    seen = CellBroadcast(kind="cell_broadcast", reaches=0.8, delay_s=30.0, seen_after_s=60.0)
    first_s, heard = heard_at([siren], KEYS, 100.0, 1)
    assert set(first_s.tolist()) == {120.0, np.inf} and np.isfinite(first_s).mean() == pytest.approx(0.6, abs=0.03)
    both_s, both = heard_at([siren, seen], KEYS, 100.0, 1)
    assert (both_s <= first_s).all() and (both >= heard).all()
    assert np.isfinite(both_s).mean() == pytest.approx(1 - 0.4 * 0.2, abs=0.03)
    late_s = heard_at([seen], KEYS, 100.0, 1)[0]
    assert late_s.min() >= 130.0 and late_s[np.isfinite(late_s)].mean() == pytest.approx(190.0, rel=0.05)


def test_teams_knock_at_one_door_after_the_other_and_neighbours_pass_word_on():
    teams = DoorToDoor(kind="door_to_door", households_per_h=3600.0)
    assert np.sort(heard_at([teams], KEYS, 0.0, 1)[0]) == pytest.approx(np.arange(4000))
    siren = Siren(kind="siren", reaches=0.2)
    word = Neighbours(kind="neighbours", reaches=0.5, delay_s=60.0)
    first_s = heard_at([word, siren], KEYS, 0.0, 1)[0]
    by_word = first_s > 0.0
    # x = share that knows: 0.2 hear the siren, and of the others half ask somebody who knows: x = 0.2 + 0.8 * 0.5 * x
    assert np.isfinite(first_s).mean() == pytest.approx(0.2 / (1 - 0.8 * 0.5), abs=0.04)
    assert np.median(first_s[by_word & np.isfinite(first_s)]) > 30.0
    assert np.isinf(heard_at([word], KEYS, 0.0, 1)[0]).all()  # nobody knows, nobody tells


def test_further_warnings_shorten_the_preparation():
    fixed = TypeAdapter(PreparationTime).validate_python({"kind": "uniform", "least_s": 100, "most_s": 100})
    ones = np.zeros(3, np.int32)
    assert preparation_s(fixed, KEYS[:3], ones, np.array([1, 2, 3]), 0.8, 0).tolist() == pytest.approx([100, 80, 64])


def test_doors_let_people_out_one_after_the_other():
    assert through_doors(np.array([5.0, 0.0, 0.0, 0.0]), 2.0).tolist() == pytest.approx([5.0, 0.5, 1.0, 1.5], abs=0.51)
    out_s = through_doors(np.zeros(100), 1.33)
    assert out_s.max() - out_s.min() == pytest.approx(99 / 1.33)


def test_more_people_change_nobody_else(tmp_path):
    def homes(population: int):
        zone = {"id": "west", "polygon": box(0, 0, 1, 3), "population": population}
        scenario = load_scenario(write_case(tmp_path, zones=[zone], groups=[]))
        people = walks_of(scenario, network_of(scenario)).evacuees
        return people.households

    few, many = homes(50), homes(90)
    count = few.key.size - 1  # the last household may be cut
    assert (few.key[:count] == many.key[:count]).all() and (few.walk_m[:count] == many.walk_m[:count]).all()
    assert (few.mode[:count] == many.mode[:count]).all() and (few.size[:count] == many.size[:count]).all()
    assert few.size.sum() == 50 and many.size.sum() == 90


def collection(*features: tuple[dict[str, Any], dict[str, Any]]) -> str:
    rows = [{"type": "Feature", "properties": own, "geometry": geometry} for own, geometry in features]
    return json.dumps({"type": "FeatureCollection", "features": rows})


WEST = {"type": "Polygon", "coordinates": [[*box(0, 0, 1, 3), box(0, 0, 1, 3)[0]]]}


def test_zones_shelters_and_inhabitants_come_from_files_too(tmp_path):
    (tmp_path / "zones.geojson").write_text(collection(({"id": "old town", "population": 70}, WEST)))
    place = {"type": "Point", "coordinates": corner(2, 2)}
    (tmp_path / "shelters.geojson").write_text(collection(({"id": "gym", "capacity": 25, "by": ["foot"]}, place)))
    files = {"zones_file": "zones.geojson", "shelters_file": "shelters.geojson"}
    orders = [{"zones": ["old town"], "start_s": 0}]
    file = write_case(tmp_path, zones=[], groups=[], orders=orders, shelters=[], exits=[], **files)
    assert check_scenario(file) == []
    people = walks_of(load_scenario(file), network_of(load_scenario(file))).evacuees
    assert people.household.size == 70 and people.havens.capacity.tolist() == [25.0]
    scenario = load_scenario(file)
    told = EvacuationOrder(at="07:10", kind="evacuation_order", zones=["old town", "new town"])
    assert [text for _, text in told.wrong(scenario, None)] == [
        "no zone 'new town'. Closest: \"old town\". All: old town."
    ]
    assert not list(ShelterFull(at="07:10", kind="shelter_full", shelter="gym").wrong(scenario, None))
    (tmp_path / "people.csv").write_text("zone,population\nold town,41\n")
    file = write_case(
        tmp_path, zones=[], groups=[], orders=orders, shelters=[], exits=[], population_file="people.csv", **files
    )
    assert walks_of(load_scenario(file), network_of(load_scenario(file))).evacuees.household.size == 41
    (west, lat), (east, _) = corner(0.5, 1.5), corner(2.5, 1.5)
    (tmp_path / "people.csv").write_text(f"lon,lat,population\n{west},{lat},30\n{east},{lat},12\n")
    by_grid = walks_of(load_scenario(file), network_of(load_scenario(file))).evacuees
    assert by_grid.household.size in range(20, 31)  # those of the western cell whose street lies in the zone


def test_buildings_come_from_a_file_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = {"type": "Point", "coordinates": corner(0, 0)}
    far = {"type": "Point", "coordinates": [9.05, 47.0]}
    school = {"id": "school", "persons": 40, "doors": [{"width_m": 1.0}]}
    Path("groups.geojson").write_text(collection((school, here), ({"name": "clinic", "persons": 12.0}, here)))
    file = write_case(Path(), groups=[], groups_file="groups.geojson")
    assert check_scenario(file) == []
    scenario = load_scenario(file)
    people = walks_of(scenario, network_of(scenario)).evacuees
    inline = load_scenario(write_case(Path(), groups=[school | {"at": corner(0, 0)}]))
    assert people.household.size - walks_of(inline, network_of(inline)).evacuees.household.size == 12
    wrong = ({"id": "a", "persons": 0}, here), ({"id": "b", "persons": 3}, WEST), ({"id": "c", "persons": 3}, far)
    ride = {"id": "school", "persons": 3, "modes": {"bus": 0.5, "ambulance": 0.5}}
    Path("groups.geojson").write_text(collection(*wrong, (ride, here)))
    told = [str(found).split("  ", 1)[1] for found in check_scenario(write_case(Path(), groups_file="groups.geojson"))]
    assert told == [
        "features[0]: persons: Input should be greater than or equal to 1",
        "features[1]: a building is a Point, not Polygon.",
        'evacuation.groups_file = "groups.geojson"  building "c": no path leads to it: the nearest that joins the others is 3,341 m away. Move it.',
        'evacuation.groups_file = "groups.geojson"  its building "school" has people who take a bus, and there are no `pickups`.',
        'evacuation.groups_file = "groups.geojson"  its building "school" has people who cannot walk, and no `ambulances` come.',
        'evacuation.groups_file = "groups.geojson"  its building "school" stands under `groups` too. Ids differ.',
    ]


def changed(**keys: Any) -> dict[str, Any]:
    return copy.deepcopy(evacuation()) | keys


HALL = {"id": "hall", "at": corner(2, 2)}
CASES: list[tuple[str, dict[str, Any], dict[str, str], list[str]]] = [
    (
        "a zone that is not there",
        {"orders": [{"zones": ["wets"], "start_s": 0}]},
        {},
        ['evacuation.orders[0].zones[0] = "wets"  no such zone. Closest: "west". All: "west", "east".'],
    ),
    (
        "a shelter with no path",
        {"shelters": [{"id": "hut", "at": [9.05, 47.0]}]},
        {},
        [
            "evacuation.shelters[0].at = [9.05, 47.0]  no path leads to it: the nearest that joins the others is 3,341 m away. Move it.",
            "evacuation.shelters[0].at = [9.05, 47.0]  no street for cars leads to it: the nearest is 3,344 m away. Move it, or take what needs a street out of its `by`.",
        ],
    ),
    (
        "a door without width",
        {"groups": [{"id": "school", "at": corner(0, 0), "persons": 3, "doors": [{"width_m": 0}]}]},
        {},
        ["evacuation.groups[0].doors[0].width_m = 0  must be at least 0.4."],
    ),
    (
        "a polygon that is not closed",
        {"zones": [], "zones_file": "zones.geojson", "groups": [], "orders": []},
        {"zones.geojson": collection(({"id": "a"}, {"type": "Polygon", "coordinates": [box(0, 0, 1, 3)]}))},
        ["zones.geojson  features[0]: the polygon is not closed: its last corner is not its first."],
    ),
    (
        "nowhere to go and nobody",
        {"shelters": [], "exits": []},
        {},
        ["evacuation  has no `shelters` and no `exits`: where are people safe?"],
    ),
    (
        "a building in no zone",
        {"groups": [{"id": "school", "at": [9.05, 47.0], "persons": 3}]},
        {},
        [
            "evacuation.groups[0].at = [9.05, 47.0]  lies in no zone, so no order would reach its people. Move it, or draw a zone round it.",
            "evacuation.groups[0].at = [9.05, 47.0]  no path leads to it: the nearest that joins the others is 3,341 m away. Move it.",
        ],
    ),
    (
        "an exit by a link that is not there",
        {"exits": [{"id": "north", "link": "way/1:2-3"}]},
        {},
        ['evacuation.exits[0].link = "way/1:2-3"  no such link. Closest: "way/100:2-3", "way/101:2-3", "way/102:2-3".'],
    ),
    (
        "buses to nowhere",
        {
            "shelters": [HALL],
            "pickups": [{"id": "a", "at": corner(0, 0), "to": "hal"}, {"id": "b", "at": corner(0, 0), "to": "hall"}],
        },
        {},
        [
            'evacuation.pickups[0].to = "hal"  no such shelter. Closest: "hall". All: "hall".',
            'evacuation.pickups[1].to = "hall"  cannot be reached by bus. Add `bus` to the shelter\'s `by`.',
        ],
    ),
    (
        "ambulances to nowhere",
        {
            "shelters": [HALL],
            "ambulances": [
                {"id": "a", "at": corner(0, 0), "to": "hal", "loads_s": 60, "unloads_s": 60},
                {"id": "b", "at": [9.05, 47.0], "to": "hall", "loads_s": 60, "unloads_s": 60},
            ],
        },
        {},
        [
            'evacuation.ambulances[0].to = "hal"  no such shelter. Closest: "hall". All: "hall".',
            'evacuation.ambulances[1].to = "hall"  cannot be reached by ambulance. Add `ambulance` to the shelter\'s `by`.',
            "evacuation.ambulances[1].at = [9.05, 47.0]  no street for cars leads to it: the nearest is 3,344 m away. Move it.",
        ],
    ),
    (
        "a route by links that are not there",
        {
            "designated_routes": [
                {"id": "a", "zones": ["wets"], "links": ["way/1:2-3"]},
                {"id": "b", "zones": ["east"], "links": ["way/100:2-3", "way/100:1-2"]},
            ]
        },
        {},
        [
            'evacuation.designated_routes[0].zones[0] = "wets"  no such zone. Closest: "west". All: "west", "east".',
            'evacuation.designated_routes[0].links[0] = "way/1:2-3"  no such link. Closest: "way/100:2-3", "way/101:2-3", "way/102:2-3".',
        ],
    ),
    (
        "two routes for one zone",
        {"designated_routes": [{"id": one, "zones": ["west"], "links": ["way/100:2-3"]} for one in "ab"]},
        {},
        ['evacuation  leads zone "west" by two of its `designated_routes`. Give each zone one.'],
    ),
    (
        "no ambulance",
        {"modes": {"ambulance": 0.1}},
        {},
        [
            "evacuation  has people who cannot walk (`modes`), and no `ambulances` that fetch them, nor `fetched_by_units`."
        ],
    ),
    (
        "no unit that fetches them",
        {"modes": {"ambulance": 0.1}, "fetched_by_units": {"to": "hal", "loads_s": 60, "unloads_s": 60}},
        {},
        [
            'evacuation.fetched_by_units = {"to": "hal", "loads_s": 60, "unloads_s": 60}  no unit of `responders` is an ambulance: add one there, or give `ambulances` here.',
            'evacuation.fetched_by_units.to = "hal"  no such shelter. Closest: "hall". All: "hall", "park".',
        ],
    ),
    (
        "no bus",
        {"modes": {"car": 0.5, "bus": 0.2}},
        {},
        ["evacuation  has people who take a bus (`modes`), and no `pickups` where buses take them up."],
    ),
    (
        "more than all",
        {"modes": {"car": 0.9, "bus": 0.2}},
        {},
        ["evacuation.modes  shares of `car` and `bus` make 1.1, more than 1."],
    ),
    (
        "two of one name",
        {"shelters": [HALL, HALL]},
        {},
        ['evacuation  names two of its shelters "hall". Ids differ.'],
    ),
    (
        "wrong times",
        {"preparation": {"kind": "lognormal", "sigma": 0}},
        {},
        ["evacuation.preparation.sigma = 0  must be above 0."],
    ),
    (
        "an unknown law",
        {"preparation": {"kind": "log-normal"}},
        {},
        [
            'evacuation.preparation.kind = "log-normal"  no such kind. Closest: "lognormal". All: lognormal, gamma, weibull, rayleigh, s_curve, uniform, curve.'
        ],
    ),
    (
        "nobody knows how they come home",
        {"gathering": {"away": 1.5, "waits_s": -1}},
        {},
        [
            "evacuation.gathering.away = 1.5  must be at most 1.",
            "evacuation.gathering.comes_home  is missing. How long each of them takes from the warning until being home. Nobody's preparation is added.",
            "evacuation.gathering.waits_s = -1  must be at least 0.",
        ],
    ),
    (
        "a curve of those who come home that falls",
        {"gathering": {"away": 0.5, "comes_home": {"kind": "curve", "file": "curve.csv"}}},
        {"curve.csv": "time_s,share\n0,0.5\n60,0.4\n"},
        ['curve.csv:3  share = "0.4"  is less than in the row before. Sort the rows.'],
    ),
    (
        "a curve that falls",
        {"preparation": {"kind": "curve", "file": "curve.csv"}},
        {"curve.csv": "time_s,share\n0,0.5\n60,0.4\n"},
        ['curve.csv:3  share = "0.4"  is less than in the row before. Sort the rows.'],
    ),
]


@pytest.mark.parametrize("keys, files, told", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_is_wrong_with_an_evacuation(keys, files, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    file = write_case(Path(), **keys)
    found = [str(problem) for problem in check_scenario(file)]
    assert [problem.split("  ", 1)[1] if problem.startswith(file.name) else problem for problem in found] == told


def test_a_route_of_links_that_are_not_joined_is_refused():
    roads: Any = SimpleNamespace(
        link_row={"a": 0, "b": 1},
        link_count=2,
        links=SimpleNamespace(id=("a", "b"), movement_start=np.array([0, 1, 1])),
        movements=SimpleNamespace(to_link=np.array([1])),
    )
    assert list(not_drivable(("a", "b"), roads)) == []
    said = 'no way leads there from "b". Name links in the order in which they are driven.'
    assert list(not_drivable(("b", "a"), roads)) == [(1, said)]


def test_ambulances_are_told_in_words(tmp_path):
    def scenario(vehicles: int, share: float):
        hall = HALL | {"by": ["foot", "ambulance"]}
        pool = {"id": "clinic", "at": corner(0, 0), "to": "hall", "vehicles": vehicles, "loads_s": 300, "unloads_s": 90}
        return load_scenario(
            write_case(tmp_path, shelters=[hall], exits=[], ambulances=[pool], modes={"ambulance": share})
        )

    few, many = scenario(2, 0.05), scenario(5, 0.1)
    assert [found.text for found in differences(few, many)] == [
        "evacuation, of all households: cannot walk, of the people 5 → 10 %",
        'evacuation ambulances of "clinic": vehicles 2 → 5',
    ]
    texts = [found.text for found in differences(few.model_copy(update={"evacuation": None}), few)]
    assert (
        'new: evacuation ambulances of "clinic": at 9, 47, to hall, vehicles 2, stand where they take somebody up for '
        "300 s, at the shelter for 90 s"
    ) in texts


def test_differences_of_evacuations_are_told_in_words(tmp_path):
    def scenario(name: str, **keys: Any):
        (tmp_path / name).mkdir()
        return load_scenario(write_case(tmp_path / name, **keys))

    plan = scenario("plan")
    without = plan.model_copy(update={"evacuation": None})
    texts = [found.text for found in differences(without, plan)]
    assert 'new: evacuation order "first": to zones west, given at 07:00:30, followed by 90 %' in texts
    assert 'new: evacuation building "school": at 9, 47, people 40, door of 1 m' in texts
    assert "evacuation, people get ready by: lognormal → uniform, from 10 s, to 100 s" in texts
    inside = [{"id": "first", "zones": ["west"], "start_s": 30.0, "compliance": 0.9, "action": "stay_inside"}]
    told = [found.text for found in differences(plan, scenario("inside", orders=inside))]
    assert told == ['evacuation order "first": to leave → stay inside']
    later = scenario(
        "later",
        orders=[{"id": "first", "zones": ["west"], "start_s": 630.0, "compliance": 0.7}],
        shelters=[{"id": "hall", "at": corner(2, 2), "capacity": 60, "announced_after_s": 20.0}],
        shadow=None,
        designated_routes=[{"id": "ring", "zones": ["west"], "links": ["way/103:1-2"], "compliance": 0.6}],
        gathering={"away": 0.3, "comes_home": {"kind": "uniform", "least_s": 60, "most_s": 600}, "waits_s": 300},
    )
    assert [found.text for found in differences(plan, later)] == [
        'evacuation order "first": given at 07:00:30 → 07:10:30',
        'evacuation order "first": followed by 90 → 70 %',
        "evacuation, leaving without an order: share 30 %, of those who live within 400 m → none",
        "evacuation, members of households who come home first: none → elsewhere 30 %, home after a time that is uniform, from 60 s, to 600 s, waited for at most 300 s",
        'no longer: evacuation shelter "park": at 9.006, 47',
        'evacuation shelter "hall": room for 30 → 60',
        'new: evacuation designated route "ring": of zones west, through link way/103:1-2, followed by 60 %',
    ]
