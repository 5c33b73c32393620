from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from npc_engine.cli.protocol import protocol

COMMITTED = Path(__file__).parents[2] / "protocol"

app = typer.Typer()
app.command()(protocol)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(COMMITTED, tmp_path / "protocol"))


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_check_of_the_committed_documents_is_silent() -> None:
    assert run(str(COMMITTED), "--check") == (0, "")


def test_check_names_what_is_out_of_date_and_writes_nothing(folder: Path) -> None:
    (folder / "schema.json").write_text("{}")
    code, output = run(str(folder), "--check")
    assert code == 1
    assert output.split() == ["out", "of", "date", str(folder / "schema.json")]
    assert (folder / "schema.json").read_text() == "{}"


def test_documents_are_written_anew(folder: Path) -> None:
    shutil.rmtree(folder / "vectors")
    code, output = run(str(folder))
    assert code == 0
    assert output.count("wrote") == 4
    assert run(str(folder), "--check") == (0, "")


def test_a_damaged_specification_is_reported(folder: Path) -> None:
    (folder / "PROTOCOL.md").write_text("nothing here")
    code, output = run(str(folder))
    assert code == 1
    assert output.startswith("error: the generated parts are []")


def test_a_folder_without_specification_is_reported(tmp_path: Path) -> None:
    code, output = run(str(tmp_path))
    assert code == 1
    assert "PROTOCOL.md" in output
