"""Tests are read strictly: every slip is found and placed."""

from pathlib import Path

import pytest
from rehearsal_pack import TESTS, rehearsal_pack

from npc_engine.rehearsal.spec import load_tests
from npc_engine.world.pack import PackError


def problems_of(folder: Path, tests: str) -> list[str]:
    with pytest.raises(PackError) as caught:
        load_tests(rehearsal_pack(folder, tests))
    return [
        str(problem).removeprefix(f"{folder}").lstrip("/\\").replace("\\", "/") for problem in caught.value.problems
    ]


def test_the_tests_of_a_pack_in_order(tmp_path: Path) -> None:
    first, second = load_tests(rehearsal_pack(tmp_path))
    assert (first.name, first.lines) == ("Anna hides the smuggler", ["What is that noise?"])
    assert second.lines == ["Evening.", "What is that noise?"]
    assert second.set == {"flags.met": True, "npcs.anna.place": "lane"}
    assert second.events[0].importance == 7
    assert first.events == []


def test_a_pack_without_tests(tmp_path: Path) -> None:
    pack = rehearsal_pack(tmp_path)
    (tmp_path / "tests" / "all.yaml").unlink()
    assert load_tests(pack) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("    npc: anna\n    set: {player", "    npc: ana\n    set: {player", "3:10: unknown character `ana`; did you"),
        ("player.coins: 0", "player.coin: 0", "4:11: no value `player.coin`; did you mean `player.coins`?"),
        ("player.coins: 0", "player.coins: many", "4:25: `player.coins` is 'many'; expected a number"),
        ("npcs.anna.place: lane", "npcs.anna.place: moon", "9:45: `npcs.anna.place`: no place `moon`; known:"),
        ("[den, rumour]", "[den, rumor]", "6:28: unknown fact `rumor`; did you mean `rumour`?"),
        ("knows: [den]", "knows: [rumour]", "12:22: unknown fact `rumour`; known: den, saint"),
        ("may: [leave]", "may: [go]", "6:43: unknown action `go`; known: draw, leave"),
        ("may_not: [draw]", "may_not: [drew]", "6:61: unknown action `drew`; did you mean `draw`?"),
        ("action: draw", "action: drew", "12:58: unknown action `drew`; did you mean `draw`?"),
        ("[fear, joy]", "[fear, joi]", "12:80: unknown emotion `joi`; did you mean `joy`?"),
        ("npcs: [anna]", "npcs: [player, anna]", "10:43: unknown character `player`; known: anna, ben"),
        ("npcs: [anna]", "place: moon", "10:43: unknown place `moon`; known: lane, well"),
        ("importance: 7", "importance: 11", "10:62: expected a whole number <= 10"),
        ("expect: {locked", "expects: {locked", "6:5: unknown key `expects`; did you mean `expect`?"),
        (
            "say: What is that noise?\n    expect: {locked",
            "say: []\n    expect: {locked",
            "5:10: expected a list of length",
        ),
        ("Anna trusts a friend", "Anna hides the smuggler", "7:11: `Anna hides the smuggler` is the name of two tests"),
        ("tests:", "test:", "1:1: unknown key `test`; did you mean `tests`?"),
    ],
)
def test_a_slip_is_found_and_placed(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert old in TESTS
    (problem,) = problems_of(tmp_path, TESTS.replace(old, new, 1))
    assert problem.startswith(f"tests/all.yaml:{expected}")


def test_names_are_unique_across_files_and_other_endings_are_refused(tmp_path: Path) -> None:
    pack = rehearsal_pack(tmp_path)
    (tmp_path / "tests" / "more.yaml").write_text(TESTS, encoding="utf-8")
    (tmp_path / "tests" / "odd.yml").write_text("", encoding="utf-8")
    (tmp_path / "tests" / "torn.yaml").write_text("tests: [", encoding="utf-8")
    with pytest.raises(PackError) as caught:
        load_tests(pack)
    assert [Path(problem.file).name for problem in caught.value.problems] == ["more.yaml"] * 2 + [
        "odd.yml",
        "torn.yaml",
    ]
