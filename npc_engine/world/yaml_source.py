"""YAML as pack authors may write it: plain data, no surprises, and a place in the file for every value.

The reader walks PyYAML's events itself, so nothing is ever constructed from a tag, and stops at the first alias:
aliases let 500 bytes stand for millions of nodes. Plain words mean what YAML 1.2 says: only `true` and `false` are
booleans, so `no`, `on`, `12:30` and `2024-01-01` stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, NamedTuple, NoReturn, TypeVar, Union, get_args, get_origin

import msgspec
import yaml

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError

T = TypeVar("T")

_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLEANS = {"true": True, "false": False}
#: What YAML 1.1 and other habits take for a boolean. Where one is possible, such a word is a mistake, not a text.
_BOOLEAN_LOOKALIKES = ("true", "false", "yes", "no", "on", "off")
#: Text that no message could carry: NUL, and halves of surrogate pairs (an escape may name one).
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


class Position(NamedTuple):
    """A place in a file, both counted from 1."""

    line: int
    column: int


class Problem(NamedTuple):
    """One mistake in one file; its text form is the `file:line:column: what` that editors turn into a link."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class PackError(NpcError):
    """A pack that cannot be used, with all that is wrong with it, one problem a line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__(ErrorCode.PACK_INVALID, "\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Source:
    """A file's plain data, and where each value and key stands, by paths like `$.knowledge[0].text`."""

    file: str
    raw: bytes
    data: Any
    values: dict[str, Position] = field(default_factory=dict)
    keys: dict[str, Position] = field(default_factory=dict)

    def problem(self, path: str, message: str) -> Problem:
        """A problem with the value at `path`."""
        return Problem(self.file, *self.values[path], message)

    def key_problem(self, path: str, message: str) -> Problem:
        """A problem with the key that leads to `path`."""
        return Problem(self.file, *self.keys[path], message)


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice most like `name`, if any is like it."""
    matches = get_close_matches(name, list(choices), n=1)
    return matches[0] if matches else None


def did_you_mean(name: str, choices: Iterable[str]) -> str:
    """The end of an error message about an unknown name: the nearest choice, or all of them."""
    known = sorted(choices)
    match = nearest(name, known)
    if match is not None:
        return f"did you mean `{match}`?"
    return f"known: {', '.join(known)}" if known else "there are none"


def read_yaml(path: Path) -> Source:
    """Read a file of at most `limits.PACK_FILE_BYTES`. Raises PackError with one problem."""
    try:
        with path.open("rb") as file:
            raw = file.read(limits.PACK_FILE_BYTES + 1)
    except OSError as error:
        raise PackError([Problem(str(path), 1, 1, f"cannot be read: {error.strerror}")]) from error
    return parse_yaml(raw, str(path))


def parse_yaml(raw: bytes, file: str) -> Source:
    """Parse one document; `file` is its name in messages. Raises PackError with one problem."""
    if len(raw) > limits.PACK_FILE_BYTES:
        raise PackError([Problem(file, 1, 1, f"larger than {limits.PACK_FILE_BYTES} bytes")])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = _position_at(raw[: error.start].decode("utf-8", "replace"))
        raise PackError([Problem(file, *where, "not UTF-8 text")]) from error
    return _Reader(text, raw, file).read()


def convert(source: Source, type_: type[T]) -> tuple[T | None, list[Problem]]:
    """The file's data as a `type_`, or None and everything that is wrong with it."""
    problems = list(_mismatches(source, source.data, type_, "$"))
    if problems:
        return None, problems
    try:
        return msgspec.convert(source.data, type_), []
    except msgspec.ValidationError as error:  # a constraint on a whole list or map, which `_mismatches` passes over
        return None, [source.problem("$", _plain_words(str(error)))]


def read_folder(folder: Path, type_: type[T], problems: list[Problem]) -> Iterator[tuple[Path, Source, T]]:
    """Every `.yaml` file of the folder as a `type_`, in the order of their names. What is wrong with a file is added to
    `problems`, and the file left out."""
    for path in sorted(folder.glob("*.y*ml")):
        if path.suffix != ".yaml":
            problems.append(Problem(str(path), 1, 1, "not read: its name must end in .yaml"))
            continue
        try:
            source = read_yaml(path)
        except PackError as error:
            problems += error.problems
            continue
        file, mistakes = convert(source, type_)
        problems += mistakes
        if file is not None:
            yield path, source, file


