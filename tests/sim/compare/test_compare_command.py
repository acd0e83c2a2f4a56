"""`citytwin compare` answers in words, in JSON, and with a report that opens offline and says what the tables say."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from click.testing import CliRunner, Result
from comparison_case import CLOSED

from citytwin.sim.cli import main
from citytwin.sim.compare import Comparison
from citytwin.sim.compare.executor import Serial, WorkerKilled
from citytwin.sim.compare.weighing import NET_COST, PLAN_COST, TIME_WORTH
from citytwin.sim.report import comparison as report
from citytwin.sim.report import comparison_figures as figures
from citytwin.sim.report import comparison_words as words
from citytwin.sim.report import difference_maps as maps
from citytwin.sim.report import style

SEEDS = 4


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["compare", *(str(argument) for argument in arguments)])


@pytest.fixture(autouse=True)
def _signals_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citytwin.sim.interrupts.stop_on_signals", lambda: None)


@pytest.fixture(scope="module")
def page(found: Comparison) -> str:
    return report.write_comparison_report(found).read_text(encoding="utf-8")


def test_the_command_says_what_changes_and_where_the_report_is(found, plans):
    answer = call(*plans, "--seeds", SEEDS, "--workers", 1, "-o", found.folder, "--resume")
    assert answer.exit_code == 0, answer.stderr
    same, closed, where, maps = answer.stdout.splitlines()
    assert same.startswith("Same: It changes nothing: with each of the 4 seeds")
    assert closed.startswith("Closed: The ")
    assert where == f"Report: {found.folder / 'report.html'}"
    assert maps == f"Maps: {found.folder / 'comparison.gpkg'} (GIS), {found.folder / 'simwrapper'} (SimWrapper)"
    for written in ("report.html", "comparison.gpkg", "simwrapper/dashboard-1-1_same.yaml"):
        assert (found.folder / written).exists()


def test_json_holds_the_figures_of_the_network(found, plans):
    answer = call(*plans, "--seeds", SEEDS, "--workers", 1, "-o", found.folder, "--resume", "--json")
    told = json.loads(answer.stdout)
    assert told["seeds"] == [3, 4, 5, 6]
    assert told["narrow_enough"] is None
    delay = told["variants"][1]["network"][0]
    assert delay["quantity"] == "mean delay"
    assert delay["low"] < delay["difference"] < delay["high"]
    assert told["report"].endswith("report.html")


@pytest.mark.parametrize(
    "arguments,expected",
    [
        (["town.yaml"], "Missing argument 'VARIANTS"),
        (["town.yaml", "closed.yaml", "--until", "2"], "'2' is no percentage"),
        (["town.yaml", "closed.yaml", "--until", "x%"], "'x%' is no percentage"),
        (["town.yaml", "closed.yaml", "--seeds", "1"], "1 seed: a difference can be told from chance"),
        (["town.yaml", "town.yaml"], "is the base too"),
        (["town.yaml", "missing.yaml"], "missing.yaml  no such file"),
    ],
)
def test_bad_input_is_refused_with_code_2(plans, tmp_path, arguments, expected):
    files = [str(plans[0].parent / text) if text.endswith(".yaml") else text for text in arguments]
    answer = call(*files, "-o", tmp_path / "out")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert expected in answer.stderr
    assert not (tmp_path / "out").exists()


def test_an_interrupt_says_how_to_go_on(plans, tmp_path, monkeypatch):
    def interrupted(self, jobs, work):
        raise KeyboardInterrupt

    monkeypatch.setattr(Serial, "run", interrupted)
    answer = call(*plans, "--workers", 1, "-o", tmp_path / "out")
    assert answer.exit_code == 130
    assert "--resume" in answer.stderr


def test_a_process_that_is_killed_again_and_again_is_a_failure(plans, tmp_path, monkeypatch):
    def killed(self, jobs, work):
        msg = "the process of seed 3 was killed 3 times"
        raise WorkerKilled(msg)

    monkeypatch.setattr(Serial, "run", killed)
    answer = call(*plans, "--workers", 1, "-o", tmp_path / "out")
    assert answer.exit_code == 3
    assert "seed 3 was killed" in answer.stderr


def test_the_page_needs_nothing_else_and_tells_all_of_every_variant(page, found):
    assert not re.search(r"<(?:script|link|img|iframe)", page)
    assert not re.search(r"""(?:src|href)=["'](?!#)""", page)
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert page.count("<svg") == 7 * 2
    for expected in (
        "It changes nothing: with each of the 4 seeds",
        "new: Street 201",
        *(stack.hashes[0][:16] for stack in found.stacks),
        "3 to 6",
        "By class of road".lower(),
        "zone",
    ):
        assert expected in page, expected


