"""Things in the village that the player can use, and what comes of it."""

from __future__ import annotations

from math import hypot
from typing import NamedTuple

from demo_game.story.world import World
from demo_game.village.layout import Spot

#: So near to a thing it can be used, map pixels.
REACH = 30
MORNING = 7.0


class Usable(NamedTuple):
    """A thing and where to stand for it; `hint` says what E does there."""

    id: str
    map: str
    x: int
    y: int
    hint: str


USABLES = (
    Usable("hatch", "village", 688, 316, "buy a honey bun for one silver"),
    Usable("notice_board", "village", 626, 424, "read the notices"),
    Usable("altar", "village", 968, 700, "lay a pebble on the altar"),
    Usable("ferry_bell", "village", 640, 730, "ring the ferry bell"),
    Usable("bar", "inn", 480, 190, "buy an ale for one silver"),
    Usable("stairs", "inn", 324, 132, "go up to bed"),
    Usable("iron_gate", "mill", 464, 132, "try the iron gate"),
)


class Outcome(NamedTuple):
    """What the player reads, and what witnesses will speak of."""

    told: str
    event: str = ""
    importance: int = 4


def in_reach(spot: Spot) -> Usable | None:
    """The thing that can be used from here."""
    near = [thing for thing in USABLES if thing.map == spot.map and _away(thing, spot) <= REACH]
    return min(near, key=lambda thing: _away(thing, spot), default=None)


def _away(thing: Usable, spot: Spot) -> float:
    return hypot(thing.x - spot.x, thing.y - spot.y)


def use(world: World, thing: Usable) -> Outcome:
    """Use it."""
    match thing.id:
        case "hatch":
            return _buy(world, "honey_bun", "A honey bun, still warm.")
        case "bar":
            return _buy(world, "ale", "An ale, and a coin on the bar.")
        case "notice_board":
            if world.flags["buyer_named"]:
                return Outcome("“WARRANT against LUCAN VEY, steward. A. Crake, reeve.” The letters are very large.")
            return Outcome("“Twenty silver for word of the courier.” It bears no name.")
        case "altar":
            if world.befriend("ilse", 10, once="pebble"):
                return Outcome("You lay a pebble down and name somebody you miss.", _PEBBLE, 5)
            return Outcome("Your pebble lies among the others.")
        case "ferry_bell":
            return Outcome("The ship's bell rings out over the mud.", "Somebody rang the ferry bell.", 3)
        case "stairs":
            return _sleep(world)
        case _:
            return _open_gate(world)


_PEBBLE = "The traveller laid a pebble on the altar stone and named somebody."


def _buy(world: World, item: str, told: str) -> Outcome:
    if item in world.items:
        return Outcome("You still have one.")
    if world.coins < 1:
        return Outcome("You have no silver left.")
    world.coins -= 1
    world.items.append(item)
    return Outcome(told)


def _sleep(world: World) -> Outcome:
    if "room_key" not in world.items:
        return Outcome("The rooms are upstairs. Marta has the keys.")
    world.items.remove("room_key")
    world.pass_time((MORNING - world.hour) % 24)
    return Outcome("You sleep until the geese wake you.")


def _open_gate(world: World) -> Outcome:
    if not {"spare_key", "mill_keys"} & set(world.items):
        return Outcome("Three locks. Somebody who works iron knew what he was doing.")
    return Outcome(
        "Nine crates, each sealed with a salt cask under a crown.",
        "The traveller opened the iron gate at the mill and found nine sealed crates.",
        8,
    )
