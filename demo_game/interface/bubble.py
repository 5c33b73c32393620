"""Speech bubbles over the heads of people."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import EMOTIONS, INK, INK_FORMING, PARCHMENT, draw_panel, mixed, px
from demo_game.interface.text import FormingText, draw_text, width_of

#: Speakers whose wrapped text and picture are kept.
KEPT_SPEAKERS = 12
#: In view pixels: the widest text, the space around it, and the tail's height.
TEXT_WIDTH, PADDING, TAIL = 160, 6, 9


class _Look(NamedTuple):
    """All that the picture of a bubble depends on. `tail_x` is where its tail points, from its left."""

    name: str
    text: str
    stable: int
    emotion: str
    tail_x: int | None


class Bubble:
    """Draws bubbles, one for each name at a time. A bubble is painted anew when its words, its emotion or its tail
    change; else it is one blit."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(1.0, scale)
        self._name_font = sized(0.72, scale, bold=True)
        self._texts: dict[str, FormingText] = {}
        self._pictures: dict[str, tuple[_Look, pygame.Surface]] = {}

    def size(self, name: str, text: str) -> tuple[int, int]:
        """Width and height that the bubble will take, window pixels, with its tail."""
        forming = self._forming(name, text, len(text))
        padding = px(PADDING, self._scale)
        width = max(forming.drawn_width, width_of(name.upper(), self._name_font), px(30, self._scale))
        height = max(forming.height, self._font.get_linesize()) + self._name_font.get_linesize()
        return width + 2 * padding + px(4, self._scale), height + round(1.4 * padding) + px(TAIL, self._scale)

    def draw(
        self,
        window: pygame.Surface,
        anchor: tuple[float, float],
        name: str,
        text: str,
        stable: int,
        emotion: str,
        bounds: pygame.Rect,
        fade: float = 1.0,
    ) -> None:
        """Draw above `anchor`, the top of the speaker's head, inside `bounds`; `fade` 0 is unseen, 1 plainly there."""
        if fade <= 0:
            return
        width, height = self.size(name, text)
        box = pygame.Rect(round(anchor[0]) - width // 2, round(anchor[1]) - height, width, height).clamp(bounds)
        corner = px(12, self._scale)
        tail_x = None
        if box.bottom <= anchor[1] + px(TAIL, self._scale):  # else the head is beside or under the bubble
            tail_x = max(corner, min(width - corner, round(anchor[0]) - box.x))
        picture = self._picture(box.size, _Look(name, text, stable, emotion, tail_x))
        picture.set_alpha(min(255, round(255 * fade)))
        window.blit(picture, box)

    def _picture(self, size: tuple[int, int], look: _Look) -> pygame.Surface:
        kept = self._pictures.get(look.name)
        if kept is None or kept[0] != look:
            kept = self._pictures[look.name] = (look, self._painted(size, look))
            if len(self._pictures) > KEPT_SPEAKERS:
                del self._pictures[next(iter(self._pictures))]
        return kept[1]

    def _painted(self, size: tuple[int, int], look: _Look) -> pygame.Surface:
        scale, padding, tail = self._scale, px(PADDING, self._scale), px(TAIL, self._scale)
        colour = EMOTIONS.get(look.emotion, EMOTIONS["neutral"])
        picture = pygame.Surface(size, pygame.SRCALPHA)
        body = pygame.Rect(0, 0, size[0], size[1] - tail)
        draw_panel(picture, body, replace(PARCHMENT, edge=colour, edge_width=1.25), scale)
        if look.tail_x is not None:
            edge = px(1.4, scale)
            x, y, half = look.tail_x, body.bottom, px(6, scale)
            pygame.draw.polygon(picture, colour, [(x - half, y - edge), (x + half, y - edge), (x, y + tail - 1)])
            inner = [(x - half + edge, y - 2 * edge), (x + half - edge, y - 2 * edge), (x, y + tail - 1 - 2 * edge)]
            pygame.draw.polygon(picture, PARCHMENT.rim, inner)
        left, top = padding + px(2, scale), round(0.6 * padding)
        draw_text(picture, look.name.upper(), self._name_font, mixed(colour, INK, 0.35), (left, top))
        forming = self._forming(look.name, look.text, look.stable)
        top += self._name_font.get_linesize()
        forming.draw(picture, (left, top))
        if not look.text:
            draw_text(picture, "…", self._font, INK_FORMING, (left, top))
        return picture

    def _forming(self, name: str, text: str, stable: int) -> FormingText:
        if name not in self._texts:
            if len(self._texts) >= KEPT_SPEAKERS:
                del self._texts[next(iter(self._texts))]
            self._texts[name] = FormingText(self._font, px(TEXT_WIDTH, self._scale), INK, INK_FORMING)
        forming = self._texts[name]
        forming.update(text, stable)
        return forming
