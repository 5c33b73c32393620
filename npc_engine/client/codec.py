"""MessagePack within bounds, through a library of its own: what this client can read, any MessagePack library can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgpack

from npc_engine import limits

T = TypeVar("T")

#: Longest array a frame may announce. The decoder reserves that much at every level of nesting before it reads on.
ARRAY_ITEMS = 1_024
#: Most keys a map may announce: `welcome.authored` has one per character.
MAP_ITEMS = 16_384

#: What the decoder raises on hostile bytes.
_FAULTS = (ValueError, TypeError, RecursionError, OverflowError, MemoryError, msgpack.UnpackException)


class FrameError(ValueError):
    """Bytes that are no message of the protocol, or a message that cannot be put into a frame."""


def encode(message: dict[str, Any]) -> bytes:
    """One frame from a map. Raises FrameError where the protocol could not carry it."""
    _check(message)
    try:
        frame: bytes = msgpack.packb(message)
    except (ValueError, TypeError, OverflowError) as cause:  # a lone surrogate, a foreign type
        raise FrameError(str(cause)) from None
    if len(frame) > limits.FRAME_BYTES:
        raise FrameError(f"the message takes {len(frame)} bytes; {limits.FRAME_BYTES} are allowed")
    return frame


def decode(frame: bytes) -> dict[str, Any]:
    """The map in a frame. Raises FrameError, and nothing else, whatever the bytes."""
    if len(frame) > limits.FRAME_BYTES:
        raise FrameError(f"a frame of {len(frame)} bytes; {limits.FRAME_BYTES} are allowed")
    try:
        message = msgpack.unpackb(
            frame,
            max_str_len=limits.FRAME_BYTES,
            max_bin_len=0,
            max_ext_len=0,
            max_array_len=ARRAY_ITEMS,
            max_map_len=MAP_ITEMS,
        )
    except _FAULTS as cause:
        raise FrameError(f"not MessagePack within the limits: {cause}") from None
    if not isinstance(message, dict):
        raise FrameError("not a map")
    _check(message)
    return message


def field(message: Mapping[str, Any], key: str, kind: type[T], default: T | None = None) -> T:
    """The value of `key`, which must be a `kind`; `default` where it is absent. Raises FrameError."""
    value = message.get(key)
    if value is None:
        value = default
    if kind is float and type(value) is int:
        value = float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise FrameError(f"`{key}` is not of type {kind.__name__}")
    return value


def optional(message: Mapping[str, Any], key: str, kind: type[T]) -> T | None:
    """Like `field`, for a value that may be absent."""
    return None if message.get(key) is None else field(message, key, kind)


def strings(message: Mapping[str, Any], key: str) -> dict[str, str]:
    """A map from strings to strings, empty where it is absent. Raises FrameError."""
    values: dict[str, str] = field(message, key, dict, {})
    if not all(isinstance(value, str) for value in values.values()):
        raise FrameError(f"`{key}` does not map to strings")
    return values


def string_list(message: Mapping[str, Any], key: str) -> list[str]:
    """A list of strings, empty where it is absent. Raises FrameError."""
    values: list[str] = field(message, key, list, [])
    if not all(isinstance(value, str) for value in values):
        raise FrameError(f"`{key}` does not list strings")
    return values


def _check(value: object, depth: int = 0) -> None:
    """Raise FrameError for what some client's language cannot hold: NUL in strings, integers above 2**53, bytes."""
    if isinstance(value, str):
        if "\0" in value:
            raise FrameError("a string holds the character NUL")
    elif isinstance(value, int):
        if abs(value) > limits.INTEGER_MAX:
            raise FrameError("an integer is larger than 2**53")
    elif isinstance(value, dict):
        _check_all((*value, *value.values()), depth)
    elif isinstance(value, list):
        _check_all(value, depth)
    elif value is not None and not isinstance(value, float):
        raise FrameError(f"{type(value).__name__} is no type of the protocol")


def _check_all(values: Iterable[object], depth: int) -> None:
    if depth == limits.NESTING:
        raise FrameError(f"nested deeper than {limits.NESTING} levels")
    for value in values:
        _check(value, depth + 1)
