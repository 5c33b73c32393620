"""Asks for lines, and notes how long each took, as the player sees it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from demo_game.metrics import LineNumbers, Metrics
from npc_engine.client import NpcClient, Reply, Request, Turn

#: Time until the end of a line, milliseconds: an answer, a remark in passing, a line of people among themselves, and
#: the description of a place.
SAY_MS = 2_500
BARK_MS = 2_500
TURN_MS = 3_000
DESCRIBE_MS = 8_000

Done = Callable[[Request], None]


class Asking:
    """The client's calls for lines, with a stopwatch. `say_ms` is the time an answer may take. With a `seed` every line
    has one, so that a run can be repeated."""

    def __init__(self, client: NpcClient, metrics: Metrics, say_ms: int = SAY_MS, seed: int | None = None) -> None:
        self.client = client
        self._metrics = metrics
        self._say_ms = say_ms
        self._seed = seed

    def say(self, npc: str, text: str, done: Done) -> Request:
        """The player says `text`; with none, the character speaks first."""
        watch = _Stopwatch(self._metrics, npc, "say", self._say_ms, done)
        return self.client.say(
            npc, text, self._say_ms, seed=self._next_seed(), on_update=watch.updated, on_done=watch.ended
        )

    def bark(self, npc: str, about: str, done: Done) -> Request:
        """A remark in passing."""
        watch = _Stopwatch(self._metrics, npc, "bark", BARK_MS, done)
        return self.client.bark(
            npc, about, BARK_MS, seed=self._next_seed(), on_update=watch.updated, on_done=watch.ended
        )

    def describe(self, place: str, done: Done) -> Request:
        """What is to be seen at a place."""
        watch = _Stopwatch(self._metrics, place, "describe", DESCRIBE_MS, done)
        return self.client.describe(
            place, DESCRIBE_MS, seed=self._next_seed(), on_update=watch.updated, on_done=watch.ended
        )

    def converse(
        self, npcs: Sequence[str], topic: str, turns: int, turned: Callable[[Turn], None], done: Done
    ) -> Request:
        """People talk among themselves; `turned` is called with each line."""
        begun_s = time.perf_counter()

        def update(request: Request) -> None:
            nonlocal begun_s
            turn, now_s = request.turns[-1], time.perf_counter()
            self._metrics.line(_numbers(turn.npc, "converse", TURN_MS, None, (now_s - begun_s) * 1_000, turn))
            begun_s = now_s
            turned(turn)

        return self.client.converse(npcs, topic, turns, TURN_MS, seed=self._next_seed(), on_update=update, on_done=done)

    def _next_seed(self) -> int | None:
        if self._seed is not None:
            self._seed += 1
        return self._seed


class _Stopwatch:
    """Notes when the first word of a request comes, and when it ends."""

    def __init__(self, metrics: Metrics, who: str, kind: str, budget_ms: int, done: Done) -> None:
        self._metrics, self._done = metrics, done
        self._who, self._kind, self._budget_ms = who, kind, budget_ms
        self._begun_s = time.perf_counter()
        self._first_ms: float | None = None

    def updated(self, request: Request) -> None:
        if self._first_ms is None and request.text:
            self._first_ms = (time.perf_counter() - self._begun_s) * 1_000

    def ended(self, request: Request) -> None:
        total_ms = (time.perf_counter() - self._begun_s) * 1_000
        if request.reply is not None:
            self._metrics.line(
                _numbers(self._who, self._kind, self._budget_ms, self._first_ms, total_ms, request.reply)
            )
        self._done(request)


def _numbers(
    who: str, kind: str, budget_ms: int, first_ms: float | None, total_ms: float, line: Reply | Turn
) -> LineNumbers:
    timing = line.timing
    return LineNumbers(
        who=who,
        kind=kind,
        budget_ms=budget_ms,
        first_ms=first_ms,
        total_ms=total_ms,
        source=line.source or "none",
        reason=line.reason or "",
        cached_tokens=timing.cached_tokens if timing else 0,
        prompt_tokens=timing.prompt_tokens if timing else 0,
    )
