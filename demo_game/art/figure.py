"""People as pixels, seen from slightly above: standing and walking in four directions, with a face that shows what they
feel. Every picture is drawn once and kept."""

from __future__ import annotations

from functools import lru_cache

import pygame

from demo_game.art.body import BODIES, draw_body
from demo_game.art.head import draw_hair, draw_hat, draw_head
from demo_game.art.looks import Look
from demo_game.art.palette import INK
from demo_game.art.pixel_face import BLINKS, EYES, MOUTHS, SPEAKING
from demo_game.art.tones import Color, darker, mix

#: Width and height of a figure, pixels. The feet are at the bottom centre.
FIGURE_SIZE = (24, 38)

#: What a strong feeling does to the colour of a face.
_FLUSH: dict[str, tuple[Color, float]] = {
    "anger": ((220, 60, 40), 0.24),
    "disgust": ((120, 160, 70), 0.24),
    "fear": ((190, 206, 226), 0.32),
    "sadness": ((150, 160, 200), 0.14),
}


@lru_cache(maxsize=4096)
def figure(
    look: Look, facing: str, step: int = 0, emotion: str = "neutral", mouth_open: bool = False, blink: bool = False
) -> pygame.Surface:
    """A person facing "down", "up", "left" or "right" in one of four steps (0..3; 0 stands). An unknown emotion shows
    as neutral. Needs a display."""
    if facing == "right":
        return pygame.transform.flip(_drawn(look, "right", step, emotion, mouth_open, blink), True, False)
    return _drawn(look, facing, step, emotion, mouth_open, blink)


@lru_cache(maxsize=1)
def shadow() -> pygame.Surface:
    """The soft shadow under a figure, to be drawn centred on its feet."""
    surface = pygame.Surface((20, 8), pygame.SRCALPHA)
    pygame.draw.ellipse(surface, (20, 14, 34, 50), (0, 0, 20, 8))
    pygame.draw.ellipse(surface, (20, 14, 34, 90), (3, 1, 14, 6))
    return surface.convert_alpha()


def _drawn(look: Look, facing: str, step: int, emotion: str, mouth_open: bool, blink: bool) -> pygame.Surface:
    """As `figure`, with "right" drawn as its mirror image, so that gloves stay on their hands."""
    paint = pygame.Surface(FIGURE_SIZE, pygame.SRCALPHA)
    tint, share = _FLUSH.get(emotion, (look.skin, 0.0))
    skin = mix(look.skin, tint, share)
    body = BODIES[look.build]
    # With the legs apart the whole body comes down a little.
    top = body.head_top + step % 2
    draw_body(paint, look, facing, step)
    draw_head(paint, look, skin, facing, top)
    if facing != "up":
        eyes = (BLINKS if blink else EYES).get(emotion, (BLINKS if blink else EYES)["neutral"])
        mouth = (SPEAKING if mouth_open else MOUTHS).get(emotion, (SPEAKING if mouth_open else MOUTHS)["neutral"])
        _draw_face(paint, look, skin, (*eyes, *mouth), facing, top + 4, mouth_open)
    draw_hair(paint, look, facing, top)
    draw_hat(paint, look, facing, top)
    return _outlined(paint)


def _draw_face(
    paint: pygame.Surface, look: Look, skin: Color, rows: tuple[str, ...], facing: str, top: int, mouth_open: bool
) -> None:
    colors: dict[str, Color] = {
        "b": mix(darker(look.hair, 0.5), skin, 0.2),
        "e": darker(look.eyes, 0.45),
        "w": (252, 248, 240),
        "d": darker(skin, 0.55),
        "m": (104, 34, 42) if mouth_open else mix(skin, (92, 28, 40), 0.72),
        "k": (250, 242, 228),
        "l": (214, 104, 100),
        "r": mix(skin, (232, 88, 84), 0.5),
        "t": (120, 190, 246),
    }
    if "cloudy_eye" in look.marks and facing != "right":
        colors["c"] = (196, 208, 214)
    profile = facing != "down"
    for y, row in enumerate(rows):
        for column, mark in enumerate(row):
            # In profile the half of the face that lies to the right looks ahead, to the left.
            x = column - 1 if profile else column + 6
            if mark == "." or x < 6:
                continue
            cloudy = mark == "e" and column > 6
            paint.set_at((x, top + y), colors.get("c", colors[mark]) if cloudy else colors[mark])


def _outlined(paint: pygame.Surface) -> pygame.Surface:
    """The same with a line of ink around it."""
    ink = pygame.mask.from_surface(paint, 60).to_surface(setcolor=(*INK, 255), unsetcolor=(0, 0, 0, 0))
    result = pygame.Surface(FIGURE_SIZE, pygame.SRCALPHA)
    for offset in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        result.blit(ink, offset)
    result.blit(paint, (0, 0))
    return result.convert_alpha()
