"""A radix tree over token ids whose nodes are blocks of keys and values (RadixAttention, Zheng et al. 2024).

A node has children only when its block is full; siblings may begin alike, each with a block of its own. Open chains pin
what they read. What nobody reads makes way when the device is full: the least recently used first, leaves before what
they hang on, to the host while there is room, else for good.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

from npc_engine.engines.diffusion.kv_blocks import KVBlocks


@dataclass(slots=True, eq=False)
class Node:
    """One published block and the tokens in it. It lies on the device or on the host, never on both."""

    tokens: tuple[int, ...]
    parent: Node | None
    block: int
    on_device: bool = True
    pins: int = 0  # open chains that read it; they pin all above it as well
    used_at: int = 0
    device_children: int = 0
    children: dict[tuple[int, ...], Node] = field(default_factory=dict)


class PrefixTree:
    """What was published, and who has which block. `held` counts the blocks on the device that open chains have.

    `evicted`, `offloaded` and `restored` count blocks since it was made; `evicted` is what was forgotten for want of
    room.
    """

    def __init__(self, block_tokens: int, device: KVBlocks, host: KVBlocks) -> None:
        self.root = Node((), None, -1)
        self.held = 0
        self.evicted = self.offloaded = self.restored = 0
        self._block_tokens = block_tokens
        self._device = device
        self._host = host
        # What may go at once: unpinned, and nothing below it in the same memory. Dictionaries for their order.
        self._device_leaves: dict[Node, None] = {}
        self._host_leaves: dict[Node, None] = {}
        self._clock = 0

    def match(self, tokens: Sequence[int]) -> list[tuple[Node, int]]:
        """The nodes that hold the longest known beginning, with how many tokens of each."""
        path: list[tuple[Node, int]] = []
        node = self.root
        for start in range(0, len(tokens), self._block_tokens):
            rest = tuple(tokens[start : start + self._block_tokens])
            best = _best_child(node, rest)
            if best is None:
                break
            path.append(best)
            node, alike = best
            if alike < self._block_tokens:
                break
        return path

    def publish(self, parent: Node, tokens: tuple[int, ...], block: int) -> Node:
        """Puts a chain's block under `parent`, or gives it back where the same tokens are there: the node, pinned."""
        for child in parent.children.values():
            if child.on_device and begins(child.tokens, tokens):
                self.give(block)
                self.pin(child)
                return child
        if tokens in parent.children:  # on the host: from now on here
            node = parent.children[tokens]
            self._host.free.append(node.block)
            node.block, node.on_device = block, True
        else:
            for child in list(parent.children.values()):
                if not child.pins and begins(tokens, child.tokens):
                    self._drop(child)
            node = parent.children[tokens] = Node(tokens, parent, block)
        node.pins = 1
        parent.device_children += 1
        self._sort(node)
        self._sort(parent)
        return node

    def clear(self) -> None:
        """Forgets all that no open chain reads."""
        pending = [self.root]
        while pending:
            for child in list(pending.pop().children.values()):
                if child.pins:
                    pending.append(child)
                else:
                    self._drop(child)

    def unlink(self, node: Node) -> None:
        """Takes a node out of the tree, and drops all below it. Its block is the caller's."""
        below = list(node.children.values())
        while below:
            child = below.pop()
            below += child.children.values()
            self._free(child)
        parent = parent_of(node)
        del parent.children[node.tokens]
        parent.device_children -= node.on_device
        self._sort(parent)

    def _drop(self, node: Node) -> None:
        self.unlink(node)
        self._free(node)

    def _free(self, node: Node) -> None:
        (self._device if node.on_device else self._host).free.append(node.block)
        self._device_leaves.pop(node, None)
        self._host_leaves.pop(node, None)

    def _sort(self, node: Node) -> None:
        """Keeps the lists of leaves true after a change of `node`."""
        if node is self.root:
            return
        self._device_leaves.pop(node, None)
        self._host_leaves.pop(node, None)
        if node.pins:
            return
        if node.on_device and not node.device_children:
            self._device_leaves[node] = None
        elif not node.on_device and not node.children:
            self._host_leaves[node] = None

    def pin(self, node: Node) -> None:
        """Keeps a node from being evicted and dropped."""
        node.pins += 1
        self.held += node.on_device and node.pins == 1
        self._sort(node)

    def restore(self, node: Node) -> bool:
        """Brings a pinned node back from the host. False: no room."""
        block = self.take()
        if block is None:
            return False
        self._host.copy(node.block, self._device, block)
        self._host.free.append(node.block)
        self._move(node, block, on_device=True)
        self.restored += 1
        return True

    def unpin(self, node: Node) -> None:
        """Lets go of a node; a leaf that a longer sibling repeats is of no use any more."""
        node.pins -= 1
        if node.pins:
            return
        self.held -= node.on_device
        self._clock += 1
        node.used_at = self._clock
        siblings = parent_of(node).children.values()
        if any(sibling is not node and begins(sibling.tokens, node.tokens) for sibling in siblings):
            self._drop(node)
        else:
            self._sort(node)

    def take(self) -> int | None:
        """A block on the device for an open chain to hold. None: open chains hold all of them."""
        if not self._device.free:
            if not self._device_leaves:
                return None
            self._evict()
        self.held += 1
        return self._device.free.pop()

    def give(self, block: int) -> None:
        """Takes back what `take` gave."""
        self.held -= 1
        self._device.free.append(block)

    def _evict(self) -> None:
        """Makes one block free on the device."""
        node = min(self._device_leaves, key=_used_at)
        if not self._host.free and self._host_leaves:
            self._drop(min(self._host_leaves, key=_used_at))
            self.evicted += 1
        if self._host.free:
            place = self._host.free.pop()
            self._device.copy(node.block, self._host, place)
            self._device.free.append(node.block)
            self._move(node, place, on_device=False)
            self.offloaded += 1
        else:
            self._drop(node)
            self.evicted += 1

    def _move(self, node: Node, block: int, *, on_device: bool) -> None:
        parent = parent_of(node)
        node.block, node.on_device = block, on_device
        parent.device_children += 1 if on_device else -1
        self._sort(node)
        self._sort(parent)

    def validate(self, pins: Counter[Node], taken: Sequence[int]) -> None:
        """Checks every invariant; raises AssertionError. `pins` is what open chains read, `taken` are the blocks that
        they have for themselves. For tests: it walks the whole tree."""
        on_device, on_host = [*self._device.free, *taken], list(self._host.free)
        held, every = len(taken), self._nodes()
        for node in every:
            (on_device if node.on_device else on_host).append(node.block)
            count, parent, size = pins[node], parent_of(node), len(node.tokens)
            below = sum(child.on_device for child in node.children.values())
            held += count > 0
            assert node.pins == count, "pins are what open chains hold"
            assert node.on_device or not count, "pinned means on the device"
            assert parent is self.root or parent.pins >= count, "a pin holds all above"
            assert parent is self.root or parent.on_device >= node.on_device, "nothing on the device hangs on the host"
            assert parent.children[node.tokens] is node
            assert node.device_children == below
            assert 0 < size <= self._block_tokens
            assert size == self._block_tokens or not node.children, "only full blocks are continued"
            assert (node in self._device_leaves) == (node.on_device and not count and not below)
            assert (node in self._host_leaves) == (not node.on_device and not node.children)
            longer = [other for other in parent.children.values() if begins(other.tokens, node.tokens)]
            assert count or longer == [node], "a longer leaf repeats this one"
        assert sorted(on_device) == list(range(self._device.count)), "each block of the device in one place"
        assert sorted(on_host) == list(range(self._host.count)), "each block of the host in one place"
        assert held == self.held
        assert self._device_leaves.keys() | self._host_leaves.keys() <= set(every)
        assert pins.keys() <= set(every), "what is pinned is in the tree"

    def _nodes(self) -> list[Node]:
        found = [self.root]
        for node in found:
            found += node.children.values()
        return found[1:]


def _best_child(node: Node, tokens: tuple[int, ...]) -> tuple[Node, int] | None:
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


def begins(tokens: tuple[int, ...], beginning: tuple[int, ...]) -> bool:
    """Whether `tokens` begin with `beginning`."""
    return tokens[: len(beginning)] == beginning


def _used_at(node: Node) -> int:
    return node.used_at


def parent_of(node: Node) -> Node:
    """The node above; the root has none."""
    assert node.parent is not None, "the root is no block"
    return node.parent
