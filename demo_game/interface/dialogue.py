"""The panel while the player talks with somebody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import pygame

from demo_game.interface.fonts import drawable, sized
from demo_game.interface.history import History, Line
from demo_game.interface.panels import (
    CHIP,
    CHIP_CHOSEN,
    CREAM_SOFT,
    FIELD,
    GOLD_BRIGHT,
    INK,
    INK_FORMING,
    INK_SOFT,
    PARCHMENT,
    WOOD,
    draw_panel,
    px,
)
from demo_game.interface.text import draw_text, elided, width_of, wrap
from demo_game.interface.text_field import TextField

__all__ = ["Choice", "DialoguePanel", "DialogueView", "Leave", "Line", "Said"]

#: Height of the panel, view pixels, and how much of the window's width it may take.
HEIGHT, WIDTH_SHARE = 172, 0.97
#: How long the caret is seen, and then not seen, seconds.
BLINK_S = 0.53


@dataclass(frozen=True, slots=True)
class DialogueView:
    """What the panel shows. `note` is the small grey line under the talk; `waiting` moves three dots."""

    name: str
    role: str
    portrait: pygame.Surface
    lines: Sequence[Line] = ()
    note: str = ""
    suggestions: tuple[str, ...] = ()
    waiting: bool = False
    can_type: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """The player says this."""

    text: str


@dataclass(frozen=True, slots=True)
class Leave:
    """The player ends the talk."""


Choice: TypeAlias = Said | Leave


class _Parts(NamedTuple):
    """Where everything is, window pixels."""

    panel: pygame.Rect
    portrait: pygame.Rect
    sheet: pygame.Rect
    history: pygame.Rect
    note: pygame.Rect
    chips: pygame.Rect
    field: pygame.Rect


class DialoguePanel:
    """The panel at the bottom of the window, with the text field of the player. `portrait_px` is the size it shows
    portraits at."""

    def __init__(self, scale: float) -> None:
        self._frame_px = px(106, scale)
        self.portrait_px = self._frame_px - px(4, scale)
        self.field = TextField()
        self._scale = scale
        self._font = sized(1.0, scale)
        self._small = sized(0.82, scale)
        self._name_font = sized(1.08, scale, bold=True)
        self._history = History(scale)
        self._view: DialogueView | None = None
        self._chips: list[pygame.Rect] = []
        self._input_area: pygame.Rect | None = None
        self._typed_at_s = 0.0
        self._now_s = 0.0

    def open(self) -> None:
        """A new talk begins: nothing typed, nothing scrolled. What is typed before the first drawing is ignored, as it
        is the key that began the talk."""
        self.field.clear()
        self._history = History(self._scale)
        self._view = None

    def rect(self, window_size: tuple[int, int]) -> pygame.Rect:
        """Where the panel is in a window, so that the game can keep its own things off it."""
        width, height = round(window_size[0] * WIDTH_SHARE), px(HEIGHT, self._scale)
        left = (window_size[0] - width) // 2
        return pygame.Rect(left, window_size[1] - height - px(5, self._scale), width, height)

    def draw(self, window: pygame.Surface, view: DialogueView, now_s: float) -> None:
        """Draw the panel."""
        self._view, self._now_s = view, now_s
        parts = self._parts(window, view)
        draw_panel(window, parts.panel, WOOD, self._scale, radius=8)
        self._draw_person(window, view, parts)
        draw_panel(window, parts.sheet, PARCHMENT, self._scale)
        self._history.draw(window, parts.history, view.lines, view.waiting, now_s)
        if view.note:
            note = elided(view.note, self._small, parts.note.width)
            draw_text(window, note, self._small, INK_SOFT, (parts.note.right, parts.note.top), align=1.0)
        self._draw_chips(window, view, parts.chips)
        self._draw_field(window, view, parts.field)

    def handle(self, event: pygame.event.Event) -> Choice | None:
        """Take an event of keyboard or mouse."""
        if event.type == pygame.KEYDOWN and event.key == pygame.K_ESCAPE and not self.field.composing:
            return Leave()
        view = self._view
        if view is None or self._history.handle(event) or not view.can_type:
            return None
        if event.type == pygame.MOUSEBUTTONDOWN and event.button == pygame.BUTTON_LEFT:
            chosen = next((i for i, chip in enumerate(self._chips) if chip.collidepoint(event.pos)), None)
            return None if chosen is None else self._say(view.suggestions[chosen])
        if event.type == pygame.KEYDOWN and event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
            text = self.field.text.strip()
            return self._say(text) if text and not self.field.composing else None
        if event.type == pygame.TEXTINPUT and not self.field.text and not self.field.composing:
            # The digit, not its key: some keyboards have the digits on other keys.
            chosen = {"1": 0, "2": 1, "3": 2}.get(event.text, len(self._chips))
            if chosen < len(self._chips):
                return self._say(view.suggestions[chosen])
        if self.field.handle(event):
            self._typed_at_s = self._now_s
        return None

    def _say(self, text: str) -> Said:
        self.field.clear()
        self._history.to_end()
        return Said(text)

    def _parts(self, window: pygame.Surface, view: DialogueView) -> _Parts:
        scale = self._scale
        gap, panel = px(5, scale), self.rect(window.get_size())
        inside = panel.inflate(-px(16, scale), -px(16, scale))
        portrait = pygame.Rect(inside.topleft, (self._frame_px, self._frame_px))
        field_height = self._font.get_linesize() + px(5, scale)
        field = pygame.Rect(0, inside.bottom - field_height, inside.width - portrait.width - 2 * gap, field_height)
        field.right = inside.right
        chips_height = self._small.get_linesize() + px(3, scale) if view.suggestions else 0
        chips = pygame.Rect(field.left, field.top - chips_height - gap, field.width, chips_height)
        sheet = pygame.Rect(
            field.left, inside.top, field.width, (chips.top if chips_height else field.top) - inside.top
        )
        sheet.height -= gap
        note_height = self._small.get_linesize()
        note = sheet.inflate(-2 * gap - px(4, scale), 0)
        note.top, note.height = sheet.bottom - note_height - px(2, scale), note_height
        history = pygame.Rect(note.left, sheet.top + px(4, scale), note.width, note.top - sheet.top - px(4, scale))
        return _Parts(panel, portrait, sheet, history, note, chips, field)

    def _draw_person(self, window: pygame.Surface, view: DialogueView, parts: _Parts) -> None:
        scale, frame = self._scale, parts.portrait
        draw_panel(window, frame, PARCHMENT, scale)
        inner = frame.inflate(-px(4, scale), -px(4, scale))
        portrait = view.portrait
        area = pygame.Rect((0, 0), inner.size)
        area.midbottom = (portrait.get_width() // 2, portrait.get_height())
        window.blit(portrait, inner, area)
        top, room = frame.bottom + px(3, scale), frame.width
        name = elided(view.name, self._name_font, room)
        draw_text(window, name, self._name_font, GOLD_BRIGHT, (frame.centerx, top), align=0.5)
        top += self._name_font.get_linesize() - px(1, scale)
        for row in wrap(view.role, self._small, room)[:2]:
            draw_text(window, row.strip(), self._small, CREAM_SOFT, (frame.centerx, top), align=0.5)
            top += self._small.get_linesize() - px(1, scale)

    def _draw_chips(self, window: pygame.Surface, view: DialogueView, area: pygame.Rect) -> None:
        self._chips = []
        count = min(3, len(view.suggestions))
        if not count:
            return
        gap = px(4, self._scale)
        texts = view.suggestions[:count]
        # Each as wide as its text wants, all of them together as wide as the field.
        wanted = [width_of(text, self._small) + px(26, self._scale) for text in texts]
        share = (area.width - gap * (count - 1)) / sum(wanted)
        left = float(area.left)
        mouse = pygame.mouse.get_pos()
        for index, (text, width) in enumerate(zip(texts, wanted, strict=True)):
            chip = pygame.Rect(round(left), area.top, round(width * share), area.height)
            left += width * share + gap
            style = CHIP_CHOSEN if chip.collidepoint(mouse) and view.can_type else CHIP
            draw_panel(window, chip, style, self._scale, radius=4)
            number, x = f"{index + 1}", chip.left + px(6, self._scale)
            top = chip.centery - self._small.get_linesize() // 2
            draw_text(window, number, self._small, INK_SOFT, (x, top))
            x += width_of(number, self._small) + px(5, self._scale)
            shown = elided(text, self._small, chip.right - px(5, self._scale) - x)
            draw_text(window, shown, self._small, INK if view.can_type else INK_SOFT, (x, top))
            self._chips.append(chip)

    def _draw_field(self, window: pygame.Surface, view: DialogueView, area: pygame.Rect) -> None:
        scale, field, font = self._scale, self.field, self._font
        draw_panel(window, area, FIELD if view.can_type else CHIP, scale, radius=4)
        if area != self._input_area:  # where an input method shows what it offers
            self._input_area = area
            pygame.key.set_text_input_rect(area)
        inside = area.inflate(-px(14, scale), 0)
        top = area.centery - font.get_linesize() // 2
        if not (field.text or field.composing):
            hint = "Say something …   Enter says it, Esc leaves" if view.can_type else "…   Esc leaves"
            draw_text(window, hint, font, INK_FORMING if view.can_type else INK_SOFT, (inside.left, top))
        before = field.text[: field.cursor] + field.composing
        caret = font.size(drawable(before))[0]
        shift = max(0, caret - inside.width + px(2, scale))
        clip = window.get_clip()
        window.set_clip(inside.clip(clip))
        x = inside.left - shift
        draw_text(window, before + field.text[field.cursor :], font, INK, (x, top))
        if field.composing:
            start = font.size(drawable(field.text[: field.cursor]))[0]
            underline = pygame.Rect(x + start, top + font.get_ascent() + 1, caret - start, px(1, scale))
            window.fill(INK_SOFT, underline)
        window.set_clip(clip)
        is_seen = (self._now_s - self._typed_at_s) % (2 * BLINK_S) < BLINK_S
        if view.can_type and is_seen:
            window.fill(INK, (x + caret, top + px(1, scale), px(0.8, scale), font.get_linesize() - px(2, scale)))
