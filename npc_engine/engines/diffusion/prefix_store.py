"""What characters have read already, kept between turns and shared where prompts begin alike.

Blocks of keys and values in a radix tree. All positions are kept, in sliding layers too, so that a chain may be cut or
joined anywhere. One thread at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.kv_blocks import KVBlocks, block_bytes
from npc_engine.engines.diffusion.prefix_tree import Node, PrefixTree, begins, parent_of
from npc_engine.errors import ErrorCode, NpcError

MIB = 2**20
#: Tokens in a block: what is shared ends on a multiple of it, and so much of the last block may stay empty.
BLOCK_TOKENS = 32


@dataclass(frozen=True, slots=True)
class Statistics:
    """How full the store is, in blocks, and what it did since it was made, in tokens (hit, missed) and blocks.

    `device_pinned` blocks belong to open chains and cannot go. `evicted` is what was forgotten for want of room.
    """

    block_bytes: int
    device_blocks: int
    device_used: int
    device_pinned: int
    host_blocks: int
    host_used: int
    hit_tokens: int
    missed_tokens: int
    evicted: int
    offloaded: int
    restored: int

    @property
    def device_free(self) -> int:
        """Blocks on the device that hold nothing."""
        return self.device_blocks - self.device_used

    @property
    def device_bytes(self) -> int:
        """Bytes in use on the device."""
        return self.device_used * self.block_bytes

    @property
    def host_bytes(self) -> int:
        """Bytes in use on the host."""
        return self.host_used * self.block_bytes


class PrefixStore:
    """`device_bytes` of keys and values, and `host_bytes` of ordinary memory for what has to make room there.

    The least recently used goes first, leaves before what they hang on. Nothing that was published is forgotten while
    there is room. Raises `NpcError` ENGINE_FAILED if not even one block fits on the device.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        dtype: torch.dtype,
        device: torch.device,
        device_bytes: int,
        host_bytes: int = 0,
        block_tokens: int = BLOCK_TOKENS,
    ) -> None:
        self.block_tokens = block_tokens
        self.block_bytes = block_bytes(config, block_tokens, dtype)
        self.device_blocks = device_bytes // self.block_bytes
        self.host_blocks = host_bytes // self.block_bytes
        if self.device_blocks < 1:
            needed, given = self.block_bytes / MIB, device_bytes / MIB
            message = f"the prefix store needs at least {needed:.1f} MiB on {device} and was given {given:.1f} MiB"
            raise NpcError(ErrorCode.ENGINE_FAILED, message)
        self._device = KVBlocks(config, self.device_blocks, block_tokens, dtype=dtype, device=device)
        self._host = KVBlocks(
            config,
            self.host_blocks,
            block_tokens,
            dtype=dtype,
            device=torch.device("cpu"),
            pin_memory=device.type == "cuda" and self.host_blocks > 0,
        )
        self._tree = PrefixTree(block_tokens, self._device, self._host)
        self._chains: set[Chain] = set()
        self._hit_tokens = self._missed_tokens = 0

    def open(self, tokens: Sequence[int]) -> Chain:
        """A chain that knows the longest beginning of `tokens` that was published, to the token.

        Shared blocks are pinned, none is copied. What lies on the host is restored, or unknown if there is no room.
        """
        chain = Chain(self)
        self._chains.add(chain)
        path = self._tree.match(tokens)
        for node, _ in path:  # all before the first is restored, so that making room does not take the next
            self._tree.pin(node)
        for node, alike in path:
            if not (node.on_device or self._tree.restore(node)):
                break
            chain._nodes.append(node)
            chain._tokens += node.tokens[:alike]
        for node, _ in reversed(path[len(chain._nodes) :]):
            self._tree.unpin(node)
        self._hit_tokens += chain.length
        self._missed_tokens += len(tokens) - chain.length
        return chain

    def clear(self) -> None:
        """Forgets all that no open chain reads."""
        self._tree.clear()

    def statistics(self) -> Statistics:
        """Counts as of now."""
        return Statistics(
            block_bytes=self.block_bytes,
            device_blocks=self.device_blocks,
            device_used=self.device_blocks - len(self._device.free),
            device_pinned=self._tree.held,
            host_blocks=self.host_blocks,
            host_used=self.host_blocks - len(self._host.free),
            hit_tokens=self._hit_tokens,
            missed_tokens=self._missed_tokens,
            evicted=self._tree.evicted,
            offloaded=self._tree.offloaded,
            restored=self._tree.restored,
        )

    def validate(self) -> None:
        """Checks every invariant; raises AssertionError. For tests: it walks the whole tree."""
        for chain in self._chains:
            chain._validate()
        pins = Counter(node for chain in self._chains for node in chain._nodes)
        self._tree.validate(pins, [block for chain in self._chains for block in chain._own])


