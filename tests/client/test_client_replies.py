from __future__ import annotations

import pytest

from npc_engine.client.codec import FrameError, decode
from npc_engine.client.replies import Action, Reply, RequestError, Timing, read_daemon, read_error, read_reply
from npc_engine.errors import ErrorCode
from npc_engine.wire import codec
from npc_engine.wire import messages as wire


def test_every_field_of_a_done_arrives() -> None:
    done = wire.Done(
        id=1,
        text="Abend, Jörg.",
        emotion=wire.Emotion.JOY,
        actions=[wire.Action(name="give", args={"item": "key"}), wire.Action(name="leave")],
        source=wire.Source.PARTIAL,
        reason=wire.Reason.LATE,
        retry_after_ms=250,
        timing=wire.Timing(
            total_ms=12.5,
            queue_ms=1.0,
            first_ms=3.25,
            prompt_tokens=100,
            cached_tokens=90,
            output_tokens=12,
            drafts=4,
        ),
        data={"kept": True},
    )
    assert read_reply(decode(codec.encode(done))) == Reply(
        text="Abend, Jörg.",
        emotion="joy",
        actions=(Action("give", {"item": "key"}), Action("leave")),
        source="partial",
        reason="late",
        retry_after_ms=250,
        timing=Timing(12.5, 1.0, 3.25, 100, 90, 12, 4),
        data={"kept": True},
    )


def test_the_client_knows_every_field_the_daemon_can_send() -> None:
    assert set(Reply.__dataclass_fields__) == set(wire.Done.__struct_fields__) - {"id"}
    assert set(Timing.__dataclass_fields__) == set(wire.Timing.__struct_fields__)
    assert set(Action.__dataclass_fields__) == set(wire.Action.__struct_fields__)
    assert set(RequestError.__dataclass_fields__) == set(wire.Error.__struct_fields__) - {"id", "ref"}


def test_defaults_are_those_of_the_protocol() -> None:
    assert read_reply(decode(codec.encode(wire.Done(id=1)))) == Reply()
    timed = read_reply(decode(codec.encode(wire.Done(id=1, timing=wire.Timing()))))
    assert timed.timing == Timing()


def test_an_error_keeps_its_code_and_its_advice() -> None:
    error = wire.Error(code=ErrorCode.TABLE_FULL, message="too many", id=3, retry_after_ms=500)
    assert read_error(decode(codec.encode(error))) == RequestError(ErrorCode.TABLE_FULL, "too many", 500)


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": 1},
        {"emotion": []},
        {"actions": {}},
        {"actions": ["give"]},
        {"actions": [{"args": {}}]},
        {"actions": [{"name": "give", "args": {"n": 1}}]},
        {"source": True},
        {"retry_after_ms": "soon"},
        {"timing": 1},
        {"timing": {"total_ms": "long"}},
        {"data": []},
    ],
)
def test_a_mistyped_done_is_refused_as_a_whole(wrong: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        read_reply({"t": "done", "id": 1, **wrong})


@pytest.mark.parametrize("wrong", [{"daemon": 1}, {"npcs": ["marta"]}, {"places": {"inn": 1}}, {"resumed": "yes"}])
def test_a_mistyped_welcome_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        read_daemon({"t": "welcome", "daemon": "0.1.0", "pack": "oakhollow", **wrong})
