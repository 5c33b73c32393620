"""Damaged and forged saves."""

from __future__ import annotations

import hashlib
import zlib
from random import Random

from npc_engine.storage.saves import CONTAINER, MAGIC, SCHEMA

HEAD_BYTES = len(MAGIC) + 3
DIGEST_BYTES = 32


def sealed(payload: bytes, container: int = CONTAINER, schema: int = SCHEMA) -> bytes:
    """A payload in a container with a digest that is right."""
    return _signed(MAGIC + bytes([container]) + schema.to_bytes(2, "big") + zlib.compress(payload))


def payload_of(blob: bytes) -> bytes:
    return zlib.decompress(blob[HEAD_BYTES:-DIGEST_BYTES])


def mutated(blob: bytes, random: Random) -> bytes:
    """Damage anywhere; damage with a digest made to fit; a damaged payload in a sound container."""
    match random.randrange(3):
        case 0:
            return _damaged(blob, random)
        case 1:
            return _signed(_damaged(blob[:-DIGEST_BYTES], random))
        case _:
            return sealed(_damaged(payload_of(blob), random))


def _signed(content: bytes) -> bytes:
    return content + hashlib.sha256(content).digest()


def _damaged(content: bytes, random: Random) -> bytes:
    damaged = bytearray(content)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(damaged) + 1)
        match random.randrange(4):
            case 0:
                damaged[at : at + 1] = random.randbytes(1)
            case 1:
                del damaged[at : at + random.randint(1, 40)]
            case 2:
                damaged[at:at] = random.randbytes(random.randint(1, 8))
            case _:
                start = random.randrange(len(damaged) + 1)
                damaged[at:at] = damaged[start : start + 20]
    return bytes(damaged)
