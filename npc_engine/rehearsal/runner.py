"""Plays dialogue tests through a daemon, each in a save slot made anew, and collects what came of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from npc_engine.client.replies import Reply, RequestError
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.rehearsal.judge import Answer, Insight, Verdict, judge_answer, judge_character, judge_insight
from npc_engine.rehearsal.spec import DialogueTest, knowable
from npc_engine.world.conditions import Value
from npc_engine.world.pack import Pack

#: Where the tests play; every run begins it anew.
SLOT = "rehearsal"
POLL_S = 0.002


class Pending(Protocol):
    """A request under way, as the client gives it."""

    @property
    def finished(self) -> bool:
        """Whether it has ended; then it has a reply or an error."""
        ...

    reply: Reply | None
    error: RequestError | None


class Peer(Protocol):
    """What a test needs of `NpcClient`."""

    def poll(self) -> None: ...
    def slot_new(self, slot: str) -> Pending: ...
    def world_set(self, values: Mapping[str, Value], *, slot: str) -> Pending: ...
    def scene_enter(self, place: str, *, slot: str) -> Pending: ...
    def event(self, text: str, place: str, npcs: Sequence[str] | None, importance: int, *, slot: str) -> Pending: ...
    def inspect(self, npc: str, text: str, *, slot: str) -> Pending: ...
    def say(self, npc: str, text: str, budget_ms: int, *, slot: str, seed: int) -> Pending: ...
    def spoken(self, request: Any) -> Pending: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the player and what came back."""

    say: str
    answer: Answer


@dataclass(slots=True)
class Run:
    """One test with one seed."""

    test: str
    npc: str
    seed: int
    lines: list[Line] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    def as_json(self) -> dict[str, Any]:
        """For the report file."""
        lines = [{"say": line.say, **asdict(line.answer)} for line in self.lines]
        return {
            "test": self.test,
            "npc": self.npc,
            "seed": self.seed,
            "passed": self.verdict.passed,
            **asdict(self.verdict),
            "lines": lines,
        }


class Rehearsal:
    """Plays tests of `pack` through `peer`; every line has `budget_ms`. A `scripted` engine says authors' lines."""

    def __init__(self, pack: Pack, peer: Peer, *, budget_ms: int, scripted: bool) -> None:
        self._pack = pack
        self._peer = peer
        self._budget_ms = budget_ms
        self._scripted = scripted

    def play(self, tests: Sequence[DialogueTest], seeds: int) -> Iterator[Run]:
        """Each test with seeds 1 to `seeds`. Raises DAEMON_UNREACHABLE when the daemon is gone; what it refuses fails
        the run."""
        for test in tests:
            for seed in range(1, seeds + 1):
                yield self._run(test, seed)

    def _run(self, test: DialogueTest, seed: int) -> Run:
        run = Run(test.name, test.npc, seed)
        try:
            self._perform(run, test)
        except NpcError as error:
            if error.code is ErrorCode.DAEMON_UNREACHABLE:
                raise
            run.verdict.check(False, f"the daemon refused: {error}")
        return run

    def _perform(self, run: Run, test: DialogueTest) -> None:
        self._set_up(test)
        never_say = self._pack.npcs[test.npc].never_say
        *before, last = test.lines
        for text in before:
            judge_character(run.verdict, never_say, self._say(run, text))
        judge_insight(run.verdict, test.expect, self._insight(test.npc, last))
        answer = self._say(run, last)
        judge_character(run.verdict, never_say, answer)
        judge_answer(run.verdict, test.expect, answer, scripted=self._scripted)

    def _set_up(self, test: DialogueTest) -> None:
        peer = self._peer
        self._ended(peer.slot_new(SLOT))
        if test.set:
            self._ended(peer.world_set(test.set, slot=SLOT))
        home = test.set.get(f"npcs.{test.npc}.place", self._pack.npcs[test.npc].place)
        if place := str(test.set.get("player.place", home)):
            self._ended(peer.scene_enter(place, slot=SLOT))
        for event in test.events:
            self._ended(peer.event(event.text, event.place, event.npcs, event.importance, slot=SLOT))

    def _insight(self, npc: str, text: str) -> Insight:
        data = self._ended(self._peer.inspect(npc, text, slot=SLOT)).data
        return Insight(
            knows=frozenset(data["knows"]),
            locked=frozenset(locked["id"] for locked in data["locked"]),
            actions=frozenset(data["actions"]),
            knowable=frozenset(knowable(self._pack, self._pack.npcs[npc])),
        )

    def _say(self, run: Run, text: str) -> Answer:
        request = self._peer.say(run.npc, text, self._budget_ms, slot=SLOT, seed=run.seed)
        reply = self._ended(request)
        if reply.reason == "offline":
            raise NpcError(ErrorCode.DAEMON_UNREACHABLE, "the daemon went away in the middle of a test")
        self._ended(self._peer.spoken(request))
        answer = Answer(
            text=reply.text,
            emotion=reply.emotion,
            actions=tuple(action.name for action in reply.actions),
            source=reply.source or "",
            reason=reply.reason or "",
        )
        run.lines.append(Line(text, answer))
        return answer

    def _ended(self, request: Pending) -> Reply:
        wait(self._peer.poll, lambda: request.finished)
        if request.error is not None or request.reply is None:
            code, message = (request.error.code, request.error.message) if request.error else ("internal", "")
            raise NpcError(ErrorCode(code), message)
        return request.reply


def wait(poll: Callable[[], None], done: Callable[[], bool]) -> None:
    """Poll until `done`. A client ends every request by itself, so this ends."""
    while not done():
        poll()
        if not done():
            time.sleep(POLL_S)
