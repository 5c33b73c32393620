"""What characters have read already, kept between turns and shared where prompts begin alike.

A radix tree over token ids (RadixAttention, Zheng et al. 2024) whose nodes are blocks of keys and values. A node has
children only when its block is full; siblings may begin alike, each with a block of its own. All positions are kept,
in sliding layers too, so that a chain may be cut or joined anywhere. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import torch
from torch import Tensor

from npc_engine.engines.diffusion.config import ModelConfig
from npc_engine.engines.diffusion.kv_blocks import KVBlocks, block_bytes
from npc_engine.errors import ErrorCode, NpcError

MIB = 2**20


@dataclass(slots=True, eq=False)
class _Node:
    """One published block and the tokens in it. It lies on the device or on the host, never on both."""

    tokens: tuple[int, ...]
    parent: _Node | None
    block: int
    on_device: bool = True
    pins: int = 0  # open chains that read it; they pin all above it as well
    used_at: int = 0
    device_children: int = 0
    children: dict[tuple[int, ...], _Node] = field(default_factory=dict)


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
        block_tokens: int = 32,
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
        self._root = _Node((), None, -1)
        self._chains: set[Chain] = set()
        # What may go at once: unpinned, and nothing below it in the same memory. Dictionaries for their order.
        self._device_leaves: dict[_Node, None] = {}
        self._host_leaves: dict[_Node, None] = {}
        self._held = 0
        self._clock = 0
        self._hit_tokens = self._missed_tokens = 0
        self._evicted = self._offloaded = self._restored = 0

    def open(self, tokens: Sequence[int]) -> Chain:
        """A chain that knows the longest beginning of `tokens` that was published, to the token.

        Shared blocks are pinned, none is copied. What lies on the host is restored, or unknown if there is no room.
        """
        chain = Chain(self)
        self._chains.add(chain)
        path = self._match(tokens)
        for node, _ in path:  # all before the first is restored, so that making room does not take the next
            self._pin(node)
        for node, alike in path:
            if not (node.on_device or self._restore(node)):
                break
            chain._nodes.append(node)
            chain._tokens += node.tokens[:alike]
        for node, _ in reversed(path[len(chain._nodes) :]):
            self._unpin(node)
        self._hit_tokens += chain.length
        self._missed_tokens += len(tokens) - chain.length
        return chain

    def clear(self) -> None:
        """Forgets all that no open chain reads."""
        pending = [self._root]
        while pending:
            for child in list(pending.pop().children.values()):
                if child.pins:
                    pending.append(child)
                else:
                    self._drop(child)

    def statistics(self) -> Statistics:
        """Counts as of now."""
        return Statistics(
            block_bytes=self.block_bytes,
            device_blocks=self.device_blocks,
            device_used=self.device_blocks - len(self._device.free),
            device_pinned=self._held,
            host_blocks=self.host_blocks,
            host_used=self.host_blocks - len(self._host.free),
            hit_tokens=self._hit_tokens,
            missed_tokens=self._missed_tokens,
            evicted=self._evicted,
            offloaded=self._offloaded,
            restored=self._restored,
        )

    # ---- the tree

    def _match(self, tokens: Sequence[int]) -> list[tuple[_Node, int]]:
        """The nodes that hold the longest known beginning, with how many tokens of each."""
        path: list[tuple[_Node, int]] = []
        node = self._root
        for start in range(0, len(tokens), self.block_tokens):
            rest = tuple(tokens[start : start + self.block_tokens])
            best = _best_child(node, rest)
            if best is None:
                break
            path.append(best)
            node, alike = best
            if alike < self.block_tokens:
                break
        return path

    def _publish(self, parent: _Node, tokens: tuple[int, ...], block: int) -> _Node:
        """Puts a chain's block under `parent`, or gives it back where the same tokens are there: the node, pinned."""
        for child in parent.children.values():
            if child.on_device and _begins(child.tokens, tokens):
                self._give(block)
                self._pin(child)
                return child
        if tokens in parent.children:  # on the host: from now on here
            node = parent.children[tokens]
            self._host.free.append(node.block)
            node.block, node.on_device = block, True
        else:
            for child in list(parent.children.values()):
                if not child.pins and _begins(tokens, child.tokens):
                    self._drop(child)
            node = parent.children[tokens] = _Node(tokens, parent, block)
        node.pins = 1
        parent.device_children += 1
        self._sort(node)
        self._sort(parent)
        return node

    def _unlink(self, node: _Node) -> None:
        """Takes a node out of the tree, and drops all below it. Its block is the caller's."""
        below = list(node.children.values())
        while below:
            child = below.pop()
            below += child.children.values()
            self._free(child)
        parent = _parent(node)
        del parent.children[node.tokens]
        parent.device_children -= node.on_device
        self._sort(parent)

    def _drop(self, node: _Node) -> None:
        self._unlink(node)
        self._free(node)

    def _free(self, node: _Node) -> None:
        (self._device if node.on_device else self._host).free.append(node.block)
        self._device_leaves.pop(node, None)
        self._host_leaves.pop(node, None)

    def _sort(self, node: _Node) -> None:
        """Keeps the lists of leaves true after a change of `node`."""
        if node is self._root:
            return
        self._device_leaves.pop(node, None)
        self._host_leaves.pop(node, None)
        if node.pins:
            return
        if node.on_device and not node.device_children:
            self._device_leaves[node] = None
        elif not node.on_device and not node.children:
            self._host_leaves[node] = None

    # ---- who holds what

    def _pin(self, node: _Node) -> None:
        """Keeps a node from being evicted and dropped."""
        node.pins += 1
        self._held += node.on_device and node.pins == 1
        self._sort(node)

    def _restore(self, node: _Node) -> bool:
        """Brings a pinned node back from the host. False: no room."""
        block = self._take()
        if block is None:
            return False
        self._host.copy(node.block, self._device, block)
        self._host.free.append(node.block)
        self._move(node, block, on_device=True)
        self._restored += 1
        return True

    def _unpin(self, node: _Node) -> None:
        """Lets go of a node; a leaf that a longer sibling repeats is of no use any more."""
        node.pins -= 1
        if node.pins:
            return
        self._held -= node.on_device
        self._clock += 1
        node.used_at = self._clock
        siblings = _parent(node).children.values()
        if any(sibling is not node and _begins(sibling.tokens, node.tokens) for sibling in siblings):
            self._drop(node)
        else:
            self._sort(node)

    def _take(self) -> int | None:
        """A block on the device for an open chain to hold. None: open chains hold all of them."""
        if not self._device.free:
            if not self._device_leaves:
                return None
            self._evict()
        self._held += 1
        return self._device.free.pop()

    def _give(self, block: int) -> None:
        """Takes back what `_take` gave."""
        self._held -= 1
        self._device.free.append(block)

    def _evict(self) -> None:
        """Makes one block free on the device."""
        node = min(self._device_leaves, key=_used_at)
        if not self._host.free and self._host_leaves:
            self._drop(min(self._host_leaves, key=_used_at))
            self._evicted += 1
        if self._host.free:
            place = self._host.free.pop()
            self._device.copy(node.block, self._host, place)
            self._device.free.append(node.block)
            self._move(node, place, on_device=False)
            self._offloaded += 1
        else:
            self._drop(node)
            self._evicted += 1

    def _move(self, node: _Node, block: int, *, on_device: bool) -> None:
        parent = _parent(node)
        node.block, node.on_device = block, on_device
        parent.device_children += 1 if on_device else -1
        self._sort(node)
        self._sort(parent)

    def validate(self) -> None:
        """Checks every invariant; raises AssertionError. For tests: it walks the whole tree."""
        pins = {node: 0 for node in self._nodes()}
        on_device, on_host = list(self._device.free), list(self._host.free)
        for chain in self._chains:
            chain._validate()
            on_device += chain._own
            for node in chain._nodes:
                pins[node] += 1
        held = sum(len(chain._own) for chain in self._chains)
        for node, count in pins.items():
            (on_device if node.on_device else on_host).append(node.block)
            parent, size = _parent(node), len(node.tokens)
            below = sum(child.on_device for child in node.children.values())
            held += count > 0
            assert node.pins == count, "pins are what open chains hold"
            assert node.on_device or not count, "pinned means on the device"
            assert parent is self._root or parent.pins >= count, "a pin holds all above"
            assert parent is self._root or parent.on_device >= node.on_device, "nothing on the device hangs on the host"
            assert parent.children[node.tokens] is node
            assert node.device_children == below
            assert 0 < size <= self.block_tokens
            assert size == self.block_tokens or not node.children, "only full blocks are continued"
            assert (node in self._device_leaves) == (node.on_device and not count and not below)
            assert (node in self._host_leaves) == (not node.on_device and not node.children)
            longer = [other for other in parent.children.values() if _begins(other.tokens, node.tokens)]
            assert count or longer == [node], "a longer leaf repeats this one"
        assert sorted(on_device) == list(range(self.device_blocks)), "each block of the device in one place"
        assert sorted(on_host) == list(range(self.host_blocks)), "each block of the host in one place"
        assert held == self._held
        assert self._device_leaves.keys() | self._host_leaves.keys() <= pins.keys()

    def _nodes(self) -> list[_Node]:
        found = [self._root]
        for node in found:
            found += node.children.values()
        return found[1:]


