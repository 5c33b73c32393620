"""What the look of a map hangs on, and the pictures that it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import pygame

#: The camera's view, map pixels.
VIEW_WIDTH, VIEW_HEIGHT = 640, 360


@dataclass(frozen=True, slots=True)
class Sights:
    """The hour, the weather, and how far the story is."""

    hour: float = 12.0
    weather: str = "clear"
    flags: Mapping[str, bool] = field(default_factory=dict)
    river_level: int = 2

    @property
    def is_dark(self) -> bool:
        """Whether windows are lit."""
        return self.hour < 7 or self.hour >= 17.5

    @property
    def is_night(self) -> bool:
        """Whether geese and most people sleep."""
        return self.hour < 5.5 or self.hour >= 21.5

    def flag(self, name: str) -> bool:
        """A flag of the story."""
        return self.flags.get(name, False)


class Sprite(NamedTuple):
    """A picture that people can walk behind: its upper left corner, and where its foot is, map pixels."""

    foot_y: float
    surface: pygame.Surface
    x: float
    y: float

    def is_seen(self, camera: tuple[int, int]) -> bool:
        """Whether any of it is in the camera's view."""
        return (
            self.x < camera[0] + VIEW_WIDTH
            and self.y < camera[1] + VIEW_HEIGHT
            and self.x + self.surface.get_width() > camera[0]
            and self.y + self.surface.get_height() > camera[1]
        )


def standing_at(surface: pygame.Surface, x: float, y: float, lift: float = 0) -> Sprite:
    """A picture whose lower edge's middle is at x, y; `lift` pixels above that if it hangs."""
    return Sprite(y, surface, x - surface.get_width() // 2, y + 1 - surface.get_height() - lift)
