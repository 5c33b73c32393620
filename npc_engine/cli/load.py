"""The load generator: one thread, one DEALER socket per client, every reply counted.

It speaks the wire directly and not through `NpcClient`, because that hides what is counted here: a second terminal
for one id, a terminal after the budget, a terminal that never comes.
"""

from __future__ import annotations

import random
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import zmq

from npc_engine import limits
from npc_engine.client.credentials import read_token
from npc_engine.client.launcher import DaemonProcess
from npc_engine.daemon.metrics import percentiles
from npc_engine.errors import ErrorCode, NpcError
from npc_engine.wire import codec
from npc_engine.wire.messages import (
    Done,
    Draft,
    Error,
    Health,
    Hello,
    Message,
    Ping,
    Reason,
    Say,
    ServiceState,
    Source,
    Status,
    Warm,
    Welcome,
)

Report = Callable[[float, str], None]

#: What players say; short, like what is typed in games.
LINES = (
    "Good evening.",
    "What do you know about the mill?",
    "Have you heard any news today?",
    "I am looking for work. Can you help me?",
    "Who are you?",
    "Why does everyone look so worried?",
    "Tell me about this village.",
    "I heard a strange noise last night.",
    "You look tired. Is something wrong?",
    "Where can I sleep tonight?",
    "I do not trust the miller. Do you?",
    "Farewell for now.",
)
#: How long a terminal may be overdue before it counts as lost, seconds.
PATIENCE_S = 5.0
#: Without a rate: how long a client waits after a reply before it asks again, seconds; nobody reads a line faster.
THINK_S = 1.0
START_S = 600.0
WARM_MS = 300_000
SAMPLES = 40


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask for. `rate` is lines per client and second; 0 asks again a second after the last was done."""

    clients: int
    npcs: int
    rate: float
    budget_ms: int
    seconds: float
    seed: int = 1


@dataclass(slots=True)
class Tally:
    """What came back. Times in milliseconds, measured at the client."""

    requests: int = 0
    terminal: int = 0
    duplicate: int = 0
    late: int = 0
    late_ms: list[float] = field(default_factory=list)
    first_ms: list[float] = field(default_factory=list)
    done_ms: list[float] = field(default_factory=list)
    busy_ms: list[float] = field(default_factory=list)
    sources: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    in_time: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    seconds: float = 0.0
    samples: list[str] = field(default_factory=list)
    health: dict[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class _Asked:
    sent_s: float
    first_s: float | None = None
    ended: bool = False
    line: str = ""


class _Client:
    """One game's connection."""

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], address: str, token: str, index: int) -> None:
        self.index = index
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(address)
        self.asked: dict[int, _Asked] = {}
        self.open = 0
        self.next_id = 1
        self.count = 0
        self.due_s = 0.0
        self.state = ServiceState.LOADING
        self.npcs: list[str] = []
        self.answers: dict[int, Done] = {}
        self.sent_s = 0.0
        self.send(Hello(v=[1], session=secrets.token_hex(16), token=token, game="bench", client=f"bench {index}"))

    def send(self, message: Message) -> None:
        self.socket.send(codec.encode(message))
        self.sent_s = time.monotonic()


def run_load(
    load: Load, arguments: list[str], address: str | None, report: Report, *, token: str | None = None
) -> Tally:
    """Start a daemon (unless `address` names one), warm the characters, ask, wait for what is open. `token` None reads
    the one that the daemon at `address` left.

    Raises DAEMON_UNREACHABLE or ENGINE_FAILED."""
    process = None
    try:
        if address is None:
            process = DaemonProcess(arguments)
            address, token = _started(process, report)
        elif token is None:
            token = read_token(int(address.rsplit(":", 1)[1]))
        return _Generator(load, address, token, report).run()
    finally:
        if process is not None:
            process.stop()


def _started(process: DaemonProcess, report: Report) -> tuple[str, str]:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        if ready := process.ready():
            return ready.address, read_token(ready.token_file)
        if problem := process.problem():
            raise NpcError(ErrorCode.ENGINE_FAILED, problem)
        report(0.0, "starting")
        time.sleep(0.05)
    raise NpcError(ErrorCode.DAEMON_UNREACHABLE, f"the daemon did not start within {START_S:.0f} s")


