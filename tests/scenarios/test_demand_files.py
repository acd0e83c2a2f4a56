"""Trips from files: what is written is what is driven, and every mistake is named with its place and way out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytwin.scenarios.demand_files import trips_from_file
from citytwin.scenarios.places import find_places
from citytwin.scenarios.problems import ScenarioError, describe
from citytwin.scenarios.scenario import TripFile
from citytwin.scenarios.trips import build_trips, check_demand_files

from .demand_case import lon_lat, scenario, town

A, B = "way/node/000-000>node/000-001", "way/node/002-002>node/002-003"
AT, BT = town().link_row[A], town().link_row[B]
HEAD = "trip_id,depart_s,origin_link,destination_link"


def read(file):
    """Trips of a file on the town, or the problems as people read them."""
    trips, problems = trips_from_file(file, town(), find_places(town()))
    return trips, describe(problems).splitlines()


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a file into the current folder."""
    monkeypatch.chdir(tmp_path)

    def write_file(content, name="trips.csv"):
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return file

    return write_file


def test_trips_are_sorted_by_departure_then_id(write):
    trips, _ = read(write(f"{HEAD}\nlate,20,{A},{B}\nb,5,{A},{B}\na,5,{B},{A}\n"))
    assert trips.id == ("a", "b", "late")
    np.testing.assert_array_equal(trips.depart_s, [5, 5, 20])
    np.testing.assert_array_equal(trips.origin_link, [BT, AT, AT])
    assert np.isnan(trips.origin_m).all()
    assert (trips.vehicle_class == 0).all()


def test_all_columns_are_used(write):
    text = f"{HEAD},origin_m,destination_m,vehicle_class,purpose\nx,1.5,{A},{B},10,,truck,work\ny,2,{A},{B},,20.5,,\n"
    trips, problems = read(write(text))
    assert problems == ["No problems found."]
    np.testing.assert_array_equal(trips.origin_m, [10, np.nan])
    np.testing.assert_array_equal(trips.destination_m, [np.nan, 20.5])
    np.testing.assert_array_equal(trips.vehicle_class, [1, 0])


def test_origin_and_destination_name_links_too(write):
    trips, _ = read(write(f"trip_id,depart_s,origin,destination\nx,1,{A},{B}\n"))
    assert (trips.origin_link[0], trips.destination_link[0]) == (AT, BT)


def test_trips_from_outside_begin_at_the_edge(write):
    network, places = town(), find_places(town())
    entry, leave = (int(np.flatnonzero(gate)[0]) for gate in (places.entry_gate, places.exit_gate))
    trips, _ = read(write(f"{HEAD}\nx,1,{network.links.id[entry]},{network.links.id[leave]}\n"))
    assert (trips.origin_m[0], trips.destination_m[0]) == (0.0, network.links.length_m[leave])


def test_parquet_says_the_same(write, tmp_path):
    import pandas as pd

    table = pd.DataFrame(
        {
            "trip_id": [7, 8],
            "depart_s": [3.5, 1],
            "origin_link": A,
            "destination_link": B,
            "vehicle_class": ["bus", None],
        }
    )
    table.to_parquet(tmp_path / "trips.parquet")
    trips, _ = read(tmp_path / "trips.parquet")
    assert trips.id == ("8", "7")
    np.testing.assert_array_equal(trips.vehicle_class, [0, 2])
    table.loc[1, "depart_s"] = -1
    table.to_parquet(tmp_path / "trips.parquet")
    assert read(tmp_path / "trips.parquet")[1][0] == "trips.parquet  row 2, depart_s = -1.0  must be at least 0 s."


@given(link=st.integers(0, 79), share=st.floats(0.1, 0.9), aside_m=st.floats(1.0, 20.0))
def test_a_coordinate_finds_its_street_on_the_right_hand_side(tmp_path_factory, link, share, aside_m):
    network, places = town(), find_places(town())
    link = link % network.link_count
    (x0, y0), (x1, y1) = network.link_shape_xy(link)[[0, -1]]
    along = np.array([x1 - x0, y1 - y0])
    kerb = np.array([along[1], -along[0]]) / np.hypot(*along)
    x_m, y_m = np.array([x0, y0]) + share * along + aside_m * kerb
    lon, lat = lon_lat(network, x_m, y_m)
    other = network.links.id[(link + 40) % network.link_count]
    file = tmp_path_factory.mktemp("trips") / "trips.csv"
    file.write_text(f"trip_id,depart_s,origin_lon,origin_lat,destination_link\nx,0,{lon},{lat},{other}\n")
    trips, problems = trips_from_file(file, network, places)
    assert not problems
    assert trips.origin_link[0] == link
    assert trips.origin_m[0] == pytest.approx(share * network.links.length_m[link], abs=1e-3)


def test_the_key_of_a_trip_is_its_own(write):
    one, _ = read(write(f"{HEAD}\nx,1,{A},{B}\n"))
    two, _ = read(write(f"{HEAD}\nw,0,{A},{B}\nx,1,{A},{B}\n"))
    assert one.key[0] == two.key[1]


