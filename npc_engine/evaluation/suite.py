"""Suites as their writers write them: settings, which are packs, with scenarios; read as strictly as a pack. The format
is in `SUITES.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.kinds import KINDS
from npc_engine.evaluation.situation import Situation
from npc_engine.ops.stage import Stage
from npc_engine.prompt.chat_formats import PLAIN
from npc_engine.rehearsal.spec import Choice, Happening, as_list
from npc_engine.wire.messages import Emotion
from npc_engine.world.conditions import Value
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.persona import Identifier, Line, Strict
from npc_engine.world.state import PLAYER, WorldState
from npc_engine.world.values import set_values
from npc_engine.world.yaml_source import PackError, Problem, Source, did_you_mean, read_folder

FOLDER = "scenarios"
#: As an expected action: nothing is done.
NONE = "none"
#: What a scenario may ask for.
CUES = ("say", "bark", "describe")


class Expected(Strict):
    """What must be true of the last reply; `knows` and `locked` of what its prompt holds. See `SUITES.md`."""

    states: list[Line] = field(default_factory=list)
    admits: bool = False
    admits_too: list[Line] = field(default_factory=list)
    inventions: list[Line] = field(default_factory=list)
    leaks: list[Line] = field(default_factory=list)
    obeys: list[Line] = field(default_factory=list)
    action: Choice = field(default_factory=list)
    emotion: Choice = field(default_factory=list)
    knows: list[Identifier] = field(default_factory=list)
    locked: list[Identifier] = field(default_factory=list)


class Scenario(Strict):
    """A situation, what is said or asked for, and what is expected of the last reply."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    kind: str
    npc: str = ""
    say: Line | Annotated[list[Line], Meta(min_length=1)] = field(default_factory=list)
    bark: str | None = None
    describe: str | None = None
    speaker: str = PLAYER
    set: dict[str, Value] = field(default_factory=dict)
    events: list[Happening] = field(default_factory=list)
    expect: Expected = field(default_factory=Expected)

    @property
    def lines(self) -> list[str]:
        """What is said to the character, in order."""
        return [self.say] if isinstance(self.say, str) else self.say


class _ScenarioFile(Strict):
    scenarios: list[Scenario] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Setting:
    """A pack and what is tried in it."""

    pack: Pack
    scenarios: tuple[Scenario, ...]


def load_suite(folder: Path) -> list[Setting]:
    """All settings of the suite. Raises NpcError (PACK_INVALID) if there are none, PackError with everything that is
    wrong with them."""
    paths = [path.parent for path in sorted(folder.glob("*/pack.yaml"))]
    settings: list[Setting] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            settings.append(_load_setting(path))
        except PackError as error:
            problems += error.problems
    if problems:
        raise PackError(sorted(problems))
    settings = [setting for setting in settings if setting.scenarios]
    if not settings:
        message = f"{folder} is no suite: none of its folders is a pack with {FOLDER}/ in it; see SUITES.md"
        raise NpcError(ErrorCode.PACK_INVALID, message)
    return settings


def _load_setting(folder: Path) -> Setting:
    pack = load_pack(folder)
    scenarios: list[Scenario] = []
    problems: list[Problem] = []
    names: set[str] = set()
    with closing(Stage(folder)) as stage:
        for _, source, file in read_folder(folder / FOLDER, _ScenarioFile, problems):
            for index, scenario in enumerate(file.scenarios):
                problems += _Checking(stage, source, f"$.scenarios[{index}]", names).problems(scenario)
                scenarios.append(scenario)
    if problems:
        raise PackError(sorted(problems))
    return Setting(pack, tuple(scenarios))


