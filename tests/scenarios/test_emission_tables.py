"""Tables of emission factors and of fleets are read as they stand; what is wrong in them is told in words."""

from __future__ import annotations

import csv

import pytest

from citytwin.scenarios.emission_factors import FACTORS, Technology, bundled_factors, check_factors
from citytwin.scenarios.vehicle_fleets import FLEETS, check_fleet

HEADER = "category,fuel,segment,euro,pollutant,mode,alpha,beta,gamma,delta,epsilon,zita,hta,rf,v_min_kmh,v_max_kmh\n"
VAN = Technology("Light Commercial Vehicles", "Diesel", "own van", "Euro 9")


def row(pollutant="NOx", mode="", numbers="0,0,0.2,0,0,0,1,0,5,130"):
    return f"{','.join(VAN)},{pollutant},{mode},{numbers}\n"


def written(path, *rows):
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return check_factors(path)


def test_the_bundled_table_can_be_used_for_all_it_names():
    table = bundled_factors()
    assert [name for name in table.technologies if table.lacks(name)] == []
    assert len(table.technologies) == 88


def test_the_guidebook_s_own_table_can_be_read(data):
    table, problems = check_factors(data / "air" / "emep_eea_hot_factors.csv")
    assert table is not None and not problems and len(table.technologies) == 408


def test_a_table_of_one_s_own_adds_technologies_and_holds_by_speed(tmp_path):
    rows = [row(name) for name in ("PM Exhaust", "CO", "VOC", "EC")]
    rows += [row(numbers="0,0,0.4,0,0,0,1,0,5,50"), row(numbers="0,0,0.1,0,0,0,1,0,50,130")]
    table, problems = written(tmp_path / "own.csv", *rows)
    assert table is not None and not problems
    joined = bundled_factors().joined(table)
    assert joined.lacks(VAN) == "" and len(joined.technologies) == 89
    assert [(one.from_kmh, one.to_kmh, one.numbers[2]) for one in joined.curves[VAN, "NOx"]] == [
        (0.0, 50.0, 0.4),
        (50.0, float("inf"), 0.1),
    ]


def test_what_is_wrong_with_factors(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, problems = written(
        tmp_path / "own.csv",
        row("NO3"),
        row(mode="Motorway"),
        row(numbers="0,0,-0.2,0,0,0,1,0,5,130"),
        row("CO", numbers="0,0,0.2,0,0,0,0,0,5,130"),
        row("VOC", numbers="0,0,0.2,0,0,0,1,0,130,5"),
        row("EC", numbers="0,0,x,0,0,0,1,0,5,130"),
        row("PM Exhaust"),
        row("PM Exhaust"),
    )
    assert [str(problem) for problem in problems] == [
        'own.csv:7  gamma = "x"  is not a number.',
        'own.csv:2  pollutant = "NO3"  no such pollutant. All: NOx, PM Exhaust, CO, VOC, EC.',
        'own.csv:3  mode = "Motorway"  no such mode. All: Urban Off Peak, Rural, Highway, Urban Peak, or nothing.',
        "own.csv:4  rf = 0.0  makes the factor negative at some of its speeds.",
        "own.csv:5  hta = 0.0  divides by nothing at some of its speeds.",
        "own.csv:6  v_min_kmh = 130.0  the speeds 130 to 5 km/h are none. In km/h, the lower one first?",
        (
            'own.csv:8  pollutant = "PM Exhaust"  Light Commercial Vehicles | Diesel | own van | Euro 9 has PM Exhaust '
            "twice for the same speeds. Keep one row."
        ),
    ]


def test_bundled_fleets_add_up_and_say_where_they_are_from():
    for country, year in (("DE", 2024), ("DE-HE", 2020)):
        shares, problems, said = check_fleet(FLEETS, country, year, bundled_factors())
        assert shares is not None and not problems and not said
        assert set(shares.of_class) == {"car", "truck", "bus", "emergency"}
        for kinds in shares.of_class.values():
            assert sum(kinds.values()) == pytest.approx(1.0, abs=1e-12)
    with FLEETS.open(encoding="utf-8") as lines:
        assert all("KBA" in line["source"] or "assumed" in line["source"] for line in csv.DictReader(lines))
    assert FACTORS.exists()


def test_what_is_wrong_with_fleets(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    header = "country,year,vehicle_class,category,fuel,segment,euro,share\n"
    good = "X,2020,car,Passenger Cars,Diesel,Medium,Euro 5,"
    file = tmp_path / "fleet.csv"
    file.write_text(f"{header}{good}0.7\n", encoding="utf-8")
    shares, problems, said = check_fleet(file, "X", 2020, bundled_factors())
    assert shares is None and not said
    assert [str(one) for one in problems] == ["fleet.csv  the shares of `car` in X 2020 add up to 0.7, not to 1."]
    _, _, said = check_fleet(file, "X", 2021, bundled_factors())
    assert said == "no such fleet. All: {country: X, year: 2020}."
    file.write_text(
        f"{header}{good}-0.1\nX,2020,cars,Passenger Cars,Diesel,Medium,Euro 5,1\n"
        "X,2020,car,Pasenger Cars,Diesel,Medium,Euro 5,1\nX,2020,car,Passenger Cars,Diesel,Medium,Euro 11,1\n",
        encoding="utf-8",
    )
    _, problems, _ = check_fleet(file, "X", 2020, bundled_factors())
    assert [str(one) for one in problems] == [
        "fleet.csv:2  share = -0.1  must lie between 0 and 1.",
        'fleet.csv:3  vehicle_class = "cars"  no such vehicle class. Closest: "car". All: car, truck, bus, emergency.',
        (
            'fleet.csv:4  category = "Pasenger Cars"  no such category. Closest: "Passenger Cars". All: '
            "Passenger Cars, Light Commercial Vehicles, Heavy Duty Trucks, Buses, L-Category."
        ),
        (
            'fleet.csv:5  euro = "Euro 11"  there are no emission factors for Passenger Cars | Diesel | Medium | '
            'Euro 11. Closest: "Passenger Cars | Diesel | Medium | Euro 1", '
            '"Passenger Cars | Diesel | Medium | Euro 2", "Passenger Cars | Diesel | Medium | Euro 3".'
        ),
    ]
