"""Saves: the same bytes there and back, whole or refused, and read for ever."""

from __future__ import annotations

import hashlib
import tracemalloc
import zlib
from collections import Counter
from contextlib import closing
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from save_mutations import mutated, payload_of, sealed
from storage_rows import GAME, GOLDEN, GOLDEN_SAVE, SLOT, saves

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage import saves as saves_module
from npc_engine.storage.db import Store
from npc_engine.storage.rows import Snapshot
from npc_engine.storage.saves import CONTAINER, ROWS, SCHEMA, Save, decode, encode

BLOB = encode(GOLDEN_SAVE)
REFUSALS = {ErrorCode.SAVE_CORRUPT, ErrorCode.SAVE_TOO_NEW, ErrorCode.SAVE_TOO_OLD, ErrorCode.SAVE_TOO_BIG}


def refusal(blob: bytes) -> ErrorCode:
    with pytest.raises(NpcError) as caught:
        decode(blob)
    return caught.value.code


@given(saves())
def test_the_same_there_and_back(save: Save) -> None:
    blob = encode(save)
    assert decode(blob) == save
    assert encode(decode(blob)) == blob


def test_export_import_export_gives_the_same_bytes() -> None:
    with closing(Store(None)) as store:
        store.replace(GAME, SLOT, Snapshot(1, GOLDEN_SAVE.state, GOLDEN_SAVE.rows)).result()
        for slot in (SLOT, "second", "third"):
            snapshot = store.load(GAME, slot)
            assert snapshot is not None
            blob = encode(msgspec.structs.replace(GOLDEN_SAVE, state=snapshot.state, rows=snapshot.rows))
            assert blob == BLOB
            save = decode(blob)
            store.replace(GAME, "second" if slot == SLOT else "third", Snapshot(2, save.state, save.rows)).result()


def test_the_golden_blob_of_version_1_is_read_for_ever() -> None:
    assert decode((GOLDEN / "save_v1.bin").read_bytes()) == GOLDEN_SAVE


def test_damage_of_every_kind_is_refused_and_nothing_else_happens() -> None:
    random = Random(20)
    outcomes: Counter[ErrorCode | None] = Counter()
    for _ in range(3_000):
        try:
            save = decode(mutated(BLOB, random))
        except NpcError as error:
            outcomes[error.code] += 1
        else:
            assert decode(encode(save)) == save
            outcomes[None] += 1
    assert set(outcomes) <= REFUSALS | {None}
    assert outcomes[ErrorCode.SAVE_CORRUPT] > 2_000
    # Some damage to a payload gives another payload that is sound: the damage reached the decoder.
    assert outcomes[None] > 0


@given(st.binary(max_size=400))
def test_any_bytes(content: bytes) -> None:
    assert refusal(content) is ErrorCode.SAVE_CORRUPT
    for blob in (sealed(content), BLOB[:10] + content, BLOB + content[:-1] + b"!"):
        assert refusal(blob) in REFUSALS


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 41, 42, 43, len(BLOB) - 1])
def test_a_blob_cut_short(cut: int) -> None:
    assert refusal(BLOB[:cut]) is ErrorCode.SAVE_CORRUPT


def test_versions() -> None:
    payload = payload_of(BLOB)
    assert decode(sealed(payload)) == GOLDEN_SAVE
    assert refusal(sealed(payload, container=CONTAINER + 1)) is ErrorCode.SAVE_TOO_NEW
    assert refusal(sealed(payload, schema=SCHEMA + 1)) is ErrorCode.SAVE_TOO_NEW
    assert refusal(sealed(payload, container=0)) is ErrorCode.SAVE_TOO_OLD
    assert refusal(sealed(payload, schema=0)) is ErrorCode.SAVE_TOO_OLD
    damaged = bytearray(BLOB)
    damaged[len(saves_module.MAGIC)] ^= 0x40
    assert refusal(bytes(damaged)) is ErrorCode.SAVE_CORRUPT


