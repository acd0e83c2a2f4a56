"""Tell zones to leave: who hears of it when, who goes, and when each household or building is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from numpy.typing import NDArray

from ..agents.evacuation import AT_HOME, AWAY, COMING_HOME, INCAPACITATED, PREPARING, STRANDED, Evacuees
from ..agents.evacuation_gathering import elsewhere, leave_at
from ..agents.evacuation_warning import heard_at, member_keys, preparation_s, through_doors
from ..agents.remembering import Remembers, State
from ..scenarios.chance import draws
from ..scenarios.evacuation import Channel, Evacuation, Order
from ..scenarios.evacuation_times import PreparationTime
from ..scenarios.nearest_links import project

if TYPE_CHECKING:
    from ..scenarios.network import RoadNetwork

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Longs = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order that was given, for the report."""

    t_s: float
    zones: tuple[str, ...]
    households: int  # that it is meant for
    people: int
    leaving: int  # people who hear it and comply: who leave, or stay inside
    action: str = "leave"


class Orders(Remembers):
    """Orders that were given, and the people whose departure they have set.

    Parameters
    ----------
    evacuation, evacuees
        What the scenario says, and everybody it is about.
    network
        Whose coordinates count.
    door_per_s : [stock]
        Most people a second through the doors of each zone (inf) or building.
    seed
        Of the run.
    """

    KEEPS = ("leaving", "door_free_s", "zone_ordered_s")

    def __init__(
        self, evacuation: Evacuation, evacuees: Evacuees, network: RoadNetwork, door_per_s: Floats, seed: int
    ) -> None:
        self.evacuation, self.evacuees, self.people = evacuation, evacuees, evacuees.people
        self._network, self._seed = network, seed
        self.door_per_s = door_per_s
        self.door_free_s = np.full(door_per_s.size, -np.inf)
        self.leaving = np.zeros(0, np.int64)  # people whose departure lies ahead, in its order
        self.zone_ordered_s = np.full(len(self.people.zones), np.nan)
        self.given: list[Ordered] = []
        if evacuation.gathering is not None:
            evacuees.send_away(np.flatnonzero(elsewhere(evacuation.gathering, self.people, seed)))

    def state(self) -> State:
        """What is kept."""
        given = [[one.t_s, [*one.zones], one.households, one.people, one.leaving, one.action] for one in self.given]
        return {**super().state(), "given": given}

    def restore(self, state: State) -> None:
        """Be again as when ``state`` was taken."""
        super().restore(state)
        self.given = [Ordered(t_s, tuple(zones), *counts) for t_s, zones, *counts in state["given"]]

    def due(self, t_s: float) -> Longs:
        """People who leave by now, and do not wait any longer."""
        count, looked_at = 0, 0
        while count == looked_at < self.leaving.size:
            looked_at = min(2 * looked_at + 64, self.leaving.size)
            count = int(np.searchsorted(self.evacuees.left_s[self.leaving[:looked_at]], t_s, side="right"))
        leaving, self.leaving = self.leaving[:count], self.leaving[count:]
        return leaving

    def give(self, order: Order, t_s: float) -> Ordered:
        """Tell zones to leave or to stay inside: who is at home and hears it gets ready and goes, or shuts windows."""
        people, evacuees = self.people, self.evacuees
        zones = [row for row, zone in enumerate(people.zones) if zone.id in order.zones]
        zone = people.stocks.zone[people.households.stock]
        asked = np.flatnonzero(np.isin(zone, zones) & self._at_home())
        evacuees.ordered_s[asked] = t_s
        comply = draws(self._seed, people.households.key[asked], "complies") < order.compliance
        obeying, heard_s, heard = self._warn(asked, comply, order.channels or self.evacuation.channels, t_s)
        if order.action == "stay_inside":
            evacuees.shut_s[obeying] = np.minimum(evacuees.shut_s[obeying], heard_s)
        else:
            first_time = np.isnan(self.zone_ordered_s[zones])
            self.zone_ordered_s[np.array(zones)[first_time]] = t_s
            self._prepare(obeying, heard_s, heard)
            self._shadow(t_s)
        size = people.households.size
        told = Ordered(t_s, order.zones, asked.size, int(size[asked].sum()), int(size[obeying].sum()), order.action)
        self.given.append(told)
        return told

    def _at_home(self) -> Bools:
        """Households of whom nobody is getting ready, under way or safe, ``[household]``."""
        doing, first = self.evacuees.doing, self.people.households.first_person[:-1]
        there = np.isin(doing, (AT_HOME, AWAY))
        lost = (doing == STRANDED) & (self.evacuees.cause == INCAPACITATED)  # at home too, but not to be asked
        return np.asarray(np.minimum.reduceat(there | lost, first) & np.maximum.reduceat(there, first))

    def _warn(
        self, asked: Longs, comply: Bools, channels: tuple[Channel, ...], t_s: float
    ) -> tuple[Longs, Floats, Ints]:
        """Let households hear a warning; returns those that comply, when each hears it and by how many channels."""
        people, evacuees, seed = self.people, self.evacuees, self._seed
        heard_s, heard = heard_at(channels, people.households.key[asked], t_s, seed)
        evacuees.heard_s[asked] = heard_s
        goes = comply & np.isfinite(heard_s)
        return asked[goes], heard_s[goes], heard[goes]

    def forget_lost(self) -> None:
        """Let nobody leave any more who cannot."""
        self.leaving = self.leaving[self.evacuees.doing[self.leaving] != STRANDED]

    def _prepare(self, leaving: Longs, heard_s: Floats, heard: Ints) -> None:
        """Let households get ready; they leave together, and by the doors of their building where it has some."""
        people, evacuees, households = self.people, self.evacuees, self.people.households
        size = households.size[leaving]
        persons = _ranges(households.first_person[leaving], size)
        home = np.repeat(np.arange(leaving.size), size)
        able = evacuees.doing[persons] != STRANDED
        persons, home = persons[able], home[able]
        number = (persons - households.first_person[people.household[persons]]).astype(np.int32)
        stock = households.stock[leaving]
        ready_s = np.empty(persons.size)
        for row in np.unique(stock).tolist():
            own = stock[home] == row
            ready_s[own] = heard_s[home[own]] + preparation_s(
                self._preparation(row),
                households.key[leaving[home[own]]],
                number[own],
                heard[home[own]],
                self.evacuation.cue_factor,
                self._seed,
            )
        away, waits_s = evacuees.doing[persons] == AWAY, None
        if self.evacuation.gathering is not None:
            ready_s[away] = heard_s[home[away]] + self._comes_home_s(persons[away], number[away])
            evacuees.home_s[persons[away]], waits_s = ready_s[away], self.evacuation.gathering.waits_s
        evacuees.ready_s[persons], evacuees.doing[persons] = ready_s, np.where(away, COMING_HOME, PREPARING)
        left_s, evacuees.alone[persons] = leave_at(ready_s, away, home, waits_s)
        for row in np.unique(stock[np.isfinite(self.door_per_s[stock])]).tolist():
            own = np.flatnonzero(stock[home] == row)
            left_s[own] = through_doors(left_s[own], float(self.door_per_s[row]), float(self.door_free_s[row]))
            self.door_free_s[row] = left_s[own].max()
        evacuees.left_s[persons] = left_s
        waiting = np.concatenate([self.leaving, persons])
        self.leaving = waiting[np.argsort(evacuees.left_s[waiting], kind="stable")]

    def _comes_home_s(self, persons: Longs, number: Ints) -> Floats:
        """How long people take who come home from elsewhere, s."""
        assert self.evacuation.gathering is not None, "nobody is elsewhere without it"
        keys = member_keys(self.people.households.key[self.people.household[persons]], number)
        return self.evacuation.gathering.comes_home.seconds(draws(self._seed, keys, "comes home"))

    def _preparation(self, stock: int) -> PreparationTime:
        """How long people of a zone or group take to get ready."""
        group = stock - len(self.people.zones)
        own = self.evacuation.groups[group].preparation if group >= 0 else None
        return own or self.evacuation.preparation

    def _shadow(self, t_s: float) -> None:
        """Let some of those leave who live near a zone with an order, and have none."""
        shadow, people = self.evacuation.shadow, self.people
        if shadow is None:
            return
        network = self._network
        outlines = [
            shapely.Polygon(np.column_stack(project(network, *np.array(people.zones[row].polygon).T)))
            for row in np.flatnonzero(~np.isnan(self.zone_ordered_s)).tolist()
        ]
        zone = people.stocks.zone[people.households.stock]
        rows = np.flatnonzero(np.isnan(self.zone_ordered_s[zone]) & self._at_home())
        homes = shapely.points(people.households.x_m[rows], people.households.y_m[rows])
        near = shapely.distance(shapely.union_all(outlines), homes) <= shadow.within_m
        rows = rows[near & (draws(self._seed, people.households.key[rows], "shadow") < shadow.share)]
        self.evacuees.shadow[rows] = True
        self._prepare(rows, np.full(rows.size, t_s), np.ones(rows.size, np.int32))


def _ranges(first: Ints, size: Ints) -> Longs:
    """Whole numbers from each of ``first`` on, ``size`` of them, one range after the other."""
    ends = np.cumsum(size)
    return np.repeat(first.astype(np.int64) - ends + size, size) + np.arange(ends[-1] if ends.size else 0)
