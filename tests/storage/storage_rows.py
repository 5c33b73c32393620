"""Rows for the tests of storage."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hypothesis import strategies as st

from npc_engine.storage.rows import Row
from npc_engine.storage.saves import Save

GAME, SLOT = "oakhollow", "quick"
GOLDEN = Path(__file__).parent / "golden"


def row(seq: int, text: str = "Rain began.", npc: str = "marta", *, in_journal: bool = True) -> Row:
    return Row(npc, seq, text, importance=5, in_journal=in_journal, body=b"\x93" + bytes([seq % 256]))


def seqs(rows: Iterable[Row]) -> list[int]:
    return [row.seq for row in rows]


def rows(min_size: int = 0) -> st.SearchStrategy[list[Row]]:
    """Rows of a slot: `seq` unique and rising."""
    numbers = st.lists(st.integers(0, 1 << 53), unique=True, min_size=min_size, max_size=12).map(sorted)
    one = st.builds(
        Row, st.sampled_from(["marta", "bram"]), st.just(0), st.text(), st.integers(1, 10), st.booleans(), st.binary()
    )
    return numbers.flatmap(
        lambda chosen: st.tuples(*(one for _ in chosen)).map(
            lambda made: [
                Row(row.npc, seq, row.text, row.importance, row.in_journal, row.body)
                for seq, row in zip(chosen, made, strict=True)
            ]
        )
    )


def saves() -> st.SearchStrategy[Save]:
    name = st.text(max_size=20)
    return st.builds(Save, name, name, st.integers(0, 1 << 53), st.binary(), rows())


#: What the golden blob holds; it was written once by the first release of the format.
GOLDEN_SAVE = Save(
    pack_id="oakhollow",
    pack_digest="3f" * 32,
    seq=9,
    state=b"\x81\xa5flags\x81\xa4mill\xc3",
    rows=[
        Row("marta", 1, "Rain began.", 2, False, b"\x92\xa5event\x01"),
        Row("marta", 2, "Who bought the mill?", 6, True, b"\x92\xa5heard\x02"),
        Row("bram", 3, "昨日、水車小屋で灯りを見た。", 10, True, b""),
    ],
)
