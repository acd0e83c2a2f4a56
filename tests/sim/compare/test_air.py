"""Plans are compared by their air: what is emitted and breathed, who has too much, warnings, casualties of gas."""

from __future__ import annotations

import numpy as np
import pytest
from evacuation_case import box, corner, write_case

from citytwin.sim.compare import compare
from citytwin.sim.compare.air import expected_lost, residents_ugm3
from citytwin.sim.report import comparison_words as words
from citytwin.sim.report.comparison import render

CUT = 0.3
WIND = {"kind": "stability", "stability": "D", "wind_mps": 2.0, "wind_from_deg": 270.0}
AIR = {
    "meteorology": WIND,
    "fleet": {"country": "DE", "year": 2024},
    "doses": True,
    "every_s": 120,
    "limits_ugm3": {"pm10": 20.0},
    "sources": [{"id": "works", "kind": "area", "polygon": box(0, 0, 0, 0), "rates_gps": {"pm10": 0.05, "nox": 0.1}}],
    "receptors": [
        {"id": "school", "kind": "point", "at": corner(1, 0)},
        {"id": "town", "kind": "residents", "polygon": box(0, 0, 3, 3), "population": 500},
        {"id": "map", "kind": "grid", "spacing_m": 150},
    ],
}
GAS = {
    "kind": "gas",
    "id": "tank",
    "substance": "chlorine",
    "at": [corner(0, 1)[0] - 0.0006, corner(0, 1)[1]],
    "released_kg": 300.0,
    "lasts_s": 120.0,
    "start_s": 60.0,
    "every_s": 10.0,
    "air_changes_per_h": 8.0,
    "closed_air_changes_per_h": 0.5,
}
WARNING = {"id": "dust", "receptors": ["school"], "pollutant": "pm10", "every_s": 60, "data_share": 0.01}
WARNING |= {"levels": [{"name": "alarm", "at": 5.0}]}


@pytest.fixture(scope="module")
def breathed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("air")
    town = {
        "duration_s": 240,
        "air": AIR,
        "hazards": [GAS],
        "air_warnings": [WARNING],
        "report": {"rank_by": "air"},
        "demand": [{"kind": "random_trips", "per_hour": 600, "min_distance_m": 200}],
    }
    orders = [{"id": "first", "zones": ["west", "east"], "start_s": 60.0}]
    base = write_case(folder, scenario=town, orders=orders, channels=[], shadow=None, groups=[], modes={})
    (folder / "inside.yaml").write_text(
        f"base: {base.name}\nname: Inside\nevacuation: {{orders: {{first: {{action: stay_inside}}}}}}\n"
        f"measures: [{{kind: source_cap, cut: {CUT}}}]\n"
    )
    return compare([base, folder / "inside.yaml"], seeds=2, out=folder / "out")


def of(breathed, kind: str, about: str, quantity: str):
    table = breathed.differences.air
    (row,) = table[(table["kind"] == kind) & (table["of"] == about) & (table["quantity"] == quantity)].itertuples()
    return row


def test_a_cap_lowers_what_the_source_emits_by_its_share_with_every_seed(breathed):
    row = of(breathed, "emissions", "works", "PM10 emitted")
    assert row.base == pytest.approx(0.05 * 240 / 1000.0) and row.with_variant == pytest.approx((1.0 - CUT) * row.base)
    assert row.sd < 1e-6 and row.distinguishable and row.seeds == 2
    every, cars = (of(breathed, "emissions", name, "PM10 emitted") for name in ("all", "car"))
    assert every.base == pytest.approx(row.base + cars.base) and cars.base > 0.0


def test_concentrations_follow_and_the_mean_over_people_is_that_of_the_runs(breathed):
    runs = [breathed.stacks[number].breathed for number in (0, 1)]
    name, values = residents_ugm3(breathed.stacks[0])
    assert name == "mean NO2 of all residents" and values.shape == (2,) and (values > 0.0).all()
    school = of(breathed, "receptor", "school", "mean PM10")
    assert school.difference < 0.0 and school.high < 0.0
    peak = of(breathed, "receptor", "school", "highest interval PM10")
    assert peak.base >= school.base
    everybody, town = (
        of(breathed, *key, "mean PM10") for key in (("everybody", "all residents"), ("residents", "town"))
    )
    assert everybody.base == pytest.approx(town.base)
    assert runs[0].grid_ugm3["pm10"].shape == (2, len(runs[0].grid))


def test_the_grid_has_its_differences_with_their_places(breathed):
    grid = breathed.differences.air_grid
    dust = grid[grid["quantity"] == "mean PM10"]
    assert len(dust) == len(breathed.stacks[0].breathed.grid) and dust["found"].any()
    near = dust.loc[dust["base"].idxmax()]
    assert near["difference"] == pytest.approx(near["with_variant"] - near["base"]) and near["difference"] < 0.0
    assert np.isfinite(dust[["x_m", "y_m"]].to_numpy()).all()


def test_doses_limits_and_warnings_are_told(breathed):
    home = of(breathed, "dose", "residents", "inhaled PM10 a person")
    assert 0.0 < home.with_variant < home.base
    assert {"in vehicles", "on foot", "residents"} >= set(
        breathed.differences.air.loc[breathed.differences.air["kind"] == "dose", "of"]
    )
    above = of(breathed, "above", "residents town", "PM10 above the limit")
    assert above.unit == "person-h" and above.with_variant <= above.base
    raised, force = (of(breathed, "warning", "dust", name) for name in ("alarm raised", "in force"))
    assert raised.base == 1.0 and 0.0 < force.with_variant <= force.base <= 4.0


def test_who_stays_inside_is_hurt_less_by_a_cloud_that_passes(breathed):
    row = of(breathed, "gas", "tank: all", "incapacitated, expected")
    assert row.base > 2.0 * row.with_variant > 0.0
    assert expected_lost(breathed.stacks[0]).mean() == pytest.approx(row.base)
    counted = of(breathed, "gas", "tank: all", "incapacitated")
    assert counted.base == np.mean([len(run.casualties) for run in _runs(breathed, 0)])


def _runs(breathed, number):
    from citytwin.sim.compare.runs import read_result

    return [read_result(breathed.folder, breathed.plans[number].key, seed) for seed in breathed.seeds]


def test_plans_are_ranked_by_the_air_where_the_base_says_so(breathed):
    (row,) = breathed.differences.ranking.itertuples()
    assert row.quantity == "mean NO2 of all residents" and row.unit == "µg/m³"
    assert row.base == pytest.approx(residents_ugm3(breathed.stacks[0])[1].mean())


def test_the_report_begins_with_the_casualties_and_shows_where_the_air_changes(breathed):
    told = words.sentences(breathed, breathed.plans[1].key)
    assert told[0].startswith("The gas of “tank” is expected to incapacitate ")
    assert told[1].startswith("Residents breathe ")
    assert "Nobody leaves in the plan, so there is no time until people are safe to compare." in told
    page = render(breathed)
    assert '<section id="air">' in page and "NO2 " in page and 'id="air-map-1_inside"' in page
    assert "residents of town" in page


def test_the_tables_are_written(breathed):
    import pandas as pd

    for name in ("air", "air_grid"):
        assert len(pd.read_csv(breathed.folder / f"{name}.csv")) == len(getattr(breathed.differences, name))
