"""One message of every type, and the unusual ones that a client must get right: the examples of the specification.

The first example of a type bears the type's name.
"""

from __future__ import annotations

from typing import TypeAlias

from npc_engine import limits
from npc_engine.errors import ErrorCode
from npc_engine.wire.messages import (
    Accepted,
    Action,
    Bark,
    Cancel,
    Converse,
    Describe,
    Done,
    Draft,
    Emotion,
    Error,
    Event,
    Health,
    Hello,
    Inspect,
    Message,
    PackChanged,
    Ping,
    Pong,
    Reason,
    SaveExport,
    SaveImport,
    Say,
    SceneEnter,
    SceneLeave,
    ServiceState,
    SlotCopy,
    SlotDelete,
    SlotList,
    SlotNew,
    Source,
    Spoken,
    Status,
    Timing,
    Turn,
    Unspoken,
    Warm,
    Welcome,
    WorldGet,
    WorldSet,
)

#: Name, message, what it shows.
Example: TypeAlias = tuple[str, Message, str]

SESSION = "7f3c9a52e1d84b06"
TOKEN = "0123456789abcdef" * 2
GREETING = Hello(v=[1], session=SESSION, token=TOKEN, game="river", client="river/1.2")
WELCOME = Welcome(
    v=1,
    daemon="0.1.0",
    pack="oakhollow",
    state=ServiceState.READY,
    engine="llama",
    model="qwen2.5-coder-0.5b",
    authored={"marta": ["Hold that thought, love.", "..."], "bram": ["Busy."]},
    npcs={"marta": "Marta Holt", "bram": "Bram Holt"},
    places={"inn": "The Grey Heron", "forge": "The forge"},
)
LINE = "Evening, love. Wipe those boots."

CLIENT_EXAMPLES: tuple[Example, ...] = (
    ("hello", GREETING, "The greeting of a game."),
    ("say", Say(id=1, npc="marta", text="Any news from the mill?", budget_ms=1_500), "A player's line."),
    ("describe", Describe(id=2, place="inn", budget_ms=3_000, slot="slot-2"), "A place, in the second save slot."),
    ("bark", Bark(id=3, npc="bram", budget_ms=800, about="rain"), "A remark in passing."),
    ("warm", Warm(id=4, npcs=["marta", "bram"]), "Two characters, with the default budget."),
    ("cancel", Cancel(id=5, target=1), "The player walked away."),
    ("spoken", Spoken(id=6, target=1), "The whole line was shown."),
    ("unspoken", Unspoken(id=20, target=1), "The player ran off before the line was shown."),
    (
        "converse",
        Converse(id=21, npcs=["marta", "bram"], topic="the roof", turns=3, budget_ms=2_000),
        "Three lines between two characters.",
    ),
    (
        "world.set",
        WorldSet(id=22, values={"flags.met_courier": True, "player.coins": 3, "$toll": 1.5, "weather": "rain"}),
        "All or nothing.",
    ),
    ("world.get", WorldGet(id=23, names=["time", "npcs.marta.relation.player.trust"]), "Two values."),
    (
        "event",
        Event(id=24, text="The mill wheel stops with a crack.", place="mill", importance=8),
        "Seen by all who are at the mill.",
    ),
    ("scene.enter", SceneEnter(id=25, place="inn", npcs=["marta"], items=["lantern"]), "The player comes in."),
    ("scene.leave", SceneLeave(id=26), "And goes."),
    ("save.export", SaveExport(id=27), "The main slot."),
    ("save.import", SaveImport(id=28, blob="TlBDUw=="), "Too short to be a save: a daemon answers `save_corrupt`."),
    ("slot.new", SlotNew(id=29), "A new game."),
    ("slot.copy", SlotCopy(id=30, to="before-the-mill"), "A quick save."),
    ("slot.list", SlotList(id=31), "Which slots there are."),
    ("slot.delete", SlotDelete(id=32, slot="before-the-mill"), "One slot less."),
    ("inspect", Inspect(id=33, npc="marta", text="Who bought the mill?"), "The exact prompt, for writers."),
    ("health", Health(id=7), "State and counters."),
    ("ping", Ping(n=8), "Heartbeat."),
    ("ping-zero", Ping(), "A field equal to its default is left out."),
    ("say-silence", Say(id=9, npc="marta", text="", budget_ms=1_500), "Empty text: the character speaks first."),
    ("say-accents", Say(id=10, npc="marta", text="Grüß Gott, schöne Aussicht!", budget_ms=1_500), "Two-byte letters."),
    ("say-cjk", Say(id=11, npc="marta", text="磨坊怎么了\uff1f", budget_ms=1_500), "Three-byte letters."),
    (
        "say-emoji",
        Say(id=12, npc="marta", text="\U0001f469\u200d\U0001f33e \U0001f44b\U0001f3fd", budget_ms=1_500),
        "Beyond the basic plane, with a joiner and a skin tone: 6 code points, 10 UTF-16 units, 20 bytes.",
    ),
    (
        "say-combining",
        Say(id=13, npc="marta", text="cafe\u0301 no\u0308l", budget_ms=1_500),
        "Combining marks count as code points of their own and are not composed.",
    ),
    (
        "say-right-to-left",
        Say(id=14, npc="marta", text="\u0645\u0631\u062d\u0628\u0627 \u202emill\u202c", budget_ms=1_500),
        "Right-to-left text, with a direction override.",
    ),
    (
        "say-control-characters",
        Say(id=15, npc="marta", text="a\x00b\x1b[31mc\r\nd\x7f", budget_ms=1_500),
        "NUL, escape and line ends in the player's words are accepted and made clean.",
    ),
    (
        "say-maximum-integers",
        Say(id=limits.INTEGER_MAX - 1, npc="marta", text=".", budget_ms=limits.BUDGET_MAX_MS, seed=(1 << 32) - 1),
        "The largest id, budget and seed.",
    ),
    (
        "say-budget-out-of-range",
        Say(id=16, npc="marta", text=".", budget_ms=-limits.INTEGER_MAX),
        "Decodes; a daemon answers `budget_out_of_range`.",
    ),
    (
        "describe-longest-name",
        Describe(id=17, place="\U0001f33e" * limits.NAME_CHARS, budget_ms=1),
        "128 code points, 512 bytes; the shortest budget. A daemon answers `unknown_place`.",
    ),
    ("spoken-part", Spoken(id=18, target=1, heard=14), "The player skipped after 14 code points."),
    ("spoken-nothing", Spoken(id=19, target=1, heard=0), "The line was never shown: forget it."),
)

