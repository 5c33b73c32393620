"""`test` plays a pack's tests through a daemon of its own; the scripted engine needs no model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from tiny_pack import VILLAGE, write_files
from typer.testing import CliRunner

from npc_engine.cli.rehearse import rehearse, summarise
from npc_engine.rehearsal.judge import Verdict
from npc_engine.rehearsal.runner import Run

app = typer.Typer()
app.command()(rehearse)

FILES = VILLAGE | {
    "npcs/anna.yaml": (
        "id: anna\nname: Anna\nsummary: Draws water.\nplace: well\nrelationships: {player: {trust: 10}}\n"
        "knowledge:\n  - {id: den, text: A smuggler sleeps in it., topics: [noise], when: flags.met, secret: true}\n"
        "actions:\n  - {name: draw, when: player.coins >= 1}\n  - {name: leave}\n"
        "examples:\n  - {player: Hi., reply: Mind the rope now., emotion: joy}\n"
        "  - {player: Who is there, reply: Only the frogs., emotion: joy}\n"
    ),
    "tests/all.yaml": (
        "tests:\n"
        "  - name: Anna hides the smuggler\n    npc: anna\n    set: {player.coins: 0}\n    say: What is that noise?\n"
        "    expect: {locked: [den], may: [leave], may_not: [draw], never_mentions: [smuggler]}\n"
        "  - name: Anna trusts a friend\n    npc: anna\n    set: {flags.met: true, time: '21:00'}\n"
        "    events: [{text: A bell rings., place: well}]\n    say: [Evening., 'What is that noise?']\n"
        "    expect: {knows: [den], mentions: [smuggler]}\n"
        "  - name: Anna gives it away\n    npc: anna\n    say: What is that noise?\n    expect: {knows: [den]}\n"
    ),
}


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "home"))
    return write_files(tmp_path / "tiny", FILES)


def run(pack: Path, *arguments: str) -> tuple[int, str, str, dict[str, Any]]:
    report = pack.parent / "report.json"
    result = CliRunner().invoke(app, [str(pack), "--json", str(report), *arguments])
    data = json.loads(report.read_text(encoding="utf-8")) if report.exists() else {}
    return result.exit_code, result.stdout, result.stderr, data


def test_played_through_a_real_daemon(pack: Path) -> None:
    code, out, err, report = run(pack, "--engine", "scripted", "--seeds", "2")
    assert code == 1, err
    assert (report["tests"], report["passed"], report["judged"] > 0, report["unjudged"]) == (3, 2, True, 4)
    assert report["rate"] == pytest.approx(4 / 6)
    assert len(report["runs"]) == 6
    assert "failed Anna gives it away (seed 1)" in out
    assert "knows: `den` is locked" in out
    assert "2 of 3 tests passed, 67% of 6 runs" in out


def test_a_lower_rate_may_be_enough_and_tests_can_be_chosen(pack: Path) -> None:
    code, _, _, report = run(pack, "--engine", "scripted", "--filter", "ANNA g", "--min-rate", "0", "--npc", "anna")
    assert code == 0
    assert [entry["test"] for entry in report["runs"]] == ["Anna gives it away"]


def test_without_tests_there_is_nothing_to_pass(pack: Path) -> None:
    code, _, err, _ = run(pack, "--engine", "scripted", "--npc", "nobody")
    assert code == 1
    assert "no dialogue tests to play" in err


def test_a_slip_in_a_test_is_told_before_anything_starts(pack: Path) -> None:
    (pack / "tests" / "all.yaml").write_text("tests: [{name: a, npc: ana, say: Hi.}]", encoding="utf-8")
    code, _, err, _ = run(pack, "--engine", "scripted")
    assert code == 1
    assert "all.yaml:1:24: unknown character `ana`; did you mean `anna`?" in err


def test_a_test_passes_by_the_share_of_its_runs() -> None:
    passes = {"a": [True, True, False, True], "b": [True] * 4}
    runs = [
        Run(test, "anna", seed, verdict=Verdict([] if passed else ["wrong"], judged=2, unjudged=1))
        for test, outcomes in passes.items()
        for seed, passed in enumerate(outcomes, 1)
    ]
    assert summarise(runs, 1.0)["passed"] == 1
    report = summarise(runs, 0.75)
    assert (report["tests"], report["passed"], report["rate"]) == (2, 2, 0.875)
    assert (report["judged"], report["unjudged"]) == (16, 8)
