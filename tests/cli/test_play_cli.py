"""`npc-engine play`: what is refused before a window opens, and which daemon is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from demo_game import connection, play
from demo_game.connection import Wanted
from npc_engine.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "nope"], "engine_unknown"),
        (["--size", "huge"], "write it like 1280x720"),
        (["--size", "10x10"], "too small"),
        (["--address", "nowhere"], "error: "),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(arguments: list[str], told: str) -> None:
    ended = CliRunner().invoke(app, ["play", *arguments])
    assert ended.exit_code in (1, 2)
    assert told in ended.output
    assert "Traceback" not in ended.output


def test_a_daemon_that_runs_is_used_and_else_one_is_launched(monkeypatch: pytest.MonkeyPatch) -> None:
    launched: list[Wanted] = []
    opened: list[tuple[object, ...]] = []
    monkeypatch.setattr(connection, "find", lambda wanted: None if wanted.engine else "the one that runs")
    monkeypatch.setattr(connection, "launch", lambda wanted: launched.append(wanted) or "one of our own")
    monkeypatch.setattr(play, "play", lambda *given: opened.append(given))
    assert CliRunner().invoke(app, ["play"]).exit_code == 0
    assert opened == [("the one that runs", (1280, 720), None, None)]
    own = ["play", "--engine", "scripted", "--option", "step_ms=1", "--save", "a.save", "--budget-ms", "900"]
    assert CliRunner().invoke(app, own).exit_code == 0
    assert launched == [Wanted("scripted", arguments=("--option", "step_ms=1"))]
    assert opened[1] == ("one of our own", (1280, 720), 900, Path("a.save"))
