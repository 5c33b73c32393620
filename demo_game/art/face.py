"""Portraits for a dialogue: head and shoulders, painted, with a face that shows what the person feels. Clothes and hair
are painted once for each person; a new expression costs a few milliseconds, a known one nothing."""

from __future__ import annotations

from functools import lru_cache

import pygame

from demo_game.art.brush import Brush
from demo_game.art.bust import draw_bust
from demo_game.art.expressions import EXPRESSIONS
from demo_game.art.features import draw_features, glow
from demo_game.art.looks import Look
from demo_game.art.portrait_hair import draw_behind
from demo_game.art.portrait_head import FACES, draw_head
from demo_game.art.tones import Color


@lru_cache(maxsize=512)
def portrait(
    look: Look, emotion: str = "neutral", size_px: int = 192, mouth_open: bool = False, blink: bool = False
) -> pygame.Surface:
    """A square portrait with rounded corners. An unknown emotion shows as neutral. Needs a display."""
    face = EXPRESSIONS.get(emotion, EXPRESSIONS["neutral"])
    behind, bust, head = _layers(look, size_px)
    features = Brush(size_px)
    draw_features(features, look, face, mouth_open, blink)
    moved = (round(face.head[0] * size_px / 100), round(face.head[1] * size_px / 100))
    picture = _background(size_px, face.glow).copy()
    picture.blit(behind, moved)
    picture.blit(bust, (0, 0))
    picture.blit(head, moved)
    picture.blit(features.finished(), moved)
    picture.blit(_corners(size_px), (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
    return picture


@lru_cache(maxsize=64)
def _layers(look: Look, size_px: int) -> tuple[pygame.Surface, pygame.Surface, pygame.Surface]:
    """What does not change with the expression: hair behind, shoulders, head."""
    behind, bust, head = Brush(size_px), Brush(size_px), Brush(size_px)
    draw_behind(behind, look, FACES[look.build].half)
    draw_bust(bust, look)
    draw_head(head, look)
    return behind.finished(), bust.finished(), head.finished()


@lru_cache(maxsize=32)
def _background(size_px: int, color: Color) -> pygame.Surface:
    return glow(size_px, color).convert_alpha()


@lru_cache(maxsize=8)
def _corners(size_px: int) -> pygame.Surface:
    """White with rounded corners that let everything through."""
    side = size_px * 3
    surface = pygame.Surface((side, side), pygame.SRCALPHA)
    pygame.draw.rect(surface, (255, 255, 255), surface.get_rect(), border_radius=side // 12)
    return pygame.transform.smoothscale(surface, (size_px, size_px)).convert_alpha()
