"""What is stored: one row per thing a character remembers, and what a save slot consists of."""

from __future__ import annotations

from typing import Annotated

import msgspec

from npc_engine import limits

#: The bounds are checked when bytes are decoded, so that no save brings in what the database or a client cannot hold.
Name = Annotated[str, msgspec.Meta(max_length=limits.NAME_CHARS)]
Count = Annotated[int, msgspec.Meta(ge=0, le=limits.INTEGER_MAX)]
Importance = Annotated[int, msgspec.Meta(ge=1, le=10)]


class Row(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One thing a character remembers.

    `seq` is unique and grows within a slot. `text` is what a search looks at. `in_journal`: it still stands in the
    character's journal, and so in its prompt. `body` is the caller's and opaque here.
    """

    npc: Name
    seq: Count
    text: str
    importance: Importance
    in_journal: bool
    body: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """Everything of one save slot. `state` is the caller's and opaque here; `rows` are in the order of `seq`."""

    epoch: int
    state: bytes
    rows: list[Row]


class SlotInfo(msgspec.Struct, frozen=True):
    """A save slot in a list. `rows` counts them; `saved_at` is when its state was last written, Unix seconds."""

    name: str
    epoch: int
    rows: int
    saved_at: float


class Hit(msgspec.Struct, frozen=True):
    """A row that a search found. `relevance` is above zero, and higher is better; compare it within one answer only: it
    depends on how much is stored."""

    row: Row
    relevance: float
