"""A scripted player: walks, talks, takes pictures and measures. For tests, benchmarks and the README's pictures.

    python -m demo_game.autoplay --engine llama --seconds 180 --size 640x360 --shots shots --json numbers.json

The first quarter of the time nobody speaks, and no prompt is read: what a frame costs without the engine. The rest is
the game. Without a screen set SDL_VIDEODRIVER=dummy.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pygame

from demo_game.app import App
from demo_game.connection import connect
from demo_game.game import Game
from demo_game.play import add_daemon_options, wanted
from demo_game.story.world import PEOPLE
from demo_game.talk.conversation import Conversation
from demo_game.village.layout import PLACES, Spot
from demo_game.village.paths import route

#: Share of the time without a word.
QUIET_SHARE = 0.25
#: How long anything is waited for before the script goes on, seconds.
PATIENCE_S = 12.0
#: How long the player reads an answer, seconds.
READING_S = 2.0

#: Whom the player seeks, at which place, and what it says there.
VISITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("crake", ("What does a stall on the green cost?", "Did anybody search for the courier?")),
    ("marta", ("What does a room cost?", "Who bought the mill?", "Bring me some soup, please.")),
    ("wenna", ("Why does the ferry sit on the mud?", "Was the courier your friend?")),
    ("ilse", ("May I have a cup of willow tea?", "What are the three bells for?")),
    ("bram", ("What are you making?", "Who paid you in new silver?")),
    ("pip", ("How many geese do you have?", "What did you see at the weir?")),
    ("osric", ("Why is the wheel not turning?", "Why did you sell the mill?")),
    ("vey", ("Who owns the mill?", "Why do you wear one glove?")),
)


class Pilot:
    """Plays the game, a bit before every frame. `shots` is the folder for pictures, None for none."""

    def __init__(self, app: App, seconds: float, shots: Path | None) -> None:
        self.quiet: dict[str, Any] = {}
        self.talks: list[dict[str, Any]] = []
        self._app, self._game = app, app.game
        self._seconds, self._shots = seconds, shots
        self._clock_s = 0.0
        self._taken = 0
        self._script = self._play()

    def __call__(self, dt_s: float) -> None:
        """Act before a frame."""
        self._clock_s += dt_s
        if self._clock_s >= self._seconds:
            self._app.running = False
        else:
            next(self._script)

    def _play(self) -> Iterator[None]:
        self._game.silent = True
        yield from self._stroll()
        self.quiet = self._game.metrics.summary()
        self._game.metrics.clear()
        self._game.silent = False
        yield from self._wait(1.0)
        while True:
            for npc, words in VISITS:
                yield from self._visit(npc, words)
            self._weather()

    def _stroll(self) -> Iterator[None]:
        """Walk about while nobody speaks."""
        places = list(PLACES.values())
        while True:
            yield
            for place in places:
                self._go(place.spots[-1])
                while self._game.player.route:
                    if self._clock_s >= QUIET_SHARE * self._seconds:
                        self._game.player.stop()
                        return
                    yield

    def _visit(self, npc: str, words: Sequence[str]) -> Iterator[None]:
        game, person = self._game, self._game.crowd.people[npc]
        yield from self._walk_to(npc)
        self._shoot(f"{game.place or 'way'}_near_{npc}")
        if game.in_reach() is not person:
            yield
            return
        game.talk_to(npc)
        talk = game.talk
        if talk is None:
            return
        yield from self._answered(talk)
        for text in words:
            game.say(text)
            yield from self._forming(talk)
            self._shoot(f"{npc}_forming")
            yield from self._answered(talk)
            self._shoot(f"{npc}_answers")
            if game.talk is None or talk.ends_in_s is not None:
                break
        self.talks.append(
            {"with": person.name, "lines": [[said.speaker, said.words, said.source] for said in talk.utterances]}
        )
        game.leave()
        yield from self._wait(3.0)
        self._shoot(f"after_{npc}")
        yield from self._look_behind(npc)

    def _look_behind(self, npc: str) -> Iterator[None]:
        """The debug views, once each."""
        debug, name = self._app.debug, {"crake": "numbers", "marta": "prompt", "wenna": "menu"}.get(npc)
        if name is None:
            return
        setattr(debug, f"{name}_open", True)
        debug.look_now()
        yield from self._wait(1.5)
        self._shoot(f"debug_{name}")
        setattr(debug, f"{name}_open", False)

    def _weather(self) -> None:
        """A round is done: another hour, another weather."""
        world = self._game.world
        self._game.set_value("weather", {"rain": "fog", "fog": "clear", "clear": "rain"}[world.weather])
        self._game.set_value("hour", world.hour + 7)

    def _walk_to(self, npc: str) -> Iterator[None]:
        """Follow somebody until near, but not for ever."""
        player, person = self._game.player, self._game.crowd.people[npc]
        end_s, shot_s = self._clock_s + 60.0, self._clock_s + 4.0
        goal: Spot | None = None
        while self._game.in_reach() is not person and self._clock_s < end_s:
            if goal != person.spot:
                goal = person.spot
                self._go(goal)
            if not player.route:
                break
            if self._clock_s >= shot_s:
                self._shoot("on_the_way")
                shot_s = end_s
            yield
        player.stop()

    def _go(self, goal: Spot) -> None:
        self._game.player.go(route(self._game.player.spot, goal))

    def _forming(self, talk: Conversation) -> Iterator[None]:
        """Until some words are there."""
        end_s = self._clock_s + PATIENCE_S
        while self._clock_s < end_s and not (len(talk.utterances[-1].words) > 24 or not talk.is_speaking):
            yield

    def _answered(self, talk: Conversation) -> Iterator[None]:
        end_s = self._clock_s + PATIENCE_S
        while self._clock_s < end_s and talk.is_speaking:
            yield
        yield from self._wait(READING_S)

    def _wait(self, seconds: float) -> Iterator[None]:
        end_s = self._clock_s + seconds
        while self._clock_s < end_s:
            yield

    def _shoot(self, name: str) -> None:
        """Keep a picture of the last frame."""
        if self._shots is not None:
            self._taken += 1
            pygame.image.save(self._app.window, self._shots / f"{self._taken:03d}_{name}.png")


def autoplay(options: argparse.Namespace) -> dict[str, Any]:
    """Play, and return what was measured. Raises OSError or ValueError if there is no way to a daemon."""
    if options.shots is not None:
        options.shots.mkdir(parents=True, exist_ok=True)
    with connect(wanted(options)) as client:
        app = App(Game(client, options.save, options.budget_ms, options.seed), options.size, resizable=False)
        app.open_title(asks=False, awake=len(PEOPLE))
        gc.collect()
        gc.freeze()
        pilot = Pilot(app, options.seconds, options.shots)
        app.run(pilot)
        daemon = client.daemon
        return {
            **app.game.metrics.summary(),
            "size": "{}x{}".format(*options.size),
            "engine": daemon.engine if daemon else "",
            "model": daemon.model if daemon else "",
            "without_generation": pilot.quiet,
            "talks": pilot.talks,
            "last_lines": [asdict(line) for line in app.game.metrics.lines],
        }


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m demo_game.autoplay",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_daemon_options(parser)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to play (default %(default)s)")
    parser.add_argument("--shots", type=Path, help="folder for pictures")
    parser.add_argument("--json", type=Path, help="file for the numbers")
    parser.add_argument("--save", type=Path, help="the save file, if not the player's own")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same lines where time allows (default 1)")
    options = parser.parse_args(arguments)
    try:
        numbers = autoplay(options)
    except (OSError, ValueError) as problem:
        sys.exit(f"error: {problem}")
    text = json.dumps(numbers, indent=2, ensure_ascii=False)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")
    print(text)  # noqa: T201


if __name__ == "__main__":
    main()
