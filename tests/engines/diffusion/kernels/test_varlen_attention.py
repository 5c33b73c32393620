"""Attention over blocks: what each row sees, checked against the definition, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from npc_engine.engines.diffusion.kernels import varlen_attention
from npc_engine.engines.diffusion.kernels.device import varlen_attention as device
from npc_engine.engines.diffusion.kernels.varlen_attention import Spans, attend, tile_list, tiles_at_most, write_rows

BLOCK_TOKENS, BLOCKS = 16, 24


@dataclass(frozen=True)
class Sequence:
    """A span as a test wants it."""

    prefix: int
    rows: int
    read: bool


def lay_out(sequences: list[Sequence], on: str = "cpu", seed: int = 0) -> Spans:
    """Blocks in any order, and one span, a few blocks and tiles more than are in use."""
    free = Random(seed).sample(range(BLOCKS), BLOCKS)
    table = torch.zeros(len(sequences) + 1, BLOCKS, dtype=torch.int32)
    for index, each in enumerate(sequences):
        own = [free.pop() for _ in range(-(-each.prefix // BLOCK_TOKENS))]
        table[index, : len(own)] = torch.tensor(own)
    counts = [each.rows for each in sequences]
    starts = [sum(counts[:index]) for index in range(len(counts))]
    tiles = tile_list(counts)
    tiles += [(-1, 0)] * (tiles_at_most(sum(counts), len(counts)) + 1 - len(tiles))
    columns = (starts, counts, [each.prefix for each in sequences], [int(each.read) for each in sequences])
    return Spans(
        *(torch.tensor([*column, 0], dtype=torch.int32).to(on) for column in columns),
        table.to(on),
        torch.tensor(tiles, dtype=torch.int32).to(on),
    )


@dataclass(frozen=True)
class Case:
    """All that attention takes, but for where sequences are."""

    queries: Tensor
    keys: Tensor
    values: Tensor
    block_keys: Tensor
    block_values: Tensor


def case(rows: int, heads: int, kv_heads: int, dim: int, on: str = "cpu", dtype: torch.dtype = torch.float32) -> Case:
    generator = torch.Generator().manual_seed(rows)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(on, dtype)

    blocks = normal(BLOCKS, 2, 2, BLOCK_TOKENS, kv_heads, dim)  # as they lie in the store: views of it, strided
    queries = normal(rows, heads, dim) * dim**-0.5
    return Case(queries, normal(rows, kv_heads, dim), normal(rows, kv_heads, dim), blocks[:, 1, 0], blocks[:, 1, 1])


def run(given_case: Case, spans: Spans, window: int) -> Tensor:
    each = given_case
    return attend(each.queries, each.keys, each.values, each.block_keys, each.block_values, spans, window)


def row_by_row(given_case: Case, spans: Spans, sequences: list[Sequence], window: int) -> Tensor:
    """The definition, in float64."""
    result = torch.zeros_like(given_case.queries, dtype=torch.float64)
    shared = given_case.queries.shape[1] // given_case.keys.shape[1]
    first = 0
    for index, each in enumerate(sequences):
        own = slice(first, first + each.rows)
        table = spans.table[index].long()
        keys, values = (
            torch.cat((blocks[table].flatten(0, 1)[: each.prefix], mine[own])).double()
            for blocks, mine in (
                (given_case.block_keys, given_case.keys),
                (given_case.block_values, given_case.values),
            )
        )
        for row in range(each.rows):
            at = each.prefix + row
            reach = at if each.read else each.prefix
            low = max(0, reach - window + 1) if window else 0
            high = at + 1 if each.read else each.prefix + each.rows
            for head in range(given_case.queries.shape[1]):
                scores = keys[low:high, head // shared] @ given_case.queries[first + row, head].double()
                result[first + row, head] = scores.softmax(0) @ values[low:high, head // shared]
        first += each.rows
    return result


MIXED = [Sequence(50, 32, False), Sequence(0, 5, True), Sequence(33, 40, True), Sequence(0, 33, False)]


@pytest.mark.parametrize(
    ("heads", "kv_heads", "dim"), [(4, 2, 16), (2, 1, 64), (3, 1, 32), (2, 2, 128), (2, 1, 256), (2, 1, 512)]
)
@pytest.mark.parametrize("window", [0, 24])
def test_all_head_sizes_see_what_they_should(place, heads: int, kv_heads: int, dim: int, window: int) -> None:
    sequences = MIXED if dim <= 32 else MIXED[:2]
    spans = lay_out(sequences, place.device)
    given_case = case(sum(each.rows for each in sequences), heads, kv_heads, dim, place.device, place.dtype)
    expected = row_by_row(given_case, spans, sequences, window)
    assert place.close(run(given_case, spans, window), expected)


SEQUENCES = st.lists(st.builds(Sequence, st.integers(0, 70), st.integers(1, 40), st.booleans()), min_size=1, max_size=3)


@settings(deadline=None, max_examples=25)
@given(SEQUENCES, st.sampled_from([0, 1, 2, 16, 17, 31, 40]), st.sampled_from([1, 8]), st.integers(0, 99))
@example([Sequence(15, 3, True)], 16, 8, 0)  # the window begins where the prompt does
@example([Sequence(16, 3, False)], 16, 1, 0)
@example([Sequence(64, 40, True)], 4, 8, 0)  # later rows see nothing of the blocks
def test_rows_see_their_sequence_and_no_other(sequences: list[Sequence], window: int, programs: int, seed: int) -> None:
    spans = lay_out(sequences, seed=seed)
    given_case = case(sum(each.rows for each in sequences), 2, 1, 16)
    expected = row_by_row(given_case, spans, sequences, window)
    arguments = (*vars(given_case).values(), spans, window)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device, "PROGRAMS", programs)  # with and without cutting what is seen in parts
        torch.testing.assert_close(device.attend(*arguments).double(), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(varlen_attention.reference(*arguments).double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("window", [0, 24])
def test_a_row_comes_out_the_same_whoever_is_in_the_batch_and_wherever_its_blocks_are(place, window: int) -> None:
    mine = Sequence(45, 33, True)
    first, second = [mine, Sequence(20, 32, False)], [Sequence(3, 8, True), Sequence(60, 24, False), mine]
    outcomes = []
    for sequences, before, seed in ((first, 0, 0), (second, 32, 1)):
        spans = lay_out(sequences, place.device, seed)
        given_case = case(65, 2, 1, 16, place.device, place.dtype)
        own = slice(before, before + mine.rows)
        table = spans.table[sequences.index(mine), :3].long()
        known = Case(*(place.normal(*each.shape, seed=9) for each in vars(given_case).values()))
        for name in ("queries", "keys", "values"):
            getattr(given_case, name)[own] = getattr(known, name)[: mine.rows]
        given_case.block_keys[table], given_case.block_values[table] = known.block_keys[:3], known.block_values[:3]
        outcomes.append(run(given_case, spans, window)[own])
    assert torch.equal(*outcomes)


def test_what_nobody_wrote_does_no_harm(place) -> None:
    sequences = [Sequence(20, 8, False)]
    spans = lay_out(sequences, place.device)
    given_case = case(8, 2, 1, 16, place.device, place.dtype)
    expected = run(given_case, spans, 0)
    last = int(spans.table[0, 1])
    given_case.block_keys[last, 4:] = torch.inf
    given_case.block_values[last, 4:] = torch.nan
    assert torch.equal(run(given_case, spans, 0), expected)


def test_rows_are_written_where_they_belong_and_nowhere_else(place) -> None:
    given_case = case(5, 2, 2, 16, place.device, place.dtype)
    keys, values = given_case.block_keys.clone(), given_case.block_values.clone()
    slots = torch.tensor([-1, 5, BLOCKS * BLOCK_TOKENS - 1, -1, 32], dtype=torch.int32).to(place.device)
    write_rows(given_case.keys, given_case.values, given_case.block_keys, given_case.block_values, slots)
    for row, (block, place_in_block) in ((1, (0, 5)), (2, (BLOCKS - 1, BLOCK_TOKENS - 1)), (4, (2, 0))):
        keys[block, place_in_block], values[block, place_in_block] = given_case.keys[row], given_case.values[row]
    assert torch.equal(given_case.block_keys, keys)
    assert torch.equal(given_case.block_values, values)


def test_without_triton_rows_are_written_as_well() -> None:
    given_case = case(3, 2, 2, 16)
    before = given_case.block_keys.clone()
    slots = torch.tensor([-1, 17, 2])
    write_rows(given_case.keys, given_case.values, given_case.block_keys, given_case.block_values, slots)
    before[1, 1], before[0, 2] = given_case.keys[1], given_case.keys[2]
    assert torch.equal(given_case.block_keys, before)


@settings(deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_there_are_never_more_tiles_than_expected(counts: list[int]) -> None:
    tiles = tile_list(counts)
    assert len(tiles) <= tiles_at_most(sum(counts), len(counts))
    rows = {(span, row) for span, first in tiles for row in range(first, min(counts[span], first + 32))}
    assert rows == {(span, row) for span, count in enumerate(counts) for row in range(count)}
