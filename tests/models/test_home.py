from __future__ import annotations

import sys
from pathlib import Path

import pytest

from npc_engine.errors import ErrorCode, NpcError
from npc_engine.models.home import home, models_dir, runtime_dir


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "elsewhere"))
    assert home() == tmp_path / "elsewhere"
    assert not home().exists()


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_the_users_home_holds_the_folder(
    value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if value is None:
        monkeypatch.delenv("NPC_ENGINE_HOME", raising=False)
    else:
        monkeypatch.setenv("NPC_ENGINE_HOME", value)
    assert home() == tmp_path / ".npc_engine"


def test_a_relative_folder_does_not_move_with_the_working_directory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NPC_ENGINE_HOME", "here")
    assert home() == tmp_path / "here"


def test_folders_are_made_on_demand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "a" / "b"))
    assert models_dir().is_dir()
    assert runtime_dir().is_dir()
    assert models_dir().parent == runtime_dir().parent == home()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no permission bits")
def test_the_runtime_folder_is_closed_to_others_even_if_it_was_open(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    runtime_dir().chmod(0o755)
    assert runtime_dir().stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "file"))
    with pytest.raises(NpcError, match="NPC_ENGINE_HOME") as caught:
        models_dir()
    assert caught.value.code is ErrorCode.INTERNAL
