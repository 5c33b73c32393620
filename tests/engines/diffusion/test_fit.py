from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.diffusion import fit
from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.fit import Setup, check_fit, need, stored_as
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.errors import ErrorCode, NpcError

SLIDING, FULL = LayerConfig(8, 256, 1_024, 1e4, 1.0), LayerConfig(2, 512, 0, 1e6, 0.25)
#: The shape of DiffusionGemma 26B-A4B.
REAL = ModelConfig(262_144, 2_816, 2_112, 16, 128, 8, 704, ((*[SLIDING] * 5, FULL) * 5), 262_144)
SETUPS = st.builds(
    Setup,
    characters=st.integers(1, 64),
    context_tokens=st.integers(512, 16_384),
    kept=st.sampled_from(WeightFormat),
    element_bytes=st.sampled_from([2, 4]),
)


def test_the_real_model_takes_what_is_known_of_it() -> None:
    plain = need(REAL, Setup(characters=1, context_tokens=600))
    assert plain.weights == REAL.parameters * 2 == 50_500_567_040
    assert plain.cache == (600 + 256) * 225_280
    fp8, int4 = (need(REAL, Setup(1, 600, kept)) for kept in (WeightFormat.FP8, WeightFormat.INT4))
    assert 0.5 < fp8.weights / plain.weights < 0.53
    assert 0.29 < int4.weights / plain.weights < 0.31
    assert int4.cache == fp8.cache == plain.cache


def test_what_is_promised_of_cards() -> None:
    """16 characters of 600 tokens beside int4 in 22 GB, 200 beside FP8 in 80 GB; all that a step takes counted."""
    assert need(REAL, Setup(16, 600, WeightFormat.INT4)).total <= 22e9
    assert need(REAL, Setup(200, 600, WeightFormat.FP8)).total <= 80e9


@given(SETUPS, st.integers(0, 80 << 30))
def test_it_fits_or_the_advice_does(setup: Setup, free_bytes: int) -> None:
    """Whatever is advised is followed here, and then it fits."""
    needed = need(REAL, setup)
    if needed.total <= free_bytes:
        assert check_fit(REAL, setup, free_bytes, "this card") == needed
        return
    with pytest.raises(NpcError) as caught:
        check_fit(REAL, setup, free_bytes, "this card")
    assert caught.value.code is ErrorCode.ENGINE_FAILED
    advice = caught.value.message
    if "another machine" in advice:
        least = Setup(1, setup.context_tokens, WeightFormat.INT4, setup.element_bytes)
        assert need(REAL, least).total > free_bytes
        return
    parallel, weights = re.search(r"--parallel (\d+)", advice), re.search(r"weights=(\w+)", advice)
    better = Setup(
        characters=int(parallel[1]) if parallel else setup.characters,
        context_tokens=setup.context_tokens,
        kept=WeightFormat(weights[1]) if weights else setup.kept,
        element_bytes=setup.element_bytes,
    )
    assert check_fit(REAL, better, free_bytes, "this card").total <= free_bytes


def test_the_message_has_the_numbers_and_the_way_out() -> None:
    with pytest.raises(NpcError) as caught:
        check_fit(REAL, Setup(characters=16, context_tokens=2_048), 40 << 30, "this card")
    assert caught.value.message == (
        "needs 49.3 GiB for weights and a step and 7.7 GiB for 16 characters of 2,048 tokens; "
        "this card has 40.0 GiB free: use --option weights=fp8"
    )
    with pytest.raises(NpcError, match=r"--option weights=int4$"):
        check_fit(REAL, Setup(characters=16, context_tokens=2_048), 30 << 30, "this card")
    with pytest.raises(NpcError, match=r"--option weights=int4 --parallel 11$"):
        check_fit(REAL, Setup(characters=16, context_tokens=2_048), 22 << 30, "this card")
    with pytest.raises(NpcError, match=r"would still need 17\.0 GiB"):
        check_fit(REAL, Setup(characters=16, context_tokens=2_048), 16 << 30, "this card")


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        (None, WeightFormat.PLAIN),
        ({"type": "float", "num_bits": 8, "strategy": "channel"}, WeightFormat.FP8),
        ({"type": "int", "num_bits": 4, "strategy": "group", "symmetric": True, "group_size": 32}, WeightFormat.INT4),
        ({"type": "int", "num_bits": 4, "strategy": "group", "symmetric": False}, WeightFormat.PLAIN),
    ],
)
def test_how_a_checkpoint_is_stored_is_told_by_its_configuration(
    tmp_path: Path, weights: dict[str, object] | None, expected: WeightFormat
) -> None:
    settings: dict[str, object] = {}
    if weights:
        groups = {"group_0": {"weights": weights}}
        quantised = {"quant_method": "compressed-tensors", "format": "pack-quantized", "config_groups": groups}
        settings["quantization_config"] = quantised
    (tmp_path / "config.json").write_text(json.dumps(settings), encoding="utf-8")
    assert stored_as(tmp_path) is expected


def test_torch_is_imported_only_to_look_for_cards() -> None:
    """The commands that only count must not wait for it."""
    code = f"import sys, {fit.__name__}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("kept", WeightFormat)
def test_random_weights_take_what_was_counted(kept: WeightFormat) -> None:
    torch = pytest.importorskip("torch")
    from npc_engine.engines.diffusion.random_weights import TINY, random_weights
    from npc_engine.engines.diffusion.weights import Matrix

    weights = random_weights(TINY, 0, dtype=torch.bfloat16, device=torch.device("cpu"), kept=kept)
    held = 0
    for owner in (weights, *weights.layers):
        for name in owner.__dataclass_fields__:
            value = getattr(owner, name)
            if isinstance(value, Matrix | torch.Tensor):
                held += value.nbytes
    counted = need(TINY, Setup(characters=1, context_tokens=64, kept=kept)).weights
    assert counted == pytest.approx(held, rel=0.03)  # norms are left out