class _Generator:
    def __init__(self, load: Load, address: str, token: str, report: Report) -> None:
        self._load = load
        self._report = report
        self._random = random.Random(load.seed)  # noqa: S311 - arrival times, not secrets
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._poller = zmq.Poller()
        self._clients = [_Client(self._context, address, token, index) for index in range(load.clients)]
        self._by_socket = {client.socket: client for client in self._clients}
        for client in self._clients:
            self._poller.register(client.socket, zmq.POLLIN)
        self._tally = Tally()

    def run(self) -> Tally:
        try:
            self._wait_ready()
            self._warm()
            self._ask()
            self._tally.health = self._health()
            return self._tally
        finally:
            for client in self._clients:
                client.socket.close()
            self._context.term()

    def _wait_ready(self) -> None:
        end_s = time.monotonic() + START_S
        while any(client.state is not ServiceState.READY or not client.npcs for client in self._clients):
            self._receive(100)
            self._report(0.0, "loading the model")
            if time.monotonic() > end_s or any(client.state is ServiceState.DOWN for client in self._clients):
                raise NpcError(ErrorCode.DAEMON_UNREACHABLE, "the daemon did not get its model ready")

    def _warm(self) -> None:
        """Every character's prompt into the cache, as a game does while it loads a level."""
        client = self._clients[0]
        by_slot: dict[str, list[str]] = {}
        for number in range(self._load.npcs):
            npc, slot = self._character(number)
            by_slot.setdefault(slot, []).append(npc)
        for done, (slot, npcs) in enumerate(by_slot.items()):
            self._report(done / len(by_slot), "warming the characters")
            self._answer(client, Warm(id=client.next_id, npcs=npcs, slot=slot, budget_ms=WARM_MS), WARM_MS / 1_000)

    def _health(self) -> dict[str, object]:
        client = self._clients[0]
        done = self._answer(client, Health(id=client.next_id), PATIENCE_S)
        return done.data if done else {}

    def _answer(self, client: _Client, message: Message, patience_s: float) -> Done | None:
        request_id = client.next_id
        client.next_id += 1
        client.send(message)
        end_s = time.monotonic() + patience_s
        while request_id not in client.answers and time.monotonic() < end_s:
            self._receive(100)
        return client.answers.get(request_id)

    def _character(self, number: int) -> tuple[str, str]:
        """Character and save slot; more characters than the pack has live in further save slots."""
        names = self._clients[0].npcs
        return names[number % len(names)], f"bench{number // len(names)}"

    def _ask(self) -> None:
        load = self._load
        begin_s = time.monotonic()
        end_s = begin_s + load.seconds
        for client in self._clients:
            client.due_s = begin_s + (self._random.expovariate(load.rate) if load.rate else 0.0)
        while (now_s := time.monotonic()) < end_s:
            for client in self._clients:
                while client.due_s <= now_s and (load.rate or not client.open):
                    self._say(client)
                    client.due_s += self._random.expovariate(load.rate) if load.rate else 0.0
            next_s = min(client.due_s for client in self._clients) if load.rate else now_s + 0.05
            self._receive(int(max(0.0, min(next_s, end_s, now_s + 0.1) - time.monotonic()) * 1_000))
            self._report((now_s - begin_s) / load.seconds, f"asking: {self._tally.terminal} lines")
        patience_s = time.monotonic() + load.budget_ms / 1_000 + PATIENCE_S
        while any(client.open for client in self._clients) and time.monotonic() < patience_s:
            self._receive(50)
        self._tally.seconds = load.seconds
        self._receive(200)  # a second terminal would come now

    def _say(self, client: _Client) -> None:
        load = self._load
        number = (client.index + client.count * load.clients) % load.npcs
        npc, slot = self._character(number)
        text = LINES[self._random.randrange(len(LINES))]
        seed = self._random.randrange(1 << 31)
        client.asked[client.next_id] = _Asked(time.monotonic(), line=f"{npc}: {text}")
        client.open += 1
        client.send(Say(id=client.next_id, npc=npc, text=text, budget_ms=load.budget_ms, slot=slot, seed=seed))
        client.next_id += 1
        client.count += 1
        self._tally.requests += 1

    def _receive(self, timeout_ms: int) -> None:
        silent_since_s = time.monotonic() - limits.HEARTBEAT_MS / 1_000
        for client in self._clients:
            if client.sent_s < silent_since_s:
                client.send(Ping())  # characters that take long to warm are no reason to be taken for gone
        for socket, _ in self._poller.poll(timeout_ms):
            client = self._by_socket[socket]
            while True:
                try:
                    frame = client.socket.recv(zmq.DONTWAIT)
                except zmq.Again:
                    break
                self._take(client, codec.decode_daemon(frame), time.monotonic())

    def _take(self, client: _Client, message: object, now_s: float) -> None:
        match message:
            case Welcome(state=state, npcs=npcs):
                client.state, client.npcs = state, sorted(npcs)
            case Status(state=state):
                client.state = state
            case Draft(id=request_id):
                asked = client.asked.get(request_id)
                if asked and asked.first_s is None:
                    asked.first_s = now_s
                    self._tally.first_ms.append((now_s - asked.sent_s) * 1_000)
            case Done() | Error():
                self._end(client, message, now_s)
            case _:
                pass

    def _end(self, client: _Client, reply: Done | Error, now_s: float) -> None:
        if reply.id is None:
            raise NpcError(ErrorCode.INTERNAL, f"the daemon complains of the connection: {reply}")
        asked = client.asked.get(reply.id)
        if asked is None:
            if isinstance(reply, Done):
                client.answers[reply.id] = reply
            return
        tally = self._tally
        if asked.ended:
            tally.duplicate += 1
            return
        asked.ended = True
        client.open -= 1
        if not self._load.rate:
            client.due_s = now_s + THINK_S
        took_ms = (now_s - asked.sent_s) * 1_000
        tally.terminal += 1
        tally.done_ms.append(took_ms)
        in_time = took_ms <= self._load.budget_ms
        if not in_time:
            tally.late += 1
            tally.late_ms.append(round(took_ms, 1))
        if isinstance(reply, Error):
            tally.errors[reply.code] += 1
            return
        tally.sources[reply.source or ""] += 1
        tally.reasons[reply.reason or "none"] += 1
        tally.in_time += reply.source is Source.MODEL and in_time
        if reply.reason is Reason.BUSY:
            tally.busy_ms.append(took_ms)
        if reply.timing:
            tally.prompt_tokens += reply.timing.prompt_tokens
            tally.cached_tokens += reply.timing.cached_tokens
        if len(tally.samples) < SAMPLES:
            tally.samples.append(f"[{reply.source} {reply.reason or ''} {took_ms:.0f} ms] {asked.line} -> {reply.text}")


