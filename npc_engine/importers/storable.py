"""Whatever a card's JSON holds, in a form that the pack reader takes."""

from __future__ import annotations

import json
import re
from typing import Any

from npc_engine import limits

#: Longest key. PyYAML looks 1024 characters ahead for the colon, and an escape is up to ten long.
KEY_CHARS = 100
_UNSENDABLE = re.compile("[\x00\ud800-\udfff]")


def storable(value: Any, depth: int) -> Any:
    """`value` itself; where the reader would refuse a part of it (too deep, a number beyond 2**53, half a surrogate
    pair, ...), that part as JSON text, so that nothing is lost. `depth` is how deep in the file it will stand."""
    if isinstance(value, dict):
        if depth > limits.PACK_DEPTH or not all(_is_key(key) for key in value):
            return _as_json(value)
        return {key: storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return _as_json(value) if depth > limits.PACK_DEPTH else [storable(item, depth + 1) for item in value]
    if isinstance(value, str):
        return _as_json(value) if _UNSENDABLE.search(value) else value
    if isinstance(value, int | float) and not abs(value) < limits.INTEGER_MAX:
        return _as_json(value)
    return value


def is_empty(value: Any) -> bool:
    """Whether a field says nothing; `False` and 0 do."""
    return value is None or value in ("", [], {})


def _is_key(key: str) -> bool:
    return len(key) <= KEY_CHARS and not _UNSENDABLE.search(key)


def _as_json(value: Any) -> str:
    return json.dumps(value)
