"""Read SUMO's XML files element by element, with the line of each, and collect what is wrong with them."""

from __future__ import annotations

import gzip
import math
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat

from .problems import NO_VALUE, Problem, closest_file

CHUNK_BYTES = 1 << 18
SHOWN = 10  # problems of one kind before they are summed up
CUT_OFF = [
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
]
OF_OTHER_FILES = ("net", "configuration", "sumoConfiguration", "osm", "html")
WORDS = {"true": True, "yes": True, "on": True, "x": True, "1": True, "t": True}


@dataclass(slots=True)
class Node:
    """One element: its attributes, its first line and the elements in it. Text between elements means nothing."""

    tag: str
    attributes: Mapping[str, str]
    line: int
    children: list[Node] = field(default_factory=list)

    def get(self, name: str, default: str = "") -> str:
        """An attribute as it was written."""
        return self.attributes.get(name, default)

    def all(self, *tags: str) -> Iterator[Node]:
        """The elements in it that have one of these tags."""
        return (child for child in self.children if child.tag in tags)


class NotWhole(Exception):
    """A file that cannot be read on; its problem has been noted."""


@dataclass(slots=True)
class SumoFile:
    """One XML file and everything that is wrong with it."""

    path: Path
    _found: dict[str, list[Problem]] = field(default_factory=dict)
    _count: Counter[str] = field(default_factory=Counter)
    attributes: Mapping[str, str] = field(default_factory=dict)  # of the outermost element, once it has been read

    def __bool__(self) -> bool:
        """Whether nothing is wrong so far."""
        return not self._found

    def elements(self, *roots: str) -> Iterator[Node]:
        """The elements below the outermost one, each whole, while the file is being read.

        Parameters
        ----------
        *roots
            What the outermost element may be called. Without, it is of no importance, as in SUMO itself: it may even
            be the only element, but not that of a net or a configuration.

        Raises
        ------
        NotWhole
            The file is missing, cut off, no XML, or of another kind; noted as a problem.
        """
        reading = _Reading(self, roots)
        try:
            with _opened(self.path) as file:
                while chunk := file.read(CHUNK_BYTES):
                    reading.parser.Parse(chunk, False)
                    yield from reading.take()
                reading.parser.Parse(b"", True)
            yield from reading.take()
        except expat.ExpatError as error:
            cure = "Was it cut off? Copy it again." if error.code in CUT_OFF else "Repair it, or write it again."
            said = f"is not whole XML ({expat.ErrorString(error.code)}). {cure}"
            self.complain(None, "", NO_VALUE, said, line=error.lineno or None)
            raise NotWhole from error
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            self.complain(None, "", NO_VALUE, f"is not a whole gzip file ({error}). Copy it again.")
            raise NotWhole from error
        except FileNotFoundError as error:
            self.complain(None, "", NO_VALUE, f"no such file.{closest_file(self.path)}")
            raise NotWhole from error
        except (OSError, ValueError) as error:
            self.complain(None, "", NO_VALUE, f"cannot be read: {getattr(error, 'strerror', None) or error}.")
            raise NotWhole from error

    def complain(self, node: Node | None, key: str, value: object, text: str, *, line: int | None = None) -> None:
        """Note a problem; of many with the same key and nature only the first are kept, then how many there are.

        ``key`` is the name of an attribute, or "" for the element as a whole.
        """
        where = node.tag if node is not None else ""
        if node is not None and node.get("id"):
            where += f'[id="{node.get("id")}"]'
        full = ".".join(part for part in (where, key) if part)
        alike = f"{node.tag if node is not None else ''} {key} {text.split('.', maxsplit=1)[0][:24]}"
        self._count[alike] += 1
        if self._count[alike] <= SHOWN:
            at = node.line if node is not None else line
            self._found.setdefault(alike, []).append(Problem(self.path, at, full, value, text))

    def problems(self) -> list[Problem]:
        """All of them."""
        result: list[Problem] = []
        for alike, found in self._found.items():
            result += found
            more = self._count[alike] - len(found)
            if more > 0:
                said = f"and {more:,} more with the same problem."
                result.append(Problem(self.path, found[-1].line, alike.split(" ")[0], NO_VALUE, said))
        return result

    def text(self, node: Node, name: str) -> str:
        """An attribute that must be there; "" and a problem where it is not."""
        value = node.get(name)
        if not value:
            self.complain(node, name, node.attributes.get(name, NO_VALUE), "is missing.")
        return value

    def number(
        self, node: Node, name: str, default: float | None = None, *, low: float = -math.inf, high: float = math.inf
    ) -> float:
        """An attribute as a number in ``low``..``high``; NaN and a problem where it is none.

        Without a ``default`` it must be there.
        """
        written = node.get(name)
        if not written:
            if default is not None:
                return default
            self.complain(node, name, node.attributes.get(name, NO_VALUE), "is missing: give a number.")
            return math.nan
        try:
            value = float(written)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            self.complain(node, name, written, "is not a number.")
            return math.nan
        if not low <= value <= high:
            text = f"must be at least {low:g}." if value < low else f"must be at most {high:g}."
            self.complain(node, name, written, text)
            return math.nan
        return value

    def integer(self, node: Node, name: str, default: int | None = None, *, low: int = 0) -> int:
        """An attribute as a whole number from ``low`` on; -1 and a problem where it is none."""
        value = self.number(node, name, None if default is None else float(default), low=low)
        if math.isnan(value):
            return -1
        if value != int(value):
            self.complain(node, name, node.get(name), "must be a whole number.")
            return -1
        return int(value)

    def seconds(self, node: Node, name: str, default: float | None = None) -> float:
        """An attribute as a time, s: a number, or ``h:m:s`` or ``d:h:m:s``."""
        written = node.get(name)
        if ":" not in written:
            return self.number(node, name, default)
        value = clock_s(written)
        if math.isnan(value):
            self.complain(node, name, written, "is no time: write seconds or h:m:s.")
        return value


def clock_s(written: str) -> float:
    """Seconds of ``h:m:s`` or ``d:h:m:s``; NaN where it is neither."""
    parts = written.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return math.nan
    if len(numbers) not in (3, 4):
        return math.nan
    value = 0.0
    for number, times in zip(reversed(numbers), (1.0, 60.0, 3600.0, 86_400.0), strict=False):
        value += number * times
    return value


def truth(written: str) -> bool:
    """Whether an attribute says yes."""
    return WORDS.get(written.strip().casefold(), False)


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path, "rb")) if packed else path.open("rb")


class _Reading:
    """Builds elements while the parser goes on."""

    def __init__(self, file: SumoFile, roots: tuple[str, ...]) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._file, self._roots = file, roots
        self._open: list[Node] = []
        self._done: list[Node] = []
        self._depth = 0

    def take(self) -> list[Node]:
        """Elements that have become whole since the last time."""
        done, self._done = self._done, []
        return done

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 1:
            if tag in OF_OTHER_FILES if not self._roots else tag not in self._roots:
                wanted = f", not {' or '.join(f'<{name}>' for name in self._roots)}" if self._roots else ""
                said = f"is of another kind: its outermost element is <{tag}>{wanted}."
                self._file.complain(None, "", NO_VALUE, said, line=self.parser.CurrentLineNumber)
                raise NotWhole
            self._file.attributes = attributes
            if self._roots or tag != "tlLogic":
                return
        node = Node(tag, attributes, self.parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(node)
        self._open.append(node)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self._done.append(node)
