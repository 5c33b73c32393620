"""The front: receives frames, keeps the connections, sends what there is to send.

Everything here runs on one event loop and never waits for the model. This is the front's outside: frames, sessions,
outboxes, its state, the pack on disk. What becomes of a request is the desk's.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from pathlib import Path

from npc_engine import __version__, limits
from npc_engine.clock import Clock
from npc_engine.daemon import security
from npc_engine.daemon.brain import WorkerBrain
from npc_engine.daemon.desk import RequestDesk
from npc_engine.daemon.endpoint import Endpoint, Sent
from npc_engine.daemon.metrics import Metrics
from npc_engine.daemon.pack_watch import PackWatch
from npc_engine.daemon.sessions import Session, Sessions
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.ops.renewal import renew
from npc_engine.ops.stage import Stage
from npc_engine.recording.recorder import Recorder
from npc_engine.storage.db import Store
from npc_engine.wire import codec, messages
from npc_engine.wire.messages import Error, Message, ServiceState
from npc_engine.worker.link import WorkerConfig
from npc_engine.world.pack import Pack, PackError

log = logging.getLogger(__name__)

#: How often stalled outboxes are tried again and silent clients looked for, seconds.
FLUSH_S = 0.02
SWEEP_S = 1.0
#: How long a graceful stop waits for lines in the making, seconds.
DRAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class ServeConfig:
    """How to serve. `store` holds what characters remember, and stays the caller's to close; `record` is the file that
    takes what is played. `curve_dir` is needed beyond loopback."""

    address: str
    pack: Path
    worker: WorkerConfig
    store: Store
    record: Path | None = None
    curve_dir: Path | None = None


class Front:
    """The daemon's main process."""

    def __init__(self, config: ServeConfig, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._metrics = Metrics()
        self._stage = Stage(config.pack, config.store)
        self._recorder = _recorder(config, self._stage.pack)
        self._watch = PackWatch(config.pack, self._on_pack)
        self._sessions = Sessions()
        self._endpoint = Endpoint(self._on_frame)
        self._brain = WorkerBrain(config.worker, clock, self._metrics, self._on_state)
        self._desk = RequestDesk(
            clock, self._metrics, self._stage, self._brain, self._recorder, self._send_named, self._health
        )
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
            self._close_recording()
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
        await self._desk.close(DRAIN_S)
        for task in self._housekeeping:
            task.cancel()
        await self._brain.stop()
        self._endpoint.close(linger_ms=500)
        self._close_recording()
        if self.token_file:
            self.token_file.unlink(missing_ok=True)
        self.stopped.set()

    def _close_recording(self) -> None:
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
                self._desk.take(session, message, arrived_ns)
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

    # Replies out

    def _send_named(self, name: str, message: Message, draft_of: int | None) -> None:
        session = self._sessions.named(name)
        if session is not None:
            self._send(session, message, draft_of)

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
        owns = request_id is not None and session is not None and self._desk.is_fresh(session, request_id)
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

    # State and housekeeping

    def _health(self) -> dict[str, object]:
        """State and counters."""
        return {
            "state": self._state.value,
            "clients": len(self._sessions),
            "in_flight": len(self._desk),
            "pack": self._stage.pack.info.id,
            **self._brain.health(),
            **self._metrics.summary(),
        }

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
                for npc in dict.fromkeys([*scene.near, *scene.alive]):
                    renew(self._stage, self._brain, scene, npc, self._clock)
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


def _recorder(config: ServeConfig, pack: Pack) -> Recorder | None:
    if config.record is None:
        return None
    worker = config.worker
    return Recorder(config.record, pack=pack.info.id, digest=pack.digest, engine=worker.engine, model=worker.spec.name)
