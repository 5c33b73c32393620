"""Which token comes next, given the scores of all: the samplers that llama.cpp applies, in its order, on numpy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from npc_engine.jobs import Sampling

Scores: TypeAlias = npt.NDArray[np.float32]

#: The "don't repeat yourself" sampler's strength and growth, as its author recommends.
DRY_MULTIPLIER = 0.8
DRY_BASE = 1.75
#: Growth ends here.
DRY_EXPONENT = 64
_SEED_MASK = (1 << 64) - 1


def next_token(scores: Scores, history: Sequence[int], breakers: Collection[int], sampling: Sampling) -> int:
    """The token that follows `history`, prompt included. The same scores, history and seed give the same token.

    `breakers` are tokens that no repeated run spans: the ends of lines.
    """
    scores = scores.astype(np.float32)
    _penalise_repeats(scores, history[max(0, len(history) - sampling.repeat_tokens) :], sampling.repeat_penalty)
    if sampling.repeat_length:
        _penalise_runs(scores, history, breakers, sampling.repeat_length)
    if sampling.temperature <= 0.0:
        return int(scores.argmax())
    least = scores.max() + np.log(max(sampling.min_p, 1e-9))  # a share of the best token's probability
    likely = np.flatnonzero(scores >= least)
    return int(likely[_draw(scores[likely], sampling, len(history))])


def pick(scores: Scores, allowed: Sequence[int], sampling: Sampling, position: int) -> int:
    """One of the `allowed` tokens, by their scores alone; `position` counts the tokens before it."""
    among = scores[np.asarray(allowed)].astype(np.float32)
    if sampling.temperature <= 0.0:
        return allowed[int(among.argmax())]
    return allowed[_draw(among, sampling, position)]


def _draw(scores: Scores, sampling: Sampling, position: int) -> int:
    """An index, by the softmax of `scores`. A generator per position: a task that was pre-empted goes on as it would
    have gone on."""
    weights = np.exp((scores - scores.max()).astype(np.float64) / sampling.temperature)
    total = weights.cumsum()
    generator = np.random.default_rng((sampling.seed & _SEED_MASK, position))
    return min(int(np.searchsorted(total, generator.random() * total[-1], side="right")), len(scores) - 1)


def _penalise_repeats(scores: Scores, recent: Sequence[int], penalty: float) -> None:
    """CTRL's penalty (Keskar et al. 2019)."""
    if penalty == 1.0 or not recent:
        return
    tokens = np.unique(np.asarray(recent))
    found = scores[tokens]
    scores[tokens] = np.where(found > 0, found / penalty, found * penalty)


def _penalise_runs(scores: Scores, history: Sequence[int], breakers: Collection[int], allowed: int) -> None:
    """What would prolong a run of more than `allowed` tokens that was there before, the more the longer it is already
    (the DRY sampler of llama.cpp)."""
    if not history or history[-1] in breakers:
        return
    lengths = _run_lengths(history, breakers, allowed + DRY_EXPONENT)
    longest: dict[int, int] = {}
    for end in map(int, np.flatnonzero(lengths >= max(allowed, 1))):
        follower = history[end + 1]
        if follower not in breakers:
            longest[follower] = max(longest.get(follower, 0), int(lengths[end]))
    for token, length in longest.items():
        scores[token] -= DRY_MULTIPLIER * DRY_BASE ** (length - allowed)


def _run_lengths(history: Sequence[int], breakers: Collection[int], most: int) -> npt.NDArray[np.int64]:
    """How many tokens up to each but the last are the same as those up to the last, `most` at most. All places at once:
    a text that says one thing over and over has many long runs."""
    tokens: Any = np.asarray(history)
    last = len(history) - 1
    lengths = np.zeros(last, np.int64)
    ends: Any = np.flatnonzero(tokens[:last] == tokens[last])
    for length in range(1, most + 1):
        lengths[ends] = length
        ends = ends[ends >= length]
        if not len(ends) or history[last - length] in breakers:
            break
        ends = ends[tokens[ends - length] == tokens[last - length]]
    return lengths
