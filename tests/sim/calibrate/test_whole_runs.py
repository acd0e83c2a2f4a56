"""Whole runs of a scenario measure what its tables hold, choose routes as it says, and find what was planted."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from comparison_case import ZONES
from traffic_case import Notebook, write_scenario

from citytwin.scenarios.calibrated_numbers import with_change
from citytwin.scenarios.observed import KINDS, NO_LINK, Observed
from citytwin.scenarios.planned_streets import with_headway_factors, with_speed_factors
from citytwin.scenarios.problems import InputError, describe
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.air_tables import AirTables
from citytwin.sim.calibrate.calibration import calibrate
from citytwin.sim.calibrate.gauges import Gauges
from citytwin.sim.calibrate.runs import GroupRuns
from citytwin.sim.calibrate.setting import set_up
from citytwin.sim.calibrate.whole_runs import Instruments, WholeRuns, measured
from citytwin.sim.everyday import settle
from citytwin.sim.observers import link_totals
from citytwin.sim.run import network_of, trips_of, walks_of
from citytwin.sim.simulation import Simulation
from citytwin.sim.walking import WalkLinkTable

SPAN_S = 300.0
FREE = ["way/101:2-3", "way/201:2-3", "way/101:1-0", "way/201:1-0"]  # beyond the last signal
SOURCE = [[9.001, 47.001], [9.002, 47.001], [9.002, 47.002]]
RECEPTOR = [9.004, 47.0015]
WALK = {"kind": "walking", "key": "speed_mps", "low": 0.4, "high": 2.0}
STREETS = ["way/101:0-1", "way/101:1-2", "way/101:2-3", "way/201:1-2"]


def write_town(folder, **keys):
    (folder / "matrix.csv").write_text("from_zone,to_zone,trips\nwest,east,80\neast,west,60\n")
    (folder / "zones.csv").write_text(ZONES)
    demand = [{"kind": "od_matrix", "file": "matrix.csv", "zones": "zones.csv", "end_s": 200}]
    return write_scenario(folder, demand=demand, duration_s=600, **keys)


def write_fit(folder, observed, **keys):
    """A description of a calibration, and of what was observed: rows of sensor, kind and value over five minutes."""
    kinds = sorted({kind for _, _, kind, _ in observed})
    for kind in kinds:
        rows = [f"2026-05-04T07:00,{name},{link},{value}" for name, link, own, value in observed if own == kind]
        (folder / f"{kind}.csv").write_text("\n".join(["time,sensor,link,value", *rows]) + "\n")
    files = [{"file": f"{kind}.csv", "kind": kind, "interval_s": SPAN_S} for kind in kinds]
    (folder / "seen.yaml").write_text(json.dumps({"observations": 1, "files": files}))
    asked = {"calibration": 1, "scenario": "town.yaml", "observations": "seen.yaml", "seeds": 2, "budget": 30}
    (folder / "fit.yaml").write_text(json.dumps(asked | keys))
    return folder / "fit.yaml"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A town where free traffic goes at three quarters of the limit, and readings of it of two kinds."""
    folder = tmp_path_factory.mktemp("speeds")
    scenario = load_scenario(write_town(folder))
    network = network_of(scenario)
    network_row = network.link_row
    rows = [(f"{kind} {link}", kind, network_row[link], NO_LINK) for kind in ("count", "speed") for link in FREE]
    names, kinds, links, to_links = zip(*rows, strict=True)
    observed = Observed(
        *(names, np.array(links, np.int32), np.array(to_links, np.int32)),
        *(np.zeros(len(rows)), np.full(len(rows), SPAN_S)),
        np.array([KINDS.index(kind) for kind in kinds], np.int8),
        *(np.zeros(len(rows)), np.ones(len(rows))),
    )
    slower = with_change(scenario, {"network": {"speed_factors": {"secondary": 0.75}}})
    streets = network_of(slower)
    found = measured(slower, streets, trips_of(slower, streets), Instruments(Gauges.of(observed)))
    seen = [(name, FREE[row % len(FREE)], kinds[row], f"{found.counts[0, row]:.3f}") for row, name in enumerate(names)]
    number = {"kind": "free_speed", "road_class": "secondary", "low": 0.5, "high": 1.2}
    return write_fit(folder, seen, demand=None, parameters=[number], weight_decay=1e-6)


@pytest.fixture(scope="module")
def found(planted):
    return calibrate(planted, planted.parent / "out")


def test_a_planted_free_speed_is_found_from_speeds_and_counts(found):
    assert found.found.values == pytest.approx([0.75], rel=0.02)
    assert found.trust.low[0] <= 0.75 <= found.trust.high[0]
    assert found.trust.fitted < 0.03 < found.before.as_it_is_nrmse


