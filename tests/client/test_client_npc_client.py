"""What a game sees besides its requests: state, problem, the other calls, closing."""

from __future__ import annotations

from pathlib import Path

import pytest
from client_stage import FakeTransport, Stage, draft, line

from npc_engine.client import NpcClient, npc_client
from npc_engine.client.launcher import Ready
from npc_engine.client.npc_client import CONNECT_PATIENCE_MS, SERVED_MS
from npc_engine.clock import FakeClock
from npc_engine.errors import EXPLANATIONS, ErrorCode
from npc_engine.wire import codec
from npc_engine.wire.messages import Bark, Describe, Done, Health, Hello, Say, ServiceState, Spoken, Status, Warm


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_hello_tells_who_we_are(stage: Stage) -> None:
    stage.connect()
    stage.client.poll()
    (hello,) = stage.received()
    assert isinstance(hello, Hello)
    assert (hello.v, hello.token, hello.game) == ([1], "secret", "demo")
    assert hello.client.startswith("npc_engine.client/")


def test_every_call_is_the_message_of_its_name(stage: Stage) -> None:
    stage.greet()
    client = stage.client
    said = client.say("marta", "Hi", 900, speaker="bram", slot="s2", seed=7)
    client.describe("inn", 800, seed=1)
    client.bark("marta", "the rain", 700)
    client.warm(["marta", "bram"], 600)
    client.spoken(said)
    client.spoken(said, heard=4)
    client.health()
    client.say("marta", "Psst!", private=True)
    assert stage.received() == [
        Say(id=1, npc="marta", text="Hi", budget_ms=900, speaker="bram", slot="s2", seed=7),
        Describe(id=2, place="inn", budget_ms=800, seed=1),
        Bark(id=3, npc="marta", about="the rain", budget_ms=700),
        Warm(id=4, npcs=["marta", "bram"], budget_ms=600),
        Spoken(id=5, target=1),
        Spoken(id=6, target=1, heard=4),
        Health(id=7),
        Say(id=8, npc="marta", text="Psst!", budget_ms=1_500, private=True),
    ]


def test_health_answers_in_data(stage: Stage) -> None:
    stage.greet()
    asked = stage.client.health()
    stage.send(Done(id=asked.id, data={"state": "ready", "in_flight": 2}))
    assert asked.reply is not None
    assert asked.reply.data == {"state": "ready", "in_flight": 2}


@pytest.mark.parametrize(("stable", "heard", "told"), [(0, None, 0), (0, 3, 0), (7, None, 7), (7, 4, 4), (7, 10, 7)])
def test_of_a_line_ended_here_only_the_published_part_was_spoken(
    stage: Stage, stable: int, heard: int | None, told: int
) -> None:
    stage.greet()
    asked = stage.client.say("marta", "Hi", 100)
    stage.send(draft(asked.id, 1, "Evening", stable))
    stage.wait(200)
    stage.received()
    stage.client.spoken(asked, heard)
    (spoken,) = stage.received()
    assert isinstance(spoken, Spoken)
    assert spoken.heard == told


def test_state_follows_the_daemon(stage: Stage) -> None:
    client = stage.client
    assert (client.state, client.daemon, client.problem) == ("connecting", None, "")
    stage.wait(CONNECT_PATIENCE_MS)
    assert client.state == "offline"
    assert client.problem == EXPLANATIONS[ErrorCode.DAEMON_UNREACHABLE]
    stage.connect()
    client.poll()
    stage.send(stage.welcome(state=ServiceState.LOADING))
    assert client.state == "loading"
    stage.send(Status(state=ServiceState.LOADING, progress=0.5, detail="weights"))
    assert client.daemon is not None
    assert (client.daemon.progress, client.daemon.detail, client.daemon.engine) == (0.5, "weights", "scripted")
    stage.send(Status(state=ServiceState.READY, engine="llama", model="small"))
    assert (client.state, client.daemon.engine, client.daemon.model) == ("ready", "llama", "small")
    assert client.daemon.npcs == {"marta": "Marta Holt"}
    assert client.problem == ""
    stage.send(Status(state=ServiceState.DOWN, detail="engine_failed: needs 96 GiB"))
    assert (client.state, client.problem) == ("down", "engine_failed: needs 96 GiB")
    stage.disconnect()
    stage.wait(1)
    assert client.state == "connecting"
    stage.wait(CONNECT_PATIENCE_MS)
    assert client.state == "offline"
    stage.greet(resumed=True)
    assert client.state == "ready"


def test_why_a_connection_was_refused_is_told(stage: Stage) -> None:
    stage.transport.problem = "wants keys"
    assert stage.client.problem == ""
    stage.wait(CONNECT_PATIENCE_MS)
    assert stage.client.problem == "wants keys"


def test_a_status_before_the_welcome_does_no_harm(stage: Stage) -> None:
    stage.connect()
    stage.send(Status(state=ServiceState.STALLED))
    assert stage.client.state == "connecting"


def test_closing_ends_everything_once(stage: Stage) -> None:
    stage.greet()
    ends: list[str] = []
    asked = [stage.client.say("marta", "Hi", on_done=lambda r: ends.append(r.state)) for _ in range(3)]
    stage.send(line(asked[0].id))
    stage.client.close()
    stage.client.close()
    stage.client.poll()
    late = stage.client.say("marta", "Hi")
    assert ends == ["done", "failed", "failed"]
    assert [request.error.code for request in (*asked, late) if request.error] == [ErrorCode.CANCELLED] * 3
    assert stage.client.state == "closed"
    assert stage.transport.closed


