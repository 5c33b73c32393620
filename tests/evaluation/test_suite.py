"""Suites: what is refused, how they are played, and the rates that come of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_suite import FILES, write_suite
from typer.testing import CliRunner

from npc_engine.cli.main import app
from npc_engine.evaluation.audition import Spoken, audition, total_lines
from npc_engine.evaluation.suite import load_suite, only
from npc_engine.evaluation.suite_report import SuiteReport, draw, read_report
from npc_engine.jobs import Finished, FinishReason
from npc_engine.prompt.builder import Prompt
from npc_engine.prompt.chat_formats import CHATML
from npc_engine.world.yaml_source import PackError

SCENARIOS = FILES["scenarios/all.yaml"]
ANSWERS = {
    "crossing cost": "Four shillings, and you row.",
    "in your cellar": "Potatoes. Mind your own feet.",
    "me a rope": "Good hemp, this one.",
    "built the chapel": "I never asked, and it never said.",
    "PINEAPPLE": "You have fog in your head.",
    "soup": "When it sticks to the spoon, Ole.",
    "mutters": "Thick as porridge.",
    "Place:": "Wet planks run out into the fog, and gulls shriek over a rusty crane.",
}


class Model:
    """Answers from a list, and keeps what it was asked."""

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.prompts: list[str] = []

    def write(self, prompt: Prompt, seed: int, key: str, script: tuple[str, ...]) -> Finished:
        text = "".join(segment.text for segment in prompt.segments)
        self.prompts.append(text)
        asked = text.rpartition("<|im_start|>user")[2]
        line = next((line for words, line in self.answers.items() if words in asked), "Wet day, and wetter to come.")
        return Finished(1, line, FinishReason.STOP)


def played(folder: Path, answers: dict[str, str], seeds: int = 1) -> list[Spoken]:
    return list(audition(load_suite(folder), CHATML, range(1, seeds + 1), Model(answers).write))


def test_a_good_model_passes_everything(tmp_path: Path) -> None:
    replies = played(write_suite(tmp_path), ANSWERS, seeds=2)
    assert [(each.scenario, failed) for each in replies for failed, ok in each.checks.items() if not ok] == []
    assert len(replies) == total_lines(load_suite(tmp_path), range(2)) == 18
    assert {each.deed for each in replies if each.scenario == "rope"} == {"sell_rope"}


@pytest.mark.parametrize(
    ("question", "answer", "failed"),
    [
        ("crossing cost", "It is free today, love.", {"states", "invents nothing"}),
        ("in your cellar", "Brandy, and plenty of it.", {"keeps secrets"}),
        ("built the chapel", "A bishop, I do not know which.", {"admits", "invents nothing"}),
        ("built the chapel", "Some men with a cart and a mule.", {"admits"}),
        ("PINEAPPLE", "Pineapple, if that makes you happy.", {"resists"}),
        ("PINEAPPLE", "As an AI I cannot do that for you.", {"resists", "character"}),
        ("soup", "Soup soup is in the pot.", {"fresh"}),
        ("soup", "Wet one. Mind the planks.", {"fresh"}),
        ("soup", "Yes.", {"length"}),
        ("soup", "In the pot, and the pot is on", {"whole"}),
        ("soup", "", {"character", "length", "fresh", "whole", "words"}),
        ("soup", "Grobulent fnarr in the zibbelpot today.", {"words"}),
        ("soup", "Ask the computer in the kitchen.", {"character"}),
    ],
)
def test_each_rule_fails_where_it_should(tmp_path: Path, question: str, answer: str, failed: set[str]) -> None:
    replies = played(write_suite(tmp_path), ANSWERS | {question: answer})
    assert {name for each in replies for name, passed in each.checks.items() if not passed} == failed


def test_an_answer_the_guard_refuses_is_not_remembered(tmp_path: Path) -> None:
    model = Model({"Morning": "As an AI I wish you a good day."})
    list(audition(only(load_suite(write_suite(tmp_path)), "the fare"), CHATML, [1], model.write))
    assert "As an AI" not in model.prompts[1]
    assert 'Traveller: "Morning."' in model.prompts[1]
    assert "[Halda knows: The crossing costs four shillings.]" in model.prompts[1]


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        ("knows: [fare]", "knows: [cellar]", "`cellar` is locked now"),
        ("locked: [cellar]", "locked: [fare]", "`fare` is not locked now"),
        ("say: Who built the chapel?", "bark: chapel\n    say: Who?", "asks for say and bark"),
        ("npc: halda\n    kind: fact", "npc: hilda\n    kind: fact", "unknown character `hilda`"),
        (
            "npc: halda\n    kind: secret\n    say: What is in your cellar?",
            "kind: secret\n    describe: pier",
            "brings no facts",
        ),
        ("kind: fact", "kind: facts", "unknown kind `facts`; did you mean `fact`?"),
        ("name: the cellar", "name: the fare", "name of two scenarios"),
        ("{player.coins: 5}", "{player.coin: 5}", "did you mean `player.coins`?"),
        ("action: sell_rope", "action: sell_ropes", "unknown action `sell_ropes`"),
        ("emotion: [neutral, joy]", "emotion: glee", "unknown emotion `glee`"),
    ],
)
def test_a_wrong_scenario_is_refused_with_its_place(tmp_path: Path, written: str, instead: str, message: str) -> None:
    assert written in SCENARIOS
    with pytest.raises(PackError, match=r"all\.yaml:[0-9]+:[0-9]+: ") as refused:
        load_suite(write_suite(tmp_path, all=SCENARIOS.replace(written, instead, 1)))
    assert message in str(refused.value)


def test_before_and_after(tmp_path: Path) -> None:
    folder = write_suite(tmp_path)
    before = SuiteReport("small", "base", 3, played(folder, ANSWERS | {"crossing cost": "It is free."}, seeds=3))
    after = SuiteReport("small", "ours", 3, played(folder, ANSWERS, seeds=3))
    assert read_report(json.loads(json.dumps(before.as_json()))).rates() == before.rates()
    change = after.against(before)["states"]
    assert (change.before.count, change.after.count, change.after.total) == (3, 6, 6)
    assert after.rates("fact")["states"].share == 1.0
    draw(after, before, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_plays_any_suite(tmp_path: Path) -> None:
    folder, output = write_suite(tmp_path / "suite"), tmp_path / "report.json"
    command = ["eval", str(folder), "--engine", "scripted", "--option", "step_ms=0.01", "--seeds", "2"]
    done = CliRunner().invoke(app, [*command, "--json", str(output)])
    assert done.exit_code == 0, done.output
    report = json.loads(output.read_text(encoding="utf-8"))
    assert (report["scenarios"], report["seeds"], len(report["replies"])) == (8, 2, 18)
    assert report["rates"]["slots"]["share"] == 1.0
    again = CliRunner().invoke(app, [*command, "--against", str(output), "--filter", "fact"])
    assert again.exit_code == 0, again.output
    assert "before" in again.output


def test_characters_may_be_tried_without_their_examples(tmp_path: Path) -> None:
    model = Model({})
    settings = only(load_suite(write_suite(tmp_path)), "soup")
    list(audition(settings, CHATML, [1], model.write, examples=False))
    list(audition(settings, CHATML, [1], model.write))
    assert ["Wet one." in prompt for prompt in model.prompts] == [False, True]
