"""Weights in four bits: how they are packed, and how far they are from what they were."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from npc_engine.engines.diffusion.int4 import GROUP, quantise_int4
from npc_engine.engines.diffusion.kernels.packing import pack, unpack
from npc_engine.engines.diffusion.random_weights import FULL

NIBBLES = st.lists(st.integers(-8, 7), min_size=8, max_size=8)


@settings(deadline=None)
@given(st.lists(NIBBLES, min_size=1, max_size=4))
def test_what_is_packed_comes_back(numbers: list[list[int]]) -> None:
    row = torch.tensor(numbers).view(1, -1)
    assert pack(row).shape == (1, len(numbers))
    assert torch.equal(unpack(pack(row)), row.to(torch.int32))


def test_words_are_those_of_compressed_tensors() -> None:
    # -8 is stored as 0 and 7 as 15; the first of eight is in the lowest bits.
    assert pack(torch.tensor([-7, -8, -8, -8, -8, -8, -8, -8])).item() == 1
    assert pack(torch.tensor([-8, -6, -8, -8, -8, -8, -8, -8])).item() == 0x20
    assert pack(torch.tensor([-8, -8, -8, -8, -8, -8, -8, 7])).item() == -(1 << 28)


@settings(deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([torch.float32, torch.bfloat16]))
def test_a_weight_is_off_by_half_a_step_but_for_the_opposite_end(seed: int, dtype: torch.dtype) -> None:
    weights = torch.randn(2, 3, 64, generator=torch.Generator().manual_seed(seed)).to(dtype)
    matrix = quantise_int4(weights)
    assert matrix.shape == weights.shape
    assert matrix.data.dtype == torch.int32
    step = matrix.scale.abs().float().repeat_interleave(GROUP, -1)
    error = (matrix.dense(torch.float32) - weights.float()).abs()
    assert (error <= 1.01 * step).all()  # a number as far out on the other side is cut off by one step
    assert (error <= 0.505 * step).float().mean() > 0.9
    furthest = weights.float().view(2, 3, -1, GROUP).abs().amax(-1)
    kept = matrix.dense(torch.float32).view(2, 3, -1, GROUP).abs().amax(-1)
    torch.testing.assert_close(kept, furthest, rtol=5e-3, atol=0)


def test_on_random_weights_it_is_closer_than_a_range_without_minus_eight() -> None:
    weights = torch.randn(64, 1_024)
    groups = weights.view(64, -1, GROUP)
    step = groups.abs().amax(-1, keepdim=True) / 7
    plain = ((groups / step).round() * step).view_as(weights)
    error = (quantise_int4(weights).dense(torch.float32) - weights).norm()
    assert error < 0.95 * (plain - weights).norm()


def test_zeros_stay_and_a_stack_is_its_matrices() -> None:
    assert torch.equal(quantise_int4(torch.zeros(2, 32)).dense(torch.float32), torch.zeros(2, 32))
    stack = torch.randn(3, 4, 64)
    matrix = quantise_int4(stack)
    for index in range(3):
        alone = quantise_int4(stack[index])
        assert torch.equal(matrix.part(index).dense(torch.float32), alone.dense(torch.float32))


def test_the_group_divides_every_matrix_of_the_model() -> None:
    dims = {layer.head_dim * FULL.heads for layer in FULL.layers}
    assert not any(width % GROUP for width in (*dims, FULL.hidden_size, FULL.intermediate_size, FULL.expert_size))
    assert FULL.expert_size % 128


def test_int4_takes_four_and_a_half_bits() -> None:
    matrix = quantise_int4(torch.randn(8, 64, dtype=torch.bfloat16))
    assert matrix.nbytes * 8 == 8 * 64 * 4.5
