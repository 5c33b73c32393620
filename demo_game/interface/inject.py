"""The menu of what happens in the world (F3): weather, hour, flags, the river, an event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.panels import CREAM, CREAM_SOFT, GOLD, GOLD_BRIGHT, PILL, SLATE, draw_dot, draw_panel, px
from demo_game.interface.text import Colour, draw_text, elided

WEATHERS = ("clear", "rain", "fog")
#: Parts of the day and the hour that each is set to.
HOURS = {"morning": 8.0, "noon": 12.0, "evening": 18.5, "night": 22.5}
#: How far the hour may be from a part's to count as that part.
NEAR_HOURS = 1.5
RIVER_MAX = 5
DOT_OFF: Colour = (84, 68, 52)
#: Width of the menu, view pixels.
WIDTH = 296


@dataclass(frozen=True, slots=True)
class InjectView:
    """How the world is, and the `events` that may happen, a sentence each."""

    flags: Mapping[str, bool]
    weather: str
    hour: float
    river_level: int = 2
    events: tuple[str, ...] = ()


class Injection(NamedTuple):
    """What shall become: "weather" a word, "hour" a float, "flags.NAME" a bool, "river_level" an int, "event" a
    sentence."""

    name: str
    value: str | float | bool


class _Entry(NamedTuple):
    """One line of the menu. Entries of one `group` stand under its heading; `is_set`: the world is so by now."""

    group: str
    label: str
    is_set: bool
    injection: Injection


class InjectMenu:
    """A list to choose from with the arrow keys and Enter, or with the mouse."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(0.92, scale)
        self._heading = sized(0.74, scale, bold=True)
        self._title = sized(1.08, scale, bold=True)
        self._entries: list[_Entry] = []
        self._boxes: list[pygame.Rect] = []
        self._chosen = 0

    def draw(self, window: pygame.Surface, view: InjectView) -> None:
        """Draw the menu."""
        self._entries = _entries(view)
        self._chosen = min(self._chosen, len(self._entries) - 1)
        scale, padding = self._scale, px(10, self._scale)
        width = px(WIDTH, scale)
        self._boxes, height = self._laid_out(width - 2 * padding)
        top = self._title.get_linesize() + padding
        box = pygame.Rect(0, 0, width, height + top + padding)
        box.midright = (window.get_width() - px(6, scale), window.get_height() // 2)
        draw_panel(window, box, SLATE, scale, radius=8)
        left = box.left + padding
        draw_text(window, "What happens", self._title, GOLD_BRIGHT, (left, box.top + px(6, scale)))
        for entry_box in self._boxes:
            entry_box.move_ip(left, box.top + top)
        group = ""
        for index, (entry, entry_box) in enumerate(zip(self._entries, self._boxes, strict=True)):
            if entry.group != group:
                group, y = entry.group, entry_box.top - self._heading.get_linesize()
                draw_text(window, group.upper(), self._heading, GOLD, (left, y))
            self._draw_entry(window, entry, entry_box, index == self._chosen)

    def handle(self, event: pygame.event.Event) -> Injection | None:
        """Take an event of keyboard or mouse."""
        if event.type == pygame.KEYDOWN and self._entries:
            step = {pygame.K_UP: -1, pygame.K_LEFT: -1, pygame.K_DOWN: 1, pygame.K_RIGHT: 1}.get(event.key, 0)
            self._chosen = (self._chosen + step) % len(self._entries)
            if event.key in (pygame.K_RETURN, pygame.K_KP_ENTER):
                return self._entries[self._chosen].injection
        elif event.type in (pygame.MOUSEMOTION, pygame.MOUSEBUTTONDOWN):
            under = next((i for i, box in enumerate(self._boxes) if box.collidepoint(event.pos)), None)
            if under is not None:
                self._chosen = under
                if event.type == pygame.MOUSEBUTTONDOWN and event.button == pygame.BUTTON_LEFT:
                    return self._entries[under].injection
        return None

    def _laid_out(self, width: int) -> tuple[list[pygame.Rect], int]:
        """Where the entries are from the top left of the list, and how high it is. Short entries share a row."""
        gap, row = px(3, self._scale), self._font.get_linesize() + px(2, self._scale)
        boxes: list[pygame.Rect] = []
        x, y, group = 0, 0, ""
        for entry in self._entries:
            share = {"Weather": 3, "Hour": 4, "River": 2, "Story": 2}.get(entry.group, 1)
            wide = (width - (share - 1) * gap) // share
            if entry.group != group:
                y += (row + gap if group else 0) + self._heading.get_linesize()
                x, group = 0, entry.group
            elif x + wide > width:
                x, y = 0, y + row + gap
            boxes.append(pygame.Rect(x, y, wide, row))
            x += wide + gap
        return boxes, y + row

    def _draw_entry(self, window: pygame.Surface, entry: _Entry, box: pygame.Rect, is_chosen: bool) -> None:
        scale, font = self._scale, self._font
        draw_panel(window, box, PILL, scale, radius=4)
        if is_chosen:
            pygame.draw.rect(window, GOLD_BRIGHT, box, px(1, scale), border_radius=px(4, scale))
        y = box.centery
        mark = (box.left + px(8, scale), y)
        draw_dot(window, GOLD if entry.is_set else DOT_OFF, mark, 2.6 * scale)
        label = elided(entry.label, font, box.width - px(19, scale))
        colour = CREAM if entry.is_set or is_chosen else CREAM_SOFT
        draw_text(window, label, font, colour, (box.left + px(14, scale), y - font.get_linesize() // 2))


def _entries(view: InjectView) -> list[_Entry]:
    """All that may be chosen. Flags are turned over, as is all that has two states."""
    weather = [_Entry("Weather", name, name == view.weather, Injection("weather", name)) for name in WEATHERS]
    hours = [
        _Entry("Hour", name, abs(hour - view.hour) <= NEAR_HOURS, Injection("hour", hour))
        for name, hour in HOURS.items()
    ]
    lower, higher = max(0, view.river_level - 1), min(RIVER_MAX, view.river_level + 1)
    river = [
        _Entry("River", f"falls to {lower}", False, Injection("river_level", lower)),
        _Entry("River", f"rises to {higher}", False, Injection("river_level", higher)),
    ]
    story = [
        _Entry("Story", name.replace("_", " "), is_on, Injection(f"flags.{name}", not is_on))
        for name, is_on in view.flags.items()
    ]
    events = [_Entry("Event", event, False, Injection("event", event)) for event in view.events]
    return [*weather, *hours, *river, *story, *events]
