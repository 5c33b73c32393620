"""Rows times FP8 and int4 matrices: the kernel says what the dequantised matrix says."""

from __future__ import annotations

import pytest
import torch

from npc_engine.engines.diffusion.fp8 import quantise
from npc_engine.engines.diffusion.int4 import quantise_int4
from npc_engine.engines.diffusion.kernels import dispatch
from npc_engine.engines.diffusion.weights import Matrix

FORMATS = {
    "fp8": quantise,
    "int4": quantise_int4,
    "int4-64": lambda weights: quantise_int4(weights, 64),
    "int4-16": lambda weights: quantise_int4(weights, 16),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("rows", "out", "into"), [(1, 40, 64), (70, 33, 192)])
def test_the_kernel_multiplies_as_the_dense_matrix_does(place, name: str, rows: int, out: int, into: int) -> None:
    matrix = FORMATS[name](place.normal(out, into, std=into**-0.5))
    inputs = place.normal(rows, into, seed=1)
    assert place.close(matrix(inputs), inputs.double() @ matrix.dense(torch.float64).T)


def test_rows_may_lie_apart(place) -> None:
    matrix = quantise(place.normal(32, 64))
    inputs = place.normal(5, 128)[:, :64]
    assert torch.equal(matrix(inputs), matrix(inputs.contiguous()))


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_is_multiplied_the_same_whoever_is_beside_it(place, name: str) -> None:
    matrix = FORMATS[name](place.normal(32, 64))
    inputs, others = place.normal(20, 64), place.normal(20, 64, seed=1)
    others[7] = inputs[7]
    assert torch.equal(matrix(inputs)[7], matrix(others)[7])


def test_outside_a_graphics_card_torch_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = torch.randn(8, 32)
    inputs = torch.randn(3, 32)
    assert not dispatch.runs_triton(inputs)
    assert torch.equal(Matrix(weights)(inputs), inputs @ weights.T)
    quantised = quantise_int4(weights)
    assert torch.equal(quantised(inputs), inputs @ quantised.dense(torch.float32).T)
