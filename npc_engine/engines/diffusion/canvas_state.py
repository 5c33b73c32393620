"""What the device remembers of canvases from one step to the next: all of them together, each in a slot of its own."""

from __future__ import annotations

import weakref

import torch

from npc_engine.engines.diffusion.canvas import Canvas
from npc_engine.engines.diffusion.config import WIDTH_MAX, ModelConfig


class CanvasState:
    """Flat tensors over `slots` × `WIDTH_MAX` positions: `tokens` `(P,)` is what the next step sees, noise where
    nothing is accepted yet; `draft` `(P,)` the likeliest tokens; `soft` `(P, H)` the mean embedding of what was
    expected.

    A canvas keeps its slots, several if it is wider than one, until nobody holds it any more. The first slot is
    nobody's: what rows that are no canvas leave behind goes there. Where none is free their number is doubled, and the
    tensors are others then.
    """

    def __init__(self, config: ModelConfig, slots: int, *, dtype: torch.dtype, device: torch.device) -> None:
        positions = (slots + 1) * WIDTH_MAX
        self.tokens = torch.zeros(positions, dtype=torch.int64, device=device)
        self.draft = torch.zeros_like(self.tokens)
        self.soft = torch.zeros((positions, config.hidden_size), dtype=dtype, device=device)
        self._free = list(range(slots, 0, -1))
        self._places: weakref.WeakKeyDictionary[Canvas, torch.Tensor] = weakref.WeakKeyDictionary()

    @property
    def slots(self) -> int:
        """How many there are, nobody's too."""
        return len(self.tokens) // WIDTH_MAX

    def places(self, canvas: Canvas) -> torch.Tensor:
        """Where its positions are, `(C,)` int32 on the CPU."""
        found = self._places.get(canvas)
        if found is None:
            slots = [self._take() for _ in range(0, canvas.width, WIDTH_MAX)]
            first = torch.tensor(slots, dtype=torch.int32) * WIDTH_MAX
            inside = torch.arange(WIDTH_MAX, dtype=torch.int32)
            found = self._places[canvas] = (first[:, None] + inside).flatten()[: canvas.width]
            weakref.finalize(canvas, self._free.extend, slots)
        return found

    def _take(self) -> int:
        if not self._free:
            slots = self.slots
            self.tokens, self.draft, self.soft = (
                torch.cat((each, torch.zeros_like(each))) for each in (self.tokens, self.draft, self.soft)
            )
            self._free.extend(range(2 * slots - 1, slots - 1, -1))
        return self._free.pop()
