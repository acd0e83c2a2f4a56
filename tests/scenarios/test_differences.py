"""Whatever differs between two scenarios is told, in a planner's words."""

from __future__ import annotations

import copy
import functools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from citytwin.scenarios.city import City
from citytwin.scenarios.differences import differences
from citytwin.scenarios.scenario import Scenario
from citytwin.scenarios.strict import Strict

SQUARE = [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74], [7.42, 43.74]]
QUIET = {"boarding_per_h": 20, "dwell_min_s": 5}
EVACUATION: dict[str, Any] = {
    "zones": [{"id": "port", "polygon": SQUARE, "population": 900, "modes": {"car": 0.5}}],
    "zones_file": "zone.geojson",
    "population_file": "grid.csv",
    "groups": [
        {"id": "school", "at": [7.42, 43.73], "persons": 300, "doors": [{"width_m": 1.2}], "modes": {"car": 0.1}}
        | {"preparation": {"kind": "gamma", "shape": 1.5, "scale_s": 90}},
        {"id": "office", "at": [7.42, 43.73], "persons": 30}
        | {"preparation": {"kind": "weibull", "shape": 1.5, "scale_s": 90}},
        {"id": "beach", "at": [7.42, 43.73], "persons": 30, "preparation": {"kind": "rayleigh", "sigma_s": 90}},
        {"id": "club", "at": [7.42, 43.73], "persons": 30}
        | {"preparation": {"kind": "s_curve", "median_s": 900, "spread_s": 90}},
        {"id": "ship", "at": [7.42, 43.73], "persons": 30}
        | {"preparation": {"kind": "uniform", "least_s": 10, "most_s": 100}},
        {"id": "ward", "at": [7.42, 43.73], "persons": 30, "preparation": {"kind": "curve", "file": "profile.csv"}},
    ],
    "orders": [
        {"id": "first", "zones": ["port"], "start_s": 600, "compliance": 0.9}
        | {"channels": [{"id": "teams", "kind": "door_to_door", "reaches": 0.9, "delay_s": 60, "households_per_h": 60}]}
        | {"action": "stay_inside", "when": {"hazard": "tank", "at_mgm3": 20, "zone": "port"}}
    ],
    "channels": [
        {"id": "horn", "kind": "siren", "reaches": 0.6, "delay_s": 30},
        {"id": "phones", "kind": "cell_broadcast", "reaches": 0.8, "delay_s": 60, "seen_after_s": 90},
        {"id": "word", "kind": "neighbours", "reaches": 0.5, "delay_s": 120},
    ],
    "shadow": {"share": 0.2, "within_m": 800},
    "preparation": {"kind": "lognormal", "mu": 4.5, "sigma": 0.9, "shift_s": 30, "most_s": 900},
    "cue_factor": 0.8,
    "households": {"mean_size": 2.1, "persons_per_car": 4},
    "gathering": {"away": 0.3, "comes_home": {"kind": "uniform", "least_s": 60, "most_s": 900}, "waits_s": 600},
    "modes": {"car": 0.4, "bus": 0.1, "ambulance": 0.02},
    "designated_routes": [{"id": "coast", "zones": ["port"], "links": ["a"], "compliance": 0.8}],
    "ambulances": [
        {"id": "clinic", "at": [7.42, 43.73], "to": "hall", "start_s": 900, "vehicles": 2, "places": 2}
        | {"loads_s": 300, "unloads_s": 120}
    ],
    "pickups": [
        {"id": "square", "at": [7.42, 43.73], "to": "hall", "start_s": 900, "buses": 2, "headway_s": 300}
        | {"capacity": 60, "stays_s": 90, "unloads_s": 45}
    ],
    "shelters": [
        {"id": "hall", "at": [7.42, 43.73], "capacity": 600, "when_full": "overcrowded", "places": "reserved"}
        | {"announced_after_s": 300, "by": ["foot"]}
    ],
    "shelters_file": "zone.geojson",
    "groups_file": "zone.geojson",
    "exits": [{"id": "east", "link": "a", "by": ["car"]}, {"id": "west", "at": [7.42, 43.73], "by": ["foot", "car"]}],
    "table_every_s": 30,
}
# One of everything: each key of each part of a scenario is given somewhere.
FULL: dict[str, Any] = {
    "citytwin": 1,
    "name": "Town",
    "base": "morning.yaml",
    "seed": 7,
    "start": "2026-05-04T07:00",
    "duration_s": 7200,
    "step_s": 0.5,
    "city": {"osm": "town.osm"},
    "network": {
        "tntp": {"nodes": "nodes.csv", "crs": 4326, "length_unit": "km", "time_unit": "min", "lane_capacity": 1500},
        "gmns": {"crs": 4326, "length_unit": "m", "speed_unit": "km/h"},
        "defaults": {"primary": {"lanes_oneway": 2, "lanes_twoway": 2, "speed_kmh": 50, "lane_width_m": 3.5}},
        "driving_side": "right",
        "country": "MC",
        "merge": [["node/1", "node/2"]],
        "keep": ["node/3"],
        "pedestrians": False,
        "slopes": True,
        "pockets": True,
        "speed_factors": {"primary": 0.9},
        "headway_factors": {"primary": 1.1},
        "merge_shares": {"way/1:0-4": 2},
        "signal_programmes": ["signals.xml"],
    },
    "streets": [
        {"id": "bypass", "kind": "road_added", "line": [[9, 47], [9.01, 47]], "name": "Bypass", "road_class": "primary"}
        | {"lanes": 2, "speed_kmh": 50, "one_way": True, "lane_width_m": 3, "level": 1, "join_within_m": 30},
        {"id": "drawn", "kind": "road_added", "file": "road.geojson", "speed_kmh": 30},
        {"id": "gone", "kind": "road_removed", "links": ["a", "b"], "both_directions": False},
        {"id": "open", "kind": "road_opened", "ways": ["way/1"], "barriers": ["node/1"], "road_class": "tertiary"}
        | {"lanes": 2, "speed_kmh": 30},
        {"id": "wide", "kind": "lanes", "link": "a", "lanes": 2, "side": "kerb", "both_directions": True},
        {"id": "bay", "kind": "turn_pocket", "link": "a", "length_m": 40, "side": "kerb", "both_directions": True},
        {"id": "clear", "kind": "parking_removed", "link": "a", "open_to": ["car"], "both_directions": True},
        {"id": "park", "kind": "parking_added", "link": "a", "both_directions": True},
        {"id": "bus", "kind": "bus_lane", "link": "a", "lane": 1, "open_to": ["bus"], "both_directions": True},
        {"id": "cycles", "kind": "cycle_lane", "link": "a", "lane": 1, "both_directions": True},
        {"id": "slow", "kind": "speed_zone", "polygon": [[9, 47], [9.01, 47], [9, 47.01]], "speed_kmh": 30}
        | {"road_classes": ["primary"]},
        {"id": "town", "kind": "speed_zone", "file": "zone.geojson", "speed_kmh": 30},
        {"id": "single", "kind": "one_way", "link": "a", "lanes": 2},
        {"id": "turned", "kind": "one_way_turned", "link": "a"},
        {"id": "double", "kind": "two_way", "link": "a", "lanes": 2, "lanes_back": 1},
        {"id": "no_left", "kind": "turn_ban", "from_link": "a", "to_link": "b"},
        {"id": "left", "kind": "turn_allowed", "from_link": "a", "to_link": "b"},
        {"id": "light", "kind": "signal_added", "junction": "n"},
        {"id": "dark", "kind": "signal_removed", "junction": "m"},
        {"id": "ring", "kind": "roundabout", "junction": "k", "diameter_m": 30, "lanes": 2, "speed_kmh": 20},
        {"id": "filter", "kind": "modal_filter", "link": "c", "open_to": ["bus"], "both_directions": False},
    ],
    "demand": [
        {"id": "zones", "kind": "od_matrix", "file": "od.csv", "zones": "zones.csv", "factor": 2.0}
        | {"departures": "profile.csv", "start_s": 60, "end_s": 3600},
        {"id": "people", "kind": "random_trips", "per_hour": 100, "min_distance_m": 500, "weights": "population"}
        | {"file": "grid.csv", "start_s": 60, "end_s": 3600},
        {"kind": "trips", "file": "trips.csv"},
        {"id": "site", "kind": "development", "polygon": SQUARE, "uses": {"dwelling": 300, "shop_m2": 800}}
        | {"rates": "rates.csv", "min_distance_m": 300, "weights": "population", "file": "grid.csv"},
        {"id": "block", "kind": "development", "links": ["a"], "uses": {"dwelling": 30}},
    ],
    "demand_changes": [
        {"id": "growth", "kind": "scale", "demand": "zones", "from_zone": "3", "to_zone": "7", "factor": 1.2}
        | {"vehicle_class": "truck", "start_s": 60, "end_s": 3600},
        {"kind": "scale", "from_polygon": SQUARE, "to_polygon": SQUARE, "factor": 0.8},
    ],
    "events": [
        {"id": "bridge", "kind": "road_closure", "links": ["a", "b"], "lanes": [0], "start_s": 600, "end_s": 5400}
        | {"known_to": "broadcast"},
        {"kind": "road_closure", "link": "c", "start_s": 600, "end_s": 5400},
        {"kind": "speed_limit", "link": "a", "speed_kmh": 30, "start_s": 600, "end_s": 5400},
        {"id": "green", "kind": "signal_plan", "junction": "n", "start_s": 0, "end_s": 5400, "cycle_s": 60}
        | {"offset_s": 5, "green_s": [20, 30]},
        {"id": "crash", "kind": "incident", "link": "a", "lane": 1, "position_m": 12, "start_s": 60, "duration_s": 600},
        {"id": "out", "kind": "contraflow", "links": ["d"], "start_s": 600, "end_s": 5400, "keep_lanes": 1},
    ],
    "measures": [
        {"id": "cordon", "kind": "toll", "polygon": SQUARE, "price": 5, "prices": {"truck": 10}, "exempt": ["bus"]}
        | {"start_s": 60, "end_s": 3600},
        {"kind": "toll", "links": ["a"], "price": 2},
        {"id": "lez", "kind": "low_emission_zone", "polygon": SQUARE, "banned": ["truck", "car"]}
        | {"compliant_share": 0.6, "access": "destination"},
        {"id": "plates", "kind": "plate_restriction", "polygon": SQUARE, "may_drive": "odd", "restricted": ["car"]}
        | {"exempt_share": 0.1, "other_mode_share": 0.3, "when": {"warning": "smog", "level": "alarm"}},
        {"id": "old", "kind": "low_emission_zone", "links": ["a"], "banned": ["car"], "least_euro": {"diesel": 5}},
        {"id": "slow", "kind": "slow_zone", "links": ["a"], "speed_kmh": 30},
        {"id": "detour", "kind": "air_detour", "concentrations": "no2.csv", "s_per_km_ugm3": 2, "follow_share": 0.5},
        {"id": "games", "kind": "cancelled_walks", "share": 0.25},
        {"id": "cap", "kind": "source_cap", "sources": ["plant"], "cut": 0.3},
        {"id": "own", "kind": "air_detour", "pollutant": "no2", "s_per_km_ugm3": 2, "under_way": True},
    ],
    "air_warnings": [
        {"id": "smog", "series": "air.csv", "stations": ["port"], "pollutant": "no2", "average_h": 2, "combine": "mean"}
        | {"every_s": 1800, "data_share": 0.5, "hold_s": 600, "lowered_at": 0.8, "lower_after_s": 900}
        | {"stale_after_s": 7200, "levels": [{"name": "alarm", "at": 400, "severity": "Severe", "instruction": "n"}]}
        | {"message": {"sender": "t", "sender_name": "Town", "language": "fr", "utc_offset": "+01:00"}}
        | {"message": {"area_name": "Port", "polygon": SQUARE}},
        {"id": "own", "receptors": ["school"], "pollutant": "no2", "levels": [{"name": "x", "at": 40}]}
        | {"message": {"sender": "t", "sender_name": "Town", "language": "fr", "utc_offset": "+01:00"}},
        {"id": "index", "series": "air.csv", "index": "us_epa", "nowcast": True, "levels": [{"name": "x", "at": 151}]}
        | {"message": {"sender": "t", "sender_name": "Town", "language": "fr", "utc_offset": "+01:00"}},
    ],
    "hazards": [
        {"id": "river", "kind": "flood", "file": "river.geojson", "crs": "EPSG:25832", "start_s": 60, "end_s": 3600}
        | {"every_s": 60, "known_to": "broadcast", "closes_roads_at_m": 0.4, "closes_walks_at_m": 0.5}
        | {"incapacitates_at_m": 1.1, "incapacitates_at_m2ps": 0.7},
        {
            "id": "surge",
            "kind": "flood",
            "rasters": [{"t_s": 60, "file": "surge.tif"}, {"t_s": 90, "file": "surge.tif"}],
        },
        {"id": "plume", "kind": "smoke", "file": "river.geojson", "closes_at_per_m": 2, "incapacitates_at_dose": 0.3}
        | {"walking_law": "fridolf_lit"},
        {"id": "front", "kind": "fire", "file": "river.geojson", "crs": "EPSG:25832"},
        {"id": "cordon", "kind": "blocked_area", "polygon": SQUARE, "start_s": 60, "end_s": 3600},
        {"id": "tank", "kind": "gas", "substance": "ammonia", "at": [7.42, 43.73], "height_m": 3, "released_kg": 500}
        | {"lasts_s": 600, "front_mgm3": 30, "closes_at_mgm3": 2000}
        | {"air_changes_per_h": 1, "closed_air_changes_per_h": 0.3},
    ],
    "public_transport": [
        {"id": "4", "kind": "bus_line", "headway_s": 600, "start_s": 60, "end_s": 3600, "boarding_per_h": 90}
        | {"board_s_per_passenger": 2, "dwell_min_s": 20, "capacity": 60, "route": ["a", "b", "c"]}
        | {
            "stops": [
                {"link": "a", "name": "Harbour"},
                {"link": "b", "position_m": 30, "boarding_per_h": 20, "dwell_min_s": 5},
            ]
        },
    ],
    "walks": [
        {"id": "strollers", "kind": "random_trips", "per_hour": 100, "min_distance_m": 200, "start_s": 60},
        {"id": "match", "kind": "trips", "file": "trips.csv"},
    ],
    "walking": {
        "preset": "code_conservative",
        "speed_mps": 1.2,
        "speed_sd_mps": 0.1,
        "door_per_m_s": 1.9,
        "door_less_per_s": 0.1,
        "links_every_s": 60,
        "patches_above_per_m2": 2.5,
        "hazard_weight": 3,
    },
    "evacuation": EVACUATION,
    "responders": {
        "units": [
            {"id": "A1", "at": [7.42, 43.73]},
            {"id": "F1", "kind": "fire_engine", "at": [7.42, 43.74]},
        ],
        "hospitals": [{"id": "Grace", "at": [7.41, 43.73], "capacity": 20}],
        "calls": [
            {"id": "fire", "needs": "fire_engine", "at": [7.41, 43.74], "t_s": 600, "on_scene_s": 900},
        ],
        "random_calls": [
            {"id": "ill", "needs": "ambulance", "per_hour": 6, "polygon": SQUARE, "start_s": 60, "end_s": 3600},
        ],
        "dispatch_delay_s": 60,
        "on_scene_s": 600,
        "transport_share": 0.7,
        "handover_s": 500,
    },
    "air": {
        "meteorology": {
            "kind": "constant",
            "wind_mps": 3,
            "wind_from_deg": 270,
            "temperature_c": 12,
            "cloud_share": 0.5,
        }
        | {"radiation_wpm2": 300, "friction_velocity_mps": 0.4, "obukhov_length_m": 80, "mixing_height_m": 900}
        | {"roughness_m": 0.8, "wind_height_m": 12, "utc_offset_h": 2, "wind_sideways_mps": 0.4},
        "fleet": {"country": "DE", "year": 2024, "file": "fleet.csv", "factors": "factors.csv"}
        | {"multiples": {"nox": 1.3}},
        "pollutants": ["nox", "pm25"],
        "sources": [
            {"id": "plant", "kind": "stack", "at": [7.42, 43.73], "height_m": 30, "diameter_m": 1, "exit_speed_mps": 8}
            | {"exit_temperature_c": 120, "rates_gps": {"nox": 0.5}, "start_s": 60, "end_s": 3600}
            | {"building_height_m": 12, "building_width_m": 20},
            {"id": "works", "kind": "area", "polygon": SQUARE, "height_m": 3, "rates_file": "works.csv"},
            {"id": "leak", "kind": "accident", "at": [7.42, 43.73], "height_m": 1, "start_s": 600, "lasts_s": 300}
            | {"released_g": {"co": 5000}},
        ],
        "receptors": [
            {"id": "school", "kind": "point", "at": [7.42, 43.74], "height_m": 2},
            {"id": "map", "kind": "grid", "spacing_m": 50, "polygon": SQUARE},
            {"id": "old town", "kind": "residents", "polygon": SQUARE, "population": 900},
        ],
        "every_s": 300,
        "emissions": "vehicles",
        "look_every_s": 5,
        "doses": True,
        "cold_start": True,
        "canyons": {"heights": "map", "assumed_m": 15},
        "silt_g_per_m2": 0.06,
        "background_ugm3": {"nox": 12},
        "limits_ugm3": {"no2": 100},
        "occupants": {"car": 1.4},
        "no2_chemistry": "arm2",
    },
    "sensors": [
        {"id": "loop", "kind": "loop", "link": "a", "lane": 0, "position_m": 3, "every_s": 60, "observed": "counts.csv"}
    ],
    "signals": {
        "control": [
            {"id": "actuated", "kind": "actuated", "junctions": ["n"], "road_classes": ["primary"], "min_green_s": 8}
            | {"min_greens_s": [8, 9], "pedestrians": False, "preemption": ["emergency"], "reach_m": 90}
            | {"priority": ["bus"], "max_wait_s": 20, "max_green_s": 40, "max_greens_s": [40, 41], "passage_s": 2.5}
            | {"detector_m": 30, "recall": "none"},
            {"id": "pressure", "kind": "max_pressure", "every_s": 10, "longest_red_s": 90},
            {"id": "own", "kind": "python", "file": "own.py", "name": "Own"},
            {"id": "clock", "kind": "fixed", "junctions": ["m"]},
        ],
        "coordination": {"groups": [["n", "m"]], "speed_kmh": 45, "cycle_s": 80},
    },
    "outputs": {"links_every_s": 60, "network_every_s": 30, "stuck_after_s": 600, "sumo": ["fcd"], "sumo_gzip": True}
    | {"fcd_every_s": 2, "fcd_links": ["a"]},
    "drivers": {"model": "krauss", "headway_s": 1.4, "min_gap_m": 2.5, "max_accel_mps2": 1.5, "comfort_decel_mps2": 2.5}
    | {"max_decel_mps2": 7, "speed_factor_mean": 1.1, "speed_factor_sd": 0.05, "length_m": 5, "critical_gap_s": 5}
    | {
        "imperfection": 0.3,
        "power_per_mass_w_per_kg": 60,
        "top_speed_mps": 33,
        "passing_clearance_m": 1,
        "zebra_yield_share": 0.8,
        "passes_at_kerb": True,
        "spread": {"headway_s": {"sd": 0.2, "shape": "lognormal", "least": 0.5, "most": 3}},
    }
    | {
        "classes": {
            "truck": {"model": "idm", "headway_s": 1.4, "min_gap_m": 2.5, "max_accel_mps2": 1.5}
            | {"comfort_decel_mps2": 2.5, "speed_factor_mean": 1.1, "speed_factor_sd": 0.05, "length_m": 5}
            | {"critical_gap_s": 5, "imperfection": 0.3, "power_per_mass_w_per_kg": 9, "top_speed_mps": 25}
            | {"zebra_yield_share": 0.4}
            | {"spread": {"length_m": {"sd": 2}}},
        },
        "others": [{"share": 0.2, "vehicle_class": "car", "model": "acc"}],
    },
    "routes": {"choice": "equilibrium", "iterations": 30, "gap": 0.01, "interval_s": 600, "perception_noise": 0.2}
    | {"plan_every_s": 60, "reroute_blocked_after_s": 120}
    | {"value_of_time_per_h": {"car": 12, "truck": 30}, "currency": "CHF"},
    "patches": [
        {"id": "market", "polygon": [[7.42, 43.73], [7.43, 43.73], [7.43, 43.74]]},
        {"id": "gate", "file": "zone.geojson"},
    ],
    "crowd_monitor": {"every_s": 10, "least_per_m2": 0.5, "moving": {"watch": 2, "amber": 3.5, "red": 5}}
    | {"standing": {"watch": 3, "amber": 4.7, "red": 7}, "area_m2": 10, "hold_s": 30, "ahead_s": 600}
    | {"pressure_per_s2": 0.02},
    "checkpoint": {"every_s": 60, "keep": 5},
    "remedies": {"impatience": {"gap_share": 0.6, "after_s": 60}, "leave_locks_after_s": 120},
    "report": {
        "rank_by": "air",
        "routes": [
            {"name": "Harbour", "links": ["a", "b"]},
            {"name": "Station", "origin": [7.41, 43.73], "destination": [7.42, 43.74]},
        ],
    },
    "values": {"currency": "EUR", "hours_a_year": 500, "cost_a_year": 1000}
    | {"hour": {"car": 12.5, "truck": 40, "bus": 200, "emergency": 0, "bicycle": 6}},
}
FILES = {
    "fleet.csv": "country,year\n",
    "factors.csv": "category\n",
    "works.csv": "t_s,nox_gps\n0,1\n",
    "town.osm": "<osm/>",
    "nodes.csv": "node,x,y\n1,0,0\n",
    "signals.xml": "<x/>",
    "od.csv": "from_zone,to_zone,trips\n3,7,100\n7,3,50\n",
    "zones.csv": "zone,node\n3,1\n7,2\n",
    "profile.csv": "start_s,share\n0,1\n",
    "grid.csv": "lon,lat,population\n0,0,1\n",
    "rates.csv": "use,start_hour,end_hour,in_per_hour,out_per_hour\ndwelling,7,9,1,1\n",
    "trips.csv": "trip_id,depart_s,origin_link,destination_link\nt,0,a,b\nu,5,a,b\n",
    "counts.csv": "t,n\n",
    "air.csv": "station,t_s,no2_ugm3\nport,0,90\n",
    "no2.csv": "link,ugm3\na,40\n",
    "own.py": "class Own: ...\n",
    "road.geojson": "{}",
    "zone.geojson": "{}",
    "river.geojson": "{}",
    "surge.tif": "II",
}
OTHER = {  # the same files with other contents
    "od.csv": "from_zone,to_zone,trips\n3,7,120\n7,3,50\n",
    "trips.csv": "trip_id,depart_s,origin_link,destination_link\nt,9,a,b\nv,5,a,b\nw,6,a,b\n",
}
WORDS = [
    "a",
    "d",
    "n",
    "sight",
    "left",
    "mi",
    "h",
    "mph",
    "DE",
    "EPSG:2056",
    "node/9",
    "idm",
    "normal",
    "truck",
    "bus",
    "fcd",
]
WORDS += ["EPSG:2056", "tripinfo", "secondary", "buildings", "maximum", "never", "2026-05-05T07:00", "2026-05-04T08:00"]

