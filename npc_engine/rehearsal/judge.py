"""Whether a character did what a test expects of it. Pure: what was expected and what came in, verdict out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from npc_engine.rehearsal.spec import Expectation, as_list

#: A letter or digit of a script with spaces between its words; CJK and what lies beyond has none.
_LETTER = r"[^\W_\u0e00-\u0eff\u2e80-\U0010ffff]"


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, as the client has it. `source` is "model", "partial" or "authored", and `reason` why not the first."""

    text: str
    emotion: str = "neutral"
    actions: tuple[str, ...] = ()
    source: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Insight:
    """How things stand just before the last line. `knows` is what that line brings to mind, `locked` what the character
    may not speak of, and `knowable` all that it could ever speak of."""

    knows: frozenset[str]
    locked: frozenset[str]
    actions: frozenset[str]
    knowable: frozenset[str]


@dataclass(slots=True)
class Verdict:
    """What was not as expected, one sentence each, and how many expectations were judged and how many could not be."""

    failures: list[str] = field(default_factory=list)
    judged: int = 0
    unjudged: int = 0

    @property
    def passed(self) -> bool:
        """Nothing that was judged failed."""
        return not self.failures

    def check(self, holds: bool, otherwise: str) -> None:
        """Count one expectation; `otherwise` says how it failed."""
        self.judged += 1
        if not holds:
            self.failures.append(otherwise)


def judge_insight(verdict: Verdict, expect: Expectation, insight: Insight) -> None:
    """The certain part: knowledge and actions."""
    for fact in expect.knows:
        why = "is locked" if fact in insight.locked else "does not come to mind"
        verdict.check(fact in insight.knows, f"knows: `{fact}` {why}")
    for fact in expect.locked:
        verdict.check(fact in insight.locked or fact not in insight.knowable, f"locked: `{fact}` is open")
    for action in expect.may:
        verdict.check(action in insight.actions, f"may: `{action}` is not possible")
    for action in expect.may_not:
        verdict.check(action not in insight.actions, f"may_not: `{action}` is possible")


def judge_character(verdict: Verdict, never_say: Iterable[str], answer: Answer) -> None:
    """Every reply: the character itself spoke, and said nothing it may never say."""
    why = f" ({answer.reason})" if answer.reason else ""
    verdict.check(answer.source != "authored", f"in character: a stand-in was said instead of an answer{why}")
    said = [phrase for phrase in never_say if stands(phrase, answer.text, whole=True)]
    verdict.check(not said, f"in character: says {_list(said)}")


def judge_answer(verdict: Verdict, expect: Expectation, answer: Answer, *, scripted: bool) -> None:
    """The last reply. An engine that says authors' lines (`scripted`) is no judge of words, deeds and moods."""
    actions, emotions = as_list(expect.action), as_list(expect.emotion)
    if scripted:
        verdict.unjudged += sum(map(bool, (expect.mentions, expect.never_mentions, actions, emotions)))
        return
    if expect.mentions:
        found = _stands_any(expect.mentions, answer.text)
        verdict.check(bool(found), f"mentions: none of {_list(expect.mentions)}")
    if expect.never_mentions:
        found = _stands_any(expect.never_mentions, answer.text)
        verdict.check(not found, f"never_mentions: mentions {_list(found)}")
    if actions:
        done = _list(answer.actions) if answer.actions else "nothing"
        verdict.check(bool(set(actions) & set(answer.actions)), f"action: did {done}, not {_list(actions)}")
    if emotions:
        verdict.check(answer.emotion in emotions, f"emotion: `{answer.emotion}`, not {_list(emotions)}")


def _stands_any(phrases: Sequence[str], text: str) -> list[str]:
    return [phrase for phrase in phrases if stands(phrase, text)]


def stands(phrase: str, text: str, *, whole: bool = False) -> bool:
    """Whether a phrase begins with a word of `text`, and, if `whole`, also ends with one."""
    spelt = r"\s+".join(map(re.escape, _plain(phrase).split()))
    end = rf"(?!{_LETTER})" if whole else ""
    return re.search(rf"(?<!{_LETTER}){spelt}{end}", _plain(text)) is not None


def _plain(text: str) -> str:
    """Without case, and with straight apostrophes."""
    return text.casefold().replace("\u2019", "'").replace("\u2018", "'")


def _list(words: Iterable[str]) -> str:
    return " or ".join(f"`{word}`" for word in words)
