"""The byte vectors that every codec of the protocol is tested with: frames, bad frames, conversations."""

from __future__ import annotations

from typing import Any

import msgspec

from npc_engine.wire import codec
from npc_engine.wire.conversations import CONVERSATIONS
from npc_engine.wire.examples import CLIENT_EXAMPLES, DAEMON_EXAMPLES
from npc_engine.wire.messages import CLIENT_MESSAGES, Message
from npc_engine.wire.refused import refused_frames

#: Deeper than any message of the protocol, shallow enough for every decoder.
_UNKNOWN_DEPTH = 64


def valid() -> list[dict[str, Any]]:
    """Messages. One with `same_as` means the same as the vector of that name, written as another library might."""
    return [
        *_entries("client", CLIENT_EXAMPLES),
        *_entries("daemon", DAEMON_EXAMPLES),
        *(
            {"name": name, "direction": "client", "about": about, "same_as": same_as, **_frame(frame)}
            for name, same_as, frame, about in _other_writings()
        ),
    ]


def invalid() -> list[dict[str, Any]]:
    """Frames that must be refused with `code`. `id` is the request that the error can still name, or null."""
    return [
        {
            "name": refused.name,
            "direction": refused.direction,
            "why": refused.why,
            "code": refused.code.value,
            "id": refused.id,
            "hex": refused.frame.hex(),
        }
        for refused in refused_frames()
    ]


def transcripts() -> list[dict[str, Any]]:
    """Whole conversations. A daemon's texts, times and counts are examples; the order is not."""
    return [
        {
            "name": name,
            "about": about,
            "steps": [{"from": _side(message), **_frame(codec.encode(message))} for message in messages],
        }
        for name, about, messages in CONVERSATIONS
    ]


def _entries(direction: str, examples: tuple[tuple[str, Message, str], ...]) -> list[dict[str, Any]]:
    return [
        {"name": name, "direction": direction, "about": about, **_frame(codec.encode(message))}
        for name, message, about in examples
    ]


def _frame(frame: bytes) -> dict[str, Any]:
    return {"map": msgspec.msgpack.decode(frame), "hex": frame.hex()}


def _side(message: Message) -> str:
    return "client" if isinstance(message, CLIENT_MESSAGES) else "daemon"


def _other_writings() -> list[tuple[str, str, bytes, str]]:
    say = {"t": "say", "id": 1, "npc": "marta", "text": "Any news from the mill?", "budget_ms": 1_500}
    deep: Any = None
    for _ in range(_UNKNOWN_DEPTH):
        deep = [deep]
    unknown = {**say, "mood": "wet", "later": {"v": [2, 3]}, "deep": deep, "": True}
    backwards = dict(reversed(say.items()))
    return [
        ("say-type-last", "say", msgspec.msgpack.encode(backwards), "Keys come in any order."),
        ("say-unknown-keys", "say", msgspec.msgpack.encode(unknown), "Unknown keys are ignored, whatever they hold."),
        ("say-null-seed", "say", msgspec.msgpack.encode({**say, "seed": None}), "Null means absent."),
        ("say-longest-headers", "say", _longest(say), "Lengths and integers need not take their shortest form."),
        ("ping-default", "ping-zero", msgspec.msgpack.encode({"t": "ping", "n": 0}), "A default may be written out."),
    ]


def _longest(value: Any) -> bytes:
    """A map of strings and non-negative integers with 32-bit lengths and 64-bit integers."""
    if isinstance(value, str):
        text = value.encode()
        return b"\xdb" + len(text).to_bytes(4) + text
    if isinstance(value, int):
        return b"\xcf" + value.to_bytes(8)
    items = b"".join(_longest(key) + _longest(item) for key, item in value.items())
    return b"\xdf" + len(value).to_bytes(4) + items
