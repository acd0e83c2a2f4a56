"""Read a SUMO configuration: which files make the scenario, and when it begins and ends."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

from .problems import NO_VALUE, closest_file
from .sumo_left_out import LeftOut
from .sumo_xml import Node, SumoFile

NETS = ("net-file", "net", "n")
ROUTES = ("route-files", "routes", "r")
ADDITIONAL = ("additional-files", "additional", "a")
# Options that ask for windows, logs and checks: nothing of what happens on the streets depends on them.
SILENT_SECTIONS = ("report", "gui_only", "configuration")
SILENT = (
    *("verbose", "no-step-log", "no-warnings", "xml-validation", "log", "duration-log.statistics"),
    *("start", "quit-on-end", "delay", "gui-settings-file", "no-duration-log", "error-log", "message-log"),
)
DEFAULT_SEED, DEFAULT_TELEPORT_S = 23423, 300.0  # SUMO's
DONE_ALIKE = ("ignore-route-errors",)  # routes that cannot be driven are left out and counted


@dataclass(frozen=True, slots=True)
class SumoConfig:
    """What a ``sumocfg`` names."""

    net: Path | None
    routes: tuple[Path, ...]
    additional: tuple[Path, ...]
    begin_s: float
    end_s: float  # inf: until everybody has arrived
    step_s: float
    seed: int
    stuck_s: float | None  # SUMO teleports who has stood for so long; None: never


def read_config(file: SumoFile, left_out: LeftOut) -> SumoConfig:
    """Read a configuration; its problems are kept in ``file``, options without a counterpart are noted.

    Raises
    ------
    NotWhole
        It cannot be read at all.
    """
    options: dict[str, Node] = {}
    for section in file.elements("configuration", "sumoConfiguration"):
        found = section.children or [section]  # old files have no sections
        for option in found:
            options[option.tag] = option
            if section.tag == "output" or option.tag.endswith("-output"):
                left_out.note("outputs of SUMO: citytwin writes its own tables", option.tag)
            elif not _understood(section, option):
                left_out.note(f"option {option.tag} = {_value(option)}")
    return SumoConfig(
        net=_first(file, options),
        routes=_files(file, options, ROUTES),
        additional=_files(file, options, ADDITIONAL),
        begin_s=_seconds(file, options, "begin", "b", default=0.0),
        end_s=_until(file, options),
        step_s=_seconds(file, options, "step-length", default=1.0),
        seed=int(_seconds(file, options, "seed", default=DEFAULT_SEED)),
        stuck_s=_stuck(file, options),
    )


def _understood(section: Node, option: Node) -> bool:
    known = (
        *NETS,
        *ROUTES,
        *ADDITIONAL,
        "begin",
        "b",
        "end",
        "e",
        "step-length",
        "seed",
        "time-to-teleport",
        *SILENT,
        *DONE_ALIKE,
    )
    if option.tag == "scale" and _value(option) in ("1", "1.0"):
        return True
    return option.tag in known or section.tag in SILENT_SECTIONS


def _value(option: Node) -> str:
    return option.get("value") or option.get("v")


def _named(options: dict[str, Node], names: tuple[str, ...]) -> Node | None:
    return next((options[name] for name in names if name in options), None)


def _files(file: SumoFile, options: dict[str, Node], names: tuple[str, ...]) -> tuple[Path, ...]:
    """Files that an option names, with commas or blanks between; those that are not there are problems."""
    option = _named(options, names)
    if option is None:
        return ()
    found = []
    for name in re.split(r"[,;]\s*|\s*\n\s*", _value(option).strip()):
        if not name:
            continue
        path = file.path.parent / name
        if path.is_file():
            found.append(path)
        else:
            file.complain(option, "value", name, f"no such file.{closest_file(path)}")
    return tuple(found)


def _first(file: SumoFile, options: dict[str, Node]) -> Path | None:
    nets = _files(file, options, NETS)
    if _named(options, NETS) is None:
        file.complain(None, "net-file", NO_VALUE, "is missing: a scenario needs a net.")
    return nets[0] if nets else None


def _seconds(file: SumoFile, options: dict[str, Node], *names: str, default: float) -> float:
    option = _named(options, names)
    return default if option is None else file.seconds(option, "value" if option.get("value") else "v")


def _until(file: SumoFile, options: dict[str, Node]) -> float:
    end_s = _seconds(file, options, "end", "e", default=-1.0)
    return math.inf if end_s < 0 else end_s


def _stuck(file: SumoFile, options: dict[str, Node]) -> float | None:
    stuck_s = _seconds(file, options, "time-to-teleport", default=DEFAULT_TELEPORT_S)
    return stuck_s if stuck_s > 0 else None
