"""A choice among texts as a walk over their tokens: the model is asked only where they part.

Options that differ in their first token cost one question; the tokens that follow are not generated but read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

#: Given the tokens so far and the ids allowed next, returns the one the model picks.
Ask: TypeAlias = Callable[[Sequence[int], Sequence[int]], int]


def choose(options: Mapping[str, Sequence[int]], end: int, ask: Ask) -> str:
    """One of `options`, whose values are their token ids. `end` stands for the end of an option that others go on from.

    `options` must not be empty.
    """
    left = {name: (*tokens, end) for name, tokens in options.items()}
    walked: tuple[int, ...] = ()
    while len(left) > 1:
        allowed = sorted({tokens[len(walked)] for tokens in left.values()})
        token = allowed[0] if len(allowed) == 1 else ask(walked, allowed)
        walked = (*walked, token)
        narrowed = {name: tokens for name, tokens in left.items() if tokens[: len(walked)] == walked}
        if len(narrowed) == len(left) and all(len(tokens) == len(walked) for tokens in left.values()):
            break  # the same tokens under several names
        left = narrowed
    return next(iter(left))
