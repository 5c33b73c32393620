"""The client a game holds: ask, `poll` once a frame, look at what became of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from npc_engine import __version__
from npc_engine.client.calls import Calls
from npc_engine.client.codec import encode
from npc_engine.client.credentials import read_token
from npc_engine.client.exchange import VERSION, Exchange
from npc_engine.client.launcher import DaemonProcess
from npc_engine.client.replies import DaemonInfo
from npc_engine.client.requests import Callback, Request
from npc_engine.client.session import Session
from npc_engine.client.transport import CurveKeys, DealerTransport, Transport, is_local
from npc_engine.clock import NS_PER_MS, Clock, SystemClock
from npc_engine.errors import EXPLANATIONS, ErrorCode

DEFAULT_ADDRESS = "tcp://127.0.0.1:5770"
#: Time one `poll` may take unless told otherwise, milliseconds: 3 % of a frame at 60 Hz.
POLL_MS = 0.5
#: Without a daemon for this long, `state` is "offline" and no longer "connecting", milliseconds.
CONNECT_PATIENCE_MS = 3_000
#: A daemon of the client's own that dies is started again, unless it served for less than this: then it would die
#: again and again, milliseconds.
SERVED_MS = 5_000


class NpcClient(Calls):
    """Talks to a daemon without ever blocking the game. Used from one thread: the one that calls `poll`.

    `token` None reads the token file that a daemon on this machine leaves. A daemon elsewhere needs the token, its
    CURVE public key (`server_key`) and a key pair it knows (`public_key`, `secret_key`). `clock` and `connect` are
    replaced in tests; `process` is what `launch` gives. Raises ValueError if the address, the token, the game's name or
    a key cannot be used.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        token: str | None = None,
        game: str = "default",
        *,
        server_key: str | None = None,
        public_key: str | None = None,
        secret_key: str | None = None,
        process: DaemonProcess | None = None,
        clock: Clock | None = None,
        connect: Callable[[str, CurveKeys | None], Transport] = DealerTransport,
    ) -> None:
        self._clock = clock or SystemClock()
        self._connect = connect
        self._greeting: dict[str, Any] = {
            "t": "hello",
            "v": [VERSION],
            "game": game,
            "client": f"npc_engine.client/{__version__}",
        }
        self._rename()
        encode({**self._greeting, "token": token or ""})
        self._exchange = Exchange(self._clock, self._rename)
        self._process = process
        self._ended = ""
        self._served_ns: int | None = None
        if process is None:
            curve = _curve_keys(server_key, public_key, secret_key)
            self._attach(address, _token_port(address) if token is None else token, curve)

    @classmethod
    def launch(
        cls,
        engine: str | None = None,
        model: str | None = None,
        pack: str | None = None,
        *,
        game: str = "default",
        arguments: Sequence[str] = (),
    ) -> NpcClient:
        """Start a daemon as a child of the game and connect to it; `close` stops it. Returns at once: `poll` notices
        when it is ready, and starts another if it dies while it serves. `arguments` are further options of `npc-engine
        serve`. Raises OSError if it cannot start."""
        chosen = {"--engine": engine, "--model": model, "--pack": pack}
        options = [part for name, value in chosen.items() if value is not None for part in (name, value)]
        process = DaemonProcess([*options, *arguments])
        try:
            return cls(game=game, process=process)
        except ValueError:
            process.stop()
            raise

    def poll(self, max_ms: float = POLL_MS) -> None:
        """Do what there is to do, for about `max_ms` at most, and leave the rest to the next call. Never blocks; takes
        at least one frame. Callbacks run in here, and what they raise comes out of here."""
        if self._exchange.closed:
            return
        end_ns = self._clock.now_ns() + int(max_ms * NS_PER_MS)
        self._watch_process()
        self._exchange.poll(end_ns)

    def close(self) -> None:
        """End open requests as cancelled, drop the connection, stop the daemon if this client started it (which may
        take a few seconds). Idempotent."""
        try:
            self._exchange.close()
        finally:
            if self._process is not None:
                self._process.stop()

    def __enter__(self) -> NpcClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def daemon(self) -> DaemonInfo | None:
        """What the daemon last said of itself; None before its first welcome."""
        return self._exchange.daemon

    @property
    def pack_problems(self) -> tuple[str, ...]:
        """Faults in pack files that were changed while the daemon runs, "file:line:column: what is wrong". While there
        are any, it goes on with the last good version."""
        return () if self.daemon is None else self.daemon.pack_problems

    @property
    def state(self) -> str:
        """The daemon's word on itself ("loading", "ready", "stalled", "down", "stopping"); "connecting" or "offline"
        while it does not answer; "refused" if it will not have this client; "closed" after `close`."""
        session = self._exchange.session
        if self._exchange.closed:
            return "closed"
        if session is not None and session.greeted:
            return self._exchange.service
        if session is not None and session.refusal is not None:
            return "refused"
        if self._ended:
            return "offline"
        if session is None:
            return "connecting"
        waited_ns = self._clock.now_ns() - session.lost_ns
        return "connecting" if waited_ns < CONNECT_PATIENCE_MS * NS_PER_MS else "offline"

    @property
    def problem(self) -> str:
        """Why the daemon does not serve this client or has no model, or the last fault it reported; empty if all is
        well."""
        session = self._exchange.session
        if session is not None and session.refusal is not None:
            return session.refusal.message
        if self._ended or self._exchange.fault:
            return self._ended or self._exchange.fault
        if self.state == "down" and self.daemon is not None:
            return self.daemon.detail
        if self.state != "offline" or session is None:
            return ""
        return session.problem or EXPLANATIONS[ErrorCode.DAEMON_UNREACHABLE]

    def _rename(self) -> None:
        self._greeting["session"] = secrets.token_hex(16)

    def _ask(
        self,
        kind: str,
        fields: Mapping[str, Any],
        patience_ms: int,
        on_update: Callback | None,
        on_done: Callback | None,
    ) -> Request:
        present = {name: value for name, value in fields.items() if value is not None}
        request = Request(
            {"t": kind, "id": self._exchange.next_id(), **present},
            patience_ms=patience_ms,
            now_ns=self._clock.now_ns(),
            cancel=self._exchange.cancel,
            on_update=on_update,
            on_done=on_done,
        )
        self._exchange.add(request)
        return request

    def _attach(self, address: str, token: str | int | Path, curve: CurveKeys | None) -> None:
        """Begin to connect. `token` is the secret itself, or the port or file it is read from at every greeting: a
        daemon that restarts has a new one."""

        def hello() -> bytes:
            return encode({**self._greeting, "token": token if isinstance(token, str) else read_token(token)})

        self._exchange.session = Session(self._connect(address, curve), hello, self._clock.now_ns())

    def _watch_process(self) -> None:
        """Connect to the child once it listens; notice its end, and start another if it has served well."""
        if self._process is None or self._ended:
            return
        session, now_ns = self._exchange.session, self._clock.now_ns()
        if session is not None and session.greeted:
            self._served_ns = now_ns if self._served_ns is None else self._served_ns
            return
        problem = self._process.problem()
        if problem and self._served_ns is not None and now_ns - self._served_ns >= SERVED_MS * NS_PER_MS:
            self._served_ns = None
            self._exchange.lose_session()
            try:
                self._process.restart()
            except OSError as cause:
                self._ended = f"{problem}\nand another cannot be started: {cause}"
        elif problem:
            self._ended = problem
        elif session is None and (ready := self._process.ready()) is not None:
            self._attach(ready.address, ready.token_file, None)


def _curve_keys(server: str | None, public: str | None, secret: str | None) -> CurveKeys | None:
    if server and public and secret:
        return CurveKeys(server, public, secret)
    if server or public or secret:
        raise ValueError("CURVE takes all three: `server_key`, `public_key` and `secret_key`")
    return None


def _token_port(address: str) -> int | str:
    """The port that tells the token file of a daemon on this machine; no token for any other."""
    return (urlsplit(address).port or "") if is_local(address) else ""
