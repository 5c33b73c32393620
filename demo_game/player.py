"""The player's own figure: walked with the keys, stopped by walls, led through doors."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import hypot

import pygame

from demo_game.people.person import Person, facing
from demo_game.village.layout import MAPS, START, Spot, is_free

#: Map pixels a second.
SPEED = 96.0
KEYS = {
    pygame.K_LEFT: (-1, 0),
    pygame.K_a: (-1, 0),
    pygame.K_RIGHT: (1, 0),
    pygame.K_d: (1, 0),
    pygame.K_UP: (0, -1),
    pygame.K_w: (0, -1),
    pygame.K_DOWN: (0, 1),
    pygame.K_s: (0, 1),
}


class Player(Person):
    """The traveller. `held` are the keys that are down."""

    def __init__(self, spot: Spot = START) -> None:
        super().__init__("player", "You", spot, speed=SPEED)
        self._moves = False

    @property
    def walks(self) -> bool:
        """Whether it moves."""
        return self._moves or super().walks

    def steer(self, held: Collection[int], dt_s: float) -> None:
        """Walk where the keys point, along walls if there are any."""
        dx = sum(KEYS[key][0] for key in KEYS if key in held)
        dy = sum(KEYS[key][1] for key in KEYS if key in held)
        length = hypot(dx, dy)
        self._moves = length > 0
        if not self._moves:
            return
        self.stop()
        reach = SPEED * min(dt_s, 0.05) / length  # after a pause of the machine nobody walks through walls
        x, y = self.spot.x, self.spot.y
        if is_free(self.spot.map, x + dx * reach, y):
            x += dx * reach
        if is_free(self.spot.map, x, y + dy * reach):
            y += dy * reach
        self.walked += hypot(x - self.spot.x, y - self.spot.y)
        self.spot = Spot(self.spot.map, x, y, facing(dx, dy))
        self._enter_doors()

    def stand(self) -> None:
        """Let go of all keys."""
        self._moves = False
        self.stop()

    def _enter_doors(self) -> None:
        for door in MAPS[self.spot.map].doors:
            if door.area.contains(self.spot.x, self.spot.y):
                self.spot = replace(door.to)
                return