DAEMON_EXAMPLES: tuple[Example, ...] = (
    ("welcome", WELCOME, "A new session; limits and heartbeat are the defaults, so they are left out."),
    ("accepted", Accepted(id=1), "Request 1 runs."),
    ("update", Draft(id=1, seq=2, text="Evening, love. Wipe", stable=14), "`Evening, love.` stands."),
    (
        "done",
        Done(
            id=1,
            text=LINE,
            emotion=Emotion.JOY,
            actions=[Action(name="give_room_key", args={"to": "player"})],
            source=Source.MODEL,
            timing=Timing(
                total_ms=812.4, first_ms=240.25, prompt_tokens=655, cached_tokens=622, output_tokens=9, drafts=1
            ),
        ),
        "A whole line of the model.",
    ),
    (
        "error",
        Error(code=ErrorCode.UNKNOWN_NPC, message="no character `martha`; did you mean `marta`?", id=1),
        "Its end.",
    ),
    (
        "turn",
        Turn(id=21, n=2, npc="bram", text="It'll hold another winter.", source=Source.MODEL),
        "The second line of a conversation.",
    ),
    (
        "pack",
        PackChanged(pack="oakhollow", digest="00" * 32, problems=["npcs/marta.yaml:9:1: unknown key `rol`"]),
        "A file was changed, and the change cannot be used.",
    ),
    ("pong", Pong(n=8), "Answers the ping above."),
    (
        "status",
        Status(
            state=ServiceState.LOADING, engine="llama", model="qwen2.5-coder-0.5b", progress=0.375, detail="weights"
        ),
        "The model is being loaded.",
    ),
    (
        "done-partial",
        Done(id=1, text="Evening, love.", source=Source.PARTIAL, reason=Reason.LATE, timing=Timing(total_ms=1485.5)),
        "The part that stood when the budget ran out.",
    ),
    (
        "done-authored",
        Done(id=1, text="One moment, love.", source=Source.AUTHORED, reason=Reason.BUSY, retry_after_ms=900),
        "The model was too busy: the author's line, at once.",
    ),
    ("done-data", Done(id=5, data={"state": "cancelled"}), "The answer to `cancel`."),
    (
        "done-emoji",
        Done(id=1, text="\U0001f327\ufe0f ... Wend\u0301", source=Source.MODEL),
        "A reply beyond the basic plane.",
    ),
    ("error-connection", Error(code=ErrorCode.HELLO_FIRST, message="say hello first", ref=1), "Ends no request."),
    (
        "error-full",
        Error(code=ErrorCode.TABLE_FULL, message="this client has 128 requests in flight", id=129, retry_after_ms=500),
        "The request was not taken; the id is free.",
    ),
    (
        "welcome-resumed",
        Welcome(v=1, daemon="0.1.0", pack="oakhollow", state=ServiceState.DOWN, resumed=True),
        "Known.",
    ),
)
