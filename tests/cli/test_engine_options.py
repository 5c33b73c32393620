"""What the user typed becomes a worker's configuration, or an error before anything is fetched or started."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from test_gguf import METADATA, STRING
from test_gguf import gguf as head

from npc_engine.cli import engine_options, machine
from npc_engine.cli.adapter_options import Adapting
from npc_engine.cli.engine_options import model_for_child, worker_config
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.diffusion.fit import Card
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Entry, Model, by_name
from npc_engine.worker.link import WorkerConfig

NO_ADAPTER = Adapting()
#: Asks the machine itself.
CARDS = machine.cards


@pytest.fixture(autouse=True)
def fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """An empty home; what would be fetched is named and pretended."""
    names: list[str] = []

    def ensure(entry: Entry) -> Path:
        names.append(entry.name)
        return tmp_path / entry.name

    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(engine_options, "ensure_model", ensure)
    monkeypatch.setattr(machine, "cards", lambda: [Card("Some GPU", 70 << 30, 80 << 30)])
    return names


def config(engine: str, model: str | None = None, *options: str, adapting: Adapting = NO_ADAPTER) -> WorkerConfig:
    return worker_config(
        engine=engine,
        model=model,
        threads=3,
        parallel=5,
        context_tokens=1_024,
        options=list(options),
        log_level="WARNING",
        adapting=adapting,
    )


def test_the_share_of_the_card_reaches_the_worker() -> None:
    settings = {"model": None, "threads": 0, "parallel": 1, "context_tokens": 512, "options": [], "log_level": "INFO"}
    assert worker_config(engine="scripted", gpu_share=0.25, **settings).spec.gpu_share == 0.25
    assert config("scripted").spec.gpu_share == 1.0


def spec(engine: str, model: str | None = None, *options: str) -> ModelSpec:
    return config(engine, model, *options).spec


def refusal(engine: str, model: str | None = None, *options: str) -> NpcError:
    with pytest.raises(NpcError) as caught:
        config(engine, model, *options)
    return caught.value


def checkpoint(folder: Path, model_type: str = "diffusion_gemma") -> Path:
    """A folder with the configuration of a very small model."""
    rope = {"rope_theta": 1e4}
    text = {
        "vocab_size": 64,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 4,
        "num_experts": 2,
        "top_k_experts": 1,
        "moe_intermediate_size": 4,
        "layer_types": ["sliding_attention", "full_attention"],
        "sliding_window": 16,
        "rope_parameters": {"sliding_attention": rope, "full_attention": rope},
        "max_position_embeddings": 128,
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": model_type, "text_config": text}), encoding="utf-8")
    return folder


def gguf(path: Path) -> Path:
    path.write_bytes(b"GGUF")
    return path


ADAPTER = {
    "general.architecture": (STRING, "qwen2"),
    "general.type": (STRING, "adapter"),
    "adapter.type": (STRING, "lora"),
}
Q = "blk.0.attn_q.weight"


def test_an_adapter_goes_with_its_model(tmp_path: Path) -> None:
    model, voice = tmp_path / "mine.gguf", tmp_path / "voice.gguf"
    model.write_bytes(head(METADATA, shapes={Q: (896, 896)}))
    voice.write_bytes(head(ADAPTER, shapes={f"{Q}.lora_a": (896, 4), f"{Q}.lora_b": (4, 896)}))
    relative = Adapting(Path("voice.gguf"))
    for engine in ("llama", "openvino"):
        assert config(engine, str(model), adapting=relative).spec.adapter == voice.resolve()
        assert config(engine, str(model)).spec.adapter is None
    assert relative.arguments == ["--adapter", str(Path.cwd() / "voice.gguf")]
    for engine, adapting, what in (
        ("scripted", relative, "takes no adapter"),
        ("llama", Adapting(tmp_path / "none.gguf"), "no such adapter"),
        ("llama", Adapting(model), "not a LoRA adapter"),
        ("llama", Adapting(voice, off=True), "exclude each other"),
    ):
        with pytest.raises(NpcError, match=what):
            config(engine, str(model), adapting=adapting)


def test_a_models_own_adapter_is_used_unless_it_is_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    small = by_name("smollm2-135m")
    assert isinstance(small, Model)
    with_voice = msgspec.structs.replace(small, adapter="voice.gguf")
    monkeypatch.setattr(engine_options, "find", lambda name: with_voice)
    found = config("llama", small.name).spec.adapter
    assert found == with_voice.adapter_path
    assert found is not None
    assert found.parts[-3:] == ("models", "adapters", "voice.gguf")
    off = Adapting(off=True)
    assert config("llama", small.name, adapting=off).spec.adapter is None
    assert off.arguments == ["--no-adapter"]


def test_an_unknown_engine_is_refused_before_a_model_is_looked_for() -> None:
    error = refusal("bogus")
    assert error.code is ErrorCode.ENGINE_UNKNOWN
    assert "scripted" in error.message


def test_settings_reach_the_worker(fetched: list[str]) -> None:
    found = spec("scripted", None, "faults=on", "x=a=b")
    assert (found.name, found.path, found.threads, found.max_parallel, found.context_tokens) == (
        "scripted",
        None,
        3,
        5,
        1_024,
    )
    assert found.options == {"faults": "on", "x": "a=b"}
    assert fetched == []
    assert "name=value" in refusal("scripted", None, "faults").message


def test_a_name_of_the_catalogue_is_fetched(fetched: list[str]) -> None:
    assert (spec("llama", "smollm2-135m").chat_format, spec("llama", "smollm2-135m").chooses) == ("chatml", False)
    found = spec("diffusion", "diffusiongemma-26b")
    assert (found.name, found.chat_format) == ("diffusiongemma-26b", "gemma4")
    assert spec("diffusion", "google/diffusiongemma-26B-A4B-it") == found
    assert fetched == ["smollm2-135m"] * 2 + ["diffusiongemma-26b"] * 2


def test_what_would_not_fit_is_not_fetched(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cards", lambda: [Card("Smaller GPU", 40 << 30, 48 << 30)])
    error = refusal("diffusion", "diffusiongemma-26b")
    assert error.code is ErrorCode.MODEL_TOO_LARGE
    assert "40.0 GiB free: use --option weights=fp8" in error.message
    with pytest.raises(NpcError, match="Nothing was fetched"):
        model_for_child("diffusion", "diffusiongemma-26b", [])
    assert fetched == []
    assert spec("diffusion", "diffusiongemma-26b", "weights=fp8").name == "diffusiongemma-26b"
    assert model_for_child("diffusion", "diffusiongemma-26b-fp8", []) == "diffusiongemma-26b-fp8"
    assert fetched == ["diffusiongemma-26b", "diffusiongemma-26b-fp8"]


def test_without_torch_nothing_large_is_fetched(fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cards", CARDS)
    monkeypatch.setattr(machine, "version", lambda name: None)
    error = refusal("diffusion", "diffusiongemma-26b")
    assert error.code is ErrorCode.ENGINE_UNAVAILABLE
    assert "pip install" in error.message
    assert fetched == []


def test_a_file_or_a_folder_is_used_as_it_is(tmp_path: Path, fetched: list[str]) -> None:
    path = gguf(tmp_path / "Gemma-mine.gguf")
    found = spec("llama", str(path))
    assert (found.name, found.path, found.chat_format) == ("Gemma-mine", path.resolve(), "gemma")
    folder = checkpoint(tmp_path / "my.model")
    for typed in (str(folder), "my.model", "./my.model"):
        found = spec("diffusion", typed)
        assert (found.name, found.path, found.chat_format) == ("my.model", folder.resolve(), "gemma4")
    assert fetched == []


@pytest.mark.parametrize("size", ["tiny", "full"])
def test_random_weights_need_no_model(size: str, fetched: list[str]) -> None:
    found = spec("diffusion", None, f"random_weights={size}")
    assert (found.name, found.path, found.chat_format, found.max_parallel) == (f"random-{size}", None, "gemma4", 5)
    assert found.options == {"random_weights": size}
    assert fetched == []


def test_random_weights_of_no_known_size_are_refused() -> None:
    assert "tiny and full" in refusal("diffusion", None, "random_weights=huge").message


def test_the_diffusion_engine_fetches_nothing_unasked(fetched: list[str]) -> None:
    error = refusal("diffusion")
    assert error.code is ErrorCode.MODEL_MISSING
    assert "models pull diffusiongemma-26b" in error.message
    assert fetched == []


def test_a_model_of_the_other_engine_is_refused_with_the_right_one(tmp_path: Path, fetched: list[str]) -> None:
    folder, path = checkpoint(tmp_path / "model"), gguf(tmp_path / "model.gguf")
    for error, hint in (
        (refusal("llama", str(folder)), "--engine diffusion"),
        (refusal("diffusion", str(path)), "--engine llama"),
        (refusal("llama", "diffusiongemma-26b"), "--engine diffusion"),
        (refusal("diffusion", "qwen3-4b"), "--engine llama"),
        (refusal("diffusion", "diffusiongemma-26b-nvfp4"), "diffusiongemma-26b-fp8"),
        (refusal("llama", "diffusiongemma-26b-gguf"), "diffusiongemma-26b-fp8"),
    ):
        assert error.code is ErrorCode.ENGINE_FAILED
        assert hint in error.message
    assert fetched == []


def test_a_folder_that_is_no_checkpoint_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no config.json" in refusal("diffusion", str(tmp_path / "empty")).message
    assert "'llama'" in refusal("diffusion", str(checkpoint(tmp_path / "other", "llama"))).message


def test_a_place_where_nothing_is_or_a_name_that_nobody_knows(tmp_path: Path) -> None:
    for engine, what in (("llama", "no such file"), ("diffusion", "no such folder")):
        error = refusal(engine, str(tmp_path / "none"))
        assert error.code is ErrorCode.MODEL_MISSING
        assert what in error.message
    assert refusal("diffusion", "diffusiongema").code is ErrorCode.MODEL_UNKNOWN


def test_a_child_daemon_is_handed_what_is_here(tmp_path: Path, fetched: list[str]) -> None:
    folder = checkpoint(tmp_path / "model")
    assert model_for_child("scripted", None, ()) is None
    assert model_for_child("diffusion", None, ("random_weights=tiny",)) is None
    assert model_for_child("diffusion", "model", ()) == str(folder.resolve())
    assert model_for_child("llama", "smollm2-135m", ()) == "smollm2-135m"
    assert fetched == ["smollm2-135m"]


def test_a_file_named_like_a_known_model_is_handed_on_as_a_file(tmp_path: Path) -> None:
    path = gguf(tmp_path / "smollm2-135m.gguf")
    assert model_for_child("llama", str(path), ()) == str(path.resolve())
