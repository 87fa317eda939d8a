"""
A YAML file as a tree whose every key and value knows its line and column.

YAML 1.2 by ruamel.yaml: `on`, `no` and `010` are not turned into other values. Only the composer is
used (text to nodes); the nodes become plain values here, since keeping comments, as ruamel's
round-trip loader does, takes seconds with 2,000 operators.

Rule 1: a key given twice is a mistake.
Rule 2: dates stay text here; the models read them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from ekc_telephony.settings.errors import Mistake, SettingsError
from ekc_telephony.settings.values import WrittenInt

Step: TypeAlias = str | int
Location: TypeAlias = tuple[Step, ...]
"""The way from the root: keys and indexes."""

EVERY: Final = "*"
_DEEPEST: Final = 20
_TRUE: Final = frozenset({"true", "True", "TRUE"})


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands in the file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One value of the tree."""

    location: Location
    written: str
    """As it stands in the file; of a list or a block, an empty text."""


class Document:
    """
    The tree of one file.

    Args:
        file: Where it was read from; stands in every mistake.
        text: All of it.
        plain: The content as dicts, lists and scalars.
        values: Where each value begins.
        keys: Where the key of each value in a block begins.
        written: The spelling of each scalar.
    """

    def __init__(
        self,
        *,
        file: Path,
        text: str,
        plain: object,
        values: Mapping[Location, Position],
        keys: Mapping[Location, Position],
        written: Mapping[Location, str],
    ) -> None:
        self.file = file
        self.text = text
        self.plain = plain
        self._values = values
        self._keys = keys
        self._written = written

    def mistake(
        self, location: Location, *, found: str, expected: str, advice: str, at_key: bool = False
    ) -> Mistake:
        """Return a mistake at the deepest place that exists along `location`."""
        position = self.position(location, at_key=at_key)
        return Mistake(
            file=self.file,
            line=position.line,
            column=position.column,
            found=found,
            expected=expected,
            advice=advice,
        )

    def position(self, location: Location, *, at_key: bool = False) -> Position:
        """Return the deepest place that exists along `location`."""
        places = [self._keys, self._values] if at_key else [self._values]
        position = next((place[location] for place in places if location in place), None)
        while position is None:
            location = location[:-1]
            position = self._values.get(location) or (Position(1, 1) if not location else None)
        return position

    def spelling(self, location: Location) -> str | None:
        """Return how the scalar there is written, or None when there is none."""
        return self._written.get(location)

    def has(self, location: Location) -> bool:
        """Tell whether the file has a value or a key there."""
        return location in self._values

    def length(self, location: Location) -> int:
        """Return how many items the list or block there has; 0 when it is neither."""
        found = next((value for _, value in _walk(self.plain, location, ())), None)
        return len(found) if isinstance(found, list | dict) else 0

    def keys_under(self, pattern: Location) -> Iterator[Found]:
        """Yield every key of the blocks that `pattern` leads to."""
        for location, block in _walk(self.plain, pattern, ()):
            if isinstance(block, dict):
                for key in block:
                    yield Found(location=(*location, key), written=str(key))

    def scalars_at(self, pattern: Location) -> Iterator[Found]:
        """Yield every scalar that `pattern` leads to; `EVERY` stands for any key or index."""
        for location, _ in _walk(self.plain, pattern, ()):
            if (written := self._written.get(location)) is not None:
                yield Found(location=location, written=written)


def read_document(file: Path, *, text: str | None = None) -> Document:
    """
    Read `file`.

    Args:
        file: Where it is, or was.
        text: What it said, when it is not to be read again.

    Raises:
        SettingsError: It is not there, is no UTF-8, is no YAML, or gives a key twice.
    """
    text = _read_text(file) if text is None else text
    root = _compose(file, text)
    reader = _Reader(file)
    plain = reader.read(root, ()) if root is not None else {}
    if not isinstance(plain, dict):
        reader.mistakes.append(
            _mistake(
                file,
                Position(1, 1),
                found="something that is no block",
                expected="keys such as `node:`",
                advice="start from the project's sample",
            )
        )
    if reader.mistakes:
        raise SettingsError(reader.mistakes)
    return Document(
        file=file,
        text=text,
        plain=plain,
        values=reader.values,
        keys=reader.keys,
        written=reader.written,
    )


