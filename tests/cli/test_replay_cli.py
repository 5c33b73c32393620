"""`npc-engine replay`: what it prints and how it ends, with scripted clients; once with a real daemon."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from npc_engine.cli import replay as module
from npc_engine.client import Reply, RequestError
from npc_engine.client.requests import Request
from npc_engine.recording.exchanges import Exchange, Header, Said, encode
from npc_engine.wire.messages import Action, Bark, Describe, Say, Spoken, WorldSet
from npc_engine.world.pack import find_pack, load_pack

app = typer.Typer()
app.command()(module.replay)

AYE = Said(text="Aye.", source="model")
SAY = Say(id=1, npc="marta", text="Any news\nfrom the mill?", budget_ms=1_500)


def header(**changes: Any) -> Header:
    digest = load_pack(find_pack("oakhollow")).digest
    same = Header(version="0.1.0", pack="oakhollow", digest=digest, engine="scripted", model="scripted", seed=7)
    return msgspec.structs.replace(same, **changes)


def exchange(n: int, request: Any, *lines: Said, **more: Any) -> Exchange:
    return Exchange(n=n, session=1, game="demo", at_ms=0.0, request=request, lines=list(lines), **more)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NPC_ENGINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "250")
    return tmp_path / "evening.jsonl"


def write(path: Path, *rows: Header | Exchange) -> None:
    path.write_bytes(b"".join(map(encode, rows)))


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


class FakeProcess:
    """A daemon's process that is none."""

    def __init__(self, arguments: list[str]) -> None:
        self.arguments = arguments
        self.running = True
        STARTED.append(self)

    def stop(self) -> None:
        self.running = False


class FakeClient:
    """Answers at once: "Aye." to all speech, and it has one slot to delete."""

    state = "ready"
    problem = ""

    def __init__(self, *, game: str, process: FakeProcess) -> None:
        self.game = game

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *error: object) -> None:
        assert STARTED[-1].running, "the daemon outlives its clients"

    def __getattr__(self, name: str) -> Any:
        def call(*values: Any, **fields: Any) -> Request:
            asked = Request({"t": name, "id": 1}, patience_ms=1, now_ns=0, cancel=lambda _: None)
            outcome: Reply | RequestError = Reply(text="Aye.", source="model") if asked.is_speech else Reply()
            asked.end(RequestError("unknown_npc", "?") if fields.get("npc") == "nobody" else outcome)
            return asked

        return call


STARTED: list[FakeProcess] = []


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> None:
    STARTED.clear()
    monkeypatch.setattr(module, "DaemonProcess", FakeProcess)
    monkeypatch.setattr(module, "NpcClient", FakeClient)


@pytest.mark.usefixtures("scripted")
def test_every_request_is_told_and_what_differs_is_shown(path: Path) -> None:
    nod = Said(text="No\nnews.", emotion="fear", actions=[Action(name="nod")], source="partial", reason="guard")
    late = Said(text="Later.", source="authored", reason="late")
    write(
        path,
        header(),
        exchange(1, SAY, AYE),
        exchange(2, Bark(id=2, npc="bram", about="rain", budget_ms=9), nod),
        exchange(3, Describe(id=3, place="inn", budget_ms=9), late, reason="late"),
        exchange(4, Spoken(id=4, target=9)),
        exchange(5, Say(id=5, npc="nobody", text="", budget_ms=9), AYE),
    )
    code, out, err = run(path)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "same          1  say marta Any news from the mill?",
        "different     2  bark bram rain",
        "  - No news.  [partial, guard, fear, nod]",
        "  + Aye.  [model, neutral]",
        "unlike        3  describe inn",
        "  - Later.  [authored, late, neutral]",
        "  + Aye.  [model, neutral]",
        "skipped       4  spoken",
        "different     5  say nobody",
        "  - Aye.  [model, neutral]",
        "  + unknown_npc",
        "1 same, 2 different, 1 unlike, 1 skipped",
    ]
    assert STARTED[0].arguments[:4] == ["--engine", "scripted", "--pack", "oakhollow"]
    assert not STARTED[0].running
    saves = STARTED[0].arguments.index("--saves")
    assert STARTED[0].arguments[saves + 1] == "none", "nothing of it stays among the player's own games"


@pytest.mark.usefixtures("scripted")
@pytest.mark.parametrize(
    ("lines", "code"), [([AYE], 0), ([AYE, Said(text="No.")], 1), ([], 1), ([Said(text="-", reason="late")], 1)]
)
def test_expect_same_fails_where_something_differs_or_nothing_is_the_same(
    path: Path, lines: list[Said], code: int
) -> None:
    write(path, header(), *(exchange(n, SAY, line) for n, line in enumerate(lines, start=1)))
    assert run(path, "--expect-same")[0] == code


@pytest.mark.usefixtures("scripted")
def test_what_explains_a_difference_is_told_first(path: Path) -> None:
    write(path, header(engine="llama", model="small", digest="00"), exchange(1, SAY, AYE))
    with path.open("ab") as file:
        file.write(b'{"n":2,"sess')
    code, out, err = run(path, "--engine", "scripted")
    assert code == 0
    assert "1 same" in out
    assert err.splitlines() == [
        "recorded with engine llama, played with scripted",
        "the pack oakhollow is not what it was when this was recorded",
        "not readable, left out: line 3",
    ]


@pytest.mark.usefixtures("scripted")
def test_a_daemon_without_its_model_is_an_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeClient, "state", "down")
    monkeypatch.setattr(FakeClient, "problem", "the model is gone")
    write(path, header(), exchange(1, SAY, AYE))
    code, out, err = run(path)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == "error: engine_failed: the model is gone"
    assert not STARTED[0].running


def test_what_is_no_recording_is_an_error(path: Path) -> None:
    path.write_text("hello")
    code, _, err = run(path)
    assert code == 1
    assert err.startswith("error: storage_failed: ")


def test_a_recording_played_twice_says_the_same(path: Path, tmp_path: Path) -> None:
    """With a real daemon on the scripted engine, and seeds that the recording does not hold."""
    asked = [
        SAY,
        Spoken(id=2, target=1),
        WorldSet(id=3, values={"weather": "rain"}),
        Bark(id=4, npc="bram", budget_ms=1_500),
        Say(id=5, npc="marta", text="", budget_ms=1_500),
    ]
    write(path, header(), *(exchange(n, request) for n, request in enumerate(asked, start=1)))
    report = tmp_path / "report.json"
    assert run(path, "--json", report, "--option", "step_ms=1")[0] == 0
    played = json.loads(report.read_bytes())["exchanges"]
    assert all(played[index]["lines"][0]["text"] for index in (0, 3, 4))
    again = [
        exchange(n, request, *msgspec.convert(result["lines"], list[Said]), error=result["error"])
        for n, (request, result) in enumerate(zip(asked, played, strict=True), start=1)
    ]
    write(path, header(), *again)
    code, out, _ = run(path, "--expect-same", "--option", "step_ms=1")
    assert (code, out.splitlines()[-1]) == (0, "5 same, 0 different, 0 unlike, 0 skipped")
