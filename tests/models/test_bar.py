from __future__ import annotations

from pathlib import Path

import pytest

from npc_engine.models import bar
from npc_engine.models.catalogue import Checkpoint, Model, by_name
from npc_engine.models.fetch import Note, Progress


def test_bar_and_notes_go_to_stderr_and_the_path_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = by_name("smollm2-135m")

    def fetch(wanted: Model, folder: Path, *, progress: Progress, note: Note) -> Path:
        assert wanted is model
        note("hub [x]: no answer")
        progress(model.size_bytes, model.size_bytes)
        return folder / wanted.file

    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    monkeypatch.setattr(bar, "fetch", fetch)
    assert bar.fetch_with_bar(model) == tmp_path / "models" / model.file
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "licence: Apache-2.0" in captured.err
    assert "hub [x]: no answer" in captured.err
    assert "98.4/98.4 MB" in captured.err


def test_a_checkpoint_has_the_same_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint = by_name("diffusiongemma-26b")

    def fetch_checkpoint(wanted: Checkpoint, folder: Path, *, progress: Progress, note: Note) -> Path:
        progress(50_000_000_000, 52_000_000_000)  # the hub knows better than the catalogue
        note("checking ...")
        return folder / wanted.name

    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    monkeypatch.setattr(bar, "fetch_checkpoint", fetch_checkpoint)
    assert bar.fetch_with_bar(checkpoint) == tmp_path / "models" / "diffusiongemma-26b"
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "50.0/52.0 GB" in captured.err
    assert "checking ..." in captured.err
