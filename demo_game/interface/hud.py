"""What is always on the screen: where and when, the quest, what one carries, hints and news."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import pygame

from demo_game.interface.fonts import sized
from demo_game.interface.icons import coin_icon, item_icon, weather_icon
from demo_game.interface.panels import (
    ALARM,
    CREAM,
    CREAM_SOFT,
    GOLD,
    GOLD_BRIGHT,
    INK,
    INK_FORMING,
    PARCHMENT,
    PILL,
    WOOD,
    draw_dot,
    draw_panel,
    panel,
    px,
)
from demo_game.interface.text import FormingText, draw_text, rendered, width_of

#: How long a toast is seen, and the last part of that in which it fades, seconds.
TOAST_S, TOAST_FADE_S = 4.0, 0.6
#: In view pixels: the space to the window's edge, and sizes of panels.
MARGIN, BAG_HEIGHT, QUEST_WIDTH, BANNER_WIDTH = 6, 27, 178, 350


class Toast(NamedTuple):
    """A short piece of news that fades by itself."""

    text: str
    age_s: float


class Banner(NamedTuple):
    """The description of a place; `fade` 0 is unseen, 1 plainly there."""

    title: str
    text: str
    stable: int
    fade: float = 1.0


class Notice(NamedTuple):
    """How the connection to the daemon is: a word and a sentence."""

    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class HudView:
    """What to show; empty parts are not drawn. While `talking`, nothing is drawn where the dialogue panel is."""

    place: str
    hour: float
    weather: str
    quest: str = ""
    step: str = ""
    coins: int = 0
    items: tuple[str, ...] = ()
    hint: str = ""
    toasts: tuple[Toast, ...] = ()
    banner: Banner | None = None
    notice: Notice | None = None
    keys: str = ""
    talking: bool = False


class Hud:
    """Draws a HudView over the world."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._font = sized(0.92, scale)
        self._small = sized(0.8, scale)
        self._bold = sized(0.92, scale, bold=True)
        self._title = sized(1.12, scale, bold=True)
        self._margin = px(MARGIN, scale)
        padding = px(9, scale)
        self._step = FormingText(self._font, px(QUEST_WIDTH, scale) - 2 * padding, CREAM, CREAM)
        self._banner = FormingText(sized(1.0, scale), px(BANNER_WIDTH, scale) - 4 * padding, INK, INK_FORMING)
        self._padding = padding

    def draw(self, window: pygame.Surface, view: HudView) -> None:
        """Draw all of it."""
        sign = self._draw_sign(window, view)
        quest = self._draw_quest(window, view)
        self._draw_toasts(window, view.toasts, sign.bottom + self._margin)
        if view.notice is not None:
            self._draw_notice(window, view.notice, max(sign.bottom, quest.bottom) + self._margin)
        if view.talking:
            return
        self._draw_bag(window, view)
        self._draw_keys(window, view.keys)
        bottom = window.get_height() - px(BAG_HEIGHT, self._scale) - 2 * self._margin
        if view.hint:
            bottom = self._draw_hint(window, view.hint, bottom) - self._margin
        if view.banner is not None and view.banner.fade > 0:
            self._draw_banner(window, view.banner, bottom)

    def _draw_sign(self, window: pygame.Surface, view: HudView) -> pygame.Rect:
        """Place, hour and weather, top left."""
        scale, padding = self._scale, self._padding
        icon = weather_icon(view.weather, view.hour, round(self._title.get_linesize() * 1.5))
        clock = f"{clock_text(view.hour)}  ·  {view.weather}"
        text_width = max(width_of(view.place, self._title), width_of(clock, self._small))
        height = self._title.get_linesize() + self._small.get_linesize() + px(5, scale)
        box = pygame.Rect(
            self._margin, self._margin, icon.get_width() + text_width + 2 * padding + px(7, scale), height
        )
        draw_panel(window, box, WOOD, scale)
        window.blit(icon, (box.left + padding - px(2, scale), box.centery - icon.get_height() // 2))
        left, top = box.left + padding + icon.get_width() + px(4, scale), box.top + px(2, scale)
        draw_text(window, view.place, self._title, GOLD_BRIGHT, (left, top))
        draw_text(window, clock, self._small, CREAM_SOFT, (left, top + self._title.get_linesize() - px(1, scale)))
        return box

    def _draw_quest(self, window: pygame.Surface, view: HudView) -> pygame.Rect:
        """The quest and what to do next, top right."""
        if not view.quest:
            return pygame.Rect(0, 0, 0, 0)
        scale, padding = self._scale, self._padding
        self._step.update(view.step)
        width = px(QUEST_WIDTH, scale)
        height = self._bold.get_linesize() + self._step.height + px(9, scale)
        box = pygame.Rect(window.get_width() - width - self._margin, self._margin, width, height)
        draw_panel(window, box, WOOD, scale)
        left, top = box.left + padding, box.top + px(3, scale)
        draw_text(window, view.quest, self._bold, GOLD_BRIGHT, (left, top))
        self._step.draw(window, (left, top + self._bold.get_linesize() + px(1, scale)))
        return box

    def _draw_toasts(self, window: pygame.Surface, toasts: tuple[Toast, ...], top: int) -> None:
        """News, under the sign."""
        scale = self._scale
        height = self._font.get_linesize() + px(4, scale)
        for toast in toasts:
            left_s = TOAST_S - toast.age_s
            if left_s <= 0:
                continue
            width = width_of(toast.text, self._font) + 2 * self._padding
            box = pygame.Rect(self._margin, top, width, height)
            alpha = round(255 * min(1.0, left_s / TOAST_FADE_S))
            _blit_faded(window, panel(box.size, PILL, scale), box.topleft, alpha)
            text = rendered(toast.text, self._font, CREAM)
            _blit_faded(window, text, (box.left + self._padding, box.centery - text.get_height() // 2), alpha)
            top = box.bottom + px(2, scale)

    def _draw_bag(self, window: pygame.Surface, view: HudView) -> None:
        """Coins and things carried, bottom left."""
        scale, side = self._scale, px(20, self._scale)
        coins = f"{view.coins}"
        width = side + width_of(coins, self._bold) + 2 * px(6, scale) + len(view.items) * (side + px(3, scale))
        box = pygame.Rect(self._margin, 0, width + px(4, scale) * bool(view.items), px(BAG_HEIGHT, scale))
        box.bottom = window.get_height() - self._margin
        draw_panel(window, box, WOOD, scale)
        coin = coin_icon(px(14, scale))
        left = box.left + px(6, scale)
        window.blit(coin, (left, box.centery - coin.get_height() // 2))
        left += coin.get_width() + px(4, scale)
        left += draw_text(window, coins, self._bold, CREAM, (left, box.centery - self._bold.get_linesize() // 2))
        left += px(7, scale)
        for item in view.items:
            window.blit(item_icon(item, side), (left, box.centery - side // 2))
            left += side + px(3, scale)

    def _draw_keys(self, window: pygame.Surface, keys: str) -> None:
        """Which keys do what, bottom right, with a shadow in place of a panel."""
        right = window.get_width() - self._margin
        top = window.get_height() - self._margin - self._small.get_linesize()
        for offset, colour in ((px(0.7, self._scale), (20, 14, 10)), (0, CREAM)):
            draw_text(window, keys, self._small, colour, (right + offset, top + offset), align=1.0)

    def _draw_hint(self, window: pygame.Surface, hint: str, bottom: int) -> int:
        """What the player may do here, bottom middle; the key before two spaces is bright. Returns where it begins."""
        scale, font = self._scale, self._font
        key, _, words = hint.partition("  ") if "  " in hint else ("", "", hint)
        gap = px(5, scale) if key else 0
        key_width = width_of(key, self._bold)
        width = key_width + gap + width_of(words, font) + 2 * self._padding
        box = pygame.Rect(0, 0, width, font.get_linesize() + px(6, scale))
        box.midbottom = (window.get_width() // 2, bottom)
        draw_panel(window, box, PILL, scale, radius=9)
        left, top = box.left + self._padding, box.centery - font.get_linesize() // 2
        draw_text(window, key, self._bold, GOLD_BRIGHT, (left, top))
        draw_text(window, words, font, CREAM, (left + key_width + gap, top))
        return box.top

    def _draw_banner(self, window: pygame.Surface, banner: Banner, bottom: int) -> None:
        """The description of a place, bottom middle."""
        scale, padding = self._scale, self._padding
        self._banner.update(banner.text, banner.stable)
        width = px(BANNER_WIDTH, scale)
        height = self._title.get_linesize() + self._banner.height + px(14, scale)
        box = pygame.Rect((window.get_width() - width) // 2, bottom - height, width, height)
        alpha = min(255, round(255 * banner.fade))
        sheet = pygame.Surface(box.size, pygame.SRCALPHA) if alpha < 255 else window
        origin = (0, 0) if alpha < 255 else box.topleft
        draw_panel(sheet, pygame.Rect(origin, box.size), PARCHMENT, scale)
        x, y = origin[0] + width // 2, origin[1] + px(5, scale)
        title = draw_text(sheet, banner.title, self._title, INK, (x, y), align=0.5)
        middle = y + self._title.get_linesize() // 2 + px(1, scale)
        for side in (-1, 1):
            begin = x + side * (title // 2 + px(8, scale))
            pygame.draw.line(sheet, GOLD, (begin, middle), (begin + side * px(30, scale), middle), px(0.8, scale))
        self._banner.draw(sheet, (origin[0] + 2 * padding, y + self._title.get_linesize() + px(1, scale)))
        if alpha < 255:
            sheet.set_alpha(alpha)
            window.blit(sheet, box)

    def _draw_notice(self, window: pygame.Surface, notice: Notice, top: int) -> None:
        """How the connection is, top middle."""
        scale = self._scale
        state_width = width_of(notice.state, self._bold)
        dot, gap = px(3, scale), px(6, scale)
        width = 2 * self._padding + 2 * dot + 2 * gap + state_width + width_of(notice.sentence, self._font)
        box = pygame.Rect(0, top, width, self._font.get_linesize() + px(6, scale))
        box.centerx = window.get_width() // 2
        draw_panel(window, box, PILL, scale, radius=9)
        left, y = box.left + self._padding, box.centery - self._font.get_linesize() // 2
        draw_dot(window, ALARM, (left + dot, box.centery), dot)
        left += 2 * dot + gap
        draw_text(window, notice.state, self._bold, ALARM, (left, y))
        draw_text(window, notice.sentence, self._font, CREAM, (left + state_width + gap, y))


def clock_text(hour: float) -> str:
    """An hour of day as on a clock: 18.5 is 18:30."""
    minutes = int(hour * 60 + 1e-6) % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _blit_faded(window: pygame.Surface, shared: pygame.Surface, position: tuple[int, int], alpha: int) -> None:
    """Blit a shared surface with less opacity, and leave it as it was."""
    shared.set_alpha(alpha)
    window.blit(shared, position)
    shared.set_alpha(255)
