"""The mixture of experts: each row goes through those that its router picked, and what they make is added up.

From 64 rows on nearly all experts are asked for, so all their weights are read whatever is done: that is the floor. Who
else is in the batch changes nothing in a row: what its experts make is added in the order in which they were picked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.kernels import dispatch

if TYPE_CHECKING:
    from npc_engine.engines.diffusion.weights import Matrix


def run_experts(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
    """`rows` `(N, H)` through their experts: `(N, H)`.

    `picked` `(N, k)` int64 names the experts, `weight` `(N, k)` says what each counts. `inner` `(E, 2I, H)`, gate above
    up, and `outer` `(E, H, I)` are plain, FP8 or int4. Nothing waits for the card where Triton runs.
    """
    if dispatch.runs_triton(rows, inner.data, outer.data):
        from npc_engine.engines.diffusion.kernels.device import grouped_experts as device

        return device.run_experts(rows, picked, weight, inner, outer)
    return reference(rows, picked, weight, inner, outer)


def reference(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
    """The same in torch, one expert after the other."""
    asked = picked.flatten()
    made = rows.new_empty(len(asked), rows.shape[-1])
    together = asked.argsort(stable=True)  # all that ask for one expert side by side; the card is waited for once
    counts = torch.bincount(asked, minlength=inner.data.shape[0]).tolist()
    for expert, places in enumerate(torch.split(together, counts)):
        if not len(places):
            continue
        gate, up = inner.part(expert)(rows[places // picked.shape[-1]]).chunk(2, dim=-1)
        answer = outer.part(expert)(functional.gelu(gate, approximate="tanh") * up)
        made[places] = (answer * weight.flatten()[places, None]).to(rows.dtype)
    return made.view(*picked.shape, -1).sum(1, dtype=dispatch.accurate(rows.dtype)).to(rows.dtype)
