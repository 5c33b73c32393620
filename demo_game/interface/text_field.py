"""One line of text that the player types."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pygame

#: The longest text, characters.
LIMIT = 240

#: How keys move the cursor: from a text and a position to a position.
_MOVES: dict[int, Callable[[str, int], int]] = {
    pygame.K_LEFT: lambda text, at: at - 1,
    pygame.K_RIGHT: lambda text, at: at + 1,
    pygame.K_HOME: lambda text, at: 0,
    pygame.K_END: lambda text, at: len(text),
}


class TextField:
    """The text, the cursor in it (an index), and what an input method is still composing there. `paste` reads the
    clipboard."""

    def __init__(self, paste: Callable[[], str] = lambda: pygame.scrap.get_text()) -> None:
        self.text = ""
        self.cursor = 0
        self.composing = ""
        self._paste = paste

    def clear(self) -> None:
        """Empty it."""
        self.text, self.cursor, self.composing = "", 0, ""

    def insert(self, text: str) -> None:
        """Put text at the cursor, on one line and without control characters, as much as there is room for."""
        text = " ".join(text.splitlines()) if len(text) > 1 else text
        fitting = "".join(filter(_is_typable, text.replace("\t", " ")))[: LIMIT - len(self.text)]
        self.text = self.text[: self.cursor] + fitting + self.text[self.cursor :]
        self.cursor += len(fitting)

    def handle(self, event: pygame.event.Event) -> bool:
        """Take an event; True if it changed the text or moved the cursor."""
        before = (self.text, self.cursor, self.composing)
        if event.type == pygame.TEXTINPUT:
            self.composing = ""
            self.insert(event.text)
        elif event.type == pygame.TEXTEDITING:
            self.composing = event.text
        elif event.type == pygame.KEYDOWN and not self.composing:  # else the keys are the input method's
            self._press(event.key, event.mod)
        return before != (self.text, self.cursor, self.composing)

    def _press(self, key: int, modifiers: int) -> None:
        if key in _MOVES:
            self.cursor = max(0, min(len(self.text), _MOVES[key](self.text, self.cursor)))
        elif key == pygame.K_BACKSPACE and self.cursor:
            self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
            self.cursor -= 1
        elif key == pygame.K_DELETE:
            self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]
        elif key == pygame.K_v and modifiers & (pygame.KMOD_CTRL | pygame.KMOD_META):
            self.insert(self._paste())


def _is_typable(character: str) -> bool:
    """No control characters, and no halves of characters, which cannot be sent."""
    return unicodedata.category(character) not in ("Cc", "Cs")
