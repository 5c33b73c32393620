"""The way to a daemon: the one that runs on this machine, or one of our own."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from npc_engine.client import NpcClient

GAME = "oakhollow-demo"
PACK = "oakhollow"
#: How long to look for a daemon that runs already, seconds. On the same machine it greets within milliseconds.
LOOK_S = 0.4

#: What the player reads while the daemon is not at its best, by the client's state.
SENTENCES = {
    "connecting": "The storyteller is on the way. Until then people say what they always say.",
    "loading": "The storyteller is waking up. Until then people say what they always say.",
    "stalled": "The storyteller has lost the thread and picks it up again.",
    "down": "The storyteller has gone home: people say what they always say.",
    "stopping": "The storyteller is leaving: people say what they always say.",
    "offline": "There is no storyteller: people say what they always say. Your game goes on.",
    "refused": "The storyteller will not talk to this game.",
}


class Wanted(NamedTuple):
    """Which daemon: one at an `address`, or one started for this game with an `engine`, a `model` and further
    `arguments` of `npc-engine serve`. With none of these, one that runs, or else one with the defaults."""

    engine: str | None = None
    model: str | None = None
    address: str | None = None
    arguments: Sequence[str] = ()


def connect(wanted: Wanted) -> NpcClient:
    """A client that will find its daemon. Raises ValueError for an address that is none, OSError if a daemon cannot be
    started."""
    return find(wanted) or launch(wanted)


def find(wanted: Wanted) -> NpcClient | None:
    """A client of the daemon at the address; or, if nothing in particular is wanted, of one that runs on this machine
    with our people, for which it looks for LOOK_S. None if one has to be started. Raises ValueError."""
    if wanted.address is not None:
        return NpcClient(wanted.address, game=GAME)
    if wanted != Wanted():
        return None
    client = NpcClient(game=GAME)
    end_s = time.monotonic() + LOOK_S
    while time.monotonic() < end_s and client.daemon is None:
        client.poll()
        time.sleep(0.005)
    if client.daemon is not None and client.daemon.pack == PACK:
        return client
    client.close()
    return None


def launch(wanted: Wanted) -> NpcClient:
    """A client with a daemon of its own. Raises OSError."""
    return NpcClient.launch(wanted.engine, wanted.model, PACK, game=GAME, arguments=wanted.arguments)
