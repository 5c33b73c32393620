"""`check` prints findings as links, counts them, and tells scripts by its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from tiny_pack import write_files
from typer.testing import CliRunner

from npc_engine.cli.check import check

app = typer.Typer()
app.command()(check)

LINES = (
    "authored:\n  late: [Wait., Soon.]\n  busy: [Not now., Later.]\n  confused: [What., Hm.]\n  refuse: [No., Never.]\n"
    "  cut_off: [Well., So.]\n  offline: [Later., Soon.]\n"
)
FILES = {
    "pack.yaml": "id: tiny\nname: Tiny\nsummary: A well.\n",
    "world.yaml": "flags: {met: false}\n",
    "places/well.yaml": "id: well\nname: the well\nsummary: Deep.\nauthored: [Deep., Dark.]\n",
    "npcs/ben.yaml": "id: ben\nname: Ben\nsummary: Carries water.\n" + LINES,
}
WARNED = FILES["npcs/ben.yaml"] + "knowledge: [{id: deep, text: It is deep.}]\n"
BROKEN = FILES["npcs/ben.yaml"] + "knowledge: [{id: deep, text: It is deep., topics: [well], secret: true}]\n"


def run(folder: Path, *arguments: str, **changes: str) -> tuple[int, list[str]]:
    """Exit code and lines, with paths inside the pack. A keyword replaces `npcs/ben.yaml` or adds a file of tests."""
    files = FILES | {"npcs/ben.yaml": changes.get("ben", FILES["npcs/ben.yaml"])}
    if "tests" in changes:
        files["tests/all.yaml"] = changes["tests"]
    write_files(folder, files)
    result = CliRunner().invoke(app, [str(folder), *arguments])
    lines = [line.removeprefix(str(folder)).lstrip("/\\").replace("\\", "/") for line in result.output.splitlines()]
    return result.exit_code, lines


def test_a_clean_pack_is_one_line(tmp_path: Path) -> None:
    assert run(tmp_path) == (0, ["tiny: 1 characters, 1 places, 0 errors, 0 warnings"])


def test_a_warning_fails_only_when_strict(tmp_path: Path) -> None:
    code, lines = run(tmp_path, ben=WARNED)
    assert code == 0
    assert lines[0].startswith("npcs/ben.yaml:11:13: warning: the fact `deep` has no `topics`")
    assert lines[1:] == ["", "tiny: 1 characters, 1 places, 0 errors, 1 warnings"]
    assert run(tmp_path, "--strict", ben=WARNED)[0] == 1


def test_an_error_fails(tmp_path: Path) -> None:
    code, lines = run(tmp_path, ben=BROKEN)
    assert code == 1
    assert lines[0].startswith("npcs/ben.yaml:11:13: error: the secret `deep` has no `when:`")


def test_what_cannot_be_loaded_is_all_told_and_nothing_else(tmp_path: Path) -> None:
    text = BROKEN.replace("summary:", "sumary:").replace("topics: [well]", "when: flags.mett")
    code, lines = run(tmp_path, ben=text)
    assert code == 1
    assert lines[0] == "npcs/ben.yaml:3:1: error: unknown key `sumary`; did you mean `summary`?"
    assert lines[-1] == f"{tmp_path.name}: 1 errors, 0 warnings"


def test_findings_are_grouped_by_file_and_dialogue_tests_count(tmp_path: Path) -> None:
    tests = "tests: [{name: a, npc: ben, say: Hi., expect: {knows: [deep]}}]\n"
    code, lines = run(tmp_path, ben=WARNED.replace("deep,", "depth,"), tests=tests)
    assert code == 1
    assert lines[0].startswith("npcs/ben.yaml:11:13: warning:")
    assert lines[2] == "tests/all.yaml:1:56: error: unknown fact `deep`; did you mean `depth`?"
    assert lines[1] == lines[3] == ""


def test_a_small_window_is_a_finding(tmp_path: Path) -> None:
    code, lines = run(tmp_path, "--context", "512", "--strict")
    assert code == 1
    assert lines[0].startswith("npcs/ben.yaml:1:5: warning: Ben's prompt is about")


def test_the_findings_as_json(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    run(tmp_path / "pack", "--json", str(report), ben=BROKEN)
    found = json.loads(report.read_text(encoding="utf-8"))
    (finding,) = found.pop("findings")
    assert found == {"pack": "tiny", "characters": 1, "places": 1, "errors": 1, "warnings": 0}
    assert (finding["line"], finding["column"], finding["level"]) == (11, 13, "error")
    assert Path(finding["file"]).name == "ben.yaml"


def test_no_pack_is_one_line_on_stderr(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [str(tmp_path / "nowhere")])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: pack_invalid: No character pack")


@pytest.mark.parametrize("word", ["Examples", "--strict", "--context", "--json"])
def test_help(word: str) -> None:
    result = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert word in result.stdout
