"""A sheet hides who said what, and its score finds out again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from npc_engine.evaluation.audition import Spoken
from npc_engine.evaluation.suite_report import SuiteReport
from training.blind.sheet import Item, items, make_sheet, read_orders, score
from training.judge import main

FOUND = [Item("Halda. Runs a ferry.", f"Question {number}?", {"ours": "Aye.", "base": "No."}) for number in range(40)]


def filled(sheet: str, key: dict[str, dict[str, str]], order: str) -> str:
    """With `order` written for each item, of models' names."""

    def letters(match: re.Match[str]) -> str:
        back = {model: letter for letter, model in key[match[1]].items()}
        return match[0] + " " + re.sub(r"[a-z]+", lambda name: back[name[0]], order)

    return re.sub(r"## ([0-9]+)\n(?:.|\n)*?order:", letters, sheet)


def test_the_order_hides_the_names_and_the_key_knows_them() -> None:
    sheet, key = make_sheet(FOUND, 20, seed=1)
    assert "ours" not in sheet
    assert "base" not in sheet
    assert len(key) == 20
    assert 4 < sum(letters["A"] == "ours" for letters in key.values()) < 16
    assert make_sheet(FOUND, 20, seed=1) == (sheet, key)
    assert make_sheet(FOUND, 20, seed=2) != (sheet, key)


@pytest.mark.parametrize(
    ("order", "wins", "ties"),
    [("ours > base", 20, 0), ("base > ours", 0, 0), ("ours = base", 0, 20), ("ours", 20, 0), ("", 0, 0)],
)
def test_scores(order: str, wins: int, ties: int) -> None:
    sheet, key = make_sheet(FOUND, 20, seed=1)
    found = {(each.model, each.other): each for each in score(key, [filled(sheet, key, order)])}
    assert (found["ours", "base"].wins.count, found["ours", "base"].ties) == (wins, ties)
    twice = {(each.model, each.other): each for each in score(key, [filled(sheet, key, order)] * 2)}
    assert twice["ours", "base"].wins.count == 2 * wins


def test_what_is_no_order_is_told() -> None:
    assert read_orders("## 1\norder: b > a=c\n## 2\norder:\n") == {"1": [["B"], ["A", "C"]]}
    for wrong in ("A > A", "AB", "A > 1"):
        with pytest.raises(ValueError, match="item 7"):
            read_orders(f"## 7\norder: {wrong}\n")
    _, key = make_sheet(FOUND, 2, seed=1)
    with pytest.raises(ValueError, match="no line C"):
        score(key, ["## 1\norder: C > A\n"])
    with pytest.raises(ValueError, match="no item 9"):
        score(key, ["## 9\norder: A > B\n"])


def test_only_first_lines_that_all_models_answered_are_shown() -> None:
    def said(text: str, line: int = 1, scenario: str = "one") -> Spoken:
        return Spoken("pier", scenario, "fact", "halda", 1, line, "Fare?", text, "neutral", "", True, {})

    reports = {
        "ours": [said("Four."), said("And more.", 2), said("Lost.", scenario="two")],
        "base": [said("Five."), said("And less.", 2), said("", scenario="two")],
    }
    assert items({("pier", "halda"): "Halda."}, reports) == [
        Item("Halda.", "Fare?", {"ours": "Four.", "base": "Five."})
    ]


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "suite/pier"
    for name, text in {
        "pack.yaml": "id: pier\nname: Pier\nsummary: A pier.\n",
        "npcs/halda.yaml": "id: halda\nname: Halda\nsummary: Runs a ferry.\n",
        "scenarios/all.yaml": "scenarios: [{name: one, kind: fact, npc: halda, say: Hello.}]\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    for model, text in (("ours", "Four."), ("base", "Five.")):
        spoken = Spoken("pier", "one", "fact", "halda", 1, 1, "Fare?", text, "neutral", "", True, {})
        report = SuiteReport("suite", model, 1, [spoken]).as_json()
        (tmp_path / f"{model}.json").write_text(json.dumps(report), encoding="utf-8")
    sheet, key = tmp_path / "sheet.md", tmp_path / "key.json"
    replies = [f"{model}={tmp_path / model}.json" for model in ("ours", "base")]
    assert main(["sheet", str(folder.parent), *replies, "--sheet", str(sheet), "--key", str(key)]) == 0
    text = sheet.read_text(encoding="utf-8")
    assert "Halda. Runs a ferry." in text
    sheet.write_text(filled(text, json.loads(key.read_text()), "ours > base"), encoding="utf-8")
    assert main(["score", str(key), str(sheet)]) == 0
    assert "ours before base: 100% (21% to 100%) of 1, 0 ties" in capsys.readouterr().out
    assert main(["score", str(key), str(tmp_path / "none.md")]) == 1
