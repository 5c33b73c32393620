"""Frames that are no message, each with the error that a codec of the protocol must answer it with."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from npc_engine import limits
from npc_engine.errors import ErrorCode

_SAY = {"t": "say", "id": 1, "npc": "marta", "text": "Evening.", "budget_ms": 900}
#: Deeper than a careless decoder survives; a length that no frame can hold.
_DEEP = 1_500
_HUGE = b"\xff\xff\xff\xff"


class Refused(NamedTuple):
    """A frame for a daemon, or for a client where `direction` is "daemon". `id` is the request it still names."""

    name: str
    direction: str
    frame: bytes
    code: ErrorCode
    why: str
    id: int | None = None


def refused_frames() -> list[Refused]:
    """All of them, in the order of the specification: not a map, not a type, not these fields."""
    return [*_bad_frames(), *_unknown_types(), *_bad_messages(), *_for_clients()]


def _pack(value: Any) -> bytes:
    return msgspec.msgpack.encode(value)


def _say(**fields: Any) -> bytes:
    return _pack({**_SAY, **fields})


def _bad_frames() -> list[Refused]:
    good = _pack(_SAY)
    frames = {
        "empty": (b"", "no bytes at all"),
        "nil": (b"\xc0", "not a map"),
        "integer": (b"\x01", "not a map"),
        "string": (_pack("hello"), "not a map"),
        "array": (_pack([1, 2]), "not a map"),
        "two-messages": (good + good, "bytes after the end of the map"),
        "reserved-byte": (b"\x81\xa1t\xc1", "0xc1 is no MessagePack"),
        "json": (b'{"t":"ping"}', "JSON is not MessagePack"),
        "http": (b"GET / HTTP/1.1\r\n\r\n", "nor is HTTP"),
        "integer-key": (_pack({1: 2, "t": "ping"}), "keys are strings"),
        "huge-map": (b"\xdf" + _HUGE, "announces 2^32 - 1 keys and ends"),
        "huge-string": (b"\x81\xa1t\xdb" + _HUGE, "announces a string of 4 GiB and ends"),
        "huge-array": (b"\x82\xa1t\xa5hello\xa1v\xdd" + _HUGE, "announces 2^32 - 1 versions and ends"),
        "deep-arrays": (b"\x91" * _DEEP + b"\xc0", "arrays nested 1,500 deep"),
        "deep-maps": (b"\x81\xa1x" * _DEEP, "maps nested 1,500 deep, without an end"),
        "deep-name": (b"\x82\xa1t\xa3say\xa3npc" + b"\x91" * _DEEP, "the same where a name should be"),
    }
    cuts = {
        f"truncated-{length}": (good[:length], "a message that ends too soon") for length in (1, 2, 7, len(good) - 1)
    }
    return [
        Refused(name, "client", frame, ErrorCode.BAD_FRAME, why) for name, (frame, why) in {**frames, **cuts}.items()
    ]


def _unknown_types() -> list[Refused]:
    code = ErrorCode.UNKNOWN_TYPE
    return [
        Refused("unknown-type", "client", _pack({"t": "shout", "id": 3}), code, "no such message", 3),
        Refused("type-in-capitals", "client", _pack({"t": "SAY", "id": 3}), code, "types are lower case", 3),
        Refused("daemons-type", "client", _pack({"t": "done", "id": 3}), code, "only a daemon says `done`", 3),
        Refused("empty-type", "client", _pack({"t": ""}), code, "no such message"),
    ]


def _bad_messages() -> list[Refused]:
    code = ErrorCode.BAD_MESSAGE
    top = limits.INTEGER_MAX
    missing = {key: value for key, value in _SAY.items() if key != "npc"}
    ids = {
        "id-zero": (0, "ids begin at 1"),
        "id-negative": (-1, "ids begin at 1"),
        "id-too-large": (top, "2^53 is not exact in every language"),
        "id-largest": ((1 << 64) - 1, "nor is 2^64 - 1"),
        "id-fraction": (1.5, "an id is an integer"),
        "id-string": ("1", "an id is an integer"),
        "id-true": (True, "true is not 1"),
        "id-nil": (None, "an id is an integer"),
    }
    fields: dict[str, tuple[dict[str, Any], str]] = {
        "npc-integer": ({"npc": 7}, "wrong type"),
        "npc-binary": ({"npc": b"marta"}, "`bin` is not `str`"),
        "npc-empty": ({"npc": ""}, "names have at least one code point"),
        "npc-too-long": ({"npc": "m" * (limits.NAME_CHARS + 1)}, "129 code points"),
        "npc-nul": ({"npc": "mar\0ta"}, "NUL in a name"),
        "slot-nul": ({"slot": "\0"}, "NUL in a name"),
        "speaker-nul": ({"speaker": "player\0"}, "NUL in a name"),
        "text-nil": ({"text": None}, "wrong type"),
        "text-array": ({"text": ["Evening."]}, "wrong type"),
        "budget-string": ({"budget_ms": "900"}, "wrong type"),
        "budget-fraction": ({"budget_ms": 900.5}, "budgets are whole milliseconds"),
        "budget-too-large": ({"budget_ms": top + 1}, "above 2^53"),
        "seed-negative": ({"seed": -1}, "seeds are 0 to 2^32 - 1"),
        "seed-too-large": ({"seed": 1 << 32}, "seeds are 0 to 2^32 - 1"),
    }
    hello = {"t": "hello", "v": [1], "session": "0123456789abcdef"}
    bare: dict[str, tuple[bytes, str]] = {
        "no-type": (_pack({}), "the map has no `t`"),
        "type-integer": (_pack({"t": 1}), "`t` is a string"),
        "hello-no-versions": (_pack({**hello, "v": []}), "at least one version"),
        "hello-many-versions": (_pack({**hello, "v": list(range(17))}), "at most 16 versions"),
        "hello-short-session": (_pack({**hello, "session": "1234567"}), "a session has 8 to 64 code points"),
        "hello-session-nul": (_pack({**hello, "session": "0123456\0"}), "NUL in a name"),
        "hello-game-nul": (_pack({**hello, "game": "\0"}), "NUL in a name"),
        "ping-negative": (_pack({"t": "ping", "n": -1}), "`n` counts from 0"),
    }
    requests: dict[str, tuple[bytes, str]] = {
        "no-npc": (_pack(missing), "a required field is missing"),
        "bad-utf8": (_say(npc="?").replace(b"\xa1?", b"\xa1\xff"), "not UTF-8"),
        "lone-surrogate": (_say(npc="???").replace(b"\xa3???", b"\xa3\xed\xa0\x80"), "a surrogate is no code point"),
        "overlong-utf8": (_say(npc="??").replace(b"\xa2??", b"\xa2\xc0\xaf"), "not the shortest form"),
        "warm-nobody": (_pack({"t": "warm", "id": 1, "npcs": []}), "at least one character"),
        "warm-crowd": (_pack({"t": "warm", "id": 1, "npcs": ["m"] * (limits.WARM_NPCS + 1)}), "at most 64 characters"),
        "cancel-nothing": (_pack({"t": "cancel", "id": 1}), "a required field is missing"),
        "heard-negative": (_pack({"t": "spoken", "id": 1, "target": 1, "heard": -1}), "code points count from 0"),
    }
    return [
        *(Refused(name, "client", frame, code, why) for name, (frame, why) in bare.items()),
        *(Refused(name, "client", _say(id=value), code, why) for name, (value, why) in ids.items()),
        *(Refused(name, "client", _say(**change), code, why, 1) for name, (change, why) in fields.items()),
        *(Refused(name, "client", frame, code, why, 1) for name, (frame, why) in requests.items()),
    ]


def _for_clients() -> list[Refused]:
    done = {"t": "done", "id": 1, "text": "Evening."}
    return [
        Refused("reply-truncated", "daemon", _pack(done)[:-1], ErrorCode.BAD_FRAME, "a reply that ends too soon"),
        Refused("clients-type", "daemon", _pack(_SAY), ErrorCode.UNKNOWN_TYPE, "only a client says `say`", 1),
        Refused("done-without-id", "daemon", _pack({"t": "done"}), ErrorCode.BAD_MESSAGE, "whose end is it?"),
        Refused("done-text-integer", "daemon", _pack({**done, "text": 7}), ErrorCode.BAD_MESSAGE, "wrong type", 1),
        Refused(
            "update-without-stable",
            "daemon",
            _pack({"t": "update", "id": 1, "seq": 1, "text": "E"}),
            ErrorCode.BAD_MESSAGE,
            "a required field is missing",
            1,
        ),
        Refused(
            "welcome-authored-strings",
            "daemon",
            _pack(
                {"t": "welcome", "v": 1, "daemon": "0.1.0", "pack": "p", "state": "ready", "authored": {"marta": "..."}}
            ),
            ErrorCode.BAD_MESSAGE,
            "lines come in lists",
        ),
    ]
