"""Look at one member of an ensemble."""

from __future__ import annotations

from .compile import bare
from .traffic_tables import City, Longs


@bare
def member_of(cities: City, m: int) -> City:
    """Views of one member's arrays."""
    return member_counting(cities, m, cities.counter[m])


@bare
def member_counting(cities: City, m: int, counter: Longs) -> City:
    """The same with a counter of its own, for who counts at the same time as others."""
    return City(
        cities.vehicle_f[m],
        cities.vehicle_i[m],
        cities.lane_f[m],
        cities.lane_i[m],
        cities.connector,
        cities.foe,
        cities.foe_f,
        cities.junction[m],
        cities.loop,
        cities.link[m],
        cities.listed,
        cities.ring[m],
        cities.route,
        cities.driver[m],
        cities.class_access,
        cities.controller_i[m],
        cities.controller_f[m],
        cities.phase_s[m],
        cities.phase_light,
        cities.light,
        cities.sensor[m],
        cities.crossed_f[m],
        counter,
        cities.busy[m],
        cities.road_lanes,
        cities.step_s,
        cities.max_decel,
        cities.firm_decel,
        cities.reroute_blocked_after_s,
    )
