"""The recording file: JSON lines, a header and then one exchange a line.

An exchange is a request as it came in and what answered it. Lines are written when requests end, so the order of the
requests is that of their numbers. What stands after the last line break was cut off when the daemon was killed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Action, Done, Request, Turn

#: The format this engine writes, and the newest it reads.
FORMAT = 1

_Line = TypeVar("_Line")


class Header(msgspec.Struct, kw_only=True, frozen=True):
    """What was running. `digest` is the SHA-256 of the pack's files; from `seed` come the seeds of requests that were
    sent without one."""

    format: int = FORMAT
    version: str
    pack: str
    digest: str
    engine: str
    model: str
    seed: int


class Said(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A line somebody said. `npc` is set in conversations between characters."""

    text: str
    npc: str = ""
    emotion: str = "neutral"
    actions: list[Action] = []
    source: str | None = None
    reason: str | None = None


class Exchange(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A request and its answer. `n` counts the requests of a recording from 1, `session` its sessions; `at_ms` is when
    the request came, counted from the first, and `took_ms` how long its answer took. `lines` are empty for what is not
    speech; `reason` is that of the end, `error` the code of a bad one."""

    n: int
    session: int
    game: str
    at_ms: float
    took_ms: float = 0.0
    request: Request
    lines: list[Said] = []
    reason: str | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file's content, its exchanges in the order of their requests. `damaged` are numbers of lines that cannot be
    read; the last is one if the daemon was killed while it wrote."""

    header: Header
    exchanges: list[Exchange]
    damaged: list[int]


def said(answer: Done | Turn) -> Said:
    """The line in a message of the daemon."""
    return Said(
        text=answer.text if isinstance(answer, Turn) else answer.text or answer.narration,
        npc=answer.npc if isinstance(answer, Turn) else "",
        emotion=str(answer.emotion),
        actions=answer.actions,
        source=answer.source and str(answer.source),
        reason=answer.reason and str(answer.reason),
    )


def seed_of(exchange_number: int, recording_seed: int) -> int:
    """The seed of a request that was sent without one, 0 to 2**32 - 1: a hash, so that neighbours have nothing in
    common."""
    mixed = hashlib.blake2b(f"{recording_seed}\0{exchange_number}".encode(), digest_size=4)
    return int.from_bytes(mixed.digest())


def load_recording(path: Path) -> Recording:
    """Read a recording. Raises NpcError (STORAGE_FAILED) if it cannot be read or is none."""
    try:
        rows = path.read_bytes().splitlines()
    except OSError as cause:
        raise NpcError(ErrorCode.STORAGE_FAILED, f"{path} cannot be read: {cause.strerror or cause}") from None
    header = _decode(rows[0], Header) if rows else None
    if header is None:
        raise NpcError(ErrorCode.STORAGE_FAILED, f"{path} is no recording: its first line is no header")
    if header.format > FORMAT:
        message = f"{path} has format {header.format}, this engine reads up to {FORMAT}. Update the engine."
        raise NpcError(ErrorCode.STORAGE_FAILED, message)
    read = {number: _decode(row, Exchange) for number, row in enumerate(rows[1:], start=2)}
    exchanges = sorted((found for found in read.values() if found is not None), key=lambda exchange: exchange.n)
    return Recording(header, exchanges, [number for number, found in read.items() if found is None])


def encode(line: Header | Exchange) -> bytes:
    """One line of the file, with its line break."""
    return msgspec.json.encode(line) + b"\n"


def _decode(row: bytes, kind: type[_Line]) -> _Line | None:
    try:
        return msgspec.json.decode(row, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def fields_of(request: Request) -> dict[str, Any]:
    """A request's fields by name, without its id."""
    return {name: value for name, value in msgspec.structs.asdict(request).items() if name != "id"}
