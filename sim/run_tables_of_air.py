"""Name the columns of the tables that tell of the air, with their types."""

from __future__ import annotations

from collections.abc import Mapping

TEXT, NUMBER, COUNT, BYTES = "string", "double", "int64", "binary"

# As ``run_tables.SCHEMAS``, which holds them too.
AIR_SCHEMAS: Mapping[str, Mapping[str, str]] = {
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
}
