"""Which version of a kernel runs. Triton is optional: it comes with torch for CUDA on Linux, and nowhere else."""

from __future__ import annotations

from importlib.util import find_spec

import torch
from torch import Tensor

#: What the kernels compute in; what is wider stays with torch.
DTYPES = (torch.bfloat16, torch.float16, torch.float32)
HAS_TRITON = find_spec("triton") is not None


def runs_triton(rows: Tensor) -> bool:
    """Whether `rows` are the Triton kernels' to compute, not torch's."""
    return HAS_TRITON and rows.is_cuda and rows.dtype in DTYPES


def accurate(dtype: torch.dtype) -> torch.dtype:
    """What sums are kept in: float32 at least."""
    return torch.promote_types(dtype, torch.float32)
