"""The head over the vocabulary in chunks, in Triton and cuBLAS.

A chunk's scores are one product by cuBLAS, into a buffer of bounded size. Triton then reads it once for all that is
asked, and puts the numerators of the chances in its place, which a second product turns into their part of the expected
embedding. Both products run at the speed of cuBLAS, and the embedding is read twice: to compute scores again instead of
keeping them would take a third product, and a tile of embeddings of this width beside its accumulators does not fit a
processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from torch import Tensor

from npc_engine.engines.diffusion.kernels.vocabulary_head import Reading, Unembedding, Verdict, expected_of_likeliest
from npc_engine.engines.diffusion.noise import ROUNDS, Keys, Use

#: Scores kept at once: 32 MiB in bf16, which the cache of an H200 holds. Chunks are no narrower nor wider than these.
SCORES, NARROWEST, WIDEST = 2**24, 2**13, 2**16
#: Scores that one program looks at; four share a call of the random generator.
TILE = 2_048
#: What a tile says of a row; `_TOP` in the scale of scores, of which `_SUM`, `_MOMENT` and `_SOFT` are relative to it.
_TOP, _SUM, _MOMENT, _SOFT, _BEST, _RACE = (tl.constexpr(place) for place in range(6))
FIELDS = tl.constexpr(6)
_USE, _ROUNDS = tl.constexpr(int(Use.SAMPLE)), tl.constexpr(ROUNDS)


@triton.jit
def tanh(x):
    """To two units in the last place. Below 0.625 the polynomial of Cephes' tanhf (Moshier, 1992)."""
    square = x * x
    near = square * -5.70498872745e-3 + 2.06390887954e-2
    near = near * square - 5.37397155531e-2
    near = near * square + 1.33314422036e-1
    near = near * square - 3.33332819422e-1
    near = near * square * x + x
    size = tl.abs(x)
    far = 1.0 - 2.0 / (tl.exp(2.0 * size) + 1.0)
    return tl.where(size < 0.625, near, tl.where(x < 0.0, -far, far))


@triton.jit
def exponentials(seed, canvas, step, position, call, MANY: tl.constexpr):
    """`noise.exponentials` of one key, four to each of the calls `(MANY,)`: `(MANY, 4)`."""
    nothing = tl.zeros((MANY,), tl.uint32)
    second = nothing + position.to(tl.uint32)
    third = nothing + ((canvas << 16) | step).to(tl.uint32)
    a, b, c, d = tl.philox(seed, call.to(tl.uint32), second, third, nothing + _USE, n_rounds=_ROUNDS)
    words = tl.join(tl.join(a, c), tl.join(b, d)).reshape(MANY, 4)
    uniform = ((words >> 8).to(tl.float32) + 0.5) * 5.9604644775390625e-08
    return -tl.log(uniform)


@triton.jit
def _peak(scores, peaks, width, stride, tiles, TILE: tl.constexpr):
    """The largest raw score of each tile: what the others are measured against."""
    row, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    column = tile * TILE + tl.arange(0, TILE)
    found = tl.load(scores + row * stride + column, mask=column < width, other=float("-inf"))
    tl.store(peaks + row * tiles + tile, tl.max(found.to(tl.float32), 0))


