"""Writes a persona as the YAML its author would have written: plain words plain, long texts as folded blocks.

Only forms that the strict reader (`npc_engine.world.yaml_source`) takes are written, and every text that could be read
as something else (`no`, `12:30`, `~`, `# x`) stands in quotes. What a text editor could not show is escaped.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.world.persona import Persona

#: Longest line, if words allow.
WIDTH = 120
#: Joiners that scripts and emoji are spelt with, and the space of CJK; `str.isprintable` knows only ASCII's space.
_PRINTABLE = "\u200c\u200d\u3000"
#: Plain words that some YAML reader takes for a truth value or for nothing.
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_FLOW_MARKS = re.compile(r"[,\[\]{}:?]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}


def persona_yaml(persona: Persona) -> str:
    """The file of `persona`, without what is at its default. Texts must not hold NUL or lone surrogates."""
    parts = []
    for key, value in _told(persona).items():
        entry = dump({key: value})
        # As in a hand-written file, what fills several lines of its own stands apart.
        parts.append("\n" + entry if isinstance(value, dict | list) and entry.count("\n") > 1 else entry)
    return "".join(parts)


def persona_files(persona: Persona) -> dict[str, str]:
    """Texts by file name: the persona's file, and where that would be too large for the reader, a second one with what
    is in `extra`, as JSON. Changes `persona` in that case.

    Raises NpcError (CARD_INVALID) if the persona is too large even so.
    """
    text = persona_yaml(persona)
    if _fits(text):
        return {f"{persona.id}.yaml": text}
    aside = f"{persona.id}.extra.json"
    extra, persona.extra = persona.extra, {"file": aside}
    text = persona_yaml(persona)
    if not _fits(text):
        raise NpcError(ErrorCode.CARD_INVALID, "The card says more than a persona's file holds; shorten its texts.")
    return {f"{persona.id}.yaml": text, aside: json.dumps(extra, indent=2) + "\n"}


def dump(data: Mapping[str, Any]) -> str:
    """A mapping of plain data (texts, numbers, truth values, None, lists, mappings) as a YAML document."""
    return _mapping(data, 0)


def _fits(text: str) -> bool:
    return len(text.encode()) <= limits.PACK_FILE_BYTES


def _told(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields of a struct that say more than their defaults."""
    told = {}
    for each in msgspec.structs.fields(type(struct)):
        value = getattr(struct, each.name)
        default = each.default_factory() if each.default_factory is not msgspec.NODEFAULT else each.default
        if each.required or value != default:
            told[each.name] = _plain(value)
    return told


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return _told(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _mapping(data: Mapping[str, Any], indent: int) -> str:
    return "".join(f"{' ' * indent}{_word(key)}:{_value(value, indent)}" for key, value in data.items())


def _value(value: Any, indent: int) -> str:
    """What follows a colon or a dash, up to the line's end."""
    if isinstance(value, dict) and value:
        return "\n" + _mapping(value, indent + 2)
    if isinstance(value, list) and value:
        flow = _flow(value)
        if flow and indent + len(flow) <= WIDTH:
            return f" {flow}\n"
        return "\n" + "".join(f"{' ' * (indent + 2)}-{_item(item, indent + 2)}" for item in value)
    return f" {_scalar(value, indent + 2)}\n"


def _item(item: Any, indent: int) -> str:
    """A list's item after its dash; a mapping begins on the same line."""
    if isinstance(item, dict) and item:
        return " " + _mapping(item, indent + 2)[indent + 2 :]
    return _value(item, indent)


def _flow(items: list[Any]) -> str:
    """`[warm, shrewd]`, for items that are plain words and numbers; else empty."""
    if any(isinstance(item, dict | list) for item in items):
        return ""
    words = [_word(item) if isinstance(item, str) else _scalar(item, 0) for item in items]
    return "" if any(_FLOW_MARKS.search(word) or word.startswith('"') for word in words) else f"[{', '.join(words)}]"


def _scalar(value: Any, indent: int) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value, indent)
        case dict():
            return "{}"
        case list():
            return "[]"
    return repr(value)


def _text(text: str, indent: int) -> str:
    is_block = _is_block(text)
    if "\n" in text and is_block:
        lines = text.split("\n")
        if all(len(line) + indent <= WIDTH for line in lines):
            return "|-" + _indented(lines, indent)
    if is_block and ("\n" in text or len(text) + indent > WIDTH - 20):
        return ">-" + _indented(_folded(text, WIDTH - indent), indent)
    return _word(text)


def _word(text: str) -> str:
    """A text on one line: plain if it can only be read as itself, else in quotes."""
    return text if _is_plain(text) else '"' + "".join(map(_escaped, text)) + '"'


def _is_plain(text: str) -> bool:
    return (
        text[:1].isalpha()
        and text.lower() not in _WORDS
        and not text.endswith((" ", ":"))
        and ": " not in text
        and " #" not in text
        and all(map(_is_printable, text))
    )


def _is_block(text: str) -> bool:
    """Whether `text` can be a block of lines: nothing to escape, and no white space that folding would change."""
    if not text or text != text.strip("\n"):
        return False
    return all(
        line == line.strip(" ") and "  " not in line and all(map(_is_printable, line)) for line in text.split("\n")
    )


def _folded(text: str, width: int) -> Iterator[str]:
    """Lines of a folded block: a single break reads as a space, so a break in the text takes one more."""
    for number, line in enumerate(text.split("\n")):
        if number:
            yield ""
        yield from textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False)


def _indented(lines: Iterable[str], indent: int) -> str:
    return "".join("\n" + (" " * indent + line if line else "") for line in lines)


def _is_printable(character: str) -> bool:
    return character.isprintable() or character in _PRINTABLE


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if _is_printable(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
