from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import pytest
from protocol_files import PROTOCOL

from npc_engine.wire.documents import documents, outdated


def test_committed_documents_are_up_to_date() -> None:
    assert sorted(map(str, outdated(PROTOCOL))) == [], "run `npc-engine protocol`"


def test_documents_are_the_same_each_time() -> None:
    assert documents(PROTOCOL) == documents(PROTOCOL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROTOCOL, tmp_path / "protocol"))


def test_a_changed_and_a_missing_document_are_found(copy: Path) -> None:
    (copy / "schema.json").write_text("{}")
    (copy / "vectors" / "valid.json").unlink()
    assert set(outdated(copy)) == {PurePosixPath("schema.json"), PurePosixPath("vectors/valid.json")}


def test_prose_may_change_and_tables_may_not(copy: Path) -> None:
    path = copy / "PROTOCOL.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("## In a hurry", "## Quickly"), encoding="utf-8")
    assert outdated(copy) == {}
    path.write_text(text.replace("| `frame_bytes` | integer |", "| `frame_bytes` | text |"), encoding="utf-8")
    assert outdated(copy) == {PurePosixPath("PROTOCOL.md"): text}


def test_without_the_specification_there_is_nothing_to_fill(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        documents(tmp_path)
