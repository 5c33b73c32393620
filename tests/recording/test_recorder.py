from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.recording import recorder as module
from npc_engine.recording.exchanges import Exchange, load_recording, seed_of
from npc_engine.recording.recorder import Recorder
from npc_engine.wire.messages import (
    Bark,
    Cancel,
    Converse,
    Done,
    Error,
    Health,
    Inspect,
    Reason,
    Say,
    Source,
    Turn,
    WorldSet,
)

ONE, TWO = "1" * 32, "2" * 32


def opened(path: Path) -> Recorder:
    return Recorder(path, pack="oakhollow", digest="00", engine="scripted", model="none")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "evening.jsonl"


@pytest.fixture
def recorder(path: Path) -> Iterator[Recorder]:
    recorder = opened(path)
    yield recorder
    recorder.close()


def hello(request_id: int) -> Say:
    return Say(id=request_id, npc="marta", text="Hi", budget_ms=1_500)


def line(request_id: int, text: str = "Aye.") -> Done:
    return Done(id=request_id, text=text, source=Source.MODEL)


def test_exchanges_are_kept_with_their_times_and_sessions(recorder: Recorder, path: Path) -> None:
    recorder.request(ONE, "demo", hello(1), 5_000.0)
    recorder.request(TWO, "other", hello(1), 5_100.0)
    recorder.request(ONE, "demo", WorldSet(id=2, values={"rain": True}), 5_200.0)
    recorder.reply(ONE, Done(id=2, data={"changed": ["rain"]}), 5_201.0)
    recorder.reply(TWO, Error(id=1, code=ErrorCode.UNKNOWN_NPC, message="?"), 5_300.0)
    recorder.reply(ONE, line(1), 5_812.34)
    recorder.close()
    recording = load_recording(path)
    assert (recording.header.pack, recording.header.engine) == ("oakhollow", "scripted")
    told = [(e.n, e.session, e.game, e.at_ms, e.took_ms, len(e.lines), e.error) for e in recording.exchanges]
    assert told == [
        (1, 1, "demo", 0.0, 812.3, 1, ""),
        (2, 2, "other", 100.0, 200.0, 0, "unknown_npc"),
        (3, 1, "demo", 200.0, 1.0, 0, ""),
    ]
    assert recording.exchanges[0].request == hello(1)


def test_a_conversation_is_kept_line_by_line(recorder: Recorder, path: Path) -> None:
    recorder.request(ONE, "demo", Converse(id=1, npcs=["marta", "bram"], budget_ms=1_500), 0.0)
    recorder.reply(ONE, Turn(id=1, n=1, npc="marta", text="The roof leaks."), 500.0)
    recorder.reply(ONE, Turn(id=1, n=2, npc="bram", text="I know."), 900.0)
    recorder.reply(ONE, Done(id=1, reason=Reason.INTERRUPTED, data={"turns": 2}), 950.0)
    recorder.close()
    (exchange,) = load_recording(path).exchanges
    assert [(said.npc, said.text) for said in exchange.lines] == [("marta", "The roof leaks."), ("bram", "I know.")]
    assert (exchange.reason, exchange.took_ms) == ("interrupted", 950.0)


def test_a_request_without_a_seed_gets_one_that_a_replay_finds_again(recorder: Recorder, path: Path) -> None:
    seeds = [
        recorder.request(ONE, "demo", hello(1), 0.0),
        recorder.request(ONE, "demo", Bark(id=2, npc="bram", budget_ms=100, seed=3), 0.0),
        recorder.request(ONE, "demo", WorldSet(id=3, values={"rain": True}), 0.0),
        recorder.request(ONE, "demo", hello(4), 0.0),
    ]
    recorder.close()
    seed = load_recording(path).header.seed
    assert seeds == [seed_of(1, seed), 3, None, seed_of(4, seed)]


def test_questions_to_the_daemon_and_unknown_answers_are_left_out(recorder: Recorder, path: Path) -> None:
    for request in (Cancel(id=1, target=9), Health(id=2), Inspect(id=3, npc="marta")):
        assert recorder.request(ONE, "demo", request, 0.0) is None
        recorder.reply(ONE, Done(id=request.id), 1.0)
    recorder.reply(ONE, line(8), 1.0)
    recorder.reply(ONE, Error(code=ErrorCode.BAD_FRAME, message=""), 1.0)
    recorder.request(ONE, "demo", hello(4), 0.0)
    recorder.reply(ONE, line(4), 1.0)
    recorder.reply(ONE, line(4), 2.0)
    recorder.request(ONE, "demo", hello(5), 3.0)
    recorder.close()
    assert [(exchange.n, exchange.request.id) for exchange in load_recording(path).exchanges] == [(1, 4)]


def test_the_file_is_its_owners_alone_and_never_overwritten(recorder: Recorder, path: Path) -> None:
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NpcError) as caught:
        opened(path)
    assert caught.value.code is ErrorCode.STORAGE_FAILED
    with pytest.raises(NpcError, match="cannot be made"):
        opened(path.parent / "no" / "evening.jsonl")


def test_every_line_is_json_of_its_own(recorder: Recorder, path: Path) -> None:
    recorder.request(ONE, "demo", Say(id=1, npc="marta", text="a\nb\r\u2028c", budget_ms=9), 0.0)
    recorder.reply(ONE, line(1, "d\ne"), 1.0)
    recorder.close()
    header, exchange = (json.loads(row) for row in path.read_text("utf-8").split("\n")[:-1])
    assert header["format"] == 1
    assert (exchange["request"]["text"], exchange["lines"][0]["text"]) == ("a\nb\r\u2028c", "d\ne")


def test_a_full_disk_ends_the_recording_and_nothing_else(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class FullDisk:
        def __init__(self, file: Any) -> None:
            self._file = file

        def write(self, row: bytes) -> None:
            if b'"n":2' in row:
                raise OSError(28, os.strerror(28))
            self._file.write(row)

        def flush(self) -> None:
            self._file.flush()

        def __enter__(self) -> FullDisk:
            return self

        def __exit__(self, *error: object) -> None:
            self._file.close()

    create = module._create
    monkeypatch.setattr(module, "_create", lambda path: FullDisk(create(path)))
    recorder = opened(path)
    for number in (1, 2, 3):
        recorder.request(ONE, "demo", hello(number), 0.0)
        recorder.reply(ONE, line(number), 1.0)
    recorder.close()
    recorder.close()
    assert [exchange.n for exchange in load_recording(path).exchanges] == [1]
    assert "recording ends here" in caplog.text


@given(st.lists(st.tuples(st.sampled_from([ONE, TWO]), st.integers(1, 3), st.booleans()), max_size=30))
def test_whatever_the_order_every_request_is_kept_once_with_its_own_answer(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, bool]]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "evening.jsonl"
    recorder = opened(path)
    open_: dict[tuple[str, int], str] = {}
    expected = []
    for number, (session, request_id, asks) in enumerate(steps):
        key = (session, request_id)
        if asks and key not in open_:
            open_[key] = f"{session} {number}"
            recorder.request(
                session, "demo", Say(id=request_id, npc="marta", text=open_[key], budget_ms=9), float(number)
            )
        elif not asks:
            if key in open_:
                expected.append((open_[key], str(number)))
                del open_[key]
            recorder.reply(session, line(request_id, str(number)), float(number))
    recorder.close()
    assert sorted(map(words, load_recording(path).exchanges)) == sorted(expected)


def words(exchange: Exchange) -> tuple[str, str]:
    assert isinstance(exchange.request, Say)
    return exchange.request.text, exchange.lines[0].text
