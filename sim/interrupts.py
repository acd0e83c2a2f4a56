"""Let Ctrl-C and a polite kill end a run in order, wherever in the program they arrive."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)
_asked = threading.Event()  # somebody asked the run to stop


def stop_on_signals() -> None:
    """Raise ``KeyboardInterrupt`` at the first signal, also where a shell started the run in the background.

    The first one counts: a second must not cut off the closing of the tables.
    """
    _asked.clear()

    def interrupt(number: int, frame: object) -> None:
        _asked.set()
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in SIGNALS:
        signal.signal(number, interrupt)


def stop_if_asked() -> None:
    """Raise ``KeyboardInterrupt`` where one was asked for and got lost.

    While numba compiles, Python may be called from compiled code, which swallows what is raised there.
    """
    if _asked.is_set():
        raise KeyboardInterrupt


@contextmanager
def errors_after_a_signal_are_its() -> Iterator[None]:
    """Take any error after a signal for its consequence: a compilation that is cut off fails later, in other words."""
    try:
        yield
    except Exception as error:
        if _asked.is_set():
            raise KeyboardInterrupt from error
        raise
