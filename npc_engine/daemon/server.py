"""The front: receives requests, owns their deadlines, sends their replies.

Everything here runs on one event loop and never waits for the model. A request is entered in the table, its operation
runs as a task, and a timer of the front's own ends it when the budget is nearly used up, whatever the operation, the
worker or the model are doing. Whoever closes the table entry sends the reply; everybody after that finds it closed.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec

from npc_engine import __version__, limits
from npc_engine.clock import NS_PER_MS, Clock
from npc_engine.daemon import security
from npc_engine.daemon.brain import WorkerBrain
from npc_engine.daemon.endpoint import Endpoint, Sent
from npc_engine.daemon.metrics import Metrics
from npc_engine.daemon.pack_watch import PackWatch
from npc_engine.daemon.requests import Arrival, OpenRequest, RequestKey, RequestTable
from npc_engine.daemon.sessions import Session, Sessions
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.base import OpContext
from npc_engine.ops.registry import OPS
from npc_engine.ops.stage import Stage
from npc_engine.ops.warm import prefetch_scene
from npc_engine.recording.recorder import Recorder
from npc_engine.storage.db import Store
from npc_engine.wire import codec, messages
from npc_engine.wire.messages import Done, Error, Message, Reason, Request, ServiceState, Terminal
from npc_engine.worker.link import WorkerConfig
from npc_engine.world.pack import Pack, PackError

log = logging.getLogger(__name__)

#: What is kept back from a budget for the way to the client and the front's own timer, milliseconds; at most a tenth.
REPLY_MARGIN_MS = 15.0
#: How often stalled outboxes are tried again and silent clients looked for, seconds.
FLUSH_S = 0.02
SWEEP_S = 1.0
#: How long a graceful stop waits for lines in the making, seconds.
DRAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """How to serve. `saves` is the database of what characters remember, a temporary one if None; `record` the file
    that takes what is played. `curve_dir` is needed beyond loopback."""

    address: str
    pack: Path
    worker: WorkerConfig
    saves: Path | None = None
    record: Path | None = None
    curve_dir: Path | None = None


@dataclass(slots=True)
class _Running:
    """What runs for an open request."""

    ctx: OpContext
    task: asyncio.Task[None]
    timer: asyncio.TimerHandle
    seq: int = 0
    first_ns: int | None = None


class Front:
    """The daemon's main process."""

    def __init__(self, config: ServeConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._metrics = Metrics()
        self._store = Store(config.saves)
        self._stage = Stage(config.pack, self._store)
        self._recorder = _recorder(config, self._stage.pack)
        self._watch = PackWatch(config.pack, self._on_pack)
        self._table = RequestTable()
        self._sessions = Sessions()
        self._endpoint = Endpoint(self._on_frame)
        self._brain = WorkerBrain(config.worker, clock, self._metrics, self._on_state)
        self._running: dict[RequestKey, _Running] = {}
        self._token = ""
        self._stopping = False
        self._last_status: tuple[ServiceState, int] | None = None
        self._housekeeping: list[asyncio.Task[None]] = []
        self.token_file: Path | None = None
        self.stopped = asyncio.Event()

    @property
    def brain(self) -> WorkerBrain:
        """The model side, for whoever shows progress."""
        return self._brain

    def start(self) -> str:
        """Bind, start the worker, return the address. Requests are answered from now on, model or no model."""
        try:
            address = self._endpoint.bind(self._config.address, self._config.curve_dir)
        except NpcError:
            self._close_files()
            raise
        port = int(address.rsplit(":", 1)[1])
        self._token, self.token_file = security.write_token(port)
        self._brain.start()
        loop = asyncio.get_running_loop()
        self._housekeeping = [
            loop.create_task(work) for work in (self._flush_outboxes(), self._sweep(), self._watch.run())
        ]
        return address

    async def stop(self) -> None:
        """Drain, then authored lines, then leave. Idempotent."""
        if self._stopping:
            return
        self._stopping = True
        self._brain.stopping = True  # who asks now gets an authored line
        self._broadcast_state()
        if self._running:
            await asyncio.wait([running.task for running in self._running.values()], timeout=DRAIN_S)
        for running in list(self._running.values()):
            self._end_early(running, Reason.STOPPING)
        for task in self._housekeeping:
            task.cancel()
        await self._brain.stop()
        self._endpoint.close(linger_ms=500)
        self._close_files()
        if self.token_file:
            self.token_file.unlink(missing_ok=True)
        self.stopped.set()

    def _close_files(self) -> None:
        self._store.close()
        if self._recorder:
            self._recorder.close()

    # Frames in

    def _on_frame(self, routing_id: bytes, frames: list[bytes]) -> None:
        arrived_ns = self._clock.now_ns()
        session = self._sessions.at(routing_id, arrived_ns)
        try:
            if len(frames) > limits.MESSAGE_FRAMES:
                raise codec.WireError(ErrorCode.BAD_FRAME, f"{len(frames)} frames; a message is one frame")
            message = codec.decode_client(frames[0] if frames else b"")
            if isinstance(message, messages.Hello):
                self._hello(routing_id, message, arrived_ns)
            elif session is None:
                raise codec.WireError(ErrorCode.HELLO_FIRST, "say hello first", getattr(message, "id", None))
            elif isinstance(message, messages.Ping):
                self._send(session, messages.Pong(n=message.n))
            else:
                self._request(session, message, arrived_ns)
        except NpcError as error:
            self._metrics.count(f"error_{error.code}")
            self._refuse(routing_id, session, error)
        except Exception:
            log.exception("fault while handling a frame")
            self._refuse(routing_id, session, NpcError(ErrorCode.INTERNAL))

    def _hello(self, routing_id: bytes, hello: messages.Hello, now_ns: int) -> None:
        common = set(hello.v) & set(messages.VERSIONS)
        if not common:
            versions = ", ".join(map(str, messages.VERSIONS))
            raise NpcError(ErrorCode.VERSION_UNSUPPORTED, f"client speaks {hello.v}, this daemon speaks {versions}")
        if not security.same_token(hello.token, self._token):
            raise NpcError(ErrorCode.UNAUTHORISED, f"wrong token: read it from {self.token_file}")
        session, resumed, taken_from = self._sessions.hello(routing_id, hello, now_ns)
        if taken_from is not None:
            error = Error(code=ErrorCode.SESSION_TAKEN, message="another connection resumed this session")
            self._endpoint.send(taken_from, codec.encode(error))
        pack = self._stage.pack
        self._send(
            session,
            messages.Welcome(
                v=max(common),
                daemon=__version__,
                pack=pack.info.id,
                state=self._state,
                engine=self._brain.engine_name,
                model=self._brain.model_name,
                resumed=resumed,
                authored=self._stage.authored.for_client(),
                npcs=self._npcs,
                places=self._places,
            ),
        )
        log.info("hello session=%s client=%r resumed=%s", session.name[:8], session.client, resumed)

    def _request(self, session: Session, message: Request, arrived_ns: int) -> None:
        budget_ms = getattr(message, "budget_ms", limits.BUDGET_MAX_MS)
        if not limits.BUDGET_MIN_MS <= budget_ms <= limits.BUDGET_MAX_MS:
            raise codec.WireError(
                ErrorCode.BUDGET_OUT_OF_RANGE,
                f"budget_ms is {budget_ms}; use {limits.BUDGET_MIN_MS} to {limits.BUDGET_MAX_MS}",
                message.id,
            )
        if isinstance(message, messages.Converse):
            budget_ms *= message.turns
        margin_ms = min(REPLY_MARGIN_MS, budget_ms / 10)
        deadline_ns = arrived_ns + int((budget_ms - margin_ms) * NS_PER_MS)
        try:
            arrival, found = self._table.open(session.name, message, arrived_ns, deadline_ns)
        except NpcError as error:
            raise codec.WireError(error.code, error.message, message.id, error.retry_after_ms) from None
        if arrival is Arrival.ANSWERED:
            assert isinstance(found, Done | Error)
            self._send(session, found)
            return
        self._send(session, messages.Accepted(id=message.id))
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

    # Replies out

    def _publish(self, key: RequestKey, text: str, stable: int) -> None:
        running, session = self._running.get(key), self._sessions.named(key[0])
        if running is None or session is None:
            return
        if running.first_ns is None:
            running.first_ns = self._clock.now_ns()
        running.seq += 1
        self._send(session, messages.Draft(id=key[1], seq=running.seq, text=text, stable=stable), draft_of=key[1])

    def _send_to(self, key: RequestKey, message: Message) -> None:
        """To whoever made the request, while it runs."""
        session = self._sessions.named(key[0])
        if key in self._running and session is not None:
            self._send(session, message)
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
        session = self._sessions.named(key[0])
        if session is not None:
            self._send(session, reply)
        self._metrics.time("reply", (self._clock.now_ns() - now_ns) / NS_PER_MS)
        if isinstance(reply, Done):
            running.ctx.on_done(reply)
        log.info("end %s", _summary(request, reply, now_ns))

    def _send(self, session: Session, message: Message, draft_of: int | None = None) -> None:
        """To the client now, or into its outbox; a client whose outbox is full is cut off and may resume."""
        if session.routing_id is None:
            return
        frame = codec.encode(message)
        if not len(session.outbox):
            sent = self._endpoint.send(session.routing_id, frame)
            if sent is Sent.OK:
                return
            if sent is Sent.GONE:
                self._sessions.disconnect(session)
                return
        if not session.outbox.put(frame, draft_of):
            log.warning("evicted session=%s: it does not read", session.name[:8])
            self._metrics.count("evicted")
            self._sessions.disconnect(session)

    def _refuse(self, routing_id: bytes, session: Session | None, error: NpcError) -> None:
        """Answer what could not be taken: with `id` if that ends a request, else with `ref`."""
        request_id = getattr(error, "request_id", None)
        owns = request_id is not None and session is not None and self._is_fresh(session, request_id)
        reply = Error(
            code=error.code,
            message=error.message,
            id=request_id if owns else None,
            ref=None if owns else request_id,
            retry_after_ms=error.retry_after_ms,
        )
        if session is not None:
            self._send(session, reply)
        else:
            self._endpoint.send(routing_id, codec.encode(reply))

    def _is_fresh(self, session: Session, request_id: int) -> bool:
        key = (session.name, request_id)
        return self._table.find(key) is None and self._table.reply_of(key) is None

    # The desk: what operations may do to the table

    def cancel(self, session: str, target: int) -> str:
        """End a request with `error cancelled`: "cancelled", "finished" or "unknown"."""
        key = (session, target)
        running = self._running.get(key)
        if running is not None:
            self._metrics.count("cancelled")
            self._finish(key, _error(running.ctx.request, NpcError(ErrorCode.CANCELLED)))
            return "cancelled"
        return "finished" if self._table.reply_of(key) is not None else "unknown"

    def cancel_slot(self, game: str, slot: str, but: RequestKey) -> None:
        """End all requests of a save slot with `error cancelled`, but for one."""
        for key, running in list(self._running.items()):
            ctx = running.ctx
            if key != but and ctx.game == game and getattr(ctx.request, "slot", None) == slot:
                self.cancel(*key)

    def health(self) -> dict[str, object]:
        """State and counters."""
        return {
            "state": self._state.value,
            "clients": len(self._sessions),
            "in_flight": len(self._table),
            "pack": self._stage.pack.info.id,
            **self._brain.health(),
            **self._metrics.summary(),
        }

    # State and housekeeping

    @property
    def _npcs(self) -> dict[str, str]:
        """Those where the game begins come first: a client that does not know the pack can start with them."""
        pack = self._stage.pack
        npcs = sorted(pack.npcs.values(), key=lambda npc: npc.place != pack.world.place)
        return {npc.id: npc.name for npc in npcs}

    @property
    def _places(self) -> dict[str, str]:
        return {place.id: place.name for place in self._stage.pack.places.values()}

    @property
    def _state(self) -> ServiceState:
        return ServiceState.STOPPING if self._stopping else self._brain.state

    def _on_state(self) -> None:
        self._broadcast_state()

    def _broadcast_state(self) -> None:
        state, tenth = self._state, int(self._brain.progress * 10)
        if (state, tenth) == self._last_status:
            return
        self._last_status = (state, tenth)
        status = messages.Status(
            state=state,
            engine=self._brain.engine_name,
            model=self._brain.model_name,
            progress=round(self._brain.progress, 3),
            detail=self._brain.detail,
        )
        for session in self._sessions.connected():
            self._send(session, status)

    def _on_pack(self, pack: Pack | PackError) -> None:
        """The pack was edited: go on with the new version, or say what is wrong and go on with the old one."""
        problems: list[str] = []
        if isinstance(pack, PackError):
            problems = [str(problem) for problem in pack.problems]
            log.warning("the edited pack cannot be used; the last good version stays:\n%s", "\n".join(problems))
        else:
            log.info("the pack was edited: digest=%s", pack.digest[:12])
            self._stage.use(pack)
            for scene in self._stage.scenes():
                prefetch_scene(self._stage, self._brain, scene, self._clock.now_ns())
        used = self._stage.pack
        news = messages.PackChanged(
            pack=used.info.id, digest=used.digest, problems=problems, npcs=self._npcs, places=self._places
        )
        for session in self._sessions.connected():
            self._send(session, news)

    async def _flush_outboxes(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            for session in self._sessions.connected():
                self._flush(session)

    def _flush(self, session: Session) -> None:
        while session.routing_id is not None and (frame := session.outbox.peek()) is not None:
            sent = self._endpoint.send(session.routing_id, frame)
            if sent is Sent.FULL:
                return
            if sent is Sent.GONE:
                self._sessions.disconnect(session)
                return
            session.outbox.pop()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._sessions.sweep(self._clock.now_ns())
            self._stage.rest(self._clock.now_ns())


def _error(request: Request, error: NpcError) -> Error:
    return Error(id=request.id, code=error.code, message=error.message, retry_after_ms=error.retry_after_ms)


def _recorder(config: ServeConfig, pack: Pack) -> Recorder | None:
    if config.record is None:
        return None
    worker = config.worker
    return Recorder(config.record, pack=pack.info.id, digest=pack.digest, engine=worker.engine, model=worker.spec.name)


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
