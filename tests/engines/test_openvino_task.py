"""The openvino engine's tasks with a vocabulary of single characters and scores that we make up: no model, no time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from engine_rig import GREEDY

np: Any = pytest.importorskip("numpy", reason="needs the extra `openvino`")

from npc_engine.engines.openvino.task import OpenVinoTask, first_stop, held_back  # noqa: E402
from npc_engine.jobs import ChoiceSlot, EngineTask, FinishReason, Plan, Sampling, TextSlot  # noqa: E402

END = 0
PLAIN = Sampling(temperature=0.0, repeat_penalty=1.0, repeat_length=0)
LINE = "The river rose. It took the bridge."


class Letters:
    """Code points are tokens; 0 ends a line."""

    controls = frozenset({END})
    line_ends = frozenset({ord("\n")})

    def encode(self, text: str, special: bool, /) -> Sequence[int]:
        return tuple(map(ord, text))

    def decode(self, tokens: Sequence[int], /) -> str:
        return "".join(map(chr, tokens))


def begun(context_tokens: int = 200, **changes: Any) -> OpenVinoTask:
    fields: dict[str, Any] = {
        "id": 1,
        "cache_key": "marta",
        "tokens": tuple(map(ord, "Evening.\n")),
        "slots": (TextSlot(),),
        "sampling": PLAIN,
        "plan": Plan(100, 100),
    }
    return OpenVinoTask(EngineTask(**(fields | changes)), Letters(), context_tokens)


def scores_for(*letters: str) -> Any:
    """The first letter is the best, the next one the second best."""
    scores = np.zeros(0x1F400, np.float32)
    for rank, letter in enumerate(letters):
        scores[ord(letter)] = 9.0 - rank
    return scores


def run(task: OpenVinoTask, text: str) -> list[str]:
    """Let the model say `text` until the task is over; returns its drafts."""
    drafts = []
    for letter in text:
        if task.reason is not None:
            break
        task.take(scores_for(letter))
        if task.draft is not None:
            drafts.append(task.draft.text)
    return drafts


def text_of(task: OpenVinoTask) -> str:
    assert task.reason is not None
    return task.finished(task.reason).text


def test_a_line_ends_where_the_model_ends_it() -> None:
    task = begun()
    drafts = run(task, LINE + "\0")
    assert (task.reason, text_of(task)) == (FinishReason.STOP, LINE)
    assert drafts == [LINE[: length + 1] for length in range(len(LINE))]
    assert len(task.wanted) == len("Evening.\n" + LINE)


def test_what_may_become_a_stop_string_is_not_shown() -> None:
    task = begun(slots=(TextSlot(stop=("<|end", '"\n')),))
    drafts = run(task, 'Go "home"\n')
    assert (task.reason, text_of(task)) == (FinishReason.STOP, 'Go "home')
    assert drafts == ["G", "Go", "Go ", "Go ", 'Go "h', 'Go "ho', 'Go "hom', 'Go "home', 'Go "home']


def test_half_a_character_is_not_shown() -> None:
    task = begun()
    assert run(task, "A\N{REPLACEMENT CHARACTER}") == ["A", "A"]


@pytest.mark.parametrize(
    ("plan", "reason", "text"),
    [
        (Plan(100, 4), FinishReason.SENTENCE, "The river rose."),
        (Plan(6, 4), FinishReason.LENGTH, "The ri"),
        (Plan(0, 0), FinishReason.LENGTH, ""),
    ],
)
def test_a_plan_ends_a_line(plan: Plan, reason: FinishReason, text: str) -> None:
    task = begun(plan=plan)
    run(task, LINE)
    assert (task.reason, text_of(task)) == (reason, text)


def test_the_window_ends_a_line() -> None:
    task = begun(context_tokens=14)
    run(task, LINE)
    assert (task.reason, text_of(task)) == (FinishReason.LENGTH, LINE[:5])


def test_a_prompt_that_grows_beyond_the_window_is_refused() -> None:
    task = begun(context_tokens=14, slots=(TextSlot(lead="Marta says: "),))
    assert (task.reason, text_of(task)) == (FinishReason.TOO_LONG, "")


def test_choices_are_asked_for_where_they_part() -> None:
    slots = (
        ChoiceSlot("mood", ("joy", "anger", "trust"), lead="mood: "),
        ChoiceSlot("deed", ("give", "give_key"), lead="\ndeed: "),
        TextSlot(lead="\nline: "),
    )
    task = begun(slots=slots)
    asked = []
    for letters in ("xt", "x\n_", "A", "\0"):
        asked.append("".join(map(chr, task.wanted)))
        task.take(scores_for(*letters))
    assert asked[:3] == [
        "Evening.\nmood: ",
        "Evening.\nmood: trust\ndeed: give",
        "Evening.\nmood: trust\ndeed: give\nline: ",
    ]
    end = task.finished(FinishReason.STOP)
    assert (end.text, end.choices) == ("A", {"mood": "trust", "deed": "give"})


def test_a_resumed_task_goes_on_behind_its_choices_and_text() -> None:
    slots = (ChoiceSlot("mood", ("joy", "anger"), lead="mood: "), TextSlot(lead="\n", stop=("B", "h. I")))
    task = begun(slots=slots, choices={"mood": "joy"}, resume="Ah. ")
    assert "".join(map(chr, task.wanted)) == "Evening.\nmood: joy\nAh. "
    assert run(task, "It. B") == ["Ah. I", "Ah. It", "Ah. It.", "Ah. It. "]
    assert (task.reason, text_of(task)) == (FinishReason.STOP, "Ah. It. "), "what was said is never taken back"


def test_a_warm_up_reads_and_says_nothing() -> None:
    task = begun(slots=())
    task.account(cached=2, read=7, step_ms=5.0)
    task.take(scores_for("x"))
    end = task.finished(FinishReason.STOP)
    assert (task.reason, end.text) == (FinishReason.STOP, "")
    assert (end.usage.prompt_tokens, end.usage.cached_tokens, end.usage.steps) == (9, 2, 0)


def test_reading_and_writing_are_accounted_apart() -> None:
    task = begun(sampling=GREEDY)
    task.account(cached=4, read=3, step_ms=5.0)
    task.account(cached=4, read=2, step_ms=5.0)
    task.take(scores_for("A"))
    task.account(cached=9, read=1, step_ms=3.0)
    usage = task.finished(FinishReason.CANCELLED).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.steps) == (9, 4, 1)
    assert (usage.prefill_ms, usage.decode_ms) == (10.0, 3.0)


def test_stop_strings_are_found_and_foreseen() -> None:
    assert first_stop("one two", ("two", "o"), 0) == 0
    assert first_stop("one two", ("two", "o"), 2) == 4
    assert first_stop("one", ("", "x"), 0) is None
    assert held_back("the <|", ("<|im_end|>", "|")) == 2
    assert held_back("the end", ()) == 0