def test_figures_on_the_page_are_those_of_the_table(page, found):
    (row,) = [
        row
        for row in words.records(words.rows_of(found.differences.network, "2_closed"))
        if row["quantity"] == "arrived"
    ]
    cells = [words.level(row, "base"), words.level(row, "with_variant"), words.difference(row), words.interval(row)]
    assert "".join(f"<td>{cell}</td>" for cell in cells) in page


def test_links_that_chance_could_have_changed_are_grey(found):
    """Only what is beyond chance takes a colour of the ramps; nothing does where nothing differs."""
    colours = [f"var(--{side}{step})" for side in ("less", "more") for step in (1, 2, 3)]
    body = maps.difference_map(found, "2_closed", maps.FLOW).svg
    assert any(colour in body for colour in colours)
    same = maps.difference_map(found, "1_same", maps.FLOW)
    assert same.title == "Traffic changes on no link beyond chance"
    assert same.svg.count("var(--less1)") <= 1  # the legend
    assert CLOSED in set(found.differences.links.query("found")["link"])


def network_row(**changes: object) -> dict[str, object]:
    usual = {"base": 75.2, "with_variant": 75.5, "difference": 0.3, "low": -0.4, "high": 1.1, "sd": 1.5, "seeds": 20}
    return usual | {"distinguishable": False, "seeds_for_1_percent": 84} | changes


def test_what_is_the_same_with_every_seed_has_three_figures():
    same = network_row(base=0.144, with_variant=0.144, difference=0.0, low=0.0, high=0.0, sd=0.0)
    assert (words.level(same, "base"), words.difference(same), words.interval(same)) == ("0.144", "0", "0 to 0")


def test_what_chance_could_have_done_is_said_with_what_it_would_take():
    assert words.certainty(network_row()) == "not distinguishable with 20 seeds; about 84 seeds would show 1 %"
    assert words.certainty(network_row(seeds=3, seeds_for_1_percent=8)).endswith("about 8 seeds would show 1 %")
    few = network_row(seeds_for_1_percent=12)
    assert words.certainty(few) == "not distinguishable with 20 seeds; a change of 1 % would have shown"
    assert words.certainty(network_row(distinguishable=True)) == "distinguishable"
    assert words.certainty(network_row(difference=0.0, sd=0.0)) == "no difference at all"
    text = words._delay(network_row()).replace(style.NBSP, " ")
    assert text.startswith("The mean delay (75.2 s a trip) does not change by more than chance would: +0.3 s, 95 % ")


def test_a_little_for_many_is_said_where_the_mean_delay_does_not_tell():
    many = network_row(base=40.1, with_variant=47.2, difference=7.1, low=4.0, high=10.2, distinguishable=True)
    (text,) = words._small_for_many(network_row(), many)
    assert text.replace(style.NBSP, " ") == (
        "Yet 47 % of the trips take longer with it and 40 % less time, which is more than chance (95 % interval of the "
        "balance +4.0 to +10.2 %)."
    )
    fewer = many | {"base": 47.2, "with_variant": 40.1, "difference": -7.1, "low": -10.2, "high": -4.0}
    assert (
        words._small_for_many(network_row(), fewer)[0]
        .replace(style.NBSP, " ")
        .startswith("Yet 47 % of the trips take less time with it and 40 % longer")
    )
    assert words._small_for_many(network_row(distinguishable=True), many) == []
    assert words._small_for_many(network_row(), network_row()) == []


def test_a_change_is_said_with_its_sign_and_its_interval():
    row = network_row(difference=-6.62, low=-7.1, high=-6.1, distinguishable=True)
    text = words._delay(row).replace(style.NBSP, " ")
    assert text == "The plan shortens the mean delay by 6.6 s (8.8 %, 95 % interval −7.1 to −6.1 s) from 75.2 s a trip."


def test_winners_and_losers_are_counted_with_those_beyond_chance():
    one = words.TripsCounted(compared=100, win=0, win_surely=0, lose=1, lose_surely=1)
    assert words._winners(one).endswith("1 (all of them beyond chance) loses more than a minute on average over the "
                                        "seeds and none gain as much.")  # fmt: skip
    none = words.TripsCounted(0, 0, 0, 0, 0)
    assert words._winners(none) == "No trip can be compared."


