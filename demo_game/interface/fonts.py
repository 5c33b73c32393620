"""The fonts of the demo: Source Sans Pro, from the package that carries it."""

from __future__ import annotations

import importlib.util
import unicodedata
from functools import cache
from pathlib import Path

import pygame

#: Shown for a character that the font cannot draw.
MISSING = "▯"
#: Size at which glyphs are told from the font's sign for "no such glyph": large, so that no two measure alike.
PROBE_PX = 400

_fonts: dict[tuple[int, bool], pygame.font.Font] = {}


def font(size_px: int, bold: bool = False) -> pygame.font.Font:
    """The font in a size, cached until pygame quits. Raises FileNotFoundError if its package is not installed."""
    if not _fonts:
        pygame.font.init()
        pygame.register_quit(_fonts.clear)  # a font does not outlive the pygame that made it
    key = (size_px, bold)
    if key not in _fonts:
        _fonts[key] = pygame.font.Font(_file("Semibold" if bold else "Regular"), size_px)
    return _fonts[key]


def sized(share: float, scale: float, bold: bool = False) -> pygame.font.Font:
    """The font at `share` of the size of plain text. Plain text is 13 px at scale 1 and 21 px at scale 2: it grows more
    slowly than the window, so that small windows stay readable."""
    return font(max(8, round(share * (4.5 + 8.25 * scale))), bold)


def drawable(text: str) -> str:
    """The text as the font can draw it: without what has no picture (control characters, joiners), and with a box for
    what it knows no picture of."""
    return text if text.isascii() and text.isprintable() else "".join(map(_drawable_character, text))


@cache
def _drawable_character(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace():
        return " "
    if category in ("Cc", "Cf"):
        return ""
    if _has_glyph(character):
        return character
    return "" if category.startswith("M") else MISSING


def _has_glyph(character: str) -> bool:
    if unicodedata.category(character).startswith("C"):  # lone surrogates cannot even be asked about
        return False
    probe = font(PROBE_PX)
    return probe.metrics(character) != probe.metrics("\uffff")


@cache
def _file(weight: str) -> Path:
    """Where the package keeps the font. It is not imported: all it has is files."""
    found = importlib.util.find_spec("font_source_sans_pro")
    if found is None or found.origin is None:
        raise FileNotFoundError("the font is missing: pip install 'npc-dialogue-engine[demo]'")
    return Path(found.origin).parent / "files" / f"SourceSansPro-{weight}.ttf"
