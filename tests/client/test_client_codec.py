from __future__ import annotations

import contextlib
import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine import limits
from npc_engine.client.codec import ARRAY_ITEMS, FrameError, decode, encode, field, optional, strings

plain_text = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | plain_text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(plain_text, inner, max_size=4),
    max_leaves=12,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(item) for item in value.values()), default=0)
    return 1 + max((depth(item) for item in value), default=0) if isinstance(value, list) else 0


@given(st.dictionaries(plain_text, values, max_size=5))
def test_what_is_encoded_comes_back_and_what_is_too_deep_is_refused(message: dict[str, object]) -> None:
    if depth(message) > limits.NESTING:
        with pytest.raises(FrameError, match="nested"):
            encode(message)
    else:
        assert decode(encode(message)) == message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_map_or_a_frame_error(frame: bytes) -> None:
    with contextlib.suppress(FrameError):
        assert isinstance(decode(frame), dict)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xc1",
        msgpack.packb([1]),
        msgpack.packb({1: "a"}),
        msgpack.packb({b"t": "a"}),
        msgpack.packb({"t": b"bytes"}),
        msgpack.packb({"t": msgpack.ExtType(5, b"x")}),
        msgpack.packb({"t": msgpack.Timestamp(1)}),
        msgpack.packb({"t": "a\0b"}),
        msgpack.packb({"a\0b": 1}),
        msgpack.packb({"n": 2**53 + 1}),
        msgpack.packb({"n": -(2**53) - 1}),
        msgpack.packb({"a": [0] * (ARRAY_ITEMS + 1)}),
        msgpack.packb({"t": "x"}) + b"\x00",
        b"\x81\xa1t\xa2\xff\xfe",
        b"\x81\xa1a" + b"\x91" * 9 + b"\x00",
        b"\xdc\xff\xff" * 20_000,
        b"\x81\xa1a" * 20_000,
        b"\xdf\xff\xff\xff\xff",
        b"\x00" * (limits.FRAME_BYTES + 1),
    ],
)
def test_hostile_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(FrameError):
        decode(frame)


@pytest.mark.parametrize(
    "message",
    [
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"n": 2**53 + 1},
        {"x": b"bytes"},
        {"x": object()},
        {"text": "x" * limits.FRAME_BYTES},
    ],
)
def test_what_the_wire_cannot_carry_is_not_encoded(message: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        encode(message)


def test_the_largest_integer_of_the_protocol_passes() -> None:
    assert decode(encode({"n": 2**53, "m": -(2**53)})) == {"n": 2**53, "m": -(2**53)}


def test_field_checks_types_as_the_protocol_means_them() -> None:
    message = {"int": 3, "float": 0.5, "bool": True, "nil": None}
    assert field(message, "int", int) == 3
    as_float = field(message, "int", float)
    assert isinstance(as_float, float)
    assert math.isclose(as_float, 3.0)
    assert field(message, "nil", str, "default") == "default"
    assert optional(message, "nil", int) is None
    for key, kind in (("bool", int), ("float", int), ("int", str), ("absent", str), ("bool", float)):
        with pytest.raises(FrameError, match=f"`{key}`"):
            field(message, key, kind)


def test_strings_wants_strings_throughout() -> None:
    assert strings({"a": {"k": "v"}}, "a") == {"k": "v"}
    assert strings({}, "a") == {}
    for wrong in ({"k": 1}, ["k"]):
        with pytest.raises(FrameError):
            strings({"a": wrong}, "a")
