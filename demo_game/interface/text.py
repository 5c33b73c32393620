"""Text on the screen: broken into lines, rendered once, and growing while somebody speaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import pygame

from demo_game.interface.fonts import drawable

Colour = tuple[int, int, int]

#: How many rendered pieces of text are kept.
KEPT_PIECES = 512

#: Words with the spaces after them; a line feed ends its word and its line.
_WORDS = re.compile(r"[^\s]*(?:[^\S\n]*\n|[^\S\n]+)|[^\s]+")


def width_of(text: str, font: pygame.font.Font) -> int:
    """How wide the text is drawn, pixels; spaces at the end take no room."""
    return font.size(drawable(text.rstrip()))[0]


def wrap(text: str, font: pygame.font.Font, width: int) -> list[str]:
    """Lines at most `width` pixels wide, words kept whole where they fit a line. Joined, the lines are the text again:
    spaces and line feeds stay at the ends of their lines. A glyph wider than `width` has a line of its own."""
    lines: list[str] = []
    line = ""
    for word in _WORDS.findall(text):
        if line and width_of(line + word, font) > width:
            lines.append(line)
            line = ""
        line += word
        while width_of(line, font) > width and (fitting := _fitting(line, font, width)) < len(line.rstrip()):
            lines.append(line[:fitting])
            line = line[fitting:]
        if line.endswith("\n"):
            lines.append(line)
            line = ""
    return [*lines, line] if line else lines


@lru_cache(maxsize=KEPT_PIECES)
def rendered(text: str, font: pygame.font.Font, colour: Colour) -> pygame.Surface:
    """The text as a surface. It is shared: blit it, leave it as it is."""
    return font.render(drawable(text.replace("\n", " ")), True, colour)


def draw_text(
    window: pygame.Surface,
    text: str,
    font: pygame.font.Font,
    colour: Colour,
    position: tuple[int, int],
    align: float = 0.0,
) -> int:
    """Draw one line; `align` is how much of it lies left of the position, 0 to 1. Returns its width, pixels."""
    surface = rendered(text, font, colour)
    window.blit(surface, (position[0] - round(align * surface.get_width()), position[1]))
    return surface.get_width()


def elided(text: str, font: pygame.font.Font, width: int) -> str:
    """The text, cut with an ellipsis if it is wider than `width` pixels."""
    if width_of(text, font) <= width:
        return text
    return text[: _fitting(text, font, width - width_of("…", font))].rstrip() + "…"


class FormingText:
    """A text that grows: wrapped to `width` pixels, with the words after `stable` dimmed, as they may still change.
    Only lines that a change can reach are wrapped anew."""

    def __init__(self, font: pygame.font.Font, width: int, colour: Colour, dimmed: Colour) -> None:
        self.font = font
        self.width = width
        self.colour = colour
        self.dimmed = dimmed
        self.text = ""
        self.stable = 0
        self.lines: Sequence[str] = ()

    @property
    def height(self) -> int:
        """Pixels from the top of the first line to the bottom of the last."""
        return len(self.lines) * self.font.get_linesize()

    @property
    def drawn_width(self) -> int:
        """Pixels that the widest line takes."""
        return max((width_of(line, self.font) for line in self.lines), default=0)

    def update(self, text: str, stable: int | None = None) -> None:
        """Now the text is this, with its first `stable` characters final (None: all of them)."""
        self.stable = len(text) if stable is None else stable
        if text == self.text:
            return
        kept = self._untouched(_common(self.text, text))
        start = sum(map(len, kept))
        self.text, self.lines = text, [*kept, *wrap(text[start:], self.font, self.width)]

    def draw(self, window: pygame.Surface, position: tuple[int, int]) -> None:
        """Draw it with its top left corner at the position. Lines outside the clip of the window cost nothing."""
        clip, (x, y), start = window.get_clip(), position, 0
        for line in self.lines:
            if y + self.font.get_linesize() > clip.top and y < clip.bottom:
                self._draw_line(window, line, max(0, self.stable - start), (x, y))
            start += len(line)
            y += self.font.get_linesize()

    def _draw_line(self, window: pygame.Surface, line: str, stable: int, position: tuple[int, int]) -> None:
        x, y = position
        shown = line.rstrip()
        settled, forming = shown[:stable], shown[stable:]
        if settled:
            x += draw_text(window, settled, self.font, self.colour, (x, y))
        if forming:
            draw_text(window, forming, self.font, self.dimmed, (x, y))

    def _untouched(self, changed_from: int) -> list[str]:
        """The lines that stay when the text changes from an index on. A line is also broken by the word after it: it
        stays if the next line, and one character more, stay as well."""
        kept, end = [], 0
        for line, following in zip(self.lines, self.lines[1:], strict=False):
            end += len(line)
            if end + len(following) >= changed_from:
                break
            kept.append(line)
        return kept


def _fitting(text: str, font: pygame.font.Font, width: int) -> int:
    """How many characters from the start fit `width` pixels, at least one. Found by bisection: more characters are
    wider."""
    low, high = 1, max(1, len(text))
    while low < high:
        middle = (low + high + 1) // 2
        if width_of(text[:middle], font) <= width:
            low = middle
        else:
            high = middle - 1
    return low


def _common(one: str, other: str) -> int:
    """Length of the longest common beginning."""
    limit = min(len(one), len(other))
    return next((index for index in range(limit) if one[index] != other[index]), limit)
