"""The look of the interface: inn signs of dark wood and sheets of parchment, with soft corners and a thin gold edge."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

import pygame

from demo_game.interface.text import Colour

GOLD: Colour = (206, 164, 88)
GOLD_BRIGHT: Colour = (244, 212, 140)
INK: Colour = (54, 36, 24)
INK_SOFT: Colour = (124, 96, 66)
INK_FORMING: Colour = (164, 138, 100)
INK_PLAYER: Colour = (44, 72, 104)
CREAM: Colour = (244, 230, 200)
CREAM_SOFT: Colour = (198, 176, 140)
ALARM: Colour = (226, 112, 80)

#: The colour of each emotion.
EMOTIONS: Mapping[str, Colour] = MappingProxyType(
    {
        "joy": (226, 162, 40),
        "trust": (104, 156, 78),
        "fear": (122, 90, 164),
        "surprise": (44, 156, 166),
        "sadness": (76, 110, 172),
        "disgust": (126, 136, 44),
        "anger": (190, 58, 44),
        "anticipation": (216, 118, 46),
        "neutral": (134, 106, 74),
    }
)

#: Corners are drawn this many times as large and smoothed down, as pygame's own have steps.
OVERSAMPLED = 4


@dataclass(frozen=True, slots=True)
class Style:
    """A material: colours from its rim to its middle, its edge and how thick that is (view pixels), how far it shows
    the world behind (255: not), and how strong its grain is."""

    rim: Colour
    middle: Colour
    edge: Colour
    edge_width: float = 0.75
    opacity: int = 255
    grain: int = 0


WOOD = Style(rim=(38, 24, 16), middle=(64, 42, 28), edge=GOLD, opacity=240, grain=10)
SLATE = Style(rim=(20, 17, 18), middle=(32, 27, 28), edge=(122, 100, 66), opacity=236)
PARCHMENT = Style(rim=(216, 190, 144), middle=(240, 226, 194), edge=(150, 112, 66))
FIELD = Style(rim=(246, 236, 212), middle=(252, 246, 230), edge=(150, 112, 66))
CHIP = Style(rim=(222, 196, 148), middle=(232, 210, 166), edge=(170, 130, 80))
CHIP_CHOSEN = Style(rim=(244, 214, 140), middle=(252, 232, 176), edge=(180, 120, 40))
PILL = Style(rim=(30, 20, 14), middle=(42, 29, 20), edge=(150, 116, 64), opacity=220)


def px(view_px: float, scale: float) -> int:
    """A length of the interface in window pixels; never less than one."""
    return max(1, round(view_px * scale))


@lru_cache(maxsize=96)
def panel(size: tuple[int, int], style: Style, scale: float, radius: float = 6.0) -> pygame.Surface:
    """A panel of a size, window pixels; the corners' `radius` is in view pixels. It is shared: leave it as it is.

    The four corners are cut from one small, smoothed picture and the sides are drawn out of it (nine slices), so that a
    panel of any size is made in well under a frame.
    """
    width, height = max(2, size[0]), max(2, size[1])
    slice_px = min(px(radius * 1.6, scale), width // 2, height // 2)
    tile = _tile(style, scale, radius, slice_px)
    surface = pygame.Surface((width, height), pygame.SRCALPHA)
    for from_x, wide, x, across in _slices(width, slice_px):
        for from_y, high, y, down in _slices(height, slice_px):
            piece = tile.subsurface((from_x, from_y, wide, high))
            surface.blit(pygame.transform.scale(piece, (across, down)), (x, y))
    if style.grain:
        _draw_grain(surface, style, slice_px, scale)
    return surface


def draw_panel(
    window: pygame.Surface, rect: pygame.Rect, style: Style, scale: float, radius: float = 6.0
) -> pygame.Surface:
    """Draw a panel. Returns its picture."""
    surface = panel(rect.size, style, scale, radius)
    window.blit(surface, rect)
    return surface


@lru_cache(maxsize=96)
def pill(size: tuple[int, int], colour: Colour) -> pygame.Surface:
    """A rectangle with round ends, a dot if it is square. It is shared: leave it as it is."""
    large = pygame.Surface((size[0] * OVERSAMPLED, size[1] * OVERSAMPLED), pygame.SRCALPHA)
    large.fill((*colour, 0))  # so that smoothing mixes only how opaque it is
    pygame.draw.rect(large, colour, large.get_rect(), border_radius=min(large.get_size()) // 2)
    return pygame.transform.smoothscale(large, size)


def draw_dot(window: pygame.Surface, colour: Colour, centre: tuple[int, int], radius_px: float) -> None:
    """Draw a smooth dot."""
    side = max(2, round(2 * radius_px))
    window.blit(pill((side, side), colour), (centre[0] - side // 2, centre[1] - side // 2))


def _slices(length: int, slice_px: int) -> list[tuple[int, int, int, int]]:
    """Along one side: where each slice begins in the tile and how long it is there, and the same in the panel."""
    between = length - 2 * slice_px
    slices = [(0, slice_px, 0, slice_px), (slice_px + 1, slice_px, length - slice_px, slice_px)]
    return [*slices, (slice_px, 1, slice_px, between)] if between else slices


def _tile(style: Style, scale: float, radius: float, slice_px: int) -> pygame.Surface:
    """The smallest panel: four corners and one pixel between them."""
    side = 2 * slice_px + 1
    large = pygame.Surface((side * OVERSAMPLED, side * OVERSAMPLED), pygame.SRCALPHA)
    large.fill((*style.edge, 0))  # so that smoothing mixes no other colour into the edge
    edge_px = max(1.0, style.edge_width * scale)
    steps = max(2, round(slice_px - edge_px))
    for step in range(-1, steps):
        inset = round((edge_px + step) * OVERSAMPLED) if step >= 0 else 0
        share = max(0.0, step / (steps - 1))
        colour = (*mixed(style.rim, style.middle, 1 - (1 - share) ** 2), style.opacity) if step >= 0 else style.edge
        corner = max(OVERSAMPLED, round(radius * scale * OVERSAMPLED) - inset)
        pygame.draw.rect(large, colour, large.get_rect().inflate(-2 * inset, -2 * inset), border_radius=corner)
    return pygame.transform.smoothscale(large, (side, side))


def _draw_grain(surface: pygame.Surface, style: Style, inset: int, scale: float) -> None:
    """Faint strokes along the wood, the same for every panel of a size."""
    dice = random.Random(surface.get_width() * 7919 + surface.get_height())
    width, height = surface.get_size()
    for _ in range(round(width * height / (260 * scale * scale))):
        length = dice.randint(px(6, scale), px(48, scale))
        x, y = (
            dice.randint(inset // 2, max(inset // 2, width - inset // 2 - length)),
            dice.randint(3, max(3, height - 4)),
        )
        if x + length >= width - inset // 2 or not inset // 2 <= y < height - inset // 2:
            continue
        shade = dice.randint(-style.grain, style.grain)
        below = surface.get_at((x, y))
        colour = tuple(max(0, min(255, value + shade)) for value in (below.r, below.g, below.b))
        surface.fill((*colour, below.a), (x, y, length, max(1, round(scale / 2))))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """From one colour (0) to the other (1)."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