def test_the_written_scenario_has_the_number_and_no_trips_of_its_own(planted, found):
    scenario = load_scenario(planted.parent / "out" / "calibrated.yaml")
    assert scenario.network.speed_factors == {"secondary": pytest.approx(0.75, rel=0.02)}
    assert scenario.demand[0].kind == "od_matrix"
    assert found.as_run_nrmse == pytest.approx(found.trust.fitted, abs=1e-3)  # digits that are written


def test_each_kind_has_its_line(found):
    kinds = {row["kind"]: row for row in found.as_dict()["kinds"]}
    assert set(kinds) == {"count", "speed"}
    assert kinds["speed"]["unit"] == "m/s"
    assert kinds["speed"]["rmse"] < 0.5 * kinds["speed"]["rmse_before"]


def test_weights_decide_between_kinds(planted):
    text = json.loads(planted.read_text())
    (planted.parent / "weighed.yaml").write_text(json.dumps(text | {"weights": {"speed": 0.25, "count": 0}}))
    setting, _ = set_up(planted.parent / "weighed.yaml")
    observed = setting.loss.observed
    of_kind = {name: set(observed.weight[observed.kind == KINDS.index(name)].tolist()) for name in ("count", "speed")}
    assert of_kind == {"count": {0.0}, "speed": {0.0, 0.25}}  # some are left out for a test


def test_routes_are_chosen_as_in_a_run_and_kept_ones_are_not(tmp_path):
    """With drivers who judge times very differently a run is not what quickest ways give."""
    write_town(tmp_path, routes={"perception_noise": 1.0})
    fit = write_fit(tmp_path, [("a", STREETS[1], "count", 30.0)], demand={"by": "all"})
    setting, simulate = set_up(fit)
    assert isinstance(setting.runs, WholeRuns)
    own = simulate(setting.own[np.newaxis], [setting.scenario.seed])
    scenario, network = setting.scenario, setting.network
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    simulation.run(SPAN_S)
    row = network.link_row[STREETS[1]]
    assert own.counts[0, 0] == link_totals(simulation.model.fleet)[1][row]
    assert own.passed[0].sum() == pytest.approx(own.counts[0, 0], abs=2.0)  # who was led round once is not known before
    kept, run = set_up(write_fit(tmp_path, [("a", STREETS[1], "count", 30.0)], demand={"by": "all"}, routes="kept"))
    assert run(kept.own[np.newaxis], [scenario.seed]).counts[0, 0] != own.counts[0, 0]


def test_kept_routes_cannot_have_numbers_that_need_whole_runs(tmp_path):
    write_town(tmp_path)
    number = {"kind": "route_spread", "low": 0, "high": 1}
    with pytest.raises(InputError, match=r"`routes: kept` has runs of the traffic alone, but `parameters\[0\]` need"):
        set_up(write_fit(tmp_path, [("a", STREETS[1], "count", 30)], parameters=[number], routes="kept"))


@pytest.mark.parametrize(
    "kind, other, changed", [("free_speed", 0.8, with_speed_factors), ("headway", 1.4, with_headway_factors)]
)
def test_members_of_an_ensemble_have_free_speeds_and_headways_of_their_own(tmp_path, kind, other, changed):
    """Each does what it would on streets with that speed or that headway, to the last bit."""
    write_town(tmp_path)
    number = {"kind": kind, "road_class": "secondary", "low": 0.5, "high": 1.5}
    seen = [(kind, link, kind, 20.0) for kind in ("speed", "count") for link in FREE[:1]]
    setting, simulate = set_up(
        write_fit(tmp_path, seen, demand=None, parameters=[number], routes="kept", left_out=0, loss="l1")
    )
    assert isinstance(setting.runs, GroupRuns)
    together = simulate(np.array([[1.0], [other]]), [3, 3]).counts
    slower = replace(setting.runs, network=changed(setting.network, {"secondary": other}))
    np.testing.assert_array_equal(together[1], slower(setting.demand(np.ones((1, 1))), [3]).counts[0])
    speed = setting.loss.observed.sensor_id.index("speed")
    assert together[1, speed] < together[0, speed]


def test_troubles_of_numbers_come_with_their_lines(tmp_path):
    write_town(tmp_path)
    file = write_fit(tmp_path, [("a", STREETS[1], "count", 30)])
    file.write_text(
        "calibration: 1\nscenario: town.yaml\nobservations: seen.yaml\nparameters:\n"
        "  - {kind: free_speed, road_class: primary, low: 0.5, high: 1}\n"
        "  - {kind: route_spread, low: 0, high: 3}\n"
    )
    with pytest.raises(InputError) as caught:
        set_up(file)
    told = describe(caught.value.problems)
    assert 'fit.yaml:5  parameters[0].road_class = "primary"  no road of the city is of this class.' in told
    assert "fit.yaml:6  parameters[1].high = 3  is not possible for spread of route choice" in told


