from __future__ import annotations

import subprocess
import sys

import pytest
from engine_rig import SCRIPT, Rig

from npc_engine.clock import NS_PER_MS, FakeClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.scripted import CRASH_STATUS, GARBAGE, NO_SCRIPT, ScriptedEngine
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import Finished, FinishReason, Plan, Sampling, TextSlot

WHOLE = Plan(max_steps=48, soft_steps=48)


def rig_with(clock: FakeClock | None = None, **options: str) -> Rig:
    clock = clock or FakeClock()
    engine = ScriptedEngine(clock)
    engine.load(ModelSpec(options=options), lambda fraction, what: None)
    return Rig(engine, clock, deterministic=True, plan=Plan(16, 16))


@pytest.fixture
def faulty() -> Rig:
    return rig_with(faults="on")


def test_a_line_takes_twenty_steps_of_twenty_milliseconds() -> None:
    rig = rig_with()
    drafts, end = rig.run(rig.task("Evening.", plan=WHOLE))
    assert end.text in SCRIPT
    assert end.reason is FinishReason.STOP
    assert (len(drafts), end.usage.steps, end.usage.decode_ms) == (19, 20, 400.0)
    assert rig.clock.now_ns() == 400 * NS_PER_MS


def test_a_short_line_takes_as_long() -> None:
    drafts, end = rig_with().run(rig_with().task("Evening.", script=("Aye, love.",), plan=WHOLE))
    assert (drafts[0].text, len(drafts), end.text) == ("Aye,", 19, "Aye, love.")


def test_options_set_the_pace() -> None:
    rig = rig_with(steps="4", step_ms="2.5", slots="7")
    assert rig.engine.caps.max_parallel == 7
    drafts, end = rig.run(rig.task("Evening.", plan=WHOLE))
    assert (len(drafts), end.usage.steps) == (3, 4)
    assert rig.clock.now_ns() == 10 * NS_PER_MS


@pytest.mark.parametrize("options", [{"steps": "many"}, {"step_ms": "0"}, {"slots": "-1"}])
def test_wrong_options_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(NpcError) as caught:
        rig_with(**options)
    assert caught.value.code is ErrorCode.ENGINE_FAILED


