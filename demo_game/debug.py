"""Looks behind the scenes: numbers (F1), the prompt of who is in focus (F2), the world's menu (F3)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from demo_game.interface.inject import InjectView
from demo_game.interface.overlay import DaemonNumbers
from demo_game.metrics import Metrics
from demo_game.story.world import World
from npc_engine.client import NpcClient, Request

#: How often an open look asks the daemon again, seconds.
AGAIN_S = 1.0
#: What may happen at the push of a button.
HAPPENINGS = (
    "A cart lost its wheel on the bridge, and apples rolled into the Wend.",
    "A rider in grey asked for the courier and rode on.",
    "The flood bell rang by itself.",
)


class Debug:
    """Which looks are open, and what they show."""

    def __init__(self, client: NpcClient) -> None:
        self.numbers_open = False
        self.prompt_open = False
        self.menu_open = False
        self.segments: list[tuple[str, str]] = []
        self._client = client
        self._health: Mapping[str, Any] = {}
        self._wait_s = 0.0

    def update(self, dt_s: float, npc: str) -> None:
        """Ask for what the open looks show; `npc` is in focus."""
        self._wait_s -= dt_s
        if self._wait_s > 0:
            return
        self._wait_s = AGAIN_S
        if self.numbers_open:
            self._client.health(on_done=self._took_health)
        if self.prompt_open:
            self._client.inspect(npc, on_done=self._took_prompt)

    def look_now(self) -> None:
        """A look was opened: do not wait."""
        self._wait_s = 0.0

    def numbers(self, metrics: Metrics) -> DaemonNumbers:
        """The daemon's side of the numbers."""
        daemon = self._client.daemon
        return DaemonNumbers(
            state=self._client.state,
            engine=daemon.engine if daemon else "",
            model=daemon.model if daemon else "",
            device=str(self._health.get("device", "")),
            queued=int(self._health.get("jobs", 0)),
            in_flight=int(self._health.get("in_flight", 0)),
            cache_hit_share=metrics.cache_hit_share,
        )

    def menu(self, world: World) -> InjectView:
        """What the world's menu shows."""
        return InjectView(world.flags, world.weather, world.hour, world.river_level, HAPPENINGS)

    def _took_health(self, request: Request) -> None:
        if request.reply is not None:
            self._health = request.reply.data

    def _took_prompt(self, request: Request) -> None:
        if request.reply is not None:
            parts = groupby(request.reply.data.get("segments", []), key=lambda part: str(part["origin"]))
            self.segments = [(origin, "".join(str(part["text"]) for part in run)) for origin, run in parts]
