from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from npc_engine.cli.main import app

SMALL = ("--canvas", "16, 32", "--batch", "1 2", "--steps", "2", "--prompt", "12", "--repeats", "1", "--threads", "1")


@pytest.fixture(autouse=True)
def quick_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: None)


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["bench", "diffusion", "--option", "device=cpu", *arguments])


def test_tables_numbers_and_a_picture(tmp_path: Path) -> None:
    output, plot = tmp_path / "numbers.json", tmp_path / "picture.png"
    result = bench("--random-weights", "tiny", *SMALL, "--json", str(output), "--plot", str(plot))
    assert result.exit_code == 0, result.output
    for said in ("ms/step", "HF ÷ ours", "delivered", "random-tiny, fp32", "prompts of 12 tokens"):
        assert said in result.stdout
    report: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert report["asked"]["canvases"] == [16, 32]
    assert [(row["canvas"], row["batch"]) for row in report["rows"]] == [(16, 1), (16, 2), (32, 1), (32, 2)]
    assert all(row["ratio"] > 0 and row["ours"]["reply_tokens"] is None for row in report["rows"])
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_without_transformers_the_table_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    result = bench("--random-weights", "tiny", *SMALL)
    assert result.exit_code == 0, result.output
    assert 'pip install "transformers' in result.stdout


def test_without_matplotlib_nothing_is_measured_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = bench("--random-weights", "tiny", *SMALL, "--plot", "picture.png")
    assert result.exit_code == 1
    assert "--plot needs matplotlib" in result.output
    assert "ms/step" not in result.output


def test_the_full_model_is_refused_where_it_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    psutil = pytest.importorskip("psutil")

    class Memory:
        available = 16 << 30
        total = 16 << 30

    monkeypatch.setattr(psutil, "virtual_memory", Memory)
    result = bench("--random-weights", "full")
    assert result.exit_code == 1
    assert "GiB for weights" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--random-weights", "huge"), "there are tiny and full"),
        (("--random-weights", "tiny", "--canvas", "wide"), "--canvas"),
        (("--random-weights", "tiny", "--batch", "0"), "--batch"),
        (("--random-weights", "tiny", "--option", "colour=red"), "no option 'colour'"),
        (("--model", "no-such-model"), "no-such-model"),
    ],
)
def test_what_cannot_be_is_told(arguments: tuple[str, ...], said: str) -> None:
    result = bench(*arguments)
    assert result.exit_code == 1
    assert said in result.output


def test_help_has_examples() -> None:
    result = CliRunner().invoke(app, ["bench", "diffusion", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert "npc-engine bench diffusion --random-weights" in result.stdout
