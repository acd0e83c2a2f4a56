"""Understand what somebody who leads a rehearsal types, a command a line, and answer in words."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..scenarios.inject_kinds import clock_s
from ..scenarios.problems import InputError, closest_hint
from ..scenarios.yaml_lines import parse_yaml

if TYPE_CHECKING:
    from .rehearsal import Branching, Rehearsal

HELP = """\
run 10 min | run until 14:30 | run to the end    let time pass
play 60 [until 14:30]                            the same, 60 times as fast as real time, and show it; Ctrl-C pauses
close LINKS [lanes 0,1] [for 60 min] [broadcast] close a road; who comes to it sees it, or everybody is told
limit LINKS 30 [for 60 min]                      another speed limit, km/h
block LINK [lane 0] [at 50 m] for 30 min         a vehicle breaks down
turn LINKS [keep 1] [for 60 min]                 contraflow: lanes are driven the other way; see --turnable
retime JUNCTION cycle 90 [for 60 min]            another signal programme
arrivals +20% [on foot] [for 30 min]             more people set out, by car if nothing else is said
order ZONES [compliance 90%]                     tell zones to leave
full SHELTER                                     a shelter takes nobody else
move HAZARD east 200 [north -50]                 a hazard is elsewhere, m
begin EVENT | end EVENT                          contraflow of the scenario begins, or ends, now
out UNIT | in UNIT                               an ambulance or fire engine is out of service, or back
inject {kind: …, …}                              anything an inject file may hold
at 14:10 close …                                 the same, later
undo | back to 14:05                             take the last inject back; go back to a snapshot
branch 30 min [from 14:05]: close …; limit …     what would come of it? Nothing happens
state | queue | log | find STREET | help         look
finish                                           end here and write everything"""
COMPASS = {"east": ("east_m", 1), "west": ("east_m", -1), "north": ("north_m", 1), "south": ("north_m", -1)}
LINK_COMMANDS = "give the id of a link, the name of a street in quotes, or several with commas between"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command came to."""

    text: str
    facts: dict[str, Any] | None = None  # for JSON
    play: tuple[float, float] | None = None  # how fast, and until when (s), time is to pass on a terminal
    over: bool = False  # the rehearsal is finished


