"""What was said in a talk, to be scrolled through."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import INK, INK_FORMING, INK_PLAYER, INK_SOFT, PARCHMENT, draw_dot, pill, px
from demo_game.interface.text import FormingText, draw_text, elided, width_of

#: The most of the width that the column of names takes, and the space between two lines of the talk in view pixels.
NAMES_SHARE, GAP = 0.2, 3
#: How high the veil is under which lines leave, view pixels.
VEIL = 7
#: Rows that one notch of the wheel scrolls.
WHEEL_ROWS = 2
#: How fast the dots of a waiting line move, steps a second.
DOTS_PER_S = 3.0


class Line(NamedTuple):
    """One line of a talk; the first `stable` characters of `text` will not change any more."""

    speaker: str
    text: str
    stable: int
    is_player: bool = False


class History:
    """The lines of a talk, each beside its speaker's name. It stays at the end, where words appear, until it is
    scrolled up; then it stays where it is."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(1.0, scale)
        self._name_font = sized(0.82, scale, bold=True)
        self._texts: list[FormingText] = []
        self._width = 0
        self._height = 0
        self._room = 0
        #: How far the end lies below what is seen, pixels.
        self._below = 0

    def to_end(self) -> None:
        """Scroll to the newest words."""
        self._below = 0

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event; True if it was about scrolling."""
        if event.type == pygame.MOUSEWHEEL:
            self._scroll(event.y * WHEEL_ROWS * self._font.get_linesize())
        elif event.type == pygame.KEYDOWN and event.key in (pygame.K_PAGEUP, pygame.K_PAGEDOWN):
            page = self._room - self._font.get_linesize()
            self._scroll(page if event.key == pygame.K_PAGEUP else -page)
        else:
            return False
        return True

    def draw(
        self, window: pygame.Surface, area: pygame.Rect, lines: Sequence[Line], waiting: bool, now_s: float
    ) -> None:
        """Draw what there is room for in `area`."""
        widest = max((width_of(line.speaker, self._name_font) for line in lines), default=0)
        names = min(round(area.width * NAMES_SHARE), widest + px(10, self._scale))
        self._wrap(lines, area.width - names - px(6, self._scale))
        gap, row = px(GAP, self._scale), self._font.get_linesize()
        height = sum(max(row, text.height) + gap for text in self._texts) + (row if waiting else 0)
        if self._below:
            self._below += height - self._height
        self._height, self._room = height, area.height
        self._scroll(0)
        clip = window.get_clip()
        window.set_clip(area.clip(clip))
        y = area.top if height <= area.height else area.bottom - height + self._below
        for line, text in zip(lines, self._texts, strict=True):
            down = max(row, text.height) + gap
            if y + down > area.top and y < area.bottom:
                self._draw_line(window, line, text, (area.left, y), names)
            y += down
        if waiting:
            self._draw_dots(window, (area.left + names, y), now_s)
        window.set_clip(clip)
        if height > area.height:
            veil = _veil((area.width, px(VEIL, self._scale)))
            if self._below < height - area.height:
                window.blit(veil, area)
            if self._below:
                window.blit(pygame.transform.flip(veil, False, True), (area.left, area.bottom - veil.get_height()))
            self._draw_bar(window, area)

    def _wrap(self, lines: Sequence[Line], width: int) -> None:
        if width != self._width:
            self._texts, self._width = [], width
        del self._texts[len(lines) :]
        for index, line in enumerate(lines):
            colour = INK_PLAYER if line.is_player else INK
            if index == len(self._texts):
                self._texts.append(FormingText(self._font, width, colour, INK_FORMING))
            self._texts[index].colour = colour
            self._texts[index].update(line.text, line.stable)

    def _scroll(self, by_px: int) -> None:
        self._below = max(0, min(self._below + by_px, self._height - self._room))

    def _draw_line(
        self, window: pygame.Surface, line: Line, text: FormingText, position: tuple[int, int], names: int
    ) -> None:
        x, y = position
        name = elided(line.speaker, self._name_font, names - px(6, self._scale))
        drop = self._font.get_ascent() - self._name_font.get_ascent()  # on one base line
        draw_text(window, name, self._name_font, INK_PLAYER if line.is_player else INK_SOFT, (x, y + drop))
        text.draw(window, (x + names, y))

    def _draw_dots(self, window: pygame.Surface, position: tuple[int, int], now_s: float) -> None:
        step = int(now_s * DOTS_PER_S) % 4
        for dot in range(3):
            x = position[0] + px(3, self._scale) + dot * px(6, self._scale)
            y = position[1] + self._font.get_linesize() // 2 - (px(2, self._scale) if dot == step else 0)
            draw_dot(window, INK_SOFT if dot == step else INK_FORMING, (x, y), 1.8 * self._scale)

    def _draw_bar(self, window: pygame.Surface, area: pygame.Rect) -> None:
        length = max(px(8, self._scale), area.height * area.height // self._height)
        hidden = self._height - area.height
        top = area.top + (area.height - length) * (hidden - self._below) // hidden
        width = px(2, self._scale)
        bar = pygame.Rect(area.right - width + px(4, self._scale), top, width, length)
        window.blit(pill(bar.size, INK_FORMING), bar)


@lru_cache(maxsize=4)
def _veil(size: tuple[int, int]) -> pygame.Surface:
    """Parchment at the top, nothing at the bottom."""
    veil = pygame.Surface(size, pygame.SRCALPHA)
    for y in range(size[1]):
        veil.fill((*PARCHMENT.middle, 255 - 255 * y // size[1]), (0, y, size[0], 1))
    return veil
