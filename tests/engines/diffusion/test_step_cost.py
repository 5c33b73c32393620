from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.diffusion.cost import H200, Step, experts_hit, floor
from npc_engine.engines.diffusion.random_weights import FULL
from npc_engine.engines.diffusion.weight_format import WeightFormat


@pytest.mark.parametrize(
    ("width", "lines", "bf16_ms", "fp8_ms", "head_share"),
    [(64, 1, 12.0, 6.4, 0.06), (256, 1, 12.5, 6.8, 0.08), (64, 16, 16.3, 12.4, 0.24), (256, 16, 50.0, 50.0, 0.31)],
)
def test_the_real_models_floor(width: int, lines: int, bf16_ms: float, fp8_ms: float, head_share: float) -> None:
    """As counted by hand."""
    plain = floor(FULL, Step(lines, width, 600), H200)
    assert plain.step_ms == pytest.approx(bf16_ms, abs=0.05)
    assert plain.head_ms / plain.step_ms == pytest.approx(head_share, abs=0.01)
    assert floor(FULL, Step(lines, width, 600, WeightFormat.FP8), H200).step_ms == pytest.approx(fp8_ms, abs=0.05)


def test_nearly_all_experts_are_asked_from_64_rows_on() -> None:
    assert experts_hit(FULL, 1) == pytest.approx(8)
    assert 125 < experts_hit(FULL, 64) < 127


@given(st.integers(1, 32), st.sampled_from([32, 64, 256]), st.integers(0, 8_000))
def test_less_to_read_never_takes_longer(lines: int, width: int, context: int) -> None:
    times = [floor(FULL, Step(lines, width, context, kept), H200).step_ms for kept in WeightFormat]
    assert times == sorted(times, reverse=True)
    assert floor(FULL, Step(lines + 1, width, context), H200).step_ms >= times[0]
