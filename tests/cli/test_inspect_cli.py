"""`inspect` shows the prompt, where it comes from and what is locked, without a model or a daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from tiny_pack import VILLAGE, write_files
from typer.testing import CliRunner

from npc_engine.cli.inspect import inspect

app = typer.Typer()
app.command()(inspect)

FILES = VILLAGE | {
    "npcs/anna.yaml": (
        "id: anna\nname: Anna\nsummary: Draws water.\nplace: well\nrelationships: {player: {trust: 10}}\n"
        "knowledge:\n  - {id: den, text: A smuggler sleeps in it., topics: [noise],\n"
        "     when: flags.met and relation.player.trust >= 40, secret: true}\n"
        "actions:\n  - {name: draw, when: player.coins >= 1}\n  - {name: leave, when: flags.met}\n"
    ),
}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "200")
    return write_files(tmp_path / "tiny", FILES)


def run(pack: Path, *arguments: str) -> tuple[str, dict[str, Any]]:
    report = pack.parent / "report.json"
    result = CliRunner().invoke(app, ["anna", "--pack", str(pack), "--json", str(report), *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout, json.loads(report.read_text(encoding="utf-8"))


def refused(pack: Path, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--pack", str(pack)])
    assert result.exit_code == 1
    return result.stderr


def test_a_locked_fact_is_named_with_what_it_lacks_and_not_told(pack: Path) -> None:
    out, found = run(pack, "--set", "flags.met=true", "--say", "What is that noise?")
    assert found["locked"] == [
        {
            "id": "den",
            "when": "flags.met and relation.player.trust >= 40",
            "fails": ["relation.player.trust >= 40"],
        }
    ]
    assert "smuggler" not in found["prompt"]
    assert "den: flags.met and relation.player.trust >= 40  fails: relation.player.trust >= 40" in out
    assert found["actions"] == ["draw", "leave"]


def test_an_open_fact_stands_in_the_prompt(pack: Path) -> None:
    values = ["--set", "flags.met=true", "--set", "npcs.anna.relation.player.trust=40", "--set", "player.coins=0"]
    out, found = run(pack, *values, "--say", "What is that noise?")
    assert (found["knows"], found["locked"], found["actions"]) == (["den"], [], ["leave"])
    assert "A smuggler sleeps in it." in found["prompt"]
    assert "knows    den" in out
    assert "locked   nothing" in out


def test_segments_are_the_prompt_and_name_their_origin(pack: Path) -> None:
    out, found = run(pack, "--event", "A bell rings.", "--say", "Evening, Anna.")
    assert "".join(segment["text"] for segment in found["segments"]) == found["prompt"]
    by_text = {segment["text"]: segment for segment in found["segments"]}
    assert by_text["A bell rings."] == {"text": "A bell rings.", "origin": "journal", "stable": True, "trusted": False}
    assert by_text["Evening, Anna."] == {
        "text": "Evening, Anna.",
        "origin": "player",
        "stable": False,
        "trusted": False,
    }
    assert "journal cached data  A bell rings." in out
    assert "player new data  Evening, Anna." in out


def test_the_chat_format_can_be_chosen(pack: Path) -> None:
    assert "<|im_start|>" in run(pack)[1]["prompt"]
    assert "<start_of_turn>" in run(pack, "--chat-format", "gemma")[1]["prompt"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["ana"], "error: unknown_npc: no character `ana`; did you mean `anna`?"),
        (["ana", "--event", "x"], "error: unknown_npc: no character `ana`; did you mean `anna`?"),
        (["anna", "--set", "flags.mett=true"], "error: unknown_name: no value `flags.mett`; did you mean `flags.met`?"),
        (["anna", "--set", "flags.met=3"], "error: bad_value: `flags.met` is '3'; expected true or false"),
        (["anna", "--set", "flags.met"], "error: bad_value: --set flags.met: write it as name=value"),
        (["anna", "--chat-format", "x"], "error: bad_value: no chat format `x`; known: chatml, gemma, gemma4, plain"),
    ],
)
def test_what_it_does_not_know(pack: Path, arguments: list[str], expected: str) -> None:
    assert refused(pack, *arguments).startswith(expected)