class _Reader:
    """One document from PyYAML's events. Recursion is bounded by `limits.PACK_DEPTH`."""

    def __init__(self, text: str, raw: bytes, file: str) -> None:
        self._text = text
        self._source = Source(file, raw, None)

    def read(self) -> Source:
        try:
            data = self._document()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = _position(mark) if mark else Position(1, 1)
            self._fail(where, _syntax(error.problem or str(error)))
        except yaml.reader.ReaderError as error:
            self._fail(_position_at(self._text[: error.position]), "a control character, which no text may hold")
        except (ValueError, OverflowError):  # an escape or a version number that PyYAML takes on trust
            self._fail(_position(self._loader.get_mark()), "a number or an escape that means nothing")
        return replace(self._source, data=data)

    def _document(self) -> Any:
        self._loader: Any = yaml.SafeLoader(self._text)  # Any: its methods are not annotated
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            self._source.values["$"] = Position(1, 1)
            return None
        data = self._value(self._next(), "$", 1)
        self._next()  # the document's end
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            self._fail(_position(event.start_mark), "a second document; a file holds one")
        return data

    def _next(self) -> Any:
        return self._loader.get_event()

    def _value(self, event: Any, path: str, depth: int) -> Any:
        where = _position(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            self._fail(where, f"an alias (`*{event.anchor}`); write the value out")
        if event.anchor is not None:
            self._fail(where, f"an anchor (`&{event.anchor}`); a text that begins with & needs quotes")
        if event.tag is not None:
            self._fail(where, f"a tag (`{event.tag}`); a text that begins with ! needs quotes")
        self._source.values[path] = where
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, where)
        if depth > limits.PACK_DEPTH:
            self._fail(where, f"nested more than {limits.PACK_DEPTH} deep")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._mapping(path, depth)

    def _sequence(self, path: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, f"{path}[{len(items)}]", depth + 1))
        return items

    def _mapping(self, path: str, depth: int) -> dict[str, Any]:
        items: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            where = _position(event.start_mark)
            key = self._value(event, f"{path}.?", depth + 1)
            del self._source.values[f"{path}.?"]
            if not isinstance(key, str):
                self._fail(where, "a key that is not text; put quotes around it")
            if key in items:
                first = self._source.keys[f"{path}.{key}"]
                self._fail(where, f"duplicate key `{key}`; it already stands in line {first.line}")
            self._source.keys[f"{path}.{key}"] = where
            items[key] = self._value(self._next(), f"{path}.{key}", depth + 1)
        return items

    def _scalar(self, event: yaml.ScalarEvent, where: Position) -> str | int | float | bool | None:
        text: str = event.value
        if event.style is not None:  # quoted or a block: always text
            if _UNSENDABLE.search(text):
                self._fail(where, "an escape for a character that no text may hold")
            return text
        if text in _NULLS:
            return None
        if text in _BOOLEANS:
            return _BOOLEANS[text]
        if not _FLOAT.fullmatch(text):
            return text
        number = float(text)
        if abs(number) >= limits.INTEGER_MAX:
            self._fail(where, f"a number beyond {limits.INTEGER_MAX}; put quotes around it if it is a text")
        if _INT.fullmatch(text):
            return int(text)
        # A leading zero (007) is not a number in YAML 1.2's JSON schema, and hardly meant as one.
        return text if re.match(r"[-+]?0[0-9]", text) else number

    def _fail(self, where: Position, message: str) -> NoReturn:
        raise PackError([Problem(self._source.file, *where, message)])


def _position(mark: Any) -> Position:
    return Position(mark.line + 1, mark.column + 1)


def _position_at(before: str) -> Position:
    """Where the character after `before` stands."""
    return Position(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)


def _syntax(problem: str) -> str:
    if r"'\t'" in problem:
        return "a tab; YAML is indented with spaces"
    return problem


def _mismatches(source: Source, value: Any, type_: Any, path: str) -> Iterable[Problem]:
    """Where `value` differs from `type_`. msgspec stops at the first mistake; an author wants to see all of them."""
    bare = get_args(type_)[0] if get_origin(type_) is Annotated else type_
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct) and isinstance(value, dict):
        fields = {each.encode_name: each for each in msgspec.structs.fields(bare)}
        for key, item in value.items():
            if key in fields:
                yield from _mismatches(source, item, fields[key].type, f"{path}.{key}")
            else:
                yield source.key_problem(f"{path}.{key}", f"unknown key `{key}`; {did_you_mean(key, fields)}")
        misspelt = {nearest(key, fields) for key in value if key not in fields}
        for key in fields:
            if fields[key].required and key not in value and key not in misspelt:
                yield source.problem(path, f"`{key}` is missing")
    elif get_origin(bare) is list and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _mismatches(source, item, get_args(bare)[0], f"{path}[{index}]")
    elif get_origin(bare) is dict and isinstance(value, dict):
        key_type, item_type = get_args(bare)
        for key, item in value.items():
            if (message := _leaf_mismatch(key, key_type)) is not None:
                yield source.key_problem(f"{path}.{key}", message)
            yield from _mismatches(source, item, item_type, f"{path}.{key}")
    elif (message := _leaf_mismatch(value, type_)) is not None:
        yield source.problem(path, message)


def _leaf_mismatch(value: Any, type_: Any) -> str | None:
    if isinstance(value, str) and value.lower() in _BOOLEAN_LOOKALIKES and _takes_boolean(type_):
        return f"`{value}` is a text; write true or false"
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        return _plain_words(str(error))
    return None


def _takes_boolean(type_: Any) -> bool:
    return type_ is bool or (get_origin(type_) in (Union, UnionType) and bool in get_args(type_))


def _plain_words(message: str) -> str:
    """msgspec's message for people who do not program."""
    for term, words in _PLAIN_WORDS.items():
        message = message.replace(term, words)
    if message.endswith(("got a whole number", "got a number", "got true or false")) and "expected text" in message:
        message += "; put quotes around it"
    return message


_PLAIN_WORDS = {
    "Expected": "expected",
    "`bool | int | float | str`": "true, false, a number or text",
    r"`str` matching regex '^[a-z][a-z0-9_]*\\Z'": "small letters, digits and underscores, beginning with a letter",
    r"`str` matching regex '^([01]?[0-9]|2[0-3]):[0-5][0-9]\\Z'": "a time like '18:30'",
    "`str` matching regex": "text that matches",
    "`str` of length": "text of length",
    "`str`": "text",
    "`int`": "a whole number",
    "`float`": "a number",
    "`bool`": "true or false",
    "`object`": "keys and values",
    "`array`": "a list",
    "`null`": "nothing",
}