class _Checking:
    """One scenario against its pack. `taken` are the names of others in the same setting."""

    def __init__(self, stage: Stage, source: Source, path: str, taken: set[str]) -> None:
        self._stage = stage
        self._pack = stage.pack
        self._source = source
        self._path = path
        self._taken = taken

    def problems(self, scenario: Scenario) -> list[Problem]:
        """What is wrong with it. What its words bring to mind is only looked at if all its names are known."""
        wrong = list(self._names(scenario))
        return wrong or list(self._knowledge(scenario))

    def _names(self, scenario: Scenario) -> Iterator[Problem]:
        if scenario.name in self._taken:
            yield self._problem("name", f"`{scenario.name}` is the name of two scenarios; give each its own")
        self._taken.add(scenario.name)
        yield from self._known("kind", "kind", [scenario.kind], KINDS)
        asked = [cue for cue in CUES if getattr(scenario, cue) not in (None, [])]
        if len(asked) != 1:
            yield self._problem("", f"asks for {' and '.join(asked) or 'nothing'}; one of {', '.join(CUES)}")
        persona = self._pack.npcs.get(scenario.npc)
        if scenario.describe is not None:
            yield from self._known("describe", "place", [scenario.describe], self._pack.places)
            if scenario.npc:
                yield self._problem("npc", "the narrator describes a place, no character")
        elif persona is None:
            yield from self._known("npc", "character", [scenario.npc], self._pack.npcs)
        yield from self._known("speaker", "character", [scenario.speaker], [PLAYER, *self._pack.npcs])
        for at, event in enumerate(scenario.events):
            where = f"events[{at}]"
            yield from self._known(f"{where}.place", "place", filter(None, [event.place]), self._pack.places)
            yield from self._known(f"{where}.npcs", "character", event.npcs or (), self._pack.npcs)
        yield from self._values(scenario.set)
        expect = scenario.expect
        yield from self._known("expect.emotion", "emotion", as_list(expect.emotion), Emotion)
        actions = [action.name for action in persona.actions] if persona else []
        yield from self._known("expect.action", "action", as_list(expect.action), [NONE, *actions])
        if expect.admits_too and not expect.admits:
            yield self._problem("expect.admits_too", "is only looked at beside `admits: true`")

    def _values(self, values: Mapping[str, Value]) -> Iterator[Problem]:
        state = WorldState.start(self._pack)
        for name, value in values.items():
            try:
                set_values(state, self._pack, {name: value})
            except NpcError as error:
                is_name = error.code is ErrorCode.UNKNOWN_NAME
                problem = self._source.key_problem if is_name else self._source.problem
                yield problem(f"{self._path}.set.{name}", error.message)

    def _knowledge(self, scenario: Scenario) -> Iterator[Problem]:
        """Whether the last words bring up what the scenario says they do."""
        expect = scenario.expect
        if not expect.knows and not expect.locked:
            return
        if scenario.describe is not None:
            yield self._problem("expect", "a description brings no facts to mind: leave out `knows` and `locked`")
            return
        slot = f"check/{self._source.file}/{scenario.name}"
        situation = Situation(self._stage, slot, scenario.npc, PLAIN, scenario.set, scenario.events)
        if scenario.bark is not None:
            mind, _ = situation.to_remark(scenario.bark)
        else:
            for words in scenario.lines:
                mind, _ = situation.asked(words, scenario.speaker)
        told = [known.id for known in mind.told]
        locked = {each.id for each in mind.locked()}
        for fact in expect.knows:
            if fact not in told:
                why = "is locked now" if fact in locked else f"is not brought up; {', '.join(told) or 'nothing'} is"
                yield self._problem("expect.knows", f"`{fact}` {why}")
        for fact in expect.locked:
            if fact not in locked:
                yield self._problem("expect.locked", f"`{fact}` is not locked now")

    def _known(self, key: str, what: str, names: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
        known = list(known)
        for name in names:
            if name not in known:
                yield self._problem(key, f"unknown {what} `{name}`; {did_you_mean(name, known)}")

    def _problem(self, key: str, message: str) -> Problem:
        """At the value under `key`, or at the scenario where it has none."""
        path = f"{self._path}.{key}"
        return self._source.problem(path if key and path in self._source.values else self._path, message)


def only(settings: Iterable[Setting], text: str) -> list[Setting]:
    """The scenarios with this in their name or kind."""
    kept = [
        replace(
            setting,
            scenarios=tuple(each for each in setting.scenarios if text in each.name.lower() or text == each.kind),
        )
        for setting in settings
    ]
    return [setting for setting in kept if setting.scenarios]
