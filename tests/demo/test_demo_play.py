"""The whole game with a real daemon, on a screen that nobody sees."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pygame
import pytest

from demo_game import autoplay
from demo_game.app import App
from demo_game.connection import Wanted, connect
from demo_game.game import Game
from demo_game.play import main, size
from npc_engine.client import NpcClient
from npc_engine.client.npc_client import SERVED_MS

ROOT = Path(__file__).parents[2]
FRAME_S = 1 / 60


@pytest.fixture
def client(tmp_path: Path) -> Iterator[NpcClient]:
    with connect(Wanted("scripted", arguments=["--saves", str(tmp_path / "memory.sqlite")])) as client:
        yield client


@pytest.fixture
def app(client: NpcClient, tmp_path: Path) -> Iterator[App]:
    app = App(Game(client, tmp_path / "a.save", seed=1), (640, 360))
    app.open_title()
    yield app
    pygame.quit()


def play_until(app: App, met: Callable[[], bool], patience_s: float = 30.0) -> None:
    end_s = time.monotonic() + patience_s
    while not met():
        assert time.monotonic() < end_s, f"the client is {app.game.client.state}"
        app.frame(FRAME_S)
        time.sleep(0.004)


def press(app: App, key: int) -> None:
    app.handle(pygame.event.Event(pygame.KEYDOWN, key=key, mod=0, unicode=""))
    app.handle(pygame.event.Event(pygame.KEYUP, key=key, mod=0))


def test_a_talk_with_the_keyboard(app: App) -> None:
    game = app.game
    crake = game.crowd.people["crake"]
    game.player.spot = type(crake.spot)(crake.spot.map, crake.spot.x, crake.spot.y + 24)
    press(app, pygame.K_e)
    assert game.talk is not None
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    for letter in "Hello":
        app.handle(pygame.event.Event(pygame.TEXTINPUT, text=letter))
    press(app, pygame.K_RETURN)
    assert game.talk.utterances[-2].words == "Hello"
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    assert game.talk.utterances[-1].source == "model"
    press(app, pygame.K_ESCAPE)
    assert game.talk is None
    for key in (pygame.K_F1, pygame.K_h, pygame.K_F3, pygame.K_F2):
        press(app, key)
    play_until(app, lambda: bool(app.debug.segments))
    press(app, pygame.K_F5)
    play_until(app, game.save_path.exists)
    press(app, pygame.K_F9)
    play_until(app, lambda: any(text == "Loaded." for text, _ in game.toasts))
    app.handle(pygame.event.Event(pygame.VIDEORESIZE, size=(800, 700), w=800, h=700))
    app.frame(FRAME_S)
    press(app, pygame.K_F11)
    app.frame(FRAME_S)
    for key in (pygame.K_ESCAPE, pygame.K_h, pygame.K_ESCAPE):
        press(app, key)
    assert not app.debug.prompt_open, "Esc closes what is open first"
    press(app, pygame.K_ESCAPE)
    assert app.running
    press(app, pygame.K_ESCAPE)
    assert not app.running, "and leaves the game when it is pressed twice"


def test_the_daemon_is_killed_while_playing(app: App) -> None:
    """The village goes on, says so, and nobody has forgotten what was said before."""
    game, client = app.game, app.game.client
    game.talk_to("marta")
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    game.say("My sister Wrenna went missing at the quarry.")
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    served_s = time.monotonic() + SERVED_MS / 1_000
    play_until(app, lambda: time.monotonic() > served_s)
    game.world.coins = 7
    daemon = next(child for child in psutil.Process().children(recursive=True) if "serve" in child.cmdline())
    daemon.kill()
    play_until(app, lambda: client.state != "ready")
    game.say("Are you there?")
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    assert game.talk is not None
    assert game.talk.utterances[-1].words, "a line by the deadline, daemon or not"
    play_until(app, lambda: client.state == "ready")
    game.say("And now?")
    play_until(app, lambda: game.talk is not None and not game.talk.is_speaking)
    assert game.talk.utterances[-1].source == "model"
    seen = client.inspect("marta", "Do you know my sister Wrenna?")
    coins = client.world_get(["player.coins"])
    play_until(app, lambda: seen.finished and coins.finished)
    assert seen.reply is not None
    assert "My sister Wrenna went missing" in seen.reply.data["prompt"]
    assert coins.reply is not None
    assert coins.reply.data["values"] == {"player.coins": 7}


def test_autoplay_measures_and_takes_pictures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    numbers = tmp_path / "numbers.json"
    arguments = ["--engine", "scripted", "--seconds", "14", "--size", "640x360", "--save", str(tmp_path / "a.save")]
    autoplay.main([*arguments, "--shots", str(tmp_path / "shots"), "--json", str(numbers)])
    pygame.quit()
    measured = json.loads(numbers.read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == measured
    assert set(measured["frame_ms"]) == {"p50", "p95", "p99"}
    assert set(measured["poll_ms"]) == {"p50", "p99"}
    assert measured["lines"] == sum(measured["sources"].values()) > 0
    assert measured["frames"] > 0 < measured["without_generation"]["frames"]
    assert measured["without_generation"]["lines"] == 0
    assert pygame.image.load(next((tmp_path / "shots").iterdir())).get_size() == (640, 360)


def test_a_window_size_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert size("640x360") == (640, 360)
    with pytest.raises(argparse.ArgumentTypeError, match="too small"):
        size("10x10")
    with pytest.raises(SystemExit):
        main(["--size", "huge"])
    assert "write it like 1280x720" in capsys.readouterr().err


def test_an_address_that_is_none_is_refused() -> None:
    command = [sys.executable, "-m", "demo_game", "--connect", "nowhere"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: ")
    assert "Traceback" not in ended.stderr