class Chain:
    """One running sequence's keys and values: shared blocks, then blocks of its own. Holds both until `close`.

    Room comes from `reserve` and lasts until the next `cut` or `publish`, which give back what is unused.
    """

    def __init__(self, store: PrefixStore) -> None:
        self._store = store
        self._tree = store._tree
        self._tokens: list[int] = []
        self._nodes: list[Node] = []
        self._own: list[int] = []  # not empty only where the last node is used to its end

    @property
    def length(self) -> int:
        """Tokens whose keys and values are complete."""
        return len(self._tokens)

    @property
    def cache(self) -> KVBlocks:
        """Where its blocks are."""
        return self._store._device

    @property
    def blocks(self) -> list[int]:
        """Its blocks in order, reserved ones last."""
        return [node.block for node in self._nodes] + self._own

    def slots(self, count: int) -> Tensor:
        """Where the next `count` tokens belong: `(count,)` int32 on the CPU, block times the tokens in one plus the
        place there. Their keys and values count after `advance`."""
        assert self.length + count <= self._room, "reserve first"
        size = self._store.block_tokens
        positions = torch.arange(self.length, self.length + count, dtype=torch.int32)
        blocks = torch.tensor(self.blocks, dtype=torch.int32)
        return blocks[positions // size] * size + positions % size

    def reserve(self, count: int) -> bool:
        """Room for `count` further tokens, for which others that nobody reads make way. False: open chains hold all.

        Room for all or for none. A shared block that is not full is copied before it is written to (copy-on-write).
        """
        store, tree, size = self._store, self._tree, self._store.block_tokens
        assert self in store._chains, "closed"
        if count and not self._own and self.length % size and not self._own_tail():
            return False
        missing = -(-(self.length + count) // size) - len(self._nodes) - len(self._own)
        if missing > store.device_blocks - tree.held:
            return False
        for _ in range(missing):
            block = tree.take()
            assert block is not None, "what is not held can be evicted"
            self._own.append(block)
        return True

    def advance(self, tokens: Sequence[int]) -> None:
        """Says that all layers have been written for `tokens`."""
        assert self.length + len(tokens) <= self._room, "reserve first"
        self._tokens += tokens

    def cut(self, length: int) -> None:
        """Forgets what is beyond `length`; others keep what they share."""
        assert 0 <= length <= self.length
        del self._tokens[length:]
        keep = -(-length // self._store.block_tokens)
        while len(self._nodes) + len(self._own) > keep:
            if self._own:
                self._tree.give(self._own.pop())
            else:
                self._tree.unpin(self._nodes.pop())

    def publish(self) -> None:
        """Lets others share what it holds. Where they published the same meanwhile it changes over to theirs."""
        self.cut(self.length)
        size = self._store.block_tokens
        for block in self._own:
            start = len(self._nodes) * size
            parent = self._nodes[-1] if self._nodes else self._tree.root
            self._nodes.append(self._tree.publish(parent, tuple(self._tokens[start : start + size]), block))
        self._own.clear()

    def close(self) -> None:
        """Publishes and lets go. May be called again; the chain is empty then."""
        self.publish()
        self.cut(0)
        self._store._chains.discard(self)

    @property
    def _room(self) -> int:
        """Tokens that fit: none beyond `length` where the last block is shared."""
        return (len(self._nodes) + len(self._own)) * self._store.block_tokens if self._own else self.length

    def _own_tail(self) -> bool:
        """Has a block of its own in place of the last shared one. False: no room."""
        store, tree, node = self._store, self._tree, self._nodes[-1]
        block = tree.take()
        if block is not None:
            store._device.copy(node.block, store._device, block)
            tree.unpin(node)
        elif node.pins == 1:  # the store is full, and nobody else reads it: better forgotten than in the way
            tree.unlink(node)
            block = node.block
        else:
            return False
        self._nodes.pop()
        self._own.append(block)
        return True

    def _validate(self) -> None:
        size = self._store.block_tokens
        above = [self._tree.root, *self._nodes]
        for index, node in enumerate(self._nodes):
            mine = tuple(self._tokens[index * size : (index + 1) * size])
            assert mine
            assert begins(node.tokens, mine)
            assert parent_of(node) is above[index]
            assert len(mine) == size or (node is self._nodes[-1] and not self._own)
        assert self.length <= (len(self._nodes) + len(self._own)) * size
