from __future__ import annotations

import random

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from message_strategies import client_messages, daemon_messages
from protocol_files import DECODERS, read_vectors

from npc_engine import limits
from npc_engine.errors import ErrorCode
from npc_engine.wire import codec
from npc_engine.wire.examples import CLIENT_EXAMPLES, DAEMON_EXAMPLES
from npc_engine.wire.messages import CLIENT_MESSAGES, DAEMON_MESSAGES, Health, Message
from npc_engine.wire.schema import schema

CODES = {ErrorCode.BAD_FRAME, ErrorCode.UNKNOWN_TYPE, ErrorCode.BAD_MESSAGE}
MUTATIONS = 40_000
#: First bytes that change how the rest is read: nil, booleans, and every family of lengths and numbers.
HEADERS = bytes([0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, *range(0xC0, 0xE0), 0xFF, 0x00, 0x7F])

validator = Draft202012Validator(schema())


@given(client_messages)
def test_client_message_survives_the_wire(message: Message) -> None:
    frame = codec.encode(message)
    assert codec.decode_client(frame) == message
    validator.validate(msgpack.unpackb(frame))


@given(daemon_messages)
def test_daemon_message_survives_the_wire(message: Message) -> None:
    frame = codec.encode(message)
    assert codec.decode_daemon(frame) == message
    validator.validate(msgpack.unpackb(frame))


@pytest.mark.parametrize("message_type", CLIENT_MESSAGES + DAEMON_MESSAGES)
def test_defaults_are_left_out(message_type: type[Message]) -> None:
    example = next(message for _, message, _ in CLIENT_EXAMPLES + DAEMON_EXAMPLES if type(message) is message_type)
    required = schema()["$defs"][message_type.__name__]["required"]
    bare = message_type(**{name: getattr(example, name) for name in required if name != "t"})
    assert sorted(msgpack.unpackb(codec.encode(bare))) == sorted(required)


def test_a_codec_refuses_the_other_sides_messages() -> None:
    for message in (example for _, example, _ in CLIENT_EXAMPLES):
        with pytest.raises(codec.WireError) as refusal:
            codec.decode_daemon(codec.encode(message))
        assert refusal.value.code is ErrorCode.UNKNOWN_TYPE


def test_frame_over_the_limit_is_refused_unread() -> None:
    largest = codec.encode(Health(id=1)) + bytes(limits.FRAME_BYTES)
    with pytest.raises(codec.WireError, match=f"over {limits.FRAME_BYTES}") as refusal:
        codec.decode_client(largest)
    assert refusal.value.code is ErrorCode.BAD_FRAME
    assert refusal.value.request_id is None


def test_error_names_type_field_and_request() -> None:
    with pytest.raises(codec.WireError) as refusal:
        codec.decode_client(msgpack.packb({"t": "bark", "id": 7, "npc": 3, "budget_ms": 1}))
    assert refusal.value.request_id == 7
    assert "bark" in refusal.value.message
    assert "$.npc" in refusal.value.message


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_wire_error(frame: bytes) -> None:
    for decode in DECODERS.values():
        feed(decode, frame)


@given(
    st.recursive(
        st.none()
        | st.integers(-(1 << 63), (1 << 64) - 1)
        | st.binary()
        | st.text(st.characters(exclude_categories=["Cs"])),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["t", "id", "npc", "text", "v", "n"]), inner | st.sampled_from(["say", "hello", "done"])
            )
        ),
        max_leaves=8,
    )
)
def test_any_messagepack_is_a_message_or_a_wire_error(value: object) -> None:
    for decode in DECODERS.values():
        feed(decode, msgpack.packb(value))


def test_mutated_frames_are_messages_or_wire_errors() -> None:
    """Valid frames, damaged: seeded, so that a failure comes again."""
    chance = random.Random(20)
    seeds = [(DECODERS[vector["direction"]], bytes.fromhex(vector["hex"])) for vector in read_vectors("valid")]
    refused = 0
    for _ in range(MUTATIONS):
        decode, frame = chance.choice(seeds)
        for _ in range(chance.randint(1, 3)):
            frame = mutate(frame, chance, chance.choice(seeds)[1])
        refused += not feed(decode, frame)
    assert MUTATIONS / 4 < refused < MUTATIONS  # else the mutations are too wild or too tame to test anything


def feed(decode, frame: bytes) -> bool:
    """Whether the frame was taken. Whatever comes out but a message or a WireError fails the test."""
    try:
        decode(frame)
    except codec.WireError as error:
        refusal = error
    else:
        return True
    assert refusal.code in CODES
    assert refusal.message
    assert min(refusal.message) >= " "
    assert refusal.request_id is None or type(refusal.request_id) is int
    return False


def mutate(frame: bytes, chance: random.Random, other: bytes) -> bytes:
    at = chance.randrange(len(frame) + 1)
    to = min(len(frame), at + chance.randint(1, 8))
    match chance.randrange(7):
        case 0:
            return frame[:at]
        case 1:
            return frame[:at] + frame[to:]
        case 2:
            return frame[:at] + frame[at:to] * chance.randint(2, 50) + frame[to:]
        case 3:
            return frame[:at] + chance.randbytes(to - at) + frame[to:]
        case 4:
            return frame[:at] + bytes([chance.choice(HEADERS)]) + frame[at + 1 :]
        case 5:
            return frame[:at] + other[chance.randrange(len(other)) :]
        case _:
            bits = bytearray(frame or b"\0")
            bits[at % len(bits)] ^= 1 << chance.randrange(8)
            return bytes(bits)
