"""Which version of a kernel runs. Triton is optional: it comes with torch for CUDA on Linux, and nowhere else."""

from __future__ import annotations

import os
from importlib.util import find_spec

import torch
from torch import Tensor

#: What the kernels compute in; what is wider stays with torch.
DTYPES = (torch.bfloat16, torch.float16, torch.float32)
#: Cards before this compute capability (Ada) cannot convert from FP8.
FP8_CAPABILITY = (8, 9)
#: In its interpreter, which is for tests, Triton is far slower than torch.
HAS_TRITON = find_spec("triton") is not None and os.environ.get("TRITON_INTERPRET") != "1"


def runs_triton(rows: Tensor, *weights: Tensor) -> bool:
    """Whether `rows` and, where they may be quantised, `weights` are the Triton kernels' to compute, not torch's."""
    if not (HAS_TRITON and rows.is_cuda and rows.dtype in DTYPES):
        return False
    fp8 = any(each.dtype == torch.float8_e4m3fn for each in weights)
    return not fp8 or torch.cuda.get_device_capability(rows.device) >= FP8_CAPABILITY


def accurate(dtype: torch.dtype) -> torch.dtype:
    """What sums are kept in: float32 at least."""
    return torch.promote_types(dtype, torch.float32)
