from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from npc_engine.wire.messages import CLIENT_MESSAGES, DAEMON_MESSAGES, Message
from npc_engine.wire.schema import schema


def test_it_is_json_schema_2020_12() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


def test_messages_of_both_directions_are_listed() -> None:
    for direction, types in (("ClientMessage", CLIENT_MESSAGES), ("DaemonMessage", DAEMON_MESSAGES)):
        mapping = schema()["$defs"][direction]["discriminator"]["mapping"]
        assert list(mapping) == [message.__struct_config__.tag for message in types]


@pytest.mark.parametrize("message", CLIENT_MESSAGES + DAEMON_MESSAGES)
def test_unknown_keys_are_allowed(message: type[Message]) -> None:
    assert "additionalProperties" not in schema()["$defs"][message.__name__]


@pytest.mark.parametrize("message", CLIENT_MESSAGES + DAEMON_MESSAGES)
def test_every_field_is_explained(message: type[Message]) -> None:
    definitions = schema()["$defs"]
    assert definitions[message.__name__]["description"]
    for name, field in definitions[message.__name__]["properties"].items():
        inner = next((option for option in field.get("anyOf", []) if option.get("type") != "null"), field)
        own = definitions[inner["$ref"].rsplit("/", 1)[1]] if "$ref" in inner else inner
        assert name == "t" or own.get("description") or inner.get("description"), name


def test_a_field_out_of_range_is_refused() -> None:
    validator = Draft202012Validator(schema())
    say = {"t": "say", "id": 1, "npc": "marta", "text": "", "budget_ms": 1}
    assert validator.is_valid(say)
    for change in ({"id": 0}, {"id": 1 << 53}, {"npc": ""}, {"npc": "a\0"}, {"npc": "m" * 129}, {"seed": 1 << 32}):
        assert not validator.is_valid(say | change), change
