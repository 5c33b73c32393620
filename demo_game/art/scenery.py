"""What a map looks like: its ground, and what stands on it."""

from __future__ import annotations

import pygame

from demo_game.art.outside import Outside
from demo_game.art.rooms import Room
from demo_game.art.sights import Sights, Sprite

__all__ = ["Scenery", "Sights", "Sprite"]


class Scenery:
    """The look of one map, drawn once; each frame only copies from it. Make it after the window."""

    def __init__(self, map_id: str) -> None:
        self._look: Outside | Room = Outside() if map_id == "village" else Room(map_id)

    def draw_ground(self, view: pygame.Surface, camera: tuple[int, int], now_s: float, sights: Sights) -> None:
        """Draw what nobody can walk behind; camera: the map's point at the view's upper left corner."""
        self._look.draw_ground(view, camera, now_s, sights)

    def standing(self, camera: tuple[int, int], now_s: float, sights: Sights) -> list[Sprite]:
        """What people can walk behind, as far as the camera sees it; to be sorted with them by foot_y."""
        return self._look.standing(camera, now_s, sights)
