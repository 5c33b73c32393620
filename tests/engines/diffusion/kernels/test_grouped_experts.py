"""The mixture of experts: sorted, multiplied and added as one row after the other would be."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import gelu

from npc_engine.engines.diffusion.fp8 import quantise
from npc_engine.engines.diffusion.int4 import quantise_int4
from npc_engine.engines.diffusion.kernels import grouped_experts
from npc_engine.engines.diffusion.kernels.device import grouped_experts as device
from npc_engine.engines.diffusion.weights import Matrix

EXPERTS, WIDTH, SIZE = 6, 96, 32
FORMATS = {"plain": Matrix, "fp8": quantise, "int4": quantise_int4}


def one_by_one(rows: Tensor, picked: Tensor, weight: Tensor, inner: Matrix, outer: Matrix) -> Tensor:
    """The definition, row by row, in float64."""
    up, down = inner.dense(torch.float32).double(), outer.dense(torch.float32).double()
    result = torch.zeros_like(rows, dtype=torch.float64)
    for row in range(len(rows)):
        for expert, share in zip(picked[row].tolist(), weight[row].tolist(), strict=True):
            gate, value = (up[expert] @ rows[row].double()).chunk(2)
            result[row] += share * (down[expert] @ (gelu(gate, approximate="tanh") * value))
    return result


def matrices(place, name: str) -> tuple[Matrix, Matrix]:
    make = FORMATS[name]
    inner = place.normal(EXPERTS, 2 * SIZE, WIDTH, std=WIDTH**-0.5)
    return make(inner), make(place.normal(EXPERTS, WIDTH, SIZE, std=SIZE**-0.5, seed=1))


def routes(place, rows: int, kind: str) -> Tensor:
    if kind == "one for all":
        picked = torch.tensor([[4, 1]]).expand(rows, 2)
    elif kind == "some idle":
        picked = torch.arange(rows)[:, None] % 2 * 3 + torch.tensor([[0, 2]])
    else:
        generator = torch.Generator().manual_seed(2)
        picked = torch.rand(rows, EXPERTS, generator=generator).topk(2, -1)[1]
    return picked.to(place.device)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("rows", [1, 37])
@pytest.mark.parametrize("kind", ["one for all", "some idle", "mixed"])
def test_experts_are_what_they_are_row_by_row(place, name: str, rows: int, kind: str) -> None:
    inner, outer = matrices(place, name)
    inputs, picked = place.normal(rows, WIDTH, seed=3), routes(place, rows, kind)
    weight = torch.rand(rows, 2, generator=torch.Generator().manual_seed(4)).to(place.device)
    expected = one_by_one(inputs, picked, weight, inner, outer)
    assert place.close(grouped_experts.run_experts(inputs, picked, weight, inner, outer), expected)
    assert place.close(grouped_experts.reference(inputs, picked, weight, inner, outer), expected)


@pytest.mark.parametrize("name", FORMATS)
def test_a_row_comes_out_the_same_whoever_is_in_the_batch(place, name: str) -> None:
    inner, outer = matrices(place, name)
    inputs, others = place.normal(24, WIDTH), place.normal(24, WIDTH, seed=5)
    picked, other_picked = routes(place, 24, "mixed"), routes(place, 24, "one for all").contiguous()
    weight = torch.rand(24, 2, generator=torch.Generator().manual_seed(6)).to(place.device)
    others[9], other_picked[9] = inputs[9], picked[9]
    first = grouped_experts.run_experts(inputs, picked, weight, inner, outer)
    assert torch.equal(first, grouped_experts.run_experts(inputs, picked, weight, inner, outer))
    assert torch.equal(first[9], grouped_experts.run_experts(others, other_picked, weight, inner, outer)[9])


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.lists(st.integers(0, 4), min_size=2, max_size=2), min_size=1, max_size=40),
    st.sampled_from([2, 4]),
)
def test_every_request_is_in_a_tile_of_its_expert_once(picked: list[list[int]], tile: int) -> None:
    asked = torch.tensor(picked)
    before, device.SCAN = device.SCAN, 16  # so that requests do not fit one look
    try:
        groups = device.group(asked, 5, tile)
    finally:
        device.SCAN = before
    used = int(groups.used)
    assert used <= len(groups.expert)
    tiles = groups.order.view(-1, tile)[:used]
    flat, placed = asked.flatten(), []
    for expert, requests in zip(groups.expert.tolist(), tiles.tolist(), strict=False):
        real = [request for request in requests if request < len(flat)]
        assert real, "a tile of nothing is work for nothing"
        assert all(flat[request] == expert for request in real)
        placed += real
    assert sorted(placed) == list(range(len(flat)))
    assert [int(flat[request]) for request in placed] == sorted(flat.tolist())


@pytest.mark.parametrize(("rows", "tile"), [(1, 16), (64, 16), (256, 32), (512, 64), (1_024, 128), (4_096, 128)])
def test_tiles_hold_what_an_expert_of_the_model_gets(rows: int, tile: int) -> None:
    assert device.tile_rows(rows * 8, 128) == tile
