"""What is emitted is breathed where the wind carries it, and all tables tell the same story."""

from __future__ import annotations

from dataclasses import replace

import mesa
import numpy as np
import pytest
from traffic_case import BLOCK_DEGREES, TOWN_AT, Notebook, write_scenario

from citytwin.agents.air_above import DRIVERS, ON_FOOT, TimeAbove
from citytwin.agents.air_doses import LIGHT, MODERATE, RESTING
from citytwin.agents.air_field import stretches_of
from citytwin.agents.air_stacks import cloud_plume
from citytwin.agents.sources import MovingSource, PollutionSource
from citytwin.kernels.air_chemistry import no2_of_nox
from citytwin.kernels.air_plumes import plume_point
from citytwin.scenarios.problems import ScenarioError
from citytwin.scenarios.scenario import load_scenario
from citytwin.sim.air import air_facts
from citytwin.sim.air_grid import air_grid
from citytwin.sim.air_tables import write_air
from citytwin.sim.report import write_report
from citytwin.sim.report.air_figures import whose_figure, wind_rose
from citytwin.sim.report.streets_map import once_a_street
from citytwin.sim.run import network_of, run_scenario, trips_of
from citytwin.sim.run_folder import RunFolderError, read_run
from citytwin.sim.simulation import Simulation

