"""Air quality indices equal their agencies' tables at every edge, on both sides of it."""

from __future__ import annotations

import doctest
import functools
import operator

import pytest

from citytwin.scenarios import air_index as module
from citytwin.scenarios import emission_standards
from citytwin.scenarios.air_index import INDEX_NAMES, air_index, from_unit, in_unit

# Highest concentrations of each piece, in the agency's own unit, and the step between two of them that count.
EPA = {  # 40 CFR part 58, appendix G, table 2 (2024)
    ("pm25", 24, "ugm3", 0.1): [9.0, 35.4, 55.4, 125.4, 225.4, 325.4],
    ("pm10", 24, "ugm3", 1): [54, 154, 254, 354, 424, 604],
    ("o3", 8, "ppm", 0.001): [0.054, 0.070, 0.085, 0.105, 0.200],
    ("co", 8, "ppm", 0.1): [4.4, 9.4, 12.4, 15.4, 30.4, 50.4],
    ("so2", 1, "ppb", 1): [35, 75, 185, 304],
    ("no2", 1, "ppb", 1): [53, 100, 360, 649, 1249, 2049],
}
EPA_FROM = {  # the same, for means that define nothing below the first figure
    ("o3", 1, "ppm", 0.001): [0.124, 0.164, 0.204, 0.404, 0.604],
    ("so2", 24, "ppb", 1): [304, 604, 1004],
}
EPA_ENDS = [50, 100, 150, 200, 300, 500]
EAQI = {  # EEA, bands of 2024, hourly, µg/m³
    "pm25": [5, 15, 50, 90, 140],
    "pm10": [15, 45, 120, 195, 270],
    "no2": [10, 25, 60, 100, 150],
    "o3": [60, 100, 120, 160, 180],
    "so2": [20, 40, 125, 190, 275],
}
HJ_ENDS = [0, 50, 100, 150, 200, 300, 400, 500]
HJ_2012 = {  # HJ 633-2012, table 1; CO in mg/m³
    ("so2", 24): [0, 50, 150, 475, 800, 1600, 2100, 2620],
    ("so2", 1): [0, 150, 500, 650, 800],
    ("no2", 24): [0, 40, 80, 180, 280, 565, 750, 940],
    ("no2", 1): [0, 100, 200, 700, 1200, 2340, 3090, 3840],
    ("pm10", 24): [0, 50, 150, 250, 350, 420, 500, 600],
    ("co", 24): [0, 2, 4, 14, 24, 36, 48, 60],
    ("co", 1): [0, 5, 10, 35, 60, 90, 120, 150],
    ("o3", 1): [0, 160, 200, 300, 400, 800, 1000, 1200],
    ("o3", 8): [0, 100, 160, 215, 265, 800],
    ("pm25", 24): [0, 35, 75, 115, 150, 250, 350, 500],
}
HJ_PARTICLES = {"pm10": [0, 50, 120, 250, 350, 420, 500, 600], "pm25": [0, 35, 60, 115, 150, 250, 350, 500]}
HJ_2026 = HJ_2012 | {(name, hours): edges for name, edges in HJ_PARTICLES.items() for hours in (1, 24)}  # table 3
HJ = [("cn_hj633_2012", mean, edges) for mean, edges in HJ_2012.items()]
HJ += [("cn_hj633", mean, edges) for mean, edges in HJ_2026.items()]
HJ_BEYOND = {("so2", 1): 200, ("o3", 8): 300}  # HJ 633-2026; HJ 633-2012 leaves it to the other mean


def value(name, pollutant, average_h, amount, unit="ugm3"):
    return air_index(name).value_of(pollutant, average_h, from_unit(amount, pollutant, unit))


@pytest.mark.parametrize("mean", [*EPA, *EPA_FROM], ids=str)
def test_every_breakpoint_of_the_us_index(mean):
    pollutant, average_h, unit, step = mean
    edges = EPA.get(mean) or EPA_FROM[mean]
    ends = EPA_ENDS[: len(edges)] if mean in EPA else EPA_ENDS[-len(edges) :]
    if mean == ("o3", 1, "ppm", 0.001):
        ends = [100, *EPA_ENDS[2:]]
    for number, (edge, end) in enumerate(zip(edges, ends, strict=True)):
        if number or mean in EPA:
            assert value("us_epa", pollutant, average_h, edge, unit) == end
            assert value("us_epa", pollutant, average_h, edge + 0.999 * step, unit) == end  # cut off, not rounded
        else:
            assert value("us_epa", pollutant, average_h, edge + 0.999 * step, unit) is None
        if number + 1 < len(edges):
            assert value("us_epa", pollutant, average_h, edge + step, unit) == end + 1
    if mean in EPA:
        assert value("us_epa", pollutant, average_h, 0.0, unit) == 0