def test_the_token_of_a_local_daemon_is_read_at_every_greeting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    token = tmp_path / "run" / "token-6001"
    transport = FakeTransport()
    client = NpcClient("tcp://127.0.0.1:6001", clock=FakeClock(), connect=lambda address, curve: transport)
    seen = []
    for secret in ("", "first", "second"):
        if secret:
            token.write_text(secret)
        transport.links, transport.up = transport.links + 1, True
        client.poll()
        hello = codec.decode_client(transport.outbox.pop())
        assert isinstance(hello, Hello)
        seen.append(hello.token)
    assert seen == ["", "first", "second"]


def test_a_local_token_is_not_sent_to_another_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "token-6001").write_text("mine")
    transport = FakeTransport()
    transport.links, transport.up = 1, True
    client = NpcClient("tcp://192.0.2.1:6001", clock=FakeClock(), connect=lambda address, curve: transport)
    client.poll()
    hello = codec.decode_client(transport.outbox.pop())
    assert isinstance(hello, Hello)
    assert hello.token == ""


@pytest.mark.parametrize(("token", "game"), [("a\0b", "demo"), ("", "de\0mo")])
def test_what_hello_cannot_carry_is_refused_at_once(token: str, game: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        NpcClient(token=token, game=game, connect=lambda address, curve: FakeTransport())


def test_curve_takes_all_three_keys() -> None:
    with pytest.raises(ValueError, match="all three"):
        NpcClient(server_key="x" * 40, connect=lambda address, curve: FakeTransport())


class FakeProcess:
    """A child whose life the test scripts."""

    def __init__(self, arguments: list[str] | None = None) -> None:
        self.arguments = arguments or []
        self.where: Ready | None = None
        self.why = ""
        self.stopped = self.restarts = 0

    def restart(self) -> None:
        self.restarts += 1
        self.where, self.why = None, ""

    def ready(self) -> Ready | None:
        return self.where

    def problem(self) -> str:
        return self.why

    def stop(self) -> None:
        self.stopped += 1


def launched(process: FakeProcess, transport: FakeTransport, clock: FakeClock) -> NpcClient:
    return NpcClient(process=process, clock=clock, connect=lambda address, curve: transport)  # type: ignore[arg-type]


def test_a_launched_daemon_is_connected_to_when_it_is_ready(tmp_path: Path) -> None:
    process, transport, clock = FakeProcess(), FakeTransport(), FakeClock()
    client = launched(process, transport, clock)
    asked = client.say("marta", "Hi", 60_000)
    clock.advance_ms(20_000)
    client.poll()
    assert (client.state, asked.state) == ("connecting", "queued"), "a daemon may take its time to start"
    (tmp_path / "token").write_text("childs")
    process.where = Ready("tcp://127.0.0.1:6002", tmp_path / "token")
    transport.links, transport.up = 1, True
    client.poll()
    hello = codec.decode_client(transport.outbox.pop())
    assert isinstance(hello, Hello)
    assert hello.token == "childs"
    client.close()
    assert process.stopped == 1


def test_a_child_that_dies_early_is_told_and_requests_still_end() -> None:
    process, clock = FakeProcess(), FakeClock()
    client = launched(process, FakeTransport(), clock)
    asked = client.say("marta", "Hi", 1_000)
    process.why = "the daemon ended with exit code 1\nno such model"
    client.poll()
    assert (client.state, client.problem) == ("offline", process.why)
    clock.advance_ms(2_000)
    client.poll()
    assert asked.text == "..."


def test_a_child_that_dies_while_it_serves_is_started_again(tmp_path: Path) -> None:
    process, clock, stage = FakeProcess(), FakeClock(), Stage()
    transports: list[FakeTransport] = []
    (tmp_path / "token").write_text("childs")

    def connect(address: str, curve: object) -> FakeTransport:
        transports.append(FakeTransport())
        transports[-1].links, transports[-1].up = 1, True
        return transports[-1]

    def live() -> None:
        process.where = Ready("tcp://127.0.0.1:6002", tmp_path / "token")
        client.poll()
        transports[-1].inbox.append(codec.encode(stage.welcome()))
        client.poll()
        client.poll()
        assert client.state == "ready"

    def die() -> None:
        process.why, transports[-1].up = "the daemon ended with exit code -9", False
        client.poll()
        client.poll()

    client = NpcClient(process=process, clock=clock, connect=connect)  # type: ignore[arg-type]
    live()
    asked = client.say("marta", "Hi", 60_000)
    clock.advance_ms(SERVED_MS)
    die()
    assert (client.state, process.restarts, asked.finished) == ("connecting", 1, False)
    live()
    assert isinstance(codec.decode_client(transports[-1].outbox[-1]), Say), "the new daemon is asked again"
    die()
    assert (client.state, client.problem, process.restarts) == ("offline", process.why, 1), "it would die again"


def test_launch_hands_options_on_and_does_not_leave_a_child_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[FakeProcess] = []

    def start(arguments: list[str]) -> FakeProcess:
        started.append(FakeProcess(arguments))
        return started[-1]

    monkeypatch.setattr(npc_client, "DaemonProcess", start)
    client = NpcClient.launch(engine="scripted", pack="oakhollow", arguments=["--threads", "2"])
    assert started[0].arguments == ["--engine", "scripted", "--pack", "oakhollow", "--threads", "2"]
    client.close()
    with pytest.raises(ValueError, match="NUL"):
        NpcClient.launch(game="\0")
    assert [process.stopped for process in started] == [1, 1]
