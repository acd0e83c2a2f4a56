"""Tell the person at the keyboard how far a run is: a bar on a terminal, JSON lines elsewhere, or nothing."""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

LINE_EVERY_S = 5.0  # wall clock, between two JSON lines


class Progress(Protocol):
    """What a simulation reports while it works. ``close`` may be called twice."""

    def stage(self, text: str) -> None:
        """Say what is being done before or after the clock runs ("reading the network")."""

    def update(self, t_s: float, duration_s: float, active: int, real_time_factor: float) -> None:
        """Say where the simulated clock is, how many vehicles are under way, simulated per wall second."""

    def count(self, done: int, total: int, what: str) -> None:
        """Say how many of several runs are done."""

    def close(self) -> None:
        """Leave the terminal tidy."""


class Silent:
    """Say nothing."""

    def stage(self, text: str) -> None:
        """Say nothing."""

    def update(self, t_s: float, duration_s: float, active: int, real_time_factor: float) -> None:
        """Say nothing."""

    def count(self, done: int, total: int, what: str) -> None:
        """Say nothing."""

    def close(self) -> None:
        """Say nothing."""


class Bar:
    """A bar with simulated clock, vehicles under way, real-time factor and the time still to wait."""

    def __init__(self, start: dt.datetime | None = None) -> None:
        self._start = start
        self._bar: RichProgress | None = None
        self._text = "starting"

    def stage(self, text: str) -> None:
        """Show a line with a spinner until the clock runs."""
        self._text = text
        bar = self._show()
        bar.update(bar.task_ids[0], description=text)

    def update(self, t_s: float, duration_s: float, active: int, real_time_factor: float) -> None:
        """Move the bar."""
        bar = self._show()
        detail = f"{active:,} vehicles · {real_time_factor:,.0f}× real time".replace(",", "\N{NARROW NO-BREAK SPACE}")
        bar.update(
            bar.task_ids[0],
            description=clock(t_s, self._start),
            total=duration_s,
            completed=t_s,
            detail=detail,
        )

    def count(self, done: int, total: int, what: str) -> None:
        """Move the bar."""
        bar = self._show()
        bar.update(bar.task_ids[0], description=what, total=total, completed=done, detail=f"{done} of {total} runs")

    def close(self) -> None:
        """Stop drawing."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _show(self) -> RichProgress:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
            from rich.progress import Progress as RichProgress

            self._bar = RichProgress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[detail]}"),
                TimeElapsedColumn(),
                TextColumn("left"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._bar.add_task(self._text, total=None, detail="")
            self._bar.start()
        return self._bar


class JsonLines:
    """One JSON object per line on stderr, at most one every few seconds of wall time; every stage gets its line."""

    def __init__(self, stream: TextIO | None = None, every_s: float = LINE_EVERY_S) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._every_s = every_s
        self._last_s = -every_s
        self._begun_s = time.monotonic()

    def stage(self, text: str) -> None:
        """Write what is being done."""
        self._write({"stage": text})

    def update(self, t_s: float, duration_s: float, active: int, real_time_factor: float) -> None:
        """Write where the clock is, unless the last line is too young."""
        now_s = time.monotonic()
        if now_s - self._last_s < self._every_s:
            return
        self._last_s = now_s
        left_s = (duration_s - t_s) / real_time_factor if real_time_factor > 0 else None
        self._write(
            {
                "t_s": t_s,
                "duration_s": duration_s,
                "active": int(active),
                "real_time_factor": round(real_time_factor, 1),
                "eta_s": None if left_s is None else round(left_s, 1),
            }
        )

    def count(self, done: int, total: int, what: str) -> None:
        """Write how many runs are done, unless the last line is too young; the last run gets its line."""
        now_s = time.monotonic()
        if done < total and now_s - self._last_s < self._every_s:
            return
        self._last_s = now_s
        self._write({"runs_done": done, "runs": total, "what": what})

    def close(self) -> None:
        """Nothing to tidy."""

    def _write(self, line: dict[str, Any]) -> None:
        line["wall_s"] = round(time.monotonic() - self._begun_s, 1)
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()


def choose_progress(start: dt.datetime | None = None) -> Progress:
    """Pick the bar on a terminal and JSON lines elsewhere.

    Parameters
    ----------
    start
        Clock time at t = 0; without it the simulated clock counts from 0:00.
    """
    return Bar(start) if sys.stderr.isatty() else JsonLines()


def clock(t_s: float, start: dt.datetime | None = None) -> str:
    """Clock time at ``t_s`` seconds after the start, as ``07:15:30``.

    Examples
    --------
    >>> import datetime as dt
    >>> clock(930, dt.datetime(2026, 5, 4, 7, 0))
    '07:15:30'
    >>> clock(5400)
    '1:30:00'
    """
    if start is None:
        return str(dt.timedelta(seconds=int(t_s)))
    return (start + dt.timedelta(seconds=int(t_s))).strftime("%H:%M:%S")
