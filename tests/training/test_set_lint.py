"""The linter of dialogue sets: a good set has no errors, and each mistake is one, where it stands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_setting import FILES, write_setting

from npc_engine.world.lint import Level
from training.lint import lint, main
from training.linter.variety import Text

HALDA = FILES["conversations/halda.yaml"]


def errors(folder: Path) -> list[str]:
    return [str(finding) for finding in lint(folder, [], [])[0] if finding.level is Level.ERROR]


def test_a_good_set_has_no_errors(tmp_path: Path) -> None:
    found, numbers = lint(write_setting(tmp_path), [], [])
    assert [str(finding) for finding in found] == []
    assert (numbers["turns"], numbers["conversations"], numbers["speakers"]) == (10, 2, 2)
    assert numbers["by_setting"] == {"pier": {"halda": 8, "narrator": 1, "ole": 1}}
    assert numbers["about"]["fact"] == 1
    assert (numbers["words"]["shortest"], numbers["words"]["longest"]) == (7, 12)


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("knows: [fare]", "knows: [cellar]", "`cellar` is locked now (flags.friend)"),
        ("crossing, roughly?", "weather, roughly?", "`fare` is not brought up by these words"),
        ("Potatoes, and a smell", "Smuggled things, and a smell", "gives away smuggled"),
        ("your cellar?", "your attic?", "touch no fact that is locked"),
        ("action: give", "action: row", "`row` is not possible now (when: player.coins >= 5)"),
        ("args: {item: rope}", "args: {item: boat}", "wants `args`, one of: item: rope; item: lamp"),
        ("        action: give\n        args: {item: rope}\n", "", "has no `action`"),
        ("same as my breakfast.", "same as my computer.", "guard refuses it: says 'computer'"),
        ("Drowned in fog", "*Drowned* in fog", "no quotation marks, markup"),
        ("Late? Drowned in fog, same as my breakfast.", '"Halda: drowned in fog it is."', "name as a label"),
        ("Late? Drowned in fog, same as my breakfast.", "Late.", "1 words; small_talk takes 5 to 35"),
        ("emotion: anger", "emotion: rage", "unknown emotion `rage`"),
        ("about: small_talk", "about: chat", "unknown subject `chat`"),
        ("about: bark", "about: fact", "a turn with `bark` is about `bark`"),
        ("npc: ole, says", "npc: olaf, says", "unknown other character `olaf`"),
        ("describe: pier", "describe: beach", "unknown place `beach`"),
        ("npc: halda\n", "npc: ole\n", "belongs into ole.yaml"),
        ("relation.player.trust: 80", "relation.player.love: 80", "no value"),
        ("{text: A gull steals", "{txt: A gull steals", "unknown field `txt`"),
        ("bark: the fog", "bark: the fog\n        player: Fog?", "hears `player` and `bark`"),
        ("reply: When it sticks to the spoon, and not before.", "reply: Wet one. Mind the planks.", "the same line"),
    ],
)
def test_each_mistake_is_found_where_it_stands(tmp_path: Path, written: str, instead: str, message: str) -> None:
    assert written in HALDA
    found = errors(write_setting(tmp_path, halda=HALDA.replace(written, instead, 1)))
    assert any(message in finding for finding in found), found
    assert all("halda.yaml:" in finding for finding in found)


def test_lines_of_others_and_likeness_are_told(tmp_path: Path) -> None:
    folder = write_setting(tmp_path)
    found = lint(folder, [], [Text("Thick as porridge, and no butter.", "another game")])[0]
    assert [(finding.level, "another game" in str(finding)) for finding in found] == [(Level.ERROR, True)]
    found = lint(folder, [], [Text("Thick as porridge, and no butter on it at all today.", "another game")])[0]
    assert [(finding.level, "nearly the line" in str(finding)) for finding in found] == [(Level.WARNING, True)]


def test_openings_are_told(tmp_path: Path) -> None:
    turns = "".join(
        f"      - player: What about {word}?\n        reply: Nothing to say of {word}, and I mean to keep it.\n"
        "        about: small_talk\n"
        for word in ("eels", "nets", "oars", "tar", "pitch", "hemp", "cork", "salt", "ice")
    )
    set_ = write_setting(tmp_path, ole=f"conversations:\n  - name: dull\n    npc: ole\n    turns:\n{turns}")
    found = lint(set_, [], [])[0]
    assert any("9 of 9 replies of pier/ole begin with `nothing`" in str(finding) for finding in found)
    assert any(finding.level is Level.ERROR for finding in found)


def test_a_broken_conversation_does_not_hide_the_others(tmp_path: Path) -> None:
    folder = write_setting(tmp_path, ole="conversations:\n  - {name: x, npc: ole, turns: [{}]}\n")
    found, numbers = lint(folder, [], [])
    assert numbers["turns"] == 9
    assert any("`reply` is missing" in str(finding) for finding in found)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, output = write_setting(tmp_path / "set"), tmp_path / "lint.json"
    assert main([str(folder), "pier", "--json", str(output)]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out
    assert json.loads(output.read_text(encoding="utf-8"))["numbers"]["turns"] == 10
    write_setting(tmp_path / "set", halda=HALDA.replace("emotion: anger", "emotion: rage"))
    assert main([str(folder)]) == 1
    assert main([str(folder), "peer"]) == 1
    assert "did you mean `pier`?" in capsys.readouterr().err