Spot = tuple[str | int, ...]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory) -> Iterator[Path]:
    """A current folder with all the files, and beside each another one."""
    with pytest.MonkeyPatch.context() as patch:
        path = tmp_path_factory.mktemp("town")
        for name, text in FILES.items():
            (path / name).write_text(text)
            (path / f"other_{name}").write_text(OTHER.get(name, text + " "))
            (path / f"copied_{name}").write_text(text)
        patch.chdir(path)
        yield path


def changed(*spot: str | int, to: object, of: dict[str, Any] = FULL) -> Scenario:
    """A scenario with another value in one place; None takes it out."""
    plain: Any = copy.deepcopy(of)
    inner = plain
    for part in spot[:-1]:
        inner = inner[part]
    if to is None:
        del inner[spot[-1]]
    else:
        inner[spot[-1]] = to
    return Scenario.model_validate(plain)


@functools.cache
def full() -> Scenario:
    return Scenario.model_validate(copy.deepcopy(FULL))


def leaves(value: Any, spot: Spot = ()) -> Iterator[tuple[Spot, Any]]:
    """Every place of a scenario with what stands there."""
    if spot:
        yield spot, value
    for part, inner in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from leaves(inner, (*spot, part))


PLACES = [(spot, value) for spot, value in leaves(FULL) if spot != ("base",)]


