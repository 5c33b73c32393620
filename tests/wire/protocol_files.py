"""The committed documents of the protocol, as a client's author reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from npc_engine.wire import codec

PROTOCOL = Path(__file__).parents[2] / "protocol"
DECODERS = {"client": codec.decode_client, "daemon": codec.decode_daemon}


def read_vectors(name: str) -> list[dict[str, Any]]:
    return json.loads((PROTOCOL / "vectors" / f"{name}.json").read_text(encoding="utf-8"))


def name_of(vector: dict[str, Any]) -> str:
    return vector["name"]
