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
#: Moods go from minus this (cold) to this (warm).
MOOD_MAX = 3


class WorldState(msgspec.Struct, kw_only=True):
    """Flags, the game's own variables, time, weather, who is where and how they stand to each other. Changes here never
    reach the pack.

    `places` holds where the player and each character are; `relations[a][b]` how `a` stands to `b`, which only the game
    changes; `moods[a][b]` how `a` feels about `b` at the moment, which colours the tone and opens nothing. `items` are
    things at hand by place, where they are not the pack's. `seen` is what the player last saw of each place.
    """

    flags: dict[str, Value]
    player: dict[str, Value]
    variables: dict[str, Value] = {}
    places: dict[str, str]
    relations: dict[str, dict[str, Relationship]]
    moods: dict[str, dict[str, int]] = {}
    items: dict[str, list[str]] = {}
    seen: dict[str, list[str]] = {}
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

    def adopt(self, pack: Pack) -> None:
        """The pack was edited, or this state comes from an older one: what is new in the pack begins as in a new game;
        what the game has set stays, also where the pack no longer knows it."""
        new = WorldState.start(pack)
        self.flags = new.flags | self.flags
        self.player = new.player | self.player
        self.variables = new.variables | self.variables
        self.places = new.places | self.places
        self.relations = {
            npc: new.relations.get(npc, {}) | self.relations.get(npc, {}) for npc in {**self.relations, **new.relations}
        }

    @property
    def period(self) -> str:
        """The part of the day."""
        return next((name for begin, name in reversed(PERIODS) if self.hour >= begin), PERIODS[-1][1])

    def mood(self, npc: str, other: str) -> int:
        """How `npc` feels about `other` at the moment."""
        return self.moods.get(npc, {}).get(other, 0)

    def move_mood(self, npc: str, other: str, by: int) -> None:
        """Warmer (1) or colder (-1), within bounds."""
        moved = max(-MOOD_MAX, min(MOOD_MAX, self.mood(npc, other) + by))
        self.moods.setdefault(npc, {})[other] = moved

    def present(self, place: str) -> list[str]:
        """The characters at a place; nobody is at the place without a name."""
        return [who for who, where in self.places.items() if place and where == place and who != PLAYER]

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
