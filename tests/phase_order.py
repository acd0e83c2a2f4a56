"""Run the phases of a step with junctions, links and lanes in any order; on its own so that numba caches it."""

from __future__ import annotations

from citytwin.kernels import traffic
from citytwin.kernels.compile import bare_entry
from citytwin.kernels.crossing import enter_streets, leave_streets
from citytwin.kernels.following import advance_lane, follow_lane
from citytwin.kernels.junctions import decide_junction
from citytwin.kernels.links import let_all_arrive, serve_link
from citytwin.kernels.members import member_of
from citytwin.kernels.traffic_tables import COUNT


@bare_entry
def run_in_order(cities, junctions, links, lanes, steps):  # type: ignore[no-untyped-def]
    """The same phases as in ``run_member``, junctions, links and lanes in the order given."""
    city = member_of(cities, 0)
    for step in range(steps):
        for controller in range(city.controller_f.shape[1]):
            traffic.advance_signal(city, controller)
        for lane in range(city.road_lanes):
            traffic.note_promise(city, lane)
        for i in range(junctions.size):
            decide_junction(city, junctions[i], step * city.step_s)
        for i in range(links.size):
            let_all_arrive(city, links[i], step * city.step_s)
        for i in range(links.size):
            serve_link(city, links[i], step * city.step_s)
        for i in range(lanes.size):
            if city.lane_i[COUNT, lanes[i]] > 0:
                follow_lane(city, lanes[i], step)
        for i in range(lanes.size):
            if city.lane_i[COUNT, lanes[i]] > 0:
                advance_lane(city, lanes[i])
        for i in range(junctions.size):
            leave_streets(city, junctions[i])
        for i in range(junctions.size):
            enter_streets(city, junctions[i])