def words_instead(value: Any) -> list[Any]:
    """What might stand in place of a value; None: nothing."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, str):
        return [f"other_{value}", None] if value in FILES else [*WORDS, None]
    return [None]


def check_one_change(spot: Spot, to: object) -> bool:
    """A change that makes another scenario is told in both directions; False where it makes none."""
    try:
        after = changed(*spot, to=to)
    except ValidationError:
        return False
    before = full()
    if after == before:
        return False
    there, back = differences(before, after), differences(after, before)
    assert there and back, (spot, to)
    for found in [*there, *back]:
        assert found.before != found.after
        assert found.kind and found.key
        old, arrow, new = found.text.rpartition(": ")[2].partition(" → ")
        assert not arrow or old != new, found.text
    return True


@pytest.mark.parametrize("section", sorted({str(spot[0]) for spot, _ in PLACES}))
def test_no_change_of_a_word_and_nothing_taken_out_is_missed(section):
    places = [(spot, value) for spot, value in PLACES if spot[0] == section]
    tried = [check_one_change(spot, to) for spot, value in places for to in words_instead(value)]
    assert any(tried) or section in ("citytwin", "duration_s")  # which stand alone, a number each


@given(st.data())
def test_no_change_of_a_number_is_missed(data):
    numbers = [(spot, value) for spot, value in PLACES if type(value) in (int, float)]
    spot, value = data.draw(st.sampled_from(numbers))
    near = st.floats(0.25 * value, 4 * value + 1, allow_nan=False)
    to = data.draw(st.one_of(st.integers(0, 4 * int(value) + 2), near, st.just(value * (1 + 1e-12))))
    assume(check_one_change(spot, to))


def models(value: object) -> Iterator[BaseModel]:
    if isinstance(value, Strict):
        yield value
        for _, inner in value:
            yield from models(inner)
    elif isinstance(value, (tuple, dict)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from models(inner)


def kinds_of_parts(model: type[BaseModel]) -> set[type[BaseModel]]:
    """Every model that a scenario may hold."""
    found, left = set[type[BaseModel]](), [model]

    def inside(annotation: object) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            left.append(annotation)
        for inner in getattr(annotation, "__args__", ()):
            inside(inner)
        if hasattr(annotation, "__origin__") and not hasattr(annotation, "__args__"):
            inside(annotation.__origin__)

    while left:
        part = left.pop()
        if part not in found:
            found.add(part)
            for field in part.model_fields.values():
                inside(field.annotation)
    return found


def owner(model: type[BaseModel], key: str) -> tuple[str, str]:
    """The class in which a key is first described, with the key."""
    return [part.__name__ for part in model.__mro__ if key in getattr(part, "model_fields", {})][-1], key


def test_the_full_scenario_is_full():
    given_keys = {(type(part), key) for part in models(full()) for key in part.model_fields_set}
    every = {(kind, key) for kind in kinds_of_parts(Scenario) for key in kind.model_fields}
    city = {(City, key) for key in City.model_fields}
    given_by, expected = ({owner(*key) for key in keys} for keys in (given_keys, every - city))
    assert len(expected) > 100
    other_choices = {("Routes", "learning_rate"), ("StabilityWeather", "stability"), ("WeatherSeries", "file")}
    other_choices |= {("StabilityWeather", "kind"), ("WeatherSeries", "kind")}
    other_choices |= {("Evacuation", "fetched_by_units")}
    other_choices |= {("FetchedByUnits", key) for key in ("to", "loads_s", "unloads_s")}
    assert expected - given_by == other_choices, "give all but those of another choice in FULL"


def test_ways_of_choosing_routes():
    free = FULL | {"measures": []}
    days = {"choice": "day_to_day", "iterations": 30, "learning_rate": 0.1}
    before, after, plain = (
        changed("routes", to=to, of=free) for to in (days, days | {"learning_rate": 0.3}, {"choice": "shortest"})
    )
    assert [one.text for one in differences(before, after)] == ["routes: weight of the latest day 0.1 → 0.3"]
    assert [one.text for one in differences(plain, before)] == [
        "routes: known → day_to_day",
        "routes: repeated at most 20 → 30",
        "routes: weight of the latest day 0.2 → 0.1",
    ]


def test_what_is_the_same_does_not_differ():
    assert differences(full(), full()) == []
    assert differences(full(), changed("base", to="other.yaml")) == []


@pytest.mark.parametrize("section", ["demand", "demand_changes", "events", "measures", "public_transport", "sensors"])
def test_the_order_of_entries_with_ids_says_nothing(section):
    entries = [{**entry, "id": f"{row}"} for row, entry in enumerate(FULL[section])]
    turned = changed(section, to=entries[::-1])
    assert differences(changed(section, to=entries), turned) == []


def test_the_order_of_links_says_nothing():
    assert differences(full(), changed("events", 0, "links", to=["b", "a"])) == []


def test_events_without_ids_are_known_by_what_they_are():
    events = [event for event in FULL["events"] if "id" not in event]
    assert differences(changed("events", to=events), changed("events", to=events[::-1])) == []


def test_many_entries_without_ids_are_compared_in_a_moment():
    events = [{"kind": "speed_limit", "link": f"way/{row}", "speed_kmh": 30, "start_s": 0} for row in range(3000)]
    before, after = changed("events", to=events), changed("events", to=events[:0:-1])
    began = time.perf_counter()
    (found,) = differences(before, after)
    assert time.perf_counter() - began < 5.0  # 0.2 s here; pair by pair it took minutes
    assert found.text == "no longer: link way/0, from 07:00 to the end of the run: speed limit 30 km/h"


def test_a_file_is_known_by_its_contents_and_not_by_its_name():
    for spot, value in PLACES:
        if isinstance(value, str) and value in FILES:
            assert differences(full(), changed(*spot, to=f"copied_{value}")) == []


def test_a_file_of_the_same_name_with_other_contents_differs(folder):
    for place, text in (("north", "<osm/>"), ("south", "<osm></osm>")):
        (folder / place).mkdir()
        (folder / place / "town.osm").write_text(text)
    towns = [changed("city", "osm", to=f"{place}/town.osm") for place in ("north", "south")]
    (found,) = differences(*towns)
    assert found.text.startswith("city: OpenStreetMap file town.osm with other contents (SHA-256 ")
    assert found.before["file"] == "north/town.osm"
    assert found.before["sha256"] != found.after["sha256"]
    assert differences(full(), towns[0]) == []


def test_a_gmns_folder_is_known_by_its_tables(folder):
    for place, links in (("one", "a"), ("two", "a"), ("three", "b")):
        (folder / place).mkdir()
        (folder / place / "node.csv").write_text("node_id\n1\n")
        (folder / place / "link.csv").write_text(f"link_id\n{links}\n")
    one, two, three = (changed("city", to={"gmns": place}) for place in ("one", "two", "three"))
    assert differences(one, two) == []
    assert [found.text for found in differences(one, three)] == ["city: GMNS folder one → three"]


def test_rules_for_signals_in_another_order_differ_for_the_last_holds():
    rules = FULL["signals"]["control"]
    (found,) = differences(full(), changed("signals", "control", to=[rules[1], rules[0], *rules[2:]]))
    assert found.text == (
        'signal control: order (the last that speaks of a junction holds) "actuated", "pressure", "own", "clock" → '
        '"pressure", "actuated", "own", "clock"'
    )


def test_clock_times_are_those_of_each_run():
    later = changed("start", to="2026-05-04T06:50")
    after = changed("events", 4, "start_s", to=660, of={**FULL, "start": "2026-05-04T06:50"})
    (found,) = differences(later, after)
    assert found.text == "incident on link a: begins 06:51 → 07:01"
    start, moved = differences(full(), after)
    assert start.kind == "start"
    assert moved.text == "incident on link a: begins 07:01 → 07:01 (exactly: 60.0 → 660.0 s after the start)"


# What is changed, to what, and every line that is told.
TOLD: list[tuple[Spot, object, list[str]]] = [
    (("name",), "City", ['name: "Town" → "City"']),
    (("seed",), 8, ["seed: 7 → 8"]),
    (("duration_s",), 5520, ["duration: 2 h → 1 h 32 min"]),
    (
        ("start",),
        "2026-05-04T08:00",
        ["start: Monday 4 May 2026, 07:00 → 08:00; everything that has a time moves with it"],
    ),
    (
        ("start",),
        "2026-05-05T07:00",
        ["start: Monday 4 May 2026, 07:00 → Tuesday 5 May 2026, 07:00; everything that has a time moves with it"],
    ),
    (("step_s",), 1, ["step of the simulation: 0.5 → 1 s"]),
    (("city", "osm"), "other_town.osm", ["city: OpenStreetMap file town.osm → other_town.osm"]),
    (("city",), {"place": "Monaco"}, ["city: OpenStreetMap file town.osm → place Monaco"]),
    (("network", "driving_side"), None, ["streets: driving side right → the country's"]),
    (
        ("network", "defaults", "primary", "speed_kmh"),
        None,
        ["streets, assumed for road class primary: speed 50 km/h → as built in"],
    ),
    (
        ("network", "speed_factors", "primary"),
        0.8,
        ["streets: free speed over the limit 0.9 → 0.8 primary"],
    ),
    (
        ("network", "headway_factors", "primary"),
        1.2,
        ["streets: headways over the drivers' own 1.1 → 1.2 primary"],
    ),
    (
        ("network", "merge_shares", "way/1:0-4"),
        3,
        ["streets: shares where they join 2 way/1:0-4 → 3 way/1:0-4"],
    ),
    (
        ("air", "fleet", "multiples", "nox"),
        None,
        ["air, vehicles: emissions over those of the factors 1.3 nox → none"],
    ),
    (("network", "pockets"), False, ["streets: turn pockets that the source knows yes → no"]),
    (
        ("drivers", "passing_clearance_m"),
        1.5,
        ["drivers: distance kept from bicycles that they pass 1 → 1.5 m"],
    ),
    (("drivers", "zebra_yield_share"), 0.5, ["drivers: share that stops at zebras for people who wait 0.8 → 0.5"]),
    (("drivers", "passes_at_kerb"), False, ["drivers: pass on the kerb side on fast roads yes → no"]),
    (("network", "slopes"), False, ["streets: vehicles feel that streets rise and fall yes → no"]),
    (("drivers", "power_per_mass_w_per_kg"), 50, ["drivers: power per mass 60 → 50 W/kg"]),
    (("network", "pedestrians"), True, ["streets: stages last until people are across no → yes"]),
    (("demand", 0, "factor"), 2.4, ['demand "zones" (OD matrix): all trips times 2 → 2.4 (+20 %)']),
    (
        ("demand", 0, "file"),
        "other_od.csv",
        [
            'demand "zones" (OD matrix): file od.csv → other_od.csv',
            'demand "zones" (OD matrix): all together 300 → 340 trips (+13.3 %)',
            'demand "zones" (OD matrix): zone 3 → 7: 200 → 240 trips (+20 %)',
        ],
    ),
    (
        ("demand", 2, "file"),
        "other_trips.csv",
        [
            "demand number 1 (trip file): file trips.csv → other_trips.csv",
            "demand number 1 (trip file): 2 → 3 trips (+50 %): 2 new, 1 no longer there, 1 otherwise than before",
        ],
    ),
    (("demand", 1, "per_hour"), 125, ['demand "people" (random trips): 100 → 125 departures an hour (+25 %)']),
    (("demand", 1, "end_s"), None, ['demand "people" (random trips): last departures 08:00 → the end of the run']),
    (
        ("demand", 3, "uses"),
        {"dwelling": 400},
        [
            'demand "site" (new development): 300 dwellings and 800 m² of shops → 400 dwellings',
        ],
    ),
    (
        ("demand", 4),
        None,
        ['no longer: demand "block" (new development): link a, 30 dwellings'],
    ),
    (("demand", 1, "id"), "all", ['demand "all" (random trips): id people → all']),
    (
        ("demand_changes", 0, "factor"),
        1.5,
        [
            (
                'scaling of trips of demand "zones" from zone 3 to zone 7 by truck that set out 07:01-08:00: '
                "times as many 1.2 → 1.5 (+25 %)"
            )
        ],
    ),
    (
        ("demand_changes", 1),
        None,
        [
            (
                "no longer: all trips from an area of 90 ha round 43.7350, 7.4250 to an area of 90 ha round 43.7350, "
                "7.4250: 0.8 times as many (-20 %)"
            )
        ],
    ),
    (
        ("demand_changes", 1, "to_polygon"),
        SQUARE[:3],
        [
            (
                "scaling of all trips from an area of 90 ha round 43.7350, 7.4250 to an area of 90 ha round 43.7350, "
                "7.4250: to an area of 90 ha round 43.7350, 7.4250 → an area of 45 ha round 43.7333, 7.4267"
            )
        ],
    ),
    (("events", 0, "end_s"), 5430, ["closure of links a and b: ends 08:30 → 08:30:30"]),
    (("events", 0, "links"), ["a", "c"], ["closure of links a and b: also link c, no longer link b"]),
    (("events", 0, "lanes"), None, ["closure of links a and b: lanes 0 → all"]),
    (("events", 2, "speed_kmh"), 20, ["speed limit on link a: speed 30 → 20 km/h"]),
    (("events", 3, "cycle_s"), 90, ["signal plan at junction n: cycle 60 → 90 s"]),
    (("events", 3, "green_s"), [25, 25], ["signal plan at junction n: greens 20, 30 → 25, 25 s"]),
    (("events", 4, "duration_s"), 1200, ["incident on link a: stands for 10 → 20 min"]),
    (
        ("events", 4),
        None,
        ["no longer: a vehicle stands on lane 1 of link a, 12 m from its beginning, 07:01-07:11"],
    ),
    (
        ("measures", 0),
        None,
        [
            (
                "no longer: toll in an area of 90 ha round 43.7350, 7.4250, 07:01-08:00: 5 CHF each time one drives "
                "in, 10 CHF by truck, nothing by bus"
            )
        ],
    ),
    (("measures", 0, "price"), 6, ["toll in an area of 90 ha round 43.7350, 7.4250: price 5 → 6 CHF"]),
    (
        ("measures", 1),
        None,
        [
            (
                "no longer: toll on link a, from 07:00 to the end of the run: 2 CHF for each link one turns into, "
                "nothing by bus or emergency or bicycle"
            )
        ],
    ),
    (
        ("measures", 2),
        None,
        [
            (
                "no longer: low-emission zone in an area of 90 ha round 43.7350, 7.4250, from 07:00 to the end of the "
                "run: closed to truck and car but for the 60 % that comply; trips that begin or end there may drive in"
            )
        ],
    ),
    (
        ("measures", 2, "banned"),
        ["truck"],
        ["low-emission zone in an area of 90 ha round 43.7350, 7.4250: closed to truck and car → truck"],
    ),
    (
        ("routes", "value_of_time_per_h", "car"),
        15,
        ["routes: value of an hour 12 CHF for car and 30 CHF for truck → 15 CHF for car and 30 CHF for truck"],
    ),
    (
        ("public_transport", 0),
        None,
        ["no longer: bus line 4: every 10 min 07:01-08:00, by Harbour and link b, 90 passengers an hour and stop"],
    ),
    (("public_transport", 0, "headway_s"), 300, ["bus line 4: a bus every 600 → 300 s"]),
    (
        ("public_transport", 0, "stops", 1, "boarding_per_h"),
        40,
        ["bus line 4 at stop link b: passengers an hour 20 → 40"],
    ),
    (
        ("public_transport", 0, "stops"),
        [*FULL["public_transport"][0]["stops"], {"link": "d"}],
        ["new: bus line 4 at stop link d"],
    ),
    (
        ("public_transport", 0, "stops"),
        FULL["public_transport"][0]["stops"][::-1],
        ['bus line 4: order of its stops "Harbour", "b" → "b", "Harbour"'],
    ),
    (("public_transport", 0, "route"), ["a", "c"], ["bus line 4: way links a, b and c → links a and c"]),
    (("sensors", 0, "every_s"), 300, ["loop on link a: every 60 → 300 s"]),
    (("sensors", 0, "lane"), None, ["loop on link a: lane 0 → all lanes"]),
    (("signals", "control", 0, "max_green_s"), 50, ['signal control "actuated" (actuated): longest green 40 → 50 s']),
    (
        ("signals", "coordination"),
        None,
        ["signals, coordination: in step junction n – junction m, speed 45 km/h, cycle 80 s → none"],
    ),
    (("outputs", "sumo"), ["fcd", "tripinfo"], ["outputs: files in SUMO's formats also tripinfo"]),
    (("drivers", "headway_s"), 1.5, ["drivers: time gap to the vehicle in front 1.4 → 1.5 s"]),
    (
        ("drivers", "classes", "truck", "headway_s"),
        None,
        ["drivers, only for vehicle class truck: time gap to the vehicle in front 1.4 s → as for all"],
    ),
    (
        ("drivers", "spread", "headway_s", "sd"),
        0.3,
        ["drivers, spread of time gap to the vehicle in front (s): standard deviation 0.2 → 0.3"],
    ),
    (("drivers", "others", 0, "share"), 0.3, ["drivers who differ (car number 1): share 0.2 → 0.3"]),
    (
        ("routes", "reroute_blocked_after_s"),
        "never",
        ["routes: another way is looked for after standing 120 s → never"],
    ),
    (
        ("remedies", "leave_locks_after_s"),
        None,
        ["remedies: drivers turn off out of a lock after 120 s → never"],
    ),
    (
        ("remedies", "impatience", "gap_share"),
        0.5,
        ["remedies, impatience: share of the critical gap that is enough 0.6 → 0.5"],
    ),
    (
        ("remedies", "impatience"),
        None,
        ["remedies, impatience: share of the critical gap that is enough 0.6, after a wait of 60 s → none"],
    ),
    (("report", "routes", 0, "links"), ["a", "c"], ['route "Harbour": also link c, no longer link b']),
    (
        ("report", "routes", 1),
        None,
        ['no longer: route "Station": from 7.41, 43.73, to 7.42, 43.74'],
    ),
    (("patches", 0), None, ['no longer: patch "market": an area of 45 ha round 43.7333, 7.4267']),
    (
        ("patches", 0, "polygon"),
        [[7.42, 43.73], [7.44, 43.73], [7.43, 43.74]],
        ['patch "market": an area of 45 ha round 43.7333, 7.4267 → an area of 90 ha round 43.7333, 7.4300'],
    ),
    (("crowd_monitor", "moving", "amber"), 3, ["crowd_monitor, moving: amber from 3.5 → 3"]),
    (("crowd_monitor",), None, ["crowd_monitor: as by default → none"]),
    (("crowd_monitor", "hold_s"), 60, ["crowd_monitor: an alarm needs 30 → 60 s"]),
    (("air", "every_s"), 600, ["air: tables every 300 → 600 s"]),
    (("air", "meteorology", "wind_mps"), 5, ["air, meteorology: wind 3 → 5 m/s"]),
    (("air", "background_ugm3", "nox"), 20, ["air: background 12 → 20 nox"]),
    (("air", "sources", 0, "rates_gps", "nox"), 1, ['air stack "plant": emits 0.5 → 1 nox']),
    (
        ("air", "sources", 2),
        None,
        [
            (
                'no longer: air accident "leak": at 7.42, 43.73, height 1 m, begins 07:10, lasts 300 s, '
                "releases g of 5,000 co"
            ),
        ],
    ),
    (
        ("air", "receptors", 2),
        None,
        ['no longer: air residents of "old town": an area of 90 ha round 43.7350, 7.4250, people 900'],
    ),
    (
        ("measures", 3),
        None,
        [
            (
                "no longer: plate restriction in an area of 90 ha round 43.7350, 7.4250, from 07:00 to the end "
                'of the run while warning "smog" is at "alarm" or higher: by car only odd plates may drive, 10 '
                "% are exempt; 30 % of the others travel otherwise"
            )
        ],
    ),
    (
        ("measures", 4),
        None,
        [
            (
                "no longer: low-emission zone on link a, from 07:00 to the end of the run: closed to car on diesel "
                "before Euro 5; trips that begin or end there too"
            )
        ],
    ),
    (("measures", 4, "least_euro", "diesel"), 6, ["low-emission zone on link a: Euro standards needed 5 → 6 diesel"]),
    (
        ("measures", 5),
        None,
        ["no longer: slow zone on link a, from 07:00 to the end of the run: at most 30 km/h"],
    ),
    (
        ("measures", 6),
        None,
        [
            (
                "no longer: air detour, from 07:00 to the end of the run: for 50 % of the drivers a kilometre "
                "costs 2 s for each µg/m³ of no2.csv"
            )
        ],
    ),
    (
        ("measures", 7),
        None,
        ["no longer: cancelled walks, from 07:00 to the end of the run: 25 % of the walks do not set out"],
    ),
    (
        ("measures", 8),
        None,
        ["no longer: source cap, from 07:00 to the end of the run: plant emits 30 % less"],
    ),
    (("measures", 8, "cut"), 0.4, ["source cap: cut by a share of 0.3 → 0.4"]),
    (
        ("measures", 9),
        None,
        [
            (
                "no longer: air detour, from 07:00 to the end of the run: for drivers a kilometre costs 2 s for each "
                "µg/m³ of no2"
            )
        ],
    ),
    (
        ("measures", 3, "when", "level"),
        "x",
        ["plate restriction in an area of 90 ha round 43.7350, 7.4250, only while: level alarm → x"],
    ),
    (
        ("air_warnings", 0),
        None,
        [
            (
                'no longer: warning "smog": measured in air.csv, at port, pollutant no2, hours of the mean 2, '
                "of several stations counts the mean, looks every 1,800 s, a mean needs a share of 0.5, warns "
                "at level alarm, from 400, severity Severe, instruction n, a level is raised after 600 s, "
                "lowered below a share of 0.8, lowered after 900 s, stale after 7,200 s, message area name "
                "Port, an area of 90 ha round 43.7350, 7.4250"
            )
        ],
    ),
    (("air_warnings", 0, "hold_s"), 1200, ['warning "smog": a level is raised after 600 → 1,200 s']),
    (("air_warnings", 0, "levels", 0, "at"), 300, ['warns at "alarm": from 400 → 300']),
    (("checkpoint", "every_s"), 120, ["checkpoint: kept every 60 → 120 s"]),
    (("checkpoint",), None, ["checkpoint: kept every 60 s, snapshots that stay 5 → none"]),
    (("values", "cost_a_year"), 1500, ["values: cost of the plan a year 1,000 → 1,500"]),
    (("values", "hour", "car"), 13, ["values, an hour: of a car 12.5 → 13"]),
]


@pytest.mark.parametrize("spot, to, lines", TOLD, ids=[".".join(map(str, spot)) for spot, _, _ in TOLD])
def test_what_differs_is_told_in_words(spot, to, lines):
    assert [found.text for found in differences(full(), changed(*spot, to=to))] == lines


def test_hazards_in_words():
    before, after = changed("hazards", to=[]), full()
    texts = [found.text for found in differences(before, after)]
    assert texts[0] == (
        'new: flood "river", 07:01-08:00: looked at every 60 s, polygons river.geojson, coordinate system EPSG:25832, '
        "closes roads from a depth of 0.4 m, closes ways on foot from a depth of 0.5 m, "
        "casualties from a depth of 1.1 m, casualties from depth times speed of 0.7 m²/s; everybody knows of it at once"
    )
    assert texts[1] == (
        'new: flood "surge", from 07:00 to the end of the run: 2 rasters; people learn of it when they get there'
    )
    assert texts[4].startswith('new: blocked area "cordon" in an area of 90 ha round 43.7350, 7.4250, 07:01-08:00')
    assert texts[5] == (
        'new: gas "tank", from 07:00 to the end of the run: of ammonia, at 7.42, 43.73, height 3 m, released 500 kg, '
        "released for 600 s, in the cloud from 30 mg/m³, closes everything from 2,000 mg/m³, air in houses changes an "
        "hour 1, the same with all shut 0.3; people learn of it when they get there"
    )
    more = changed("hazards", 5, "released_kg", to=800)
    assert [found.text for found in differences(full(), more)] == ['gas "tank": released 500 → 800 kg']
    later = changed("hazards", 0, "start_s", to=120)
    assert [found.text for found in differences(full(), later)] == ['flood "river": begins 07:01 → 07:02']


def test_responders_in_words():
    before, after = changed("responders", to=None), full()
    texts = [found.text for found in differences(before, after)]
    assert texts[:4] == [
        'new: responders "A1" (ambulance): at 7.42, 43.73',
        'new: responders "F1" (fire engine): at 7.42, 43.74',
        'new: responders "Grace": at 7.41, 43.73, room for 20',
        'new: responders "fire": needs fire_engine, at 7.41, 43.74, at 07:10, stay 900 s',
    ]
    assert texts[4].startswith('new: responders "ill": calls an hour 6')
    assert texts[5] == "responders: units set out after 50 → 60 s"