WEST, SOUTH = TOWN_AT
EAST, NORTH = WEST + 3 * BLOCK_DEGREES[0], SOUTH + 3 * BLOCK_DEGREES[1]
TOWN = [[WEST, SOUTH], [EAST, SOUTH], [EAST, NORTH], [WEST, NORTH]]
WORKS = [[WEST + 0.001, SOUTH + 0.001], [WEST + 0.0015, SOUTH + 0.001], [WEST + 0.0015, SOUTH + 0.0014]]
WIND = {"kind": "constant", "wind_mps": 4, "wind_from_deg": 270, "cloud_share": 0.5}
FLEET = {"country": "DE", "year": 2024}
AIR = {
    "meteorology": {"kind": "series", "file": "weather.csv", "roughness_m": 0.5},
    "fleet": FLEET,
    "emissions": "vehicles",
    "doses": True,
    "cold_start": True,
    "sources": [{"id": "works", "kind": "area", "polygon": WORKS, "rates_gps": {"pm10": 0.01}, "start_s": 60}],
    "receptors": [
        {"id": "east", "kind": "point", "at": [EAST + 0.0005, 0.5 * (SOUTH + NORTH)]},
        {"id": "west", "kind": "point", "at": [WEST - 0.0005, 0.5 * (SOUTH + NORTH)]},
        {"id": "map", "kind": "grid", "spacing_m": 150},
        {"id": "town", "kind": "residents", "polygon": TOWN, "population": 500},
    ],
    "background_ugm3": {"nox": 5.0},
    "limits_ugm3": {"nox": 6.0, "no2": 500.0},
    "occupants": {"car": 1.5},
    "every_s": 120,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("air")
    (folder / "weather.csv").write_text(
        "t_s,wind_mps,wind_from_deg,temperature_c,cloud_share\n0,4,270,5,0.5\n300,0,90,5,0.5\n"
    )
    walks = [{"kind": "random_trips", "per_hour": 600, "min_distance_m": 100}]
    result = run_scenario(write_scenario(folder, air=AIR, walks=walks, duration_s=480), folder / "run")
    return read_run(result.folder)


def simulation_of(folder, **keys):
    scenario = load_scenario(write_scenario(folder, **keys))
    network = network_of(scenario)
    return Simulation(scenario, network, trips_of(scenario, network))


def test_all_tables_tell_the_same_story(run):
    links, sources, facts = run.table("air_links"), run.table("air_sources"), run.summary["air"]
    assert links["interval_end_s"].unique().tolist() == [120.0, 240.0, 360.0, 480.0]
    for species in ("nox", "co2", "pm10_wear"):
        assert links[f"{species}_g"].sum() / 1000 == pytest.approx(facts["traffic"][f"{species}_kg"], rel=1e-9)
    traffic = sources[sources["kind"] == "traffic"].groupby("pollutant")["emitted_g"].sum()
    assert traffic["nox"] == pytest.approx(links["nox_g"].sum()) and traffic["nox"] > 0.0
    assert traffic["pm10"] == pytest.approx((links["pm_exhaust_g"] + links["pm10_wear_g"]).sum())
    works = sources[(sources["source"] == "works") & (sources["pollutant"] == "pm10")]
    assert works["emitted_g"].tolist() == pytest.approx([0.6, 1.2, 1.2, 1.2])
    assert facts["sources"] == {"works": {"pm10_kg": pytest.approx(0.0042)}}
    assert (links.select_dtypes("number") >= 0.0).all(axis=None)


def test_concentrations_are_the_sum_of_whose_they_are(run):
    air = run.table("air_receptors")
    parts = air[["from_traffic_ugm3", "from_sources_ugm3", "from_elsewhere_ugm3"]]
    assert (parts >= 0.0).all(axis=None)
    assert air["concentration_ugm3"].to_numpy() == pytest.approx(parts.sum(axis=1).to_numpy())
    assert (air.loc[air["pollutant"] == "nox", "from_elsewhere_ugm3"] == 5.0).all()
    shares = run.table("air_shares")
    assert shares.groupby(["receptor", "pollutant"])["share"].sum().to_numpy() == pytest.approx(1.0)
    mean = air.groupby(["receptor", "pollutant"])["concentration_ugm3"].mean()
    whose = shares.groupby(["receptor", "pollutant"])["mean_ugm3"].sum()
    assert whose.to_numpy() == pytest.approx(mean.reindex(whose.index).to_numpy())
    assert set(shares["source"]) == {"car", "works", "elsewhere"}


def test_the_wind_carries_it_downwind_until_it_is_calm(run):
    nox = run.table("air_receptors")[run.table("air_receptors")["pollutant"] == "nox"]
    table = nox.pivot(index="interval_end_s", columns="receptor", values="from_traffic_ugm3")
    assert table["east"][240.0] > 4 * table["west"][240.0]  # what goes upwind is meander
    assert 0.5 < table["east"][480.0] / table["west"][480.0] < 2.0  # calm since 300 s
    (change,) = run.events.loc[run.events["kind"] == "weather", "text"]
    assert change.startswith("wind 0 m/s from 90°")
    assert any("is calm: meander" in text for text in run.manifest["warnings"])
    assert run.table("air_weather")["mixing_height_m"].between(50, 3000).all() and len(run.table("air_weather")) == 2


def test_places_and_people(run):
    places = run.table("air_places")
    assert places.loc[places["kind"] == "residents", "people"].sum() == pytest.approx(500)
    assert set(places["entry"]) == {"east", "west", "map", "town"}
    homes = places[places["kind"] == "residents"].set_index("receptor")["people"]
    mean = run.table("air_shares").groupby(["pollutant", "receptor"])["mean_ugm3"].sum()["nox"]
    wanted = (mean.reindex(homes.index) * homes).sum() / homes.sum()
    assert run.summary["air"]["residents_mean_ugm3"]["nox"] == pytest.approx(wanted)


def test_doses_are_what_is_breathed_in_the_time_on_the_streets(run):
    doses = run.table("air_doses")[run.table("air_doses")["pollutant"] == "nox"].set_index("person")
    on_road = doses[doses["mode"] == "vehicle"]
    trips = run.trips.set_index("trip_id").loc[on_road.index]
    done = trips["status"] == "arrived"
    took_s = (trips["arrived_s"] - trips["entered_s"])[done]
    assert on_road.loc[took_s.index, "time_s"].to_numpy() == pytest.approx(took_s.to_numpy(), abs=2.0)
    for mode, m3ps in (("vehicle", LIGHT), ("on_foot", MODERATE)):
        own = doses[doses["mode"] == mode]
        assert len(own) > 10 and (own["mean_ugm3"] >= 5.0).all()
        assert own["inhaled_ug"].to_numpy() == pytest.approx((own["mean_ugm3"] * own["time_s"] * m3ps).to_numpy())


def test_traffic_runs_as_it_does_when_nobody_asks_for_the_air(tmp_path):
    with_air = {"meteorology": WIND, "fleet": FLEET, "emissions": "vehicles", "doses": True}
    hashes = []
    for name, keys in (("a", {}), ("b", {"air": with_air})):
        (tmp_path / name).mkdir()
        simulation = simulation_of(tmp_path / name, duration_s=240, **keys)
        simulation.run()
        hashes.append(simulation.model.fleet.state_hash())
    assert hashes[0] == hashes[1]


def test_sources_are_agents(tmp_path):
    air = {"meteorology": WIND, "fleet": FLEET, "emissions": "vehicles", "sources": AIR["sources"]}
    simulation = simulation_of(tmp_path, air=air, duration_s=240)
    simulation.run()
    simulation.air.close(240.0)
    model = simulation.model
    busiest = model.network.links.id[int(simulation.air.traffic.total_grams[:, 0].argmax())]
    trip = model.fleet.trips.id[int(simulation.air.traffic.vehicle_grams[:, 0].argmax())]
    link, works, vehicle = (model.pollution_source(name) for name in (busiest, "works", trip))
    assert isinstance(link, PollutionSource) and isinstance(vehicle, MovingSource)
    assert all(isinstance(one, mesa.Agent) and one in model.agents for one in (link, works, vehicle))
    assert link.kind == "link" and link.emitted_g["nox"] > 0.0 and link.source_id == busiest
    assert works.emitted_g["pm10"] == pytest.approx(1.8) and works.rates_gps["pm10"] == pytest.approx(0.0075)
    assert vehicle.emitted_g["nox"] > 0.0 and vehicle.technology.startswith("Passenger Cars")
    assert link is model.pollution_source(busiest)
    with pytest.raises(KeyError):
        model.pollution_source("nobody")


def test_a_fleet_that_lacks_a_class_that_drives_is_told(tmp_path):
    header = "country,year,vehicle_class,category,fuel,segment,euro,share\n"
    (tmp_path / "fleet.csv").write_text(f"{header}X,2020,bus,Buses,Diesel,Coaches Standard <=18 t,Euro VI,1\n")
    air = {"meteorology": WIND, "fleet": {"country": "X", "year": 2020, "file": "fleet.csv"}}
    with pytest.raises(ScenarioError, match="no shares of car, which drives in this scenario, only of: bus"):
        simulation_of(tmp_path, air=air)


def test_arm2_is_epa_s_formula():
    assert no2_of_nox(0.0) == 0.9 and no2_of_nox(1000.0) == 0.5
    assert no2_of_nox(150.0) == pytest.approx(0.7974, abs=1e-4)


def test_no2_may_follow_nox(tmp_path):
    air = {"meteorology": WIND, "fleet": FLEET, "no2_chemistry": "arm2", "receptors": AIR["receptors"][:1]}
    simulation = simulation_of(tmp_path, air=air | {"background_ugm3": {"nox": 200.0}}, duration_s=120)
    simulation.run()
    closed = simulation.air.close(120.0)
    nox, no2 = closed.ugm3[0, 0], closed.ugm3[0, 1]
    assert no2 == pytest.approx(no2_of_nox(nox.sum()) * nox)


def test_nothing_underground_reaches_the_air(tmp_path):
    air = {"meteorology": WIND, "fleet": FLEET, "receptors": AIR["receptors"][:1]}
    simulation = simulation_of(tmp_path, air=air, duration_s=60)
    network = simulation.model.network
    assert np.asarray(stretches_of(network).link_share.sum(axis=0)).ravel() == pytest.approx(1.0)
    layer = network.links.layer.copy()
    layer[3] = -1
    below = replace(network, links=replace(network.links, layer=layer))
    share = np.asarray(stretches_of(below).link_share.sum(axis=0)).ravel()
    assert share[3] == 0.0 and np.delete(share, 3) == pytest.approx(1.0)


def build_houses(folder, height):
    """Houses on both sides of the southernmost street's middle block, 11 m from its middle."""
    west, east, deep = WEST + 0.0021, WEST + 0.0039, 0.0001
    sides = [SOUTH + 0.0001, SOUTH - 0.0001 - deep]
    text = ""
    for number, low in enumerate(sides):
        corners = [(low, west), (low, east), (low + deep, east), (low + deep, west)]
        refs = [900 + 10 * number + k for k in range(4)]
        text += "".join(
            f'<node id="{n}" lat="{lat}" lon="{lon}"/>' for n, (lat, lon) in zip(refs, corners, strict=True)
        )
        nodes = "".join(f'<nd ref="{ref}"/>' for ref in [*refs, refs[0]])
        tag = f'<tag k="height" v="{height}"/>' if height else ""
        text += f'<way id="{990 + number}">{nodes}<tag k="building" v="yes"/>{tag}</way>'
    town = folder / "town.osm"
    town.write_text(town.read_text().replace("</osm>", f"{text}</osm>"))


CANYON_AIR = {
    "meteorology": WIND | {"wind_from_deg": 180},
    "fleet": FLEET,
    "doses": True,
    "receptors": [
        {"id": "south side", "kind": "point", "at": [WEST + 0.003, SOUTH - 0.00006]},
        {"id": "north side", "kind": "point", "at": [WEST + 0.003, SOUTH + 0.00006]},
        {"id": "above", "kind": "point", "at": [WEST + 0.003, SOUTH - 0.00006], "height_m": 25},
        {"id": "elsewhere", "kind": "point", "at": [WEST + 0.0048, SOUTH + 0.00006]},
    ],
}


def canyon_run(folder, canyons, height=20):
    """The first three minutes of a town that has houses; what its air was like."""
    folder.mkdir()
    path = write_scenario(folder, air=CANYON_AIR | {"canyons": canyons}, duration_s=180)
    build_houses(folder, height)
    scenario = load_scenario(path)
    network = network_of(scenario)
    simulation = Simulation(scenario, network, trips_of(scenario, network))
    simulation.run()
    return simulation, simulation.air.close(180.0).ugm3[:, 0, 0]  # NOx of cars


def test_a_street_between_houses_keeps_what_its_traffic_emits(tmp_path):
    simulation, closed = canyon_run(tmp_path / "closed", {})
    still, opened = canyon_run(tmp_path / "open", {"heights": "none"})
    assert simulation.model.fleet.state_hash() == still.model.fleet.state_hash()
    assert closed[0] > 1.5 * opened[0] and closed[0] > closed[1]  # leeward: the wind comes over the southern roofs
    np.testing.assert_array_equal(closed[2:], opened[2:])
    watch = simulation.air
    assert air_facts(watch)["air"]["canyons"] == {
        "links": 2,
        "of_links": simulation.model.network.link_count,
        "houses": 2,
        "without_height": 0,
        "assumed_m": None,
    }
    book = Notebook()
    book.warn = lambda text: None
    write_air(book, watch)
    canyons = book.table("air_canyons")
    assert canyons["canyon"].tolist() == [1, 1] and canyons["ratio"] == pytest.approx(20.0 / 22.2, rel=0.02)
    assert [bool(street) for street in book.table("air_places")["canyon"]] == [True, True, False, False]
    assert set(book.table("air_places")["canyon"][:2]) <= set(canyons["link"])
    inside = [simulation.model.network.link_row[link] for link in canyons["link"]]
    of_streets, of_points = (watch._now(field)[0].toarray() for field in (watch._streets, watch.field))
    changed = of_streets != still.air._now(still.air._streets)[0].toarray()  # for whoever is on the streets
    assert changed[np.ix_(inside, inside)].all() and changed.sum() == 4
    middle = of_streets[np.ix_(inside, inside)].mean(axis=0)  # of both directions: the mean of both sides of the street
    assert middle == pytest.approx(of_points[:2, inside].mean(axis=0), rel=1e-3)
    assert "air_canyons" not in written_air(still)


def written_air(simulation):
    book = Notebook()
    book.warn = lambda text: None
    write_air(book, simulation.air)
    return book.tables


def test_heights_that_the_map_does_not_say_are_told_or_assumed(tmp_path):
    unknown, _ = canyon_run(tmp_path / "unknown", {}, height=None)
    assert air_facts(unknown.air)["air"]["canyons"]["links"] == 0
    said = "the map does not say how high 2 of 2 houses along the streets are: "
    way_out = "streets between them count as open (`canyons: {assumed_m: 15}` would take them as 15 m high)"
    assert unknown.air.said() == (said + way_out,)


def test_a_stack_reaches_what_lies_downwind_of_it(tmp_path):
    stack = {"id": "plant", "kind": "stack", "at": [WEST, 0.5 * (SOUTH + NORTH)], "rates_gps": {"nox": 2.0}}
    stack |= {"height_m": 15, "diameter_m": 0.5, "exit_speed_mps": 4, "exit_temperature_c": 40}
    air = {"meteorology": WIND, "sources": [stack], "receptors": AIR["receptors"][:2]}
    simulation = simulation_of(tmp_path, air=air, duration_s=60, demand=[])
    simulation.run()
    nox = simulation.air.close(60.0).ugm3[:, 0, simulation.air.contributors.index("plant")]
    assert nox[0] > 2 * nox[1] >= 0.0 and nox[0] > 1.0  # the west is 45 m upwind: meander


@pytest.mark.parametrize("lasts_s", [0.0, 60.0])
def test_the_cloud_of_an_accident_drifts_by(tmp_path, lasts_s):
    leak = {"id": "leak", "kind": "accident", "at": [WEST, SOUTH], "start_s": 30, "lasts_s": lasts_s}
    air = {"meteorology": WIND, "sources": [leak | {"released_g": {"co": 1000.0}}], "every_s": 30}
    air["receptors"] = [{"id": f"{k}", "kind": "point", "at": [WEST + k * BLOCK_DEGREES[0], SOUTH]} for k in (1, 4, -1)]
    simulation = simulation_of(tmp_path, air=air, duration_s=480, demand=[])
    co = []
    for t_s in range(30, 481, 30):
        simulation.run(t_s)
        co.append(simulation.air.close(float(t_s)).ugm3[:, 4].sum(axis=1))
    near, far, upwind = np.array(co).T
    assert near[0] == 0.0 and near[1] > 0.0 and far[1] < 1e-3 * far.max() and upwind.max() < 1e-6 * near.max()
    assert near.argmax() < far.argmax() and near[-1] < 1e-3 * near.max()
    assert simulation.model.pollution_source("leak").emitted_g["co"] == pytest.approx(1000.0)
    plume = cloud_plume(simulation.air.weather(), 2.0, 1.0)
    away_m = float(np.ptp(simulation.air.receptors.x_m[[0, 2]])) / 2.0
    steady = plume_point(plume._replace(share=1.0), away_m, 0.0, 1.5)  # s/m³: what passes by is a plume's, in the end
    assert 30.0 * near.sum() == pytest.approx(1e6 * 1000.0 * steady, rel=0.1)


def test_a_grid_becomes_a_netcdf_file_by_the_conventions(run, tmp_path):
    xr = pytest.importorskip("xarray", reason="the extra air is not installed")
    pytest.importorskip("h5netcdf", reason="the extra air is not installed")
    air_grid(run, "map").to_netcdf(tmp_path / "air.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "air.nc", engine="h5netcdf") as grid:
        assert grid.attrs["Conventions"] == "CF-1.11" and grid["no2"].attrs["units"] == "ug m-3"
        assert grid["no2"].attrs["standard_name"] == "mass_concentration_of_nitrogen_dioxide_in_air"
        assert str(grid["time"].values[-1]).startswith("2026-05-04T07:08:00") and grid["no2"].dims == ("time", "y", "x")
        place = run.table("air_places")[run.table("air_places")["entry"] == "map"].iloc[3]
        own = run.table("air_receptors")[
            (run.table("air_receptors")["receptor"] == place["receptor"])
            & (run.table("air_receptors")["pollutant"] == "no2")
        ]
        found = grid["no2"].sel(x=place["x_m"], y=place["y_m"], method="nearest")
        assert found.values.tolist() == own["concentration_ugm3"].tolist()
        assert float(found["lon"]) == place["lon"]
        # CF conventions 1.11, 5.6: each variable names its grid mapping, whose attributes say the projection
        mapping = grid["crs"].attrs
        assert grid["no2"].attrs["grid_mapping"] == "crs" and mapping["grid_mapping_name"] == "transverse_mercator"
        assert "EPSG" in mapping["crs_wkt"] and grid["time"].attrs["bounds"] == "time_bounds"
        for axis, name in (("x", "projection_x_coordinate"), ("y", "projection_y_coordinate")):
            assert grid[axis].attrs["standard_name"] == name and grid[axis].attrs["units"] == "m"
            assert (np.diff(grid[axis]) > 0).all()
            assert "_FillValue" not in grid[axis].encoding  # 2.5.1: coordinates are never missing
        assert "coordinates" not in {**grid.encoding, **grid.attrs}  # 5.7 and appendix A: only of data
        assert not {"coordinates"} & {*grid["time_bounds"].encoding, *grid["crs"].encoding}
    with pytest.raises(RunFolderError, match=r"has no grid of receptors called 'maps'. It has: map\."):
        air_grid(run, "maps")


def test_a_checker_of_the_conventions_finds_nothing_in_a_grid(run, tmp_path):
    """Runs where somebody has installed the IOOS Compliance Checker: ``pip install compliance-checker``."""
    checker = pytest.importorskip("compliance_checker.runner", reason="compliance-checker is not installed")
    pytest.importorskip("h5netcdf", reason="the extra air is not installed")
    air_grid(run, "map").to_netcdf(tmp_path / "air.nc", engine="h5netcdf")
    checker.CheckSuite.load_all_available_checkers()
    said = tmp_path / "said.txt"
    file, about = str(tmp_path / "air.nc"), {"verbose": 1, "criteria": "strict", "output_format": "text"}
    passed, failed = checker.ComplianceChecker.run_checker(file, ["cf:1.11"], output_filename=str(said), **about)
    assert passed and not failed and "All tests passed!" in said.read_text(encoding="utf-8")


def test_the_report_tells_of_the_air(run):
    page = write_report(run.folder).read_text(encoding="utf-8")
    for words in (
        "Traffic emitted",
        "“works” emitted",
        "Most NOx leaves exhausts on",
        "NO2 that traffic and sources add",
    ):
        assert words in page


def test_a_grid_is_the_same_in_zarr(run, tmp_path):
    pytest.importorskip("zarr")
    xr = pytest.importorskip("xarray")
    whole = air_grid(run, "map")
    whole.to_zarr(tmp_path / "air.zarr", consolidated=False)
    with xr.open_zarr(tmp_path / "air.zarr", consolidated=False) as stored:
        xr.testing.assert_identical(stored.load().drop_attrs(), whole.load().drop_attrs())
        told = {**stored["no2"].attrs, "coordinates": stored["no2"].encoding["coordinates"]}
        assert told == whole["no2"].attrs | {"coordinates": told["coordinates"]}
        assert set(told["coordinates"].split()) == {"lat", "lon", "height"}


def test_who_had_more_than_the_limit_and_how_long(run):
    above, air = run.air_above, run.air_receptors
    west = air[(air["receptor"] == "west") & (air["pollutant"] == "nox")]
    over_s = (west["interval_end_s"] - west["interval_start_s"])[west["concentration_ugm3"] > 6.0].sum()
    (point,) = above[
        (above["group"] == "point") & (above["zone"] == "west") & (above["pollutant"] == "nox")
    ].itertuples()
    assert 0.0 < over_s < 480.0 and point.above_h == pytest.approx(over_s / 3600.0)
    assert point.person_h == pytest.approx(480.0 / 3600.0) and point.limit_ugm3 == 6.0
    assert point.mean_ugm3 == pytest.approx(west["concentration_ugm3"].mean())
    town = above[(above["group"] == "residents") & (above["pollutant"] == "nox")].iloc[0]
    assert town["person_h"] == pytest.approx(500.0 * 480.0 / 3600.0) and 0.0 < town["above_h"] < town["person_h"]
    assert town["mean_ugm3"] == pytest.approx(run.summary["air"]["residents_mean_ugm3"]["nox"])
    assert (above.loc[above["pollutant"] == "no2", "above_h"] == 0.0).all()
    assert above.loc[above["pollutant"].isin(["pm10", "pm25"]), ["limit_ugm3", "above_h"]].isna().all(axis=None)


def test_time_on_the_streets_is_that_of_everybody_in_all_vehicles_and_on_foot(run):
    above, doses = run.air_above, run.air_doses
    nox = doses[doses["pollutant"] == "nox"]
    for group, mode in (("drivers", "vehicle"), ("on_foot", "on_foot")):
        own, people = above[(above["group"] == group) & (above["pollutant"] == "nox")], nox[nox["mode"] == mode]
        assert own["person_h"].sum() == pytest.approx((people["time_s"] * people["people"]).sum() / 3600.0)
        breathed = (people["mean_ugm3"] * people["time_s"] * people["people"]).sum() / 3600.0
        assert (own["mean_ugm3"] * own["person_h"]).sum() == pytest.approx(breathed)
        assert 0.0 < own["above_h"].sum() <= own["person_h"].sum()
        assert {"town", ""} >= set(own["zone"]) and "town" in set(own["zone"])
    assert set(nox.loc[nox["mode"] == "vehicle", "people"]) == {1.5}


def test_residents_breathe_at_home(run):
    home = run.air_doses[(run.air_doses["mode"] == "home") & (run.air_doses["pollutant"] == "nox")]
    assert home["people"].sum() == pytest.approx(500.0) and (home["time_s"] == 480.0).all()
    assert home["inhaled_ug"].to_numpy() == pytest.approx((home["mean_ugm3"] * 480.0 * RESTING).to_numpy())


def test_hours_are_kept_apart(tmp_path):
    network = network_of(load_scenario(write_scenario(tmp_path, demand=[])))
    air = load_scenario(write_scenario(tmp_path, demand=[], air=AIR | {"meteorology": WIND})).air
    above = TimeAbove(air, network, 2, 2 * 3600.0)
    nox = np.zeros((2, 6))
    for start_s in range(0, 7200, 600):
        nox[:, 0] = (7.0, 5.0) if start_s < 4800 else (5.0, 9.0)
        above.at_receptors(start_s, start_s + 600.0, nox)
    assert above.receptor_over_s[:, :, 0].tolist() == [[3600.0, 0.0], [1200.0, 2400.0]]
    street = np.zeros((network.link_count, 6))
    street[:, 0] = 8.0
    who, where = np.array([DRIVERS, ON_FOOT]), np.array([0, 1])
    above.on_streets(3600.0, who, where, np.array([30.0, 60.0]), street)  # what was breathed until then
    above.on_streets(3610.0, who, where, np.array([10.0, 10.0]), street)
    assert above.street_over_s[:, :, :, 0].sum(axis=2).tolist() == [[30.0, 0.0, 60.0], [10.0, 0.0, 10.0]]


def test_pictures_of_whose_air_it_is_and_of_the_wind(run):
    whose = whose_figure(run.air_shares, run.air_places, "nox", "NOx")
    assert whose.title.endswith(("is of car", "comes from elsewhere")) and "“" in whose.title
    assert wind_rose(run.air_weather, 480.0).title.replace("\N{NO-BREAK SPACE}", " ") == (
        "The wind is from W 62 % of the time, and calm 38 %"
    )
    assert wind_rose(run.air_weather.iloc[:1], 480.0) is None
    assert whose_figure(run.air_shares, run.air_places, "co", "CO") is None


def test_a_street_is_drawn_once_and_both_halves_of_a_ring_are():
    east = np.array([[0.0, 0.0], [100.0, 0.0]])
    north, south = (np.array([[0.0, 0.0], [50.0, y], [100.0, 0.0]]) for y in (60.0, -60.0))
    lines = [east, east[::-1] + 3.0, north, south[::-1]]
    drawn = once_a_street(lines)
    assert len(drawn) == 3 and drawn[0] is east and drawn[1] is north
    assert once_a_street([]) == []
