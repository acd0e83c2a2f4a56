"""Read YAML so that every value remembers the file and the line where it was written."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .problems import NO_VALUE, Problem, shown_value

LARGEST_FILE_BYTES = 500_000  # the reader takes about 15 s for a megabyte
DEEPEST_LEVEL = 40
MOST_VALUES = 100_000  # after aliases are followed: what a YAML bomb exceeds
YAML_TAG = "tag:yaml.org,2002:"  # before the name of every type that YAML itself knows

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Written:
    """A value and the place where somebody wrote it; mappings and lists hold ``Written`` in turn."""

    value: Scalar | dict[str, Written] | list[Written]
    file: Path
    line: int  # of its key in a mapping, of its first character in a list; from 1
    row: int | None = None  # in the list where it was written, if others were left out of that since

    def plain(self) -> object:
        """The bare value; texts become ``WrittenText`` and so still know their folder."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return WrittenText.of(self.value, self.file.parent) if isinstance(self.value, str) else self.value

    def at(self, *path: str | int) -> Written:
        """The value under ``path``, or the innermost one around it where nothing is written there."""
        here = self
        for part in path:
            inner = here.child(part)
            if inner is None:
                break
            here = inner
        return here

    def child(self, part: str | int) -> Written | None:
        """The value under one key or index, None where there is none."""
        if isinstance(self.value, dict) and isinstance(part, str):
            return self.value.get(part)
        if isinstance(self.value, list) and isinstance(part, int) and 0 <= part < len(self.value):
            return self.value[part]
        return None

    def without(self, part: str | int) -> Written:
        """The mapping or list without one value; items of lists still know which they were."""
        if isinstance(self.value, dict):
            return replace(self, value={key: child for key, child in self.value.items() if key != part})
        assert isinstance(self.value, list)
        items = [replace(item, row=row if item.row is None else item.row) for row, item in enumerate(self.value)]
        return replace(self, value=[item for row, item in enumerate(items) if row != part])

    def having(self, part: str | int, inner: Written) -> Written:
        """The mapping or list with another value under a key, or under an index that is there."""
        if isinstance(self.value, dict):
            return replace(self, value=self.value | {str(part): inner})
        assert isinstance(self.value, list)
        return replace(self, value=[inner if row == part else child for row, child in enumerate(self.value)])

    def in_file(self, path: tuple[str | int, ...]) -> tuple[str | int, ...]:
        """A path as it was when nothing had been left out of lists."""
        here: Written | None = self
        found: list[str | int] = []
        for part in path:
            here = here.child(part) if here is not None else None
            found.append(part if here is None or here.row is None else here.row)
        return tuple(found)

    def problem(self, path: tuple[str | int, ...], text: str) -> Problem:
        """A problem with the value under ``path``; without value where nothing is written there."""
        place: Written | None = self
        for part in path:
            place = place.child(part) if place is not None else None
        around, key = self.at(*path), key_text(self.in_file(path))
        return Problem(around.file, around.line, key, NO_VALUE if place is None else strip_text(place.plain()), text)


class WrittenText(str):
    """A text that knows the folder of the file it was written in, so that a path in it can be followed."""

    folder: Path

    @classmethod
    def of(cls, text: str, folder: Path) -> WrittenText:
        """``text`` as written in a file that lies in ``folder``."""
        made = cls(text)
        made.folder = folder
        return made


def as_written(value: object) -> Written:
    """A plain value as if it had been written in a file without lines."""
    nowhere = Path()
    if isinstance(value, dict):
        return Written({str(key): as_written(child) for key, child in value.items()}, nowhere, 0)
    if isinstance(value, (list, tuple)):
        return Written([as_written(child) for child in value], nowhere, 0)
    plain: Scalar = value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
    return Written(str(plain) if isinstance(plain, WrittenText) else plain, nowhere, 0)


def strip_text(value: object) -> object:
    """A plain value in which every text is an ordinary ``str``."""
    if isinstance(value, dict):
        return {str(key): strip_text(child) for key, child in value.items()}
    if isinstance(value, list):
        return [strip_text(child) for child in value]
    return str(value) if isinstance(value, WrittenText) else value


def key_text(path: tuple[str | int, ...]) -> str:
    """``("events", 0, "link")`` as people write it: ``events[0].link``; keys that are no words in quotes."""
    text = ""
    for part in path:
        word = part if isinstance(part, str) and re.fullmatch(r"[\w<][\w/:<-]*", part) else shown_value(part)
        text += f"[{part}]" if isinstance(part, int) else f".{word}" if text else word
    return text


