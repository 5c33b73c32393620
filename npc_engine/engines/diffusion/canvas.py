"""A canvas: the tokens of a reply while they form out of noise, as the CPU knows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from npc_engine.engines.diffusion.noise import Keys, Use, tokens

#: Marks a position that is free, and a token that the device is left to know.
FREE = -1


class Canvas:
    """`width` positions. `draft` `(C,)` is the model's best guess so far, and what a reply is made of; `entropy` `(C,)`
    in nats says how sure it was, `settled` `(C,)` where the guess stayed the same. They are on the CPU, as of the last
    step that was read (`read` of them). What the next step starts from stays on the device, in a `CanvasState`.

    `step` counts the steps that were begun, of which there may be one more than were read. `finished`: the last one
    planned was begun; nothing can follow it.

    Clamped positions hold their token in every draft. The model has no notion of time and was trained on canvases that
    are noisy in some places and clean in others, so a clean token simply is context to it.
    """

    def __init__(self, width: int, *, vocab_size: int, planned: int = 1, seed: int = 0, number: int = 0) -> None:
        self.width = width
        self.step = self.read = 0
        self.planned = planned
        self.finished = False
        self.seed = (seed + 2**63) % 2**64 - 2**63  # torch's integers are signed
        self.number = number
        positions = torch.arange(width)
        seeds, numbers, steps = (torch.full_like(positions, value) for value in (self.seed, number, 0))
        self.start = tokens(Keys(seeds, numbers, steps, positions), vocab_size, Use.START)
        self.draft = self.start.clone()
        self.entropy = torch.full((width,), torch.inf)
        self.settled = torch.zeros(width, dtype=torch.bool)
        self._held = torch.full((width,), FREE)
        self._since = torch.zeros(width, dtype=torch.int64)  # the first step that sees what is held

    def clamp(self, start: int, ids: Sequence[int]) -> None:
        """Fix `ids` from position `start` on, for good."""
        self._fix(start, ids, self.step)

    def clamp_next(self, start: int, ids: Sequence[int]) -> None:
        """The same after a step was read: drafts hold to it at once, but the model sees it from the step after the next
        on. The next one may have begun already, and whether it has must not change the line."""
        self._fix(start, ids, self.read + 1)

    def clamp_all_but(self, ids: Sequence[int], open_positions: Iterable[int]) -> None:
        """Fix `ids` from the beginning, except at `open_positions`, which are in order."""
        start = 0
        for position in (*open_positions, len(ids)):
            self.clamp(start, ids[start:position])
            start = position + 1

    @property
    def free(self) -> Tensor:
        """`(C,)`: where nothing is clamped."""
        return self._held == FREE

    @property
    def is_last(self) -> bool:
        """Whether the next step is the last one planned."""
        return self.step + 1 >= self.planned

    def given(self) -> tuple[Tensor, Tensor]:
        """For the next step: the tokens `(C,)` it is told, `FREE` where they are on the device; and where they are
        clamped `(C,)`."""
        held = ~self.free & (self._since <= self.step)
        rest = self.start if self.step == 0 else torch.full_like(self.start, FREE)
        return torch.where(held, self._held, rest), held

    def begun(self) -> None:
        """Its next step has been begun."""
        self.finished = self.is_last
        self.step += 1

    def take(self, best: Tensor, entropy: Tensor, settled: Tensor) -> None:
        """A step has been read, all `(C,)`: the likeliest token, and whether it is the one of the step before."""
        free = self.free
        self.draft = torch.where(free, best, self._held)
        self.entropy = entropy.masked_fill(~free, 0.0)
        self.settled = settled | ~free if self.read else torch.zeros_like(settled)
        self.read += 1

    def _fix(self, start: int, ids: Sequence[int], since: int) -> None:
        place = slice(start, start + len(ids))
        self._held[place] = torch.tensor(ids, dtype=torch.int64)
        self._since[place] = since
        self.draft[place] = self._held[place]
