"""Which slot of a runtime holds whose prompt. Every character keeps a slot of its own for as long as there are enough,
so that the prompt of a line is read once, not at every change of speaker."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from operator import eq


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """How many leading token ids the two share."""
    return sum(1 for _ in takewhile(bool, map(eq, left, right)))


@dataclass(slots=True)
class CacheSlot:
    """One prompt's place in the runtime's cache. `held` are the token ids that it is thought to hold."""

    index: int
    key: str = ""
    held: Sequence[int] = ()
    busy: bool = False
    used: int = 0


class CacheSlots:
    """A table of `count` slots. A slot that is busy is never handed out.

    What a slot held when it went to another key is remembered for `parked` keys, because a runtime may keep it in
    ordinary memory and bring it back. So `held` is what to hope for; the runtime's answer decides.
    """

    def __init__(self, count: int, parked: int = 0) -> None:
        self._slots = [CacheSlot(index) for index in range(count)]
        self._uses = 0
        self._parked: OrderedDict[str, Sequence[int]] = OrderedDict()
        self._park_limit = parked

    def acquire(self, key: str) -> CacheSlot | None:
        """The slot that `key` had last, else the one longest unused; None if all are busy.

        While a key's slot is busy, a second job of that key gets another slot.
        """
        free = [slot for slot in self._slots if not slot.busy]
        if not free:
            return None
        own = [slot for slot in free if slot.used and slot.key == key]
        slot = max(own, key=_last_use) if own else min(free, key=_last_use)
        if not own:
            self._park(slot)
            slot.key, slot.held = key, self._parked.pop(key, slot.held)
        self._uses += 1
        slot.busy, slot.used = True, self._uses
        return slot

    def release(self, slot: CacheSlot) -> None:
        """The job in `slot` has ended; what it holds stays."""
        slot.busy = False

    def _park(self, slot: CacheSlot) -> None:
        if slot.used and self._park_limit:
            self._parked[slot.key] = slot.held
            self._parked.move_to_end(slot.key)
            if len(self._parked) > self._park_limit:
                self._parked.popitem(last=False)


def _last_use(slot: CacheSlot) -> int:
    return slot.used