def read_yaml(file: Path) -> tuple[Written | None, list[Problem]]:
    """Read a YAML file whose outermost value is a mapping.

    Returns
    -------
    The mapping (None where the file cannot be used at all) and every problem of the file as YAML: what can still be
    read in spite of a problem (a duplicate key, a forbidden tag) is read, so that later checks find the rest at once.
    """
    text, problems = _read_text(file)
    return (None, problems) if text is None else parse_yaml(text, file)


def parse_yaml(text: str, file: Path) -> tuple[Written | None, list[Problem]]:
    """Parse YAML text as ``read_yaml`` does; ``file`` is where problems say it stands."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    reader = _shallow_reader()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a reused anchor: allowed, the last one counts
            root = reader.compose(text)
    except _TooDeep as error:
        return None, [Problem(file, error.line, "", NO_VALUE, _too_deep())]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        return None, [Problem(file, None if mark is None else mark.line + 1, "", NO_VALUE, _syntax(error))]
    except (YAMLError, ValueError, AttributeError, TypeError) as error:  # ruamel's own slips on odd input too
        return None, [_whole(file, f"is not valid YAML: {' '.join(str(error).split())[:120]}")]
    if root is None:
        return None, [_whole(file, "is empty. A scenario starts with `citytwin: 1`.")]
    conversion = _Conversion(file, reader)
    try:
        tree = conversion.convert(root, (), root.start_mark.line + 1)
    except _Unusable as error:
        return None, [*conversion.problems, Problem(file, error.line, error.key, NO_VALUE, str(error))]
    if not isinstance(tree.value, dict):
        shown = f"is a {'list' if isinstance(tree.value, list) else 'single value'}, not a mapping of keys to values."
        return None, [*conversion.problems, Problem(file, tree.line, "", NO_VALUE, shown)]
    return tree, conversion.problems


def _read_text(file: Path) -> tuple[str | None, list[Problem]]:
    try:
        if not file.exists():
            return None, [_whole(file, "no such file.")]
        if file.is_dir():
            return None, [_whole(file, "is a folder, not a scenario file.")]
        size = file.stat().st_size
        if size > LARGEST_FILE_BYTES:
            said = f"has {size / 1e6:.1f} MB; a scenario file may have {LARGEST_FILE_BYTES / 1e6:g} MB."
            return None, [_whole(file, f"{said} Put tables (trips, counts) into files of their own and name them.")]
        data = file.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return None, [_whole(file, f"cannot be read: {reason}.")]
    if data.startswith(b"\x1f\x8b"):
        return None, [_whole(file, "is compressed (gzip): a scenario file is plain text. Is it a city's streets?")]
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None, [_whole(file, "is UTF-16 text. Save it as UTF-8.")]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        said = f"is not UTF-8 text (byte 0x{data[error.start]:02X}). Save the file as UTF-8."
        return None, [Problem(file, line, "", NO_VALUE, said)]
    for number, row in enumerate(text.split("\n"), start=1):
        odd = next((letter for letter in row if letter < " " and letter not in "\t\r"), None)
        if odd is not None:
            said = f"holds the control character U+{ord(odd):04X}: not a text file?"
            return None, [Problem(file, number, "", NO_VALUE, said)]
    return text, []


class _TooDeep(Exception):
    """Nested deeper than any scenario: found before the rest is read, which could take for ever."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


def _shallow_reader() -> Any:
    """A YAML reader that stops at ``DEEPEST_LEVEL``."""
    from ruamel.yaml import YAML
    from ruamel.yaml.composer import Composer

    class ShallowComposer(Composer):
        depth = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.depth > DEEPEST_LEVEL:
                raise _TooDeep(self.parser.peek_event().start_mark.line + 1)
            self.depth += 1
            try:
                return super().compose_node(parent, index)
            finally:
                self.depth -= 1

    reader = YAML(typ="safe", pure=True)
    reader.Composer = ShallowComposer
    return reader


class _Unusable(Exception):
    """The file as a whole cannot be used."""

    def __init__(self, text: str, line: int, key: str = "") -> None:
        super().__init__(text)
        self.line, self.key = line, key


