from __future__ import annotations

import json
import socket
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from npc_engine.cli import machine as machines
from npc_engine.cli import room
from npc_engine.cli.main import app
from npc_engine.engines.diffusion.fit import Card
from npc_engine.models.catalogue import by_name
from npc_engine.models.home import models_dir

SMALL_CONFIG = {
    "model_type": "diffusion_gemma",
    "text_config": {
        "vocab_size": 64,
        "hidden_size": 8,
        "intermediate_size": 8,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 4,
        "num_experts": 2,
        "top_k_experts": 1,
        "moe_intermediate_size": 4,
        "layer_types": ["full_attention"],
        "sliding_window": 16,
        "rope_parameters": {"full_attention": {"rope_theta": 1e4}},
        "max_position_embeddings": 128,
    },
}


class Machine:
    """What the doctor is shown: installed packages and graphics cards, or why torch does not start."""

    def __init__(self) -> None:
        self.packages = {"xllamacpp": "1", "torch": "2.13.0", "safetensors": "1", "tokenizers": "1"}
        self.packages["huggingface_hub"] = "1"
        self.cards: list[Card] = []
        self.fault = ""

    def run(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        if self.fault:
            raise subprocess.CalledProcessError(1, command, b"", f"Traceback\n{self.fault}\n".encode())
        return subprocess.CompletedProcess(command, 0, msgspec.json.encode(self.cards), b"")


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    shown = Machine()
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(machines, "version", shown.packages.get)
    monkeypatch.setattr(machines.subprocess, "run", shown.run)
    return shown


def examine(tmp_path: Path, *arguments: str, port: int = 0) -> tuple[int, dict[str, dict[str, Any]], str]:
    """Exit code, findings by name, and what was printed."""
    report = tmp_path / "report.json"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        free = port or taken.getsockname()[1]
    result = CliRunner().invoke(app, ["doctor", "--port", str(free), "--json", str(report), *arguments])
    findings = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []
    return result.exit_code, {finding["what"]: finding for finding in findings}, result.output


def put(name: str) -> None:
    model = by_name(name)
    with (models_dir() / model.file).open("wb") as file:  # type: ignore[union-attr]
        file.truncate(model.size_bytes)


def test_a_machine_without_models_only_lacks_those(tmp_path: Path) -> None:
    code, findings, out = examine(tmp_path)
    assert code == 0
    assert findings["model asked for"]["level"] == "warn"
    assert "npc-engine models pull" in findings["model asked for"]["found"]
    assert [what for what, finding in findings.items() if finding["level"] != "ok"] == ["model asked for"]
    for what in findings:
        assert what in out


def test_another_engines_packages_are_not_missed(tmp_path: Path, machine: Machine) -> None:
    for package in ("torch", "safetensors", "tokenizers"):
        del machine.packages[package]
    code, findings, _ = examine(tmp_path)
    assert code == 0
    assert findings["diffusion engine"]["level"] == "ok"
    assert findings["graphics card"]["found"] == "unknown without torch"
    code, findings, _ = examine(tmp_path, "--engine", "diffusion", "--option", "random_weights=tiny")
    assert code == 1
    assert findings["diffusion engine"]["level"] == "fail"
    assert "lacks torch, safetensors, tokenizers" in findings["diffusion engine"]["found"]
    assert findings["diffusion engine"]["advice"] == 'pip install "npc-dialogue-engine[gpu]"'


def test_a_card_is_shown_with_what_fits_it(tmp_path: Path, machine: Machine) -> None:
    machine.cards = [Card("Some GPU", 40 << 30, 48 << 30)]
    _, findings, _ = examine(tmp_path)
    assert findings["graphics card"]["found"] == "Some GPU: 40.0 GiB free of 48.0 GiB"
    int4 = "with --option weights=int4"
    assert findings["diffusion models that fit"]["found"] == f"diffusiongemma-26b-fp8, diffusiongemma-26b {int4}"
    machine.cards = [Card("Small GPU", 23 << 30, 24 << 30)]
    found = examine(tmp_path)[1]["diffusion models that fit"]["found"]
    assert found == f"diffusiongemma-26b {int4}, diffusiongemma-26b-fp8 {int4}"
    machine.cards = [Card("Old GPU", 4 << 30, 8 << 30)]
    assert "none" in examine(tmp_path)[1]["diffusion models that fit"]["found"]


def test_a_torch_that_does_not_start_is_no_surprise(tmp_path: Path, machine: Machine) -> None:
    machine.fault = "OSError: libcudart.so"
    code, findings, _ = examine(tmp_path)
    assert (code, findings["graphics card"]["level"]) == (0, "warn")
    assert "libcudart" in findings["graphics card"]["found"]
    assert examine(tmp_path, "--engine", "diffusion")[1]["graphics card"]["level"] == "fail"


def test_a_checkpoint_is_measured_against_the_card(tmp_path: Path, machine: Machine) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(SMALL_CONFIG), encoding="utf-8")
    machine.cards = [Card("Some GPU", 1 << 30, 1 << 30)]
    asked = ("--engine", "diffusion", "--model", str(folder))
    code, findings, _ = examine(tmp_path, *asked)
    assert (code, findings["model asked for"]["level"]) == (0, "ok")
    machine.cards = [Card("Full GPU", 1 << 10, 1 << 30)]
    code, findings, _ = examine(tmp_path, *asked)
    assert code == 1
    assert "this card has 0.0 GiB free" in findings["model asked for"]["found"]
    code, findings, _ = examine(tmp_path, *asked, "--option", "device=cpu")
    assert (code, "this machine" in findings["model asked for"]["found"]) == (0, True)