# ruff: noqa: E501 (a message is one line)
CASES = [
    ("empty file", "", ["trips.csv  is empty. It needs the columns trip_id, depart_s."]),
    ("only blank lines", "\n\n", ["trips.csv  is empty."]),
    ("only a header", HEAD + "\n", ["trips.csv  holds a header but no rows. Was the export cut off?"]),
    (
        "no header",
        f"x,0,{A},{B}\n",
        [
            f"trips.csv:1  has no column `trip_id`. It has: x, 0, {A}, {B}.",
            f"trips.csv:1  has no column `depart_s`. It has: x, 0, {A}, {B}.",
        ],
    ),
    (
        "misspelt column",
        f"trip_id,departs,origin_link,destination_link\nx,0,{A},{B}\n",
        ['trips.csv:1  has no column `depart_s`. Closest: "departs". It has: trip_id, departs, origin_link, destination_link.'],
    ),
    (
        "misspelt optional column",
        f"{HEAD},vehicle_clas\nx,0,{A},{B},car\n",
        ["trips.csv:1  has a column `vehicle_clas`, which means nothing here. Is it `vehicle_class`?"],
    ),
    (
        "column twice",
        f"{HEAD},origin\nx,0,{A},{B},{B}\n",
        ["trips.csv:1  has `origin_link` and `origin`, which mean the same. Keep one."],
    ),
    (
        "no destination",
        f"trip_id,depart_s,origin_link\nx,0,{A}\n",
        ["trips.csv:1  has no `destination_link`, nor both `destination_lon` and `destination_lat`."],
    ),
    ("semicolons", f"{HEAD.replace(',', ';')}\nx;0;{A};{B}\n", ["trips.csv:1  is separated by semicolons. Save it with commas between columns and a point in numbers."]),
    ("too few cells", f"{HEAD}\nx,0,{A}\n", ["trips.csv:2  row  has 3 columns, the header has 4. A comma too many or too few?", "trips.csv:2  destination_link = \"\"  is empty."]),
    ("open quote", f'{HEAD}\n"x,0,{A},{B}\n', ["trips.csv:2  is not a CSV table here: unexpected end of data. A quote that is not closed?"]),
    ("latin-1", f"{HEAD}\nö,0,{A},{B}\n".encode("latin-1"), ["trips.csv:2  is not UTF-8 text (byte 0xF6). Save the file as UTF-8."]),
    ("utf-16", HEAD.encode("utf-16"), ["trips.csv  is UTF-16 text. Save it as UTF-8."]),
    ("gzip", b"\x1f\x8b\x08\x00", ["trips.csv  is compressed (gzip). Unpack it first."]),
    ("binary", b"SQLite\0\0", ["trips.csv  is not a text file. A table is CSV or Parquet."]),
    ("damaged parquet", b"PAR1abc", ["trips.csv  is not a whole Parquet file. Was the export cut off?"]),
    ("nan", f"{HEAD}\nx,nan,{A},{B}\n", ['trips.csv:2  depart_s = "nan"  must be a finite number.']),
    ("infinite", f"{HEAD}\nx,inf,{A},{B}\n", ['trips.csv:2  depart_s = "inf"  must be a finite number.']),
    ("negative", f"{HEAD}\nx,-3,{A},{B}\n", ["trips.csv:2  depart_s = -3.0  must be at least 0 s."]),
    ("no number", f"{HEAD}\nx,soon,{A},{B}\n", ['trips.csv:2  depart_s = "soon"  is not a number.']),
    ("clock time", f"{HEAD}\nx,07:30,{A},{B}\n", ['trips.csv:2  depart_s = "07:30"  is a clock time: give seconds after the scenario\'s start.']),
    ("decimal comma", f'{HEAD}\nx,"1,5",{A},{B}\n', ['trips.csv:2  depart_s = "1,5"  is not a number: write the decimal sign as a point.']),
    ("empty cells", f"{HEAD}\n,,,{B}\n", ['trips.csv:2  trip_id = ""  is empty.', 'trips.csv:2  origin_link = ""  is empty.', 'trips.csv:2  depart_s = ""  is empty: give a number s.']),
    ("unknown class", f"{HEAD},vehicle_class\nx,0,{A},{B},lorry\n", ['trips.csv:2  vehicle_class = "lorry"  no such vehicle class. All: car, truck, bus, emergency, bicycle.']),
    ("beyond the end", f"{HEAD},origin_m\nx,0,{A},{B},999\n", [f"trips.csv:2  origin_m = 999.0  lies beyond the end of the link ({town().links.length_m[AT]:.1f} m)."]),
    ("before the beginning", f"{HEAD},origin_m\nx,0,{A},{B},-1\n", ["trips.csv:2  origin_m = -1.0  must be at least 0 m."]),
    ("nowhere to go", f"{HEAD}\nx,0,{A},{A}\n", [f'trips.csv:2  trip_id = "x"  begins and ends on link {A} without going forward on it. Choose another destination.']),
    ("backwards", f"{HEAD},origin_m,destination_m\nx,0,{A},{A},50,20\n", [f'trips.csv:2  trip_id = "x"  begins and ends on link {A} without going forward on it. Choose another destination.']),
    ("double id", f"{HEAD}\nx,0,{A},{B}\nx,1,{A},{B}\n", ['trips.csv:3  trip_id = "x"  stands in line 2 already. Ids differ.']),
]  # fmt: skip


