from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from npc_engine.cli import models
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.catalogue import Checkpoint, Entry, Model, by_name, catalogue, checkpoints
from npc_engine.models.home import models_dir

SMALL = by_name("smollm2-135m")
assert isinstance(SMALL, Model)


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "250")


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(models.app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def put(model: Model) -> Path:
    path = models_dir() / model.file
    with path.open("wb") as file:
        file.truncate(model.size_bytes)
    return path


def row(listing: str, name: str) -> tuple[list[str], str]:
    """The cells of a model's line, and the line below it."""
    lines = listing.splitlines()
    (index,) = [index for index, line in enumerate(lines) if line.startswith(f"{name} ")]
    return re.split(r"\s{2,}", lines[index].strip()), lines[index + 1].strip()


def test_list_shows_every_model_and_which_are_here() -> None:
    put(SMALL)
    code, out, _ = run("list")
    assert code == 0
    for model in (*catalogue(), *checkpoints()):
        cells, below = row(out, model.name)
        assert cells[4:] == ["yes" if model is SMALL else "no", model.licence]
        assert below == (f"{model.repo}. {model.quality}" if isinstance(model, Checkpoint) else model.quality)
    assert row(out, SMALL.name)[0][1:4] == ["98 MB", "0.2 GiB", "llama"]
    assert row(out, "diffusiongemma-26b")[0][1:4] == ["~52 GB", "51.3 GiB", "diffusion"]
    assert row(out, "diffusiongemma-26b-nvfp4")[0][1:4] == ["~19 GB", "?", "none"]


def test_the_list_fits_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run("list")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80


def test_path_prints_the_path_alone() -> None:
    expected = put(SMALL)
    assert run("path", SMALL.name) == (0, f"{expected}\n", "")


def test_path_of_a_missing_or_unknown_model_is_an_error() -> None:
    code, out, err = run("path", SMALL.name)
    assert (code, out) == (1, "")
    assert err.startswith("error: model_missing: ")
    assert "npc-engine models pull smollm2-135m" in err
    code, out, err = run("path", "smollm")
    assert (code, out) == (1, "")
    assert err.startswith("error: model_unknown: ")


def test_pull_fetches_the_named_model_and_prints_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "fetch_with_bar", lambda model: Path("folder") / model.file)
    assert run("pull", SMALL.name) == (0, f"{Path('folder') / SMALL.file}\n", "")


def test_pull_without_a_name_takes_the_chosen_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "choose_model", lambda: SMALL)
    monkeypatch.setattr(models, "fetch_with_bar", lambda model: model.file)
    assert run("pull") == (0, f"{SMALL.file}\n", "")


def test_a_failed_pull_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Entry) -> Path:
        raise NpcError(ErrorCode.DOWNLOAD_FAILED, "no hub, no index")

    monkeypatch.setattr(models, "fetch_with_bar", broken)
    assert run("pull", SMALL.name) == (1, "", "error: download_failed: no hub, no index\n")


def test_a_model_that_nothing_can_run_is_not_pulled() -> None:
    code, out, err = run("pull", "diffusiongemma-26b-gguf")
    assert (code, out) == (1, "")
    assert "error: engine_failed: " in err
    assert "diffusiongemma-26b-fp8" in err


def test_an_interrupted_pull_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Entry) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "fetch_with_bar", interrupted)
    code, out, err = run("pull", SMALL.name)
    assert (code, out) == (130, "")
    assert "run the same command" in err


@pytest.mark.parametrize("command", ["list", "pull", "path"])
def test_help_has_an_example(command: str) -> None:
    code, out, _ = run(command, "--help")
    assert code == 0
    assert "Example" in out
