"""The world of one save slot as it stands now: what the game set, and what `when:` may read of it."""

from __future__ import annotations

import copy

import msgspec

from npc_engine.world.conditions import Value
from npc_engine.world.persona import Relationship
from npc_engine.world.spec import Pack

#: The key of the player among places and relations.
PLAYER = "player"
#: When each part of the day begins, hours.
PERIODS = ((5, "dawn"), (7, "morning"), (11, "noon"), (14, "afternoon"), (18, "evening"), (22, "night"))


class WorldState(msgspec.Struct, kw_only=True):
    """Flags, the game's own variables, time, weather, who is where and how they stand to each other. Changes here never
    reach the pack.

    `places` holds where the player and each character are; `relations[a][b]` how `a` stands to `b`.
    """

    flags: dict[str, Value]
    player: dict[str, Value]
    variables: dict[str, Value]
    places: dict[str, str]
    relations: dict[str, dict[str, Relationship]]
    hour: int
    minute: int
    weather: str

    @classmethod
    def start(cls, pack: Pack) -> WorldState:
        """A new game."""
        hour, minute = pack.world.time.split(":")
        return cls(
            flags=dict(pack.world.flags),
            player=dict(pack.world.player),
            variables=dict(pack.world.variables),
            places={PLAYER: pack.world.place} | {npc: persona.place for npc, persona in pack.npcs.items()},
            relations={npc: copy.deepcopy(persona.relationships) for npc, persona in pack.npcs.items()},
            hour=int(hour),
            minute=int(minute),
            weather=pack.world.weather,
        )

    @property
    def period(self) -> str:
        """The part of the day."""
        return next((name for begin, name in reversed(PERIODS) if self.hour >= begin), PERIODS[-1][1])

    def scope(self, npc: str | None = None) -> dict[str, Value]:
        """All that a condition may read, by dotted name; `place` and `relation` only if it is a character's."""
        scope: dict[str, Value] = {f"flags.{name}": value for name, value in self.flags.items()}
        scope |= {f"player.{name}": value for name, value in self.player.items()}
        scope |= {f"${name}": value for name, value in self.variables.items()}
        scope |= {
            "player.place": self.places[PLAYER],
            "time.hour": self.hour,
            "time.minute": self.minute,
            "time.period": self.period,
            "weather": self.weather,
        }
        if npc is None:
            return scope
        for other, relation in self.relations[npc].items():
            scope[f"relation.{other}.trust"] = relation.trust
            scope[f"relation.{other}.affection"] = relation.affection
            scope[f"relation.{other}.fear"] = relation.fear
        return scope | {"place": self.places[npc], "place.id": self.places[npc]}
