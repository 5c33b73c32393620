"""How a reply stands on its canvas: what is given and what was chosen comes first, clamped; the line follows, free.

    [lead][label][lead][label][lead] line ............ end, and whatever

The tail stays free to the end of the canvas: a closing quote pinned somewhere would fix the length of the line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import zip_longest

from npc_engine.engines.token_tree import Walk
from npc_engine.jobs import ChoiceSlot, Slot, TextSlot

#: Text to token ids; control tokens are recognised if the second argument says so.
Encode = Callable[[str, bool], list[int]]


class Skeleton:
    """The slots of one reply up to its line, and what has been chosen for them so far. A choice behind the line is not
    asked: nobody knows where on the canvas it would stand."""

    def __init__(self, slots: Sequence[Slot], chosen: dict[str, str], encode: Encode) -> None:
        self.choices = dict(chosen)
        self.text_slot = next((slot for slot in slots if isinstance(slot, TextSlot)), None)
        self._slots = slots = slots[: slots.index(self.text_slot) + 1] if self.text_slot else slots
        self._encode = encode
        self._walks: dict[str, Walk] = {}
        for slot, following in zip_longest(slots, slots[1:]):
            if isinstance(slot, ChoiceSlot) and slot.name not in chosen:
                end = (*encode(following.lead if following else "", True), *encode("\n", False))[0]
                self._walks[slot.name] = Walk({option: encode(option, False) for option in slot.options}, end)
        self._settle()

    @property
    def complete(self) -> bool:
        """Whether every choice has been made."""
        return not self._walks

    def laid_out(self) -> tuple[list[int], dict[int, list[int]]]:
        """The tokens known before the line, and the positions among them that are still asked for, each with what is
        allowed there. Open choices are asked at once, up to one whose options may be longer than a token: what follows
        it stands nobody knows where, and put right behind it would speak for the short ones."""
        tokens: list[int] = []
        asked: dict[int, list[int]] = {}
        for slot in self._slots:
            tokens += self._encode(slot.lead, True)
            if isinstance(slot, TextSlot):
                break
            if walk := self._walks.get(slot.name):
                tokens += walk.walked
                asked[len(tokens)] = walk.allowed
                tokens.append(0)  # whatever stands there is overwritten by noise
                if not walk.last_question:
                    break
            else:
                tokens += self._encode(self.choices[slot.name], False)
        return tokens, asked

    def take(self, picked: Sequence[int]) -> None:
        """The tokens picked at the positions asked for, in their order."""
        for walk, token in zip(list(self._walks.values())[: len(picked)], picked, strict=True):
            walk.take(token)
        self._settle()

    def _settle(self) -> None:
        for name, walk in list(self._walks.items()):
            if walk.chosen is not None:
                self.choices[name] = walk.chosen
                del self._walks[name]
        names = [slot.name for slot in self._slots if isinstance(slot, ChoiceSlot)]
        self.choices = {name: self.choices[name] for name in names if name in self.choices}
