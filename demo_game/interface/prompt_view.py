"""The prompt of a character (F2), each part in the colour of where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import CREAM, CREAM_SOFT, GOLD_BRIGHT, SLATE, draw_panel, px
from demo_game.interface.text import Colour, draw_text, elided, wrap

#: The colours of origins, in the order in which they first appear.
ORIGINS: tuple[Colour, ...] = (
    (232, 192, 104),
    (142, 190, 112),
    (112, 176, 214),
    (214, 132, 108),
    (178, 148, 214),
    (104, 196, 178),
    (220, 142, 178),
    (190, 186, 112),
)
#: Part of the width that the column of origins takes.
ORIGINS_SHARE = 0.17
#: Rows that one notch of the wheel scrolls.
WHEEL_ROWS = 3


class _Row(NamedTuple):
    """One row of the prompt; only the first of a segment names its `origin`."""

    origin: str
    text: str
    colour: Colour


class PromptView:
    """A prompt to scroll through, over the whole window."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(0.86, scale)
        self._small = sized(0.78, scale, bold=True)
        self._title = sized(1.12, scale, bold=True)
        self._wrapped: tuple[int, tuple[tuple[str, str], ...]] | None = None
        self._rows: list[_Row] = []
        self._first = 0
        self._shown = 1

    def draw(self, window: pygame.Surface, title: str, segments: Sequence[tuple[str, str]]) -> None:
        """Draw the `segments`, (origin, text) each."""
        scale, row = self._scale, self._font.get_linesize()
        box = window.get_rect().inflate(-px(16, scale), -px(16, scale))
        inside = box.inflate(-px(24, scale), -px(16, scale))
        names = round(inside.width * ORIGINS_SHARE)
        self._wrap(segments, inside.width - names - px(14, scale))
        draw_panel(window, box, SLATE, scale, radius=8)
        draw_text(window, title, self._title, GOLD_BRIGHT, inside.topleft)
        top = inside.top + self._title.get_linesize() + px(4, scale)
        self._shown = max(1, (inside.bottom - top) // row)
        self._first = max(0, min(self._first, len(self._rows) - self._shown))
        last = min(len(self._rows), self._first + self._shown)
        where = f"{self._first + 1}–{last} of {len(self._rows)}   wheel, PageUp, PageDown"
        draw_text(window, where, self._font, CREAM_SOFT, (inside.right, inside.top + px(2, scale)), align=1.0)
        bar = px(2, scale)
        for index in range(self._first, last):
            shown, y = self._rows[index], top + (index - self._first) * row
            window.fill(shown.colour, (inside.left + names, y, bar, row))
            text = shown.text.rstrip()
            draw_text(window, text, self._font, CREAM, (inside.left + names + bar + px(6, scale), y))
            if shown.origin:
                name = elided(shown.origin, self._small, names - px(8, scale))
                draw_text(window, name, self._small, shown.colour, (inside.left, y + px(0.5, scale)))
        self._draw_bar(window, pygame.Rect(inside.right + px(4, scale), top, bar, self._shown * row))

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event of keyboard or mouse; True if it scrolled."""
        before = self._first
        if event.type == pygame.MOUSEWHEEL:
            self._first -= event.y * WHEEL_ROWS
        elif event.type == pygame.KEYDOWN:
            steps = {
                pygame.K_UP: -1,
                pygame.K_DOWN: 1,
                pygame.K_PAGEUP: -self._shown,
                pygame.K_PAGEDOWN: self._shown,
                pygame.K_HOME: -len(self._rows),
                pygame.K_END: len(self._rows),
            }
            self._first += steps.get(event.key, 0)
        self._first = max(0, min(self._first, len(self._rows) - self._shown))
        return self._first != before

    def _wrap(self, segments: Sequence[tuple[str, str]], width: int) -> None:
        """Break the prompt into rows, if it is not the one that is."""
        wanted = (width, tuple(segments))
        if wanted == self._wrapped:
            return
        self._wrapped, self._rows = wanted, []
        colours: dict[str, Colour] = {}
        for origin, text in segments:
            colour = colours.setdefault(origin, ORIGINS[len(colours) % len(ORIGINS)])
            for index, line in enumerate(wrap(text.strip("\n"), self._font, width) or [""]):
                self._rows.append(_Row("" if index else origin, line, colour))

    def _draw_bar(self, window: pygame.Surface, track: pygame.Rect) -> None:
        if len(self._rows) > self._shown:
            length = max(px(8, self._scale), track.height * self._shown // len(self._rows))
            top = track.top + (track.height - length) * self._first // (len(self._rows) - self._shown)
            pygame.draw.rect(window, CREAM_SOFT, (track.left, top, track.width, length), border_radius=track.width)
