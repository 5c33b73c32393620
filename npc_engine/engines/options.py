"""Engines' `--option`s as numbers."""

from __future__ import annotations

from collections.abc import Mapping

from npc_engine.errors import ErrorCode, NpcError


def whole_number(options: Mapping[str, str], name: str, default: int) -> int:
    """The option `name`, or its default. Raises `NpcError` ENGINE_FAILED for what is no whole number of 0 or more."""
    text = options.get(name, str(default))
    if not text.isdecimal():
        raise NpcError(ErrorCode.ENGINE_FAILED, f"--option {name}={text} is no whole number")
    return int(text)
