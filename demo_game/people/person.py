"""One figure in the village: where it is, where it walks, how it looks at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import hypot

from demo_game.village.layout import Spot

#: Walking speed, map pixels a second.
SPEED = 58.0
#: Map pixels of one step of the walk.
STRIDE = 9.0
#: How long a feeling shows in the face, seconds.
FEELING_S = 9.0


@dataclass
class Person:
    """Somebody of the village, or the player. `route` is the way still to go; `feeling_s` how long `emotion` will
    show, seconds."""

    id: str
    name: str
    spot: Spot
    route: list[Spot] = field(default_factory=list)
    emotion: str = "neutral"
    feeling_s: float = 0.0
    walked: float = 0.0
    speed: float = SPEED

    @property
    def walks(self) -> bool:
        """Whether it is on its way."""
        return bool(self.route)

    @property
    def step(self) -> int:
        """Which picture of the walk, 0 to 3; 0 stands."""
        return int(self.walked / STRIDE) % 4 if self.walks else 0

    def distance(self, other: Person) -> float:
        """Map pixels between the two; far away, if on different maps."""
        if self.spot.map != other.spot.map:
            return float("inf")
        return hypot(self.spot.x - other.spot.x, self.spot.y - other.spot.y)

    def go(self, route: Sequence[Spot]) -> None:
        """Begin to walk."""
        self.route = list(route)

    def stop(self) -> None:
        """Stand still, here."""
        self.route = []

    def feel(self, emotion: str) -> None:
        """Show a feeling for a while."""
        self.emotion, self.feeling_s = emotion, FEELING_S

    def face(self, other: Person) -> None:
        """Turn to somebody."""
        self.spot = replace(self.spot, facing=facing(other.spot.x - self.spot.x, other.spot.y - self.spot.y))

    def turn_away(self, other: Person) -> None:
        """Show somebody one's back."""
        self.spot = replace(self.spot, facing=facing(self.spot.x - other.spot.x, self.spot.y - other.spot.y))

    def update(self, dt_s: float) -> None:
        """Go on walking; let feelings pass."""
        self.feeling_s -= dt_s
        if self.feeling_s <= 0:
            self.emotion = "neutral"
        left = self.speed * dt_s
        while self.route and left > 0:
            goal = self.route[0]
            dx, dy = goal.x - self.spot.x, goal.y - self.spot.y
            length = hypot(dx, dy)
            if goal.map != self.spot.map or length <= left:  # through a door, or there
                self.spot = goal if len(self.route) == 1 else replace(goal, facing=self.spot.facing)
                self.route.pop(0)
                left -= 0 if goal.map != self.spot.map else length
            else:
                share = left / length
                self.spot = Spot(self.spot.map, self.spot.x + dx * share, self.spot.y + dy * share, facing(dx, dy))
                self.walked += left
                left = 0


def facing(dx: float, dy: float) -> str:
    """The side to which a direction points."""
    if abs(dx) > abs(dy):
        return "right" if dx > 0 else "left"
    return "down" if dy >= 0 else "up"