class _Conversion:
    """From ruamel's nodes to ``Written``, with the problems met on the way."""

    def __init__(self, file: Path, reader: Any) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._constructor = reader.constructor
        self._values = 0
        self._inside: set[int] = set()

    def convert(self, node: object, path: tuple[str | int, ...], line: int) -> Written:
        """``node`` and all below it; ``line`` is where its key stands."""
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        self._values += 1
        if self._values > MOST_VALUES:
            said = f"holds more than {MOST_VALUES:,} values once its aliases (*name) are followed: a YAML bomb?"
            raise _Unusable(said, line)
        if len(path) > DEEPEST_LEVEL:
            raise _Unusable(_too_deep(), line)
        if isinstance(node, ScalarNode):
            return Written(self._scalar(node, path, line), self.file, line)
        if id(node) in self._inside:
            raise _Unusable("contains itself through an alias (*name).", line, key_text(path))
        self._inside.add(id(node))
        try:
            if isinstance(node, MappingNode):
                self._check_tag(node.tag, "map", path, line)
                return Written(dict(self._entries(node, path)), self.file, line)
            assert isinstance(node, SequenceNode)
            self._check_tag(node.tag, "seq", path, line)
            items = [self.convert(item, (*path, row), item.start_mark.line + 1) for row, item in enumerate(node.value)]
            return Written(items, self.file, line)
        finally:
            self._inside.discard(id(node))

    def _entries(self, node: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str, Written]]:
        from ruamel.yaml.nodes import ScalarNode

        first_line: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._report(path, line, "has a key that is a list or a mapping: keys are words.")
                continue
            key = self._whole_characters(str(key_node.value), path, line)
            if str(key_node.tag).endswith(":merge"):
                self._report((*path, key), line, "merge keys are not read. Inherit a whole file with `base:` instead.")
                continue
            value = self.convert(value_node, (*path, key), line)
            if not str(key_node.tag).endswith(":str"):
                self._report((*path, key), line, "is not a word: put the key in quotes.")
            if key in first_line:
                said = f"is written twice (first in line {first_line[key]}). Keep one."
                self.problems.append(Problem(self.file, line, key_text((*path, key)), strip_text(value.plain()), said))
                continue
            first_line[key] = line
            yield key, value

    def _scalar(self, node: Any, path: tuple[str | int, ...], line: int) -> Scalar:
        tag = str(node.tag)
        text = str(node.value)
        kind = tag.removeprefix(YAML_TAG)
        if kind in ("str", "timestamp", "value", "merge"):  # dates stay texts: the model says what they must be
            return self._whole_characters(text, path, line)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return bool(self._constructor.construct_yaml_bool(node))
            if kind == "int":
                return int(self._constructor.construct_yaml_int(node))
            if kind == "float":
                return float(self._constructor.construct_yaml_float(node))
        except (ValueError, KeyError, IndexError, TypeError):
            self._report(path, line, f"{shown_value(text)} cannot be read as {kind}.")
            return text
        self._check_tag(tag, "str", path, line)
        return text

    def _whole_characters(self, text: str, path: tuple[str | int, ...], line: int) -> str:
        """The text with escaped surrogates joined, as JSON writes rare characters; a lone one is a problem."""
        if not any("\ud800" <= letter <= "\udfff" for letter in text):
            return text
        try:
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            self._report(path, line, "holds half a character: write it out instead of escaping it.")
            return text.encode("utf-8", "replace").decode()

    def _check_tag(self, tag: object, kind: str, path: tuple[str | int, ...], line: int) -> None:
        if str(tag) != f"{YAML_TAG}{kind}":
            self._report(
                path,
                line,
                f"the tag {shown_value(str(tag).removeprefix(YAML_TAG))} is not allowed: write plain values.",
            )

    def _report(self, path: tuple[str | int, ...], line: int, text: str) -> None:
        self.problems.append(Problem(self.file, line, key_text(path), NO_VALUE, text))


def _syntax(error: object) -> str:
    """What ruamel found, in words that tell what to do."""
    said = str(getattr(error, "problem", None) or getattr(error, "context", None) or "not valid YAML")
    start = getattr(error, "context_mark", None)
    opened = "" if start is None else f" It was opened in line {start.line + 1}."
    if "\\t" in said or "\t" in said:
        return "a tab is used for indentation. Use spaces."
    if "mapping values are not allowed" in said:
        return "a second `:` in one line, or wrong indentation. Put texts with a colon in quotes."
    if "another document" in said:
        return "a second document starts here (`---`): one scenario a file."
    if "end of stream while" in said or "while scanning a quoted scalar" in str(getattr(error, "context", "")):
        return f"a quote is not closed.{opened}"
    if said.startswith("expected ',' or"):
        return f"a bracket is not closed.{opened}"
    if said.startswith("expected <block end>"):
        return "wrong indentation, or a quote that is not closed above."
    if "that cannot start any token" in said:
        return "a text that starts with a character YAML reserves. Put it in quotes."
    if "undefined alias" in said:
        return f"{said}: write &name at the value that is meant."
    return f"is not valid YAML: {said}."


def _too_deep() -> str:
    return f"is nested more than {DEEPEST_LEVEL} levels deep: a YAML bomb?"


def _whole(file: Path, text: str) -> Problem:
    return Problem(file, None, "", NO_VALUE, text)