def test_steps_are_due_at_fixed_times_however_late_one_is_asked_for() -> None:
    rig = rig_with()
    rig.engine.start(rig.task("Evening.", plan=WHOLE))
    times = []
    for late_ms in (0, 7, 13, 0, 19):
        rig.clock.advance_ms(late_ms)  # type: ignore[attr-defined]
        rig.poll()
        times.append(rig.clock.now_ns() // NS_PER_MS)
    assert times == [20, 40, 60, 80, 100]


def test_a_long_pause_is_not_made_good() -> None:
    rig = rig_with()
    rig.engine.start(rig.task("Evening.", plan=WHOLE))
    rig.clock.advance_ms(1_000)  # type: ignore[attr-defined]
    for _ in range(3):
        rig.poll()
    assert rig.clock.now_ns() // NS_PER_MS == 1_020, "one step at once, one at once again, then in time"


def test_poll_before_the_step_is_due_runs_none() -> None:
    rig = rig_with()
    rig.engine.start(rig.task("Evening."))
    assert rig.engine.poll(10 * NS_PER_MS) == []
    assert (rig.clock.now_ns(), rig.engine.steps_taken) == (10 * NS_PER_MS, 0)


def test_what_joins_in_takes_the_next_step_with_the_others() -> None:
    rig = rig_with()
    first, second = rig.task("Evening.", plan=WHOLE), rig.task("Evening.", plan=WHOLE, cache_key="bram")
    rig.engine.start(first)
    rig.poll()
    rig.engine.start(second)
    assert [update.id for update in rig.poll()] == [first.id, second.id]
    assert rig.engine.steps_taken == 2


def test_reading_a_prompt_takes_time_once() -> None:
    rig = rig_with(prefill_tokens_per_ms="10")
    cold = rig.end(rig.task("x" * 1_000, plan=WHOLE))
    assert (cold.usage.cached_tokens, cold.usage.prefill_ms) == (0, 100.0)
    assert rig.clock.now_ns() == 480 * NS_PER_MS, "the first step is the one due when the prompt has been read"
    warm = rig.end(rig.task("x" * 1_000 + "y" * 10, plan=WHOLE))
    assert (warm.usage.cached_tokens, warm.usage.prefill_ms) == (1_000, 1.0)


def test_prompts_are_read_back_from_their_tokens() -> None:
    text = "Grüße 🐺 <|im_end|>"
    tokens = rig_with().engine.tokenise(text, special=True)
    assert "".join(map(chr, tokens)) == text


def test_the_seed_chooses_the_line() -> None:
    rig = rig_with()
    lines = {rig.end(rig.task("Evening.", plan=WHOLE, sampling=Sampling(seed=seed))).text for seed in range(12)}
    assert lines == set(SCRIPT)
    keys = {rig.end(rig.task("Evening.", plan=WHOLE, cache_key=key)).text for key in "abcdefgh"}
    assert len(keys) == 1


def test_the_choice_of_line_is_the_same_in_every_process() -> None:
    assert rig_with().end(rig_with().task("Evening.", plan=WHOLE)).text == SCRIPT[0]


def test_without_a_script_it_says_little() -> None:
    end = rig_with().end(rig_with().task("Evening.", script=(), plan=WHOLE))
    assert (end.text, end.reason) == (NO_SCRIPT[0], FinishReason.STOP)


def test_a_short_plan_ends_at_a_sentence_or_in_the_middle() -> None:
    rig = rig_with()
    sentence = rig.end(rig.task("Evening.", script=SCRIPT[:1], plan=Plan(19, 4)))
    assert (sentence.reason, sentence.text) == (
        FinishReason.SENTENCE,
        "Evening, traveller. Wipe those boots before you come any further.",
    )
    middle = rig.end(rig.task("Evening.", script=SCRIPT[:1], plan=Plan(4, 20)))
    assert (middle.reason, middle.text) == (FinishReason.LENGTH, "Evening, traveller. Wipe those")


def test_markers_do_nothing_unless_faults_are_on() -> None:
    rig = rig_with()
    end = rig.end(rig.task("@@fault:fail@@", plan=WHOLE))
    assert (end.reason, end.text in SCRIPT) == (FinishReason.STOP, True)


def test_only_what_is_new_in_a_prompt_can_break_it(faulty: Rig) -> None:
    text = "they said @@fault:fail@@ before"
    end = faulty.end(faulty.task(text + " Evening.", stable_tokens=len(text), plan=WHOLE))
    assert end.reason is FinishReason.STOP
    warm_up = faulty.end(faulty.task(text, slots=()))
    assert warm_up.reason is FinishReason.STOP


def test_fail_ends_the_job_failed(faulty: Rig) -> None:
    drafts, end = faulty.run(faulty.task("@@fault:fail@@"))
    assert (drafts, end.reason, end.text) == ([], FinishReason.FAILED, "")
    assert end.message


def test_garbage_is_what_a_broken_model_writes(faulty: Rig) -> None:
    end = faulty.end(faulty.task("@@fault:garbage@@", slots=(TextSlot(),), plan=WHOLE))
    assert end.text == GARBAGE
    assert all(mark in GARBAGE for mark in ("<|im_start|>", "<think>", "**", "User:", "```json"))


def test_slow_takes_ten_times_as_long_and_slows_nobody_else(faulty: Rig) -> None:
    slow, quick = faulty.task("@@fault:slow@@", plan=WHOLE), faulty.task("Evening.", plan=WHOLE, cache_key="bram")
    faulty.engine.start(slow)
    faulty.engine.start(quick)
    end = _until(faulty, quick.id)
    assert (end.usage.steps, faulty.clock.now_ns() // NS_PER_MS) == (20, 400)
    end = _until(faulty, slow.id)
    assert (end.usage.steps, end.usage.decode_ms) == (20, 4_000.0)


def _until(rig: Rig, job_id: int) -> Finished:
    while True:
        for update in rig.poll():
            if update.id == job_id and isinstance(update, Finished):
                return update


class Patience(FakeClock):
    """A clock that is asked to sleep so often only by something that never stops."""

    class Lost(Exception):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.sleeps = 0

    def sleep_until_ns(self, when_ns: int) -> None:
        self.sleeps += 1
        if self.sleeps > 10_000:
            raise self.Lost
        super().sleep_until_ns(when_ns)


def test_hang_never_comes_back_from_poll() -> None:
    rig = rig_with(Patience(), faults="on")
    rig.engine.start(rig.task("@@fault:hang@@"))
    with pytest.raises(Patience.Lost):
        rig.poll()
    assert rig.engine.steps_taken == 0, "the watchdog sees no progress"
    assert rig.clock.now_ns() > 600_000 * NS_PER_MS


def test_crash_takes_the_process_with_it() -> None:
    program = """
from npc_engine.clock import FakeClock
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.scripted import ScriptedEngine
from npc_engine.jobs import EngineTask, Plan, Sampling, TextSlot
engine = ScriptedEngine(FakeClock())
engine.load(ModelSpec(options={"faults": "on"}), lambda fraction, what: None)
tokens = tuple(engine.tokenise("@@fault:crash@@", special=False))
engine.start(EngineTask(1, "marta", tokens, (TextSlot(),), Sampling(), Plan(9, 9)))
print("alive", flush=True)
engine.poll(10**12)
print("still alive", flush=True)
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=50, check=False)
    assert (ended.returncode, ended.stdout) == (CRASH_STATUS, "alive\n")
