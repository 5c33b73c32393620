"""Scenarios are data: what is misspelt in one is told, and not passed over."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driver_stage import TINY, printing
from msgspec.structs import replace

from npc_engine.conformance.judge import BUDGETED, GRACE_MS, OVERLOAD, TOLERANCE_MS
from npc_engine.conformance.runner import SPARE_S, play
from npc_engine.conformance.scenario import FOLDER, SHORT, load

LONG = ("connect", "request", "say", "spoken", "cancel", "wait", "poll", "sleep", "mark", "measure", "close")
PAGE = Path(__file__).parents[2] / "protocol" / "conformance" / "DRIVER.md"


def test_each_step_is_known_to_the_page_for_authors_and_each_request_is_named_once() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for scenario in load():
        named = [step["as"] for step in scenario.steps if step["do"] not in ("cancel", "wait") and "as" in step]
        assert len(named) == len(set(named)), scenario.name
        assert scenario.expect.requests.keys() <= set(named), scenario.name
        assert {step["name"] for step in scenario.steps if step["do"] == "mark"} == scenario.marks.keys()
        assert {step["do"] for step in scenario.steps} <= {*LONG, *SHORT}
    assert all(f'| `{{"do": "{step}"' in page for step in LONG)
    assert all(f"`{step}`" in page or f'"do": "{step}"' in page for step in SHORT)


def test_the_page_lists_every_scenario_with_a_section_of_the_specification() -> None:
    page = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^##+ (.+)$", (PAGE.parents[1] / "PROTOCOL.md").read_text(encoding="utf-8"), re.MULTILINE)
    rows = [f"| `{each.name}` | {each.section} | {each.about} |" for each in load()]
    assert page.endswith("\n".join(rows) + "\n")
    assert {each.section for each in load()} <= set(headings)


def test_the_page_tells_the_judges_tolerances() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert f"the budget + {GRACE_MS} ms, and {TOLERANCE_MS} ms more" in page
    assert f"of all its steps and {SPARE_S:.0f} s" in page
    assert all(f"`{request}`" in page for request in BUDGETED)
    assert "reason " + ", ".join(f"`{reason}`" for reason in OVERLOAD[:-1]) + f" or `{OVERLOAD[-1]}`" in page


def test_each_action_is_described() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    for scenario in load():
        for action in (*scenario.before, *(each for actions in scenario.marks.values() for each in actions)):
            (what,) = action
            assert f"| `{{{what}: " in page, (scenario.name, what)


@pytest.mark.parametrize(
    "text",
    [
        "about: x\nsteps: []\nstep: []",
        "about: x",
        "steps: {}",
        "about: x\nsteps: []\nexpect: {state: []}",
        "about: [",
        "",
    ],
)
def test_a_file_that_is_wrong_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"odd\.yaml"):
        load(tmp_path)


def test_an_action_that_cannot_be_done_is_an_error(tmp_path: Path) -> None:
    command = printing(tmp_path)
    for action in ({"dance": True}, {"kill": True}):  # a fake daemon is no process
        with pytest.raises(ValueError, match="no such action"):
            play(replace(TINY, before=[action]), command)
