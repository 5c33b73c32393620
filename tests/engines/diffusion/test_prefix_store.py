"""The prefix store against a model in which keys and values are a hash of all tokens up to theirs."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Sequence

import pytest
import torch
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from torch import Tensor

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.kernels.varlen_attention import write_rows
from npc_engine.engines.diffusion.prefix_store import Chain, PrefixStore
from npc_engine.errors import ErrorCode, NpcError

SLIDING = LayerConfig(kv_heads=2, head_dim=4, window=8, rope_theta=1e4, rotary_factor=1.0)
GLOBAL = LayerConfig(kv_heads=1, head_dim=6, window=0, rope_theta=1e6, rotary_factor=0.25)
CONFIG = ModelConfig(
    vocab_size=64,
    hidden_size=16,
    intermediate_size=16,
    heads=2,
    experts=2,
    experts_per_token=1,
    expert_size=8,
    layers=(SLIDING, SLIDING, GLOBAL),
    context_tokens=256,
)
BLOCK = 4
BLOCK_BYTES = 8 * BLOCK * (2 * 2 * 2 * 4 + 2 * 6)


def store_of(device_blocks: int, host_blocks: int = 0) -> PrefixStore:
    return PrefixStore(
        CONFIG,
        dtype=torch.float64,
        device=torch.device("cpu"),
        device_bytes=device_blocks * BLOCK_BYTES,
        host_bytes=host_blocks * BLOCK_BYTES,
        block_tokens=BLOCK,
    )


def expected(tokens: Sequence[int], layer: int, start: int = 0) -> tuple[Tensor, Tensor]:
    """What a model would compute for the positions from `start` on: each row depends on all tokens before it."""
    shape, digest, rows = CONFIG.layers[layer], layer, []
    for token in tokens:
        digest = zlib.crc32(token.to_bytes(4, "little"), digest)
        rows.append(float(digest))
    size = shape.kv_heads * shape.head_dim
    both = torch.tensor(rows, dtype=torch.float64)[start:, None] + torch.arange(2 * size) / 64
    keys, values = both.view(-1, 2, shape.kv_heads, shape.head_dim).unbind(1)
    return keys, values


def write(chain: Chain, before: Sequence[int], tokens: Sequence[int]) -> None:
    slots, cache = chain.slots(len(tokens)), chain.cache
    for layer in range(len(CONFIG.layers)):
        keys, values = expected([*before, *tokens], layer, len(before))
        write_rows(keys, values, cache.keys[layer], cache.values[layer], slots)


def check(chain: Chain, tokens: Sequence[int], start: int = 0) -> None:
    assert chain.length == len(tokens)
    for layer in range(len(CONFIG.layers)):
        for kept, wanted in zip((chain.cache.keys, chain.cache.values), expected(tokens, layer, start), strict=True):
            found = kept[layer][chain.blocks].flatten(0, 1)
            assert torch.equal(found[start : len(tokens)], wanted)


def turn(store: PrefixStore, tokens: Sequence[int]) -> Chain:
    """A character reads `tokens`, as far as they are not known."""
    chain = store.open(tokens)
    known = chain.length
    check(chain, tokens[:known])
    assert chain.reserve(len(tokens) - known)
    write(chain, tokens[:known], tokens[known:])
    chain.advance(tokens[known:])
    check(chain, tokens)
    return chain


def alike(some: Sequence[int], others: Sequence[int]) -> int:
    return next((n for n, (a, b) in enumerate(zip(some, others, strict=False)) if a != b), min(len(some), len(others)))


class Running:
    """An open chain, what it should hold, and what was written to it that does not count yet."""

    def __init__(self, chain: Chain, tokens: list[int]) -> None:
        self.chain = chain
        self.tokens = tokens
        self.pending: list[int] = []


class Books:
    """A store and what it should know. `roomy`: nothing is ever evicted, so it must know all that was published."""

    def __init__(self, device_blocks: int, host_blocks: int, *, roomy: bool = False) -> None:
        self.store = store_of(device_blocks, host_blocks)
        self.roomy = roomy
        self.running: list[Running] = []
        self.ever: set[tuple[int, ...]] = {()}
        self.since_clear: set[tuple[int, ...]] = {()}
        self.asked = 0

    def open(self, tokens: list[int]) -> None:
        self.asked += len(tokens)
        chain = self.store.open(tokens)
        assert chain.length <= max(alike(tokens, known) for known in self.ever)
        if self.roomy:
            assert chain.length >= max(alike(tokens, known) for known in self.since_clear)
        self.running.append(Running(chain, tokens[: chain.length]))

    def begin(self, one: Running, tokens: list[int]) -> None:
        missing = -(-(len(one.tokens) + len(tokens)) // BLOCK) - len(one.chain.blocks)
        if one.chain.reserve(len(tokens)):
            one.pending = tokens
            write(one.chain, one.tokens, tokens)
        else:
            found = self.store.statistics()
            assert found.device_blocks - found.device_pinned < missing + 1

    def finish(self, one: Running) -> None:
        one.chain.advance(one.pending)
        one.tokens += one.pending
        one.pending = []

    def cut(self, one: Running, length: int) -> None:
        one.chain.cut(length)
        one.tokens, one.pending = one.tokens[:length], []

    def publish(self, one: Running) -> None:
        one.chain.publish()
        one.pending = []
        self.ever.add(tuple(one.tokens))
        self.since_clear.add(tuple(one.tokens))

    def close(self, one: Running) -> None:
        self.publish(one)
        one.chain.close()
        self.running.remove(one)

    def clear(self) -> None:
        self.store.clear()
        self.since_clear = {()}

    def check(self, start: int = 0) -> None:
        self.store.validate()
        for one in self.running:
            check(one.chain, one.tokens, min(start, len(one.tokens)))
        found = self.store.statistics()
        assert found.hit_tokens + found.missed_tokens == self.asked
        assert found.device_pinned <= found.device_used <= found.device_blocks
        assert found.device_bytes == (found.device_blocks - found.device_free) * BLOCK_BYTES
        assert found.host_bytes <= found.host_blocks * BLOCK_BYTES
        assert found.device_pinned == len({block for one in self.running for block in one.chain.blocks})
        assert not self.roomy or not (found.evicted or found.offloaded)


TOKENS = st.lists(st.integers(0, 1), max_size=14)


class Small(RuleBasedStateMachine):
    """Hardly any room: blocks are evicted, offloaded, restored and run out all the time."""

    room = (7, 4)
    roomy = False

    def __init__(self) -> None:
        super().__init__()
        self.books = Books(*self.room, roomy=self.roomy)

    def one(self, index: int) -> Running:
        return self.books.running[index % len(self.books.running)]

    @rule(tokens=TOKENS)
    def open(self, tokens: list[int]) -> None:
        self.books.open(tokens)

    @precondition(lambda self: self.books.running)
    @rule(index=st.integers(0, 9), tokens=TOKENS)
    def begin(self, index: int, tokens: list[int]) -> None:
        self.books.begin(self.one(index), tokens)

    @precondition(lambda self: self.books.running)
    @rule(index=st.integers(0, 9))
    def finish(self, index: int) -> None:
        self.books.finish(self.one(index))

    @precondition(lambda self: self.books.running)
    @rule(index=st.integers(0, 9), length=st.integers(0, 20))
    def cut(self, index: int, length: int) -> None:
        one = self.one(index)
        self.books.cut(one, min(length, len(one.tokens)))

    @precondition(lambda self: self.books.running)
    @rule(index=st.integers(0, 9))
    def publish(self, index: int) -> None:
        self.books.publish(self.one(index))

    @precondition(lambda self: self.books.running)
    @rule(index=st.integers(0, 9))
    def close(self, index: int) -> None:
        self.books.close(self.one(index))

    @rule()
    def clear(self) -> None:
        self.books.clear()

    @invariant()
    def adds_up(self) -> None:
        self.books.check()


class SmallWithoutHost(Small):
    room = (6, 0)


class Roomy(Small):
    """Room for all: what was published stays known, to the token."""

    room = (600, 0)
    roomy = True


RUNS = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSmall = Small.TestCase
TestSmall.settings = RUNS
TestSmallWithoutHost = SmallWithoutHost.TestCase
TestSmallWithoutHost.settings = RUNS
TestRoomy = Roomy.TestCase
TestRoomy.settings = RUNS


def test_ten_thousand_operations_add_up() -> None:
    dice = random.Random(6)
    books = Books(24, 12)

    def some(most: int) -> list[int]:
        return [dice.randrange(3) for _ in range(dice.randrange(most + 1))]

    for _ in range(10_000):
        kind = dice.random()
        if len(books.running) < 6 and (kind < 0.25 or not books.running):
            known = dice.choice(sorted(books.ever))[:40]
            books.open([*known[: dice.randrange(len(known) + 1)], *some(12)])
        elif books.running:
            one = dice.choice(books.running)
            if kind < 0.5:
                books.begin(one, some(12))
            elif kind < 0.7:
                books.finish(one)
            elif kind < 0.8:
                books.cut(one, dice.randrange(len(one.tokens) + 1))
            elif kind < 0.9:
                books.publish(one)
            elif kind < 0.999:
                books.close(one)
            else:
                books.clear()
        books.check(start=dice.randrange(20))
    found = books.store.statistics()
    assert min(found.hit_tokens, found.missed_tokens, found.evicted, found.offloaded, found.restored) > 100
    for one in list(books.running):
        books.close(one)
    books.clear()
    found = books.store.statistics()
    assert (found.device_bytes, found.host_bytes, found.device_pinned) == (0, 0, 0)


def test_characters_share_what_their_prompts_begin_with() -> None:
    store = store_of(20)
    setting = list(range(4 * BLOCK))
    turn(store, [*setting, 50, 51]).close()
    chains = [turn(store, [*setting, 60 + npc]) for npc in range(3)]
    assert store.statistics().device_used == 4 + 1 + 3
    assert {tuple(chain.blocks[:4]) for chain in chains} == {tuple(chains[0].blocks[:4])}
    store.validate()


def test_a_known_beginning_counts_to_the_token() -> None:
    store = store_of(8)
    turn(store, [1, 2, 3, 4, 5, 6, 7, 8, 9]).close()
    for wanted, known in (
        ([1, 2, 9], 2),
        ([1, 2, 3, 4, 5, 6, 7, 0], 7),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 9),
        ([9], 0),
    ):
        chain = store.open(wanted)
        check(chain, wanted[:known])
        chain.close()
    assert store.statistics().device_used == 3
    store.validate()


def test_two_that_read_the_same_at_once_end_with_one_copy() -> None:
    store = store_of(8)
    tokens = [1, 2, 3, 4, 5, 6]
    one, other = turn(store, tokens), turn(store, tokens)
    assert store.statistics().device_used == 4
    one.publish()
    other.publish()
    assert store.statistics().device_used == 2
    assert one.blocks == other.blocks
    check(other, tokens)
    one.close()
    check(other, tokens)
    store.validate()


def test_a_shorter_one_takes_over_the_block_that_repeats_it() -> None:
    store = store_of(8)
    long, short = turn(store, [1, 2, 3]), turn(store, [1, 2])
    long.publish()
    short.publish()
    assert store.statistics().device_used == 1
    check(short, [1, 2])
    store.validate()


def test_a_published_block_does_not_change_under_others() -> None:
    store = store_of(8)
    writer = turn(store, [1, 2, 3, 4, 5, 6])
    writer.publish()
    reader = store.open([1, 2, 3, 4, 5, 6])
    assert writer.reserve(2)
    write(writer, [1, 2, 3, 4, 5, 6], [7, 8])
    writer.advance([7, 8])
    check(reader, [1, 2, 3, 4, 5, 6])
    check(writer, [1, 2, 3, 4, 5, 6, 7, 8])
    writer.close()
    store.validate()
    assert store.statistics().device_used == 3
    reader.close()  # its leaf is repeated by the writer's
    assert store.statistics().device_used == 2
    store.validate()


def test_what_is_cut_in_a_shared_block_may_be_written_anew() -> None:
    store = store_of(8)
    turn(store, [1, 2, 3, 4, 5, 6, 7, 8]).close()
    one, other = store.open([1, 2, 3, 4, 5, 6, 7, 8]), store.open([1, 2, 3, 4, 5, 6, 7, 8])
    one.cut(6)
    check(one, [1, 2, 3, 4, 5, 6])
    assert one.reserve(1)
    write(one, [1, 2, 3, 4, 5, 6], [9])
    one.advance([9])
    check(one, [1, 2, 3, 4, 5, 6, 9])
    check(other, [1, 2, 3, 4, 5, 6, 7, 8])
    one.close()
    check(store.open([1, 2, 3, 4, 5, 6, 7, 8]), [1, 2, 3, 4, 5, 6, 7, 8])
    check(store.open([1, 2, 3, 4, 5, 6, 9]), [1, 2, 3, 4, 5, 6, 9])
    store.validate()


def test_a_leaf_that_a_longer_one_repeats_is_dropped() -> None:
    store = store_of(8)
    early = store.open([])
    turn(store, [1, 2]).close()
    assert early.reserve(3)
    write(early, [], [1, 2, 3])
    early.advance([1, 2, 3])
    early.publish()
    store.validate()
    assert store.statistics().device_used == 1


def test_room_reserved_once_may_be_written_in_parts() -> None:
    store = store_of(4)
    chain = store.open([])
    assert chain.reserve(9)
    for start in (0, 3, 6):
        tokens = list(range(start + 3))
        write(chain, tokens[:start], tokens[start:])
        chain.advance(tokens[start:])
        check(chain, tokens)


def test_rows_count_only_after_they_were_all_written() -> None:
    store = store_of(4)
    chain = turn(store, [1, 2, 3])
    assert chain.reserve(3)
    write(chain, [1, 2, 3], [4, 5, 6])
    check(chain, [1, 2, 3])
    chain.close()
    check(store.open([1, 2, 3, 4, 5, 6]), [1, 2, 3])


@pytest.mark.parametrize("host_blocks", [0, 3])
def test_the_least_recently_used_goes_first_leaves_before_their_parents(host_blocks: int) -> None:
    store = store_of(6, host_blocks)
    old, new, next_one = list(range(10)), list(range(20, 30)), list(range(40, 50))
    turn(store, old).close()
    turn(store, new).close()
    turn(store, next_one[:5]).close()  # two blocks: of the old one only the first stays
    assert store.open(new).length == 10
    found = store.statistics()
    if host_blocks:
        assert (found.offloaded, found.host_used, found.evicted) == (2, 2, 0)
    else:
        assert (found.evicted, found.host_used) == (2, 0)
        assert store.open(old).length == BLOCK
    store.validate()


def test_what_was_offloaded_comes_back_as_it_was() -> None:
    store = store_of(5, 20)
    lines = [[npc, *range(1, 14)] for npc in range(5)]
    for line in lines:
        turn(store, line).close()
    for line in lines:
        chain = store.open(line)
        check(chain, line)
        chain.close()
        store.validate()
    found = store.statistics()
    assert found.evicted == 0
    assert found.restored >= 4 * 4


def test_what_the_host_has_is_unknown_while_the_device_is_full() -> None:
    store = store_of(3, 3)
    old, busy = list(range(10)), list(range(20, 32))
    turn(store, old).close()
    chain = turn(store, busy)
    assert store.statistics().offloaded == 3
    assert store.open(old).length == 0
    store.validate()
    chain.close()
    check(store.open(old), old)
    store.validate()


def test_what_the_host_has_moves_back_when_it_is_computed_anew() -> None:
    store = store_of(4, 4)
    old = list(range(8))
    early = store.open(old)  # before anybody knows
    turn(store, old).close()
    turn(store, list(range(20, 36))).close()
    assert store.statistics().host_used == 2
    assert early.reserve(8)
    write(early, [], old)
    early.advance(old)
    early.publish()
    assert store.open(old).blocks == early.blocks
    check(early, old)
    store.validate()


def test_room_for_all_or_for_none() -> None:
    store = store_of(4)
    one, other = turn(store, list(range(8))), turn(store, [20])
    used = store.statistics().device_used
    assert not other.reserve(8)
    assert other.reserve(7)
    assert not one.reserve(1)
    other.cut(1)
    assert store.statistics().device_used == used
    assert one.reserve(4)
    store.validate()


def test_one_alone_can_fill_the_store_whatever_it_published() -> None:
    store = store_of(3, 1)
    tokens = list(range(12))
    chain = turn(store, tokens[:10])
    chain.publish()
    assert chain.reserve(2)
    write(chain, tokens[:10], tokens[10:])
    chain.advance(tokens[10:])
    check(chain, tokens)
    chain.publish()
    chain.cut(6)
    store.validate()
    assert chain.reserve(6)
    store.validate()
    check(chain, tokens[:6])
    assert not chain.reserve(7)


def test_a_block_that_two_read_is_not_taken_from_either() -> None:
    store = store_of(1)
    turn(store, [1, 2]).close()
    one, other = store.open([1, 2]), store.open([1, 2])
    assert not one.reserve(1)
    other.close()
    assert one.reserve(1)
    check(one, [1, 2])
    store.validate()


def test_clear_leaves_what_is_being_read() -> None:
    store = store_of(8, 4)
    line, gone = list(range(10)), list(range(20, 30))
    turn(store, line).close()
    turn(store, gone).close()
    chain = store.open(line[:6])
    store.clear()
    store.validate()
    check(chain, line[:6])
    assert store.statistics().device_used == 2
    assert store.open(gone).length == 0


def test_closing_twice_is_closing_once() -> None:
    store = store_of(4)
    chain = turn(store, [1, 2, 3, 4, 5])
    chain.close()
    chain.close()
    assert chain.length == 0
    assert store.statistics().device_pinned == 0
    store.validate()


def test_writing_without_room_is_refused() -> None:
    store = store_of(4)
    chain = turn(store, [1, 2])
    chain.publish()
    with pytest.raises(AssertionError, match="reserve"):
        write(chain, [1, 2], [3])
    with pytest.raises(AssertionError, match="reserve"):
        chain.advance([3])
    chain.close()
    with pytest.raises(AssertionError, match="closed"):
        chain.reserve(1)


def test_a_long_chain_is_dropped_without_recursion() -> None:
    store = store_of(3000)
    turn(store, [1] * (2990 * BLOCK)).close()
    store.clear()
    assert store.statistics().device_used == 0


def test_the_budget_holds_in_bytes() -> None:
    store = PrefixStore(
        CONFIG, dtype=torch.bfloat16, device=torch.device("cpu"), device_bytes=10_000, host_bytes=3_000, block_tokens=8
    )
    assert store.block_bytes == 2 * 8 * CONFIG.kv_token_elements
    assert (store.device_blocks, store.host_blocks) == (10_000 // store.block_bytes, 3_000 // store.block_bytes)
    assert _tensor_bytes(store._device._groups.values()) == store.device_blocks * store.block_bytes
    assert _tensor_bytes(store._host._groups.values()) == store.host_blocks * store.block_bytes


def _tensor_bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.nbytes for tensor in tensors)


def test_too_little_for_one_block_says_what_is_needed() -> None:
    with pytest.raises(NpcError, match=r"at least \d+\.\d MiB") as caught:
        PrefixStore(CONFIG, dtype=torch.float32, device=torch.device("cpu"), device_bytes=100)
    assert caught.value.code == ErrorCode.ENGINE_FAILED
