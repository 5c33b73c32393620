"""The things that stand about the village, by their kinds."""

from __future__ import annotations

from functools import lru_cache

import pygame

from demo_game.art import green_things, riverside_things, yard_things
from demo_game.art.texture import outlined

_THINGS = green_things.THINGS | yard_things.THINGS | riverside_things.THINGS


@lru_cache(maxsize=128)
def thing(kind: str) -> pygame.Surface:
    """A thing by its kind; its foot is in the middle of the lower edge."""
    return outlined(_THINGS[kind]()).convert_alpha()
