"""Each rule on lines that pass it and lines that do not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.evaluation.checks import CHECKS, check_line, overlap, repeats
from npc_engine.evaluation.prompts import QUESTIONS, make_cases
from npc_engine.evaluation.words import COMMON, unknown_words, words
from npc_engine.prompt.chat_formats import GEMMA4
from npc_engine.prompt.guard import Guard
from npc_engine.world.pack import find_pack, load_pack

OAKHOLLOW = find_pack("oakhollow")


def failed(text: str, *, ended: bool = True, labels: int = 2, vocabulary: frozenset[str] = frozenset()) -> set[str]:
    answers = check_line(text, ended=ended, guard=Guard(None, ()), vocabulary=vocabulary, labels=labels, labels_asked=2)
    assert answers.keys() == {check.name for check in CHECKS}
    return {name for name, answer in answers.items() if not answer}


@pytest.mark.parametrize(
    ("text", "fails"),
    [
        ("Evening, love. Wipe those boots.", set()),
        ("No, no. Well well, what's this?", set()),
        ("Aye, the river's rising and we'd better be quick...", set()),
        ("Evening, love. Wipe those", {"whole"}),
        ("As an AI I know of no mill.", {"guard"}),
        ("The mill mill is old.", {"fresh"}),
        ("We go to the old mill and we go to the old mill.", {"fresh"}),
        ("Thre glorb mendle quapt the xyl.", {"known"}),
        ("Ask the glorb.", set()),
        ("", {"ended", "whole", "guard", "fresh", "known"}),
        ("...", {"guard"}),
    ],
)
def test_a_line_fails_what_it_should(text: str, fails: set[str]) -> None:
    assert failed(text) == fails


def test_what_the_model_did_counts() -> None:
    assert failed("Good day.", ended=False) == {"ended"}
    assert failed("Good day.", labels=1) == {"labels"}


def test_words_of_the_prompt_are_words() -> None:
    line = "Osric sold the Glimmerstone to Vendril."
    assert "known" in failed(line)
    assert failed(line, vocabulary=frozenset({"osric", "glimmerstone", "vendril"})) == set()


def test_endings_are_understood() -> None:
    assert unknown_words("worried stopping quickly cheeses larger happiest maker didn't 'tis o'clock", ()) == 0
    assert unknown_words("zorbing", ()) == 1


def test_the_list_is_lower_case_and_in_order() -> None:
    text = (Path(__file__).parents[2] / "npc_engine" / "evaluation" / "common_words.txt").read_text(encoding="utf-8")
    assert text.split() == sorted(COMMON)
    assert text == text.lower()


@given(st.text(max_size=60), st.text(max_size=60))
def test_overlap_is_a_share_either_way_round(one: str, other: str) -> None:
    assert overlap(one, one) == (1.0 if words(one) else 0.0)
    assert 0.0 <= overlap(one, other) == overlap(other, one) <= 1.0


def test_overlap_counts_words() -> None:
    assert overlap("the old mill", "the new mill") == pytest.approx(2 / 3)
    assert overlap("the mill", "") == 0.0


def test_authors_lines_pass_the_rules() -> None:
    """Else the rules would measure style."""
    pack = load_pack(OAKHOLLOW)
    cases = {case.persona.id: case for case in make_cases(OAKHOLLOW, [], QUESTIONS[:1], GEMMA4)}
    replies = [(npc, example.reply) for npc, persona in pack.npcs.items() for example in persona.examples]
    for npc, reply in replies:
        vocabulary = cases[npc].vocabulary - set(words(reply))  # its examples stand in the prompt
        assert failed(reply, vocabulary=vocabulary) <= {"known"}
    odd = sum("known" in failed(reply, vocabulary=cases[npc].vocabulary - set(words(reply))) for npc, reply in replies)
    assert odd <= len(replies) / 4
    assert not any(repeats(reply) for _, reply in replies)