@pytest.mark.parametrize("content, said", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_mistake_is_named_with_its_place_and_way_out(write, content, said):
    trips, lines = read(write(content))
    assert trips is None
    assert lines[:-1] == said


def test_an_unknown_link_comes_with_the_closest_ones(write):
    _, lines = read(write(f"{HEAD}\nx,0,{A}0,{B}\n"))
    assert lines[0].startswith(f'trips.csv:2  origin_link = "{A}0"  no such link. Closest: "{A}"')
    assert lines[0].endswith("List all: `citytwin network`.")


def test_everything_is_said_in_one_go(write):
    _, lines = read(write(f"{HEAD}\nx,-1,{A},nowhere\ny,later,{A},{A}\nx,0,{A},{B}\n"))
    assert [line.split("  ")[0] for line in lines[:-1]] == ["trips.csv:2"] * 2 + ["trips.csv:3"] * 2 + ["trips.csv:4"]
    assert lines[-1] == "5 problems, nothing was run."


def test_ten_thousand_doubles_are_one_problem(write):
    _, lines = read(write(f"{HEAD}\n" + f"x,0,{A},{B}\n" * 10_001))
    assert lines == [
        'trips.csv:3  trip_id = "x"  stands in line 2 already, and so on: 10,000 rows repeat an id. Ids must differ. Was the file appended to itself?',
        "1 problem, nothing was run.",
    ]


def test_ten_thousand_alike_are_shown_by_the_first(write):
    _, lines = read(write(f"{HEAD}\n" + "".join(f"{i},-5,{A},{B}\n" for i in range(10_000))))
    assert len(lines) == 12
    assert lines[10] == "trips.csv:11  depart_s  and 9,990 more rows with the same problem."


def test_swapped_coordinates_are_recognised(write):
    lon, lat = lon_lat(town(), 100.0, 100.0)
    head = "trip_id,depart_s,origin_lon,origin_lat,destination_link\n"
    _, lines = read(write(f"{head}x,0,{lat},{lon},{B}\n"))
    assert lines[0] == (
        "trips.csv:1  `origin_lon` and `origin_lat` are swapped: the other way round they lie in grid 4 x 4."
    )
    _, lines = read(write(f"{head}x,0,24.9,60.2,{B}\n"))
    assert lines[0].startswith('trips.csv:2  origin_lon, origin_lat = "24.9, 60.2"  lies ')
    assert "km from the nearest street (at most 200 m)" in lines[0]
    _, lines = read(write(f"{head}x,0,385000,6672000,{B}\n"))
    assert lines[0] == "trips.csv:2  origin_lon = 385000.0  must lie between -180 and 180°."


def test_a_trip_without_a_way_stays(write):
    network, places = town(), find_places(town())
    out = network.links.id[int(np.flatnonzero(places.exit_gate)[0])]
    trips, problems = read(write(f"{HEAD}\nx,0,{out},{B}\n"))
    assert len(trips) == 1
    assert problems == ["No problems found."]


def test_a_scenario_collects_the_problems_of_all_its_files(write):
    one = write(f"{HEAD}\nx,-1,{A},{B}\n", "one.csv")
    two = write(f"{HEAD}\nx,0,{A},nowhere\n", "two.csv")
    made = scenario(TripFile(kind="trips", file=one), TripFile(kind="trips", file=two))
    with pytest.raises(ScenarioError) as caught:
        build_trips(made, town())
    assert [problem.file.name for problem in caught.value.problems] == ["one.csv", "two.csv"]
    assert [problem.file.name for problem in check_demand_files(made)] == ["one.csv"]  # links need the network


def test_the_same_id_in_two_files_is_a_problem(write):
    file = write(f"{HEAD}\nx,0,{A},{B}\n")
    problems = check_demand_files(scenario(*[TripFile(kind="trips", file=file)] * 2), town())
    assert [str(problem) for problem in problems] == [
        'demand[1].id = null  the trip "x" is in demand[0] too. Ids differ.'
    ]


GOOD = f"{HEAD},origin_m\n1,0,{A},{B},5\n2,3.5,{B},{A},\n".encode()


@given(st.data())
def test_no_damage_makes_it_crash(tmp_path_factory, data):
    content = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["change", "drop", "add", "cut"]))
        if kind == "change":
            content[place] = data.draw(st.integers(0, 255))
        elif kind == "drop":
            del content[place : place + data.draw(st.integers(1, 20))]
        elif kind == "add":
            content[place:place] = data.draw(st.binary(max_size=5))
        else:
            del content[place:]
        if not content:
            break
    file = tmp_path_factory.getbasetemp() / "damaged.csv"
    file.write_bytes(bytes(content))
    trips, problems = trips_from_file(file, town(), find_places(town()))
    assert (trips is None) == bool(problems)
