"""A choice among texts as a walk over their tokens: the model is asked only where they part.

Options that differ in their first token cost one question; tokens that follow it are not generated but read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

#: Given the tokens walked so far and those allowed next, returns the one the model picks.
Ask: TypeAlias = Callable[[Sequence[int], Sequence[int]], int]


def choose(options: Mapping[str, Sequence[int]], end: int, ask: Ask) -> str:
    """One of `options`, whose values are their tokens. `end` is the token that follows an option which others go on
    from. There must be at least one option."""
    left = {tuple(tokens): option for option, tokens in options.items()}
    walked: tuple[int, ...] = ()
    while len(left) > 1:
        allowed = sorted({tokens[len(walked)] if len(tokens) > len(walked) else end for tokens in left})
        token = ask(walked, allowed) if len(allowed) > 1 else allowed[0]
        if token not in allowed:
            token = allowed[0]
        if token == end and walked in left:
            return left[walked]
        walked = (*walked, token)
        left = {tokens: option for tokens, option in left.items() if tokens[: len(walked)] == walked}
    return next(iter(left.values()))