def test_departures_are_a_profile_over_all_pairs(tmp_path):
    write_town(tmp_path)
    profile = {"kind": "departures", "slice_s": 100, "low": 0.5, "high": 2}
    setting, _ = set_up(write_fit(tmp_path, [("a", STREETS[1], "count", 30)], parameters=[profile]))
    assert setting.parameters.name[-2:] == ("departures 0-1.66667 min", "departures 1.66667-3.33333 min")
    values = setting.own.copy()
    np.testing.assert_allclose(setting.demand(values[np.newaxis])[0], setting.groups.number)
    values[-1] = 2.0
    late = setting.groups.slot == 1
    np.testing.assert_allclose(setting.demand(values[np.newaxis])[0], np.where(late, 2.0, 1.0) * setting.groups.number)


def test_walkers_and_air_are_measured_as_the_tables_have_them(tmp_path):
    air = {
        "meteorology": {
            "kind": "constant",
            "wind_mps": 3,
            "wind_from_deg": 270,
            "temperature_c": 12,
            "cloud_share": 0.5,
        },
        "sources": [{"id": "leak", "kind": "area", "polygon": SOURCE, "rates_gps": {"nox": 1.5}}],
        "receptors": [{"id": "school", "kind": "point", "at": RECEPTOR}],
        "pollutants": ["nox"],
        "every_s": SPAN_S,
    }
    walks = [{"kind": "random_trips", "per_hour": 3000, "min_distance_m": 100}]
    scenario = load_scenario(write_town(tmp_path, walks=walks, walking={"links_every_s": SPAN_S}, air=air))
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network), on_foot=walks_of(scenario, network))
    notebook = Notebook()
    walkers = simulation.walking.walkers
    tables = [WalkLinkTable(notebook, walkers, SPAN_S), AirTables(notebook, simulation.air)]
    simulation.watch(tables)
    simulation.run(SPAN_S)
    busy = notebook.table("walk_links")
    link = str(busy["link"][np.argmax(busy["left"])])
    left = int(busy["left"][busy["link"] == link][0])
    row = walkers.network.link_row[link]
    observed = Observed(
        ("people", "school"),
        np.array([row, NO_LINK], np.int32),
        np.full(2, NO_LINK, np.int32),
        np.zeros(2),
        np.full(2, SPAN_S),
        np.array([KINDS.index("walkers"), KINDS.index("air")], np.int8),
        np.zeros(2),
        np.ones(2),
    )
    gauges = replace(Gauges.of(observed), receptor=("", "school"))
    found = measured(scenario, network, trips_of(scenario, network), Instruments(gauges, pollutant="nox"))
    told = notebook.table("air_receptors")
    concentration = float(told["concentration_ugm3"][told["receptor"] == "school"].sum())
    assert left > 3
    assert found.counts[0] == pytest.approx([left, concentration])


def test_people_who_have_got_used_to_the_streets_do_so_in_every_run(tmp_path):
    write_town(tmp_path, routes={"choice": "equilibrium", "iterations": 2})
    setting, simulate = set_up(write_fit(tmp_path, [("a", STREETS[1], "count", 30.0)], demand={"by": "all"}))
    scenario, network = setting.scenario, setting.network
    settled = settle(scenario, network, trips_of(scenario, network), seed=5, tell=lambda _: None)
    simulation = Simulation(scenario, network, settled.trips, seed=5)
    simulation.run(SPAN_S)
    left = link_totals(simulation.model.fleet)[1][network.link_row[STREETS[1]]]
    assert simulate(setting.own[np.newaxis], [5]).counts[0, 0] == left


def test_walkers_are_fitted_where_they_were_counted(tmp_path):
    """Who walks faster is counted sooner."""
    walks = [{"kind": "random_trips", "per_hour": 3000, "min_distance_m": 100}]
    scenario = load_scenario(write_town(tmp_path, walks=walks))
    network = walks_of(scenario, network_of(scenario)).network
    link = network.links.id[0]
    fit = write_fit(tmp_path, [("people", link, "walkers", 40.0)], demand=None, parameters=[WALK], left_out=0)
    setting, simulate = set_up(fit)
    assert isinstance(setting.runs, WholeRuns)
    assert (setting.loss.observed.link.tolist(), setting.notes) == ([0], ())
    slow, fast = simulate(np.array([[0.4], [1.6]]), [3, 3]).counts[:, 0]
    assert slow < fast
