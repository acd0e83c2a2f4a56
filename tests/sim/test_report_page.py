"""The report is one file that opens offline, and what it says is true to the tables."""

from __future__ import annotations

import dataclasses
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from synthetic_run import NAMES, make_run

from citytwin.scenarios import network_doctor
from citytwin.sim.report import figures, metrics, style, words, write_report
from citytwin.sim.report.page import render
from citytwin.sim.run_folder import Run, RunFolder, RunFolderError, read_run

LOADS = {"src", "href", "srcset", "data", "poster", "action", "background", "xlink:href"}


class Collector(HTMLParser):
    """Collect what a page would load, its ids, and complain about tags that do not close."""

    void = frozenset({"meta", "br", "img", "link", "hr", "input"})

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in self.void:
            self.open.append(tag)
        self.loads += [value for name, value in attrs if name in LOADS and value and not value.startswith("#")]
        self.ids += [value for name, value in attrs if name == "id" and value]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.void:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = make_run(tmp_path_factory.mktemp("runs") / "run")
    write_report(path)
    return path


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return read_run(folder)


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def read(page: str) -> Collector:
    collector = Collector()
    collector.feed(page)
    assert collector.open == []
    return collector


def test_nothing_is_loaded_from_anywhere(page: str, read: Collector):
    assert [load for load in read.loads if not load.startswith("data:")] == []
    assert not re.search(r"https?://|@import|url\((?!#)", page)
    assert "<script" not in page


def test_it_is_small(page: str):
    assert len(page.encode()) < 3_000_000


def test_every_id_is_there_once(read: Collector):
    assert sorted(read.ids) == sorted(set(read.ids))


def test_references_inside_pictures_hold(page: str, read: Collector):
    for target in re.findall(r'(?:href="#|url\(#)([^")]+)', page):
        assert target in read.ids


def test_the_attribution_is_visible(read: Collector):
    assert sum("© OpenStreetMap contributors" in text for text in read.text) >= 3  # both maps and the foot of the page


def test_five_pictures_have_a_title_that_speaks_and_an_alternative(page: str):
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 5
    for label in labels:
        assert f"<h2>{html.escape(html.unescape(label), quote=False)}" in page.replace("&#39;", "'").replace(
            "&#34;", '"'
        )


def test_names_of_streets_cannot_break_the_page(page: str):
    assert "Chestnut Avenue &amp; Sons &lt;East&gt;" in page
    assert "<East>" not in page
    assert "北京东路" in page


def test_colours_come_from_the_palette_only(page: str):
    body = page[page.index("<body") :]
    assert set(re.findall(r"#[0-9a-fA-F]{6}\b", body)) == set()


def test_of_many_drivers_who_left_locks_the_first_are_listed(folder: Path):
    run = read_run(folder)
    left = {"t_s": 60.0, "kind": "left_lock", "where": "", "text": [f"car {k} gives way" for k in range(23)]}
    run.__dict__["events"] = pd.concat([pd.DataFrame(left), run.events])
    page = render(run)
    assert page.count("gives way") == 20
    assert "3 more drivers who left a lock" in page


def test_tolls_and_refusals_are_told(run: Run):
    paid = {"currency": "CHF", "total": 1234.5, "by_toll": {"cordon": {"paid": 1234.5, "vehicles": 411}}}
    bus = {"buses": 8, "calls": 31, "missed": 1, "boarded": 120, "left_behind": 2, "mean_dwell_s": 14.2}
    lines = {"4": bus | {"headway_s": 452.0, "headway_variation": 0.121}}
    keys = ("vehicles", "stay_at_home", "travel_otherwise", "no_way_round", "drive_round")
    plates = {"plates": dict.fromkeys(keys, 5)}
    refused = {"refused": {"lez": 7, "other": 0, "plates": 5}, "restricted": plates}
    summary = {**run.summary, "tolls_paid": paid, **refused, "bus_lines": lines}
    told = words.sentences(
        dataclasses.replace(run, summary=summary), metrics.headline(run), metrics.link_totals(run.links, run.streets)
    )
    told = [text for text in told if "might not drive by" not in text]
    plain = [text.replace(style.THIN_SPACE, " ").replace(style.NBSP, " ") for text in told[-3:]]
    assert plain == [
        "The toll “cordon” brought in 1 234 CHF from 411 vehicles.",
        "Trips that did not set out because their vehicles may not drive there: “lez” (7).",
        (
            "Line “4”: 8 buses called 31 times and took 120 passengers, standing 14 s at a stop; they came every "
            "7 min 32 s, give or take 12 %; 2 times somebody found the bus full; 1 stop was missed."
        ),
    ]


def test_whom_measures_keep_from_driving_is_neither_stuck_nor_without_a_route(run: Run):
    head = dataclasses.replace(metrics.headline(run), kept=2)
    totals = metrics.link_totals(run.links, run.streets)
    who = words.sentences(run, head, totals)[0].replace(style.THIN_SPACE, "")
    assert f"{run.summary['created']} vehicles were to set out" in who
    assert "2 had been kept from driving by measures, 1 had no route and 2 were stuck" in who
    figure = words.headline_figures(head, metrics.start_of(run.manifest))[-1]
    assert figure.value == str(head.waiting + 3) and figure.note.endswith("3 stuck")
    drawn = figures.vehicles_over_time(run.network, run.events, {}, metrics.start_of(run.manifest), no_route=1, kept=2)
    assert drawn.note.endswith("Without 2 vehicles that measures kept from driving.")


