"""Who holds which blocks of the attention cache.

Every character keeps what it has read until others need the room, so that a line reads only what is new. Blocks are of
a fixed size and lie anywhere, as pages do in memory (paged attention, Kwon et al. 2023), so nothing is ever copied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from npc_engine.engines.slots import common_prefix


@dataclass(slots=True, eq=False)
class Held:
    """What the cache holds for `key`: `tokens`, in `blocks` in this order; the last block may have room left."""

    key: str
    tokens: list[int] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    busy: bool = False
    used: int = 0


class PagedCache:
    """A pool of `blocks` blocks, `block_tokens` tokens each, shared by all characters.

    Whoever is not speaking may lose its blocks, the longest silent first. There must be enough for all who speak at
    once: then `extend` never fails.
    """

    def __init__(self, blocks: int, block_tokens: int) -> None:
        self.block_tokens = block_tokens
        self._free = list(range(blocks))
        self._held: dict[str, Held] = {}
        self._uses = 0

    @property
    def free_blocks(self) -> int:
        """Blocks that nobody holds."""
        return len(self._free)

    def holders(self) -> list[Held]:
        """Everybody who has read something, or is about to."""
        return list(self._held.values())

    def acquire(self, key: str) -> Held:
        """What the cache holds for `key`, its own until `release`. One at a time for each key."""
        held = self._held.setdefault(key, Held(key))
        assert not held.busy, f"{key!r} is speaking already"
        self._uses += 1
        held.busy, held.used = True, self._uses
        return held

    def release(self, held: Held) -> None:
        """The task is over; what was read stays while there is room."""
        held.busy = False
        if not held.blocks:
            del self._held[held.key]

    def rewind(self, held: Held, tokens: Sequence[int]) -> int:
        """Forget what differs from `tokens`, and always their last one, because reading it is what answers. Returns how
        many are held."""
        kept = min(common_prefix(held.tokens, tokens), len(tokens) - 1)
        del held.tokens[kept:]
        needed = self._blocks_for(kept)
        self._free += held.blocks[needed:]
        del held.blocks[needed:]
        return kept

    def forget(self, held: Held) -> None:
        """Nothing of it is sure: its blocks are free again."""
        self._free += held.blocks
        held.blocks.clear()
        held.tokens.clear()

    def extend(self, held: Held, tokens: Sequence[int]) -> None:
        """Make room for `tokens` behind what is held, and count them as held."""
        held.tokens += tokens
        for _ in range(self._blocks_for(len(held.tokens)) - len(held.blocks)):
            if not self._free:
                self._evict()
            held.blocks.append(self._free.pop())

    def _blocks_for(self, tokens: int) -> int:
        return -(-tokens // self.block_tokens)

    def _evict(self) -> None:
        silent = [held for held in self._held.values() if not held.busy and held.blocks]
        oldest = min(silent, key=lambda held: held.used)
        self._free += oldest.blocks
        del self._held[oldest.key]
