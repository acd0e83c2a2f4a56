"""Lead a rehearsal from a terminal, or from a file of commands.

On a terminal time passes while a picture of the moment is shown; Ctrl-C stops it, and the prompt takes commands again.
Elsewhere commands are read line by line, and the first that is wrong ends the rehearsal.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from ..scenarios.problems import InputError, Problem, describe
from .rehearse_commands import Commands
from .run_folder import plain

if TYPE_CHECKING:
    from rich.console import RenderableType

    from .rehearsal import Rehearsal

PICTURES_PER_S = 4.0
ALERTS_SHOWN, QUEUE_SHOWN = 8, 6


class Console:
    """The front of a rehearsal in a terminal."""

    def __init__(self, rehearsal: Rehearsal, *, as_json: bool = False) -> None:
        self._rehearsal, self._commands, self._as_json = rehearsal, Commands(rehearsal), as_json

    def talk(self) -> None:
        """Ask for commands until the rehearsal is finished."""
        click.echo(f"{self._commands.state().text}\nType help for all commands.")
        while True:
            try:
                line = input(f"{self._rehearsal.clock()} > ")
            except EOFError:
                return
            except KeyboardInterrupt:
                click.echo("\nType finish to end the rehearsal.", err=True)
                continue
            try:
                with self._ctrl_c_pauses():
                    if self._do(line):
                        return
            except InputError as error:
                click.echo(describe(error.problems), err=True)

    def follow(self, commands: TextIO, name: str) -> None:
        """Carry out the commands of a file one after the other.

        Raises
        ------
        InputError
            At the first that is wrong, with its line.
        """
        for number, line in enumerate(commands, 1):
            try:
                if self._do(line):
                    return
            except InputError as error:
                raise InputError(*_in_line(error, Path(name), number)) from error

    def _do(self, line: str) -> bool:
        """Carry a line out; whether the rehearsal is finished."""
        answer = self._commands.do(line)
        if answer.play is not None:
            self._play(*answer.play)
            answer = self._commands.state()
        if self._as_json:
            click.echo(json.dumps(plain({"command": line.strip(), **(answer.facts or {})}), ensure_ascii=False))
        elif answer.text:
            click.echo(answer.text)
        return answer.over

    def _play(self, speed: float, until_s: float) -> None:
        """Let time pass at a speed and show it; on no terminal as fast as it goes."""
        from rich.console import Console as Terminal
        from rich.live import Live

        terminal = Terminal(stderr=True)
        if not terminal.is_terminal:
            self._rehearsal.run_until(until_s)
            return
        with Live(self.picture(speed), console=terminal, auto_refresh=False, transient=True) as live:
            for moment_s in self._moments(speed, until_s):
                self._rehearsal.run_until(moment_s)
                live.update(self.picture(speed), refresh=True)

    def _moments(self, speed: float, until_s: float) -> Iterator[float]:
        """Moments to let time pass to, no sooner than they are due by the clock on the wall."""
        self._rehearsal.run_until(self._rehearsal.simulation.t_s)  # whatever paused it before
        from_s, begun_s = self._rehearsal.simulation.t_s, time.monotonic()
        moment_s = from_s
        while moment_s < until_s and not self._rehearsal.is_over:
            moment_s = min(moment_s + max(speed / PICTURES_PER_S, self._rehearsal.scenario.step_s), until_s)
            wait_s = begun_s + (moment_s - from_s) / speed - time.monotonic()
            if wait_s > 0.0:
                time.sleep(wait_s)
            if self._rehearsal.is_paused:
                return
            yield moment_s

    @contextmanager
    def _ctrl_c_pauses(self) -> Iterator[None]:
        before = signal.signal(signal.SIGINT, lambda number, frame: self._rehearsal.pause())
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def picture(self, speed: float) -> RenderableType:
        """The moment as one looks at it: clock, figures, what happened, what is to come."""
        from rich.columns import Columns
        from rich.console import Group
        from rich.panel import Panel
        from rich.table import Table
        from rich.text import Text

        state = self._rehearsal.state()
        figures = Table.grid(padding=(0, 2))
        for name, value in state["figures"].items():
            figures.add_row(name.replace("_", " "), Text(f"{value:,.0f}", justify="right"))
        queue = _lines(state["queue"][:QUEUE_SHOWN], "nothing is planned")
        told = [{**row, "text": f"{row['kind'].replace('_', ' ')}  {row['text']}"} for row in state["log"]]
        log = _lines(told[-ALERTS_SHOWN:], "nothing has happened")
        head = Text(f"{state['clock']}   {speed:g} times as fast as real time   Ctrl-C pauses", style="bold")
        above = Columns([Panel(figures, title="now"), Panel(queue, title="to come")])
        return Group(head, above, Panel(log, title="log"))


def _lines(rows: list[dict[str, Any]], otherwise: str) -> RenderableType:
    from rich.text import Text

    return Text("\n".join(f"{row['clock']}  {row['text']}" for row in rows) or otherwise)


def _in_line(error: InputError, file: Path, number: int) -> list[Problem]:
    return [Problem(file, number, found.key, found.value, found.text) for found in error.problems]


def rehearse(file: Path, out: Path, commands: Path | None, *, as_json: bool, **more: Any) -> Path:
    """Lead a rehearsal by a file of commands, by standard input, or by somebody at a terminal; returns its report.

    Whatever ends it early leaves a run folder that can be read, and gone on with. ``more`` are options of
    ``open_rehearsal``.

    Raises
    ------
    InputError
        When a file, the folder, or a command of a file is wrong.
    """
    from .progress import choose_progress
    from .rehearsal import open_rehearsal
    from .report import write_report

    progress = choose_progress()
    try:
        rehearsal = open_rehearsal(file, out, progress=progress, **more)
    finally:
        progress.close()
    console = Console(rehearsal, as_json=as_json)
    with rehearsal:
        if commands is not None:
            with commands.open(encoding="utf-8") as lines:
                console.follow(lines, str(commands))
        elif sys.stdin.isatty():
            console.talk()
        else:
            console.follow(sys.stdin, "standard input")
        rehearsal.finish()
    return write_report(out)
