from __future__ import annotations

import pytest

from npc_engine.client.codec import FrameError, decode
from npc_engine.client.replies import (
    Action,
    DaemonInfo,
    Reply,
    RequestError,
    Timing,
    Turn,
    read_daemon,
    read_error,
    read_pack,
    read_reply,
    read_turn,
)
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
        narration="Fog lies on the river.",
        epoch=3,
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
        narration="Fog lies on the river.",
        epoch=3,
        data={"kept": True},
    )


def test_the_client_knows_every_field_the_daemon_can_send() -> None:
    assert set(Reply.__dataclass_fields__) == set(wire.Done.__struct_fields__) - {"id"}
    assert set(Turn.__dataclass_fields__) == set(wire.Turn.__struct_fields__) - {"id"}
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
        {"narration": 1},
        {"epoch": "two"},
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


def test_every_field_of_a_turn_arrives() -> None:
    turn = wire.Turn(
        id=1,
        n=2,
        npc="bram",
        text="It'll hold another winter.",
        emotion=wire.Emotion.TRUST,
        actions=[wire.Action(name="nod")],
        source=wire.Source.AUTHORED,
        reason=wire.Reason.LATE,
        timing=wire.Timing(total_ms=9.5),
    )
    assert read_turn(decode(codec.encode(turn))) == Turn(
        n=2,
        npc="bram",
        text="It'll hold another winter.",
        emotion="trust",
        actions=(Action("nod"),),
        source="authored",
        reason="late",
        timing=Timing(9.5),
    )


@pytest.mark.parametrize("wrong", [{"n": "1"}, {"npc": None}, {"text": 1}, {"emotion": 1}, {"actions": ["nod"]}])
def test_a_mistyped_turn_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        read_turn({"t": "turn", "id": 1, "n": 1, "npc": "bram", "text": "Aye.", **wrong})


def test_a_save_comes_as_bytes() -> None:
    assert Reply(data={"blob": "AP9uYw=="}).blob == b"\x00\xffnc"
    for data in ({}, {"blob": 1}, {"blob": "A"}, {"blob": "AP9uY*=="}):
        with pytest.raises(ValueError, match=r"blob|base64|padded|character"):
            _ = Reply(data=data).blob


DAEMON = DaemonInfo("0.1.0", "oakhollow", "llama", "small", {"marta": "Marta"}, {"inn": "Inn"}, resumed=False)


def test_a_changed_pack_brings_new_names_and_a_faulty_one_only_its_faults() -> None:
    faulty = read_pack({"pack": "oakhollow", "digest": "00", "problems": ["npcs/marta.yaml:9:1: unknown key"]}, DAEMON)
    assert faulty.pack_problems == ("npcs/marta.yaml:9:1: unknown key",)
    assert (faulty.npcs, faulty.places) == (DAEMON.npcs, DAEMON.places)
    mended = read_pack({"pack": "riverside", "digest": "01", "npcs": {"bram": "Bram"}}, faulty)
    assert (mended.pack, mended.npcs, mended.places, mended.pack_problems) == ("riverside", {"bram": "Bram"}, {}, ())
    assert mended.engine == "llama"


@pytest.mark.parametrize("wrong", [{"problems": "one"}, {"problems": [1]}, {"npcs": []}, {"places": {"inn": 1}}])
def test_a_mistyped_pack_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(FrameError):
        read_pack({"t": "pack", "pack": "oakhollow", "digest": "", **wrong}, DAEMON)
