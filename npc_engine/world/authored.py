"""The lines an author wrote for the moments when the model's cannot be shown, in turn, so that none repeats itself."""

from __future__ import annotations

from types import MappingProxyType
from zlib import crc32

from npc_engine.world.conditions import Scope, parse
from npc_engine.world.persona import Authored, GatedLine
from npc_engine.world.spec import Pack
from npc_engine.world.wording import fill, names

#: What a character "says" whose author left a list empty: a silence that any game can show.
SILENCE = "..."
NO_VALUES: Scope = MappingProxyType({})


class AuthoredLines:
    """Hands out a pack's authored lines. Each list rotates from a start of its own, so the order is the same in every
    run, differs from one character to the next, and no line comes twice in a row where there are two."""

    def __init__(self, pack: Pack) -> None:
        self._lines: dict[tuple[str, str], list[GatedLine]] = {}
        for npc, persona in pack.npcs.items():
            for kind in Authored.__struct_fields__:
                self._lines[npc, kind] = _distinct(getattr(persona.authored, kind))
        self._places = {name: _distinct([*place.authored]) for name, place in pack.places.items()}
        self._summaries = {name: place.summary for name, place in pack.places.items()}
        self._last: dict[tuple[str, str], int] = {}

    def pick(self, npc_id: str, kind: str, scope: Scope = NO_VALUES) -> str:
        """The next line of a kind, a field of `Authored`, among those whose `when` holds. Raises KeyError for an
        unknown character or kind."""
        return self._next((npc_id, kind), self._lines[npc_id, kind], scope) or SILENCE

    def all(self, npc_id: str, kind: str, scope: Scope) -> list[str]:
        """All lines of a kind whose `when` holds."""
        return _open(self._lines[npc_id, kind], scope)

    def descriptions(self, place_id: str, scope: Scope) -> list[str]:
        """All authored descriptions of a place whose `when` holds."""
        return _open(self._places[place_id], scope)

    def describe(self, place_id: str, scope: Scope = NO_VALUES) -> str:
        """The next authored description of a place, or its summary. Raises KeyError for an unknown place."""
        return self._next((place_id, "place"), self._places[place_id], scope) or self._summaries[place_id]

    def for_client(self) -> dict[str, list[str]]:
        """What a client keeps for the time when the daemon is gone: each character's `offline` and `idle` lines. Lines
        that depend on the world stay here."""
        return {
            npc: _fixed(lines + self._lines[npc, "idle"]) or [SILENCE]
            for (npc, kind), lines in self._lines.items()
            if kind == "offline"
        }

    def _next(self, key: tuple[str, str], lines: list[GatedLine], scope: Scope) -> str:
        start = self._last.get(key, crc32(".".join(key).encode()))
        for step in range(1, len(lines) + 1):
            line = lines[(start + step) % len(lines)]
            if parse(line.when).holds(scope):
                self._last[key] = (start + step) % len(lines)
                return fill(line.text, scope)
        return ""


def _distinct(lines: list[str | GatedLine]) -> list[GatedLine]:
    gated = [GatedLine(text=line, when="") if isinstance(line, str) else line for line in lines]
    return list({(line.text, line.when): line for line in gated}.values())


def _open(lines: list[GatedLine], scope: Scope) -> list[str]:
    return [fill(line.text, scope) for line in lines if parse(line.when).holds(scope)]


def _fixed(lines: list[GatedLine]) -> list[str]:
    return list(dict.fromkeys(line.text for line in lines if not line.when and not names(line.text)))
