"""What every engine must do. One suite over all of them: `scripted` in fake time, `llama` and `openvino` with the small
model, `diffusion` with a tiny one of random weights.

An engine that appends never takes a word back; one that drafts rewrites its line each step, and only what it calls
stable stays.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from engine_rig import GREEDY, LINE, SCRIPT, Rig, persona, question

from npc_engine.clock import NS_PER_S, FakeClock, SystemClock
from npc_engine.engines import registry
from npc_engine.engines.base import ModelSpec
from npc_engine.engines.sentence import sentence_end
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.jobs import ChoiceSlot, EngineTask, FinishReason, Plan, Sampling, TextSlot, Update

MOODS = ("joy", "anger", "sadness", "neutral")
#: One option begins another, and one differs from its neighbour in its last token only.
DEEDS = ("give", "give_room_key", "give_room_keg", "none")
UNLIMITED = Plan(max_steps=200, soft_steps=200)
#: Engines that need a model file.
MODELLED = ("llama", "openvino")
#: Engines of which a batch's size changes the rounding.
BATCH_ROUNDS = {"llama", "openvino"}
#: How a draft may end when its steps are used up: it is taken as it is.
LIMITED = {FinishReason.LENGTH, FinishReason.SENTENCE, FinishReason.STOP}


def loaded(name: str, spec: ModelSpec) -> Rig:
    clock = FakeClock() if name == "scripted" else SystemClock()
    engine = registry.create(name, clock)
    told: list[float] = []
    engine.load(spec, lambda fraction, what: told.append(fraction))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    # A random model amplifies rounding tenfold a step: so the draft engine gets few, and float64.
    plan = Plan(16, 16) if engine.caps.kind == "append" else Plan(8, 8)
    return Rig(engine, clock, deterministic=name not in BATCH_ROUNDS, plan=plan)


@pytest.fixture(scope="module")
def scripted_rig() -> Iterator[Rig]:
    rig = loaded("scripted", ModelSpec(chat_format="chatml", context_tokens=256, max_parallel=3))
    yield rig
    rig.engine.close()


@pytest.fixture(scope="module")
def llama_rig(small_model: Path) -> Iterator[Rig]:
    options = {"slots": "4"}
    spec = ModelSpec("small", small_model, "chatml", context_tokens=512, max_parallel=3, threads=1, options=options)
    rig = loaded("llama", spec)
    yield rig
    rig.engine.close()


@pytest.fixture(scope="module")
def openvino_rig(small_model: Path) -> Iterator[Rig]:
    pytest.importorskip("openvino_genai", reason="needs the extra `openvino`")
    spec = ModelSpec("small", small_model, "chatml", context_tokens=512, max_parallel=3, threads=1)
    rig = loaded("openvino", spec)
    yield rig
    rig.engine.close()


@pytest.fixture(scope="module")
def diffusion_rig() -> Iterator[Rig]:
    pytest.importorskip("torch", reason="needs the extra `gpu`")
    options = {"random_weights": "tiny", "weights": "fp64"}
    spec = ModelSpec("noise", None, "chatml", context_tokens=512, max_parallel=3, threads=1, options=options)
    rig = loaded("diffusion", spec)
    yield rig
    rig.engine.close()


@pytest.fixture(params=["scripted", "diffusion", *(pytest.param(name, marks=pytest.mark.model) for name in MODELLED)])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    rig: Rig = request.getfixturevalue(f"{request.param}_rig")
    yield rig
    assert rig.drain() == [], "an engine at rest has nothing to tell"


def test_caps_say_what_the_spec_asked_for(rig: Rig) -> None:
    caps = rig.engine.caps
    assert caps.name in registry.ENGINES
    assert caps.kind == ("draft" if caps.name == "diffusion" else "append")
    assert (caps.max_parallel, caps.chat_format) == (3, "chatml")
    assert caps.context_tokens >= 512
    assert caps.step_timeout_ms >= 1_000
    assert caps.lockstep is (caps.name != "llama")


def test_drafts_grow_and_the_end_begins_with_them(rig: Rig) -> None:
    before = rig.engine.steps_taken
    task = rig.task()
    drafts, end = rig.run(task)
    texts = ["", *(draft.text[: draft.stable] for draft in drafts), end.text]
    assert len(drafts) > 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert all(draft.stable == len(draft.text) for draft in drafts) or rig.drafts
    assert [draft.steps for draft in drafts] == sorted({draft.steps for draft in drafts})
    assert end.reason in LIMITED if rig.drafts else end.reason is FinishReason.LENGTH
    assert end.usage.prompt_tokens >= len(task.tokens)
    assert end.usage.steps == task.plan.max_steps
    assert end.usage.output_tokens == end.usage.steps or rig.drafts
    assert end.usage.decode_ms > 0.0
    assert rig.engine.steps_taken >= before + task.plan.max_steps


def test_the_same_seed_says_the_same(rig: Rig) -> None:
    lively = Sampling(temperature=1.0, seed=11)
    assert len({rig.end(rig.task(sampling=lively)).text for _ in range(2)}) == 1
    assert len({rig.end(rig.task(sampling=GREEDY)).text for _ in range(2)}) == 1


def test_seeds_differ(rig: Rig) -> None:
    texts = {rig.end(rig.task(sampling=Sampling(temperature=1.5, min_p=0.01, seed=seed))).text for seed in range(6)}
    assert len(texts) > 1


def test_a_stop_string_ends_the_line_before_itself(rig: Rig) -> None:
    slot = TextSlot(max_tokens=200, stop=("e", "<|"))
    end = rig.end(rig.task(slots=(slot,), plan=UNLIMITED))
    assert end.reason is FinishReason.STOP
    assert "e" not in end.text


@pytest.mark.parametrize("options", [MOODS, DEEDS, ("only",)], ids=["one token", "shared beginnings", "no choice"])
def test_a_choice_is_one_of_its_options(rig: Rig, options: tuple[str, ...]) -> None:
    picked = set()
    for seed in range(5):
        slots = (ChoiceSlot("pick", options, lead="pick: "), TextSlot(lead="\nline: ", stop=("<|",)))
        sampling = Sampling(temperature=2.0, seed=seed)
        drafts, end = rig.run(rig.task(slots=slots, sampling=sampling, plan=Plan(2, 2)))
        picked.add(end.choices["pick"])
        assert end.text
        assert all(draft.choices == end.choices for draft in drafts)
    assert picked <= set(options)


def test_a_reply_may_be_choices_alone(rig: Rig) -> None:
    slots = (ChoiceSlot("mood", MOODS), ChoiceSlot("deed", DEEDS, lead="\n"))
    end = rig.end(rig.task(slots=slots))
    assert (end.reason, end.text, list(end.choices)) == (FinishReason.STOP, "", ["mood", "deed"])


def test_the_soft_limit_ends_at_a_sentence(rig: Rig) -> None:
    if rig.drafts:
        pytest.skip("a draft is whole from its first step on: no step ends it softly")
    plan = Plan(max_steps=120, soft_steps=2)
    end = rig.end(rig.task(slots=(TextSlot(max_tokens=120),), plan=plan))
    assert end.reason is FinishReason.SENTENCE
    assert sentence_end(end.text) == len(end.text)
    assert 2 <= end.usage.steps < 120


@pytest.mark.parametrize("max_steps", [1, 3])
def test_the_hard_limit_is_kept(rig: Rig, max_steps: int) -> None:
    end = rig.end(rig.task(plan=Plan(max_steps, soft_steps=max_steps + 1)))
    assert end.usage.steps == max_steps
    assert end.reason in LIMITED if rig.drafts else end.reason is FinishReason.LENGTH
    assert end.text


def test_a_plan_can_be_cut_while_it_runs(rig: Rig) -> None:
    task = rig.task(slots=(TextSlot(max_tokens=200),), plan=UNLIMITED)
    rig.engine.start(task)
    rig.engine.replan(task.id, Plan(5, 5))
    rig.engine.replan(999_999, Plan(5, 5))
    _, end = rig.finish(task.id)[task.id]
    assert end.usage.steps == 5
    assert end.reason in LIMITED if rig.drafts else end.reason is FinishReason.LENGTH


def test_a_running_task_is_cancelled_once(rig: Rig) -> None:
    task = rig.task(slots=(TextSlot(max_tokens=300),), plan=UNLIMITED)
    rig.engine.start(task)
    shown: list[Update] = []
    while not shown:
        shown = [update for update in rig.poll() if update.text]
    rig.engine.cancel(task.id)
    rig.engine.cancel(task.id)
    _, end = rig.finish(task.id)[task.id]
    assert end.reason is FinishReason.CANCELLED
    assert end.text or rig.drafts  # of a draft only what is stable stands
    rig.engine.cancel(task.id)


def test_a_task_is_cancelled_while_its_prompt_is_read(rig: Rig) -> None:
    window = rig.engine.caps.context_tokens
    tokens = tuple(rig.engine.tokenise("The river rose by the mill. " * window, special=False)[: window - 40])
    for slots in ((LINE,), ()):
        task = rig.task(tokens=tokens, slots=slots, cache_key=f"cancelled {len(slots)}")
        rig.engine.start(task)
        rig.engine.cancel(task.id)
        drafts, end = rig.finish(task.id)[task.id]
        assert (drafts, end.reason, end.text) == ([], FinishReason.CANCELLED, "")
    assert rig.end(rig.task()).text


def test_cancelling_what_is_unknown_does_nothing(rig: Rig) -> None:
    rig.engine.cancel(999_999)
    assert rig.drain() == []


def test_cancelling_one_leaves_the_others_alone(rig: Rig) -> None:
    tasks = [rig.task(cache_key=name) for name in ("ada", "bram", "cole")]
    alone = rig.end(rig.task(cache_key="ada")).text
    for task in tasks:
        rig.engine.start(task)
    rig.engine.cancel(tasks[1].id)
    ends = rig.finish(*(task.id for task in tasks))
    assert [ends[task.id][1].reason for task in tasks].count(FinishReason.CANCELLED) == 1
    assert ends[tasks[0].id][1].text == alone or not rig.deterministic


def test_a_warm_up_reads_the_prompt_that_the_line_then_finds(rig: Rig) -> None:
    task = rig.task(persona("Wilma") + question("Who are you?"), cache_key="wilma")
    drafts, warm = rig.run(rig.task(tokens=task.tokens, slots=(), cache_key="wilma"))
    assert (drafts, warm.reason, warm.text) == ([], FinishReason.STOP, "")
    assert warm.usage.prompt_tokens == len(task.tokens)
    assert (warm.usage.steps, warm.usage.output_tokens) == (0, 0)
    assert rig.end(task).usage.cached_tokens >= len(task.tokens) - 1


def test_the_persona_is_read_once(rig: Rig) -> None:
    start = persona("Perrin")
    first = rig.end(rig.task(start + question("Who built the mill?"), cache_key="perrin"))
    rig.end(rig.task(persona("Somebody") + question("And you?"), cache_key="somebody"))
    second = rig.end(rig.task(start + question("Tell me about the flood."), cache_key="perrin"))
    assert first.usage.prompt_tokens > first.usage.cached_tokens
    assert second.usage.cached_tokens >= len(rig.engine.tokenise(start, special=True))


def test_tasks_at_once_say_what_they_say_alone(rig: Rig) -> None:
    def tasks() -> list[EngineTask]:
        return [
            rig.task(persona(name) + question("How was your day?"), cache_key=name, sampling=Sampling(0.0, seed=seed))
            for seed, name in enumerate(("Hale", "Odo", "Joss"))
        ]

    alone = [rig.end(task).text for task in tasks()]
    together = rig.run_all(*tasks())
    texts = [end.text for _, end in together.values()]
    assert all(texts)
    assert texts == alone or not rig.deterministic  # batch sizes change a model's rounding


def test_two_tasks_of_one_character_do_not_disturb_each_other(rig: Rig) -> None:
    ends = rig.run_all(rig.task(), rig.task(), rig.task())
    texts = {end.text for _, end in ends.values()}
    assert all(texts)
    assert len(texts) == 1 or not rig.deterministic


def test_a_pre_empted_task_goes_on_from_its_text(rig: Rig) -> None:
    slots = (ChoiceSlot("mood", MOODS, lead="mood: "), TextSlot(lead="\nline: "))
    whole = rig.end(rig.task(slots=slots, plan=Plan(12, 12)))
    first = rig.end(rig.task(slots=slots, plan=Plan(5, 5)))
    if rig.drafts:
        first = msgspec.structs.replace(first, text="The bridge fell ")
    drafts, rest = rig.run(
        rig.task(slots=slots, plan=Plan(7, 7), resume=first.text, choices=first.choices),
    )
    assert all(draft.text.startswith(first.text) for draft in drafts)
    assert rest.text.startswith(first.text)
    assert len(rest.text) > len(first.text)
    assert rest.choices == first.choices == whole.choices
    assert rest.usage.steps == 7
    assert rest.text == whole.text or rig.drafts or not rig.deterministic


def test_a_resumed_task_keeps_its_text_when_cancelled(rig: Rig) -> None:
    task = rig.task(resume=SCRIPT[0][:20], cache_key="resumed")
    rig.engine.start(task)
    rig.engine.cancel(task.id)
    _, end = rig.finish(task.id)[task.id]
    assert (end.reason, end.text) == (FinishReason.CANCELLED, task.resume)


def test_wake_ends_a_wait(rig: Rig) -> None:
    rig.engine.wake()
    until_ns = rig.clock.now_ns() + 3_600 * NS_PER_S
    assert rig.engine.poll(until_ns) == []
    assert rig.clock.now_ns() < until_ns


def test_poll_returns_when_its_time_is_up(rig: Rig) -> None:
    until_ns = rig.clock.now_ns() + 1_000_000
    assert rig.engine.poll(until_ns) == []
    assert rig.clock.now_ns() >= until_ns
    assert rig.engine.poll(0) == []


def test_a_prompt_longer_than_the_window_is_refused(rig: Rig) -> None:
    token = rig.engine.tokenise("a", special=False)[0]
    for slots in ((LINE,), ()):
        task = rig.task(tokens=(token,) * (rig.engine.caps.context_tokens + 1), slots=slots)
        drafts, end = rig.run(task)
        assert (drafts, end.reason, end.text) == ([], FinishReason.TOO_LONG, "")


def test_tokens_of_plain_text_do_not_depend_on_trust(rig: Rig) -> None:
    for text in ("", "Evening, love.", "Grüße 🐺 你好"):
        assert rig.engine.tokenise(text, special=True) == rig.engine.tokenise(text, special=False)


@pytest.mark.model
@pytest.mark.parametrize("name", MODELLED)
def test_control_tokens_in_untrusted_text_are_plain_text(name: str, request: pytest.FixtureRequest) -> None:
    rig: Rig = request.getfixturevalue(f"{name}_rig")
    control = rig.engine.tokenise("<|im_end|>", special=True)
    assert len(control) == 1
    plain = rig.engine.tokenise("<|im_end|> end <|im_start|>", special=False)
    assert len(plain) > 3
    assert control[0] not in plain


def test_closing_twice_is_closing_once() -> None:
    rig = loaded("scripted", ModelSpec())
    rig.engine.close()
    rig.engine.close()


@pytest.mark.model
def test_closing_ends_what_runs(small_model: Path) -> None:
    rig = loaded("llama", ModelSpec("small", small_model, context_tokens=256, max_parallel=1, threads=1))
    rig.engine.start(rig.task(plan=UNLIMITED, slots=(TextSlot(max_tokens=200),)))
    rig.engine.close()
    rig.engine.close()
    with pytest.raises(NpcError) as caught:
        rig.engine.tokenise("a", special=False)
    assert caught.value.code is ErrorCode.ENGINE_FAILED
