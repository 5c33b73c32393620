"""Where everybody is at which hour: a daily round each.

A round is a list of hours and the place one goes to then; from the last of them on one stays there, past midnight,
until the first. The eight of Oakhollow have theirs by hand; anybody else has a home, a place of work and an evening
drawn from the id, the same in every run.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

Round: TypeAlias = tuple[tuple[float, str], ...]

PLACES = ("inn", "green", "forge", "mill", "shrine", "ferry")

ROUNDS: Mapping[str, Round] = {
    # The inn holds Marta, but for the market in the morning and willow tea from the shrine at dusk.
    "marta": ((5.5, "inn"), (8.5, "green"), (9.75, "inn"), (16.5, "shrine"), (17.25, "inn")),
    # Iron by day, an ale at his brother's widow's in the evening. Never near the river.
    "bram": ((6.0, "forge"), (12.0, "green"), (12.75, "forge"), (18.5, "inn"), (21.5, "forge")),
    # She waits for water that does not come, and sings for her supper.
    "wenna": ((5.0, "ferry"), (11.0, "shrine"), (11.75, "ferry"), (19.0, "inn"), (21.75, "ferry")),
    # The desk on the green; a rule is worth nothing unless somebody inspects the inn by it.
    "crake": ((7.5, "green"), (13.0, "inn"), (14.0, "green"), (18.75, "inn"), (20.5, "green")),
    # The shrine is where people come to her; bread and salt she fetches herself.
    "ilse": ((4.5, "shrine"), (9.0, "green"), (10.0, "shrine"), (14.5, "ferry"), (15.25, "shrine")),
    # He counts sacks for Vey, and slips out when he dares.
    "osric": ((6.5, "mill"), (10.5, "green"), (11.25, "mill"), (17.5, "forge"), (18.25, "inn"), (20.75, "mill")),
    # The steward keeps to his accounts, walks the market and listens at the inn.
    "vey": (
        (8.0, "mill"),
        (9.5, "green"),
        (10.25, "mill"),
        (15.5, "green"),
        (16.5, "mill"),
        (20.0, "inn"),
        (21.25, "mill"),
    ),
    # Geese, gossip, buns: she is wherever somebody is talking.
    "pip": (
        (6.5, "inn"),
        (7.5, "green"),
        (10.5, "ferry"),
        (12.0, "forge"),
        (13.0, "inn"),
        (14.0, "mill"),
        (15.0, "shrine"),
        (16.0, "green"),
        (17.5, "ferry"),
        (19.0, "inn"),
    ),
}


def place_of(npc_id: str, hour: float) -> str:
    """The id of the place where that character is at an hour of the day, 0 to 24; hours beyond wrap around."""
    return _at(round_of(npc_id), hour)


def round_of(npc_id: str) -> Round:
    """A character's day: hours in rising order, each with the place one goes to then."""
    return ROUNDS.get(npc_id) or _drawn(npc_id)


def home_of(npc_id: str) -> str:
    """The place where that character sleeps."""
    return _at(round_of(npc_id), 3.0)


def _at(daily: Round, hour: float) -> str:
    return daily[bisect_right(daily, hour % 24.0, key=lambda step: step[0]) - 1][1]


@lru_cache(maxsize=256)
def _drawn(npc_id: str) -> Round:
    """A round for somebody who has none by hand: everyone has an hour at the market and most an hour at the inn."""
    dice = random.Random(f"round of {npc_id}")  # a string seeds it alike everywhere
    home, work, errand = dice.choice(PLACES), dice.choice(PLACES), dice.choice(PLACES)
    up = 5.5 + dice.randrange(8) / 4
    market = 8.5 + dice.randrange(4) / 2
    after_noon = 12.5 + dice.randrange(6) / 2
    evening = 17.5 + dice.randrange(6) / 4
    bed = 20.75 + dice.randrange(6) / 4
    out = "inn" if dice.random() < 0.75 else dice.choice(("shrine", "forge", "ferry"))
    return (
        (up, work),
        (market, "green"),
        (market + 1.0, work),
        (after_noon, errand),
        (after_noon + 1.0, work),
        (evening, out),
        (bed, home),
    )
