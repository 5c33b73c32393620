"""The screen while the storyteller wakes up."""

from __future__ import annotations

import math
import random
from functools import lru_cache

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import (
    ALARM,
    CREAM,
    CREAM_SOFT,
    GOLD,
    GOLD_BRIGHT,
    PILL,
    WOOD,
    draw_panel,
    mixed,
    pill,
    px,
)
from demo_game.interface.text import Colour, draw_text, width_of, wrap

#: What a new player should know, one at a time.
TIPS = (
    "Ask in your own words. People answer what you say, and remember it.",
    "Somebody who trusts you tells you more. Somebody who does not may still be mistaken.",
    "A name, a place or a thing that you have heard of is worth asking everybody about.",
    "People talk with each other as well. Stand near, and listen.",
    "When the river rises to the third line, the ferry floats.",
)
TIP_S = 7.0
#: Width of the bar, view pixels; how long its light takes from end to end where nobody knows how far it is, seconds.
BAR_WIDTH, SWEEP_S = 260, 1.8
#: Houses of the picture: where (part of the width), width and height in view pixels. The fourth is the mill.
HOUSES = (
    (0.08, 46, 24),
    (0.2, 38, 20),
    (0.31, 60, 34),
    (0.445, 64, 46),
    (0.62, 42, 22),
    (0.74, 52, 30),
    (0.93, 44, 22),
)
SHADOW: Colour = (24, 16, 22)