def test_a_model_of_the_wrong_kind_fails(tmp_path: Path) -> None:
    code, findings, _ = examine(tmp_path, "--engine", "diffusion", "--model", "qwen3-4b")
    assert code == 1
    assert "--engine llama" in findings["model asked for"]["found"]


def test_a_named_model_that_is_not_here_says_how_to_fetch_it(tmp_path: Path) -> None:
    code, findings, _ = examine(tmp_path, "--model", "smollm2-135m")
    assert (code, findings["model asked for"]["advice"]) == (0, "npc-engine models pull smollm2-135m")


def test_a_checkpoint_that_is_not_here_is_measured_too(tmp_path: Path, machine: Machine) -> None:
    asked = ("--engine", "diffusion", "--model", "diffusiongemma-26b")
    machine.cards = [Card("Some GPU", 70 << 30, 80 << 30)]
    code, findings, _ = examine(tmp_path, *asked)
    assert (code, findings["model asked for"]["advice"]) == (0, "npc-engine models pull diffusiongemma-26b")
    assert "needs about 51.2 GiB of 70.0 GiB free on this card" in findings["model asked for"]["found"]
    machine.cards = [Card("Smaller GPU", 40 << 30, 48 << 30)]
    code, findings, _ = examine(tmp_path, *asked)
    assert (code, findings["model asked for"]["level"]) == (1, "fail")
    assert "use --option weights=fp8" in findings["model asked for"]["found"]
    for fits in (("--option", "weights=fp8"), ("--model", "diffusiongemma-26b-fp8")):
        assert examine(tmp_path, *asked, *fits)[0] == 0
    asked = ("--engine", "diffusion", "--option", "random_weights=full")
    assert examine(tmp_path, *asked)[0] == 1
    machine.cards = [Card("Some GPU", 70 << 30, 80 << 30)]
    assert "51.2 GiB" in examine(tmp_path, *asked)[1]["model asked for"]["found"]


def test_a_file_that_is_not_here_is_measured_by_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room.psutil, "virtual_memory", lambda: SimpleNamespace(available=1 << 30, total=2 << 30))
    _, findings, _ = examine(tmp_path, "--model", "qwen3-4b")
    assert (
        findings["model asked for"]["found"] == "qwen3-4b, not here yet: needs 5.5 GiB of 1.0 GiB free on this machine"
    )
    assert "smaller model" in findings["model asked for"]["advice"]


def test_a_damaged_file_fails_before_it_is_loaded(tmp_path: Path) -> None:
    put("smollm2-135m")  # zeros of the right size
    code, findings, _ = examine(tmp_path, "--model", "smollm2-135m")
    assert code == 1
    assert "not a whole GGUF" in findings["model asked for"]["found"]
    assert "smollm2-135m" in findings["models here"]["found"]


def test_a_taken_port_is_a_warning(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        _, findings, _ = examine(tmp_path, port=taken.getsockname()[1])
    assert findings["port"]["level"] == "warn"
    assert "--port" in findings["port"]["advice"]


def test_a_folder_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "file"))
    code, findings, _ = examine(tmp_path)
    assert code == 1
    assert findings["engine's folder"]["level"] == "fail"
    assert "NPC_ENGINE_HOME" in findings["engine's folder"]["found"]
    assert "models here" not in findings


def test_an_unknown_engine_is_one_line() -> None:
    result = CliRunner().invoke(app, ["doctor", "--engine", "bogus"])
    assert result.exit_code == 1
    assert result.output.startswith("error: engine_unknown: ")


def test_the_table_fits_a_narrow_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    _, _, out = examine(tmp_path, "--engine", "diffusion")
    assert max(map(len, out.splitlines())) <= 80
