"""Read SUMO's signal programmes, and turn their letters into the lights of a junction's connectors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .network import Light, Signals
from .problems import NO_VALUE
from .sumo_xml import Node, SumoFile

# What each letter of a phase shows (SUMO's manual, «Signal state definitions»). O: the signal is off and the connection
# has right of way; o: it is off or blinks yellow; s: a green arrow after a stop; u: red and yellow, nobody drives yet.
LETTERS: Mapping[str, Light] = {
    "G": Light.GREEN,
    "O": Light.GREEN,
    "g": Light.GREEN_YIELD,
    "o": Light.GREEN_YIELD,
    "s": Light.GREEN_YIELD,
    "y": Light.YELLOW,
    "Y": Light.YELLOW,
    "r": Light.RED,
    "R": Light.RED,
    "u": Light.RED,
}
FIXED_KINDS = ("static", "")
ACTUATED_KINDS = ("actuated", "delay_based", "NEMA")


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase: how long, and a letter per connection."""

    duration_s: float
    state: str
    shortest_s: float
    longest_s: float


@dataclass(frozen=True, slots=True)
class Programme:
    """The programme that a set of signals runs."""

    id: str
    programme: str
    kind: str
    offset_s: float
    phases: tuple[Phase, ...]

    @property
    def width(self) -> int:
        """How many lights it shows."""
        return len(self.phases[0].state) if self.phases else 0

    @property
    def actuated(self) -> bool:
        """Whether the length of its phases follows the traffic."""
        return self.kind in ACTUATED_KINDS


def read_programmes(file: SumoFile, nodes: Iterable[Node], known: Mapping[str, Programme]) -> dict[str, Programme]:
    """Programmes by the id of their signal: of several the last one holds, as in SUMO.

    One without phases changes the offset of the one before it.
    """
    found = dict(known)
    for node in nodes:
        name = file.text(node, "id")
        kind = node.get("type", "static")
        offset_s = file.seconds(node, "offset", 0.0)
        phases = _phases(file, node)
        before = found.get(name)
        if not phases:
            if before is None:
                file.complain(node, "", NO_VALUE, "has no phases.")
                continue
            found[name] = Programme(name, before.programme, before.kind, offset_s, before.phases)
            continue
        if before is not None and file.path and len(phases[0].state) < before.width:
            said = f"shows {len(phases[0].state)} lights; the net has {before.width} connections at this signal."
            file.complain(node, "phase.state", phases[0].state, said)
        found[name] = Programme(name, node.get("programID"), kind, offset_s, phases)
    return found


def _phases(file: SumoFile, node: Node) -> tuple[Phase, ...]:
    phases: list[Phase] = []
    for phase in node.all("phase"):
        duration_s = file.number(phase, "duration", low=0.0)
        state = file.text(phase, "state")
        unknown = sorted(set(state) - LETTERS.keys())
        if unknown:
            letters = f"{' '.join(unknown)} (signal {node.get('id')}). Known: {' '.join(LETTERS)}."
            said = f"has letters that mean no light: {letters}"
            file.complain(phase, "state", state, said)
            state = "".join(letter if letter in LETTERS else "r" for letter in state)
        if phases and len(state) != len(phases[0].state):
            said = f"has {len(state)} letters; the first phase of signal {node.get('id')} has {len(phases[0].state)}."
            file.complain(phase, "state", state, said)
            continue
        shortest_s = file.number(phase, "minDur", duration_s, low=0.0)
        longest_s = file.number(phase, "maxDur", max(duration_s, shortest_s), low=0.0)
        if duration_s > 0:  # a phase without duration is passed over
            phases.append(Phase(duration_s, state, shortest_s, longest_s))
    if not phases and any(True for _ in node.all("phase")):
        file.complain(node, "phase.duration", NO_VALUE, "must be more than 0 in at least one phase.")
    return tuple(phases)


def show_lights(
    programme: Programme, columns: Sequence[int], foes: Sequence[tuple[int, int]], yields: set[tuple[int, int]]
) -> tuple[NDArray[np.int8], Counter[str]]:
    """Lights of connectors in every phase, and what had to be settled that the programme leaves open.

    A connector is shown plain green only while all its foes that are green too give way to it; where SUMO lets it
    give way at ``G`` as its right of way says, it is shown green with the duty to yield.

    Parameters
    ----------
    programme
        Whose letters.
    columns
        Place in the phases' states of each connector; -1: no light of its own, always green.
    foes
        Pairs of connectors that meet, from different links, each pair once.
    yields
        Pairs ``(a, b)`` where ``a`` gives way to ``b``; pairs that the letters settle are added.

    Returns
    -------
    lights : ndarray
        ``[phase, connector]``, values of ``Light``.
    Counter
        How often what was settled, in words.
    """
    count = len(programme.phases)
    shown = np.full((count, len(columns)), Light.GREEN, np.int8)
    for place, column in enumerate(columns):
        if column >= 0:
            shown[:, place] = [LETTERS[phase.state[column]] for phase in programme.phases]
    settled: Counter[str] = Counter()
    for a, b in foes:
        if (a, b) in yields or (b, a) in yields:
            continue
        a_waits = bool(np.any((shown[:, a] == Light.GREEN_YIELD) & (shown[:, b] == Light.GREEN)))
        b_waits = bool(np.any((shown[:, b] == Light.GREEN_YIELD) & (shown[:, a] == Light.GREEN)))
        if a_waits != b_waits:
            yields.add((a, b) if a_waits else (b, a))
            settled["pairs whose right of way the letters g and G settle"] += 1
        elif np.any((shown[:, a] >= Light.GREEN_YIELD) & (shown[:, b] >= Light.GREEN_YIELD)):
            settled["pairs that are green together though neither gives way: they go in order of arrival"] += 1
    lights = shown.copy()
    for a, b in foes:
        together = (shown[:, a] >= Light.GREEN_YIELD) & (shown[:, b] >= Light.GREEN_YIELD)
        for own, foe in ((a, b), (b, a)):
            if (foe, own) not in yields or (own, foe) in yields:
                lights[together & (shown[:, own] == Light.GREEN), own] = Light.GREEN_YIELD
    return lights, settled


def signals_of(
    names: tuple[str, ...],
    junctions: Sequence[int],
    programmes: Sequence[Programme],
    lights: Sequence[NDArray[np.int8]],
) -> Signals:
    """Tables of controllers with a programme each, and the lights ``[phase, group]`` that it shows."""
    phases = [(programme, phase) for programme in programmes for phase in programme.phases]
    sizes = [columns.size for shown in lights for columns in shown]
    return Signals(
        id=names,
        junction=np.array(junctions, np.int32),
        offset_s=np.array([programme.offset_s for programme in programmes], np.float64),
        phase_start=np.concatenate([[0], np.cumsum([len(p.phases) for p in programmes])]).astype(np.int32),
        phase_s=np.array([phase.duration_s for _, phase in phases], np.float64),
        group_count=np.array([shown.shape[1] for shown in lights], np.int32),
        light_start=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32),
        light=np.concatenate([np.zeros(0, np.int8), *(shown.reshape(-1) for shown in lights)]).astype(np.int8),
        assumed=np.zeros(len(programmes), bool),
        actuated=np.array([programme.actuated for programme in programmes], bool),
        shortest_s=np.array([p.shortest_s if own.actuated else p.duration_s for own, p in phases], np.float64),
        longest_s=np.array([p.longest_s if own.actuated else p.duration_s for own, p in phases], np.float64),
    )