class LoadingScreen:
    """Covers the window: title, what is being done, and how far it is."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._title = sized(3.4, scale, bold=True)
        self._font = sized(1.0, scale)
        self._bold = sized(1.0, scale, bold=True)
        self._small = sized(0.9, scale)

    def draw(
        self,
        window: pygame.Surface,
        title: str,
        detail: str,
        progress: float | None,
        now_s: float,
        problem: str = "",
    ) -> None:
        """`progress` is 0 to 1, None if unknown; `problem` is what went wrong and what to do about it."""
        scale, (width, height) = self._scale, window.get_size()
        window.blit(_dusk(window.get_size(), scale), (0, 0))
        x, y = width // 2, height // 6
        self._draw_title(window, title, (x, y))
        y += self._title.get_linesize() + px(26, scale)
        if problem:
            self._draw_problem(window, (x, y), problem)
        else:
            self._draw_bar(
                window,
                pygame.Rect(x - px(BAR_WIDTH, scale) // 2, y, px(BAR_WIDTH, scale), px(10, scale)),
                progress,
                now_s,
            )
            share = "" if progress is None else f"   {progress:.0%}"
            draw_text(window, detail + share, self._font, CREAM, (x, y + px(16, scale)), align=0.5)
        tip = TIPS[int(now_s / TIP_S) % len(TIPS)]
        y = height - px(22, scale) - self._small.get_linesize()
        draw_text(window, tip, self._small, CREAM_SOFT, (x, y), align=0.5)

    def _draw_title(self, window: pygame.Surface, title: str, top_middle: tuple[int, int]) -> None:
        """The title in wide letters with a shadow, and a rule with a lozenge under it."""
        scale, (x, y) = self._scale, top_middle
        space = px(3, scale)
        left = x - (sum(width_of(letter, self._title) + space for letter in title) - space) // 2
        for letter in title:
            for offset, colour in ((px(1.4, scale), SHADOW), (0, GOLD_BRIGHT)):
                draw_text(window, letter, self._title, colour, (left + offset, y + offset))
            left += width_of(letter, self._title) + space
        y += self._title.get_linesize() + px(4, scale)
        for side in (-1, 1):
            ends = ((x + side * px(8, scale), y), (x + side * px(80, scale), y))
            pygame.draw.line(window, GOLD, *ends, px(0.8, scale))
        half = px(3, scale)
        pygame.draw.polygon(window, GOLD, [(x - half, y), (x, y - half), (x + half, y), (x, y + half)])

    def _draw_bar(self, window: pygame.Surface, box: pygame.Rect, progress: float | None, now_s: float) -> None:
        draw_panel(window, box, PILL, self._scale, radius=5)
        inside = box.inflate(-px(4, self._scale), -px(4, self._scale))
        if progress is None:
            length = inside.width // 4
            travel = 0.5 - 0.5 * math.cos(now_s / SWEEP_S * math.tau)
            left = inside.left + round(travel * (inside.width - length))
        else:
            left, length = inside.left, max(inside.height, round(max(0.0, min(1.0, progress)) * inside.width))
        window.blit(pill((length, inside.height), GOLD), (left, inside.top))
        inset = inside.height // 3
        if length > 3 * inset:
            shine = pill((length - 2 * inset, inset), GOLD_BRIGHT)
            window.blit(shine, (left + inset, inside.top + inset // 2))

    def _draw_problem(self, window: pygame.Surface, top_middle: tuple[int, int], problem: str) -> None:
        scale = self._scale
        lines = [line.strip() for line in wrap(problem, self._font, px(360, scale))]
        row = self._font.get_linesize()
        box = pygame.Rect(0, 0, px(390, scale), (len(lines) + 1) * row + px(16, scale))
        box.midtop = top_middle
        draw_panel(window, box, WOOD, scale, radius=8)
        y = box.top + px(7, scale)
        draw_text(window, "The storyteller does not wake up", self._bold, ALARM, (box.centerx, y), align=0.5)
        for line in lines:
            y += row
            draw_text(window, line, self._font, CREAM, (box.centerx, y + px(2, scale)), align=0.5)


@lru_cache(maxsize=2)
def _dusk(size: tuple[int, int], scale: float) -> pygame.Surface:
    """An evening over the river: sky, stars, hills, roofs with lit windows, and their light in the water."""
    width, height = size
    picture = pygame.Surface(size)
    shore = round(height * 0.78)
    for y in range(shore):
        share = y / shore
        low = mixed((58, 44, 74), (206, 122, 74), max(0.0, share * 2 - 1))
        picture.fill(mixed((24, 24, 50), low, min(1.0, share * 2)) if share < 0.5 else low, (0, y, width, 1))
    dice = random.Random(7)
    for _ in range(90):
        star = (dice.random() * width, dice.random() ** 2 * shore * 0.55)
        bright = dice.randint(110, 220)
        picture.fill((bright, bright, min(255, bright + 20)), (*star, px(0.6, scale), px(0.6, scale)))
    for colour, base, swell, waves in (((84, 58, 72), 0.60, 0.05, 2.3), ((60, 42, 52), 0.67, 0.04, 3.7)):
        points: list[tuple[float, float]] = [(0, shore)]
        for step in range(65):
            x = step / 64
            points.append((x * width, height * (base - swell * math.sin(x * math.tau * waves / 2 + waves))))
        pygame.draw.polygon(picture, colour, [*points, (width, shore)])
    _draw_village(picture, shore, scale)
    _draw_river(picture, shore, scale)
    return picture.convert()


def _draw_village(picture: pygame.Surface, shore: int, scale: float) -> None:
    """Roofs against the evening."""
    dark, window_light = (34, 24, 30), (250, 196, 98)
    width = picture.get_width()
    pygame.draw.rect(picture, dark, (0, shore - px(7, scale), width, px(7, scale)))
    for share, wide, high in HOUSES:
        left, wall = round(share * width) - px(wide / 2, scale), px(high * 0.55, scale)
        top = shore - px(6, scale) - wall
        pygame.draw.rect(picture, dark, (left, top, px(wide, scale), wall + px(6, scale)))
        eaves = [(left - px(4, scale), top), (left + px(wide / 2, scale), top - px(high * 0.7, scale))]
        pygame.draw.polygon(picture, dark, [*eaves, (left + px(wide + 4, scale), top)])
        chimney = pygame.Rect(
            left + px(wide * 0.68, scale), top - px(high * 0.7, scale), px(5, scale), px(high * 0.6, scale)
        )
        pygame.draw.rect(picture, dark, chimney)
        for column in range(2):
            pane = (left + px(wide * (0.24 + 0.38 * column), scale), top + px(4, scale), px(5, scale), px(6, scale))
            pygame.draw.rect(picture, window_light, pane)
    hub = (round(width * 0.5), shore - px(12, scale))
    pygame.draw.circle(picture, dark, hub, px(22, scale), px(3, scale))
    for spoke in range(12):
        angle = spoke * math.tau / 12
        tip = (hub[0] + px(25, scale) * math.cos(angle), hub[1] + px(25, scale) * math.sin(angle))
        pygame.draw.line(picture, dark, hub, tip, px(2, scale))


def _draw_river(picture: pygame.Surface, shore: int, scale: float) -> None:
    """The picture above the shore, upside down, dark and broken by ripples."""
    width, height = picture.get_size()
    depth = height - shore
    mirrored = pygame.transform.flip(picture.subsurface((0, shore - depth, width, depth)), False, True)
    mirrored.fill((118, 112, 140), special_flags=pygame.BLEND_MULT)
    picture.blit(mirrored, (0, shore))
    dice = random.Random(11)
    for _ in range(150):
        y = shore + round(depth * dice.random())
        length = px(4 + 26 * (y - shore) / depth * dice.random(), scale)
        x = dice.randint(0, width)
        shade = dice.choice(((96, 72, 84), (44, 34, 54)))
        picture.fill(shade, (x, y, length, px(0.7, scale)))
