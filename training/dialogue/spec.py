"""Conversations as their writers write them: one YAML file for each character of a setting, read as strictly as its
pack. The format, with an example, is in `training/dialogues/README.md`.

A setting is a character pack that also holds a folder `conversations/`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, field

from npc_engine import limits
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.evaluation.kinds import KINDS
from npc_engine.rehearsal.spec import Happening
from npc_engine.wire.messages import Emotion
from npc_engine.world.conditions import Value
from npc_engine.world.pack import Pack, load_pack
from npc_engine.world.persona import Identifier, Line, Strict
from npc_engine.world.state import WorldState
from npc_engine.world.values import set_values
from npc_engine.world.yaml_source import PackError, Problem, Source, did_you_mean, read_folder

FOLDER = "conversations"

#: What a turn may hear. With `describe` the narrator speaks, and not the character.
CUES = ("player", "other", "bark", "describe")
#: Cues that say themselves what their turn is about.
_ABOUT_OF = {"other": "npc", "bark": "bark", "describe": "description"}


class Remark(Strict):
    """Another character says something."""

    npc: Identifier
    says: Line


class DialogueTurn(Strict):
    """Something is heard, and answered with `reply`. It hears exactly one of `CUES`; `set` and `event` come before.

    An empty `player` means that the character speaks first, an empty `bark` that it remarks on nothing in particular.
    `knows` are ids of facts that the words bring to mind. `args` are those of `action`.
    """

    reply: Line
    about: str
    player: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] | None = None
    other: Remark | None = None
    bark: Annotated[str, Meta(max_length=limits.TEXT_CHARS)] | None = None
    describe: str | None = None
    emotion: str = "neutral"
    knows: list[Identifier] = field(default_factory=list)
    action: str = ""
    args: dict[Identifier, str] = field(default_factory=dict)
    set: dict[str, Value] = field(default_factory=dict)
    event: Happening | None = None

    @property
    def cue(self) -> str:
        """Which of `CUES` it hears; of several, the first."""
        return next((cue for cue in CUES if getattr(self, cue) is not None), "")

    @property
    def words(self) -> str:
        """What is said to the character, or what it is to remark on."""
        if self.other is not None:
            return self.other.says
        return self.player or self.bark or ""


class Conversation(Strict):
    """One character's turns, in the order in which they happen, in a game that begins with `set` and `events`."""

    name: Annotated[str, Meta(min_length=1, max_length=limits.NAME_CHARS)]
    npc: Identifier
    turns: Annotated[list[DialogueTurn], Meta(min_length=1)]
    set: dict[str, Value] = field(default_factory=dict)
    events: list[Happening] = field(default_factory=list)


class _ConversationFile(Strict):
    conversations: list[Conversation] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """A conversation and where it stands: `path` leads to it in `source`."""

    conversation: Conversation
    source: Source
    path: str

    def turn_problem(self, index: int, message: str, key: str = "") -> Problem:
        """A problem with a turn, or with what stands under its `key` if it has one."""
        turn = f"{self.path}.turns[{index}]"
        where = f"{turn}.{key}"
        return self.source.problem(where if key and where in self.source.values else turn, message)


@dataclass(frozen=True, slots=True)
class Setting:
    """A pack and the conversations of its characters."""

    pack: Pack
    written: tuple[Written, ...]

    @property
    def id(self) -> str:
        """Its name: the pack's id."""
        return self.pack.info.id


def find_settings(folder: Path, names: Sequence[str] = ()) -> list[Path]:
    """The folders of the settings in `folder`, or of the named ones. Raises NpcError (PACK_INVALID)."""
    known = {path.parent.name: path.parent for path in sorted(folder.glob("*/pack.yaml"))}
    if not known:
        raise NpcError(ErrorCode.PACK_INVALID, f"{folder} holds no setting: none of its folders has a pack.yaml.")
    for name in names:
        if name not in known:
            raise NpcError(ErrorCode.PACK_INVALID, f"{folder} has no setting `{name}`; {did_you_mean(name, known)}")
    return [known[name] for name in names or known]


def load_setting(folder: Path) -> Setting:
    """The pack in `folder` and its conversations. Raises PackError with everything that is wrong."""
    setting, problems = read_setting(folder)
    if problems:
        raise PackError(problems)
    return setting


