"""Saves: everything of a slot as one blob that a game keeps inside its own save file.

    magic | container version | schema version | zlib(MessagePack of the save) | SHA-256 of all before

Magic and digest stand at these places in every container version, so damage is told from novelty. A blob comes from
outside: it is decoded within bounds, and is either read whole or refused. It holds no tokens and no caches, so that it
survives a change of model.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated

import msgspec

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.storage.rows import Count, Name, Row

MAGIC = b"NPCSAVE"
CONTAINER = 1
SCHEMA = 1
#: Rows a save may have: a bound on the objects that few bytes can ask for.
ROWS = 100_000

#: zlib's default, pinned: equal saves give equal blobs.
_LEVEL = 6
_HEAD = struct.Struct(f"!{len(MAGIC)}sBH")
_DIGEST_BYTES = hashlib.sha256().digest_size
#: What a decoder may raise on hostile bytes, besides its own errors.
_FAULTS = (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, OverflowError, MemoryError)


class Save(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A slot as it was saved. `pack_id` and `pack_digest` name the character pack it was played with; `seq` is the last
    number that was given to a row; `state` is the caller's and opaque here; `rows` are in the order of their `seq`."""

    pack_id: Name
    pack_digest: Name
    seq: Count
    state: bytes
    rows: Annotated[list[Row], msgspec.Meta(max_length=ROWS)]


#: How the payload of each schema version is read. A version that is no longer the latest keeps its own struct and is
#: turned into today's `Save` here.
READERS: dict[int, Callable[[bytes], Save]] = {1: msgspec.msgpack.Decoder(Save).decode}

_encoder = msgspec.msgpack.Encoder()


def encode(save: Save) -> bytes:
    """The blob of a save; equal saves give equal blobs. Raises `NpcError` SAVE_TOO_BIG."""
    payload = _encoder.encode(save)
    if len(payload) > limits.SAVE_EXPANDED_BYTES or len(save.rows) > ROWS:
        raise _too_big(f"{len(save.rows)} rows in {len(payload)} bytes, over {ROWS} or {limits.SAVE_EXPANDED_BYTES}")
    content = _HEAD.pack(MAGIC, CONTAINER, SCHEMA) + zlib.compress(payload, _LEVEL)
    blob = content + hashlib.sha256(content).digest()
    if len(blob) > limits.SAVE_BYTES:
        raise _too_big(f"{len(blob)} bytes, over {limits.SAVE_BYTES}")
    return blob


def decode(blob: bytes) -> Save:
    """The save in a blob. Raises `NpcError` SAVE_TOO_BIG, SAVE_CORRUPT, SAVE_TOO_NEW or SAVE_TOO_OLD, nothing else."""
    if len(blob) > limits.SAVE_BYTES:
        raise _too_big(f"{len(blob)} bytes, over {limits.SAVE_BYTES}")
    content, digest = blob[:-_DIGEST_BYTES], blob[-_DIGEST_BYTES:]
    if len(content) < _HEAD.size or not content.startswith(MAGIC):
        raise _corrupt("it does not begin like a save")
    if hashlib.sha256(content).digest() != digest:
        raise _corrupt("its SHA-256 does not match, so it was damaged or cut")
    _, container, schema = _HEAD.unpack_from(content)
    if container > CONTAINER or schema > SCHEMA:
        message = f"the save has version {container}.{schema}, this engine reads up to {CONTAINER}.{SCHEMA}. Update it."
        raise NpcError(ErrorCode.SAVE_TOO_NEW, message)
    if container < CONTAINER or schema not in READERS:
        raise NpcError(ErrorCode.SAVE_TOO_OLD, f"no engine of this version reads saves of version {container}.{schema}")
    try:
        save = READERS[schema](_expand(content[_HEAD.size :]))
    except _FAULTS as error:
        raise _corrupt(f"its content is no save: {error}") from None
    if any(later.seq <= earlier.seq for earlier, later in pairwise(save.rows)):
        raise _corrupt("its rows are not in order")
    return save


def _expand(packed: bytes) -> bytes:
    """Decompress, but never beyond the bound: a small blob may claim gigabytes."""
    stream = zlib.decompressobj()
    try:
        payload = stream.decompress(packed, limits.SAVE_EXPANDED_BYTES + 1)
    except zlib.error as error:
        raise _corrupt(f"its content cannot be expanded: {error}") from None
    if len(payload) > limits.SAVE_EXPANDED_BYTES:
        raise _too_big(f"it expands to more than {limits.SAVE_EXPANDED_BYTES} bytes")
    if not stream.eof or stream.unused_data:
        raise _corrupt("its content does not end where the save ends")
    return payload


def _corrupt(reason: str) -> NpcError:
    return NpcError(ErrorCode.SAVE_CORRUPT, f"the blob is no save: {reason}. Nothing was changed; use an older save.")


def _too_big(reason: str) -> NpcError:
    return NpcError(ErrorCode.SAVE_TOO_BIG, f"the save is too large: {reason}. Nothing was changed.")
