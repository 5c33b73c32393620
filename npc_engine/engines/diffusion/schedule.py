"""How a canvas is denoised: how hot each step is, which tokens are accepted, when it is done.

Acceptance is the entropy bound of Ben-Hamu et al. ("Accelerated sampling from masked diffusion models via entropy
bounded unmasking", 2025, arXiv:2505.24857): the surest tokens are taken together as long as they can be told nearly
independent of each other. The numbers are the defaults of DiffusionGemma's reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile

import torch
from torch import Tensor

#: Temperature of the first and of the last step.
T_MAX, T_MIN = 0.8, 0.4
#: Nats by which tokens accepted in one step may depend on each other.
ENTROPY_BOUND = 0.1
#: Nats of mean entropy under which the reference takes a whole canvas of `REFERENCE_WIDTH` for done. As a sum it is the
#: same for any width, and counts the reply alone: what stands behind its end is certain, and adds nothing.
CONFIDENT_MEAN, REFERENCE_WIDTH = 0.005, 256
CONFIDENT_SUM = CONFIDENT_MEAN * REFERENCE_WIDTH


@dataclass(frozen=True, slots=True)
class Schedule:
    """With `to_the_end` the stop looks at the whole canvas as the reference does, else at the reply up to its end."""

    t_max: float = T_MAX
    t_min: float = T_MIN
    entropy_bound: float = ENTROPY_BOUND
    to_the_end: bool = False

    def temperature(self, step: int, planned: int) -> float:
        """Of step `step`, counted from 0, of `planned`: a straight line by the fraction of the plan that is left, so
        that it always ends cold. In float32, as in the reference."""
        left = torch.tensor(max(planned - step, 1), dtype=torch.float32) / max(planned, 1)
        return float(self.t_min + (self.t_max - self.t_min) * left)

    def accepted(self, entropy: Tensor) -> Tensor:
        """Which positions of canvases `(B, C)` are accepted. Pad narrow canvases with infinity."""
        ordered, order = entropy.sort(dim=-1)
        taken = ordered.cumsum(-1) - ordered <= self.entropy_bound
        return torch.zeros_like(taken).scatter(-1, order, taken)

    def steady(self, entropy: Tensor, settled: Tensor) -> Tensor:
        """Which positions `(C,)` may be shown: the same as one step before, and sure enough to be accepted alone."""
        return settled & (entropy <= self.entropy_bound)

    def standing(self, entropy: Tensor, settled: Tensor) -> int:
        """How many of the first positions may be shown."""
        return sum(1 for _ in takewhile(bool, self.steady(entropy, settled).tolist()))

    def is_done(self, entropy: Tensor, settled: Tensor, live: int) -> bool:
        """Whether a canvas is finished: nothing of it moves any more and the model is sure. `entropy` and `settled`
        `(C,)`; the reply takes the first `live` positions."""
        if self.to_the_end:
            return bool(settled.all()) and float(entropy.mean()) < CONFIDENT_MEAN
        return bool(settled[:live].all()) and float(entropy[:live].sum()) < CONFIDENT_SUM
