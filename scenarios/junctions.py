"""Build the road network: lanes, movements, conflicts, right of way and signals of a street graph."""

from __future__ import annotations

from collections import Counter

import numpy as np

from .conflicts import Curves, Ways, draw_curves, drop_spare, find_conflicts, mirrored
from .movements import MovementDraft, draft_movements
from .network import (
    CLASS_NAMES,
    Bools,
    Bytes,
    Connectors,
    Fault,
    Floats,
    Ints,
    Junctions,
    Lanes,
    Links,
    Movements,
    RoadNetwork,
    Turn,
)
from .right_of_way import decide_right_of_way
from .signal_plans import plan_signals
from .street_rows import StreetRows, order_streets
from .streets import StreetGraph

# Side acceleration drivers accept in a turn: urban side friction is 0.40 at 20 km/h and 0.32 at 30 (Ethiopian Roads
# Authority, Geometric Design Manual 2002, table 8-2, after AASHTO), so about 0.36 g.
SIDE_ACCEL_MPS2 = 3.5
SLOWEST_TURN_MPS = 5.0  # the source draws corners without their kerb radius, so the tightest curves are too tight


def build_network(streets: StreetGraph) -> RoadNetwork:
    """Build the immutable road network of a street graph.

    The order in which streets and junctions are listed does not matter: tables are sorted by id.

    Raises
    ------
    ValueError
        Ids are not unique, or a street leads from or to a junction that is not there.
    """
    rows = order_streets(streets)
    drafts = draft_movements(rows)
    from_link = np.array([draft.from_link for draft in drafts], dtype=np.int32)
    to_link = np.array([draft.to_link for draft in drafts], dtype=np.int32)
    turn = np.array([draft.turn for draft in drafts], dtype=np.int8)
    junction = rows.to_junction[from_link]

    movement, from_lane, to_lane, spare = _list_connectors(rows, drafts)
    curves = _curves(rows, drafts, movement, from_lane, to_lane)
    ways = Ways(
        movement=movement,
        from_link=from_link[movement],
        to_link=to_link[movement],
        from_lane=from_lane,
        to_lane=to_lane,
        turn=turn[movement],
        speed_mps=_turn_speed(rows, curves, from_link[movement], to_link[movement], turn[movement]),
        junction=junction[movement],
        spare=spare,
        junction_start=np.searchsorted(junction[movement], np.arange(len(rows.junctions) + 1)).astype(np.int32),
    )
    ways, curves, conflicts = drop_spare(ways, curves, find_conflicts(rows, ways, curves))
    way = decide_right_of_way(rows, ways, conflicts)
    plans = plan_signals(rows, ways, conflicts, way.foe_yield, way.control)

    count = np.bincount(ways.movement, minlength=len(drafts))
    movement_length = np.bincount(ways.movement, curves.length_m, minlength=len(drafts)) / np.maximum(count, 1)
    return RoadNetwork(
        name=streets.name,
        epsg=streets.epsg,
        drives_on_left=streets.drives_on_left,
        country=streets.country,
        source=streets.source,
        attribution=streets.attribution,
        junctions=_junction_table(rows, way.control, ways.junction_start),
        links=_link_table(rows, from_link),
        lanes=_lane_table(rows, ways.from_lane),
        movements=Movements(from_link, to_link, turn, junction, movement_length),
        connectors=Connectors(
            movement=ways.movement,
            from_lane=ways.from_lane,
            to_lane=ways.to_lane,
            length_m=curves.length_m,
            speed_mps=ways.speed_mps,
            priority=way.priority,
            stop=way.stop,
            signal=plans.signal,
            group=plans.group,
            foe_start=np.searchsorted(conflicts.own, np.arange(ways.movement.size + 1)).astype(np.int32),
            foe=conflicts.foe,
            foe_kind=conflicts.kind,
            foe_yield=plans.foe_yield,
            foe_reach_m=conflicts.enter_m[mirrored(conflicts)],
            foe_clear_m=conflicts.leave_m[mirrored(conflicts)],
            shape_start=np.arange(ways.movement.size + 1, dtype=np.int64) * curves.xy.shape[1],
            shape_xy=curves.xy.reshape(-1, 2),
        ),
        signals=plans.signals,
        forbidden_sequences=_sequences(rows, streets),
        faults=(*streets.faults, *_faults(rows, from_link, to_link)),
        notes=streets.notes,
        depends_on_time=streets.depends_on_time,
        numbers=tuple(streets.numbers[street.id] for street in rows.streets) if streets.numbers else (),
        assumed=dict(sorted(Counter(name for street in streets.streets for name in street.assumed).items())),
    )


