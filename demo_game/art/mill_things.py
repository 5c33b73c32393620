"""The mill's gear: the stones, the sacks, the ledger desk, and the gateway that nobody was meant to see."""

from __future__ import annotations

from collections.abc import Callable

import pygame

from demo_game.art import palette
from demo_game.art.buildings import beam, stones
from demo_game.art.texture import canvas, outlined, soft_shadow

Rect = pygame.Rect


def _millstones() -> pygame.Surface:
    picture = canvas(98, 100)
    beam(picture, Rect(45, 0, 8, 46))  # the shaft from the wheel
    pygame.draw.polygon(picture, palette.PLANKS[0], [(24, 18), (74, 18), (58, 40), (40, 40)])
    pygame.draw.polygon(picture, palette.PLANKS[2], [(24, 16), (74, 16), (66, 26), (32, 26)])
    pygame.draw.polygon(picture, palette.SACK[3], [(30, 18), (68, 18), (62, 24), (36, 24)])
    for x in (22, 72):
        beam(picture, Rect(x, 18, 4, 40))
    pygame.draw.ellipse(picture, palette.TIMBER[0], (0, 48, 98, 52))
    picture.fill(palette.TIMBER[0], (0, 62, 98, 14))
    pygame.draw.ellipse(picture, palette.PLANKS[1], (2, 46, 94, 48))
    for tone, box in (
        (palette.STONE[0], (8, 50, 82, 40)),
        (palette.STONE[1], (8, 44, 82, 38)),
        (palette.STONE[0], (12, 42, 74, 34)),
        (palette.STONE[2], (12, 38, 74, 34)),
    ):
        pygame.draw.ellipse(picture, tone, box)
    for turn in range(12):
        out = pygame.Vector2(36, 0).rotate(turn * 30)
        start = pygame.Vector2(10, 0).rotate(turn * 30 + 24)
        pygame.draw.line(
            picture, palette.STONE[1], (49 + start.x, 55 + start.y * 0.46), (49 + out.x, 55 + out.y * 0.46)
        )
    pygame.draw.ellipse(picture, palette.STONE[3], (12, 38, 74, 34), 1)
    pygame.draw.ellipse(picture, palette.INK, (42, 50, 14, 8))
    picture.fill(palette.SACK[3], (40, 88, 18, 6))
    return picture


def _sack() -> pygame.Surface:
    picture = canvas(18, 22)
    pygame.draw.rect(picture, palette.SACK[0], (1, 3, 16, 19), border_radius=6)
    pygame.draw.rect(picture, palette.SACK[2], (2, 4, 11, 16), border_radius=5)
    picture.fill(palette.SACK[1], (5, 0, 8, 5))
    picture.fill(palette.TIMBER[2], (5, 4, 8, 1))
    picture.fill(palette.SACK[3], (4, 8, 2, 8))
    return picture


def _sack_pile() -> pygame.Surface:
    """Twelve sacks."""
    picture = canvas(86, 62)
    sack = outlined(_sack())
    for row, (count, y) in enumerate(((5, 36), (4, 20), (3, 4))):
        for number in range(count):
            picture.blit(sack, (2 + row * 8 + number * 16, y + number % 2))
    return picture


def _ledger_desk() -> pygame.Surface:
    picture = canvas(50, 38)
    for x in (3, 42):
        picture.fill(palette.TIMBER[0], (x, 20, 5, 18))
    picture.fill(palette.TIMBER[1], (0, 15, 50, 9))
    picture.fill(palette.PLANKS[1], (0, 5, 50, 11))
    picture.fill(palette.PLANKS[3], (0, 5, 50, 1))
    picture.fill(palette.PLASTER[3], (18, 4, 11, 9))
    picture.fill(palette.PLASTER[2], (30, 4, 11, 9))
    for y in (6, 8, 10):
        picture.fill(palette.GLASS[0], (20, y, 7, 1))
        picture.fill(palette.GLASS[0], (32, y, 6, 1))
    picture.fill(palette.PLASTER[3], (9, 5, 3, 6))
    picture.fill(palette.BRASS[1], (6, 11, 9, 2))
    picture.fill(palette.INK, (44, 4, 4, 5))
    pygame.draw.line(picture, palette.WHITE, (46, 4), (49, 0))
    return picture


