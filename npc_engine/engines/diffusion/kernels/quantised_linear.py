"""Rows times a matrix that is kept in eight or four bits."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from npc_engine.engines.diffusion.kernels import dispatch
from npc_engine.engines.diffusion.kernels.packing import dequantise


def quantised_linear(rows: Tensor, data: Tensor, scale: Tensor) -> Tensor:
    """`rows` `(N, in)` times weights `(out, in)`, FP8 or int4 as `dequantise` takes them: `(N, out)`."""
    if dispatch.runs_triton(rows, data):
        from npc_engine.engines.diffusion.kernels.device import quantised_linear as device

        return device.quantised_linear(rows, data, scale)
    return reference(rows, data, scale)


def reference(rows: Tensor, data: Tensor, scale: Tensor) -> Tensor:
    """The same in torch: the whole matrix as ordinary numbers first."""
    return functional.linear(rows, dequantise(data, scale, rows.dtype))
