"""Name the columns of every table that a run may leave, with their types."""

from __future__ import annotations

from collections.abc import Mapping

RESPONDERS = "responders"  # kind of the log's lines about calls and units
TEXT, NUMBER, COUNT, BYTES = "string", "double", "int64", "binary"

# Column -> Arrow type of every table a run may leave. Quantities carry their unit in the name; NaN is "did not happen".
SCHEMAS: Mapping[str, Mapping[str, str]] = {
    "trips": {
        "trip_id": TEXT,
        "depart_s": NUMBER,
        "entered_s": NUMBER,
        "arrived_s": NUMBER,
        "origin_link": TEXT,
        "destination_link": TEXT,
        "status": TEXT,  # arrived, active, waiting, stuck, no_route, pending, not_called
        "vehicle_class": TEXT,
        "waiting_s": NUMBER,
        "travel_time_s": NUMBER,
        "free_flow_s": NUMBER,
        "delay_s": NUMBER,
        "distance_m": NUMBER,
        "reroutes": COUNT,
        "left_locks": COUNT,
        "cause": TEXT,
        "toll_paid": NUMBER,  # in the scenario's currency
    },
    "links": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "link": TEXT,
        "entered_veh": COUNT,
        "left_veh": COUNT,
        "vehicle_s": NUMBER,
        "vehicle_m": NUMBER,
        "mean_speed_mps": NUMBER,
        "flow_vph": NUMBER,
        "density_vpkm": NUMBER,
        "delay_s": NUMBER,
        "stops": COUNT,
        "standing_s": NUMBER,
        "mean_queue_veh": NUMBER,
        "longest_queue_so_far_veh": COUNT,
    },
    "network": {
        "t_s": NUMBER,
        "created": COUNT,
        "arrived": COUNT,
        "active": COUNT,
        "waiting": COUNT,
        "stuck": COUNT,
        "running_mean_speed_mps": NUMBER,
        "vehicle_km": NUMBER,
        "flow_vph_per_lane": NUMBER,
        "density_vpkm_per_lane": NUMBER,
        "stops": COUNT,
        "mean_queue_veh": NUMBER,
    },
    "locks": {
        "links": TEXT,
        "first_blocked_s": NUMBER,
        "closed_s": NUMBER,
        "found_s": NUMBER,
        "vehicles": COUNT,
        "resolved_s": NUMBER,
    },
    "events": {"t_s": NUMBER, "kind": TEXT, "where": TEXT, "text": TEXT},
    "stuck": {
        "trip_id": TEXT,
        "link": TEXT,
        "lane": COUNT,
        "position_m": NUMBER,
        "lon": NUMBER,
        "lat": NUMBER,
        "since_s": NUMBER,
        "cause": TEXT,
    },
    "stops": {
        "line": TEXT,
        "trip_id": TEXT,
        "stop": TEXT,
        "link": TEXT,
        "number": COUNT,
        "arrived_s": NUMBER,
        "left_s": NUMBER,
        "boarded": COUNT,
        "left_behind": COUNT,
        "on_board": COUNT,
    },
    "sensors": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "sensor": TEXT,
        "link": TEXT,
        "lane": COUNT,
        "count_veh": COUNT,
        "flow_vph": NUMBER,
        "mean_speed_mps": NUMBER,
        "occupancy_pct": NUMBER,
    },
    "equilibrium": {
        "iteration": COUNT,
        "relative_gap": NUMBER,
        "total_s": NUMBER,
        "shortest_s": NUMBER,
        "mean_travel_s": NUMBER,
        "changed_share": NUMBER,
    },
    "walks": {
        "walk_id": TEXT,
        "depart_s": NUMBER,
        "entered_s": NUMBER,
        "arrived_s": NUMBER,
        "origin_link": TEXT,
        "destination_link": TEXT,
        "status": TEXT,  # arrived, walking, waiting, no_route, pending, incapacitated
        "travel_time_s": NUMBER,
        "free_s": NUMBER,
        "delay_s": NUMBER,
        "distance_m": NUMBER,
        "queued_s": NUMBER,
        "crossing_s": NUMBER,
    },
    "walk_links": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "link": TEXT,
        "entered": COUNT,
        "left": COUNT,
        "person_s": NUMBER,
        "person_m": NUMBER,
        "queued_s": NUMBER,
        "mean_speed_mps": NUMBER,
        "flow_per_m_min": NUMBER,
        "density_per_m2": NUMBER,
        "level_of_service": TEXT,  # A to F
    },
    "crowd": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "where": TEXT,
        "x_m": NUMBER,
        "y_m": NUMBER,
        "area_m2": NUMBER,
        "people": NUMBER,
        "density_per_m2": NUMBER,
        "speed_mps": NUMBER,
        "flow_per_m_s": NUMBER,
        "pressure_per_s2": NUMBER,
        "level": TEXT,  # none, watch, amber, red
        "time_to_amber_s": NUMBER,
    },
    "patches": {
        "patch": TEXT,
        "area_m2": NUMBER,
        "geometry": BYTES,  # WKB in the projected CRS of the manifest's epsg
    },
    "patch_squares": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "patch": TEXT,
        "x_m": NUMBER,
        "y_m": NUMBER,
        "density_per_m2": NUMBER,
        "level_of_service": TEXT,  # A to F
    },
    "walk_streets": {
        "link": TEXT,
        "name": TEXT,
        "kind": TEXT,
        "length_m": NUMBER,
        "width_m": NUMBER,
        "geometry": BYTES,  # WKB in the projected CRS of the manifest's epsg
    },
    "evacuees": {
        "person": TEXT,
        "zone": TEXT,
        "group": TEXT,
        "mode": TEXT,
        "ordered_s": NUMBER,
        "heard_s": NUMBER,
        "shadow": COUNT,
        "home_s": NUMBER,
        "ready_s": NUMBER,
        "left_s": NUMBER,
        "safe_s": NUMBER,
        "shelter": TEXT,
        "turned_away": COUNT,
        "status": TEXT,  # agents.evacuation.STATE_WORDS
        "cause": TEXT,
    },
    "evacuation": {
        "t_s": NUMBER,
        "zone": TEXT,
        "population": COUNT,
        "indoors": COUNT,
        "away": COUNT,
        "left": COUNT,
        "safe": COUNT,
        "stranded": COUNT,
        "in_zone": COUNT,
    },
    "evacuation_zones": {
        "zone": TEXT,
        "population": COUNT,
        "ordered_s": NUMBER,
        "leaving": COUNT,
        "safe": COUNT,
        "under_way": COUNT,
        "stranded": COUNT,
        **{f"{what}_{share}_s": NUMBER for share in (50, 90, 95, 100) for what in ("left", "safe")},
    },
    "shelters": {
        "shelter": TEXT,
        "kind": TEXT,  # shelter or exit
        "capacity": NUMBER,
        "occupancy": COUNT,
        "by_car": COUNT,
        "by_bus": COUNT,
        "by_ambulance": COUNT,
        "turned_away": COUNT,
        "full_s": NUMBER,
        "first_s": NUMBER,
        "last_s": NUMBER,
    },
    "shelter_times": {"t_s": NUMBER, "shelter": TEXT, "occupancy": COUNT, "turned_away": COUNT},
    "stranded": {
        "person": TEXT,
        "zone": TEXT,
        "status": TEXT,
        "lon": NUMBER,
        "lat": NUMBER,
        "left_s": NUMBER,
        "t_s": NUMBER,
        "cause": TEXT,
    },
    "bottlenecks": {
        "mode": TEXT,  # foot or road
        "link": TEXT,
        "name": TEXT,
        "lost_person_h": NUMBER,
        "lon": NUMBER,
        "lat": NUMBER,
    },
    "air_watch": {
        "t_s": NUMBER,
        "warning": TEXT,
        "value": NUMBER,  # µg/m³, or the index
        "level": TEXT,
        "stale": COUNT,
    },
    "air_events": {
        "t_s": NUMBER,
        "warning": TEXT,
        "what": TEXT,  # raised, lowered, stale, back
        "level": TEXT,
        "before": TEXT,
        "value": NUMBER,
        "text": TEXT,
        "message": TEXT,  # its file
    },
    "hazards": {
        "t_s": NUMBER,
        "hazard": TEXT,
        "on_foot_inside": COUNT,
        "vehicles_inside": COUNT,
        "on_foot_stranded": COUNT,
        "vehicles_stranded": COUNT,
        "incapacitated": COUNT,  # so far
        "streets_closed": COUNT,
        "walks_closed": COUNT,
    },
    "hazard_links": {
        "t_s": NUMBER,
        "hazard": TEXT,
        "network": TEXT,  # road, walk
        "link": TEXT,
        "level": NUMBER,  # depth (m), extinction (1/m), or 1
        "closed": COUNT,
        "safe_speed_mps": NUMBER,  # of vehicles
    },
    "exposure": {
        "person": TEXT,
        "mode": TEXT,  # on_foot, vehicle
        "hazard": TEXT,
        "first_s": NUMBER,
        "last_s": NUMBER,
        "inside_s": NUMBER,
        "worst": NUMBER,  # as level
        "dose": NUMBER,
        "rating_m2ps": NUMBER,
    },
    "trapped": {
        "person": TEXT,
        "mode": TEXT,
        "hazard": TEXT,
        "link": TEXT,
        "lon": NUMBER,
        "lat": NUMBER,
        "since_s": NUMBER,
        "cause": TEXT,
        "nearest_unit": TEXT,
        "nearest_unit_m": NUMBER,
    },
    "casualties": {
        "person": TEXT,
        "mode": TEXT,
        "hazard": TEXT,
        "link": TEXT,
        "lon": NUMBER,
        "lat": NUMBER,
        "t_s": NUMBER,
        "cause": TEXT,
        "nearest_unit": TEXT,
        "nearest_unit_m": NUMBER,
    },
    "gas_times": {
        "t_s": NUMBER,
        "hazard": TEXT,
        "in_vehicle": COUNT,  # in the cloud now
        "on_foot": COUNT,
        "indoors": COUNT,
        "waiting": COUNT,
        "level_1": COUNT,  # reached so far
        "level_2": COUNT,
        "level_3": COUNT,
        "incapacitated": COUNT,
        "expected_incapacitated": NUMBER,
    },
    "gas_people": {
        "hazard": TEXT,
        "person": TEXT,
        "zone": TEXT,
        "first_s": NUMBER,
        "last_s": NUMBER,
        "inside_s": NUMBER,
        "highest_mgm3": NUMBER,
        "toxic_load": NUMBER,  # ppm^n min
        "level": COUNT,
        "probability": NUMBER,
        "lost_s": NUMBER,
        "lost_where": TEXT,  # in_vehicle, on_foot, indoors, waiting
        "lon": NUMBER,
        "lat": NUMBER,
    },
    "gas_zones": {
        "hazard": TEXT,
        "zone": TEXT,
        "people": COUNT,
        "exposed": COUNT,
        "level_1": COUNT,
        "level_2": COUNT,
        "level_3": COUNT,
        "incapacitated": COUNT,
        "expected_incapacitated": NUMBER,
        "lost_in_vehicle": COUNT,
        "lost_on_foot": COUNT,
        "lost_indoors": COUNT,
        "lost_waiting": COUNT,
    },
    "gas_arrivals": {
        "hazard": TEXT,
        "kind": TEXT,  # street, zone
        "place": TEXT,
        "name": TEXT,
        "arrived_s": NUMBER,
        "gone_s": NUMBER,
        "highest_mgm3": NUMBER,
        "lon": NUMBER,
        "lat": NUMBER,
    },
    "gas_map": {
        "hazard": TEXT,
        "x_m": NUMBER,
        "y_m": NUMBER,
        "size_m": NUMBER,
        "arrived_s": NUMBER,
        "highest_mgm3": NUMBER,
    },
    "air_receptors": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "receptor": TEXT,
        "pollutant": TEXT,  # nox, no2, pm10, pm25, co, voc
        "concentration_ugm3": NUMBER,  # mean of the interval
        "from_traffic_ugm3": NUMBER,
        "from_sources_ugm3": NUMBER,
        "from_elsewhere_ugm3": NUMBER,
    },
    "air_places": {
        "receptor": TEXT,
        "entry": TEXT,  # id of the receptors of the scenario that it belongs to
        "kind": TEXT,  # point, grid, residents
        "x_m": NUMBER,  # in the coordinates of the streets
        "y_m": NUMBER,
        "lon": NUMBER,
        "lat": NUMBER,
        "height_m": NUMBER,
        "people": NUMBER,
        "canyon": TEXT,  # street between whose houses it lies
    },
    "air_canyons": {
        "link": TEXT,
        "canyon": COUNT,  # 1: houses are higher than half its width
        "ratio": NUMBER,  # height over width
        "width_m": NUMBER,  # from house to house
        "left_height_m": NUMBER,  # mean along the side, gaps counted as 0
        "right_height_m": NUMBER,
        "left_built_share": NUMBER,
        "right_built_share": NUMBER,
        "assumed_share": NUMBER,  # of the houses, whose height was assumed
        "unknown_share": NUMBER,  # of the houses, whose height nobody says
    },
    "air_links": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "link": TEXT,
        "nox_g": NUMBER,
        "no2_g": NUMBER,
        "pm_exhaust_g": NUMBER,
        "pm10_wear_g": NUMBER,
        "pm25_wear_g": NUMBER,
        "co_g": NUMBER,
        "voc_g": NUMBER,
        "co2_g": NUMBER,
        "energy_mj": NUMBER,
    },
    "air_sources": {
        "interval_start_s": NUMBER,
        "interval_end_s": NUMBER,
        "source": TEXT,  # vehicle class, or id of a source
        "kind": TEXT,  # traffic, stack, area
        "pollutant": TEXT,
        "emitted_g": NUMBER,
    },
    "air_shares": {
        "receptor": TEXT,
        "pollutant": TEXT,
        "source": TEXT,  # as above, or elsewhere
        "mean_ugm3": NUMBER,  # over the whole run
        "share": NUMBER,
    },
    "air_above": {
        "hour_start_s": NUMBER,
        "group": TEXT,  # residents, point, drivers, cyclists, on_foot
        "zone": TEXT,
        "pollutant": TEXT,
        "person_h": NUMBER,
        "mean_ugm3": NUMBER,
        "limit_ugm3": NUMBER,
        "above_h": NUMBER,  # of person_h
    },
    "air_doses": {
        "person": TEXT,
        "mode": TEXT,  # vehicle, on_foot, home
        "people": NUMBER,
        "pollutant": TEXT,
        "time_s": NUMBER,
        "mean_ugm3": NUMBER,
        "inhaled_ug": NUMBER,
    },
    "air_weather": {
        "t_s": NUMBER,
        "wind_mps": NUMBER,
        "wind_from_deg": NUMBER,
        "temperature_c": NUMBER,
        "friction_velocity_mps": NUMBER,
        "obukhov_length_m": NUMBER,
        "mixing_height_m": NUMBER,
        "wind_sideways_mps": NUMBER,
    },
    "calls": {
        "call": TEXT,
        "needs": TEXT,  # ambulance, fire_engine
        "t_s": NUMBER,
        "link": TEXT,
        "lon": NUMBER,
        "lat": NUMBER,
        "unit": TEXT,
        "sent_s": NUMBER,
        "arrived_s": NUMBER,
        "response_s": NUMBER,
        "hospital": TEXT,
        "at_hospital_s": NUMBER,
        "over_s": NUMBER,
        "status": TEXT,  # waiting, unit on its way, unit there, over
    },
    "response_units": {
        "unit": TEXT,
        "kind": TEXT,
        "calls": COUNT,
        "busy_s": NUMBER,
        "doing": TEXT,
        "lon": NUMBER,
        "lat": NUMBER,
    },
    "streets": {
        "link": TEXT,
        "name": TEXT,
        "road_class": TEXT,
        "length_m": NUMBER,
        "lanes": COUNT,
        "speed_mps": NUMBER,
        "geometry": BYTES,  # WKB in the projected CRS of the manifest's epsg
    },
}
