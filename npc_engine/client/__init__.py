"""The client for games in Python: needs pyzmq and msgpack, imports nothing of the daemon, never blocks a frame."""

from npc_engine.client.calls import Value
from npc_engine.client.npc_client import DEFAULT_ADDRESS, NpcClient
from npc_engine.client.replies import Action, DaemonInfo, Reply, RequestError, Timing, Turn
from npc_engine.client.requests import Request

__all__ = [
    "DEFAULT_ADDRESS",
    "Action",
    "DaemonInfo",
    "NpcClient",
    "Reply",
    "Request",
    "RequestError",
    "Timing",
    "Turn",
    "Value",
]
