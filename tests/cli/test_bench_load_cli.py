"""`bench load` counts what a client sees; its numbers are read by others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from npc_engine import limits
from npc_engine.cli import load
from npc_engine.cli.main import app
from npc_engine.wire.messages import Ping

QUICK = ("--clients", "2", "--npcs", "2", "--rate", "3", "--seconds", "1", "--option", "step_ms=1")


def test_every_request_ends_once_and_the_numbers_have_their_names(tmp_path: Path) -> None:
    output = tmp_path / "load.json"
    result = CliRunner().invoke(app, ["bench", "load", "--engine", "scripted", *QUICK, "--json", str(output)])
    assert result.exit_code == 0, result.output
    numbers: dict[str, Any] = json.loads(output.read_text(encoding="utf-8"))
    assert numbers["terminal"] == numbers["requests"] > 0
    assert numbers["lost"] == numbers["duplicate"] == 0
    assert sum(numbers["sources"].values()) == numbers["requests"]
    assert numbers["sources"].keys() == {"model", "partial", "authored"}
    assert 0 <= numbers["hit_rate"] <= 1
    for name in ("first_ms", "done_ms"):
        assert numbers[name].keys() == {"p50", "p95", "p99"}
    assert numbers.keys() >= {"late", "refused", "goodput_per_s"}


def test_clients_that_wait_are_not_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []
    real = load._Client.send
    monkeypatch.setattr(limits, "HEARTBEAT_MS", 1)
    monkeypatch.setattr(load._Client, "send", lambda self, message: (sent.append(message), real(self, message)))
    result = CliRunner().invoke(app, ["bench", "load", "--engine", "scripted", *QUICK])
    assert result.exit_code == 0, result.output
    assert any(isinstance(message, Ping) for message in sent)
