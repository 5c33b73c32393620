"""What is true in the game: the game's side of the world, told to the daemon whenever it changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from npc_engine.client import Value

#: The people of Oakhollow, with the names and trades that the player sees.
PEOPLE = {
    "marta": ("Marta Holt", "innkeeper of the Grey Heron"),
    "bram": ("Bram Holt", "blacksmith of Oakhollow"),
    "wenna": ("Wenna Sedge", "ferrywoman at the landing"),
    "crake": ("Aldous Crake", "reeve of Oakhollow"),
    "ilse": ("Ilse Thorn", "keeper of the river shrine"),
    "osric": ("Osric Fenn", "miller at the Low Mill"),
    "vey": ("Lucan Vey", "steward of the Low Mill"),
    "pip": ("Pip Tansy", "goose girl on the village green"),
}
WEATHERS = ("clear", "rain", "fog")
#: Trust of each in the player when the story begins, as in their files, 0 to 100.
TRUST = {"marta": 20, "bram": 25, "wenna": 30, "crake": 30, "ilse": 25, "osric": 30, "vey": 20, "pip": 30}
FLAGS = ("courier_trust", "met_courier", "debt_known", "satchel_found", "buyer_named")
#: Painted lines under water at the landing from which the ferry floats.
FLOATING = 3


@dataclass
class World:
    """The state of a game. `hour` is 0 to 24, `trust` 0 to 100. `given` are gifts and deeds of the player that count
    once, `asked` what it has said to whom, `called_away` the places of those who do not keep to their daily round."""

    day: int = 1
    hour: float = 18.5
    weather: str = "rain"
    river_level: int = 2
    coins: int = 12
    flags: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(FLAGS, False))
    items: list[str] = field(default_factory=list)
    trust: dict[str, int] = field(default_factory=lambda: dict(TRUST))
    given: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    called_away: dict[str, str] = field(default_factory=dict)

    def pass_time(self, hours: float) -> None:
        """Let the clock run."""
        self.hour += hours
        while self.hour >= 24:
            self.hour -= 24
            self.day += 1

    def befriend(self, npc: str, trust: int, once: str = "") -> bool:
        """Let somebody trust the player more, or less; what is named in `once` counts but once. Whether it counted."""
        if once and once in self.given:
            return False
        if once:
            self.given.append(once)
        self.trust[npc] = min(max(self.trust[npc] + trust, 0), 100)
        return True

    def values(self) -> dict[str, Value]:
        """All of it that characters can know of, by the names of the protocol. Time goes by quarters of an hour."""
        quarter = int(self.hour * 4)
        return {
            "time": f"{quarter // 4:02d}:{quarter % 4 * 15:02d}",
            "weather": self.weather,
            "player.coins": self.coins,
            "$river_level": self.river_level,
            **{f"flags.{name}": value for name, value in self.flags.items()},
            **{f"npcs.{npc}.relation.player.trust": trust for npc, trust in self.trust.items()},
        }


def read_world(saved: dict[str, Any]) -> World:
    """The world of a save file. Raises ValueError if it is not one."""
    world = World()
    for name, value in saved.items():
        if not hasattr(world, name) or type(value) is not type(getattr(world, name)):
            raise ValueError(f"`{name}` does not belong in a saved world")
        setattr(world, name, value)
    if set(world.flags) != set(FLAGS) or set(world.trust) != set(TRUST) or world.weather not in WEATHERS:
        raise ValueError("a saved world of another version")
    if not (0 <= world.hour < 24 and all(isinstance(item, str) for item in world.items)):
        raise ValueError("a saved world that cannot be")
    return world