def test_what_lies_beyond_the_us_table():
    assert value("us_epa", "o3", 8, 0.201, "ppm") is None  # the 1-hour value decides
    assert value("us_epa", "so2", 1, 305, "ppb") == 200  # the 24-hour value decides above
    # Equation 1 goes on: 199 / 99.9 for each µg/m³ of PM2.5.
    assert value("us_epa", "pm25", 24, 400.0) == round(301 + 199 / 99.9 * (400.0 - 225.5))
    assert value("us_epa", "no2", 1, 2100, "ppb") > 500


def test_the_worked_example_of_the_technical_document():
    """EPA-454/B-24-002, section IV: 0.078 ppm O3, 35.9 µg/m³ PM2.5 and 8.4 ppm CO make 126, 102 and 90."""
    means = {
        ("o3", 8): from_unit(0.07853333, "o3", "ppm"),
        ("pm25", 24): 35.9,
        ("co", 8): from_unit(8.4, "co", "ppm"),
    }
    index = air_index("us_epa")
    assert [index.value_of(*mean, ugm3) for mean, ugm3 in means.items()] == [126, 102, 90]
    reading = index.reading(means)
    assert (reading.value, reading.band, reading.pollutant) == (126, "Unhealthy for Sensitive Groups", "o3")


@pytest.mark.parametrize("pollutant", EAQI)
def test_every_band_of_the_european_index(pollutant):
    assert value("eu_eaqi", pollutant, 1, 0.0) == 1
    for band, edge in enumerate(EAQI[pollutant], start=1):
        assert value("eu_eaqi", pollutant, 1, edge) == value("eu_eaqi", pollutant, 1, edge + 0.49) == band
        assert value("eu_eaqi", pollutant, 1, edge + 0.5) == value("eu_eaqi", pollutant, 1, edge + 1) == band + 1


@pytest.mark.parametrize("name, mean, edges", HJ, ids=str)
def test_every_breakpoint_of_the_chinese_index(name, mean, edges):
    pollutant, average_h = mean
    unit, step = ("mgm3", 0.1) if pollutant == "co" else ("ugm3", 1)
    for number, edge in enumerate(edges):
        end = HJ_ENDS[number]
        assert value(name, pollutant, average_h, edge, unit) == end
        assert value(name, pollutant, average_h, edge + 0.49 * step, unit) == end  # rounded before
        if number + 1 < len(edges):
            above = value(name, pollutant, average_h, edge + step, unit)
            slope = (HJ_ENDS[number + 1] - end) / (edges[number + 1] - edge) * step
            assert above - 1 < end + slope <= above + 1e-6  # rounded up
    beyond = value(name, pollutant, average_h, edges[-1] + step, unit)
    whole = len(edges) == len(HJ_ENDS)
    assert beyond == (500 if whole else HJ_BEYOND[mean] if name == "cn_hj633" else None)


def test_both_chinese_tables_are_held_to_all_their_means():
    for name in ("cn_hj633", "cn_hj633_2012"):
        assert sorted(air_index(name).averages) == sorted(mean for own, mean, _ in HJ if own == name)


def test_halves_go_to_the_even_digit_in_china():
    assert value("cn_hj633", "pm25", 24, 34.5) == value("cn_hj633", "pm25", 24, 34.0)
    assert value("cn_hj633", "pm25", 24, 35.5) == value("cn_hj633", "pm25", 24, 36.0) == 52


def test_sums_of_floating_point_numbers_are_not_cut_off_below_an_edge():
    tenths = functools.reduce(operator.add, [9.1 / 24] * 24)  # Python 3.12 and later: `sum` mends what is lost
    assert tenths < 9.1
    assert value("us_epa", "pm25", 24, tenths) == 51


@pytest.mark.parametrize("name", INDEX_NAMES)
def test_bands_cover_every_value(name):
    index = air_index(name)
    lowest = index.bands[0][0]
    assert [index.band_of(start) for start, _ in index.bands] == [band for _, band in index.bands]
    assert index.band_of(index.bands[1][0] - 1) == index.bands[0][1]
    assert index.reading({}) is None
    for pollutant, average_h in index.averages:
        clean = index.value_of(pollutant, average_h, 0.0)
        assert clean in (None, lowest)


def test_units_of_volume_at_25_degrees():
    assert in_unit(1000.0, "co", "ppm") == pytest.approx(0.8734, abs=1e-3)  # 40 CFR 50.3: 1 ppm CO is 1.145 mg/m³
    assert in_unit(100.0, "no2", "ppb") == pytest.approx(53.18, abs=0.01)
    assert in_unit(from_unit(7.0, "o3", "ppb"), "o3", "ppb") == pytest.approx(7.0)


def test_what_an_index_does_not_know_is_an_error():
    with pytest.raises(ValueError, match=r"US EPA AQI \(2024\) has no 3-hour mean of NO2"):
        air_index("us_epa").value_of("no2", 3, 10.0)
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="no concentration"):
            air_index("eu_eaqi").value_of("no2", 1, wrong)


@pytest.mark.parametrize("described", [module, emission_standards])
def test_examples_in_docstrings_run(described):
    assert doctest.testmod(described).attempted > 0 == doctest.testmod(described).failed
