"""A choice among texts as a walk over their tokens: the model is asked only where they part.

Options that differ in their first token cost one question; tokens that follow it are not generated but read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

#: Given the tokens walked so far and those allowed next, returns the one the model picks.
Ask: TypeAlias = Callable[[Sequence[int], Sequence[int]], int]


class Walk:
    """A choice in the making. `options` are texts and their tokens, at least one; `end` is the token that follows an
    option which others go on from."""

    def __init__(self, options: Mapping[str, Sequence[int]], end: int) -> None:
        self.walked: tuple[int, ...] = ()
        self.chosen: str | None = None
        self._left = {tuple(tokens): option for option, tokens in options.items()}
        self._end = end
        self._go_on()

    @property
    def allowed(self) -> list[int]:
        """The tokens to choose among: two at least, unless the choice is made."""
        here = len(self.walked)
        return sorted({tokens[here] if len(tokens) > here else self._end for tokens in self._left})

    @property
    def last_question(self) -> bool:
        """Whether every answer decides it, and is the last token of its option."""
        return all(len(tokens) == len(self.walked) + 1 for tokens in self._left)

    def take(self, token: int) -> None:
        """Go on with `token`; one that is not allowed counts as the first that is."""
        allowed = self.allowed
        self._step(token if token in allowed else allowed[0])
        self._go_on()

    def _go_on(self) -> None:
        while len(self._left) > 1 and self.chosen is None and len(allowed := self.allowed) == 1:
            self._step(allowed[0])
        if self.chosen is None and len(self._left) == 1:
            self.chosen = next(iter(self._left.values()))

    def _step(self, token: int) -> None:
        if token == self._end and self.walked in self._left:
            self.chosen = self._left[self.walked]
            return
        self.walked = (*self.walked, token)
        here = len(self.walked)
        self._left = {tokens: option for tokens, option in self._left.items() if tokens[:here] == self.walked}


def choose(options: Mapping[str, Sequence[int]], end: int, ask: Ask) -> str:
    """One of `options`, by asking as often as they part."""
    walk = Walk(options, end)
    while walk.chosen is None:
        walk.take(ask(walk.walked, walk.allowed))
    return walk.chosen
