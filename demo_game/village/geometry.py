"""What the village is described with: spots, areas, places, doors, lamps and maps. Lengths are map pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

#: The side of a tile, map pixels.
TILE = 16


@dataclass(frozen=True, slots=True)
class Spot:
    """Where the feet of a person are."""

    map: str
    x: float
    y: float
    facing: str = "down"


class Area(NamedTuple):
    """A rectangle of a map."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, x: float, y: float) -> bool:
        """Whether the point is inside; the right and lower edges are not."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height

    def tiles(self) -> list[tuple[int, int]]:
        """The tiles that it touches."""
        return [
            (column, row)
            for row in range(self.y // TILE, -(-(self.y + self.height) // TILE))
            for column in range(self.x // TILE, -(-(self.x + self.width) // TILE))
        ]


@dataclass(frozen=True, slots=True)
class Place:
    """A place of the pack, and spots where people stand in it; the first is its owner's."""

    id: str
    map: str
    areas: tuple[Area, ...]
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class Door:
    """Who walks into `area` comes to `to`."""

    map: str
    area: Area
    to: Spot
    label: str


@dataclass(frozen=True, slots=True)
class Lamp:
    """A light. Lit when it is dark outside, or `always`."""

    x: float
    y: float
    radius: float
    color: tuple[int, int, int]
    flickers: bool = False
    always: bool = False


@dataclass(frozen=True, slots=True)
class VillageMap:
    """One map: its size, the tiles nobody can stand on, its doors and lamps."""

    id: str
    name: str
    width: int
    height: int
    indoors: bool
    blocked: frozenset[tuple[int, int]]
    doors: tuple[Door, ...]
    lamps: tuple[Lamp, ...]


class Prop(NamedTuple):
    """A thing that stands somewhere; x and y are the middle of its foot."""

    kind: str
    x: int
    y: int
    blocks: Area | None = None


class Building(NamedTuple):
    """A house: the left end and the foot of its front wall, and how far it goes back."""

    kind: str
    x: int
    base: int
    width: int
    depth: int

    @property
    def footprint(self) -> Area:
        """The ground that it covers."""
        return Area(self.x, self.base - self.depth, self.width, self.depth)


def prop(kind: str, x: int, y: int, width: int = 0, depth: int = 12) -> Prop:
    """A thing; with a width, it blocks that much ground around and behind its foot."""
    return Prop(kind, x, y, Area(x - width // 2, y - depth, width, depth) if width else None)
