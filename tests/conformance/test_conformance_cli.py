"""`npc-engine conformance`: the report, the table, and what is said when something is missing."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from npc_engine.cli.conformance import conformance

app = typer.Typer()
app.command()(conformance)
runner = CliRunner()
PYTHON_DRIVER = [sys.executable, "-m", "npc_engine.conformance.python_driver"]


def test_any_command_is_driven_and_reported(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = runner.invoke(app, ["--only", "big-frames", "--json", str(report), "--", *PYTHON_DRIVER])
    assert done.exit_code == 0, done.output
    assert "big-frames" in done.output
    assert "1 of 1" in done.output
    (played,) = json.loads(report.read_text(encoding="utf-8")).values()
    assert (played["scenarios"], played["passed"]) == (1, 1)
    assert played["runs"][0]["scenario"] == "big-frames"


def test_a_failure_is_told_and_is_the_exit_code(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = runner.invoke(
        app, ["--only", "big-frames", "--json", str(report), "--", sys.executable, "-c", "print('no driver')"]
    )
    assert done.exit_code == 1
    assert "was never asked" in done.output
    assert "no driver" in done.output
    (played,) = json.loads(report.read_text(encoding="utf-8")).values()
    assert (played["scenarios"], played["passed"]) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a --client"),
        (["--client", "cobol"], "no client 'cobol'"),
        (["--client", "python", "--only", "nothing-of-that-name"], "no scenario"),
    ],
)
def test_what_cannot_be_asked_for(arguments: list[str], said: str) -> None:
    done = runner.invoke(app, arguments, env={"COLUMNS": "200", "TERM": "dumb"})
    assert done.exit_code == 2
    assert said in done.output


def test_the_scenarios_are_listed_without_a_driver() -> None:
    done = runner.invoke(app, ["--list", "--only", "unicode"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    assert "unicode-reply" in done.output
    assert "Transport" in done.output
    assert "byte-by-byte" not in done.output


def test_a_command_that_is_not_there_is_an_error_in_one_line() -> None:
    done = runner.invoke(app, ["--only", "big-frames", "--", "/no/such/driver"])
    assert done.exit_code == 1
    assert "error: " in done.output
    assert "/no/such/driver" in done.output


@pytest.mark.parametrize("client", ["godot", "csharp"])
def test_without_the_repository_the_plugins_are_asked_for(client: str, tmp_path: Path) -> None:
    done = runner.invoke(app, ["--client", client, "--plugins", str(tmp_path)])
    assert done.exit_code == 1
    assert "--plugins" in done.output


@pytest.mark.parametrize(("client", "said"), [("godot", "fetch_godot.sh"), ("csharp", "apt-get install")])
def test_a_tool_that_is_missing_is_told_with_how_to_get_it(
    client: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for part in ("godot/project.godot", "unity/build.py"):
        (tmp_path / part).parent.mkdir()
        (tmp_path / part).touch()
    monkeypatch.delenv("GODOT", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    done = runner.invoke(app, ["--client", client, "--plugins", str(tmp_path)])
    assert done.exit_code == 1
    assert said in done.output


def test_a_tool_that_fails_is_told_with_what_it_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "godot").mkdir()
    (tmp_path / "godot" / "project.godot").touch()
    monkeypatch.setenv("GODOT", sys.executable)  # does not know --headless
    done = runner.invoke(app, ["--client", "godot", "--plugins", str(tmp_path)])
    assert done.exit_code == 1
    assert "--headless" in done.output