def _list_connectors(rows: StreetRows, drafts: list[MovementDraft]) -> tuple[Ints, Ints, Ints, Bools]:
    """Movement, lane left, lane entered of every connector and whether it is spare, in the network's order."""
    found = sorted(
        (
            int(rows.lane_start[draft.from_link]) + own,
            int(rows.lane_start[draft.to_link]) + goal,
            movement,
            (own, goal) in draft.spare,
        )
        for movement, draft in enumerate(drafts)
        for own, goal in draft.lanes
    )
    table = np.array(found, dtype=np.int32).reshape(-1, 4)
    return table[:, 2].copy(), table[:, 0].copy(), table[:, 1].copy(), table[:, 3] > 0


def _curves(rows: StreetRows, drafts: list[MovementDraft], movement: Ints, from_lane: Ints, to_lane: Ints) -> Curves:
    lane_link, lane_index = _lane_links(rows)
    counts = np.diff(rows.lane_start)
    width = np.array([street.lane_width_m for street in rows.streets])
    left_m = (counts[lane_link] / 2.0 - lane_index - 0.5) * width[lane_link]  # of the link's own centre line
    if not rows.drives_on_left:
        left_m = -left_m
    # The centre line of one direction of a two-way street lies half its lanes beside the street's axis.
    beside = np.where(rows.twin >= 0, counts * width / 2.0, 0.0) * (1.0 if rows.drives_on_left else -1.0)
    left_of_axis = left_m + beside[lane_link]
    ends, starts = _lane_points(rows, lane_link, left_m)
    return draw_curves(
        start_xy=ends[from_lane],
        start_rad=rows.tangent_in[lane_link[from_lane]],
        end_xy=starts[to_lane],
        end_rad=rows.tangent_out[lane_link[to_lane]],
        path_xy=[drafts[row].path_xy for row in movement],
        left_of_path_m=np.stack((left_of_axis[from_lane], left_of_axis[to_lane]), axis=1),
    )


def _lane_links(rows: StreetRows) -> tuple[Ints, Ints]:
    """Link and place from the kerb of every lane."""
    counts = np.diff(rows.lane_start)
    link = np.repeat(np.arange(counts.size), counts)
    return link.astype(np.int32), (np.arange(link.size) - rows.lane_start[link]).astype(np.int32)


def _lane_points(rows: StreetRows, lane_link: Ints, left_m: Floats) -> tuple[Floats, Floats]:
    """Last and first point of every lane, ``[lane, 2]``, ``left_m`` left of its link's centre line."""
    points = []
    for at, tangent in ((-1, rows.tangent_in), (0, rows.tangent_out)):
        centre = np.array([street.shape_xy[at] for street in rows.streets], dtype=np.float64).reshape(-1, 2)[lane_link]
        angle = tangent[lane_link] + np.pi / 2
        points.append(centre + left_m[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1))
    return points[0], points[1]


def _turn_speed(rows: StreetRows, curves: Curves, from_link: Ints, to_link: Ints, turn: Bytes) -> Floats:
    """Speed limit through a connector (m/s): both links' limits and, in a turn, ``sqrt(a r)`` with its mean radius."""
    link_speed = np.array([street.speed_mps for street in rows.streets])
    limit = np.minimum(link_speed[from_link], link_speed[to_link])
    radius = curves.length_m / np.maximum(curves.turned_rad, 1e-6)
    by_curve = np.maximum(np.sqrt(SIDE_ACCEL_MPS2 * radius), SLOWEST_TURN_MPS)
    speed: Floats = np.where(turn == Turn.STRAIGHT, limit, np.minimum(limit, by_curve))
    return speed


