"""Kernels run in Triton's interpreter on the CPU, and with `pytest -m gpu` as they are on a graphics card. Their tests
are left out where Triton is not installed: `pip install -e ".[dev,reference]"`."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

try:
    import torch
    import triton  # noqa: F401

    from npc_engine.engines.diffusion.kernels import dispatch
except ImportError:
    collect_ignore_glob = ["test_*.py"]


@dataclass(frozen=True)
class Place:
    """Where kernels run, in which type, and how far rounding may take what they make from what it should be."""

    device: str
    dtype: torch.dtype
    tolerance: float

    def normal(self, *shape: int, std: float = 1.0, seed: int = 0) -> torch.Tensor:
        drawn = torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * std
        return drawn.to(self.device, self.dtype)

    def close(self, found: torch.Tensor, expected: torch.Tensor) -> bool:
        """By relative norm."""
        wanted = expected.double()
        return bool((found.double() - wanted).norm() <= self.tolerance * wanted.norm())


# The interpreter cannot multiply in bf16; fp16 rounds as coarsely at the same places.
@pytest.fixture(
    params=[("cpu", "float32", 2e-6), ("cpu", "float16", 2e-3)]
    + [
        pytest.param(("cuda", name, tolerance), marks=pytest.mark.gpu)
        for name, tolerance in (("float32", 1e-5), ("bfloat16", 1e-2))
    ],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Place:
    device, name, tolerance = request.param
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no graphics card")
    monkeypatch.setattr(dispatch, "runs_triton", lambda *_: True)
    return Place(device, getattr(torch, name), tolerance)