class Chain:
    """One running sequence's keys and values: shared blocks, then blocks of its own. Holds both until `close`.

    Room comes from `reserve` and lasts until the next `cut` or `publish`, which give back what is unused.
    """

    def __init__(self, store: PrefixStore) -> None:
        self._store = store
        self._tokens: list[int] = []
        self._nodes: list[_Node] = []
        self._own: list[int] = []  # not empty only where the last node is used to its end
        self._table: Tensor | None = None
        self._places: tuple[Tensor, Tensor] | None = None

    @property
    def length(self) -> int:
        """Tokens whose keys and values are complete."""
        return len(self._tokens)

    @property
    def block_table(self) -> Tensor:
        """Its blocks in order, reserved ones last: `(blocks,)` int32 on the device."""
        if self._table is None:
            blocks = [node.block for node in self._nodes] + self._own
            self._table = torch.tensor(blocks, dtype=torch.int32, device=self._store._device.device)
        return self._table

    def reserve(self, count: int) -> bool:
        """Room for `count` further tokens, for which others that nobody reads make way. False: open chains hold all.

        Room for all or for none. A shared block that is not full is copied before it is written to (copy-on-write).
        """
        store, size = self._store, self._store.block_tokens
        assert self in store._chains, "closed"
        if count and not self._own and self.length % size and not self._own_tail():
            return False
        missing = -(-(self.length + count) // size) - len(self._nodes) - len(self._own)
        if missing > store.device_blocks - store._held:
            return False
        for _ in range(missing):
            block = store._take()
            assert block is not None, "what is not held can be evicted"
            self._own.append(block)
        self._changed()
        return True

    def write(self, layer: int, keys: Tensor, values: Tensor) -> None:
        """Puts `(T, kv_heads, head_dim)` at the positions from `length` on. They count after `advance`."""
        if self._places is None or len(self._places[0]) != len(keys):
            self._places = self._find_places(len(keys))
        self._store._device.write(layer, self._places, keys, values)

    def advance(self, tokens: Sequence[int]) -> None:
        """Says that all layers have been written for `tokens`."""
        assert self.length + len(tokens) <= self._room, "reserve first"
        self._tokens += tokens
        self._places = None

    def read(self, layer: int, start: int = 0) -> tuple[Tensor, Tensor]:
        """Keys and values from position `start` to `length`: `(length - start, kv_heads, head_dim)`, contiguous."""
        size = self._store.block_tokens
        first, end = start // size, -(-self.length // size)
        table = self.block_table[first:end]
        return self._store._device.read(layer, table, start - first * size, self.length - start)

    def cut(self, length: int) -> None:
        """Forgets what is beyond `length`; others keep what they share."""
        assert 0 <= length <= self.length
        del self._tokens[length:]
        keep = -(-length // self._store.block_tokens)
        while len(self._nodes) + len(self._own) > keep:
            if self._own:
                self._store._give(self._own.pop())
            else:
                self._store._unpin(self._nodes.pop())
        self._changed()

    def publish(self) -> None:
        """Lets others share what it holds. Where they published the same meanwhile it changes over to theirs."""
        self.cut(self.length)
        size = self._store.block_tokens
        for block in self._own:
            start = len(self._nodes) * size
            parent = self._nodes[-1] if self._nodes else self._store._root
            self._nodes.append(self._store._publish(parent, tuple(self._tokens[start : start + size]), block))
        self._own.clear()
        self._changed()

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
        store, node = self._store, self._nodes[-1]
        block = store._take()
        if block is not None:
            store._device.copy(node.block, store._device, block)
            store._unpin(node)
        elif node.pins == 1:  # the store is full, and nobody else reads it: better forgotten than in the way
            store._unlink(node)
            block = node.block
        else:
            return False
        self._nodes.pop()
        self._own.append(block)
        self._changed()
        return True

    def _find_places(self, count: int) -> tuple[Tensor, Tensor]:
        assert self.length + count <= self._room, "reserve first"
        table = self.block_table
        positions = torch.arange(self.length, self.length + count, device=table.device)
        size = self._store.block_tokens
        return table.index_select(0, positions // size).long(), positions % size

    def _changed(self) -> None:
        self._table = self._places = None

    def _validate(self) -> None:
        size = self._store.block_tokens
        above = [self._store._root, *self._nodes]
        for index, node in enumerate(self._nodes):
            mine = tuple(self._tokens[index * size : (index + 1) * size])
            assert mine
            assert _begins(node.tokens, mine)
            assert _parent(node) is above[index]
            assert len(mine) == size or (node is self._nodes[-1] and not self._own)
        assert self.length <= (len(self._nodes) + len(self._own)) * size


def _best_child(node: _Node, tokens: tuple[int, ...]) -> tuple[_Node, int] | None:
    """The child that begins like `tokens` for longest, and for how many; of equals, one on the device."""
    exact = node.children.get(tokens)
    if exact is not None:
        return exact, len(tokens)
    ranked = [(_alike(child.tokens, tokens), child.on_device, child) for child in node.children.values()]
    alike, _, child = max(ranked, key=itemgetter(0, 1), default=(0, False, node))
    return (child, alike) if alike else None


def _alike(some: tuple[int, ...], others: tuple[int, ...]) -> int:
    """How many tokens two sequences begin with alike."""
    count = 0
    for one, other in zip(some, others, strict=False):
        if one != other:
            break
        count += 1
    return count


def _begins(tokens: tuple[int, ...], beginning: tuple[int, ...]) -> bool:
    return tokens[: len(beginning)] == beginning


def _used_at(node: _Node) -> int:
    return node.used_at


def _parent(node: _Node) -> _Node:
    assert node.parent is not None, "the root is no block"
    return node.parent