def test_three_sentences_are_true_to_the_tables(run: Run):
    totals = metrics.link_totals(run.links, run.streets)
    head = metrics.headline(run)
    who, how_long, where = words.sentences(run, head, totals)
    arrived = run.trips[run.trips["status"] == "arrived"]
    plain = [text.replace(style.THIN_SPACE, "").replace(style.NBSP, " ") for text in (who, how_long, where)]
    assert f"{run.summary['created']} vehicles set out" in plain[0]
    assert f"{len(arrived)} of them ({100 * len(arrived) / run.summary['created']:.0f} %) arrived" in plain[0]
    assert "3 had no route and 2 were stuck" in plain[0]
    mean_s, delay_s = arrived["travel_time_s"].mean(), arrived["delay_s"].mean()
    assert style.minutes_seconds(mean_s) in how_long
    assert style.minutes_seconds(delay_s) in how_long
    assert f"({100 * delay_s / (mean_s - delay_s):.0f} %) longer" in plain[1]
    worst = totals.sort_values("delay_s", ascending=False).head(10)
    assert f"{100 * worst['delay_s'].sum() / totals['delay_s'].sum():.0f} % fell on 10 of the" in plain[2]
    assert f"with {run.network['active'].max()} vehicles driving" in plain[2]


def test_the_worst_twenty_links_are_listed_with_their_streets(run: Run, page: str):
    worst = metrics.worst_links(metrics.link_totals(run.links, run.streets), 20)
    table = page[page.index("Where most time is lost") :]
    places = [table.index(f">{link}<") for link in worst["link"]]
    assert places == sorted(places)


def test_stuck_vehicles_stand_with_place_and_cause(page: str):
    section = page[page.index("Stuck vehicles") : page.index("What was assumed")]
    for expected in ("the link ahead is full", "43.73120, 7.42010", "3: unreachable"):
        assert expected in section


def test_assumptions_and_the_way_to_reproduce_are_complete(page: str):
    for expected in ("number of lanes", "citytwin run morning.yaml -o out", "c0ffee"):
        assert expected in page


def test_doubtful_places_are_counted_by_kind_with_the_command_that_lists_all(page: str):
    section = page[page.index(f"<h2>Doubtful places of the network: {style.whole(1205)}<") :]
    text = html.unescape(re.sub(r"<[^>]+>", "|", section[: section.index("</section>")]))
    assert "citytwin network 'my town/morning.yaml' --geojson faults.geojson --map faults.png" in text
    cells = [
        [cell for cell in row.split("|") if cell] for row in text.splitlines() if "looks odd" in row or "(car)" in row
    ]
    assert cells == [
        ["unreachable (car)", "1", words.FAULT_MEANINGS["unreachable"], "way/9:0-1"],
        ["odd sign", style.whole(1204), "node/0 looks odd", "node/0, node/1, node/2 …"],
    ]


def test_every_kind_of_fault_is_explained():
    """Kinds as the source names them; those of SUMO's signals say in each case what is wrong."""
    room = Path(network_doctor.__file__).parent
    told = "\n".join(file.read_text(encoding="utf-8") for file in room.glob("*.py"))
    kinds = set(re.findall(r'Fault\(\s*"(\w+)"|_fault\([^"()]*"(\w+)"', told))
    named = {kind for pair in kinds for kind in pair if kind}
    assert named | {"unreachable", "no_way_on"} == {*words.FAULT_MEANINGS, "signal_programme"}


def test_events_are_named_with_street_and_time(page: str):
    assert re.search(r"07:10 [^<]*: closed", page)
    assert re.search(r"08:00 [^<]*: a vehicle stops", page)


@pytest.mark.parametrize("status", ["interrupted", "failed", "running"])
def test_a_run_that_did_not_finish_says_so_first(tmp_path: Path, status: str):
    path = make_run(tmp_path / "run", status=status, trips=50)
    text = write_report(path).read_text(encoding="utf-8")
    assert text.index('class="notice"') < text.index('class="lead"')


def test_a_run_without_anything_still_has_a_report(tmp_path: Path):
    with RunFolder(tmp_path / "run", start="2026-05-04T07:00"):
        pass
    text = write_report(tmp_path / "run").read_text(encoding="utf-8")
    for expected in ("Nobody set out", "No trip arrived", "No vehicle was stuck", "No event was planned"):
        assert expected in text


def test_a_quiet_run_claims_nothing(tmp_path: Path):
    text = write_report(make_run(tmp_path / "run", stuck=0, events=False, trips=30)).read_text(encoding="utf-8")
    assert "none was stuck" in text
    assert "No event was planned and none occurred." in text


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(RunFolderError, match="not a run folder"):
        write_report(tmp_path)


def test_the_same_run_gives_the_same_pictures(run: Run):
    def drawn() -> str:
        city = figures.city_of(metrics.link_totals(run.links, run.streets), run.streets, run.manifest)
        return figures.flow_map(city).svg

    assert drawn() == drawn()


def test_maps_have_scale_north_legend_and_names(run: Run):
    city = figures.city_of(metrics.link_totals(run.links, run.streets), run.streets, run.manifest)
    svg = figures.delay_map(city).svg
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert any(re.fullmatch(r"\d+ k?m", text) for text in texts)
    assert "N" in texts
    assert "vehicle-minutes lost per hour" in texts
    assert sum(text in {html.escape(name, quote=False) for name in NAMES} for text in texts) >= 3


def test_names_on_a_map_do_not_overlap(run: Run):
    from citytwin.sim.report import streets_map

    lines = streets_map.lines_of(run.streets["geometry"].tolist())
    frame = streets_map.map_frame(lines)
    taken: list[streets_map.Box] = []
    for line in lines:
        spot = streets_map._free_spot(frame, "Boulevard of names", streets_map.middle_of(line), taken)
        if spot:
            assert not any(streets_map._overlap(spot[2], other) for other in taken)
            taken.append(spot[2])
    assert len(taken) > 10
