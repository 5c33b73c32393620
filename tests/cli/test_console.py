from __future__ import annotations

import pytest
import typer

from npc_engine.cli.console import fail, reported_errors
from npc_engine.errors import ErrorCode, NpcError


def test_an_error_is_one_line_on_stderr_and_exit_code_1(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        fail(NpcError(ErrorCode.DISK_FULL, "[no] room " * 30))
    assert caught.value.exit_code == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: disk_full: [no] room")
    assert captured.err.count("\n") == 1


def test_the_block_passes_on_what_is_not_the_engines_own(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported_errors():
        raise NpcError(ErrorCode.MODEL_MISSING)
    assert capsys.readouterr().err.startswith("error: model_missing: ")
    with pytest.raises(ZeroDivisionError), reported_errors():
        raise ZeroDivisionError
