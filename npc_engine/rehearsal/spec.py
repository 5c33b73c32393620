"""Dialogue tests as their author writes them: YAML files in a pack's `tests/`, read as strictly as the pack itself.

tests:
  - name: Marta hides the courier
    npc: marta
    set: {flags.courier_trust: true, time: "21:00", player.place: inn}
    events: [{text: A stranger breaks a window., place: inn}]
    say: [Evening., What is that noise in your cellar?]
    expect: {locked: [buyer], may: [refuse_service], never_mentions: [cellar]}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, TypeAlias

from msgspec import Meta, field

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire.messages import Emotion
from npc_engine.world.conditions import Value
from npc_engine.world.pack import Pack
from npc_engine.world.persona import Identifier, Line, Persona, Strict
from npc_engine.world.state import WorldState
from npc_engine.world.values import set_values
from npc_engine.world.yaml_source import PackError, Problem, Source, did_you_mean, read_folder

FOLDER = "tests"

#: One word or a list of them. Not `Identifier`: msgspec 0.22 crashes on a union that holds the same pattern twice.
Choice: TypeAlias = str | list[str]


class Happening(Strict):
    """Something that happens before the talk. `npcs` saw it, else all who are at `place`, else all who are where the
    player is."""

    text: Line
    place: str = ""
    npcs: list[Identifier] | None = None
    importance: Annotated[int, Meta(ge=1, le=10)] = 5


class Expectation(Strict):
    """What must be true of the last reply, and of what the character knows and may do just before it.

    `knows` are ids of facts and lore that the line brings to mind, `locked` those that the character may not speak of,
    `may` and `may_not` are actions: these are certain. Of `mentions` at least one must stand in the reply, of
    `never_mentions` none. `action` and `emotion` are one that fits, or several.
    """

    knows: list[Identifier] = field(default_factory=list)
    locked: list[Identifier] = field(default_factory=list)
    may: list[Identifier] = field(default_factory=list)
    may_not: list[Identifier] = field(default_factory=list)
    mentions: list[Line] = field(default_factory=list)
    never_mentions: list[Line] = field(default_factory=list)
    action: Choice = field(default_factory=list)
    emotion: Choice = field(default_factory=list)


class DialogueTest(Strict):
    """A situation, the player's lines, and what is expected of the reply to the last of them."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    npc: Identifier
    say: Line | Annotated[list[Line], Meta(min_length=1)]
    set: dict[str, Value] = field(default_factory=dict)
    events: list[Happening] = field(default_factory=list)
    expect: Expectation = field(default_factory=Expectation)

    @property
    def lines(self) -> list[str]:
        """What the player says, in order."""
        return [self.say] if isinstance(self.say, str) else self.say


class _TestFile(Strict):
    tests: list[DialogueTest] = field(default_factory=list)


def load_tests(pack: Pack) -> list[DialogueTest]:
    """All tests of a pack, in the order of its files. Raises PackError with everything that is wrong with them."""
    tests: list[DialogueTest] = []
    problems: list[Problem] = []
    for _, source, file in read_folder(pack.path / FOLDER, _TestFile, problems):
        problems += _Checking(pack, source, {test.name for test in tests}).problems(file.tests)
        tests += file.tests
    if problems:
        raise PackError(sorted(problems))
    return tests


def knowable(pack: Pack, persona: Persona) -> list[str]:
    """The ids of all facts and lore that a character could ever speak of."""
    own = [fact.id for fact in persona.knowledge] + [entry.id for entry in persona.lore]
    return own + [entry.id for entry in pack.lore.entries if not entry.known_by or persona.id in entry.known_by]


def as_list(choice: Choice) -> list[str]:
    """One word or several, as several."""
    return [choice] if isinstance(choice, str) else choice


class _Checking:
    """The names in one file's tests against those of the pack. `taken` are names of tests in other files."""

    def __init__(self, pack: Pack, source: Source, taken: set[str]) -> None:
        self._pack = pack
        self._source = source
        self._taken = taken

    def problems(self, tests: list[DialogueTest]) -> Iterator[Problem]:
        for index, test in enumerate(tests):
            path = f"$.tests[{index}]"
            if test.name in self._taken:
                yield self._source.problem(f"{path}.name", f"`{test.name}` is the name of two tests; give each its own")
            self._taken.add(test.name)
            yield from self._values(path, test.set)
            for at, event in enumerate(test.events):
                where = f"{path}.events[{at}]"
                yield from self._each(
                    f"{where}.place", "place", [event.place] if event.place else [], self._pack.places
                )
                yield from self._each(f"{where}.npcs", "character", event.npcs or [], self._pack.npcs)
            yield from self._each(f"{path}.npc", "character", test.npc, self._pack.npcs)
            if test.npc in self._pack.npcs:
                yield from self._expectation(f"{path}.expect", test.expect, self._pack.npcs[test.npc])

    def _values(self, path: str, values: Mapping[str, Value]) -> Iterator[Problem]:
        state = WorldState.start(self._pack)
        for name, value in values.items():
            try:
                set_values(state, self._pack, {name: value})
            except NpcError as error:
                is_name = error.code is ErrorCode.UNKNOWN_NAME
                problem = self._source.key_problem if is_name else self._source.problem
                yield problem(f"{path}.set.{name}", error.message)

    def _expectation(self, path: str, expect: Expectation, persona: Persona) -> Iterator[Problem]:
        known = knowable(self._pack, persona)
        told = dict.fromkeys([*known, *(entry.id for entry in self._pack.lore.entries)])
        actions = [action.name for action in persona.actions]
        yield from self._each(f"{path}.knows", "fact", expect.knows, known)
        yield from self._each(f"{path}.locked", "fact", expect.locked, told)
        yield from self._each(f"{path}.may", "action", expect.may, actions)
        yield from self._each(f"{path}.may_not", "action", expect.may_not, actions)
        yield from self._each(f"{path}.action", "action", expect.action, actions)
        yield from self._each(f"{path}.emotion", "emotion", expect.emotion, list(Emotion))

    def _each(self, path: str, what: str, names: Choice, known: Iterable[str]) -> Iterator[Problem]:
        """A problem for each of `names`, the value at `path` or its items, that is not known."""
        known = list(known)
        for index, name in enumerate(as_list(names)):
            if name not in known:
                at = f"{path}[{index}]" if f"{path}[{index}]" in self._source.values else path
                yield self._source.problem(at, f"unknown {what} `{name}`; {did_you_mean(name, known)}")
