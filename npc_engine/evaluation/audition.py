"""Scenarios played with an engine: each talk from its beginning, one draft to each line, every draft judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from npc_engine.evaluation.scenario_checks import Reply, check_expected, check_reply
from npc_engine.evaluation.situation import Situation
from npc_engine.evaluation.speaker import Write
from npc_engine.evaluation.suite import Scenario, Setting
from npc_engine.jobs import Finished, Segment
from npc_engine.ops.mind import Mind
from npc_engine.ops.stage import Stage
from npc_engine.prompt.builder import Prompt
from npc_engine.prompt.chat_formats import ChatFormat
from npc_engine.prompt.guard import Guard
from npc_engine.prompt.reply import ACTION, EMOTION
from npc_engine.wire.messages import Emotion, Source
from npc_engine.world.instinct import Instinct

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One reply and what is to be said of it. `last`: what the scenario expects was judged by this one."""

    setting: str
    scenario: str
    kind: str
    npc: str
    seed: int
    line: int
    heard: str
    text: str
    emotion: str
    deed: str
    last: bool
    checks: Mapping[str, bool]

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What it shares with the reply of another model to the same line."""
        return self.setting, self.scenario, self.seed, self.line


def audition(
    settings: Sequence[Setting], form: ChatFormat, seeds: Sequence[int], write: Write, *, examples: bool = True
) -> Iterator[Spoken]:
    """Every reply to every scenario with every seed. `form` is how the model's prompts are written; without `examples`
    the characters have none."""
    for setting in settings:
        with closing(Stage(setting.pack.path)) as stage:
            for persona in stage.pack.npcs.values() if not examples else ():
                persona.examples.clear()
            for scenario in setting.scenarios:
                for seed in seeds:
                    yield from _Talk(stage, setting, scenario, form, seed, write).play()


def total_lines(settings: Sequence[Setting], seeds: Sequence[int]) -> int:
    """How many replies there will be."""
    return len(seeds) * sum(max(1, len(scenario.lines)) for setting in settings for scenario in setting.scenarios)


class _Talk:
    """One scenario with one seed."""

    def __init__(
        self, stage: Stage, setting: Setting, scenario: Scenario, form: ChatFormat, seed: int, write: Write
    ) -> None:
        self._setting = setting.pack.info.id
        self._scenario = scenario
        self._seed = seed
        self._write = write
        self._key = f"{self._setting}/{scenario.npc}"
        slot = f"{scenario.name}/{seed}"
        self._situation = Situation(stage, slot, scenario.npc, form, scenario.set, scenario.events)

    def play(self) -> Iterator[Spoken]:
        situation, scenario = self._situation, self._scenario
        if scenario.describe is not None:
            yield self._judged(0, scenario.describe, None, situation.to_describe(scenario.describe))
        elif scenario.bark is not None:
            yield self._judged(0, scenario.bark, *situation.to_remark(scenario.bark))
        for number, words in enumerate(scenario.lines):
            mind, prompt = situation.asked(words, scenario.speaker)
            spoken = self._judged(number, words, mind, prompt)
            deed = next((name for name, deed in mind.deeds.items() if deed.action == spoken.deed), "")
            # As in a game: what the guard refuses is replaced, and a stand-in is not remembered.
            refused = Guard(mind.persona, situation.said, words).finish(spoken.text).rejected
            source = Source.AUTHORED if refused else Source.MODEL
            situation.answered(mind, spoken.text, spoken.emotion, deed, source)
            yield spoken

    def _judged(self, number: int, heard: str, mind: Mind | None, prompt: Prompt) -> Spoken:
        scenario = self._scenario
        instinct = mind.instinct if mind else Instinct()
        examples = tuple(example.reply for example in mind.persona.examples) if mind else ()
        script = instinct.lines or examples
        finished = self._write(prompt, self._seed, self._key, script)
        emotion, deed = _manner(finished, mind, instinct)
        reply = Reply(
            text=finished.text,
            kind=scenario.kind,
            persona=mind.persona if mind else None,
            said_before=tuple(self._situation.said) if mind else (),
            prompt=vocabulary(prompt.segments),
            emotion=emotion,
            deed=deed,
            possible={each.action for each in mind.deeds.values()} if mind else (),
        )
        last = number == max(1, len(scenario.lines)) - 1
        return Spoken(
            setting=self._setting,
            scenario=scenario.name,
            kind=scenario.kind,
            npc=scenario.npc,
            seed=self._seed,
            line=number + 1,
            heard=heard,
            text=finished.text.strip(),
            emotion=emotion,
            deed=deed,
            last=last,
            checks=check_reply(reply) | (check_expected(reply, scenario.expect) if last else {}),
        )


def vocabulary(segments: Sequence[Segment]) -> frozenset[str]:
    """The words of a prompt, numbers too, in lower case."""
    found = _WORD.findall(" ".join(segment.text for segment in segments).lower())
    return frozenset(word.replace("\u2019", "'") for word in found)


def _manner(finished: Finished, mind: Mind | None, instinct: Instinct) -> tuple[str, str]:
    """What is felt and done: as the model chose, else by the author's examples, as in a game."""
    chosen = finished.choices
    emotion = chosen.get(EMOTION, instinct.emotion if mind else Emotion.NEUTRAL)
    deed = mind.deeds.get(chosen.get(ACTION, instinct.deed)) if mind else None
    return emotion, deed.action if deed else ""
