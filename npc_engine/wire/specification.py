"""The generated parts of `PROTOCOL.md`: tables and examples between markers in a text written by hand.

A part begins with `<!-- generated: NAME -->` and ends with `<!-- end -->`; what stands between is replaced.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Callable, Sequence
from enum import StrEnum
from inspect import cleandoc
from typing import Any

import msgspec

from npc_engine import limits
from npc_engine.errors import EXPLANATIONS, ErrorCode
from npc_engine.wire import codec, zmtp
from npc_engine.wire.examples import CLIENT_EXAMPLES, DAEMON_EXAMPLES
from npc_engine.wire.messages import (
    CLIENT_MESSAGES,
    DAEMON_MESSAGES,
    VERSIONS,
    Action,
    Emotion,
    Limits,
    Message,
    Reason,
    ServiceState,
    Source,
    Timing,
)
from npc_engine.wire.schema import schema

_PART = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_HEX_WIDTH = 96
#: The last code that is sent on the wire; those after it are the commands'.
_LAST_ON_WIRE = ErrorCode.INTERNAL


def fill(document: str) -> str:
    """The document with its generated parts made anew. Raises ValueError if it lacks a part or has one too many."""
    found = [match[2] for match in _PART.finditer(document)]
    if sorted(found) != sorted(_PARTS):
        raise ValueError(f"the generated parts are {sorted(found)}; they should be {sorted(_PARTS)}")
    return _PART.sub(lambda match: f"{match[1]}\n{_PARTS[match[2]]().strip()}\n\n{match[3]}", document)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# Messages


def _messages(types: tuple[type[Message], ...]) -> str:
    definitions = schema()["$defs"]
    examples = {name: message for name, message, _ in CLIENT_EXAMPLES + DAEMON_EXAMPLES}
    parts = []
    for message in types:
        tag = str(message.__struct_config__.tag)
        definition = definitions[message.__name__]
        example = codec.encode(examples[tag])
        parts += [
            f"### `{tag}`",
            " ".join(definition["description"].split()),
            _fields(definition),
            f"```\n{_readable(example)}\n\n{_hex(example)}\n```",
        ]
    return "\n\n".join(parts)


def _structs() -> str:
    definitions = schema()["$defs"]
    parts = []
    for struct in (Limits, Action, Timing):
        definition = definitions[struct.__name__]
        parts += [f"#### `{struct.__name__}`", definition["description"], _fields(definition)]
    return "\n\n".join(parts)


def _fields(definition: dict[str, Any]) -> str:
    rows = []
    for name, field in definition["properties"].items():
        if name == "t":
            continue
        inner = next((option for option in field.get("anyOf", []) if option.get("type") != "null"), field)
        required = name in definition["required"]
        meaning = inner.get("description") or _described(inner)
        rows.append((f"`{name}`", _kind(inner), "required" if required else _default(field["default"]), meaning))
    return _table(("Field", "Type", "Default", "Meaning"), rows)


def _described(field: dict[str, Any]) -> str:
    """A field without a word of its own takes its type's first sentence."""
    description = schema()["$defs"][field["$ref"].rsplit("/", 1)[1]]["description"]
    return str(description.partition("\n")[0])


def _kind(field: dict[str, Any]) -> str:
    if "$ref" in field:
        return f"`{field['$ref'].rsplit('/', 1)[1]}`"
    if "anyOf" in field:
        return "true, false, a number or text"
    match field["type"]:
        case "string":
            bounds = _between(field.get("minLength"), field.get("maxLength"), "code points")
            return "text" + bounds + (", no NUL" if "pattern" in field else "")
        case "integer":
            return "integer" + _range(field)
        case "number":
            return "number"
        case "boolean":
            return "true or false"
        case "array":
            bounds = _between(field.get("minItems"), field.get("maxItems"), "items")
            return "list" + (bounds + ", each " if bounds else " of ") + _kind(field["items"])
        case _:
            values = field.get("additionalProperties")
            return f"map of text to {_kind(values)}" if values else "map"


def _between(low: int | None, high: int | None, unit: str) -> str:
    if high is None:
        return ""
    return f", {low} to {high} {unit}" if low else f", up to {high} {unit}"