class Commands:
    """Carries commands out on a rehearsal."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        self._rehearsal = rehearsal
        self._verbs: dict[str, Callable[[list[str]], Answer]] = {
            "run": self._run,
            "play": self._play,
            "undo": self._undo,
            "back": self._back,
            "state": lambda _: self.state(),
            "queue": self._queue,
            "log": self._log,
            "find": self._find,
            "help": lambda _: Answer(HELP),
            "finish": self._finish,
        }
        self._injects: dict[str, Callable[[list[str]], dict[str, Any]]] = {
            "close": self._close,
            "limit": self._limit,
            "block": self._block,
            "turn": self._turn,
            "retime": _retime,
            "arrivals": _arrivals,
            "order": _order,
            "full": lambda words: {"kind": "shelter_full", "shelter": " ".join(words)},
            "move": _move,
            "begin": lambda words: {"kind": "event_begins", "event": " ".join(words)},
            "end": lambda words: {"kind": "event_ends", "event": " ".join(words)},
            "out": lambda words: {"kind": "unit_out", "unit": " ".join(words)},
            "in": lambda words: {"kind": "unit_back", "unit": " ".join(words)},
        }

    def do(self, line: str) -> Answer:
        """Carry out one line; an empty one, and what follows ``#``, does nothing.

        Raises
        ------
        InputError
            When it is not understood, or cannot be done.
        """
        line = re.sub(r"(^|\s)#.*", "", line).strip()
        if not line:
            return Answer("")
        if line.startswith("branch"):
            return self._branch(line.removeprefix("branch").strip())
        first = line.split(maxsplit=1)[0]
        if first in self._verbs:
            return self._verbs[first](_words(line)[1:])
        given = self._rehearsal.inject(self._keys(line))
        when = self._rehearsal.clock(given.at_s)
        words = self._rehearsal.injects.words(given.inject)
        return Answer(f"inject {given.number} at {when}: {words}", {"inject": given.number, "at_s": given.at_s})

    def state(self) -> Answer:
        """How things are, in one line."""
        state = self._rehearsal.state()
        return Answer(f"{state['clock']}  {figures_text(state['figures'])}", state)

    def _keys(self, line: str) -> dict[str, Any]:
        """Keys of the inject that a line means, without ``at`` where it is of now."""
        when: dict[str, Any] = {}
        if line.startswith("at "):
            _, at, line = (*line.split(maxsplit=2), "")[:3]
            when = {"at": at}
        verb, _, rest = line.strip().partition(" ")
        if verb == "inject":
            return when | _flow(rest)
        if verb not in self._injects:
            known = [*self._verbs, *self._injects, "branch", "inject", "at"]
            raise _wrong(f"{verb!r} is no command.{closest_hint(verb, known)} Type help for all of them.")
        return when | self._injects[verb](_words(rest))

    def _run(self, words: list[str]) -> Answer:
        self._rehearsal.run_until(self._moment(words))
        return self.state()

    def _play(self, words: list[str]) -> Answer:
        speed = _number(words[:1], "play 60: how many times as fast as real time")
        until_s = self._moment(words[1:]) if words[1:] else self._rehearsal.scenario.duration_s
        return Answer("", play=(speed, until_s))

    def _moment(self, words: list[str]) -> float:
        """The moment that ``10 min``, ``until 14:30`` or ``to the end`` means, s after the start."""
        now_s, text = self._rehearsal.simulation.t_s, " ".join(words)
        if found := re.fullmatch(r"(?:until|to)? ?(\d{1,2}:\d\d(?::\d\d)?)", text):
            until_s = self._clock_s(found[1])
            if until_s < now_s:
                raise _wrong(f"{found[1]} has passed: it is {self._rehearsal.clock()}. To go back: back to {found[1]}")
            if until_s > self._rehearsal.scenario.duration_s:
                end = self._rehearsal.clock(self._rehearsal.scenario.duration_s)
                raise _wrong(f"{found[1]} is after the end of the run ({end}): run to the end")
            return until_s
        if text in ("to the end", "to end", "end"):
            return self._rehearsal.scenario.duration_s
        return now_s + _span_s(words, "run 10 min, run 30 s, run until 14:30 or run to the end")

    def _clock_s(self, text: str) -> float:
        try:
            return clock_s(text, self._rehearsal.scenario.start)
        except ValueError as error:
            raise _wrong(f"{text} {error}") from error

    def _undo(self, words: list[str]) -> Answer:
        undone = self._rehearsal.undo()
        return Answer(f"undone: {undone}. It is {self._rehearsal.clock()} again.", self._rehearsal.state())

    def _back(self, words: list[str]) -> Answer:
        text = " ".join(words).removeprefix("to ")
        if not re.fullmatch(r"\d{1,2}:\d\d(?::\d\d)?", text):
            raise _wrong("say when: back to 14:05")
        self._rehearsal.go_back(self._clock_s(text))
        return Answer(f"it is {self._rehearsal.clock()} again.", self._rehearsal.state())

    def _branch(self, text: str) -> Answer:
        span, colon, commands = text.partition(": ")
        if not colon:
            raise _wrong("say how far to look and what is to happen: branch 30 min: close LINK for 20 min")
        span, _, since = span.partition("from")
        ahead_s = _span_s(span.split(), "branch 30 min: …")
        from_s = self._clock_s(since.strip()) if since else None
        injects = [self._keys(line.strip()) for line in commands.split(";") if line.strip()]
        found = self._rehearsal.branch(injects, ahead_s, from_s=from_s)
        return Answer(branching_text(found, self._rehearsal), found.as_dict())

    def _queue(self, words: list[str]) -> Answer:
        rows = self._rehearsal.state()["queue"]
        lines = [f"{row['clock']}  {row['number']}  {row['text']}" for row in rows]
        return Answer("\n".join(lines) or "nothing is planned", {"queue": rows})

    def _log(self, words: list[str]) -> Answer:
        rows = self._rehearsal.state()["log"]
        return Answer("\n".join(f"{row['clock']}  {row['kind']}  {row['text']}" for row in rows), {"log": rows})

    def _find(self, words: list[str]) -> Answer:
        wanted, links = " ".join(words).casefold(), self._rehearsal.simulation.model.network.links
        rows = [row for row, name in enumerate(links.name) if wanted and wanted in name.casefold()]
        if not rows:
            known = sorted({name for name in links.name if name})
            raise _wrong(f"no street is called so.{closest_hint(wanted, known)}")
        text = "\n".join(f"{links.id[row]}  {links.name[row]}" for row in rows)
        return Answer(text, {"links": [links.id[row] for row in rows]})

    def _finish(self, words: list[str]) -> Answer:
        summary = self._rehearsal.finish()
        text = f"finished at {self._rehearsal.clock()}. Its report: citytwin report {self._rehearsal.folder}"
        return Answer(text, summary, over=True)

    def _close(self, words: list[str]) -> dict[str, Any]:
        links, options = self._links(words), _options(words[1:], ("lanes", "for", "broadcast", "sight"))
        keys: dict[str, Any] = {"kind": "road_closure", "links": links, **_for(options)}
        if "lanes" in options:
            keys["lanes"] = [int(lane) for lane in _numbers(options["lanes"], "lanes 0,1")]
        return keys | ({"known_to": "broadcast"} if "broadcast" in options else {})

    def _limit(self, words: list[str]) -> dict[str, Any]:
        links, speed = self._links(words), _number(words[1:2], "limit LINK 30")
        return {"kind": "speed_limit", "links": links, "speed_kmh": speed, **_for(_options(words[2:], ("for", "km/h")))}

    def _block(self, words: list[str]) -> dict[str, Any]:
        links, options = self._links(words), _options(words[1:], ("lane", "at", "for"))
        keys: dict[str, Any] = {"kind": "incident", "link": links[0], **_for(options)}
        if "lane" in options:
            keys["lane"] = int(_number(options["lane"], "lane 0"))
        if "at" in options:
            keys["position_m"] = _number(options["at"], "at 50 m")
        return keys

    def _turn(self, words: list[str]) -> dict[str, Any]:
        links, options = self._links(words), _options(words[1:], ("keep", "for"))
        keys: dict[str, Any] = {"kind": "contraflow", "links": links, **_for(options)}
        return keys | ({"keep_lanes": int(_number(options["keep"], "keep 1"))} if "keep" in options else {})

    def _links(self, words: list[str]) -> list[str]:
        """Ids of links that a word means: ids themselves, or names of streets."""
        if not words:
            raise _wrong(LINK_COMMANDS)
        network = self._rehearsal.simulation.model.network
        return [link for name in words[0].split(",") for link in network.links_called(name.strip()) or [name.strip()]]


def _retime(words: list[str]) -> dict[str, Any]:
    if not words:
        raise _wrong("retime JUNCTION cycle 90 | greens 20,30 | offset 10")
    options = _options(words[1:], ("cycle", "greens", "offset", "for"))
    keys: dict[str, Any] = {"kind": "signal_plan", "junction": words[0], **_for(options)}
    for word, key in (("cycle", "cycle_s"), ("offset", "offset_s")):
        if word in options:
            keys[key] = _number(options[word], f"{word} 90")
    if "greens" in options:
        keys["green_s"] = _numbers(options["greens"], "greens 20,30")
    return keys


def _arrivals(words: list[str]) -> dict[str, Any]:
    found = re.fullmatch(r"\+?(\d+(?:\.\d+)?) ?%", words[0]) if words else None
    if found is None:
        raise _wrong("say how many more: arrivals +20%")
    on_foot = words[1:3] == ["on", "foot"]
    options = _options(words[3:] if on_foot else words[1:], ("for",))
    by = {"by": "foot"} if on_foot else {}
    return {"kind": "extra_arrivals", "share": float(found[1]) / 100.0, **by, **_for(options)}


def _order(words: list[str]) -> dict[str, Any]:
    if not words:
        raise _wrong("say whom: order ZONE, or several with commas between")
    keys: dict[str, Any] = {"kind": "evacuation_order", "zones": [zone.strip() for zone in words[0].split(",")]}
    options = _options(words[1:], ("compliance",))
    if "compliance" in options:
        keys["compliance"] = _number([word.rstrip("%") for word in options["compliance"]], "compliance 90%") / 100.0
    return keys


def _move(words: list[str]) -> dict[str, Any]:
    options = _options(words[1:], tuple(COMPASS))
    keys: dict[str, Any] = {"kind": "hazard_moves", "hazard": words[0] if words else ""}
    for word, (key, sign) in COMPASS.items():
        if word in options:
            keys[key] = sign * _number(options[word], f"move HAZARD {word} 200")
    return keys


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise _wrong(f"cannot be read: {error}") from error


def _options(words: Sequence[str], known: Sequence[str]) -> dict[str, list[str]]:
    """What stands behind each of some words."""
    options: dict[str, list[str]] = {}
    last = ""
    for word in words:
        if word in known:
            last = word
            options[last] = []
        elif last:
            options[last].append(word)
        else:
            raise _wrong(f"{word!r} was not expected. Known here: {', '.join(known)}")
    return options


def _for(options: dict[str, list[str]]) -> dict[str, Any]:
    return {"for_min": _span_s(options["for"], "for 60 min") / 60.0} if "for" in options else {}


def _span_s(words: Sequence[str], example: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?(s|sec|min|h|hours?|minutes?|seconds?)", " ".join(words))
    if found is None:
        raise _wrong(f"say how long: {example}")
    return float(found[1]) * {"s": 1.0, "m": 60.0, "h": 3600.0}[found[2][0]]


def _number(words: Sequence[str], example: str) -> float:
    try:
        return float(words[0])
    except (ValueError, IndexError) as error:
        raise _wrong(f"a number is missing: {example}") from error


def _numbers(words: Sequence[str], example: str) -> list[float]:
    return [_number([word], example) for word in ",".join(words).split(",") if word]


def _flow(text: str) -> dict[str, Any]:
    """Keys and values as ``{kind: zone_order, zone: B}``."""
    tree, problems = parse_yaml(text, Path("command"))
    if tree is None or problems:
        raise _wrong("write the inject as {kind: road_closure, link: ID, for_min: 60}")
    plain: Any = tree.plain()
    return dict(plain)


def _wrong(text: str) -> InputError:
    return InputError(text)


def figures_text(figures: dict[str, float]) -> str:
    """Figures of a moment in one line."""
    return " · ".join(f"{name.replace('_', ' ')} {value:,.0f}" for name, value in figures.items())


def branching_text(found: Branching, rehearsal: Rehearsal) -> str:
    """Base against branch, line by line."""
    span = f"{rehearsal.clock(found.from_s)} to {rehearsal.clock(found.to_s)}"
    lines = [f"{span}: as planned | with {'; '.join(found.injects)}"]
    for name, value in found.base.figures.items():
        other = found.branch.figures[name]
        lines.append(f"  {name.replace('_', ' '):<20} {value:>10,.1f} | {other:>10,.1f}  ({other - value:+,.1f})")
    lines += [f"  {row['more_delay_h']:+.1f} h of delay on {row['name'] or row['link']}" for row in found.streets]
    took_s = found.base.wall_s + found.branch.wall_s
    return "\n".join([*lines, f"  looked ahead in {took_s:.1f} s; nothing has happened"])
