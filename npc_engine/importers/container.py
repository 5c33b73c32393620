"""Finds the JSON of a character card in the file it travels in: a PNG, a `.charx` archive, or plain JSON.

The file is untrusted. What kind it is shows in its first bytes, not in its name; every part is bounded before it is
read or unpacked; and whatever is wrong with it ends in one CARD_INVALID.

Format: Character Card V1 to V3 (github.com/kwaroran/character-card-spec-v3, github.com/malfoyslastname/
character-card-spec-v2); chunks of a PNG: PNG specification, section 5.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
ZIP_SIGNATURE = b"PK\x03\x04"
#: Text chunks that hold a card, best first: `chara` beside a `ccv3` is a copy for older programs.
CARD_CHUNKS = ("ccv3", "chara")
CARD_FILE = "card.json"
#: Entries an archive may list; each costs memory before one byte is unpacked.
ARCHIVE_ENTRIES = 10_000
ARCHIVE_ENTRY_MARK = b"PK\x01\x02"
#: Nesting of a card's JSON.
JSON_DEPTH = 64


@dataclass(frozen=True, slots=True)
class Card:
    """A card's JSON object as it stands, and remarks for whoever imports it."""

    data: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def read_card(path: Path) -> Card:
    """The card in the file at `path`. Raises NpcError (CARD_INVALID)."""
    try:
        with path.open("rb") as file:
            raw = file.read(limits.CARD_BYTES + 1)
    except OSError as error:
        raise NpcError(ErrorCode.CARD_INVALID, f"{path} cannot be read: {error.strerror}.") from error
    return parse_card(raw)


def parse_card(raw: bytes) -> Card:
    """The card in a file's bytes. Raises NpcError (CARD_INVALID)."""
    if len(raw) > limits.CARD_BYTES:
        _fail(f"The file is larger than {limits.CARD_BYTES >> 20} MiB.")
    notes: list[str] = []
    if raw.startswith(PNG_SIGNATURE):
        text = _from_png(raw, notes)
    elif raw.startswith(ZIP_SIGNATURE):
        text = _from_charx(raw)
    else:
        text = raw
    return Card(_json_object(text), notes)


def _fail(message: str) -> NoReturn:
    raise NpcError(ErrorCode.CARD_INVALID, message)


def _from_png(raw: bytes, notes: list[str]) -> bytes:
    """A wrong checksum is only remarked on: Base64 and JSON tell damage better, and editors do get it wrong."""
    found: dict[str, list[bytes]] = {}
    for kind, body, intact in _chunks(raw):
        keyword, separator, text = body.partition(b"\0")
        name = keyword.decode("latin-1").lower()
        if kind == b"tEXt" and separator and name in CARD_CHUNKS:
            found.setdefault(name, []).append(text)
            if not intact:
                notes.append(f"The checksum of the PNG's `{name}` text is wrong; it was read all the same.")
    for name in CARD_CHUNKS:
        if name in found:
            if len(found[name]) > 1:
                notes.append(f"The PNG has {len(found[name])} `{name}` texts; the first was read.")
            return _base64(found[name][0])
    _fail("The PNG holds no character card. Sites that re-encode pictures remove it; look for the original file.")


def _chunks(raw: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Type, body and whether the checksum is right, of each chunk up to IEND."""
    at = len(PNG_SIGNATURE)
    while at + 12 <= len(raw):
        length = int.from_bytes(raw[at : at + 4], "big")
        kind, end = raw[at + 4 : at + 8], at + 8 + length
        if end + 4 > len(raw):
            break
        body = raw[at + 8 : end]
        yield kind, body, zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(raw[end : end + 4], "big")
        if kind == b"IEND":
            return
        at = end + 4
    _fail("The PNG is damaged: it ends in the middle of a chunk.")


def _base64(text: bytes) -> bytes:
    if len(text) > limits.CARD_EXPANDED_BYTES * 3 // 2:  # four characters for three bytes, and some line breaks
        _too_large()
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise NpcError(ErrorCode.CARD_INVALID, f"The card's text in the PNG is not Base64: {error}.") from error


def _from_charx(raw: bytes) -> bytes:
    if raw.count(ARCHIVE_ENTRY_MARK) > ARCHIVE_ENTRIES:
        _fail(f"The archive lists more than {ARCHIVE_ENTRIES} files.")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            return _card_file(archive)
    except NpcError:
        raise
    except Exception as error:  # zipfile documents one error of the dozen kinds that a damaged archive raises in it
        raise NpcError(ErrorCode.CARD_INVALID, f"The .charx archive is damaged: {error}.") from error


def _card_file(archive: zipfile.ZipFile) -> bytes:
    if CARD_FILE not in archive.namelist():
        _fail(f"The archive has no {CARD_FILE} at its root; a .charx file does.")
    entry = archive.getinfo(CARD_FILE)
    # Other methods may ask for gigabytes before they have unpacked anything.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or entry.flag_bits & 1:
        _fail(f"{CARD_FILE} is encrypted or packed in a way that .charx files do not use.")
    with archive.open(entry) as file:
        return file.read(limits.CARD_EXPANDED_BYTES + 1)  # its stated size may be a lie; what comes out is bounded


def _json_object(raw: bytes) -> dict[str, Any]:
    if len(raw) > limits.CARD_EXPANDED_BYTES:
        _too_large()
    try:
        data = json.loads(raw.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise NpcError(ErrorCode.CARD_INVALID, "The file is no PNG, no .charx archive and no UTF-8 text.") from error
    except (ValueError, RecursionError) as error:
        raise NpcError(ErrorCode.CARD_INVALID, f"The card's JSON is malformed: {error}.") from error
    if not isinstance(data, dict):
        _fail("The card's JSON is no object.")
    _check_depth(data)
    return data


def _check_depth(data: dict[str, Any]) -> None:
    """So that whoever walks the card later may simply recurse."""
    level: list[Any] = [data]
    for _ in range(JSON_DEPTH):
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return
    _fail(f"The card's JSON is nested more than {JSON_DEPTH} deep.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _too_large() -> NoReturn:
    _fail(f"The card's text is larger than {limits.CARD_EXPANDED_BYTES >> 20} MiB.")
