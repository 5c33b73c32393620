from __future__ import annotations

from typing import Any

import msgpack
import pytest
from jsonschema import Draft202012Validator
from protocol_files import DECODERS, name_of, read_vectors

from npc_engine.wire import codec
from npc_engine.wire.messages import CLIENT_MESSAGES, DAEMON_MESSAGES, Request
from npc_engine.wire.schema import schema

VALID = read_vectors("valid")
INVALID = read_vectors("invalid")
TRANSCRIPTS = read_vectors("transcripts")

VALIDATORS = {
    "client": Draft202012Validator({"$ref": "#/$defs/ClientMessage", "$defs": schema()["$defs"]}),
    "daemon": Draft202012Validator({"$ref": "#/$defs/DaemonMessage", "$defs": schema()["$defs"]}),
}


@pytest.mark.parametrize("vectors", [VALID, INVALID, TRANSCRIPTS], ids=["valid", "invalid", "transcripts"])
def test_names_are_unique(vectors: list[dict[str, Any]]) -> None:
    assert len({name_of(vector) for vector in vectors}) == len(vectors)


@pytest.mark.parametrize("vector", VALID, ids=name_of)
def test_valid_vector_is_plain_messagepack(vector: dict[str, Any]) -> None:
    assert msgpack.unpackb(bytes.fromhex(vector["hex"])) == vector["map"]


@pytest.mark.parametrize("vector", VALID, ids=name_of)
def test_valid_vector_decodes_and_encodes_to_the_same(vector: dict[str, Any]) -> None:
    decode = DECODERS[vector["direction"]]
    message = decode(bytes.fromhex(vector["hex"]))
    assert decode(msgpack.packb(vector["map"])) == message
    written = msgpack.unpackb(codec.encode(message))
    if "same_as" in vector:
        model = next(other for other in VALID if other["name"] == vector["same_as"])
        assert message == decode(bytes.fromhex(model["hex"]))
        assert bytes.fromhex(vector["hex"]) != bytes.fromhex(model["hex"])
    else:
        assert written == vector["map"]


@pytest.mark.parametrize("vector", VALID, ids=name_of)
def test_valid_vector_fits_the_schema(vector: dict[str, Any]) -> None:
    VALIDATORS[vector["direction"]].validate(vector["map"])


def test_every_message_has_a_vector_of_its_name() -> None:
    names = {name_of(vector) for vector in VALID}
    assert {str(message.__struct_config__.tag) for message in CLIENT_MESSAGES + DAEMON_MESSAGES} <= names


def test_emoji_vector_counts_as_the_specification_says() -> None:
    text = next(vector["map"]["text"] for vector in VALID if vector["name"] == "say-emoji")
    assert (len(text), len(text.encode("utf-16-le")) // 2, len(text.encode())) == (6, 10, 20)


@pytest.mark.parametrize("vector", INVALID, ids=name_of)
def test_invalid_vector_is_refused_with_its_code(vector: dict[str, Any]) -> None:
    with pytest.raises(codec.WireError) as refusal:
        DECODERS[vector["direction"]](bytes.fromhex(vector["hex"]))
    assert refusal.value.code == vector["code"]
    assert refusal.value.request_id == vector["id"]


@pytest.mark.parametrize("vector", INVALID, ids=name_of)
def test_what_the_codec_refuses_the_schema_refuses(vector: dict[str, Any]) -> None:
    """Where it is MessagePack at all, as msgpack reads it."""
    try:
        value = msgpack.unpackb(bytes.fromhex(vector["hex"]))
    except (ValueError, UnicodeDecodeError):
        return
    assert not VALIDATORS[vector["direction"]].is_valid(value)


@pytest.mark.parametrize("transcript", TRANSCRIPTS, ids=name_of)
def test_transcript_keeps_the_rules(transcript: dict[str, Any]) -> None:
    """One end for each request, text that only grows where it is stable, nothing after the end."""
    requests: dict[int, dict[str, Any]] = {}
    ended: set[int] = set()
    seen: dict[int, tuple[int, str]] = {}
    for step in transcript["steps"]:
        frame = bytes.fromhex(step["hex"])
        message, map_ = DECODERS[step["from"]](frame), step["map"]
        assert msgpack.unpackb(frame) == map_
        if isinstance(message, Request):
            if message.id in ended:  # a resend asks for the stored reply
                ended.discard(message.id)
            requests.setdefault(message.id, map_)
        elif (about := map_.get("id")) is not None:
            assert about in requests
            assert about not in ended
            seq, stable = seen.get(about, (0, ""))
            if map_["t"] == "update":
                assert map_["seq"] > seq
                assert map_["text"].startswith(stable)
                seen[about] = (map_["seq"], map_["text"][: map_["stable"]])
            if map_["t"] in ("done", "error"):
                ended.add(about)
            if map_["t"] == "done":
                assert map_.get("text", "").startswith(stable)
    assert ended == set(requests)
