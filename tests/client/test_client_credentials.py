from __future__ import annotations

from pathlib import Path

import pytest

from npc_engine.client.credentials import read_token, token_file


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    folder = tmp_path / "run"
    folder.mkdir()
    return folder


def test_the_token_of_a_port_lies_in_the_engines_folder(run_folder: Path) -> None:
    assert token_file(5770) == run_folder / "token-5770"
    token_file(5770).write_text("abc123\n")
    assert read_token(5770) == "abc123"
    assert read_token(run_folder / "token-5770") == "abc123"


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\0b", b"x" * 129, b"two\nlines"])
def test_what_is_no_token_reads_as_none(run_folder: Path, content: bytes) -> None:
    token_file(5770).write_bytes(content)
    assert read_token(5770) == ""


def test_a_missing_file_reads_as_none(run_folder: Path) -> None:
    assert read_token(5770) == ""
    assert read_token(run_folder) == ""