def _gateway(is_open: bool) -> pygame.Surface:
    picture = canvas(60, 60)
    stones(picture, Rect(0, 0, 60, 60))
    pygame.draw.rect(picture, (18, 16, 24), (8, 6, 44, 54), border_top_left_radius=20, border_top_right_radius=20)
    if is_open:
        for crate in range(9):  # nine empty crates
            x, y = 16 + crate % 3 * 11, 47 - crate // 3 * 11
            picture.fill(palette.PLANKS[0], (x, y, 10, 10))
            picture.fill(palette.TIMBER[0], (x + 2, y + 2, 6, 6))
        for x in (8, 11, 14):
            picture.fill(palette.IRON[3], (x, 14, 1, 46))
        return picture
    for x in range(11, 52, 6):
        picture.fill(palette.IRON[1], (x, 8 + abs(30 - x) // 3, 3, 52))
        picture.fill(palette.IRON[3], (x, 8 + abs(30 - x) // 3, 1, 52))
    for y in (22, 40):
        picture.fill(palette.IRON[2], (8, y, 44, 3))
    for y in (26, 32, 44):  # three locks
        picture.fill(palette.BRASS[2], (27, y, 6, 5))
        picture.set_at((30, y + 2), palette.INK)
    return picture


def _mill_stairs() -> pygame.Surface:
    picture = canvas(40, 80)
    for step in range(10):
        y, inset = 72 - step * 8, step // 2
        picture.fill(palette.TIMBER[0], (inset, y + 4, 40 - 2 * inset, 4))
        # Dust lies on every stair but the third.
        picture.fill(palette.PLANKS[1] if step == 2 else palette.SACK[0], (inset, y, 40 - 2 * inset, 4))
        picture.fill(palette.PLANKS[3] if step == 2 else palette.SACK[1], (inset, y, 40 - 2 * inset, 1))
    for side in (0, 38):
        pygame.draw.line(picture, palette.TIMBER[2], (side, 60), (side + (5 if side == 0 else -4), 0), 3)
    return picture


def _tally_board() -> pygame.Surface:
    picture = canvas(52, 36)
    picture.fill(palette.TIMBER[2], (0, 0, 52, 36))
    picture.fill((50, 54, 54), (3, 3, 46, 30))
    for mark in range(26):
        x, y = 6 + mark % 9 * 5, 6 + mark // 9 * 9
        if mark % 5 == 4:
            pygame.draw.line(picture, palette.WHITE, (x - 18, y + 5), (x - 3, y + 1))
        else:
            pygame.draw.line(picture, palette.PLASTER[2], (x, y), (x + mark % 2, y + 5))
    return picture


def _high_window() -> pygame.Surface:
    """The window, and its shafts of dusty light."""
    picture = canvas(130, 150)
    for shaft, alpha in ((0, 34), (1, 26)):
        ray = canvas(130, 150)
        left = 44 + shaft * 16
        pygame.draw.polygon(
            ray, (244, 232, 190, alpha), [(left, 14), (left + 12, 14), (left + 42, 150), (left - 6, 150)]
        )
        picture.blit(ray, (0, 0))
    picture.fill(palette.TIMBER[0], (38, 0, 42, 28))
    picture.fill((196, 208, 196), (41, 3, 36, 22))
    picture.fill((226, 228, 206), (41, 3, 36, 8))
    for x in (52, 64):
        picture.fill(palette.TIMBER[1], (x, 3, 2, 22))
    picture.fill(palette.TIMBER[1], (41, 13, 36, 2))
    return picture


def _scales() -> pygame.Surface:
    picture = canvas(34, 34)
    picture.fill(palette.PLANKS[1], (4, 24, 26, 10))
    picture.fill(palette.IRON[1], (16, 4, 2, 20))
    picture.fill(palette.BRASS[2], (3, 4, 28, 2))
    for x in (2, 24):
        picture.fill(palette.SACK[2], (x + 3, 6, 1, 9))
        pygame.draw.ellipse(picture, palette.BRASS[1], (x - 1, 14, 10, 4))
    return picture


def _rope() -> pygame.Surface:
    picture = canvas(10, 64)
    pygame.draw.line(picture, palette.SACK[1], (5, 0), (5, 54), 2)
    pygame.draw.ellipse(picture, palette.SACK[2], (1, 48, 8, 15), 2)
    return picture


def _lantern() -> pygame.Surface:
    picture = canvas(11, 18)
    picture.fill(palette.IRON[1], (5, 0, 1, 4))
    picture.fill(palette.IRON[0], (1, 4, 9, 13))
    picture.fill(palette.GLASS_LIT[0], (2, 6, 7, 9))
    picture.fill(palette.GLASS_LIT[1], (4, 8, 3, 6))
    return picture


def _boot_prints() -> pygame.Surface:
    picture = canvas(110, 90)
    for step in range(9):
        x, y = 88 - step * 10, 4 + step * 9 + step % 2 * 5
        picture.blit(soft_shadow(8, 9, 130), (x, y))
    return picture


#: Every kind, and who draws it.
THINGS: dict[str, Callable[[], pygame.Surface]] = {
    "millstones": _millstones,
    "sack": _sack,
    "sack_pile": _sack_pile,
    "ledger_desk": _ledger_desk,
    "iron_gate": lambda: _gateway(False),
    "gate_open": lambda: _gateway(True),
    "mill_stairs": _mill_stairs,
    "tally_board": _tally_board,
    "high_window": _high_window,
    "scales": _scales,
    "rope": _rope,
    "lantern": _lantern,
    "boot_prints": _boot_prints,
}
