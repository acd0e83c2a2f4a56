"""Say and draw what warnings of bad air saw: the values that counted, the levels, and when each was in force."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np

from . import style
from .figures import Picture, chart, clock_axis, figure_of
from .svg import to_svg

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from ..run_folder import Run


def warning_pictures(run: Run, start: dt.datetime) -> list[Picture]:
    """A chart of each warning's value over time, with its levels."""
    facts = run.summary.get("air_warnings") or {}
    return [_curve(run.air_watch[run.air_watch["warning"] == name], name, told, start) for name, told in facts.items()]


def warning_sentences(summary: Mapping[str, Any]) -> list[str]:
    """How often levels were raised, how it stands at the end, and who stayed at home."""
    told = []
    for name, facts in (summary.get("air_warnings") or {}).items():
        raised = [
            f"{level} {'once' if count == 1 else style.count(count, 'time')}"
            for level, count in facts["raised"].items()
            if count
        ]
        end = "no level is in force" if facts["level"] == "none" else f"{facts['level']} is in force"
        stale = ", though nothing has been measured lately" if facts["stale"] else ""
        what = f"raised {', '.join(raised)}" if raised else "raised no level"
        told.append(f"The warning “{name}” {what}; {end} at the end{stale}.")
    for name, counts in (summary.get("restricted") or {}).items():
        stayed = ", ".join(
            f"{style.whole(counts[key])} {words}"
            for key, words in (
                ("stay_at_home", "stayed at home"),
                ("travel_otherwise", "travelled otherwise"),
                ("no_way_round", "found no way round"),
                ("drive_round", "drove round"),
            )
            if counts[key]
        )
        told.append(f"{style.count(counts['vehicles'], 'vehicle')} might not drive by “{name}”: {stayed or 'nobody'}.")
    return told


def _curve(seen: pd.DataFrame, name: str, told: dict[str, Any], start: dt.datetime) -> Picture:
    """What counted, each value until the next look; levels as lines; grey where a level was in force."""
    import matplotlib as mpl

    t_s, value = seen["t_s"].to_numpy(dtype=float), seen["value"].to_numpy(dtype=float)
    known = np.isfinite(value)
    title = f"“{name}”: nothing was known at any time"
    if known.any():
        row = int(np.nanargmax(value))
        unit = f" {told['unit']}" if told["unit"] else ""
        when = style.clock(start, float(t_s[row]))
        title = f"“{name}”: {told['watches']} is at most {value[row]:.3g}{unit}, at {when}"
    with mpl.rc_context(style.RC):
        axes = chart()
        axes.plot(t_s, value, color=style.LIGHT["accent"], drawstyle="steps-post", zorder=3)
        for level, at in told["at"].items():
            axes.axhline(at, color=style.LIGHT["second"], lw=1.0, ls="--", zorder=2)
            axes.annotate(
                level, (1.0, at), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=style.SMALL_PT
            )
        highest = max([*told["at"].values(), *value[known].tolist()])
        axes.set_ylim(0, 1.12 * highest)
        if not told["unit"]:
            axes.locator_params(axis="y", integer=True)  # an index
        for begin_s, end_s in _in_force(t_s, (seen["level"] != "none").to_numpy()):
            axes.axvspan(begin_s, end_s, color=style.LIGHT["rule"], lw=0, zorder=0)
        axes.set_ylabel(", ".join(filter(None, (told["watches"], told["unit"]))))
        clock_axis(axes, t_s, start)
        key = f"warning-{style.plain(name)}"
        note = "What counted at each look, levels as dashed lines; grey where a level was in force. No line: not known."
        return Picture(key, title, note, to_svg(figure_of(axes), key, title))


def _in_force(t_s: np.ndarray[Any, np.dtype[np.float64]], held: np.ndarray[Any, np.dtype[np.bool_]]) -> list[Any]:
    """From when to when some level was in force."""
    change = np.diff(np.concatenate([[False], held, [False]]).astype(int))
    first, last = np.flatnonzero(change > 0), np.minimum(np.flatnonzero(change < 0), t_s.size - 1)
    return list(zip(t_s[first].tolist(), t_s[last].tolist(), strict=True))
