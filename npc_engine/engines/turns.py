"""One prefill at a time, the most urgent first.

A runtime that fills its batches in slot order reads a stranger's long prompt before a player's short one. So tasks read
their prompts in chunks and take turns: whoever speaks goes before a warm-up, and of these who has least left to read.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple


class Urgency(NamedTuple):
    """Lower goes first."""

    warm_up: bool
    tokens_left: int


class Turns:
    """Hands out one turn at a time among threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[Urgency, int]] = []
        self._tickets = 0
        self._taken = False

    def take(self, urgency: Urgency, given_up: Callable[[], bool]) -> bool:
        """Wait for a turn. False, and no turn, once `given_up` holds; say `notice` when that may have changed."""
        with self._changed:
            self._tickets += 1
            place = (urgency, self._tickets)
            self._waiting.append(place)
            try:
                self._changed.wait_for(
                    lambda: given_up() or (not self._taken and place == min(self._waiting)),
                )
            finally:
                self._waiting.remove(place)
            if given_up():
                self._changed.notify_all()
                return False
            self._taken = True
            return True

    def give_back(self) -> None:
        """End the turn taken."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()

    def notice(self) -> None:
        """Make those who wait look again whether to give up."""
        with self._changed:
            self._changed.notify_all()
