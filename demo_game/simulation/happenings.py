"""What may happen in Oakhollow on a day of autumn, and how it is spread over the hours."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that witnesses will talk about. `text` is one sentence, as they tell it; `topic` is what to ask for,
    in words that belong to it alone; `hours` is when it may happen; `importance` is 1 to 10."""

    id: str
    place: str
    hours: tuple[float, float]
    importance: int
    topic: str
    text: str


@dataclass(frozen=True, slots=True)
class Appointment:
    """A happening and its day, from 1, and hour."""

    day: int
    hour: float
    happening: Happening


HAPPENINGS = (
    Happening(
        "wagon", "green", (8.5, 11.5), 7, "the wagon from Saltmarsh",
        "A wagon from Saltmarsh stopped at the market cross, and its driver asked for nothing but the way to the weir.",
    ),
    Happening(
        "geese", "green", (8.0, 16.0), 4, "the geese and the reeve's roll",
        "Duchess the goose ate half a page of the reeve's roll, and nobody can say now who owes the tithe.",
    ),
    Happening(
        "purse", "green", (9.0, 12.0), 6, "the purse in the well bucket",
        "The well bucket came up with a purse in it, and in the purse were eleven new silver coins.",
    ),
    Happening(
        "notice", "green", (7.0, 10.0), 5, "the notice on the board",
        "Somebody tore the notice about the sluice fine off the board and left only the four nails.",
    ),
    Happening(
        "fiddler", "green", (14.0, 17.0), 3, "the blind fiddler",
        "A blind fiddler played three songs at the market cross and knew everyone's name before it was told him.",
    ),
    Happening(
        "heron", "inn", (17.0, 21.0), 5, "the stuffed heron",
        "The stuffed heron fell from its shelf above the bar, and out of its belly rolled a child's silver ring.",
    ),
    Happening(
        "stranger", "inn", (18.0, 21.5), 7, "the stranger with the map",
        "A stranger unrolled a map at the long table, and on that map there was no Oakhollow, only a road.",
    ),
    Happening(
        "dice", "inn", (18.5, 21.5), 4, "the dice game",
        "A pedlar won nine dice games running, until the table was jogged and three sixes lay on the floor as well.",
    ),
    Happening(
        "cellar", "inn", (6.0, 21.0), 6, "the cough under the floor",
        "Somebody coughed under the taproom floor, twice, and Marta began to sing very loudly.",
    ),
    Happening(
        "anvil", "forge", (8.0, 16.0), 5, "the crack in the anvil",
        "The old anvil cracked from horn to heel at one blow, and no anvil does that but before a flood.",
    ),
    Happening(
        "horse", "forge", (9.0, 17.5), 8, "the riderless horse",
        "A riderless bay horse walked up to the forge with a cut rein and blood on the saddle.",
    ),
    Happening(
        "order", "forge", (10.0, 17.0), 5, "the order for sixty feet of chain",
        "A boy brought the smith an order for sixty feet of heavy chain, and ran before he could be asked for whom.",
    ),
    Happening(
        "beam", "mill", (9.0, 17.0), 6, "the voices under the mill",
        "Voices came up through the mill floor, counting in a tongue that nobody in the village speaks.",
    ),
    Happening(
        "wheel", "mill", (7.0, 18.0), 7, "the mill wheel and its chain",
        "The chained mill wheel turned by itself, a full quarter, and the chain rang like a bell.",
    ),
    Happening(
        "sack", "mill", (8.0, 17.0), 5, "the salt in the flour sacks",
        "A flour sack split on the mill stairs, and it was salt that ran out of it, white and dry as bone.",
    ),
    Happening(
        "bell", "shrine", (6.0, 18.0), 8, "the flood bell and its rope",
        "The flood bell at the shrine rang once, and there was not a hand near the rope.",
    ),
    Happening(
        "pebble", "shrine", (9.0, 17.0), 4, "the black pebble on the altar",
        "A black pebble lay on the altar stone this time, with a name scratched on it and scratched out again.",
    ),
    Happening(
        "eels", "shrine", (8.0, 16.0), 5, "the eels on the steps",
        "Hundreds of eels came up the shrine steps out of the river and turned back at the last one.",
    ),
    Happening(
        "hat", "ferry", (6.0, 17.0), 7, "the courier's hat",
        "The courier's hat came floating down to the ferry landing, dry inside, with a feather still in the band.",
    ),
    Happening(
        "seal", "ferry", (9.0, 17.0), 4, "the seal on the mudbank",
        "A grey seal lay on the mudbank by the ferry, two days from the sea, and barked at the steward's windows.",
    ),
    Happening(
        "boat", "ferry", (5.5, 9.0), 9, "the empty boat",
        "An empty boat drifted against the ferry at first light with its lantern still burning.",
    ),
    Happening(
        "rope", "ferry", (15.0, 19.0), 6, "the sawn ferry rope",
        "Someone had sawn the ferry rope half through, clean as cheese, and hidden the cut with tar.",
    ),
)  # fmt: skip


def plan(days: int, a_day: int, dice: random.Random) -> list[Appointment]:
    """When what happens, `a_day` things on each day in order of the hour. Nothing happens twice until everything
    has."""
    pool: list[Happening] = []
    planned: list[Appointment] = []
    for day in range(1, days + 1):
        if len(pool) < a_day:
            pool += dice.sample(HAPPENINGS, len(HAPPENINGS))
        today, pool = pool[:a_day], pool[a_day:]
        planned += sorted(
            (Appointment(day, dice.uniform(*happening.hours), happening) for happening in today),
            key=lambda each: each.hour,
        )
    return planned
