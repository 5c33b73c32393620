"""Every prompt and seed in every setting, each compared with its own reference."""

from __future__ import annotations

from dataclasses import replace

from writer import ALL, GOOD, LABELS, Writer, marta, run

from npc_engine.engines.diffusion.manner import Choices, Manner, Written
from npc_engine.evaluation.experiment import Experiment
from npc_engine.evaluation.settings import CONTROL, OTHER_SEEDS, QUESTIONS, REFERENCE, STEPS, WIDTHS

TOLD = next(setting for setting in ALL if setting.manner.choices is Choices.GIVEN)


def test_each_setting_departs_in_one_thing_but_for_the_engine_itself() -> None:
    names = [REFERENCE.name, *(setting.name for setting in ALL)]
    assert len(set(names)) == len(names)
    for question in QUESTIONS[:3]:
        for setting in question.settings:
            pairs = zip(astuple(setting.manner), astuple(REFERENCE.manner), strict=True)
            assert sum(own != reference for own, reference in pairs) == 1
    assert {setting.manner.width for setting in QUESTIONS[0].settings} | {REFERENCE.manner.width} == set(WIDTHS)
    assert {setting.manner.steps for setting in QUESTIONS[1].settings} | {REFERENCE.manner.steps} == set(STEPS)


def astuple(manner: Manner) -> tuple[object, ...]:
    return manner.width, manner.steps, manner.choices, manner.to_the_end, manner.holds


def test_all_is_written_once_with_the_same_seeds() -> None:
    writer, told = Writer(), list[str]()
    experiment = Experiment(marta(2), ALL, range(1, 4))
    experiment.run(writer, told.append)
    assert len(experiment.lines) == experiment.total == len(writer.attempts) == len(told) == 2 * 3 * (1 + len(ALL))
    own = [attempt.seed for attempt in writer.attempts if attempt.seed < OTHER_SEEDS]
    assert all(own.count(seed) == 2 * len(ALL) for seed in (1, 2, 3))
    control = [line.seed for line in experiment.lines if line.setting == CONTROL.name]
    assert control == [1, 2, 3] * 2  # it is paired by the seed it stands for


def test_given_labels_are_those_of_the_reference_with_the_same_seed() -> None:
    def speak(manner: Manner, seed: int) -> Written:
        return replace(GOOD, choices=LABELS | {"emotion": "joy" if seed % 2 else "fear"})

    writer = Writer(speak)
    run(writer, [CONTROL, TOLD], seeds=2)
    given = {attempt.seed: attempt.given for attempt in writer.attempts if attempt.manner.choices is Choices.GIVEN}
    assert given == {1: LABELS | {"emotion": "joy"}, 2: LABELS | {"emotion": "fear"}}


def test_labels_compare_only_where_both_chose() -> None:
    def speak(manner: Manner, seed: int) -> Written:
        if manner == REFERENCE.manner and seed == 2:
            return replace(GOOD, choices={"action": "talks"})  # no allowed emotion
        return replace(GOOD, choices=LABELS | ({"emotion": "fear"} if manner.width == 64 else {}))

    narrow = next(setting for setting in ALL if setting.name == "width 64")
    same = {(line.setting, line.seed): line.same_labels for line in run(Writer(speak), [narrow, TOLD], seeds=2).lines}
    assert same["width 64", 1] is False
    assert same["width 64", 2] is None
    assert same[TOLD.name, 1] is None
    assert same[REFERENCE.name, 1] is True


def test_lines_are_likened_to_the_reference() -> None:
    def speak(manner: Manner, seed: int) -> Written:
        return GOOD if manner.steps == 48 else replace(GOOD, text="Evening, sir. Wipe those boots.")

    lines = {line.setting: line for line in run(Writer(speak), seeds=1).lines}
    assert lines["width 32"].alike == 1.0
    assert lines["4 steps"].alike == 0.8
    assert lines["4 steps"].words == 5
