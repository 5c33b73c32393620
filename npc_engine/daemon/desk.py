"""The desk: takes requests, has their operations run, and gives each its one reply.

A request is entered in the table, its operation runs as a task, and a timer of the front's own ends it when the budget
is nearly used up, whatever the operation, the worker or the model are doing. Whoever closes the table entry sends the
reply; everybody after that finds it closed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from npc_engine import limits
from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.daemon.brain import WorkerBrain
from npc_engine.daemon.metrics import Metrics
from npc_engine.daemon.requests import Arrival, OpenRequest, RequestKey, RequestTable
from npc_engine.daemon.sessions import Session
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import OpContext, deadline
from npc_engine.ops.registry import OPS
from npc_engine.ops.stage import Stage
from npc_engine.recording.recorder import Recorder
from npc_engine.wire import codec, messages
from npc_engine.wire.messages import Done, Error, Message, Reason, Request, Terminal

log = logging.getLogger(__name__)

#: What is kept back from a budget for the way to the client and the front's own timer, milliseconds; at most a tenth.
REPLY_MARGIN_MS = 15.0
#: The same for a conversation, whose turns keep back more (`ops.converse`): the last of them must be able to end it.
CONVERSATION_MARGIN_MS = 5.0


@dataclass(slots=True)
class _Running:
    """What runs for an open request."""

    ctx: OpContext
    task: asyncio.Task[None]
    timer: asyncio.TimerHandle
    seq: int = 0
    first_ns: int | None = None


class RequestDesk:
    """Implements `ops.base.Desk`. `send` takes the session's name, a message, and the request it is a draft of, if it
    is one; `health` answers for the whole front."""

    def __init__(
        self,
        clock: Clock,
        metrics: Metrics,
        stage: Stage,
        brain: WorkerBrain,
        recorder: Recorder | None,
        send: Callable[[str, Message, int | None], None],
        health: Callable[[], dict[str, object]],
    ) -> None:
        self._clock = clock
        self._metrics = metrics
        self._stage = stage
        self._brain = brain
        self._recorder = recorder
        self._deliver = send
        self.health = health
        self._table = RequestTable()
        self._running: dict[RequestKey, _Running] = {}

    def __len__(self) -> int:
        return len(self._table)

    async def close(self, patience_s: float) -> None:
        """Wait for the lines in the making, then end what is left."""
        if self._running:
            await asyncio.wait([running.task for running in self._running.values()], timeout=patience_s)
        for running in list(self._running.values()):
            self._end_early(running, Reason.STOPPING)

    def take(self, session: Session, message: Request, arrived_ns: int) -> None:
        """A request came in: it is accepted and begun, or its stored reply is sent again. Raises WireError."""
        budget_ms = getattr(message, "budget_ms", limits.BUDGET_MAX_MS)
        if not limits.BUDGET_MIN_MS <= budget_ms <= limits.BUDGET_MAX_MS:
            raise codec.WireError(
                ErrorCode.BUDGET_OUT_OF_RANGE,
                f"budget_ms is {budget_ms}; use {limits.BUDGET_MIN_MS} to {limits.BUDGET_MAX_MS}",
                message.id,
            )
        margin_ms = REPLY_MARGIN_MS
        if isinstance(message, messages.Converse):
            budget_ms, margin_ms = budget_ms * message.turns, CONVERSATION_MARGIN_MS
        deadline_ns = deadline(arrived_ns, budget_ms, margin_ms)
        try:
            arrival, found = self._table.open(session.name, message, arrived_ns, deadline_ns)
        except NpcError as error:
            raise codec.WireError(error.code, error.message, message.id, error.retry_after_ms) from None
        if arrival is Arrival.ANSWERED:
            assert isinstance(found, Done | Error)
            self._send(session.name, found)
            return
        self._send(session.name, messages.Accepted(id=message.id))
        if arrival is Arrival.NEW:
            assert isinstance(found, OpenRequest)
            self._begin(session, found, self._record(session, found, arrived_ns))

    def _record(self, session: Session, request: OpenRequest, now_ns: int) -> Request:
        """The request as it is to be carried out: while a recording is made, with a seed that a replay finds again."""
        message = request.message
        if self._recorder is None:
            return message
        seed = self._recorder.request(session.name, session.game, message, now_ns / NS_PER_MS)
        return message if seed is None else msgspec.structs.replace(message, seed=seed)

    def _begin(self, session: Session, request: OpenRequest, message: Request) -> None:
        self._metrics.count("requests")
        key = request.key
        ctx = OpContext(
            session=session.name,
            game=session.game,
            request=message,
            arrived_ns=request.arrived_ns,
            deadline_ns=request.deadline_ns,
            clock=self._clock,
            stage=self._stage,
            brain=self._brain,
            desk=self,
            publish=lambda text, stable: self._publish(key, text, stable),
            send=lambda message: self._send_to(key, message),
        )
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run(key, ctx))
        delay_s = max(0.0, (request.deadline_ns - self._clock.now_ns()) / 1e9)
        self._running[key] = _Running(ctx, task, loop.call_later(delay_s, self._on_deadline, key))

    async def _run(self, key: RequestKey, ctx: OpContext) -> None:
        op = OPS[type(ctx.request)]
        reply: Terminal
        try:
            reply = await op.run(ctx)
        except NpcError as error:
            reply = _error(ctx.request, error)
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("fault in op=%s id=%s", op.name, ctx.request.id)
            reply = _error(ctx.request, NpcError(ErrorCode.INTERNAL))
        self._finish(key, reply)

    def _on_deadline(self, key: RequestKey) -> None:
        running = self._running.get(key)
        if running is not None:
            self._end_early(running, Reason.LATE)

    def _end_early(self, running: _Running, reason: Reason) -> None:
        ctx = running.ctx
        try:
            reply: Terminal = ctx.rescue(reason)
        except Exception:
            log.exception("no rescue for id=%s", ctx.request.id)
            reply = _error(ctx.request, NpcError(ErrorCode.INTERNAL))
        self._finish((ctx.session, ctx.request.id), reply)

    def _publish(self, key: RequestKey, text: str, stable: int) -> None:
        running = self._running.get(key)
        if running is None:
            return
        if running.first_ns is None:
            running.first_ns = self._clock.now_ns()
        running.seq += 1
        self._send(key[0], messages.Draft(id=key[1], seq=running.seq, text=text, stable=stable), key[1])

    def _send_to(self, key: RequestKey, message: Message) -> None:
        """To whoever made the request, while it runs."""
        if key in self._running:
            self._send(key[0], message)
            if self._recorder and isinstance(message, messages.Turn):
                self._recorder.reply(key[0], message, self._clock.now_ns() / NS_PER_MS)

    def _finish(self, key: RequestKey, reply: Terminal) -> None:
        """Close the table entry and send the reply; the first to come here wins."""
        now_ns = self._clock.now_ns()
        request = self._table.find(key)
        running = self._running.pop(key, None)
        if request is None or running is None:
            return
        running.timer.cancel()
        if running.task is not asyncio.current_task():
            running.task.cancel()
        if isinstance(reply, Done):
            if (slot := getattr(request.message, "slot", None)) is not None:
                reply.epoch = self._stage.epoch(running.ctx.game, slot)
            _stamp(reply, request, running, now_ns)
            if reply.source is not None:
                self._metrics.count(f"source_{reply.source}")
                self._metrics.time("total", (now_ns - request.arrived_ns) / NS_PER_MS)
            if reply.reason is not None:
                self._metrics.count(f"reason_{reply.reason}")
        self._table.close(key, reply, now_ns)
        if self._recorder:
            self._recorder.reply(key[0], reply, now_ns / NS_PER_MS)
        self._send(key[0], reply)
        self._metrics.time("reply", (self._clock.now_ns() - now_ns) / NS_PER_MS)
        if isinstance(reply, Done):
            running.ctx.on_done(reply)
        log.info("end %s", _summary(request, reply, now_ns))

    def is_fresh(self, session: Session, request_id: int) -> bool:
        """Whether this id was never used in this session, as far as is remembered."""
        key = (session.name, request_id)
        return self._table.find(key) is None and self._table.reply_of(key) is None

    def cancel(self, session: str, target: int) -> str:
        """End a request with `error cancelled`: "cancelled", "finished" or "unknown"."""
        key = (session, target)
        running = self._running.get(key)
        if running is not None:
            self._metrics.count("cancelled")
            self._finish(key, _error(running.ctx.request, NpcError(ErrorCode.CANCELLED)))
            return "cancelled"
        return "finished" if self._table.reply_of(key) is not None else "unknown"

    def cancel_slot(self, game: str, slot: str, before: RequestKey) -> None:
        """End the requests of a save slot that came before this one with `error cancelled`."""
        for key, running in list(self._running.items()):
            if key == before:
                return
            ctx = running.ctx
            if ctx.game == game and getattr(ctx.request, "slot", None) == slot:
                self.cancel(*key)

    def _send(self, session: str, message: Message, draft_of: int | None = None) -> None:
        self._deliver(session, message, draft_of)


def _error(request: Request, error: NpcError) -> Error:
    return Error(id=request.id, code=error.code, message=error.message, retry_after_ms=error.retry_after_ms)


def _stamp(reply: Done, request: OpenRequest, running: _Running, now_ns: int) -> None:
    """Fill in what the front alone knows of the timing."""
    if reply.timing is None:
        return
    reply.timing.total_ms = round((now_ns - request.arrived_ns) / NS_PER_MS, 2)
    if running.first_ns is not None:
        reply.timing.first_ms = round((running.first_ns - request.arrived_ns) / NS_PER_MS, 2)


def _summary(request: OpenRequest, reply: Terminal, now_ns: int) -> str:
    took_ms = (now_ns - request.arrived_ns) / NS_PER_MS
    name = type(request.message).__name__.lower()
    head = f"session={request.key[0][:8]} id={request.key[1]} op={name} ms={took_ms:.0f}"
    if isinstance(reply, Error):
        return f"{head} error={reply.code}"
    npc = getattr(request.message, "npc", "")
    return f"{head} npc={npc} source={reply.source} reason={reply.reason} chars={len(reply.text)}"
