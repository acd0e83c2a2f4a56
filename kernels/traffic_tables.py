"""Name the columns of the tables that the traffic kernels read and write.

A table is one array, ``[column, row]``: a struct of arrays in one piece of memory, so that a kernel gets twenty arrays
instead of eighty (numba copies and compiles every array it is handed). The two tables of vehicles are the other way
round, ``[vehicle, column]``: a lane's vehicles lie anywhere in them, and what a step asks of one is then in three cache
lines instead of twenty-five. Outside the kernels nobody sees columns: ``agents.fleet`` names views of them, with units.

Lane rows: road lanes first (``0 … road_lanes − 1``), then one row per connector, its own short lane through the
junction (``road_lanes + connector``). ``FIRST_…`` columns are compressed rows: what belongs to row ``i`` lies from
``FIRST[i]`` up to, not including, ``FIRST[i + 1]``.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bytes = NDArray[np.int8]
Floats = NDArray[np.float64]

# What a trip's vehicle is doing.
PENDING: Final = 0  # its departure lies ahead
WAITING: Final = 1  # wants to enter, no room yet
DRIVING: Final = 2
ARRIVED: Final = 3
NO_ROUTE: Final = 4

# Why a vehicle stands, or what it asks its driver.
NOTHING: Final = 0
LEADER: Final = 1  # behind another vehicle
RED: Final = 2
YIELD: Final = 3  # gives way
OCCUPIED: Final = 4  # a conflicting vehicle is inside the junction
NO_ROOM: Final = 5  # the street behind the junction is full
CLOSED: Final = 6  # the next street of its route is closed
WRONG_LANE: Final = 7  # its lane does not lead where it wants to go
OBSTACLE: Final = 8  # an incident blocks its lane
ENTRY: Final = 9  # no gap to enter the street
UNREACHABLE: Final = 10  # no route leads to its destination
LETS_IN: Final = 11  # stops so that somebody can change into its lane
PEOPLE: Final = 12  # people cross the street

# Lights, as scenarios.network.Light numbers them.
LIGHT_RED: Final = 0
LIGHT_YELLOW: Final = 1
LIGHT_GREEN_YIELD: Final = 2
LIGHT_GREEN: Final = 3

BICYCLE_CLASS: Final = 4  # row of scenarios.trips.VEHICLE_CLASSES

# Columns of ``driver``, ``[kind of driver, column]``: one kind per vehicle class where all of a class drive alike.
HEADWAY_S: Final = 0
MIN_GAP_M: Final = 1
MAX_ACCEL: Final = 2  # m/s²
COMFORT_DECEL: Final = 3  # m/s²
LENGTH_M: Final = 4
CRITICAL_GAP_S: Final = 5
MODEL: Final = 6  # of kernels.driving: IDM, …
IMPERFECTION: Final = 7  # share of one step's acceleration that is lost by chance at most
VEHICLE_CLASS: Final = 8  # row of scenarios.trips.VEHICLE_CLASSES
POWER_PER_MASS: Final = 9  # W/kg at the wheels, inf: more than is ever asked for
TOP_SPEED_MPS: Final = 10  # whatever the limit, for who wants to go at the limit; inf: none
WIDTH_M: Final = 11
LEAST_GAP_SHARE: Final = 12  # of the critical gap, accepted after a wait; 1: no smaller ones, however long it is
IMPATIENT_AFTER_S: Final = 13  # that wait
ZEBRA_YIELD_SHARE: Final = 14  # of them who stop at a zebra for people who wait
PASSES_AT_KERB: Final = 15  # 0: in free traffic on fast roads nobody passes on that side
DRIVER_COLUMNS: Final = 16

# Columns of ``vehicle_f``, ``[vehicle, column]``, one row per trip; rows are never reordered.
DEPART_S: Final = 0
ORIGIN_M: Final = 1  # where on its first link it enters
DESTINATION_M: Final = 2  # where on its last link it leaves
SPEED_FACTOR: Final = 3  # desired speed over the limit
POSITION_M: Final = 4  # front bumper from the lane's start
SPEED_MPS: Final = 5
NEXT_POSITION_M: Final = 6  # written by following, taken over when all have been followed
NEXT_SPEED_MPS: Final = 7
REAR_LEFT_M: Final = 8  # until its rear is clear of the connector behind it
STANDING_S: Final = 9  # since it last moved
ASK_AFTER_S: Final = 10  # its driver decides nothing anew before
ENTERED_S: Final = 11  # nan before
ARRIVED_S: Final = 12  # nan before
DRIVEN_M: Final = 13
SHORTER: Final = 14  # share by which its driver keeps a shorter headway than wished, after a change of lanes
VEHICLE_F_COLUMNS: Final = 15

# Columns of ``vehicle_i``, ``[vehicle, column]``.
CLASS: Final = 0  # kind of driver: row of driver and class_access
STATUS: Final = 1
LANE: Final = 2  # lane row, -1 off the road
CONNECTOR: Final = 3  # the way on from the present lane, -1: none from here
GRANTED: Final = 4  # 1: may enter the junction, ON_TRUST: and has to stop in it before whoever is in the way
REAR_IN: Final = 5  # connector that its rear still occupies, -1: none
CAUSE: Final = 6  # why it stands
ASK: Final = 7  # what its driver must decide
ROUTE_START: Final = 8  # into route
ROUTE_SIZE: Final = 9  # 0: not planned, or no way
ROUTE_AT: Final = 10  # step of the route that is the present link
CONTENT: Final = 11  # 1: no lane of this link serves its route better; else minus the changes it takes, as far as known
CHANCE: Final = 12  # what its own random numbers begin with
YIELDS_TO: Final = 13  # vehicle in the lane beside that it lets in, -1: none
HAS_LET_IN: Final = 14  # 1: has let somebody into its lane here; the next in line lets in the next
PASSES: Final = 15  # foremost of the bicycles that it is passing, -1: none
MATCHES: Final = 16  # vehicle in the lane beside behind which it wants to come, -1: none
STILL_PROMISED: Final = 17  # lane beyond with room promised to it since before it changed lanes, -1: none
VEHICLE_I_COLUMNS: Final = 18

ON_TRUST: Final = 2
JOINED: Final = 3  # changed lanes among those who may enter, and is not reckoned with beyond the junction yet

# Columns of ``lane_f``, ``[column, lane row]``.
LANE_LENGTH_M: Final = 0
LIMIT_MPS: Final = 1
OBSTACLE_M: Final = 2  # the blocked place nearest the lane's start, inf: none
INBOUND_M: Final = 3  # room promised to vehicles on their way into it
NEED_M: Final = 4  # braking distance that vehicles on their way in need beyond its start
VEHICLE_S: Final = 5  # time that vehicles spent on it so far
VEHICLE_M: Final = 6  # distance that they drove on it so far
PROMISED_M: Final = 7  # of a lane in a knot: INBOUND_M at the start of the step, -1 once somebody changed into it
LOOP_SPACE_M: Final = 8  # of a lane in a knot: what vehicles and the gaps between them may fill
LOOP_FREE_M: Final = 9  # and what of it was neither filled nor promised at the start of the step
FURTHER_OBSTACLES_M: Final = 10  # the next two blocked places, in order from the start; inf: none
FURTHER_OBSTACLES_END: Final = 12
GRADIENT: Final = 12  # metres that it rises per metre, 0 where nobody knows
PASSING_ROOM_M: Final = 13  # width that bicycles and the distance to them leave
PASSING_TO_M: Final = 14  # how far somebody drives on the opposite lane who passes bicycles, 0: nobody
HEADWAY_FACTOR: Final = 15  # headways that drivers keep on it, as a multiple
OVERHANG_M: Final = 16  # before a joint: what somebody may go on to fill who has leave to go on; -1: before no joint
TURN_TAKES: Final = 17  # of a connector whose road shares a merge: what one vehicle adds to TURN_AT; 0: no shares
TURN_AT: Final = 18  # of such a connector: whose turn it is, the lowest goes first
LANE_F_COLUMNS: Final = 19

# Columns of ``lane_i``, ``[column, lane row + 1]``.
ON_LINK: Final = 0  # of a connector: the link it leaves
ACCESS: Final = 1  # bits of who may use it
OPEN: Final = 2  # 0: closed
FIRST_CONNECTOR: Final = 3
FIRST_FEEDER: Final = 4  # connectors that lead into it, into listed
FIRST_SENSOR: Final = 5
RING_START: Final = 6  # into ring
HEAD: Final = 7  # slot of the vehicle nearest the lane's end
COUNT: Final = 8
GRANTED_COUNT: Final = 9  # vehicles at the head that hold a grant
LAST_OUT: Final = 10  # vehicle that left it last over its end, -1
OCCUPIED_BY: Final = 11  # of a connector: vehicles whose front has entered and whose rear has not left it
CAME_IN: Final = 12  # vehicles so far
WENT_OUT: Final = 13
CANDIDATE: Final = 14  # vehicle that asks to enter the junction in this step, -1
KNOT: Final = 15  # of short loops that it belongs to, -1: none
FIRST_LOOP: Final = 16  # loops that it is part of, into listed
STOPS: Final = 17  # from here on counts for whoever watches: how often vehicles came to stand on it so far
STANDING_STEPS: Final = 18  # steps that vehicles stood on it so far, all together
LONGEST_QUEUE: Final = 19  # most vehicles that stood on it at once so far
LEAVING: Final = 20  # GRANTED_COUNT at the start of the step
OPPOSITE: Final = 21  # lane that who passes a bicycle drives on, NO_OPPOSITE or NO_PASSING
FIRST_CROSSED: Final = 22  # places where people cross it, in order along it, into crossed_f
WANTED: Final = 23  # of a lane in a knot: the step after that in which somebody asked last to go into it
WANTED_BEFORE: Final = 24  # the same at the start of the step
LANE_I_COLUMNS: Final = 25

NO_OPPOSITE: Final = -1  # there is none
NO_PASSING: Final = -2  # no bicycles, or other lanes beside

# Columns of ``connector``, ``[column, connector + 1]``.
FROM_LANE: Final = 0
TO_LANE: Final = 1
TO_LINK: Final = 2
PRIORITY: Final = 3  # order of service, higher first
STOP: Final = 4  # 1: must stand at the line first
SIGNAL: Final = 5  # controller, -1: none
GROUP: Final = 6  # column of the controller's lights
FIRST_FOE: Final = 7  # into foe
MERGES: Final = 8  # 1: others lead into the same lane
ZIPS: Final = 9  # 1: there, without a signal, one of them is its equal, neither gives way
LOOKS: Final = 10  # 1: must be near the line to see who comes
JOINT: Final = 11  # 1: no light, no stop line, and nobody crosses or joins its way; in the last place how many are
CONNECTOR_COLUMNS: Final = 12

# Columns of ``foe``, ``[column, …]``.
FOE: Final = 0  # connector
FOE_YIELDED_TO: Final = 1  # 1: the owner gives way to it
FOE_MERGES: Final = 2  # 1: both lead into the same lane
FOE_GIVES_WAY: Final = 3  # 1: it gives way to the owner
FOE_COLUMNS: Final = 4

# Columns of ``foe_f``, ``[column, pair]``.
FOE_REACH_M: Final = 0  # along the foe: where it begins to get in the owner's way
FOE_CLEAR_M: Final = 1  # where its rear is out of the way
FOE_GAP: Final = 2  # critical gap over that of a driver's row
FOE_PASS_S: Final = 3  # of such a gap, what has passed once whoever opens it is out of the way
FOE_STOP_M: Final = 4  # along the owner: where it begins to get in the foe's way
FOE_F_COLUMNS: Final = 5

# Columns of ``junction``, ``[column, junction + 1]``.
FIRST_LANE_IN: Final = 0  # into listed
FIRST_LANE_OUT: Final = 1  # into listed
FIRST_CONNECTOR_IN: Final = 2
INSIDE: Final = 3  # vehicles on its connectors
OWES: Final = 4  # 1: NEED_M of a lane that begins here may be more than 0
JUNCTION_COLUMNS: Final = 5

# Columns of ``loop``, ``[column, loop + 1]``.
FIRST_LOOP_LANE: Final = 0  # into listed
LOOP_RESERVE: Final = 1  # places for cars that stay free for who is on it
LOOP_COLUMNS: Final = 2

# Columns of ``link``, ``[column, link + 1]``.
FIRST_LANE: Final = 0
FIRST_ENTRY: Final = 1  # trips that start here by departure, into listed
ENTRY_NEXT: Final = 2  # the first of them that has not entered
ENTRY_DUE: Final = 3  # the first of them whose departure lies ahead
DUE_STEP: Final = 4  # before this step it does
ENDS_AT: Final = 5  # junction
COURTEOUS: Final = 6  # 1: somebody on it may yield to, or keep pace with, somebody in the lane beside
DESTINATION: Final = 7  # 1: the route of somebody on it ends here
LINK_COLUMNS: Final = 8

# Columns of ``controller_i``, ``[column, controller + 1]``, and of ``controller_f``.
FIRST_PHASE: Final = 0
PHASE: Final = 1  # running phase
CONTROL: Final = 2  # who decides, FIXED: the clock. The columns below are for the others, see kernels.signals
STAGES: Final = 3
FIRST_STAGE: Final = 4  # into phases: STAGE_ROWS of them for every stage
STAGE: Final = 5  # running, or the one that is being changed to
WAY_END: Final = 6  # last phase of the change that is under way, -1: none is
FIRST_WAY: Final = 7  # into listed: first phase and number of phases of the change from each stage to each
FIRST_APPROACH: Final = 8  # into listed: lane, detector (-1: none) and bits of the stages in which it has green
APPROACHES: Final = 9
COMMAND: Final = 10  # stage that somebody outside the kernels has ordered, -1: none
RECALLED: Final = 11  # bits of stages that come without a call
EXTENDED: Final = 12  # bits of stages that last to their longest without a call
SKIPS: Final = 13  # 1: leaves out stages that nobody calls
FAVOURED: Final = 14  # bits of vehicle classes that green waits for and hurries to
URGENT: Final = 15  # bits of vehicle classes for which everything else ends as soon as it may
CONTROLLER_I_COLUMNS: Final = 16

PHASE_LEFT_S: Final = 0
STRETCH_S: Final = 1  # added once when the next cycle begins
PASSAGE_S: Final = 2  # gap between two vehicles at which green ends
LONGEST_RED_S: Final = 3  # after which a stage comes whatever the pressure
REACH_M: Final = 4  # from the stop line, where favoured and urgent vehicles are noticed
WAITS_S: Final = 5  # how long green waits for a favoured vehicle at most
CYCLE_S: Final = 6
CLOCK_S: Final = 7  # into the cycle
CONTROLLER_F_COLUMNS: Final = 8

# What ``CONTROL`` may say.
FIXED: Final = 0
CLOCKED: Final = 1  # by the clock too, but favoured vehicles move the ends of its stages
ACTUATED: Final = 2
MAX_PRESSURE: Final = 3
COMMANDED: Final = 4

# Rows of a stage among the phases; ``phase_s`` of the first two is a duration, of the others what they say.
LEAST: Final = 0  # its shortest green
MORE: Final = 1  # what may follow of the same lights
SINCE: Final = 2  # s since it began or, when it does not run, since it ended
ENDS: Final = 3  # s of the cycle at which the programme ends it
STAGE_ROWS: Final = 4

# Columns of ``sensor``, ``[column, sensor]``.
SENSOR_AT_M: Final = 0
SENSOR_COUNT: Final = 1  # vehicles so far
SENSOR_SPEED_SUM: Final = 2  # m/s
SENSOR_OCCUPIED_S: Final = 3
SENSOR_SEEN: Final = 4  # of a signal's detector: count and occupied time together, when it was last looked at
SENSOR_GAP_S: Final = 5  # and time since that changed
SENSOR_COLUMNS: Final = 6

# Columns of ``crossed_f``, ``[column, place]``: a lane where people cross it.
CROSSED_AT_M: Final = 0
HELD: Final = 1  # by whom, HELD_BY_NOBODY, …
CROSSED_F_COLUMNS: Final = 2

HELD_BY_NOBODY: Final = 0.0
HELD_BY_ASKING: Final = 1.0  # somebody waits at a zebra
HELD_BY_GREEN: Final = 2.0  # somebody waits who has a green light, and room to walk on
HELD_BY_CROSSING: Final = 3.0  # somebody is on it

# Columns of ``counter``.
CREATED: Final = 0
ENTERED: Final = 1
ARRIVALS: Final = 2
UPDATES: Final = 3
RED_RUNS: Final = 4
LANE_CHANGES: Final = 5
SMALL_GAPS: Final = 6  # accepted after a wait, smaller than the driver's critical gap
COUNTERS: Final = 7


# Columns of ``busy``, ``[column, …]``, which every step on a CPU writes anew, see ``kernels.busy``.
BUSY_LINKS: Final = 0  # where something may happen, and in the last place how many
BUSY_JUNCTIONS: Final = 1  # the same
BUSY_ROWS: Final = 2  # lane rows on which somebody is when speeds are found; the same
APPROACHED: Final = 3  # of a junction, while they are looked for: above 0 if somebody drives towards it
BUSY_COLUMNS: Final = 4


class City(NamedTuple):
    """Everything of one member's traffic; with a leading ``[member]`` axis in the arrays of ``OWN``, of all members."""

    vehicle_f: Floats
    vehicle_i: Ints
    lane_f: Floats
    lane_i: Ints
    connector: Ints
    foe: Ints
    foe_f: Floats
    junction: Ints
    loop: Ints
    link: Ints
    listed: Ints  # lanes and trips in groups, behind FIRST_… columns
    ring: Ints  # vehicle rows in lane order
    route: Ints  # links, route after route
    driver: Floats
    class_access: Ints  # [kind of driver] the bit that a lane's access must have
    controller_i: Ints
    controller_f: Floats
    phase_s: Floats  # [phase] duration
    phase_light: Ints  # [phase + 1] into light
    light: Bytes  # of every group in every phase
    sensor: Floats
    crossed_f: Floats
    counter: Longs
    busy: Ints
    road_lanes: int
    step_s: float
    max_decel: float  # m/s², what no vehicle exceeds
    firm_decel: float  # m/s², what a driver accepts at a yellow
    reroute_blocked_after_s: float  # inf: never


# Which of the arrays every member has of its own; the others describe the city and the trips for all, and ``busy`` does
# not outlast a step.
OWN: Final = (
    "vehicle_f",
    "vehicle_i",
    "lane_f",
    "lane_i",
    "junction",
    "link",
    "ring",
    "driver",
    "controller_i",
    "controller_f",
    "phase_s",
    "sensor",
    "crossed_f",
    "counter",
)

BY_VEHICLE: Final = ("vehicle_f", "vehicle_i")


def column_of(name: str, array: NDArray[Any], column: int) -> NDArray[Any]:
    """View of one column of a table of all members, ``[member, row]``."""
    return array[:, :, column] if name in BY_VEHICLE else array[:, column]