def test_the_documentation_explains_every_column_and_table(found, repository):
    page = (repository / "docs" / "compare.md").read_text(encoding="utf-8")
    first_cells = " ".join(re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", first_cells))
    tables = found.differences.tables()
    columns = {str(column) for table in tables.values() for column in table.columns}
    assert columns | set(tables) <= explained


def test_pictures_say_in_their_titles_what_changed(found):
    same, closed = (figures.vehicles_over_time(found, key).title for key in ("1_same", "2_closed"))
    assert same == "As many vehicles are on the way as without the plan, at all times"
    assert re.fullmatch(r"At 07:\d\d \d+ (more|fewer) vehicles? (is|are) on the way than without the plan", closed)
    assert figures.trips_histogram(found, "1_same").title == "No trip gains or loses more than a minute"


def test_groups_that_nobody_belongs_to_are_left_out(found):
    table = found.differences.road_classes.copy()
    nobody = table[table["variant"] == "2_closed"].assign(road_class="motorway", base=0.0, with_variant=0.0)
    rows = report._group_rows(pd.concat([table, nobody]), "2_closed", "road_class")
    assert {row["group"] for row in rows} == {"secondary"}


def test_two_sheets_hold_what_the_council_reads_and_the_rest_follows(page):
    """Each is one page in print; what is on them is nowhere else."""
    before, first, rest = page.split('<div class="sheet">')
    second, annex = rest.split('<h1 class="annex">')
    assert "<svg" not in before
    assert re.findall(r'figure id="(\w+)-', first) == ["delay", "delay"]
    assert re.findall(r'figure id="(\w+)-', second) == ["origin", "trips"] * 2
    assert "The plans in order, the best first" in first
    assert sorted(re.findall(r'figure id="(\w+)-', annex)) == sorted(["flow", "speed", "destination", "vehicles"] * 2)
    css = page[: page.index("</style>")]
    assert re.search(r"\.sheet \{[^}]*height: 262mm;[^}]*break-after: page;[^}]*\}", css)


def test_a_single_plan_has_its_figures_and_all_its_maps_in_front(found):
    alone = Comparison(found.folder, (found.plans[0], found.plans[2]), found.seeds)
    first, second = report.render(alone).split('<div class="sheet">')[1:]
    assert re.findall(r'figure id="(\w+)-', first) == ["flow", "delay"]
    assert "time to drive: Along 101" in first
    in_front = second[: second.index('<h1 class="annex">')]
    assert re.findall(r'figure id="(\w+)-', in_front) == ["speed", "origin", "destination", "trips"]


def worth(low: float, high: float, cost: float) -> str:
    """What is said of a plan that changes what time is worth by so much, at a cost a year."""
    rows = []
    for quantity, add, spread in ((TIME_WORTH, 0.0, 1.0), (PLAN_COST, cost, 0.0), (NET_COST, cost, 1.0)):
        middle = (low + high) / 2 * spread
        ends = [middle + add + spread * (end - (low + high) / 2) for end in (low, high)]
        row = {"quantity": quantity, "unit": "EUR a year", "difference": middle + add, "low": ends[0], "high": ends[1]}
        rows.append(row | {"distinguishable": ends[0] * ends[1] > 0.0})
    (text,) = words._worth(pd.DataFrame(rows))
    return text.replace(style.NBSP, " ").replace(style.THIN_SPACE, " ")


def test_gains_are_weighed_against_the_cost_of_the_plan():
    assert worth(-600e3, -400e3, 100e3) == (
        "The time it saves is worth 500 000 EUR a year (95 % interval 400 000 to 600 000); the plan costs 100 000 EUR "
        "a year: it pays: all told it saves 400 000 EUR a year (95 % interval 300 000 to 500 000)."
    )
    assert "it does not pay: all told it costs 600 000 EUR a year" in worth(400e3, 600e3, 100e3)
    assert worth(-300e3, -100e3, 200e3).endswith(
        "whether it pays cannot be told from chance (95 % interval −100 000 to 100 000 in its favour)."
    )
    assert worth(-1e3, 2e3, 0.0) == (
        "Whether it saves time is not to be told from chance (95 % interval −2 000 to 1 000)."
    )
    assert words._worth(pd.DataFrame(columns=["quantity"])) == []


def test_of_many_plans_the_first_page_tells_the_best_in_words_and_all_in_the_table(found, monkeypatch):
    """So that it stays one page however many there are."""
    monkeypatch.setattr(report, "TOLD_IN_FRONT", 1)
    first = report.render(found).split('<div class="sheet">')[1]
    words_told, table = first.split('<section id="ranking">')
    assert [name in words_told for name in ("#1_same", "#2_closed")] == [True, False]
    assert "The other plans stand in the table below" in words_told
    assert "#1_same" in table and "#2_closed" in table
