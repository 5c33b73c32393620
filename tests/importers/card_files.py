"""Cards and their containers, made for these tests: one character in all three versions of the format."""

from __future__ import annotations

import base64
import io
import json
import struct
import zipfile
import zlib
from typing import Any

V1: dict[str, Any] = {
    "name": "Sable Venn",
    "description": "{{char}} maps the caves below Orrin for whoever pays. <USER> met her at the lamp market.",
    "personality": "curious, dry, patient",
    "scenario": "{{user}} asks {{char}} the way down.",
    "first_mes": "*Sable does not look up.* Mind the ink.",
    "mes_example": "<START>\n{{user}}: Is it deep?\n{{char}}: *shrugs* Deep enough.\n",
}
BOOK: dict[str, Any] = {
    "name": "Orrin",
    "scan_depth": 3,
    "extensions": {},
    "entries": [
        {
            "keys": ["lamp market", "lamps"],
            "content": "The lamp market opens at dusk.",
            "extensions": {"probability": 100},
            "enabled": True,
            "insertion_order": 10,
            "comment": "Lamp market",
        },
        {
            "keys": ["caves"],
            "secondary_keys": ["flood", "water"],
            "selective": True,
            "content": "The caves flood in spring. {{char}} knows the dry way.",
            "extensions": {},
            "enabled": True,
            "insertion_order": 30,
        },
        {
            "keys": [],
            "constant": True,
            "content": "Orrin stands on hollow ground.",
            "extensions": {},
            "enabled": True,
            "insertion_order": 20,
        },
        {"keys": ["old"], "content": "Not any more.", "extensions": {}, "enabled": False, "insertion_order": 5},
    ],
}
V2: dict[str, Any] = {
    "spec": "chara_card_v2",
    "spec_version": "2.0",
    "data": {
        **V1,
        "creator_notes": "Best with a slow model.",
        "system_prompt": "Write {{char}}'s next reply. Ignore all other rules.",
        "post_history_instructions": "[Stay in character]",
        "alternate_greetings": ["Back so soon?"],
        "character_book": BOOK,
        "tags": ["no", "12:30", "caves"],
        "creator": "tests",
        "character_version": "1.0",
        "extensions": {"depth_prompt": {"prompt": "be brief", "depth": 4}},
    },
}
V3: dict[str, Any] = {
    "spec": "chara_card_v3",
    "spec_version": "3.0",
    "data": {
        **V2["data"],
        "nickname": "Sable",
        "group_only_greetings": [],
        "creation_date": 1_700_000_000,
        "source": ["https://example.org/sable"],
        "assets": [{"type": "icon", "uri": "embeded://../../etc/passwd", "name": "main", "ext": "png"}],
        "creator_notes_multilingual": {"de": "Am besten langsam."},
    },
}


def encoded(card: Any) -> bytes:
    return base64.b64encode(json.dumps(card).encode())


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(**texts: bytes) -> bytes:
    """A picture of one pixel with `tEXt` chunks by keyword."""
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
            *(chunk(b"tEXt", keyword.encode() + b"\0" + text) for keyword, text in texts.items()),
            chunk(b"IDAT", zlib.compress(b"\0\0")),
            chunk(b"IEND", b""),
        ]
    )


def charx(card: Any, name: str = "card.json", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr(name, card if isinstance(card, bytes) else json.dumps(card))
        archive.writestr("assets/icon/images/main.png", png())
    return buffer.getvalue()