def summarise(load: Load, tally: Tally) -> dict[str, object]:
    """The numbers, ready to print and to write as JSON."""
    asked = max(1, tally.requests)
    good = tally.sources[Source.MODEL] + tally.sources[Source.PARTIAL]
    return {
        "clients": load.clients,
        "npcs": load.npcs,
        "rate": load.rate,
        "budget_ms": load.budget_ms,
        "seconds": load.seconds,
        "engine": tally.health.get("engine"),
        "model": tally.health.get("model"),
        "requests": tally.requests,
        "terminal": tally.terminal,
        "lost": tally.requests - tally.terminal,
        "duplicate": tally.duplicate,
        "late": tally.late,
        "late_ms": tally.late_ms[:20],
        "refused": tally.reasons[Reason.BUSY] + tally.errors[ErrorCode.TABLE_FULL],
        "hit_rate": round(tally.in_time / asked, 4),
        "goodput_per_s": round(good / tally.seconds, 3) if tally.seconds else 0.0,
        "first_ms": _rounded(tally.first_ms),
        "done_ms": _rounded(tally.done_ms),
        "busy_ms": _rounded(tally.busy_ms),
        "sources": {source.value: tally.sources[source] for source in Source},
        "reasons": dict(tally.reasons),
        "errors": dict(tally.errors),
        "cached_share": round(tally.cached_tokens / tally.prompt_tokens, 4) if tally.prompt_tokens else 0.0,
        "front_ms": tally.health.get("durations_ms", {}),
    }


def _rounded(samples: list[float]) -> dict[str, float]:
    return {rank: round(value, 2) for rank, value in percentiles(samples).items()}
