"""Put what holds at the time of a run in the place of OpenStreetMap's tags that depend on the time."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING

from .period import Period

if TYPE_CHECKING:
    from opening_hours import OpeningHours

Tags = Mapping[str, str]
ENDING = ":conditional"
_MODES = "access|vehicle|motor_vehicle|motorcar|hgv|psv|bus|bicycle|foot|emergency"
# Tags of ways and barriers that ``osm_tags`` reads, and those of turn restrictions, each of which may be conditional.
WAY_KEYS = re.compile(
    rf"(?:{_MODES}|oneway(?::motor_vehicle|:motorcar)?|maxspeed(?::motorcar)?|lanes(?::bus|:psv)?"
    r"|(?:turn|bus|psv|motor_vehicle|vehicle|access):lanes)(?::forward|:backward)?"
)
RESTRICTION_KEYS = re.compile(r"restriction(?::motorcar|:motor_vehicle|:vehicle)?")
# The older way to write when a restriction holds; hours may stand without minutes.
OLD_KEYS = ("day_on", "day_off", "hour_on", "hour_off")
_CLAUSE = re.compile(r"\s*([^@;()]+?)\s*@\s*(?:\(([^()]*)\)|([^;()]+?))\s*(?:;|$)")
_AND = re.compile(r"\s+AND\s+", re.IGNORECASE)
# What the library reads by assuming something that is not known here: holidays of schools, the sun, comments; and a
# holiday before a weekday, which it takes for "and" though it means "of the".
_NOT_KNOWN = re.compile(r"\bSH\b|\bPH\s+(?:Mo|Tu|We|Th|Fr|Sa|Su)|sun(?:rise|set)|dawn|dusk|unknown|\"", re.IGNORECASE)
_HOLIDAY = re.compile(r"\bPH\b")
RULES_TOLD, PLACES_TOLD = 12, 3  # in a note, places for each rule

Clause = tuple[str, tuple[str, ...]]  # a value, and the conditions that must all hold


class Outcome(Enum):
    """What became of a tag that depends on the time."""

    HOLDS = 1  # during the whole run
    HOLDS_NOT = 2  # at no time of it
    CHANGES = 3
    NOT_READ = 4  # or one of its conditions
    NO_TIME = 5  # there is no run


OUTCOMES = {
    Outcome.HOLDS: "hold during the whole run",
    Outcome.HOLDS_NOT: "do not hold during it",
    Outcome.CHANGES: "change during it",
    Outcome.NOT_READ: "were not read",
}


class Conditions:
    """Tags that depend on the time, as they are at the beginning of a period, and what was met on the way.

    Examples
    --------
    >>> morning = Period(dt.datetime(2026, 5, 4, 7), dt.datetime(2026, 5, 4, 9))
    >>> school = {"maxspeed": "50", "maxspeed:conditional": "30 @ (Mo-Fr 06:00-17:00)"}
    >>> Conditions(morning).of_way(school, "way/1")["maxspeed"]
    '30'
    """

    def __init__(self, period: Period | None) -> None:
        self.period = period
        self._hours: dict[str, OpeningHours | None] = {}  # by condition
        # Places of every rule ("maxspeed:conditional=30 @ (Mo-Fr 06:00-17:00)"), by what became of it.
        self._places: dict[Outcome, dict[str, list[str]]] = {outcome: {} for outcome in Outcome}
        self._with_holidays: set[str] = set()

    @property
    def met(self) -> bool:
        """Whether there was a tag that depends on the time."""
        return any(self._places.values())

    def of_way(self, tags: Tags, place: str) -> Tags:
        """The tags of a way or a barrier as they are at the beginning of the period; ``place`` is its id."""
        return self._settled(tags, place, WAY_KEYS)

    def of_restriction(self, tags: Tags, place: str) -> Tags:
        """The tags of a turn restriction as they are at the beginning of the period; ``place`` is its id."""
        if not tags.keys().isdisjoint(OLD_KEYS):
            tags = _in_new_words(tags)
        return self._settled(tags, place, RESTRICTION_KEYS)

    def _settled(self, tags: Tags, place: str, keys: re.Pattern[str]) -> Tags:
        conditional = sorted(key for key in tags if key.endswith(ENDING) and keys.fullmatch(key.removesuffix(ENDING)))
        if not conditional:
            return tags
        settled = dict(tags)
        for name in conditional:
            key, rule = name.removesuffix(ENDING), f"{name}={tags[name]}"
            if self.period is None:
                self._note(Outcome.NO_TIME, rule, place)
                continue
            clauses, whole = self._clauses(tags[name])
            if not whole:
                self._note(Outcome.NOT_READ, rule, place)
            if not clauses:
                continue
            if _HOLIDAY.search(tags[name]):
                self._with_holidays.add(place)
            values = self._values(clauses, self.period)
            if values[0] is not None:
                settled[key] = values[0]
            if len({tags.get(key) if value is None else value for value in values}) > 1:
                self._note(Outcome.CHANGES, rule, place)
            else:
                self._note(Outcome.HOLDS_NOT if values[0] is None else Outcome.HOLDS, rule, place)
        return settled

    def _note(self, outcome: Outcome, rule: str, place: str) -> None:
        self._places[outcome].setdefault(rule, []).append(place)

    def _clauses(self, text: str) -> tuple[list[Clause], bool]:
        """Values with those of their conditions that can be read, and whether these are all."""
        found: list[Clause] = []
        position, whole = 0, True
        while position < len(text):
            match = _CLAUSE.match(text, position)
            if match is None:
                return found, False
            position = match.end()
            terms = tuple(_AND.split((match[2] if match[2] is not None else match[3]).strip()))
            if all(self._opening_hours(term) for term in terms):
                found.append((match[1], terms))
            else:
                whole = False
        return found, whole

    def _opening_hours(self, text: str) -> OpeningHours | None:
        """A condition as opening hours, None where it is something else (a weight, the weather) or not known here."""
        if text not in self._hours:
            from opening_hours import OpeningHours, validate

            known = not _NOT_KNOWN.search(text) and validate(text)
            self._hours[text] = OpeningHours(text) if known else None
        return self._hours[text]

    def _values(self, clauses: Sequence[Clause], period: Period) -> list[str | None]:
        """The value that holds from the beginning of the period, and after every change of a condition in it.

        Of clauses that hold at one time the last counts; None where none holds.
        """
        terms = {term for _, terms in clauses for term in terms}
        changes = {period.start}.union(*(self._begins(term, period) for term in terms))
        return [self._value(clauses, moment) for moment in sorted(changes)]

    def _value(self, clauses: Sequence[Clause], moment: dt.datetime) -> str | None:
        holding = [value for value, terms in clauses if all(self._open(term, moment) for term in terms)]
        return holding[-1] if holding else None

    def _begins(self, term: str, period: Period) -> set[dt.datetime]:
        hours = self._opening_hours(term)
        assert hours is not None
        return {max(start, period.start) for start, *_ in hours.intervals(period.start, period.end)}

    def _open(self, term: str, moment: dt.datetime) -> bool:
        hours = self._opening_hours(term)
        return hours is not None and hours.is_open(moment)

    def notes(self) -> list[str]:
        """What was made of all of them, in words; nothing where there were none."""
        if not self.met:
            return []
        count = {outcome: sum(len(set(at)) for at in rules.values()) for outcome, rules in self._places.items()}
        if self.period is None:
            rules = _told(self._places[Outcome.NO_TIME])
            return [
                f"Tags that depend on the time: {count[Outcome.NO_TIME]}, left out as only a scenario has one: {rules}."
            ]
        counted = ", ".join(f"{count[outcome]} {said}" for outcome, said in OUTCOMES.items() if count[outcome])
        lines = [f"Tags that depend on the time ({self.period}): {counted}."]
        if changing := self._places[Outcome.CHANGES]:
            lines.append(f"Tags that change during the run, and stay as at its beginning: {_told(changing)}.")
        if not_read := self._places[Outcome.NOT_READ]:
            lines.append(f"Tags that were not read, and so are left out: {_told(not_read)}.")
        if self._with_holidays:
            places = f"{len(self._with_holidays)} places with rules for them"
            lines.append(f"Public holidays are not known: {places} are as on other days.")
        return lines


def _in_new_words(tags: Tags) -> Tags:
    """A restriction with the older tags ``day_on``, ``hour_on`` … as a conditional one."""
    days = [tags[key] for key in ("day_on", "day_off") if key in tags]
    hours = [_clock(tags[key]) for key in ("hour_on", "hour_off") if key in tags]
    when = " ".join("-".join(pair) for pair in (days, hours) if pair)
    settled = {key: value for key, value in tags.items() if key not in OLD_KEYS}
    for key, value in tags.items():
        if RESTRICTION_KEYS.fullmatch(key) and key + ENDING not in tags:
            settled[key + ENDING] = f"{value} @ ({when})"
            del settled[key]
    return settled


def _clock(hour: str) -> str:
    return f"{hour}:00" if hour.isdigit() else hour


def _told(rules: Mapping[str, list[str]]) -> str:
    """Rules with the first places where each stands, those of most places first."""
    told = []
    order = sorted(rules, key=lambda rule: (-len(set(rules[rule])), rule))
    for rule in order[:RULES_TOLD]:
        places = list(dict.fromkeys(rules[rule]))
        more = f" and {len(places) - PLACES_TOLD} more" if len(places) > PLACES_TOLD else ""
        told.append(f"{rule} on {', '.join(places[:PLACES_TOLD])}{more}")
    if len(order) > RULES_TOLD:
        told.append(f"and {len(order) - RULES_TOLD} other rules")
    return "; ".join(told)
