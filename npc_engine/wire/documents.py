"""The protocol's documents as files: what they should hold, and which of them do not."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from npc_engine.wire import vectors, zmtp
from npc_engine.wire.schema import schema
from npc_engine.wire.specification import fill

SPECIFICATION = PurePosixPath("PROTOCOL.md")


def documents(folder: Path) -> dict[PurePosixPath, str]:
    """Every document by its path in `folder`. The specification's own text is read from there: only its generated
    parts are new. Raises OSError if it cannot be read, ValueError if its parts are not the right ones."""
    return {
        SPECIFICATION: fill((folder / SPECIFICATION).read_text(encoding="utf-8")),
        PurePosixPath("schema.json"): json.dumps(schema(), indent=1) + "\n",
        PurePosixPath("vectors/valid.json"): _lines(vectors.valid()),
        PurePosixPath("vectors/invalid.json"): _lines(vectors.invalid()),
        PurePosixPath("vectors/transcripts.json"): json.dumps(vectors.transcripts(), indent=1) + "\n",
        PurePosixPath("vectors/handshake.json"): _lines(zmtp.handshake()),
    }


def outdated(folder: Path) -> dict[PurePosixPath, str]:
    """Those documents that are missing or differ, as they should be. Raises as `documents` does."""
    return {path: text for path, text in documents(folder).items() if _read(folder / path) != text}


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


def _lines(entries: Iterable[dict[str, Any]]) -> str:
    """A JSON array with one entry a line, so that a changed entry is a changed line."""
    return "[\n" + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n"