@triton.jit
def _look(
    scores,
    peaks,
    temperature,
    seeds,
    canvases,
    steps,
    positions,
    said,
    tokens,
    before,
    after,
    first,
    width,
    stride,
    cap,
    all_tiles,
    done_tiles,
    tiles,
    TILE: tl.constexpr,
    TILES: tl.constexpr,
    STEPS_ON: tl.constexpr,
):
    """One tile of one row: what it says goes to `said` and `tokens`, numerators of chances over the scores.

    Where a step comes after this one (`STEPS_ON`), numerators of all tiles must be measured against the same score:
    the largest of this chunk and those `before`, which is kept for those `after`.
    """
    row, tile = tl.program_id(0).to(tl.int64), tl.program_id(1)
    call = tile * (TILE // 4) + tl.arange(0, TILE // 4)
    column = call[:, None] * 4 + tl.arange(0, 4)[None, :]
    inside = column < width
    place = scores + row * stride + column
    warmth = tl.load(temperature + row)
    raw = tl.load(place, mask=inside, other=0.0).to(tl.float32)
    score = tl.where(inside, tanh(raw / cap) * cap / warmth, float("-inf"))
    mine = tl.max(tl.max(score, 1), 0)
    token = first + column
    if STEPS_ON:
        each = tl.arange(0, TILES)
        highest = tl.max(tl.load(peaks + row * tiles + each, mask=each < tiles, other=float("-inf")), 0)
        top = tl.maximum(tl.load(before + row), tanh(highest / cap) * cap / warmth)
        tl.store(after + row, top)
    else:
        top = mine
    weight = tl.exp(score - top)
    moment = tl.sum(tl.sum(weight * tl.where(inside, score - top, 0.0), 1), 0)
    best = tl.min(tl.min(tl.where(score == mine, token, 2147483647), 1), 0)
    out = said + (row * all_tiles + done_tiles + tile) * FIELDS
    tl.store(out + _TOP, top)
    tl.store(out + _SUM, tl.sum(tl.sum(weight, 1), 0))
    tl.store(out + _MOMENT, moment)
    tl.store(out + _BEST, mine)
    named = tokens + (row * all_tiles + done_tiles + tile) * 2
    tl.store(named, best)
    if STEPS_ON:
        seed, canvas = tl.load(seeds + row), tl.load(canvases + row)
        step, position = tl.load(steps + row), tl.load(positions + row)
        # Tiles begin at a multiple of four, so a call of the generator is never cut.
        noise = exponentials(seed, canvas, step, position, first // 4 + call, TILE // 4)
        # Against the tile's own best, so that no chance that counts in it is rounded to nothing.
        raced = tl.exp(score - mine) / noise
        fastest = tl.max(tl.max(raced, 1), 0)
        drawn = tl.min(tl.min(tl.where(raced == fastest, token, 2147483647), 1), 0)
        tl.store(out + _RACE, tl.log(fastest) + mine)
        tl.store(named + 1, drawn)
        rounded = score.to(scores.dtype.element_ty).to(tl.float32)
        chance = tl.exp(rounded - top)
        tl.store(out + _SOFT, tl.sum(tl.sum(chance, 1), 0))
        tl.store(place, chance.to(scores.dtype.element_ty), mask=inside)


@triton.jit
def _gather(parts, before, after, total, rows, width, PARTS: tl.constexpr, BLOCK: tl.constexpr):
    """Adds a chunk's part of the expected embedding, in fixed order; what was there fades as the measure rises."""
    row = tl.program_id(0).to(tl.int64)
    channel = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = channel < width
    place = row * width + channel
    fade = tl.exp(tl.load(before + row) - tl.load(after + row))
    sums = tl.load(total + place, mask=inside, other=0.0) * fade
    for part in tl.static_range(PARTS):
        sums += tl.load(parts + part * rows * width + place, mask=inside, other=0.0).to(tl.float32)
    tl.store(total + place, sums, mask=inside)


@triton.jit
def _conclude(said, tokens, best, drawn, entropy, normaliser, all_tiles, TILES: tl.constexpr, STEPS_ON: tl.constexpr):
    """What all tiles together say of a row. Among equals the first token wins."""
    row = tl.program_id(0).to(tl.int64)
    tile = tl.arange(0, TILES)
    there = tile < all_tiles
    place = said + (row * all_tiles + tile) * FIELDS
    named = tokens + (row * all_tiles + tile) * 2
    tops = tl.load(place + _TOP, mask=there, other=float("-inf"))
    top = tl.max(tops, 0)
    share = tl.exp(tops - top)
    sums = tl.load(place + _SUM, mask=there, other=0.0)
    total = tl.sum(sums * share, 0)
    # Moments were taken about each tile's own measure; about the common one they are lower by its distance.
    moments = tl.load(place + _MOMENT, mask=there, other=0.0) + sums * tl.where(there, tops - top, 0.0)
    tl.store(entropy + row, tl.log(total) - tl.sum(moments * share, 0) / total)
    scores = tl.load(place + _BEST, mask=there, other=float("-inf"))
    token = tl.load(named, mask=there, other=0)
    tl.store(best + row, tl.min(tl.where(scores == tl.max(scores, 0), token, 2147483647), 0).to(tl.int64))
    if STEPS_ON:
        races = tl.load(place + _RACE, mask=there, other=float("-inf"))
        token = tl.load(named + 1, mask=there, other=0)
        tl.store(drawn + row, tl.min(tl.where(races == tl.max(races, 0), token, 2147483647), 0).to(tl.int64))
        soft = tl.load(place + _SOFT, mask=there, other=0.0)
        tl.store(normaliser + row, tl.sum(soft * share, 0))


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Consecutive rows of the embedding, and where their tiles stand among all."""

    first: int
    embedding: Tensor
    done_tiles: int

    @property
    def tiles(self) -> int:
        return -(-len(self.embedding) // TILE)


def read_vocabulary(rows: Tensor, head: Unembedding, temperature: Tensor, keys: Keys, top: int = 0) -> Reading:
    """As `kernels.vocabulary_head.read_vocabulary`."""
    count, width = rows.shape
    look = _Look(rows, head, temperature, keys)
    total = rows.new_zeros(count, width, dtype=torch.float32)
    likeliest: tuple[Tensor, Tensor] | None = None
    for chunk in _chunks(count, head.embedding):
        scores = rows @ chunk.embedding.T
        if top:
            likeliest = _merge(likeliest, scores, chunk.first, top)
        before, after = look(chunk, scores)
        if not top:
            parts = _times(scores, chunk.embedding)
            block = min(1_024, triton.next_power_of_2(width))
            _gather[(count, triton.cdiv(width, block))](
                parts, before, after, total, count, width, PARTS=len(parts), BLOCK=block
            )
    best, drawn, entropy, normaliser = look.conclude()
    if likeliest is not None:
        soft = expected_of_likeliest(head, likeliest[0], likeliest[1], temperature)
    else:
        soft = (total / normaliser[:, None]).to(rows.dtype) * head.scale
    return Reading(best, drawn, entropy, soft)


def read_last(rows: Tensor, head: Unembedding, temperature: Tensor) -> Verdict:
    """As `kernels.vocabulary_head.read_last`."""
    look = _Look(rows, head, temperature, None)
    for chunk in _chunks(len(rows), head.embedding):
        look(chunk, rows @ chunk.embedding.T)
    best, _, entropy, _ = look.conclude()
    return Verdict(best, entropy)


class _Look:
    """What has been seen of the vocabulary so far. Without `keys` no step comes after this one."""

    def __init__(self, rows: Tensor, head: Unembedding, temperature: Tensor, keys: Keys | None) -> None:
        count = len(rows)
        self._cap = head.cap
        self._temperature = temperature.to(torch.float32)
        self._keys = keys and Keys(*(key.contiguous() for key in keys))
        chunks = list(_chunks(count, head.embedding))
        self._tiles = sum(chunk.tiles for chunk in chunks)
        self._said = rows.new_empty(count, self._tiles, FIELDS.value, dtype=torch.float32)
        self._tokens = rows.new_empty(count, self._tiles, 2, dtype=torch.int32)
        self._measure = rows.new_full((count,), -torch.inf, dtype=torch.float32)

    def __call__(self, chunk: _Chunk, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Looks at a chunk's `scores` `(N, C)`, and puts numerators of chances there if a step comes after this one:
        what they were and are measured against, `(N,)` each."""
        count, width = scores.shape
        before, after = self._measure, torch.empty_like(self._measure)
        peaks = scores.new_empty(count, chunk.tiles, dtype=torch.float32)
        if self._keys:
            _peak[(count, chunk.tiles)](scores, peaks, width, scores.stride(0), chunk.tiles, TILE=TILE)
            self._measure = after
        _look[(count, chunk.tiles)](
            scores,
            peaks,
            self._temperature,
            *(self._keys or (None,) * 4),
            self._said,
            self._tokens,
            before,
            after,
            chunk.first,
            width,
            scores.stride(0),
            self._cap,
            self._tiles,
            chunk.done_tiles,
            chunk.tiles,
            TILE=TILE,
            TILES=triton.next_power_of_2(chunk.tiles),
            STEPS_ON=self._keys is not None,
        )
        return before, after

    def conclude(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Likeliest and drawn token, entropy, and the sum of numerators, `(N,)` each."""
        count = len(self._said)
        best = self._tokens.new_empty(count, dtype=torch.int64)
        drawn, entropy = torch.empty_like(best), torch.empty_like(self._measure)
        normaliser = torch.empty_like(entropy)
        _conclude[(count,)](
            self._said,
            self._tokens,
            best,
            drawn,
            entropy,
            normaliser,
            self._tiles,
            TILES=triton.next_power_of_2(self._tiles),
            STEPS_ON=self._keys is not None,
        )
        return best, drawn, entropy, normaliser


def _chunks(count: int, embedding: Tensor) -> Iterator[_Chunk]:
    width = max(NARROWEST, min(WIDEST, triton.next_power_of_2(SCORES // count)))
    done = 0
    for first in range(0, len(embedding), width):
        chunk = _Chunk(first, embedding[first : first + width], done)
        done += chunk.tiles
        yield chunk


def _times(chances: Tensor, embedding: Tensor) -> Tensor:
    """`chances` `(N, C)` times `embedding` `(C, H)`, in parts `(P, N, H)` in float32 that are yet to be added: else a
    product so flat would use a fraction of the card, or cuBLAS would cut it as it pleases."""
    count, width = chances.shape
    parts = max(1, min(8, 2_048 // count))
    if width % parts:
        parts = 1
    left = chances.view(count, parts, -1).transpose(0, 1)
    right = embedding.view(parts, width // parts, -1)
    if chances.is_cuda and chances.dtype != torch.float32:
        return torch.bmm(left, right, out_dtype=torch.float32)
    return torch.bmm(left.float(), right.float())


def _merge(known: tuple[Tensor, Tensor] | None, scores: Tensor, first: int, top: int) -> tuple[Tensor, Tensor]:
    """The `top` likeliest so far: raw scores and tokens, `(N, top)` each."""
    found, place = scores.topk(min(top, scores.shape[-1]), dim=-1)
    place = place + first
    if known is not None:
        found, place = torch.cat((known[0], found), -1), torch.cat((known[1], place), -1)
        found, kept = found.topk(min(top, found.shape[-1]), dim=-1)
        place = place.gather(-1, kept)
    return found, place
