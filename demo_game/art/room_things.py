"""The furniture of the taproom and the mill, by its kinds."""

from __future__ import annotations

from functools import lru_cache

import pygame

from demo_game.art import mill_things, taproom_things
from demo_game.art.furnishing import thing
from demo_game.art.texture import outlined

_THINGS = taproom_things.THINGS | mill_things.THINGS

#: Things without an outline: they lie on the floor or are made of light.
_FLAT = {"high_window", "boot_prints", "trapdoor"}


@lru_cache(maxsize=64)
def room_thing(kind: str) -> pygame.Surface:
    """A piece of furniture by its kind; its foot is in the middle of the lower edge."""
    if kind in ("barrel", "bench"):
        return thing(kind)
    picture = _THINGS[kind]()
    return (picture if kind in _FLAT else outlined(picture)).convert_alpha()