def read_setting(folder: Path) -> tuple[Setting, list[Problem]]:
    """The pack in `folder`, those of its conversations in which nothing is wrong, and what is wrong with the others.
    Raises PackError if the pack itself cannot be used."""
    pack = load_pack(folder)
    written: list[Written] = []
    problems: list[Problem] = []
    names: set[str] = set()
    for path, source, file in read_folder(folder / FOLDER, _ConversationFile, problems):
        for index, conversation in enumerate(file.conversations):
            one = Written(conversation, source, f"$.conversations[{index}]")
            wrong = list(_Checking(pack, one, path.stem, names).problems())
            problems += wrong
            if not wrong:
                written.append(one)
    return Setting(pack, tuple(written)), sorted(problems)


class _Checking:
    """One conversation's names against those of the pack. `taken` are names of others in the same setting."""

    def __init__(self, pack: Pack, written: Written, stem: str, taken: set[str]) -> None:
        self._pack = pack
        self._written = written
        self._source = written.source
        self._stem = stem
        self._taken = taken

    def problems(self) -> Iterator[Problem]:
        written, conversation = self._written, self._written.conversation
        if conversation.name in self._taken:
            message = f"`{conversation.name}` is the name of two conversations; give each its own"
            yield self._source.problem(f"{written.path}.name", message)
        self._taken.add(conversation.name)
        if conversation.npc not in self._pack.npcs:
            yield self._unknown(f"{written.path}.npc", "character", conversation.npc, self._pack.npcs)
            return
        if conversation.npc != self._stem:
            message = f"a conversation of `{conversation.npc}` belongs into {conversation.npc}.yaml"
            yield self._source.problem(f"{written.path}.npc", message)
        yield from self._values(written.path, conversation.set)
        for at, event in enumerate(conversation.events):
            yield from self._event(f"{written.path}.events[{at}]", event)
        for index, turn in enumerate(conversation.turns):
            yield from self._turn(f"{written.path}.turns[{index}]", index, turn)

    def _turn(self, path: str, index: int, turn: DialogueTurn) -> Iterator[Problem]:
        cues = [cue for cue in CUES if getattr(turn, cue) is not None]
        if len(cues) != 1:
            heard = " and ".join(f"`{cue}`" for cue in cues) or "nothing"
            yield self._written.turn_problem(index, f"hears {heard}; a turn hears one of {', '.join(CUES)}")
        elif (about := _ABOUT_OF.get(cues[0])) and turn.about != about:
            yield self._source.problem(f"{path}.about", f"a turn with `{cues[0]}` is about `{about}`")
        elif turn.about in _ABOUT_OF.values() and cues[0] not in _ABOUT_OF:
            yield self._source.problem(f"{path}.about", f"`{turn.about}` is what a turn with another cue is about")
        if turn.about not in KINDS:
            yield self._unknown(f"{path}.about", "subject", turn.about, KINDS)
        if turn.other and (turn.other.npc not in self._pack.npcs or turn.other.npc == self._stem):
            others = [npc for npc in self._pack.npcs if npc != self._stem]
            yield self._unknown(f"{path}.other.npc", "other character", turn.other.npc, others)
        if turn.describe is not None and turn.describe not in self._pack.places:
            yield self._unknown(f"{path}.describe", "place", turn.describe, self._pack.places)
        if turn.emotion not in list(Emotion):
            yield self._unknown(f"{path}.emotion", "emotion", turn.emotion, Emotion)
        if turn.args and not turn.action:
            yield self._source.problem(f"{path}.args", "arguments without an action")
        yield from self._values(path, turn.set)
        if turn.event is not None:
            yield from self._event(f"{path}.event", turn.event)

    def _values(self, path: str, values: Mapping[str, Value]) -> Iterator[Problem]:
        state = WorldState.start(self._pack)
        for name, value in values.items():
            try:
                set_values(state, self._pack, {name: value})
            except NpcError as error:
                is_name = error.code is ErrorCode.UNKNOWN_NAME
                problem = self._source.key_problem if is_name else self._source.problem
                yield problem(f"{path}.set.{name}", error.message)

    def _event(self, path: str, event: Happening) -> Iterator[Problem]:
        if event.place and event.place not in self._pack.places:
            yield self._unknown(f"{path}.place", "place", event.place, self._pack.places)
        for at, npc in enumerate(event.npcs or ()):
            if npc not in self._pack.npcs:
                yield self._unknown(f"{path}.npcs[{at}]", "character", npc, self._pack.npcs)

    def _unknown(self, path: str, what: str, name: str, known: Iterable[str]) -> Problem:
        return self._source.problem(path, f"unknown {what} `{name}`; {did_you_mean(name, known)}")
