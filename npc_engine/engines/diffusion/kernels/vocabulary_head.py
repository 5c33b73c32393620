"""From hidden rows to all that a denoising step wants to know of the vocabulary.

The plain version scores a few rows at a time, so that the `(N, V)` scores of a whole step never exist together. The
one for a graphics card goes over the vocabulary in chunks instead, which reads the embedding once for the scores and
once for what is expected, whatever the number of rows.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from npc_engine.engines.diffusion.config import HEAD_ROWS
from npc_engine.engines.diffusion.kernels import dispatch
from npc_engine.engines.diffusion.noise import Keys, Use, exponentials

#: Fills up the list of a slot that has fewer options than others.
NO_OPTION = -1


class Unembedding(NamedTuple):
    """The embedding `(V, H)`, read backwards. Scores are capped softly at `cap`; a row of the embedding stands for its
    token after multiplication by `scale`, a tensor of one number."""

    embedding: Tensor
    cap: float
    scale: Tensor


class Verdict(NamedTuple):
    """`best` `(N,)` is the likeliest token, `entropy` `(N,)` in nats says how sure the model is."""

    best: Tensor
    entropy: Tensor


class Reading(NamedTuple):
    """What the head makes of `N` rows.

    `best` `(N,)` is the likeliest token, `drawn` `(N,)` one drawn at random, `entropy` `(N,)` in nats says how sure
    the model is, `soft` `(N, H)` is the mean embedding of what it expects.
    """

    best: Tensor
    drawn: Tensor
    entropy: Tensor
    soft: Tensor


def read_vocabulary(rows: Tensor, head: Unembedding, temperature: Tensor, keys: Keys, top: int = 0) -> Reading:
    """`rows` `(N, H)` at temperatures `(N,)`, drawn with the noise of `keys`. With `top`, what is expected is the mean
    of so many tokens, the likeliest, and not of all."""
    if dispatch.runs_triton(rows):
        from npc_engine.engines.diffusion.kernels.device import vocabulary_head as device

        return device.read_vocabulary(rows, head, temperature, keys, top)
    return reference(rows, head, temperature, keys, top)


def read_last(rows: Tensor, head: Unembedding, temperature: Tensor) -> Verdict:
    """The same for rows after which no step comes: nothing is drawn, and nothing expected."""
    if dispatch.runs_triton(rows):
        from npc_engine.engines.diffusion.kernels.device import vocabulary_head as device

        return device.read_last(rows, head, temperature)
    return reference_last(rows, head, temperature)


def choose_labels(rows: Tensor, head: Unembedding, options: Tensor, temperature: Tensor, keys: Keys) -> Tensor:
    """`(S,)`: for each of the `rows` `(S, H)` one token of its `options` `(S, O)`, and only they are scored.

    Lists that are shorter than others end in `NO_OPTION`. At a temperature of 0, of `(S,)`, it is the likeliest. Small
    enough to stay in torch; nothing waits for the card.
    """
    offered = head.embedding[options.clamp(min=0)]
    scores = _capped(torch.einsum("sh,soh->so", rows, offered), head.cap)
    scores = scores.masked_fill(options == NO_OPTION, -torch.inf)
    warm = temperature[:, None] > 0.0
    chances = (scores / torch.where(warm, temperature[:, None], 1.0)).softmax(-1)
    raced = chances / exponentials(keys, options.shape[-1], Use.CHOICE)
    return options.gather(-1, torch.where(warm, raced, scores).argmax(-1, keepdim=True))[:, 0]


def reference(rows: Tensor, head: Unembedding, temperature: Tensor, keys: Keys, top: int = 0) -> Reading:
    """`read_vocabulary` in torch."""
    parts = [_read(rows[span], head, temperature[span], Keys(*(key[span] for key in keys)), top) for span in _few(rows)]
    return Reading(*(torch.cat(part) for part in zip(*parts, strict=True)))


def reference_last(rows: Tensor, head: Unembedding, temperature: Tensor) -> Verdict:
    """`read_last` in torch."""
    parts = [_judge(_capped(rows[span] @ head.embedding.T, head.cap) / temperature[span, None]) for span in _few(rows)]
    return Verdict(*(torch.cat(part) for part in zip(*parts, strict=True)))


def expected_of_likeliest(head: Unembedding, raw: Tensor, tokens: Tensor, temperature: Tensor) -> Tensor:
    """The mean embedding `(N, H)` of `tokens` `(N, k)`, weighted by what their `raw` scores, as the product with the
    embedding gave them, make of them at temperatures `(N,)`."""
    dtype = head.embedding.dtype
    scores = (_capped(raw, head.cap) / temperature[:, None]).to(dtype)
    chances = scores.softmax(-1, dtype=dispatch.accurate(dtype)).to(dtype)
    return embedding_bag(tokens, head.embedding, mode="sum", per_sample_weights=chances) * head.scale


def _few(rows: Tensor) -> list[slice]:
    return [slice(at, at + HEAD_ROWS) for at in range(0, len(rows), HEAD_ROWS)]


def _read(rows: Tensor, head: Unembedding, temperature: Tensor, keys: Keys, top: int) -> Reading:
    raw = rows @ head.embedding.T
    scores = _capped(raw, head.cap) / temperature[:, None]
    best, entropy = _judge(scores)
    drawn = (scores.softmax(-1) / exponentials(keys, scores.shape[-1], Use.SAMPLE)).argmax(-1)
    if top:
        soft = expected_of_likeliest(head, *raw.topk(top, dim=-1), temperature)
    else:
        # What conditions the next step is rounded to the type of the weights before it becomes chances again.
        expected = scores.to(rows.dtype).to(scores.dtype).softmax(-1).to(rows.dtype)
        soft = expected @ head.embedding * head.scale
    return Reading(best, drawn, entropy, soft)


def _judge(scores: Tensor) -> Verdict:
    logarithms = scores - scores.logsumexp(-1, keepdim=True)
    return Verdict(scores.argmax(-1), -(logarithms * logarithms.softmax(-1)).sum(-1))


def _capped(scores: Tensor, cap: float) -> Tensor:
    return torch.tanh(scores.to(dispatch.accurate(scores.dtype)) / cap) * cap