def test_an_older_schema_is_read_by_its_own_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    def read_version_1(payload: bytes) -> Save:
        old = msgspec.msgpack.decode(payload, type=Save)
        return msgspec.structs.replace(old, pack_id=old.pack_id.upper())

    today = saves_module.READERS[1]
    monkeypatch.setattr(saves_module, "SCHEMA", 2)
    monkeypatch.setattr(saves_module, "READERS", {1: read_version_1, 2: today})
    assert decode(BLOB).pack_id == "OAKHOLLOW"
    assert decode(encode(GOLDEN_SAVE)) == GOLDEN_SAVE


def test_a_bomb_does_not_expand() -> None:
    bomb = sealed(bytes(10 * limits.SAVE_EXPANDED_BYTES))
    tracemalloc.start()
    try:
        assert refusal(bomb) is ErrorCode.SAVE_TOO_BIG
        assert tracemalloc.get_traced_memory()[1] < 4 * limits.SAVE_EXPANDED_BYTES
    finally:
        tracemalloc.stop()
    assert refusal(sealed(bytes(limits.SAVE_EXPANDED_BYTES + 1))) is ErrorCode.SAVE_TOO_BIG
    assert refusal(sealed(bytes(limits.SAVE_EXPANDED_BYTES))) is ErrorCode.SAVE_CORRUPT


def test_more_rows_than_allowed_are_refused_before_they_are_read() -> None:
    header = msgspec.msgpack.encode(["p", "d", 1, b"", []])[:-1]
    claimed = header + b"\xdd" + (ROWS + 1).to_bytes(4, "big")
    assert refusal(sealed(claimed)) is ErrorCode.SAVE_CORRUPT


def test_saves_too_big_are_refused_on_both_sides() -> None:
    noise = Random(1).randbytes(limits.SAVE_BYTES)
    with pytest.raises(NpcError) as caught:
        encode(Save("p", "d", 1, noise, []))
    assert caught.value.code is ErrorCode.SAVE_TOO_BIG
    with pytest.raises(NpcError) as caught:
        encode(Save("p", "d", 1, bytes(limits.SAVE_EXPANDED_BYTES), []))
    assert caught.value.code is ErrorCode.SAVE_TOO_BIG
    assert refusal(bytes(limits.SAVE_BYTES + 1)) is ErrorCode.SAVE_TOO_BIG


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {"pack_id": "p"},
        ["p", "d", 1, b"", [], "more"],
        ["p", "d", -1, b"", []],
        ["p", "d", 1 << 60, b"", []],
        ["p" * 200, "d", 1, b"", []],
        ["p", "d", 1, "text", []],
        ["p", "d", 1, b"", [["marta", 1, "text", 0, True, b""]]],
        ["p", "d", 1, b"", [["marta", 1, "text", 5, 1, b""]]],
        ["p", "d", 1, b"", [["marta", 1, "text", 5, True, b"", 0]]],
        ["p", "d", 1, b"", [["marta", 2, "", 5, True, b""], ["bram", 2, "", 5, True, b""]]],
        ["p", "d", 1, b"", [["marta", 2, "", 5, True, b""], ["marta", 1, "", 5, True, b""]]],
    ],
)
def test_content_that_is_no_save(payload: object) -> None:
    assert refusal(sealed(msgspec.msgpack.encode(payload))) is ErrorCode.SAVE_CORRUPT


def test_compression_that_does_not_end_where_it_should() -> None:
    payload = payload_of(BLOB)
    packed = zlib.compress(payload)
    whole = sealed(payload)
    assert whole.count(packed) == 1
    head = whole[: whole.index(packed)]
    for changed in (packed[:-5], packed + b"more", packed + packed, b""):
        content = head + changed
        assert refusal(content + hashlib.sha256(content).digest()) is ErrorCode.SAVE_CORRUPT


def test_a_refused_save_says_what_to_do() -> None:
    with pytest.raises(NpcError, match="use an older save"):
        decode(BLOB[:-1])
