"""Verdicts in plain words, and the same numbers for a terminal, an issue, a script and a picture."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from writer import GOOD, LABELS, Writer, run

from npc_engine.engines.diffusion.manner import Manner, Written
from npc_engine.evaluation.checks import CHECKS
from npc_engine.evaluation.plot import draw
from npc_engine.evaluation.report import COLUMNS, NOISE, RULES, Report, Subject, cells
from npc_engine.evaluation.settings import QUESTIONS

SUBJECT = Subject("diffusiongemma", "25.2B parameters", "cuda", "0.1.0", "oakhollow", noise=False)


def speak(manner: Manner, seed: int) -> Written:
    """A narrow canvas cuts every other line; few steps repeat a word, or shorten it; the rest is as the reference."""
    if manner.width == 32 and seed % 2:
        return replace(GOOD, text="Evening, love. Wipe", ended=False)
    if (manner.steps == 4 and seed % 7 == 0) or (manner == Manner(steps=8) and seed % 20 == 0):
        return replace(GOOD, text="Evening, love. Wipe wipe those boots.")
    if manner.steps == 6:
        return replace(GOOD, text="Evening, love.")
    return GOOD


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(SUBJECT, run(Writer(speak), seeds=120).lines)


def verdicts(report: Report) -> dict[str, str]:
    return {verdict.setting: verdict.text for verdict in report.verdicts}


def test_what_holds_is_said_to_hold(report: Report) -> None:
    assert verdicts(report)["width 64"] == "width 64 (N=120): no worse than the reference on any rate."
    assert report.caveats == []


def test_what_fell_is_said_with_its_numbers(report: Report) -> None:
    text = verdicts(report)["width 32"]
    assert text.startswith(
        "width 32 (N=120): WORSE: ended 100% -> 50% (difference -61 to -37 points); whole 100% -> 50%"
    )
    assert "guard" not in text
    assert "WORSE: fresh 100% -> 86%" in verdicts(report)["4 steps"]


def test_another_length_is_mentioned(report: Report) -> None:
    text = verdicts(report)["6 steps"]
    assert text.endswith("no worse than the reference on any rate. Its lines are shorter: 2.0 words, not 5.0.")


def test_what_too_few_lines_leave_open_is_said(report: Report) -> None:
    text = verdicts(report)["8 steps"]
    assert text.startswith("8 steps (N=120): no rate fell for sure. too few lines to tell: fresh 100% -> 95%")


def test_few_lines_prove_nothing() -> None:
    text = verdicts(Report(SUBJECT, run(Writer(speak), seeds=6).lines))
    assert text["width 32"] == "width 32 (N=6): too few lines to tell anything."
    assert text["width 64"] == "width 64 (N=6): too few lines to tell anything."


def test_labels_are_measured_by_how_the_reference_differs_from_itself() -> None:
    def fickle(manner: Manner, seed: int) -> Written:
        other = seed % 2 if manner.steps > 4 else 1
        lone = manner == Manner() and seed <= 200
        return GOOD if lone or not other else replace(GOOD, choices=LABELS | {"emotion": "fear"})

    text = verdicts(Report(SUBJECT, run(Writer(fickle), seeds=200).lines))
    assert text["8 steps"] == "8 steps (N=200): no worse than the reference on any rate."
    assert "WORSE: same labels 50% -> 0%" in text["4 steps"]


def test_a_reference_that_fails_judges_nobody() -> None:
    def broken(manner: Manner, seed: int) -> Written:
        return Written("", False, {}, 4.0, 48, 1.0)

    report = Report(replace(SUBJECT, noise=True), run(Writer(broken)).lines)
    assert verdicts(report)["width 64"] == "width 64 (N=40): nothing to compare, the reference itself fails."
    assert report.caveats[0] == NOISE
    assert "`ended` (0%), `whole` (0%)" in report.caveats[1]


def test_tables_begin_with_the_reference_and_the_control(report: Report) -> None:
    assert [table.question.name for table in report.tables] == [question.name for question in QUESTIONS]
    for table in report.tables:
        assert [row.setting for row in table.rows[:2]] == ["reference", "other seeds"]
        assert all(len(cells(row)) == len(COLUMNS) for row in table.rows)
    narrow = dict(zip(COLUMNS, cells(report.summaries["width 32"]), strict=True))
    assert narrow["N"] == "120"
    assert narrow["ended"] == "50% (41-59)"
    assert narrow["steps"] == "12.0"


def test_a_table_alone_can_be_asked_for() -> None:
    (steps,) = (question for question in QUESTIONS if question.name == "steps")
    control = run(Writer()).settings[0]
    report = Report(SUBJECT, run(Writer(speak), [control, *steps.settings]).lines)
    assert [table.question.name for table in report.tables] == ["steps"]


def test_every_column_has_its_rule() -> None:
    assert {name for name, _ in RULES} >= set(COLUMNS) - {"setting", "N"}


def test_the_markdown_stands_alone(report: Report) -> None:
    text = report.markdown(samples=2)
    assert SUBJECT.model in text
    assert "lines per setting" in text
    for verdict in report.verdicts:
        assert f"- {verdict.text}" in text
    for name, rule in RULES:
        assert f"- **{name}**: {rule}" in text
    assert text.count("### marta, asked") == 2
    assert "- **width 32**: (talks, joy) Evening, love. Wipe \\[not ended\\]" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count(" | ") for row in rows} == {len(COLUMNS) - 1}


def test_json_has_everything(report: Report) -> None:
    told = json.loads(json.dumps(report.as_json()))
    assert len(told["lines"]) == len(report.lines)
    assert told["lines"][0]["written"]["text"] == GOOD.text
    narrow = next(row for row in told["tables"]["width"] if row["setting"] == "width 32")
    assert narrow["rates"]["ended"]["count"] == 60
    assert narrow["rates"]["ended"]["total"] == 120
    assert {check.name for check in CHECKS} == set(narrow["rates"])
    findings = {each["rate"]: each["finding"] for each in told["verdicts"][1]["judgements"]}
    assert findings["ended"] == "fell"
    assert findings["guard"] == "no worse"


def test_the_picture_is_drawn(report: Report, tmp_path: Path) -> None:
    draw(report.tables, report.title, tmp_path / "rates.png")
    assert (tmp_path / "rates.png").read_bytes().startswith(b"\x89PNG")
