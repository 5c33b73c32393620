from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.recording.exchanges import Exchange, Header, Said, encode, load_recording, said, seed_of
from npc_engine.wire.messages import Action, Done, Emotion, Reason, Say, Source, Spoken, Turn, WorldSet

HEADER = Header(version="0.1.0", pack="oakhollow", digest="00", engine="scripted", model="none", seed=7)
EXCHANGES = [
    Exchange(
        n=1,
        session=1,
        game="demo",
        at_ms=0.0,
        took_ms=812.5,
        request=Say(id=1, npc="marta", text="Grüß dich, 村长!\n\0\x1b", budget_ms=1_500),
        lines=[Said(text="Abend.", emotion="joy", actions=[Action(name="give", args={"to": "x"})], source="model")],
    ),
    Exchange(n=2, session=1, game="demo", at_ms=900.0, request=WorldSet(id=2, values={"rain": True, "coins": 3})),
    Exchange(n=3, session=2, game="demo", at_ms=901.0, request=Spoken(id=1, target=1), error="internal"),
]


def rows(*exchanges: Exchange) -> bytes:
    return b"".join(encode(line) for line in (HEADER, *exchanges))


def load(folder: Path, content: bytes) -> tuple[list[Exchange], list[int]]:
    path = folder / "evening.jsonl"
    path.write_bytes(content)
    recording = load_recording(path)
    assert recording.header == HEADER
    return recording.exchanges, recording.damaged


def test_what_was_written_is_read_in_the_order_of_the_requests(tmp_path: Path) -> None:
    assert load(tmp_path, rows(*reversed(EXCHANGES))) == (EXCHANGES, [])


@given(cut=st.integers(len(encode(HEADER)), len(rows(*EXCHANGES))))
def test_a_file_cut_anywhere_keeps_every_whole_line(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    whole = rows(*EXCHANGES)
    found, damaged = load(tmp_path_factory.getbasetemp(), whole[:cut])
    assert found == EXCHANGES[: len(found)]
    assert len(found) + len(damaged) == len(whole[:cut].splitlines()) - 1
    assert len(found) >= whole[:cut].count(b"\n") - 1
    assert len(damaged) <= 1


@given(junk=st.binary(max_size=60))
def test_junk_between_the_lines_is_told_and_left_out(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    first, *others = rows(*EXCHANGES).splitlines(keepends=True)
    found, _ = load(tmp_path_factory.getbasetemp(), first + junk + b"\n" + b"".join(others))
    assert found == EXCHANGES


@given(junk=st.binary(max_size=60))
def test_what_is_no_recording_is_refused(tmp_path_factory: pytest.TempPathFactory, junk: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "junk.jsonl"
    path.write_bytes(junk)
    with pytest.raises(NpcError, match="no recording") as caught:
        load_recording(path)
    assert caught.value.code is ErrorCode.STORAGE_FAILED


def test_a_newer_format_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "evening.jsonl"
    with pytest.raises(NpcError, match="cannot be read"):
        load_recording(path)
    path.write_bytes(rows().replace(b'"format":1', b'"format":2'))
    with pytest.raises(NpcError, match="Update the engine"):
        load_recording(path)


def test_a_line_keeps_what_a_player_saw_of_it() -> None:
    done = Done(
        id=1,
        text="Abend.",
        emotion=Emotion.JOY,
        actions=[Action(name="nod")],
        source=Source.AUTHORED,
        reason=Reason.LATE,
    )
    assert said(done) == Said(
        text="Abend.", emotion="joy", actions=[Action(name="nod")], source="authored", reason="late"
    )
    assert said(Done(id=1, narration="Fog.", source=Source.MODEL)).text == "Fog."
    assert said(Turn(id=1, n=1, npc="bram", text="Aye.")) == Said(text="Aye.", npc="bram")


def test_derived_seeds_differ_and_stay_the_same() -> None:
    seeds = [seed_of(n, recording) for n in range(50) for recording in (0, 1)]
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 1 << 32 for seed in seeds)
    assert seed_of(1, 7) == 675_883_532
