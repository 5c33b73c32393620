"""What passes and what fails, and what an engine without a model cannot be judged by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from npc_engine.rehearsal.judge import Answer, Insight, Verdict, judge_answer, judge_character, judge_insight
from npc_engine.rehearsal.spec import Expectation

INSIGHT = Insight(
    knows=frozenset({"mill"}),
    locked=frozenset({"cellar"}),
    actions=frozenset({"serve"}),
    knowable=frozenset({"mill", "cellar", "roof"}),
)


def answered(expect: Expectation, answer: Answer, *, scripted: bool = False) -> Verdict:
    verdict = Verdict()
    judge_answer(verdict, expect, answer, scripted=scripted)
    return verdict


def known(expect: Expectation) -> list[str]:
    verdict = Verdict()
    judge_insight(verdict, expect, INSIGHT)
    return verdict.failures


def said(never_say: list[str], answer: Answer) -> list[str]:
    verdict = Verdict()
    judge_character(verdict, never_say, answer)
    assert verdict.judged == 2
    return verdict.failures


@pytest.mark.parametrize(
    ("expect", "failures"),
    [
        (Expectation(knows=["mill"], locked=["cellar"], may=["serve"], may_not=["leave"]), []),
        (Expectation(knows=["cellar"]), ["knows: `cellar` is locked"]),
        (Expectation(knows=["roof"]), ["knows: `roof` does not come to mind"]),
        (Expectation(locked=["mill", "roof"]), ["locked: `mill` is open", "locked: `roof` is open"]),
        (Expectation(locked=["somebody_elses"]), []),
        (Expectation(may=["leave"]), ["may: `leave` is not possible"]),
        (Expectation(may_not=["serve"]), ["may_not: `serve` is possible"]),
    ],
)
def test_what_is_certain(expect: Expectation, failures: list[str]) -> None:
    assert known(expect) == failures


@pytest.mark.parametrize(
    ("phrase", "text", "there"),
    [
        ("courier", "The Couriers came.", True),
        ("courier", "A vicecourier came.", False),
        ("grey glove", "That grey\n glove.", True),
        ("I'm", "i\u2019m here", True),
        ("his", "This is it.", False),
        ("\u725b\u4e73", "\u6211\u559d\u725b\u4e73\u3002", True),
    ],
)
def test_a_mention_begins_a_word(phrase: str, text: str, there: bool) -> None:
    assert answered(Expectation(mentions=[phrase]), Answer(text)).passed is there
    assert answered(Expectation(never_mentions=[phrase]), Answer(text)).passed is not there


def test_one_mention_is_enough_and_none_is_allowed() -> None:
    assert answered(Expectation(mentions=["a", "b"]), Answer("b")).passed
    assert answered(Expectation(mentions=["x", "y"]), Answer("b")).failures == ["mentions: none of `x` or `y`"]
    assert answered(Expectation(never_mentions=["x", "b"]), Answer("b")).failures == ["never_mentions: mentions `b`"]


def test_deed_and_mood() -> None:
    answer = Answer("Sit.", emotion="joy", actions=("serve",))
    assert answered(Expectation(action="serve", emotion=["joy", "trust"]), answer).passed
    assert answered(Expectation(action=["leave"], emotion="anger"), answer).failures == [
        "action: did `serve`, not `leave`",
        "emotion: `joy`, not `anger`",
    ]
    assert answered(Expectation(action="leave"), Answer("")).failures == ["action: did nothing, not `leave`"]


def test_an_engine_without_a_model_is_not_judged_by_its_words() -> None:
    expect = Expectation(mentions=["x"], never_mentions=["b"], action="leave", emotion="anger")
    verdict = answered(expect, Answer("b"), scripted=True)
    assert (verdict.passed, verdict.judged, verdict.unjudged) == (True, 0, 4)
    verdict = answered(expect, Answer("b"))
    assert (verdict.passed, verdict.judged, verdict.unjudged) == (False, 4, 0)


def test_in_character() -> None:
    assert said(["AI"], Answer("I said so.", source="model")) == []
    assert said(["AI"], Answer("Well ...", source="partial", reason="late")) == []
    assert said(["AI", "assist you"], Answer("As an ai, I assist  you.", source="model")) == [
        "in character: says `AI` or `assist you`"
    ]
    assert said([], Answer("Hm.", source="authored", reason="late")) == [
        "in character: a stand-in was said instead of an answer (late)"
    ]


@given(st.text(max_size=20), st.lists(st.text(min_size=1, max_size=8), max_size=3), st.booleans())
def test_every_expectation_is_counted_once(text: str, phrases: list[str], scripted: bool) -> None:
    expect = Expectation(mentions=phrases, never_mentions=phrases)
    verdict = answered(expect, Answer(text), scripted=scripted)
    assert verdict.judged + verdict.unjudged == 2 * bool(phrases)
