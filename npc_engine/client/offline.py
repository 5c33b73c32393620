"""What a character says when the daemon does not answer: lines its author wrote, kept since `welcome`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from npc_engine.client.codec import FrameError
from npc_engine.client.replies import Reply

#: Said when nothing better is known.
SILENCE = "..."
#: A cleared text that ends so needs no mark that it was cut.
SENTENCE_ENDS = (".", "!", "?", "…", "。", "\uff01", "\uff1f", '"', "”", "»")


class OfflineLines:
    """Authored lines by character, each list taken in turn so that none comes twice in a row."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}
        self._next: dict[str, int] = {}

    def learn(self, authored: Mapping[str, Any]) -> None:
        """Keep the lines of a `welcome`. Raises FrameError."""
        for lines in authored.values():
            if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
                raise FrameError("`authored` does not map to lists of strings")
        self._lines = dict(authored)

    def reply(self, subject: str, published: str) -> Reply:
        """A line for `subject`. What was `published` as stable stands: the player may have read it already."""
        if published:
            cut = published if published.endswith(SENTENCE_ENDS) else published + SILENCE
            return Reply(text=cut, source="partial", reason="offline")
        lines = self._lines.get(subject) or [SILENCE]
        turn = self._next.get(subject, 0)
        self._next[subject] = turn + 1
        return Reply(text=lines[turn % len(lines)], source="authored", reason="offline")