def _junction_table(rows: StreetRows, control: Bytes, connector_start: Ints) -> Junctions:
    return Junctions(
        id=tuple(spec.id for spec in rows.junctions),
        x_m=np.array([spec.x_m for spec in rows.junctions], dtype=np.float64),
        y_m=np.array([spec.y_m for spec in rows.junctions], dtype=np.float64),
        control=control,
        source_nodes=tuple(spec.source_nodes for spec in rows.junctions),
        gate=tuple(spec.gate for spec in rows.junctions),
        connector_start=connector_start,
    )


def _link_table(rows: StreetRows, movement_from: Ints) -> Links:
    streets = rows.streets
    shapes = [np.asarray(street.shape_xy, dtype=np.float64) for street in streets]
    return Links(
        id=tuple(street.id for street in streets),
        name=tuple(street.name for street in streets),
        from_junction=rows.from_junction,
        to_junction=rows.to_junction,
        length_m=rows.length_m,
        speed_mps=np.array([street.speed_mps for street in streets], dtype=np.float64),
        road_class=np.array([CLASS_NAMES.index(street.road_class) for street in streets], dtype=np.int8),
        lane_start=rows.lane_start,
        movement_start=np.searchsorted(movement_from, np.arange(len(streets) + 1)).astype(np.int32),
        twin=rows.twin,
        roundabout=np.array([street.roundabout for street in streets], dtype=bool),
        destination_only=np.array([street.destination_only for street in streets], dtype=bool),
        layer=np.array([street.layer for street in streets], dtype=np.int8),
        shape_start=np.concatenate(([0], np.cumsum([len(shape) for shape in shapes]))).astype(np.int64),
        shape_xy=np.concatenate(shapes) if shapes else np.zeros((0, 2)),
        source_ways=tuple(street.source_ways for street in streets),
        assumed=tuple(street.assumed for street in streets),
        gradient=np.array([np.nan if street.gradient is None else street.gradient for street in streets], np.float64),
    )


def _lane_table(rows: StreetRows, from_lane: Ints) -> Lanes:
    link, index = _lane_links(rows)
    return Lanes(
        link=link,
        index=index.astype(np.int8),
        width_m=np.array([street.lane_width_m for street in rows.streets], dtype=np.float64)[link],
        access=np.array([bits for street in rows.streets for bits in street.lane_access], dtype=np.int32),
        connector_start=np.searchsorted(from_lane, np.arange(link.size + 1)).astype(np.int32),
    )


def _sequences(rows: StreetRows, streets: StreetGraph) -> tuple[tuple[int, ...], ...]:
    """Forbidden sequences as link rows; those through streets that are gone say nothing any more."""
    row = {street.id: link for link, street in enumerate(rows.streets)}
    known = [ids for ids in streets.forbidden_sequences if all(name in row for name in ids)]
    return tuple(sorted(tuple(row[name] for name in ids) for ids in known))


def _faults(rows: StreetRows, from_link: Ints, to_link: Ints) -> list[Fault]:
    """Links that a driver could enter and never leave."""
    leaves = np.zeros(len(rows.streets), dtype=bool)
    leaves[from_link] = True
    faults = []
    for link in np.flatnonzero(~leaves):
        spec = rows.junctions[rows.to_junction[link]]
        if spec.gate not in ("exit", "both") and rows.car_lanes[int(link)]:
            x, y = rows.streets[link].shape_xy[-1]
            text = "no way on from the end of this link, and no room to turn back"
            faults.append(Fault("no_exit", rows.streets[link].id, float(x), float(y), text, mode="car"))
    return faults
