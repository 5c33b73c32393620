"""Values of the game inside an author's text: `{$gold}`, `{player.name}`."""

from __future__ import annotations

import re

from npc_engine.world.conditions import Scope, Value

_PLACE = re.compile(r"\{(\$?[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)\}")


def fill(text: str, scope: Scope) -> str:
    """`text` with every known name in braces replaced by its value; an unknown one stays as it is written."""
    return _PLACE.sub(lambda match: _word(scope[match[1]]) if match[1] in scope else match[0], text)


def names(text: str) -> frozenset[str]:
    """The names in braces."""
    return frozenset(_PLACE.findall(text))


def _word(value: Value) -> str:
    """As one would write it: `yes` for true, no `.0` at whole numbers."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