def _range(field: dict[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum", field.get("exclusiveMaximum", 0) - 1)
    if low is None or low < 0:
        return ""
    powers = {limits.INTEGER_MAX - 1: "2^53 − 1", (1 << 32) - 1: "2^32 − 1"}
    return f", {low} or more" if high < low else f", {low} to {powers.get(high, high)}"


def _default(value: Any) -> str:
    if value is None:
        return "absent"
    return "its defaults" if isinstance(value, dict) and value else f"`{json.dumps(value)}`"


def _readable(frame: bytes) -> str:
    text = json.dumps(msgspec.msgpack.decode(frame), ensure_ascii=False)
    return textwrap.fill(text, _HEX_WIDTH, break_long_words=False, break_on_hyphens=False)


def _hex(frame: bytes) -> str:
    return textwrap.fill(frame.hex(), _HEX_WIDTH)


# Values


def _values(values: type[StrEnum]) -> str:
    """A table of an enum's values, explained by the list in its docstring."""
    explained = dict(re.findall(r"^- `(\w+)`: (.+)$", cleandoc(values.__doc__ or ""), re.MULTILINE))
    if explained.keys() != {str(value) for value in values}:
        raise ValueError(f"the docstring of {values.__name__} does not explain each of its values")
    return _table(("Value", "Meaning"), [(f"`{value}`", explained[value]) for value in values])


def _emotions() -> str:
    return ", ".join(f"`{emotion}`" for emotion in Emotion)


def _versions() -> str:
    return f"This document describes version {', '.join(map(str, VERSIONS))}."


def _errors(*, on_wire: bool) -> str:
    codes = list(ErrorCode)
    split = codes.index(_LAST_ON_WIRE) + 1
    chosen = codes[:split] if on_wire else codes[split:]
    return _table(("Code", "What happened, and what to do"), [(f"`{code}`", EXPLANATIONS[code]) for code in chosen])


def _limits() -> str:
    rows: list[tuple[str, int | float, str]] = [
        ("Frame", limits.FRAME_BYTES, "bytes; a longer one ends the connection"),
        ("Frames of a message", limits.MESSAGE_FRAMES, "`bad_frame`"),
        ("Nesting the protocol needs", limits.NESTING, "levels; a decoder may refuse more"),
        ("Integers", limits.INTEGER_MAX - 1, "the largest absolute value to send, 2^53 − 1"),
        ("`say.text`", limits.TEXT_CHARS, "code points; `text_too_long`"),
        ("Names and ids", limits.NAME_CHARS, "code points; `bad_message`"),
        ("Shortest budget", limits.BUDGET_MIN_MS, "ms; `budget_out_of_range`"),
        ("Longest budget", limits.BUDGET_MAX_MS, "ms; `budget_out_of_range`"),
        ("Characters in a `warm`", limits.WARM_NPCS, "`bad_message`"),
        ("Requests in flight, one session", limits.CLIENT_REQUESTS, "`table_full`"),
        ("Requests in flight, whole daemon", limits.TABLE_REQUESTS, "`table_full`"),
        ("Sessions", limits.SESSIONS, "known at once; `table_full`"),
        ("A reply is kept", limits.REPLY_MEMORY_S, "seconds, for a resend"),
        ("Replies kept", limits.REPLY_MEMORY, "whole daemon; the oldest goes first"),
        ("A line waits for `spoken`", limits.PENDING_TURN_S, "seconds, then it is memory"),
        ("Queue for a client that does not read", limits.OUTBOX_BYTES, "bytes; updates are dropped, then the client"),
        ("Heartbeat", limits.HEARTBEAT_MS, "ms"),
        ("Silence", limits.CLIENT_SILENCE_MS, "ms, then the connection is forgotten"),
    ]
    return _table(("Bound", "Value", "Unit, and what happens beyond"), [(a, f"{b:,.0f}", c) for a, b, c in rows])


def _handshake() -> str:
    steps = [f"{step['name']}: {step['about']}\n{textwrap.fill(step['hex'], _HEX_WIDTH)}" for step in zmtp.handshake()]
    return "```\n" + "\n\n".join(step for step in steps if not step.startswith("long-message")) + "\n```"


_PARTS: dict[str, Callable[[], str]] = {
    "versions": _versions,
    "handshake": _handshake,
    "sources": lambda: _values(Source),
    "reasons": lambda: _values(Reason),
    "states": lambda: _values(ServiceState),
    "emotions": _emotions,
    "limits": _limits,
    "errors": lambda: _errors(on_wire=True),
    "command-errors": lambda: _errors(on_wire=False),
    "client-messages": lambda: _messages(CLIENT_MESSAGES),
    "daemon-messages": lambda: _messages(DAEMON_MESSAGES),
    "structs": _structs,
}