def _mistake(file: Path, at: Position, *, found: str, expected: str, advice: str) -> Mistake:
    return Mistake(
        file=file,
        line=at.line,
        column=at.column,
        found=found,
        expected=expected,
        advice=advice,
    )


def _read_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        found, expected = "no such file", "a configuration"
        advice, line = "start from the project's sample, or name your file with --config", 1
    except OSError as error:
        found, expected = error.strerror or type(error).__name__, "a readable file"
        advice, line = "check its permissions", 1
    except UnicodeDecodeError as error:
        found = f"a byte that is no UTF-8 (0x{error.object[error.start]:02x})"
        expected, advice = "text in UTF-8", "save the file as UTF-8"
        line = error.object[: error.start].count(b"\n") + 1
    raise SettingsError(
        [_mistake(file, Position(line, 1), found=found, expected=expected, advice=advice)]
    )


def _compose(file: Path, text: str) -> Node | None:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = "1.2"
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(mark.line + 1, mark.column + 1) if mark else Position(1, 1)
        found = error.problem or error.context or "broken YAML"
        advice = "check indentation, colons, quotes and brackets here and in the line above"
    except (YAMLError, RecursionError, ValueError) as error:
        found, at = (str(error) or type(error).__name__).splitlines()[0], Position(1, 1)
        advice = "remove what is no plain YAML"
    else:
        return node
    raise SettingsError([_mistake(file, at, found=found, expected="valid YAML 1.2", advice=advice)])


class _Reader:
    """Turns nodes into plain values and notes where each one stands."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.values: dict[Location, Position] = {}
        self.keys: dict[Location, Position] = {}
        self.written: dict[Location, str] = {}
        self.mistakes: list[Mistake] = []

    def read(self, node: Node, location: Location) -> object:
        """Return the plain value of `node`."""
        self.values[location] = _position(node)
        if len(location) > _DEEPEST:
            # An alias that contains itself would be followed for ever.
            self._complain(node, "blocks within blocks", "at most 20 levels", "remove the alias")
            return None
        match node:
            case MappingNode():
                return self._read_block(node, location)
            case SequenceNode():
                return [
                    self.read(item, (*location, index)) for index, item in enumerate(node.value)
                ]
            case ScalarNode():
                self.written[location] = node.value
                return _plain(node)
            case _:
                return None

    def _read_block(self, node: MappingNode, location: Location) -> dict[str, object]:
        block: dict[str, object] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, ScalarNode):
                self._complain(key_node, "a key that is no text", "a plain key", "write it as text")
                continue
            key = key_node.value
            if key in block:
                first = self.keys[(*location, key)].line
                found = f"the key {key} for the second time (first in line {first})"
                self._complain(key_node, found, "every key once", "remove or rename one of them")
                continue
            self.keys[(*location, key)] = _position(key_node)
            block[key] = self.read(value_node, (*location, key))
        return block

    def _complain(self, node: Node, found: str, expected: str, advice: str) -> None:
        self.mistakes.append(
            _mistake(self.file, _position(node), found=found, expected=expected, advice=advice)
        )


def _position(node: Node) -> Position:
    return Position(node.start_mark.line + 1, node.start_mark.column + 1)


def _plain(node: ScalarNode) -> object:
    match str(node.tag).rpartition(":")[2]:
        case "int":
            return _whole_number(str(node.value))
        case "float":
            try:
                return float(node.value)
            except ValueError:  # `.inf` and `.nan`: nothing here takes them
                return str(node.value)
        case "bool":
            return node.value in _TRUE
        case "null":
            return None
        case _:
            return str(node.value)


def _whole_number(written: str) -> object:
    # YAML 1.2: `010` is ten, `0o10` is eight. What is no number after all (`!!int x`) stays text.
    digits = written.replace("_", "")
    try:
        return WrittenInt.of(int(digits, 10 if digits.lstrip("+-").isdigit() else 0), written)
    except ValueError:
        return written


def _walk(
    value: object, pattern: Location, location: Location
) -> Iterator[tuple[Location, object]]:
    if not pattern:
        yield location, value
        return
    step, rest = pattern[0], pattern[1:]
    if isinstance(value, dict):
        inner = value.items() if step == EVERY else [(step, value[step])] if step in value else []
    elif isinstance(value, list):
        inner = [(at, item) for at, item in enumerate(value) if step in {EVERY, at}]
    else:
        inner = []
    for key, item in inner:
        yield from _walk(item, rest, (*location, key))
